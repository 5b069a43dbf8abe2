"""Between two things that are not ours an editor may do as he likes: the master follows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Any

from secondunit_otio.fills import gap_json
from secondunit_otio.flavours.align import NEAR, near
from secondunit_otio.flavours.bodies import (
    Held,
    as_part,
    edited,
    keep_markers,
    rate_at,
    resized,
    retimed,
)
from secondunit_otio.flavours.flatten import Overlay
from secondunit_otio.flavours.rows import Row
from secondunit_otio.flavours.strips import Beat, Space
from secondunit_otio.lacing import Child, Region
from secondunit_otio.scan import Item

_NOTHING = Fraction(0)


@dataclass(eq=False, slots=True)
class Stop:
    """Something in a row: where it stands in the master, and where in what came back.

    `held` is None at the row's two ends. `start` and `stop` are in what came, `number` and `place`
    its numbers in the row and in what came, -1 where it has none.
    """

    held: Held | None
    came: Beat | None
    start: Fraction
    stop: Fraction
    number: int = -1
    place: int = -1


@dataclass(eq=False, slots=True)
class Run:
    """What lies between two fixed things: as the host was shown it, and as it came back."""

    before: Stop
    after: Stop
    old: list[tuple[int, Held]]
    new: list[Stop] = field(default_factory=list)


@dataclass(eq=False)
class Weaver:
    """Makes a row's new children. `jobs` are the parts that came back on its track."""

    seen: Overlay
    row: Row
    jobs: list[tuple[Held, Beat]]
    moved: Fraction = _NOTHING
    dropped: list[Space] = field(default_factory=list)
    strayed: list[tuple[Held, Fraction]] = field(default_factory=list)
    shifted: set[int] = field(default_factory=set)

    def regions(self) -> Iterator[Region]:
        """Every stretch of the row's children that is to change."""
        gone = {
            one.beat.item: one.beat.spot
            for one in self.row.held
            if one.beat.item.schema == "Gap" and one.came is None
        }
        self.held = [one for one in self.row.held if one.beat.item not in gone]
        self.spaces = self._spaces(self._whole_gaps(gone))
        for run in self._runs():
            if not run.old and not run.new:
                self._stray(run)
            elif not self._same(run):
                yield self._region(run)

    def _spaces(self, gaps: list[Space]) -> dict[int, list[Space]]:
        """The gaps that follow each thing in the row; under -1 those before the first."""
        row: list[tuple[int, Fraction, int, Any]] = [
            (one.beat.spot, one.beat.start, 0, at) for at, one in enumerate(self.held)
        ]
        row += [(gap.spot, gap.start, 1, gap) for gap in gaps]
        found: dict[int, list[Space]] = {}
        last = -1
        for _, _, is_gap, each in sorted(row, key=lambda one: one[:3]):
            if is_gap:
                found.setdefault(last, []).append(each)
            else:
                last = each
        return found

    def _whole_gaps(self, gone: dict[Item, int]) -> list[Space]:
        """The gaps, those whole again in which a slate was cut away: the request stays there."""
        kept = [gap for gap in self.row.strip.gaps if gap.item not in gone]
        for item, spot in gone.items():
            pieces = [gap for gap in self.row.strip.gaps if gap.item is item]
            slates = [one.beat for one in self.row.held if one.beat.item is item]
            starts = [each.start for each in pieces] + [each.start for each in slates]
            stops = [each.stop for each in pieces] + [each.stop for each in slates]
            kept.append(Space(item, min(starts), max(stops), item.body, spot))
        return kept

    def _stops(self) -> list[Stop]:
        """The fixed things of the row, each with where what came has it."""
        found: list[Stop] = []
        late = _NOTHING
        for number, held in enumerate(self.held):
            if held.came is not None:
                continue
            shown = held.seen or held.beat
            at = self.row.found.get(id(held))
            came = self.row.came.beats[at] if at is not None and self.row.came else None
            if came is not None and (came.length == shown.length or _grows(held.beat)):
                start, end = came.start, came.stop
            else:
                start = shown.start + late if came is None else came.start - _head_cut(shown, came)
                end = start + shown.length
            if came is not None:
                late = _NOTHING if start == shown.start else start - shown.start
            found.append(Stop(held, None, start, end, number, -1 if at is None else at))
        return found

    def _runs(self) -> list[Run]:
        beats = self.row.came.beats if self.row.came else []
        index = {id(beat): at for at, beat in enumerate(beats)} if self.jobs else {}
        number_of = {id(held): at for at, held in enumerate(self.held)} if self.jobs else {}
        jobs = [self._job(*pair, number_of, index) for pair in self.jobs]
        jobs.sort(key=lambda stop: stop.place)
        fixed = self._stops()
        rows = [Run(Stop(None, None, _NOTHING, _NOTHING), self._end(), [])]
        done = 0
        for at, stop in enumerate(fixed):
            while done < len(jobs) and not self._before(fixed, at, jobs[done]):
                rows[-1].new.append(jobs[done])
                done += 1
            rows[-1].after = stop
            rows.append(Run(stop, self._end(), []))
        rows[-1].new += jobs[done:]
        self._fit(rows)
        at = 0
        for number, held in enumerate(self.held):
            if held.came is not None:
                rows[at].old.append((number, held))
            else:
                at += 1
        return rows

    def _fit(self, rows: list[Run]) -> None:
        """Move what is gone in what came to where there is room for it, if there is any."""
        if len(self.row.found) == sum(1 for run in rows if run.before.held is not None):
            return
        line = [stop for run in rows for stop in (run.before, *run.new)]
        following: Fraction | None = None
        limits: list[Fraction | None] = []
        for stop in reversed(line):
            limits.append(following)
            if stop.place >= 0:
                following = stop.start
        reached = _NOTHING
        for stop, limit in zip(line, reversed(limits), strict=True):
            if stop.held is not None and stop.place < 0 and limit is not None:
                length = stop.stop - stop.start
                if stop.stop > limit:
                    stop.start = max(reached, limit - length)
                    stop.stop = stop.start + length
            reached = stop.stop

    def _end(self) -> Stop:
        end = self.row.came.end if self.row.came else _NOTHING
        return Stop(None, None, end, end, len(self.held))

    def _job(
        self, held: Held, came: Beat, number_of: dict[int, int], index: dict[int, int]
    ) -> Stop:
        number = number_of.get(id(held), -1)
        return Stop(held, came, came.start, came.stop, number, index[id(came)])

    def _before(self, fixed: list[Stop], at: int, job: Stop) -> bool:
        """Whether a fixed thing stands before a job in what came."""
        for number in range(at, len(fixed)):
            if fixed[number].place >= 0:  # what is surely before the job has all before it there
                if fixed[number].place < job.place:
                    return True
                break
        stop = fixed[at]
        if stop.place >= 0:
            return False
        if job.number >= 0:  # the thing itself is gone; in the master it has its place
            return stop.number < job.number
        return stop.start + (stop.stop - stop.start) / 2 <= job.start + NEAR

    def _same(self, run: Run) -> bool:
        """Whether nothing happened to a run."""
        if len(run.old) != len(run.new):
            return False
        for (_, held), stop in zip(run.old, run.new, strict=True):
            if stop.held is not held or stop.came is not held.came or held.more:
                return False
            if stop.came is not None and retimed(held, stop.came):
                return False
        line = [run.before, *run.new]
        following = [*run.new, *([run.after] if run.after.held else [])]
        return all(
            near(self._shown_between(one, other), max(_NOTHING, other.start - one.stop))
            for one, other in zip(line, following, strict=False)
        )

    def _shown_between(self, one: Stop, other: Stop) -> Fraction:
        """The empty time between two neighbours as the host was shown them."""
        start = (one.held.seen or one.held.beat).stop if one.held else _NOTHING
        stop = (other.held.seen or other.held.beat).start if other.held else start
        return stop - start if stop > start else _NOTHING

    def _stray(self, run: Run) -> None:
        """Note where an editor moved what is not ours: that stays as the master has it."""
        one, other = run.before, run.after
        if other.held is None or other.place < 0:
            return
        if one.held is not None and one.place < 0:
            return
        was = self._shown_between(one, other)
        if not was and other.start == one.stop:
            return
        now = other.start - one.stop
        if not near(max(_NOTHING, now), was):
            self.strayed.append((other.held, now - was))

    def _region(self, run: Run) -> Region:
        children = self.row.strip.item.real.children
        first = _spot(run.before, -1) + 1
        stop = _spot(run.after, len(children))
        made: list[Child] = []
        used: set[int] = set()
        line = [run.before, *run.new, run.after]
        for one, other in pairwise(line):
            made += self._gap(one, other, used)
            if other.came is not None and other.held is not None:
                made.append(part_of(self.seen, other.held, other.came))
                self._note_shift(one, other, other.held, other.came)
        for number in (run.before.number, *(at for at, _ in run.old)):
            if number not in used:
                self.dropped += [gap for gap in self.spaces.get(number, []) if _says(gap)]
        return Region(first, stop, tuple(made))

    def _gap(self, one: Stop, other: Stop, used: set[int]) -> list[Child]:
        """What fills the time between two neighbours: the master's own gaps where it has some."""
        beside = other.number == one.number + 1 and (one.held is not None or one.number == -1)
        first_part = one.held is None or one.came is None or one.came is one.held.came
        beside = beside and first_part and one.number not in used
        there = self.spaces.get(one.number, []) if one.number not in used else []
        if other.held is None:  # what trails behind the last clip is nobody's business
            used.add(one.number)
            return [_as_it_is(gap) for gap in there] if beside or not there else []
        wanted = max(_NOTHING, other.start - one.stop)
        if beside:
            shown = self._shown_between(one, other)
            length = sum((gap.stop - gap.start for gap in there), _NOTHING)
            if near(shown, wanted):
                used.add(one.number)
                return [_as_it_is(gap) for gap in there]
            wanted = max(_NOTHING, length + wanted - shown)
        if wanted < NEAR:
            return []
        if there:
            used.add(one.number)
            body = resized(there[0].body, wanted)
            keep = there[0].item if there[0].body is there[0].item.body else None
            self.dropped += [gap for gap in there[1:] if _says(gap)]
            return [Child(body, keep)]
        item = (other.held or one.held or self.held[0]).beat.item
        return [Child(gap_json(wanted, rate_at(self.seen.cut, item)))]

    def _note_shift(self, one: Stop, other: Stop, held: Held, came: Beat) -> None:
        """Note a clip that an editor moved; one that only follows what was cut before it did not.

        Neither did one whose head was cut off.
        """
        shown = held.seen or held.beat
        if came is not held.came or near(came.start - _head_cut(shown, came), shown.start):
            return
        beside = other.number == one.number + 1
        apart = max(_NOTHING, other.start - one.stop)
        if not beside or not near(self._shown_between(one, other), apart):
            self.shifted.add(id(held))


