"""The machine at hand: its GPUs, its memory, and the versions of what shoots on it.

The libraries that know GPUs are not loaded for it: they would hold memory in the service.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
from typing import Any

import psutil

_VERSIONED = ("secondunit", "torch", "diffusers", "transformers", "numpy", "av", "OpenImageIO")
_ASKED = ("name", "memory.total", "memory.free", "driver_version")
_PATIENCE = 5.0  # seconds; a driver that hangs is as good as none


def machine() -> dict[str, Any]:
    """What can be told in JSON. Memory is in bytes."""
    memory = psutil.virtual_memory()
    return {
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "memory": memory.total,
        "memory_free": memory.available,
        "gpus": gpus(),
        "versions": {"python": platform.python_version()} | _versions(),
    }


def gpus() -> list[dict[str, Any]]:
    """Each GPU's name, memory and driver, as its own tool tells; none where there is no tool."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    asked = [tool, f"--query-gpu={','.join(_ASKED)}", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(asked, capture_output=True, text=True, timeout=_PATIENCE)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [found for line in told.stdout.splitlines() if (found := _gpu(line)) is not None]


def _gpu(line: str) -> dict[str, Any] | None:
    parts = [part.strip() for part in line.split(",")]
    if len(parts) != len(_ASKED) or not (parts[1].isdigit() and parts[2].isdigit()):
        return None
    name, total, free, driver = parts
    return {
        "name": name,
        "memory": int(total) << 20,
        "memory_free": int(free) << 20,
        "driver": driver,
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in _VERSIONED:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
