"""What stand-ins are worth: the model that comes along by its own way and with that switched off, a
stand-in doing the same, on the same sheets.

Generated clips whose seeds are kept out of training; fills are judged where they were painted, one
take each, beside a rough guess that asks no model. Tracks have no way of their own to be set
beside: there it is what the model makes of a square without them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from secondunit.bench.starter.generated import HELD_OUT, Sample, Shape, clips_of
from secondunit.bench.starter.race import decibels
from secondunit.callsheet import UNKNOWN, CallSheet, Need, Pixels, Track, Unwatched, VideoModel
from secondunit.models import starter, wan
from secondunit.models.berth import Berth
from secondunit.models.standins import SERVED, widened
from secondunit.stage.rough import roughed
from secondunit.weights.checkpoint import Checkpoint, find
from secondunit.worlds import named, randomised
from secondunit_contract.frames import Rate

COUNT = 8
"""Clips of each call."""
STEPS = 8
"""A stand-in needs steps to work in; the model's own way takes as many as its maker advises."""

_SHAPE = Shape(9, 64, 64)
_CALL = 9  # of those whose clips are set apart: the seeds of this bench are its own
_NEAR = (0.25, 0.5, 0.75)
_SQUARE = 12  # pixels
_FAR = 28  # pixels a square is dragged
_WHITE = 0.8  # luma: what is brighter is the square

Mask = NDArray[np.bool_]
Region = Callable[[Sample], Mask]


