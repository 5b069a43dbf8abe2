"""Shooting: an order becomes a job that the service has, whatever goes wrong on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from secondunit_contract.clip import Clip
from secondunit_contract.job import Job
from secondunit_contract.problem import Problem, TakeThere
from secondunit_contract.queue import Entry, Where
from secondunit_contract.wire import to_json
from secondunit_panel import orders
from secondunit_panel.client import Client, ServiceGone
from secondunit_panel.drafts import Drafts
from secondunit_panel.errands import Errands, Main
from secondunit_panel.host import Host
from secondunit_panel.link import Link
from secondunit_panel.notices import Notices
from secondunit_panel.orders import Order
from secondunit_panel.words import Action, Notice

_TRIES = 20  # for a name that nobody has taken meanwhile


class Stopped(Problem):
    """The artist stopped what was under way."""

    code = "panel.stopped"


class Shooting:
    """Prepares orders beside the main thread, and sends their jobs.

    A job that cannot be sent waits among the drafts, on the disk, until the engine is back. It has
    its id from here, so that one sent twice is queued once. `export` is how many frames of how many
    are exported, `preparing` how many orders are on their way.
    """

    def __init__(
        self,
        host: Host,
        hosts: Errands,
        asks: Errands,
        link: Link,
        drafts: Drafts,
        notices: Notices,
        changed: Callable[[Entry | None], None],
    ) -> None:
        self.export: tuple[int, int] | None = None
        self.preparing = 0
        self._host, self._hosts, self._asks, self._link = host, hosts, asks, link
        self._drafts, self._notices, self._changed = drafts, notices, changed
        self._main: Main = host.call_on_main
        self._stop = threading.Event()
        self._sent: set[str] = set()

    def shoot(self, order: Order, values: Mapping[str, Any], where: Where, spare: Path) -> None:
        """Export what has to be, find a name, and send the job; to the folder `spare` where
        nothing says where takes should go.
        """
        self._stop.clear()
        self.preparing += 1

        def work() -> Job:
            folder = Path(order.folder) if order.folder else spare
            clips: dict[str, Clip] = {}
            stand = {role: each.shot for role, each in order.given.items() if each.shot is not None}
            for role, shot in {**order.shots, **stand}.items():
                place = folder / "plates" / orders.plain(f"{shot.name}_{shot.place.range}")
                clips[role] = self._host.plate(shot, place, self._exported)
            clips |= {role: each.clip for role, each in order.given.items() if each.shot is None}
            taken = [each.name for each in folder.iterdir()] if folder.is_dir() else []
            output = orders.output(folder, order.name, order.card.name, taken)
            return orders.job_of(order, clips, values, output, self._host.about().codec)

        def prepared(job: Job) -> None:
            self._over()
            self.send(job, where)

        def failed(problem: Problem) -> None:
            self._over()
            if not isinstance(problem, Stopped):
                self._notices.complain(
                    problem, repeat=lambda: self.shoot(order, values, where, spare)
                )

        self._changed(None)
        self._hosts.send(work, prepared, failed)

    def stop(self) -> None:
        """Give up the export under way."""
        self._stop.set()

    def send(self, job: Job, where: Where = "back") -> None:
        """Send a job, or keep it for when the engine is back."""
        self._drafts.waiting.append(job)
        self._changed(None)
        if self._link.here and self._link.client is not None:
            self._submit(self._link.client, job, where)
        else:
            self._notices.add(_away(self._link.problem))

    def send_waiting(self) -> None:
        """Send what waits: the engine is here."""
        if self._link.here and self._link.client is not None:
            for job in self._drafts.waiting:
                if job.id not in self._sent:
                    self._submit(self._link.client, job, "back")

    def give_up(self, job: str) -> bool:
        """Forget a job that waits; whether there was one."""
        left = [each for each in self._drafts.waiting if each.id != job]
        found = len(left) < len(self._drafts.waiting)
        self._drafts.waiting = left
        return found

    def _submit(self, client: Client, job: Job, where: Where) -> None:
        self._sent.add(job.id)

        def sent(entry: Entry) -> None:
            self._sent.discard(job.id)
            self.give_up(job.id)
            self._changed(entry)

        def failed(problem: Problem) -> None:
            self._sent.discard(job.id)
            if isinstance(problem, ServiceGone):
                self._notices.add(_away(problem))
                return
            self.give_up(job.id)
            self._notices.complain(problem, job.id, to_json(job), lambda: self.send(job, where))
            self._changed(None)

        self._asks.send(lambda: submitted(client, job, where), sent, failed)

    def _over(self) -> None:
        self.preparing -= 1
        self.export = None
        self._changed(None)

    def _exported(self, done: int, total: int) -> None:
        """Told beside the main thread, a frame at a time."""
        if self._stop.is_set():
            raise Stopped("The export was stopped")

        def tell() -> None:
            self.export = (done, total)
            self._changed(None)

        self._main(tell)


def submitted(client: Client, job: Job, where: Where) -> Entry:
    """A job in the queue, under the next name where somebody has taken its own meanwhile."""
    for _ in range(_TRIES):
        try:
            return client.submit(job, where)
        except TakeThere:
            if job.first_take > 1:
                raise  # it goes on from others, whose name it has to have
            job = replace(job, output=orders.next_version(job.output))
    return client.submit(job, where)


def _away(problem: Problem | None) -> Notice:
    return Notice(
        "The engine is away: this is shot as soon as it is back",
        "Nothing is lost",
        Action("Look again", "connect"),
        problem.where if problem else "",
        code="service.gone",
    )
