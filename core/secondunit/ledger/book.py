"""The ledger's book: jobs, takes and what was told of them, so that nothing once said is lost.

What has been written when a method returns is on the disk. A job's new state and the event that
tells of it are one: neither is ever there without the other.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from secondunit.ledger import pages
from secondunit.ledger.states import ENDED, Act, after
from secondunit_contract.job import Event, EventKind, Job, Take
from secondunit_contract.problem import (
    BadValue,
    JobThere,
    JobUnknown,
    LedgerUnreadable,
    StateUnfit,
    TakeUnknown,
)
from secondunit_contract.queue import Entry, Rating, State, TakeEntry, Told, Where
from secondunit_contract.wire import from_json, to_json

T = TypeVar("T")

_TELLS: dict[State, EventKind] = {
    "queued": "queued", "running": "started", "pausing": "pausing", "paused": "paused",
    "cancelling": "cancelling", "cancelled": "cancelled", "failed": "problem", "done": "done",
}  # fmt: skip
_ENTRY = "SELECT *, (SELECT count(*) FROM takes WHERE takes.job = jobs.id) AS stand FROM jobs"
_NARROW = 1e-6  # between two places; narrower ones are spread out


class Book:
    """A SQLite file; any thread may use it, and other processes beside it.

    Raises LedgerUnreadable, NotWritable and DiskFull when opened, and whenever it is written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._turn = threading.RLock()
        self._pages = pages.opened(path)
        self._pages.row_factory = sqlite3.Row

    def close(self) -> None:
        """Nothing more is read or written."""
        with self._turn:
            self._pages.close()

    # Jobs

    def add(self, job: Job, where: Where = "back") -> tuple[Entry, Told | None]:
        """Queue a job that has an id; the very same job again changes nothing, and is not told.

        Raises JobThere for another job of that id.
        """
        if not job.id:
            raise BadValue("A job without a name cannot be written down")
        text = _text(job)
        with self._writing():
            row = self._row("SELECT job FROM jobs WHERE id = ?", job.id)
            if row is not None:
                if json.loads(row["job"]) != json.loads(text):
                    raise JobThere(
                        f"Another job is called {job.id} already",
                        remedy="Give this one another id, or none",
                    )
                return self.entry(job.id), None
            self._pages.execute(
                "INSERT INTO jobs (id, place, state, job, created) VALUES (?, ?, 'queued', ?, ?)",
                (job.id, self._place(where), text, time.time()),
            )
            return self.entry(job.id), self._tell(_changed("queued", job.id))

    def entry(self, id: str) -> Entry:
        """One job. Raises JobUnknown."""
        with self._reading():
            row = self._row(f"{_ENTRY} WHERE id = ?", id)
        if row is None:
            raise JobUnknown(f"There is no job {id:.60}", remedy="It may be of another data folder")
        return self._entry(row)

    def entries(
        self, states: Collection[State] | None = None, limit: int | None = None
    ) -> list[Entry]:
        """Jobs in these states, or all, in the order of the queue; the last `limit` of them."""
        which = "1" if states is None else f"state IN ({', '.join('?' * len(states))})"
        with self._reading():
            rows = self._pages.execute(
                f"{_ENTRY} WHERE {which} ORDER BY place DESC LIMIT ?",
                (*(states or ()), -1 if limit is None else limit),
            ).fetchall()
        return [self._entry(row) for row in reversed(rows)]

    def next(self) -> Entry | None:
        """The first job that waits."""
        with self._reading():
            row = self._row(f"{_ENTRY} WHERE state = 'queued' ORDER BY place LIMIT 1")
        return None if row is None else self._entry(row)

    def waiting(self) -> int:
        """How many jobs wait."""
        with self._reading():
            row = self._row("SELECT count(*) AS many FROM jobs WHERE state = 'queued'")
        return int(row["many"]) if row is not None else 0

    def state(self, id: str) -> State:
        """A job's state. Raises JobUnknown."""
        with self._reading():
            row = self._row("SELECT state FROM jobs WHERE id = ?", id)
        if row is None:
            raise JobUnknown(f"There is no job {id:.60}")
        return row["state"]

    def act(
        self,
        id: str,
        act: Act,
        problem: dict[str, Any] | None = None,
        message: str = "",
        attempts: int | None = None,
        frugality: int | None = None,
    ) -> tuple[Entry, Told]:
        """Do something with a job, and tell of it. `problem` says why it failed.

        `attempts` and `frugality` are noted where given. Raises JobUnknown, StateUnfit.
        """
        with self._writing():
            state = after(self.state(id), act)
            now = time.time()
            values: dict[str, Any] = {"state": state}
            if act == "start":
                values |= {"started": now}
            if act in ("start", "retry"):
                values |= {"ended": None, "problem": None}
            if act == "retry":
                values |= {"place": self._place("back"), "attempts": 0, "frugality": 0}
            if state in ENDED:
                values |= {"ended": now, "problem": json.dumps(problem) if problem else None}
            if attempts is not None:
                values |= {"attempts": attempts}
            if frugality is not None:
                values |= {"frugality": frugality}
            self._set(id, values)
            return self.entry(id), self._tell(_changed(state, id, message, problem))

    def move(self, id: str, before: str | None) -> tuple[Entry, Told]:
        """Put a waiting job before another, or behind all. Raises JobUnknown, StateUnfit."""
        with self._writing():
            state = self.state(id)
            if state not in ("queued", "paused"):
                raise StateUnfit(f"A job that is {state} has no place in the queue to change")
            if before is None:
                place = self._place("back")
            elif before == id:
                place = self.entry(id).place
            else:
                place = self._before(self.entry(before).place, id)
            self._set(id, {"place": place})
            entry = self.entry(id)
            return entry, self._tell(Event("moved", id, extra={"state": state, "place": place}))

    # Takes

    def enter(self, id: str, take: Take) -> tuple[TakeEntry, Told | None]:
        """Write down a take of a job; the same take again changes nothing, and is not told.

        One shot again takes the place of the former, with its rating and note. Raises JobUnknown.
        """
        name, text = f"{id}-{take.number}", _text(take)
        with self._writing():
            self.state(id)
            row = self._row("SELECT take FROM takes WHERE id = ?", name)
            if row is not None and json.loads(row["take"]) == json.loads(text):
                return self.take(name), None
            self._pages.execute(
                "INSERT INTO takes (id, job, number, take, made) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET take = excluded.take, made = excluded.made",
                (name, id, take.number, text, time.time()),
            )
            self._set(id, {"attempts": 0})
            entry = self.entry(id)
            event = Event(
                "take", id, "", entry.takes, entry.job.takes, take=take, extra={"id": name}
            )
            return self.take(name), self._tell(event)

    def take(self, id: str) -> TakeEntry:
        """One take. Raises TakeUnknown."""
        with self._reading():
            row = self._row("SELECT * FROM takes WHERE id = ?", id)
        if row is None:
            raise TakeUnknown(f"There is no take {id:.60}")
        return self._take_entry(row)

    def takes(
        self,
        job: str | None = None,
        rating: Rating | None = None,
        limit: int | None = None,
        before: str | None = None,
    ) -> list[TakeEntry]:
        """Takes of a job, or all, with that rating, or any; the newest first.

        `limit` of them, those entered before the take `before`. Raises TakeUnknown.
        """
        which: list[tuple[str, Any]] = []
        if job is not None:
            which.append(("job = ?", job))
        if rating is not None:
            which.append(("rating = ?", rating))
        with self._reading():
            if before is not None:
                row = self._row("SELECT serial FROM takes WHERE id = ?", before)
                if row is None:
                    raise TakeUnknown(f"There is no take {before:.60}")
                which.append(("serial < ?", row["serial"]))
            where = " AND ".join(each for each, _ in which) or "1"
            rows = self._pages.execute(
                f"SELECT * FROM takes WHERE {where} ORDER BY serial DESC LIMIT ?",
                (*(value for _, value in which), -1 if limit is None else limit),
            ).fetchall()
        return [self._take_entry(row) for row in rows]

    def judge(
        self, id: str, rating: Rating | None = None, note: str | None = None
    ) -> tuple[TakeEntry, Told]:
        """What somebody thinks of a take; None leaves it as it is. Raises TakeUnknown."""
        if rating not in (None, "", "circled", "rejected"):
            raise BadValue(f"{rating!r:.60} is no rating", remedy="Write circled, rejected or ''")
        with self._writing():
            entry = self.take(id)
            told = {
                "rating": entry.rating if rating is None else rating,
                "note": entry.note if note is None else note,
            }
            self._pages.execute(
                "UPDATE takes SET rating = ?, note = ? WHERE id = ?",
                (told["rating"], told["note"], id),
            )
            event = Event("rated", id.rpartition("-")[0], extra={"id": id} | told)
            return self.take(id), self._tell(event)

    # What was told

    def tell(self, event: Event) -> Told:
        """Keep an event that changes no state."""
        with self._writing():
            return self._tell(event)

    def events_after(self, id: int, limit: int | None = None) -> list[Told]:
        """What was told after the event of that id, in order."""
        with self._reading():
            rows = self._pages.execute(
                "SELECT id, at, event FROM events WHERE id > ? ORDER BY id LIMIT ?",
                (id, -1 if limit is None else limit),
            ).fetchall()
        return [
            Told(row["id"], row["at"], self._read(Event, row["event"], "an event")) for row in rows
        ]

    def last_event(self) -> int:
        """The id of what was told last; 0 while nothing was."""
        with self._reading():
            row = self._row("SELECT max(id) AS last FROM events")
        return int(row["last"] or 0) if row is not None else 0

    # Notes

    def note(self, name: str) -> Any:
        """What was noted under a name; None where nothing was."""
        with self._reading():
            row = self._row("SELECT text FROM notes WHERE name = ?", name)
        return None if row is None else json.loads(row["text"])

    def set_note(self, name: str, value: Any) -> None:
        """Note something that JSON can hold."""
        with self._writing():
            self._pages.execute(
                "INSERT INTO notes (name, text) VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET text = excluded.text",
                (name, json.dumps(value)),
            )

    # How

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with self._turn, pages.saying(self.path):
            yield

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._turn, pages.saying(self.path):
            self._pages.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._pages.execute("COMMIT")
            except BaseException:
                if self._pages.in_transaction:
                    self._pages.execute("ROLLBACK")
                raise

    def _row(self, question: str, *values: Any) -> sqlite3.Row | None:
        found: sqlite3.Row | None = self._pages.execute(question, values).fetchone()
        return found

    def _set(self, id: str, values: dict[str, Any]) -> None:
        names = ", ".join(f"{name} = ?" for name in values)
        self._pages.execute(f"UPDATE jobs SET {names} WHERE id = ?", (*values.values(), id))

    def _tell(self, event: Event) -> Told:
        at = time.time()
        done = self._pages.execute(
            "INSERT INTO events (at, job, kind, event) VALUES (?, ?, ?, ?)",
            (at, event.job, event.kind, _text(event)),
        )
        return Told(int(done.lastrowid or 0), at, event)

    def _place(self, where: Where) -> float:
        """A new job's place."""
        if where == "front":
            row = self._row("SELECT min(place) AS edge FROM jobs")
            return (row["edge"] if row and row["edge"] is not None else 1.0) - 1.0
        if where == "next":
            row = self._row("SELECT id, place FROM jobs WHERE state = 'queued' ORDER BY place")
            if row is not None:
                return self._before(row["place"], "")
        row = self._row("SELECT max(place) AS edge FROM jobs")
        return (row["edge"] if row and row["edge"] is not None else 0.0) + 1.0

    def _before(self, place: float, moved: str) -> float:
        """A place before that one, behind whatever is before it now."""
        ahead = "SELECT max(place) AS edge FROM jobs WHERE place < ? AND id != ?"
        row = self._row(ahead, place, moved)
        edge = row["edge"] if row is not None else None
        if edge is None:
            return place - 1.0
        if place - edge > _NARROW:
            return (place + edge) / 2.0
        # Everything from here on makes room; the order stays.
        self._pages.execute("UPDATE jobs SET place = place + 1.0 WHERE place >= ?", (place,))
        return place + 0.5

    def _entry(self, row: sqlite3.Row) -> Entry:
        return Entry(
            row["id"],
            row["state"],
            self._read(Job, row["job"], f"the job {row['id']}"),
            row["place"],
            row["created"],
            row["started"],
            row["ended"],
            takes=row["stand"],
            problem=json.loads(row["problem"]) if row["problem"] else None,
            attempts=row["attempts"],
            frugality=row["frugality"],
        )

    def _take_entry(self, row: sqlite3.Row) -> TakeEntry:
        take = self._read(Take, row["take"], f"the take {row['id']}")
        return TakeEntry(row["id"], take, row["rating"], row["note"], row["made"])

    def _read(self, kind: type[T], text: str, what: str) -> T:
        try:
            return from_json(kind, json.loads(text))
        except ValueError as error:
            raise LedgerUnreadable(
                f"The ledger's book says of {what} what we cannot read",
                str(self.path),
                "Update Second Unit, or move the book away and start again",
            ) from error


def _changed(
    state: State, job: str, message: str = "", problem: dict[str, Any] | None = None
) -> Event:
    return Event(_TELLS[state], job, message=message, problem=problem, extra={"state": state})


def _text(value: Job | Take | Event) -> str:
    return json.dumps(to_json(value), ensure_ascii=False)
