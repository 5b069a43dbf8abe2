"""After a re-cut: which takes fit, which need more frames and which, which are orphaned."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal

from secondunit_contract.frames import FrameRange
from secondunit_contract.problem import BadValue
from secondunit_otio.document import Cut
from secondunit_otio.done import fingerprint
from secondunit_otio.layout import active_key, references
from secondunit_otio.mattes import MatteTracks
from secondunit_otio.report.beside import neighbours_changed
from secondunit_otio.report.clock import Clock, plays
from secondunit_otio.report.held import Job, Take, is_matte, jobs
from secondunit_otio.report.needs import held, lacking, needed
from secondunit_otio.report.pieces import ids_of, media_name
from secondunit_otio.report.wording import plain
from secondunit_otio.requests import Request, block_of
from secondunit_otio.scan import Item

State = Literal["fits", "short", "orphaned", "unsure"]


@dataclass(frozen=True)
class Fit:
    """How a take stands in the new cut.

    `has`, `needs` and `missing` are frames as the clip numbers its media, both ends included; for a
    take that is short, `missing` is what has to be shot, at its head, its tail or both. `notes` say
    what else is otherwise than when it was made. `start` and `stop` (exclusive) are seconds of the
    new cut, of the old one where the take is orphaned; None where it has no place.
    """

    id: str
    take: int
    kind: str
    state: State
    clip: str = ""
    track: str = ""
    start: Fraction | None = None
    stop: Fraction | None = None
    media: str = ""
    in_use: bool = False
    has: FrameRange | None = None
    needs: FrameRange | None = None
    missing: tuple[FrameRange, ...] = ()
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As JSON; frames as "1001-1010", times as exact seconds."""
        told = {key: value for key, value in vars(self).items() if value not in ("", None, ())}
        for key in ("start", "stop"):
            if key in told:
                told[key] = f"{told[key].numerator}/{told[key].denominator}"
        for key in ("has", "needs"):
            if key in told:
                told[key] = str(told[key])
        told["missing"] = [str(each) for each in self.missing]
        told["notes"] = list(self.notes)
        return told


@dataclass(frozen=True)
class Wanted:
    """A request of the new cut that has no take: `new` where the old cut did not ask for it."""

    id: str
    kind: str
    where: str
    frames: int
    new: bool

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return dict(vars(self))

    def line(self) -> str:
        """For a terminal."""
        return f"  su-{self.id}  {self.kind}  {self.frames} frames  {plain(self.where, 120)}"


@dataclass(frozen=True)
class Conform:
    """How the takes of a cut stand after it was cut again."""

    clock: Clock
    takes: tuple[Fit, ...] = ()
    wanted: tuple[Wanted, ...] = ()
    dropped: tuple[Wanted, ...] = ()
    """Requests of the old cut, never shot, that the new one does not ask for any more."""

    @property
    def missing(self) -> list[tuple[str, int, FrameRange]]:
        """What has to be shot so that every take fits: request, take, frames (both included).

        Frames are numbered as the take's own available range is.
        """
        return [(fit.id, fit.take, each) for fit in self.takes for each in fit.missing]

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "takes": [fit.to_json() for fit in self.takes],
            "missing": [
                {"id": ours, "take": take, "frames": str(frames)}
                for ours, take, frames in self.missing
            ],
            "wanted": [each.to_json() for each in self.wanted],
            "dropped": [each.to_json() for each in self.dropped],
        }

    def text(self) -> str:
        """For a terminal: counts, then every take that needs a look, then what is new."""
        counts = {state: 0 for state in _TITLES}
        for fit in self.takes:
            counts[fit.state] += 1
        head = ", ".join(f"{count} {_COUNTED[state]}" for state, count in counts.items() if count)
        lines = [f"{len(self.takes)} takes: {head}" if head else "No takes in this cut"]
        for state, title in _TITLES.items():
            told = [
                f"  {self._line(fit)}" for fit in self.takes if fit.state == state and _worth(fit)
            ]
            lines += ["", title, *told] if told else []
        for title, listed in (
            ("NEW REQUESTS", self._asked(True)),
            ("STILL TO BE SHOT", self._asked(False)),
        ):
            lines += ["", title, *listed] if listed else []
        dropped = [
            f"  su-{each.id}  {each.kind}  {plain(each.where, 120)}" for each in self.dropped
        ]
        lines += ["", "NOT ASKED FOR ANY MORE", *dropped] if dropped else []
        return "\n".join(lines) + "\n"

    def _asked(self, new: bool) -> list[str]:
        return [
            f"  su-{each.id}  {each.kind}  {each.frames} frames  {plain(each.where, 120)}"
            for each in self.wanted
            if each.new is new
        ]

    def _line(self, fit: Fit) -> str:
        time = self.clock.timecode(fit.start) if fit.start is not None else ""
        words = [f"{time:<11}", plain(fit.track, 18), f'"{plain(fit.clip, 32)}"']
        words.append(f"su-{fit.id} take {fit.take}{' (in use)' if fit.in_use else ''}")
        if fit.missing:
            words.append("needs " + " and ".join(f"{each} ({len(each)})" for each in fit.missing))
        return "  ".join(words + [plain(note, 160) for note in fit.notes])


