"""Long cuts without the sweeping: Python looks for rubbish each time many things are made."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unswept() -> Iterator[None]:
    """Put off the search for rubbish: half the time of reading a long cut goes into it.

    Nothing made meanwhile is rubbish. The program's own setting stands again afterwards.
    """
    wanted = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if wanted:
            if not gc.get_freeze_count():
                gc.freeze()  # all there is counts as old now: else all of it is looked through
                gc.unfreeze()  # as soon as the search goes on
            gc.enable()
