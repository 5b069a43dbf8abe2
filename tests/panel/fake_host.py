"""A host for tests: a document in memory with a plate on a track, and quirks to switch on.

Standard library alone, for the oldest Python. `moods` are what a host may be like
through no fault of its adapter; `faults` what an adapter may do wrong, for the suite to
find.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate, Timecode
from secondunit_panel.host import (
    About,
    Delivery,
    HostBusy,
    HostCannot,
    HostGone,
    Mark,
    NotPlaced,
    Place,
    Placed,
    PlaceGone,
    PlateHoled,
    Progress,
    Selection,
    Shot,
)

FAULTS = (
    "late", "twice", "moves_plate", "forgets_job", "no_id", "leaves_export", "inexact", "relative",
    "rereads_otherwise", "stops_at_a_fault", "calls_at_once", "backwards", "takes_out_all",
    "ignores_lost", "ignores_cannot", "touches_media", "no_version", "other_media",
)  # fmt: skip
_TRIES = 3  # an adapter tries a refused write so often


@dataclass
class Moods:
    """What the host is like: `dialogs` refuse so many writes; `closed`, it has no document open;
    `deaf`, it says it did and did nothing; `retimed`, its clip must be exported, with `holes` left
    out; `slow`, seconds each call takes; `cannot`, abilities it lacks.
    """

    dialogs: int = 0
    closed: bool = False
    deaf: bool = False
    retimed: bool = False
    holes: int = 0
    slow: float = 0.0
    cannot: frozenset[str] = frozenset()
    counts: str = "timecode"


@dataclass(frozen=True)
class Item:
    """Something that stands in the document."""

    id: str
    name: str
    track: str
    range: FrameRange
    media: str
    frames: FrameRange
    seen: bool = True
    job: str = ""
    number: int = 0
    slate: str = ""
    cuts: str = ""  # the id of the plate a matte cuts


@dataclass
class FakeHost:
    """A host with one clip selected: `media`, its frames `frames`, standing at `at`.

    `pump` is its main loop: it calls what was given to `call_on_main`.
    """

    media: Path
    frames: FrameRange = field(default_factory=lambda: FrameRange(4, 11))
    available: FrameRange = field(default_factory=lambda: FrameRange(0, 23))
    at: int = 86400
    rate: Rate = field(default_factory=lambda: Rate.of(24))
    size: tuple[int, int] = (320, 180)
    document: str = "Fake / cut 1"
    moods: Moods = field(default_factory=Moods)
    faults: frozenset[str] = frozenset()
    folder: str = ""

    def __post_init__(self) -> None:
        first = FrameRange.starting(self.at, len(self.frames))
        plate = Item("i1", self.media.stem, "V1", first, str(self.media), self.frames)
        self.items: dict[str, Item] = {"i1": plate}
        self.marks: dict[tuple[str, int], Mark] = {}
        self.shown: list[tuple[str, int | None]] = []
        self.selected: Selection | None = None  # else the plate
        self.threads: set[int] = set()
        self.called: list[str] = []
        self._calls: deque[Callable[[], None]] = deque()
        self._made = 1
        self._read = 0

    # what an adapter does

    def about(self) -> About:
        can = {"place", "matte", "mark", "open", "take_out"} - self.moods.cannot
        version = "" if "no_version" in self.faults else "1.0"
        return About("Fake", version, self.moods.counts, frozenset(can))

    def selection(self) -> Selection:
        self._enter("selection")
        if self.selected is not None:
            return self.selected
        plate, self._read = self.items["i1"], self._read + 1
        frames = plate.frames
        if "inexact" in self.faults:
            frames = FrameRange(frames.first, frames.last + 1)
        media = Path(plate.media).name if "relative" in self.faults else plate.media
        shift = self._read if "rereads_otherwise" in self.faults else 0
        shot = Shot(
            plate.name,
            Clip(media, frames, self.rate, "srgb_tx"),
            self._place(replace(plate, range=plate.range.shifted(shift))),
            self.available,
            *self.size,
            must_export="The clip is retimed" if self.moods.retimed else "",
        )
        return Selection((shot,), playhead=self.at, document=self.document, folder=self.folder)

    def plate(self, shot: Shot, folder: Path, told: Progress) -> Clip:
        self._enter("plate")
        self._there(shot.place)
        if "touches_media" in self.faults:
            with self.media.open("ab") as file:
                file.write(b"x")
        if not shot.must_export:
            return shot.clip
        frames = FrameRange.starting(1001, len(shot.place.range))
        folder.mkdir(parents=True, exist_ok=True)
        files: list[Path] = []
        try:
            for done, number in enumerate(frames):
                told(len(frames) - done if "backwards" in self.faults else done, len(frames))
                if done >= self.moods.holes:
                    files.append(folder / f"plate.{number:04d}.exr")
                    files[-1].write_bytes(b"a frame")
            if len(files) < len(frames):
                raise PlateHoled(
                    f"{len(frames) - len(files)} frames were not written", str(folder), "Try again"
                )
        except BaseException:
            for each in files if "leaves_export" not in self.faults else []:
                each.unlink()
            raise
        return Clip(str(folder / "plate.####.exr"), frames, shot.place.rate, "linear")

    def place(self, delivery: Delivery) -> Placed:
        self._enter("place", "place")
        return self._placed(delivery, "Second Unit", "")

    def attach_matte(self, delivery: Delivery) -> Placed:
        self._enter("attach_matte", "matte")
        return self._placed(delivery, "Second Unit mattes", delivery.at.id)

    def mark(self, at: Place, mark: Mark) -> None:
        self._enter("mark", "mark")
        self._there(at)
        self._write()
        self.marks[at.id, mark.range.first] = mark

    def open(self, at: Place, frame: int | None = None) -> None:
        self._enter("open", "open")
        self._there(at)
        self.shown.append((at.id, frame))

    def take_out(self, placed: Placed) -> None:
        self._enter("take_out", "take_out")
        self._write()
        if "takes_out_all" in self.faults:
            self.items = {key: each for key, each in self.items.items() if not each.job}
        self.items.pop(placed.place.id, None)

    def call_on_main(self, call: Callable[[], None]) -> None:
        if "calls_at_once" in self.faults:
            call()
        else:
            self._calls.append(call)

    # what a test does

    def pump(self, seconds: float = 0.0) -> None:
        """Let the main loop run for a moment."""
        end = time.monotonic() + seconds
        while True:
            while self._calls:
                try:
                    self._calls.popleft()()
                except ValueError:
                    if "stops_at_a_fault" in self.faults:
                        self._calls.clear()
            if time.monotonic() >= end:
                return
            time.sleep(0.002)

    def pump_until(self, holds: Callable[[], object], patience: float = 15.0) -> None:
        """Let the main loop run until something holds."""
        end = time.monotonic() + patience
        while not holds():
            if time.monotonic() > end:
                raise AssertionError("it does not come to hold")
            self.pump(0.005)

    def clip_again(self, first: int, last: int) -> None:
        """Trim the clip, as an editor does."""
        plate = self.items["i1"]
        shift = first - plate.frames.first
        here = FrameRange.starting(plate.range.first + shift, last - first + 1)
        self.items["i1"] = replace(plate, frames=FrameRange(first, last), range=here)

    def remove_plate(self) -> None:
        """Delete the clip behind the panel's back."""
        del self.items["i1"]

    def takes(self) -> list[Item]:
        """What was placed, by tracks."""
        return [each for each in self.items.values() if each.job]

    # how

    def _enter(self, name: str, ability: str = "") -> None:
        self.called.append(name)
        self.threads.add(threading.get_ident())
        time.sleep(self.moods.slow)
        if self.moods.closed:
            raise HostGone("No document is open", "Fake", "Open one, then select again")
        if ability in self.moods.cannot and ability and "ignores_cannot" not in self.faults:
            raise HostCannot(f"This edition cannot {ability}", "Fake", "Do it by hand")

    def _write(self) -> None:
        """Write, as an adapter does that tries again before it gives up."""
        for _ in range(_TRIES):
            if not self.moods.dialogs:
                return
            self.moods.dialogs -= 1
        raise HostBusy("It refuses: is a dialog open?", "Fake", "Close it, then try again")

    def _there(self, place: Place) -> None:
        if place.id not in self.items and "ignores_lost" not in self.faults:
            raise PlaceGone("The clip is not there any more", place.track, "Select another")

    def _place(self, item: Item) -> Place:
        clock = Timecode(item.range.first, self.rate)
        id = "" if item.job and "no_id" in self.faults else item.id
        return Place(item.range, self.rate, id, self.document, item.track, clock)

    def _placed(self, delivery: Delivery, track: str, cuts: str) -> Placed:
        if delivery.at.id:
            self._there(delivery.at)
        take = delivery.take
        wanted = (delivery.job.id, take.number, cuts)
        for each in self.items.values() if "twice" not in self.faults else []:
            if (each.job, each.number, each.cuts) == wanted:
                return self._read_back(each, delivery)
        self._write()
        self._made += 1
        lies = delivery.lies.shifted(1) if "late" in self.faults else delivery.lies
        item = Item(
            f"i{self._made}", f"take {take.number}", track, lies, take.media, take.range,
            delivery.chosen, delivery.job.id, take.number, delivery.slate, cuts,
        )  # fmt: skip
        if not self.moods.deaf:
            for other in self.items.values():
                if delivery.chosen and other.slate == delivery.slate and other.job:
                    self.items[other.id] = replace(other, seen=False)
            self.items[item.id] = item
        if "moves_plate" in self.faults:
            plate = self.items["i1"]
            self.items["i1"] = replace(plate, range=plate.range.shifted(2))
        return self._read_back(item, delivery)

    def _read_back(self, item: Item, delivery: Delivery) -> Placed:
        found = self.items.get(item.id)
        if found is None:
            raise NotPlaced("What was placed is not there", item.track, "Try again")
        if found.range != delivery.lies and "late" not in self.faults:
            raise NotPlaced("It stands elsewhere", item.track, "Take it out, then try again")
        job = "" if "forgets_job" in self.faults else found.job
        media = "other.mov" if "other_media" in self.faults else found.media
        return Placed(self._place(found), media, found.frames, "clip", job, found.number)
