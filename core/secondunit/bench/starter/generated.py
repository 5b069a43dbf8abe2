"""What is delivered on generated clips whose seeds are kept out of training: whole jobs.

Each clip is filed and given to the task an artist would use, with its default values but for the
sizes that say what is judged. Beside it stands the model's own answer to the same call, before
anything is made of it, and for fills the guess that it may be shown. Fills are judged in the region
they fill; PSNR is of the mean of four takes, so that variety is not punished. Sizes and lengths are
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
from secondunit.bench.starter.race import DELIVERED, Mask, Race, decibels, overlap
from secondunit.bench.starter.unit import STEPS, Unit
from secondunit.callsheet import UNKNOWN, CallSheet, Pixels, Unwatched, VideoModel
from secondunit.matting.screen import keyed, on_screen
from secondunit.matting.ways import Passage, Wish, carry, paint
from secondunit.stage.rough import roughed
from secondunit.stage.scene import Scene
from secondunit.worlds import named, randomised
from secondunit.worlds.baselines import BY_BOX, BY_MASK, CLEANUPS, EXTENSIONS, INSERTS, Margins
from secondunit.worlds.clips import Clips, Told, World
from secondunit_contract.frames import Rate
from secondunit_contract.problem import MarkMissing

HELD_OUT = 900_000_000
"""Seeds from here on are never trained on."""

TAKES = 4

OWN, GUESS = "own", "guess"
"""What is reported beside a race: the model's own answer, and the guess it may be shown."""

_RATE = Rate.of(24)
_SEEN = 0.05  # of an alpha: less than that hides nothing
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


def isolated(unit: Unit, count: int, several: bool) -> Race:
    """The matte of what is named, alone in front of the background or among others."""
    model = unit.model
    kind = "several" if several else "single"
    race = Race(f"isolate_iou_{kind}", f"isolate_{{}}_iou_{kind}")

    def wanted(sample: Sample) -> bool:
        return sample.there and sample.told.several == several

    rule = model.card.reach.frames
    clips = samples(1 + several, count, SHAPES, _NAMED, wanted, rule.longest)
    for number, sample in enumerate(clips):
        subject = sample.told.subject
        (sheet,) = paint.write(_passage(model, sample, {}), Wish(subject, votes=1))
        inputs = {"plate": unit.filed(f"{kind}_{number}", sample.plate)}
        try:
            alpha = unit.takes("matte", inputs, {"subject": subject})[0][..., 3]
        except MarkMissing:  # the job says that it found nothing, and delivers nothing
            alpha = np.zeros_like(sample.alpha)
        own = shot(model, sheet, 1)[0]
        _isolation(race, alpha, own, sample, BY_BOX, 0, number < _SHOWN)
    return race


def marked(unit: Unit, count: int) -> Race:
    """The matte of what is marked on the first frame, on all the others."""
    model = unit.model
    race = Race("marked_iou", "marked_{}_iou")
    for number, sample in enumerate(_to_mark(model, count)):
        (sheet,) = carry.write(_passage(model, sample, {0: sample.alpha[0]}), Wish())
        inputs = {
            "plate": unit.filed(f"plate_{number}", sample.plate),
            "matte": unit.filed(f"first_{number}", _grey(sample.alpha[:1])),
        }
        alpha = unit.takes("matte", inputs, {})[0][..., 3]
        own = shot(model, sheet, 1)[0]
        _isolation(race, alpha, own, sample, BY_MASK, 1, number < _SHOWN)
    return race


def _to_mark(model: VideoModel, count: int) -> Iterator[Sample]:
    return samples(3, count, longest=model.card.reach.frames.longest)


def _keyed(answer: Pixels) -> Mask:
    return np.stack([keyed(frame) for frame in answer]) > 0.5


def _grey(alpha: Pixels) -> Pixels:
    return np.repeat(alpha[..., None], 3, axis=3)


def _isolation(
    race: Race,
    alpha: Pixels,
    own: Pixels,
    sample: Sample,
    baselines: Mapping[str, Callable[[Pixels, Mask], Mask]],
    first: int,
    show: bool,
) -> None:
    """Score the matte delivered from frame `first` on; frames before it were given."""
    truth = sample.alpha > 0.5
    masks = {name: baseline(sample.plate, truth) for name, baseline in baselines.items()}
    race.score(
        overlap(alpha[first:] > 0.5, truth[first:]),
        {name: overlap(mask[first:], truth[first:]) for name, mask in masks.items()},
        {OWN: overlap(_keyed(own)[first:], truth[first:])},
    )
    if show:
        cut = partial(_on_screen, sample.plate)
        truly = cut(sample.alpha)
        shown = np.concatenate([truly[:first], sample.plate[first:]])
        rows = {"input": shown, "the model's own answer": own, DELIVERED: cut(alpha)}
        race.show(
            _caption(sample), rows | {"truth": truly}, {n: cut(mask) for n, mask in masks.items()}
        )


