"""The commands: what a person types, from nothing here to a model that is listed and allowed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fake_hub import NEWER, REVISION, Hub, checkpoint_files, written
from typer.testing import CliRunner, Result

from secondunit.cli.app import app
from secondunit.settings import Settings
from secondunit.weights import catalogue
from secondunit.weights.licence import AGREED
from secondunit.weights.pins import Pins
from secondunit_contract.problem import BadValue, CheckpointInvalid, LicenceRefused, ModelUnknown

T2V = "Wan-AI/Wan2.1-T2V-1.3B-Diffusers"


def typed(*words: str, answer: str = "") -> Result:
    """A command, as a program would type it; what it raises is raised."""
    return CliRunner().invoke(app, ["models", *words], input=answer, catch_exceptions=False)


def names(settings: Settings) -> list[str]:
    return [each["name"] for each in json.loads(typed("--json").stdout)]


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody sits at the terminal."""
    monkeypatch.setattr("secondunit.cli.fetching._someone_here", lambda: True)


def test_models_alone_still_lists(settings: Settings) -> None:
    told = typed()
    assert told.exit_code == 0
    assert "starter" in told.stdout
    assert "wan2.1-vace-1.3b" in told.stdout
    (starter,) = json.loads(typed("--json").stdout)
    assert starter["licence_standing"] == "free"
    assert typed("--markdown").stdout.startswith("| model |")


def test_pull_shows_size_and_licence_and_asks(hub: Hub, settings: Settings, person: None) -> None:
    pinned = catalogue.wanted("wan2.1-t2v-1.3b").revision
    hub.holds(T2V, pinned, checkpoint_files(10))
    hub.holds(T2V, NEWER, checkpoint_files())
    told = typed("pull", "wan2.1-t2v-1.3b", "--mirror", hub.url, answer="n\n")
    assert told.exit_code != 0
    for words in ("0.0 GB in 8 files", "Apache License 2.0", "Fetch 0.0 GB?", pinned[:12]):
        assert words in told.output, words
    assert hub.got("vae/config.json") == []
    told = typed("pull", "wan2.1-t2v-1.3b", "--mirror", hub.url, answer="y\n")
    assert told.exit_code == 0
    assert names(settings) == ["starter", "wan2.1-t2v-1.3b"]


def test_without_anybody_there_it_wants_a_yes(hub: Hub, settings: Settings) -> None:
    with pytest.raises(BadValue, match="Nobody is here") as refused:
        typed("pull", "someone/tiny", "--mirror", hub.url)
    assert "--yes" in refused.value.remedy


def test_what_was_pulled_is_pinned(hub: Hub, settings: Settings) -> None:
    told = typed("pull", "someone/tiny", "--mirror", hub.url, "--yes", "--json")
    assert json.loads(told.stdout)["revision"] == REVISION
    hub.holds("someone/tiny", NEWER, checkpoint_files(10))
    assert typed("pull", "someone/tiny", "--mirror", hub.url, "--yes").exit_code == 0
    pin = Pins(settings.models).of("someone/tiny")
    assert pin is not None
    assert pin.revision == REVISION
    with pytest.raises(CheckpointInvalid, match="pinned"):
        typed("pull", "someone/tiny", "--mirror", hub.url, "--yes", "--revision", NEWER)
    assert "GB are free again" in typed("remove", "someone/tiny", "--yes").stdout
    told = typed("pull", "someone/tiny", "--mirror", hub.url, "--yes", "--json")
    assert json.loads(told.stdout)["revision"] == NEWER


def test_pull_agrees_to_a_licence_that_asks_and_says_so(
    hub: Hub, settings: Settings, person: None
) -> None:
    hub.licence = "other"
    files = checkpoint_files() | {"README.md": b"---\nlicense: other\n---\n"}
    hub.holds("someone/tiny", REVISION, files)
    told = typed("pull", "someone/tiny", "--mirror", hub.url, answer="y\n")
    assert "agree to the licence of someone/tiny for this studio?" in told.output
    (agreed,) = json.loads((settings.data / AGREED).read_text()).values()
    assert (agreed["model"], agreed["licence"]) == ("someone/tiny", "other")
    states = {each["name"]: each for each in json.loads(typed("--json").stdout)}
    assert states["someone/tiny"]["licence_standing"] == "agreed"


