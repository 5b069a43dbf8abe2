"""One EXR holds the picture, its alpha and the mattes beside it, as compositors expect them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import OpenImageIO
import pytest

from secondunit.callsheet import Size
from secondunit.media.depth import Depth
from secondunit.media.format import Codec, Format, suffix_for
from secondunit.media.read import open_media
from secondunit.media.write import create
from secondunit_contract.clip import Clip
from secondunit_contract.frames import Rate, Timecode
from secondunit_contract.problem import CodecUnfit, MediaUnreadable, SizeDisagrees

HALF = Depth(16, floating=True)
SIZE = Size(50, 36)
FILM = Rate.of(23.976)
LAYERS = ("core", "edge", "garbage", "confidence", "despill", "screen")
KEY = Format(
    "exr",
    SIZE,
    FILM,
    HALF,
    True,
    Timecode.parse("01:00:00:00", FILM),
    "A001C003",
    pixel_aspect=Fraction(2),
    metadata={"Scene": "12"},
    layers=LAYERS,
)


@pytest.fixture
def take(tmp_path: Path, noise) -> tuple[Path, list[np.ndarray]]:
    """Three frames of a layered EXR from 1001 on, every channel another noise."""
    frames = [noise(HALF, 14, seed) for seed in range(3)]
    path = tmp_path / "key.####.exr"
    with create(path, KEY, 1001) as writer:
        for frame in frames:
            writer.write(frame)
    return path, frames


def test_a_bare_reader_finds_every_channel_by_its_name(take) -> None:
    path, frames = take
    file = OpenImageIO.ImageInput.open(str(path).replace("####", "1003"))
    spec = file.spec()
    planes = np.moveaxis(file.read_image(0, 0, 0, 14, "half"), -1, 0)
    there = dict(zip(spec.channelnames, planes, strict=True))
    wanted = ["R", "G", "B", "A", "core.A", "edge.A", "garbage.A", "confidence.A"]
    wanted += ["despill.R", "despill.G", "despill.B", "screen.R", "screen.G", "screen.B"]
    assert sorted(there) == sorted(wanted)
    for place, name in enumerate(wanted):
        assert there[name].tobytes() == np.ascontiguousarray(frames[2][..., place]).tobytes()
    # the picture comes first, so that a reader that knows no layers finds it
    assert spec.channelnames[:4] == ("R", "G", "B", "A")
    assert spec.alpha_channel == 3
    assert {str(spec.channelformat(place)) for place in range(14)} == {"half"}
    assert spec.get_string_attribute("compression") == "zips"
    assert (spec.x, spec.y, spec.width, spec.height) == (0, 0, *SIZE)
    assert (spec.full_width, spec.full_height) == SIZE


def test_the_file_itself_lists_the_channels_in_the_order_exr_asks_for(take) -> None:
    """Read from the header's bytes: a chlist is sorted by name, a half has type 1."""
    header = Path(str(take[0]).replace("####", "1001")).read_bytes()
    start = header.index(b"channels\0chlist\0") + len(b"channels\0chlist\0") + 4
    names = []
    while header[start]:
        end = header.index(b"\0", start)
        names.append(header[start:end].decode())
        assert int.from_bytes(header[end + 1 : end + 5], "little") == 1
        start = end + 17
    assert len(names) == 14
    assert names == sorted(names)
    assert {"A", "R", "core.A", "screen.G"} <= set(names)


def test_the_picture_opens_as_if_there_were_no_layers(take, tmp_path: Path) -> None:
    path, frames = take
    plain = tmp_path / "plain" / "key.####.exr"
    with create(plain, replace(KEY, layers=()), 1001) as writer:
        for frame in frames:
            writer.write(np.ascontiguousarray(frame[..., :4]))
    with open_media(path) as layered, open_media(plain) as flat:
        assert replace(layered.footage, path="") == replace(flat.footage, path="")
        assert layered.footage.metadata == flat.footage.metadata
        assert layered.footage.alpha
        assert str(layered.footage.timecode) == "01:00:00:00"
        assert layered.footage.pixel_aspect == 2
        for number, frame in zip(layered.footage.range, frames, strict=True):
            back = layered.frame(number)
            assert back.shape == (36, 50, 4)
            assert back.tobytes() == flat.frame(number).tobytes()
            assert back.tobytes() == np.ascontiguousarray(frame[..., :4]).tobytes()
        assert Format.like(layered.footage).layers == ()


def test_a_layer_is_read_by_its_name(take) -> None:
    path, frames = take
    with open_media(path, layer="edge") as reader:
        assert reader.footage.grey
        assert not reader.footage.alpha
        assert str(reader.footage.timecode) == "01:00:00:00"
        assert len(reader.footage.range) == 3
        for number, frame in zip(reader.footage.range, frames, strict=True):
            wanted = np.repeat(frame[..., 5:6], 3, -1)
            assert reader.frame(number).tobytes() == wanted.tobytes()
    with open_media(Clip(str(path)), layer="screen") as reader:
        assert not reader.footage.grey
        wanted = np.ascontiguousarray(frames[1][..., 11:14])
        assert reader.frame(1002).tobytes() == wanted.tobytes()


