"""Memory: what is no longer used goes back to the system while a long shot is worked on."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any

FRAMES = 16
"""Frames between two times: handing back takes some milliseconds."""


def give_back() -> None:
    """Hand free memory back. Only glibc has to be told: what several threads have freed it keeps,
    some megabytes more a frame, and a shot of a thousand frames takes gigabytes for nothing.
    """
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Any:
    if sys.platform != "linux":
        return None
    return getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none, and needs none
