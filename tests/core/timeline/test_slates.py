"""Slates are real movies: of the exact length and rate, with what is asked to be read on them."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from secondunit.callsheet import Cancelled, Size
from secondunit.engine.watching import Cancel
from secondunit.media.contact import AMBER
from secondunit.media.read import open_media
from secondunit.timeline.cards import Card, drawn
from secondunit.timeline.slates import make_slates
from secondunit_contract.frames import Rate, Timecode
from secondunit_contract.problem import TakeThere
from secondunit_otio.flavours import Slate

SMALL = Size(320, 180)
LINES = ("su-k3v9x0aa", "insert", "a gull over the harbour", "24 frames at 24")


@pytest.mark.parametrize("suffix", [".mov", ".mp4"])
@pytest.mark.parametrize(("rate", "first"), [(24, 86400), (30000 / 1001, 107892), (25, 0)])
def test_length_rate_and_timecode_are_exact(tmp_path, suffix, rate, first):
    rate = Rate.of(rate)
    slate = Slate(str(tmp_path / "slates" / f"a{suffix}"), LINES, first, 7, rate)
    (made,) = make_slates([slate], SMALL)
    with open_media(made) as reader:
        assert len(reader.footage.range) == 7
        assert reader.footage.rate == rate
        assert reader.footage.timecode == Timecode(first, rate)
        assert reader.footage.size == SMALL


def test_the_id_is_amber_and_the_count_runs(tmp_path):
    slate = Slate(str(tmp_path / "a.mov"), LINES, 86400, 4, Rate.of(24))
    (made,) = make_slates([slate], Size(640, 360))
    with av.open(str(made)) as container:
        frames = [each.to_ndarray(format="rgb24") for each in container.decode(video=0)]
    amber = [(np.abs(each.astype(int) - AMBER).max(2) < 30).sum() for each in frames]
    assert min(amber) > 200
    foot = 360 - 60
    assert np.abs(frames[0][:foot].astype(int) - frames[3][:foot]).max() < 6, "the words stand"
    runs = np.abs(frames[0][foot:].astype(int) - frames[3][foot:])
    assert (runs > 60).sum() > 100, "the foot counts"


def test_other_words_make_another_picture():
    one, other = (drawn(Card("", "su-k3v9x0aa", (text,)), SMALL) for text in ("a gull", "a crane"))
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("size", [Size(16, 16), Size(200, 356), Size(4096, 100), SMALL])
def test_any_size_and_any_words_fit(size):
    long = "word " * 200 + "x" * 3000 + " \u65e5\u672c\u8a9e \0 \ud83c"
    picture = drawn(Card("above", long, (long, "", long), True), size)
    assert picture.shape == (size.height, size.width, 3)


def test_a_slate_that_stands_is_kept_and_anything_else_refused(tmp_path):
    path = tmp_path / "a.mov"
    slate = Slate(str(path), LINES, 8, 5, Rate.of(24))
    assert make_slates([slate], SMALL) == [path]
    before = path.stat().st_mtime_ns
    assert make_slates([slate], SMALL) == []
    assert path.stat().st_mtime_ns == before
    for other in (
        Slate(str(path), LINES, 8, 6, Rate.of(24)),
        Slate(str(path), LINES, 8, 5, Rate.of(25)),
    ):
        with pytest.raises(TakeThere):
            make_slates([other], SMALL)
    path.write_bytes(b"somebody's")
    with pytest.raises(TakeThere):
        make_slates([slate], SMALL)
    assert path.read_bytes() == b"somebody's"


def test_frames_before_zero_have_no_timecode_but_a_number(tmp_path):
    slate = Slate(str(tmp_path / "a.mov"), LINES, -8, 5, Rate(Fraction(24)))
    (made,) = make_slates([slate], SMALL)
    with open_media(made) as reader:
        assert len(reader.footage.range) == 5


def test_stopping_leaves_no_half_slate(tmp_path):
    cancel = Cancel()
    cancel.wish()
    with pytest.raises(Cancelled):
        make_slates(
            [Slate(str(tmp_path / "a.mov"), LINES, 0, 50, Rate.of(24))], SMALL, cancel=cancel
        )
    assert list(tmp_path.iterdir()) == []
