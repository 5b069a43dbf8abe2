"""Looking: one pass over real footage, and what the model's attention makes of it.

Each frame is a latent frame of its own, with little noise and no words, as in DiffTrack (Nam et al.
2025); the pass ends at the layer that is read. Where a model takes pictures beside its noise it is
shown the footage there too, all of it known.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from secondunit.callsheet import Pixels, Question, Reach, Sight
from secondunit.matting.correspond import (
    Carried,
    Features,
    Grid,
    Matching,
    Territory,
    carry,
    grids,
    stand_out,
    territories,
    told_apart,
)
from secondunit.models.forecast import at_once
from secondunit.models.wan.attention import Heard, Which, overheard, turned
from secondunit.models.wan.card import Reading, Shape
from secondunit.models.wan.conditioning import encoded

During = Callable[[], AbstractContextManager[None]]

SURROUNDINGS = ("background", "sky", "ground", "wall")
"""What a pixel may be instead of what the words name, where nobody says what else is there."""


@dataclass(frozen=True)
class Reader:
    """A pipeline to look with. `during` is entered around each stretch of work; `words` reads a
    prompt (1, tokens, width), padded.
    """

    pipe: Any
    reach: Reach
    shape: Shape
    reading: Reading
    prompt_length: int
    during: During
    words: Callable[[str], Any]
    matching: Matching = field(default_factory=Matching)
    encoded: dict[tuple[Grid, int], Any] = field(default_factory=dict)

    def sight(self, footage: Pixels, question: Question) -> Sight:
        """What the masks mark, carried to every frame; without masks, where the words are."""
        if question.masks:
            return self._carried(footage, question)
        return self._named(footage, question)

    def features(
        self, footage: Pixels, frames: Sequence[int], grid: Grid, layers: Sequence[int]
    ) -> dict[int, Features]:
        """What layers hold of frames of the footage (T,H,W,3), on a grid."""
        latents = self._latents(footage, frames, grid)
        heard, rotary = self._heard(latents, "attn1", layers, self.words(""))
        heads, _ = self._build()
        told = {}
        for layer, sides in heard.items():
            if self.reading.placed:
                sides = Heard(*(turned(each, heads, rotary) for each in sides))
            parts = (each.unflatten(0, (len(frames), -1)) for each in sides)
            told[layer] = Features(grid, tuple(frames), *parts)
        return told

    def room(self, height: int, width: int) -> int:
        """Frames in one pass, so that it holds no more than the model's own longest clip does."""
        latents = (self.reach.frames.longest - 1) // self.shape.time + 1
        return at_once(latents, self.reach.area, height * width)

    # ------------------------------------------------------------------ masks

    def _carried(self, footage: Pixels, question: Question) -> Sight:
        keys = {at: mask.astype(np.float32) for at, mask in sorted(question.masks.items())}
        found = np.zeros(footage.shape[:3], np.float32)
        spread, confidence = np.zeros_like(found), np.ones(len(footage), np.float32)
        for at, mask in keys.items():
            found[at] = mask
        for territory in territories(len(footage), tuple(keys)):
            for at, each in self._through(footage, keys, territory, question.samples):
                found[at], spread[at], confidence[at] = each.found, each.spread, each.confidence
        return Sight(found, confidence, spread)

    def _through(
        self, footage: Pixels, keys: dict[int, Pixels], territory: Territory, samples: int
    ) -> list[tuple[int, Carried]]:
        """A territory's frames, pass by pass, each with the keys and the last frames before it."""
        height, width = footage.shape[1:3]
        anchors = {at: keys[at] for at in territory.keys}
        room = self.room(height, width) - len(anchors)
        kept = min(self.matching.memory, max(1, room // 2))
        layer = self.reading.layer
        done: dict[int, Carried] = {}
        left = list(territory.frames)
        while left:
            recent = self._trusted(done, kept)
            count = max(1, room - len(recent))
            wanted, left = left[:count], left[count:]
            shown = (*anchors, *recent, *wanted)
            seen = [
                self.features(footage, shown, grid, (layer,))[layer]
                for grid in grids(height, width, self.shape.multiple, samples)
            ]
            with self.during():
                done |= carry(seen, anchors, recent, wanted, self.matching)
            self._forget_all_but(shown)
        return list(done.items())

    def _trusted(self, done: dict[int, Carried], count: int) -> dict[int, Carried]:
        good = [at for at, each in done.items() if each.confidence >= self.matching.trusted]
        return {at: done[at] for at in good[-count:]}

    # ------------------------------------------------------------------ words

    def _named(self, footage: Pixels, question: Question) -> Sight:
        """Where the words are rather than anything else the picture may hold.

        After ConceptAttention (Helbling et al. 2025), read from cross-attention. A model that
        attends to the same pixels whatever the words are knows none of them: that is no confidence.
        """
        concepts = (question.words.strip(), *(question.others or SURROUNDINGS))
        height, width = footage.shape[1:3]
        room = self.room(height, width)
        samples = grids(height, width, self.shape.multiple, question.samples)
        found, sure = [], []
        for first in range(0, len(footage), room):
            frames = range(first, min(len(footage), first + room))
            maps = [self._concept(footage, frames, grid, concepts) for grid in samples]
            found.append(np.stack([each for each, _ in maps]))
            sure.append(np.mean([each for _, each in maps], axis=0))
            self._forget_all_but(())
        whole = np.concatenate(found, axis=1)
        return Sight(whole.mean(0), np.concatenate(sure).astype(np.float32), whole.std(0))

    def _concept(
        self, footage: Pixels, frames: Sequence[int], grid: Grid, concepts: tuple[str, ...]
    ) -> tuple[Pixels, Pixels]:
        """Where the first concept is in the frames (n,H,W), and how sure that is (n,)."""
        import torch

        heads, depth = self._build()
        latents = self._latents(footage, frames, grid)
        words, sizes = self._told(concepts)
        heard, _ = self._heard(latents, "attn2", range(depth // 2, depth), words)
        with self.during(), torch.no_grad():
            stands = [stand_out(*each, sizes, heads) for each in heard.values()]
            stand = torch.stack(stands).mean(0).unflatten(0, (len(frames), -1))
            found, sure = told_apart(stand)
            pictures = [grid.pixels(each).cpu().numpy() for each in found]
            return np.stack(pictures), sure.cpu().numpy()

    def _told(self, concepts: tuple[str, ...]) -> tuple[Any, list[int]]:
        """The concepts' words one after another, as if they were one prompt, padded as prompts are;
        and how many tokens each has.
        """
        import torch

        read = [self.words(each)[0] for each in concepts]
        sizes = [self._tokens_of(each) for each in concepts]
        parts = [each[:size] for each, size in zip(read, sizes, strict=True)]
        padding = torch.zeros_like(read[0][: max(0, self.prompt_length - sum(sizes))])
        return torch.cat([*parts, padding])[None], sizes

    def _tokens_of(self, concept: str) -> int:
        """A concept's tokens, without the one that ends a sentence."""
        ids = self.pipe.tokenizer(concept, add_special_tokens=False).input_ids
        return max(1, min(len(ids), self.prompt_length))

    # ------------------------------------------------------------------ the pass

    @property
    def _transformer(self) -> Any:
        """The one for little noise, where there are two."""
        return getattr(self.pipe, "transformer_2", None) or self.pipe.transformer

    def _build(self) -> tuple[int, int]:
        """How many heads the model's attention has, and how many blocks it is."""
        with self.during():
            config = self._transformer.config
            return int(config.num_attention_heads), int(config.num_layers)

    def _heard(
        self, latents: Any, which: Which, layers: Sequence[int], words: Any
    ) -> tuple[dict[int, Heard], Any]:
        """What layers hold of latent frames (1,C,n,h,w), and where their tokens are."""
        import torch

        with self.during(), torch.no_grad():
            transformer = self._transformer
            noise = self.reading.noise
            given = {
                "hidden_states": (1 - noise) * latents + noise * _noise(latents),
                "encoder_hidden_states": words,
                **self._control(latents),
            }
            given = {name: each.to(transformer.dtype) for name, each in given.items()}
            steps = self.pipe.scheduler.config.num_train_timesteps
            given["timestep"] = torch.tensor([noise * steps], device=latents.device)
            heard = overheard(
                transformer.blocks, which, layers, functools.partial(transformer, **given)
            )
            clip = {layer: Heard(*(side[0] for side in sides)) for layer, sides in heard.items()}
            return clip, transformer.rope(given["hidden_states"])

    def _latents(self, footage: Pixels, frames: Sequence[int], grid: Grid) -> Any:
        """Frames as latent frames of their own (1,C,n,h,w): each encoded once while it is needed,
        and alone, so that it does not matter beside which others it is looked at.
        """
        import torch

        for at in frames:
            if (grid, at) not in self.encoded:
                with self.during():
                    self.encoded[grid, at] = self._latent(grid.padded(footage[at : at + 1])[0])
        return torch.cat([self.encoded[grid, at] for at in frames], dim=2)

    def _forget_all_but(self, frames: Sequence[int]) -> None:
        for grid, at in list(self.encoded):
            if at not in frames:
                del self.encoded[grid, at]

    def _latent(self, frame: Pixels) -> Any:
        """A frame (H,W,3) as a latent frame of its own (1,C,1,h,w)."""
        import torch

        picture = torch.from_numpy(np.clip(frame, 0, 1)).permute(2, 0, 1)[None, :, None]
        return encoded(self.pipe, 2 * picture - 1)

    def _control(self, latents: Any) -> dict[str, Any]:
        """What a model that takes pictures is shown: the footage, of which nothing is to be made.

        As its pipeline lays it out: what is kept, what is to be changed (grey), and the matte.
        """
        channels = getattr(self._transformer.config, "vace_in_channels", None)
        if channels is None:
            return {}
        import torch

        _, wide, frames, height, width = latents.shape
        side = self.shape.space
        grey = np.full((height * side, width * side, 3), 0.5, np.float32)
        changed = self._latent(grey).expand_as(latents)
        matte = latents.new_zeros(1, channels - 2 * wide, frames, height, width)
        return {"control_hidden_states": torch.cat([latents, changed, matte], dim=1)}


def sweep(
    reader: Reader,
    footage: Pixels,
    masks: Pixels,
    readings: Sequence[Reading],
    layers: Sequence[int],
) -> dict[tuple[Reading, int], float]:
    """How well each layer at each noise carries the first of the true masks (T,H,W): the mean
    intersection over union on the other frames. One grid; for choosing what a card should tell.
    """
    truth = masks[1:] > 0.5
    question = Question({0: masks[0] > 0.5}, samples=1)
    scores = {}
    for reading in readings:
        for layer in layers:
            tried = replace(reader, reading=replace(reading, layer=layer))
            found = tried.sight(footage, question).found[1:] > 0.5
            both, either = (found & truth).sum((1, 2)), (found | truth).sum((1, 2))
            scores[reading, layer] = float((both / np.maximum(either, 1)).mean())
    return scores


def _noise(latents: Any) -> Any:
    """Noise that is the same for every frame, and on every device."""
    import torch

    generator = torch.Generator("cpu").manual_seed(0)
    drawn = torch.randn(latents[:, :, :1].shape, generator=generator)
    return drawn.to(latents.device).expand_as(latents)
