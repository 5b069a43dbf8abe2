"""Frames for panels over HTTP: the right ones, small, in order, and refused in words."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from secondunit.callsheet import Size
from secondunit.media.depth import Depth
from secondunit.media.format import Format
from secondunit.media.write import create
from secondunit.service.testing import RATE
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_contract.problem import BadValue, MediaMissing, PathOutside, RangeOutside
from secondunit_panel.client import Client, ServiceGone, framed


@pytest.fixture(scope="module")
def wedge(tmp_path_factory) -> str:
    """Eight frames from 1001 on, each a step brighter, its right half transparent."""
    path = tmp_path_factory.mktemp("wedge") / "seq.####.png"
    with create(path, Format("png", Size(192, 96), RATE, Depth(8, False), True), 1001) as writer:
        for frame in range(8):
            picture = np.full((96, 192, 4), 20 + 25 * frame, np.uint8)
            picture[..., 3] = np.where(np.arange(192) < 96, 255, 0)
            writer.write(picture)
    return str(path)


@pytest.fixture
def client(ask) -> Client:
    return Client(f"http://127.0.0.1:{ask.service.port}", ask.service.keys.token)


def seen(files) -> list[np.ndarray]:
    return [np.asarray(Image.open(io.BytesIO(each))).astype(int) for each in files]


def test_the_frames_asked_for_come_in_their_order(client, wedge):
    frames = seen(client.pictures(Clip(wedge), FrameRange(1003, 1006), side=48))
    assert [each.shape for each in frames] == [(24, 48, 3)] * 4
    assert [abs(each[:, :20].mean() - 20 - 25 * n) < 3 for n, each in enumerate(frames, 2)] == [
        True
    ] * 4


def test_the_alpha_comes_by_itself(client, wedge):
    [alpha] = seen(client.pictures(Clip(wedge), FrameRange(1001, 1001), layer="alpha"))
    assert alpha.shape == (96, 192)
    assert alpha[:, :90].min() > 250
    assert alpha[:, 102:].max() < 5


def test_a_movies_frames_may_carry_a_takes_numbers(client, samples):
    movie = str(samples / "footage" / "person_juggle.mp4")
    [plain] = seen(client.pictures(Clip(movie), FrameRange(7, 7)))
    [named] = seen(client.pictures(Clip(movie, media_start=1001), FrameRange(1008, 1008)))
    [other] = seen(client.pictures(Clip(movie, media_start=1001), FrameRange(1001, 1001)))
    assert np.array_equal(plain, named)
    assert not np.array_equal(plain, other)


def test_what_is_wrong_is_told_before_a_picture_comes(client, ask, wedge, tmp_path):
    one = FrameRange(1001, 1001)
    with pytest.raises(MediaMissing):
        list(client.pictures(Clip(str(tmp_path / "gone.mov")), one))
    with pytest.raises(RangeOutside):
        list(client.pictures(Clip(wedge), FrameRange(1001, 1020)))
    with pytest.raises(PathOutside):
        list(client.pictures(Clip("/etc/shadow"), one))
    for side in (0, 15, 5000, 3.5, True, "wide"):
        with pytest.raises(BadValue):
            list(client.pictures(Clip(wedge), one, side=side))
    with pytest.raises(BadValue):
        list(client.pictures(Clip(wedge), FrameRange(1, 5000)))
    for body in ({}, {"clip": 3}, {"clip": {"media": wedge}, "layer": "depth"}, []):
        assert ask("POST", "/v1/pictures", body).code == "value.wrong"


def test_a_stream_that_ends_early_is_no_clip(client, wedge, monkeypatch):
    def torn(clip, side, layer):
        yield b"one"
        raise EOFError

    monkeypatch.setattr("secondunit.service.pictures.jpegs", torn)
    came = client.pictures(Clip(wedge), FrameRange(1001, 1003))
    assert next(came) == b"one"
    with pytest.raises(ServiceGone):
        next(came)


def test_files_come_out_of_a_stream_cut_anywhere():
    files = [b"", b"a", bytes(range(256)) * 3]
    stream = b"".join(len(each).to_bytes(4, "big") + each for each in files)
    for size in (1, 3, 7, 2000):
        blocks = [stream[at : at + size] for at in range(0, len(stream), size)]
        assert list(framed(iter(blocks), 3)) == files
        with pytest.raises(EOFError):
            list(framed(iter(blocks[:-1]), 3))
