"""What every host adapter must manage: one suite, run against the fake and inside real hosts.

It needs no test framework. Select a clip in the host, then

    report = HostConformance(host, folder).run()

`report` is plain JSON: what the host is, and for each check whether it "passed", "failed" (and how)
or was "left out" (and why). The clip's own media stands in for takes. All that is placed is taken
out again; files are written to `folder` alone.
"""

from __future__ import annotations

import os
import platform
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_contract.job import Job, Take
from secondunit_contract.problem import Problem
from secondunit_panel.host import (
    Ability,
    Delivery,
    Host,
    HostCannot,
    HostProblem,
    Mark,
    Place,
    Placed,
    PlaceGone,
    Selection,
    Shot,
)

Pump = Callable[[float], None]
"""Lets the host's main loop run for so many seconds."""

_HEAD = 3  # frames an extended take begins before its plate
# An adapter that is wrong raises these; its check fails, and the others go on.
_BREAKS = (
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
    OSError,
    RuntimeError,
    NotImplementedError,
)


class Failed(AssertionError):
    """An adapter did not manage a check."""


class LeftOut(Exception):
    """A check cannot be made here."""


class Stop(Problem):
    """Raised by the suite to end an export."""

    code = "conformance.stop"


@dataclass(frozen=True)
class Check:
    """One thing an adapter must manage; the sentence says what."""

    name: str
    sentence: str
    run: Callable[[HostConformance], None]


class HostConformance:
    """The suite for one host with a clip selected in it.

    `media` stands in for takes where the clip's own should not; `pump` is needed where the suite
    runs on the very thread that `call_on_main` calls on, which gets `patience` seconds to call.
    """

    def __init__(
        self,
        host: Host,
        folder: Path,
        media: Clip | None = None,
        pump: Pump = time.sleep,
        patience: float = 10.0,
    ) -> None:
        self.host, self.folder, self.media, self.pump = host, folder, media, pump
        self.can: frozenset[Ability] = host.about().can
        self.patience = patience
        self._placed: list[Placed] = []
        self._selection: Selection | None = None
        self._job = f"conformance-{os.getpid()}-{time.time_ns() // 1_000_000}"

    def run(self) -> dict[str, Any]:
        """Make every check; the report."""
        begun, results = time.time(), []
        for check in CHECKS:
            results.append(self._made(check))
        passed = all(each["result"] != "failed" for each in results)
        about = self.host.about()
        return {
            "suite": 1,
            "host": {**vars(about), "can": sorted(about.can), "steps": list(about.steps)},
            "python": platform.python_version(),
            "machine": platform.platform(),
            "main_thread": threading.current_thread() is threading.main_thread(),
            "began": begun,
            "checks": results,
            "passed": passed,
        }

    def _made(self, check: Check) -> dict[str, Any]:
        begun, why = time.monotonic(), ""
        try:
            check.run(self)
            result = "passed"
        except LeftOut as reason:
            result, why = "left out", str(reason)
        except (Failed, Problem) as failure:
            result, why = "failed", f"{type(failure).__name__}: {failure}"
        except _BREAKS as error:
            result, why = "failed", f"{type(error).__name__}: {error}"
        why += self._cleaned()
        seconds = round(time.monotonic() - begun, 3)
        return {
            "check": check.name, "says": check.sentence, "result": "failed" if "left behind" in why
            else result, "why": why, "seconds": seconds,
        }  # fmt: skip

    def _cleaned(self) -> str:
        """Take out what a check has placed; what could not be."""
        left = []
        while self._placed:
            try:
                self.host.take_out(self._placed.pop())
            except (HostProblem, *_BREAKS) as problem:
                left.append(str(problem))
        return f" (left behind: {'; '.join(left)})" if left and "take_out" in self.can else ""

    # what checks stand on

    def selection(self) -> Selection:
        """What is selected."""
        self._selection = self._selection or self.host.selection()
        return self._selection

    def shot(self) -> Shot:
        """The clip that is selected."""
        clips = self.selection().clips
        if not clips:
            raise LeftOut("Select a clip first")
        return clips[0]

    def need(self, ability: Ability) -> None:
        """Leave the check out where the host cannot do that."""
        if ability not in self.can:
            raise LeftOut(f"The host says it cannot: {ability}")

    def delivery(self, number: int = 1, head: int = 0, chosen: bool = True) -> Delivery:
        """A take of the clip, which may begin earlier than its plate."""
        shot = self.shot()
        frames = len(shot.place.range) + head
        media = self.media or shot.clip
        have = media.range or shot.available
        if self.media is None and head:
            have = shot.available
        if have is None or len(have) < frames:
            raise LeftOut(f"No media of {frames} frames to stand in for a take")
        first = have.first if self.media or head else shot.clip.range.first  # type: ignore[union-attr]
        take = Take(
            self._job, number, 40 + number, media.media, FrameRange.starting(first, frames),
            media.rate or shot.place.rate, shot.width or 1920, shot.height or 1080,
        )  # fmt: skip
        lies = FrameRange.starting(shot.place.range.first - head, frames)
        job = Job(
            "extend", "", self._job, {"plate": shot.clip}, {"prompt": 'a "test" [1]'}, seed=41
        )
        return Delivery(take, job, shot.place, lies, self._job, chosen=chosen)

    def place(self, delivery: Delivery, matte: bool = False) -> Placed:
        """Place a take, so that it is taken out again after the check; what stands is looked at."""
        call = self.host.attach_matte if matte else self.host.place
        placed = call(delivery)
        self._placed.append(placed)
        told = (placed.job, placed.number)
        hold(told == (delivery.job.id, delivery.take.number), f"it is told to be take {told}")
        hold(
            placed.place.range == delivery.lies,
            f"it stands on {placed.place.range}, not on {delivery.lies}",
        )
        here, wanted = Path(placed.media).name, Path(delivery.take.media).name
        hold(here == wanted, f"it plays {here}, not {wanted}")
        hold(bool(placed.place.id), "it has no id to be found again by")
        if placed.frames is not None:
            hold(
                placed.frames == delivery.take.range,
                f"it plays its frames {placed.frames}, not {delivery.take.range}",
            )
        return placed

    def untouched(self, act: Callable[[], Any]) -> None:
        """Do something; what was selected must be as it was."""
        before = self.shot()
        act()
        after = [each for each in self.host.selection().clips if each.place.id == before.place.id]
        if after:  # a host may select what was placed
            hold(after[0] == before, "the clip it was made of has changed")


