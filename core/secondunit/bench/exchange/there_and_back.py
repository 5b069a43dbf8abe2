"""There and back: each cut into each flavour, opened again, and put onto its master."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from secondunit.bench.exchange.census import Thing, silent
from secondunit.bench.exchange.cuts import Sent
from secondunit_contract.problem import CutProblem
from secondunit_otio import Cut, changed_paths, find_requests
from secondunit_otio.flavours import HOSTS, flavour, opened, returned
from secondunit_otio.layout import extent
from secondunit_otio.report import compared
from secondunit_otio.scan import Item

_OURS = re.compile(r'su[-_][0-9a-z]{8}|"secondunit"|SecondUnit\.', re.IGNORECASE)


@dataclass
class Counted:
    """What was counted on all ways: foreign values changed, losses nobody told of."""

    changed: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    ways: int = 0


def travelled(each: Sent, counted: Counted) -> None:
    """Send one cut to every host and back."""
    for host in HOSTS:
        way = f"{each.name} to {host}"
        try:
            made = flavour(each.cut, host, "/slates")
        except CutProblem as problem:
            counted.refused.append(f"{way}: {problem.what}")
            continue
        counted.ways += 1
        came = opened(made.data, made.suffix, _rate(each.cut))
        _count_changed(each.cut, came, host, way, counted)
        if made.suffix == ".otio":
            edited = Cut.parse(_edited(came.text), came.name)
            _count_changed(each.cut, edited, host, f"{way}, edited", counted)
        else:
            told = (*made.findings, *compared(each.cut, came, host).findings)
            lost = silent(each.cut, came, told)
            counted.silent += [f"{way}: {_said(thing)} at {path}" for thing, path in lost]


def _said(thing: Thing) -> str:
    return " ".join(thing)


def _count_changed(master: Cut, came: Cut, host: str, way: str, counted: Counted) -> None:
    back = returned(master, came, host).text
    paths = changed_paths(master.text, back)
    now = Cut.parse(back, master.name) if paths else master
    ours = _ours(now) | _ours(master)
    counted.changed += [f"{way}: {path}" for path in paths if not _is_job(now, master, path, ours)]


def _ours(cut: Cut) -> set[Item]:
    """The clips and gaps that something is asked of, or that carry an id of ours."""
    asked = {request.item for request in find_requests(cut)}
    return asked | {item for item in cut.items() if _OURS.search(json.dumps(item.body))}


def _is_job(now: Cut, before: Cut, path: str, ours: set[Item]) -> bool:
    """Whether a path lies in a clip of ours, or in a gap beside one."""
    item = _at(before if "[-" in path else now, path)
    if item is None or item.parent is None:
        return False
    beside = item.parent.children[max(0, item.index - 1) : item.index + 2]
    return not ours.isdisjoint(beside if item.schema == "Gap" else [item])


def _at(cut: Cut, path: str) -> Item | None:
    """The innermost item a path leads through."""
    item = cut.root
    for part in re.findall(r"tracks|children\[-?\d+\]", path):
        number = 0 if part == "tracks" else abs(int(part[9:-1]))
        if number >= len(item.children):
            return None
        item = item.children[number]
    return item


def _edited(text: str) -> str:
    """What came back from an editor at work: our clips trimmed, other clips renamed and recoloured.

    Nothing of the second may reach the master.
    """
    told: Any = json.loads(text)
    waiting = [told]
    while waiting:
        each = waiting.pop()
        children = each.get("children") or ([each["tracks"]] if "tracks" in each else [])
        waiting += [child for child in children if isinstance(child, dict)]
        if not str(each.get("OTIO_SCHEMA", "")).startswith("Clip"):
            continue
        shown = each.get("source_range")
        if _OURS.search(json.dumps(each)) and isinstance(shown, dict):
            if shown["duration"]["value"] > 4:
                shown["duration"]["value"] -= 2
        else:
            each["name"] = f"{each.get('name') or ''} renamed"
            each["metadata"] = {**(each.get("metadata") or {}), "host": {"seen": True}}
    return json.dumps(told, indent=4, ensure_ascii=False)


def _rate(cut: Cut) -> float:
    """The rate an edit list, which says none, is read back at."""
    return float(extent(cut, cut.root).rate.per_second)
