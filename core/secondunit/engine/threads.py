"""Threads: how many a shot is computed with. The order of a sum hangs on it, and so its last bits.

Libraries that share one OpenMP set the number for each other (numba does as it starts), so it is
set for each shot anew.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil


def threads(wanted: int = 0) -> int:
    """As many as wanted, else as OMP_NUM_THREADS says, else one for each core."""
    named = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    cores = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    return wanted or (int(named) if named.isdigit() and int(named) else cores)


@contextmanager
def held_at(count: int) -> Iterator[None]:
    """Inside, torch computes with so many threads, where it has been imported: who shoots with
    models that have no need of it need not have it.
    """
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
