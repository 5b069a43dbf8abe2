"""Orders: from what is selected and said to a job, and from its take to a place in the document."""

from __future__ import annotations

import random
import re
import unicodedata
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_contract.job import Job, Take
from secondunit_contract.problem import BadValue
from secondunit_contract.queue import TakeEntry
from secondunit_contract.task import TaskCard
from secondunit_contract.wire import from_json, to_json
from secondunit_panel.drafts import Draft
from secondunit_panel.host import Delivery, Place, Selection, Shot
from secondunit_panel.slots import WORKED_ON, Given

BY = "panel"
"""Where a job says for which place of which document it was made."""

FOLDER = "Second Unit"
"""The folder beside the media that takes go to where the document names none."""

_SEEDS = 2**31


@dataclass(frozen=True)
class Order:
    """A job to be: a task and its draft for one clip, or for a gap.

    `shots` are the clips of what is selected by the names the task gives them, `given` those given
    beside it; `at` is the place it is for, `of` the media that stands there.
    """

    card: TaskCard
    draft: Draft
    shots: Mapping[str, Shot]
    at: Place
    name: str
    document: str = ""
    folder: str = ""
    given: Mapping[str, Given] = field(default_factory=dict)
    of: str = ""

    @property
    def inputs(self) -> set[str]:
        """The names of all its clips."""
        return {*self.shots, *self.given}


def roles(selection: Selection, which: int = 0) -> dict[str, Shot]:
    """What is selected, by the names tasks give their clips. `which` of the selected clips."""
    guide = selection.guide
    if selection.gap is not None:
        given = {"before": selection.before, "after": selection.after, "guide": guide}
    elif selection.clips:
        given = {"plate": selection.clips[which], "matte": selection.matte, "guide": guide}
    else:
        given = {}
    return {role: shot for role, shot in given.items() if shot is not None}


def unfit(card: TaskCard, selection: Selection) -> str:
    """Why a task cannot be done with what is selected; empty where it can. What is given beside it
    is no matter: one that works on no clip of the document can be done wherever something is.
    """
    if card.fault:
        return f"{card.title} is broken: {card.fault}"
    given = roles(selection)
    worked = [each for each in WORKED_ON if each in card.inputs]
    lacking = [each for each in worked if card.inputs[each] == "needed" and each not in given]
    if lacking:
        return f"{card.title} needs a {lacking[0]}: select a clip"
    if not selection:
        return "Select a clip, or a gap to fill"
    wanted = {"before", "after"} if selection.gap is not None else {"plate"}
    if worked and not wanted & set(worked):
        wants = "a gap" if selection.gap is None else "a clip"
        return f"{card.title} needs {wants}"
    return ""


def fitting(
    cards: list[TaskCard], selection: Selection, used: Mapping[str, int] | None = None
) -> list[TaskCard]:
    """The tasks that can be done with what is selected, the likeliest first: those that use most of
    it, then those that are used most.
    """
    given, often = roles(selection), used or {}
    fit = [each for each in cards if not unfit(each, selection)]
    return sorted(
        fit, key=lambda each: (-len(given.keys() & each.inputs.keys()), -often.get(each.name, 0))
    )


def output_folder(selection: Selection) -> Path | None:
    """Where takes of what is selected go; None where nothing says."""
    if selection.folder:
        return Path(selection.folder)
    shots = roles(selection).values()
    return next((Path(shot.clip.media).parent / FOLDER for shot in shots), None)


def output(folder: Path, name: str, task: str, taken: Collection[str]) -> str:
    """A place for takes under a name that no file there has yet, with the version it makes.

    `taken` are the names there are. The suffix stays away: a take is of its plate's own kind.
    """
    stem = f"{plain(name)}_{task}"
    pattern = re.compile(re.escape(stem) + r"_v(\d+)", re.IGNORECASE)
    found = [int(match[1]) for match in map(pattern.match, taken) if match]
    return str(folder / f"{stem}_v{max(found, default=0) + 1:03d}_t{{take}}")


def next_version(output: str) -> str:
    """The same place for takes with the next version in its name."""
    return re.sub(r"_v(\d+)(?=_t\{take\}$)", lambda m: f"_v{int(m[1]) + 1:03d}", output)


def plain(name: str) -> str:
    """A name for files: letters, digits, - and _, as studios want it; accents lose their mark.

    Letters of other scripts stay as they are.
    """
    stem = re.sub(r"\.[A-Za-z0-9]{2,5}$", "", name)
    bare = "".join(c for c in unicodedata.normalize("NFKD", stem) if not unicodedata.combining(c))
    bare = unicodedata.normalize("NFC", bare)
    return re.sub(r"[^\w-]+", "_", re.sub(r"[.#%]+\w*", "", bare)).strip("_")[:80] or "take"


