"""An engine's description: a TOML file that says where it is, what it can do, and where each part
of a call sheet goes in.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from secondunit.callsheet import FrameRule, KeyPlaces, ModelCard, Need, Reach, Size
from secondunit.models.external import graph
from secondunit.models.external.address import Address
from secondunit_contract.frames import Rate
from secondunit_contract.problem import BadValue, ModelUnknown

SUFFIX = ".toml"
LAID_IN = "plate"
"""What a description says of keys or a guide that shall be laid into the plate, as VACE wants."""

Role = Literal[
    "prompt", "negative", "seed", "steps", "guidance", "strength",
    "width", "height", "size", "frames", "rate",
    "plate", "mask", "guide", "keys", "first", "last", "references",
]  # fmt: skip
"""A part of a call sheet. `size` is width and height in one, as 832x480."""

_VIDEOS: dict[Role, tuple[str, ...]] = {
    "prompt": ("prompt",),
    "negative": ("negative_prompt",),
    "seed": ("seed",),
    "steps": ("num_inference_steps",),
    "guidance": ("guidance_scale",),
    "size": ("size",),
    "frames": ("num_frames",),
    "rate": ("fps",),
}
"""The fields that OpenAI-style servers agree on."""

_GOES_IN: dict[Need, tuple[tuple[Role, ...], ...]] = {
    "words": (("prompt",),),
    "plate": (("plate",),),
    "paint": (("plate", "mask"),),
    "edit": (("plate",),),
    "carry": (("keys",), ("first",)),
    "keys": (("keys",), ("first",)),
    "references": (("references",),),
    "guide": (("guide",),),
    "strength": (("strength",),),
}
"""By which inputs each need can be told: any of these sets. What is missing cannot be told."""


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Places = Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]


class Lengths(BaseModel):
    """The clip lengths it can make."""

    model_config = ConfigDict(extra="forbid")

    base: int = Field(1, ge=1)
    step: int = Field(4, ge=1)
    longest: int = Field(81, ge=1)

    @model_validator(mode="after")
    def _reached(self) -> Lengths:
        if (self.longest - self.base) % self.step or self.longest < self.base:
            raise ValueError(f"longest must be {self.base} and some times {self.step}")
        return self


class Told(BaseModel):
    """All a description can say; docs/engines.md explains each."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["comfyui", "videos"]
    address: str
    title: str = ""
    licence: str = "unknown"
    training_data: str = "unknown"
    note: str = ""
    footage_may_leave: bool = False
    token_in: str = ""
    patience: float = Field(3600.0, gt=0)
    honours: tuple[Need, ...] = Field(min_length=1)
    multiple: int = Field(16, ge=1)
    frames: Lengths = Lengths(base=1, step=4, longest=81)
    area: int = Field(832 * 480, ge=1)
    size: tuple[int, int] | None = None
    native_rate: Rate | None = None
    context: int = Field(9, ge=0)
    anchors: int = Field(0, ge=0)
    holes: Literal["grey", "rough"] = "grey"
    steps: int | None = Field(None, ge=1)
    guidance: float | None = Field(None, ge=0)
    inputs: dict[Role, Places] = Field(default_factory=dict)
    workflow: str = ""
    output: str = ""
    uploads: Literal["temp", "input"] = "temp"
    model: str = ""
    form: Literal["multipart", "json"] = "multipart"
    extra: dict[str, str | bool | int | float] = Field(default_factory=dict)

    @field_validator("native_rate", mode="before")
    @classmethod
    def _as_rate(cls, value: object) -> object:
        return Rate.of(value) if isinstance(value, (str, int, float)) else value

    @model_validator(mode="after")
    def _whole(self) -> Told:
        if self.kind == "comfyui" and not (self.workflow and self.output):
            raise ValueError("a comfyui engine needs its workflow, and the output node's number")
        if self.kind == "videos":
            self.inputs = _VIDEOS | self.inputs
        for need in self.honours:
            self._refuse_untold(need)
        if self.inputs.get("keys", (LAID_IN,)) != (LAID_IN,):
            raise ValueError(
                'inputs.keys can only be "plate"; first and last take one picture each'
            )
        if "last" in self.inputs and "first" not in self.inputs:
            raise ValueError("inputs.last takes the picture at the end, and first is not told")
        laid = [role for role in ("keys", "guide") if self.inputs.get(role) == (LAID_IN,)]
        if laid and "plate" not in self.inputs:
            raise ValueError(f"inputs.{laid[0]} goes into the plate, which goes in nowhere")
        return self

    def _refuse_untold(self, need: Need) -> None:
        ways = _GOES_IN.get(need)
        if ways is None:
            raise ValueError(f"honours {need}, which no engine outside can be told")
        if not any(set(way) <= set(self.inputs) for way in ways):
            lacking = " or ".join(" and ".join(way) for way in ways)
            raise ValueError(f"honours {need}, but inputs do not say where {lacking} goes in")


