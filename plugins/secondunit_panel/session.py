"""The session: what the panel knows and can do, without a toolkit.

A toolkit draws it: it reads what it shows, calls what the artist does, and is told by `observe`
what has changed. All of it on the main thread; what takes long is done beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from secondunit_contract.problem import BadValue, Problem
from secondunit_contract.queue import Entry, Rating, TakeEntry, Told, Where
from secondunit_contract.task import TaskCard
from secondunit_contract.wire import to_json
from secondunit_panel import drafts, orders, words
from secondunit_panel.client import Client, ServiceGone
from secondunit_panel.cost import Cost, cost_of
from secondunit_panel.dailies import Dailies
from secondunit_panel.desk import Desk, order_of_take
from secondunit_panel.errands import Errands
from secondunit_panel.fetching import Fetching
from secondunit_panel.giving import Giving
from secondunit_panel.host import Delivery, Host, Mark, Placed, Selection
from secondunit_panel.link import Find, Link, Look
from secondunit_panel.marks import Marks
from secondunit_panel.notices import Notices
from secondunit_panel.service import data_folder, found
from secondunit_panel.shooting import Shooting
from secondunit_panel.words import Action, Notice

What = Literal[
    "link", "selection", "tasks", "form", "marks", "jobs", "takes", "notices", "placed", "models",
]  # fmt: skip
"""What has changed: the engine's state; the selection; the tasks that fit; values, faults, cost;
what is drawn; jobs and exports; takes; notices; what stands in the document; models and fetches."""

Observer = Callable[[What, str], None]
"""Told what has changed, and of which job or take, where it is one alone."""

_LATEST = 200  # jobs and takes that are asked for when the panel opens


class Session:
    """One panel in one host. `start` it, `close` it; call it from the main thread alone.

    `find` finds the service or starts it, `look` only finds it; `folder` is where drafts are kept.
    What is shown is read from `desk` (selection, tasks, form), `dailies` (jobs, takes), `link` (the
    engine), `notices`, `shooting` (exports) and `placed`, and changed through the methods here;
    `giving` gives clips beside what is selected, `fetching` fetches models.
    """

    def __init__(
        self, host: Host, find: Find | None = None, look: Look = found, folder: Path | None = None
    ) -> None:
        self._host, main = host, host.call_on_main
        self._observers: list[Observer] = []
        self._hosts = Errands("secondunit-host", main)
        self._asks = Errands("secondunit-ask", main)
        self._pens = Errands("secondunit-keep", main)
        self._refreshing = 0
        self._heard_meanwhile: list[Told] = []
        self._unknown: dict[str, list[Told]] = {}
        self._folder = folder or data_folder() / "panel"
        self.about = host.about()
        self.drafts = drafts.Drafts(self._folder)
        self.desk = Desk(self.drafts)
        self.dailies = Dailies()
        self.link = Link(main, self._linked, self._heard, find, look)
        self.notices = Notices(lambda: self._tell("notices"))
        self.shooting = Shooting(
            host, self._hosts, self._asks, self.link, self.drafts, self.notices, self._shot
        )
        self.fetching = Fetching(
            main, self.link, self.notices, self._stocked, lambda: self._tell("models")
        )
        self.giving = Giving(
            host, self._hosts, self._pens, self.desk, self.dailies, self.notices,
            lambda changed: self._said(changed, "form"),
        )  # fmt: skip
        self.placed: dict[str, Placed] = {}
        self.models: list[dict[str, Any]] = []
        self.system: dict[str, Any] = {}
        self.looking = False

    def start(self) -> None:
        """Read the selection, and find the service or start it."""
        self.look()
        self.link.start()

    def close(self) -> None:
        """Be done. Drafts are kept already, jobs go on; an export under way is given up."""
        self._observers.clear()
        self.shooting.stop()
        self.link.close()
        for each in (self._hosts, self._asks, self._pens, self.fetching):
            each.close()

    def observe(self, observer: Observer) -> Callable[[], None]:
        """Be told what changes; what is returned ends it."""
        self._observers.append(observer)
        return lambda: self._observers.remove(observer) if observer in self._observers else None

    # the selection

    def look(self) -> None:
        """Read the host's selection again."""
        if self.looking:
            return
        self.looking = True

        def looked(selection: Selection) -> None:
            self.looking = False
            self.notices.forget(code="host")
            self._turn_to(selection)
            self.desk.select(selection, self.dailies.used())
            self._tell("selection", "tasks", "form", "marks", "takes")

        def failed(problem: Problem) -> None:
            self.looking = False
            self.notices.complain(problem, repeat=self.look)
            self._tell("selection")

        self._tell("selection")
        self._hosts.send(self._host.selection, looked, failed)

    @property
    def selected(self) -> str:
        """What is selected, in one line."""
        return words.selected(self.desk.selection, self.about)

    def takes(self) -> list[TakeEntry]:
        """The takes to show: those of the clip worked on, else those of the document."""
        selection, shot = self.desk.selection, self.desk.shot
        return self.dailies.of(selection.document, [shot.clip.media] if shot else [])

    def _turn_to(self, selection: Selection) -> None:
        """Fetch the drafts of a document that was not open before."""
        if selection.document == self.drafts.document and self.drafts.document:
            return
        paths = self.drafts.turn_to(selection.document, selection.folder)

        def read(told: dict[str, Any]) -> None:
            if selection.document == self.drafts.document:
                self.drafts.take_over(told)
                self.desk.read_again()
                self.shooting.send_waiting()
                self._tell("form", "marks", "jobs")

        self._pens.send(lambda: drafts.read(paths), read)

    # the form

    def choose(self, task: str) -> None:
        """Choose a task."""
        if self.desk.choose(task):
            self._tell("tasks", "form", "marks")

    def set(self, key: str, value: Any) -> None:
        """Say a value of the form, as a control holds it."""
        self._said(self.desk.set(key, value), "form")

    def reset(self, key: str) -> None:
        """Let a value be what it is by itself."""
        self._said(self.desk.reset(key), "form")

    def settle(self, **settings: Any) -> None:
        """Say `takes`, `seed`, `model`, `steps` or `guidance`."""
        self._said(self.desk.settle(**settings), "form")

    def draw(self, marks: Marks) -> None:
        """Draw on the clip."""
        self._said(self.desk.draw(marks), "marks", "form")

    def undo(self) -> None:
        """Take the last change of this draft back."""
        self._said(self.desk.undo(), "marks", "form")

    def redo(self) -> None:
        """Make it again."""
        self._said(self.desk.redo(), "marks", "form")

    def show_everything(self, everything: bool) -> None:
        """Show all fields, or the simple ones."""
        self.desk.everything = everything
        self._tell("form")

    def _said(self, changed: bool, *what: What) -> None:
        if changed:
            self.notices.forget(code=BadValue.code)
            self._keep()
            self._tell(*what)

    def _keep(self) -> None:
        """Have the drafts written down, as they are now."""

        def failed(problem: Problem) -> None:
            told = Notice("Drafts cannot be kept", "Look at the folder", None, str(self._folder))
            self.notices.add(replace(told, code="drafts"))

        self._pens.send(self.drafts.writing(), failed=failed)

    def cost(self) -> Cost:
        """What shooting now would cost."""
        return cost_of(self.desk, self.dailies, self.models, self.system)

    # shooting

    def shoot(self, where: Where = "back") -> bool:
        """Send what is on the desk to be shot; False, with a notice, where it cannot be meant."""
        faults = self.desk.faults()
        if faults:
            told = words.notice(BadValue(faults[0].sentence))
            self.notices.add(replace(told, action=Action("Show it", "field", faults[0].key)))
            return False
        listed = self.desk.orders()
        for order in listed:
            values = self.desk.form.sent(order.draft.values, order.inputs)
            self.shooting.shoot(order, values, where, data_folder() / "takes")
        return bool(listed)

    def again(self, take: str, takes: int = 1) -> None:
        """Shoot a take's job once more with another seed."""
        entry = self._job_of(take)
        if entry is not None:
            highest = self.dailies.highest(orders.slate_of(entry.job))
            self.shooting.send(orders.again(entry.job, highest, takes))

    def branch(self, take: str) -> bool:
        """Put a take's values and seed on the desk, to go on from there."""
        known, entry = self.dailies.takes[take], self._job_of(take)
        order = order_of_take(known, self.desk, entry.job) if entry else None
        done = order is not None and self.desk.branch(known, order)
        self._said(done, "selection", "tasks", "form", "marks")
        return done

    def _shot(self, entry: Entry | None) -> None:
        self._keep()
        if entry is not None:
            self._know(entry)
        else:
            self._tell("jobs")

    # jobs and takes

    def act(self, job: str, act: Literal["cancel", "pause", "resume", "retry"]) -> None:
        """Cancel a job, pause it, let it go on, or queue it again. One that waits is given up."""
        self.notices.forget(about=job)
        if act == "cancel" and self.shooting.give_up(job):
            self._shot(None)
            return
        self._ask(
            lambda client: getattr(client, act)(job), self._know, job, lambda: self.act(job, act)
        )

    def rate(self, take: str, rating: Rating) -> None:
        """Circle a take, reject it, or neither. Shown at once, then told to the engine."""
        self._judge(take, {"rating": rating}, lambda client: client.rate(take, rating))

    def annotate(self, take: str, note: str) -> None:
        """Write a note to a take."""
        self._judge(take, {"note": note}, lambda client: client.annotate(take, note))

    def progress(self, job: str) -> str:
        """How far a job is, in one line."""
        entry = self.dailies.jobs.get(job)
        if entry is None:
            return "Waiting for the engine"
        return words.progress(entry, self.dailies.doing.get(job, ""))

    def _judge(self, take: str, now: dict[str, Any], ask: Callable[[Client], TakeEntry]) -> None:
        before = self.dailies.takes[take]
        self.dailies.takes[take] = replace(before, **now)
        self._tell("takes", about=take)

        def judged(entry: TakeEntry) -> None:
            """The event that tells of it comes by itself, in its order among others."""

        def back() -> None:
            self.dailies.takes[take] = before
            self._tell("takes", about=take)

        self._ask(ask, judged, take, lambda: self._judge(take, now, ask), back)

    def _job_of(self, take: str) -> Entry | None:
        return self.dailies.jobs.get(self.dailies.takes[take].take.job)

    def _ask(
        self,
        ask: Callable[[Client], Any],
        then: Callable[[Any], None],
        about: str,
        repeat: Callable[[], None],
        back: Callable[[], None] | None = None,
    ) -> None:
        """Ask the service; where it refuses, call `back` and show why."""

        def work() -> Any:
            client = self.link.client
            if client is None:
                raise ServiceGone("The engine is not there yet", remedy="Try again in a moment")
            return ask(client)

        def failed(problem: Problem) -> None:
            if back is not None:
                back()
            self.notices.complain(problem, about, repeat=repeat)

        self._asks.send(work, then, failed)

    # the document

    def place(self, take: str, matte: bool | None = None, chosen: bool = True) -> None:
        """Put a take where it belongs; a matte is attached to its plate, unless said otherwise."""
        known, entry = self.dailies.takes[take], self._job_of(take)

        def work() -> Placed:
            if entry is None:
                raise BadValue("Nothing says where this take belongs", take)
            delivery = orders.delivery(known, entry.job, chosen=chosen)
            attach = delivery.raw if matte is None else matte
            able = attach and "matte" in self.about.can
            return self._marked(
                delivery, (self._host.attach_matte if able else self._host.place)(delivery)
            )

        def placed(what: Placed) -> None:
            self.placed[take] = what
            self._tell("placed", about=take)

        self._on_host(work, placed, lambda: self.place(take, matte, chosen), take)

    def _marked(self, delivery: Delivery, placed: Placed) -> Placed:
        """Placed, with a mark that says whose it is, where the host has marks."""
        if "mark" in self.about.can:
            job = delivery.job
            note = str(job.values.get("prompt") or job.values.get("subject") or "")
            name = f"Second Unit · {job.task} · take {delivery.take.number}"
            self._host.mark(placed.place, Mark(placed.place.range, name, note, job.id))
        return placed

    def take_out(self, take: str) -> None:
        """Take out of the document what was placed of a take."""
        placed = self.placed[take]

        def gone(_: None) -> None:
            self.placed.pop(take, None)
            self._tell("placed", about=take)

        self._on_host(lambda: self._host.take_out(placed), gone, lambda: self.take_out(take), take)

    def open(self, take: str, frame: int | None = None) -> None:
        """Show in the host where a take stands, or where it was made for."""
        placed, entry = self.placed.get(take), self._job_of(take)
        at = placed.place if placed else orders.place_of(entry.job) if entry else None
        if at is not None:
            place = at
            self._on_host(
                lambda: self._host.open(place, frame), None, lambda: self.open(take, frame), take
            )

    def _on_host(
        self,
        work: Callable[[], Any],
        then: Callable[[Any], None] | None,
        repeat: Callable[[], None],
        about: str,
    ) -> None:
        self.notices.forget(about=about)
        self._hosts.send(
            work, then, lambda problem: self.notices.complain(problem, about, repeat=repeat)
        )

    # notices

    def remedy(self, notice: Notice) -> bool:
        """Do what a notice's button says; False where it is the toolkit's to do: to go to a field
        or the picture, to show the models, to copy the report.
        """
        act = notice.action.act if notice.action else "report"
        if act in ("mark", "field", "models", "report"):
            return False
        repeat = self.notices.dismiss(notice)
        if act == "connect":
            self.link.again()
        elif act == "select":
            self.look()
        elif act == "retry":
            self.act(notice.about, "retry")
        elif act in ("fetch", "agree", "stop"):
            self.fetching.act(notice)
        elif repeat is not None:
            repeat()
        return True

    # the engine

    def _linked(self) -> None:
        """The engine has come or gone."""
        link = self.link
        if link.here:
            self.notices.forget(code="service")
            self.notices.forget(code="machine.part")
            self._refresh()
            self.shooting.send_waiting()
        elif link.problem is not None:
            self.notices.complain(link.problem, repeat=link.again)
        self._tell("link")

    def _refresh(self) -> None:
        """Ask for all there is. What is heard meanwhile is newer than the answer."""
        self._refreshing += 1

        def work(client: Client) -> tuple[list[TaskCard], list[Entry], list[TakeEntry], Any, Any]:
            jobs, takes = client.jobs(limit=_LATEST), client.takes(limit=_LATEST)
            return client.tasks(), jobs, takes, client.models(), client.system()

        def told(answer: tuple[list[TaskCard], list[Entry], list[TakeEntry], Any, Any]) -> None:
            cards, jobs, takes, self.models, self.system = answer
            self.fetching.seen(self.models)
            self.dailies.told(jobs, takes)
            for each in self._heard_meanwhile:
                self.dailies.heard(each)
            over()
            self.desk.stock(cards, self.dailies.used())
            self._tell("tasks", "form", "marks", "jobs", "takes", "models")

        def over() -> None:
            self._refreshing -= 1
            if not self._refreshing:
                self._heard_meanwhile.clear()

        self._ask(work, told, "", self._refresh, over)

    def _stocked(self, job: str) -> bool:
        """A model has come; whether a job may be shot with it as it is."""
        self._refresh()
        return job in self.dailies.jobs and not self.dailies.jobs[job].job.model

    def _heard(self, events: list[Told]) -> None:
        """Events, in their order; many at once where the main thread was busy."""
        changed: set[tuple[What, str]] = set()
        for told in events:
            if self._refreshing:
                self._heard_meanwhile.append(told)
            event, what = told.event, self.dailies.heard(told)
            if what == "unknown":
                self._fetch(told)
            elif what == "take":
                changed |= {("takes", str(event.extra.get("id", ""))), ("jobs", event.job)}
            elif what == "job":
                changed.add(("jobs", event.job))
                if event.kind == "problem":
                    self._failed(self.dailies.jobs[event.job])
        for name, about in sorted(changed):
            self._tell(name, about=about)

    def _fetch(self, told: Told) -> None:
        """Ask for a job that is not known; what is heard of it until then is kept."""
        job, client = told.event.job, self.link.client
        first = job not in self._unknown
        self._unknown.setdefault(job, []).append(told)
        if first and client is not None:

            def forget(problem: Problem) -> None:
                self._unknown.pop(job, None)

            self._asks.send(lambda: client.job(job), self._know, forget)

    def _know(self, entry: Entry) -> None:
        """Take over a job; where events told of it already, they know better."""
        self.dailies.jobs.setdefault(entry.id, entry)
        self._heard(self._unknown.pop(entry.id, []))
        self._tell("jobs", about=entry.id)

    def _failed(self, entry: Entry) -> None:
        problem = words.problem_of(entry)
        if problem is not None and orders.made_for(entry.job):
            self.notices.complain(problem, entry.id, to_json(entry.job))

    def _tell(self, *what: What, about: str = "") -> None:
        for each in what:
            for observer in tuple(self._observers):
                observer(each, about)
