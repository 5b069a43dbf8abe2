"""Which places of a cut differ between two of its texts."""

from __future__ import annotations

import difflib
import json
from typing import Any

from secondunit_otio.splice import same


def changed_paths(before: str, after: str) -> list[str]:
    """The JSON paths that were changed, added or removed: tracks.children[0].children[3].name.

    Where a list has grown or shrunk, places count in the text after; children[-3] is one that was
    there before, by its place before, and is gone.
    """
    found: list[str] = []
    _compare(json.loads(before.lstrip("\ufeff")), json.loads(after.lstrip("\ufeff")), "", found)
    return found


def _compare(one: Any, other: Any, path: str, found: list[str]) -> None:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            below = f"{path}.{key}" if path else key
            if key in one and key in other:
                _compare(one[key], other[key], below, found)
            else:
                found.append(below)
    elif isinstance(one, list) and isinstance(other, list):
        _compare_lists(one, other, path, found)
    elif not same(one, other):
        found.append(path)


def _compare_lists(one: list[Any], other: list[Any], path: str, found: list[str]) -> None:
    if len(one) == len(other):
        for number, (old, new) in enumerate(zip(one, other, strict=True)):
            _compare(old, new, f"{path}[{number}]", found)
        return
    words = [[json.dumps(each, sort_keys=True) for each in side] for side in (one, other)]
    matcher = difflib.SequenceMatcher(a=words[0], b=words[1], autojunk=False)
    for tag, begin, end, new_begin, new_end in matcher.get_opcodes():
        if tag == "equal":
            continue
        pairs = min(end - begin, new_end - new_begin)
        for step in range(pairs):
            number = new_begin + step
            _compare(one[begin + step], other[number], f"{path}[{number}]", found)
        found += [f"{path}[{number}]" for number in range(new_begin + pairs, new_end)]
        found += [f"{path}[-{number}]" for number in range(begin + pairs, end)]
