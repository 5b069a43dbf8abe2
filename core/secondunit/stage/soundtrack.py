"""A take's sound: what each call made is laid where its frames stand, and joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import gcd

import numpy as np
from scipy.signal import resample_poly

from secondunit.callsheet import Answer, Sound
from secondunit.media.sound import CHANNELS, RATE, Samples, samples_of
from secondunit_contract.frames import Rate, Span

_FADE = RATE // 10  # samples that one call's sound takes to go over into the next one's, at most
_END = Fraction(1, 200)  # seconds a sound takes to end: cut off, it would click


def lasting(sound: Sound, frames: int, rate: Rate) -> Sound:
    """The sound as long as so many frames: cut, or ended in silence where it is shorter."""
    wanted = round(rate.seconds(frames) * sound.rate)
    short = wanted - len(sound.samples)
    if short <= 0:
        return Sound(sound.samples[:wanted], sound.rate)
    end = min(len(sound.samples), round(sound.rate * _END))
    samples = np.pad(sound.samples, ((0, short), (0, 0)))
    ramp = np.linspace(1, 0, end, endpoint=False, dtype=np.float32)
    samples[wanted - short - end : wanted - short] *= ramp[:, None]
    return Sound(samples, sound.rate)


def gathered(answers: Sequence[Answer], rate: Rate) -> Samples | None:
    """What one take of a call has to be heard, as takes hold it; None where there is nothing."""
    if all(answer.sound is None for answer in answers):
        return None
    stop = max(answer.first + len(answer.frames) for answer in answers)
    whole = np.zeros((samples_of(stop, rate), CHANNELS), np.float32)
    for answer in answers:
        if answer.sound is not None:
            begin = samples_of(answer.first, rate)
            end = samples_of(answer.first + len(answer.frames), rate)
            part = _delivered(answer.sound)[: end - begin]
            whole[begin : begin + len(part)] = part
    return whole


def in_step(places: Mapping[int, int], fresh: Sequence[int]) -> tuple[Span, int] | None:
    """The laid-out frames around a call's fresh ones that it shows in their own time, and the place
    on its sheet where the first of them stands.

    None where it shows the fresh ones further apart, or nearer: it is heard in no time of the take.
    """
    first, last = fresh[0], fresh[-1]
    ahead = places[first] - first
    if any(places.get(index) != index + ahead for index in range(first, last + 1)):
        return None
    while places.get(first - 1) == first - 1 + ahead:
        first -= 1
    while places.get(last + 1) == last + 1 + ahead:
        last += 1
    return Span(first, last + 1), places[first]


class Soundtrack:
    """The sound of one take, gathered call by call in any order."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._heard: list[tuple[Span, Samples]] = []

    def add(self, samples: Samples, frames: Span, place: int = 0) -> None:
        """What a call lets be heard, which stands on these laid-out frames from a place on its
        sheet on.
        """
        begin = samples_of(place, self._rate)
        length = self._at(frames.stop) - self._at(frames.start)
        self._heard.append((frames, samples[begin : begin + length]))

    def over(self, frames: Span) -> Samples:
        """What is heard over these laid-out frames, (N,2): silence where no call made any.

        Two calls that both tell of a stretch go over into each other in its middle. They were made
        apart, so it is their power that stays the same, not the sum of their waves.
        """
        spans = [span for span, _ in self._heard]
        stop = max(span.stop for span in [*spans, frames])
        track = np.zeros((self._at(stop), CHANNELS), np.float32)
        until = 0
        for span, samples in sorted(self._heard, key=lambda each: (each[0].start, each[0].stop)):
            start = self._at(span.start)
            end = start + len(samples)
            if end > until:
                goes = _faded(track, samples, start, until) if start < until else start
                track[goes:end] = samples[goes - start :]
                until = end
        return track[self._at(frames.start) : self._at(frames.stop)]

    def _at(self, frame: int) -> int:
        return samples_of(frame, self._rate)


def _faded(track: Samples, samples: Samples, start: int, until: int) -> int:
    """Have `samples`, which begin at `start`, come up on a track that is heard until `until`; where
    they are heard alone.
    """
    length = min(until - start, _FADE)
    begin = start + (until - start - length) // 2
    way = (np.arange(length, dtype=np.float32)[:, None] + 0.5) / length * (np.pi / 2)
    old, new = track[begin : begin + length], samples[begin - start : begin - start + length]
    track[begin : begin + length] = old * np.cos(way) + new * np.sin(way)
    return begin + length


def _delivered(sound: Sound) -> Samples:
    """A sound at the rate and with the channels takes have; one channel is heard on both sides."""
    samples = np.nan_to_num(np.asarray(sound.samples, np.float32))
    if sound.rate != RATE and len(samples):
        shared = gcd(RATE, sound.rate)
        up, down = RATE // shared, sound.rate // shared
        samples = resample_poly(samples, up, down, axis=0, padtype="edge")
    stereo = np.broadcast_to(samples, (len(samples), CHANNELS))
    return np.ascontiguousarray(stereo, np.float32)
