"""Nuke's main thread: asked from others without hanging, in a window and in a terminal."""

from __future__ import annotations

import threading
import time

import fake_nuke
import pytest

from secondunit_contract.problem import BadValue
from secondunit_nuke.host import NukeHost
from secondunit_nuke.main_thread import MainThread
from secondunit_panel.host import HostGone, HostProblem, PlaceGone


def test_what_is_raised_there_is_raised_here(stage):
    """Nuke's own way would tell None."""
    here = stage()

    def broken():
        raise BadValue("a value")

    with pytest.raises(BadValue, match="a value"):
        here.do(lambda: here.host.main.carry(broken))
    assert here.app.beside(lambda: here.nuke.executeInMainThreadWithResult(broken)) is None


def test_a_nuke_that_is_closing_is_told_to_be_gone(stage):
    here = stage(drops_calls=True)
    with pytest.raises(HostGone, match="left it undone") as problem:
        here.do(here.host.selection)
    assert problem.value.remedy


def test_on_the_main_thread_it_is_just_done(stage):
    here = stage()
    assert [each.name for each in here.host.selection().clips] == ["Plate"]


def test_what_is_given_on_the_main_thread_is_called_soon_not_at_once(stage):
    here, called = stage(), []
    for number in range(5):
        here.host.call_on_main(lambda number=number: called.append(number))
    assert called == []
    end = time.monotonic() + 10
    while len(called) < 5 and time.monotonic() < end:
        here.app.pump(0.01)
    assert called == [0, 1, 2, 3, 4]


def test_a_terminal_is_served_by_whoever_pumps(stage):
    here = stage(gui=False)
    told = []
    thread = threading.Thread(target=lambda: told.append(here.host.selection()))
    thread.start()
    end = time.monotonic() + 10
    while thread.is_alive() and time.monotonic() < end:
        here.host.main.pump(0.01)
    assert [each.name for each in told[0].clips] == ["Plate"]


def test_a_terminal_nobody_pumps_is_told_and_does_nothing_later(stage):
    here = stage(gui=False)
    main, done, told = MainThread(here.nuke, patience=0.05), [], []

    def ask():
        try:
            main.carry(lambda: done.append(1))
        except HostGone as problem:
            told.append(problem)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join(10)
    main.pump(0.05)
    assert (len(told), done) == (1, [])


def test_what_nuke_raises_is_told_as_a_problem(stage):
    here = stage()
    node = here.nuke.nodes.NoOp()
    here.nuke.delete(node)
    with pytest.raises(PlaceGone):
        here.host._do(node.name)
    with pytest.raises(HostProblem, match="knob nothing does not exist"):
        here.host._do(lambda: here.read["nothing"])


def test_the_fake_sees_what_would_hang_or_crash():
    app = fake_nuke.Nuke()
    with fake_nuke.installed(app) as nuke:
        with pytest.raises(fake_nuke.Sin, match="hangs"):
            nuke.executeInMainThreadWithResult(lambda: None)
        with pytest.raises(fake_nuke.Sin, match="another thread"):
            app.beside(nuke.allNodes)
        with pytest.raises(fake_nuke.Sin, match="too many"):
            nuke.root().end()
    terminal = fake_nuke.Nuke(gui=False)
    with fake_nuke.installed(terminal) as nuke, pytest.raises(fake_nuke.Sin, match="nobody calls"):
        terminal.beside(lambda: nuke.executeInMainThread(lambda: None))
    assert len(app.sins) == 3


@pytest.mark.parametrize(("gui", "nc"), [(True, False), (False, False), (True, True)])
def test_about_says_what_it_can(gui, nc):
    app = fake_nuke.Nuke("17.0v1", gui=gui, nc=nc)
    with fake_nuke.installed(app):
        about = NukeHost().about()
    assert (about.name, about.version, about.counts) == ("Nuke", "17.0v1", "frames")
    assert ("open" in about.can, "matte" in about.can, bool(about.notice)) == (gui, not nc, nc)
    assert "mark" not in about.can
