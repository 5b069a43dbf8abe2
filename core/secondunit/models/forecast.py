"""How much memory a shot or a look will take, told before anything of the model is loaded.

Read from a checkpoint's configs and its files' headers: what stays on the device, and what one
stretch of work takes beside it. What a device measured in earlier runs corrects the latter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from secondunit.callsheet import FrameRule, Pixels, Question, Reach
from secondunit.matting.correspond import Matching, carry_bytes, grids, stand_out_bytes
from secondunit.models.berth import AMPLE, THIN, TILED
from secondunit.weights.checkpoint import Checkpoint

Stretch = Literal["reading", "encoding", "denoising", "decoding", "looking"]

RUNGS = (AMPLE, TILED, THIN)

_READER, _VAE, _NETWORK = "text_encoder", "vae", "transformer"
_READERS = (_READER, "image_encoder")
_WHOLE = (_VAE, "vocoder")  # parts whose numbers are never halved
_TILE = 256 * 256  # pixels: the VAEs' own tiles
_CHUNK = 4  # frames a causal VAE has in hand
_KEPT = 2  # frames each of its layers remembers
_WORDS = 512  # tokens of a prompt, the padding included
_FEWEST = 3  # frames a look must hold: a key, the one before, and a new one
_PLANES = 4  # of a look's footage: what is found and how unsure, pass by pass and in all
_CLIPS = 5  # the control clip, its matte, what is kept, what is painted, and one being made
_LATENTS = 8  # noise, both predictions and what a multistep solver remembers
_TOGETHER = ("CogVideoX", "LTX")  # their pipelines run guidance's halves in one pass, twice as wide
_WORKSPACE = {"cuda": 600_000_000}  # what the libraries of a GPU take for themselves
_ONLOADED = {"cuda": 3}  # blocks: the one at work, the one that comes, and what is no block
_ATTENDING = {"sage": 3.0}  # bytes a number of queries, keys and values: copies in fewer bits


@dataclass(frozen=True)
class Look:
    """A look over footage, as far as memory hangs on it.

    samples  on how many grids
    words    whether it looks for what words name, and not for what masks mark
    """

    width: int
    height: int
    frames: int
    samples: int = 4
    words: bool = False

    @classmethod
    def over(cls, footage: Pixels, question: Question) -> Look:
        """A look over footage (T,H,W,3)."""
        frames, height, width = footage.shape[:3]
        return cls(width, height, frames, question.samples, not question.masks)


@dataclass(frozen=True)
class Asked:
    """What a job's largest call asks of memory.

    pictures  whether the VAE encodes a plate first
    guided    whether each step asks twice, with the words and without
    looks     its largest looks, where it looks
    shoots    whether it shoots at all
    """

    width: int
    height: int
    frames: int
    references: int = 0
    pictures: bool = False
    guided: bool = True
    looks: tuple[Look, ...] = ()
    shoots: bool = True

    def lasting(self, frames: int) -> Asked:
        """The same of so many frames at most."""
        looks = (replace(each, frames=min(each.frames, frames)) for each in self.looks)
        return replace(self, frames=frames, looks=tuple(looks))

    def sized(self, width: int, height: int) -> Asked:
        """The same in another size; what is looked at with it."""
        looks = (
            replace(
                each,
                width=max(1, each.width * width // self.width),
                height=max(1, each.height * height // self.height),
            )
            for each in self.looks
        )
        return replace(self, width=width, height=height, looks=tuple(looks))


@dataclass(frozen=True)
class Lodging:
    """Where a model is to live: on a cuda, mps or cpu device, and by which attention."""

    device: str = "cpu"
    attention: str = "native"

    def bytes_of(self, part: str) -> int:
        """Of one number of a part: see `rig.machine.precision_for`."""
        return 2 if self.device == "cuda" and not part.startswith(_WHOLE) else 4


@dataclass(frozen=True)
class Forecast:
    """The most bytes a call takes on a device, and in which stretch of its work.

    weights  of parts that must be there at once
    beside   what the work takes beside them
    host     what waits in the host's own memory meanwhile
    """

    rung: int
    stretch: Stretch
    weights: int
    beside: int
    host: int = 0

    @property
    def peak(self) -> int:
        """Weights and work together."""
        return self.weights + self.beside


@dataclass(frozen=True)
class Footprint:
    """All of a checkpoint that memory hangs on.

    numbers   how many weights each part has
    together  whether guidance doubles each pass, or asks a second time
    area      the picture area it was trained for, in pixels
    """

    numbers: Mapping[str, int]
    network: Mapping[str, Any]
    vae: Mapping[str, Any]
    reader: Mapping[str, Any]
    multiple: int
    frames: FrameRule
    together: bool = False
    area: int = 0

    @classmethod
    def of(cls, checkpoint: Checkpoint, reach: Reach | None = None) -> Footprint:
        """Read from a folder, of which nothing is loaded. Without a reach it tells of weights
        alone. Raises CheckpointInvalid.
        """
        numbers = {name: checkpoint.numbers(name) for name in checkpoint.components}
        told = cls(
            {name: count for name, count in numbers.items() if count},
            checkpoint.config("transformer") or checkpoint.config("transformer_2"),
            checkpoint.config(_VAE),
            checkpoint.config(_READER),
            1,
            FrameRule(1, 1, 1),
            together=checkpoint.class_name.startswith(_TOGETHER),
        )
        return told.reaching(reach) if reach else told

    def reaching(self, reach: Reach) -> Footprint:
        """The same of a model of that reach."""
        return replace(self, multiple=reach.multiple, frames=reach.frames, area=reach.area)

    def forecast(
        self,
        asked: Asked,
        rung: int,
        lodging: Lodging,
        ratio: float = 1.0,
        looked: float = 1.0,
    ) -> Forecast:
        """The stretch that takes most. `ratio` is what shooting was measured to take over what was
        foretold, `looked` what looking was.
        """
        reading, seeing = self._readers(rung, lodging), self._seeing(rung, lodging)
        told: list[tuple[Stretch, int, float]] = [
            ("reading", reading, self._reading(lodging) * ratio)
        ]
        if asked.shoots:
            told += [
                ("encoding", seeing, self._encoding(asked, rung, lodging) * ratio),
                ("denoising", seeing, self._denoising(asked, lodging) * ratio),
                ("decoding", seeing, self._decoding(asked, rung, lodging) * ratio),
            ]
        looks = [self.looking(each, rung, lodging) * looked for each in asked.looks]
        told += [("looking", seeing, each) for each in looks]
        spare, host = _WORKSPACE.get(lodging.device, 0), self._host(rung, lodging)
        all_of_them = [
            Forecast(rung, stretch, weights, int(beside) + spare, host)
            for stretch, weights, beside in told
        ]
        return max(all_of_them, key=lambda each: each.peak)

    def beside(self, asked: Asked, rung: int, lodging: Lodging) -> int:
        """The most bytes that any stretch of shooting takes beside the weights, uncorrected."""
        return max(
            self._reading(lodging),
            self._encoding(asked, rung, lodging),
            self._denoising(asked, lodging),
            self._decoding(asked, rung, lodging),
        )

    def tokens(self, asked: Asked) -> int:
        """How many tokens one pass has."""
        time = _time_factor(self.vae) or self.frames.step
        latents = -(-(asked.frames - self.frames.base) // time) + 1 + asked.references
        return max(1, latents) * asked.width * asked.height // self.multiple**2

    # ---------------------------------------------------------------- weights on the device

    def on_device(self, name: str, rung: int, lodging: Lodging) -> int:
        """Bytes of a part that are on the device at once."""
        whole = self.numbers.get(name, 0) * lodging.bytes_of(name)
        if rung == AMPLE or name.startswith(_VAE):
            return whole
        if name.startswith(_READERS):
            told = self.reader
            width = int(told.get("d_model") or told.get("hidden_size") or 0)
            largest = width * int(told.get("vocab_size") or 0) * lodging.bytes_of(name)
            return min(whole, 2 * largest + whole // max(1, _layers(told)))
        if not name.startswith(_NETWORK):
            return whole
        blocks = max(1, _layers(self.network) + len(self.network.get("vace_layers") or ()))
        some = min(whole, _ONLOADED.get(lodging.device, 2) * whole // blocks)
        return some // lodging.bytes_of(name) if rung >= THIN else some

    def _readers(self, rung: int, lodging: Lodging) -> int:
        return sum(
            self.on_device(each, rung, lodging)
            for each in self.numbers
            if each.startswith(_READERS)
        )

    def _seeing(self, rung: int, lodging: Lodging) -> int:
        names = [each for each in self.numbers if not each.startswith(_READERS)]
        return sum(self.on_device(each, rung, lodging) for each in names)

    def _host(self, rung: int, lodging: Lodging) -> int:
        """What waits in the host's memory: nothing on the processor, where it waits on the disk."""
        if rung == AMPLE or lodging.device == "cpu":
            return 0
        waiting = 0
        for name, count in self.numbers.items():
            if not name.startswith(_VAE):
                thin = rung >= THIN and name.startswith(_NETWORK)
                waiting += count * (1 if thin else lodging.bytes_of(name))
        return waiting

    # ---------------------------------------------------------------- work beside them

    def _reading(self, lodging: Lodging) -> int:
        told = self.reader
        width = int(told.get("d_model") or told.get("hidden_size") or 0)
        inner = int(told.get("d_ff") or told.get("intermediate_size") or 4 * width)
        return _WORDS * (6 * width + 3 * inner) * lodging.bytes_of(_READER)

    def _denoising(self, asked: Asked, lodging: Lodging) -> int:
        twice = 2 if asked.guided and self.together else 1
        return self.a_pass(self.tokens(asked) * twice, lodging)

    def a_pass(self, tokens: int, lodging: Lodging) -> int:
        """One pass over so many tokens: the widest moment of a block, and what is kept from one to
        the next.

        Counted in Wan's blocks, in bytes: the residual sums are made in whole floats beside the
        halves; queries and keys are turned one after the other; the wide layer is there twice, in
        front of its activation and behind it.
        """
        size = lodging.bytes_of(_NETWORK)
        width, inner = _width(self.network), _inner(self.network)
        summing = width * (3 * size + (16 if size < 4 else 8))
        turning = width * (7 * size + 4 if size < 4 else 7.5 * size)
        turning += width * _ATTENDING.get(lodging.attention, 0.0)
        spreading = 2 * size * (width + inner)
        hints = len(self.network.get("vace_layers") or ())
        kept = width * size * (hints + 2 if hints else 1)
        patch = _product(self.network.get("patch_size") or (1, 2, 2))
        channels = int(self.network.get("in_channels") or 16)
        given = int(self.network.get("vace_in_channels") or 0)
        held = patch * (channels * 4 * _LATENTS + given * 2 * (4 + size))
        square = 0
        if lodging.attention == "_native_math":
            square = 2 * _heads(self.network) * tokens**2 * size
        return int(tokens * (max(summing, turning, spreading) + kept + held)) + square

    def looking(self, look: Look, rung: int, lodging: Lodging) -> int:
        """The most bytes a look takes beside the weights, uncorrected.

        Frames are encoded one by one; a pass holds what was kept of the grids before it; then the
        tokens of all frames are compared.
        """
        latents = (self.frames.longest - 1) // (_time_factor(self.vae) or 1) + 1
        frames = min(look.frames, at_once(latents, self.area, look.width * look.height))
        one = Asked(look.width, look.height, 1)
        frame = self._coding(one, rung, lodging, self.vae.get("base_dim"), 0)
        telling = self._naming if look.words else self._carrying
        told = grids(look.height, look.width, self.multiple, look.samples)
        cells = [each.rows * each.columns for each in told]
        beside = telling(cells, frames, frame, lodging)
        if lodging.device == "cpu":
            beside += _PLANES * 4 * look.frames * look.width * look.height
        return beside

    def _carrying(self, cells: list[int], frames: int, frame: int, lodging: Lodging) -> int:
        """Masks carried: queries and keys of one layer, kept of every grid of so many tokens a
        frame. To encode one takes `frame`.
        """
        width = _width(self.network)
        kept = 2 * width * lodging.bytes_of(_NETWORK) * frames * sum(cells)
        a_pass = self.a_pass(frames * max(cells), lodging)
        return kept + max(a_pass, frame, carry_bytes(cells, frames, width, Matching()))

    def _naming(self, cells: list[int], frames: int, frame: int, lodging: Lodging) -> int:
        """Words found: queries of the later half of the layers, and their attention to all words,
        one layer after the other.
        """
        tokens, width = frames * max(cells), _width(self.network)
        layers = -(-_layers(self.network) // 2)
        kept = layers * tokens * width * lodging.bytes_of(_NETWORK)
        attending = stand_out_bytes(tokens, _WORDS, _heads(self.network), width)
        return max(frame, kept + max(self.a_pass(tokens, lodging), attending))

    def _encoding(self, asked: Asked, rung: int, lodging: Lodging) -> int:
        if not asked.pictures:
            return 0
        clips = _CLIPS * 3 * 4 * asked.frames * asked.width * asked.height
        return clips + self._coding(asked, rung, lodging, self.vae.get("base_dim"), 0)

    def _decoding(self, asked: Asked, rung: int, lodging: Lodging) -> int:
        first = self.vae.get("decoder_base_dim") or self.vae.get("base_dim")
        whole = 3 * 4 * asked.frames * asked.width * asked.height
        shown = 3 * whole if rung >= TILED else 0
        return shown + self._coding(asked, rung, lodging, first, 1)

    def _coding(
        self, asked: Asked, rung: int, lodging: Lodging, first: int | None, more: int
    ) -> int:
        """One chunk through one half of the VAE: the widest moment, and what its layers remember.

        A VAE that is no causal one has the whole clip in hand, and remembers nothing.
        """
        told, size = self.vae, lodging.bytes_of(_VAE)
        channels = _channels(told, first)
        pixels = asked.width * asked.height // int(told.get("patch_size") or 1) ** 2
        if rung >= TILED:
            pixels = min(pixels, _TILE)
        causal = _time_factor(told) is not None and "temperal_downsample" in told
        frames = min(_CHUNK, asked.frames) if causal else asked.frames
        copies = 5 if causal and asked.frames > 1 else 4
        at_work = copies * (frames + (_KEPT if causal else 0))
        layers = 2 * (_layers_a_level(told) + more)
        remembered = 0
        if causal and asked.frames > 1:
            remembered = sum(
                (layers + 1) * _KEPT * each * pixels // 4**level
                for level, each in enumerate(channels)
            )
        return size * (at_work * channels[0] * pixels + remembered)


def at_once(latents: int, area: int, pixels: int) -> int:
    """Frames of so many pixels that one pass of looking holds: no more tokens than so many latent
    frames of the model's own area have, but three frames at least.
    """
    return max(_FEWEST, min(latents, latents * area // pixels))


def _layers_a_level(vae: Mapping[str, Any]) -> int:
    """How many layers a level of a VAE has; the deepest one's, where each has its own number."""
    told = vae.get("num_res_blocks") or vae.get("layers_per_block") or 2
    return max(told) if isinstance(told, list) else int(told)


def shorter(
    footprint: Footprint,
    asked: Asked,
    rung: int,
    lodging: Lodging,
    room: int,
    *ratios: float,
) -> Asked | None:
    """The longest clip of that size that fits into so many bytes; None where none does. `ratios` as
    a forecast takes them.
    """
    rule = footprint.frames
    for frames in range(asked.frames - rule.step, rule.base - 1, -rule.step):
        less = asked.lasting(frames)
        if footprint.forecast(less, rung, lodging, *ratios).peak <= room:
            return less
    return None


def smaller(
    footprint: Footprint,
    asked: Asked,
    rung: int,
    lodging: Lodging,
    room: int,
    *ratios: float,
) -> Asked | None:
    """The largest picture of about that shape that fits, as long a clip; None where none does.
    `ratios` as a forecast takes them.
    """
    step = footprint.multiple
    for width in range(asked.width - step, step - 1, -step):
        height = max(step, round(asked.height * width / asked.width / step) * step)
        less = asked.sized(width, height)
        if footprint.forecast(less, rung, lodging, *ratios).peak <= room:
            return less
    return None


def counted(class_name: str, config: Mapping[str, Any]) -> int:
    """How many weights a part of that class has, from its config alone. Raises ValueError."""
    import diffusers
    import torch
    import transformers

    library = diffusers if hasattr(diffusers, class_name) else transformers
    kind = getattr(library, class_name, None)
    if kind is None:
        raise ValueError(f"no library knows {class_name}")
    with torch.device("meta"):
        part = kind.from_config(dict(config)) if library is diffusers else kind(config)
    return sum(each.numel() for each in part.parameters())


def _time_factor(vae: Mapping[str, Any]) -> int | None:
    stages = vae.get("temperal_downsample")
    if isinstance(stages, (list, tuple)):
        return int(2 ** sum(bool(stage) for stage in stages))
    told = vae.get("scale_factor_temporal") or vae.get("temporal_compression_ratio")
    return int(told) if told else None


def _channels(vae: Mapping[str, Any], first: int | None) -> list[int]:
    """From the full picture down."""
    told = vae.get("block_out_channels") or vae.get("decoder_block_out_channels")
    if first or not told:
        return [int(first or 96) * int(each) for each in vae.get("dim_mult") or (1, 2, 4, 4)]
    return [int(each) for each in told]


def _heads(network: Mapping[str, Any]) -> int:
    return int(network.get("num_attention_heads") or 1)


def _width(network: Mapping[str, Any]) -> int:
    each = int(network.get("attention_head_dim") or 0)
    return _heads(network) * each or int(network.get("hidden_size") or 1)


def _inner(network: Mapping[str, Any]) -> int:
    told = network.get("ffn_dim") or network.get("ff_inner_dim")
    return int(told or float(network.get("mlp_ratio") or 4.0) * _width(network))


def _layers(config: Mapping[str, Any]) -> int:
    told = ("num_layers", "num_hidden_layers", "num_single_layers")
    return sum(int(config.get(each) or 0) for each in told) or 1


def _product(sizes: Any) -> int:
    if isinstance(sizes, int):
        return sizes * sizes
    result = 1
    for each in sizes:
        result *= int(each)
    return result