def test_what_the_policy_forbids_is_not_fetched(hub: Hub, settings: Settings) -> None:
    settings.data.mkdir(parents=True)
    (settings.data / "policy.toml").write_text('[forbid]\nlicences = ["LTX-2 Community"]\n')
    with pytest.raises(LicenceRefused, match="policy"):
        typed("pull", "ltx-2", "--mirror", hub.url, "--yes")
    with pytest.raises(LicenceRefused, match="policy"):
        typed("allow", "ltx-2", "--yes")
    assert hub.asked == []


def test_allow_shows_the_terms_and_asks_once(settings: Settings, person: None) -> None:
    assert typed("allow", "ltx-2", answer="n\n").exit_code != 0
    told = typed("allow", "ltx-2", answer="y\n")
    assert "10 million US dollars" in told.output
    assert "it must be said that a machine made them" in told.output
    assert "may be used already" in typed("allow", "ltx-2.3").stdout
    with pytest.raises(ModelUnknown):
        typed("allow", "no-such")


def test_import_lists_a_share_and_tells_what_it_leaves(settings: Settings, tmp_path: Path) -> None:
    written(tmp_path / "share" / "ours", checkpoint_files(10))
    written(tmp_path / "share" / "bad", checkpoint_files(10) | {"a.ckpt": b""})
    told = typed("import", str(tmp_path / "share"))
    assert told.exit_code == 0
    assert "ours: is listed now" in told.output
    assert "bad: a.ckpt can run code" in told.output
    assert names(settings) == ["starter", "ours"]
    told = typed("remove", "ours", "--yes")
    assert "its files stay where they are" in told.stdout
    assert (tmp_path / "share" / "ours" / "model_index.json").exists()


def test_import_of_one_may_name_it(settings: Settings, tmp_path: Path) -> None:
    written(tmp_path / "share" / "ours", checkpoint_files(10))
    assert typed("import", str(tmp_path / "share"), "--name", "hero", "--copy").exit_code == 0
    assert names(settings)[1:] == ["hero"]
    written(tmp_path / "share" / "more", checkpoint_files(10))
    with pytest.raises(BadValue, match="one name"):
        typed("import", str(tmp_path / "share"), "--name", "hero")


def test_a_share_of_nothing_but_pickles_fails(settings: Settings, tmp_path: Path) -> None:
    written(tmp_path / "bad", checkpoint_files(10) | {"a.ckpt": b""})
    assert typed("import", str(tmp_path / "bad")).exit_code == 1


def test_ctrl_c_says_how_to_go_on(
    hub: Hub, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*told: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("secondunit.weights.pull.fetched", stopped)
        told = typed("pull", "someone/tiny", "--mirror", hub.url, "--yes")
    assert told.exit_code == 130
    assert "goes on from there" in told.output
    assert names(settings) == ["starter"]


def test_a_new_checkpoint_of_a_known_kind_is_an_entry_and_no_code(
    hub: Hub, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = catalogue.CATALOGUE.read_text() + (
        '\n[[models]]\nkind = "wan-words"\nname = "brand-new"\ntitle = "Brand New"\n'
        'use = "the newest"\nrepository = "someone/tiny"\nrevision = "' + REVISION + '"\n'
        "parts = { network = 1, reader = 5.68, words = 1.05, decoder = 0.127 }\n"
        "width = 1536\nlayers = 30\nsteps = 7\n"
    )
    (tmp_path / "book.toml").write_text(book)
    monkeypatch.setattr(catalogue, "CATALOGUE", tmp_path / "book.toml")
    catalogue._read.cache_clear()
    try:
        hub.holds("someone/tiny", NEWER, checkpoint_files(10))
        typed("pull", "brand-new", "--mirror", hub.url, "--yes")
        told = {each["name"]: each for each in json.loads(typed("--json").stdout)}["brand-new"]
        assert (told["title"], told["steps"], told["revision"]) == ("Brand New", 7, REVISION)
    finally:
        monkeypatch.undo()
        catalogue._read.cache_clear()
