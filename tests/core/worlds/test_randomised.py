"""The randomised world: what it says of its clips is true of them."""

from __future__ import annotations

import pytest

from secondunit.worlds import randomised
from secondunit.worlds.clips import Clips


@pytest.fixture(scope="module")
def clips() -> Clips:
    """Sixteen clips, grain and all."""
    return randomised.clips(901_000_000, 16, 9, 48, 64)


def test_shapes_and_ranges(clips: Clips) -> None:
    import torch

    for name, channels in (("plate", 3), ("clean", 3), ("alpha", 1), ("subject", 3), ("depth", 1)):
        made = getattr(clips, name)
        assert made.shape == (16, channels, 9, 48, 64), name
        assert made.dtype == torch.float32
        assert float(made.min()) >= 0, name
        assert float(made.max()) <= 1, name


def test_the_plate_is_the_subject_over_the_clean_plate(clips: Clips) -> None:
    """Where no shadow falls and nothing lies half before the subject, to a rounding."""
    over = clips.subject * clips.alpha + clips.clean * (1 - clips.alpha)
    inside, outside = clips.alpha > 0.999, clips.alpha == 0
    wrong = (over - clips.plate).abs().amax(1, keepdim=True)
    assert float(wrong[inside].max()) < 2e-3
    same = (wrong[outside] < 1e-4).float().mean()
    assert float(same) > 0.85  # the rest lies in the subject's shadow


def test_without_its_subject_a_clip_is_another(clips: Clips) -> None:
    inside = (clips.alpha > 0.9).expand_as(clips.plate)
    assert float((clips.plate - clips.clean).abs()[inside].mean()) > 0.1


def test_a_seed_is_a_clip_for_ever() -> None:
    import torch

    one, again, other = (randomised.clips(seed, 2, 5, 32, 40) for seed in (7, 7, 8))
    assert torch.equal(one.plate, again.plate)
    assert torch.equal(one.alpha, again.alpha)
    assert not torch.equal(one.plate, other.plate)


def test_things_move_and_differ(clips: Clips) -> None:
    moved = (clips.plate[:, :, -1] - clips.plate[:, :, 0]).abs().mean((1, 2, 3))
    assert int((moved > 0.02).sum()) >= 12
    sizes = clips.alpha.mean((1, 2, 3, 4))
    assert float(sizes.std()) > 0.02
    assert float(sizes.mean()) > 0.04


def test_edges_are_soft_and_blurred_by_motion(clips: Clips) -> None:
    partly = ((clips.alpha > 0.02) & (clips.alpha < 0.98)).float().mean()
    covered = (clips.alpha >= 0.98).float().mean()
    assert 0.1 < float(partly / covered) < 1.5


def test_some_have_company(clips: Clips) -> None:
    several = sum(told.several for told in clips.told)
    assert 4 <= several <= 15
