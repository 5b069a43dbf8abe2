"""What comes back from a host, put onto the master: our clips as the editor left them, no more."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from secondunit_otio.document import Cut
from secondunit_otio.fills import gap_json
from secondunit_otio.findings import Finding
from secondunit_otio.flavours.align import NEAR
from secondunit_otio.flavours.bodies import Held, edited, new_name, rate_at, retimed, speeds
from secondunit_otio.flavours.flatten import Overlay, any_overlay, told
from secondunit_otio.flavours.hosts import host_named
from secondunit_otio.flavours.rows import Matching, Row
from secondunit_otio.flavours.runs import Weaver, part_of
from secondunit_otio.flavours.strips import Beat, Strip, top
from secondunit_otio.lacing import Lacing, Region
from secondunit_otio.scan import Item
from secondunit_otio.sound.pictures import may_be_heard, takes_heard
from secondunit_otio.sound.take import is_sound
from secondunit_otio.sound.tracks import in_step, left_behind, standing_sound
from secondunit_otio.splice import Edit, Hand, apply, indent_at, spliced
from secondunit_otio.sweeping import unswept
from secondunit_otio.times import rate_of


@dataclass(frozen=True)
class Returned:
    """The master with what an editor did to our clips, and everything that happened, per clip."""

    text: str
    findings: tuple[Finding, ...]


@unswept()
def returned(master: Cut, came: Cut, host: str) -> Returned:
    """Put a cut that came back from a host onto the master it was made from.

    Clips with an id of ours take over trims, slips, moves, razors, copies, names and the take in
    use; a missing one stays, and is told. Every other byte of the master is kept but for the gaps
    beside those clips: what an editor did to other clips is told, not taken over. What the host
    itself changes does not count. Raises BadInput, PartMissing, and CutProblem as flavour() does.
    """
    seen = any_overlay(master, host_named(host))
    return _Desk(seen, Matching.of(seen, came)).finish()


@dataclass(eq=False)
class _Desk:
    seen: Overlay
    match: Matching
    found: list[Finding] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    woven: set[int] = field(default_factory=set)
    shifted: set[int] = field(default_factory=set)
    exact: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.text = self.seen.cut.text
        self.hand = Hand.of(self.text)
        self.lacing = Lacing(self.text, self.hand)
        self.jobs: dict[int, list[tuple[Held, Beat]]] = {}
        for row in self.match.rows:
            self.exact.update(id(row.held[number]) for number, _ in row.exact)
            for held in row.held if row.open else ():
                for part in held.parts if held.came else ():
                    home = self.match.home.get(id(part))
                    self.jobs.setdefault(id(home), []).append((held, part))

    def finish(self) -> Returned:
        """All changes made, all findings in the order of the cut."""
        for row in self.match.rows:
            self._row(row)
        for strip in self.match.fresh:
            self._fresh(strip)
        for row in self.match.rows:
            for held in row.held:
                self._told(row, held)
                if held.came is not None and id(held) not in self.woven:
                    self._in_place(held)
        for beat, strip in self.match.strange:
            self._new(beat, strip)
        text = apply(self.text, self.edits) if self.edits else self.text
        return Returned(self._heard(text), tuple(self.found))

    def _heard(self, text: str) -> str:
        """The text with sound in step with its pictures, where the host did not bring it back
        itself, or left it behind, or where pictures have other takes in use now.
        """
        jobs = [held for row in self.match.rows for held in row.held if held.job]
        ids = {held.id for held in jobs if is_sound(held.beat.body) or may_be_heard(held.beat.body)}
        if not ids or text == self.text:
            return text
        cut = self.seen.cut
        now = Cut.parse(text, cut.name, cut.folder)
        follow = {held.id for held in jobs if is_sound(held.beat.body) and held.came is None}
        before, after = takes_heard(cut, ids), takes_heard(now, ids)
        for id in sorted(id for id in ids if before.get(id) != after.get(id)):
            follow.add(id)
            for item in standing_sound(cut).get(id, []):
                what = "It follows its picture, of which another take is in use"
                self._tell("switched", item, what, id, before=before.get(id), after=after.get(id))
        behind = left_behind(cut, now, ids) - follow
        for id in sorted(behind):
            for item in standing_sound(cut)[id]:
                self._tell("moved", item, "It goes with its picture", id)
        return in_step(now, follow | behind) if follow | behind else text

    def _row(self, row: Row) -> None:
        """A track that came back: its runs, where it is a track at all."""
        jobs = self.jobs.get(id(row.came), []) if row.came is not None else []
        if not row.open or (row.came is None and not any(held.came for held in row.held)):
            return
        weaver = Weaver(self.seen, row, jobs)
        regions = list(weaver.regions())
        for region in regions:
            self.edits += self.lacing.laced(row.strip.item, region)
        self._note_woven(row, regions)
        for space in weaver.dropped:
            self._tell("lost", space.item, "What stood on this gap went with it", "")
        self.shifted |= weaver.shifted
        for held, by in weaver.strayed:
            frames = float(by * self._rate(held))
            self._tell(
                "moved", held.beat.item, "It was moved; it is not ours, so the master keeps it "
                "where it was", "", before=0.0, after=frames,
            )  # fmt: skip

    def _rate(self, held: Held) -> Any:
        return rate_of(rate_at(self.seen.cut, held.beat.item)).per_second

    def _note_woven(self, row: Row, regions: list[Region]) -> None:
        """Which clips of the row have been written, or taken away, with a region."""
        for region in regions:
            for held in row.held:
                if held.came and region.first <= held.beat.spot < region.stop:
                    self.woven.add(id(held))

    def _fresh(self, strip: Strip) -> None:
        """A track the editor made, as far as there are clips of ours on it."""
        stack = top(self.seen.cut)
        jobs = sorted(self.jobs.get(id(strip), []), key=lambda pair: pair[1].start)
        if not jobs or stack.schema != "Stack" or strip.item.real.schema != "Track":
            return
        children: list[dict[str, Any]] = []
        reached = jobs[0][1].start * 0
        for held, part in jobs:
            if part.start - reached > NEAR:
                rate = rate_at(self.seen.cut, held.beat.item)
                children.append(gap_json(part.start - reached, rate))
            children.append(part_of(self.seen, held, part).body)
            reached = max(reached, part.stop)
        track: dict[str, Any] = {
            "OTIO_SCHEMA": "Track.1", "metadata": {}, "name": strip.item.name,
            "source_range": None, "effects": [], "markers": [], "enabled": strip.item.real.enabled,
            "children": children, "kind": strip.kind,
        }  # fmt: skip
        mates = [each for each in stack.children if each.real.schema == "Track"]
        mates = [each for each in mates if each.real.body.get("kind", "Video") == strip.kind]
        after = (mates or list(stack.children))[-1] if stack.children else None
        if after is None:
            return
        indent = indent_at(self.text, after.start)
        words = self.hand.between(indent) + self.hand.write(track, indent)
        self.edits.append(Edit(after.stop, after.stop, words))

    def _in_place(self, held: Held) -> None:
        """What was done to a clip where the master has it."""
        came = held.came
        item = held.beat.item
        if came is None or item.schema != "Clip":
            return
        body = edited(self.seen, held, came, len(held.parts) == 1).body
        self.edits += spliced(self.text, item.start, item.body, body, self.hand)

    def _told(self, row: Row, held: Held) -> None:
        """The findings of one thing of the master."""
        if not held.job:
            self._told_of_others(row, held)
            return
        sound = is_sound(held.beat.body)
        if held.seen is None:
            how = "it goes with its picture" if sound else "it stays as it is"
            what = f"The format could not hold it; {how}"
            self._tell("lost", held.beat.item, what, held.id)
            return
        if held.came is None:
            how = "it with its picture" if sound else "it"
            what = f"It was cut by the editor; the master keeps {how}"
            self._tell("missing", held.beat.item, what, held.id)
            return
        count = len(self.found)
        parts = held.parts
        if len(parts) > 1:
            self._told_of_parts(held, parts)
        for kind, what, before, after in edited(self.seen, held, held.came, len(parts) == 1).told:
            self._tell(kind, held.beat.item, what, held.id, before=before, after=after)
        self._told_of_place(row, held)
        if len(self.found) == count:
            self._tell("kept", held.beat.item, "It came back as it went", held.id)

    def _told_of_parts(self, held: Held, parts: list[Beat]) -> None:
        apart = all(one.begin + one.length <= other.begin + NEAR for one, other in pairwise(parts))
        if apart:
            self._tell("split", held.beat.item, f"It was cut in {len(parts)} parts", held.id,
                       before=1, after=len(parts))  # fmt: skip
        else:
            self._tell("new", held.beat.item, f"It now plays {len(parts)} times", held.id,
                       before=1, after=len(parts))  # fmt: skip

    def _told_of_place(self, row: Row, held: Held) -> None:
        came, seen = held.came, held.seen or held.beat
        if came is None:
            return
        home = self.match.home.get(id(came))
        if home is not row.came:
            name = home.item.name if home is not None else ""
            self._tell("moved", held.beat.item, "It was moved to another track", held.id,
                       before=row.strip.item.name, after=name)  # fmt: skip
        elif id(held) in self.shifted:
            rate = self._rate(held)
            self._tell(
                "moved", held.beat.item, "It plays at another time", held.id,
                before=float(seen.start * rate), after=float(came.start * rate),
            )  # fmt: skip

    def _told_of_others(self, row: Row, held: Held) -> None:
        """What an editor did to what is not ours: told, and left."""
        if held.seen is None or (row.inside and row.came is None):
            return
        place = row.found.get(id(held))
        if place is None or row.came is None:
            noun = "transition" if held.beat.kind == "fade" else "clip"
            self._tell(
                "missing", held.beat.item,
                f"This {noun} did not come back; it is not ours, so the master keeps it", "",
            )  # fmt: skip
            return
        came = row.came.beats[place]
        plain = came.name == held.seen.name and _on(held.seen) == _on(came)
        paces = speeds(held.seen.body), speeds(came.body)
        if plain and id(held) in self.exact and paces[0] == paces[1]:
            return
        name = new_name(held, came)
        for what, changed, before, after in (
            ("It was trimmed or slipped", retimed(held, came), _frames(held.seen), _frames(came)),
            ("It was renamed", bool(name), held.seen.name, name),
            ("Its speed was changed", paces[0] != paces[1], *paces),
            ("It was switched on or off", _on(held.seen) != _on(came), _on(held.seen), _on(came)),
        ):
            if changed:
                self._tell(
                    "changed", held.beat.item, f"{what}; it is not ours, so the master keeps it",
                    "", before=before, after=after,
                )  # fmt: skip

    def _new(self, beat: Beat, strip: Strip) -> None:
        what = "It is new and not ours; the master does not take it over"
        track = strip.item.name
        self.found.append(Finding("new", what, beat.name, "", track, beat.start, beat.stop))

    def _tell(self, kind: Any, item: Item, what: str, id: str, **more: Any) -> None:
        self.found.append(told(self.seen.cut, kind, item, what, id, **more))


def _on(beat: Beat) -> bool:
    return beat.body.get("enabled") is not False


def _frames(beat: Beat) -> str:
    return f"{float(beat.begin):.3f} s + {float(beat.length):.3f} s"
