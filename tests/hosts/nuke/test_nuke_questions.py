"""The script that is run in a real Nuke tells each fake what it is like."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from secondunit_nuke import conformance

DIFFER = [
    ("read_start_at", {}, "first"),
    ("read_start_at", {"start_at": "origfirst"}, "origfirst"),
    ("read_start_at", {"tells_files": False}, "first"),
    ("read_offset", {}, "adds"),
    ("read_offset", {"offset": "subtracts"}, "subtracts"),
    ("read_offset_range", {}, [998, 1009]),
    ("read_offset_range", {"offset": "subtracts"}, [1004, 1015]),
    ("metadata_tells_files", {}, True),
    ("metadata_tells_files", {"tells_files": False}, False),
    ("metadata_tells_frames", {}, 1002),
    ("metadata_tells_frames", {"tells_frames": False}, None),
    ("text_reads_range", {}, [1001, 1012, 1001, 1012]),
    ("text_reads_range", {"text_reads_range": False}, [1, 1, 1, 1]),
    ("text_keeps_hashes", {}, "asked.####.exr"),
    ("text_keeps_hashes", {"hashes_become_percent": True}, "asked.%04d.exr"),
    ("text_resets_colour", {}, True),
    ("text_resets_colour", {"text_resets_colour": False}, False),
    ("read_sets_script_range", {}, False),
    ("read_sets_script_range", {"read_sets_script_range": True}, True),
    ("default_colour", {}, "default (linear)"),
    ("default_colour", {"default_colour": "default"}, "default"),
    ("bad_colour", {}, "RuntimeError: ColorspaceLookupError: no such space"),
    ("bad_colour", {"bad_colour": "ignored"}, "nothing is raised, False"),
    ("bad_enum", {"bad_enum": "ignored"}, "nothing is raised, False"),
    ("bad_knob", {}, "NameError: knob no_such_knob does not exist"),
    ("deleted_node", {}, "ValueError: A PythonObject is not attached to a node"),
    ("undo_cancel_reverts", {}, True),
    ("undo_cancel_reverts", {"cancel_reverts": False}, False),
    ("undo_counts", {}, 1),
    ("undo_counts", {"gui": False}, 0),
    ("undo_counts", {"gui": False, "terminal_undoes": True}, 1),
    ("shapes_lie_over", {}, "last"),
    ("shapes_lie_over", {"shapes_over": "first"}, "first"),
    ("nodes_told", {}, 30),
    ("nodes_told", {"nc": True}, 10),
    ("nodes_told", {"nc": True, "all_nodes_capped": False}, 30),
    ("string_knob_keeps", {}, True),
    ("fault_in_main_thread", {}, "nothing is raised, None"),
    ("fault_in_main_thread", {"gui": False}, "not asked"),
]


ANSWERS = {}


@pytest.fixture
def asked(stage):
    """What a fake answers, without the suite."""

    def ask(**more):
        if repr(more) in ANSWERS:
            return ANSWERS[repr(more)]
        here = stage(**more)
        before = here.names()
        suite = conformance.HostConformance
        conformance.HostConformance = type("Short", (), {
            "__init__": lambda *a, **k: None, "run": lambda self: {}})  # fmt: skip
        try:
            report = here.do(lambda: conformance.asked(here.host, here.folder / "asked"))
        finally:
            conformance.HostConformance = suite
        assert here.names() == before, "the script is as it was"
        ANSWERS[repr(more)] = report["answers"]
        return report["answers"]

    return ask


@pytest.mark.parametrize(("question", "nuke", "answer"), DIFFER, ids=str)
def test_answers_differ_as_nukes_do(asked, question, nuke, answer):
    assert asked(**nuke)[question] == answer


def test_every_question_of_the_fake_s_is_asked(asked):
    answers = asked()
    assert {name for name, _, _ in DIFFER} <= set(answers)
    broken = [name for name, each in answers.items() if "Error" in str(each)]
    assert set(broken) == {"bad_colour", "bad_enum", "bad_knob", "bad_class", "deleted_node"}


@pytest.mark.parametrize("gui", [True, False], ids=["window", "terminal"])
@pytest.mark.parametrize("selected", [True, False])
def test_it_is_run_whole_and_written_down(stage, gui, selected):
    here = stage(gui=gui)
    here.read.setSelected(selected)
    before, out, done = here.names(), here.folder / "answers.json", []
    conformance.run(out, done.append)
    end = time.monotonic() + 60
    while not done and time.monotonic() < end:
        here.app.pump(0.01)
    report = json.loads(out.read_text("utf-8"))
    assert report["suite"]["passed"], report["suite"]
    made = {each["check"]: each["result"] for each in report["suite"]["checks"]}
    assert made["take_lies_where_it_should"] == "passed"
    assert (report["window"], report["nuke"]["NukeVersionString"]) == (gui, "15.1v3")
    assert set(report["answers"]) == {*conformance.QUESTIONS, "fault_in_main_thread"}
    assert here.names() == before


def test_without_a_nuke_it_says_how(repository):
    script = repository / "nuke" / "secondunit_nuke" / "conformance.py"
    done = subprocess.run([sys.executable, "-I", script, "a.json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"-t {script}" in done.stdout
    assert "Script Editor" in done.stdout


def test_it_starts_a_nuke_that_is_named(tmp_path, repository):
    """A stand-in notes how it was started."""
    script = repository / "nuke" / "secondunit_nuke" / "conformance.py"
    nuke = tmp_path / "Nuke15.1"
    nuke.write_text(f'#!/bin/sh\necho "$@" > "{tmp_path}/heard"\nexit 3\n')
    nuke.chmod(0o755)
    out = tmp_path / "a.json"
    done = subprocess.run([sys.executable, "-I", script, "--nuke", nuke, out], check=False)
    assert done.returncode == 3
    assert (tmp_path / "heard").read_text() == f"-t {script} {Path(out)}\n"
