"""The catalogue: complete, sane, honest about what nobody checked, and current in the docs."""

from __future__ import annotations

import importlib.util
import re
import shutil
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest
from fake_hub import REVISION, checkpoint_files, written

from secondunit import models
from secondunit.callsheet import KeyPlaces, Need
from secondunit.cli.shelf import as_markdown
from secondunit.models.anyflow import card as anyflow
from secondunit.models.cogvideox import card as cogvideox
from secondunit.models.editors import card as editors
from secondunit.models.helios import card as helios
from secondunit.models.hunyuan import card as hunyuan
from secondunit.models.known import as_card
from secondunit.models.ltx import card as ltx
from secondunit.models.skyreels import card as skyreels
from secondunit.models.wan import card as wan
from secondunit.weights.catalogue import (
    RUNGS,
    Entry,
    entries,
    entry_at,
    entry_for,
    licences,
    sources_of,
    terms_of,
    wanted,
)
from secondunit.weights.checkpoint import Checkpoint
from secondunit_contract.problem import ModelUnknown

ENTRIES = entries()
MAY_BE_EMPTY = {
    "revision", "note", "native_rate", "references", "context", "unverified", "guidance_low",
}  # fmt: skip


def by_name(entry: Entry) -> str:
    return entry.name


def test_the_models_that_were_promised_are_there() -> None:
    names = {entry.name for entry in ENTRIES}
    assert names >= {
        "wan2.1-vace-1.3b", "wan2.1-vace-14b", "wan2.1-t2v-1.3b", "wan2.1-t2v-14b",
        "wan2.2-t2v-a14b", "wan2.1-i2v-14b-480p", "wan2.1-i2v-14b-720p", "wan2.1-flf2v-14b",
        "wan2.2-i2v-a14b", "wan2.2-ti2v-5b", "wan2.2-vace-fun-a14b", "helios-base", "helios-mid",
        "helios-distilled", "skyreels-v2-df-1.3b", "skyreels-v2-df-14b", "anyflow-t2v-14b",
        "cogvideox-2b", "cogvideox-5b", "ltx-2", "ltx-2.3", "hunyuanvideo-1.5-480p",
        "qwen-image-edit-2511", "qwen-image-edit-2509", "flux2-klein-4b",
    }  # fmt: skip


def test_names_and_repositories_are_there_once() -> None:
    for key in ("name", "title", "repository"):
        told = [getattr(entry, key).casefold() for entry in ENTRIES]
        assert len(told) == len(set(told))


@pytest.mark.parametrize("entry", ENTRIES, ids=by_name)
def test_an_entry_has_every_field_and_they_can_be_meant(entry: Entry) -> None:
    for each in fields(entry):
        assert getattr(entry, each.name) or each.name in MAY_BE_EMPTY, each.name
    assert entry.honours <= set(get_args(Need))
    assert entry.key_places in get_args(KeyPlaces)
    rule = entry.frames
    assert 1 <= rule.base <= rule.longest
    assert (rule.longest - rule.base) % rule.step == 0
    assert rule.up(rule.longest) == rule.longest
    assert entry.multiple in (8, 16, 32, 64)
    assert entry.area % entry.multiple**2 == 0
    assert entry.token[0] % 8 == 0
    assert entry.multiple % entry.token[0] == 0
    assert 1 <= entry.steps <= 100
    assert 1 <= entry.guidance <= 20
    assert entry.guidance_low <= entry.guidance
    assert not entry.guidance_low or entry.parts.network_2
    assert bool(entry.references) <= ("references" in entry.honours)
    assert re.fullmatch(r"([0-9a-f]{40})?", entry.revision)


@pytest.mark.parametrize("entry", ENTRIES, ids=by_name)
def test_more_sparing_is_less_memory_and_the_parts_are_counted(entry: Entry) -> None:
    ample, tiled, thin = (entry.memory_gb(rung) for rung in RUNGS)
    assert ample > entry.size_gb > tiled >= thin > 0
    assert entry.size_gb == pytest.approx(2 * entry.parts.all, abs=0.1)


@pytest.mark.parametrize("entry", ENTRIES, ids=by_name)
def test_what_is_said_to_be_unverified_is_something_it_says(entry: Entry) -> None:
    told = {each.name for each in fields(entry)} | {"network", "reader", "decoder", "longest"}
    assert entry.unverified <= told


def test_the_classes_are_classes_of_the_library() -> None:
    found = importlib.util.find_spec("diffusers")
    assert found is not None
    assert found.origin is not None
    named = Path(found.origin).read_text(encoding="utf-8")  # to import them takes half a minute
    for entry in ENTRIES:
        assert f'"{entry.pipeline}"' in named


def test_every_licence_that_is_named_is_told_and_only_they() -> None:
    named = {entry.licence for entry in ENTRIES}
    told = {terms.name for terms in licences()}
    assert named <= told <= named | {"MIT"}
    for terms in licences():
        assert terms.unverified <= {"excluded", "revenue", "outputs", "use"}
        assert terms.outputs or "outputs" in terms.unverified
        assert terms.use or "use" in terms.unverified
        assert terms.asks == (terms.name not in ("Apache-2.0", "MIT"))
        assert terms.asks == bool(terms.sources)


def test_hearsay_is_told_as_hearsay() -> None:
    lines = terms_of("Tencent Hunyuan Community").lines()
    assert any("European Union" in line and "unverified" in line for line in lines)
    lines = terms_of("LTX-2 Community").lines()
    assert any("10 million" in line and "unverified" not in line for line in lines)
    lines = terms_of("Skywork Community").lines()
    assert any("not read by us" in line and "unverified" in line for line in lines)
    lines = terms_of("nobody's").lines()
    assert all("unverified" in line for line in lines[1:])
    assert any("rules of use: not read by us" in line for line in lines)


