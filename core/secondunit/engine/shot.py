"""A shot: a job's clips opened and laid out, frame by frame."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from secondunit.callsheet import UNKNOWN, Pixels, Reach, Size, Track
from secondunit.engine.along import Ground, laid
from secondunit.engine.marks import HintMarks, MatteMarks, no_marks
from secondunit.matting.marking import Marked
from secondunit.media.colour import ColourPath, LinearPath, space_of
from secondunit.media.depth import Depth, from_unit, to_unit
from secondunit.media.footage import Footage
from secondunit.media.read import Reader, open_media
from secondunit.media.resize import resized
from secondunit.stage.drawn import paths_of
from secondunit.stage.fit import Fit
from secondunit.stage.layout import Layout, Turnover
from secondunit.stage.light import clipped_share
from secondunit.tasks import Task
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate, Span
from secondunit_contract.problem import BadValue, RangeOutside

_FALLBACK_RATE = Rate.of(24)
_MAIN = ("plate", "before", "after")  # whose depth, colour and kind of file a take has


class Shot:
    """A job's footage, laid out by its task. A context manager: it holds files open.

    Frames are asked for by their index in the layout. Two passes read the clips side by side, one
    ahead for the model and one behind for the finish, each from first to last.
    """

    def __init__(self, task: Task, values: Any, clips: Mapping[str, Clip], reach: Reach) -> None:
        self.task, self.values = task, values
        self._clips = clips
        self._readers: dict[tuple[str, str], Reader] = {}
        self._touched: dict[bool, bool] = {}
        self._colours: dict[str, ColourPath] = {}
        try:
            self._open(task, values, clips, reach)
        except BaseException:
            self.close()
            raise

    def _open(self, task: Task, values: Any, clips: Mapping[str, Clip], reach: Reach) -> None:
        self.turnovers = {name: self._turnover(name) for name in clips}
        _refuse_unknown(task, clips)
        missing = [n for n, need in task.INPUTS.items() if need == "needed" and n not in clips]
        if missing:
            raise BadValue(
                f"{task.TITLE} needs the {' and the '.join(missing)}",
                remedy="Say which clip it is",
            )
        beside = {n: t for n, t in self.turnovers.items() if n in task.INPUTS}
        self.layout: Layout = task.lay_out(values, beside, reach.context)
        self.guided = self._guided_frames()
        self.fit = Fit.into(self.layout.size, reach)
        self._main_name = next((name for name in _MAIN if name in clips), "")
        self.main: Footage | None = self._main_footage()
        self.depth = self.main.depth if self.main else Depth(8, False)
        self.alpha = bool(self.main and self.main.alpha)
        self.colour = ColourPath(space_of(self.main) if self.main else "")
        self.light = task.MAKES == "light"
        self._linear: LinearPath | None = None
        if self.light:
            self._become_light()
        self._marks = self._find_marks()
        self.tracks = self._lay_paths()

    def __enter__(self) -> Shot:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the files go."""
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()

    def reader(self, name: str, passing: str = "ahead") -> Reader:
        """The clip of that name, opened once for each pass."""
        key = (name, passing)
        if key not in self._readers:
            self._readers[key] = open_media(self._clips[name])
        return self._readers[key]

    def _turnover(self, name: str) -> Turnover:
        clip, footage = self._clips[name], self.reader(name).footage
        rate = clip.rate or footage.rate or _FALLBACK_RATE
        return Turnover(footage.size, rate, clip.range or footage.range)

    def _guided_frames(self) -> Span:
        """The laid-out frames that a guide tells of; none without one. Raises RangeOutside where it
        is too short for them.
        """
        guide, span = self.turnovers.get("guide"), self.layout.guided or self.layout.deliver
        if guide is None:
            return Span(0, 0)
        if 1 < len(guide.range) < len(span):
            raise RangeOutside(
                f"The guide has {len(guide.range)} frames, and {len(span)} are to follow it",
                self._clips["guide"].media,
                "Give a guide as long as what is shot: its first frame goes with the first",
            )
        return span

    def _main_footage(self) -> Footage | None:
        return self.reader(self._main_name).footage if self._main_name else None

    def _lay_paths(self) -> tuple[Track, ...]:
        """The paths drawn, by laid-out frames and the delivered picture's pixels. Raises BadValue
        as `laid` does.
        """
        paths = paths_of(self.values)
        if not paths:
            return ()
        main = self.turnovers.get(self._main_name)
        return laid(paths, Ground.of(self.layout, main, self.first_of_main()))

    def _find_marks(self) -> Any:
        plate = self.turnovers.get("plate")
        if plate is None:
            return no_marks
        if "matte" in self._clips and "matte" in self.task.INPUTS:
            carried = self.task.MAKES == "matte"
            drawn_on = getattr(self.values, "mask_frame", None)
            drawn_on = plate.range.first if drawn_on is None else drawn_on
            keys = getattr(self.values, "mask_frames", []) if carried else []
            return MatteMarks(self.reader("matte"), plate, drawn_on if carried else None, keys)
        if isinstance(self.values, Marked) and self.values.frames_marked(plate.range.first):
            return HintMarks(self.values, plate, self._plate_display)
        return no_marks

    def marks(self, index: int) -> Pixels | None:
        """What is marked on a laid-out frame (H,W), 0..1; None where nothing says."""
        origin = self.layout.origin(index)
        if origin is None or origin.source != "plate":
            return None
        only = getattr(self.values, "only", "")
        if only and origin.frame not in FrameRange.parse(only):
            return None
        marks: Pixels | None = self._marks(origin.frame)
        if marks is None:
            return None
        return np.asarray(self.layout.set_in(marks[..., None])[..., 0], np.float32)

    @property
    def draws_mattes(self) -> bool:
        """Whether what is marked are mattes an artist drew, to be kept as they are; clicks and
        strokes only hint at them.
        """
        return isinstance(self._marks, MatteMarks)

    def paint(self, index: int) -> NDArray[np.bool_]:
        """Where a laid-out frame may be painted (H,W), at the delivered size."""
        return self.task.paint(self.values, self.layout, index, self.marks(index))

    def touched(self, index: int) -> bool:
        """Whether there is anything to paint on a laid-out frame."""
        marks = self.marks(index)
        if marks is not None and self.task.MAKES != "matte":
            return bool((marks > 0.05).any())
        if marks is not None:
            return False
        known = self.layout.origin(index) is not None
        if known not in self._touched:
            self._touched[known] = bool(self.paint(index).any())
        return self._touched[known]

    def native(self, index: int, passing: str = "finish") -> NDArray[Any]:
        """A laid-out frame (H,W,3 or 4) in the plate's own depth; black where to be invented."""
        origin = self.layout.origin(index)
        channels = 4 if self.alpha else 3
        if origin is None:
            size = self.layout.size
            return np.zeros((size.height, size.width, channels), self.depth.dtype)
        reader = self.reader(origin.source, passing)
        frame = self._as_main(reader.frame(origin.frame), reader.footage, channels)
        return self.layout.set_in(frame)

    def _become_light(self) -> None:
        """Have the plate be linear and floating. Raises BadValue where it is floating as it is."""
        main = self.main
        if main is None or main.depth.floating:
            raise BadValue(
                "The plate's values are floating: they have a place for all its light",
                main.path if main else "",
                "Use it as it is, or give the clipped version",
            )
        self._linear = LinearPath(self.colour.space)
        self.colour = ColourPath(self._linear.space)
        # half's steps are finer than those of ten bits at every brightness, not than those of more
        self.depth = Depth(16 if main.depth.bits <= 10 else 32, floating=True)

    def clipped(self, light: Pixels) -> Pixels:
        """How far each value (H,W,3) of a frame that has become light is clipped in the plate."""
        if self._linear is None:
            return np.zeros_like(light)
        return clipped_share(self._linear.from_linear(light))

    def _as_main(self, frame: NDArray[Any], footage: Footage, channels: int) -> NDArray[Any]:
        """A clip's frame in the main clip's depth, channels and size; its own bits if it can."""
        plate = self.layout.plate or self.layout.size
        own = self._colour_of(footage)
        alike = own.space == self.colour.space and footage.depth == self.depth
        if alike and footage.size == plate and frame.shape[2] == channels:
            return frame
        unit = to_unit(frame, footage.depth)
        if self._linear is not None:
            unit[..., :3] = self._linear.to_linear(unit[..., :3])
        elif own.space != self.colour.space:
            unit[..., :3] = self.colour.from_display(own.to_display(unit[..., :3]))
        if unit.shape[2] < channels:
            unit = np.concatenate([unit, np.ones_like(unit[..., :1])], axis=2)
        return from_unit(framed(unit[..., :channels], plate), self.depth)

    def _colour_of(self, footage: Footage) -> ColourPath:
        if footage.path not in self._colours:
            self._colours[footage.path] = ColourPath(space_of(footage))
        return self._colours[footage.path]

    def display(self, index: int, passing: str = "ahead") -> Pixels:
        """A laid-out frame (H,W,3) as it is looked at, 0..1; UNKNOWN where no clip reaches."""
        if self.layout.origin(index) is None:
            size = self.layout.size
            return np.full((size.height, size.width, 3), UNKNOWN, np.float32)
        picture = self.to_display(self.native(index, passing))
        if self.layout.plate not in (None, self.layout.size):
            picture[self.layout.beyond_plate()] = UNKNOWN
        return picture

    def to_display(self, frame: NDArray[Any]) -> Pixels:
        """A frame in the plate's own depth as it is looked at: (H,W,3), 0..1."""
        return self.colour.to_display(to_unit(frame[..., :3], self.depth))

    def _plate_display(self, frame: int) -> Pixels:
        reader = self.reader("plate", "hint")
        picture = to_unit(reader.frame(frame)[..., :3], reader.footage.depth)
        return self.colour.to_display(picture)

    def references(self) -> tuple[Pixels, ...]:
        """The first frame of each reference, as it is looked at."""
        shown = []
        for name in sorted(name for name in self._clips if name.startswith("reference")):
            reader = self.reader(name)
            first = self.turnovers[name].range.first
            picture = to_unit(reader.frame(first)[..., :3], reader.footage.depth)
            shown.append(ColourPath(space_of(reader.footage)).to_display(picture))
        return tuple(shown)

    def guide(self, index: int) -> Pixels | None:
        """What a laid-out frame is to follow, as it is looked at: (H,W,3) of the delivered size,
        filled as clips beside the plate are; None for one that the guide does not tell of. A guide
        of one frame stands on all.
        """
        if index not in self.guided:
            return None
        reader, span = self.reader("guide"), self.turnovers["guide"].range
        number = min(span.first + index - self.guided.start, span.last)
        picture = to_unit(reader.frame(number)[..., :3], reader.footage.depth)
        return framed(self._colour_of(reader.footage).to_display(picture), self.layout.size)

    def first_of_main(self) -> int:
        """What the main clip would call the first delivered frame, did it reach so far."""
        at = 0
        for stretch in self.layout.stretches:
            if stretch.source == self._main_name:
                return stretch.first + self.layout.deliver.start - at
            at += stretch.frames
        return self.layout.first

    @property
    def range(self) -> FrameRange:
        """The numbers of the frames to deliver."""
        return self.layout.range


def _refuse_unknown(task: Task, clips: Mapping[str, Clip]) -> None:
    for name in clips:
        kind = "reference" if name.startswith("reference") else name
        if kind not in task.INPUTS:
            raise BadValue(
                f"{task.TITLE} takes no {name}",
                clips[name].media,
                f"It takes {', '.join(task.INPUTS)}",
            )


def framed(picture: Pixels, size: Size) -> Pixels:
    """A picture scaled to fill a size and cropped to it around its middle: never squashed."""
    height, width = picture.shape[:2]
    scale = max(size.width / width, size.height / height)
    large = Size(max(size.width, round(width * scale)), max(size.height, round(height * scale)))
    whole = resized(picture, large)
    left, top = (large.width - size.width) // 2, (large.height - size.height) // 2
    return whole[top : top + size.height, left : left + size.width]
