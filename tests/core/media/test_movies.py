"""The n-th frame is the n-th that decoding from the start shows, however it is reached."""

from __future__ import annotations

import hashlib
import random
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from secondunit.media.depth import Depth
from secondunit.media.moments import Key, coded
from secondunit.media.movie import MovieReader
from secondunit.media.read import open_media
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate, Timecode

SAMPLES = [
    ("person_juggle.mp4", 3),
    ("person_dog_leash.mp4", 4),
    ("yellowscreen_mdn.mp4", 25),
    ("bluescreen_grid_bbaf2n.mpg", 25),
    ("synth_true_alpha_fg/green.mp4", 25),
]
# Kinds of movie whose seeking differs: B-frames behind an edit list, key frames that later pictures
# lean over (open groups), containers without a list of frames, byte streams, intra-only codecs.
KINDS = {
    "pyramid.mov": ("libx264", {"g": "12", "bf": "3", "x264-params": "b-pyramid=normal"}),
    "open.mov": ("libx264", {"g": "12", "bf": "3", "x264-params": "open-gop=1"}),
    "open.mkv": ("libx264", {"g": "12", "bf": "3", "x264-params": "open-gop=1"}),
    "open.ts": ("libx264", {"g": "12", "bf": "3", "x264-params": "open-gop=1"}),
    "short.mp4": ("libx264", {"g": "2", "bf": "1"}),
    "two.mpg": ("mpeg2video", {"g": "9", "bf": "2"}),
    "two.ts": ("mpeg2video", {"g": "9", "bf": "2"}),
    "hevc.mp4": ("libx265", {"x265-params": "keyint=12:bframes=4:log-level=none"}),
    "nine.webm": ("libvpx-vp9", {"g": "12", "lag-in-frames": "8", "auto-alt-ref": "1"}),
    "eight.webm": ("libvpx", {"g": "12", "lag-in-frames": "12", "auto-alt-ref": "1"}),
    "four.avi": ("mpeg4", {"g": "12"}),
    "intra.mov": ("mjpeg", {}),
}


def digest(frame: np.ndarray) -> bytes:
    """A frame's bits in few bytes: a whole sample would fill the memory."""
    return hashlib.blake2b(np.ascontiguousarray(frame), digest_size=16).digest()


def wander(path: Path, truth: list[bytes], looks: int) -> list[int]:
    """The frames that are not as decoding from the start shows them, looking here and there."""
    chance, wrong = random.Random(path.name), []
    with MovieReader(str(path)) as reader:
        for number in chance.choices(range(len(truth)), k=looks):
            if digest(reader.frame(number)) != truth[number]:
                wrong.append(number)
    return wrong


@pytest.mark.parametrize(("name", "looks"), SAMPLES)
def test_samples_frame_by_frame(samples: Path, from_the_start, name: str, looks: int) -> None:
    path = samples / "footage" / name
    truth = []
    with open_media(path) as reader:
        assert len(reader.footage.range) > 0
        for ours, bare in zip(
            reader.frames(reader.footage.range), from_the_start(path), strict=True
        ):
            assert np.array_equal(ours, bare)
            truth.append(digest(bare))
    assert wander(path, truth, looks) == []


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_movie_frame_by_frame(movie, from_the_start, name: str) -> None:
    codec, options = KINDS[name]
    pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    path = movie(name, codec, options=options, pixels=pixels, rate=Fraction(25))
    truth = [digest(frame) for frame in from_the_start(path)]
    assert len(truth) == 40
    with open_media(path) as reader:
        assert reader.footage.range == FrameRange(0, 39)
        assert [digest(frame) for frame in reader.frames(FrameRange(0, 39))] == truth
    assert wander(path, truth, 40) == []


def test_seeking_is_used_and_not_only_rewinding(movie, monkeypatch: pytest.MonkeyPatch) -> None:
    path = movie("seek.mov", options={"g": "10"})
    with MovieReader(str(path)) as reader:
        monkeypatch.setattr(reader, "_rewind", lambda: pytest.fail("decoded from the start"))
        for number in (35, 12, 25, 11):
            reader.frame(number)
        assert reader._next == 12


