"""Measurements of this machine: ratios, both sides in one run, so that its speed cancels out.

Each module here that has `measure() -> (figures, conditions)` is one; those that take `footage`
measure on sample footage.
"""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
import platform
from pathlib import Path
from typing import Any

from secondunit_contract.problem import BadValue


def names() -> list[str]:
    """What can be measured."""
    return sorted(each.name for each in pkgutil.iter_modules(__path__))


def measured(
    name: str, footage: Path | None = None, soak: bool = False, device: str = ""
) -> dict[str, Any]:
    """One object for every bench: name, figures by key, and under which conditions.

    `footage` is where the sample footage is; None looks where it usually is. `soak` takes as long
    as it takes. `device` is where to measure: cpu, cuda. Raises BadValue for a bench there is not,
    or one that has no use for these.
    """
    if name not in names():
        raise BadValue(f"There is no bench {name!r}", remedy=f"There are {', '.join(names())}")
    measure = importlib.import_module(f"{__name__}.{name}").measure
    told = {"footage": footage, "soak": soak, "device": device}
    takes = {key: each for key, each in told.items() if each}
    useless = sorted(takes.keys() - inspect.signature(measure).parameters.keys())
    if useless:
        raise BadValue(f"The bench {name!r} has no use for --{useless[0]}", remedy="Leave it out")
    figures, conditions = measure(**takes)
    where = {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }
    return {"bench": name, "figures": figures, "conditions": where | conditions}
