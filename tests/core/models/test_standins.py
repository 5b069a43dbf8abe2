"""Stand-ins: what they hold stays, what they begin late stays near, what they drag goes there."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from secondunit import models
from secondunit.bench.standins import astray, with_stand_ins
from secondunit.callsheet import (
    UNKNOWN,
    CallSheet,
    Cancelled,
    Pixels,
    Reach,
    Track,
    Unwatched,
    VideoModel,
)
from secondunit.models.choose import choose
from secondunit.models.rig.driven import Driven
from secondunit.models.standins import SERVED, left_of, stood_in, widened
from secondunit.models.standins.cells import Cells
from secondunit.models.standins.clock import DONE, levels, shortened, strode
from secondunit.models.standins.held import Held
from secondunit.models.standins.moved import Seen, animated
from secondunit.models.standins.shown import FOR_GOOD, shown
from secondunit.models.testing import scripted_card
from secondunit_contract.frames import Rate
from secondunit_contract.problem import BadValue, CheckpointInvalid, ModelUnfit

FRAMES, SIDE = 9, 32
PLATE_AND_PAINT = frozenset({"plate", "paint"})


@pytest.fixture(scope="module")
def wordy(wan_folder: Path) -> VideoModel:
    """A checkpoint that takes words and nothing else."""
    return models.load(str(wan_folder), "cpu")


@pytest.fixture(scope="module")
def bare() -> VideoModel:
    """The starter, all of whose own ways but words are switched off: its decoder decodes cells by
    themselves.
    """
    return with_stand_ins(SERVED)


def plate() -> Pixels:
    across, down = np.meshgrid(np.linspace(0, 1, SIDE), np.linspace(0, 1, SIDE))
    still = np.stack([across, down, 1 - across], -1).astype(np.float32)
    return np.repeat(still[None], FRAMES, 0)


def sheet(paint: Any = None, steps: int = 3, **told: Any) -> CallSheet:
    """The plate; where there is paint, nobody knows it."""
    whole = plate()
    if paint is not None:
        whole[paint] = UNKNOWN
        told = {"plate": whole, "paint": paint} | told
    return CallSheet(SIDE, SIDE, FRAMES, Rate.of(24), "a cat", steps=steps, **told)


def hole() -> Any:
    """The right half, on every frame; 16 pixels are two cells."""
    paint = np.zeros((FRAMES, SIDE, SIDE), bool)
    paint[:, :, SIDE // 2 :] = True
    return paint


def shot(model: VideoModel, asked: CallSheet) -> Pixels:
    return np.concatenate([each.frames for each in model.shoot(asked, Unwatched())])


def decibels(found: Pixels, truth: Pixels) -> float:
    return float(-10 * np.log10(((found - truth) ** 2).mean()))


def ended(model: VideoModel, asked: CallSheet, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """The latents a take ends with, and those of its plate."""
    assert isinstance(model, Driven)
    kept: list[Any] = []
    decode, encode = model.frames_of, model.encoded

    def encoding(clip: Pixels) -> Any:
        kept.append(encode(clip))
        return kept[-1]

    def decoding(latents: Any, during: Any) -> Iterator[Pixels]:
        kept.append(latents)
        return decode(latents, during)

    monkeypatch.setattr(model, "encoded", encoding)
    monkeypatch.setattr(model, "frames_of", decoding)
    shot(model, asked)
    return kept[-1], kept[0]


# ------------------------------------------------- cells and levels


def test_a_cell_with_a_painted_pixel_is_painted_and_the_first_frame_has_its_own() -> None:
    cells = Cells(8, 4)
    kept = np.ones((FRAMES, SIDE, SIDE), bool)
    kept[0, 0, 0] = False
    kept[6, 31, 31] = False
    expected = np.ones((3, 4, 4), bool)
    expected[0, 0, 0] = expected[2, 3, 3] = False
    assert np.array_equal(cells.kept(kept), expected)
    assert [list(cells.frames(each)) for each in range(3)] == [[0], [1, 2, 3, 4], [5, 6, 7, 8]]
    assert not cells.covered(~kept).any()


def test_a_cell_that_is_mostly_covered_on_one_of_its_frames_is_covered() -> None:
    pieces = np.zeros((FRAMES, SIDE, SIDE), bool)
    pieces[2, :8, :6] = True
    pieces[7, :8, :3] = True
    found = Cells(8, 4).covered(pieces)
    assert found[1, 0, 0]
    assert found.sum() == 1


def schedulers() -> list[Any]:
    from diffusers import (
        CogVideoXDDIMScheduler,
        FlowMatchEulerDiscreteScheduler,
        UniPCMultistepScheduler,
    )

    flow = {"prediction_type": "flow_prediction", "use_flow_sigmas": True, "flow_shift": 3.0}
    return [
        UniPCMultistepScheduler(**flow),
        FlowMatchEulerDiscreteScheduler(shift=3.0),
        CogVideoXDDIMScheduler(
            timestep_spacing="trailing", prediction_type="v_prediction", set_alpha_to_one=True
        ),
    ]


@pytest.mark.parametrize("place", range(3))
def test_noise_falls_from_step_to_step_and_none_is_left(place: int) -> None:
    scheduler = schedulers()[place]
    scheduler.set_timesteps(6)
    found = levels(scheduler)
    assert len(found) == 7
    assert found[-1] == DONE
    assert all(one.noise > two.noise for one, two in itertools.pairwise(found))
    assert found[0].noise > 0.99


@pytest.mark.parametrize("place", range(3))
def test_levels_are_those_the_scheduler_steps_between(place: int) -> None:
    """A model that always knows the truth leaves just the noise that belongs to each step."""
    import torch

    scheduler = schedulers()[place]
    scheduler.set_timesteps(6)
    clean, noise = torch.full((1, 2, 1, 2, 2), 0.7), torch.full((1, 2, 1, 2, 2), -0.4)
    rungs = levels(scheduler)
    latents = rungs[0].mixed(clean, noise)
    for step, time in enumerate(scheduler.timesteps):
        answer = noise - clean
        if hasattr(scheduler, "final_alpha_cumprod"):
            answer = rungs[step].picture * noise - rungs[step].noise * clean
        latents = scheduler.step(answer, time, latents, return_dict=False)[0]
        assert torch.allclose(latents, rungs[step + 1].mixed(clean, noise), atol=3e-2)


@pytest.mark.parametrize("place", range(3))
def test_a_shortened_way_is_the_end_of_the_whole_and_goes_back(place: int) -> None:
    scheduler = schedulers()[place]
    scheduler.set_timesteps(8)
    whole = levels(scheduler)
    heard: list[int] = []
    with shortened(scheduler, 3, lambda: heard.append(1)):
        scheduler.set_timesteps(8)
        assert levels(scheduler) == whole[-4:]
        assert heard == [1]
    scheduler.set_timesteps(8)
    assert levels(scheduler) == whole


@pytest.mark.parametrize("steps", [1, 3, 8])
def test_strides_go_the_whole_way_and_heed_no_other_s_times(steps: int) -> None:
    import torch
    from diffusers import FlowMatchEulerDiscreteScheduler

    scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0)
    scheduler.set_timesteps(8)
    whole = levels(scheduler)
    with strode(scheduler, steps):
        scheduler.set_timesteps(8)
        some = levels(scheduler)
        assert (some[0], some[-1], len(some)) == (whole[0], DONE, steps + 1)
        assert set(some) <= set(whole)
        latents, clean = torch.ones(1), torch.zeros(1)
        for step in range(steps):
            away = (latents - clean) / some[step].noise
            latents = scheduler.step(away, torch.tensor(7.0), latents, return_dict=False)[0]
            assert float(latents) == pytest.approx(some[step + 1].noise, abs=1e-6)
    scheduler.set_timesteps(8)
    assert levels(scheduler) == whole


# ------------------------------------------------- held pixels


def test_what_a_model_is_given_without_noise_is_put_back_at_the_end_alone() -> None:
    import torch
    from diffusers import FlowMatchEulerDiscreteScheduler

    scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0)
    clean = torch.full((1, 3, 1), 5.0)
    until, given = torch.tensor([np.inf, np.inf, 0.0]), torch.tensor([True, False, True])
    each = [mask[None, :, None] for mask in (until, given)]
    held = Held(scheduler, clean, each[0], late=3, given=each[1])
    with held.at_work():
        scheduler.set_timesteps(8)
        first = held.start(torch.full((1, 3, 1), 2.0))
        assert first.flatten()[::2].tolist() == [2.0, 2.0]
        assert float(first[0, 1]) == pytest.approx(levels(scheduler)[0].mixed(5.0, 2.0))
        for step in range(3):
            left = held.after(step, torch.full((1, 3, 1), -1.0)).flatten().tolist()
            noised = levels(scheduler)[step + 1].mixed(5.0, 2.0)
            assert left == pytest.approx([5.0 if step == 2 else -1.0, noised, -1.0])


def test_what_is_kept_returns_to_the_bit_in_the_models_own_cells(
    wordy: VideoModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    latents, clean = ended(wordy, sheet(hole()), monkeypatch)
    assert torch.equal(latents[..., :2], clean[..., :2])
    assert not torch.isclose(latents[..., 2:], clean[..., 2:]).any(1).all()


def test_kept_pixels_are_far_nearer_to_the_plate_than_in_a_free_run(bare: VideoModel) -> None:
    free = shot(bare, sheet())
    held = shot(bare, sheet(hole()))
    left = slice(0, SIDE // 2)
    assert decibels(held[:, :, left], plate()[:, :, left]) > 30
    assert decibels(free[:, :, left], plate()[:, :, left]) < 20


def test_a_tail_goes_on_from_a_head_that_stays(
    wordy: VideoModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    paint = np.zeros((FRAMES, SIDE, SIDE), bool)
    paint[5:] = True
    latents, clean = ended(wordy, sheet(paint), monkeypatch)
    assert torch.equal(latents[:, :, :2], clean[:, :, :2])
    assert not torch.equal(latents[:, :, 2], clean[:, :, 2])


def test_a_key_is_held_over_the_frames_that_share_its_cell() -> None:
    key = np.full((SIDE, SIDE, 3), 0.25, np.float32)
    told = shown(sheet(keys={0: key, 6: key}), frozenset({"keys"}), Cells(8, 4), (0, 0))
    assert (told.until[[0, 2]] == FOR_GOOD).all()
    assert (told.until[1] == 0).all()
    assert np.array_equal(told.clip[5:], np.repeat(key[None], 4, 0))


def test_every_take_is_held_and_has_a_hole_of_its_own(bare: VideoModel) -> None:
    asked = sheet(hole(), seeds=(1, 2))
    takes = list(bare.shoot(asked, Unwatched()))
    first, second = (
        np.concatenate([each.frames for each in takes if each.take == take]) for take in (0, 1)
    )
    left, right = slice(0, SIDE // 2), slice(SIDE // 2, SIDE)
    assert np.array_equal(first[:, :, left], second[:, :, left])
    assert not np.allclose(first[:, :, right], second[:, :, right], atol=1e-3)
    assert np.array_equal(shot(bare, replace(asked, seeds=(2,))), second)


def test_a_cancelled_call_leaves_the_model_as_it_was(wordy: VideoModel) -> None:
    class Stopping(Unwatched):
        left = 6

        def check(self) -> None:
            self.left -= 1
            if self.left < 0:
                raise Cancelled

    whole = plate()
    track = Track({0: (8, 8), 8: (24, 24)})
    hard = replace(sheet(), plate=whole, paint=hole(), strength=0.5, tracks=(track,))
    before = shot(wordy, sheet())
    for _ in range(2):
        with pytest.raises(Cancelled):
            list(wordy.shoot(hard, Stopping()))
    assert np.array_equal(shot(wordy, sheet()), before)
    assert np.array_equal(shot(wordy, hard), shot(wordy, hard))


# ------------------------------------------------- strength


def test_a_lower_strength_stays_nearer_to_the_plate(
    wordy: VideoModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    apart = []
    everywhere = np.ones((FRAMES, SIDE, SIDE), bool)
    for strength in (0.15, 0.5, 0.9):
        with monkeypatch.context() as patch:
            told = replace(sheet(), plate=plate(), paint=everywhere, strength=strength)
            latents, clean = ended(wordy, told, patch)
        apart.append(float(torch.mean((latents - clean) ** 2)))
    assert apart[0] < 0.7 * apart[1] < 0.7 * apart[2]


def test_a_way_laid_out_after_the_noise_is_drawn_begins_as_late() -> None:
    import torch
    from diffusers import FlowMatchEulerDiscreteScheduler

    scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0)
    clean, noise = torch.full((1, 1, 1, 2, 2), 5.0), torch.randn(1, 1, 1, 2, 2)
    firsts = []
    for early in (True, False):
        held = Held(scheduler, clean, torch.zeros_like(clean), late=3)
        with held.at_work():
            if early:
                scheduler.set_timesteps(8)
            first = held.start(noise)
            if not early:
                scheduler.set_timesteps(8)
        firsts.append(first)
        sigma = float(scheduler.sigmas[0])
        assert 0.2 < sigma < 0.95
        assert torch.allclose(first, (1 - sigma) * clean + sigma * noise)
        scheduler.set_timesteps(20)  # what an earlier call left
    assert torch.equal(*firsts)


# ------------------------------------------------- tracks


def test_a_piece_is_cut_out_and_dragged_and_what_it_leaves_is_guessed() -> None:
    first = np.full((32, 32, 3), 0.2, np.float32)
    first[6:11, 6:11] = 1
    kept = np.zeros((5, 32, 32), bool)
    kept[0] = True
    still = Seen(np.repeat(first[None], 5, axis=0), kept, kept)
    clip, pieces = animated(still, (Track({0: (8.5, 8.5), 4: (24.5, 8.5)}, radius=5),))
    assert clip.shape == (5, 32, 32, 3)
    assert (clip[4, 6:11, 22:27] == 1).all()
    assert clip[4, 6:11, 6:11].max() < 0.25
    assert (clip[2, 6:11, 14:19] == 1).all()
    assert pieces[4, 8, 24]
    assert not pieces[4, 8, 8]
    assert np.abs(clip[:, 20:] - 0.2).max() < 1e-6


def test_a_track_goes_straight_between_what_is_drawn_and_rests_outside() -> None:
    track = Track({2: (0, 0), 4: (10, 20)})
    assert [track.at(frame) for frame in (0, 3, 9)] == [(0, 0), (5, 10), (10, 20)]


def test_a_square_ends_where_it_was_dragged() -> None:
    """It is dragged by 28 pixels; without tracks a key's square stays where it is."""
    dragging = with_stand_ins(frozenset({"tracks"}), keep=True)
    assert astray(dragging, 0, True) < 7
    assert astray(dragging, 0, False) > 20


