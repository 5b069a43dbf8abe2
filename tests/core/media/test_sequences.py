"""Image sequences and stills: which files they are, and their pixels as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import OpenImageIO
import pytest
from PIL import Image

from secondunit.media.depth import Depth
from secondunit.media.read import open_media
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.problem import (
    FrameMissing,
    MediaEmpty,
    MediaUnreadable,
    SizeDisagrees,
)

HALF = Depth(16, floating=True)


@pytest.fixture
def frames(tmp_path: Path, noise, picture) -> Path:
    """shot.0998.exr to shot.1002.exr in a folder of their own."""
    for number in range(998, 1003):
        picture(tmp_path / f"shot.{number:04d}.exr", noise(HALF, 3, seed=number))
    return tmp_path


@pytest.mark.parametrize("name", ["shot.####.exr", "shot.%04d.exr", "shot.@@@@.exr", "."])
def test_the_ways_to_name_a_sequence(frames: Path, noise, name: str) -> None:
    with open_media(str(frames / name)) as reader:
        assert reader.footage.kind == "sequence"
        assert reader.footage.range == FrameRange(998, 1002)
        assert reader.footage.depth == HALF
        for number, frame in zip(
            range(998, 1003), reader.frames(reader.footage.range), strict=True
        ):
            assert frame.tobytes() == noise(HALF, 3, seed=number).tobytes()


def test_one_file_of_a_sequence_is_a_still(frames: Path, noise) -> None:
    with open_media(frames / "shot.1000.exr") as reader:
        assert reader.footage.kind == "still"
        assert reader.footage.range == FrameRange(0, 0)
        assert reader.frame(0).tobytes() == noise(HALF, 3, seed=1000).tobytes()


def test_digits_grow_beyond_the_pattern_but_never_pad_more(tmp_path: Path, noise, picture) -> None:
    for name in ("a.99.png", "a.100.png", "a.101.png", "a.0099.png", "a.x.png"):
        picture(tmp_path / name, noise(Depth(8), 3))
    with open_media(tmp_path / "a.##.png") as reader:
        assert reader.footage.range == FrameRange(99, 101)


def test_a_sequence_may_be_called_otherwise(frames: Path, noise) -> None:
    clip = Clip(str(frames / "shot.####.exr"), FrameRange(1, 2), media_start=0)
    with open_media(clip) as reader:
        assert reader.footage.range == FrameRange(0, 4)
        assert reader.frame(2).tobytes() == noise(HALF, 3, seed=1000).tobytes()


def test_a_hole_is_named_and_harms_only_who_needs_it(frames: Path) -> None:
    (frames / "shot.1000.exr").unlink()
    pattern = str(frames / "shot.####.exr")
    with pytest.raises(FrameMissing, match="1000"):
        open_media(pattern)
    with pytest.raises(FrameMissing, match="1000"):
        open_media(Clip(pattern, FrameRange(999, 1001)))
    with open_media(Clip(pattern, FrameRange(1001, 1002))) as reader:
        assert reader.frame(1001).shape == (36, 50, 3)
        with pytest.raises(FrameMissing, match="1000"):
            reader.frame(1000)
        with pytest.raises(FrameMissing, match="1000"):
            reader.frames(FrameRange(998, 1002))


def test_a_folder_with_several_sequences_asks_which(frames: Path, noise, picture) -> None:
    picture(frames / "other.0001.exr", noise(HALF, 3))
    with pytest.raises(MediaUnreadable, match=r"other\.#\.exr, shot\.#\.exr"):
        open_media(frames)
    (frames / "empty").mkdir()
    with pytest.raises(MediaEmpty):
        open_media(frames / "empty")


def test_a_frame_unlike_the_first_is_refused(frames: Path, noise, picture) -> None:
    picture(frames / "shot.1003.exr", noise(HALF, 3, size=(36, 48)))
    picture(frames / "shot.1004.exr", noise(HALF, 4))
    picture(frames / "shot.1005.exr", noise(Depth(32, floating=True), 3))
    with open_media(frames / "shot.####.exr") as reader:
        with pytest.raises(SizeDisagrees, match="48 x 36"):
            reader.frame(1003)
        for number in (1004, 1005):
            with pytest.raises(MediaUnreadable, match="the first one"):
                reader.frame(number)


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_dpx_comes_at_its_own_depth(tmp_path: Path, noise, bits: int, picture) -> None:
    depth = Depth(bits)
    codes = noise(depth, 3)
    wide = codes if bits in (8, 16) else codes << (16 - bits) | codes >> (2 * bits - 16)
    picture(tmp_path / "a.dpx", wide, oiio__BitsPerSample=bits)
    with open_media(tmp_path / "a.dpx") as reader:
        assert reader.footage.depth == depth
        assert np.array_equal(reader.frame(0), codes)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
def test_grey_pictures_are_three_equal_channels(tmp_path: Path, name: str) -> None:
    grey = np.tile(np.arange(256, dtype=np.uint8), (8, 1))
    Image.fromarray(grey).save(tmp_path / name, quality=100)
    with open_media(tmp_path / name) as reader:
        frame = reader.frame(0)
        assert reader.footage.grey
        assert not reader.footage.alpha
    assert np.array_equal(frame, np.repeat(grey[..., None], 3, axis=2))


def test_grey_with_alpha_and_palettes(tmp_path: Path) -> None:
    both = np.zeros((4, 4, 2), np.uint8)
    both[...] = (200, 7)
    Image.fromarray(both, "LA").save(tmp_path / "la.png")
    with open_media(tmp_path / "la.png") as reader:
        assert reader.frame(0)[1, 1].tolist() == [200, 200, 200, 7]
    Image.new("P", (4, 4), 1).save(tmp_path / "p.png")
    with open_media(tmp_path / "p.png") as reader:
        assert reader.frame(0).shape == (4, 4, 3)


def test_straight_alpha_is_not_multiplied_in(tmp_path: Path) -> None:
    Image.new("RGBA", (4, 4), (250, 120, 30, 1)).save(tmp_path / "a.png")
    with open_media(tmp_path / "a.png") as reader:
        assert reader.frame(0)[0, 0].tolist() == [250, 120, 30, 1]
        assert reader.footage.metadata["straight_alpha"] == "yes"


def test_the_display_window_is_what_is_seen(tmp_path: Path, noise, picture) -> None:
    stored = noise(HALF, 3)
    # The stored 50 x 36 pixels begin 4 left of and 3 below the corner of a 60 x 30 picture.
    picture(tmp_path / "a.exr", stored, window=(4, -3, 60, 30))
    with open_media(tmp_path / "a.exr") as reader:
        frame = reader.frame(0)
        assert reader.footage.size == (60, 30)
    assert frame[3:, :46].tobytes() == stored[:27, 4:].tobytes()
    assert not frame[:3].any()
    assert not frame[:, 46:].any()


def test_picture_channels_among_others(tmp_path: Path, noise, picture) -> None:
    many = noise(Depth(32, floating=True), 6)
    picture(tmp_path / "a.exr", many, names=("Z", "B", "A", "R", "N.x", "G"))
    with open_media(tmp_path / "a.exr") as reader:
        assert reader.footage.alpha
        assert reader.frame(0).tobytes() == many[..., [3, 5, 1, 2]].tobytes()


def test_other_channel_sets_are_refused_by_name(tmp_path: Path, noise, picture) -> None:
    picture(tmp_path / "a.exr", noise(HALF, 3), names=("N.x", "N.y", "N.z"))
    with pytest.raises(MediaUnreadable, match=r"N\.x, N\.y, N\.z"):
        open_media(tmp_path / "a.exr")


def test_what_an_exr_header_tells(tmp_path: Path, noise, picture) -> None:
    bits = np.array([0x01020304, 0], np.uint32)
    ap1 = [0.713, 0.293, 0.165, 0.830, 0.128, 0.044, 0.32168, 0.33767]
    picture(
        tmp_path / "a.0007.exr",
        noise(HALF, 3),
        FramesPerSecond=(OpenImageIO.TypeRational, np.array([24000, 1001], np.int32)),
        smpte__TimeCode=(OpenImageIO.TypeTimeCode, bits),
        chromaticities=("float[8]", ap1),
        reelName="B007",
        PixelAspectRatio=2.0,
        compression="piz",
    )
    with open_media(tmp_path / "a.####.exr") as reader:
        footage = reader.footage
    assert footage.rate == Rate.of(23.976)
    assert str(footage.timecode) == "01:02:03:04"
    assert (footage.reel, footage.pixel_aspect) == ("B007", 2)
    assert footage.colour_space == "ACEScg"
    assert footage.metadata["compression"] == "piz"


def test_a_clip_tells_what_the_header_does_not(frames: Path) -> None:
    clip = Clip(str(frames), rate=Rate.of(25), colour_space="ACEScg")
    with open_media(clip) as reader:
        assert reader.footage.rate == Rate.of(25)
        assert reader.footage.colour_space == "ACEScg"
