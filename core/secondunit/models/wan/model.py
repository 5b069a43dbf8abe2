"""A Wan checkpoint that shoots call sheets, and looks at footage."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from secondunit.callsheet import (
    CallSheet,
    ModelCard,
    Pixels,
    Question,
    Sight,
    Unwatched,
    Watch,
)
from secondunit.models.fitness import check_look
from secondunit.models.forecast import Look
from secondunit.models.rig.card import Told, transformer_of
from secondunit.models.rig.driven import During, Shoot
from secondunit.models.rig.parts import Parts
from secondunit.models.rig.training import Teaching
from secondunit.models.standins.cells import Cells
from secondunit.models.standins.clock import levels_of, shortened, steps_left, way
from secondunit.models.wan.card import PICTURES, VACE, Reading, Shape
from secondunit.models.wan.conditioning import as_pictures, as_tensors, conditions, encoded, known
from secondunit.models.wan.decode import decoded, to_decoder
from secondunit.models.wan.keyed import beginning_with_a_picture, ends, remembering, seen
from secondunit.models.wan.looking import Reader
from secondunit.weights.checkpoint import Checkpoint

EYE = "image_encoder"


class WanModel(Teaching):
    """A pipeline of Wan's with its card, on a device. Not for two threads at once."""

    def __init__(self, card: ModelCard, checkpoint: Checkpoint, parts: Parts, pipe: Any) -> None:
        super().__init__(card, checkpoint, parts, pipe)
        self._shape = Shape.of(checkpoint)
        self._takes_pictures = checkpoint.class_name == VACE
        self._begins_with_key = checkpoint.class_name == PICTURES
        self._low = Told(checkpoint).number("guidance_low", 0.0)

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
        reading_words = functools.partial(during, self._parts.readers)
        words = functools.partial(self._words, during=reading_words)
        need = self._parts.a_look(Look.over(footage, question), reach)
        seeing = functools.partial(during, self._parts.seeing, need)
        reader = Reader(self._pipe, reach, self._shape, reading, length, seeing, words)
        return reader.sight(footage, question)

    def way(self, sheet: CallSheet, steps: int) -> tuple[int, int]:
        """Less of it is taken the nearer the sheet wants to stay to its plate."""
        whole = way(steps, sheet.strength)
        return whole, steps_left(whole, sheet.strength)

    def pictures(self, shoot: Shoot) -> dict[str, Any]:
        """What a checkpoint that takes pictures is shown: a clip, a matte, and references; one that
        takes keys at its ends, those.
        """
        if not self._takes_pictures:
            return self._ends(shoot) if shoot.sheet.keys else {}
        given = conditions(shoot.sheet, self.card.reach.holes)
        clip, matte = as_tensors(given)
        return {"video": clip, "mask": matte, "reference_images": as_pictures(given.references)}

    def told(self, shoot: Shoot) -> dict[str, Any]:
        """Without a time factor the pipeline adds one to every count of frames, and says it
        rounds. A second network may be guided otherwise than the first.
        """
        frames = shoot.sheet.frames
        told = super().told(shoot)
        told["num_frames"] = frames - 1 if self._shape.time == 1 else frames
        if self._low and self._pipe.config.boundary_ratio is not None:
            told["guidance_scale_2"] = shoot.guidance * self._low / self.card.guidance
        return told

    @contextmanager
    def around(self, shoot: Shoot) -> Iterator[None]:
        """The sheet's pictures are encoded for the first take only; the way is cut where less of it
        is taken.
        """
        with ExitStack() as stack:
            if self._takes_pictures:
                stack.enter_context(self._remembering(shoot))
            elif shoot.pictures:
                stack.enter_context(self._with_keys(shoot))
            if shoot.sheet.strength < 1:
                stack.enter_context(shortened(self._pipe.scheduler, shoot.taken))
            yield

    def clip(self, latents: Any, shoot: Shoot) -> Any:
        """References stand before the clip. A first frame that is known is no matter of the loop,
        where each cell has a time of its own: it comes in after it.
        """
        import torch

        if self._expands and "keys" in shoot.kept:
            first = known(self._pipe, shoot.kept["keys"]).to(latents)
            return torch.cat([first, latents[:, :, 1:]], dim=2)
        return latents[:, :, len(shoot.sheet.references) :]

    def latents(self, truth: Pixels) -> Any:
        """The clip alone, encoded as plates are."""
        import torch

        pictures = torch.from_numpy(truth).permute(3, 0, 1, 2)[None] * 2 - 1
        return encoded(self._pipe, pictures)

    def asked(self, shoot: Shoot) -> dict[str, Any]:
        """Words, and what the pipeline makes of a sheet's pictures for its network."""
        import torch

        told = {"encoder_hidden_states": shoot.words["prompt_embeds"]}
        if not self._takes_pictures:
            return told
        pipe, sheet, device = self._pipe, shoot.sheet, self._parts.device
        clip, matte, references = pipe.preprocess_conditions(
            **shoot.pictures,
            height=sheet.height,
            width=sheet.width,
            dtype=torch.float32,
            device=device,
        )
        shown = pipe.prepare_video_latents(clip, matte, references, None, device)
        marks = pipe.prepare_masks(matte, references)
        return told | {"control_hidden_states": torch.cat([shown, marks], dim=1)}

    def to_decoder(self, latents: Any) -> Any:
        """The same operations in the same order as the pipelines', so that the bits are the
        same.
        """
        return to_decoder(self._pipe.vae, latents)

    def frames_of(self, latents: Any, during: During) -> Iterator[Pixels]:
        """Latent frame by latent frame: Wan's decoder is causal."""
        yield from decoded(self._pipe, latents, during)

    def cells(self) -> Cells:
        """As its card reads them: the plain pipeline and VACE do not count alike."""
        return Cells(self._shape.space, self._shape.time)

    def packed(self, latents: Any, shoot: Shoot) -> Any:
        """References stand before the clip: there is nothing of them here."""
        import torch

        before = torch.zeros_like(latents[:, :, :1]).expand(
            -1, -1, len(shoot.sheet.references), -1, -1
        )
        return torch.cat([before, latents], dim=2)

    def tokens(self, sheet: CallSheet) -> int:
        """References are as long as a latent frame each."""
        latents = (sheet.frames - 1) // self._shape.time + 1 + len(sheet.references)
        return latents * sheet.width * sheet.height // self._shape.multiple**2

    @property
    def _expands(self) -> bool:
        return bool(getattr(self._pipe.config, "expand_timesteps", False))

    def _ends(self, shoot: Shoot) -> dict[str, Any]:
        """Keys at the clip's ends, and what an image encoder, where there is one, sees in them."""
        network = transformer_of(self._checkpoint)
        if network.get("image_dim") is not None:
            with self._working(shoot, (EYE,)):
                paired = network.get("pos_embed_seq_len") is not None
                device = self._parts.device
                shoot.kept["seen"] = seen(self._pipe, shoot.sheet, device, paired)
        return ends(shoot.sheet)

    @contextmanager
    def _with_keys(self, shoot: Shoot) -> Iterator[None]:
        """While this lasts, the pipeline is one that takes keys, and encodes them once."""
        plain = self._pipe
        if not self._begins_with_key:
            self._pipe = beginning_with_a_picture(plain)
        try:
            with remembering(self._pipe, shoot.kept):
                yield
        finally:
            self._pipe = plain

    @contextmanager
    def _remembering(self, shoot: Shoot) -> Iterator[None]:
        """While this lasts, the pipeline encodes a sheet's pictures once, and is given them again
        for each take.
        """
        pipe = self._pipe
        encode = pipe.prepare_video_latents

        def once(*told: Any, **more: Any) -> Any:
            if "control" not in shoot.kept:
                shoot.kept["control"] = encode(*told, **more)
            return shoot.kept["control"]

        pipe.prepare_video_latents = once
        try:
            yield
        finally:
            del pipe.prepare_video_latents

    def start(self, shoot: Shoot, generator: Any) -> Any | None:
        """The plate, whatever guide is followed, with as much noise as the steps that are taken
        take away; references are part of it.
        """
        import torch

        sheet, pipe = shoot.sheet, self._pipe
        if sheet.strength >= 1:
            return None
        if "plate" not in shoot.kept:
            own = conditions(replace(sheet, guide=None), self.card.reach.holes)
            clip, _, references = pipe.preprocess_conditions(
                **shoot.pictures | {"video": as_tensors(own)[0]},
                height=sheet.height,
                width=sheet.width,
                dtype=torch.float32,
                device=self._parts.device,
            )
            parts = [encoded(pipe, each[None, :, None]) for each in references[0]]
            shoot.kept["plate"] = torch.cat([*parts[::-1], encoded(pipe, clip)], dim=2)
        plate = shoot.kept["plate"]
        begun = levels_of(pipe.scheduler, shoot.steps)[-shoot.taken - 1]
        noise = pipe.prepare_latents(
            1,
            plate.shape[1],
            sheet.height,
            sheet.width,
            sheet.frames + len(sheet.references) * self._shape.time,
            torch.float32,
            self._parts.device,
            generator,
        )
        return begun.mixed(plate, noise)
