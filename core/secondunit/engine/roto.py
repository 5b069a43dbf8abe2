"""Roto: finding a subject through a shot, by the cheapest way a model has; where that is not sure,
by another; and where none is, by asking the artist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from secondunit.callsheet import CallSheet, Need, Pixels, Reach, Sight
from secondunit.engine.calls import Calls
from secondunit.engine.evidence import Evidence
from secondunit.engine.framing import Framing
from secondunit.engine.rushes import Answer
from secondunit.engine.views import Views
from secondunit.matting.sureness import UNSURE, Neighbour, home_again, sureness
from secondunit.matting.track import Belief, Track
from secondunit.matting.ways import Guess, Passage, Way, Wish, carry, look, paint, tint
from secondunit.media.resize import resized
from secondunit.models.forecast import Look
from secondunit.stage.fit import Fit
from secondunit.stage.legs import Leg, legs
from secondunit.stage.windows import Run, Window, runs
from secondunit_contract.frames import Span
from secondunit_contract.problem import MarkMissing

_WAYS: tuple[Any, ...] = (look, carry, paint, tint)  # the cheaper first
_BACK: Any = look  # makes nothing, so it can be asked whatever way led there
_LOOKED_AT = 4  # times the area a model shoots
_JUDGED = 16  # frames at once
_ASKED = 12  # times at most: nobody reads more
_LEAST, _MOST = 0.0002, 0.6  # share of the picture; outside it words have found nothing
_FOUND_ON = 0.5  # share of frames on which words must find something
_LOOKING = Fraction(1, 2)  # of a take's progress; the rest is pulling its mattes


@dataclass
class Roto(Calls):
    """All calls for the mattes of one job, take by take."""

    _take: int = 0
    _asked: int = 0

    def __post_init__(self) -> None:
        self._views = Views(self.shot)
        self.wish: Wish = self.shot.task.wish(self.shot.values)
        indices = range(len(self.shot.layout))
        self._marked = tuple(index for index in indices if self.shot.marks(index) is not None)
        self.ways = [way for way in self._askable() if self._can(way)]
        told = bool(self._marked or self.wish.subject)
        self.runs = self._runs([told and index not in set(self._marked) for index in indices])
        self.windows = sum(len(run.windows) for run in self.runs)

    def alternatives(self) -> list[frozenset[Need]]:
        """What a model must honour: any one of these will do, the first the best."""
        if not self.windows:
            return [frozenset()]
        return [needs for way in self._askable() if (needs := self._needs(way)) is not None]

    def looks(self) -> tuple[Look, ...]:
        """The largest looks of the job, as far as memory hangs on them; none where the model cannot
        look. Whatever way leads to a matte, the way back is a look. What words have found in one
        window is a mask in the next.
        """
        if "look" not in self.card.reach.honours:
            return ()
        looking = any(way.NAME == look.NAME for way in self.ways)
        wish = self.wish if looking else _briefly(self.wish)
        size = Fit.into(self._views.size, self._reach(_BACK, wish)).working
        spans = [len(window.shown) for run in self.runs for window in run.windows]
        sides = [side for run in self.runs for side in self._legs(run)]
        spans += [len(leg.frames) + 1 for side in sides for leg in side]
        masked = Look(size.width, size.height, max(spans, default=1), wish.samples)
        worded = looking and not self._marked
        return (masked, replace(masked, words=True)) if worded else (masked,)

    @property
    def shoots(self) -> bool:
        """Whether any of its ways is more than a look."""
        return any(way.NAME != look.NAME for way in self.ways)

    def track(self, take: int) -> Track:
        """What is believed of every frame. Raises MarkMissing where words find nothing."""
        self.sheets.clear()
        self._views.forget_all()
        self._take, self._asked = take, 0
        track = Track(len(self.shot.layout))
        self._hear_marks(track)
        for number, way in enumerate(self.ways if self.windows else ()):
            unsure = track.unsure()
            if not any(unsure):
                break
            if number:
                self._say_next(way, unsure)
            wanted = self._runs(unsure)
            self.watch.stretch(self._until(take, number), self._calls(wanted))
            for run in wanted:
                self._follow(way, run, track, take)
        self._refuse_nothing(track)
        self._ask(track)
        self.watch.stretch(Fraction(take + 1, self.job.takes), len(self.shot.layout.deliver))
        return track

    def _until(self, take: int, number: int) -> Fraction:
        """How much of the job is done when a take's n-th way has been gone. Nobody knows whether
        another will be needed: each has half of what is left for looking, and the last all.
        """
        last = number + 1 == len(self.ways)
        looked = _LOOKING * (1 if last else 1 - Fraction(1, 2 ** (number + 1)))
        return (take + looked) / self.job.takes

    def _askable(self) -> Iterator[Way]:
        """The ways the artist leaves us that can begin from what is known."""
        told = getattr(self.shot.values, "way", "auto")
        for way in _WAYS:
            if told in ("auto", way.NAME) and self._needs(way) is not None:
                yield way

    def _needs(self, way: Way) -> frozenset[Need] | None:
        return way.needs(bool(self._marked), self.wish)

    def _can(self, way: Way) -> bool:
        needs = self._needs(way)
        return needs is not None and needs <= self.card.reach.honours

    def _runs(self, wanted: Sequence[bool]) -> list[Run]:
        reach = self.card.reach
        return runs(wanted, reach.frames, reach.context, reach.anchors)

    def _calls(self, runs: Sequence[Run]) -> int:
        """How often the model is asked for these: for each window, and for each leg's way back."""
        return sum(len(run.windows) + sum(map(len, self._legs(run))) for run in runs)

    def _legs(self, run: Run) -> list[list[Leg]]:
        if "look" not in self.card.reach.honours:
            return []
        return legs(run.frames, len(self.shot.layout), self.card.reach.frames.longest)

    def _hear_marks(self, track: Track) -> None:
        way = "given" if self.shot.draws_mattes else "marked"
        for index in self._marked:
            marks = self._views.marks(index)
            if marks is not None:
                track.hear(index, Belief(marks, np.zeros_like(marks), 1.0, way, given=True))

    def _follow(self, way: Way, run: Run, track: Track, take: int) -> None:
        """One way through one run: guessed window by window, weighed as a whole, then judged."""
        evidence = Evidence(self._views, self._marked, track)
        hints, draft = Track(track.frames), Track(track.frames)
        alike: dict[int, float] = {}
        for count, window in enumerate(run.windows):
            marks = {i: b.found for i in window.shown if (b := self._known(i, draft, track))}
            guess = self._guessed(way, window, marks, self.seed(take, count), self.wish)
            for place, index in enumerate(window.shown):
                if index not in window.fresh:
                    continue
                hint = Belief(guess.found[place], guess.spread[place], 0.0, way.NAME)
                hints.hear(index, hint)
                draft.hear(index, replace(hint, found=evidence.weighed(hint.found, index)))
                alike[index] = float(guess.alike[place])
            if run.in_order:
                self._views.forget(window.shown[-1] - 1, window.shown)
        evidence.taught(list(run.frames), hints, draft)
        returned = self._returned(run, draft, track, evidence)
        self._judge(run.frames, draft, alike, returned, track)
        self._views.forget_all()

    def _returned(
        self, run: Run, draft: Track, track: Track, evidence: Evidence
    ) -> dict[int, float]:
        """How well the way back from each frame leads to what its matte came from, 0..1.

        What was lost or taken along on the way out is not there again on the way home. 1 where the
        model cannot look, and where nothing was known to come home to.
        """
        told = dict.fromkeys(run.frames, 1.0)
        for side in self._legs(run):
            trust = 1.0
            for leg in side:
                trust *= self._led_home(leg, draft, track, evidence)
                told |= dict.fromkeys(leg.frames, trust)
                self._views.forget_all()
        return told

    def _led_home(self, leg: Leg, draft: Track, track: Track, evidence: Evidence) -> float:
        home = draft[leg.home] or track[leg.home]
        if home is None or not (home.found > 0.5).any():
            return 1.0
        ends = ((index, belief.found) for index in reversed(leg.frames) if (belief := draft[index]))
        far = next(((index, found) for index, found in ends if (found > 0.5).any()), None)
        if far is None:
            return 0.0
        shown = tuple(sorted((leg.home, *leg.frames[: leg.frames.index(far[0]) + 1])))
        guess = self._guessed(_BACK, Window(shown, ()), dict([far]), 0, _briefly(self.wish))
        back = evidence.weighed(guess.found[shown.index(leg.home)], leg.home)
        return home_again(home.found, back)

    def _known(self, index: int, draft: Track, track: Track) -> Belief | None:
        """What a window may be shown of a frame: what is given or sure, else what was just made."""
        if track.sureness(index) >= UNSURE:
            return track[index]
        return draft[index]

    def _guessed(
        self, way: Way, window: Window, marks: dict[int, Pixels], seed: int, wish: Wish
    ) -> Guess:
        """A way's guess of a window's frames, at the size of the views; the subject shown large."""
        shown = list(window.shown)
        if way.NAME != look.NAME:
            shown += [shown[-1]] * (self.card.reach.frames.up(len(shown)) - len(shown))
        framing = Framing.around(marks, shown, self._views.size)
        fit = Fit.into(framing.size, self._reach(way, wish))
        plate = [fit.shown(framing.cut(p, self._views.frame(i))) for p, i in enumerate(shown)]
        said = {
            place: np.clip(fit.shown(framing.cut(place, marks[index])[..., None])[..., 0], 0, 1)
            for place, index in enumerate(shown)
            if index in marks
        }
        honours = self.card.reach.honours
        passage = Passage(self.shot.layout.rate, np.stack(plate), said, honours)
        guess = self._answered(way, passage, seed, wish)

        def whole(planes: Pixels) -> Pixels:
            inner = (plane[: fit.inner.height, : fit.inner.width, None] for plane in planes)
            grown = (
                np.clip(resized(each, framing.size, "bicubic"), 0, 1)[..., 0] for each in inner
            )
            return np.stack([framing.put(place, each) for place, each in enumerate(grown)])

        return Guess(whole(guess.found), whole(guess.spread), guess.alike)

    def _reach(self, way: Way, wish: Wish) -> Reach:
        """What a way works in. Looking makes nothing, so it may look at more than is shot."""
        reach = self.card.reach
        if way.NAME != look.NAME or not wish.closely:
            return reach
        return replace(reach, area=reach.area * _LOOKED_AT)

    def _answered(self, way: Way, passage: Passage, seed: int, wish: Wish) -> Guess:
        if way.NAME == look.NAME:
            self.watch.parts = 1
            return look.guess(passage, self._looked(passage, wish))
        answers, sheets = [], list(way.write(passage, wish))
        self.watch.parts = len(sheets)
        for sheet in sheets:
            answers += self._shot(sheet, seed)
        return way.read(passage, wish, answers)

    def _looked(self, passage: Passage, wish: Wish) -> Sight:
        def look_there() -> dict[str, Pixels]:
            question = look.question(passage, wish)
            sight = self.ready.look(passage.plate, question, self.watch)
            told = {"found": sight.found, "confidence": sight.confidence}
            return told if sight.spread is None else told | {"spread": sight.spread}

        told = self._rush(look_there)
        return Sight(told["found"], told["confidence"], told.get("spread"))

    def _shot(self, sheet: CallSheet, seed: int) -> list[Pixels]:
        """All takes of one sheet."""
        sheet.seeds = tuple((seed + each) % 2**63 for each in sheet.seeds)
        self.watch.seeds = len(sheet.seeds)
        self.advised(sheet)
        self.sheets.append(sheet.summary(self.card.reach))

        def shoot() -> dict[str, Pixels]:
            takes: dict[str, list[Pixels]] = {}
            for answer in self.ready.shoot(sheet, self.watch):
                takes.setdefault(f"{answer.take:04d}", []).append(answer.frames)
            return {take: np.concatenate(frames) for take, frames in takes.items()}

        return [frames for _, frames in sorted(self._rush(shoot).items())]

    def _rush(self, ask: Callable[[], Answer]) -> Answer:
        """One call's answer: a take's calls come in the same order whenever it is shot."""
        name = f"roto_{self.seed(self._take)}_{self._asked}"
        self._asked += 1
        told = self.rushes.answer(name, ask)
        self.watch.called()
        return told

    def _judge(
        self,
        frames: Span,
        draft: Track,
        alike: dict[int, float],
        returned: dict[int, float],
        track: Track,
    ) -> None:
        """Say of each guess how sure it is, and keep it where that is more than there was."""
        before = None
        for start in range(frames.start, frames.stop, _JUDGED):
            indices = range(start, min(start + _JUDGED, frames.stop))
            beliefs = [belief for i in indices if (belief := draft[i]) is not None]
            plate = self._views.frames(indices)
            guess = Guess(
                np.stack([each.found for each in beliefs]),
                np.stack([each.spread for each in beliefs]),
                np.array([alike[i] for i in indices], np.float32),
            )
            if before is None and start > 0 and (known := track[start - 1]) is not None:
                before = Neighbour(self._views.frame(start - 1), known.found)
            home = np.array([returned[i] for i in indices], np.float32)
            sure = sureness(plate, guess, before, self._area(track), home)
            for index, belief, how in zip(indices, beliefs, sure, strict=True):
                told = Belief(belief.found, belief.spread, float(how), belief.way)
                track.hear(index, told)
            before = Neighbour(plate[-1], guess.found[-1])
            self._views.forget(indices[-1])

    def _area(self, track: Track) -> float | None:
        """The subject's usual area, in pixels of the views, from what is marked."""
        known = [float((b.found > 0.5).sum()) for i in self._marked[:8] if (b := track[i])]
        return float(np.median(known)) if known else None

    def _say_next(self, way: Way, unsure: Sequence[bool]) -> None:
        spans = _spans(unsure)
        told = ", ".join(self._numbers(span) for span in spans[:4])
        more = f" and {len(spans) - 4} stretches more" if len(spans) > 4 else ""
        self.watch.notice(f"Not sure of {told}{more}: trying another way ({way.NAME})")

    def _numbers(self, span: Span) -> str:
        first = self.shot.layout.first - self.shot.layout.deliver.start
        if len(span) == 1:
            return f"frame {first + span.start}"
        return f"frames {first + span.start} to {first + span.stop - 1}"

    def _refuse_nothing(self, track: Track) -> None:
        """Words must have found something on most frames: a subject is never made up."""
        if self._marked or not self.windows:
            return
        shares = [
            float((b.found > 0.5).mean()) if (b := track[i]) else 0.0 for i in range(track.frames)
        ]
        on = float(np.mean([_LEAST < share < _MOST for share in shares]))
        if on < _FOUND_ON:
            raise MarkMissing(
                f"{self.wish.subject or 'It'} was not found in the shot",
                f"Found on {on:.0%} of the frames by {self.card.title}",
                "Click on it on one frame, draw a box around it, or give a matte of one frame",
            )

    def _ask(self, track: Track) -> None:
        """Say of each stretch that stayed unsure where a click would help most."""
        if not self.windows:
            return
        first = self.shot.layout.first - self.shot.layout.deliver.start
        for span in sorted(_spans(track.unsure()), key=len, reverse=True)[:_ASKED]:
            worst = min(range(span.start, span.stop), key=track.sureness)
            self.watch.ask(
                f"Frame {first + worst}: is the matte right? Click once on the subject there",
                frame=first + worst,
                first=first + span.start,
                last=first + span.stop - 1,
                sureness=round(track.sureness(worst), 3),
            )


def _briefly(wish: Wish) -> Wish:
    """As the way back is looked along."""
    return replace(wish, closely=False, samples=1)


def _spans(flags: Sequence[bool]) -> list[Span]:
    """Stretches of frames that are flagged."""
    edges = [0, *(i for i in range(1, len(flags)) if flags[i] != flags[i - 1]), len(flags)]
    return [Span(start, stop) for start, stop in pairwise(edges) if start < stop and flags[start]]
