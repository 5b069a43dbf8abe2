"""A take's sound comes back as it was handed over, and lands at the take's timecode."""

from __future__ import annotations

import os
import struct
import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from secondunit.callsheet import Size
from secondunit.media.aside import Aside
from secondunit.media.depth import Depth
from secondunit.media.format import Codec, Format
from secondunit.media.read import open_media
from secondunit.media.sound import RATE
from secondunit.media.write import create
from secondunit_contract.frames import Rate, Timecode
from secondunit_contract.problem import CodecUnfit

SIZE = Size(48, 32)
STEP = 2**-23
SLOW = Rate.of(23.976)


def pictures(count: int) -> list[np.ndarray]:
    chance = np.random.default_rng(1)
    return [chance.integers(0, 256, (32, 48, 3)).astype(np.uint8) for _ in range(count)]


def noise(count: int) -> np.ndarray:
    return np.random.default_rng(2).uniform(-1, 1, (count, 2)).astype(np.float32)


def written(path: Path, wanted: Format, heard: np.ndarray | None, first: int = 0) -> Path:
    with create(path, wanted, first) as writer, Aside(writer) as aside:
        for frame in pictures(5):
            aside.write(frame)
        if heard is not None:
            aside.hear(heard)
    return writer.path


def format_of(codec: Codec, timecode: str = "", rate: Rate = SLOW, sound: bool = True) -> Format:
    start = Timecode.parse(timecode, rate) if timecode else None
    return Format(codec, SIZE, rate, Depth(8), timecode=start, sound=sound)


def in_movie(path: Path) -> tuple[np.ndarray, av.audio.stream.AudioStream]:
    """Samples (N,2), and the stream, as a bare decoder finds them."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        decoded = [each.to_ndarray().reshape(-1, 2) for each in container.decode(stream)]
        return np.concatenate(decoded).astype(np.float64) / 2**31, stream


def bext_of(path: Path) -> tuple[int, int]:
    """(TimeReference, version) of a Broadcast Wave file's bext chunk."""
    data = path.read_bytes()
    at = 12
    while data[at : at + 4] != b"bext":
        at += 8 + struct.unpack_from("<I", data, at + 4)[0]
    low, high, version = struct.unpack_from("<IIH", data, at + 8 + 338)
    return high << 32 | low, version


@pytest.mark.parametrize(
    ("codec", "name"), [("ffv1", "a.mov"), ("prores4444", "a.mov"), ("h264", "a.mp4")]
)
def test_a_movie_holds_it_beside_pictures_timecode_and_rate(
    tmp_path: Path, codec: Codec, name: str
) -> None:
    heard = noise(5 * 2002)
    wanted = format_of(codec, "01:00:00:00")
    path = written(tmp_path / name, wanted, heard)
    back, stream = in_movie(path)
    assert stream.codec_context.name == "pcm_s24le"
    assert (stream.rate, stream.layout.name) == (RATE, "stereo")
    assert back.shape == heard.shape
    assert np.abs(back - heard).max() <= STEP
    mute = written(tmp_path / f"mute_{name}", format_of(codec, "01:00:00:00", sound=False), None)
    with open_media(path) as with_sound, open_media(mute) as without:
        assert with_sound.footage.timecode == without.footage.timecode == wanted.timecode
        assert with_sound.footage.rate == SLOW
        assert len(with_sound.footage.range) == 5
        for number in range(5):
            assert np.array_equal(with_sound.frame(number), without.frame(number))
    with av.open(str(mute)) as container:
        assert not container.streams.audio


def test_pictures_do_not_wait_in_memory_for_it(tmp_path: Path) -> None:
    """They are on the disk long before the sound comes."""
    frame = np.random.default_rng(0).integers(0, 256, (320, 480, 3)).astype(np.uint8)
    wanted = Format("ffv1", Size(480, 320), Rate.of(24), Depth(8), sound=True)
    with create(tmp_path / "a.mov", wanted) as writer:
        for _ in range(24):
            writer.write(frame)
        (part,) = tmp_path.iterdir()
        assert part.stat().st_size > 12 * frame.size
        writer.hear(noise(RATE))


