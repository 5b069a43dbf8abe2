"""The tools are no installed package: here they are found where the repository has them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

_TOOLS = Path(__file__).parents[2] / "tools"

if "tools" not in sys.modules:  # the root itself stays off the path: its folders have hosts' names
    spec = importlib.util.spec_from_file_location(
        "tools", _TOOLS / "__init__.py", submodule_search_locations=[str(_TOOLS)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["tools"] = module
    spec.loader.exec_module(module)
