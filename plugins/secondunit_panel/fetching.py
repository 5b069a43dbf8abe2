"""Fetching: a model that nobody has here yet, from the button that offers it until it is there.

The licence comes first where it has to be agreed to; how far it is stands in a notice, with a
button that stops it. Closing the panel stops nothing: the service goes on by itself.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from secondunit_contract.problem import LicenceRefused, Problem, problem_from_json
from secondunit_panel import words
from secondunit_panel.client import Client, ServiceGone
from secondunit_panel.errands import Errands, Main
from secondunit_panel.link import Link
from secondunit_panel.notices import Notices
from secondunit_panel.words import Action, Notice

_EVERY = 1.0  # seconds between two looks at how far it is
_SPAN, _LEAST = 60.0, 3.0  # seconds of the past that tell how long still; and how many it takes

_CODE = "fetching"


@dataclass(frozen=True)
class Fetch:
    """How it stands with a fetch: bytes that are here, of how many; `seconds_left` where that can
    be told. `words` are its licence, to be agreed to first; `problem` is why it broke off.
    """

    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    words: str = ""
    problem: Problem | None = None

    @property
    def share(self) -> float:
        """How much of it is here, 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else 0.0

    @property
    def under_way(self) -> bool:
        """Whether something is being fetched, or looked up."""
        return not self.words and self.problem is None

    @property
    def told(self) -> str:
        """In a few words."""
        if self.words:
            return "Its licence first"
        if self.problem is not None:
            return "It broke off"
        if not self.total:
            return "Looking it up"
        far = f"{self.share:.0%} of {words.size(self.total / 1e6)}"
        left = f"{words.lasting(self.seconds_left)} left" if self.seconds_left is not None else ""
        return " · ".join(filter(None, (far, left)))


