"""The panel in a window of its own: a cut's clips, the main thread, and what measures it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time

import pytest

pytest.importorskip("qtpy.QtWidgets", reason="Qt is not installed", exc_type=ImportError)

from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate
from secondunit_panel.host import Place, Selection, Shot
from secondunit_panel.qt import __main__ as program
from secondunit_panel.qt.main_thread import MainThread
from secondunit_panel.qt.measuring import FirstPaint, Stalls
from secondunit_panel.qt.window import Window
from secondunit_panel.session import Session
from secondunit_panel.standalone import Standalone

RATE = Rate.of(24)


def selection(name: str, folder) -> Selection:
    place = Place(FrameRange(0, 7), RATE, name, "cut")
    return Selection((Shot(name, Clip(str(folder / name), FrameRange(0, 7), RATE), place),),
                     document="cut")  # fmt: skip


def test_what_is_given_from_any_thread_is_called_on_the_main_one(application, until):
    main, called = MainThread(), []

    def give() -> None:
        for number in range(20):
            main.call(lambda number=number: called.append((number, threading.get_ident())))

    other = threading.Thread(target=give)
    other.start()
    other.join()
    assert called == [], "it returns at once"
    until(lambda: len(called) == 20)
    assert called == [(number, threading.get_ident()) for number in range(20)]


def test_the_clips_of_a_cut_are_chosen_in_a_list(application, until, engine, tmp_path):
    host = Standalone([selection("a", tmp_path), selection("b", tmp_path)], MainThread().call)
    session = Session(host, lambda waiting: engine.client, lambda: None, tmp_path / "keep")
    window = Window(host, session)
    window.show()
    until(lambda: window.panel.header.name.text() == "a")
    assert [window.clips.itemText(at) for at in range(2)] == ["a · 0–7 · 8 f", "b · 0–7 · 8 f"]
    QTest.keyClick(window.clips, Qt.Key.Key_Down)
    until(lambda: window.panel.header.name.text() == "b")
    window.close()
    until(lambda: not session._observers)


def test_a_program_that_is_told_nonsense_says_so(tmp_path, capsys):
    file = tmp_path / "clips.json"
    file.write_text(json.dumps({"selections": [{"clips": "none"}]}))
    assert program.main([str(file)]) == 1
    assert program.main([str(tmp_path / "missing.json")]) == 1
    assert capsys.readouterr().err.count("\n") >= 2


def test_importing_the_panel_brings_nothing_heavy(application):
    heavy = "{'numpy', 'torch', 'secondunit', 'pydantic', 'av'}"
    code = f"import sys, secondunit_panel.qt.panel; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "set()", done.stderr


def test_a_stall_is_seen_by_the_timer_inside(application, until):
    stalls = Stalls()
    stalls.start()
    until(lambda: stalls.ticks > 5)
    end = time.thread_time() + 0.08
    while time.thread_time() < end:
        pass
    before = stalls.ticks
    until(lambda: stalls.ticks > before)
    assert stalls.longest >= 80
    assert stalls.busiest >= 80


def test_the_first_paint_is_seen(application, until, engine, tmp_path):
    host = Standalone([], MainThread().call)
    window = Window(host, Session(host, lambda waiting: engine.client, lambda: None, tmp_path))
    first = FirstPaint()
    window.panel.installEventFilter(first)
    before = time.time()
    window.show()
    until(lambda: first.at)
    assert before <= first.at <= time.time()
