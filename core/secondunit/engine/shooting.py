"""Shooting: windows become call sheets, the model's answers become frames in their order."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from secondunit.callsheet import UNKNOWN, Answer, CallSheet, KeyPlaces, Need, Pixels
from secondunit.engine.along import fitted, refuse_idle
from secondunit.engine.calls import Calls
from secondunit.engine.marks import scaled
from secondunit.engine.rushes import Answer as Kept
from secondunit.media.sound import Samples
from secondunit.stage.found import found
from secondunit.stage.scene import Scene
from secondunit.stage.seams import healed
from secondunit.stage.soundtrack import Soundtrack, gathered, in_step
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
    _tight: bool = False
    _track: Soundtrack = field(init=False)

    def __post_init__(self) -> None:
        reach = self.card.reach
        self._track = Soundtrack(self.shot.layout.rate)
        painted = [self.shot.touched(index) for index in range(len(self.shot.layout))]
        self._tight = reach.key_places in ("ends", "first") and self._whole_frames(painted)
        self.runs: list[Run] = runs(
            painted, reach.frames, reach.context, reach.anchors, self._tight
        )
        self.windows = sum(len(run.windows) for run in self.runs)
        self.watch.calls = self.windows * self.job.takes
        if self.windows and self.shot.tracks:
            paint = (self.shot.paint(i) if each else None for i, each in enumerate(painted))
            refuse_idle(self.shot.tracks, list(paint))

    def painted(self, take: int) -> Iterator[tuple[int, Pixels]]:
        """(index, picture at the working size) of every frame with paint on it, in order."""
        self.sheets.clear()
        self._track = Soundtrack(self.shot.layout.rate)
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

    @property
    def sounds(self) -> bool:
        """Whether its takes are heard: where the model makes sound, the job does not say no, and
        all of the picture is new. A plate has a sound of its own, which goes on beside the take.
        """
        wanted = bool(getattr(self.shot.values, "sound", False)) and self.card.reach.sound
        return wanted and self.windows > 0 and "plate" not in self.shot.turnovers

    def heard(self) -> Samples:
        """What is heard with the delivered frames of the take that was painted last."""
        return self._track.over(self.shot.layout.deliver)

    def _forget(self, window: Window, made: dict[int, Pixels]) -> None:
        """Let go of what no later window is shown: they see new frames, and some of this one's."""
        for frames in (made, self._shown):
            for index in [i for i in frames if i < window.shown[-1] and i not in window.shown]:
                del frames[index]

    def _window(
        self, window: Window, made: dict[int, Pixels], take: int, count: int
    ) -> list[tuple[int, Pixels]]:
        whole_sheet = self._first or self.sheet(window, made)
        self._first = None
        sheet = self.told(whole_sheet)
        sheet.seeds, sheet.sound = (self.seed(take, count),), self.sounds
        self.sheets.append(sheet.summary(self.card.reach))
        kept_answer = self.rushes.answer(
            f"shot_{sheet.seeds[0]}", lambda: self._answer(sheet, take)
        )
        answer = kept_answer["frames"]
        self.watch.called()
        numbers, places = self._laid(window)
        whole = answer if sheet.light else _met(answer, whole_sheet, numbers)
        answered = [(index, whole[places[index]]) for index in window.fresh]
        made.update(answered)
        step = in_step(places, window.fresh)
        if step is not None and "sound" in kept_answer:
            self._track.add(kept_answer["sound"], *step)
        return answered

    def needs(self) -> frozenset[Need]:
        """What a model must honour to shoot this, judged by its first window."""
        window = next((window for run in self.runs for window in run.windows), None)
        if window is None:
            return frozenset()
        self._first = self.sheet(window, {})
        needs = self._first.needs()
        if self._first.light:
            return needs
        if self.shot.tracks:
            needs |= {"tracks"}  # some window's, if not the first one's
        if any(len(run.windows) > 1 for run in self.runs):
            return needs | {"keys"}  # what one window made, the next passes through
        return needs

    def alternatives(self) -> list[frozenset[Need]]:
        """What a model must honour: plates and mattes, or keys alone where whole frames are all
        there is.
        """
        needs = self.needs()
        plain = self._first.in_keys() if self._first is not None else None
        return [needs] if plain is None else [needs, plain.needs() | (needs & {"keys"})]

    @property
    def key_places(self) -> KeyPlaces:
        """Where a model that is told of keys alone must take them."""
        asked: KeyPlaces = "first"
        for run in self.runs:
            if run.frames.stop < len(self.shot.layout):
                if not run.frames.start:
                    return "anywhere"  # what comes first is not known
                asked = "ends"
        return asked

    @property
    def opened(self) -> bool:
        """Whether the first call's first frame is known: later ones go on from known frames."""
        first = self._first
        if first is None or first.light or 0 in first.keys:
            return True
        return first.plate is not None and first.paint is not None and not first.paint[0].any()

    def told(self, sheet: CallSheet) -> CallSheet:
        """A sheet as the model is told it: of whole frames as keys, where it takes keys and no
        plates.
        """
        reach = self.card.reach
        own = reach.honours - reach.stand_ins
        plain = None if {"plate", "paint"} <= own else sheet.in_keys()
        if plain is None:
            return sheet
        if self._tight:
            ends = (0, plain.frames - 1)
            plain.keys = {place: plain.keys[place] for place in ends if place in plain.keys}
        able = plain.needs() <= own and reach.takes_keys(plain.keys, plain.frames)
        return plain if able else sheet

    def sheet(self, window: Window, made: dict[int, Pixels]) -> CallSheet:
        """One window's call sheet, which passes through what earlier windows made."""
        laid, places = self._laid(window)
        sheet = self.shot.task.write(self.shot.values, self._scene(laid))
        if sheet.light:  # each window's plate says all there is to go by
            return self.advised(sheet)
        for index, place in places.items():
            if index in made and index not in window.fresh:
                sheet.keys[place] = made[index]
        given, room = self.shot.references(), self.card.reach.references
        sheet.references = (*given, *sheet.references[: max(0, room - len(given))])
        sheet.tracks = fitted(self.shot.tracks, laid, sheet, self.shot.fit)
        return self.advised(sheet)

    def _laid(self, window: Window) -> tuple[list[int], dict[int, int]]:
        """Which frame each place of a window's sheet shows, and the place of each frame.

        The model's clip may be longer: then the last frame stands. Where that is a key which must
        be the clip's last, what lies between is spread evenly instead.
        """
        shown = window.shown
        count, length = len(shown), self.card.reach.frames.up(len(shown))
        if not self._tight or shown[-1] in window.fresh:
            laid = [*shown, *[shown[-1]] * (length - count)]
            return laid, {index: place for place, index in enumerate(shown)}
        spots = [round(number * (length - 1) / (count - 1)) for number in range(count)]
        laid = [shown[min(bisect_left(spots, place), count - 2)] for place in range(length - 1)]
        return [*laid, shown[-1]], dict(zip(shown, spots, strict=True))

    def _whole_frames(self, painted: list[bool]) -> bool:
        """Whether nothing but whole frames is painted."""
        return all(self.shot.paint(index).all() for index, each in enumerate(painted) if each)

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
        guide = self._guide(indices)
        return Scene(self.shot.layout.rate, plate, paint, padded, self.card.reach.honours, guide)

    def _guide(self, indices: list[int]) -> Pixels | None:
        """What these frames are to follow, fitted as the plate is; None where the job has none."""
        if not self.shot.guided:
            return None
        size = self.shot.fit.working
        nothing = np.full((size.height, size.width, 3), UNKNOWN, np.float32)
        found = (self.shot.guide(index) for index in indices)
        return np.stack([nothing if g is None else self.shot.fit.shown(g) for g in found])

    def _answer(self, sheet: CallSheet, take: int) -> Kept:
        if self.windows == 1 and self.job.takes > 1:
            return _whole(self._shared_answers(sheet, take), sheet)
        return _whole(list(self.ready.shoot(sheet, self.watch)), sheet)

    def _shared_answers(self, sheet: CallSheet, take: int) -> list[Answer]:
        """This take's part of the one call that makes all takes, from the first that is not kept
        from an earlier run.
        """
        if self._together is None:
            self._opens = take
            sheet.seeds = tuple(self.seed(each) for each in range(take, self.job.takes))
            self._together = self.ready.shoot(sheet, self.watch)
        # No answer further than this take's last: the next one would have to be shot for it.
        answers: list[Answer] = []
        while sum(len(each.frames) for each in answers) < sheet.frames:
            answer = next(self._together, None)
            if answer is None or answer.take > take - self._opens:
                break
            if answer.take == take - self._opens:  # an earlier one was kept, and is not wanted
                answers.append(answer)
        return answers


