"""A Wan checkpoint's card, read from its configs: nothing is loaded for it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from secondunit.callsheet import KeyPlaces, ModelCard, Need, Reach
from secondunit.models.rig.card import (
    Told,
    card_with,
    latents_of,
    longest_side,
    memory_gb,
    sizes_of,
    transformer_of,
)
from secondunit.models.standins import SERVED, widened
from secondunit.weights.checkpoint import Checkpoint
from secondunit_contract.frames import Rate

VACE = "WanVACEPipeline"
WORDS_ONLY = "WanPipeline"
PICTURES = "WanImageToVideoPipeline"
CLASSES: dict[str, frozenset[Need]] = {
    VACE: frozenset(
        {"words", "plate", "paint", "edit", "keys", "references", "guide", "strength", "look"}
    ),
    WORDS_ONLY: frozenset({"words", "look"}),
    PICTURES: frozenset({"keys"}),
}
"""The pipeline classes driven here, and what each can honour. A plain one whose network gives each
cell a time of its own takes a first frame, too.
"""

FIRST_FRAME: frozenset[Need] = frozenset({"keys"})

TAUGHT = frozenset({VACE, WORDS_ONLY})
"""Those whose networks an adapter can be trained on: one moment of noise for the whole clip."""

TRAINED: frozenset[Need] = frozenset({"carry"})
"""What a VACE checkpoint can honour if it was trained for it, and says so in its card.toml."""

ENCODED_AT_ONCE = 4
"""AutoencoderKLWan.encode takes 1 frame, then 4 at a time, and drops what is left over, whatever
its time factor.
"""

_NATIVE_AREA = 832 * 480  # what Wan 2.1 was trained for, with 81 frames at 16 a second
_NATIVE_FRAMES = 81
_EXPANDING_AREA = 1280 * 704  # what those were trained for that give each cell a time of its own
_EXPANDING_FRAMES = 121
_EXPANDING_RATE = Rate(Fraction(24))
_REFERENCES = 3  # as VACE's own examples use; more dilute each other
_LOOK_NOISE = 0.05  # the lowest that a sampler's last step has, about
_LOOK_DEPTH = 1 / 3  # DiffTrack found 40 to 57 % best, by queries with keys


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
        patch = transformer_of(checkpoint).get("patch_size", [1, 2, 2])
        stages = vae.get("temperal_downsample", [False, True, True])
        with sizes_of(checkpoint):
            if checkpoint.class_name == VACE:
                space, time = 2 ** len(stages), 2 ** sum(bool(stage) for stage in stages)
            else:
                space, time = latents_of(vae)
            return cls(space, time, longest_side(patch))

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
        told = Told(checkpoint)
        layers = int(transformer_of(checkpoint).get("num_layers", 40))
        layer = told.whole("look_layer", int(layers * _LOOK_DEPTH))
        noise = told.number("look_noise", _LOOK_NOISE)
        if layer >= layers:
            raise told.wrong("look_layer", f"must be less than {layers}")
        if not 0 <= noise <= 1:
            raise told.wrong("look_noise", "must be between 0 and 1")
        return cls(layer, noise)


def helped_with(class_name: str) -> frozenset[Need]:
    """What stand-ins may do for a checkpoint made for that pipeline class."""
    return SERVED if class_name in CLASSES else frozenset()


def card_from(checkpoint: Checkpoint) -> ModelCard:
    """The card of a checkpoint; what its card.toml says goes before what is known of the family."""
    told = Told(checkpoint)
    Reading.of(checkpoint)
    shape = Shape.of(checkpoint)
    kind, expands = checkpoint.class_name, expanding(checkpoint)
    # Those that encode whole clips can take no more lengths than their encoder does.
    encodes = kind == VACE or (kind == PICTURES and not expands)
    step = math.lcm(shape.time, ENCODED_AT_ONCE) if encodes else shape.time
    frames = told.frames(1, step, _EXPANDING_FRAMES if expands else _NATIVE_FRAMES)
    area = told.whole("area", _EXPANDING_AREA if expands else _NATIVE_AREA)
    possible = CLASSES[kind] | FIRST_FRAME if expands else CLASSES[kind]
    honours = told.honours(possible, TRAINED if kind == VACE else None)
    places = told.key_places(_key_places(checkpoint))
    tokens = ((frames.longest - 1) // shape.time + 1) * area // shape.multiple**2
    reach = Reach(
        honours=honours,
        multiple=shape.multiple,
        frames=frames,
        area=area,
        native_rate=told.rate(_EXPANDING_RATE if expands else None),
        context=told.whole("context", 2 * step + 1 if places == "anywhere" else 1),
        references=told.whole("references", _REFERENCES) if "references" in honours else 0,
        memory_gb=told.number("memory_gb", memory_gb(checkpoint, tokens)),
        anchors=told.whole("anchors", 0),
        holes=told.holes(),
        key_places=places,
        adapters=True,
        drag=told.drag(),
        teachable=kind in TAUGHT and not expands,
    )
    return card_with(checkpoint, widened(reach, told.stand_ins(helped_with(checkpoint.class_name))))


def expanding(checkpoint: Checkpoint) -> bool:
    """Whether its network gives each cell a time of its own, so that a first frame can be known."""
    return bool(checkpoint.index().get("expand_timesteps"))


def _key_places(checkpoint: Checkpoint) -> KeyPlaces:
    """A network that is shown pictures by an image encoder takes a last one only where it was made
    for pairs; one that is shown them in its latents alone takes both.
    """
    if expanding(checkpoint):
        return "first"
    if checkpoint.class_name != PICTURES:
        return "anywhere"
    network = transformer_of(checkpoint)
    paired = network.get("pos_embed_seq_len") is not None
    return "ends" if paired or network.get("image_dim") is None else "first"
