"""The starter's making: an exact linear VAE, a start in order, training that resumes to the bit."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from secondunit.weights.checkpoint import Checkpoint
from secondunit.worlds import named, randomised, staging
from tools.starter import export, following, lessons, train
from tools.starter import linear as linear_map
from tools.starter import network as parts
from tools.starter.following import strayed
from tools.starter.lessons import KINDS, MIX, SEEDS, SHAPES, conditions, lesson, shape_of
from tools.starter.linear import Linear
from tools.starter.muon import orthogonal
from tools.starter.order import deepened, put_in_order


@pytest.fixture(scope="module")
def linear() -> Linear:
    """The map, fitted on fewer clips than the real one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linear_map, "_BATCHES", 2)
        return linear_map.fitted()


def test_the_stock_class_is_the_linear_map(linear: Linear) -> None:
    import torch

    pictures = randomised.clips(905_000_000, 6, 5, 32, 48).plate
    vae = linear_map.autoencoder(linear)
    scale = linear.deviation.view(1, -1, 1, 1, 1)
    with torch.no_grad():
        latents = vae.encode(pictures * 2 - 1).latent_dist.mode() / scale
        back = (vae.decode(latents * scale).sample + 1) / 2
    assert torch.allclose(latents, linear.encoded(pictures), atol=1e-3)
    assert torch.allclose(back, linear.decoded(latents).clamp(0, 1), atol=1e-3)
    error = (back - pictures).square().mean()
    assert float(-10 * error.log10()) > 28  # dB


def test_untrained_it_answers_with_what_it_is_shown(linear: Linear) -> None:
    import torch

    network = parts.transformer(parts.Size())
    grey = linear.encoded(torch.full((1, 3, 1, 8, 8), 0.5)).flatten()
    put_in_order(network, grey, torch.Generator().manual_seed(1))
    plate = randomised.clips(906_000_000, 1, 5, 48, 48).plate
    told = conditions(plate, torch.ones_like(plate[:, :1]), linear)
    noise = torch.randn(1, 48, 5, 6, 6, generator=torch.Generator().manual_seed(2))
    words = torch.zeros(1, parts.WORDS, 96)
    with torch.no_grad():
        answer = network(
            noise, torch.tensor([1000.0]), words, control_hidden_states=told, return_dict=False
        )[0]
    shown = linear.encoded(plate)
    share = (answer * shown).sum() / (answer.norm() * shown.norm())
    assert float(share) > 0.8


class _Followed:
    """Three clips whose subjects an untrained network follows."""

    def __init__(self, linear: Linear) -> None:
        import torch

        torch.manual_seed(4)
        self.linear, self.network = linear, parts.transformer(parts.Size(layers=2))
        self.clips = randomised.clips(905_000_004, 3, 5, 48, 64)
        self.words = torch.zeros(3, parts.WORDS, 96)

    def astray(self, plate: Any, alpha: Any) -> Any:
        return strayed(self.network, self.words, plate, alpha, 0, self.linear).mean()


def test_what_stands_still_is_followed_better_than_what_is_not_there(linear: Linear) -> None:
    still = _Followed(linear)
    plate, alpha = (
        each[:, :, :1].repeat(1, 1, 5, 1, 1) for each in (still.clips.plate, still.clips.alpha)
    )
    elsewhere = alpha.clone()
    elsewhere[:, :, 1:] = alpha[:, :, 1:].roll(24, -1)
    assert still.astray(plate, alpha) < 0.7 * still.astray(plate, elsewhere)


def test_following_is_learnt(linear: Linear) -> None:
    import torch

    moving = _Followed(linear)
    optimiser = torch.optim.AdamW(moving.network.parameters(), 3e-3)
    errors = []
    for _ in range(25):
        optimiser.zero_grad()
        error = moving.astray(moving.clips.plate, moving.clips.alpha)
        error.backward()
        optimiser.step()
        errors.append(float(error.detach()))
    assert errors[-1] < 0.8 * errors[0]


def test_it_learns_to_be_followed_where_its_card_says_it_is_looked_at() -> None:
    card = tomllib.loads(Path(export.__file__).with_name("card.toml").read_text("utf-8"))
    assert (card["look_layer"], card["look_noise"]) == (following.LAYER, following.NOISE)


def test_a_step_of_muon_is_orthogonal() -> None:
    import torch

    matrix = torch.randn(40, 120, generator=torch.Generator().manual_seed(3))
    values = torch.linalg.svdvals(orthogonal(matrix))
    assert float(values.min()) > 0.6
    assert float(values.max()) < 1.3


def test_lessons_are_their_seeds_and_of_every_kind(linear: Linear) -> None:
    import torch

    one = lesson(5, (5, 32, 48), 240, linear, "cpu")
    again = lesson(5, (5, 32, 48), 240, linear, "cpu")
    assert torch.equal(one.noisy, again.noisy)
    assert torch.equal(one.told, again.told)
    assert one.kinds == again.kinds
    assert {kind for world in MIX.values() for kind in world} == set(KINDS)
    shapes = {shape_of(seed) for seed in range(400)}
    assert shapes == set(SHAPES)
    assert all(h % 8 == 0 and w % 8 == 0 for _, h, w in SHAPES)
    assert all(f % 4 == 1 or f <= lessons._BRIEF for f, _, _ in SHAPES)


def test_brief_clips_are_many_and_ask_what_pictures_can_teach(linear: Linear) -> None:
    brief = [lesson(seed, (1, 32, 48), 240, linear, "cpu") for seed in range(12)]
    long = lesson(5, (5, 32, 48), 240, linear, "cpu")
    assert {len(each.kinds) for each in brief} == {5 * len(long.kinds)}
    asked = [kind for each in brief for kind in each.kinds]
    assert set(asked) <= {kind for world in lessons.BRIEF_MIX.values() for kind in world}
    assert asked.count("isolated") > len(asked) / 4


