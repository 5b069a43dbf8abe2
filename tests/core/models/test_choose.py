from __future__ import annotations

from dataclasses import replace

import pytest

from secondunit import models
from secondunit.callsheet import FrameRule, ModelCard, Need
from secondunit.models.choose import choose
from secondunit.models.standins import widened
from secondunit.models.testing import scripted_card
from secondunit.models.wording import IN_WORDS
from secondunit_contract.problem import ModelUnfit, ModelUnknown, problem_from_json


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
    assert "secondunit models pull wan2.1-vace-1.3b" in unfit.value.remedy
    assert "T2V" not in unfit.value.remedy


def test_the_first_that_would_is_offered_for_a_button_where_none_here_can() -> None:
    lacking = replace(weighing("far", 9, "guide", "plate"), size_mb=2500.0)
    with pytest.raises(ModelUnfit) as unfit:
        choose(frozenset({"guide"}), ALL, known=[lacking])
    offer = problem_from_json(unfit.value.to_json()).extra["fetch"]
    assert offer == {"name": "far", "title": lacking.title, "mb": 2500.0}
    with pytest.raises(ModelUnfit) as unfit:
        choose(frozenset({"plate"}), ALL, wanted="words", known=[lacking])
    assert unfit.value.extra == {}, "one that is here will do"


def test_a_guide_with_drawn_paths_names_who_could_with_a_stand_in() -> None:
    with pytest.raises(ModelUnfit) as unfit:
        choose(frozenset({"guide", "keys", "tracks"}), ALL)
    remedy = unfit.value.remedy
    assert "Wan 2.1 VACE 1.3B (Apache-2.0" in remedy
    assert f"with a stand-in for {IN_WORDS['tracks']})" in remedy
    assert "secondunit models pull wan2.1-vace-1.3b" in remedy


def test_who_could_by_itself_is_named_before_who_could_with_a_stand_in() -> None:
    own, light = weighing("own", 40, "plate", "guide"), weighing("light", 1, "guide")
    helped = replace(light, reach=widened(light.reach))
    with pytest.raises(ModelUnfit) as unfit:
        choose(frozenset({"plate", "guide"}), ALL, known=[helped, own])
    named = unfit.value.remedy.partition(". ")[0].partition(": ")[2].split("; ")
    assert named[0] == "The scripted model own (Apache-2.0, 40 GB)"
    assert named[1].endswith(f"1 GB, with a stand-in for {IN_WORDS['plate']})")
    assert unfit.value.extra["fetch"]["name"] == "own"


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


def test_a_remedy_names_a_few_that_make_clips_the_lightest_first() -> None:
    known = [weighing(f"model-{gb}", gb, "guide") for gb in (9, 3, 7, 5, 4)]
    still = weighing("still", 0.1, "guide")
    one_frame = replace(still, reach=replace(still.reach, frames=FrameRule(1, 1, 1)))
    with pytest.raises(ModelUnfit) as unfit:
        choose(frozenset({"guide"}), ALL, known=[*known, one_frame])
    remedy = unfit.value.remedy
    assert remedy.index("model-3") < remedy.index("model-4") < remedy.index("model-5")
    assert "model-7" not in remedy
    assert "and 2 more" in remedy
    assert "`secondunit models pull model-3` fetches the first" in remedy
    assert "still" not in remedy


def test_an_editor_of_single_frames_shoots_no_more_than_one() -> None:
    light = weighing("still", 0.1, "words")
    still = replace(light, reach=replace(light.reach, frames=FrameRule(1, 1, 1)))
    clips = weighing("clips", 9, "words")
    assert choose(frozenset({"words"}), [still, clips]) is clips
    assert choose(frozenset({"words"}), [still, clips], still=True) is still
    with pytest.raises(ModelUnfit) as unfit:
        choose(frozenset({"words"}), [still, clips], "still", known=[])
    assert "shooting more than one frame" in unfit.value.where
    assert unfit.value.remedy == "Take clips"


def test_a_model_that_must_begin_with_a_picture_is_refused_where_none_is_known() -> None:
    card = scripted_card("pictures", honours=frozenset({"keys"}))
    pictures = replace(card, reach=replace(widened(card.reach), memory_gb=0.01))
    asked: frozenset[Need] = frozenset({"plate", "paint", "strength"})
    able = weighing("able", 9, "words", "plate", "paint", "strength")
    assert choose(asked, [pictures, able]) is able, "by itself before by a stand-in"
    assert choose(asked, [pictures], known=[]) is pictures
    with pytest.raises(ModelUnfit) as unfit:
        choose(asked, [pictures, able], "pictures", known=[], opened=False)
    assert "without a first picture" in unfit.value.where
    assert unfit.value.remedy == "Take able"
    own = weighing("own", 9, "keys", "plate", "paint", "strength")
    assert choose(asked, [own], opened=False) is own, "a plate is enough for it"
