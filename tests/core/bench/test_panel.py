"""The bench of the panel says what was measured, and refuses what was not."""

from __future__ import annotations

import time

import pytest

from secondunit.bench import measured, names, panel
from secondunit_contract.problem import PartMissing, ProgramFault


@pytest.fixture
def program(monkeypatch):
    """The panel's own program, as it might answer."""
    told = {"paint": {"heavy": []}, "stalls": {
        "longest_ms": 21.04, "busiest_ms": 9.0, "ticks": 900, "takes": 4, "whole": True,
        "previews": 40}}  # fmt: skip

    def run(what: str, *more: str):
        answer = dict(told[what])
        if what == "paint":
            answer["painted"] = time.time() + 0.5
        return answer

    monkeypatch.setattr(panel, "_run", run)
    return told


def test_it_is_among_the_benches_and_tells_both_figures(program):
    assert "panel" in names()
    told = measured("panel")
    assert told["figures"]["longest_stall_ms"] == 21.0
    assert told["figures"]["first_paint_s"] == pytest.approx(0.5, abs=0.2)
    assert "40 previews" in told["conditions"]["takes"]


def test_what_was_not_measured_is_no_figure(program):
    program["stalls"] |= {"whole": False, "takes": 3}
    with pytest.raises(ProgramFault, match="Only 3"):
        measured("panel")
    program["paint"]["heavy"] = ["numpy"]
    with pytest.raises(ProgramFault, match="numpy"):
        measured("panel")


def test_without_qt_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(PartMissing, match="Qt is not installed"):
        measured("panel")


def test_a_program_that_dies_is_said(monkeypatch):
    monkeypatch.setattr(panel, "_PROGRAM", "secondunit_panel.qt.no_such_program")
    with pytest.raises(ProgramFault, match="could not be measured"):
        measured("panel")
