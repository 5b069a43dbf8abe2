"""Pulling: what is believed of a shot becomes mattes at the plate's own size, frame after frame."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from secondunit.callsheet import Pixels
from secondunit.engine.marks import MatteMarks
from secondunit.engine.shot import Shot
from secondunit.matting.cutout import Cutout, Seen
from secondunit.matting.track import Track
from secondunit.media.colour import ColourPath, LinearPath
from secondunit.media.depth import Depth, from_unit, to_unit
from secondunit.media.format import Format
from secondunit.media.resize import resized

Native = NDArray[Any]

_HALF = Depth(16, floating=True)
_INFINITE = 65504.0  # the most that half floats hold
_BLUR = 2.0  # pixels of the model's picture over which its edges are soft


def format_with_layers(wanted: Format, shot: Shot) -> Format:
    """A matte's format: EXR in floats and with the task's layers, all others as they are."""
    if wanted.codec != "exr":
        return wanted
    depth = wanted.depth if wanted.depth.floating else _HALF
    metadata = dict(wanted.metadata)
    if _shows_cutout(shot) and getattr(shot.values, "straight", False):
        metadata["straight_alpha"] = "1"
    return replace(wanted, depth=depth, layers=tuple(shot.task.LAYERS), metadata=metadata)


def _shows_cutout(shot: Shot) -> bool:
    return str(getattr(shot.values, "picture", "plate")) == "cutout"


class Pull:
    """Turns a track into the frames of a take. The plate's pixels stay as they are, unless the
    subject cut out is asked for.
    """

    def __init__(self, shot: Shot, wanted: Format, track: Track) -> None:
        self._shot, self._format, self._track = shot, wanted, track
        self._light = LinearPath(shot.colour.space)
        self._natives: deque[Native] = deque()
        self._clean = _beside(shot, "clean")
        self._garbage, self._holdout = _mattes(shot, "garbage"), _mattes(shot, "holdout")

    def frames(self) -> Iterator[tuple[int, Native]]:
        """(index, native frame) of every delivered frame, in order."""
        deliver = self._shot.layout.deliver
        indices = range(deliver.start, deliver.stop)
        cutouts = self._shot.task.cut(self._shot.values, (self._seen(each) for each in indices))
        for index, cutout in zip(indices, cutouts, strict=True):
            yield index, self._native(self._natives.popleft(), cutout)

    def look(self, index: int, frame: Native) -> Pixels:
        """A finished frame as it is looked at (H,W,4), straight."""
        depth = self._format.depth
        alpha = np.nan_to_num(to_unit(frame[..., 3:4], depth))
        if not _shows_cutout(self._shot):
            return np.concatenate([self._shot.display(index, "detail"), alpha], axis=2)
        own = to_unit(frame[..., :3], depth)
        if self._format.codec != "exr":
            return np.concatenate([self._shot.colour.to_display(own), alpha], axis=2)
        if not getattr(self._shot.values, "straight", False):
            own = np.asarray(own / np.maximum(alpha, 1e-3), np.float32)
        shown = ColourPath(self._light.space).to_display(own)
        return np.concatenate([shown, alpha], axis=2)

    def _seen(self, index: int) -> Seen:
        shot = self._shot
        native = shot.native(index)
        self._natives.append(native)
        own: Pixels = to_unit(native[..., :3], shot.depth)
        np.nan_to_num(own, copy=False, nan=0.0, posinf=_INFINITE, neginf=-_INFINITE)
        origin = shot.layout.origin(index)
        frame = origin.frame if origin else 0
        belief = self._track[index]
        seen = Seen(
            shot.to_display(native),
            self._light.to_linear(own),
            given=shot.marks(index) if shot.draws_mattes else None,
            garbage=self._garbage(frame) if self._garbage else None,
            holdout=self._holdout(frame) if self._holdout else None,
            clean=None if self._clean is None else self._light.to_linear(self._clean(frame)),
        )
        if belief is None:
            return seen
        return replace(
            seen,
            hint=self._large(belief.found),
            spread=self._large(belief.spread),
            sureness=belief.sureness,
            token=self._token(),
        )

    def _large(self, plane: Pixels) -> Pixels:
        grown = resized(plane[..., None], self._shot.fit.delivered, "bicubic")
        return np.clip(grown[..., 0], 0, 1)

    def _token(self) -> float:
        """What the hint cannot tell apart: a pixel of the model's own picture, and its blur."""
        fit = self._shot.fit
        return max(2.0, _BLUR * fit.delivered.width / fit.inner.width)

    def _native(self, plate: Native, cutout: Cutout) -> Native:
        wanted, shot = self._format, self._shot
        alpha = np.asarray(cutout.alpha, np.float32)[..., None]
        if _shows_cutout(shot):
            picture = self._cut_out(cutout, alpha)
        elif wanted.depth == shot.depth:
            picture = plate[..., :3]
        else:
            picture = from_unit(
                self._light.to_linear(to_unit(plate[..., :3], shot.depth)), wanted.depth
            )
        parts = [picture, from_unit(alpha, wanted.depth)]
        for name in wanted.layers:
            layer = cutout.layers.get(name.partition(".")[0], np.zeros_like(alpha[..., 0]))
            planes = layer if layer.ndim == 3 else layer[..., None]
            parts.append(from_unit(np.asarray(planes, np.float32), wanted.depth))
        return np.concatenate(parts, axis=2)

    def _cut_out(self, cutout: Cutout, alpha: Pixels) -> Native:
        """The subject's own colours: premultiplied and linear in an EXR, else straight and encoded
        as the plate is.
        """
        if self._format.codec == "exr":
            straight = getattr(self._shot.values, "straight", False)
            light = cutout.colour if straight else cutout.colour * alpha
            return from_unit(np.asarray(light, np.float32), self._format.depth)
        encoded = self._light.from_linear(cutout.colour)
        return from_unit(np.asarray(encoded, np.float32), self._format.depth)


def _beside(shot: Shot, name: str) -> Any:
    """Reads a clip beside the plate by the plate's frame numbers: (H,W,3) in the plate's space."""
    if name not in shot.turnovers:
        return None
    reader = shot.reader(name, "finish")
    footage, plate = reader.footage, shot.turnovers["plate"]

    def frame(number: int) -> Pixels:
        there = number if number in footage.range else footage.range.first
        if len(footage.range) > 1 and number not in footage.range:
            ahead = number - plate.range.first
            there = min(footage.range.first + ahead, footage.range.last)
        return resized(to_unit(reader.frame(there)[..., :3], footage.depth), plate.size)

    return frame


def _mattes(shot: Shot, name: str) -> MatteMarks | None:
    if name not in shot.turnovers:
        return None
    return MatteMarks(shot.reader(name, "finish"), shot.turnovers["plate"], None)
