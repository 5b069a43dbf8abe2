"""Train: an adapter (LoRA) that has learnt the look or the subject of a bin of clips.

Each lesson is a call sheet whose right answer is known: frames of a clip, asked for with the clip's
colours taken away, with a part of the picture or all but its first frame missing, or from words
alone; whatever the model honours.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from secondunit.callsheet import UNKNOWN, CallSheet, Course, Lesson, Need, Pixels
from secondunit_contract.frames import Rate

TITLE = "Train"
HELP = "Trains an adapter (LoRA) on clips of one look or subject, to be worn by the model later."
INPUTS = {"clip": "needed", "sample": "optional"}
SEVERAL = ("clip",)
MAKES = "adapter"

_RIGHTS = {
    "owner": "who owns the clips",
    "consent": "that the people seen agreed, or that nobody is seen",
    "licence": "under which licence the adapter may be used",
}
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)


class Values(BaseModel):
    """What a training can be told. The last three are its rights sheet."""

    model_config = ConfigDict(extra="allow")

    prompt: str = Field(
        "",
        title="What the clips show",
        description="In plain words; a text file beside a clip says it of that clip",
        json_schema_extra={"simple": True},
    )
    trigger: str = Field(
        "",
        title="Trigger words",
        description="Call the adapter up later; put before every prompt",
        json_schema_extra={"simple": True},
    )
    prompts: dict[str, str] = Field(
        {}, title="Words of each clip", description="By the clip's name; instead of the words above"
    )
    steps: int = Field(500, ge=1, le=100_000, title="Steps", json_schema_extra={"simple": True})
    rank: int = Field(16, ge=1, le=512, title="Rank", description="How much the adapter can hold")
    rate: float = Field(
        2e-4, gt=0, le=1, title="Rate",
        description="How much it learns from each step; small models bear ten times more",
    )  # fmt: skip
    frames: int = Field(
        0, ge=0, le=10_000, title="Length of a lesson", description="0: the model's longest",
        json_schema_extra={"unit": "frames"},
    )  # fmt: skip
    area: int = Field(
        0, ge=0, title="Picture area of a lesson", description="0: the model's own",
        json_schema_extra={"unit": "pixels"},
    )  # fmt: skip
    sample_every: int = Field(
        100, ge=1, title="A sample every", description="Shot with what has been learnt so far",
        json_schema_extra={"unit": "steps"},
    )  # fmt: skip
    sample_prompt: str = Field(
        "", title="Words of the samples", description="Empty: those of the clips"
    )
    keep_every: int = Field(
        25, ge=1, title="Kept every", description="A training that is broken off loses no more",
        json_schema_extra={"unit": "steps"},
    )  # fmt: skip
    owner: str = Field(
        "", title="Owner of the clips", description="Rights sheet; needed",
        json_schema_extra={"simple": True},
    )  # fmt: skip
    consent: str = Field(
        "", title="Consent", description="Rights sheet; needed: who is seen, and agreed",
        json_schema_extra={"simple": True},
    )  # fmt: skip
    licence: str = Field(
        "", title="Licence of the adapter", description="Rights sheet; needed",
        json_schema_extra={"simple": True},
    )  # fmt: skip

    @model_validator(mode="after")
    def _rights(self) -> Values:
        lacking = [words for name, words in _RIGHTS.items() if not getattr(self, name).strip()]
        if lacking:
            raise ValueError(
                f"nothing is trained without a rights sheet: say {'; '.join(lacking)} "
                f"({', '.join(_RIGHTS)})"
            )
        return self


def course(values: Values, seed: int) -> Course:
    """How long, how much and how fast it learns."""
    return Course(
        values.steps, values.rank, values.rate, seed, values.frames, values.area,
        values.sample_every, values.keep_every,
    )  # fmt: skip


def lesson(
    values: Values, clip: str, frames: Pixels, rate: Rate, honours: frozenset[Need], chance: Random
) -> Lesson:
    """Frames (T,H,W,3) of the clip of that name, asked for in one of the ways the model honours."""
    ways = {
        "graded": {"plate", "edit"},
        "holed": {"plate", "paint"},
        "worded": {"words"},
    }
    able = [name for name, needs in ways.items() if needs <= honours]
    way = chance.choice(able or ["worded"])
    sheet = _sheet(frames, rate, words(values, clip))
    if way == "graded":
        sheet.plate, sheet.paint = _graded(frames, chance), np.ones(frames.shape[:3], bool)
    elif way == "holed":
        sheet.paint = _hole(frames.shape[:3], chance)
        sheet.plate = np.where(sheet.paint[..., None], np.float32(UNKNOWN), frames)
    return Lesson(sheet, frames)


def sample(
    values: Values, frames: Pixels, rate: Rate, honours: frozenset[Need], own: bool
) -> CallSheet:
    """What is shot on the way, to see what has been learnt: these frames painted over, where the
    model can; else a clip like them from words alone. Frames of the bin's own lose their colours.
    """
    sheet = _sheet(frames, rate, with_trigger(values, values.sample_prompt or values.prompt))
    if {"plate", "edit"} <= honours:
        grey = np.repeat((frames @ _LUMINANCE)[..., None], 3, axis=-1) if own else frames
        sheet.plate, sheet.paint = grey, np.ones(frames.shape[:3], bool)
    return sheet


def words(values: Values, clip: str) -> str:
    """What is said of a clip, the trigger before it."""
    return with_trigger(values, values.prompts.get(clip, values.prompt))


def with_trigger(values: Values, prompt: str) -> str:
    """A prompt with the trigger before it, unless it has it."""
    prompt, trigger = prompt.strip(), values.trigger.strip()
    if not trigger or trigger.lower() in prompt.lower():
        return prompt
    return f"{trigger}, {prompt}" if prompt else trigger


def story(values: Values, base: str, clips: Mapping[str, str]) -> dict[str, str]:
    """What is told of the adapter, in its file and beside it: the rights sheet above all."""
    told = {"title": values.trigger.strip() or values.prompt.strip(), "base": base}
    told |= {"triggers": values.trigger.strip(), "licence": values.licence.strip()}
    told["rights"] = f"Clips of {values.owner.strip()}. Consent: {values.consent.strip()}"
    told["training_data"] = f"{len(clips)} clips: {', '.join(sorted(clips.values()))}"
    return {key: each for key, each in told.items() if each}


def _sheet(frames: Pixels, rate: Rate, prompt: str) -> CallSheet:
    count, height, width = frames.shape[:3]
    return CallSheet(width, height, count, rate, prompt)


def _graded(frames: Pixels, chance: Random) -> Pixels:
    """The frames in colours by chance, some with none left: the look is to be put back."""
    grey = frames @ _LUMINANCE
    left = chance.choice((0.0, 0.0, chance.random()))
    mixed = grey[..., None] * (1 - left) + frames[..., chance.sample(range(3), 3)] * left
    gains = np.array([chance.uniform(0.7, 1.3) for _ in range(3)], np.float32)
    lift = np.float32(chance.uniform(-0.1, 0.1))
    return np.clip(mixed * gains + lift, 0, 1).astype(np.float32)


def _hole(
    shape: tuple[int, ...], chance: Random
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """(T,H,W): a part of every picture, or all of every picture but the first."""
    count, height, width = shape
    hole = np.zeros(shape, bool)
    if count > 1 and chance.random() < 0.5:
        hole[1:] = True
        return hole
    tall, wide = (round(side * chance.uniform(0.4, 0.8)) for side in (height, width))
    top, left = chance.randint(0, height - tall), chance.randint(0, width - wide)
    hole[:, top : top + max(1, tall), left : left + max(1, wide)] = True
    return hole
