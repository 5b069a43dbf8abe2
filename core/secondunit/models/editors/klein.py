"""FLUX.2-klein: a small editor; distilled checkpoints of it take four steps."""

from __future__ import annotations

from typing import Any

from secondunit.models.editors.stills import Editor
from secondunit.models.rig.driven import Shoot


class Klein(Editor):
    """A `Flux2KleinPipeline`."""

    def read(self, prompt: str) -> Any:
        """Words as the pipeline reads them: (1, tokens, width)."""
        return self._pipe.encode_prompt(prompt, max_sequence_length=self._prompt_length)[0]

    def pictures(self, shoot: Shoot) -> dict[str, Any]:
        """Without any it makes a picture from words."""
        return {"image": self.shown(shoot) or None}

    def told(self, shoot: Shoot) -> dict[str, Any]:
        """It calls guidance by its usual name."""
        return super().told(shoot) | {"guidance_scale": shoot.guidance}

    def clip(self, latents: Any, shoot: Shoot) -> Any:
        """The pipeline ends with latents in the decoder's scale; while it goes on they are a list
        of tokens, each four latents whose means and spreads the VAE keeps.
        """
        import torch

        if latents.ndim == 3:
            pipe, sheet, multiple = self._pipe, shoot.sheet, self.card.reach.multiple
            rows, columns = sheet.height // multiple, sheet.width // multiple
            latents = latents.transpose(1, 2).unflatten(2, (rows, columns))
            norm = pipe.vae.bn
            mean, spread = (
                each.view(1, -1, 1, 1).to(latents.device, latents.dtype)
                for each in (
                    norm.running_mean,
                    torch.sqrt(norm.running_var + pipe.vae.config.batch_norm_eps),
                )
            )
            latents = pipe._unpatchify_latents(latents * spread + mean)
        return latents[:, :, None]

    def decoded(self, latents: Any) -> Any:
        """By the VAE of a still."""
        return self._pipe.vae.decode(latents[:, :, 0]).sample