def test_tracks_without_a_picture_are_refused() -> None:
    with pytest.raises(BadValue, match="tracks"):
        sheet(tracks=(Track({0: (1, 1)}),))
    with pytest.raises(BadValue, match="goes nowhere"):
        sheet(keys={0: plate()[0]}, tracks=(Track({}),))


# ------------------------------------------------- reach, choosing, telling


def reach(*honours: Any) -> Reach:
    return scripted_card(honours=frozenset(honours)).reach


def test_a_reach_is_widened_by_what_it_lacks_and_says_so() -> None:
    wide = widened(reach("words", "keys"))
    assert wide.honours == {"words"} | SERVED
    assert wide.stand_ins == SERVED - {"keys"}
    assert widened(reach("words"), PLATE_AND_PAINT).stand_ins == PLATE_AND_PAINT


def test_the_model_itself_is_told_what_is_left() -> None:
    asked = replace(sheet(hole()), strength=0.5, keys={3: plate()[3]})
    told = left_of(asked, widened(reach("words")))
    assert told.needs() == {"words"}
    assert left_of(asked, reach(*SERVED)) is asked
    keyed = left_of(replace(asked, strength=1.0), widened(reach("words", "keys")))
    assert set(keyed.keys) == {3}
    assert keyed.plate is None