def hold(holds: bool, otherwise: str) -> None:
    """Raise Failed where something does not hold."""
    if not holds:
        raise Failed(otherwise)


def refused(kind: type[Problem], act: Callable[[], Any]) -> None:
    """Raise Failed unless `act` raises that Problem, with a sentence and a remedy."""
    try:
        act()
    except kind as problem:
        hold(bool(problem.what and problem.remedy), "the problem lacks a sentence or a remedy")
        return
    raise Failed(f"it was done, where {kind.__name__} had to be raised")


# the checks


def says_what_it_is(suite: HostConformance) -> None:
    """A host says what it is and what it can do, from any thread, always the same."""
    about, told = suite.host.about(), []
    other = threading.Thread(target=lambda: told.append(suite.host.about()))
    other.start()
    other.join(suite.patience)
    hold(bool(about.name and about.version), "it has no name or no version")
    hold(told == [about], "another thread is told otherwise")
    hold(about.counts in ("frames", "timecode"), f"it counts in {about.counts}")


def selection_is_exact(suite: HostConformance) -> None:
    """A selected clip has media, exact ranges and a rate, and frames that belong together."""
    for shot in (suite.shot(), *suite.selection().clips):
        clip, place = shot.clip, shot.place
        hold(bool(shot.name and place.id), "a clip has no name or no id")
        hold(os.path.isabs(clip.media), f"{clip.media!r} is no whole path")
        hold("\\" not in clip.media or os.sep == "\\", f"{clip.media!r} has slashes of Windows")
        hold(clip.range is not None and clip.rate is not None, "a clip lacks its range or rate")
        if not shot.must_export and clip.range is not None:
            pair = (len(clip.range), len(place.range))
            hold(pair[0] == pair[1], f"{pair[0]} frames of media for {pair[1]} in the document")
            hold(
                shot.available is None or shot.available.covers(clip.range),
                f"the media has {shot.available}, not {clip.range}",
            )
    hold(bool(suite.selection().document), "the document has no name to be known again by")


