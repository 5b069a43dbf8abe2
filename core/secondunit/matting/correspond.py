"""Correspondence: the mask of some frames carried to others, by how alike their tokens are.

A video model sees a picture as a grid of tokens. What one of its attention layers holds of each
token is enough to find the same thing in another frame: every token takes the mask of the tokens it
matches best. After label propagation with diffusion features (Tang et al. 2023, DIFT; Nam et al.
2025, DiffTrack). No network is run here; features of any origin will do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np

from secondunit.callsheet import Pixels

_SLAB = 1 << 24  # likenesses worked out at once: 64 MB
_COPIES = 3  # of them: frame by frame, all together, and the last frame's on its way
_LOST = 0.2  # a mask that peaks below this has been lost, not thinned
_NEVER = -1e9
_EPS = 1e-6


@dataclass(frozen=True)
class Grid:
    """Square tokens laid over pictures of height x width pixels.

    The pictures' edges are repeated until the tokens cover them; `down` and `across` move the
    tokens up and left by so many pixels, less than a token.
    """

    height: int
    width: int
    unit: int
    down: int = 0
    across: int = 0

    @property
    def rows(self) -> int:
        """Tokens from top to bottom."""
        return -(-(self.height + self.down) // self.unit)

    @property
    def columns(self) -> int:
        """Tokens from left to right."""
        return -(-(self.width + self.across) // self.unit)

    def padded(self, pictures: Pixels) -> Pixels:
        """Pictures (n,H,W,C) with edges repeated to whole tokens."""
        below = self.rows * self.unit - self.height - self.down
        beside = self.columns * self.unit - self.width - self.across
        edges = ((0, 0), (self.down, below), (self.across, beside), (0, 0))
        return np.pad(pictures, edges, mode="edge")

    def tokens(self, mask: Any) -> Any:
        """How much of each token a mask (H,W) covers: (tokens,)."""
        from torch.nn import functional

        below = self.rows * self.unit - self.height - self.down
        beside = self.columns * self.unit - self.width - self.across
        edges = (self.across, beside, self.down, below)
        whole = functional.pad(mask[None, None], edges, mode="replicate")
        return functional.avg_pool2d(whole, self.unit).flatten()

    def pixels(self, tokens: Any) -> Any:
        """Values of tokens (tokens,) as a smooth picture (H,W)."""
        from torch.nn import functional

        grid = tokens.view(1, 1, self.rows, self.columns)
        whole = functional.interpolate(grid, scale_factor=self.unit, mode="bilinear")[0, 0]
        return whole[self.down : self.down + self.height, self.across : self.across + self.width]


def grids(height: int, width: int, unit: int, samples: int) -> tuple[Grid, ...]:
    """Up to four grids, moved by half a token against each other: their mean knows where an edge
    is within a token, and where they differ nobody does.
    """
    half = unit // 2
    moves = ((0, 0), (half, half), (0, half), (half, 0))
    return tuple(Grid(height, width, unit, *move) for move in moves[: max(1, samples)])


class Territory(NamedTuple):
    """Frames to carry to, nearest first, and the keys they lie between, nearest first."""

    frames: tuple[int, ...]
    keys: tuple[int, ...]


def territories(total: int, keys: Sequence[int]) -> Iterator[Territory]:
    """Each key's frames outward: back to the beginning, to the middle between two, to the end."""
    keys = sorted(keys)
    if not keys:
        return
    yield Territory(tuple(range(keys[0] - 1, -1, -1)), (keys[0],))
    for left, right in pairwise(keys):
        middle = (left + right) // 2
        yield Territory(tuple(range(left + 1, middle + 1)), (left, right))
        yield Territory(tuple(range(right - 1, middle, -1)), (right, left))
    yield Territory(tuple(range(keys[-1] + 1, total)), (keys[-1],))


@dataclass(frozen=True)
class Matching:
    """How the tokens of two frames are compared.

    affinity     "alike": queries with queries and keys with keys, each less its mean; "crossed":
                 queries with keys, both ways, as attention itself does
    nearest      how many tokens of the memory one takes its mask from
    temperature  how much worse a match may be before it counts e times less
    near, far    tokens further apart than this share of the longer side do not match: between
                 neighbouring frames, and however much time has passed; `pace` more a frame
    memory       carried frames that are remembered beside the keys
    trusted      confidence from which a carried frame is remembered
    """

    affinity: Literal["alike", "crossed"] = "alike"
    nearest: int = 8
    temperature: float = 0.03
    near: float = 0.1
    far: float = 0.3
    pace: float = 0.05
    memory: int = 3
    trusted: float = 0.3


@dataclass(frozen=True, eq=False)
class Features:
    """What one layer holds of some frames on one grid: tensors (frames, tokens, channels)."""

    grid: Grid
    frames: tuple[int, ...]
    queries: Any
    keys: Any