def test_a_model_that_takes_first_frames_goes_on_from_the_plates() -> None:
    paint = np.zeros((FRAMES, SIDE, SIDE), bool)
    paint[5:] = True
    told = left_of(sheet(paint), widened(reach("keys")))
    assert np.array_equal(told.keys[0], plate()[0])
    assert stood_in(sheet(paint), widened(reach("keys"))) == PLATE_AND_PAINT


def test_a_model_that_can_by_itself_is_taken_before_one_that_is_helped() -> None:
    light = scripted_card("light", honours=frozenset({"words"}))
    light = replace(light, reach=replace(widened(light.reach), memory_gb=0.01))
    heavy = scripted_card("heavy", honours=frozenset({"words", "plate", "paint"}))
    assert choose(PLATE_AND_PAINT, [light, heavy]) is heavy
    assert choose(frozenset({"words"}), [light, heavy]) is light
    assert choose(frozenset({"tracks"}), [light, heavy]) is light


def test_what_was_stood_in_for_is_told(wordy: VideoModel) -> None:
    told = sheet(hole()).summary(wordy.card.reach)
    assert told["stand_ins"] == ["paint", "plate"]
    assert "stand_ins" not in sheet().summary(wordy.card.reach)
    assert wordy.provenance()["stand_ins"] == sorted(SERVED)


