"""Pixels nobody knows get a first guess from those that are known."""

from __future__ import annotations

from typing import Any

import pytest

from secondunit.stage.rough import roughed


def ramp(frames: int = 9, height: int = 16, width: int = 24) -> Any:
    """(1,3,F,H,W): brighter to the right and as time goes by."""
    import torch

    across = torch.linspace(0.1, 0.6, width).view(1, 1, 1, 1, width)
    later = torch.linspace(0, 0.3, frames).view(1, 1, frames, 1, 1)
    return (across + later).expand(1, 3, frames, height, width).clone()


def test_between_two_known_frames_it_fades_from_one_to_the_other() -> None:
    import torch

    clip, unknown = ramp(), torch.ones(1, 1, 9, 16, 24, dtype=torch.bool)
    unknown[:, :, [0, -1]] = False
    shown = torch.where(unknown, 0.5, clip)
    assert torch.allclose(roughed(shown, unknown), clip, atol=1e-6)


def test_beside_one_known_frame_it_holds() -> None:
    import torch

    clip, unknown = ramp(), torch.ones(1, 1, 9, 16, 24, dtype=torch.bool)
    unknown[:, :, :3] = False
    filled = roughed(torch.where(unknown, 0.5, clip), unknown)
    assert torch.equal(filled[:, :, 3:], clip[:, :, 2:3].expand(-1, -1, 6, -1, -1))


def test_a_moving_hole_shows_what_other_frames_saw_there() -> None:
    import torch

    clip = ramp(frames=1).expand(1, 3, 9, 16, 24).clone()
    unknown = torch.zeros(1, 1, 9, 16, 24, dtype=torch.bool)
    for frame in range(9):
        unknown[:, :, frame, 4:12, 2 * frame : 2 * frame + 6] = True
    filled = roughed(torch.where(unknown, 0.5, clip), unknown)
    assert torch.allclose(filled, clip, atol=1e-6)


def test_what_is_never_known_goes_on_smoothly_from_the_border() -> None:
    import torch

    clip, unknown = ramp(), torch.zeros(1, 1, 9, 16, 24, dtype=torch.bool)
    unknown[..., 18:] = True
    filled = roughed(torch.where(unknown, 0.5, clip), unknown)
    border = clip[..., 17:18]
    assert float((filled[..., 18:] - border).abs().max()) < 0.12
    assert float((filled[..., 18] - clip[..., 17]).abs().max()) < 0.03


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_nothing_unknown_or_nothing_known_changes_nothing(share: float) -> None:
    import torch

    clip = torch.rand(2, 3, 5, 16, 16, generator=torch.Generator().manual_seed(1))
    unknown = torch.full((2, 1, 5, 16, 16), bool(share))
    assert torch.equal(roughed(clip, unknown), clip)


def test_known_pixels_keep_their_bits() -> None:
    import torch

    generator = torch.Generator().manual_seed(2)
    clip = torch.rand(1, 3, 5, 15, 17, generator=generator)
    unknown = torch.rand(1, 1, 5, 15, 17, generator=generator) < 0.4
    filled = roughed(clip, unknown)
    kept = ~unknown.expand_as(clip)
    assert torch.equal(filled[kept], clip[kept])
    assert float(filled.min()) >= 0
    assert float(filled.max()) <= 1