def job_of(
    order: Order, clips: Mapping[str, Clip], values: Mapping[str, Any], output: str, codec: str = ""
) -> Job:
    """The job of an order; `clips` its media, `values` what the form sends, `codec` what its host
    plays. Image sequences come back as such all the same: every host reads them.
    """
    id = f"p-{uuid.uuid4().hex[:12]}"
    draft = order.draft
    told = {
        "document": order.document,
        "name": order.name,
        "place": to_json(order.at),
        "slate": id,
        "makes": order.card.makes,
    } | ({"of": order.of} if order.of else {})
    return Job(
        task=order.card.name,
        output=output,
        id=id,
        inputs=dict(clips),
        values=dict(values),
        model=draft.model,
        seed=random.randrange(_SEEDS) if draft.seed is None else draft.seed,
        takes=draft.takes,
        steps=draft.steps,
        guidance=draft.guidance,
        codec="" if _goes_its_own_way(order, clips) else codec,
        extra={BY: told | ({"origin": draft.origin} if draft.origin else {})},
    )


def _goes_its_own_way(order: Order, clips: Mapping[str, Clip]) -> bool:
    """Whether takes are of a kind of their own, whatever a host plays best: light is EXR."""
    worked_on = [clips[role] for role in WORKED_ON if role in clips]
    return order.card.makes == "light" or any(map(_is_sequence, worked_on))


def _is_sequence(clip: Clip) -> bool:
    return re.search(r"#|%0?\d*d|@@", Path(clip.media).name) is not None


def again(job: Job, highest: int, takes: int = 1) -> Job:
    """The same once more with another seed: its takes are counted on after `highest`."""
    seed = (job.seed + random.randrange(1000, _SEEDS - 1000)) % _SEEDS  # far from its own takes'
    template = job.output if "{take}" in job.output else _with_take(job.output)
    return replace(
        job, id=f"p-{uuid.uuid4().hex[:12]}", seed=seed, takes=takes, first_take=highest + 1,
        output=template,
    )  # fmt: skip


def _with_take(output: str) -> str:
    stem, dot, rest = Path(output).name.partition(".")
    return str(Path(output).with_name(f"{stem}_t{{take}}{dot}{rest}"))


def made_for(job: Job) -> dict[str, Any]:
    """What a job says of the place it was made for; nothing for one that no panel made."""
    told = job.extra.get(BY)
    return told if isinstance(told, dict) else {}


def media_of(job: Job) -> set[str]:
    """The media a job has to do with: its clips', and that of the place it was made for."""
    of = made_for(job).get("of")
    return {each.media for each in job.inputs.values()} | ({of} if isinstance(of, str) else set())


def slate_of(job: Job) -> str:
    """The slate a job's takes belong to: that of the job it goes on from, else its own."""
    return str(made_for(job).get("slate") or job.id)


def place_of(job: Job) -> Place | None:
    """The place a job was made for, where a panel made it."""
    try:
        return from_json(Place, made_for(job).get("place"))
    except BadValue:
        return None


def delivery(entry: TakeEntry, job: Job, at: Place | None = None, chosen: bool = True) -> Delivery:
    """A take on its way to a place, or to the one it was made for. Raises BadValue for neither,
    and for an adapter.
    """
    place = at or place_of(job)
    if made_for(job).get("makes") == "adapter":
        raise BadValue(
            "An adapter has no place in the document",
            str(entry.take.extra.get("adapter") or entry.take.media),
            "A model wears it: put its file among the adapters",
        )
    if place is None:
        raise BadValue(
            "Nothing says where this take belongs",
            entry.id,
            "Select the clip it was made of, then place it",
        )
    plate = job.inputs.get("plate")
    return Delivery(
        take=entry.take,
        job=job,
        at=place,
        lies=lies(entry.take, job, place),
        slate=slate_of(job),
        raw=made_for(job).get("makes") == "matte",
        colour_space=plate.colour_space if plate and made_for(job).get("makes") != "light" else "",
        chosen=chosen,
    )


def lies(take: Take, job: Job, at: Place) -> FrameRange:
    """The frames of the document a take stands on: those of its plate, and as many more on each
    side as it has.
    """
    plate = job.inputs.get("plate")
    if plate is not None and plate.range is not None:
        first = at.range.first + take.range.first - plate.range.first
    else:
        head = job.values.get("head", 0)
        first = at.range.first - (head if isinstance(head, int) else 0)
    return FrameRange.starting(first, len(take.range))
