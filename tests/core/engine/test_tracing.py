"""Shapes beside a take keep the frames an artist drew."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from secondunit.engine.tracing import Tracing, drawn_on
from secondunit_contract.frames import FrameRange, Rate


def shot(drawn, mattes=True):
    """A shot that delivers its laid-out frames 2 to 7, of which so many have a matte."""
    layout = SimpleNamespace(deliver=range(2, 8))
    marks = {index: np.ones((2, 2)) for index in drawn}
    return SimpleNamespace(layout=layout, draws_mattes=mattes, marks=marks.get)


@pytest.mark.parametrize(
    ("drawn", "mattes", "found"),
    [((2, 5), True, [0, 3]), ((), True, []), (range(2, 8), True, []), ((2, 5), False, [])],
    ids=["a few", "none", "all of them, which singles out none", "clicks only hint"],
)
def test_the_frames_an_artist_drew_are_those_of_the_take(drawn, mattes, found):
    assert drawn_on(shot(drawn, mattes)) == found


def test_the_file_beside_a_take_has_keys_where_mattes_were_drawn(tmp_path):
    tracing = Tracing()
    for step in range(8):
        alpha = np.zeros((60, 80), np.float32)
        alpha[20:40, 10 + 3 * step : 30 + 3 * step] = 1
        tracing.saw(alpha)
    span = FrameRange(1001, 1008)
    take = SimpleNamespace(media=str(tmp_path / "take.mov"), range=span, rate=Rate.of(24))
    told = json.loads(tracing.written(take, [3]).read_text("utf-8"))
    assert told["shapes"][0]["keys"] == [1001, 1004, 1008]
