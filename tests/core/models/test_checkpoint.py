from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from secondunit import models
from secondunit.weights import STARTER
from secondunit.weights.checkpoint import Checkpoint, find
from secondunit_contract.problem import CheckpointInvalid, CheckpointUnsafe, ModelUnknown


@pytest.fixture
def folder(vace_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(vace_folder, tmp_path / "checkpoint"))


def test_a_whole_checkpoint_opens(folder: Path) -> None:
    checkpoint = Checkpoint.open(folder)
    assert checkpoint.class_name == "WanVACEPipeline"
    assert set(checkpoint.components) == {
        "scheduler",
        "text_encoder",
        "tokenizer",
        "transformer",
        "vae",
    }
    assert checkpoint.config("vae")["z_dim"] == 16
    assert checkpoint.config("transformer_2") == {}


def test_the_starter_is_in_the_package_and_under_its_size() -> None:
    Checkpoint.open(STARTER)
    assert sum(path.stat().st_size for path in STARTER.rglob("*")) <= 25_000_000


def test_the_stock_pipeline_loads_the_starter() -> None:
    from diffusers import WanVACEPipeline

    from secondunit.models.rig.loading import quiet

    with quiet():
        pipe = WanVACEPipeline.from_pretrained(STARTER, local_files_only=True)
    assert (pipe.vae_scale_factor_spatial, pipe.vae_scale_factor_temporal) == (8, 1)
    assert sum(each.numel() for each in pipe.transformer.parameters()) > 2_500_000


@pytest.mark.parametrize(
    "name",
    [
        "transformer/diffusion_pytorch_model.bin",
        "weights.pt",
        "vae/deep/down/x.PTH",
        "a.ckpt",
        "b.pkl",
        "c.pickle",
        "text_encoder/modeling_own.py",
    ],
)
def test_what_runs_when_opened_is_refused_by_name(folder: Path, name: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x80\x04.")
    with pytest.raises(CheckpointUnsafe) as refused:
        Checkpoint.open(folder)
    assert path.name in refused.value.what
    assert refused.value.where == str(path)
    assert refused.value.remedy


def test_arrays_are_refused_only_when_they_hold_objects(folder: Path) -> None:
    np.save(folder / "plain.npy", np.arange(3))
    Checkpoint.open(folder)
    np.save(folder / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(CheckpointUnsafe, match=r"objects\.npy"):
        Checkpoint.open(folder)


def test_a_config_that_asks_for_its_own_code_is_refused(folder: Path) -> None:
    path = folder / "text_encoder" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "auto_map": {"AutoModel": "x.Y"}}))
    with pytest.raises(CheckpointUnsafe, match="auto_map"):
        Checkpoint.open(folder)


def test_a_component_of_an_unknown_library_is_refused(folder: Path) -> None:
    path = folder / "model_index.json"
    index = json.loads(path.read_text())
    path.write_text(json.dumps({**index, "transformer": ["own_code", "Net"]}))
    with pytest.raises(CheckpointUnsafe, match="own_code"):
        Checkpoint.open(folder)


@pytest.mark.parametrize(
    "missing",
    [
        "model_index.json",
        "vae",
        "vae/config.json",
        "transformer/diffusion_pytorch_model.safetensors",
        "scheduler/scheduler_config.json",
    ],
)
def test_what_is_missing_is_named(folder: Path, missing: str) -> None:
    path = folder / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(CheckpointInvalid) as refused:
        Checkpoint.open(folder)
    assert missing.split("/")[0] in refused.value.where
    assert refused.value.remedy


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_a_half_written_file_of_weights_is_named(folder: Path, share: float) -> None:
    path = folder / "vae" / "diffusion_pytorch_model.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(CheckpointInvalid, match="not whole") as refused:
        Checkpoint.open(folder)
    assert refused.value.where == str(path)


def test_bytes_at_the_end_of_the_weights_are_noticed(folder: Path) -> None:
    path = folder / "vae" / "diffusion_pytorch_model.safetensors"
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(CheckpointInvalid, match="not whole"):
        Checkpoint.open(folder)


def test_a_missing_shard_is_named(folder: Path) -> None:
    listing = folder / "transformer" / "diffusion_pytorch_model.safetensors.index.json"
    listing.write_text(json.dumps({"weight_map": {"a": "part-2-of-2.safetensors"}}))
    with pytest.raises(CheckpointInvalid, match="part-2-of-2"):
        Checkpoint.open(folder)


def test_nonsense_for_an_index_is_a_problem(folder: Path) -> None:
    (folder / "model_index.json").write_text("[")
    with pytest.raises(CheckpointInvalid, match="cannot be read"):
        Checkpoint.open(folder)


def test_the_fingerprint_follows_every_byte_that_is_read(folder: Path, vace_folder: Path) -> None:
    before = Checkpoint.open(folder).fingerprint()
    assert before == Checkpoint.open(vace_folder).fingerprint()
    (folder / "README.md").write_text("not read")
    assert Checkpoint.open(folder).fingerprint() == before
    path = folder / "transformer" / "diffusion_pytorch_model.safetensors"
    changed = bytearray(path.read_bytes())
    changed[-1] ^= 1
    path.write_bytes(changed)
    assert Checkpoint.open(folder).fingerprint() != before


def test_numbers_counts_the_weights(vace_folder: Path) -> None:
    from safetensors.numpy import load_file

    counted = sum(
        array.size
        for path in vace_folder.rglob("*.safetensors")
        for array in load_file(path).values()
    )
    assert Checkpoint.open(vace_folder).numbers() == counted


def test_a_folder_is_found_by_its_path(vace_folder: Path) -> None:
    assert find(str(vace_folder)) == vace_folder


@pytest.mark.parametrize("source", ["nobody/has-this-one", "no-such-model", "./no/such/folder"])
def test_weights_that_are_not_here_are_unknown(source: str) -> None:
    with pytest.raises(ModelUnknown, match="give its path"):
        find(source)


def test_a_repository_is_found_in_the_local_cache(
    vace_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants

    commit = "0" * 40
    repository = tmp_path / "models--someone--tiny"
    shutil.copytree(vace_folder, repository / "snapshots" / commit)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    found = find("someone/tiny")
    assert found == repository / "snapshots" / commit
    card = models.card_of("someone/tiny")
    assert (card.name, card.source, card.revision) == ("someone/tiny", "someone/tiny", commit)


def test_a_file_is_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(b"")
    with pytest.raises(CheckpointInvalid, match="no folder"):
        Checkpoint.open(tmp_path / "a.safetensors")


def test_weights_that_are_not_their_cards_are_refused(folder: Path) -> None:
    told = Checkpoint.open(folder).fingerprint()
    (folder / "card.toml").write_text(f'sha256 = "{told}"\n')
    models.load(str(folder), "cpu")
    path = folder / "transformer" / "diffusion_pytorch_model.safetensors"
    whole = bytearray(path.read_bytes())
    whole[-1] ^= 1
    path.write_bytes(whole)
    with pytest.raises(CheckpointInvalid, match="not the ones their card tells of"):
        models.load(str(folder), "cpu")


def test_the_starter_proves_itself() -> None:
    checkpoint = Checkpoint.open(STARTER)
    assert checkpoint.card()["sha256"] == checkpoint.fingerprint()
