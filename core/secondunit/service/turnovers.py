"""Cuts that were turned over: which job each of their requests became, kept on disk."""

from __future__ import annotations

import json
import os
import re
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from secondunit.engine.standing import exists
from secondunit.media.refusals import writing
from secondunit.service.bundle import unpacked
from secondunit.service.problems import refusal
from secondunit.service.roots import Roots
from secondunit.timeline.hearing import heard_of, in_tune, unplaced_sound
from secondunit.timeline.render import reference
from secondunit.timeline.turnover import Turned, turned_over
from secondunit_contract.job import Take
from secondunit_contract.problem import JobUnknown, PathOutside, Problem
from secondunit_otio import Cut, Request, Result, done, find_requests, graft, local_path, next_take

if TYPE_CHECKING:
    from secondunit.engine.unit import Unit

_NAME = re.compile(r"t-[0-9a-f-]{1,60}")
_CUT, _ORDER = "cut.otio", "order.json"
_ENDED = ("done", "failed", "cancelled")


@dataclass(frozen=True)
class Order:
    """A cut as it was sent: its text or its place, and what is wanted for all its requests.

    `folder` is where relative media paths start from; `output` the folder of the takes, "" one
    beside the cut, or in the data folder.
    """

    otio: str = ""
    path: str = ""
    folder: str = ""
    output: str = ""
    model: str = ""
    steps: int | None = None


