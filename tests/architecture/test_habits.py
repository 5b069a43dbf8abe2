"""Habits no linter knows: borders, names that are never compared, words nobody is shown."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from secondunit_contract import problem as problems

# Where every exception may be caught, and why. One row for where a job runs, one for each host.
BORDERS = {
    "core/secondunit/engine/local.py": "where a job runs: a failed one must not stop the next",
    "blender/secondunit_blender/pump.py": "where Blender calls us: it would end the pump",
    "nuke/secondunit_nuke/main_thread.py": "where Nuke calls us: it would swallow what is raised",
}

MODELS_AND_HOSTS = (
    "core/secondunit/models/",
    "resolve/secondunit_resolve/",
    "nuke/secondunit_nuke/",
    "blender/secondunit_blender/",
)
NAMED = re.compile(
    r"(?<![A-Za-z])(?i:wan|vace|ltx|cogvideox|hunyuan|starter|comfyui|nuke|resolve|davinci|blender|bpy)"
    r"(?![a-z])"
)
NEVER_SHOWN = re.compile(
    r"\b(inference|tensors?|pipelines?|latents?|embeddings?|logits?|tracebacks?)\b"
    r"|cuda error|something went wrong|unexpected error|unknown error|oops",
    re.IGNORECASE,
)
PROBLEMS = {
    name
    for name, kind in vars(problems).items()
    if isinstance(kind, type) and issubclass(kind, problems.Problem)
}


def texts_in(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value


def swallowing(tree: ast.AST) -> Iterator[ast.ExceptHandler]:
    """Handlers that take every exception and do not pass it on."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and not ends_in_raise(node):
            caught = {each.id for each in ast.walk(node.type or node) if isinstance(each, ast.Name)}
            if node.type is None or caught & {"Exception", "BaseException"}:
                yield node


def ends_in_raise(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def comparing_names(tree: ast.AST) -> Iterator[ast.AST]:
    """Comparisons, matches and prefix tests with the name of a model or of a host."""
    for node in ast.walk(tree):
        asks = isinstance(node, ast.Compare | ast.MatchValue) or (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"startswith", "endswith"}
        )
        if asks and any(NAMED.search(text) for text in texts_in(node)):
            yield node


def shown_jargon(tree: ast.AST) -> Iterator[ast.AST]:
    """Problems whose words are not an artist's."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            parts = [*node.args, *(keyword.value for keyword in node.keywords)]
            if name in PROBLEMS and any(NEVER_SHOWN.search(t) for p in parts for t in texts_in(p)):
                yield node


def places(find: Callable[[ast.AST], Iterator[ast.AST]], sources: dict[str, str]) -> list[str]:
    return [
        f"{path}:{node.lineno}"  # type: ignore[attr-defined]
        for path, text in sources.items()
        for node in find(ast.parse(text))
    ]


def test_every_exception_is_caught_at_the_borders_only(sources):
    found = places(swallowing, sources)
    assert [place for place in found if place.partition(":")[0] not in BORDERS] == []
    assert set(BORDERS) == {place.partition(":")[0] for place in found}, "a border that is none"


def test_generic_code_compares_no_model_s_and_no_host_s_name(sources):
    generic = {p: t for p, t in sources.items() if not p.startswith(MODELS_AND_HOSTS)}
    assert places(comparing_names, generic) == []


def test_nobody_is_shown_our_jargon(sources):
    assert places(shown_jargon, sources) == []
    told = [str(kind.__doc__) for kind in map(vars(problems).get, PROBLEMS)]
    assert [text for text in told if NEVER_SHOWN.search(text)] == []


@pytest.mark.parametrize(
    ("find", "caught", "passed"),
    [
        (
            swallowing,
            "try:\n    go()\nexcept (OSError, Exception):\n    pass",
            "try:\n    go()\nexcept BaseException:\n    tidy()\n    raise",
        ),
        (swallowing, "try:\n    go()\nexcept:\n    pass", "try:\n    go()\nexcept OSError: pass"),
        (comparing_names, 'if model == "wan2.1": pass', 'if model == "wanted": pass'),
        (comparing_names, 'if name in ("Nuke", "x"): pass', 'home = {"starter": 1}'),
        (comparing_names, 'kind.startswith("WanVACE")', 'kind.startswith("Wander")'),
        (comparing_names, 'match m:\n    case "resolve": pass', 'match m:\n    case "resolved": 1'),
        (shown_jargon, 'BadValue(f"the {x} tensor is wrong")', 'ValueError("a tensor")'),
        (shown_jargon, 'p.DiskFull("Full", remedy="Oops")', 'DiskFull("The disk is full")'),
    ],
)
def test_each_habit_is_seen_when_it_is_broken(find, caught, passed):
    assert list(find(ast.parse(caught)))
    assert not list(find(ast.parse(passed)))


def texts_of_the_repository(repository: Path) -> Iterator[tuple[str, str]]:
    """Every file git keeps or would keep that can be read as text."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        path = repository / name
        if path.is_file() and b"\0" not in (start := path.read_bytes()):
            yield name, start.decode("utf-8", errors="replace")


SOMEBODY_S_MACHINE = re.compile(
    r"/home/\w+/|/Users/\w+/|[A-Z]:\\{1,2}Users\\|(?<![\w.])/(root|work|opt)/\w+"
)


def test_no_file_names_a_folder_of_somebody_s_machine(repository):
    found = [
        f"{name}: {hit[0]}"
        for name, text in texts_of_the_repository(repository)
        if name != "tests/architecture/test_habits.py"
        for hit in SOMEBODY_S_MACHINE.finditer(text)
    ]
    assert found == []


def test_a_folder_of_somebody_s_machine_is_seen():
    for text in ("'/home/ann/plates'", 'open("C:\\\\Users\\\\ann")', "/root/cache", "(/work/x)"):
        assert SOMEBODY_S_MACHINE.search(text)
    for text in ("shots/work/a.exr", "../root/x", "/shots/sc010.exr", "https://a.b/work/x"):
        assert not SOMEBODY_S_MACHINE.search(text)


def test_decisions_are_short_and_numbered_once(repository):
    pages = sorted((repository / "docs" / "decisions").glob("*.md"))
    assert len(pages) >= 2
    assert all(re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", page.name) for page in pages)
    assert len({page.name[:4] for page in pages}) == len(pages)
    for page in pages:
        assert len(page.read_text(encoding="utf-8").splitlines()) <= 20, page.name


def test_the_glossary_is_one_sorted_line_a_word(repository):
    text = (repository / "docs" / "words.md").read_text(encoding="utf-8")
    rows = re.findall(r"^- \*\*(.+?)\*\*: \S.*\.$", text, re.MULTILINE)
    assert len(rows) > 30
    assert len(rows) == sum(line.startswith("- ") for line in text.splitlines())
    assert [row.casefold() for row in rows] == sorted({row.casefold() for row in rows})
