"""The cuts that are sent to every host: real exports as they are, and with work of ours in them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secondunit_contract.frames import Rate
from secondunit_contract.problem import CutTooNew, MediaMissing
from secondunit_otio import Cut
from secondunit_otio.flavours import opened
from secondunit_otio.sound.tracks import in_step
from secondunit_otio.testing import clip, generator, movie, span

_SUFFIXES = frozenset({".otio", ".xml", ".edl", ".aaf", ".fcpxml"})
_RATE = 24  # of edit lists, which do not say their own
_MOST = 100  # picture tracks of one cut


@dataclass(frozen=True)
class Sent:
    """A cut to be sent, and what it is called."""

    name: str
    cut: Cut


def folder(named: Path | None) -> Path:
    """The folder of sample timelines: in what was named, $SECONDUNIT_SAMPLES, or beside the tree.

    Raises MediaMissing.
    """
    told = os.environ.get("SECONDUNIT_SAMPLES")
    beside = Path(__file__).resolve().parents[5] / "shared" / "samples"
    given = named or (Path(told) if told else beside)
    for place in (given / "timelines", given):
        if any(each.suffix in _SUFFIXES for each in place.glob("*.*")):
            return place
    raise MediaMissing(
        "There are no sample timelines", str(given), "Name their folder: --footage DIR"
    )


def samples(there: Path) -> Iterator[Path]:
    """Every timeline of the folder, and of the cuts beside it."""
    for place in (there, there.parent / "cuts"):
        yield from sorted(each for each in place.glob("*.*") if each.suffix in _SUFFIXES)


def sent(there: Path) -> Iterator[Sent]:
    """Every cut as it came, and once more with clips of ours in it."""
    for path in samples(there):
        try:
            cut = opened(path, rate=_RATE)
        except CutTooNew:
            continue
        yield Sent(path.name, cut)
        with_work = _with_work(cut.text)
        if with_work:
            work = Cut.parse(with_work, cut.name, cut.folder)
            heard = in_step(work, {id_of(number) for number in range(_MOST)})
            yield Sent(f"{path.name} with work of ours", Cut.parse(heard, cut.name, cut.folder))


def _with_work(text: str) -> str:
    """The cut with a clip of ours in each picture track, by turns shot and still open; what of
    them is heard is still to be laid.
    """
    told: Any = json.loads(text.lstrip("\ufeff"))
    stack = told.get("tracks", told)
    count = 0
    for row in stack.get("children", []) if isinstance(stack, dict) else ():
        listed = row.get("children")
        if row.get("kind", "Video") != "Video" or not isinstance(listed, list):
            continue
        place = next((at for at, each in enumerate(listed) if _plain_clip(each)), None)
        if place is not None:
            rate = listed[place]["source_range"]["duration"]["rate"]
            beside = [each for each in listed[place : place + 2] if "Transition" in str(each)[:40]]
            if not beside:
                listed.insert(place, ours(count, rate, shot=count % 2 == 0))
                count += 1
    return json.dumps(told, indent=4, ensure_ascii=False) if count else ""


def _plain_clip(each: Any) -> bool:
    shown = each.get("source_range") if isinstance(each, dict) else None
    return str(each.get("OTIO_SCHEMA", "")).startswith("Clip") and isinstance(shown, dict)


def id_of(number: int) -> str:
    """The id of the clip of ours in the picture track of that number."""
    return f"be{number:06d}"


def ours(number: int, rate: float, shot: bool) -> dict[str, Any]:
    """A clip of ours: a request, and where it has been shot its take in use, which is heard."""
    id = id_of(number)
    block = {"secondunit": {"schema": 1, "id": id, "kind": "insert"}}
    request = generator("SecondUnit.Insert", span(0, 40, rate), prompt=f"a gull, {number}")
    request["metadata"] = {"secondunit": {"schema": 1, "id": id, "status": "requested"}}
    made = clip(f"gull su-{id}", span(8, 24, rate), None, metadata=block)
    made["media_references"] = {"su_request": request}
    made["active_media_reference_key"] = "su_request"
    if shot:
        samples = round(Rate.of(rate).seconds(40) * 48_000)
        sound = {"samples": samples, "sample_rate": 48_000, "channels": 2}
        for take in (1, 2):
            key = f"su_take_{take:03d}"
            made["media_references"][key] = movie(
                f"/takes/su-{id}_t{take:03d}.mov",
                span(0, 40, rate),
                metadata={"secondunit": {"schema": 1, "id": id, "take": take, "sound": sound}},
            )
        made["active_media_reference_key"] = "su_take_001"
    return made
