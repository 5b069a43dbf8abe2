"""Cuts into every host and back: what was changed, what was lost in silence, and how long it takes.

Over real exports of other applications, as they are and with clips of ours in them, and over long
cuts made here.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from secondunit.bench.exchange import scale, times
from secondunit.bench.exchange.cuts import folder, sent
from secondunit.bench.exchange.there_and_back import Counted, travelled

_HOST = "resolve"
_SHORT, _LONG = 10_000, 100_000
_TOLD = 5  # of what is wrong, so many are named


def measure(
    footage: Path | None = None, longest: int = _LONG
) -> tuple[dict[str, float], dict[str, Any]]:
    """foreign_values_changed, silent_losses, fcpxml_time_errors: counts. graft_seconds_…: a cut of
    so many clips read, made a flavour, read again, grafted and written; graft_gb_…: its memory.

    Raises MediaMissing without sample timelines.
    """
    there = folder(footage)
    counted = Counted()
    cuts = 0
    for each in sent(there):
        travelled(each, counted)
        cuts += 1
    wrong, looked = times.errors(there)
    figures: dict[str, float] = {
        "foreign_values_changed": len(counted.changed),
        "silent_losses": len(counted.silent),
        "fcpxml_time_errors": len(wrong),
    }
    with tempfile.TemporaryDirectory() as place:
        short = scale.travelled(Path(place), _SHORT, _HOST, 3)
        long = scale.travelled(Path(place), longest, _HOST, 1)
    figures |= {
        "graft_seconds_10k": short.seconds,
        "graft_seconds_100k": long.seconds,
        "graft_gb_100k": long.gb,
    }
    conditions = {
        "processor_seconds": f"{short.cpu:.2f} and {long.cpu:.2f}: a busy clock runs on",
        "cuts": f"{cuts}, sent {counted.ways} ways; {len(counted.refused)} refused by their format",
        "refused": counted.refused[:_TOLD],
        "changed": counted.changed[:_TOLD],
        "silent": counted.silent[:_TOLD],
        "wrong_times": wrong[:_TOLD],
        "times": f"{looked} rates and times of FCPXML, of {len(times.RATES)} rates and real files",
        "long_cuts": f"{_SHORT} and {longest} clips on 4 tracks, a request in every 100, to "
        f"{_HOST}; reading and writing counted in; the quickest of three, and one",
    }
    return figures, conditions
