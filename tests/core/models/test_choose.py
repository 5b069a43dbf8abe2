from __future__ import annotations

from dataclasses import replace

import pytest

from secondunit import models
from secondunit.callsheet import ModelCard, Need
from secondunit.models.choose import choose
from secondunit.models.testing import scripted_card
from secondunit.models.wording import IN_WORDS
from secondunit_contract.problem import ModelUnfit, ModelUnknown


def weighing(name: str, gigabytes: float, *needs: Need) -> ModelCard:
    card = scripted_card(name, honours=frozenset(needs))
    return replace(card, reach=replace(card.reach, memory_gb=gigabytes))


HEAVY = weighing("heavy", 40, "words", "plate", "paint", "keys", "references")
LIGHT = weighing("light", 1, "words", "plate", "paint")
WORDS = weighing("words", 0.5, "words")
ALL = [HEAVY, LIGHT, WORDS]


def test_the_lightest_that_can_is_taken() -> None:
    assert choose(frozenset({"plate", "paint"}), ALL) is LIGHT
    assert choose(frozenset({"words"}), ALL) is WORDS
    assert choose(frozenset({"keys"}), ALL) is HEAVY


def test_the_model_asked_for_is_taken_where_it_can() -> None:
    assert choose(frozenset({"plate"}), ALL, wanted="heavy") is HEAVY


def test_the_model_asked_for_that_cannot_names_those_that_can() -> None:
    with pytest.raises(ModelUnfit) as unfit:
        choose(frozenset({"plate"}), ALL, wanted="words", known=[])
    assert IN_WORDS["plate"] in unfit.value.where
    assert "light" in unfit.value.remedy


def test_a_model_that_is_not_here_is_unknown() -> None:
    with pytest.raises(ModelUnknown, match="heavy"):
        choose(frozenset({"plate"}), ALL, wanted="lost")


def test_when_nothing_fits_public_models_that_would_are_named() -> None:
    with pytest.raises(ModelUnfit) as unfit:
        choose(frozenset({"guide", "plate"}), ALL)
    assert IN_WORDS["guide"] in unfit.value.what
    assert "Wan 2.1 VACE 1.3B (Apache-2.0" in unfit.value.remedy
    assert "not installed" in unfit.value.remedy
    assert "T2V" not in unfit.value.remedy


def test_when_nobody_can_it_is_said() -> None:
    with pytest.raises(ModelUnfit, match="No model we know of"):
        choose(frozenset({"look"}), ALL, known=[WORDS])


def test_no_model_at_all_is_a_problem() -> None:
    with pytest.raises(ModelUnfit, match="There is no model here"):
        choose(frozenset({"words"}), [], known=[])


def test_every_need_has_words() -> None:
    from typing import get_args

    assert set(IN_WORDS) == set(get_args(Need))


def test_the_starter_covers_what_the_tasks_ask_of_it() -> None:
    for needs in (
        {"keys"},
        {"plate", "paint"},
        {"plate", "paint", "edit", "keys"},
        {"words"},
    ):
        assert choose(frozenset(needs), models.cards()).name == "starter"  # type: ignore[arg-type]
