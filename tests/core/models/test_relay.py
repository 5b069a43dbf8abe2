"""A relay: the first frame is edited by one model, and the edit carried on by another."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from secondunit import models
from secondunit.callsheet import (
    CallSheet,
    Cancelled,
    FrameRule,
    Need,
    Pixels,
    Unwatched,
    VideoModel,
)
from secondunit.models.choose import choose
from secondunit.models.editors.tiny import tiny_klein
from secondunit.models.standins import relay
from secondunit.models.testing import ALL_NEEDS, ScriptedModel, scripted_card
from secondunit_contract.frames import Rate

RED = np.array([1, 0, 0], np.float32)
FRAMES, SIDE = 5, 24  # no multiple of what the editor takes
_EDITS: frozenset[Need] = frozenset({"words", "plate", "edit", "references"})


def editor() -> ScriptedModel:
    """Paints whatever it is shown red, the redder the higher the seed."""
    card = scripted_card("editor", _EDITS, multiple=16, frames=FrameRule(1, 1, 1))
    shade = lambda sheet, seed: np.broadcast_to(  # noqa: E731 - one line, one use
        RED * (0.5 + seed / 10), (1, sheet.height, sheet.width, 3)
    )
    return ScriptedModel(card, shade)


def video(*honours: Need) -> ScriptedModel:
    """Holds its first key, or its plate's first frame."""

    def held(sheet: CallSheet, seed: int) -> Pixels:
        first = sheet.keys[0] if 0 in sheet.keys else np.asarray(sheet.plate)[0]
        return np.repeat(first[None], sheet.frames, 0)

    return ScriptedModel(scripted_card("video", frozenset(honours) or ALL_NEEDS), held)


def together(first: ScriptedModel, second: ScriptedModel) -> relay.Relay:
    return relay.Relay(relay.card_of(first.card, second.card), first, second)


def sheet(**told: Any) -> CallSheet:
    plate = np.full((FRAMES, SIDE, SIDE, 3), 0.2, np.float32)
    paint = np.zeros((FRAMES, SIDE, SIDE), bool)
    paint[:, :, SIDE // 2 :] = True
    whole = {"plate": plate, "paint": paint} | told
    return CallSheet(SIDE, SIDE, FRAMES, Rate.of(24), "paint it red", **whole)


def test_the_edit_of_the_first_frame_is_carried_where_it_was_painted() -> None:
    first, second = editor(), video()
    answers = list(together(first, second).shoot(sheet(), Unwatched()))
    clip = np.concatenate([each.frames for each in answers])
    assert np.allclose(clip[:, :, SIDE // 2 :], RED * 0.5)
    assert np.allclose(clip[:, :, : SIDE // 2], 0.2)
    (asked,) = first.seen
    assert asked.prompt == "paint it red"
    assert (asked.width, asked.height, asked.frames) == (32, 32, 1)
    (told,) = second.seen
    assert told.carry
    assert not told.paint[0].any()
    assert "edit" in told.needs()


@pytest.mark.parametrize(
    ("honours", "needs"),
    [
        ({"plate", "paint", "edit", "keys"}, {"plate", "paint", "edit", "keys"}),
        ({"plate", "paint", "keys"}, {"plate", "paint", "keys"}),
        ({"keys"}, {"keys"}),
    ],
)
def test_a_model_that_carries_no_edits_is_told_what_it_can(
    honours: set[Need], needs: set[Need]
) -> None:
    first, second = editor(), video(*honours)
    list(together(first, second).shoot(sheet(), Unwatched()))
    assert second.seen[0].needs() == needs
    assert np.allclose(second.seen[0].keys[0][:, SIDE // 2 :], RED * 0.5)


def test_each_take_has_an_edit_of_its_own() -> None:
    answers = list(together(editor(), video()).shoot(sheet(seeds=(0, 3)), Unwatched()))
    reds = {each.take: float(each.frames[0, 0, -1, 0]) for each in answers}
    assert reds == pytest.approx({0: 0.5, 1: 0.8})


def test_where_the_edit_is_known_or_nothing_is_painted_over_no_editor_is_asked() -> None:
    first, second = editor(), video()
    known = sheet(keys={0: np.full((SIDE, SIDE, 3), 0.7, np.float32)})
    filled = sheet()
    filled.plate[filled.paint] = 0.5
    for asked in (known, filled):
        list(together(first, second).shoot(asked, Unwatched()))
    assert not first.seen
    assert second.seen[0].carry
    assert second.seen[1] is filled


def test_the_references_go_to_the_editor() -> None:
    first, second = editor(), video()
    pictures = tuple(np.full((8, 8, 3), shade, np.float32) for shade in (0.1, 0.3))
    list(together(first, second).shoot(sheet(references=pictures), Unwatched()))
    assert len(first.seen[0].references) == 2


def test_one_is_offered_where_both_are_there_and_comes_after_models_that_need_no_help() -> None:
    one, two = editor().card, video().card
    (card,) = relay.offered([one, two])
    assert card.name == "editor+video"
    assert "edit" in card.reach.stand_ins
    assert relay.offered([two]) == relay.offered([one]) == []
    assert choose(frozenset({"plate", "paint", "edit"}), [card, one, two]) is two
    plain = video("keys").card
    (helped,) = relay.offered([one, plain])
    assert choose(frozenset({"plate", "paint", "edit"}), [helped, one, plain]) is helped


def test_stopping_the_first_asks_nothing_of_the_second() -> None:
    class Stopping(Unwatched):
        def check(self) -> None:
            raise Cancelled

    first, second = editor(), video()
    with pytest.raises(Cancelled):
        list(together(first, second).shoot(sheet(), Stopping()))
    assert not second.seen


def test_a_real_pair_is_listed_loaded_and_shoots(tmp_path: Path) -> None:
    folder = tiny_klein(tmp_path / "klein")
    card = next(each for each in models.cards([str(folder)]) if each.name == "klein+starter")
    assert models.card_of(card.source).reach == card.reach
    model: VideoModel = models.load(card.source, "cpu")
    plate = np.random.default_rng(0).random((5, 64, 64, 3), dtype=np.float32)
    paint = np.ones((5, 64, 64), bool)
    asked = CallSheet(64, 64, 5, Rate.of(24), "make it green", plate=plate, paint=paint, steps=2)
    frames = np.concatenate([each.frames for each in model.shoot(asked, Unwatched())])
    assert frames.shape == (5, 64, 64, 3)
    editor = models.load(str(folder), "cpu")
    still = replace(asked, frames=1, plate=plate[:1], paint=None, steps=None)
    (edit,) = (each.frames for each in editor.shoot(still, Unwatched()))
    assert np.abs(frames[0] - edit[0]).mean() < np.abs(frames[0] - plate[0]).mean()
    told = model.provenance()
    assert json.loads(json.dumps(told)) == told
    assert asked.summary(card.reach)["stand_ins"] == ["edit"]