def selecting_changes_nothing(suite: HostConformance) -> None:
    """Reading the selection changes nothing, and reads the same again."""
    first, second = suite.host.selection(), suite.host.selection()
    hold(first == second, "it read otherwise the second time")


def plate_is_what_is_seen(suite: HostConformance) -> None:
    """A plate has the frames that are seen: the media itself, or an export that is there."""
    shot, heard = suite.shot(), []
    before = _stamps(shot.clip)
    clip = suite.host.plate(shot, suite.folder / "plate", lambda *told: heard.append(told))
    hold(clip.range is not None, "the plate has no range")
    if clip.range is not None:
        frames = len(shot.place.range)
        hold(len(clip.range) == frames, f"the plate has {len(clip.range)} frames, not {frames}")
    if not shot.must_export:
        hold(clip == shot.clip, "the plate is not the media itself")
    missing = [path for path in _files(clip) if not os.path.isfile(path)]
    hold(not missing, f"the plate lacks {missing[:3]}")
    hold(all(0 <= done <= total for done, total in heard), "more was told to be done than there is")
    hold(heard == sorted(heard), "what was done grew less")
    hold(_stamps(shot.clip) == before, "the media was written to")


def export_can_be_stopped(suite: HostConformance) -> None:
    """An export that is stopped leaves no file behind."""
    shot = suite.shot()
    if not shot.must_export:
        raise LeftOut("The selected clip needs no export; select a retimed one")
    folder = suite.folder / "stopped"

    def stop(done: int, total: int) -> None:
        if 2 * done >= total:
            raise Stop("Stopped", remedy="Nothing")

    refused(Stop, lambda: suite.host.plate(shot, folder, stop))
    left = [each.name for each in folder.rglob("*") if each.is_file()] if folder.is_dir() else []
    hold(not left, f"it left {left[:3]}")


def take_lies_where_it_should(suite: HostConformance) -> None:
    """A take stands on the frames of its plate, and the plate stays as it was."""
    suite.need("place")
    suite.untouched(lambda: suite.place(suite.delivery()))


def placing_twice_places_once(suite: HostConformance) -> None:
    """The same take again is not placed twice."""
    suite.need("place")
    first, second = suite.place(suite.delivery()), suite.place(suite.delivery())
    hold(first.place == second.place, f"it stands at {second.place.id} and at {first.place.id}")


def takes_stand_side_by_side(suite: HostConformance) -> None:
    """Another take of the same slate, out of sight, leaves the first where it was."""
    suite.need("place")
    first = suite.place(suite.delivery(1))
    suite.place(suite.delivery(2, chosen=False))
    again = suite.place(suite.delivery(1))
    hold(again.place.range == first.place.range, "the first take has moved")
    hold(again.media == first.media, "the first take plays other media")


def longer_take_begins_earlier(suite: HostConformance) -> None:
    """A take with more head begins before its plate."""
    suite.need("place")
    if suite.shot().place.range.first < _HEAD:
        raise LeftOut("The clip begins too early in the document")
    suite.place(suite.delivery(head=_HEAD))


def matte_is_attached(suite: HostConformance) -> None:
    """A matte stands on the frames of its plate, and the plate stays as it was."""
    suite.need("matte")
    matte = replace(suite.delivery(), raw=True)
    suite.untouched(lambda: suite.place(matte, matte=True))


def marks_are_written(suite: HostConformance) -> None:
    """A mark can be written, and written again."""
    suite.need("mark")
    at = suite.shot().place
    for note in ("first", 'second: ä 漢 [x] "y" {z}'):
        suite.host.mark(at, Mark(FrameRange(at.range.first, at.range.first), "Test", note, "j"))


def places_are_shown(suite: HostConformance) -> None:
    """A place is shown, at its first and its last frame; the selection's frames stay."""
    suite.need("open")
    at = suite.shot().place
    for frame in (None, at.range.first, at.range.last):
        suite.untouched(lambda frame=frame: suite.host.open(at, frame))  # type: ignore[misc]