def measure(count: int = COUNT) -> tuple[dict[str, float], dict[str, Any]]:
    """Decibels by the model's own way, by a stand-in, and of a rough guess; how far from a clip
    each strength goes, in decibels; how far from where it was drawn a square ends, in pixels.
    """
    begun = time.perf_counter()
    own, stood = own_way(), with_stand_ins(SERVED)
    figures: dict[str, float] = {}
    for name, region in _REGIONS.items():
        scores = [_filled(sample, region(sample), own, stood) for sample in _samples(count)]
        for place, way in enumerate(("own", "stand_in", "rough")):
            figures[f"{name}_{way}_db"] = float(np.mean([each[place] for each in scores]))
    for way, model in (("own", own), ("stand_in", stood)):
        for strength in _NEAR:
            near = [_nearness(sample, strength, model) for sample in _samples(max(1, count // 2))]
            figures[f"strength_{strength}_{way}_db"] = float(np.mean(near))
    for way, model, tracked in (
        ("free", own, False),
        ("stand_in", with_stand_ins(frozenset({"tracks"}), keep=True), True),
    ):
        away = [astray(model, seed, tracked) for seed in range(count)]
        figures[f"tracks_{way}_px"] = float(np.mean(away))
    conditions = {
        "clips": count,
        "shape": "x".join(map(str, _SHAPE)),
        "own_steps": own.card.steps,
        "stand_in_steps": STEPS,
        "dragged_px": _FAR,
        "seconds": round(time.perf_counter() - begun),
    }
    return figures, conditions


def own_way() -> VideoModel:
    """The model as it is."""
    (card,) = starter.cards()
    return wan.load(card, Checkpoint.open(find(card.source)), Berth("cpu"))


def with_stand_ins(served: frozenset[Need], keep: bool = False) -> VideoModel:
    """The model with those done by stand-ins, and nothing by its own way but words, unless the
    others are to be kept.
    """
    (card,) = starter.cards()
    honours: frozenset[Need] = card.reach.honours - served
    if not keep:
        honours &= {"words"}
    reach = widened(replace(card.reach, honours=honours), served)
    checkpoint = Checkpoint.open(find(card.source))
    return wan.load(replace(card, reach=reach, steps=STEPS), checkpoint, Berth("cpu"))


def shot(model: VideoModel, sheet: CallSheet) -> Pixels:
    """The one take of a sheet."""
    return np.concatenate([each.frames for each in model.shoot(sheet, Unwatched())])


def _samples(count: int) -> Iterator[Sample]:
    """Clips of both worlds in turns, each with a subject to be seen."""
    found = 0
    seed = HELD_OUT + 1_000_000 * _CALL
    while found < count:
        world = (named.clips, randomised.clips)[found % 2]
        seed += 1
        for sample in clips_of(world(seed, 1, *_SHAPE)):
            if sample.there:
                found += 1
                yield sample


def _hole(sample: Sample) -> Mask:
    """A box in the middle, on every frame."""
    paint: Mask = np.zeros(sample.alpha.shape, bool)
    height, width = paint.shape[1:]
    paint[:, height // 4 : -height // 4, width // 4 : -width // 4] = True
    return paint


def _around(sample: Sample) -> Mask:
    """What is beside the middle half of the width."""
    paint: Mask = np.ones(sample.alpha.shape, bool)
    width = paint.shape[2]
    paint[:, :, width // 4 : -width // 4] = False
    return paint


def _between(sample: Sample) -> Mask:
    """All frames between the first and the last."""
    paint: Mask = np.ones(sample.alpha.shape, bool)
    paint[[0, -1]] = False
    return paint


def _tail(sample: Sample) -> Mask:
    """The second half of the frames."""
    paint: Mask = np.zeros(sample.alpha.shape, bool)
    paint[len(paint) // 2 + 1 :] = True
    return paint


_REGIONS: dict[str, Region] = {
    "hole": _hole,
    "wider": _around,
    "between": _between,
    "tail": _tail,
}


def _filled(sample: Sample, paint: Mask, own: VideoModel, stood: VideoModel) -> tuple[float, ...]:
    truth = sample.plate
    plate = np.where(paint[..., None], np.float32(UNKNOWN), truth)
    sheets = (_sheet(model, sample, plate=plate, paint=paint) for model in (own, stood))
    answers = [shot(model, sheet) for model, sheet in zip((own, stood), sheets, strict=True)]
    return tuple(decibels(each, truth, paint) for each in (*answers, roughed(plate, paint)))


def _nearness(sample: Sample, strength: float, model: VideoModel) -> float:
    everywhere = np.ones(sample.alpha.shape, bool)
    sheet = _sheet(model, sample, plate=sample.plate, paint=everywhere, strength=strength)
    return decibels(shot(model, sheet), sample.plate, everywhere)


def _sheet(model: VideoModel, sample: Sample, **told: Any) -> CallSheet:
    frames, height, width = sample.alpha.shape
    caption = sample.told.caption
    steps = model.card.steps
    return CallSheet(width, height, frames, Rate.of(24), caption, steps=steps, **told)


def astray(model: VideoModel, seed: int, tracked: bool) -> float:
    """A white square on a soft ground is dragged somewhere: how far from there its middle is on
    the last frame, in pixels. Where it is gone, as far as it was dragged.
    """
    chance = np.random.default_rng(seed)
    first, start, end = _still(chance)
    frames = _SHAPE.frames
    track = Track({0: start, frames - 1: end}, radius=_SQUARE * 0.75)
    sheet = CallSheet(
        _SHAPE.width,
        _SHAPE.height,
        frames,
        Rate.of(24),
        keys={0: first},
        tracks=(track,) if tracked else (),
        steps=STEPS,
        seeds=(seed,),
    )
    middle = centre(shot(model, sheet)[-1])
    return _FAR * 1.0 if middle is None else float(np.hypot(*np.subtract(middle, end)))


def _still(chance: np.random.Generator) -> tuple[Pixels, tuple[float, float], tuple[float, float]]:
    """A square on its ground, where it is, and a place `_FAR` away inside the picture."""
    height, width = _SHAPE.height, _SHAPE.width
    across, down = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    colours = chance.uniform(0.1, 0.5, (2, 3))
    first = (across[..., None] * colours[0] + down[..., None] * colours[1]) * 0.7
    margin = _SQUARE
    while True:
        angle = chance.uniform(0, 2 * np.pi)
        start = chance.uniform(margin, (width - margin, height - margin))
        end = start + _FAR * np.array([np.cos(angle), np.sin(angle)])
        if (end >= margin).all() and (end <= (width - margin, height - margin)).all():
            break
    start = np.round(start)
    left, top = (int(each) - _SQUARE // 2 for each in start)
    first[top : top + _SQUARE, left : left + _SQUARE] = 1
    return (
        first.astype(np.float32),
        (float(start[0]), float(start[1])),
        (float(end[0]), float(end[1])),
    )


def centre(picture: Pixels) -> tuple[float, float] | None:
    """(x, y) of the middle of all that is bright; None where nothing is."""
    rows, columns = np.nonzero(picture.mean(-1) > _WHITE)
    if not len(rows):
        return None
    return float(columns.mean()) + 0.5, float(rows.mean()) + 0.5