@dataclass(frozen=True, eq=False)
class Carried:
    """A mask that was carried: (H,W) float32 0..1, and how far it can be trusted.

    spread      (H,W): the standard deviation over the grids
    confidence  0..1
    """

    found: Pixels
    spread: Pixels
    confidence: float


def carry(
    samples: Sequence[Features],
    keys: Mapping[int, Pixels],
    recent: Mapping[int, Carried],
    wanted: Sequence[int],
    matching: Matching | None = None,
) -> dict[int, Carried]:
    """The masks of the keys (H,W), 0..1, carried to the wanted frames, in that order.

    `samples` hold the same frames on different grids; `recent` are frames carried before, oldest
    first. The first key is the one the others are checked against.
    """
    matching = matching or Matching()
    looks = [_Look.at(each, matching) for each in samples]
    memory = _Memory(looks, dict(keys), dict(recent), matching)
    return {frame: memory.carried_to(frame) for frame in wanted}


def carry_bytes(cells: Sequence[int], frames: int, channels: int, matching: Matching) -> int:
    """About the most that `carry` takes beside what it is given: so many tokens a frame on each
    grid, of so many channels. Whole floats: both sides of each token made ready, those of one grid
    once more on the way; how far apart all tokens are; and the likenesses worked out at once.
    """
    sides, most = 2 * channels * frames, max(cells)
    ready = sides * (sum(cells) + most)
    apart = sum(each**2 for each in cells)
    known = min(frames - 1, matching.memory + 1)
    return 4 * (ready + apart + _COPIES * min(_SLAB, most**2 * known))


