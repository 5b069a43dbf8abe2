"""The bin: the clips a model is to learn from, shown in pieces of the length and size it makes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, Self

import numpy as np

from secondunit.callsheet import FrameRule, Pixels, Reach
from secondunit.engine.shot import framed
from secondunit.media.colour import ColourPath, space_of
from secondunit.media.depth import to_unit
from secondunit.media.pattern import PICTURES
from secondunit.media.read import Reader, open_media
from secondunit.stage.fit import Fit
from secondunit.tasks import Task
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.job import Job
from secondunit_contract.problem import BadValue, MediaEmpty

_MOVIES = frozenset({".mov", ".mp4", ".mkv", ".m4v", ".avi", ".mxf", ".webm"})
_FALLBACK_RATE = Rate.of(24)
_HELD_FROM = 3  # lessons long, a clip keeps its last one aside


@dataclass(frozen=True, eq=False)
class Roll:
    """One clip of a bin: so many of its frames are a lesson."""

    name: str
    reader: Reader
    range: FrameRange
    rate: Rate
    length: int
    fit: Fit

    @property
    def holds(self) -> bool:
        """Whether it is long enough to keep its end aside, never to be learnt from."""
        return len(self.range) >= _HELD_FROM * self.length

    def learnt_from(self, chance: Random) -> Pixels:
        """A piece by chance, (T,H,W,3) display-referred."""
        last = self.range.last + 1 - self.length * (1 + self.holds)
        return self._piece(chance.randint(self.range.first, last))

    def held(self) -> Pixels:
        """The piece kept aside; of a short clip its end."""
        return self._piece(self.range.last + 1 - self.length)

    def begun(self) -> Pixels:
        """Its first piece."""
        return self._piece(self.range.first)

    def _piece(self, first: int) -> Pixels:
        footage = self.reader.footage
        colour = ColourPath(space_of(footage))
        wanted = FrameRange(first, first + self.length - 1)
        shown = [
            framed(colour.to_display(to_unit(frame[..., :3], footage.depth)), self.fit.working)
            for frame in self.reader.frames(wanted)
        ]
        return np.clip(np.stack(shown), 0, 1).astype(np.float32)


class Bin:
    """A job's clips, opened. A context manager: it holds files open."""

    def __init__(self, task: Task, clips: Mapping[str, Clip], reach: Reach, frames: int) -> None:
        self._open = ExitStack()
        self.rolls: list[Roll] = []
        self.sample: Roll | None = None
        try:
            for name, clip in clips.items():
                kind = next((each for each in task.INPUTS if name.startswith(each)), "")
                if not kind:
                    raise BadValue(
                        f"{task.TITLE} takes no {name}",
                        clip.media,
                        f"It takes {', '.join(task.INPUTS)}; further clips are clip2, clip3, …",
                    )
                roll = self._roll(name, clip, reach, frames)
                if kind == "sample":
                    self.sample = roll
                else:
                    self.rolls.append(roll)
            if not self.rolls:
                raise BadValue(f"{task.TITLE} needs clips", remedy="Say which, as in clip=PATH")
        except BaseException:
            self._open.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._open.close()

    def _roll(self, name: str, clip: Clip, reach: Reach, frames: int) -> Roll:
        reader = self._open.enter_context(open_media(clip))
        footage = reader.footage
        wanted = clip.range or footage.range
        rule = reach.frames
        length = _length(rule, min(len(wanted), frames or rule.longest))
        if length > len(wanted):
            raise MediaEmpty(
                f"{name} has {len(wanted)} frames, and the model learns from {rule.base} at least",
                clip.media,
                "Take a longer clip",
            )
        rate = clip.rate or footage.rate or _FALLBACK_RATE
        return Roll(name, reader, wanted, rate, length, Fit.into(footage.size, reach))


def spread(job: Job) -> Job:
    """The job with each folder of movies as its movies, and the words that lie beside a clip as
    NAME.txt. A folder of pictures is one clip, as everywhere.
    """
    clips: dict[str, Clip] = {}
    for name, clip in job.inputs.items():
        movies = _movies(Path(clip.media))
        for number, movie in enumerate(movies, 1):
            clips[f"{name}_{number:03d}"] = replace(clip, media=str(movie))
        if not movies:
            clips[name] = clip
    said = {name: words for name, clip in clips.items() if (words := _words(Path(clip.media)))}
    values: dict[str, Any] = dict(job.values)
    if said:
        own = values.get("prompts", {})
        values["prompts"] = said | (own if isinstance(own, dict) else {})
    return replace(job, inputs=clips, values=values)


def _movies(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(each for each in folder.iterdir() if each.suffix.lower() in _MOVIES)


def _words(media: Path) -> str:
    beside = media.with_suffix(".txt")
    if media.suffix.lower() not in _MOVIES | PICTURES or not beside.is_file():
        return ""
    return " ".join(beside.read_text("utf-8", "replace").split())


def _length(rule: FrameRule, frames: int) -> int:
    """The longest clip a model can make that is no longer than that; its shortest at least."""
    return rule.base + max(0, (min(frames, rule.longest) - rule.base) // rule.step) * rule.step
