"""Rendering a cut: each request is shot, and the cut comes back with the takes in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from secondunit.engine.local import Engine
from secondunit.engine.standing import exists, standing_takes
from secondunit.engine.watching import Cancel, Report
from secondunit.media.contact import stacked
from secondunit.timeline.hearing import heard_of, in_tune, unplaced_sound
from secondunit.timeline.turnover import Turned, turned_over
from secondunit_contract.job import Event, Job, Take
from secondunit_contract.problem import Problem, problem_from_json
from secondunit_otio import (
    Cut,
    Request,
    Result,
    TakeReference,
    TakeSound,
    done,
    find_requests,
    graft,
    next_take,
)


@dataclass
class Rendered:
    """What came of each request of a cut."""

    output: Path
    rendered: list[tuple[Request, list[Take]]] = field(default_factory=list)
    standing: list[Request] = field(default_factory=list)
    failed: list[tuple[Request, Problem]] = field(default_factory=list)
    left: list[Request] = field(default_factory=list)
    sheet: Path | None = None
    notes: list[str] = field(default_factory=list)

    def report(self) -> str:
        """A line for each request, and where everything lies."""
        lines = [
            f"{request.kind:13} {request.where}: {_counted(takes)}"
            for request, takes in self.rendered
        ]
        lines += [f"{each.kind:13} {each.where}: stands already" for each in self.standing]
        lines += [f"{each.kind:13} {each.where}: {problem}" for each, problem in self.failed]
        lines += [f"{each.kind:13} {each.where}: not shot, stopped" for each in self.left]
        lines += self.notes
        lines.append(f"cut: {self.output}" if lines else "There is no request in this cut.")
        if self.sheet:
            lines.append(f"contact sheet: {self.sheet}")
        return "\n".join(lines)


def _counted(takes: list[Take]) -> str:
    heard = sum(1 for take in takes if take.extra.get("sound"))
    how = "" if not heard else ", with sound" if heard == len(takes) else f", {heard} with sound"
    return f"{len(takes)} take{'s' if len(takes) > 1 else ''}{how}"


class Rendering:
    """Shoots the requests of a cut with an engine, telling events to `report`."""

    def __init__(
        self,
        engine: Engine,
        report: Report,
        cancel: Cancel | None = None,
        model: str = "",
        steps: int | None = None,
    ) -> None:
        self._engine, self._report = engine, report
        self._cancel = cancel or Cancel()
        self._model, self._steps = model, steps

    def render(self, source: Path, output: Path, folder: Path) -> Rendered:
        """Shoot every request of a cut that is not shot yet; the takes go into a folder.

        The cut is written anew after each request, so that nothing shot is lost. A request that
        cannot be shot is told, and the others go on. Raises what is wrong with the cut as a whole.
        """
        cut = Cut.read(source)
        told = Rendered(output)
        results: list[Result] = []
        text = cut.text
        requests = find_requests(cut)
        for place, request in enumerate(requests, 1):
            if self._cancel.wished:
                told.left += requests[place - 1 :]
                break
            self._report(
                Event("notice", request.id, request.kind,
                      message=f"{place} of {len(requests)} · {request.kind} · {request.where}")
            )  # fmt: skip
            result = self._answered(cut, request, folder.resolve(), told)
            if result is not None:
                results.append(result)
                text = graft(cut, results)
                Cut.write(output, text)
        settled = in_tune(text, cut, told.notes)
        if settled != text or not results:
            Cut.write(output, settled)
        told.notes += unplaced_sound(text, cut, results)
        if source.resolve().parent != output.resolve().parent and _has_relative_media(cut):
            told.notes.append(
                "Media paths in this cut are relative to it: keep the new cut in the same folder"
            )
        sheets = list(dict.fromkeys(take.sheet for _, takes in told.rendered for take in takes))
        if sheets:
            told.sheet = stacked([Path(each) for each in sheets], output.with_suffix(".png"))
        return told

    def _answered(self, cut: Cut, request: Request, folder: Path, told: Rendered) -> Result | None:
        try:
            if request.problem is not None:
                raise request.problem
            shot = {each.number for each in done(cut, request) if exists(each.media.path)}
            missing = request.takes - len(shot)
            if missing <= 0:
                told.standing.append(request)
                return None
            first = next_take(cut, request)
            turned = turned_over(cut, request, str(folder / f"su-{request.id}_t{{take}}"))
        except Problem as problem:
            self._failed(request, problem, told)
            return None
        job = turned.job
        job = replace(
            job,
            model=self._model or job.model,
            steps=self._steps if self._steps is not None else job.steps,
            first_take=first,
            seed=job.seed + first - 1,
            takes=missing,
        )
        takes = self._takes(request, job, told)
        if not takes:
            return None
        heard = [(take, heard_of(take, told.notes)) for take in takes]
        return Result(request, tuple(reference(request, turned, *each) for each in heard))

    def _takes(self, request: Request, job: Job, told: Rendered) -> list[Take]:
        """The takes that stand from an earlier run, and those shot now: all that were finished."""
        takes, number = standing_takes(job)
        if len(takes) == job.takes:
            told.standing.append(request)
            return takes
        standing = len(takes)
        job = replace(
            job,
            first_take=number,
            seed=(job.seed + number - job.first_take) % 2**63,
            takes=job.takes - standing,
        )
        heard: list[Problem] = []
        self._engine.run(job, _catching(self._report, heard, takes), self._cancel)
        if len(takes) > standing:
            told.rendered.append((request, takes[standing:]))
        if heard:
            told.failed.append((request, heard[0]))
        elif len(takes) < standing + job.takes:
            told.left.append(request)
        return takes

    def _failed(self, request: Request, problem: Problem, told: Rendered) -> None:
        told.failed.append((request, problem))
        self._report(Event("problem", request.id, message=str(problem), problem=problem.to_json()))


def _catching(report: Report, heard: list[Problem], takes: list[Take]) -> Callable[[Event], None]:
    def pass_on(event: Event) -> None:
        if event.kind == "problem" and event.problem:
            heard.append(problem_from_json(event.problem))
        if event.kind == "take" and event.take:
            takes.append(event.take)
        report(event)

    return pass_on


def reference(
    request: Request, turned: Turned, take: Take, sound: TakeSound | None = None
) -> TakeReference:
    """A take as it is to stand in the cut, numbered as the clip's own media is."""
    left, top, width, height = take.extra.get("plate_at", (0, 0, take.width, take.height))
    bounds = None
    if (width, height) != (take.width, take.height):
        bounds = (
            -left / width,
            1 - (take.height - top) / height,
            (take.width - left) / width,
            1 + top / height,
        )
    own_numbers = turned.media is not None
    return TakeReference(
        take.number,
        take.media,
        len(take.range),
        turned.number(take.range.first) if own_numbers else None,
        take.rate if own_numbers else None,
        take.range.first,
        bounds,
        (take.width, take.height),
        {"sidecar": take.sidecar, "seed": take.seed, **take.extra.get("provenance", {})},
        sound=sound,
    )


def _has_relative_media(cut: Cut) -> bool:
    return any(
        isinstance(reference, dict)
        and isinstance(url := reference.get("target_url") or reference.get("target_url_base"), str)
        and url
        and "://" not in url
        and not Path(url).is_absolute()
        for item in cut.items()
        for reference in (item.body.get("media_references") or {}).values()
    )
