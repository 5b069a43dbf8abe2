"""Shooting: windows become call sheets, the model's answers become frames in their order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from secondunit.callsheet import Answer, CallSheet, Need, Pixels
from secondunit.engine.calls import Calls
from secondunit.engine.marks import scaled
from secondunit.stage.scene import Scene
from secondunit.stage.seams import healed
from secondunit.stage.windows import Run, Window, runs
from secondunit_contract.problem import ProgramFault


@dataclass
class Shooting(Calls):
    """All calls of one job, take by take.

    Where the whole job is one window its takes are one call, which shares what they have in common;
    where it is more, each window must see what its own take has made before.
    """

    _shown: dict[int, Pixels] = field(default_factory=dict)
    _together: Iterator[Answer] | None = None
    _opens: int = 0
    _first: CallSheet | None = None

    def __post_init__(self) -> None:
        reach = self.card.reach
        painted = [self.shot.touched(index) for index in range(len(self.shot.layout))]
        self.runs: list[Run] = runs(painted, reach.frames, reach.context, reach.anchors)
        self.windows = sum(len(run.windows) for run in self.runs)
        self.watch.calls = self.windows * self.job.takes

    def painted(self, take: int) -> Iterator[tuple[int, Pixels]]:
        """(index, picture at the working size) of every frame with paint on it, in order."""
        self.sheets.clear()
        if take:  # the first take begins with what the planning has read
            self._shown.clear()
        count = 0
        for run in self.runs:
            made: dict[int, Pixels] = {}
            held: list[tuple[int, Pixels]] = []
            for window in run.windows:
                answered = self._window(window, made, take, count)
                count += 1
                if run.in_order:
                    yield from answered
                    self._forget(window, made)
                else:
                    held += answered
            yield from sorted(held, key=lambda each: each[0])

    def _forget(self, window: Window, made: dict[int, Pixels]) -> None:
        """Let go of what no later window is shown: they see new frames, and some of this one's."""
        for frames in (made, self._shown):
            for index in [i for i in frames if i < window.shown[-1] and i not in window.shown]:
                del frames[index]

    def _window(
        self, window: Window, made: dict[int, Pixels], take: int, count: int
    ) -> list[tuple[int, Pixels]]:
        sheet = self._first or self.sheet(window, made)
        self._first = None
        sheet.seeds = (self.seed(take, count),)
        self.sheets.append(sheet.summary())
        name = f"shot_{sheet.seeds[0]}"
        answer = self.rushes.answer(name, lambda: {"frames": self._answer(sheet, take)})["frames"]
        self.watch.called()
        kept, known = ~np.asarray(sheet.paint), np.array(sheet.plate)
        for index, picture in sheet.keys.items():
            kept[index], known[index] = True, picture
        last = window.shown[-1]
        numbers = [*window.shown, *[last] * (len(kept) - len(window.shown))]
        whole = np.where(kept[..., None], known, healed(answer, known, kept, numbers))
        answered = []
        for index, picture in zip(window.shown, whole, strict=False):
            if index in window.fresh:
                made[index] = picture
                answered.append((index, picture))
        return answered

    def needs(self) -> frozenset[Need]:
        """What a model must honour to shoot this, judged by its first window."""
        window = next((window for run in self.runs for window in run.windows), None)
        if window is None:
            return frozenset()
        self._first = self.sheet(window, {})
        needs = self._first.needs()
        if any(len(run.windows) > 1 for run in self.runs):
            return needs | {"keys"}  # what one window made, the next passes through
        return needs

    def alternatives(self) -> list[frozenset[Need]]:
        """What a model must honour; one road only."""
        return [self.needs()]

    def sheet(self, window: Window, made: dict[int, Pixels]) -> CallSheet:
        """One window's call sheet, which passes through what earlier windows made."""
        shown = window.shown
        length = self.card.reach.frames.up(len(shown))
        scene = self._scene([*shown, *[shown[-1]] * (length - len(shown))])
        sheet = self.shot.task.write(self.shot.values, scene)
        for place, index in enumerate(shown):
            if index in made and index not in window.fresh:
                sheet.keys[place] = made[index]
        given, room = self.shot.references(), self.card.reach.references
        sheet.references = (*given, *sheet.references[: max(0, room - len(given))])
        return self.advised(sheet)

    def _scene(self, indices: list[int]) -> Scene:
        fit = self.shot.fit
        marks = {}
        for place, index in enumerate(indices):
            if index not in self._shown:
                self._shown[index] = fit.shown(self.shot.display(index))
            marked = self.shot.marks(index)
            if marked is not None:
                marks[place] = scaled(marked, fit.inner)
        paint = np.stack([fit.shown_mask(self.shot.paint(index)) for index in indices])
        plate = np.stack([self._shown[index] for index in indices])
        padded = {place: _padded(marked, paint.shape[1:]) for place, marked in marks.items()}
        return Scene(self.shot.layout.rate, plate, paint, padded, self.card.reach.honours)

    def _answer(self, sheet: CallSheet, take: int) -> Pixels:
        if self.windows == 1 and self.job.takes > 1:
            return self._shared_answer(sheet, take)
        frames = [answer.frames for answer in self.ready.shoot(sheet, self.watch)]
        return _whole(frames, sheet)

    def _shared_answer(self, sheet: CallSheet, take: int) -> Pixels:
        """This take's frames of the one call that makes all takes, from the first that is not kept
        from an earlier run.
        """
        if self._together is None:
            self._opens = take
            sheet.seeds = tuple(self.seed(each) for each in range(take, self.job.takes))
            self._together = self.ready.shoot(sheet, self.watch)
        # No answer further than this take's last: the next one would have to be shot for it.
        frames: list[Pixels] = []
        while sum(map(len, frames)) < sheet.frames:
            answer = next(self._together, None)
            if answer is None or answer.take > take - self._opens:
                break
            if answer.take == take - self._opens:  # an earlier one was kept, and is not wanted
                frames.append(answer.frames)
        return _whole(frames, sheet)


def _whole(frames: list[Pixels], sheet: CallSheet) -> Pixels:
    answer = np.concatenate(frames) if frames else np.zeros((0, 0, 0, 3), np.float32)
    if answer.shape != (sheet.frames, sheet.height, sheet.width, 3):
        raise ProgramFault(f"The model gave {answer.shape} for a sheet of {sheet.summary()}")
    return answer


def _padded(marks: Pixels, shape: tuple[int, ...]) -> Pixels:
    below, beside = shape[0] - marks.shape[0], shape[1] - marks.shape[1]
    return np.pad(marks, ((0, below), (0, beside)), mode="edge")
