"""The gate: refuses, is told, remembers; and the policy goes before everybody."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from fake_hub import checkpoint_files, written

from secondunit import models
from secondunit.engine.casting import Casting
from secondunit.models.testing import scripted_card
from secondunit.settings import Settings
from secondunit.weights.catalogue import terms_of
from secondunit.weights.licence import AGREED, Gate, words
from secondunit_contract.problem import BadValue, LicenceRefused

LTX = "LTX-2 Community"


def policy(settings: Settings, text: str) -> Gate:
    settings.data.mkdir(parents=True, exist_ok=True)
    (settings.data / "policy.toml").write_text(text)
    return Gate.of(settings)


def under(settings: Settings, licence: str, name: str = "theirs") -> Path:
    """A model in the folder of models, under a licence."""
    folder = written(settings.models / name, checkpoint_files(10))
    (folder / "card.toml").write_text(f'licence = "{licence}"\n')
    return folder


def test_a_free_licence_asks_nobody(settings: Settings) -> None:
    gate = Gate.of(settings)
    assert gate.standing("starter", "Apache-2.0") == "free"
    assert gate.standing("ours", "unknown") == "free"
    gate.refuse("starter", "Starter", "Apache-2.0")


def test_the_gate_refuses_is_told_and_remembers(settings: Settings) -> None:
    gate = Gate.of(settings)
    with pytest.raises(LicenceRefused) as refused:
        gate.refuse("ltx-2", "LTX-2", LTX)
    assert "secondunit models allow ltx-2" in refused.value.remedy
    gate.agree("ltx-2", LTX, words(terms_of(LTX), "Lightricks/LTX-2"))
    Gate.of(settings).refuse("ltx-2", "LTX-2", LTX)
    assert Gate.of(settings).standing("ltx-2.3", LTX) == "agreed"  # the licence is the same
    (told,) = json.loads((settings.data / AGREED).read_text()).values()
    assert told["who"]
    assert told["when"].startswith("20")
    assert "10 million" in told["text"]
    assert "Lightricks/LTX-2" in told["text"]


def test_a_yes_to_a_licence_we_do_not_know_holds_for_one_model(settings: Settings) -> None:
    gate = Gate.of(settings)
    gate.agree("one", "other", "text")
    assert gate.standing("one", "OTHER") == "agreed"
    assert gate.standing("two", "other") == "asks"


def test_what_was_agreed_to_and_cannot_be_read_stops(settings: Settings) -> None:
    settings.data.mkdir(parents=True)
    for text in ("[", "[]"):
        (settings.data / AGREED).write_text(text)
        with pytest.raises(BadValue, match="agreed"):
            Gate.of(settings).refuse("ltx-2", "LTX-2", LTX)


def test_a_policy_allows_and_forbids(settings: Settings) -> None:
    gate = policy(
        settings,
        'contact = "legal@studio"\n[allow]\nlicences = ["LTX-2 Community"]\n'
        '[forbid]\nmodels = ["starter", "ltx-2.5"]\nlicences = ["unknown"]\n',
    )
    assert gate.standing("ltx-2", LTX) == "allowed"
    assert gate.standing("ltx-2.5", LTX) == "forbidden"  # forbidding goes before allowing
    assert gate.standing("ours", "unknown") == "forbidden"
    assert gate.standing("other", "Apache-2.0") == "free"
    with pytest.raises(LicenceRefused, match="policy") as refused:
        gate.refuse("starter", "Starter", "Apache-2.0")
    assert "legal@studio" in refused.value.remedy


def test_a_policy_may_allow_nothing_else(settings: Settings) -> None:
    gate = policy(settings, 'only_allowed = true\n[allow]\nmodels = ["starter"]\n')
    assert gate.standing("Starter", "Apache-2.0") == "allowed"
    assert gate.standing("wan2.1-vace-14b", "Apache-2.0") == "forbidden"
    gate.agree("ltx-2", LTX, "text")
    assert gate.standing("ltx-2", LTX) == "forbidden"  # a yes of one's own does not help


@pytest.mark.parametrize(
    "text",
    [
        "[",
        "alow = 1",
        "only_allowed = 'yes'",
        "[allow]\nlicences = 'MIT'",
        "[forbid]\nmodel = ['x']",
        "allow = ['x']",
        "contact = 3",
    ],
)
def test_a_policy_that_cannot_be_meant_stops(text: str, settings: Settings) -> None:
    with pytest.raises(BadValue, match="policy"):
        policy(settings, text)


def test_a_policy_that_is_named_and_not_there_stops(settings: Settings) -> None:
    with pytest.raises(BadValue, match="policy"):
        Gate.of(replace(settings, policy=settings.data / "gone.toml"))


def test_the_environment_names_a_policy(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "share.toml").write_text('[forbid]\nmodels = ["starter"]\n')
    monkeypatch.setenv("SECONDUNIT_POLICY", str(tmp_path / "share.toml"))
    with pytest.raises(LicenceRefused):
        models.load("starter", "cpu")


def test_a_model_under_an_open_question_is_not_loaded(settings: Settings) -> None:
    folder = under(settings, LTX)
    with pytest.raises(LicenceRefused, match="agreed") as refused:
        models.load(str(folder), "cpu")
    assert "models allow theirs" in refused.value.remedy


def test_it_is_not_cast_unasked_and_asked_for_it_says_why(settings: Settings) -> None:
    folder = under(settings, LTX)
    casting = Casting(settings)
    assert [card.name for card in casting.cards()] == ["starter"]
    (asked,) = [card for card in casting.cards("theirs") if card.name == "theirs"]
    with pytest.raises(LicenceRefused):
        casting.ready(asked)
    Gate.of(settings).agree("theirs", LTX, "text")
    assert "theirs" in [card.name for card in casting.cards()]
    assert asked.source == str(folder)


def test_a_card_says_what_may_be_used(settings: Settings) -> None:
    card = scripted_card("ltx-2")
    assert Gate.of(settings).open_to(card)
    assert not Gate.of(settings).open_to(replace(card, licence=LTX))