def test_a_seek_that_fails_is_not_decoded_on_from(movie, from_the_start, monkeypatch) -> None:
    path = movie("lost.mov", options={"g": "10"})
    truth = [digest(frame) for frame in from_the_start(path)]
    with MovieReader(str(path)) as reader:

        def miss(at: int, key: Key) -> bool:
            reader._container.seek(key.decoded, stream=reader._stream)
            return False

        monkeypatch.setattr(reader, "_start_from", miss)
        for number in (0, 35, 12, 38):
            assert digest(reader.frame(number)) == truth[number]


def test_a_key_frame_is_known_by_its_bytes(movie) -> None:
    path = str(movie(options={"g": "10"}))  # written once: x264 does not always write the same
    with av.open(path) as container:
        packets = [coded(p) for p in container.demux(video=0) if p.size]
    with av.open(path) as container:
        packet = next(container.demux(video=0))
        assert Key(packet.pts, packet.dts, packets[0].mark).is_in(packet)
        assert Key(packet.pts, packet.dts, None).is_in(packet)
        assert not Key(packet.pts, packet.dts, packets[0].mark ^ 1).is_in(packet)
        assert not Key(packet.pts + 1, packet.dts, packets[0].mark).is_in(packet)


def test_uneven_times_and_a_late_start_are_numbered_in_order(movie, from_the_start) -> None:
    times = sorted(random.Random(3).sample(range(50, 400), 40))
    path = movie("uneven.mkv", times=times, options={"g": "10", "bf": "2"})
    truth = [digest(frame) for frame in from_the_start(path)]
    with open_media(path) as reader:
        assert len(reader.footage.range) == 40
    assert wander(path, truth, 30) == []


def test_frames_cut_off_by_an_edit_list_do_not_count(movie, from_the_start) -> None:
    path = movie("whole.mov", options={"g": "40", "bf": "2"})
    cut = path.with_name("cut.mov")
    with av.open(str(path)) as whole, av.open(str(cut), "w") as container:
        template = whole.streams.video[0]
        stream = container.add_stream_from_template(template)
        for packet in whole.demux(template):
            if packet.dts is not None:
                late = int(7 / (24 * packet.time_base))
                packet.pts, packet.dts, packet.stream = packet.pts - late, packet.dts - late, stream
                container.mux(packet)
    truth = [digest(frame) for frame in from_the_start(cut)]
    assert len(truth) == 33
    with open_media(cut) as reader:
        assert len(reader.footage.range) == 33
        assert [digest(frame) for frame in reader.frames(FrameRange(0, 32))] == truth
    assert wander(cut, truth, 20) == []


