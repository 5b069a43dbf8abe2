"""Paths an artist draws: laid on each window's frames and pixels, and followed by what is shot."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from secondunit.callsheet import FrameRule, Size
from secondunit.engine.local import Engine
from secondunit.models.testing import ScriptedModel, scripted_card
from secondunit.stage.fit import Fit
from secondunit_contract.job import Job
from secondunit_contract.problem import BadValue, ModelUnfit

LEADS = frozenset({"words", "plate", "paint", "edit", "keys", "strength", "tracks"})


@pytest.fixture
def lead(settings, tmp_path, props):
    """Shoot a task with paths by a scripted model; the sheets it saw."""
    count = iter(range(99))

    def make(task, values, paths, longest=17, **clips):
        honours = clips.pop("honours", LEADS)
        card = scripted_card(
            frames=FrameRule(1, 4, longest), honours=honours, **clips.pop("card", {})
        )
        model = ScriptedModel(card, props.loud)
        job = Job(
            task,
            str(tmp_path / "out" / f"take{next(count)}.mov"),
            inputs=clips,
            values={**values, "paths": paths},
            model="scripted",
        )
        Engine(settings, None, [model]).shoot(job)
        return model.seen

    return make


def path(*keys, **more):
    return {"keys": [list(each) for each in keys], **more}


def grey(props, folder, frames, size=(32, 48), first=1001):
    """A plate of one grey a frame, of a size that needs no fitting."""
    clip = np.full((frames, *size, 3), 90, np.uint8)
    return props.write_pictures(folder, clip, "png", first)


def test_a_tails_path_is_in_the_models_frames_and_pixels(lead, props, tmp_path):
    plate = grey(props, tmp_path / "p", 6)
    (sheet,) = lead("extend", {"tail": 4}, [path((1006, 0.25, 0.5), (1010, 0.75, 0.25))],
                    plate=plate)  # fmt: skip
    (track,) = sheet.tracks
    begin = min(track.path)
    assert not sheet.paint[begin].any()
    assert sheet.paint[begin + 1].all()
    found = [track.at(begin + step) for step in range(5)]
    expected = [(48 * (0.25 + 0.125 * n), 32 * (0.5 - 0.0625 * n)) for n in range(5)]
    assert np.allclose(found, expected)
    assert track.radius == pytest.approx(32 / 8)
    assert "tracks" in sheet.needs()


def test_shares_are_the_plates_wherever_it_lies_and_however_it_is_fitted(lead, props, tmp_path):
    """A plate of 50x34 in a picture of 70x44, shown at half of that and padded to 16."""
    frames = np.full((6, 34, 50, 3), 90, np.uint8)
    plate = props.write_pictures(tmp_path / "p", frames, "png", 1)
    sheets = lead(
        "extend", {"left": 20, "top": 10, "tail": 3}, [path((6, 0.0, 0.0), (9, 1.0, 1.0))],
        plate=plate, card={"area": 48 * 32, "multiple": 16},
    )  # fmt: skip
    track, sheet = sheets[0].tracks[0], sheets[0]
    assert (sheet.width, sheet.height) in ((32, 32), (48, 32))
    drawn = ~sheet.paint[0]  # the plate, as it is fitted: where its pixels are kept
    rows, columns = np.flatnonzero(drawn.any(1)), np.flatnonzero(drawn.any(0))
    begin = min(track.path)
    assert track.at(begin)[0] == pytest.approx(columns[0], abs=1.01)
    assert track.at(begin)[1] == pytest.approx(rows[0], abs=1.01)
    inner = Fit.into(Size(70, 44), scripted_card(area=48 * 32, multiple=16).reach).inner
    assert inner != (sheet.width, sheet.height), "there is padding"
    assert track.at(begin + 3) == pytest.approx(inner)


def test_a_path_goes_on_in_the_next_windows_where_it_is_then(lead, props, tmp_path):
    plate = grey(props, tmp_path / "p", 6)
    sheets = lead("extend", {"tail": 20}, [path((1006, 0.0, 0.5), (1026, 1.0, 0.5))],
                  longest=9, plate=plate)  # fmt: skip
    assert len(sheets) > 2
    reached = 1006
    for sheet in sheets:
        (track,) = sheet.tracks
        begin = min(track.path)
        assert begin in sheet.keys or not sheet.paint[begin].any(), "its picture is there"
        frame = 1006 + track.at(begin)[0] / 48 * 20
        assert frame == pytest.approx(reached), "the last frame that is there"
        last = max(track.path)
        reached = 1006 + track.at(last)[0] / 48 * 20
    assert reached == pytest.approx(1026)


def test_an_insert_counts_on_from_the_clip_before(lead, short, tmp_path):
    sheets = lead("insert", {"frames": 3}, [path((5, 0.2, 0.5), (8, 0.5, 0.5))], before=short)
    (track,) = sheets[0].tracks
    sheet, begin = sheets[0], min(sheets[0].tracks[0].path)
    assert sheet.paint[begin + 1].all()
    assert not sheet.paint[begin].any()
    inner = track.at(begin)[0] / 0.2
    assert track.at(begin + 2)[0] == pytest.approx(0.4 * inner)
    assert track.at(begin + 3)[0] == pytest.approx(0.5 * inner)


def test_a_bridge_is_led_over_frames_that_are_far_apart(lead, props, tmp_path):
    before, after = grey(props, tmp_path / "a", 4), grey(props, tmp_path / "b", 4, first=1)
    sheets = lead("insert", {"frames": 24}, [path((1004, 0.0, 0.5), (1028, 1.0, 0.5))],
                  longest=9, before=before, after=after)  # fmt: skip
    coarse = sheets[0].tracks[0]
    steps = np.diff([coarse.at(place)[0] for place in sorted(coarse.path)])
    assert steps.max() > 2 * 48 / 24, "not frame by frame"
    assert all(sheet.tracks for sheet in sheets)


def test_a_restyles_path_begins_where_it_is_drawn(lead, short, tmp_path):
    (sheet,) = lead("restyle", {"strength": 0.6}, [path((2, 0.5, 0.5), (5, 0.8, 0.5))], plate=short)
    (track,) = sheet.tracks
    assert min(track.path) == 2
    assert sheet.strength == 0.6


def test_what_leaves_the_plate_goes_on_beyond_it(lead, props, tmp_path):
    plate = grey(props, tmp_path / "p", 6)
    values = {"right": 48}
    (sheet,) = lead("extend", values, [path((1001, 0.5, 0.5), (1006, 1.75, 0.5), radius=0.2)],
                    plate=plate)  # fmt: skip
    (track,) = sheet.tracks
    begin = min(track.path)
    x, y = track.at(begin)
    around = sheet.paint[begin][int(y - 4) : int(y + 4), int(x - 4) : int(x + 4)]
    assert not around.any(), "cut out whole, inside the plate"
    assert track.at(5)[0] > 48, "and led out of it"


@pytest.mark.parametrize(
    ("task", "values", "paths", "said"),
    [
        ("extend", {"tail": 4}, [path((1006, 0.5, 0.5))], "on another frame too"),
        ("extend", {"tail": 4}, [path((1006, 0.5, 0.5), (1008, 1.2, 0.5))], "leaves the picture"),
        ("extend", {"tail": 4}, [path((1006, 0.5, 0.5), (1011, 0.5, 0.6))], "frame 1011"),
        ("extend", {"tail": 4}, [path((1006, 0.5, 0.5), (1006, 0.1, 0.5))], "two places on frame"),
        ("extend", {"tail": 4}, [path((1006, 300, 200), (1008, 0.1, 0.5))], "far outside"),
        ("extend", {"tail": 4}, [path((1, 0.5, 0.5), (2, 0.1, 0.5))] * 300, "300 paths"),
        ("extend", {"tail": 4}, [path((1, 0, 0), (2, 0.1, 0.5), radius=0)], "radius"),
        ("extend", {"tail": 4}, [{"keys": "around"}], "keys"),
        ("extend", {"tail": 4}, "left", "paths"),
        ("extend", {"head": 4}, [path((998, 0.5, 0.5), (1003, 0.1, 0.5))], "begins on frame 998"),
        ("extend", {"right": 8}, [path((1001, 0.2, 0.5), (1003, 0.3, 0.5))], "passes over nothing"),
    ],
)  # fmt: skip
def test_paths_that_cannot_be_meant_are_refused_in_a_sentence(
    lead, props, tmp_path, task, values, paths, said
):
    with pytest.raises(BadValue, match=said) as told:
        lead(task, values, paths, plate=grey(props, tmp_path / "p", 6))
    assert told.value.remedy
    assert not list((tmp_path / "out").glob("*")) if (tmp_path / "out").exists() else True


def test_an_insert_without_a_clip_before_has_nothing_that_could_go_along(lead, short):
    for clips, first in (({"after": short}, -3), ({}, 0)):
        drawn = [path((first, 0, 0), (first + 2, 1, 1))]
        with pytest.raises(BadValue, match="picture that could go along"):
            lead("insert", {"frames": 3, "prompt": "a gull"}, drawn, **clips)


def test_a_model_that_follows_no_paths_is_refused_and_one_that_does_is_named(lead, short):
    drawn = [path((5, 0.2, 0.5), (7, 0.6, 0.5))]
    with pytest.raises(ModelUnfit, match="following drawn tracks") as told:
        lead("extend", {"tail": 3}, drawn, honours=LEADS - {"tracks"}, plate=short)
    assert "starter" in told.value.remedy


def test_without_paths_nothing_is_asked_of_the_model(lead, short):
    (sheet,) = lead("extend", {"tail": 3}, [], plate=short)
    assert sheet.tracks == ()
    assert "tracks" not in sheet.needs()
    assert sheet.steps == scripted_card().steps


# ------------------------------------------------- shot by the model that comes along


def ball(props, folder):
    """Six frames of a white ball that rests on a soft ground."""
    rows, columns = np.mgrid[0:32, 0:64]
    ground = 60 + columns[..., None] * 0.6 + rows[..., None] * np.array([0.2, 0.5, 0.8])
    ground[np.hypot(columns - 15.5, rows - 15.5) <= 5] = 255
    return props.write_pictures(folder, np.repeat(ground[None].astype(np.uint8), 6, 0), "png", 1)


def middle(picture):
    """Where the ball is, by how much brighter than its ground each pixel is."""
    bright = np.clip(picture[..., :3].astype(float).mean(-1) - 175, 0, None)
    rows, columns = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]]
    return np.array([(bright * columns).sum(), (bright * rows).sum()]) / max(1e-6, bright.sum())


def test_a_ball_ends_where_its_path_does_and_again_with_the_same_bits(starter, props, tmp_path):
    plate = ball(props, tmp_path / "ball")

    def take(name, paths):
        job = Job("extend", str(tmp_path / f"{name}.mov"), inputs={"plate": plate},
                  values={"tail": 4, "paths": paths}, seed=3)  # fmt: skip
        return starter.shoot(job)[0]

    led = take("led", [path((6, 0.25, 0.5), (10, 0.75, 0.5), radius=0.25)])
    frames = props.whole(led.media)
    end = np.array([0.75 * 64, 0.5 * 32]) - 0.5
    free = props.whole(take("free", []).media)
    assert np.hypot(*(middle(free[-1]) - end)) > 25, "without a path it stays"
    assert np.hypot(*(middle(frames[-1]) - end)) < 4
    assert props.same(frames[:6], props.whole(plate)), "what was shot is as it was"
    again = take("again", [path((6, 0.25, 0.5), (10, 0.75, 0.5), radius=0.25)])
    assert props.same(props.whole(again.media), frames)
    rest = props.whole(take("rest", [path((6, 0.25, 0.5), (10, 0.25, 0.5), radius=0.25)]).media)
    assert np.hypot(*(middle(rest[-1]) - middle(props.whole(plate)[-1]))) < 2
    apart = [np.abs(each[6:].astype(float) - free[6:]).mean() for each in (rest, frames)]
    assert apart[0] < apart[1] / 4, "a path of rest changes little"


def test_a_side_car_tells_of_the_paths(starter, props, tmp_path):
    drawn = [path((6, 0.26, 0.51), (8, 0.5, 0.5))]
    job = Job("extend", str(tmp_path / "take.mov"), inputs={"plate": ball(props, tmp_path / "b")},
              values={"tail": 2, "paths": drawn})  # fmt: skip
    (take,) = starter.shoot(job)
    story = json.loads(Path(take.sidecar).read_text("utf-8"))
    assert story["job"]["values"]["paths"] == drawn
    sheet = json.dumps(story)
    assert '"tracks"' in sheet
    assert '"stand_ins"' in sheet
