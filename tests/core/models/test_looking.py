"""What a model sees in footage, and that looking leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from secondunit import models
from secondunit.callsheet import Cancelled, Pixels, Question, Size, Unwatched, VideoModel
from secondunit.matting.correspond import Grid
from secondunit.models.rig.parts import HEAVY
from secondunit.models.testing import tiny_vace
from secondunit.models.wan.attention import overheard, turned
from secondunit.models.wan.card import Reading
from secondunit.models.wan.looking import Reader, sweep
from secondunit.models.wan.model import WanModel
from secondunit.stage.fit import Fit
from secondunit.worlds.baselines import carried
from secondunit_contract.problem import CheckpointInvalid, NotEnoughMemory


def square(frames: int = 4, height: int = 32, width: int = 48) -> tuple[Pixels, Any]:
    """A textured square that moves over a textured ground, and its masks."""
    rng = np.random.default_rng(0)
    ground = 0.4 * rng.random((height, width, 3), dtype=np.float32)
    coat = 0.6 + 0.4 * rng.random((16, 16, 3), dtype=np.float32)
    plate, masks = np.stack([ground] * frames), np.zeros((frames, height, width), np.bool_)
    for frame in range(frames):
        plate[frame, 8:24, 4 + frame : 20 + frame] = coat
        masks[frame, 8:24, 4 + frame : 20 + frame] = True
    return plate, masks


def reader(model: VideoModel, **told: Any) -> Reader:
    assert isinstance(model, WanModel)

    def during() -> Any:
        return model._at_work("a test", Unwatched(), HEAVY)

    given = {"reading": Reading(1), **told}
    return Reader(
        model._pipe,
        model.card.reach,
        model._shape,
        prompt_length=model._prompt_length,
        during=during,
        words=lambda prompt: model._words(prompt, during),
        **given,
    )


def hooks(model: VideoModel) -> Iterator[Any]:
    assert isinstance(model, WanModel)
    for part in (model._pipe.transformer, model._pipe.vae, model._pipe.text_encoder):
        for module in part.modules():
            yield from (*module._forward_hooks.values(), *module._forward_pre_hooks.values())


@pytest.mark.parametrize("question", [Question({0: square()[1][0]}), Question(words="a cat")])
def test_looking_leaves_nothing_behind(tiny: VideoModel, question: Question) -> None:
    assert isinstance(tiny, WanModel)
    before = [block.attn1.processor for block in tiny._pipe.transformer.blocks]
    tiny.look(square()[0], question)
    after = [block.attn1.processor for block in tiny._pipe.transformer.blocks]
    assert all(one is other for one, other in zip(before, after, strict=True))
    assert not list(hooks(tiny))


class Stopping(Unwatched):
    """Asked so many times, it wants to stop."""

    def __init__(self, at: int) -> None:
        self.left = at

    def check(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Cancelled


@pytest.mark.parametrize("at", [0, 5, 40])
def test_a_look_can_be_stopped_and_asked_again(tiny: VideoModel, at: int) -> None:
    plate, masks = square()
    question = Question({0: masks[0]}, samples=1)
    before = tiny.look(plate, question)
    with pytest.raises(Cancelled):
        tiny.look(plate, question, Stopping(at))
    assert not list(hooks(tiny))
    assert np.array_equal(tiny.look(plate, question).found, before.found)


def test_a_full_memory_is_told_in_plain_words(
    tiny: VideoModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(tiny, WanModel)
    plate, masks = square()

    def full(*told: Any, **more: Any) -> Any:
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(tiny._pipe.transformer, "forward", full)
    with pytest.raises(NotEnoughMemory, match="4 frames of 48x32"):
        tiny.look(plate, Question({0: masks[0]}))


def test_what_is_heard_is_what_attention_works_with(tiny: VideoModel) -> None:
    """Queries and keys with positions turned in, against those the model's own processor used."""
    import torch
    from diffusers.models.transformers import transformer_wan

    assert isinstance(tiny, WanModel)
    transformer, used = tiny._pipe.transformer, []
    dispatch = transformer_wan.dispatch_attention_fn

    def listening(query: Any, key: Any, *told: Any, **more: Any) -> Any:
        used.append((query, key))
        return dispatch(query, key, *told, **more)

    look = reader(tiny)
    latents = look._latents(square()[0], range(4), Grid(32, 48, 16))
    given = {
        "hidden_states": latents,
        "timestep": torch.zeros(1),
        "encoder_hidden_states": look.words(""),
        **look._control(latents),
    }
    with pytest.MonkeyPatch.context() as patch, torch.no_grad():
        patch.setattr(transformer_wan, "dispatch_attention_fn", listening)
        heard = overheard(transformer.blocks, "attn1", (0, 1), lambda: transformer(**given))
    rotary = transformer.rope(latents)

    def at_work(layer: int) -> bool:
        found = [turned(each[0], 2, rotary) for each in heard[layer]]
        return any(
            query.shape == key.shape == (1, len(found[0]), 2, 12)
            and torch.allclose(query[0].flatten(1), found[0], atol=1e-5)
            and torch.allclose(key[0].flatten(1), found[1], atol=1e-5)
            for query, key in used
        )

    assert set(heard) == {0, 1}
    assert at_work(0)
    assert not at_work(1), "the pass ended before the last layer's attention was worked out"


