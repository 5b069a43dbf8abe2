"""Traced splines lie on the matte, keep their points through time, and paint it again."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from PIL import Image

from secondunit.matting.follow import courses, followed
from secondunit.matting.measure import measured
from secondunit.matting.outline import outlines
from secondunit.matting.splines import rasterised, splines_from_json
from secondunit.matting.trace import traced
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.problem import BadValue, MediaEmpty, RangeOutside, SizeDisagrees

DOWN, ACROSS = np.mgrid[:120, :160] + 0.5
TURNS = np.radians(36 * np.arange(10))
STRAIGHT = 1.0  # pixels that a frame without a key may be farther off
STAR = np.where(np.arange(10) % 2, 18, 44)[:, None] * np.stack([np.cos(TURNS), np.sin(TURNS)], -1)


def painted(corners: np.ndarray, finer: int = 16) -> np.ndarray:
    """A polygon's alpha (120,160), each pixel the share of it inside; corners as x, y."""
    large = np.zeros((120 * finer, 160 * finer), np.uint8)
    cv2.fillPoly(large, [np.rint(corners * finer - 0.5).astype(np.int32)], 255)
    return cv2.resize(large, (160, 120), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def disc(x: float, y: float, radius: float, width: float = 1.0) -> np.ndarray:
    """A disc with an edge so many pixels wide."""
    away = np.hypot(ACROSS - x, DOWN - y)
    return np.clip((radius - away) / width + 0.5, 0, 1).astype(np.float32)


def turning_star(frames: int, degrees: float, step: tuple[float, float]):
    """A star that turns and moves: alphas, and where a point of frame 0 is on each frame."""
    turns = np.radians(degrees * np.arange(frames))
    turn = np.stack([np.cos(turns), -np.sin(turns), np.sin(turns), np.cos(turns)], -1)
    turn = turn.reshape(-1, 2, 2)
    centre = np.array([60, 60]) + np.arange(frames)[:, None] * step
    alphas = [painted(STAR @ r.T + c) for r, c in zip(turn, centre, strict=True)]
    return alphas, turn, centre


def footage(samples, folder: str, name: str, frames: range) -> list[np.ndarray]:
    files = [samples / "footage" / folder / name.format(number) for number in frames]
    return [np.asarray(Image.open(file).convert("L"), np.float32) / 255 for file in files]


def test_an_outline_lies_where_alpha_is_one_half() -> None:
    for width in (1, 4, 10):
        (edge,) = outlines(disc(80.3, 60.2, 40, width), 16)
        away = np.hypot(*(edge.points - [80.3, 60.2]).T)
        assert np.abs(away - 40).max() < 0.15
        assert edge.area == pytest.approx(np.pi * 1600, rel=0.002)
        assert edge.feather == pytest.approx(width, abs=0.6)


def test_few_points_draw_a_disc_and_paint_its_soft_edge() -> None:
    alpha = disc(80.3, 60.2, 40, 6)
    splines = traced([alpha], first=1001, rate=Rate.of(23.976), tolerance=0.3)
    (shape,) = splines.shapes
    assert (shape.first, shape.last, shape.hole) == (1001, 1001, False)
    assert shape.points.shape[1] <= 6
    assert shape.error <= 0.3
    away = np.hypot(*(shape.outline(1001) - [80.3, 60.2]).T)
    assert np.abs(away - 40).max() < 0.4
    assert np.abs(rasterised(splines, 1001) - alpha).mean() < 0.005
    hard = rasterised(splines, 1001, soft=False)
    assert np.abs(hard - disc(80.3, 60.2, 40)).mean() < 0.002
    assert np.abs(hard - alpha).mean() > 0.01


def test_what_stands_still_stays_still() -> None:
    alphas, *_ = turning_star(6, 0, (0, 0))
    (shape,) = traced(alphas).shapes
    assert len(shape.points) == 6
    assert np.abs(shape.points - shape.points[0]).max() < 1e-6


@pytest.mark.parametrize(("degrees", "step"), [(0, (4.0, 1.3)), (5, (0, 0)), (5, (3, 0.5))])
def test_points_go_where_the_thing_goes(degrees, step) -> None:
    alphas, turn, centre = turning_star(8, degrees, step)
    (shape,) = traced(alphas).shapes
    at = shape.points[..., :2]
    # each frame's points brought back to where they would be had nothing moved
    back = np.stack([(p - c) @ r for p, r, c in zip(at, turn, centre, strict=True)])
    strayed = np.hypot(*np.moveaxis(back - back[0], -1, 0))
    assert np.median(strayed) < 1
    assert strayed.max() < 5
    moved = np.hypot(*np.moveaxis(at - at[0], -1, 0)).max()
    assert moved > 5 * strayed.mean()


def test_the_tolerance_is_kept_or_the_error_says_so() -> None:
    alphas, *_ = turning_star(3, 5, (2, 0))
    counts = []
    for tolerance in (4.0, 1.0, 0.5):
        (shape,) = traced(alphas, tolerance=tolerance).shapes
        counts.append(shape.points.shape[1])
        assert shape.error <= tolerance + STRAIGHT
        for number, alpha in enumerate(alphas):
            (edge,) = outlines(alpha, 16)
            apart = shape.outline(number)[:, None] - edge.points[None]
            apart = np.hypot(apart[..., 0], apart[..., 1])
            # both ways: no part of the edge is missed, no part of the curve strays
            assert max(apart.min(0).max(), apart.min(1).max()) < tolerance + STRAIGHT + 1.5
    assert counts[0] < counts[-1]
    (shape,) = traced(alphas, tolerance=0.5, most=5).shapes
    assert shape.points.shape[1] <= 5
    assert shape.error > 2


def on_its_keys(shape, frame: int) -> np.ndarray:
    """The points a host shows on a frame, that goes straight from key to key."""
    at = np.array(shape.keys)
    places = shape.points.reshape(len(shape.points), -1)[at - shape.first]
    return np.array([np.interp(frame, at, each) for each in places.T]).reshape(-1, 6)


def between(line: np.ndarray, other: np.ndarray) -> float:
    """Pixels from the farthest of a closed line's corners to the other line, both ways."""
    fine = [np.concatenate([np.linspace(a, b, 8, endpoint=False) for a, b in
            zip(each, np.roll(each, -1, 0), strict=True)]) for each in (line, other)]  # fmt: skip
    apart = np.hypot(*np.moveaxis(fine[0][:, None] - fine[1][None], -1, 0))
    return float(max(apart.min(0).max(), apart.min(1).max()))


def test_an_even_way_has_keys_at_its_ends_alone() -> None:
    alphas, *_ = turning_star(12, 0, (3.0, 1.0))
    (shape,) = traced(alphas, first=1001).shapes
    assert shape.keys == (1001, 1012)


def test_a_turn_of_the_way_has_a_key() -> None:
    there, *_ = turning_star(7, 0, (4, 0))
    (shape,) = traced([*there, *there[-2::-1]]).shapes
    assert 6 in shape.keys
    assert len(shape.keys) <= 5


@pytest.mark.parametrize("straight", [0.25, 0.5, 1.0])
def test_between_its_keys_a_shape_stays_on_the_matte(straight) -> None:
    alphas, *_ = turning_star(14, 4, (1.5, 0.5))
    (shape,) = traced(alphas, first=1001, straight=straight).shapes
    assert len(shape.keys) < 10
    assert shape.error <= 1 + straight
    for frame, alpha in zip(range(1001, 1015), alphas, strict=True):
        assert np.allclose(shape.points[frame - 1001], on_its_keys(shape, frame), atol=1e-9)
        (edge,) = outlines(alpha, 16)
        assert between(shape.outline(frame), edge.points) < 1 + straight + 0.3, frame


def test_on_its_keys_a_shape_is_as_if_each_frame_had_one() -> None:
    alphas, *_ = turning_star(14, 4, (1.5, 0.5))
    all_of_them = range(1001, 1015)
    (every,) = traced(alphas, first=1001, held=all_of_them).shapes
    (shape,) = traced(alphas, first=1001).shapes
    assert every.keys == tuple(all_of_them)
    for frame in shape.keys:
        assert np.array_equal(shape.points[frame - 1001], every.points[frame - 1001])


def test_frames_an_artist_drew_keep_their_keys() -> None:
    alphas, *_ = turning_star(12, 0, (3.0, 1.0))
    (shape,) = traced(alphas, first=1001, held=(1004, 1009, 2000)).shapes
    assert shape.keys == (1001, 1004, 1009, 1012)


def test_an_edge_that_softens_at_once_has_keys_there() -> None:
    alphas = [disc(80, 60, 30, 1 if number < 6 else 12) for number in range(12)]
    (shape,) = traced(alphas).shapes
    assert {5, 6} <= set(shape.keys)


def test_holes_and_islands_are_shapes_of_their_own() -> None:
    ring = disc(80, 60, 50) - disc(80, 60, 30) + disc(80, 60, 12)
    splines = traced([ring, np.roll(ring, 3, 1)])
    assert [shape.hole for shape in splines.shapes] == [False, True, False]
    assert [shape.name for shape in splines.shapes] == ["shape 1", "hole 2", "shape 3"]
    for frame, alpha in enumerate((ring, np.roll(ring, 3, 1))):
        assert np.abs(rasterised(splines, frame) - alpha).mean() < 0.005


def test_shapes_come_and_go() -> None:
    frames = [disc(40, 60, 20) for _ in range(10)]
    for number in range(3, 8):
        frames[number] = np.maximum(frames[number], disc(100 + 3 * number, 40, 15))
    frames[5] = np.maximum(frames[5], disc(60, 110, 4))  # a speck on one frame
    splines = traced(frames, first=100)
    assert [(s.first, s.last) for s in splines.shapes] == [(100, 109), (103, 107)]
    assert {len(shape.feather) - len(shape.points) for shape in splines.shapes} == {0}
    assert rasterised(splines, 102)[40, 115] == 0
    assert rasterised(splines, 105)[40, 115] == 1
    with_specks = traced(frames, first=100, shortest=1)
    assert [(s.first, s.last) for s in with_specks.shapes][-1] == (105, 105)
    assert len(traced(frames, first=100, shortest=1, smallest=100).shapes) == 2
    # what is cut off by the shot's end may be the begin of something
    assert len(traced(frames[:6], first=100).shapes) == 3


def test_a_shape_that_touches_the_border_goes_on_outside() -> None:
    splines = traced([disc(0, 60, 30)])
    assert splines.shapes[0].outline(0)[:, 0].min() < -4
    painted_again = rasterised(splines, 0)
    assert painted_again.shape == (120, 160)
    assert painted_again[45:75, 0].min() == pytest.approx(1, abs=1e-3)


def test_json_holds_everything(tmp_path) -> None:
    alphas, *_ = turning_star(3, 5, (2, 0))
    splines = traced(alphas, first=1001, rate=Rate.of(23.976))
    message = json.loads(json.dumps(splines.to_json()))
    assert message["schema"] == "secondunit.splines/1"
    assert message["size"] == [160, 120]
    assert message["rate"] == "24000/1001"
    assert message["range"] == [1001, 1003]
    shape = message["shapes"][0]
    assert (shape["kind"], shape["closed"], shape["hole"]) == ("bezier", True, False)
    assert {len(frame) for frame in shape["points"]} == {splines.shapes[0].points.shape[1]}
    assert {len(point) for frame in shape["points"] for point in frame} == {6}
    assert shape["keys"] == list(splines.shapes[0].keys)
    back = splines_from_json(message)
    assert (back.size, back.range, back.rate) == (splines.size, splines.range, splines.rate)
    for frame in back.range:
        assert np.abs(rasterised(back, frame) - rasterised(splines, frame)).max() < 0.01


def test_foreign_or_damaged_json_is_refused() -> None:
    message = traced([disc(80, 60, 20)]).to_json()
    with pytest.raises(BadValue, match="splines/2"):
        splines_from_json(message | {"schema": "secondunit.splines/2"})
    with pytest.raises(BadValue, match="damaged"):
        splines_from_json({key: message[key] for key in message if key != "size"})
    old = {**message, "shapes": [{k: v for k, v in message["shapes"][0].items() if k != "keys"}]}
    assert splines_from_json(old).shapes[0].keys == ()
    strange = {**message["shapes"][0], "keys": [7]}
    with pytest.raises(BadValue, match="not there on"):
        splines_from_json({**message, "shapes": [strange]})
    message["shapes"][0]["last"] += 1
    with pytest.raises(BadValue, match="lacks points"):
        splines_from_json(message)


def test_what_cannot_be_traced_is_refused() -> None:
    with pytest.raises(MediaEmpty):
        traced([])
    with pytest.raises(SizeDisagrees):
        traced([np.zeros((20, 30), np.float32), np.zeros((20, 31), np.float32)])
    with pytest.raises(BadValue, match="no numbers"):
        traced([np.full((20, 30), np.nan, np.float32)])
    with pytest.raises(BadValue, match="tolerance"):
        traced([np.zeros((20, 30), np.float32)], tolerance=0)
    empty = traced([np.zeros((20, 30), np.float32)] * 3, first=7)
    assert empty.shapes == ()
    assert empty.range == FrameRange(7, 9)
    assert rasterised(empty, 8).max() == 0
    with pytest.raises(RangeOutside):
        rasterised(empty, 10)


def test_a_player_who_runs_is_one_shape(samples) -> None:
    alphas = footage(samples, "camera_pan_tennis/mask", "{:04d}.png", range(12, 20))
    splines = traced(alphas, first=12)
    again = [rasterised(splines, frame, soft=False) for frame in splines.range]
    scores = measured(again, alphas)
    assert scores.j > 0.965
    assert scores.f > 0.98
    player = splines.shapes[0]
    assert (player.first, player.last) == (12, 19)
    assert player.points.shape[1] <= 64
    assert player.error <= 1 + STRAIGHT
    # beside the least that an artist would do: the first frame's shape moved with the subject
    held = [np.roll(again[0], _shift(alphas[0], alpha), (0, 1)) for alpha in alphas]
    assert measured(held, alphas).j < scores.j - 0.1


def test_soft_edges_are_painted_soft(samples) -> None:
    alphas = footage(samples, "plate_true_alpha", "alpha_{:04d}.png", range(9, 13))
    splines = traced(alphas, first=9)
    soft = measured([rasterised(splines, frame) for frame in splines.range], alphas)
    hard = measured([rasterised(splines, frame, soft=False) for frame in splines.range], alphas)
    assert soft.j > 0.965
    assert soft.mad < 0.7 * hard.mad


def test_a_place_followed_stays_in_order_and_covers_the_edge() -> None:
    alphas, *_ = turning_star(5, 8, (3, 0))
    (course,) = courses(([*outlines(alpha, 16)] for alpha in alphas), 0)
    places = followed(course.outlines)
    for number, edge in enumerate(course.outlines):
        apart = np.hypot(*np.moveaxis(places[number][:, None] - edge.points[None], -1, 0))
        assert apart.min(1).max() < 0.5
        assert apart.min(0).max() < 2


def _shift(before: np.ndarray, after: np.ndarray) -> tuple[int, int]:
    centres = [np.argwhere(alpha > 0.5).mean(0) for alpha in (before, after)]
    down, across = np.rint(centres[1] - centres[0]).astype(int)
    return int(down), int(across)
