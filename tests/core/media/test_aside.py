"""Writing beside making: it does not wait, it loses nothing, and what goes wrong is heard."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from secondunit.callsheet import Size
from secondunit.media.aside import Aside
from secondunit.media.depth import Depth, Frame
from secondunit.media.format import Format
from secondunit.media.write import Writer
from secondunit_contract.frames import Rate
from secondunit_contract.problem import DiskFull

PATIENCE = 20.0


class Slow:
    """A sink whose first frame takes until somebody lets it go on."""

    landings = ()

    def __init__(self) -> None:
        self.go, self.begun = threading.Event(), threading.Event()
        self.frames: list[int] = []
        self.abandoned = self.finished = False

    def add(self, frame: Frame) -> None:
        self.begun.set()
        assert self.go.wait(PATIENCE)
        self.frames.append(int(frame[0, 0, 0]))

    def finish(self) -> None:
        self.finished = True

    def abandon(self) -> None:
        self.abandoned = True


class Full(Slow):
    """A sink whose disk takes two frames."""

    def add(self, frame: Frame) -> None:
        if len(self.frames) == 2:
            raise DiskFull("The disk is full")
        self.frames.append(int(frame[0, 0, 0]))


@pytest.fixture
def frames() -> list[Frame]:
    return [np.full((4, 6, 3), value, np.uint8) for value in range(30)]


def writer(sink: Slow, wanted: Format) -> Writer:
    return Writer(Path("take.mov"), wanted, sink)


@pytest.fixture
def wanted() -> Format:
    return Format("ffv1", Size(6, 4), Rate.of("24"), Depth(8))


def test_the_next_frames_are_made_while_one_is_written(frames, wanted) -> None:
    sink = Slow()
    with writer(sink, wanted) as out, Aside(out) as aside:
        for frame in frames[:5]:
            aside.write(frame)  # returns, though nothing has been written yet
        assert sink.begun.wait(PATIENCE)
        assert sink.frames == []
        sink.go.set()
        for frame in frames[5:]:
            aside.write(frame)
    assert sink.frames == list(range(30))
    assert sink.finished


def test_no_more_frames_wait_than_may(frames, wanted) -> None:
    sink, given = Slow(), []

    def giving_all(aside: Aside) -> None:
        for frame in frames:
            aside.write(frame)
            given.append(frame)

    with writer(sink, wanted) as out, Aside(out, ahead=3) as aside:
        giving = threading.Thread(target=giving_all, args=(aside,))
        giving.start()
        assert sink.begun.wait(PATIENCE)
        giving.join(0.3)
        assert len(given) <= 5  # one in hand, three waiting, and one that just goes there
        sink.go.set()
        giving.join(PATIENCE)
    assert sink.frames == list(range(30))


def give(sink: Slow, wanted: Format, frames: list[Frame], ahead: int, made: list[int]) -> None:
    with writer(sink, wanted) as out, Aside(out, ahead) as aside:
        for frame in frames:
            aside.write(frame)
            made.append(len(made))


def test_a_full_disk_is_heard_where_frames_are_made(frames, wanted) -> None:
    sink, made = Full(), []
    with pytest.raises(DiskFull):
        give(sink, wanted, frames, 1, made)
    assert len(made) < 10
    assert sink.abandoned
    assert not sink.finished


def test_a_disk_that_fills_with_the_last_frame_is_heard_too(frames, wanted) -> None:
    sink = Full()
    with pytest.raises(DiskFull):
        give(sink, wanted, frames[:3], 8, [])
    assert sink.abandoned


def test_what_stops_the_making_stops_the_writing(frames, wanted) -> None:
    sink = Slow()

    def making() -> None:
        with writer(sink, wanted) as out, Aside(out) as aside:
            for frame in frames[:5]:
                aside.write(frame)
            assert sink.begun.wait(PATIENCE)
            threading.Timer(0.2, sink.go.set).start()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        making()
    assert sink.frames == [0]
    assert sink.abandoned
