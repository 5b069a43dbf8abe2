"""Whole jobs with models that are told of keys alone, and take them at few places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from secondunit.callsheet import CallSheet, FrameRule, KeyPlaces, Need, Pixels
from secondunit.engine.local import Engine
from secondunit.models import load
from secondunit.models.testing import ScriptedModel, scripted_card, tiny_wan, tiny_wan_pictures
from secondunit.settings import Settings
from secondunit_contract.clip import Clip
from secondunit_contract.job import Job
from secondunit_contract.problem import ModelUnfit


def mixing(sheet: CallSheet, seed: int) -> Pixels:
    """From the first key to the last, evenly; from the first on, brighter and brighter."""
    assert sheet.plate is None
    first = sheet.keys.get(0, np.full((sheet.height, sheet.width, 3), 0.5, np.float32))
    last = sheet.keys.get(sheet.frames - 1, first)
    way = np.linspace(0, 1, sheet.frames, dtype=np.float32)[:, None, None, None]
    return np.asarray((1 - way) * first + way * last, dtype=np.float32)


def scripted(
    tmp_path: Path, places: KeyPlaces, *needs: Need, longest: int = 17
) -> tuple[Engine, ScriptedModel]:
    card = scripted_card(
        "keyed", frozenset(needs), frames=FrameRule(1, 4, longest), context=1, area=64 * 64
    )
    card = replace(card, reach=replace(card.reach, key_places=places))
    model = ScriptedModel(card, mixing)
    return Engine(Settings(tmp_path / "no-models", "cpu"), None, [model]), model


def slope(props: Any, folder: Path, start: int, stop: int) -> Clip:
    """Greys that rise by two a frame."""
    folder.mkdir()
    greys = np.arange(start, stop, dtype=np.uint8)[:, None, None, None] * 2
    frames = np.broadcast_to(greys, (stop - start, 34, 50, 3))
    clip: Clip = props.write_movie(folder / "plate.mkv", frames, "ffv1", "bgr0", "rgb24")
    return clip


def insert(props: Any, tmp_path: Path, frames: int, model: str, after: bool = True) -> Job:
    inputs = {"before": slope(props, tmp_path / "before", 0, 8)}
    if after:
        inputs["after"] = slope(props, tmp_path / "after", 8 + frames, 16 + frames)
    values = {"frames": frames, "head": 2, "tail": 2 if after else 0}
    return Job("insert", str(tmp_path / "take"), "", inputs, values, model)


@pytest.mark.parametrize("frames", [6, 7, 24, 40])
def test_an_insert_goes_from_one_picture_to_the_other(
    props: Any, tmp_path: Path, frames: int
) -> None:
    """Lengths that the model makes, and those it does not; within a call, and across many."""
    engine, model = scripted(tmp_path, "ends", "keys")
    (take,) = engine.shoot(insert(props, tmp_path, frames, "keyed"))
    made = props.whole(take.media)[..., 0].mean((1, 2))
    expected = np.arange(6, 6 + frames + 4) * 2
    assert np.abs(made - expected).max() <= 3, "no jump at either side, none between"
    for sheet in model.seen:
        assert sorted(sheet.keys) == [0, sheet.frames - 1]
        assert sheet.paint is None


def test_an_insert_with_an_open_end_goes_on_from_one_picture(props: Any, tmp_path: Path) -> None:
    engine, model = scripted(tmp_path, "first", "keys")
    (take,) = engine.shoot(insert(props, tmp_path, 40, "keyed", after=False))
    assert len(props.whole(take.media)) == 42
    assert len(model.seen) == 3
    assert all(sorted(sheet.keys) == [0] for sheet in model.seen)
    assert [sheet.frames for sheet in model.seen] == [17, 17, 9], (
        "no call shows what it cannot tell"
    )


def test_one_that_takes_keys_anywhere_is_told_of_all_that_is_known(
    props: Any, tmp_path: Path
) -> None:
    engine, model = scripted(tmp_path, "anywhere", "keys")
    engine.shoot(insert(props, tmp_path, 9, "keyed"))
    (sheet,) = model.seen
    assert sorted(sheet.keys) == [0, 1, 11, 12]


def test_what_it_cannot_take_is_refused_and_it_is_said_where_it_takes_keys(
    props: Any, tmp_path: Path
) -> None:
    engine, _ = scripted(tmp_path, "first", "keys")
    with pytest.raises(ModelUnfit, match="but on the first frame alone"):
        engine.shoot(insert(props, tmp_path, 9, "keyed"))


def test_what_comes_before_the_first_known_frame_is_refused(props: Any, tmp_path: Path) -> None:
    engine, _ = scripted(tmp_path, "ends", "keys")
    job = Job(
        "insert",
        str(tmp_path / "take"),
        "",
        {"after": slope(props, tmp_path / "after", 20, 30)},
        {"frames": 6},
        "keyed",
    )
    with pytest.raises(ModelUnfit, match="but on the first frame, and with it the last"):
        engine.shoot(job)


def test_a_model_of_words_shoots_an_insert_of_words(tmp_path: Path) -> None:
    engine, model = scripted(tmp_path, "anywhere", "words")
    values = {"prompt": "a cat", "frames": 7, "width": 50, "height": 34, "rate": "24"}
    engine.shoot(Job("insert", str(tmp_path / "take"), "", {}, values, "keyed"))
    (sheet,) = model.seen
    assert (sheet.plate, sheet.keys, sheet.prompt) == (None, {}, "a cat")


@pytest.mark.parametrize("make", [tiny_wan_pictures, tiny_wan])
def test_a_whole_insert_with_a_real_checkpoint(
    props: Any, tmp_path: Path, make: Callable[..., Path]
) -> None:
    """First and last frame; and words with a first frame, as the small model takes it."""
    pictures = make is tiny_wan_pictures
    folder = (
        make(tmp_path / "checkpoint") if pictures else make(tmp_path / "checkpoint", 0, False, True)
    )
    (folder / "card.toml").write_text("area = 4096\nlongest = 9\nsteps = 2\n")
    engine = Engine(Settings(tmp_path / "no-models", "cpu"), None, [load(str(folder), "cpu")])
    job = insert(props, tmp_path, 10, "checkpoint", after=pictures)
    (take,) = engine.shoot(job)
    made, before = props.whole(take.media), props.whole(job.inputs["before"])
    assert np.array_equal(made[:2], before[-2:]), "handles are the plate's own bits"
    assert len(made) == (14 if pictures else 12)
    assert len({frame.tobytes() for frame in made[2:12]}) == 10
