"""The model's calls on generated clips whose seeds are kept out of training.

Each call is written by the task or the way to a matte that an artist would use, with its default
values, so that the model is asked here what it is asked there. Fills are judged in the region they
fill; PSNR is of the mean of four takes, so that variety is not punished. Sizes and lengths are
mixed, and the worlds half and half, but for words: only the named world has any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count as counting
from typing import Any, NamedTuple

import numpy as np
from scipy.ndimage import binary_dilation

from secondunit import tasks
from secondunit.bench.starter.race import Mask, Race, decibels, overlap
from secondunit.bench.starter.unit import STEPS, Unit
from secondunit.callsheet import UNKNOWN, CallSheet, Pixels, Unwatched, VideoModel
from secondunit.matting.screen import keyed, on_screen
from secondunit.matting.ways import Passage, Wish, carry, paint
from secondunit.stage.scene import Scene
from secondunit.worlds import named, randomised
from secondunit.worlds.baselines import BY_BOX, BY_MASK, CLEANUPS, EXTENSIONS, INSERTS, Margins
from secondunit.worlds.clips import Clips, Told, World
from secondunit_contract.frames import Rate

HELD_OUT = 900_000_000
"""Seeds from here on are never trained on."""

TAKES = 4

_RATE = Rate.of(24)
_GROW = 2  # pixels a hole is larger than what it covers
_SHOWN = 2  # clips of each call on its contact sheet
_LEAST = 0.01  # of the picture: a subject smaller than that is not looked for


class Shape(NamedTuple):
    """A generated clip's frames and size."""

    frames: int
    height: int
    width: int


SHAPES = (Shape(9, 64, 64), Shape(17, 64, 96))
WIDE = (Shape(9, 96, 96), Shape(9, 96, 144))
"""Half as wide and half as high again as what is kept of them."""

_NAMED: tuple[World, ...] = (named.clips,)
_BOTH: tuple[World, ...] = (named.clips, randomised.clips)


@dataclass(frozen=True, eq=False)
class Sample:
    """One clip: plate and clean plate (T,H,W,3), the subject's alpha (T,H,W), and what is said."""

    plate: Pixels
    clean: Pixels
    alpha: Pixels
    told: Told

    @property
    def there(self) -> bool:
        """Whether the subject can be seen on the first frame and through most of the clip."""
        shares = (self.alpha > 0.5).mean((1, 2))
        return bool(shares[0] >= _LEAST and np.median(shares) >= _LEAST)


def samples(
    call: int,
    count: int,
    shapes: tuple[Shape, ...] = SHAPES,
    worlds: tuple[World, ...] = _BOTH,
    wanted: Callable[[Sample], bool] = lambda sample: sample.there,
    longest: int = 0,
) -> Iterator[Sample]:
    """So many clips, the shapes and worlds in turns; each call has seeds of its own."""
    sources = [
        _endless(HELD_OUT + 1_000_000 * call + 100_000 * place, world, shape, longest)
        for place, (shape, world) in enumerate((s, w) for s in shapes for w in worlds)
    ]
    for number in range(count):
        yield next(filter(wanted, sources[number % len(sources)]))


def _endless(seed: int, world: World, shape: Shape, longest: int) -> Iterator[Sample]:
    frames = min(shape.frames, longest) if longest else shape.frames
    for batch in counting(seed):
        yield from clips_of(world(batch, 4, frames, shape.height, shape.width))


def clips_of(clips: Clips) -> Iterator[Sample]:
    """A batch, clip by clip."""
    parts = [_frames_first(each) for each in (clips.plate, clips.clean, clips.alpha)]
    for plate, clean, alpha, told in zip(*parts, clips.told, strict=True):
        yield Sample(plate, clean, alpha[..., 0], told)


def _frames_first(clips: Any) -> Pixels:
    """(B,C,T,H,W) as (B,T,H,W,C)."""
    return np.asarray(clips.permute(0, 2, 3, 4, 1).numpy(), np.float32)