_TITLES: dict[State, str] = {
    "short": "NEED MORE FRAMES",
    "orphaned": "ORPHANED: THEIR CLIP IS NOT IN THE CUT",
    "unsure": "CANNOT BE TOLD",
    "fits": "FIT, BUT SOMETHING AROUND THEM CHANGED",
}
_COUNTED: dict[State, str] = {
    "short": "need more frames",
    "orphaned": "orphaned",
    "unsure": "cannot be told",
    "fits": "fit",
}


def _worth(fit: Fit) -> bool:
    return fit.state != "fits" or bool(fit.notes)


def diff(old: Cut, new: Cut) -> Conform:
    """How the takes of the old cut stand in the new one, and what the new one wants besides.

    A take is known by its request's id. The new cut need not hold the takes itself; where it does,
    its word counts. Whether files exist is not looked at.
    """
    before, after = jobs(old), jobs(new)
    _rejoin(before, after)
    fits: list[Fit] = []
    for ours in dict.fromkeys([*before, *after]):
        was, now = before.get(ours, Job()), after.get(ours, Job())
        takes = {**was.takes, **now.takes}
        fits += [_fit(old, new, ours, takes[number], was, now) for number in sorted(takes)]
    known = {fit.id for fit in fits}
    return Conform(
        Clock.of(new),
        tuple(fits),
        tuple(
            _wanted(ours, job.request, ours not in before)
            for ours, job in after.items()
            if job.request is not None and ours not in known
        ),
        tuple(
            _wanted(ours, job.request, False)
            for ours, job in before.items()
            if job.request is not None and ours not in known and ours not in after
        ),
    )


def _wanted(ours: str, request: Request, new: bool) -> Wanted:
    return Wanted(ours, request.kind, request.where, request.length, new)


def _rejoin(before: dict[str, Job], after: dict[str, Job]) -> None:
    """Requests whose id follows from their place keep the id they had, where one asks the same."""
    gone: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for ours, job in before.items():
        if ours not in after and job.request is not None:
            gone[_wish(job.request)].append(ours)
    for ours, job in list(after.items()):
        if ours in before or job.request is None or job.takes:
            continue
        same = gone.get(_wish(job.request))
        if same:
            after[same.pop(0)] = after.pop(ours)


def _wish(request: Request) -> tuple[str, str, str]:
    return request.kind, fingerprint(request), request.item.name


def _fit(old: Cut, new: Cut, ours: str, take: Take, was: Job, now: Job) -> Fit:
    """How one take stands."""
    asked = now.request or was.request
    kind = asked.kind if asked else str(block_of(take.reference).get("kind") or "")
    bare = Fit(ours, take.number, kind, "orphaned", media=take.path)
    if not now.clips and now.request is None:
        home = was.clips[0] if was.clips else take.item
        return _placed(take.cut if home is take.item else old, home, bare)
    item = now.clips[0] if now.clips else now.request.item if now.request else take.item
    notes = _notes(old, new, was, now, take)
    in_use = any(_shows(new, each, take) for each in now.clips)
    try:
        has = held(take)
        needs = needed(new, now, take.media.rate)
    except BadValue as error:
        unsure = replace(bare, state="unsure", in_use=in_use, notes=(error.what, *notes))
        return _placed(new, item, unsure)
    missing = lacking(has, needs)
    made = replace(
        bare, state="short" if missing else "fits", in_use=in_use,
        has=has, needs=needs, missing=missing, notes=notes,
    )  # fmt: skip
    return _placed(new, item, made)


def _placed(cut: Cut, item: Item, fit: Fit) -> Fit:
    """The fit with the place of its clip."""
    found = plays(cut).get(item)
    if found is None:
        return replace(fit, clip=item.real.name)
    line, start, stop = found
    return replace(fit, clip=item.real.name, track=line.label, start=start, stop=stop)


def _shows(cut: Cut, item: Item, take: Take) -> bool:
    """Whether a clip of the new cut has a take in use."""
    reference = references(cut, item).get(active_key(item))
    if block_of(reference).get("take") == take.number:
        return True
    return bool(take.path) and media_name(reference) == media_name(take.reference)


def _notes(old: Cut, new: Cut, was: Job, now: Job, take: Take) -> tuple[str, ...]:
    """What is otherwise than when the take was made."""
    found: list[str] = []
    if len(now.clips) > max(len(was.clips), 1):
        found.append(f"used by {len(now.clips)} clips")
    if now.request is None and was.request is not None:
        found.append("the new cut does not carry its request any more")
    if now.request is not None:
        made_for = block_of(take.reference).get("params_sha256")
        if made_for and made_for != fingerprint(now.request):
            found.append("something else is asked for now")
        if now.request.problem is not None:
            found.append(now.request.problem.what)
        if now.request.kind == "matte" and _is_loose(new, now.request):
            found.append("its matte does not lie above its picture any more")
    found += neighbours_changed(old, new, was, now)
    return tuple(found)


def _is_loose(cut: Cut, request: Request) -> bool:
    """Whether a matte was laid for a request, and lies elsewhere now."""
    key = "report mattes"
    if key not in cut.worked_out:
        mattes = [item for item in cut.items() if item.schema == "Clip" and is_matte(cut, item)]
        cut.worked_out[key] = {ours for item in mattes for ours in ids_of(cut, item)}
    if request.id not in cut.worked_out[key]:
        return False
    try:
        return MatteTracks(cut).standing(request) is None
    except BadValue:
        return False
