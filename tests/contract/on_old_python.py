"""What a host's own Python must manage: run by test_old_python.py under Python 3.10, alone.

Standard library only, and no pytest: a host brings neither. Prints the version it ran on.
"""

from __future__ import annotations

import importlib
import json
import pickle
import pkgutil
import sys
from fractions import Fraction

import secondunit_contract
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate, Timecode
from secondunit_contract.job import Event, Job, Take
from secondunit_contract.problem import BadValue, Problem, problem_from_json
from secondunit_contract.task import TaskCard
from secondunit_contract.wire import from_json, to_json

IN_HOST = ["secondunit_panel", "secondunit_resolve", "secondunit_nuke"]
BROUGHT_BY_THE_HOST = {"qtpy", "requests", "nuke", "DaVinciResolveScript"}


def import_all() -> int:
    """Import every module that runs inside a host; how many there were."""
    names = [secondunit_contract.__name__, *IN_HOST]
    for package in list(names):
        folder = importlib.import_module(package).__path__
        names += [found.name for found in pkgutil.walk_packages(folder, f"{package}.")]
    for name in names:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as missing:
            if str(missing.name).partition(".")[0] not in BROUGHT_BY_THE_HOST:
                raise
    return len(set(names))


def check_frames() -> None:
    """Rates snap, and each minute's first and last timecodes come back, drop-frame and not."""
    for written in (23.976, 23.98, 23.976024627685547, "24000/1001"):
        assert Rate.of(written).per_second == Fraction(24000, 1001), written
    for rate in map(Rate.of, (23.976, 24, 25, 29.97, 30, 59.94, 119.88)):
        for drop in {False, rate.can_drop}:
            for minute in range(24 * 60):
                for frame in (minute * rate.nominal * 59, minute * rate.nominal * 59 + 1):
                    code = Timecode(frame, rate, drop)
                    assert Timecode.parse(str(code), rate) == code, str(code)
    assert str(Timecode(107_892, Rate.of(29.97), drop=True)) == "01:00:00;00"
    assert len(FrameRange.parse("1001-1010").with_handles(8, 8)) == 26


def check_messages() -> None:
    """Every message and every Problem goes out as JSON and comes back the same."""
    rate = Rate.of("30000/1001")
    clip = Clip("a.mov", FrameRange(1, 9), rate, extra={"lens": 35})
    take = Take("j", 1, 7, "t.mov", FrameRange(1, 9), rate, 64, 48)
    job = Job("insert", "o.mov", inputs={"plate": clip}, values={"x": [1, None]})
    for message in (clip, take, job, Event("take", take=take), TaskCard("a", "A", "b")):
        travelled = json.loads(json.dumps(to_json(message)))
        assert from_json(type(message), travelled) == message
        assert to_json(from_json(type(message), travelled)) == travelled
    wrong = {"task": "t", "output": "o", "inputs": {"plate": {"media": 3}}}
    assert complaint(wrong) == "Job.inputs.plate.media", complaint(wrong)
    check_problems(Problem)


def complaint(message: dict[str, object]) -> str:
    """Which field of a job the wire finds wrong."""
    try:
        from_json(Job, message)
    except BadValue as problem:
        return problem.where
    return ""


def check_problems(kind: type[Problem]) -> None:
    """Each class survives JSON and a process border."""
    sent = kind("what", "where", "remedy")
    for arrived in (problem_from_json(sent.to_json()), pickle.loads(pickle.dumps(sent))):
        assert type(arrived) is kind, kind
        assert str(arrived) == "what. where. remedy.", str(arrived)
    for each in kind.__subclasses__():
        check_problems(each)


if __name__ == "__main__":
    counted = import_all()
    check_frames()
    check_messages()
    sys.stdout.write(f"{sys.version_info[0]}.{sys.version_info[1]}: {counted} modules\n")
