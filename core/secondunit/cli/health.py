"""Health: whether everything a job needs is on this machine, and what to do where it is not."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from secondunit import models
from secondunit.hosts import WAYS, Computer, Way
from secondunit.settings import Settings
from secondunit_contract.problem import Problem

_PARTS = {
    "torch": "models", "diffusers": "models", "transformers": "models", "av": "movies",
    "OpenImageIO": "stills and sequences", "PyOpenColorIO": "colour", "scipy": "mattes",
    "requests": "panels",
}  # fmt: skip
_ROOM_GB = 5


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    what: str
    state: Literal["ok", "note", "missing"]
    found: str
    remedy: str = ""


def checks(settings: Settings) -> list[Check]:
    """Everything that was looked at, in the order a person would."""
    found = [Check("Python", "ok", platform.python_version())]
    found += [_part(name, use) for name, use in _PARTS.items()]
    found += _machine(settings)
    found += _models(settings)
    found += [check for way in WAYS.values() for check in _host(way, Computer(settings.data))]
    return found


def _part(name: str, use: str) -> Check:
    try:
        module = importlib.import_module(name)
    except (ImportError, OSError) as error:
        return Check(use, "missing", str(error), "Install secondunit[all]")
    try:
        version = importlib.metadata.version(_DISTRIBUTIONS.get(name, name))
    except importlib.metadata.PackageNotFoundError:
        version = str(getattr(module, "__version__", "of unknown version"))
    return Check(use, "ok", f"{name} {version}")


_DISTRIBUTIONS = {"PyOpenColorIO": "opencolorio"}


def _machine(settings: Settings) -> Iterator[Check]:
    for look in _LOOKS:
        yield from look(settings)


def _gpu(settings: Settings) -> Iterator[Check]:
    try:
        import torch
    except ImportError:
        return
    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        name = torch.cuda.get_device_name()
        yield Check("GPU", "ok", f"{name}, {free / 1e9:.0f} of {total / 1e9:.0f} GB free")
    else:
        yield Check("GPU", "note", "none", "The starter runs without one; large models need one")


def _room(settings: Settings) -> Iterator[Check]:
    free = shutil.disk_usage(".").free / 1e9
    state: Literal["ok", "note"] = "ok" if free > _ROOM_GB else "note"
    yield Check("disk here", state, f"{free:.0f} GB free", "" if state == "ok" else "Make room")
    yield Check("cores", "ok", str(os.cpu_count()))


def _colour(settings: Settings) -> Iterator[Check]:
    config = os.environ.get("OCIO", "")
    if config and not os.path.exists(config) and not config.startswith("ocio://"):
        yield Check("$OCIO", "missing", config, "Point it at a config that is there, or unset it")
    else:
        yield Check("$OCIO", "ok", config or "not set: the built-in ACES config is used")


_LOOKS: tuple[Callable[[Settings], Iterator[Check]], ...] = (_gpu, _room, _colour)


def _host(way: Way, computer: Computer) -> Iterator[Check]:
    """Which of a host's versions are here, and how we stand in it."""
    found = way.found(computer)
    for each in found:
        words = f"{each.version} {each.path}".strip()
        if not each.fits:
            yield Check(way.title, "note", words, each.remark)
        else:
            yield Check(way.title, "ok", f"{words} {each.remark}".strip())
    try:
        standing = way.standing(computer)
    except Problem as problem:
        yield Check(f"in {way.title}", "missing", str(problem), problem.remedy)
        return
    if found or standing.state == "missing" or standing.state == "ok":
        yield Check(f"in {way.title}", standing.state, standing.words, standing.remedy)


def _models(settings: Settings) -> Iterator[Check]:
    try:
        listed = models.listing(settings.model_folders())
    except Problem as problem:
        yield Check("models", "missing", str(problem), problem.remedy)
        return
    for each in listed:
        state: Literal["ok", "note"] = "ok" if each.card else "note"
        yield Check(f"model {each.name}", state, each.card.title if each.card else each.fault)
