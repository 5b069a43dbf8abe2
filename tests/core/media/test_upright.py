"""Movies of cameras that were held otherwise, or that did not keep their pace."""

import struct
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from secondunit.media.format import Format
from secondunit.media.read import open_media
from secondunit.media.write import create

# What a player does, in the words of FFmpeg's own filters.
TURNS = {0: [], 90: ["transpose=cclock"], -90: ["transpose=clock"], 180: ["hflip", "vflip"]}
MIRRORED = struct.pack(">9i", -(1 << 16), 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)


def pictures(count=5):
    return np.random.default_rng(7).integers(0, 256, (count, 36, 50, 3)).astype(np.uint8)


def movie(path: Path, turn=0, times=range(5), codec="libx264rgb", base=Fraction(1, 24)) -> Path:
    """Lossless pictures, shown at these times."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(24), options={"qp": "0"})
        stream.height, stream.width, stream.pix_fmt = 36, 50, "rgb24"
        stream.codec_context.time_base = base
        if turn:
            stream.set_display_rotation(turn)
        for time, each in zip(times, pictures(len(times)), strict=True):
            picture = av.VideoFrame.from_ndarray(each, format="rgb24")
            picture.pts, picture.time_base = time, base
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def filtered(frames, filters):
    """The frames as FFmpeg's filters turn them."""
    graph = av.filter.Graph()
    ends = [graph.add_buffer(width=50, height=36, format="rgb24", time_base=Fraction(1, 24))]
    ends += [graph.add(*each.split("=")) for each in filters] + [graph.add("buffersink")]
    for one, other in pairwise(ends):
        one.link_to(other)
    graph.configure()
    for each in frames:
        graph.push(av.VideoFrame.from_ndarray(each, format="rgb24"))
        yield graph.pull().to_ndarray(format="rgb24")


@pytest.mark.parametrize("turn", TURNS)
def test_pictures_stand_as_players_show_them(tmp_path, turn):
    path = movie(tmp_path / "a.mov", turn)
    shown = np.stack(list(filtered(pictures(), TURNS[turn])))
    with open_media(path) as reader:
        footage = reader.footage
        assert (footage.size.height, footage.size.width) == shown.shape[1:3]
        assert np.array_equal(np.stack(list(reader.frames(footage.range))), shown)
        assert np.array_equal(reader.frame(3), shown[3])
        assert "rotation" not in footage.metadata
        assert footage.remarks == ()


def test_a_mirrored_movie_is_shown_mirrored(tmp_path):
    path = movie(tmp_path / "a.mov", 180)
    half_turn = struct.pack(">9i", -(1 << 16), 0, 0, 0, -(1 << 16), 0, 0, 0, 1 << 30)
    whole = path.read_bytes()
    assert whole.count(half_turn) == 1
    path.write_bytes(whole.replace(half_turn, MIRRORED))
    with open_media(path) as reader:
        assert np.array_equal(reader.frame(2), pictures()[2][:, ::-1])


def test_the_pixels_shape_turns_with_the_picture(tmp_path):
    path = tmp_path / "a.mov"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264rgb", rate=24)
        stream.height, stream.width, stream.pix_fmt = 36, 50, "rgb24"
        stream.codec_context.sample_aspect_ratio = Fraction(2, 1)
        stream.set_display_rotation(90)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(pictures(1)[0], format="rgb24")))
        container.mux(stream.encode(None))
    with open_media(path) as reader:
        assert reader.footage.pixel_aspect == Fraction(1, 2)


def test_a_take_of_a_turned_movie_stands_upright_without_a_word(tmp_path):
    with open_media(movie(tmp_path / "a.mov", -90)) as reader:
        with create(tmp_path / "b.mov", Format.like(reader.footage)) as writer:
            for each in reader.frames(reader.footage.range):
                writer.write(each)
        shown = reader.frame(4)
    with av.open(str(tmp_path / "b.mov")) as container:
        assert next(container.decode(video=0)).rotation == 0
    with open_media(tmp_path / "b.mov") as reader:
        assert np.array_equal(reader.frame(4), shown)


def test_a_movie_that_is_askew_is_taken_as_it_lies_and_says_so(tmp_path):
    with open_media(movie(tmp_path / "a.mov", 12.5)) as reader:
        assert np.array_equal(reader.frame(0), pictures()[0])
        [remark] = reader.footage.remarks
        assert "12.5°" in remark
        assert float(reader.footage.metadata["rotation"]) == 12.5


@pytest.mark.parametrize("suffix", [".mov", ".mp4", ".mkv"])
def test_uneven_frames_are_told_of_and_even_ones_are_not(tmp_path, suffix):
    even = {
        "film": (range(40), Fraction(1, 24)),
        "ntsc": (range(0, 40 * 1001, 1001), Fraction(1, 30_000)),
        "late": (range(100, 140), Fraction(1, 25)),
    }
    for name, (times, base) in even.items():
        with open_media(movie(tmp_path / f"{name}{suffix}", 0, times, base=base)) as reader:
            assert reader.footage.remarks == (), name
            assert len(reader.footage.range) == 40
    uneven = {
        "dropped": [*range(20), *range(22, 42)],
        "slowing": [number + number * number // 40 for number in range(40)],
    }
    for name, told in uneven.items():
        with open_media(movie(tmp_path / f"{name}{suffix}", 0, told)) as reader:
            [remark] = reader.footage.remarks
            assert "unevenly" in remark, name
            assert str(reader.footage.rate) in remark
