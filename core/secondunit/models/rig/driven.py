"""A checkpoint that shoots call sheets: an official pipeline of diffusers, asked take by take.

A family is a class that derives from `Driven`, and overrides what its pipeline has of its own.
"""

from __future__ import annotations

import functools
import inspect
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Any, Protocol, Self

import numpy as np

from secondunit.callsheet import Answer, CallSheet, ModelCard, Need, Pixels, Question, Sight, Watch
from secondunit.models.berth import Berth
from secondunit.models.fitness import cannot_look, check, check_opening
from secondunit.models.rig.adapters import worn
from secondunit.models.rig.loading import opened, prompt_length, quiet, readable
from secondunit.models.rig.machine import device_for, fitting
from secondunit.models.rig.parts import VAE, Parts
from secondunit.models.rig.watching import (
    Believed,
    as_callback,
    asking,
    beginning,
    blocks_of,
    stepping,
    telling,
)
from secondunit.models.standins import left_of, stood_in
from secondunit.models.standins.cells import Cells
from secondunit.models.standins.clock import steps_left, way
from secondunit.models.standins.held import Held
from secondunit.models.standins.shown import shown
from secondunit.weights.checkpoint import Checkpoint

During = Callable[[], AbstractContextManager[None]]
"""Entered around a stretch of work, and left while nobody works."""

_WORDS_KEPT = 16  # prompts; each is some megabytes


class StandIn(Protocol):
    """A technique that does on latents what a checkpoint cannot do by itself."""

    def at_work(self) -> AbstractContextManager[None]:
        """Entered around the pipeline's loop."""
        ...

    def start(self, noise: Any) -> Any | None:
        """What a take begins with instead of that noise; None where it is to begin with it."""
        ...

    def after(self, step: int, latents: Any) -> Any:
        """What the loop goes on with, after step number `step` (from 0) left these latents."""
        ...


@dataclass(eq=False)
class Shoot:
    """One sheet being shot: what its takes share, worked out once.

    sheet     what the checkpoint itself is told
    asked     the whole sheet, of which stand-ins may do a part
    steps     how many steps the whole way from noise is laid out in
    taken     how many of them, the last ones, are taken; the watch is told of as many
    words     what the prompts are to the pipeline's call
    pictures  what the sheet's pictures are to it
    standins  what does for the checkpoint what it cannot do by itself
    kept      whatever else a family wants to keep from one take to the next, by name
    """

    sheet: CallSheet
    watch: Watch
    steps: int
    taken: int
    guidance: float
    asked: CallSheet
    words: dict[str, Any] = field(default_factory=dict)
    pictures: dict[str, Any] = field(default_factory=dict)
    standins: list[StandIn] = field(default_factory=list)
    kept: dict[str, Any] = field(default_factory=dict)