def _on_screen(plate: Pixels, alpha: Any) -> Pixels:
    return np.stack(
        [on_screen(*each) for each in zip(plate, alpha.astype(np.float32), strict=True)]
    )


def extended(unit: Unit, count: int) -> Race:
    """A frame extended to 1.5 times its width and height: PSNR in the new area."""
    race = Race("extension_psnr_db", "extension_{}_db", "extension_gain_db")
    write = written("extend", left=1)
    for number, sample in enumerate(samples(4, count, WIDE)):
        height, width = sample.plate.shape[1:3]
        margins = Margins(height // 6, height // 6, width // 6, width // 6)
        inner = slice(margins.top, -margins.bottom), slice(margins.left, -margins.right)
        hole = np.ones(sample.alpha.shape, bool)
        hole[:, inner[0], inner[1]] = False
        known = sample.plate[:, inner[0], inner[1]]
        plate = unit.filed(f"inner_{number}", known)
        takes = unit.takes("extend", {"plate": plate}, {"width": width, "height": height}, TAKES)
        others = {name: wider(known, margins) for name, wider in EXTENSIONS.items()}
        fill = Fill(sample, sample.plate, hole, takes, others)
        fill.score(race, unit.model, write, number < _SHOWN)
    return race


def inserted(unit: Unit, count: int) -> Race:
    """All frames between the first and the last of a clip: PSNR of those."""
    race = Race("insert_psnr_db", "insert_{}_db", "insert_gain_db")
    write = written("insert")
    for number, sample in enumerate(samples(5, count, longest=_longest(unit))):
        truth = sample.plate
        hole = np.ones(sample.alpha.shape, bool)
        hole[[0, -1]] = False
        inputs = {
            "before": unit.filed(f"before_{number}", truth[:1]),
            "after": unit.filed(f"after_{number}", truth[-1:]),
        }
        takes = unit.takes("insert", inputs, {"frames": len(truth) - 2}, TAKES)
        takes = np.stack([_joined(truth, take) for take in takes])
        others = {
            name: _joined(truth, between(truth[0], truth[-1], len(truth) - 2))
            for name, between in INSERTS.items()
        }
        fill = Fill(sample, truth, hole, takes, others)
        fill.score(race, unit.model, write, number < _SHOWN)
    return race


def cleaned(unit: Unit, count: int) -> Race:
    """A marked subject taken away: PSNR in the hole against the clean plate."""
    race = Race("cleanup_psnr_db", "cleanup_{}_db", "cleanup_gain_db")
    write = written("cleanup")
    for number, sample in enumerate(samples(6, count, longest=_longest(unit))):
        hole = np.stack(
            [binary_dilation(alpha > _SEEN, iterations=_GROW) for alpha in sample.alpha]
        )
        inputs = {
            "plate": unit.filed(f"whole_{number}", sample.plate),
            "matte": unit.filed(f"matte_{number}", _grey(hole.astype(np.float32))),
        }
        takes = unit.takes("cleanup", inputs, {"grow": 0, "feather": 0}, TAKES)
        others = {name: inpainted(sample.plate, hole) for name, inpainted in CLEANUPS.items()}
        fill = Fill(sample, sample.clean, hole, takes, others)
        fill.score(race, unit.model, write, number < _SHOWN)
    return race


def _longest(unit: Unit) -> int:
    return unit.model.card.reach.frames.longest


def _joined(truth: Pixels, frames: Pixels) -> Pixels:
    """Frames with the true ones before and after them."""
    return np.concatenate([truth[:1], frames, truth[-1:]])


@dataclass(frozen=True, eq=False)
class Fill:
    """A clip with a hole: the truth in it (T,H,W,3), the hole (T,H,W), what a job delivered
    (N,T,H,W,3), and what trivial fills make of it.
    """

    sample: Sample
    truth: Pixels
    hole: Mask
    takes: Pixels
    others: Mapping[str, Pixels]

    def score(self, race: Race, model: VideoModel, write: Write, show: bool) -> None:
        """Score what was delivered; beside it the model's own answer, and the guess alone."""
        hidden = np.where(self.hole[..., None], np.float32(UNKNOWN), self.sample.plate)
        own = shot(model, write(_scene(model, self.sample, self.hole)), TAKES)
        race.score(
            self._decibels(self.takes.mean(0)),
            {name: self._decibels(answer) for name, answer in self.others.items()},
            {OWN: self._decibels(own.mean(0)), GUESS: self._decibels(roughed(hidden, self.hole))},
        )
        if show:
            rows = {"input": hidden, "the model's own answer": self._inlaid(own[0])}
            rows |= {DELIVERED: self._inlaid(self.takes[0]), "truth": self._inlaid(self.truth)}
            race.show(_caption(self.sample), rows, dict(self.others))

    def _decibels(self, answer: Pixels) -> float:
        return decibels(answer, self.truth, self.hole)

    def _inlaid(self, answer: Pixels) -> Pixels:
        return np.where(self.hole[..., None], answer, self.sample.plate)


def _caption(sample: Sample) -> str:
    return sample.told.caption or "randomised world"
