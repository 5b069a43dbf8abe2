"""An LTX-2 checkpoint that gives a plate back in light: also what was brighter than white."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np

from secondunit.callsheet import CallSheet, ModelCard, Pixels
from secondunit.models.ltx.light_card import CLASS, READERS, SILENT
from secondunit.models.ltx.light_kit import AUDIO, VIDEO, Kit
from secondunit.models.ltx.model import LtxModel
from secondunit.models.rig.adapters import worn
from secondunit.models.rig.driven import During, Shoot
from secondunit.models.rig.loading import readable
from secondunit.models.rig.parts import Parts
from secondunit.weights.checkpoint import Checkpoint
from secondunit_contract.problem import BadValue


class LightModel(LtxModel):
    """A pipeline with its card and its adapter, on a device, that reads the words of each sheet.

    The plate goes in as a second clip beside the one that is made; both are as long.
    """

    PIPELINE = CLASS
    UNUSED = LtxModel.UNUSED | SILENT

    def __init__(self, card: ModelCard, checkpoint: Checkpoint, parts: Parts, pipe: Any) -> None:
        super().__init__(card, checkpoint, parts, pipe)
        self._kit = Kit.of(checkpoint)

    def provenance(self) -> dict[str, Any]:
        """With the files that lie beside its parts."""
        return super().provenance() | self._kit.told()

    def pictures(self, shoot: Shoot) -> dict[str, Any]:
        """The plate. In 0..1 and whole floats: of 8 bits the pipeline would not see that they are
        such, and of any that are negative it would take all for -1..1.
        """
        from diffusers.pipelines.ltx2 import LTX2HDRReferenceCondition

        assert shoot.sheet.plate is not None
        plate = np.clip(shoot.sheet.plate, 0, 1).astype(np.float32)
        return {"reference_conditions": LTX2HDRReferenceCondition(frames=plate, strength=1.0)}

    def told(self, shoot: Shoot) -> dict[str, Any]:
        """As its example has it: the noise it was distilled for, and nothing of the sound. How
        picture and sound hear each other is left to the pipeline, as it is there.
        """
        told = super().told(shoot) | {
            "sigmas": sigmas(shoot.steps),
            "reference_downscale_factor": self._kit.smaller,
        }
        del told["use_cross_timestep"]
        return {name: value for name, value in told.items() if name in self._accepted}

    @contextmanager
    def around(self, shoot: Shoot) -> Iterator[None]:
        """It takes no keys that would have to be put right."""
        yield

    def worn(self, shoot: Shoot) -> AbstractContextManager[None]:
        """Always the adapter that taught it."""
        own = filter(None, [self._kit.spec()])
        return worn(self._pipe, [*own, *shoot.sheet.adapters], self.card)

    def frames_of(self, latents: Any, during: During) -> Iterator[Pixels]:
        """Linear light, the whole clip at once. The code it is decoded from begins a little below
        black, at -0.017: nothing is darker than black.
        """
        import torch

        with during(), torch.no_grad():
            vae = self._pipe.vae
            ready = self.to_decoder(latents)
            at = ready.new_zeros(1) if vae.config.timestep_conditioning else None
            frames = vae.decode(ready, at, return_dict=False)[0]
            light = self._pipe.hdr_video_processor.postprocess_hdr_video(frames, output_type="np")
        yield np.maximum(np.ascontiguousarray(light[0], dtype=np.float32), 0)

    def stills(self, latents: Any, during: During) -> Pixels:
        """As a display shows them."""
        return displayed(super().stills(latents, during))

    def tokens(self, sheet: CallSheet) -> int:
        """The plate's are there too."""
        own = super().tokens(sheet)
        return own + own // self._kit.smaller**2


class ForetoldLight(LightModel):
    """One whose words were read beforehand: all sheets have the same, and no reader is loaded."""

    UNUSED = LightModel.UNUSED | READERS

    def read(self, prompt: str) -> Any:
        """What the file holds, whatever the prompt."""
        from safetensors.torch import load_file

        assert self._kit.embeddings is not None
        with readable(self._checkpoint, self.card.title):
            told = load_file(self._kit.embeddings)
            return told[VIDEO], told[AUDIO]

    def words(self, read: Any, negative: Any | None) -> dict[str, Any]:
        """Behind what would connect a reader to the network."""
        return {"connector_video_embeds": read[0], "connector_audio_embeds": read[1]}

    def way(self, sheet: CallSheet, steps: int) -> tuple[int, int]:
        """Raises BadValue for guidance, which would need other words to lead away from."""
        guidance = self.card.guidance if sheet.guidance is None else sheet.guidance
        if guidance > 1:
            raise BadValue(
                f"{self.card.title} cannot be guided: its words are given", "guidance", "Leave it 1"
            )
        return super().way(sheet, steps)


def sigmas(steps: int) -> list[float]:
    """How much noise there is before each step: for 8 of them what it was distilled for, for any
    other number the same curve, straight on between its points.
    """
    from diffusers.pipelines.ltx2.utils import DISTILLED_SIGMA_VALUES

    curve = [*DISTILLED_SIGMA_VALUES, 0.0]
    at = np.linspace(0, len(curve) - 1, steps + 1)[:-1]
    return [float(each) for each in np.interp(at, np.arange(len(curve)), curve)]


def displayed(light: Pixels) -> Pixels:
    """What a display of sRGB shows of linear light: whatever is brighter than white, as white."""
    shown = np.clip(light, 0, 1)
    bright = 1.055 * np.maximum(shown, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(shown <= 0.0031308, 12.92 * shown, bright).astype(np.float32)
