"""Reading Final Cut Pro's XML (1.9 to 1.13, and older as far as they agree) with exact times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from secondunit_contract.problem import CutTooDeep, CutUnreadable
from secondunit_otio.fcpxml.clips import CONTAINED
from secondunit_otio.fcpxml.elements import Element, parse
from secondunit_otio.fcpxml.marks import told
from secondunit_otio.fcpxml.media import SPACE, Shelf
from secondunit_otio.fcpxml.story import Walk
from secondunit_otio.fcpxml.times import rational
from secondunit_otio.fcpxml.tracks import stack

_ADVICE = "Export the project from Final Cut Pro again (File > Export XML)"
_LOOSE = (*CONTAINED, "audition")


def read(text: str | bytes, name: str = "the cut") -> dict[str, Any]:
    """A document as OpenTimelineIO JSON: a Timeline, or a collection where it holds several.

    Every time is the exact one: counted in its format's own frames (29.97 as 30000/1001, all digits
    written), or where it falls between those, in its own parts of a second. Lanes are tracks,
    compound, synchronised and multicam clips nested stacks; what Final Cut says beyond that stands
    in `metadata.fcpxml`, and what could not be taken over in the timeline's list of `faults`.

    Raises CutUnreadable, CutTooDeep. Entities and outside files are never followed.
    """
    root = parse(text, name)
    if root.tag != "fcpxml":
        raise CutUnreadable(f"This is no Final Cut Pro XML but {root.tag[:40]!r}", name, _ADVICE)
    shelf = Shelf.of(root.child("resources"), name)
    try:
        made = [*_projects(root, shelf), *_loose_clips(root, shelf)]
    except RecursionError as error:
        raise CutTooDeep("The document is nested deeper than can be read", name, _ADVICE) from error
    if not made:
        raise CutUnreadable("There is no project and no clip in it", name, _ADVICE)
    if len(made) == 1:
        return made[0]
    return {
        "OTIO_SCHEMA": "SerializableCollection.1",
        "metadata": {SPACE: {"version": root.get("version")}},
        "name": name.replace("\\", "/").rpartition("/")[2],
        "children": made,
    }


def _below(element: Element) -> Iterator[tuple[Element, dict[str, str]]]:
    """What lies in a document's library and events, with the names of those."""
    for each in element.children:
        if each.tag in ("library", "event"):
            for found, names in _below(each):
                own = {each.tag: each.get("name") or each.get("location")}
                yield found, {**own, **names}
        else:
            yield each, {}


def _projects(root: Element, shelf: Shelf) -> Iterator[dict[str, Any]]:
    for element, names in _below(root):
        if element.tag != "project":
            continue
        for sequence in element.each("sequence"):
            walk = Walk(shelf)
            opened = walk.sequence(sequence)
            start = rational(opened.zero, opened.rate)
            about = {
                "version": root.get("version"),
                **names,
                **{key: element.get(key) for key in ("uid", "modDate") if element.get(key)},
                **told(sequence),
                "drop_frame": sequence.get("tcFormat") == "DF",
                **({"faults": walk.faults} if walk.faults else {}),
            }
            yield _timeline(element.get("name"), start, opened.children, about)


def _loose_clips(root: Element, shelf: Shelf) -> Iterator[dict[str, Any]]:
    """Clips that stand in an event or at the root, each as a timeline of its own."""
    for element, names in _below(root):
        if element.tag in _LOOSE:
            walk = Walk(shelf)
            opened = walk.loose(element)
            about = {"version": root.get("version"), **names, "loose": True}
            if walk.faults:
                about["faults"] = walk.faults
            yield _timeline(element.get("name"), None, opened.children, about)


def _timeline(
    name: str, start: dict[str, Any] | None, children: list[dict[str, Any]], about: dict[str, Any]
) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "Timeline.1",
        "metadata": {SPACE: about},
        "name": name,
        "global_start_time": start,
        "tracks": stack("tracks", children, {}),
    }
