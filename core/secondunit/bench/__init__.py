"""Measurements of this machine: ratios, both sides in one run, so that its speed cancels out.

Each module here that has `measure() -> (figures, conditions)` is one.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import platform
from typing import Any

from secondunit_contract.problem import BadValue


def names() -> list[str]:
    """What can be measured."""
    return sorted(each.name for each in pkgutil.iter_modules(__path__))


def measured(name: str) -> dict[str, Any]:
    """One object for every bench: name, figures by key, and under which conditions.

    Raises BadValue for a bench there is not.
    """
    if name not in names():
        raise BadValue(f"There is no bench {name!r}", remedy=f"There are {', '.join(names())}")
    figures, conditions = importlib.import_module(f"{__name__}.{name}").measure()
    where = {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }
    return {"bench": name, "figures": figures, "conditions": where | conditions}
