"""Words alone: whether what was asked for can be found in what was made.

Asked for is one thing of a strong colour that moves to a side, up or down, by day or under clouds,
before a camera that stands still: what the probe can tell apart. Its learning, its examination and
the prompts have seeds of their own, all held out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import numpy as np

from secondunit.bench.starter.generated import HELD_OUT, SHAPES, Sample, clips_of, shot
from secondunit.bench.starter.probe import DIRECTIONS, Lesson, Probe, Seen
from secondunit.bench.starter.race import Example, spread
from secondunit.callsheet import CallSheet, VideoModel
from secondunit.worlds import named, words
from secondunit.worlds.staging import staged
from secondunit_contract.frames import Rate

LESSONS, EXAMINED = 240, 60

_LEARNING, _EXAM, _ASKING = (HELD_OUT + 1_000_000 * number for number in (21, 22, 23))
_STRONG = ("red", "orange", "yellow", "cyan", "blue", "purple", "pink")
_PLAIN = ("day", "overcast")
_STILL = "still"
_SHAPE = SHAPES[0]
_SHOWN = 8
_LEAST = 0.01  # of the picture


@dataclass(frozen=True)
class Asked:
    """A shot that words ask for, and the seed of the true clip of it."""

    seed: int
    shot: words.Shot

    @property
    def prompt(self) -> str:
        """The shot in the plainest words: the first of each row."""
        thing = self.shot.subject
        article = "an" if thing.colour[0] in "aeio" else "a"
        place, light = words.PLACES[self.shot.place][0], words.LIGHTS[self.shot.light][0]
        who = f"{article} {thing.colour} {thing.shape} {words.MOTIONS[thing.motion][0]}"
        return f"{who} {place} {light}, {words.CAMERAS[_STILL][0]}"

    @property
    def seen(self) -> Seen:
        """What the probe ought to see."""
        return _seen(self.shot.subject)


_FIGURES = ("prompt_accuracy", "prompt_colour", "prompt_shape", "prompt_motion")


def asked(first: int) -> Iterator[Asked]:
    """Shots the probe can judge, from the seed `first` on."""
    seed = first
    while True:
        shot = staged(Random(seed), *_SHAPE).shot
        thing, plain = shot.subject, shot.light in _PLAIN and shot.camera == _STILL
        if plain and not shot.others and thing.colour in _STRONG and _seen(thing).direction:
            yield Asked(seed, shot)
        seed += 1


def lessons(first: int, count: int) -> Iterator[Lesson]:
    """True clips of such shots."""
    for each in asked(first):
        if count <= 0:
            return
        (sample,) = clips_of(named.clips(each.seed, 1, *_SHAPE))
        if _visible(sample):
            count -= 1
            yield Lesson(sample.plate, sample.alpha, each.seen)


def trained() -> Probe:
    """A probe that has learnt from true clips."""
    return Probe(lessons(_LEARNING, LESSONS))


def examined(probe: Probe) -> float:
    """The share of other true clips in which the probe sees everything as it is."""
    right = [probe.seen(each.plate) == each.seen for each in lessons(_EXAM, EXAMINED)]
    return float(np.mean(right))


def prompted(model: VideoModel, probe: Probe, count: int, kept: list[Example]) -> dict[str, float]:
    """prompt_accuracy: the share of clips in which all that was asked is found; and by parts.

    A model whose card does not claim to shoot from words alone is not asked, and finds nothing.
    """
    if "words" not in model.card.reach.honours:
        return dict.fromkeys(_FIGURES, 0.0)
    right = []
    frames = model.card.reach.frames.up(min(_SHAPE.frames, model.card.reach.frames.longest))
    for number, each in zip(range(count), asked(_ASKING), strict=False):
        sheet = CallSheet(_SHAPE.width, _SHAPE.height, frames, Rate.of(24), prompt=each.prompt)
        answer = shot(model, sheet, 1)[0]
        found = probe.seen(answer)
        right.append([one == other for one, other in zip(found, each.seen, strict=True)])
        if number < _SHOWN:
            told = "answer; the probe sees: " + (" ".join(filter(None, found)) or "nothing")
            kept.append(Example("words only", each.prompt, {told: spread(answer)}))
    parts = np.array(right)
    shares = (parts.all(1), *parts.T)
    return {name: float(share.mean()) for name, share in zip(_FIGURES, shares, strict=True)}


def _seen(thing: words.Thing) -> Seen:
    towards = next((each for each in DIRECTIONS if each in thing.motion.split()), "")
    return Seen(thing.colour, thing.shape, towards)


def _visible(sample: Sample) -> bool:
    return float(np.median((sample.alpha > 0.5).mean((1, 2)))) >= _LEAST
