"""The play head drops frames rather than lag, and stays among the frames there are."""

from __future__ import annotations

from fractions import Fraction

import pytest

pytest.importorskip("qtpy.QtWidgets", reason="Qt is not installed", exc_type=ImportError)

from secondunit_contract.frames import FrameRange
from secondunit_panel.qt.clock import Clock

RATE = Fraction(24000, 1001)


@pytest.fixture
def clock(application):
    """A clock over frames 1001 to 1048 whose time is set by hand."""
    now = [100.0]
    clock = Clock(now=lambda: now[0])
    clock.span(FrameRange(1001, 1048), RATE)

    def passes(seconds: float) -> int:
        now[0] += seconds
        clock._look()
        return clock.frame

    clock.passes, clock.seen = passes, []
    clock.ticked.connect(clock.seen.append)
    yield clock
    clock.pause()


def test_a_late_look_shows_the_frame_that_is_due_and_none_between(clock):
    clock.play()
    assert clock.passes(float(1 / RATE)) == 1002
    assert clock.passes(float(20 / RATE)) == 1022
    assert clock.seen == [1, 21]


def test_it_does_not_drift(clock):
    clock.play()
    for _ in range(1000):
        clock.passes(0.0101)
    due = int(10.1 * RATE) % 48
    assert clock.index in (due, due - 1)


def test_it_begins_again_at_the_end(clock):
    clock.go_to(1047)
    clock.play()
    assert clock.passes(float(2 / RATE)) == 1001
    assert clock.playing


def test_without_a_loop_it_stands_on_the_last_frame_and_plays_again_from_the_first(clock):
    clock.loop = False
    clock.play()
    assert clock.passes(60) == 1048
    assert not clock.playing
    clock.play()
    assert clock.frame == 1001


def test_a_step_stops_it_and_holds_at_the_ends(clock):
    clock.play()
    clock.step(-10)
    assert (clock.frame, clock.playing) == (1001, False)
    clock.step(1000)
    assert clock.frame == 1048


def test_another_range_keeps_the_frame_where_it_has_it(clock):
    told = []
    clock.spanned.connect(lambda: told.append(clock.range))
    clock.go_to(1020)
    clock.span(FrameRange(990, 1060))
    assert (clock.frame, clock.index) == (1020, 30)
    clock.span(FrameRange(1040, 1060))
    assert clock.frame == 1040
    assert told == [FrameRange(990, 1060), FrameRange(1040, 1060)]


def test_one_frame_does_not_play(clock):
    clock.span(FrameRange(5, 5))
    clock.play()
    assert not clock.playing


def test_it_runs_by_itself(application, until):
    clock = Clock()
    clock.span(FrameRange(0, 99), Fraction(100))
    clock.play()
    until(lambda: clock.index > 5)
    clock.toggle()
    assert not clock.playing
