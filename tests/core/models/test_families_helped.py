"""What stand-ins and adapters do for the families: on their own latents, with their own schedulers,
through the real loader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from secondunit import models
from secondunit.callsheet import UNKNOWN, CallSheet, Pixels, Track, Unwatched
from secondunit.models.rig.driven import Driven
from secondunit.models.standins import SERVED
from secondunit.models.standins.cells import Cells
from secondunit.models.tiny.anyflow import tiny_anyflow
from secondunit.models.tiny.cogvideox import tiny_cogvideox
from secondunit.models.tiny.helios import tiny_helios
from secondunit.models.tiny.hunyuan import tiny_hunyuan
from secondunit.models.tiny.ltx import tiny_ltx
from secondunit.models.tiny.skyreels import tiny_skyreels
from secondunit_contract.frames import Rate
from secondunit_contract.problem import ModelUnfit

SIDE = 32
WRITERS: dict[str, Callable[[Path], Path]] = {
    "cogvideox": tiny_cogvideox,
    "cogvideox-1.5": lambda folder: tiny_cogvideox(folder, paired=True),
    "cogvideox-i2v": lambda folder: tiny_cogvideox(folder, pictures=True),
    "hunyuan": tiny_hunyuan,
    "hunyuan-i2v": lambda folder: tiny_hunyuan(folder, pictures=True),
    "skyreels": tiny_skyreels,
    "helios": tiny_helios,
    "helios-pyramid": lambda folder: tiny_helios(folder, sizes=2),
    "anyflow": tiny_anyflow,
    "anyflow-far": lambda folder: tiny_anyflow(folder, chunks=True),
    "ltx": tiny_ltx,
}
FRAMES = {"cogvideox-i2v": 17, "helios": 33, "helios-pyramid": 33}
HELPED = ["cogvideox", "cogvideox-1.5", "cogvideox-i2v", "hunyuan", "hunyuan-i2v", "skyreels"]
HELPED += ["helios", "ltx"]
LEFT = ["helios-pyramid", "anyflow", "anyflow-far"]
WEARING = [name for name in WRITERS if not name.startswith("hunyuan")]


class Loaded:
    """The tiny checkpoints: each written and loaded when it is first wanted."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._models: dict[str, Driven] = {}

    def __call__(self, name: str) -> Driven:
        if name not in self._models:
            model = models.load(str(WRITERS[name](self._root / name)), "cpu")
            assert isinstance(model, Driven)
            self._models[name] = model
        return self._models[name]


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return Loaded(tmp_path_factory.mktemp("helped"))


def plate(frames: int) -> Pixels:
    """A slope whose colours change along the clip."""
    across, down = np.meshgrid(np.linspace(0, 1, SIDE), np.linspace(0, 1, SIDE))
    clip = [np.stack([across, down, np.full_like(across, at / frames)], -1) for at in range(frames)]
    return np.stack(clip).astype(np.float32)