@pytest.mark.parametrize("entry", ENTRIES, ids=by_name)
def test_it_says_what_is_told_of_its_training_and_where_it_was_read(entry: Entry) -> None:
    told = entry.training_data
    quoted = told.count('"') >= 2 and told.count('"') % 2 == 0
    assert quoted or told.startswith(("its maker's page does not say", "not known to us"))
    read = sources_of(entry.name)
    assert read[: len(entry.sources)] == list(entry.sources)
    assert read[len(entry.sources) :] == list(terms_of(entry.licence).sources)
    assert len(read) == len(set(read))
    assert sources_of("no-such") == []


def test_a_licence_nobody_knows_asks_and_none_at_all_does_not() -> None:
    assert terms_of("cc-by-nc-4.0").asks
    assert not terms_of("unknown").asks
    assert not terms_of("apache-2.0").asks


def test_known_models_are_those_of_the_catalogue_that_are_driven_here() -> None:
    names = [card.name for card in models.known()]
    assert names == [entry.name for entry in ENTRIES if models.driven(entry.pipeline)]
    assert "wan2.1-vace-1.3b" in names
    assert not models.driven("NobodysPipeline")


def test_an_entry_is_found_by_its_repository_and_its_pin() -> None:
    entry = wanted("Wan2.1-VACE-14B")
    assert entry_for(entry.repository.upper()) is entry
    assert entry_for(entry.repository, REVISION) is entry  # not pinned: any will do
    pinned = wanted("wan2.1-vace-1.3b")
    assert entry_for(pinned.repository, pinned.revision) is pinned
    assert entry_for(pinned.repository, REVISION) is None
    assert entry_for("someone/tiny") is None
    with pytest.raises(ModelUnknown, match="It has: wan") as unknown:
        wanted("no-such")
    assert "OWNER/NAME" in unknown.value.remedy


def test_a_checkpoint_in_the_cache_has_the_catalogues_card(tmp_path: Path) -> None:
    entry = wanted("wan2.1-t2v-14b")
    snapshots = tmp_path / ("models--" + entry.repository.replace("/", "--")) / "snapshots"
    cache = snapshots / entry.revision
    written(cache, checkpoint_files(10))
    (tmp_path / "elsewhere").symlink_to(cache)
    for folder in (cache, tmp_path / "elsewhere"):
        card = models.card_of(str(folder))
        assert (card.name, card.title) == (entry.name, entry.title)
        assert (card.licence, card.training_data) == (entry.licence, entry.training_data)
        assert (card.reach.frames, card.steps) == (entry.frames, entry.steps)
        assert card.reach.native_rate == entry.native_rate
        assert "look" in card.reach.honours
        assert "steps" not in entry.own  # its kind's
    (cache / "card.toml").write_text('title = "Ours"\nlongest = 41\n')
    card = models.card_of(str(cache))
    assert (card.title, card.reach.frames.longest, card.licence) == ("Ours", 41, entry.licence)


def test_a_folder_called_as_in_the_catalogue_is_that_model_if_its_class_agrees(
    tmp_path: Path,
) -> None:
    folder = written(tmp_path / "Wan2.1-T2V-14B-Diffusers", checkpoint_files(10))
    assert Checkpoint.open(folder).card()["name"] == "wan2.1-t2v-14b"
    assert entry_at(folder, "WanVACEPipeline") is None
    other = Path(shutil.copytree(folder, tmp_path / "our-own"))
    assert Checkpoint.open(other).card() == {"licence": "apache-2.0"}  # its README's
    (other / "README.md").unlink()
    assert Checkpoint.open(other).card() == {}


def honoured() -> dict[str, frozenset[Need]]:
    """What each class honours, as those say who drive it."""
    told: dict[str, frozenset[Need]] = {**wan.CLASSES, **cogvideox.CLASSES, **hunyuan.CLASSES}
    told |= anyflow.CLASSES
    for family in (helios, skyreels, ltx):
        told |= dict.fromkeys(family.CLASSES, family.HONOURS)
    return told | dict.fromkeys((editors.KLEIN, editors.QWEN), editors.HONOURS)


def test_what_an_entry_honours_is_what_its_class_does() -> None:
    told = honoured()
    for entry in ENTRIES:
        if models.driven(entry.pipeline) and "honours" not in entry.own:
            assert entry.honours == told[entry.pipeline], entry.name


def test_of_its_reach_a_card_is_told_what_is_its_own_alone() -> None:
    assert wanted("wan2.1-i2v-14b-720p").card()["area"] == 1280 * 720
    assert "area" not in wanted("wan2.1-i2v-14b-480p").card()
    assert wanted("wan2.2-ti2v-5b").card()["longest"] == 121


def test_a_model_of_two_networks_is_told_what_each_wants() -> None:
    told = wanted("wan2.2-t2v-a14b").card()
    assert (told["guidance"], told["guidance_low"]) == (4.0, 3.0)
    assert "guidance_low" not in wanted("wan2.1-t2v-14b").card()


def test_the_card_a_model_would_have_is_the_entrys() -> None:
    for entry in ENTRIES:
        card = as_card(entry, frozenset())
        assert (card.name, card.licence, card.source) == (
            entry.name,
            entry.licence,
            entry.repository,
        )
        assert card.reach.honours == entry.honours
        assert not card.reach.stand_ins
        assert card.reach.memory_gb == entry.memory_gb()


def test_the_page_for_artists_has_the_catalogue_as_it_is(repository: Path) -> None:
    page = (repository / "docs" / "models.md").read_text(encoding="utf-8")
    assert as_markdown(ENTRIES) in page