def test_words_are_mostly_asked_where_there_is_more_than_one_thing() -> None:
    crowded, usual = (
        sum(told.several for told in named.clips(5, 300, 1, 32, 48, "cpu", crowd).told)
        for crowd in (lessons.CROWD, staging.CROWD)
    )
    assert usual < 0.62 * 300 < crowded


def test_nobody_is_followed_through_a_single_frame(
    tmp_path: Path, linear: Linear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linear_map, "fitted", lambda: linear)
    monkeypatch.setattr(train, "shape_of", lambda seed: (1, 32, 48))
    learnt = _Quick(_options(tmp_path, 1))._learn()
    assert learnt
    assert "looked" not in dict(learnt)
    assert all(0 < loss < 10 for _, loss in learnt)


def test_many_clips_are_guessed_for_on_all_cores_to_the_same_bits(
    linear: Linear, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(lessons, "MIX", {world: {"widened": 1} for world in MIX})
    alone = lesson(5, (5, 32, 48), 480, linear, "cpu")
    monkeypatch.setattr(lessons, "_MANY", 1)
    together = lesson(5, (5, 32, 48), 480, linear, "cpu")
    lessons._hands().shutdown()
    lessons._hands.cache_clear()
    assert torch.equal(alone.told, together.told)


def test_what_is_learnt_is_never_what_is_measured() -> None:
    from secondunit.bench.starter.generated import HELD_OUT

    assert HELD_OUT >= SEEDS


class _Quick(train.Run):
    """A run of small lessons."""

    def _tell(self, losses: Any, seconds: float) -> None:
        raise AssertionError("A run so short has nothing to tell")


def _options(out: Path, steps: int) -> train.Options:
    size = parts.Size(heads=4, head=40, layers=2)
    return train.Options(out, steps, 60, "cpu", 1, 0.02, 1e-3, size)


def test_a_run_that_was_stopped_goes_on_to_the_same_bits(
    tmp_path: Path, linear: Linear, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(linear_map, "fitted", lambda: linear)
    monkeypatch.setattr(train, "shape_of", lambda seed: (5, 32, 32))
    whole, halved = _options(tmp_path / "whole", 4), _options(tmp_path / "halved", 4)
    _Quick(whole).go()
    stopped = _Quick(halved)
    stopped.options = replace(halved, steps=4)
    for _ in range(2):
        stopped._learn()
        stopped.step += 1
    stopped._save(1.0)
    _Quick(replace(halved, size=parts.Size(layers=3))).go()  # its size is the checkpoint's
    one, other = (
        torch.load(each.out / "checkpoint.pt", weights_only=True) for each in (whole, halved)
    )
    assert one["step"] == other["step"] == 4
    for name, weights in one["average"].items():
        assert torch.equal(weights, other["average"][name]), name


def test_a_run_becomes_a_folder_that_proves_itself(
    tmp_path: Path, linear: Linear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linear_map, "fitted", lambda: linear)
    run = _Quick(_options(tmp_path / "run", 0))
    run.go()
    folder = tmp_path / "starter"
    export.exported(tmp_path / "run", folder)
    checkpoint = Checkpoint.open(folder)
    checkpoint.prove()
    assert checkpoint.class_name == "WanVACEPipeline"
    assert checkpoint.size() < 25e6


def test_a_run_can_begin_from_an_exported_folder(
    tmp_path: Path, linear: Linear, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(linear_map, "fitted", lambda: linear)
    first = _Quick(_options(tmp_path / "run", 0))
    with torch.no_grad():
        first.average.proj_out.weight.mul_(1.5)
    first.go()
    export.exported(tmp_path / "run", tmp_path / "starter")

    def other() -> Linear:
        raise AssertionError("The map is the folder's own, not fitted anew")

    monkeypatch.setattr(linear_map, "fitted", other)
    begun = _Quick(replace(_options(tmp_path / "on", 0), begin=tmp_path / "starter"))
    pictures = randomised.clips(905_000_001, 2, 5, 32, 48).plate
    assert torch.allclose(begun.linear.encoded(pictures), linear.encoded(pictures), atol=0.02)
    for part in ("network", "average"):
        for name, weights in getattr(begun, part).state_dict().items():
            told = first.average.state_dict()[name]
            assert torch.allclose(weights, told, rtol=2e-3, atol=1e-4), name
    assert begun.step == 0


def test_a_network_with_more_blocks_begins_with_the_same_answers(linear: Linear) -> None:
    import torch

    torch.manual_seed(7)
    held, deeper = (parts.transformer(parts.Size(layers=layers)) for layers in (3, 5))
    grey = linear.encoded(torch.full((1, 3, 1, 8, 8), 0.5)).flatten()
    put_in_order(held, grey, torch.Generator().manual_seed(1))
    deeper.load_state_dict(deepened(held.state_dict(), 5))
    noisy, told = torch.randn(2, 48, 3, 4, 5), torch.randn(2, 160, 3, 4, 5)
    words, when = torch.randn(2, parts.WORDS, 96), torch.tensor([1000.0, 300.0])

    def answer(network: Any) -> Any:
        return network(noisy, when, words, control_hidden_states=told, return_dict=False)[0]

    with torch.no_grad():
        assert torch.equal(answer(held), answer(deeper))
    answer(deeper).square().sum().backward()
    learns = [block.attn1.to_out[0].weight.grad.abs().sum() > 0 for block in deeper.blocks]
    assert all(learns)
    with pytest.raises(RuntimeError, match="Unexpected key"):
        parts.transformer(parts.Size(layers=2)).load_state_dict(deepened(held.state_dict(), 2))
