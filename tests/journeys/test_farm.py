"""On a farm: one take a task, progress in a farm's words, and an end that a program understands."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from openjd.model import (
    ParameterValue,
    ParameterValueType,
    StepParameterSpaceIterator,
    create_job,
    decode_job_template,
)

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_contract.job import Job
from secondunit_contract.wire import to_json

PROGRAM = [sys.executable, "-c", "from secondunit.cli import main; main()"]


@pytest.fixture
def job_file(shots: Path):
    """Writes a job of two takes of two frames more."""

    def write(**more) -> Path:
        wanted = {"takes": 2, "seed": 5, "steps": 1, "values": {"tail": 1}} | more
        clip = Clip(str(wanted.pop("plate", shots / "plate.mov")), FrameRange(0, 1))
        output = str(wanted.pop("output", shots / "out" / "a.mov"))
        path = shots / "job.json"
        path.write_text(json.dumps(to_json(Job("extend", output, "", {"plate": clip}, **wanted))))
        return path

    return write


def progress(out: str) -> list[float]:
    return [float(each) for each in re.findall(r"^openjd_progress: (.+)$", out, re.MULTILINE)]


def takes(shots: Path) -> list[str]:
    return sorted(each.name for each in (shots / "out").glob("*.mov"))


def test_the_takes_of_tasks_are_those_of_the_job(run, shots, job_file, frames_of):
    whole = run("shoot", job_file(output=shots / "whole" / "a.mov"))
    assert whole.code == 0, whole.told
    for take in (2, 1):
        told = run("shoot", job_file(), "--take", take, "--farm")
        assert told.code == 0, told.told
        assert progress(told.out)[-1] == 100.0
        assert progress(told.out) == sorted(progress(told.out))
        assert f"openjd_status: take {take}: {shots}/out/a_t00{take}.mov" in told.out
    for name in ("a_t001.mov", "a_t002.mov"):
        ours, theirs = frames_of(shots / "out" / name), frames_of(shots / "whole" / name)
        assert np.array_equal(np.stack(ours), np.stack(theirs))


def test_a_task_that_is_run_again_finds_its_take(run, shots, job_file):
    assert run("shoot", job_file(), "--take", 1, "--farm").code == 0
    before = (shots / "out" / "a_t001.mov").stat().st_mtime_ns
    again = run("shoot", job_file(), "--take", 1, "--farm", "--json")
    assert again.code == 0, again.told
    assert (shots / "out" / "a_t001.mov").stat().st_mtime_ns == before
    assert takes(shots) == ["a_t001.mov"]
    other = run("shoot", job_file(seed=6), "--take", 1, "--farm")
    assert (other.code, "openjd_fail: " in other.out) == (1, True)  # not what stands there
    assert "take.there" in other.err


def test_the_end_tells_what_there_is(run, shots, job_file):
    missing = run("shoot", job_file(plate=shots / "none.mov"), "--farm")
    assert missing.code == 1
    [fail] = re.findall(r"^openjd_fail: (.+)$", missing.out, re.MULTILINE)
    assert "none.mov" in fail
    assert run("shoot", shots / "no-job.json", "--farm").code == 1
    assert run("shoot", job_file(), "--take", 3, "--farm").code == 1
    assert run("shoot", job_file(), "--no-such-option").code == 2
    (shots / "out").mkdir()
    (shots / "out" / "a_t002.mov").write_bytes(b"somebody's")
    job = job_file(output=shots / "out" / "a_t{take}.mov")
    for take in (1, 2):
        told = run("shoot", job, "--take", take)
        assert told.code == take - 1, told.told
    (shots / "out" / "a_t001.mov").unlink()


def test_some_takes_and_then_a_problem_is_partly_done(run, shots, job_file, monkeypatch):
    from secondunit.engine import local
    from secondunit_contract.problem import DiskFull

    written = local.Delivery._written

    def full(self, number, inputs):
        if number == 1:
            raise DiskFull("There is no room for the take", "here", "Free some")
        return written(self, number, inputs)

    monkeypatch.setattr(local.Delivery, "_written", full)
    told = run("shoot", job_file(), "--farm")
    assert told.code == 3, told.told
    assert takes(shots) == ["a_t001.mov"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals are of other systems")
def test_a_farm_that_stops_a_task_gets_130_and_no_half_files(shots, job_file):
    process = subprocess.Popen(
        [*PROGRAM, "shoot", str(job_file(steps=1000)), "--take", "1", "--farm"],
        env={**os.environ, "SECONDUNIT_MODELS": str(shots / "none"), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert next(line for line in process.stdout if line.startswith("openjd_progress: "))
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, err
    assert "openjd_status: stopped" in out
    assert takes(shots) == []
    assert list((shots / "out").glob(".*")) == []


@pytest.fixture
def template(repository: Path):
    path = repository / "docs" / "farms" / "secondunit.openjd.yaml"
    return decode_job_template(template=yaml.safe_load(path.read_text("utf-8")))


def test_the_template_is_an_open_job_description_with_a_task_a_take(template):
    given = {
        "JobFile": ParameterValue(type=ParameterValueType.PATH, value="/m/job.json"),
        "Takes": ParameterValue(type=ParameterValueType.STRING, value="1-3,7"),
        "JobName": ParameterValue(type=ParameterValueType.STRING, value="Second Unit"),
        "Program": ParameterValue(type=ParameterValueType.STRING, value="secondunit"),
    }
    [step] = create_job(job_template=template, job_parameter_values=given).steps
    tasks = StepParameterSpaceIterator(space=step.parameterSpace)
    assert [int(each["Take"].value) for each in tasks] == [1, 2, 3, 7]
    assert [each.name for each in template.parameterDefinitions if each.default is None] == [
        "JobFile"
    ]


def test_the_command_of_the_template_shoots_a_take(run, shots, job_file, template):
    """With the file of rules as a farm writes it: the job was written where /shots was."""
    rules = shots / "rules.json"
    rules.write_text(json.dumps({
        "version": "pathmapping-1.0",
        "path_mapping_rules": [{"source_path_format": "POSIX", "source_path": "/shots",
                                "destination_path": str(shots)}],
    }))  # fmt: skip
    job = job_file(plate="/shots/plate.mov", output="/shots/out/a.mov")
    command = template.steps[0].script.actions.onRun
    known = {"Param.JobFile": job, "Task.Param.Take": 2, "Session.PathMappingRulesFile": rules}
    words = [
        re.sub(r"{{(.+?)}}", lambda found: str(known[found[1].strip()]), str(each))
        for each in command.args
    ]
    assert str(command.command) == "{{Param.Program}}"
    told = run(*words)
    assert told.code == 0, told.told
    assert takes(shots) == ["a_t002.mov"]
    assert progress(told.out)[-1] == 100.0
