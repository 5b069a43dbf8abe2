"""Questions set on generated clips are laid out as the tasks lay theirs out."""

from __future__ import annotations

from random import Random

import pytest

from secondunit.callsheet import UNKNOWN
from secondunit.matting.screen import GREEN as TASKS_GREEN
from secondunit.worlds import named, randomised
from secondunit.worlds.calls import GREEN, KINDS, NEED_WORDS, on_green
from secondunit.worlds.clips import Clips


@pytest.fixture(scope="module", params=["named", "randomised"])
def clips(request: pytest.FixtureRequest) -> Clips:
    """Four clips of each world."""
    world = {"named": named, "randomised": randomised}[request.param]
    return world.clips(902_000_000, 4, 9, 48, 64)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_call_shows_the_truth_where_it_keeps_and_nothing_where_it_asks(
    kind: str, clips: Clips
) -> None:
    import torch

    call = KINDS[kind](clips, Random(3))
    assert call.video.shape == call.target.shape == clips.plate.shape
    assert len(call.prompts) == 4
    assert set(call.matte.unique().tolist()) <= {0.0, 1.0}
    assert float(call.matte.mean()) > 0.005
    kept = (call.matte == 0).expand_as(call.video)
    assert torch.equal(call.video[kept], call.target[kept])
    shown = (call.video[~kept] != UNKNOWN).float().mean()
    repaints = {"marked", "edited", "isolated", "removed", "guided"}
    assert (float(shown) > 0.9) == (kind in repaints)


def test_the_green_is_the_tasks_own() -> None:
    import torch

    assert torch.allclose(torch.tensor(GREEN), torch.from_numpy(TASKS_GREEN), atol=1e-6)


def test_on_green_nothing_else_is_left(clips: Clips) -> None:
    import torch

    alone = on_green(clips)
    green = torch.tensor(GREEN).view(1, 3, 1, 1, 1).expand_as(alone)
    away = (clips.alpha == 0).expand_as(alone)
    assert torch.allclose(alone[away], green[away], atol=1e-6)


def test_calls_by_words_have_words() -> None:
    clips = named.clips(903_000_000, 4, 5, 32, 32)
    for kind in NEED_WORDS:
        assert all(KINDS[kind](clips, Random(5)).prompts), kind


def test_a_clean_up_hides_all_of_the_subject(clips: Clips) -> None:
    call = KINDS["cleaned"](clips, Random(4))
    left = (clips.alpha > 0.03) & (call.matte == 0)
    assert not bool(left.any())


def test_a_reference_is_the_subject_on_white() -> None:
    clips = named.clips(904_000_000, 4, 5, 48, 48)
    call = KINDS["referred"](clips, Random(6))
    assert call.references.shape == (4, 1, 3, 48, 48)
    assert float((call.references == 1).float().mean()) > 0.4
