"""`secondunit panel`: the panel on its own, on a movie, a sequence or the clips of a cut."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

from secondunit.cli.clips import clip
from secondunit.cli.showing import say_aside
from secondunit.media.read import open_media
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate, Timecode
from secondunit_contract.problem import BadValue, PartMissing, Problem
from secondunit_contract.wire import to_json
from secondunit_otio import Cut, Item, media_of, neighbours, resolve_media_frame
from secondunit_otio.layout import active_reference, extent, is_video, start_in_cut
from secondunit_otio.times import frame_at, moment

_RATE = Rate.of(24)  # of a sequence that does not tell its own
_PROGRAM = "secondunit_panel.qt"

Told = dict[str, Any]


def panel(
    source: Annotated[str, typer.Argument(help="MEDIA[@1001-1010], or a cut: .otio")] = "",
    rate: Annotated[str, typer.Option(help="Frames a second, where the media does not say")] = "",
) -> None:
    """Open the panel in a window of its own, until it is closed."""
    for module, name in (("qtpy", "qtpy"), ("requests", "requests")):
        if importlib.util.find_spec(module) is None:
            raise PartMissing(
                f"The panel needs a part that is not here: {name}",
                remedy="Install secondunit[panel]",
            )
    told = {"selections": _selections(source, rate) if source else []}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "clips.json"
        file.write_text(json.dumps(told), "utf-8")
        env = {"SECONDUNIT_PYTHON": sys.executable, **os.environ}
        done = subprocess.run([sys.executable, "-m", _PROGRAM, str(file)], env=env, check=False)
    raise typer.Exit(done.returncode)


def _selections(source: str, rate: str) -> list[Told]:
    if source.lower().endswith(".otio"):
        return selections_of_cut(Path(source))
    return [selection_of_media(clip(source, rate=rate))]


def selection_of_media(meant: Clip) -> Told:
    """A movie, a still or a sequence as something that can be selected. Raises what is wrong with
    the media.
    """
    path = os.path.abspath(meant.media)
    with open_media(Clip(path, None, meant.rate)) as reader:
        footage = reader.footage
    frames = meant.range or footage.range
    footage.expect(frames)
    rate = meant.rate or footage.rate or _RATE
    start = (
        footage.timecode.shifted(frames.first - footage.range.first) if footage.timecode else None
    )
    name = Path(path).name.partition(".")[0].rstrip("_") or Path(path).name
    place = {"range": frames, "rate": rate, "id": path, "document": path, "timecode": start}
    shot = {
        "name": name, "clip": Clip(path, frames, rate, footage.colour_space), "place": place,
        "available": footage.range, "width": footage.size.width, "height": footage.size.height,
    }  # fmt: skip
    return _plain({"clips": [shot], "document": path})


def selections_of_cut(path: Path) -> list[Told]:
    """The clips of a cut and its gaps, in the order they play; what cannot be told is left out,
    and said aside. Raises CutUnreadable, BadValue where nothing is left.
    """
    cut = Cut.read(path)
    clips = _Clips(cut, str(path.absolute()))
    found: list[tuple[int, Told]] = []
    for item in cut.items():
        track = item.parent
        if item.schema not in ("Clip", "Gap") or track is None or not is_video(track):
            continue
        if not (item.enabled and track.enabled):
            continue
        try:
            found.append(clips.selection(item))
        except Problem as problem:
            say_aside(f"{item.body.get('name') or item.schema}: {problem.what}; left out")
    if not found:
        raise BadValue(
            "There is no clip in this cut", str(path), "Give a cut with media that is there"
        )
    return [_plain(told) for _, told in sorted(found, key=lambda each: each[0])]


class _Clips:
    """The clips of a cut as a panel's shots, each made once."""

    def __init__(self, cut: Cut, document: str) -> None:
        self._cut, self._document = cut, document
        self._shots: dict[int, Told] = {}
        self._sizes: dict[str, tuple[int, int, FrameRange]] = {}

    def selection(self, item: Item) -> tuple[int, Told]:
        """When it plays, and what is selected with it. Raises BadValue and the media's Problems."""
        told: Told = {"document": self._document}
        place = self._place(item)
        if item.schema == "Clip":
            try:
                return place["range"].first, told | {"clips": [self._shot(item)]}
            except BadValue:
                pass  # a clip without media is a gap that has a name: what is not shot yet
        around = neighbours(self._cut, item)
        for side, seen in (("before", around.before), ("after", around.after)):
            if seen is not None and seen.item.schema == "Clip":
                told[side] = self._shot(seen.item)
        if "before" not in told and "after" not in told:
            raise BadValue("A gap with nothing beside it")
        return place["range"].first, told | {"gap": place}

    def _shot(self, item: Item) -> Told:
        if item.start not in self._shots:
            self._shots[item.start] = self._made(item)
        return self._shots[item.start]

    def _made(self, item: Item) -> Told:
        media = media_of(self._cut, active_reference(self._cut, item))
        if media.step != 1:
            raise BadValue(f"The sequence has only every {media.step}th frame")
        length = extent(self._cut, item).length
        one = resolve_media_frame(self._cut, item, Fraction(0), "at")
        other = resolve_media_frame(self._cut, item, length, "before")
        first, last = media.file_frame(one.number), media.file_frame(other.number)
        frames, place = FrameRange(min(first, last), max(first, last)), self._place(item)
        path = os.path.normpath(media.path)
        wide, high, whole = self._looked_at(path, media.rate)
        told = {
            "name": str(item.body.get("name") or Path(path).name.partition(".")[0]),
            "clip": Clip(path, frames, media.rate or place["rate"]), "place": place,
            "available": whole, "width": wide, "height": high,
        }  # fmt: skip
        if last < first or len(frames) != len(place["range"]):
            told["must_export"] = "The clip is retimed"
        return told

    def _looked_at(self, path: str, rate: Rate | None) -> tuple[int, int, FrameRange]:
        if path not in self._sizes:
            with open_media(Clip(path, None, rate)) as reader:
                footage = reader.footage
            self._sizes[path] = (footage.size.width, footage.size.height, footage.range)
        return self._sizes[path]

    def _place(self, item: Item) -> Told:
        shown = extent(self._cut, item)
        begin = moment(self._cut.root.body.get("global_start_time"))
        start = start_in_cut(self._cut, item) + (begin.seconds if begin else 0)
        rate = shown.rate
        first, frames = frame_at(start * rate.per_second), frame_at(shown.length * rate.per_second)
        return {
            "range": FrameRange.starting(first, frames), "rate": rate,
            "id": f"{item.schema}@{item.start}", "document": self._document,
            "track": str(item.parent.body.get("name") or "") if item.parent else "",
            "timecode": Timecode(first, rate) if first >= 0 else None,
        }  # fmt: skip


def _plain(told: Told) -> Told:
    """As JSON has it; what is None is left out."""
    written = to_json(_without_none(told))
    assert isinstance(written, dict)
    return written


def _without_none(told: Any) -> Any:
    if isinstance(told, dict):
        return {key: _without_none(each) for key, each in told.items() if each is not None}
    return [_without_none(each) for each in told] if isinstance(told, list) else told