class Receiving:
    """A bundle that is coming in."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.path = Path(file.name)

    def write(self, block: bytes) -> None:
        """The next part of it. Raises DiskFull, NotWritable."""
        with writing(self.path):
            self._file.write(block)

    def flush(self) -> None:
        """All of it is there."""
        with writing(self.path):
            self._file.flush()


class Turnovers:
    """Timelines by their ids, each a folder: the cut, the order, a bundle's media."""

    def __init__(self, unit: Unit, folder: Path, roots: Roots) -> None:
        self._unit, self._folder, self._roots = unit, folder, roots

    @contextmanager
    def receiving(self) -> Iterator[Receiving]:
        """A file for a bundle that comes over the network; gone afterwards."""
        with writing(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=self._folder, suffix=".otioz") as file:
            yield Receiving(file)

    def submit(self, order: Order) -> dict[str, Any]:
        """Queue the requests of a cut. Raises Problems of the cut, PathOutside."""
        if order.output:
            self._roots.check(order.output, "folder for the takes")
        if order.path:
            place = Path(self._roots.check(order.path, "cut"))
            beside = str(place.with_name(f"{Path(order.path).stem}_takes"))
            order = replace(order, output=order.output or beside)
            if place.suffix.lower() == ".otioz":
                return self.bundle(place, order)
            cut = Cut.read(order.path)
        else:
            folder = order.folder and self._roots.check(order.folder, "folder of the cut")
            cut = Cut.parse(order.otio, folder=folder or str(self._folder))
        return self._turned_over(_new(), cut, order)

    def bundle(self, path: Path, order: Order) -> dict[str, Any]:
        """Queue the requests of a bundle. Raises CutUnreadable, DiskFull, Problems of the cut."""
        id = _new()
        cut = Cut.read(unpacked(path, self._folder / id / "bundle"))
        return self._turned_over(id, cut, order)

    def listed(self, limit: int) -> list[dict[str, Any]]:
        """Timelines, the latest first, without their cuts."""
        if not self._folder.is_dir():
            return []
        ids = sorted(
            (each.name for each in self._folder.iterdir() if (each / _ORDER).is_file()),
            reverse=True,
        )
        return [self._told(each, self._order(each)) for each in ids[:limit]]

    def one(self, id: str) -> dict[str, Any]:
        """A timeline, with the cut that has in it what has been shot. Raises a Problem."""
        kept = self._order(id)
        told = self._told(id, kept)  # first: whoever hears that it is done gets all its takes
        cut = Cut.parse((self._folder / id / _CUT).read_text("utf-8"), kept["name"], kept["folder"])
        asked = {each["id"]: each for each in kept["requests"]}
        results = []
        notes: list[str] = []
        for request in find_requests(cut):
            known = asked.get(request.id, {})
            takes = self._takes(known.get("job", ""))
            if takes:
                try:
                    turned = turned_over(cut, request, "")
                    heard = [(take, heard_of(take, notes)) for take in takes]
                    made = tuple(reference(request, turned, *each) for each in heard)
                    results.append(Result(request, made))
                except Problem as problem:
                    notes.append(f"{request.where}: {problem}")
        text = graft(cut, results) if results else cut.text
        text = in_tune(text, cut, notes)
        notes += unplaced_sound(text, cut, results)
        return {**told, "otio": text, "notes": notes}

    def _turned_over(self, id: str, cut: Cut, order: Order) -> dict[str, Any]:
        self._refuse_outside(cut)
        folder = self._folder / id
        output = Path(order.output or folder / "takes")
        requests = [self._queued(id, cut, each, order, output) for each in find_requests(cut)]
        kept = {
            "name": cut.name, "folder": cut.folder, "made": time.time(),
            "order": {**asdict(order), "otio": ""}, "requests": requests,
        }  # fmt: skip
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            (folder / _CUT).write_text(cut.text, "utf-8", newline="")
            part = folder / f".{_ORDER}"
            part.write_text(json.dumps(kept), "utf-8")
            os.replace(part, folder / _ORDER)
        return self._told(id, kept)

    def _queued(
        self, id: str, cut: Cut, request: Request, order: Order, output: Path
    ) -> dict[str, Any]:
        told: dict[str, Any] = {"id": request.id, "kind": request.kind, "where": request.where}
        told |= {"job": "", "problem": None}
        try:
            if request.problem is not None:
                raise request.problem
            missing = request.takes - sum(exists(each.media.path) for each in done(cut, request))
            if missing <= 0:
                return told | {"standing": True}
            turned = turned_over(cut, request, str(output / f"su-{request.id}_t{{take}}"))
            return told | {"job": self._submitted(id, cut, request, turned, order, missing)}
        except Problem as problem:
            return told | {"problem": problem.to_json()}

    def _submitted(
        self, id: str, cut: Cut, request: Request, turned: Turned, order: Order, missing: int
    ) -> str:
        first, job = next_take(cut, request), turned.job
        job = replace(
            job,
            id=f"{id}-{re.sub('[^A-Za-z0-9_.~-]', '_', request.id)}"[:100],
            model=order.model or job.model,
            steps=order.steps if order.steps is not None else job.steps,
            first_take=first,
            seed=job.seed + first - 1,
            takes=missing,
        )
        self._roots.check_job(job)
        return self._unit.submit(job).id

    def _refuse_outside(self, cut: Cut) -> None:
        """Raise PathOutside for a cut that names media outside, before any of it is opened."""
        seen: set[str] = set()
        for text in _addresses(cut):
            path = local_path(text, cut.folder)
            folder = os.path.dirname(path)
            if "://" in path or not os.path.isabs(path) or "\0" in path:
                continue
            if folder in seen and not os.path.islink(path):
                continue
            seen.add(folder)
            with suppress_but_outside():
                self._roots.check(path, "media of the cut")

    def _order(self, id: str) -> dict[str, Any]:
        unknown = refusal("timeline.unknown", f"There is no timeline {id:.80}")
        if not _NAME.fullmatch(id):
            raise unknown
        try:
            kept: dict[str, Any] = json.loads((self._folder / id / _ORDER).read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise unknown from error
        return kept

    def _told(self, id: str, kept: dict[str, Any]) -> dict[str, Any]:
        requests = [{**each, **self._state(each)} for each in kept["requests"]]
        states = [each["state"] for each in requests]
        if all(each in _ENDED for each in states):
            state = next((each for each in ("failed", "cancelled") if each in states), "done")
        else:
            state = "running" if "running" in states else "queued"
        told = {"id": id, "name": kept["name"], "made": kept["made"], "state": state}
        return told | {"requests": requests}

    def _state(self, asked: dict[str, Any]) -> dict[str, Any]:
        if not asked["job"]:
            return {"state": "done" if asked.get("standing") else "failed", "takes": 0}
        try:
            entry = self._unit.entry(asked["job"])
        except JobUnknown as problem:
            return {"state": "failed", "takes": 0, "problem": problem.to_json()}
        return {"state": entry.state, "takes": entry.takes, "problem": entry.problem}

    def _takes(self, job: str) -> list[Take]:
        if not job:
            return []
        found = [each.take for each in self._unit.takes(job) if each.rating != "rejected"]
        return sorted(found, key=lambda take: take.number)


@contextmanager
def suppress_but_outside() -> Iterator[None]:
    """Of a path only that it leads outside is told; what else is wrong is, when it is opened."""
    try:
        yield
    except PathOutside:
        raise
    except Problem:
        return


def _addresses(cut: Cut) -> Iterator[str]:
    """Every text in a cut that may be the address of media: references, and values of requests."""
    for item in cut.items():
        level: list[Any] = [
            item.body.get(key) for key in ("media_references", "media_reference", "markers",
                                           "effects", "metadata")
        ]  # fmt: skip
        while level:
            each = level.pop()
            if isinstance(each, dict):
                level.extend(each.values())
            elif isinstance(each, list):
                level.extend(each)
            elif isinstance(each, str) and ("/" in each or "\\" in each) and len(each) < 4000:
                yield each


def _new() -> str:
    return f"t-{time.strftime('%Y%m%d%H%M%S')}-{secrets.token_hex(4)}"
