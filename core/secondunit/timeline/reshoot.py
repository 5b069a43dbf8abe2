"""After a re-cut: takes that are too short now get the frames they lack, and no other is shot.

The take is the plate of an extension: its frames stay bit for bit, new ones are invented before and
after it, and all together are a new take of the same request, numbered as the old one was.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from secondunit.engine.local import Engine
from secondunit.engine.standing import standing_takes
from secondunit.engine.watching import Cancel, Report
from secondunit_contract.clip import Clip
from secondunit_contract.job import Event, Job, Take
from secondunit_contract.problem import Problem, RequestWrong, problem_from_json
from secondunit_otio import Cut, Request, Result, TakeReference, find_requests, graft, next_take
from secondunit_otio.report.conform import Conform, Fit
from secondunit_otio.sound.pictures import takes_heard

GROWS = frozenset({"insert", "extend_time"})
"""Kinds whose frames are invented anyway. All others show their plate, which has the frames."""


@dataclass
class Reshot:
    """What came of each take that was too short."""

    output: Path
    grown: list[tuple[Fit, Take]] = field(default_factory=list)
    failed: list[tuple[Fit, Problem]] = field(default_factory=list)
    left: list[tuple[Fit, str]] = field(default_factory=list)
    muted: list[Fit] = field(default_factory=list)

    def report(self) -> str:
        """A line for each take, and where the cut lies."""
        lines = [
            f"su-{fit.id} take {fit.take}: {_lacks(fit)} shot, now take {take.number}"
            + (", which is not heard: no sound was made for it" if fit in self.muted else "")
            for fit, take in self.grown
        ]
        lines += [f"su-{fit.id} take {fit.take}: {problem}" for fit, problem in self.failed]
        lines += [f"su-{fit.id} take {fit.take}: {why}" for fit, why in self.left]
        return "\n".join([*(lines or ["Every take in use fits."]), f"cut: {self.output}"])


def _lacks(fit: Fit) -> str:
    frames = sum(len(each) for each in fit.missing)
    return f"{frames} frame{'s' if frames != 1 else ''}"


@dataclass
class Reshooting:
    """Grows the takes in use of a cut with an engine, telling events to `report`."""

    engine: Engine
    report: Report
    cancel: Cancel = field(default_factory=Cancel)
    model: str = ""
    steps: int | None = None

    def shoot(self, conform: Conform, new: Cut, output: Path, folder: Path) -> Reshot:
        """Grow every take in use that is short; takes go into a folder, the cut to `output`.

        The cut is written anew after each take. One that cannot be grown is told, and the others go
        on. Raises DiskFull and NotWritable for the cut.
        """
        told = Reshot(output)
        asked = {each.id: each for each in find_requests(new)}
        results: list[Result] = []
        for fit in conform.takes:
            if fit.state != "short" or not fit.in_use:
                continue
            why = self._why_not(fit, asked.get(fit.id))
            if why:
                told.left.append((fit, why))
                continue
            result = self._grown(new, fit, asked[fit.id], folder.resolve(), told)
            if result is not None:
                results.append(result)
                Cut.write(output, graft(new, results))
        if not results:
            Cut.write(output, new.text)
        return told

    def _why_not(self, fit: Fit, request: Request | None) -> str:
        if self.cancel.wished:
            return "not shot, stopped"
        if request is None or request.problem is not None:
            return "the new cut does not carry its request; ask for it again"
        if fit.kind not in GROWS:
            return f"a {fit.kind} is made of its plate; `secondunit render` shoots it anew"
        return ""

    def _grown(
        self, new: Cut, fit: Fit, request: Request, folder: Path, told: Reshot
    ) -> Result | None:
        try:
            job = self._job(new, fit, request, folder)
            take = self._take(job)
        except Problem as problem:
            told.failed.append((fit, problem))
            self.report(Event("problem", fit.id, message=str(problem), problem=problem.to_json()))
            return None
        if take is None:
            told.left.append((fit, "not shot, stopped"))
            return None
        told.grown.append((fit, take))
        if takes_heard(new, {fit.id}):
            told.muted.append(fit)
        first = (fit.has.first if fit.has else 0) - job.values["head"]
        return Result(request, (_reference(take, first, fit),))

    def _job(self, new: Cut, fit: Fit, request: Request, folder: Path) -> Job:
        """An extension of the take. Raises RequestWrong where nobody knows its frames."""
        if fit.has is None or fit.needs is None:
            raise RequestWrong("Nobody can tell which frames it lacks", request.where)
        asked = request.values
        words = {key: asked[key] for key in ("prompt", "negative") if asked.get(key)}
        return Job(
            "extend",
            str(folder / f"su-{fit.id}_t{{take}}"),
            fit.id,
            {"plate": Clip(fit.media)},
            words
            | {
                "head": max(0, fit.has.first - fit.needs.first),
                "tail": max(0, fit.needs.last - fit.has.last),
            },
            self.model or str(asked.get("model") or ""),
            int(asked.get("seed", 0)),
            first_take=max(next_take(new, request), fit.take + 1),
            steps=self.steps if self.steps is not None else asked.get("steps"),
            guidance=asked.get("guidance"),
        )

    def _take(self, job: Job) -> Take | None:
        """The take that was shot, or that stands from an earlier run; None where it was stopped.

        Raises what went wrong.
        """
        standing, number = standing_takes(job)
        if standing:
            return standing[0]
        heard: list[Problem] = []
        made: list[Take] = []

        def hear(event: Event) -> None:
            if event.kind == "problem" and event.problem:
                heard.append(problem_from_json(event.problem))
                return
            if event.kind == "take" and event.take:
                made.append(event.take)
            self.report(event)

        self.engine.run(Job(**{**vars(job), "first_take": number}), hear, self.cancel)
        if heard:
            raise heard[0]
        return made[0] if made else None


def _reference(take: Take, first: int, fit: Fit) -> TakeReference:
    return TakeReference(
        take.number,
        take.media,
        len(take.range),
        first,
        take.rate,
        take.range.first,
        canvas=(take.width, take.height),
        provenance={
            "sidecar": take.sidecar,
            "seed": take.seed,
            "grown_from": fit.take,
            **take.extra.get("provenance", {}),
        },
    )
