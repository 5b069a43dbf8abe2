"""A Wan checkpoint that shoots call sheets: its pipeline, asked take by take."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
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
from secondunit.models.fitness import check, check_look
from secondunit.models.wan.card import VACE, Reading, Shape
from secondunit.models.wan.conditioning import as_pictures, as_tensors, conditions
from secondunit.models.wan.decode import decoded, stills
from secondunit.models.wan.loading import opened, prompt_length, quiet
from secondunit.models.wan.looking import Reader
from secondunit.models.wan.machine import device_for, fitting
from secondunit.models.wan.nearness import encoded, shortened, starting_sigma, steps_left, way
from secondunit.models.wan.watching import Believed, asking, blocks_of, telling
from secondunit.weights.checkpoint import Checkpoint


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

    def __init__(self, card: ModelCard, checkpoint: Checkpoint, pipe: Any) -> None:
        self.card = card
        self._checkpoint = checkpoint
        self._pipe = pipe
        self._blocks = blocks_of(pipe)
        self._shape = Shape.of(checkpoint)
        self._takes_pictures = checkpoint.class_name == VACE
        self._prompt_length = prompt_length(checkpoint, pipe)

    @classmethod
    def load(cls, card: ModelCard, checkpoint: Checkpoint, device: str = "auto") -> WanModel:
        """Raises CheckpointInvalid, for weights that are not their card's too, NotEnoughMemory,
        PartMissing, BadValue for a device that is not there.
        """
        checkpoint.prove()
        return cls(card, checkpoint, opened(checkpoint, device_for(device), card.title))

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
        reader = Reader(self._pipe, reach, self._shape, reading, length, during)
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
            "device": str(pipe.device),
            "precision": {
                name: str(part.dtype).removeprefix("torch.")
                for name, part in sorted(pipe.components.items())
                if hasattr(part, "dtype")
            },
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
            for frames in decoded(self._pipe, latents, functools.partial(self._working, shoot)):
                yield Answer(take, first, frames)
                first += len(frames)

    def _working(self, shoot: _Shoot) -> AbstractContextManager[None]:
        sheet = shoot.sheet
        return self._at_work(f"{sheet.frames} frames of {sheet.width}x{sheet.height}", shoot.watch)

    @contextmanager
    def _at_work(self, told: str, watch: Watch) -> Iterator[None]:
        """Around every stretch of work: cancellable, silent, and out of memory in plain words."""
        with ExitStack() as stack:
            stack.enter_context(quiet())
            stack.enter_context(fitting(self.card.title, told))
            stack.enter_context(asking(self._blocks, watch))
            yield

    def _prepare(self, shoot: _Shoot) -> None:
        """Read the words and lay out the pictures, once for all takes."""
        import torch

        sheet = shoot.sheet
        with self._working(shoot), torch.no_grad():
            shoot.words = self._pipe.encode_prompt(
                prompt=sheet.prompt,
                negative_prompt=sheet.negative,
                do_classifier_free_guidance=shoot.guidance > 1,
                max_sequence_length=self._prompt_length,
            )
        if self._takes_pictures:
            given = conditions(sheet, self.card.reach.holes)
            clip, matte = as_tensors(given)
            shoot.pictures = {
                "video": clip,
                "mask": matte,
                "reference_images": as_pictures(given.references),
            }

    def _denoised(self, shoot: _Shoot, take: int, seed: int) -> Any:
        """One take's latents, from the pipeline's own loop. Noise is drawn on the processor: the
        same on every device.
        """
        import torch

        sheet, pipe = shoot.sheet, self._pipe
        generator = torch.Generator("cpu").manual_seed(seed)
        kept = steps_left(shoot.steps, sheet.strength)
        with ExitStack() as stack:
            stack.enter_context(self._working(shoot))
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
                functools.partial(self._working, shoot),
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
                device=pipe.device,
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
            pipe.device,
            generator,
        )
        return (1 - sigma) * shoot.plate + sigma * noise
