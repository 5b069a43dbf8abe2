"""Qwen-Image-Edit: an editor whose reader looks at the pictures while it reads the words."""

from __future__ import annotations

from typing import Any

from secondunit.callsheet import ModelCard
from secondunit.models.editors.reader import PicturesAndWords
from secondunit.models.editors.stills import Editor, grey
from secondunit.models.rig.driven import Shoot
from secondunit.models.rig.loading import readable
from secondunit.models.rig.parts import Parts
from secondunit.weights.checkpoint import Checkpoint

_NOTHING = " "  # what its maker gives as the negative prompt where there is none


class Qwen(Editor):
    """A `QwenImageEditPlusPipeline`."""

    UNUSED = frozenset({"processor"})  # see `PicturesAndWords`

    def __init__(self, card: ModelCard, checkpoint: Checkpoint, parts: Parts, pipe: Any) -> None:
        super().__init__(card, checkpoint, parts, pipe)
        with readable(checkpoint, card.title):
            pipe.processor = PicturesAndWords.load(checkpoint.folder / "processor", pipe.tokenizer)

    def pictures(self, shoot: Shoot) -> dict[str, Any]:
        """It must see one; where there is none, a grey one."""
        return {"image": self.shown(shoot) or [grey(shoot.sheet)]}

    def told(self, shoot: Shoot) -> dict[str, Any]:
        """It calls guidance by another name."""
        return super().told(shoot) | {"true_cfg_scale": shoot.guidance}

    def clip(self, latents: Any, shoot: Shoot) -> Any:
        """The loop holds a list of tokens, each four latents."""
        import torch

        pipe, sheet = self._pipe, shoot.sheet
        alone = pipe._unpack_latents(latents, sheet.height, sheet.width, pipe.vae_scale_factor)
        config = pipe.vae.config
        mean, spread = (
            torch.as_tensor(values).view(1, -1, 1, 1, 1).to(alone.device, alone.dtype)
            for values in (config.latents_mean, config.latents_std)
        )
        return alone * spread + mean

    def decoded(self, latents: Any) -> Any:
        """By a VAE of clips, whose first frame is the picture."""
        return self._pipe.vae.decode(latents).sample[:, :, 0]

    def _prepare(self, shoot: Shoot) -> None:
        """The words are read beside the pictures, and so not kept for other sheets."""
        import torch

        pipe, sheet = self._pipe, shoot.sheet
        shoot.pictures = self.pictures(shoot)
        with self._working(shoot, self._parts.readers), torch.no_grad():
            seen = self._small(shoot.pictures["image"])
            words, mask = pipe.encode_prompt(sheet.prompt, image=seen)
            shoot.words = {"prompt_embeds": words, "prompt_embeds_mask": mask}
            if shoot.guidance > 1:
                words, mask = pipe.encode_prompt(sheet.negative or _NOTHING, image=seen)
                shoot.words |= {
                    "negative_prompt_embeds": words,
                    "negative_prompt_embeds_mask": mask,
                }

    def _small(self, pictures: list[Any]) -> list[Any]:
        """The pictures at the size the reader is shown them in, as in the pipeline's call."""
        from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus as official

        return [
            self._pipe.image_processor.resize(
                each, *reversed(official.calculate_dimensions(_area(official), _ratio(each)))
            )
            for each in pictures
        ]


def _area(official: Any) -> int:
    return int(official.CONDITION_IMAGE_SIZE)


def _ratio(picture: Any) -> float:
    return float(picture.width / picture.height)