def part_of(seen: Overlay, held: Held, came: Beat) -> Child:
    """A part of a clip as a child of a track."""
    body = edited(seen, held, came).body
    parts = held.parts
    first = came is held.came
    if len(parts) > 1:
        number = next(at for at, each in enumerate(parts) if each is came)
        body = keep_markers(body, number == 0, number == len(parts) - 1)
        body = as_part(body, held.id, number + 1, first)
    own = held.beat.item if first and held.beat.item.schema == "Clip" else None
    return Child(body, own)


def _grows(beat: Beat) -> bool:
    """Whether a nested sequence is as long as what is in it, which may have been cut too."""
    return beat.kind == "nest" and beat.body.get("source_range") is None


def _head_cut(shown: Beat, came: Beat) -> Fraction:
    """By how much a thing that is not ours begins later, where its head was cut or let out."""
    longer = shown.length - came.length
    low, high = min(_NOTHING, longer), max(_NOTHING, longer)
    return min(max(came.begin - shown.begin, low), high)


def _spot(stop: Stop, otherwise: int) -> int:
    return stop.held.beat.spot if stop.held else otherwise


def _as_it_is(gap: Space) -> Child:
    return Child(gap.body, gap.item if gap.body is gap.item.body else None)


def _says(gap: Space) -> bool:
    return any(gap.body.get(key) for key in ("markers", "effects", "name"))