class Pace:
    """How fast a fetch comes, from what was seen of it of late."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def seconds_left(self, at: float, done: int, total: int) -> float | None:
        """How long still, when at this moment so much is here; None while nobody can say."""
        if self._seen and done < self._seen[-1][1]:
            self._seen.clear()
        self._seen.append((at, done))
        while at - self._seen[0][0] > _SPAN and len(self._seen) > 2:
            self._seen.popleft()
        since, had = self._seen[0]
        if at - since < _LEAST or done <= had:
            return None
        return (total - done) * (at - since) / (done - had)


class Fetching:
    """One model on its way at a time. For the main thread alone; what waits is done beside it.

    `known` are the fetches there is something to say of, by the model's name. `here` is called
    when a model has come, with the job that wanted it; it says whether that one can be shot now.
    `changed` is called whenever `known` is another.
    """

    def __init__(
        self,
        main: Main,
        link: Link,
        notices: Notices,
        here: Callable[[str], bool],
        changed: Callable[[], None],
    ) -> None:
        self.known: dict[str, Fetch] = {}
        self._link, self._notices, self._here = link, notices, here
        self._changed, self._pace = changed, Pace()
        self._asks = Errands("secondunit-fetch", main)
        self._watch = Errands("secondunit-fetched", main)
        self._closed = threading.Event()
        self._followed = ""
        self._job = ""  # that was refused for want of the model

    def act(self, notice: Notice) -> None:
        """Do what a notice's button says: fetch, agree and fetch, or stop."""
        action = notice.action
        if action is None:
            return
        if action.act == "stop":
            self.stop(action.about)
        else:
            job = self._job if notice.code == _CODE else notice.about
            self.begin(action.about, action.act == "agree", job)

    def begin(self, name: str, agree: bool = False, job: str = "") -> None:
        """Fetch a model; where its licence has to be agreed to, show it first. `job` is the one
        that wants it.
        """
        self._job, self._pace = job, Pace()

        def begun(told: dict[str, Any]) -> None:
            self._show(name, told.get("fetching") or {})
            self._follow(name)

        def failed(problem: Problem) -> None:
            if isinstance(problem, LicenceRefused) and problem.extra.get("words"):
                self._ask_to_agree(name, problem)
            else:
                self._broke_off(name, problem)

        self._notices.forget(about=name)
        self._stand(name, Fetch())
        self._asks.send(lambda: self._client().fetch_model(name, agree), begun, failed)

    def put_off(self, name: str) -> None:
        """Not now: forget a licence that was not agreed to, or why a fetch broke off."""
        known = self.known.get(name)
        if known is not None and known.problem is not None:
            self.stop(name)  # so that the service forgets it too
        elif known is not None and known.words:
            self._notices.forget(about=name)
            self._stand(name, None)

    @property
    def under_way(self) -> str:
        """The model that is being fetched; empty where none is. Others have to wait for it."""
        return next((name for name, each in self.known.items() if each.under_way), "")

    def tells(self, notice: Notice) -> bool:
        """Whether a notice says what is known here too."""
        return notice.about in self.known

    def stop(self, name: str) -> None:
        """Stop fetching a model. What is here of it stays."""

        def stopped(_: None) -> None:
            self._followed = ""
            self._notices.forget(about=name)
            self._stand(name, None)

        def failed(problem: Problem) -> None:
            self._notices.complain(problem, name, repeat=lambda: self.stop(name))

        self._asks.send(lambda: self._client().stop_fetching(name), stopped, failed)

    def seen(self, models: Iterable[dict[str, Any]]) -> None:
        """Follow a fetch that was begun elsewhere, or before the panel was opened; know of those
        that broke off.
        """
        for each in models:
            told, name = each.get("fetching"), str(each.get("name"))
            if told and told.get("problem"):
                self._stand(name, Fetch(problem=problem_from_json(told["problem"])))
            elif told and not self._followed:
                self._show(name, told)
                self._follow(name)

    def close(self) -> None:
        """Look no more."""
        self._closed.set()
        self._asks.close()
        self._watch.close()

    def _client(self) -> Client:
        client = self._link.client
        if client is None:
            raise ServiceGone("The engine is not there yet", remedy="Try again in a moment")
        return client

    def _stand(self, name: str, fetch: Fetch | None) -> None:
        """From now on it stands so with a fetch; None: there is nothing to say of it."""
        before = self.known.pop(name, None)
        if fetch is not None:
            self.known[name] = fetch
        if before != fetch:
            self._changed()

    def _ask_to_agree(self, name: str, problem: Problem) -> None:
        self._stand(name, Fetch(words=str(problem.extra["words"])))
        terms = " · ".join(str(problem.extra["words"]).splitlines())
        title = problem.extra.get("title") or name
        asked = Notice(
            f"{title} may be used by those who agree to its licence",
            terms,
            Action("Agree and fetch", "agree", name),
            problem.where,
            name,
            _CODE,
        )
        self._notices.add(asked)

    def _broke_off(self, name: str, problem: Problem) -> None:
        self._stand(name, Fetch(problem=problem))
        self._notices.forget(about=name)
        job = self._job
        self._notices.complain(problem, name, repeat=lambda: self.begin(name, job=job))

    def _show(self, name: str, told: dict[str, Any]) -> None:
        done, total = int(told.get("done") or 0), int(told.get("total") or 0)
        left = self._pace.seconds_left(time.monotonic(), done, total) if total else None
        fetch = Fetch(done, total, left)
        self._stand(name, fetch)
        line = fetch.told if total else "looking it up"
        stop = Action("Stop", "stop", name)
        self._notices.add(Notice(f"Fetching {name} · {line}", "", stop, "", name, _CODE))

    def _follow(self, name: str) -> None:
        """Look how far it is, again and again, until it has ended."""
        self._followed = name

        def work() -> dict[str, Any]:
            self._closed.wait(_EVERY)
            listed = self._client().models() if not self._closed.is_set() else []
            return next((each for each in listed if each.get("name") == name), {})

        def looked(model: dict[str, Any]) -> None:
            if self._followed != name:
                return
            told = model.get("fetching")
            if told and not told.get("problem"):
                self._show(name, told)
                self._watch.send(work, looked, away)
                return
            self._followed = ""
            if told:
                self._broke_off(name, problem_from_json(told["problem"]))
            elif model.get("installed"):
                self._come(name, str(model.get("title") or name))
            else:  # somebody else has stopped it
                self._notices.forget(about=name)
                self._stand(name, None)

        def away(_: Problem) -> None:
            """The engine is gone, which is told elsewhere; what it fetched is kept."""
            if self._followed == name:
                self._watch.send(work, looked, away)

        self._watch.send(work, looked, away)

    def _come(self, name: str, title: str) -> None:
        job = self._job
        self._stand(name, None)
        self._notices.forget(about=name)
        self._notices.forget(about=job)
        again = Action("Shoot it again", "retry", job) if self._here(job) else None
        self._notices.add(Notice(f"{title} is here", "", again, "", job or name, _CODE))
