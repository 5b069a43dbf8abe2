"""What the tests of the house look at: the packages, their sources, and a copy to break."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest

OTHER_FOLDERS = {"docs", "tests", "tools", "typings"}


@pytest.fixture(scope="session")
def project(repository) -> dict:
    """pyproject.toml, read."""
    return tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def packages(repository) -> list[str]:
    """The packages on disk, as "core/secondunit"."""
    return sorted(
        found.parent.relative_to(repository).as_posix()
        for found in repository.glob("[!.]*/*/__init__.py")
        if found.parts[len(repository.parts)] not in OTHER_FOLDERS
    )


@pytest.fixture(scope="session")
def sources(repository, packages) -> dict[str, str]:
    """The text of every module of ours by its path, but for vendored ones."""
    return {
        path.relative_to(repository).as_posix(): path.read_text(encoding="utf-8")
        for package in packages
        for path in sorted((repository / package).rglob("*.py"))
        if "_vendor" not in path.parts
    }


@pytest.fixture(scope="module")
def copied(repository, sources, tmp_path_factory) -> Path:
    """A copy of all sources and their settings, in which fences may be broken."""
    tree = tmp_path_factory.mktemp("copy")
    shutil.copy(repository / "pyproject.toml", tree)
    for name, text in sources.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text, encoding="utf-8")
    return tree
