"""Footage that cannot be read says so when it is opened, in words that name the file."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from secondunit.media.depth import Depth
from secondunit.media.read import open_media
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.problem import (
    BadValue,
    MediaEmpty,
    MediaMissing,
    MediaProblem,
    MediaTruncated,
    MediaUnreadable,
    RangeOutside,
    RateDisagrees,
)


def cut(path: Path, share: float) -> Path:
    """The beginning of a file, beside it."""
    short = path.with_name(f"cut{path.suffix}")
    whole = path.read_bytes()
    short.write_bytes(whole[: int(len(whole) * share)])
    return short


def read_all(path: Path) -> int:
    with open_media(path) as reader:
        return sum(1 for _ in reader.frames(reader.footage.range))


@pytest.mark.parametrize("name", ["no.mov", "no.####.exr", "no.png", "no/folder/a.mov"])
def test_missing(tmp_path: Path, name: str) -> None:
    with pytest.raises(MediaMissing) as caught:
        open_media(tmp_path / name)
    assert Path(name).name in caught.value.where
    assert caught.value.remedy


def test_no_name_at_all() -> None:
    for name in ("", "  ", "a\0b.mov"):
        with pytest.raises(BadValue):
            open_media(Clip(name))


@pytest.mark.parametrize("name", ["a.mov", "a.mkv", "a.exr", "a.png", "a.dpx", "a.tif", "a.txt"])
def test_not_what_the_name_says(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"a letter to the producer\n" * 500)
    with pytest.raises(MediaUnreadable) as caught:
        open_media(tmp_path / name)
    assert caught.value.where.endswith(name)


def test_an_empty_file_holds_no_frame(tmp_path: Path) -> None:
    (tmp_path / "a.mov").touch()
    with pytest.raises(MediaEmpty):
        open_media(tmp_path / "a.mov")
    (tmp_path / "a.exr").touch()
    with pytest.raises(MediaProblem):
        open_media(tmp_path / "a.exr")


def test_sound_alone_holds_no_frame(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=48000)
        quiet = av.AudioFrame.from_ndarray(np.zeros((1, 960), np.int16), "s16", "stereo")
        quiet.sample_rate = 48000
        container.mux(stream.encode(quiet))
    with pytest.raises(MediaEmpty):
        open_media(path)


@pytest.mark.parametrize("name", ["none.mov", "none.mp4"])
def test_a_movie_with_a_header_and_no_frame(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=24)
        stream.width, stream.height = 96, 64
        container.start_encoding()
    assert path.stat().st_size > 100
    with pytest.raises(MediaEmpty):
        open_media(path)


def test_a_movie_cut_right_after_its_header(movie) -> None:
    path = movie("none.mkv", frames=1)
    whole = path.read_bytes()
    # The cluster holds the frames: without it, only the header is left.
    path.write_bytes(whole[: whole.index(b"\x1f\x43\xb6\x75")])
    with pytest.raises(MediaTruncated):
        open_media(path)


def test_a_cut_movie_says_how_much_is_there(movie) -> None:
    path = movie("a.mp4", "mpeg4", options={"g": "10", "movflags": "faststart"})
    plain = path.read_bytes()
    fast = path.with_name("fast.mp4")
    with (
        av.open(str(path)) as source,
        av.open(str(fast), "w", options={"movflags": "faststart"}) as container,
    ):
        stream = container.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                container.mux(packet)
    assert read_all(fast) == 40
    with pytest.raises(MediaTruncated, match=r"\d+ of its 40 frames") as caught:
        open_media(cut(fast, 0.7))
    held = int(caught.value.what.split(":")[1].split()[0])
    assert 5 < held < 40
    assert plain.index(b"mdat") < plain.index(b"moov")
    with pytest.raises(MediaTruncated, match="before the list of its frames"):
        open_media(cut(path, 0.7))


@pytest.mark.parametrize(("name", "codec"), [("a.mkv", "ffv1"), ("a.avi", "mpeg4")])
def test_a_cut_movie_without_a_list(movie, name: str, codec: str) -> None:
    path = movie(name, codec)
    with pytest.raises(MediaTruncated, match=r"\d+ of its 40 frames"):
        open_media(cut(path, 0.5))


def test_a_cut_sample(samples: Path, tmp_path: Path) -> None:
    whole = (samples / "footage" / "yellowscreen_mdn.mp4").read_bytes()
    for share in (0.02, 0.3, 0.9, 0.999):
        path = tmp_path / "cut.mp4"
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(MediaTruncated):
            open_media(path)


@pytest.mark.parametrize("suffix", ["exr", "dpx", "tif", "png", "jpg"])
@pytest.mark.parametrize("share", [0.01, 0.5, 0.9])
def test_a_cut_picture_names_its_file(
    tmp_path: Path, noise, picture, suffix: str, share: float
) -> None:
    depth = Depth(16, floating=True) if suffix == "exr" else Depth(8)
    for number in (1, 2, 3):
        picture(tmp_path / f"a.{number}.{suffix}", noise(depth, 3))
    broken = tmp_path / f"a.2.{suffix}"
    whole = broken.read_bytes()
    broken.write_bytes(whole[: int(len(whole) * share)])
    with open_media(tmp_path / f"a.#.{suffix}") as reader:
        assert reader.frame(1).shape == (36, 50, 3)
        with pytest.raises((MediaTruncated, MediaUnreadable)) as caught:
            reader.frame(2)
        assert caught.value.where.endswith(broken.name)
        assert reader.frame(3).shape == (36, 50, 3)


def test_range_outside_says_what_is_there(samples: Path) -> None:
    path = str(samples / "footage" / "synth_true_alpha_fg" / "green.mp4")
    for first, last in ((0, 12), (-1, 3), (12, 12), (500, 600)):
        with pytest.raises(RangeOutside, match="0-11"):
            open_media(Clip(path, FrameRange(first, last)))
    with open_media(path) as reader:
        with pytest.raises(RangeOutside, match="0-11"):
            reader.frame(12)
        with pytest.raises(RangeOutside, match="0-11"):
            reader.frames(FrameRange(10, 12))


def test_a_rate_that_is_not_the_movies(samples: Path) -> None:
    path = str(samples / "footage" / "person_dog_leash.mp4")
    for rate in (30, 24, 25, 59.94):
        with pytest.raises(RateDisagrees, match="30000/1001"):
            open_media(Clip(path, rate=Rate.of(rate)))
    open_media(Clip(path, rate=Rate.of(29.97))).close()


def test_absurd_sizes_are_refused_before_memory_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (8, 8)).save(path)
    whole = bytearray(path.read_bytes())
    whole[16:24] = struct.pack(">II", 200_000, 200_000)
    whole[29:33] = struct.pack(">I", zlib.crc32(bytes(whole[12:29])))
    path.write_bytes(whole)
    with pytest.raises(MediaUnreadable):
        open_media(path)


def test_a_picture_that_is_a_folder_or_a_device(tmp_path: Path) -> None:
    (tmp_path / "a.exr").mkdir()
    with pytest.raises(MediaProblem):
        open_media(tmp_path / "a.exr")
