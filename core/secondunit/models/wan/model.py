"""A Wan checkpoint that shoots call sheets: its pipeline, asked take by take."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from secondunit.callsheet import (
    Answer,
    CallSheet,
    ModelCard,
    Pixels,
    Question,
    Sight,
    Unwatched,
    Watch,
)
from secondunit.models.berth import Berth
from secondunit.models.fitness import check, check_look
from secondunit.models.wan.card import VACE, Reading, Shape, pass_bytes
from secondunit.models.wan.conditioning import as_pictures, as_tensors, conditions
from secondunit.models.wan.decode import decoded, stills
from secondunit.models.wan.loading import opened, prompt_length, quiet, readable
from secondunit.models.wan.looking import Reader
from secondunit.models.wan.machine import device_for, fitting
from secondunit.models.wan.nearness import encoded, shortened, starting_sigma, steps_left, way
from secondunit.models.wan.parts import NETWORKS, READER, VAE, Parts
from secondunit.models.wan.watching import Believed, asking, blocks_of, telling
from secondunit.weights.checkpoint import Checkpoint

SEEING = (*NETWORKS, VAE)
"""The parts that see pictures."""

_WORDS_KEPT = 16  # prompts; each is some megabytes


@dataclass(eq=False)
class _Shoot:
    """One sheet being shot: what its takes share, worked out once."""

    sheet: CallSheet
    watch: Watch
    steps: int
    guidance: float
    words: tuple[Any, Any] = (None, None)
    pictures: dict[str, Any] = field(default_factory=dict)
    control: Any = None
    plate: Any = None


class WanModel:
    """A pipeline with its card, on a device. Not for two threads at once."""

    def __init__(self, card: ModelCard, checkpoint: Checkpoint, parts: Parts, pipe: Any) -> None:
        self.card = card
        self._checkpoint, self._parts = checkpoint, parts
        self._pipe = pipe
        self._read: OrderedDict[str, Any] = OrderedDict()
        self._shape = Shape.of(checkpoint)
        self._takes_pictures = checkpoint.class_name == VACE
        self._prompt_length = prompt_length(checkpoint, pipe)

    @classmethod
    def load(cls, card: ModelCard, checkpoint: Checkpoint, berth: Berth) -> WanModel:
        """Raises CheckpointInvalid, for weights that are not their card's too, NotEnoughMemory,
        PartMissing, BadValue for a device that is not there.
        """
        checkpoint.prove()
        parts = Parts(checkpoint, device_for(berth.device), berth)
        return cls(card, checkpoint, parts, opened(checkpoint, parts, card.title))

    def shoot(self, sheet: CallSheet, watch: Watch) -> Iterator[Answer]:
        """Takes one after another, (n,H,W,3) float32 in 0..1, each frame as soon as it is decoded.

        A take's bits do not depend on which takes were shot before it. Raises ModelUnfit, SizeUnfit
        and BadValue at once, NotEnoughMemory and what the watch raises on the way; the model can be
        used again after any of them.
        """
        check(sheet, self.card)
        return self._takes(
            _Shoot(
                sheet,
                watch,
                steps=way(self.card.steps if sheet.steps is None else sheet.steps, sheet.strength),
                guidance=self.card.guidance if sheet.guidance is None else sheet.guidance,
            )
        )

    def look(self, footage: Pixels, question: Question, watch: Watch | None = None) -> Sight:
        """One pass over the footage, in pieces, at little noise: see `Reader`.

        Its size need not be the model's own: a larger one is read in shorter pieces. Raises
        ModelUnfit, SizeUnfit and BadValue at once, NotEnoughMemory and what the watch raises on the
        way; the model can be used again after any of them.
        """
        check_look(footage, question, self.card)
        frames, height, width = footage.shape[:3]
        told = f"{frames} frames of {width}x{height}"
        during = functools.partial(self._at_work, told, watch or Unwatched())
        reading = Reading.of(self._checkpoint)
        reach, length = self.card.reach, self._prompt_length
        words = functools.partial(self._words, during=functools.partial(during, (READER,)))
        seeing = functools.partial(during, SEEING)
        reader = Reader(self._pipe, reach, self._shape, reading, length, seeing, words)
        return reader.sight(footage, question)

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
            "scheduler": {
                key: value
                for key, value in sorted(dict(pipe.scheduler.config).items())
                if not key.startswith("_") and isinstance(value, (str, int, float, type(None)))
            }
            | {"class": type(pipe.scheduler).__name__},
            "versions": {name: version(name) for name in ("torch", "diffusers", "transformers")},
        }

    def _takes(self, shoot: _Shoot) -> Iterator[Answer]:
        self._prepare(shoot)
        for take, seed in enumerate(shoot.sheet.seeds):
            latents = self._denoised(shoot, take, seed)
            first = 0
            for frames in decoded(
                self._pipe, latents, functools.partial(self._working, shoot, (VAE,))
            ):
                yield Answer(take, first, frames)
                first += len(frames)

    def _working(
        self, shoot: _Shoot, names: Iterable[str], need: int = 0
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
            stack.enter_context(asking(blocks_of(self._pipe), watch))
            yield

    def _prepare(self, shoot: _Shoot) -> None:
        """Read the words and lay out the pictures, once for all takes."""
        sheet = shoot.sheet
        reading = functools.partial(self._working, shoot, (READER,))
        shoot.words = self._words(sheet.prompt, reading), None
        if shoot.guidance > 1:
            shoot.words = shoot.words[0], self._words(sheet.negative, reading)
        if self._takes_pictures:
            given = conditions(sheet, self.card.reach.holes)
            clip, matte = as_tensors(given)
            shoot.pictures = {
                "video": clip,
                "mask": matte,
                "reference_images": as_pictures(given.references),
            }

    def _words(self, prompt: str, during: Callable[[], AbstractContextManager[None]]) -> Any:
        """Words as the model reads them (1, tokens, width), padded; those it read lately are known,
        so that its reader need not be at hand for them.
        """
        import torch

        if prompt not in self._read:
            with during(), torch.no_grad():
                self._read[prompt] = self._pipe.encode_prompt(
                    prompt=prompt,
                    do_classifier_free_guidance=False,
                    max_sequence_length=self._prompt_length,
                )[0]
        self._read.move_to_end(prompt)
        while len(self._read) > _WORDS_KEPT:
            self._read.popitem(last=False)
        return self._read[prompt]

    def _denoised(self, shoot: _Shoot, take: int, seed: int) -> Any:
        """One take's latents, from the pipeline's own loop. Noise is drawn on the processor: the
        same on every device.
        """
        import torch

        sheet, pipe = shoot.sheet, self._pipe
        generator = torch.Generator("cpu").manual_seed(seed)
        kept = steps_left(shoot.steps, sheet.strength)
        with ExitStack() as stack:
            stack.enter_context(self._working(shoot, SEEING, self._need(sheet)))
            start = None
            if self._takes_pictures:
                stack.enter_context(self._remembering(shoot))
            if sheet.strength < 1:
                start = self._start(shoot, generator, kept)
                stack.enter_context(shortened(pipe.scheduler, kept))
            latents = pipe(
                prompt_embeds=shoot.words[0],
                negative_prompt_embeds=shoot.words[1],
                height=sheet.height,
                width=sheet.width,
                num_frames=self._frames_told(sheet.frames),
                num_inference_steps=shoot.steps,
                guidance_scale=shoot.guidance,
                generator=generator,
                latents=start,
                output_type="latent",
                max_sequence_length=self._prompt_length,
                callback_on_step_end=telling(
                    shoot.watch, take, kept, Believed(pipe.scheduler), self._preview(shoot)
                ),
                **shoot.pictures,
            ).frames
        return latents[:, :, len(sheet.references) :]

    def _need(self, sheet: CallSheet) -> int:
        """Bytes that one pass over a sheet takes beside the weights, about."""
        latents = (sheet.frames - 1) // self._shape.time + 1 + len(sheet.references)
        tokens = latents * sheet.width * sheet.height // self._shape.multiple**2
        width = self._checkpoint.config("transformer") or self._checkpoint.config("transformer_2")
        return pass_bytes(tokens, width, self._parts.itemsize)

    def _frames_told(self, frames: int) -> int:
        """The count the pipeline must be told: without a time factor it adds one to every count,
        and says it rounds.
        """
        return frames - 1 if self._shape.time == 1 else frames

    def _preview(self, shoot: _Shoot) -> Callable[[Any], Callable[[], Pixels]]:
        references = len(shoot.sheet.references)

        def show(estimate: Any) -> Callable[[], Pixels]:
            return functools.partial(
                stills,
                self._pipe,
                estimate[:, :, references:],
                functools.partial(self._working, shoot, (VAE,)),
            )

        return show

    @contextmanager
    def _remembering(self, shoot: _Shoot) -> Iterator[None]:
        """While this lasts, the pipeline encodes a sheet's pictures once, and is given them again
        for each take.
        """
        pipe = self._pipe
        encode = pipe.prepare_video_latents

        def once(*told: Any, **more: Any) -> Any:
            if shoot.control is None:
                shoot.control = encode(*told, **more)
            return shoot.control

        pipe.prepare_video_latents = once
        try:
            yield
        finally:
            del pipe.prepare_video_latents

    def _start(self, shoot: _Shoot, generator: Any, kept: int) -> Any:
        """The plate with as much noise as the last `kept` steps take away; references are part of
        it.
        """
        import torch

        sheet, pipe = shoot.sheet, self._pipe
        if shoot.plate is None:
            clip, _, references = pipe.preprocess_conditions(
                **shoot.pictures,
                height=sheet.height,
                width=sheet.width,
                dtype=torch.float32,
                device=self._parts.device,
            )
            parts = [encoded(pipe, each[None, :, None]) for each in references[0]]
            shoot.plate = torch.cat([*parts[::-1], encoded(pipe, clip)], dim=2)
        sigma = starting_sigma(pipe.scheduler, shoot.steps, kept)
        noise = pipe.prepare_latents(
            1,
            shoot.plate.shape[1],
            sheet.height,
            sheet.width,
            sheet.frames + len(sheet.references) * self._shape.time,
            torch.float32,
            self._parts.device,
            generator,
        )
        return (1 - sigma) * shoot.plate + sigma * noise
