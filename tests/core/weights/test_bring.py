"""Models put into the folder of models, and taken out of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_hub import REVISION, checkpoint_files, written

from secondunit import models
from secondunit.settings import Settings
from secondunit.weights import bring
from secondunit.weights.checkpoint import Checkpoint
from secondunit.weights.pins import PINS, Pin, Pins
from secondunit_contract.problem import BadValue, CheckpointInvalid, ModelUnknown, NotWritable

BIN = "transformer/pytorch_model.bin"


@pytest.fixture
def share(tmp_path: Path) -> Path:
    """A studio's share: two models, one with a pickle beside its weights, and what is none."""
    written(tmp_path / "share" / "ours", checkpoint_files(10))
    written(tmp_path / "share" / "deep" / "theirs", checkpoint_files(20) | {BIN: b"\x80\x04."})
    written(tmp_path / "share" / "deep", {"notes.txt": b"not a model"})
    return tmp_path / "share"


def test_a_share_is_looked_through(share: Path) -> None:
    found = {each.name: each for each in bring.found_in(share)}
    assert set(found) == {"ours", "theirs"}
    assert found["ours"].fault == ""
    assert "pytorch_model.bin" in found["theirs"].fault


def test_a_model_is_linked_and_listed(share: Path, settings: Settings) -> None:
    place = bring.linked(share / "ours", settings.models, "ours")
    assert place.is_symlink()
    listed = {each.name: each for each in models.listing(settings.model_folders())}
    assert listed["ours"].card is not None
    freed, gone = bring.removed(settings.models, "ours")
    assert (freed, gone) == (0, False)
    assert (share / "ours" / "model_index.json").exists()
    assert settings.model_folders() == []


def test_a_copy_takes_safetensors_and_text_alone(share: Path, settings: Settings) -> None:
    (theirs,) = [each for each in bring.found_in(share, copied=True) if each.name == "theirs"]
    assert theirs.fault == ""
    place = bring.copied(theirs.folder, settings.models, "theirs")
    assert not (place / BIN).exists()
    assert not place.is_symlink()
    Checkpoint.open(place)
    freed, gone = bring.removed(settings.models, "theirs")
    assert gone
    assert freed > 80
    assert not place.exists()
    assert (share / "deep" / "theirs").exists()


def test_somebody_elses_download_cache_stays(tmp_path: Path, settings: Settings) -> None:
    folder = tmp_path / "models--some--one" / "snapshots" / REVISION
    written(folder, checkpoint_files(10))
    (found,) = bring.found_in(tmp_path / "models--some--one")
    assert found.name == "one"
    for pin in (None, Pin("other/one", REVISION, "one", "now", {})):
        bring.linked(folder, settings.models, "one")
        if pin is not None:
            Pins(settings.models).put(pin)
        assert bring.removed(settings.models, "one") == (0, False)
        assert (folder / "model_index.json").exists()


def test_half_a_checkpoint_is_not_copied(share: Path, settings: Settings) -> None:
    (share / "ours" / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(b"short")
    with pytest.raises(CheckpointInvalid):
        bring.copied(share / "ours", settings.models, "ours")
    assert list(settings.models.iterdir()) == []


@pytest.mark.parametrize("name", ["../out", "a/b", "", ".hidden"])
def test_names_that_lead_elsewhere_are_refused(share: Path, settings: Settings, name: str) -> None:
    with pytest.raises(BadValue):
        bring.linked(share / "ours", settings.models, name)
    with pytest.raises(ModelUnknown):
        bring.removed(settings.models, name)


def test_a_name_that_is_taken_is_refused(share: Path, settings: Settings) -> None:
    bring.linked(share / "ours", settings.models, "one")
    assert bring.linked(share / "ours", settings.models, "one")  # the same again
    with pytest.raises(BadValue, match="already"):
        bring.linked(share / "deep" / "theirs", settings.models, "one")
    written(settings.models / "two", checkpoint_files(10))
    with pytest.raises(BadValue, match="already"):
        bring.linked(share / "ours", settings.models, "two")


def test_a_link_to_where_nothing_is_any_more_is_replaced(share: Path, settings: Settings) -> None:
    bring.linked(share / "ours", settings.models, "one")
    (share / "ours").rename(share / "moved")
    assert bring.linked(share / "moved", settings.models, "one").resolve() == share / "moved"


def test_adapters_and_the_starter_cannot_be_removed(settings: Settings) -> None:
    settings.adapters.mkdir(parents=True)
    for name in ("adapters", "starter", "no-such"):
        with pytest.raises(ModelUnknown):
            bring.removed(settings.models, name)
    assert settings.adapters.is_dir()


@pytest.mark.parametrize("make", [False, True])
def test_a_folder_without_models_says_so(tmp_path: Path, make: bool) -> None:
    if make:
        (tmp_path / "none").mkdir()
    with pytest.raises((CheckpointInvalid, BadValue)) as said:
        bring.found_in(tmp_path / "none")
    assert said.value.remedy


def test_a_folder_that_refuses_us_is_a_problem(share: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    for put in (bring.linked, bring.copied):
        with pytest.raises(NotWritable):
            put(share / "ours", tmp_path / "file" / "models", "ours")


def test_pins_are_kept_found_and_dropped(tmp_path: Path) -> None:
    pin = Pin("Some/One", REVISION, "one", "now", {"a": "b"})
    Pins(tmp_path).put(pin)
    assert Pins(tmp_path).of("some/one") == Pins(tmp_path).named("one") == pin
    Pins(tmp_path).drop("Some/One")
    assert Pins(tmp_path).of("Some/One") is None


@pytest.mark.parametrize("text", ["[", "[]", '{"a": {}}', '{"a": 1}'])
def test_pins_that_cannot_be_read_stop(tmp_path: Path, text: str) -> None:
    (tmp_path / PINS).write_text(text)
    with pytest.raises(CheckpointInvalid, match="looked up"):
        Pins(tmp_path).of("some/one")
