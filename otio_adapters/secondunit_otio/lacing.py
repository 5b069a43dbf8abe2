"""Lacing: children put into a composition's text, with every byte of those that stay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from secondunit_otio.scan import Item
from secondunit_otio.splice import Edit, Hand, apply, indent_at, spliced, spliced_members


@dataclass(frozen=True)
class Child:
    """A child to stand in a track: an item of the master as it is or with another body, or new."""

    body: dict[str, Any]
    item: Item | None = None


@dataclass(frozen=True)
class Region:
    """Children of a track, from `first` up to `stop`, that give way to others."""

    first: int
    stop: int
    children: tuple[Child, ...]


def regions(old: Sequence[Item], wanted: Sequence[Child]) -> Iterator[Region]:
    """What of a composition's children gives way to what. Those that stay are in their old order;
    none that stays as it is lies in a region.
    """
    place = 0
    fresh: list[Child] = []
    for child in wanted:
        if child.item is None:
            fresh.append(child)
            continue
        at = child.item.index
        if fresh or at > place:
            yield Region(place, at, tuple(fresh))
            fresh = []
        if child.body is not child.item.body:
            yield Region(at, at + 1, (child,))
        place = at + 1
    if fresh or place < len(old):
        yield Region(place, len(old), tuple(fresh))


@dataclass(frozen=True)
class Lacing:
    """The text of a cut that children are laced into."""

    text: str
    hand: Hand

    @classmethod
    def of(cls, text: str) -> Lacing:
        """For a text, in its own hand."""
        return cls(text, Hand.of(text))

    def laced(self, holder: Item, region: Region) -> list[Edit]:
        """The edits that write a region's new children in place of the old ones."""
        children = holder.real.children
        old = children[region.first : region.stop]
        before = children[region.first - 1] if region.first > 0 else None
        after = children[region.stop] if region.stop < len(children) else None
        near_by = (old[0] if old else None) or before or after
        if near_by is None:
            return self._first_children(holder, region)
        indent = indent_at(self.text, near_by.start)
        between = self.hand.between(indent)
        words = between.join(self._written(child, indent) for child in region.children)
        if old and words:
            return [Edit(old[0].start, old[-1].stop, words)]
        if old and before is not None:
            return [Edit(before.stop, old[-1].stop, "")]
        if old:
            end = after.start if after is not None else old[-1].stop
            return [Edit(old[0].start, end, "")]
        if words and before is not None:
            return [Edit(before.stop, before.stop, between + words)]
        if words and after is not None:
            return [Edit(after.start, after.start, words + between)]
        return []

    def _first_children(self, holder: Item, region: Region) -> list[Edit]:
        """The first children of a composition that had none."""
        own = indent_at(self.text, holder.members[0].at) if holder.members else None
        bodies = [child.body for child in region.children]
        there = [each for each in holder.members if each.key == "children"]
        if there:
            return [Edit(there[-1].start, there[-1].stop, self.hand.write(bodies, own))]
        if holder.members:
            end = holder.members[-1].stop
            words = f'{self.hand.between(own)}"children"{self.hand.colon}'
            return [Edit(end, end, words + self.hand.write(bodies, own))]
        return []

    def _written(self, child: Child, indent: str | None) -> str:
        """A child's text: the master's own, as far as it goes."""
        item = child.item
        if item is None:
            return self.hand.write(child.body, indent)
        text = self.text[item.start : item.stop]
        if child.body is item.body:
            return text
        if item.members:
            edits = spliced_members(self.text, item.members, item.body, child.body, self.hand)
        else:
            edits = spliced(self.text, item.start, item.body, child.body, self.hand)
        moved = [Edit(each.start - item.start, each.stop - item.start, each.text) for each in edits]
        return apply(text, moved)
