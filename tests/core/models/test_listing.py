from __future__ import annotations

import importlib.metadata
import json
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from secondunit import models
from secondunit.models.family import as_family
from secondunit_contract.problem import CheckpointInvalid, ModelUnknown


def test_the_starter_is_listed_and_says_what_it_was_trained_on() -> None:
    listed = {each.name: each for each in models.listing()}
    card = listed["starter"].card
    assert card is not None
    assert card.licence == "Apache-2.0"
    assert "scikit-image" in card.training_data
    assert (card.reach.multiple, card.reach.frames.base, card.reach.frames.step) == (8, 1, 4)
    assert not [each for each in listed.values() if each.fault]


def test_every_family_of_the_package_lists_without_torch() -> None:
    import subprocess
    import sys

    told = "import sys; from secondunit import models; models.listing(); models.known(); "
    told += "print('torch' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import no_such_library", "no_such_library"),
        ("def cards(:", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError"),
        ("def drives(name): return True", "card_of, load"),
        ("def cards(): raise OSError('gone')", "gone"),
    ],
)
def test_a_broken_family_is_listed_with_its_reason(
    text: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_family.py").write_text(text + "\n")
    monkeypatch.setattr(models, "__path__", [*models.__path__, str(tmp_path)])
    monkeypatch.delitem(__import__("sys").modules, "secondunit.models.broken_family", raising=False)
    listed = {each.name: each for each in models.listing()}
    assert listed["broken_family"].card is None
    assert reason in listed["broken_family"].fault
    assert listed["starter"].card is not None
    assert [card.name for card in models.cards()] == ["starter"]


def test_another_package_may_bring_a_family(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "their_family.py").write_text(
        "from secondunit.models.testing import scripted_card\n"
        "def cards(): return [scripted_card('theirs')]\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    points = [
        importlib.metadata.EntryPoint("theirs", "their_family", "secondunit.models"),
        importlib.metadata.EntryPoint("gone", "no_such_module", "secondunit.models"),
    ]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points)
    listed = {each.name: each for each in models.listing()}
    assert listed["theirs"].card is not None
    assert "no_such_module" in listed["gone"].fault


def test_a_module_without_a_familys_verbs_is_none() -> None:
    assert as_family(ModuleType("choose")) is None


def test_a_folder_is_a_source(vace_folder: Path) -> None:
    listed = models.listing([str(vace_folder)])[-1]
    assert listed.card is not None
    assert listed.card.source == str(vace_folder)
    assert listed.card.reach.multiple == 16
    assert listed.card.reach.frames.longest == 81


def test_a_broken_source_is_listed_as_broken(tmp_path: Path) -> None:
    listed = models.listing([str(tmp_path)])[-1]
    assert listed.card is None
    assert "model_index.json" in listed.fault


def test_card_toml_goes_before_what_is_known_of_the_family(
    vace_folder: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(vace_folder, tmp_path / "named"))
    (folder / "card.toml").write_text(
        'title = "Ours"\nlongest = 17\nhonours = ["plate", "paint"]\nnative_rate = 16\n'
    )
    card = models.card_of(str(folder))
    assert (card.title, card.name) == ("Ours", "named")
    assert card.reach.frames.longest == 17
    assert card.reach.honours - card.reach.stand_ins == {"plate", "paint"}
    assert card.reach.references == 0


@pytest.mark.parametrize(
    "text",
    [
        "longest = 'x'",
        "longest = 16",
        "honours = ['telepathy']",
        "steps = true",
        "title = [",
        "area = -1",
        "holes = 'black'",
        "anchors = 1.5",
    ],
)
def test_a_card_toml_that_is_wrong_is_named(text: str, vace_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(vace_folder, tmp_path / "named"))
    (folder / "card.toml").write_text(text + "\n")
    with pytest.raises(CheckpointInvalid, match=r"card\.toml"):
        models.card_of(str(folder))


def test_an_unknown_name_is_told_what_is_here() -> None:
    with pytest.raises(ModelUnknown, match="starter"):
        models.load("no-such-model")


def test_weights_of_another_pipeline_are_refused(vace_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(vace_folder, tmp_path / "other"))
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps({**index, "_class_name": "OtherPipeline"}))
    with pytest.raises(CheckpointInvalid, match="OtherPipeline"):
        models.load(str(folder))


def test_weights_that_do_not_fit_their_config_are_a_problem(
    vace_folder: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(vace_folder, tmp_path / "wrong"))
    path = folder / "transformer" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "ffn_dim": 48}))
    with pytest.raises(CheckpointInvalid, match="cannot be loaded"):
        models.load(str(folder), "cpu")