def test_a_layer_that_is_not_there_is_said_to_be_missing(take, tmp_path: Path, movie) -> None:
    with pytest.raises(MediaUnreadable, match="no layer hair") as caught:
        open_media(take[0], layer="hair")
    assert "core" in caught.value.remedy
    assert "screen" in caught.value.remedy
    with pytest.raises(MediaUnreadable, match="A movie holds no layers"):
        open_media(movie(), layer="core")
    flat = tmp_path / "flat.exr"
    with create(flat, replace(KEY, layers=())) as writer:
        writer.write(np.zeros((36, 50, 4), np.float16))
    with pytest.raises(MediaUnreadable, match="no layer core") as caught:
        open_media(flat, layer="core")
    assert "no layers" in caught.value.remedy


def test_layers_stand_beside_a_picture_without_alpha_and_may_say_their_channels(
    tmp_path: Path, noise
) -> None:
    wanted = Format("exr", SIZE, None, Depth(32, True), layers=("fill.RGB", "screen.A"))
    assert wanted.channels == ("R", "G", "B", "fill.R", "fill.G", "fill.B", "screen.A")
    frame = noise(Depth(32, floating=True), 7)
    with create(tmp_path / "a.exr", wanted) as writer:
        writer.write(frame)
    with open_media(tmp_path / "a.exr") as reader:
        assert not reader.footage.alpha
        assert reader.frame(0).tobytes() == np.ascontiguousarray(frame[..., :3]).tobytes()
    with open_media(tmp_path / "a.exr", layer="fill") as reader:
        assert reader.frame(0).tobytes() == np.ascontiguousarray(frame[..., 3:6]).tobytes()
    with open_media(tmp_path / "a.exr", layer="screen") as reader:
        assert reader.footage.grey


@pytest.mark.parametrize("codec", ["ffv1", "prores4444", "h264", "dpx", "tiff", "png"])
def test_formats_without_layers_refuse_them_and_say_which_holds_them(
    tmp_path: Path, codec: Codec
) -> None:
    wanted = Format(codec, SIZE, FILM, Depth(8), layers=("core", "edge"))
    with pytest.raises(CodecUnfit, match="core, edge") as caught:
        create(tmp_path / f"a{suffix_for(wanted)}", wanted)
    assert "exr" in caught.value.remedy
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "layers", [("core", "core"), ("core", "core.A"), ("",), ("a b",), ("a.b",), ("9",), ("é",)]
)
def test_names_that_no_compositor_could_pick_are_refused(tmp_path: Path, layers) -> None:
    with pytest.raises(CodecUnfit, match=r"name|called"):
        create(tmp_path / "a.exr", replace(KEY, layers=layers))


def test_a_frame_without_its_layers_is_refused(tmp_path: Path) -> None:
    with create(tmp_path / "a.exr", KEY) as writer:
        with pytest.raises(SizeDisagrees, match="14 channels"):
            writer.write(np.zeros((36, 50, 4), np.float16))
        writer.write(np.zeros((36, 50, 14), np.float16))


def test_straight_colours_are_labelled_and_left_as_they_are(tmp_path: Path, noise) -> None:
    frame = noise(HALF, 14)
    for words in ({}, {"straight_alpha": "yes"}):
        path = tmp_path / f"{len(words)}.exr"
        with create(path, replace(KEY, metadata=words)) as writer:
            writer.write(frame)
        with open_media(path) as reader:
            assert reader.footage.metadata.get("straight_alpha") == words.get("straight_alpha")
            assert reader.frame(0).tobytes() == np.ascontiguousarray(frame[..., :4]).tobytes()
            assert Format.like(reader.footage).metadata == reader.footage.metadata


def soft_matte(width: int, height: int) -> np.ndarray:
    """16-bit premultiplied grey: a quarter of nothing, a ramp, a quarter of all; noise below."""
    ramp = np.clip(np.linspace(-0.5, 1.5, width), 0, 1) * 65535
    alpha = np.tile(ramp.astype(np.uint16), (height, 1))
    alpha[height * 3 // 4 :] = np.random.default_rng(1).integers(0, 65536, (1, width))
    frame = np.repeat(alpha[..., None], 4, -1)
    frame[..., :3] //= 2
    return frame


def test_prores_keeps_alpha_to_ten_bits_and_nothing_and_all_exactly(tmp_path: Path) -> None:
    """FFmpeg's encoders take ten bits of alpha, and code those without loss."""
    frame = soft_matte(512, 64)
    words = {"straight_alpha": "yes"}
    start = Timecode.parse("10:11:12:13", FILM)
    wanted = Format(
        "prores4444", Size(512, 64), FILM, Depth(16), True, start, "A001", metadata=words
    )
    with create(tmp_path / "a.mov", wanted) as writer:
        for _ in range(3):
            writer.write(frame)
    with av.open(str(tmp_path / "a.mov")) as container:
        bare = next(container.decode(video=0))
        assert bare.format.name.startswith("yuva444p")
        plane = np.frombuffer(bare.planes[3], np.uint16).reshape(64, -1)[:, :512]
        assert plane.min() == 0
        assert plane.max() == (1 << bare.format.components[3].bits) - 1
    with open_media(tmp_path / "a.mov") as reader:
        footage, back = reader.footage, reader.frame(2)
    assert footage.timecode == start
    assert footage.reel == "A001"
    assert footage.metadata["straight_alpha"] == "yes"
    alpha, kept = frame[..., 3].astype(int), back[..., 3].astype(int)
    assert np.abs(kept - alpha).max() < 1.5 * 65535 / 1023
    assert len(np.unique(kept)) > 250
    assert (kept[alpha == 0] == 0).all()
    assert (kept[alpha == 65535] == 65535).all()
    # colours of nothing stay nothing, away from the ramp's own block
    assert back[:48, :112, :3].max() == 0