def _scene(
    model: VideoModel, sample: Sample, paint: Mask, marks: dict[int, Pixels] | None = None
) -> Scene:
    return Scene(_RATE, sample.plate, paint, marks or {}, model.card.reach.honours)


def _passage(model: VideoModel, sample: Sample, marks: dict[int, Pixels]) -> Passage:
    return Passage(_RATE, sample.plate, marks, model.card.reach.honours)


def shot(model: VideoModel, sheet: CallSheet, takes: int) -> Pixels:
    """So many takes of a sheet (N,T,H,W,3)."""
    sheet.seeds = tuple(range(takes))
    sheet.steps = min(model.card.steps, STEPS)
    sheet.guidance = model.card.guidance
    made: list[list[Pixels]] = [[] for _ in sheet.seeds]
    for answer in model.shoot(sheet, Unwatched()):
        made[answer.take].append(answer.frames)
    return np.stack([np.concatenate(frames) for frames in made])


Write = Callable[[Scene], CallSheet]


def written(name: str, **values: Any) -> Write:
    """How a task writes its call sheet, with these values and its own for the rest."""
    task = tasks.named(name)
    return partial(task.write, tasks.checked(task, name, values))


def isolated(model: VideoModel, count: int, several: bool) -> Race:
    """The subject on green by its name, alone in front of the background or among others."""
    kind = "several" if several else "single"
    race = Race(f"isolate_iou_{kind}", f"isolate_{{}}_iou_{kind}")

    def wanted(sample: Sample) -> bool:
        return sample.there and sample.told.several == several

    rule = model.card.reach.frames
    clips = samples(1 + several, count, SHAPES, _NAMED, wanted, rule.longest)
    for number, sample in enumerate(clips):
        (sheet,) = paint.write(_passage(model, sample, {}), Wish(sample.told.subject, votes=1))
        answer = shot(model, sheet, 1)[0]
        _isolation(race, _keyed(answer), answer, sample, BY_BOX, 0, number < _SHOWN)
    return race


def carried(model: VideoModel, count: int) -> Race:
    """The subject marked on the first frame, on green through the others: the answer itself."""
    race = Race("carried_iou", "carried_{}_iou")
    for number, sample in enumerate(_to_mark(model, count)):
        passage = _passage(model, sample, {0: sample.alpha[0]})
        (sheet,) = carry.write(passage, Wish())
        answer = shot(model, sheet, 1)[0]
        _isolation(race, _keyed(answer), answer, sample, BY_MASK, 1, number < _SHOWN)
    return race


def marked(unit: Unit, count: int) -> Race:
    """The same clips as whole jobs, files and all: the matte that the task delivers."""
    race = Race("marked_iou", "marked_{}_iou")
    for number, sample in enumerate(_to_mark(unit.model, count)):
        first = np.repeat(sample.alpha[:1, ..., None], 3, axis=3)
        inputs = {
            "plate": unit.filed(f"plate_{number}", sample.plate),
            "matte": unit.filed(f"first_{number}", first),
        }
        alpha = unit.takes("matte", inputs, {})[0][..., 3]
        answer = _on_screen(sample.plate, alpha)
        _isolation(race, alpha > 0.5, answer, sample, BY_MASK, 1, number < _SHOWN)
    return race


def _to_mark(model: VideoModel, count: int) -> Iterator[Sample]:
    return samples(3, count, longest=model.card.reach.frames.longest)


def _keyed(answer: Pixels) -> Mask:
    return np.stack([keyed(frame) for frame in answer]) > 0.5


