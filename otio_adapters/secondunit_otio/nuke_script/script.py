"""Nuke scripts from the clips of a cut, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from secondunit_otio.document import Cut
from secondunit_otio.findings import Finding
from secondunit_otio.nuke_script.back import timeline
from secondunit_otio.nuke_script.reading import Script, read_script
from secondunit_otio.nuke_script.writing import Plan, Written, write_script, write_scripts
from secondunit_otio.scan import Item


def write(
    cut: Cut,
    clips: Iterable[Item] | None = None,
    *,
    first: int = 1001,
    handles: int = 0,
    size: tuple[int, int] = (1920, 1080),
    slates: Mapping[str, str] | None = None,
    path: str = "",
) -> str:
    """One script with a backdrop for each clip: its plate and takes, retimed, and its matte.

    Every shot runs from frame `first`, handles before that. None: all clips that are seen and all
    that is wanted in gaps. `size` is the script's format in pixels; `slates` the movies that stand
    for requests not shot yet, by id (else a card says so); `path` where the script will lie. Raises
    BadValue for a cut whose frame rate cannot be told. `written` tells what the script leaves out.
    """
    return write_script(cut, clips, Plan(first, handles, size, slates, path)).text


def written(cut: Cut, clips: Iterable[Item] | None = None, plan: Plan | None = None) -> Written:
    """The same with what the script leaves out. Raises BadValue."""
    return write_script(cut, clips, plan or Plan())


def write_each(
    cut: Cut, clips: Iterable[Item] | None = None, plan: Plan | None = None
) -> tuple[dict[str, str], tuple[Finding, ...]]:
    """A script for each clip, by the name of its shot, and what they leave out. Raises BadValue."""
    return write_scripts(cut, clips, plan or Plan())


def read(text: str, name: str = "the script") -> Script:
    """The shots of a script, ours or anybody's. Raises CutUnreadable, CutTooDeep.

    Nothing in it is run. `brought` finds the takes that were added to it, `timeline` makes it a
    cut.
    """
    return read_script(text, name)


def as_cut(text: str, name: str = "the script") -> dict[str, Any]:
    """A script as OpenTimelineIO JSON. Raises CutUnreadable, CutTooDeep."""
    return timeline(read_script(text, name))