@dataclass(frozen=True, eq=False)
class _Look:
    """Features made ready to compare: the likeness of two tokens is asking . answering."""

    grid: Grid
    at_frame: Mapping[int, int]
    asking: Any
    answering: Any
    apart: Any  # (tokens, tokens): distance, as a share of the longer side

    @classmethod
    def at(cls, features: Features, matching: Matching) -> _Look:
        import torch

        queries, keys = features.queries.float(), features.keys.float()
        if matching.affinity == "alike":
            asking = torch.cat([_directions(queries), _directions(keys)], -1) * 0.5**0.5
            answering = asking
        else:
            scale = (2 * queries.shape[-1] ** 0.5) ** -0.5
            asking = torch.cat([queries, keys], -1) * scale
            answering = torch.cat([keys, queries], -1) * scale
        grid = features.grid
        down, across = torch.meshgrid(
            torch.arange(grid.rows), torch.arange(grid.columns), indexing="ij"
        )
        places = torch.stack([down, across], -1).view(-1, 2).float().to(queries.device)
        apart = torch.cdist(places, places) / max(grid.rows, grid.columns)
        at_frame = {frame: at for at, frame in enumerate(features.frames)}
        return cls(grid, at_frame, asking, answering, apart)

    def taken(self, frame: int, others: Mapping[int, Any], matching: Matching) -> tuple[Any, Any]:
        """The masks (tokens,) of other frames, as this frame's tokens match them, and how unsure
        each match is: its entropy, 0..1.
        """
        import torch

        asking = self.asking[self.at_frame[frame]]
        masks = torch.cat(list(others.values()))
        values, doubts = [], []
        size = max(1, _SLAB // len(masks))
        for rows in torch.arange(len(asking), device=asking.device).split(size):
            likeness = torch.cat(
                [self._likeness(asking, rows, frame, other, matching) for other in others], 1
            )
            best, where = likeness.topk(min(matching.nearest, likeness.shape[1]), 1)
            weights = ((best - best[:, :1]) / matching.temperature).softmax(1)
            values.append((weights * masks[where]).sum(1))
            unsure = -(weights * (weights + _EPS).log()).sum(1)
            doubts.append(unsure / np.log(max(2, weights.shape[1])))
        return torch.cat(values), torch.cat(doubts)

    def _likeness(self, asking: Any, rows: Any, frame: int, other: int, matching: Matching) -> Any:
        reach = min(matching.far, matching.near + matching.pace * (abs(frame - other) - 1))
        likeness = asking[rows] @ self.answering[self.at_frame[other]].T
        return likeness.masked_fill(self.apart[rows] > reach, _NEVER)


def _directions(features: Any) -> Any:
    """What is special to each token: without the mean of all, and of length one."""
    from torch.nn import functional

    return functional.normalize(features - features.mean((0, 1)), dim=-1)


class _Memory:
    """The masks a frame may take its own from: of the keys, and of the last frames carried well.

    Each grid remembers its own tokens: the mean of all is smoother than any, and remembering it
    would soften the mask from frame to frame.
    """

    def __init__(
        self,
        looks: Sequence[_Look],
        keys: Mapping[int, Pixels],
        recent: Mapping[int, Carried],
        matching: Matching,
    ) -> None:
        self._looks = looks
        self._matching = matching
        self._first = next(iter(keys))
        self._keys = {frame: self._tokens(mask) for frame, mask in keys.items()}
        self._trusted = {frame: self._tokens(each.found) for frame, each in recent.items()}
        before = list(recent.values())
        self._area = float((before[-1].found if before else keys[self._first]).mean())

    def carried_to(self, frame: int) -> Carried:
        """The mask carried to a frame, and remembered where it can be trusted."""
        import torch

        masks = self._keys | self._latest()
        tokens, pictures, sure = [], [], []
        for at, look in enumerate(self._looks):
            known = {other: each[at] for other, each in masks.items()}
            values, doubts = look.taken(frame, known, self._matching)
            sure.append(1 - float((doubts * values).sum() / (values.sum() + _EPS)))
            pictures.append(look.grid.pixels(values))
            tokens.append(_filled(values))
        found = torch.stack(pictures)
        mean, spread = found.mean(0), found.std(0, correction=0)
        confidence = self._confidence(frame, mean, spread, tokens[0], float(np.mean(sure)))
        if confidence >= self._matching.trusted:
            self._trusted[frame] = tokens
        return Carried(_array(_filled(mean)), _array(spread), confidence)

    def _latest(self) -> dict[int, list[Any]]:
        count = self._matching.memory
        return dict(list(self._trusted.items())[-count:]) if count else {}

    def _confidence(self, frame: int, mean: Any, spread: Any, tokens: Any, sure: float) -> float:
        """The geometric mean of what speaks for a mask: that it leads back to the key, that it is
        as large as the one before, that it has a core, that the grids agree on it, and that each of
        its tokens has few matches.
        """
        area, before = float(_filled(mean).mean()), self._area
        self._area = area
        if max(area, before) < _EPS:
            return 1.0
        parts = (
            self._cycle(frame, tokens),
            min(area, before) / max(area, before),
            float(mean.max()),
            1 - float(spread.sum() / (mean.sum() + _EPS)),
            sure,
        )
        return float(np.prod(np.clip(parts, 0, 1)) ** (1 / len(parts)))

    def _cycle(self, frame: int, tokens: Any) -> float:
        """Carried back to the key: how much of the key's mask it is, intersection over union."""
        import torch

        back, _ = self._looks[0].taken(self._first, {frame: tokens}, self._matching)
        truth = self._keys[self._first][0]
        both, either = torch.minimum(back, truth).sum(), torch.maximum(back, truth).sum()
        return float(both / (either + _EPS))

    def _tokens(self, mask: Pixels) -> list[Any]:
        """A mask (H,W) on each of the grids."""
        import torch

        picture = torch.from_numpy(np.ascontiguousarray(mask, np.float32))
        return [look.grid.tokens(picture.to(look.asking.device)) for look in self._looks]


def _filled(mask: Any) -> Any:
    """A mask as full at its fullest as what it was carried from. Something thinner than a token
    fills none, so it would fade from frame to frame, and be gone after a dozen.
    """
    peak = float(mask.max())
    return (mask / peak).clamp(0, 1) if peak > _LOST else mask


def _array(picture: Any) -> Pixels:
    return np.ascontiguousarray(picture.clamp(0, 1).cpu().numpy(), np.float32)


def stand_out(queries: Any, keys: Any, sizes: Sequence[int], heads: int) -> Any:
    """How far above its own mean each pixel's attention to each of some concepts is.

    Queries of pixels (tokens, channels), keys of words (words, channels), of which the first
    sizes[0] are the first concept's, and so on; (tokens, concepts) back, 1 is the mean. A word that
    is strong everywhere stands out nowhere.
    """
    import torch

    asking = queries.float().unflatten(-1, (heads, -1)).transpose(0, 1)
    words = keys.float().unflatten(-1, (heads, -1)).transpose(0, 1)
    attention = (asking @ words.mT / asking.shape[-1] ** 0.5).softmax(-1)
    parts = attention[..., : sum(sizes)].split(list(sizes), -1)
    mass = torch.stack([part.sum(-1) for part in parts], -1)
    return (mass / (mass.mean(1, keepdim=True) + _EPS)).mean(0)


def stand_out_bytes(tokens: int, words: int, heads: int, channels: int) -> int:
    """About the most that `stand_out` takes beside what it is given, in whole floats: the attention
    of all heads to all words twice, and its queries once more.
    """
    return 4 * tokens * (2 * heads * words + channels)


def told_apart(stand: Any) -> tuple[Any, Any]:
    """Where the first concept stands out more than the others (frames, tokens), 0 where it does no
    more than they; and how sure that is (frames,): 0 where it does wherever they do.
    """
    import torch

    even = 1 / stand.shape[-1]
    share = stand[..., 0] / (stand.sum(-1) + _EPS)
    found = ((share - even) / max(1 - even, _EPS)).clamp(0, 1)
    pairs = torch.stack([stand[..., 0], stand[..., 1:].mean(-1)])
    off = pairs - pairs.mean(-1, keepdim=True)
    together = (off[0] * off[1]).sum(-1) / (off.square().sum(-1).prod(0).sqrt() + _EPS)
    return found, found.amax(-1) * (1 - together).clamp(0, 1)