@dataclass(frozen=True)
class Engine:
    """A description that was read and holds: `workflow` is the graph a ComfyUI is given."""

    path: Path
    told: Told
    address: Address
    workflow: graph.Graph
    sha256: str

    @property
    def title(self) -> str:
        """What it is called."""
        return self.told.title or self.path.stem


def read(path: Path) -> Engine:
    """The description at a path, its workflow too. Raises ModelUnknown, BadValue."""
    text = _text(path)
    try:
        told = Told.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadValue(f"It is not TOML: {error}", str(path), "Put it right") from error
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, each['loc'])) or 'it'}: "
            + each["msg"].removeprefix("Value error, ")
            for each in error.errors()
        )
        raise BadValue(
            f"This engine's description cannot be used: {faults}",
            str(path),
            "docs/engines.md shows how each is written",
        ) from error
    address = Address.written(told.address, told.footage_may_leave, str(path))
    workflow: graph.Graph = {}
    if told.kind == "comfyui":
        beside = path.parent / told.workflow
        text += (drawn := _text(beside))
        workflow = graph.read(drawn, str(beside))
        for place in (place for places in told.inputs.values() for place in places):
            if place != LAID_IN:
                graph.place_of(workflow, place, str(path))
        graph.node_of(workflow, told.output, str(path))
    return Engine(path, told, address, workflow, hashlib.sha256(text.encode()).hexdigest())


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ModelUnknown("There is no such file", str(path), "Put it in place") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadValue(f"It cannot be read: {error}", str(path), "Put it right") from error


def card_from(engine: Engine) -> ModelCard:
    """Its card. `memory_gb` is 0: what it takes, it takes elsewhere."""
    told = engine.told
    reach = Reach(
        honours=frozenset(told.honours),
        multiple=told.multiple,
        frames=FrameRule(told.frames.base, told.frames.step, told.frames.longest),
        area=told.area if told.size is None else told.size[0] * told.size[1],
        native_rate=told.native_rate,
        context=told.context,
        references=len(told.inputs.get("references", ())),
        anchors=told.anchors,
        holes=told.holes,
        key_places=_key_places(told.inputs),
        size=None if told.size is None else Size(*told.size),
    )
    return ModelCard(
        name=engine.path.stem,
        title=engine.title,
        reach=reach,
        licence=told.licence,
        training_data=told.training_data,
        source=str(engine.path),
        steps=int(_advised(engine, "steps", told.steps, 30)),
        guidance=_advised(engine, "guidance", told.guidance, 5.0),
        note=" ".join(filter(None, (_leaves(engine.address), told.note))),
        elsewhere=engine.address.url,
    )


def _key_places(inputs: Mapping[Role, Places]) -> KeyPlaces:
    if "keys" in inputs:
        return "anywhere"
    return "ends" if "last" in inputs else "first"


def _leaves(address: Address) -> str:
    return "" if address.home else f"Footage leaves this machine: it is sent to {address.host}."


def _advised(engine: Engine, role: Role, told: float | None, usual: float) -> float:
    """What the description advises, else what stands in the workflow, else what is usual."""
    if told is not None:
        return told
    for place in engine.told.inputs.get(role, ()) if engine.workflow else ():
        node, name = graph.place_of(engine.workflow, place, str(engine.path))
        value = engine.workflow[node]["inputs"].get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return value
    return usual