def _isolation(
    race: Race,
    found: Mask,
    answer: Pixels,
    sample: Sample,
    baselines: Mapping[str, Callable[[Pixels, Mask], Mask]],
    first: int,
    show: bool,
) -> None:
    """Score what is found from frame `first` on; frames before it were given."""
    truth = sample.alpha > 0.5
    masks = {name: baseline(sample.plate, truth) for name, baseline in baselines.items()}
    race.score(
        overlap(found[first:], truth[first:]),
        {name: overlap(mask[first:], truth[first:]) for name, mask in masks.items()},
    )
    if show:
        cut = partial(_on_screen, sample.plate)
        truly = cut(sample.alpha)
        shown = np.concatenate([truly[:first], sample.plate[first:]])
        rows = {"input": shown, "answer": answer, "truth": truly}
        race.show(_caption(sample), rows, {name: cut(mask) for name, mask in masks.items()})


def _on_screen(plate: Pixels, alpha: Any) -> Pixels:
    return np.stack(
        [on_screen(*each) for each in zip(plate, alpha.astype(np.float32), strict=True)]
    )


def extended(model: VideoModel, count: int) -> Race:
    """A frame extended to 1.5 times its width and height: PSNR in the new area."""
    race = Race("extension_psnr_db", "extension_{}_db", "extension_gain_db")
    write = written("extend", left=1)
    for number, sample in enumerate(samples(4, count, WIDE)):
        height, width = sample.plate.shape[1:3]
        margins = Margins(height // 6, height // 6, width // 6, width // 6)
        inner = slice(margins.top, -margins.bottom), slice(margins.left, -margins.right)
        paint = np.ones(sample.alpha.shape, bool)
        paint[:, inner[0], inner[1]] = False
        known = sample.plate[:, inner[0], inner[1]]
        others = {name: wider(known, margins) for name, wider in EXTENSIONS.items()}
        _fill(race, model, write, sample, sample.plate, paint, others, number < _SHOWN)
    return race


def inserted(model: VideoModel, count: int) -> Race:
    """All frames between the first and the last of a clip: PSNR of those."""
    race = Race("insert_psnr_db", "insert_{}_db", "insert_gain_db")
    write = written("insert")
    clips = samples(5, count, longest=model.card.reach.frames.longest)
    for number, sample in enumerate(clips):
        truth = sample.plate
        paint = np.ones(sample.alpha.shape, bool)
        paint[[0, -1]] = False
        others = {
            name: np.concatenate(
                [truth[:1], between(truth[0], truth[-1], len(truth) - 2), truth[-1:]]
            )
            for name, between in INSERTS.items()
        }
        _fill(race, model, write, sample, truth, paint, others, number < _SHOWN)
    return race


def cleaned(model: VideoModel, count: int) -> Race:
    """A marked subject taken away: PSNR in the hole against the clean plate."""
    race = Race("cleanup_psnr_db", "cleanup_{}_db", "cleanup_gain_db")
    write = written("cleanup")
    clips = samples(6, count, longest=model.card.reach.frames.longest)
    for number, sample in enumerate(clips):
        paint = np.stack(
            [binary_dilation(alpha > 0.05, iterations=_GROW) for alpha in sample.alpha]
        )
        others = {name: fill(sample.plate, paint) for name, fill in CLEANUPS.items()}
        _fill(race, model, write, sample, sample.clean, paint, others, number < _SHOWN)
    return race


def _fill(
    race: Race,
    model: VideoModel,
    write: Write,
    sample: Sample,
    truth: Pixels,
    paint: Mask,
    others: dict[str, Pixels],
    show: bool,
) -> None:
    """Score what a model fills in where `paint` (T,H,W) is True."""
    sheet = write(_scene(model, sample, paint))
    region, kept = paint[..., None], sample.plate
    takes = np.where(region, shot(model, sheet, TAKES), kept)
    race.score(
        decibels(takes.mean(0), truth, paint),
        {name: decibels(answer, truth, paint) for name, answer in others.items()},
    )
    if show:
        hidden = np.where(region, np.float32(UNKNOWN), kept)
        rows = {"input": hidden, "answer": takes[0], "truth": np.where(region, truth, kept)}
        race.show(_caption(sample), rows, others)


def _caption(sample: Sample) -> str:
    return sample.told.caption or "randomised world"