def test_untrusted_times_fall_back_to_decoding_from_the_start(
    movie, from_the_start, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = movie("astray.mov", options={"g": "10", "bf": "2"})
    truth = [digest(frame) for frame in from_the_start(path)]
    with MovieReader(str(path)) as reader:
        reader.frame(30)
        # The list of times is right in length but its times are not those of the pictures.
        shown = reader._moments.shown
        wrong = tuple(time + (number > 20) for number, time in enumerate(shown))
        object.__setattr__(reader._moments, "shown", wrong)
        assert digest(reader.frame(25)) == truth[25]
        assert digest(reader.frame(3)) == truth[3]


def test_frames_may_be_called_otherwise(movie) -> None:
    path = movie(frames=10)
    clip = Clip(str(path), FrameRange(86402, 86404), Rate.of(24), media_start=86400)
    with open_media(clip) as named, open_media(path) as plain:
        assert named.footage.range == FrameRange(86400, 86409)
        assert np.array_equal(named.frame(86403), plain.frame(3))


@pytest.mark.parametrize(
    ("rate", "written", "read"),
    [
        (Fraction(24000, 1001), "01:02:03:04", "01:02:03:04"),
        (Fraction(30000, 1001), "01:00:00;02", "01:00:00;02"),
        (Fraction(25), "10:00:00:24", "10:00:00:24"),
    ],
)
def test_timecode_and_reel(movie, rate: Fraction, written: str, read: str) -> None:
    path = movie(frames=2, rate=rate, timecode=written, reel_name="A001C003")
    with open_media(path) as reader:
        footage = reader.footage
    assert footage.timecode == Timecode.parse(read, Rate(rate))
    assert str(footage.timecode) == read
    assert footage.reel == "A001C003"
    assert footage.rate == Rate(rate)


def test_tags_of_a_sample(samples: Path) -> None:
    with open_media(samples / "footage" / "person_dog_leash.mp4") as reader:
        footage = reader.footage
    assert footage.colour.primaries == footage.colour.transfer == footage.colour.matrix == "bt709"
    assert footage.colour.full_range is False
    assert footage.rate == Rate.of(29.97)
    assert footage.size == (1280, 720)
    assert footage.depth == Depth(8)


def y_cb_cr(values: tuple[int, ...], pixels: str, path: Path, matrix: int, span: int) -> None:
    """A movie of one colour, given in the codes of a deep Y'CbCr format."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = 32, 16, pixels
        stream.codec_context.colorspace, stream.codec_context.color_range = matrix, span
        picture = av.VideoFrame(32, 16, pixels)
        for plane, value in zip(picture.planes, values, strict=True):
            plane.update(np.full(plane.buffer_size // 2, value, np.uint16).tobytes())
        container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


@pytest.mark.parametrize(
    ("pixels", "values", "span", "rgba"),
    [
        ("yuv444p10le", (940, 512, 512), 1, (1, 1, 1)),
        ("yuv422p10le", (64, 512, 512), 1, (0, 0, 0)),
        ("yuv444p10le", (502, 512, 512), 1, (0.5, 0.5, 0.5)),
        ("yuv444p10le", (1023, 512, 512), 2, (1, 1, 1)),
        ("yuv444p10le", (250, 409, 960), 1, (1, 0, 0)),
        ("yuva444p12le", (3760, 2048, 2048, 4095), 1, (1, 1, 1, 1)),
        ("yuva444p10le", (64, 512, 512, 512), 1, (0, 0, 0, 512 / 1023)),
        ("gray10le", (1023,), 2, (1, 1, 1)),
        ("gray16le", (40000,), 2, (40000 / 65535,) * 3),
    ],
)
def test_deep_movies_reach_white_and_the_right_colour(
    tmp_path: Path, pixels: str, values: tuple[int, ...], span: int, rgba: tuple[float, ...]
) -> None:
    path = tmp_path / "one.mkv"
    y_cb_cr(values, pixels, path, 1, span)
    with open_media(path) as reader:
        frame = reader.frame(0)
        assert reader.footage.alpha == (len(rgba) == 4)
    assert frame.dtype == np.uint16
    # A 10-bit code is 64 of these; 1 in 255 would be 257.
    assert np.abs(frame[8, 8] / 65535 - np.array(rgba)).max() < 80 / 65535


def test_untagged_matrix_goes_by_height(tmp_path: Path) -> None:
    def red(height: int, matrix: int) -> np.ndarray:
        path = tmp_path / f"{height}{matrix}.mov"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=24, options={"crf": "0"})
            stream.width, stream.height, stream.pix_fmt = 64, height, "yuv444p"
            stream.codec_context.colorspace = matrix
            picture = av.VideoFrame(64, height, "yuv444p")
            for plane, value in zip(picture.planes, (63, 102, 240), strict=True):
                plane.update(bytes([value]) * plane.buffer_size)
            container.mux(stream.encode(picture))
            container.mux(stream.encode(None))
        with open_media(path) as reader:
            return reader.frame(0)[8, 8]

    untagged, bt709, bt601 = 2, 1, 6
    assert np.array_equal(red(720, untagged), red(720, bt709))
    assert np.array_equal(red(576, untagged), red(576, bt601))
    assert np.abs(red(720, untagged).astype(int) - [255, 0, 0]).max() <= 3
    assert not np.array_equal(red(576, untagged), red(720, untagged))
