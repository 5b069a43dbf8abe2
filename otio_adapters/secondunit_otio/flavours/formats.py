"""Writing a flavour: the file a host opens, and all that it could not hold."""

from __future__ import annotations

import json
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secondunit_contract.frames import Rate
from secondunit_contract.problem import CutProblem, CutTooDeep, CutUnreadable
from secondunit_otio.document import Cut
from secondunit_otio.findings import Finding
from secondunit_otio.flavours.flatten import Overlay, overlay
from secondunit_otio.flavours.hosts import host_named
from secondunit_otio.flavours.losses import losses
from secondunit_otio.flavours.lower import Lowering
from secondunit_otio.flavours.opening import ADAPTERS, adapting, opened, timeline_library
from secondunit_otio.flavours.slates import Slate
from secondunit_otio.sweeping import unswept

_BAREST = 2
_ADVICE = "Choose a flavour that opens OpenTimelineIO itself"


@dataclass(frozen=True)
class Flavour:
    """A cut as a host opens it.

    `data` is the file's content, `suffix` its ending; `findings` all that the host will not see,
    and `slates` the movies that have to be made for it. `rate` is that of everything in a format
    that holds but one, and may not say it: opened(data, suffix, rate) reads it back.
    """

    host: str
    suffix: str
    data: bytes
    findings: tuple[Finding, ...]
    slates: tuple[Slate, ...]
    rate: Rate | None = None


@dataclass(frozen=True)
class Written:
    """A flavour in a format of its own, and what is read out of it again."""

    low: Lowering
    data: bytes
    cut: Cut


@unswept()
def flavour(cut: Cut, host: str, slates: str = "") -> Flavour:
    """The flavour of a cut for a host. Slates are to lie in the folder `slates`; "": the cut's own.

    What the format cannot hold is left out and told in the findings. Raises BadInput for a host
    there is none of, PartMissing where the format's adapter is not installed, CutProblem where the
    format cannot hold the cut at all.
    """
    seen = overlay(cut, host_named(host), slates)
    name, suffix = seen.host.name, seen.host.suffix
    if seen.host.native:
        data = seen.text().encode("utf-8", "surrogatepass")
        return Flavour(name, suffix, data, tuple(seen.findings), tuple(seen.slates))
    made = written(seen)
    found = (*seen.findings, *losses(made.low, made.cut))
    return Flavour(name, suffix, made.data, found, tuple(seen.slates), made.low.rate)


def written(seen: Overlay) -> Written:
    """A flavour written through its format's adapter and read again.

    Where that fails, once more with less: without effects and notes, then without markers.
    """
    failed: CutProblem | None = None
    for bare in range(_BAREST + 1):
        low = Lowering(seen, bare)
        try:
            data = _through(low)
            rate = low.rate.per_second
            return Written(low, data, opened(data, seen.host.suffix, rate))
        except (CutUnreadable, CutTooDeep) as error:
            failed = error
    raise CutProblem(
        f"The cut cannot be written for {seen.host.name}: {failed.what if failed else ''}",
        seen.cut.name,
        _ADVICE,
    )


def _through(low: Lowering) -> bytes:
    """The lowered cut, written by its adapter."""
    otio = timeline_library()
    suffix = low.seen.host.suffix
    adapter, package = ADAPTERS[suffix]
    told = low.timeline()
    if not any(row["children"] for row in told["tracks"]["children"]):
        raise CutUnreadable("There is nothing in the cut that this format can hold")
    with adapting(otio, adapter, package, low.seen.cut.name, "write"):
        timeline = otio.adapters.read_from_string(json.dumps(told), "otio_json")
        if suffix == ".aaf":
            return _into_file(otio, timeline, adapter)
        more: dict[str, Any] = {"rate": low.written} if suffix == ".edl" else {}
        text: str = otio.adapters.write_to_string(timeline, adapter, **more)
        return (_with_mode(text) if suffix == ".edl" else text).encode()


def _with_mode(text: str) -> str:
    """An EDL that says how its timecode counts, as editing systems ask."""
    mode = "DROP FRAME" if re.search(r"\d;\d", text) else "NON-DROP FRAME"
    title, mark, rest = text.partition("\n")
    return f"{title}\nFCM: {mode}{mark}{rest}" if title.startswith("TITLE:") else text


def _into_file(otio: Any, timeline: Any, adapter: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="secondunit-") as folder:
        place = os.path.join(folder, "cut.aaf")
        otio.adapters.write_to_file(timeline, place, adapter, use_empty_mob_ids=True)
        return Path(place).read_bytes()