class Driven:
    """A pipeline with its card, on a device. Not for two threads at once.

    A new family needs three things. Its package offers `drives`, `card_of` and `load`: see
    `secondunit.models.family`. Its card is read with `rig.card`: a `Told`, a `Reach`, `card_with`.
    And it derives from this class: `self._pipe` is the pipeline, with the parts it needs at hand
    where these are called, the VAE alone for the last three:

    read(prompt)              words as the pipeline reads them; kept for later sheets
    words(read, negative)     those, as arguments of its call
    pictures(shoot)           the sheet's pictures, as arguments: laid out once for all takes
    told(shoot)               all other arguments: size, frames, steps, guidance
    way(sheet, steps)         (steps laid out, steps taken): not the same where it starts late
    start(shoot, generator)   latents to begin with; None where the pipeline draws its own noise
    around(shoot)             what is entered around the pipeline's loop
    loop(arguments)           the call itself; its latents
    clip(latents, shoot)      the clip's own latents (1,C,t,h,w) out of what the loop holds: packed
                              tokens unpacked, references cut off
    to_decoder(latents)       those in the decoder's own scale and precision
    frames_of(latents, during)    frames out of them, chunk after chunk where the VAE can
    cut(decoded, shoot)       the sheet's frames, where they are not all that was decoded
    tokens(sheet)             how many tokens one pass has: what memory depends on
    helped(sheet), own(sheet)     what of a sheet comes by stand-ins, and what is left to be told
    cells()                   how many pixels and frames a cell of its latents is
    encoded(clip)             frames as latents: `to_decoder` undone
    packed(latents, shoot)    those as the loop holds them: `clip` undone
    laid(sheet)               the sheet as stand-ins show it, with what the pipeline is shown
    given(shoot, latents)     what of packed ones the pipeline begins with as it is: see `Held`
    stand_ins(shoot)          see `StandIn`; what they can do is added to a card's reach by
                              `standins.widened`, for families whose last three are right
    worn(shoot)               what the pipeline wears while it shoots

    Each has an answer here that suits a pipeline which takes prompt_embeds, height, width,
    num_frames, num_inference_steps and guidance_scale, and whose VAE names its scale in its config.
    What they must not do is draw noise otherwise than by the generator they are given, or change
    the pipeline for longer than `around` lasts. A pipeline that calls back after each step is heard
    that way, any other through its scheduler: a family need not care.
    """

    LONGEST_PROMPT = 512
    """The pipeline's own limit, in tokens."""
    PIPELINE = ""
    """The official pipeline it is driven by, where that is not the one its checkpoint names."""
    UNUSED: frozenset[str] = frozenset()
    """Parts of the checkpoint that no call of ours needs: they are not loaded."""

    def __init__(self, card: ModelCard, checkpoint: Checkpoint, parts: Parts, pipe: Any) -> None:
        self.card = card
        self._checkpoint, self._parts = checkpoint, parts
        self._pipe = pipe
        self._read: OrderedDict[str, Any] = OrderedDict()
        self._accepted = frozenset(inspect.signature(type(pipe).__call__).parameters)
        self._prompt_length = prompt_length(checkpoint, pipe, self.LONGEST_PROMPT)

    @classmethod
    def load(cls, card: ModelCard, checkpoint: Checkpoint, berth: Berth) -> Self:
        """Raises CheckpointInvalid, for weights that are not their card's too, NotEnoughMemory,
        PartMissing, BadValue for a device that is not there.
        """
        checkpoint.prove()
        used = tuple(name for name in checkpoint.components if name not in cls.UNUSED)
        driver = cls.PIPELINE or checkpoint.class_name
        checkpoint = replace(checkpoint, class_name=driver, components=used)
        parts = Parts(checkpoint, device_for(berth.device), berth)
        return cls(card, checkpoint, parts, opened(checkpoint, parts, card.title))

    def shoot(self, sheet: CallSheet, watch: Watch) -> Iterator[Answer]:
        """Takes one after another, (n,H,W,3) float32 in 0..1, each frame as soon as it is decoded.

        A take's bits do not depend on which takes were shot before it. Raises ModelUnfit, SizeUnfit
        and BadValue at once, NotEnoughMemory and what the watch raises on the way; the model can be
        used again after any of them.
        """
        check(sheet, self.card)
        own = self.own(sheet)
        check_opening(own, self.card)
        steps, taken = self.way(own, self.card.steps if sheet.steps is None else sheet.steps)
        if "strength" in self.helped(sheet):
            times, steps = taken // steps, way(steps, sheet.strength)
            taken = times * steps_left(steps, sheet.strength)
        guidance = self.card.guidance if sheet.guidance is None else sheet.guidance
        return self._takes(Shoot(own, watch, steps, taken, guidance, sheet))

    def look(self, footage: Pixels, question: Question, watch: Watch | None = None) -> Sight:
        """Raises ModelUnfit: reading footage is nothing all pipelines can."""
        raise cannot_look(self.card)

    def provenance(self) -> dict[str, Any]:
        """Weights' hash, class, precision, device, versions, scheduler: all a side-car tells of the
        model.
        """
        pipe = self._pipe
        return {
            "model": self.card.name,
            "weights": self._checkpoint.fingerprint(),
            "source": self.card.source,
            "revision": self.card.revision,
            "licence": self.card.licence,
            "training_data": self.card.training_data,
            "class": self._checkpoint.class_name,
            "device": str(self._parts.device),
            "precision": self._parts.precision(),
            "sparing": self._parts.sparing,
            **({"fast": fast} if (fast := self._parts.fast()) else {}),
            "scheduler": {
                key: value
                for key, value in sorted(dict(pipe.scheduler.config).items())
                if not key.startswith("_") and isinstance(value, (str, int, float, type(None)))
            }
            | {"class": type(pipe.scheduler).__name__},
            "versions": {name: version(name) for name in ("torch", "diffusers", "transformers")},
            **(
                {"stand_ins": stand_ins} if (stand_ins := sorted(self.card.reach.stand_ins)) else {}
            ),
        }

    # ------------------------------------------------- what a family may have of its own

    def helped(self, sheet: CallSheet) -> frozenset[Need]:
        """What of a sheet comes by stand-ins."""
        return stood_in(sheet, self.card.reach)

    def own(self, sheet: CallSheet) -> CallSheet:
        """What of a sheet the checkpoint itself is told."""
        return left_of(sheet, self.card.reach)

    def read(self, prompt: str) -> Any:
        """Words as the pipeline reads them: (1, tokens, width), padded as in training."""
        return self._pipe.encode_prompt(
            prompt=prompt,
            do_classifier_free_guidance=False,
            max_sequence_length=self._prompt_length,
        )[0]

    def words(self, read: Any, negative: Any | None) -> dict[str, Any]:
        """What was read, as arguments; no `negative` where nothing is guided."""
        return {"prompt_embeds": read, "negative_prompt_embeds": negative}

    def pictures(self, shoot: Shoot) -> dict[str, Any]:
        """The sheet's plate, keys, references and guide, as arguments; none by default."""
        return {}

    def told(self, shoot: Shoot) -> dict[str, Any]:
        """All other arguments of the call."""
        sheet = shoot.sheet
        told = {
            "height": sheet.height,
            "width": sheet.width,
            "num_frames": sheet.frames,
            "num_inference_steps": shoot.steps,
            "guidance_scale": shoot.guidance,
        }
        if "max_sequence_length" in self._accepted:
            told["max_sequence_length"] = self._prompt_length
        return told

    def way(self, sheet: CallSheet, steps: int) -> tuple[int, int]:
        """How many steps the way from noise is laid out in, and how many of them are taken."""
        return steps, steps

    def start(self, shoot: Shoot, generator: Any) -> Any | None:
        """Latents to begin with, instead of those the pipeline draws."""
        return None

    @contextmanager
    def around(self, shoot: Shoot) -> Iterator[None]:
        """Entered around the pipeline's call."""
        yield

    def loop(self, arguments: dict[str, Any]) -> Any:
        """The pipeline's call, and the latents it ends with."""
        return self._pipe(**arguments).frames

    def clip(self, latents: Any, shoot: Shoot) -> Any:
        """The clip's own latents (1,C,t,h,w), in the scale the network knows them in."""
        return latents

    def to_decoder(self, latents: Any) -> Any:
        """Latents in the decoder's own scale and precision, by what its config says."""
        import torch

        vae = self._pipe.vae
        latents = latents.to(vae.dtype)
        if getattr(vae.config, "latents_mean", None) is None:
            return latents / vae.config.scaling_factor
        mean, spread = (
            torch.as_tensor(values).view(1, -1, 1, 1, 1).to(latents.device, latents.dtype)
            for values in (vae.config.latents_mean, vae.config.latents_std)
        )
        return latents * spread / getattr(vae.config, "scaling_factor", 1.0) + mean

    def frames_of(self, latents: Any, during: During) -> Iterator[Pixels]:
        """(n,H,W,3) float32 in 0..1, chunk after chunk: here the whole clip at once."""
        import torch

        with during(), torch.no_grad():
            frames = self._pipe.vae.decode(self.to_decoder(latents)).sample
            shown = self._pipe.video_processor.postprocess_video(frames, output_type="np")[0]
        yield np.ascontiguousarray(shown, dtype=np.float32)

    def cut(self, decoded: Iterator[Pixels], shoot: Shoot) -> Iterator[Pixels]:
        """The sheet's frames, out of those that were decoded."""
        return decoded

    def tokens(self, sheet: CallSheet) -> int:
        """How many tokens one pass over a sheet has: what its memory depends on."""
        reach = self.card.reach
        latents = -(-(sheet.frames - reach.frames.base) // reach.frames.step) + 1
        return latents * sheet.width * sheet.height // reach.multiple**2

    def cells(self) -> Cells:
        """How many pixels wide and high, and how many frames long, a cell of its latents is."""
        return Cells(self._pipe.vae_scale_factor_spatial, self._pipe.vae_scale_factor_temporal)

    def encoded(self, clip: Pixels) -> Any:
        """Frames (T,H,W,3) as latents (1,C,t,h,w), float32, in the scale the network knows."""
        import torch

        vae = self._pipe.vae
        pictures = torch.from_numpy(clip * 2 - 1).permute(3, 0, 1, 2)[None]
        latents = vae.encode(pictures.to(vae.device, vae.dtype)).latent_dist.mode().float()
        if getattr(vae.config, "latents_mean", None) is None:
            return latents * vae.config.scaling_factor
        mean, spread = (
            torch.as_tensor(values).view(1, -1, 1, 1, 1).to(latents.device, latents.dtype)
            for values in (vae.config.latents_mean, vae.config.latents_std)
        )
        return (latents - mean) * getattr(vae.config, "scaling_factor", 1.0) / spread

    def packed(self, latents: Any, shoot: Shoot) -> Any:
        """The clip's latents (1,C,t,h,w) as the loop holds them."""
        return latents

    def laid(self, sheet: CallSheet) -> CallSheet:
        """The sheet as stand-ins show it, where the pipeline is shown a part of it too."""
        return sheet

    def given(self, shoot: Shoot, latents: Any) -> Any | None:
        """Which of the packed latents the pipeline begins with as they are; None for none."""
        return None

    def stand_ins(self, shoot: Shoot) -> list[StandIn]:
        """What does on latents what the sheet asks for and the checkpoint cannot do by itself."""
        import torch

        sheet = self.laid(shoot.asked)
        asked = self.helped(sheet)
        if not asked:
            return []
        cells = self.cells()
        known = shown(sheet, asked, cells, self.card.reach.drag)
        with self._working(shoot, (VAE,)), torch.no_grad():
            clean = self.encoded(known.clip)
            until = torch.from_numpy(known.until)[None, None].to(clean).expand_as(clean)
            clean, until = self.packed(clean, shoot), self.packed(until, shoot)
        late = steps_left(shoot.steps, sheet.strength) if "strength" in asked else None
        scheduler, portions = self._pipe.scheduler, cells.portions(sheet.frames)
        return [Held(scheduler, clean, until, late, portions, self.given(shoot, clean))]

    def worn(self, shoot: Shoot) -> AbstractContextManager[None]:
        """The sheet's adapters, put on while this lasts."""
        return worn(self._pipe, shoot.sheet.adapters, self.card)

    # ------------------------------------------------- the same for all

    def _takes(self, shoot: Shoot) -> Iterator[Answer]:
        self._prepare(shoot)
        during = functools.partial(self._working, shoot, (VAE,))
        for take, seed in enumerate(shoot.sheet.seeds):
            latents = self._denoised(shoot, take, seed)
            first = 0
            for frames in self.cut(self.frames_of(latents, during), shoot):
                yield Answer(take, first, frames)
                first += len(frames)

    def _working(
        self, shoot: Shoot, names: Iterable[str], need: int = 0
    ) -> AbstractContextManager[None]:
        sheet = shoot.sheet
        told = f"{sheet.frames} frames of {sheet.width}x{sheet.height}"
        return self._at_work(told, shoot.watch, names, need)

    @contextmanager
    def _at_work(
        self, told: str, watch: Watch, names: Iterable[str], need: int = 0
    ) -> Iterator[None]:
        """Around every stretch of work: those parts at hand and so many bytes beside them,
        cancellable, silent, and out of memory in plain words.
        """
        with ExitStack() as stack:
            stack.enter_context(quiet())
            stack.enter_context(fitting(self.card.title, told))
            with readable(self._checkpoint, self.card.title):
                stack.enter_context(self._parts.at_hand(names, need))
            stack.enter_context(asking(blocks_of(self._parts.present()), watch))
            yield

    def _prepare(self, shoot: Shoot) -> None:
        """Read the words and lay out the pictures, once for all takes."""
        sheet = shoot.sheet
        reading = functools.partial(self._working, shoot, self._parts.readers)
        read, negative = self._words(sheet.prompt, reading), None
        if shoot.guidance > 1:
            negative = self._words(sheet.negative, reading)
        shoot.words = self.words(read, negative)
        shoot.pictures = self.pictures(shoot)
        shoot.standins = self.stand_ins(shoot)

    def _words(self, prompt: str, during: During) -> Any:
        """Words as the pipeline reads them; those it read lately are known, so that its reader need
        not be at hand for them.
        """
        import torch

        if prompt not in self._read:
            with during(), torch.no_grad():
                self._read[prompt] = self.read(prompt)
        self._read.move_to_end(prompt)
        while len(self._read) > _WORDS_KEPT:
            self._read.popitem(last=False)
        return self._read[prompt]

    def _denoised(self, shoot: Shoot, take: int, seed: int) -> Any:
        """One take's latents, from the pipeline's own loop. Noise is drawn on the processor: the
        same on every device.
        """
        import torch

        pipe = self._pipe
        generator = torch.Generator("cpu").manual_seed(seed)
        arguments = {
            **shoot.words,
            **self.told(shoot),
            "generator": generator,
            "output_type": "latent",
        }
        with ExitStack() as stack:
            stack.enter_context(self._working(shoot, self._parts.seeing, self._need(shoot.sheet)))
            start = self.start(shoot, generator)
            if start is not None:
                arguments["latents"] = start
            stack.enter_context(self.around(shoot))
            told = self._told(shoot, take)
            for each in shoot.standins:
                stack.enter_context(each.at_work())
            if shoot.standins:
                begun = functools.partial(_begun, shoot.standins)
                stack.enter_context(beginning(self._pipe, begun))
            if "callback_on_step_end" in self._accepted:
                arguments["callback_on_step_end"] = as_callback(told)
            else:
                stack.enter_context(stepping(pipe.scheduler, told))
            stack.enter_context(self.worn(shoot))
            latents = self.loop({**arguments, **shoot.pictures})
            return self.clip(latents, shoot)

    def _told(self, shoot: Shoot, take: int) -> Callable[[int, Any], Any]:
        believed = Believed(self._pipe.scheduler)
        change = functools.partial(_changed, shoot.standins)
        return telling(
            shoot.watch, take, shoot.taken, believed, functools.partial(self._shown, shoot), change
        )

    def _shown(self, shoot: Shoot, estimate: Any) -> Callable[[], Pixels]:
        """An estimate, made into a preview when it is called."""
        during = functools.partial(self._working, shoot, (VAE,))
        return lambda: self.stills(self.clip(estimate, shoot), during)

    def stills(self, latents: Any, during: During) -> Pixels:
        """First, middle and last latent frame, each as the one picture it begins with: (n,H,W,3), n
        up to 3.
        """
        last = latents.shape[2] - 1
        chosen = sorted({0, last // 2, last})
        alone = (latents[:, :, at : at + 1] for at in chosen)
        return np.concatenate([next(self.frames_of(each, during))[:1] for each in alone])

    def _need(self, sheet: CallSheet) -> int:
        """Bytes that one pass over a sheet takes beside the weights, about."""
        return self._parts.a_pass(self.tokens(sheet))


def _begun(standins: list[StandIn], noise: Any) -> Any:
    for each in standins:
        changed = each.start(noise)
        noise = noise if changed is None else changed
    return noise


def _changed(standins: list[StandIn], step: int, latents: Any) -> Any:
    for each in standins:
        latents = each.after(step, latents)
    return latents