def test_what_no_stand_in_serves_is_refused(wordy: VideoModel) -> None:
    with pytest.raises(ModelUnfit, match="changing what is already"):
        wordy.shoot(replace(sheet(), plate=plate(), paint=hole()), Unwatched())


def test_a_card_can_say_which_stand_ins_there_may_be(wan_folder: Path, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "sparing"
    shutil.copytree(wan_folder, folder)
    (folder / "card.toml").write_text('stand_ins = ["strength"]\n', encoding="utf-8")
    assert models.card_of(str(folder)).reach.stand_ins == {"strength"}
    for nonsense in ("stand_ins = ['telepathy']", "drag = 3", "drag = [0.1, 2]"):
        (folder / "card.toml").write_text(nonsense, encoding="utf-8")
        with pytest.raises(CheckpointInvalid):
            models.card_of(str(folder))


def test_what_is_let_go_goes_on_from_where_it_was_held() -> None:
    """Not from what a solver that mends its last step remembers."""
    import torch
    from diffusers import UniPCMultistepScheduler

    scheduler = UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0, solver_order=1
    )
    scheduler.set_timesteps(6)
    clean = torch.full((1, 1, 1, 2, 2), 5.0)
    held = Held(scheduler, clean, torch.full_like(clean, 0.5))
    latents = torch.zeros_like(clean)
    assert held.start(latents) is None
    for step, time in enumerate(scheduler.timesteps):  # a model that leaves all as it is
        latents = scheduler.step(torch.zeros_like(clean), time, latents, return_dict=False)[0]
        latents = held.after(step, latents)
    assert torch.allclose(latents, clean * levels(scheduler)[3].picture)
