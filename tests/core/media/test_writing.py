"""Takes hold what was written, bit for bit, and what their headers should tell."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import OpenImageIO
import pytest
from PIL import Image

from secondunit.callsheet import Size
from secondunit.media.depth import Depth
from secondunit.media.footage import ColourTags
from secondunit.media.format import Codec, Format, suffix_for
from secondunit.media.read import open_media
from secondunit.media.write import create
from secondunit_contract.frames import FrameRange, Rate, Timecode
from secondunit_contract.problem import CodecUnfit, MediaEmpty, NotWritable, SizeDisagrees

HALF, FLOAT = Depth(16, floating=True), Depth(32, floating=True)
SIZE = Size(50, 36)
FILM = Rate.of(23.976)
LOSSLESS: list[tuple[Codec, Depth]] = [
    *(("ffv1", Depth(bits)) for bits in (8, 10, 12, 14, 16)),
    *(("dpx", Depth(bits)) for bits in (8, 10, 12, 16)),
    *(("tiff", Depth(bits)) for bits in (8, 10, 12, 16)),
    *(("png", Depth(bits)) for bits in (8, 16)),
    ("tiff", FLOAT),
    ("exr", HALF),
    ("exr", FLOAT),
]


def name_for(wanted: Format) -> str:
    return f"take{'' if wanted.movie else '.####'}{suffix_for(wanted)}"


@pytest.mark.parametrize("alpha", [False, True], ids=["rgb", "rgba"])
@pytest.mark.parametrize(("codec", "depth"), LOSSLESS, ids=str)
def test_every_bit_comes_back(
    tmp_path: Path, noise, codec: Codec, depth: Depth, alpha: bool
) -> None:
    wanted = Format(codec, SIZE, FILM, depth, alpha)
    frames = [noise(depth, 4 if alpha else 3, seed) for seed in range(3)]
    path = tmp_path / "new" / "folder" / name_for(wanted)
    with create(path, wanted, 1001) as writer:
        for frame in frames:
            writer.write(frame)
    assert wanted.lossless
    with open_media(path) as reader:
        footage = reader.footage
        assert len(footage.range) == 3
        assert footage.depth == depth
        assert footage.alpha == alpha
        for frame, back in zip(frames, reader.frames(footage.range), strict=True):
            assert back.dtype == frame.dtype
            assert back.tobytes() == frame.tobytes()
        like = Format.like(footage)
    assert (like.codec, like.size, like.depth, like.alpha) == (codec, SIZE, depth, alpha)
    assert not [name for name in os.listdir(path.parent) if name.startswith(".")]


def test_ffv1_says_the_same_to_a_bare_decoder(tmp_path: Path, noise) -> None:
    frame = noise(Depth(10), 3)
    with create(tmp_path / "a.mov", Format("ffv1", SIZE, FILM, Depth(10))) as writer:
        writer.write(frame)
    with av.open(str(tmp_path / "a.mov")) as container:
        picture = next(container.decode(video=0))
        assert container.streams.video[0].average_rate == Fraction(24000, 1001)
        assert picture.format.name == "gbrp10le"
        assert np.array_equal(picture.to_ndarray(), frame)


def test_exr_says_the_same_to_a_bare_reader(tmp_path: Path, noise) -> None:
    frame = noise(HALF, 4)
    with create(tmp_path / "a.%03d.exr", Format("exr", SIZE, None, HALF, True), 7) as writer:
        writer.write(frame)
    file = OpenImageIO.ImageInput.open(str(tmp_path / "a.007.exr"))
    assert file.spec().channelnames == ("R", "G", "B", "A")
    assert file.read_image(0, 0, 0, 4, "half").tobytes() == frame.tobytes()


@pytest.mark.parametrize(
    ("codec", "rate", "timecode"),
    [
        ("ffv1", FILM, "01:00:00:00"),
        ("ffv1", Rate.of(29.97), "00:59:59;28"),
        ("ffv1", Rate.of(59.94), "10:11:12;58"),
        ("prores4444", Rate.of(25), "23:59:59:24"),
        ("h264", Rate.of(30), "01:02:03:04"),
        ("exr", FILM, "01:00:00:00"),
        ("exr", Rate.of(29.97), "00:59:59;28"),
        ("exr", Rate.of(59.94), "10:11:12;58"),
        ("dpx", Rate.of(24), "13:14:15:16"),
    ],
)
def test_timecode_reel_rate_and_shape_of_pixels(
    tmp_path: Path, codec: Codec, rate: Rate, timecode: str
) -> None:
    depth = HALF if codec == "exr" else Depth(8)
    start = Timecode.parse(timecode, rate)
    wanted = Format(codec, SIZE, rate, depth, False, start, "A001C003", pixel_aspect=Fraction(2))
    path = tmp_path / name_for(wanted)
    with create(path, wanted, 5) as writer:
        for _ in range(4):
            writer.write(np.zeros((36, 50, 3), depth.dtype))
    with open_media(path) as reader:
        footage = reader.footage
    assert str(footage.timecode) == timecode
    assert footage.rate == rate
    assert footage.pixel_aspect == 2
    assert footage.reel == ("" if codec == "dpx" else "A001C003")
    assert len(footage.range) == 4
    if not wanted.movie:
        with open_media(tmp_path / name_for(wanted).replace("####", "0008")) as reader:
            assert reader.footage.timecode == start.shifted(3)


def test_a_movie_carries_a_timecode_track(tmp_path: Path) -> None:
    wanted = Format("ffv1", SIZE, FILM, Depth(8), timecode=Timecode.parse("01:00:00:00", FILM))
    with create(tmp_path / "a.mov", wanted) as writer:
        writer.write(np.zeros((36, 50, 3), np.uint8))
    with av.open(str(tmp_path / "a.mov")) as container:
        assert [track.metadata["timecode"] for track in container.streams.data] == ["01:00:00:00"]


def test_colour_tags_and_words_are_carried(tmp_path: Path) -> None:
    tags = ColourTags("bt2020", "smpte2084", "bt2020nc", False)
    words = {"shot": "sc010", "rotation": "12.5"}
    for codec, matrix in (("ffv1", "gbr"), ("prores4444", "bt2020nc"), ("h264", "bt2020nc")):
        wanted = Format(codec, SIZE, FILM, Depth(8), colour=tags, metadata=words)
        path = tmp_path / f"{codec}{suffix_for(wanted)}"
        with create(path, wanted) as writer:
            writer.write(np.zeros((36, 50, 3), np.uint8))
        with open_media(path) as reader:
            footage = reader.footage
        assert footage.colour == ColourTags("bt2020", "smpte2084", matrix, codec == "ffv1")
        assert footage.metadata["shot"] == "sc010"
        assert float(footage.metadata["rotation"]) == 12.5


def test_an_exr_keeps_its_colour_its_compression_and_its_words(tmp_path: Path, picture) -> None:
    ap0 = [0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767]
    pixels = np.full((36, 50, 3), 40, np.float16)
    picture(
        tmp_path / "a.exr", pixels, chromaticities=("float[8]", ap0), compression="piz", Scene="12"
    )
    with open_media(tmp_path / "a.exr") as reader:
        wanted = Format.like(reader.footage)
    with create(tmp_path / "b.exr", wanted) as writer:
        writer.write(pixels)
    with open_media(tmp_path / "b.exr") as reader:
        assert reader.footage.colour_space == "ACES2065-1"
        assert reader.footage.metadata["compression"] == "piz"
        assert reader.footage.metadata["Scene"] == "12"


def test_a_lossy_exr_becomes_a_lossless_one(tmp_path: Path, picture, noise) -> None:
    picture(tmp_path / "a.exr", noise(HALF, 3)[1:], compression="dwaa")
    with open_media(tmp_path / "a.exr") as reader:
        frame, wanted = reader.frame(0), Format.like(reader.footage)
    with create(tmp_path / "b.exr", wanted) as writer:
        writer.write(frame)
    with open_media(tmp_path / "b.exr") as reader:
        assert reader.footage.metadata["compression"] == "zips"
        assert reader.frame(0).tobytes() == frame.tobytes()


def test_the_kind_of_take_follows_the_footage(samples: Path, tmp_path: Path) -> None:
    footage = samples / "footage"

    def like(path: Path, **changes: Any) -> Format:
        with open_media(path) as reader:
            return Format.like(reader.footage, **changes)

    movie = like(footage / "person_juggle.mp4")
    assert (movie.codec, movie.depth, movie.rate) == ("ffv1", Depth(8), Rate.of(24))
    exr = like(footage / "synth_true_alpha_fg" / "fg_premult_exr", alpha=False, size=Size(8, 4))
    assert (exr.codec, exr.depth, exr.alpha, exr.size) == ("exr", HALF, False, (8, 4))
    assert like(footage / "synth_true_alpha_fg" / "alpha16").depth == Depth(16)
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg")
    assert like(tmp_path / "a.jpg").codec == "png"


def test_deep_footage_goes_into_ffv1_and_back(tmp_path: Path, movie) -> None:
    path = movie("deep.mov", "prores_ks", 3, "yuva444p10le", {"profile": "4444"})
    with open_media(path) as reader:
        assert reader.footage.alpha
        frames = list(reader.frames(reader.footage.range))
        wanted = Format.like(reader.footage)
    assert frames[0].dtype == np.uint16
    with create(tmp_path / "take.mov", wanted) as writer:
        for frame in frames:
            writer.write(frame)
    with open_media(tmp_path / "take.mov") as reader:
        for frame, back in zip(frames, reader.frames(FrameRange(0, 2)), strict=True):
            assert np.array_equal(frame, back)


@pytest.mark.parametrize("bits", [8, 10, 16])
@pytest.mark.parametrize("alpha", [False, True], ids=["rgb", "rgba"])
def test_prores_is_near_and_keeps_white(tmp_path: Path, bits: int, alpha: bool) -> None:
    depth = Depth(bits)
    down, across = np.mgrid[:36, :50]
    ramps = np.stack([across / 49, down / 35, 1 - across / 49, down / 35][: 3 + alpha], -1)
    ramps[:12, :16] = 1
    frame = np.rint(ramps * depth.white).astype(depth.dtype)
    wanted = Format("prores4444", SIZE, FILM, depth, alpha)
    with create(tmp_path / "a.mov", wanted) as writer:
        writer.write(frame)
    assert not wanted.lossless
    with open_media(tmp_path / "a.mov") as reader:
        assert reader.footage.alpha == alpha
        back = reader.frame(0) / 65535
    assert np.abs(back - ramps).mean() < 1.5 / 255
    # swscale's white is not 65535: unnoticed, all colours would be brighter by half a code of 255.
    assert np.abs((back - ramps)[..., :3].mean()) < 0.1 / 255
    assert np.abs(back[2:8, 2:8] - 1).max() < 1 / 1023


def test_one_picture_file_holds_one_frame(tmp_path: Path, noise) -> None:
    with create(tmp_path / "a.png", Format("png", SIZE, None, Depth(8))) as writer:
        writer.write(noise(Depth(8), 3))
        with pytest.raises(CodecUnfit, match="one frame"):
            writer.write(noise(Depth(8), 3))
    with open_media(tmp_path / "a.png") as reader:
        assert np.array_equal(reader.frame(0), noise(Depth(8), 3))


@pytest.mark.parametrize(
    ("wanted", "name", "words"),
    [
        (Format("h264", Size(51, 36), FILM, Depth(8)), "a.mp4", "even sizes"),
        (Format("h264", SIZE, FILM, Depth(8), alpha=True), "a.mp4", "no alpha"),
        (Format("h264", SIZE, FILM, Depth(10)), "a.mp4", "10-bit"),
        (Format("ffv1", SIZE, FILM, HALF), "a.mov", "float"),
        (Format("ffv1", SIZE, None, Depth(8)), "a.mov", "frame rate"),
        (Format("ffv1", SIZE, FILM, Depth(8)), "a.exr", r"\.mov"),
        (Format("exr", SIZE, None, Depth(16)), "a.exr", "integer"),
        (Format("png", SIZE, None, Depth(10)), "a.png", "10-bit"),
        (Format("png", SIZE, None, Depth(8)), "a.tif", r"\.png"),
    ],
)
def test_what_a_format_cannot_hold(tmp_path: Path, wanted: Format, name: str, words: str) -> None:
    with pytest.raises(CodecUnfit, match=words):
        create(tmp_path / name, wanted)
    assert not list(tmp_path.iterdir())


def test_frames_unlike_the_format_are_refused(tmp_path: Path) -> None:
    with create(tmp_path / "a.mov", Format("ffv1", SIZE, FILM, Depth(10))) as writer:
        writer.write(np.full((36, 50, 3), 1023, np.uint16))
        with pytest.raises(SizeDisagrees, match="50 x 36"):
            writer.write(np.zeros((36, 48, 3), np.uint16))
        with pytest.raises(SizeDisagrees, match="4 channels"):
            writer.write(np.zeros((36, 50, 4), np.uint16))
        with pytest.raises(CodecUnfit, match="float32"):
            writer.write(np.zeros((36, 50, 3), np.float32))
        with pytest.raises(CodecUnfit, match="1023"):
            writer.write(np.full((36, 50, 3), 1024, np.uint16))
    with open_media(tmp_path / "a.mov") as reader:
        assert len(reader.footage.range) == 1


def test_a_take_of_no_frames_is_none(tmp_path: Path) -> None:
    for name, wanted in (
        ("a.mov", Format("ffv1", SIZE, FILM, Depth(8))),
        ("a.#.png", Format("png", SIZE, None, Depth(8))),
    ):
        with pytest.raises(MediaEmpty), create(tmp_path / name, wanted):
            pass
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("a.mov", "a.#.png"):
        codec: Codec = "ffv1" if name.endswith("mov") else "png"
        with pytest.raises(NotWritable) as caught:
            create(tmp_path / "file" / name, Format(codec, SIZE, FILM, Depth(8)))
        assert caught.value.where.endswith(name)