def taking_out_takes_out(suite: HostConformance) -> None:
    """What was placed is taken out, and nothing else; twice is no problem, nor is once more."""
    suite.need("place")
    suite.need("take_out")
    other = suite.place(suite.delivery(2))

    def out() -> None:
        placed = suite.place(suite.delivery(1))
        suite.host.take_out(placed)
        suite.host.take_out(placed)

    suite.untouched(out)
    hold(suite.place(suite.delivery(2)).place == other.place, "another take was taken out as well")
    suite.place(suite.delivery(1))


def lost_places_are_told(suite: HostConformance) -> None:
    """A place that is not in the document any more is told to be gone; nothing is written."""
    gone = replace(suite.shot().place, id="no-such-thing-0000")
    if "open" in suite.can:
        refused(PlaceGone, lambda: suite.host.open(gone))
    if "mark" in suite.can:
        refused(PlaceGone, lambda: suite.host.mark(gone, Mark(gone.range, "Test")))
    lost = replace(suite.shot(), place=gone, must_export="It is retimed")
    refused(PlaceGone, lambda: suite.host.plate(lost, suite.folder / "lost", lambda *told: None))


def what_it_cannot_it_refuses(suite: HostConformance) -> None:
    """What a host says it cannot do, it refuses."""
    at: Place = suite.shot().place
    acts: dict[Ability, Callable[[], Any]] = {
        "place": lambda: suite.host.place(suite.delivery()),
        "matte": lambda: suite.host.attach_matte(suite.delivery()),
        "mark": lambda: suite.host.mark(at, Mark(at.range, "Test")),
        "open": lambda: suite.host.open(at),
        "take_out": lambda: suite.host.take_out(Placed(at, "")),
    }
    lacking = [each for each in acts if each not in suite.can]
    if not lacking:
        raise LeftOut("It can do everything")
    for each in lacking:
        refused(HostCannot, acts[each])


def main_thread_is_called(suite: HostConformance) -> None:
    """What is given from any thread is called on one, in its order; a fault keeps none away."""
    called: list[tuple[int, int]] = []
    begun = time.monotonic()

    def note(number: int) -> Callable[[], None]:
        return lambda: called.append((number, threading.get_ident()))

    def faulty() -> None:
        raise ValueError("this is meant: a call that fails")

    def give() -> None:
        for number in range(20):
            suite.host.call_on_main(note(number))
            if number == 10:
                with suppress(ValueError):  # of a host that calls at once, which is found below
                    suite.host.call_on_main(faulty)

    other = threading.Thread(target=give)
    other.start()
    other.join(suite.patience)
    hold(not other.is_alive(), "giving a call does not return")
    while len(called) < 20 and time.monotonic() - begun < suite.patience:
        suite.pump(0.01)
    hold([number for number, _ in called] == list(range(20)), f"called were {called[:25]}")
    hold(len({thread for _, thread in called}) == 1, "more than one thread was called on")
    hold(called[0][1] != other.ident, "it was called on the thread that gave it")


def _checks() -> Iterator[Check]:
    for run in (
        says_what_it_is,
        selection_is_exact,
        selecting_changes_nothing,
        plate_is_what_is_seen,
        export_can_be_stopped,
        take_lies_where_it_should,
        placing_twice_places_once,
        takes_stand_side_by_side,
        longer_take_begins_earlier,
        matte_is_attached,
        marks_are_written,
        places_are_shown,
        taking_out_takes_out,
        lost_places_are_told,
        what_it_cannot_it_refuses,
        main_thread_is_called,
    ):
        yield Check(run.__name__, str(run.__doc__).strip(), run)


CHECKS = tuple(_checks())
"""Every check, in the order they are made."""


def _files(clip: Clip) -> list[str]:
    """The files of a clip: one, or one a frame where the name has a place for its number."""
    found = re.search(r"#+|%0(\d+)d", clip.media)
    if found is None or clip.range is None or os.path.isfile(clip.media):
        return [clip.media]
    digits = int(found[1] or len(found[0]))
    before, after = clip.media[: found.start()], clip.media[found.end() :]
    return [f"{before}{number:0{digits}d}{after}" for number in clip.range]


def _stamps(clip: Clip) -> list[tuple[int, int]]:
    known = [os.stat(path) for path in _files(clip) if os.path.isfile(path)]
    return [(each.st_size, each.st_mtime_ns) for each in known]