@pytest.mark.parametrize(
    ("timecode", "rate", "first", "expected"),
    [
        ("01:00:00:00", SLOW, 0, 86_400 * 2002),  # an hour of its clock is longer than an hour
        ("01:00:00:00", Rate.of(25), 0, 3600 * RATE),
        ("00:01:00;02", Rate.of(29.97), 0, 1800 * RATE * 1001 // 30_000),
        ("23:59:59:24", Rate.of(25), 0, 24 * 3600 * RATE - RATE // 25),
        ("", Rate.of(24), 1001, 1001 * 2000),  # as sequences without one are counted
        ("", Rate.of(24), -8, 0),
    ],
)
def test_beside_pictures_lies_a_wave_that_knows_its_timecode(
    tmp_path: Path, timecode: str, rate: Rate, first: int, expected: int
) -> None:
    heard = noise(int(5 * RATE / rate.per_second))
    path = written(tmp_path / "take.####.png", format_of("png", timecode, rate), heard, first)
    beside = tmp_path / "take.wav"
    assert bext_of(beside) == (expected, 1)
    with av.open(str(beside)) as container:  # as FFmpeg, and all that is built on it, reads it
        assert int(container.metadata["time_reference"]) == expected
    with wave.open(str(beside)) as file:
        told = (file.getnchannels(), file.getframerate(), file.getsampwidth(), file.getnframes())
        raw = np.frombuffer(file.readframes(len(heard)), np.uint8).reshape(-1, 3)
    assert told == (2, RATE, 3, len(heard))
    wide = np.zeros((len(raw), 4), np.uint8)
    wide[:, 1:] = raw
    back = wide.view("<i4").reshape(-1, 2) / 2**31
    assert np.abs(back - heard).max() <= STEP
    with open_media(path) as reader:
        assert len(reader.footage.range) == 5


def test_past_midnight_the_clock_begins_again(tmp_path: Path) -> None:
    rate = Rate.of(25)
    late = Timecode.parse("23:59:59:24", rate).shifted(2)
    wanted = Format("png", SIZE, rate, Depth(8), timecode=late, sound=True)
    written(tmp_path / "take.####.png", wanted, noise(100))
    assert bext_of(tmp_path / "take.wav") == (RATE // 25, 1)


def test_what_is_too_loud_or_no_number_is_written_as_near_as_there_is(tmp_path: Path) -> None:
    heard = np.array([[2.0, -2.0], [np.inf, -np.inf], [np.nan, 0.5]], np.float32)
    back, _ = in_movie(written(tmp_path / "a.mov", format_of("ffv1"), heard))
    assert np.abs(back - [[1, -1], [1, -1], [0, 0.5]]).max() <= 2 * STEP


def test_a_take_that_comes_to_nothing_leaves_no_sound(tmp_path: Path) -> None:
    writer = create(tmp_path / "take.####.png", format_of("png"))
    writer.write(pictures(1)[0])
    writer.hear(noise(10))
    assert len(list(tmp_path.iterdir())) == 2
    writer.abandon()
    assert list(tmp_path.iterdir()) == []


def test_sound_for_a_take_without_is_refused_and_a_still_names_its_own(tmp_path: Path) -> None:
    with pytest.raises(CodecUnfit, match="without any"):
        written(tmp_path / "a.mov", format_of("ffv1", sound=False), noise(10))
    assert list(tmp_path.iterdir()) == []
    with create(tmp_path / "still.png", format_of("png")) as writer:
        writer.write(pictures(1)[0])
        writer.hear(noise(2002))
    assert sorted(os.listdir(tmp_path)) == ["still.png", "still.wav"]


def test_a_sound_too_long_for_a_wave_says_so(tmp_path: Path) -> None:
    endless = np.broadcast_to(np.zeros((1, 2), np.float32), (2**30, 2))
    with pytest.raises(CodecUnfit, match="longer than"):
        written(tmp_path / "take.####.png", format_of("png"), endless)
    assert list(tmp_path.iterdir()) == []


def test_odd_rates_have_exact_times(tmp_path: Path) -> None:
    rate = Rate(Fraction(1000, 77))
    written(tmp_path / "take.####.png", format_of("png", "", rate), noise(10), 7)
    assert bext_of(tmp_path / "take.wav")[0] == 7 * 77 * 48
