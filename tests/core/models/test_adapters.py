"""Adapters (LoRAs): looked through, worn for a take, and off again without a trace."""

import json
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from secondunit import models
from secondunit.callsheet import CallSheet, Cancelled, Size, Unwatched
from secondunit.models.berth import TILED, Berth
from secondunit.weights import adapters
from secondunit_contract.frames import Rate
from secondunit_contract.problem import (
    BadValue,
    CheckpointInvalid,
    CheckpointUnsafe,
    ModelUnfit,
    ModelUnknown,
)

SIZE = Size(32, 32)
LAYERS = [f"blocks.{block}.attn1.{layer}" for block in (0, 1) for layer in ("to_q", "to_v")]
WIDE = 24


def lora(path: Path, strength: float = 1.0, seed: int = 0, wide: int = WIDE, layers=None, **about):
    """A LoRA's file as diffusers writes it."""
    import torch
    from safetensors.torch import save_file

    made = torch.Generator().manual_seed(seed)
    weights = {}
    for layer in layers or LAYERS:
        weights[f"transformer.{layer}.lora_A.weight"] = torch.randn(4, wide, generator=made)
        weights[f"transformer.{layer}.lora_B.weight"] = (
            torch.randn(wide, 4, generator=made) * strength
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(weights, path)
    if about:
        path.with_suffix(".toml").write_text(adapters.as_toml(about), "utf-8")
    return path


def sheet(*worn: str, **more) -> CallSheet:
    told = {"steps": 2, "guidance": 1.0, "adapters": tuple(worn)} | more
    return CallSheet(*SIZE, 5, Rate.of(16), "a cat", **told)


def shot(model, *worn: str, watch=None, **more):
    answers = model.shoot(sheet(*worn, **more), watch or Unwatched())
    return np.concatenate([each.frames for each in answers])


@pytest.fixture(scope="module")
def model(wan_folder):
    return models.load(str(wan_folder), "cpu")


@pytest.fixture(scope="module")
def bare(model):
    return shot(model)


def test_one_of_no_effect_changes_nothing_and_a_real_one_does(model, bare, tmp_path):
    idle, loud = lora(tmp_path / "idle.safetensors", 0.0), lora(tmp_path / "loud.safetensors")
    assert np.abs(shot(model, str(idle)) - bare).max() <= 1e-6
    assert np.abs(shot(model, str(loud)) - bare).max() > 1e-3
    assert np.array_equal(shot(model), bare)


def test_its_weight_counts(model, bare, tmp_path):
    loud = lora(tmp_path / "loud.safetensors")
    assert np.array_equal(shot(model, f"{loud}:0"), bare)
    half, whole = shot(model, f"{loud}:0.1"), shot(model, f"{loud}:1")
    assert 0 < np.abs(half - bare).mean() < np.abs(whole - bare).mean()


def test_two_are_worn_together(model, bare, tmp_path):
    one, two = (lora(tmp_path / f"{n}.safetensors", 0.3, seed=n) for n in (1, 2))
    both = shot(model, str(one), f"{two}:0.5")
    for alone in (shot(model, str(one)), shot(model, f"{two}:0.5"), bare):
        assert not np.array_equal(both, alone)
    # The same sum as one adapter of twice the rank.
    import torch
    from safetensors.torch import load_file, save_file

    first, second = load_file(one), load_file(two)
    joined = {
        name: torch.cat(
            [first[name], second[name] * (0.5 if "lora_B" in name else 1.0)],
            dim=1 if "lora_B" in name else 0,
        )
        for name in first
    }
    save_file(joined, tmp_path / "joined.safetensors")
    assert np.abs(shot(model, str(tmp_path / "joined.safetensors")) - both).max() < 1e-5


def test_it_is_off_again_after_someone_stopped_the_take(model, bare, tmp_path):
    class Impatient(Unwatched):
        def step(self, take, done, total, estimate):
            raise Cancelled

    loud = lora(tmp_path / "loud.safetensors")
    with pytest.raises(Cancelled):
        shot(model, str(loud), watch=Impatient())
    assert np.array_equal(shot(model), bare)


def test_it_is_worn_by_a_network_that_comes_block_by_block(model, bare, wan_folder, tmp_path):
    loud = lora(tmp_path / "loud.safetensors")
    thin = models.load(str(wan_folder), Berth("cpu", sparing=TILED))
    assert np.allclose(shot(thin, str(loud)), shot(model, str(loud)), atol=1e-5)
    assert np.allclose(shot(thin), bare, atol=1e-5)


def test_a_pair_goes_on_both_networks(tmp_path):
    import diffusers
    import torch

    from secondunit.models.testing import tiny_wan

    pipe = diffusers.WanPipeline.from_pretrained(tiny_wan(tmp_path / "one"))
    torch.manual_seed(3)
    second = type(pipe.transformer).from_config(pipe.transformer.config)
    two = diffusers.WanPipeline(
        pipe.tokenizer, pipe.text_encoder, pipe.vae, pipe.scheduler, pipe.transformer, second,
        boundary_ratio=0.7,
    )  # fmt: skip
    two.save_pretrained(tmp_path / "two")
    model = models.load(str(tmp_path / "two"), "cpu")
    lora(tmp_path / "a" / "rain_high_noise.safetensors", 0.0)
    low = lora(tmp_path / "a" / "rain_low_noise.safetensors", 0.0)
    worn = adapters.wanted("rain", tmp_path / "a")
    assert (worn.adapter.name, worn.adapter.low) == ("rain", low)
    bare = shot(model, steps=4)
    assert np.abs(shot(model, worn.spec(), steps=4) - bare).max() <= 1e-6
    lora(low, 1.0)  # now the half for little noise alone has an effect
    assert np.abs(shot(model, worn.spec(), steps=4) - bare).max() > 1e-3
    assert np.array_equal(shot(model, steps=4), bare)


def test_one_of_another_model_is_refused_by_its_name(model, tmp_path):
    other = lora(tmp_path / "noir.safetensors", base=["Big Model 14B"], title="Noir")
    with pytest.raises(ModelUnfit, match="made for Big Model 14B"):
        model.shoot(sheet(str(other)), Unwatched())
    own = lora(tmp_path / "own.safetensors", base=[model.card.name])
    assert len(shot(model, str(own))) == 5


@pytest.mark.parametrize(
    ("change", "words"),
    [({"wide": 32}, "are 32 wide, and the model's 24"),
     ({"layers": ["blocks.7.attn1.to_q"]}, "blocks.7.attn1.to_q among them")],
)  # fmt: skip
def test_layers_that_do_not_fit_are_refused_and_not_left_out(model, bare, tmp_path, change, words):
    strange = lora(tmp_path / "strange.safetensors", **change)
    with pytest.raises(ModelUnfit, match=words):
        shot(model, str(strange))
    assert np.array_equal(shot(model), bare)


def test_a_model_that_wears_none_says_so(tmp_path):
    from secondunit.models.testing import ScriptedModel, scripted_card

    model = ScriptedModel(scripted_card(), lambda sheet, seed: np.zeros((5, *SIZE, 3), np.float32))
    with pytest.raises(ModelUnfit, match="cannot wear adapters"):
        model.shoot(sheet(str(lora(tmp_path / "a.safetensors"))), Unwatched())


def test_pickles_and_halves_are_refused_before_anything_is_loaded(tmp_path):
    whole = lora(tmp_path / "a.safetensors").read_bytes()
    for name in ("a.pt", "a.bin", "a.ckpt"):
        (tmp_path / name).write_bytes(whole)
        with pytest.raises(CheckpointUnsafe, match="no safetensors"):
            adapters.opened(tmp_path / name)
    for length in (0, 7, 100, len(whole) - 1):
        (tmp_path / "b.safetensors").write_bytes(whole[:length])
        with pytest.raises(CheckpointInvalid, match="not whole"):
            adapters.opened(tmp_path / "b.safetensors")
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    (tmp_path / "c.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * 4)
    with pytest.raises(CheckpointInvalid, match="no adapter"):
        adapters.opened(tmp_path / "c.safetensors")
    with pytest.raises(ModelUnknown):
        adapters.opened(tmp_path / "gone.safetensors")


def test_the_folder_tells_all_and_what_is_broken(tmp_path):
    about = {"title": "Noir", "triggers": ["noir film"], "base": "starter", "weight": 0.7,
             "licence": "CC-BY-4.0", "rights": "Ours", "training_data": "40 clips"}  # fmt: skip
    noir = lora(tmp_path / "noir.safetensors", **about)
    lora(tmp_path / "deep" / "dusk_HIGH.safetensors")
    lora(tmp_path / "deep" / "dusk_LOW.safetensors")
    (tmp_path / "torn.safetensors").write_bytes(noir.read_bytes()[:50])
    lora(tmp_path / "odd.safetensors", weight="much")
    found = {each.name: each for each in adapters.listing(tmp_path)}
    assert set(found) == {"noir", "dusk", "torn", "odd"}
    assert "not whole" in found["torn"].fault
    assert "weight" in found["odd"].fault
    told = adapters.wanted("noir", tmp_path)
    assert told.weight == 0.7
    assert told.told()["rights"] == "Ours"
    assert told.adapter.triggers == ("noir film",)
    assert len(told.told()["sha256"]) == 64
    assert adapters.listing(tmp_path / "nowhere") == []


def test_a_name_a_path_and_a_weight(tmp_path):
    path = lora(tmp_path / "noir.safetensors")
    assert adapters.wanted("noir:0.25", tmp_path).weight == 0.25
    assert adapters.wanted(f"{path}:-0.5").weight == -0.5
    assert adapters.parted(r"C:\looks\noir.safetensors") == (r"C:\looks\noir.safetensors", None)
    for wrong in ("noir:inf", "noir:nan", "noir:11", ":0.5"):
        with pytest.raises(BadValue):
            adapters.wanted(wrong, tmp_path)
    with pytest.raises(ModelUnknown, match="Here are: noir"):
        adapters.wanted("rain", tmp_path)


def test_a_file_that_is_there_and_no_adapter_is_told_as_such(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cut.mov").write_bytes(b"a movie")
    (tmp_path / "looks").mkdir()
    for name in ("cut.mov", "cut.mov:0.5", "./cut.mov", "looks"):
        with pytest.raises(CheckpointUnsafe, match="is there, but it is no safetensors file"):
            adapters.wanted(name, tmp_path / "adapters")
    with pytest.raises(ModelUnknown, match="no adapter called gone"):
        adapters.wanted("gone.mov", tmp_path / "adapters")
    lora(tmp_path / "adapters" / "looks.safetensors")
    assert adapters.wanted("looks", tmp_path / "adapters").adapter.name == "looks"
    assert adapters.is_path("NOIR.SAFETENSORS")


def test_what_a_file_says_of_itself_holds_where_there_is_no_toml(tmp_path):
    from safetensors.torch import load_file, save_file

    path = lora(tmp_path / "a.safetensors")
    save_file(load_file(path), path, {adapters.STORY: json.dumps({"rights": "Theirs"})})
    assert adapters.opened(path).rights == "Theirs"
    path.with_suffix(".toml").write_text('rights = "Ours"\n', "utf-8")
    assert adapters.opened(path).rights == "Ours"


def test_a_changed_file_has_another_hash(tmp_path):
    path = lora(tmp_path / "a.safetensors")
    before = adapters.opened(path).sha256()
    assert before == adapters.opened(path).sha256()
    lora(path, seed=5)
    assert adapters.opened(path).sha256() != before
    assert replace(adapters.opened(path), low=path).sha256() != before


def test_they_are_listed_with_their_rights(tmp_path, monkeypatch, capsys):
    from secondunit.cli.listing import say_adapters
    from secondunit.settings import Settings

    settings = Settings(tmp_path / "models", "cpu")
    lora(settings.adapters / "noir.safetensors", rights="Ours", base="starter")
    (settings.adapters / "torn.safetensors").write_bytes(b"half")
    assert settings.model_folders() == []
    say_adapters(settings, True)
    noir, torn = json.loads(capsys.readouterr().out)
    assert (noir["name"], noir["rights"], noir["base"]) == ("noir", "Ours", ["starter"])
    assert "not whole" in torn["fault"]


def test_a_job_through_the_service_names_files_where_it_may(tmp_path):
    from secondunit.service.roots import Roots
    from secondunit_contract.job import Job
    from secondunit_contract.problem import PathOutside

    inside, outside = tmp_path / "in", tmp_path / "out"
    roots = Roots((str(inside),))

    def job(*worn):
        return Job("insert", str(inside / "take"), adapters=worn)

    roots.check_job(job("noir:0.5", f"{inside}/a.safetensors:0.5"))
    for told in (
        f"{outside}/a.safetensors",
        f"{inside}/../out/a.safetensors:1",
        "../a.safetensors",
    ):
        with pytest.raises((PathOutside, BadValue)):
            roots.check_job(job(told))
