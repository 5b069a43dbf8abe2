"""Files stay under 500 lines and functions under 60: what is longer is listed, with a reason."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

FILE_LINES = 500
FUNCTION_LINES = 60

# path or path::function -> (lines it has now, why). The list may only shrink, and so may the lines.
LONGER: dict[str, tuple[int, str]] = {}


def sizes(path: str, text: str) -> dict[str, int]:
    """The lines of a file, and of each function in it."""
    found = {path: text.count("\n")}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found[f"{path}::{node.name}"] = (node.end_lineno or node.lineno) - node.lineno + 1
    return found


def limit(name: str) -> int:
    return FUNCTION_LINES if "::" in name else FILE_LINES


def too_long(measured: dict[str, int]) -> dict[str, int]:
    return {name: lines for name, lines in measured.items() if lines > limit(name)}


@pytest.fixture(scope="module")
def measured(repository: Path, sources: dict[str, str]) -> dict[str, int]:
    texts = dict(sources)
    for folder in ("tests", "tools"):
        for path in sorted((repository / folder).rglob("*.py")):
            texts[path.relative_to(repository).as_posix()] = path.read_text(encoding="utf-8")
    found: dict[str, int] = {}
    for path, text in texts.items():
        found |= sizes(path, text)
    return found


def test_nothing_is_too_long_that_is_not_listed(measured):
    assert {name: n for name, n in too_long(measured).items() if name not in LONGER} == {}


def test_what_is_listed_is_still_too_long_and_has_not_grown(measured):
    for name, (lines, reason) in LONGER.items():
        assert reason
        assert limit(name) < measured.get(name, 0) <= lines, f"take {name} off the list, or down"


def test_the_measure_measures():
    body = "    x = 1\n" * FUNCTION_LINES
    assert too_long(sizes("a.py", f"def long():\n{body}")) == {"a.py::long": 61}
    assert too_long(sizes("a.py", f"class A:\n  async def long(self):\n{body}")) == {
        "a.py::long": 61
    }
    assert too_long(sizes("a.py", "x = 1\n" * 501)) == {"a.py": 501}
    assert too_long(sizes("a.py", "x = 1\n" * 500)) == {}