def right_half(frames: int) -> Any:
    """Painted on all frames but the first, which a model may have to begin with."""
    paint = np.zeros((frames, SIDE, SIDE), bool)
    paint[1:, :, SIDE // 2 :] = True
    return paint


def sheet(name: str, frames: int = 0, **told: Any) -> CallSheet:
    frames = frames or FRAMES.get(name, 9)
    told = {"prompt": "a cat", "steps": 3, "guidance": 1.0, "seeds": (1,)} | told
    return CallSheet(SIDE, SIDE, frames, Rate.of(24), **told)


def held(name: str, paint: Any, **told: Any) -> CallSheet:
    """The plate, of which nobody knows what is painted."""
    whole = plate(len(paint))
    whole[paint] = UNKNOWN
    return sheet(name, len(paint), plate=whole, paint=paint, **told)


def repainted(name: str, strength: float) -> CallSheet:
    """All of the plate; its first frame is a key for who must begin with one."""
    frames = FRAMES.get(name, 9)
    keys = {0: plate(frames)[0]} if name.endswith("i2v") else {}
    everywhere = np.ones((frames, SIDE, SIDE), bool)
    return sheet(name, plate=plate(frames), paint=everywhere, strength=strength, keys=keys)


def shot(model: Driven, asked: CallSheet) -> Pixels:
    return np.concatenate([each.frames for each in model.shoot(asked, Unwatched())])


def ended(model: Driven, asked: CallSheet, patch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """The latents (1,C,t,h,w) a take ends with, and those of what it was shown."""
    kept: list[Any] = []
    decode, encode = model.frames_of, model.encoded

    def encoding(clip: Pixels) -> Any:
        kept.append(encode(clip))
        return kept[-1]

    def decoding(latents: Any, during: Any) -> Iterator[Pixels]:
        kept.append(latents)
        return decode(latents, during)

    with patch.context() as patched:
        patched.setattr(model, "encoded", encoding)
        patched.setattr(model, "frames_of", decoding)
        made = shot(model, asked)
    assert made.shape == (asked.frames, SIDE, SIDE, 3)
    assert bool(np.isfinite(made).all())
    return kept[-1], kept[0]


# ------------------------------------------------- stand-ins


@pytest.mark.parametrize("name", HELPED)
def test_what_is_kept_returns_to_the_bit_in_the_models_own_cells(
    name: str, load: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    model = load(name)
    latents, clean = ended(model, held(name, right_half(FRAMES.get(name, 9))), monkeypatch)
    half = latents.shape[-1] // 2
    assert latents.shape == clean.shape
    assert torch.equal(latents[..., :half], clean[..., :half])
    assert torch.equal(latents[:, :, 0], clean[:, :, 0])
    assert not torch.isclose(latents[:, :, 1:, :, half:], clean[:, :, 1:, :, half:]).any(1).all()


@pytest.mark.parametrize("name", ["skyreels", "helios"])
def test_a_head_that_is_kept_is_decoded_as_the_plates_is(name: str, load: Loaded) -> None:
    """These have a decoder that does not look ahead: what returns is what the VAE makes of it."""
    import contextlib

    model, frames = load(name), FRAMES.get(name, 9)
    paint = np.zeros((frames, SIDE, SIDE), bool)
    paint[5:] = True
    asked = held(name, paint)
    import torch

    with torch.no_grad():
        clean = model.encoded(plate(frames))
    through = np.concatenate(list(model.frames_of(clean, contextlib.nullcontext)))
    made = shot(model, asked)
    assert np.array_equal(made[:5], through[:5])
    assert not np.allclose(made[5:], through[5:], atol=1e-2)


@pytest.mark.parametrize("name", HELPED)
def test_a_lower_strength_stays_nearer_to_the_plate(
    name: str, load: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    apart = []
    for strength in (0.15, 0.9):
        latents, clean = ended(load(name), repainted(name, strength), monkeypatch)
        apart.append(float(((latents - clean) ** 2).mean()))
    assert apart[0] < 0.7 * apart[1]


@pytest.mark.parametrize("name", [name for name in HELPED if name != "skyreels"])
def test_what_is_dragged_lies_where_it_was_drawn(
    name: str, load: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Held all the way, its cells end as the crude animation has them, and those around it do
    not.
    """
    import torch

    model, frames = load(name), FRAMES.get(name, 9)
    reach = replace(model.card.reach, drag=(0.0, 1.0))
    monkeypatch.setattr(model, "card", replace(model.card, reach=reach))
    track = Track({0: (8, 8), frames - 1: (24, 24)}, radius=8)
    asked = sheet(name, keys={0: plate(frames)[0]}, tracks=(track,))
    latents, clean = ended(model, asked, monkeypatch)
    space = SIDE // latents.shape[-1]
    there, away = 24 // space, 4 // space
    assert torch.equal(latents[..., -1, there, there], clean[..., -1, there, there])
    assert not torch.isclose(latents[..., -1, there, away], clean[..., -1, there, away]).all()


def test_each_chunk_is_held_from_a_first_cell_of_its_own(
    load: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    cells = Cells(8, 4, 33)
    assert (cells.count(33), cells.count(66)) == (9, 18)
    assert [list(cells.frames(each)) for each in (8, 9, 10)] == [
        *([29, 30, 31, 32], [33], [34, 35, 36, 37]),
    ]
    paint = np.zeros((66, SIDE, SIDE), bool)
    paint[40:] = True
    latents, clean = ended(load("helios"), held("helios", paint), monkeypatch)
    assert latents.shape[2] == 18
    assert torch.equal(latents[:, :, :11], clean[:, :, :11])
    assert not torch.isclose(latents[:, :, 11:], clean[:, :, 11:]).any()


def test_takes_differ_where_they_are_painted_and_do_not_hang_on_each_other(load: Loaded) -> None:
    for name in ("cogvideox-1.5", "skyreels"):
        asked = replace(held(name, right_half(9)), seeds=(1, 2))
        answers = list(load(name).shoot(asked, Unwatched()))
        first, second = (
            np.concatenate([each.frames for each in answers if each.take == take])
            for take in (0, 1)
        )
        assert not np.allclose(first, second, atol=1e-3)
        assert np.array_equal(shot(load(name), replace(asked, seeds=(2,))), second)


def test_keys_are_held_beside_a_plate_where_the_model_goes_on_from_them(
    load: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    key = 1 - plate(9)[0]
    asked = replace(held("skyreels", right_half(9)), keys={0: key, 1: key})
    latents, clean = ended(load("skyreels"), asked, monkeypatch)
    assert torch.equal(latents[:, :, :2], clean[:, :, :2])
    with torch.no_grad():
        alone = load("skyreels").encoded(key[None])
    assert torch.equal(clean[:, :, :1], alone)


def asked_of_the_network(model: Driven, asked: CallSheet) -> list[dict[str, Any]]:
    """What the network is asked, step by step, while a sheet is shot."""
    told: list[dict[str, Any]] = []

    def hear(_network: Any, _given: Any, more: dict[str, Any]) -> None:
        told.append(more)

    with model._pipe.transformer.register_forward_pre_hook(hear, with_kwargs=True):
        shot(model, asked)
    return told


def test_ltx_begins_with_keys_to_the_bit_and_passes_later_ones_beside_a_held_plate(
    load: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    model, key = load("ltx"), 1 - plate(17)[0]
    rows = dict.fromkeys(range(9), key)
    bare = replace(held("ltx", right_half(17)), keys=rows)
    latents, clean = ended(model, bare, monkeypatch)
    with torch.no_grad():
        alone = model.encoded(np.stack([key] * 9))
    assert torch.allclose(clean[:, :, :2], alone, atol=1e-5)
    assert torch.equal(latents[:, :, :2], clean[:, :, :2])
    assert torch.equal(latents[..., :2], clean[..., :2])
    assert not torch.isclose(latents[:, :, 2:, :, 2:], clean[:, :, 2:, :, 2:]).any(1).all()
    later, same = ended(model, replace(bare, keys=rows | {13: key}), monkeypatch)
    assert torch.equal(same, clean)
    assert torch.equal(later[..., :2], clean[..., :2])
    assert not torch.allclose(later[:, :, 2:, :, 2:], latents[:, :, 2:, :, 2:], atol=1e-4)


def test_ltx_is_shown_keys_without_noise_and_hears_sound_come_from_noise_however_late_it_begins(
    load: Loaded,
) -> None:
    import torch

    model, key = load("ltx"), plate(17)[3]
    whole = np.ones((17, SIDE, SIDE), bool)
    asked = sheet("ltx", 17, plate=plate(17), paint=whole, strength=0.5, keys={0: key, 13: key})
    told = asked_of_the_network(model, asked)
    assert len(told) == 4, "half of eight"
    shapes = {each["hidden_states"].shape[1] for each in told}
    assert shapes == {16 * (3 + 1)}, "three latent frames, and the later key's"
    for each in told:
        times, tokens = each["timestep"][0], each["hidden_states"][0]
        assert (times[:16] == 0).all()
        assert (times[48:] == 0).all()
        assert (times[16:48] > 0).all()
        assert torch.equal(tokens[48:], told[0]["hidden_states"][0, 48:])
        assert torch.allclose(tokens[48:], tokens[:16], atol=1e-6), "as the pipeline has it"
    pictures = [float(each["timestep"].max()) for each in told]
    sound = [float(each["audio_timestep"].max()) for each in told]
    for times in (pictures, sound):
        assert times == sorted(times, reverse=True)
    assert sound[0] == 1000
    assert pictures[0] < 900
    assert model._pipe.audio_scheduler is None
    made = replace(asked, sound=True, seeds=(1, 2))
    heard = [answer.sound for answer in model.shoot(made, Unwatched())]
    assert all(each is not None and np.isfinite(each.samples).all() for each in heard)


@pytest.mark.parametrize("name", HELPED)
def test_its_card_says_what_it_is_helped_with(name: str, load: Loaded) -> None:
    card = load(name).card
    served = SERVED - {"tracks"} if name == "skyreels" else SERVED
    own = {"keys"} if name in ("skyreels", "helios", "ltx") or name.endswith("i2v") else set()
    assert card.reach.stand_ins == served - own
    assert load(name).provenance()["stand_ins"] == sorted(served - own)


@pytest.mark.parametrize("name", LEFT)
def test_where_no_stand_in_works_a_plate_is_refused(name: str, load: Loaded) -> None:
    model = load(name)
    assert not model.card.reach.stand_ins
    with pytest.raises(ModelUnfit, match="working from a plate"):
        model.shoot(held(name, right_half(FRAMES.get(name, 9))), Unwatched())


@pytest.mark.parametrize("name", ["cogvideox-i2v", "hunyuan-i2v"])
def test_one_that_begins_with_a_picture_is_not_shown_a_plate_without_one(
    name: str, load: Loaded
) -> None:
    everywhere = np.ones((FRAMES.get(name, 9), SIDE, SIDE), bool)
    with pytest.raises(ModelUnfit, match="begins every clip with a given picture") as unfit:
        load(name).shoot(held(name, everywhere), Unwatched())
    assert "Give the first frame" in unfit.value.remedy


# ------------------------------------------------- adapters


def lora(path: Path, model: Driven, strength: float = 1.0, seed: int = 0) -> str:
    """An adapter for what that model's blocks ask of their tokens, as diffusers writes it."""
    import torch
    from safetensors.torch import save_file

    made, weights = torch.Generator().manual_seed(seed), {}
    for name, layer in model._pipe.transformer.named_modules():
        if name.endswith((".to_q", ".to_v")) and "blocks." in name:
            wide, given = layer.weight.shape
            key = f"transformer.{name}.lora_"
            weights[f"{key}A.weight"] = torch.randn(4, given, generator=made)
            weights[f"{key}B.weight"] = torch.randn(wide, 4, generator=made) * strength
    assert weights
    save_file(weights, path)
    return str(path)


def plainest(name: str, *worn: str) -> CallSheet:
    frames = {"anyflow-far": 9, "ltx": 9}.get(name, FRAMES.get(name, 9))
    keys = {0: plate(frames)[0]} if name.endswith("i2v") else {}
    return sheet(name, frames, steps=2, keys=keys, adapters=tuple(worn))


@pytest.mark.parametrize("name", WEARING)
def test_an_adapter_is_worn_weighed_stacked_and_taken_off(
    name: str, load: Loaded, tmp_path: Path
) -> None:
    model = load(name)
    bare = shot(model, plainest(name))
    idle = lora(tmp_path / "idle.safetensors", model, strength=0)
    loud = lora(tmp_path / "loud.safetensors", model)
    other = lora(tmp_path / "other.safetensors", model, seed=2)
    assert np.array_equal(shot(model, plainest(name, f"{loud}:0")), bare)
    assert np.abs(shot(model, plainest(name, idle)) - bare).max() <= 1e-6
    alone = shot(model, plainest(name, loud))
    both = shot(model, plainest(name, loud, f"{other}:0.5"))
    assert np.abs(alone - bare).max() > 1e-3
    assert np.abs(both - alone).max() > 1e-4
    assert np.array_equal(shot(model, plainest(name)), bare)
    assert not model._pipe.transformer._hf_peft_config_loaded


@pytest.mark.parametrize("name", ["hunyuan", "hunyuan-i2v"])
def test_one_whose_adapters_nobody_reads_says_so(name: str, load: Loaded, tmp_path: Path) -> None:
    model = load(name)
    with pytest.raises(ModelUnfit, match="cannot wear adapters"):
        model.shoot(plainest(name, lora(tmp_path / "a.safetensors", model)), Unwatched())
