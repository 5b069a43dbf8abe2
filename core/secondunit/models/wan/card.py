"""A Wan checkpoint's card, read from its configs: nothing is loaded for it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from secondunit.callsheet import FrameRule, ModelCard, Need, Reach
from secondunit.weights.checkpoint import CARD, Checkpoint
from secondunit_contract.frames import Rate
from secondunit_contract.problem import BadValue, CheckpointInvalid

VACE = "WanVACEPipeline"
WORDS_ONLY = "WanPipeline"
CLASSES: dict[str, frozenset[Need]] = {
    VACE: frozenset(
        {"words", "plate", "paint", "edit", "keys", "references", "guide", "strength", "look"}
    ),
    WORDS_ONLY: frozenset({"words", "look"}),
}
"""The pipeline classes driven here, and what each can honour."""

TRAINED: frozenset[Need] = frozenset({"carry"})
"""What a VACE checkpoint can honour if it was trained for it, and says so in its card.toml."""

ENCODED_AT_ONCE = 4
"""AutoencoderKLWan.encode takes 1 frame, then 4 at a time, and drops what is left over, whatever
its time factor.
"""

_NATIVE_AREA = 832 * 480  # what Wan 2.1 was trained for, with 81 frames at 16 a second
_NATIVE_FRAMES = 81
_REFERENCES = 3  # as VACE's own examples use; more dilute each other
_LOOK_NOISE = 0.05  # the lowest that a sampler's last step has, about
_LOOK_DEPTH = 1 / 3  # DiffTrack found 40 to 57 % best, by queries with keys
_NUMBERS_A_TOKEN = 12  # hidden states, queries, keys, values and the wide layer at once


@dataclass(frozen=True)
class Shape:
    """What a checkpoint's pipeline divides by: pixels a latent, frames a latent, and the patch."""

    space: int
    time: int
    patch: int

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Shape:
        """Read as the pipeline class does: VACE counts the VAE's stages, the plain one believes its
        config.
        """
        vae = checkpoint.config("vae")
        patch = _transformer(checkpoint).get("patch_size", [1, 2, 2])
        stages = vae.get("temperal_downsample", [False, True, True])
        try:
            if checkpoint.class_name == VACE:
                space, time = 2 ** len(stages), 2 ** sum(bool(stage) for stage in stages)
            else:
                space = int(vae.get("scale_factor_spatial", 8))
                time = int(vae.get("scale_factor_temporal", 4))
            return cls(space, time, max(int(patch[1]), int(patch[2])))
        except (TypeError, ValueError, IndexError) as error:
            raise CheckpointInvalid(
                f"Its configs do not say what sizes it can make: {error}",
                str(checkpoint.folder),
                "Fetch the checkpoint again, whole",
            ) from error

    @property
    def multiple(self) -> int:
        """Width and height are multiples of this."""
        return self.space * self.patch


@dataclass(frozen=True)
class Reading:
    """How a checkpoint's attention is read when it looks at footage.

    layer   the block whose attention tells what corresponds to what, from 0
    noise   the share of noise it is shown the footage with
    placed  whether queries and keys are compared with their positions turned in
    """

    layer: int
    noise: float = _LOOK_NOISE
    placed: bool = False

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Reading:
        """What its card.toml says (look_layer, look_noise), else what is usual. Raises
        CheckpointInvalid.
        """
        told = _Told(checkpoint)
        layers = int(_transformer(checkpoint).get("num_layers", 40))
        layer = told.whole("look_layer", int(layers * _LOOK_DEPTH))
        noise = told.number("look_noise", _LOOK_NOISE)
        if layer >= layers:
            raise told.wrong("look_layer", f"must be less than {layers}")
        if not 0 <= noise <= 1:
            raise told.wrong("look_noise", "must be between 0 and 1")
        return cls(layer, noise)


def _transformer(checkpoint: Checkpoint) -> dict[str, Any]:
    return checkpoint.config("transformer") or checkpoint.config("transformer_2")