def test_a_pass_holds_no_more_than_the_longest_clip(starter: VideoModel) -> None:
    look = reader(starter)
    rule, area = starter.card.reach.frames, starter.card.reach.area
    assert look.room(96, area // 96) == rule.longest
    assert look.room(192, area // 96) == max(3, rule.longest // 2)
    assert look.room(960, area // 8) == 3


def test_a_card_says_where_to_read(tmp_path: Path) -> None:
    folder = tiny_vace(tmp_path / "told")
    (folder / "card.toml").write_text("look_layer = 2\nlook_noise = 0.1\n")
    model = models.load(str(folder), "cpu")
    assert isinstance(model, WanModel)
    assert Reading.of(model._checkpoint) == Reading(2, 0.1)
    for wrong in ("look_layer = 3", "look_noise = 1.5", 'look_layer = "late"'):
        (folder / "card.toml").write_text(wrong)
        with pytest.raises(CheckpointInvalid, match="look_"):
            models.card_of(str(folder))


def shown(samples: Path, model: VideoModel, frames: int) -> tuple[Pixels, Any]:
    """The rendered shot's plate and masks, at the model's size."""
    from PIL import Image

    folder = samples / "footage" / "plate_true_alpha"
    fit = Fit.into(Size(320, 180), model.card.reach)
    plate, masks = [], []
    for frame in range(1, frames + 1):
        for name, mode, kept in (("plate", "RGB", plate), ("alpha", "L", masks)):
            with Image.open(folder / f"{name}_{frame:04d}.png") as picture:
                values = np.asarray(picture.convert(mode), np.float32) / 255
            kept.append(fit.shown(np.atleast_3d(values)))
    truth = np.stack(masks)[..., 0] > 0.5
    return np.stack(plate), truth


def overlap(found: Any, truth: Any) -> float:
    both, either = (found & truth).sum((1, 2)), (found | truth).sum((1, 2))
    return float((both / np.maximum(either, 1)).mean())


def test_a_subject_marked_on_one_frame_is_found_on_the_others(
    starter: VideoModel, samples: Path
) -> None:
    plate, truth = shown(samples, starter, 12)
    sight = starter.look(plate, Question({0: truth[0]}, samples=1))
    found = overlap(sight.found[1:] > 0.5, truth[1:])
    held = overlap(np.repeat(truth[:1], len(truth) - 1, 0), truth[1:])
    assert found > held + 0.15
    assert found > overlap(carried(plate, truth)[1:], truth[1:])


def test_marks_on_both_sides_are_better_than_on_one(starter: VideoModel, samples: Path) -> None:
    plate, truth = shown(samples, starter, 12)
    one, two = (
        starter.look(plate, Question({at: truth[at] for at in keys}, samples=1))
        for keys in ((11,), (0, 11))
    )
    between = slice(1, 11)
    better = overlap(two.found[between] > 0.5, truth[between])
    assert better > overlap(one.found[between] > 0.5, truth[between]) + 0.02


def test_layers_and_noises_can_be_compared(starter: VideoModel, samples: Path) -> None:
    plate, truth = shown(samples, starter, 6)
    readings = [Reading(0, 0.02), Reading(0, 0.9)]
    scores = sweep(reader(starter), plate, truth.astype(np.float32), readings, (0, 1))
    assert len(scores) == 4
    assert scores[readings[0], 0] > scores[readings[1], 0] + 0.03
