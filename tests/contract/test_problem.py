"""The tree of Problems is as drawn, its codes are its own, and each says what, where, remedy."""

from __future__ import annotations

import json
import pickle
import re

import pytest

from secondunit_contract import problem as module
from secondunit_contract.problem import (
    BadInput,
    BadValue,
    MediaProblem,
    Problem,
    problem_from_json,
)

DRAWN = re.compile(r"^( *)([A-Z]\w+) +(\w+(?:\.\w+)?) +(\S.*)$")


def every_class(root: type[Problem] = Problem) -> list[type[Problem]]:
    found = [root]
    for kind in root.__subclasses__():
        if kind.__module__ == module.__name__:
            found += every_class(kind)
    return found


def drawn() -> list[tuple[str, str, str]]:
    """(class, the class above it, code) for each line of the drawing in the docstring."""
    lines = str(module.__doc__).split("\n\n", 1)[1].splitlines()
    above: list[str] = []
    rows = []
    for line in lines:
        found = DRAWN.match(line)
        assert found, f"not a line of the drawing: {line!r}"
        depth = len(found[1]) // 2
        del above[depth:]
        rows.append((found[2], above[-1] if above else "Exception", found[3]))
        above.append(found[2])
    return rows


def test_the_drawing_is_the_tree():
    real = [(kind.__name__, kind.__bases__[0].__name__, kind.code) for kind in every_class()]
    assert drawn() == real


def test_no_two_problems_share_a_code():
    codes = [kind.code for kind in every_class()]
    assert len(codes) > 25
    assert sorted(codes) == sorted(set(codes))


def test_a_code_begins_with_the_word_of_its_family():
    for kind in every_class(MediaProblem)[1:]:
        assert kind.code.startswith("media.")


BUILTINS = {
    "BadValue": ValueError,
    "TaskUnknown": LookupError,
    "TakeUnknown": LookupError,
    "JobUnknown": LookupError,
    "MediaMissing": FileNotFoundError,
    "MediaUnreadable": OSError,
    "MediaTruncated": EOFError,
    "FrameMissing": FileNotFoundError,
    "RangeOutside": IndexError,
    "ModelUnknown": LookupError,
    "SizeUnfit": ValueError,
    "DiskFull": OSError,
    "NotWritable": PermissionError,
    "NotEnoughMemory": MemoryError,
    "PartMissing": ImportError,
    "LedgerUnreadable": OSError,
    "NetworkLost": ConnectionError,
}


@pytest.mark.parametrize(("name", "builtin"), BUILTINS.items())
def test_who_knows_python_catches_what_they_know(name, builtin):
    with pytest.raises(builtin, match="No frame 1004"):
        raise getattr(module, name)("No frame 1004", "/shots/sc010.####.exr", "Render it")


def test_the_builtins_named_here_are_all_there_are():
    named = {
        kind.__name__
        for kind in every_class()
        if any(base.__module__ == "builtins" for base in kind.__bases__[1:])
    }
    assert named == set(BUILTINS)


@pytest.mark.parametrize("kind", every_class())
def test_each_class_survives_json_and_another_process(kind):
    problem = kind("No frame 1004", "/shots/sc010.####.exr", "Render it again")
    over_the_wire = problem_from_json(json.loads(json.dumps(problem.to_json())))
    through_a_process = pickle.loads(pickle.dumps(problem))
    for arrived in (over_the_wire, through_a_process):
        assert type(arrived) is kind
        assert arrived.to_json() == problem.to_json()
        assert str(arrived) == "No frame 1004. /shots/sc010.####.exr. Render it again."


def test_a_newer_program_s_problem_keeps_its_code_its_words_and_the_rest():
    message = {"code": "media.melted", "what": "It melted", "where": "", "remedy": "", "heat": 451}
    problem = problem_from_json(message)
    assert type(problem) is MediaProblem
    assert problem.to_json() == message
    assert type(problem_from_json({"code": "stars.wrong", "what": "Mercury"})) is Problem
    assert problem_from_json({"code": "stars.wrong", "what": "Mercury"}).code == "stars.wrong"


@pytest.mark.parametrize("message", [{}, {"code": None, "what": None}, {"where": ""}])
def test_a_problem_that_says_nothing_still_reads_as_one(message):
    assert str(problem_from_json(message)).startswith("Something an artist can understand")


def test_a_code_alone_says_what_its_class_says():
    assert str(problem_from_json({"code": "media.empty"})) == "There is no frame in it."


@pytest.mark.parametrize(
    ("parts", "read"),
    [
        (("No room to write",), "No room to write."),
        (("No room to write.", "/mnt/takes"), "No room to write. /mnt/takes."),
        (("No room", "", "Make some"), "No room. Make some."),
        (("Is it plugged in?", "drive E:", "Look!"), "Is it plugged in? drive E:. Look!"),
        ((" No room ", "", ""), "No room."),
    ],
)
def test_it_reads_as_sentences(parts, read):
    assert str(BadInput(*parts)) == read


def test_every_docstring_is_a_sentence_that_can_be_shown():
    for kind in every_class():
        first = str(kind.__doc__).partition("\n")[0]
        assert re.fullmatch(r"[A-Z].*\.", first), f"{kind.__name__}: {first!r}"


def test_the_words_can_be_completed_on_the_way_up():
    problem = BadValue("0 takes")
    problem.where = "job.json"
    assert str(problem) == "0 takes. job.json."


def test_a_class_without_a_code_of_its_own_is_not_taken_for_its_parent():
    class Special(module.MediaMissing):
        """Somebody's own."""

    told = Special("gone").to_json()
    assert type(problem_from_json(told)) is module.MediaMissing