def card_from(checkpoint: Checkpoint) -> ModelCard:
    """The card of a checkpoint; what its card.toml says goes before what is known of the family."""
    told = _Told(checkpoint)
    Reading.of(checkpoint)
    name, revision = _name(checkpoint)
    shape = Shape.of(checkpoint)
    takes_pictures = checkpoint.class_name == VACE
    step = math.lcm(shape.time, ENCODED_AT_ONCE) if takes_pictures else shape.time
    frames = FrameRule(1, step, told.whole("longest", _NATIVE_FRAMES))
    if (frames.longest - 1) % step:
        raise told.wrong("longest", f"must be 1 and some times {step}")
    area = told.whole("area", _NATIVE_AREA)
    honours = told.honours(CLASSES[checkpoint.class_name], TRAINED if takes_pictures else None)
    references = told.whole("references", _REFERENCES) if "references" in honours else 0
    reach = Reach(
        honours=honours,
        multiple=shape.multiple,
        frames=frames,
        area=area,
        native_rate=told.rate(),
        context=told.whole("context", 2 * step + 1),
        references=references,
        memory_gb=told.number("memory_gb", _memory(checkpoint, shape, area, frames.longest)),
        anchors=told.whole("anchors", 0),
        holes=told.holes(),
    )
    return ModelCard(
        name=told.text("name", name),
        title=told.text("title", name),
        reach=reach,
        licence=told.text("licence", "unknown"),
        training_data=told.text("training_data", "unknown"),
        source=str(checkpoint.folder),
        revision=told.text("revision", revision),
        steps=told.whole("steps", 30),
        guidance=told.number("guidance", 5.0),
        note=told.text("note", ""),
        size_mb=round(checkpoint.size() / 1e6, 1),
        sha256=told.text("sha256", ""),
    )


def _name(checkpoint: Checkpoint) -> tuple[str, str]:
    """The folder's name; of one in the download cache, the repository's, and its revision."""
    folder = checkpoint.folder.resolve()
    if folder.parent.name == "snapshots" and folder.parents[1].name.startswith("models--"):
        repository = folder.parents[1].name.removeprefix("models--").replace("--", "/")
        return repository, folder.name
    return folder.name, ""


def _memory(checkpoint: Checkpoint, shape: Shape, area: int, frames: int) -> float:
    """Gigabytes: two bytes a weight, and what one pass over its longest clip keeps."""
    latents = (frames - 1) // shape.time + 1
    tokens = latents * area // shape.multiple**2
    a_pass = pass_bytes(tokens, _transformer(checkpoint), 2)
    return round((2 * checkpoint.numbers() + a_pass) / 1e9, 2)


def pass_bytes(tokens: int, transformer: dict[str, Any], itemsize: int) -> int:
    """What one pass over so many tokens keeps, in numbers of so many bytes: an estimate."""
    heads, each = (transformer.get(key, 1) for key in ("num_attention_heads", "attention_head_dim"))
    return tokens * int(heads) * int(each) * _NUMBERS_A_TOKEN * itemsize


class _Told:
    """What a checkpoint's card.toml says, each value checked for its kind."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._path = str(checkpoint.folder / CARD)
        self._told = checkpoint.card()

    def wrong(self, key: str, why: str) -> CheckpointInvalid:
        return CheckpointInvalid(
            f"{key} in {CARD} {why}, not {self._told.get(key)!r}", self._path, "Put it right"
        )

    def text(self, key: str, otherwise: str) -> str:
        value = self._told.get(key, otherwise)
        if not isinstance(value, str):
            raise self.wrong(key, "must be text")
        return value

    def whole(self, key: str, otherwise: int) -> int:
        value = self._told.get(key, otherwise)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.wrong(key, "must be a whole number")
        return value

    def number(self, key: str, otherwise: float) -> float:
        value = self._told.get(key, otherwise)
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise self.wrong(key, "must be a number")
        return float(value)

    def rate(self) -> Rate | None:
        value = self._told.get("native_rate")
        try:
            return None if value is None else Rate.of(value)
        except BadValue as error:
            raise self.wrong("native_rate", "must be a frame rate") from error

    def holes(self) -> Literal["grey", "rough"]:
        value = self._told.get("holes", "grey")
        if value not in ("grey", "rough"):
            raise self.wrong("holes", "must be grey or rough")
        return cast(Literal["grey", "rough"], value)

    def honours(
        self, possible: frozenset[Need], trained: frozenset[Need] | None
    ) -> frozenset[Need]:
        value = self._told.get("honours")
        if value is None:
            return possible
        needs = get_args(Need)
        if not isinstance(value, list) or any(each not in needs for each in value):
            raise self.wrong("honours", f"must be a list of {', '.join(needs)}")
        return frozenset(value) & (possible | (trained or frozenset()))
