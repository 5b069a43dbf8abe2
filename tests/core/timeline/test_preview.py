"""A preview shows, frame by frame, what the cut shows: judged by the pixels of the movie."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from secondunit.callsheet import Cancelled, Size
from secondunit.engine.watching import Cancel
from secondunit.media.contact import AMBER, GROUND
from secondunit.media.read import open_media
from secondunit.timeline.cards import Card, drawn, running
from secondunit.timeline.preview import preview
from secondunit_contract.frames import Rate, Timecode
from secondunit_contract.problem import CutProblem, TakeThere
from secondunit_otio import Cut
from secondunit_otio.testing import (
    clip,
    gap,
    generator,
    marker,
    movie,
    span,
    stack,
    text_of,
    time,
    timeline,
    track,
    transition,
    warp,
)

STEP, FRAMES = 5, 48


def level(number: int) -> int:
    """The grey of a frame of the wedge."""
    return 10 + STEP * number


@pytest.fixture(scope="session")
def wedge(tmp_path_factory) -> Path:
    """A movie whose n-th frame is grey, the lighter the later."""
    path = tmp_path_factory.mktemp("wedge") / "wedge.mov"
    written(path, [np.full((64, 96, 3), level(n), np.uint8) for n in range(FRAMES)], "ffv1", "bgr0")
    return path


def written(path: Path, pictures, codec: str, pixels: str, rate=24) -> Path:
    with av.open(str(path), "w", format="mp4" if codec == "ffv1" else None) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pixels
        for picture in pictures:
            kind = "rgba" if picture.shape[2] == 4 else "rgb24"
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format=kind)))
        container.mux(stream.encode(None))
    return path


def of_wedge(path: Path, start: float, frames: float, *effects, rate: float = 24.0, **more):
    media = movie(str(path), span(0, FRAMES))
    return clip("wedge", span(start, frames, rate), media, effects=list(effects), **more)


def seen(cut, folder: Path, **how) -> np.ndarray:
    """The frames of a cut's preview."""
    cut = cut if isinstance(cut, Cut) else Cut.parse(text_of(cut), str(folder / "cut.otio"))
    done = preview(cut, folder / "preview.mp4", **how)
    frames = read(done.path)
    assert len(frames) == done.frames
    return frames


