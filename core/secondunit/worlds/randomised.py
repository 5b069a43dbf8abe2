"""The randomised world: no two clips alike, so that what is learned holds for real footage too.

Photographs and procedural textures, layers with parallax, deforming and swinging textured things
with soft, hair-like and motion-blurred edges, occlusion, shadows, defocus, changing exposure and
grain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from secondunit.worlds.camera import Camera, Field, field_of, sampled, swing
from secondunit.worlds.clips import Clips, Told
from secondunit.worlds.draws import Draws
from secondunit.worlds.oddities import oddity
from secondunit.worlds.textures import SIDE, bank, looks

_TEXTURES = 512
_SIZES = ((0.22, 0.62), (0.15, 0.5), (0.12, 0.4))  # the subject's, the others'
_SHARES = (1.0, 0.5, 0.25)  # of clips that have them
_EVERY = (1.0, 1.0, 1.0, 1.0, 2.0, 3.0)  # frames from one to the next
_LEAP = (0.0, 0.0, 0.0, 6.0, 14.0, 24.0)  # frames between the first and the second, beside that
_BANKS = 5_000_000  # so many seeds share a bank


def clips(
    seed: int, count: int, frames: int, height: int, width: int, device: str = "cpu"
) -> Clips:
    """Make `count` clips. Raises PartMissing without the packages whose photographs are used."""
    draw = Draws(seed, device)
    textures = bank(1 + seed // _BANKS, _TEXTURES, device)
    every, leap = float(draw.one_of(_EVERY, 1)), float(draw.one_of(_LEAP, 1))
    field = field_of(frames, height, width, 0.6, device, every, leap)
    camera = Camera.drawn(draw, field.moments, count)
    stack = _Stack.drawn(draw, field, camera, textures, count)
    alpha, depth = stack.seen()
    exposure, grain = _film(draw, field, count)
    return Clips(
        plate=(stack.shot(first=0) * exposure + grain).clamp(0, 1),
        clean=(stack.shot(first=1) * exposure + grain).clamp(0, 1),
        alpha=alpha,
        subject=(stack.colours[:, 0] * exposure + grain).clamp(0, 1),
        depth=depth,
        told=tuple(Told(several=bool(row[1:].any())) for row in stack.there.cpu()),
    )


def _background(draw: Draws, field: Field, camera: Camera, textures: Any, batch: int) -> Any:
    """A far layer and, in half of the clips, a nearer one with a ragged outline before it."""
    still = camera.at_middles(field)
    far = _defocused(draw, looks(draw, textures, batch))
    reach = draw.uniform(1.25, 2.2, batch, 1, 1, 1) * float(max(field.x.max(), field.y.max()))
    behind = sampled(far, *still.seen(field, 0.7, reach))
    near = looks(draw, textures, batch)
    rise = _slopes(draw, batch)
    layer = sampled(_joined(near, rise), *still.seen(field, 1.0, reach))
    cover = layer[:, 3:] * draw.chance(0.5, batch, 1, 1, 1, 1)
    return behind * (1 - cover) + layer[:, :3] * cover


def _joined(near: Any, rise: Any) -> Any:
    import torch

    return torch.cat([near, rise], 1)


def _slopes(draw: Draws, batch: int) -> Any:
    """(batch,1,SIDE,SIDE) coverage: all below a ragged line, in any of four directions."""
    import torch
    import torch.nn.functional as functional

    line = torch.linspace(-1, 1, SIDE, device=draw.device).view(1, 1, SIDE, 1)
    bumps = functional.interpolate(
        draw.uniform(-1, 1, batch, 1, 9, 9), (SIDE, SIDE), mode="bicubic", align_corners=True
    )
    level = draw.uniform(-0.2, 0.7, batch, 1, 1, 1)
    cover = ((line - level + bumps * draw.uniform(0.1, 0.6, batch, 1, 1, 1)) * 40).sigmoid()
    sideways = draw.chance(0.3, batch, 1, 1, 1)
    return torch.where(sideways > 0, cover.transpose(-1, -2), cover)


def _defocused(draw: Draws, layer: Any) -> Any:
    """Some layers out of focus, by a little or a lot."""
    import torch
    import torch.nn.functional as functional

    small = functional.interpolate(layer, (SIDE // 6, SIDE // 6), mode="area")
    blurred = functional.interpolate(small, (SIDE, SIDE), mode="bilinear")
    share = draw.one_of((0.0, 0.0, 0.5, 1.0), len(layer), 1, 1, 1)
    return torch.lerp(layer, blurred, share)


@dataclass(frozen=True)
class _Stack:
    """A background (B,3,F,H,W) and things before it: coverage (B,N,1,F,H,W), colours, and the order
    (B,N) they lie in, farthest first. Number 0 is the subject.
    """

    ground: Any
    alphas: Any
    colours: Any
    order: Any
    there: Any
    dark: Any
    across: int
    down: int

    @classmethod
    def drawn(cls, draw: Draws, field: Field, camera: Camera, textures: Any, batch: int) -> _Stack:
        import torch

        there = torch.stack([draw.chance(share, batch) for share in _SHARES], 1)
        alphas = torch.zeros(batch, len(_SIZES), 1, *field.shape, device=draw.device)
        colours = torch.zeros(batch, len(_SIZES), 3, *field.shape, device=draw.device)
        for number, size in enumerate(_SIZES):
            clips = there[:, number].nonzero()[:, 0]
            if len(clips):
                skins = looks(draw, textures, len(clips))
                thing = oddity(draw, field, camera.of(clips), skins, size)
                alphas[clips, number], colours[clips, number] = thing.alpha, thing.colour
        short = min(field.shape[1:])
        return cls(
            _background(draw, field, camera, textures, batch),
            alphas,
            colours,
            draw.uniform(0, 1, batch, len(_SIZES)).argsort(1),
            there,
            draw.chance(0.35, batch, 1, 1, 1, 1) * draw.uniform(0.15, 0.6, batch, 1, 1, 1, 1),
            int(draw.uniform(-short / 8, short / 8, 1)),
            int(draw.uniform(0, short / 6, 1)),
        )

    def shot(self, first: int) -> Any:
        """What the camera sees of all things from number `first` on, their shadows included."""
        import torch

        alphas = self.alphas.clone()
        alphas[:, :first] = 0
        cast = alphas.amax(1)
        picture = self.ground * (1 - self.dark * self._softened(cast))
        for place in range(alphas.shape[1]):
            cover, colour = self._at(alphas, place), self._at(self.colours, place)
            picture = torch.lerp(picture, colour, cover)
        return picture

    def seen(self) -> tuple[Any, Any]:
        """The subject's coverage where nothing lies before it, and the depth of everything."""
        import torch

        height = self.alphas.shape[-2]
        fall = torch.linspace(0, 0.3, height, device=self.alphas.device).view(1, 1, 1, -1, 1)
        depth = fall.expand_as(self.alphas[:, 0])
        alpha = torch.zeros_like(depth)
        for place in range(self.alphas.shape[1]):
            cover = self._at(self.alphas, place)
            ours = (self.order[:, place] == 0).view(-1, 1, 1, 1, 1).float()
            alpha = alpha * (1 - cover) + ours * cover
            depth = torch.lerp(depth, torch.full_like(depth, 0.5 + 0.2 * place), cover)
        return alpha, depth

    def _at(self, layers: Any, place: int) -> Any:
        import torch

        return layers[torch.arange(len(layers), device=layers.device), self.order[:, place]]

    def _softened(self, cast: Any) -> Any:
        """Coverage (B,1,F,H,W), moved to where the shadow falls, and blurred."""
        import torch.nn.functional as functional

        pictures = cast.flatten(0, 2)[:, None]
        height, width = pictures.shape[-2:]
        small = functional.interpolate(pictures, (height // 4, width // 4), mode="area")
        pictures = functional.interpolate(small, (height, width), mode="bilinear")
        wide, down = abs(self.across), self.down
        padded = functional.pad(pictures, (wide, wide, down, 0))
        left = wide - self.across
        moved = padded[..., :height, left : left + width]
        return moved.reshape(cast.shape)


def _film(draw: Draws, field: Field, batch: int) -> tuple[Any, Any]:
    """Exposure (B,1,F,1,1) that changes in some clips, and grain (B,3,F,H,W) in most."""
    frames, height, width = field.shape
    times = field.middles(field.moments[None])[0]
    change = draw.chance(0.35, batch, 1) * draw.uniform(0.05, 0.3, batch, 1)
    exposure = swing(draw, times, batch, change).exp().view(batch, 1, frames, 1, 1)
    strength = draw.one_of((0.0, 0.0, 0.008, 0.02, 0.035), batch, 1, 1, 1, 1)
    return exposure, draw.grain(batch, 3, frames, height, width) * strength
