"""Every list of packages names the packages there are: hatchling says nothing when one is not."""

from __future__ import annotations

import re


def names(paths: list[str]) -> list[str]:
    return sorted(path.rpartition("/")[2] for path in paths)


def folders(paths: list[str]) -> set[str]:
    return {path.partition("/")[0] for path in paths}


def test_the_wheel_holds_every_package(project, packages):
    assert len(packages) >= 7
    assert sorted(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == packages


def test_the_source_archive_holds_every_folder(project, packages):
    included = project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert {f"/{folder}" for folder in folders(packages)} <= set(included)


def test_the_fences_are_round_every_package(project, packages):
    assert sorted(project["tool"]["importlinter"]["root_packages"]) == names(packages)


def test_types_are_checked_in_every_package(project, packages):
    assert sorted(project["tool"]["mypy"]["packages"]) == sorted([*names(packages), "tools"])
    found = set(project["tool"]["mypy"]["mypy_path"].split(":"))
    assert found == folders(packages) | {"typings", "."}  # tools stands at the root


def test_the_linter_knows_every_folder(project, packages):
    assert set(project["tool"]["ruff"]["src"]) == folders(packages) | {"tests", "."}


def test_every_box_of_the_core_has_a_layer(project, repository):
    core = repository / "core" / "secondunit"
    boxes = {path.stem for path in core.iterdir() if path.suffix == ".py"} - {"__init__"}
    boxes |= {path.parent.name for path in core.glob("*/__init__.py")}
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    assert boxes - {"__main__"} <= set(re.findall(r"\w+", " ".join(layers)))


def test_all_is_every_extra_a_user_may_want(project):
    extras = project["project"]["optional-dependencies"]
    (everything,) = extras["all"]
    others = {"all", "dev", "worlds", "ray"}  # to train and to measure; for a farm
    assert set(re.findall(r"\w+", everything)) == {"secondunit", *extras} - others


def test_every_dependency_is_pinned(project, repository):
    pins = (repository / "constraints.txt").read_text(encoding="utf-8")
    pinned = {plain(line.partition("==")[0]) for line in pins.splitlines() if "==" in line}
    extras = project["project"]["optional-dependencies"]
    wanted = {plain(re.split(r"[<>=\[]", each)[0]) for extra in extras.values() for each in extra}
    wanted |= {plain(re.split(r"[<>=]", each)[0]) for each in project["build-system"]["requires"]}
    assert wanted - {"secondunit"} <= pinned


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower().strip()
