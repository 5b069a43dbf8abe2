"""An LTX-2 checkpoint that shoots call sheets."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from secondunit.callsheet import Answer, CallSheet, ModelCard, Pixels, Sound
from secondunit.models.ltx.card import SOUND, Shape
from secondunit.models.ltx.conditions import Piece, apart, conditions, opening, pieces
from secondunit.models.rig.driven import Driven, During, Shoot
from secondunit.models.rig.parts import Parts
from secondunit.models.standins.cells import Cells
from secondunit.models.standins.clock import strode
from secondunit.stage.soundtrack import lasting
from secondunit.weights.checkpoint import Checkpoint
from secondunit_contract.problem import BadValue

_SKIPPED = {
    True: 29,
    False: 28,
}  # the block left out in one of its guidances: of 2.0, of later ones


class LtxModel(Driven):
    """A pipeline of LTX-2's with its card, on a device. Not for two threads at once.

    Sound is always shot along, since the picture hears it; it is decoded for sheets that want it.
    """

    PIPELINE = "LTX2ConditionPipeline"
    LONGEST_PROMPT = 1024
    UNUSED = frozenset({"prompt_enhancer", "duration_head", "processor"})

    def __init__(self, card: ModelCard, checkpoint: Checkpoint, parts: Parts, pipe: Any) -> None:
        super().__init__(card, checkpoint, parts, pipe)
        self._shape = Shape.of(checkpoint)
        self._layers = int(checkpoint.config("transformer")["num_layers"])
        self._unheard: Any = None

    def read(self, prompt: str) -> Any:
        """What was read, and which of it are words."""
        return self._pipe.encode_prompt(
            prompt=prompt,
            do_classifier_free_guidance=False,
            max_sequence_length=self._prompt_length,
        )[:2]

    def words(self, read: Any, negative: Any | None) -> dict[str, Any]:
        """Words and masks."""
        unread = (None, None) if negative is None else negative
        return {
            "prompt_embeds": read[0],
            "prompt_attention_mask": read[1],
            "negative_prompt_embeds": unread[0],
            "negative_prompt_attention_mask": unread[1],
        }

    def pictures(self, shoot: Shoot) -> dict[str, Any]:
        """The sheet's keys."""
        laid = self._pieces(shoot.sheet)
        shoot.kept["starts"] = [piece.start for piece in laid if piece.start]
        return {"conditions": conditions(laid, self._shape.time) or None}

    def told(self, shoot: Shoot) -> dict[str, Any]:
        """All its guidances as its maker has them; none at all where the sheet wants none, as few
        steps do.
        """
        told = super().told(shoot) | {
            "frame_rate": float(shoot.sheet.rate.per_second),
            "use_cross_timestep": not self._shape.first,
        }
        if shoot.guidance > 1:
            block = min(_SKIPPED[self._shape.first], self._layers - 1)
            return told | {"spatio_temporal_guidance_blocks": [block]}
        kinds = ("guidance_scale", "modality_scale", "stg_scale", "guidance_rescale")
        values = dict(zip(kinds, (1.0, 1.0, 0.0, 0.0), strict=True))
        return told | values | {f"audio_{kind}": value for kind, value in values.items()}

    def way(self, sheet: CallSheet, steps: int) -> tuple[int, int]:
        """Two at least, where its schedule is stretched to an end: one would be no way at all.

        Raises BadValue.
        """
        if steps < 2 and self._pipe.scheduler.config.get("shift_terminal"):
            raise BadValue(
                f"{self.card.title} cannot shoot in one step", "steps", "Ask for 2 or more"
            )
        return super().way(sheet, steps)

    @contextmanager
    def around(self, shoot: Shoot) -> Iterator[None]:
        """Keys stand on the very frames they are for: the pipeline itself is told of latent frames
        only, and would move them to the first of eight. Where the pictures go a share of their way,
        the sound, of which nothing is known, goes all of its own.
        """
        pipe, starts = self._pipe, iter(shoot.kept["starts"])
        place = pipe._prepare_keyframe_coords

        def placed(**told: Any) -> Any:
            return place(**told | {"pixel_frame_idx": next(starts)})

        pipe._prepare_keyframe_coords = placed
        try:
            with ExitStack() as stack:
                if shoot.taken < shoot.steps:
                    stack.enter_context(self._sounding(shoot.taken))
                yield
        finally:
            del pipe._prepare_keyframe_coords

    @contextmanager
    def _sounding(self, steps: int) -> Iterator[None]:
        pipe = self._pipe
        own = pipe.audio_scheduler
        scheduler = copy.deepcopy(own or pipe.scheduler)
        with strode(scheduler, steps):
            pipe.audio_scheduler = scheduler
            try:
                yield
            finally:
                pipe.audio_scheduler = own

    def loop(self, arguments: dict[str, Any]) -> Any:
        """The pictures' latents; those of the sound wait."""
        made = self._pipe(**arguments)
        self._unheard = made.audio
        return made.frames

    def clip(self, latents: Any, shoot: Shoot) -> Any:
        """In the decoder's scale, as the finished ones are; in the loop they are tokens, and those
        of later keys stand behind them.
        """
        if latents.ndim == 5:
            return latents
        pipe, shape = self._pipe, self._cells_of(shoot.sheet)
        tokens = latents[:, : int(np.prod(shape))]
        unpacked = pipe._unpack_latents(tokens, *shape, *self._patches)
        return pipe._denormalize_latents(unpacked, *self._scale)

    def to_decoder(self, latents: Any) -> Any:
        """They are in its scale already."""
        return latents.to(self._pipe.vae.dtype)

    def frames_of(self, latents: Any, during: During) -> Iterator[Pixels]:
        """The whole clip at once: its decoder looks ahead."""
        import torch

        with during(), torch.no_grad():
            vae = self._pipe.vae
            ready = self.to_decoder(latents)
            at = ready.new_zeros(1) if vae.config.timestep_conditioning else None
            frames = vae.decode(ready, at, return_dict=False)[0]
            shown = self._pipe.video_processor.postprocess_video(frames, output_type="np")[0]
        yield np.ascontiguousarray(shown, dtype=np.float32)

    def cells(self) -> Cells:
        """As its card reads them."""
        return Cells(self._shape.space, self._shape.time)

    def encoded(self, clip: Pixels) -> Any:
        """By its own means and spreads."""
        import torch

        vae = self._pipe.vae
        pictures = torch.from_numpy(clip * 2 - 1).permute(3, 0, 1, 2)[None]
        latents = vae.encode(pictures.to(vae.device, vae.dtype)).latent_dist.mode().float()
        return self._pipe._normalize_latents(latents, *self._scale)

    def packed(self, latents: Any, shoot: Shoot) -> Any:
        """Tokens, and nothing for those of later keys."""
        import torch

        tokens = self._pipe._pack_latents(latents, *self._patches)
        behind = tokens.new_zeros(1, self._behind(shoot.sheet), tokens.shape[2])
        return torch.cat([tokens, behind], dim=1)

    def laid(self, sheet: CallSheet) -> CallSheet:
        """What the pipeline is shown of a clip's beginning is kept with the plate."""
        first = opening(self._pieces(self.own(sheet)))
        if sheet.plate is None or first is None:
            return sheet
        plate, paint = sheet.plate.copy(), np.ones(sheet.plate.shape[:3], np.bool_)
        if sheet.paint is not None:
            paint = sheet.paint.copy()
        plate[: len(first)], paint[: len(first)] = first, False
        return replace(sheet, plate=plate, paint=paint)

    def given(self, shoot: Shoot, latents: Any) -> Any:
        """The beginning, and later keys: to the network they are tokens without noise."""
        import torch

        sheet = shoot.sheet
        first = opening(self._pieces(sheet))
        _, height, width = self._cells_of(sheet)
        known = 0 if first is None else self._shape.latents(len(first)) * height * width
        mask = torch.ones_like(latents, dtype=torch.bool)
        mask[:, known : latents.shape[1] - self._behind(sheet)] = False
        return mask

    @property
    def _patches(self) -> tuple[int, int]:
        pipe = self._pipe
        return pipe.transformer_spatial_patch_size, pipe.transformer_temporal_patch_size

    @property
    def _scale(self) -> tuple[Any, Any, float]:
        vae = self._pipe.vae
        return vae.latents_mean, vae.latents_std, vae.config.scaling_factor

    def _cells_of(self, sheet: CallSheet) -> tuple[int, int, int]:
        space = self._shape.space
        return self._shape.latents(sheet.frames), sheet.height // space, sheet.width // space

    def _pieces(self, sheet: CallSheet) -> list[Piece]:
        return pieces(sheet.keys, self._shape.time)

    def _behind(self, sheet: CallSheet) -> int:
        """How many tokens later keys are."""
        _, height, width = self._cells_of(sheet)
        return apart(self._pieces(sheet), self._shape.time) * height * width

    def _takes(self, shoot: Shoot) -> Iterator[Answer]:
        wanted = shoot.sheet.sound and self.card.reach.sound
        for answer in super()._takes(shoot):
            yield answer._replace(sound=self._sound(shoot)) if wanted else answer

    def _sound(self, shoot: Shoot) -> Sound:
        """The sound of the take that was shot last. It is made in steps of its own, and may end a
        little before its frames do.
        """
        import torch

        with self._working(shoot, SOUND), torch.no_grad():
            decoder, vocoder = self._pipe.audio_vae, self._pipe.vocoder
            latents = self._unheard.to(decoder.dtype)
            tones = decoder.decode(latents, return_dict=False)[0]
            waves = vocoder(tones.to(vocoder.dtype))[0].float().cpu().numpy()
            made = Sound(np.ascontiguousarray(waves.T), int(vocoder.config.output_sampling_rate))
        return lasting(made, shoot.sheet.frames, shoot.sheet.rate)

    def tokens(self, sheet: CallSheet) -> int:
        """Later keys are tokens of their own."""
        return int(np.prod(self._cells_of(sheet))) + self._behind(sheet)