def _whole(answers: list[Answer], sheet: CallSheet) -> Kept:
    """One take of a call: all its frames, and what is heard with them where there is anything."""
    frames = [each.frames for each in answers] or [np.zeros((0, 0, 0, 3), np.float32)]
    whole = np.concatenate(frames)
    if whole.shape != (sheet.frames, sheet.height, sheet.width, 3):
        raise ProgramFault(f"The model gave {whole.shape} for a sheet of {sheet.summary()}")
    sound = gathered(answers, sheet.rate) if sheet.sound else None
    return {"frames": whole} if sound is None else {"frames": whole, "sound": sound}


def _met(answer: Pixels, sheet: CallSheet, numbers: list[int]) -> Pixels:
    """An answer that meets what its sheet knows: the known pixels themselves, no seam, and beyond
    it what other frames saw there.
    """
    kept, known = ~np.asarray(sheet.paint), np.array(sheet.plate)
    for place, picture in sheet.keys.items():
        kept[place], known[place] = True, picture
    return np.where(kept[..., None], known, found(healed(answer, known, kept, numbers), sheet))


def _padded(marks: Pixels, shape: tuple[int, ...]) -> Pixels:
    below, beside = shape[0] - marks.shape[0], shape[1] - marks.shape[1]
    return np.pad(marks, ((0, below), (0, beside)), mode="edge")