def read(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack([each.to_ndarray(format="rgb24") for each in container.decode(video=0)])


def greys(frames: np.ndarray) -> list[float]:
    """The wedge's frame number that each frame is as light as."""
    height, width = frames.shape[1:3]
    middle = frames[:, height // 4 : -height // 4, width // 4 : -width // 4]
    return [(float(each) - 10) / STEP for each in middle.mean((1, 2, 3))]


def is_near(found: list[float], wanted: list[float]) -> bool:
    return len(found) == len(wanted) and max(abs(np.subtract(found, wanted))) < 0.35


# --- one clip, every way of playing it ---


def test_each_frame_of_a_clip_is_the_media_s_own(wedge, tmp_path):
    assert is_near(greys(seen(timeline(track(of_wedge(wedge, 7, 12))), tmp_path)), [*range(7, 19)])


RETIMES = {
    2.0: [4, 6, 8, 10, 12, 14],
    0.5: [4, 4, 5, 5, 6, 6],
    0.0: [4, 4, 4, 4, 4, 4],
    -1.0: [9, 8, 7, 6, 5, 4],
    1.3: [4, 5, 6, 7, 9, 10],
}


@pytest.mark.parametrize("speed", RETIMES)
def test_retimes_freezes_and_reverse_play(wedge, tmp_path, speed):
    cut = timeline(track(of_wedge(wedge, 4, 6, warp(speed))))
    assert is_near(greys(seen(cut, tmp_path)), RETIMES[speed])


def test_a_nested_sequence_at_double_speed_with_an_offset(wedge, tmp_path):
    inner = stack(
        track(gap(4), of_wedge(wedge, 10, 20)), source_range=span(6, 5), effects=[warp(2.0)]
    )
    shown = greys(seen(timeline(track(of_wedge(wedge, 0, 2), inner)), tmp_path))
    assert is_near(shown, [0, 1, 12, 14, 16, 18, 20])


def test_a_nested_sequence_played_backwards(wedge, tmp_path):
    inner = stack(track(of_wedge(wedge, 10, 20)), source_range=span(6, 5), effects=[warp(-1.0)])
    shown = greys(seen(timeline(track(inner)), tmp_path))
    assert is_near(shown, [20, 19, 18, 17, 16])


def test_another_rate_than_the_cut_s(wedge, tmp_path):
    cut = timeline(track(of_wedge(wedge, 0, 24)), global_start_time=time(0, 48))
    shown = greys(seen(cut, tmp_path))
    assert is_near(shown, [each // 2 for each in range(48)])


@pytest.mark.parametrize(("frames", "rate"), [(7, 23.976), (10, 29.97), (5, 25), (3, 59.94)])
def test_length_rate_and_timecode_are_exact(wedge, tmp_path, frames, rate):
    start = 3600 * round(rate)
    cut = timeline(
        track(of_wedge(wedge, 0, frames, rate=rate)), global_start_time=time(start, rate)
    )
    seen(cut, tmp_path)
    with open_media(tmp_path / "preview.mp4") as reader:
        assert len(reader.footage.range) == frames
        assert reader.footage.rate == Rate.of(rate)
        assert reader.footage.timecode == Timecode(start, Rate.of(rate))


# --- layers ---


def test_the_topmost_picture_that_is_on_is_seen(wedge, tmp_path):
    below = track(of_wedge(wedge, 0, 8))
    above = track(gap(2), of_wedge(wedge, 30, 2), of_wedge(wedge, 40, 2, enabled=False))
    off = track(of_wedge(wedge, 20, 8), enabled=False)
    sound = track(of_wedge(wedge, 20, 8), kind="Audio")
    shown = greys(seen(timeline(below, above, off, sound), tmp_path))
    assert is_near(shown, [0, 1, 30, 31, 4, 5, 6, 7])


def test_what_is_off_hides_nothing_even_where_nobody_knows_how_long_it_is(wedge, tmp_path):
    endless = clip("endless", None, None, enabled=False)
    shown = greys(seen(timeline(track(of_wedge(wedge, 0, 2)), endless), tmp_path))
    assert is_near(shown, [0, 1])


def test_a_dissolve_is_mixed_out_of_both_clips_handles(wedge, tmp_path):
    row = track(of_wedge(wedge, 4, 4), transition(2, 2), of_wedge(wedge, 30, 4))
    shares = [1 / 8, 3 / 8, 5 / 8, 7 / 8]
    goes, comes = [6, 7, 8, 9], [28, 29, 30, 31]
    mixed = [a * (1 - s) + b * s for a, b, s in zip(goes, comes, shares, strict=True)]
    shown = greys(seen(timeline(row), tmp_path))
    assert is_near(shown, [4, 5, *mixed, 32, 33])


def test_a_fade_lets_through_what_lies_below(wedge, tmp_path):
    above = track(gap(2), transition(0, 2), of_wedge(wedge, 40, 4))
    shown = greys(seen(timeline(track(of_wedge(wedge, 0, 6)), above), tmp_path))
    assert is_near(shown, [0, 1, 2 * 0.75 + 40 * 0.25, 3 * 0.25 + 41 * 0.75, 42, 43])


def test_what_is_transparent_lies_over_what_is_below(wedge, tmp_path):
    title = np.zeros((64, 96, 4), np.uint8)
    title[16:48, 24:72] = (250, 250, 250, 128)
    path = written(tmp_path / "title.mov", [title] * 4, "qtrle", "argb")
    above = track(clip("title", span(0, 4), movie(str(path), span(0, 4))))
    frames = seen(timeline(track(of_wedge(wedge, 0, 4)), above), tmp_path)
    half = 250 * 128 / 255 + level(0) * 127 / 255
    assert abs(frames[0, 32, 48].mean() - half) < 4
    assert abs(frames[0, 4, 4].mean() - level(0)) < 4


def test_another_shape_is_letterboxed(wedge, tmp_path):
    frames = seen(timeline(track(of_wedge(wedge, 40, 1))), tmp_path, size=Size(200, 80))
    assert frames.shape == (1, 80, 200, 3)
    assert frames[0, :, :38].max() < 4
    assert frames[0, :, -38:].max() < 4
    assert abs(int(frames[0, 40, 100, 0]) - level(40)) < 4


# --- what is not there ---


def test_offline_media_is_said_in_the_picture_and_in_the_report(wedge, tmp_path):
    gone = clip("A001_C003", span(0, 3), movie("/gone/A001_C003.mov", span(0, 9)))
    cut = Cut.parse(text_of(timeline(track(of_wedge(wedge, 0, 2), gone))))
    done = preview(cut, tmp_path / "p.mp4", size=Size(320, 180))
    frames = read(done.path)
    card = Card("OFFLINE", "A001_C003", ("There is no such file: /gone/A001_C003.mov",))
    assert not np.allclose(frames[1], frames[3], atol=20)
    assert len(done.unseen) == 1
    assert "frames 3-5" in done.unseen[0]
    assert "A001_C003.mov" in done.unseen[0]
    said = done.unseen[0].split('": ', 1)[1].rpartition(": frames")[0]
    wanted = running(drawn(Card(card.above, card.heading, (said,)), Size(320, 180)), "00:00:00:02",
                     "frame 3", 0.0)  # fmt: skip
    assert np.abs(frames[2].astype(int) - wanted).mean() < 3, "the words are in the picture"


def test_a_request_is_its_slate(wedge, tmp_path):
    media = generator("SecondUnit.Insert", span(0, 20), prompt="a gull over the harbour")
    asked = clip("gull su-k3v9x0aa", span(8, 4), media)
    frames = seen(timeline(track(asked)), tmp_path, size=Size(640, 360))
    assert np.abs(frames[0, 4, 4].astype(int) - GROUND).max() < 6
    amber = np.abs(frames[0].astype(int) - AMBER).max(2) < 40
    assert amber.sum() > 200, "the id stands out"
    assert not np.array_equal(frames[0][-60:], frames[3][-60:]), "the count runs"


def test_what_is_wanted_in_a_gap_is_its_slate(wedge, tmp_path):
    """For as long as it is wanted; the rest of the gap is black."""
    asked = marker("SU insert", span(2, 3), "su: insert 3f | a gull")
    cut = Cut.parse(text_of(timeline(track(of_wedge(wedge, 0, 4), gap(8, markers=[asked])))))
    done = preview(cut, tmp_path / "p.mp4", Size(320, 180))
    frames = read(done.path)
    ground = [bool(np.abs(each[90, 300].astype(int) - GROUND).max() < 6) for each in frames]
    assert ground == 6 * [False] + 3 * [True] + 3 * [False]
    assert all(frames[number].max() < 8 for number in (4, 5, 9, 11))
    assert len(done.unseen) == 1
    assert done.unseen[0].endswith("It has not been shot yet: frames 7-9")


def test_a_speed_only_its_host_knows_is_said(wedge, tmp_path):
    ramp = {"OTIO_SCHEMA": "TimeEffect.1", "name": "ramp", "effect_name": "", "metadata": {}}
    cut = Cut.parse(text_of(timeline(track(of_wedge(wedge, 0, 3, ramp)))))
    done = preview(cut, tmp_path / "p.mp4")
    assert "Its speed changes along the way" in done.unseen[0]


def test_a_cut_that_means_more_than_the_movie_holds(wedge, tmp_path):
    media = movie(str(wedge), span(0, 500))
    cut = Cut.parse(text_of(timeline(track(clip("long", span(46, 4), media)))))
    done = preview(cut, tmp_path / "p.mp4")
    assert "frames 3-4" in done.unseen[0]


def test_media_counted_from_timecode_without_a_range(samples, tmp_path):
    from secondunit.demo import FOOTAGE

    media = movie(str(FOOTAGE / "plate.mov"), None)
    cut = Cut.parse(text_of(timeline(track(clip("tc", span(86400 + 5, 3), media)))))
    frames = read(preview(cut, tmp_path / "p.mp4").path)
    with open_media(FOOTAGE / "plate.mov") as reader:
        wanted = [reader.frame(number) for number in (5, 6, 7)]
    assert np.abs(frames.astype(int) - np.stack(wanted)).mean() < 4


EMPTY = [
    timeline(),
    timeline(track()),
    timeline(track(clip("endless", None, None))),
    timeline(track(gap(0))),
]


@pytest.mark.parametrize("cut", EMPTY)
def test_a_cut_of_nothing_is_refused(cut, tmp_path):
    with pytest.raises(CutProblem):
        preview(Cut.parse(text_of(cut)), tmp_path / "p.mp4")
    assert list(tmp_path.iterdir()) == []


def test_no_file_is_written_over(wedge, tmp_path):
    (tmp_path / "p.mp4").write_bytes(b"mine")
    with pytest.raises(TakeThere):
        preview(Cut.parse(text_of(timeline(track(of_wedge(wedge, 0, 2))))), tmp_path / "p.mp4")
    assert (tmp_path / "p.mp4").read_bytes() == b"mine"


def test_a_stopped_preview_leaves_nothing(wedge, tmp_path):
    cancel = Cancel()
    cancel.wish()
    with pytest.raises(Cancelled):
        preview(
            Cut.parse(text_of(timeline(track(of_wedge(wedge, 0, 20))))),
            tmp_path / "p.mp4",
            cancel=cancel,
        )
    assert list(tmp_path.iterdir()) == []


# --- real footage ---


def test_the_sample_cut_shows_the_frames_it_means(samples, tmp_path):
    """Against a bare decoding of the footage: the right frame is nearer than those beside it."""
    source = samples / "cuts" / "requests_all_forms.otio"
    done = preview(Cut.read(source), tmp_path / "p.mp4", size=Size(320, 180))
    frames = read(done.path).astype(int)
    assert len(frames) == done.frames == 252
    with av.open(str(samples / "footage" / "person_juggle.mp4")) as container:
        footage = [
            each.reformat(320, 180, "rgb24").to_ndarray().astype(int)
            for each in container.decode(video=0)
        ]
    meant = {0: 0, 19: 19, 50: 50, 84: 110, 120: 146, 156: 160, 157: 160, 195: 179, 212: 200,
             251: 239}  # fmt: skip
    for shown, number in meant.items():
        beside = range(max(0, number - 2), min(number + 3, len(footage)))
        apart = {at: np.abs(frames[shown] - footage[at]).mean() for at in beside}
        assert min(apart, key=apart.__getitem__) == number, (shown, apart)
    gap = frames[196:212]
    assert (np.ptp(gap, axis=0) < 12).mean() > 0.97, "what is wanted in the gap stands still"
    assert (np.abs(gap - (31, 30, 33)).max(axis=-1) < 6).mean() > 0.7, "on the ground of a slate"
    assert (gap.min(axis=-1) > 150).mean() > 0.005, "in letters"
    assert any("SMPTEBars" in each and "21-30" in each for each in done.unseen)
    assert any("not been shot" in each and "61-84" in each for each in done.unseen)
    assert any("not been shot" in each and "197-212" in each for each in done.unseen)
    assert len(done.unseen) == 3


def test_foreign_cuts_are_previewed_or_refused_in_words(samples, tmp_path):
    """Their first seconds: nothing of theirs is there, so every frame is a card or black."""
    for path in sorted((samples / "timelines").glob("*.otio")):
        cut = json.loads(path.read_text())
        rate = Fraction(24)
        cut["tracks"]["source_range"] = span(0, 3, float(rate))
        done = preview(
            Cut.parse(json.dumps(cut), str(path)), tmp_path / f"{path.stem}.mp4", Size(160, 90)
        )
        assert done.frames >= 1
        assert len(read(done.path)) == done.frames
