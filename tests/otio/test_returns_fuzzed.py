"""Whatever an editor does to our clips, the master ends as what came back; no other clip moves."""

from __future__ import annotations

import copy
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from secondunit_otio import Cut
from secondunit_otio.flavours import flavour, returned
from secondunit_otio.testing import (
    clip,
    gap,
    generator,
    movie,
    span,
    stack,
    text_of,
    timeline,
    track,
    transition,
    warp,
)

IDS = [f"aaaa{n:04d}" for n in range(40)]


def shot(name: str, frames: int, **more):
    return clip(name, span(100, frames), movie(f"/plates/{name}.mov", span(0, 900)), **more)


def job(id: str, frames: int, open_: bool):
    """A clip of ours, with a take or still a request."""
    there = span(0, 200)
    made = clip(f"insert su-{id}", span(50, frames), None)
    made["media_references"] = {"su_request": generator("SecondUnit.Insert", there, prompt="x")}
    if not open_:
        made["media_references"]["su_take_001"] = movie(f"/takes/su-{id}_t001.mov", there)
    made["active_media_reference_key"] = list(made["media_references"])[-1]
    made["metadata"] = {"secondunit": {"schema": 1, "id": id, "kind": "insert"}}
    return made


kinds = st.lists(st.sampled_from("sjjggtnw"), min_size=1, max_size=12)


@st.composite
def masters(draw):
    """A cut of a few tracks, each clip of it another."""
    fresh = iter(IDS)
    names = (f"shot{n}" for n in range(1000))

    def one(kind: str, last: str):
        if kind == "s":
            return shot(next(names), draw(st.integers(10, 60)))
        if kind == "w":
            return shot(next(names), draw(st.integers(10, 60)), effects=[warp(2.0)])
        if kind == "g" and last != "g":
            return gap(draw(st.integers(1, 40)))
        if kind == "n":
            inner = track(*filter(None, [one("s", ""), one("j", ""), one("g", ""), one("s", "")]))
            return stack(inner, name=next(names))
        if kind == "t":
            return transition(3, 3) if last in ("s", "w") else None
        id = next(fresh, None)
        return job(id, draw(st.integers(12, 60)), draw(st.booleans())) if id else None

    rows = []
    for _ in range(draw(st.integers(1, 3))):
        row, last = [], ""
        for kind in draw(kinds):
            made = one(kind, last)
            if made is not None:
                row.append(made)
                last = kind
        rows.append(track(*row))
    indent = draw(st.sampled_from([None, 4]))
    return Cut.parse(text_of(timeline(*rows, global_start_time=None), indent), "master")


def is_gap(each) -> bool:
    return each["OTIO_SCHEMA"].startswith("Gap")


def is_job(each) -> bool:
    return "su-" in each.get("name", "")


def take(children, number: int, frames: float, at: int) -> None:
    """Make the gap beside an item longer or shorter; where there is none, make one."""
    if 0 <= at < len(children) and is_gap(children[at]):
        children[at]["source_range"]["duration"]["value"] += frames
    elif frames > 0:
        children.insert(number, gap(frames))


def tail(shown, frames: float) -> None:
    shown["duration"]["value"] -= frames


def head(shown, frames: float) -> None:
    shown["start_time"]["value"] += frames
    shown["duration"]["value"] -= frames


def lift_tail(row, at, n):
    tail(row[at]["source_range"], n)
    take(row, at + 1, n, at + 1)


def lift_head(row, at, n):
    head(row[at]["source_range"], n)
    take(row, at, n, at - 1)


def ripple(row, at, n):
    head(row[at]["source_range"], n)


def longer(row, at, n):
    tail(row[at]["source_range"], -n)


def slip(row, at, n):
    row[at]["source_range"]["start_time"]["value"] += n


def razor(row, at, n):
    second = copy.deepcopy(row[at])
    length = row[at]["source_range"]["duration"]["value"]
    tail(row[at]["source_range"], length - n)
    head(second["source_range"], n)
    row.insert(at + 1, second)


def slide(row, at, n):
    if at + 1 < len(row) and is_gap(row[at + 1]):
        room = row[at + 1]["source_range"]["duration"]["value"]
        if room > n:
            row[at + 1]["source_range"]["duration"]["value"] -= n
            take(row, at, n, at - 1)


def copied(row, at, n):
    for place, each in enumerate(row):
        if is_gap(each) and each["source_range"]["duration"]["value"] > n:
            second = copy.deepcopy(row[at])
            shown = second["source_range"]
            tail(shown, shown["duration"]["value"] - n)
            each["source_range"]["duration"]["value"] -= n
            row.insert(place, second)
            return


EDITS = [lift_tail, lift_head, ripple, longer, slip, razor, slide, copied]


def shape(text: str):
    """A cut as it plays: per track the things and the empty time before each."""
    return [line(each) for each in json.loads(text)["tracks"]["children"]]


def line(row):
    found, empty = [], 0
    for each in row["children"]:
        if is_gap(each):
            empty += each["source_range"]["duration"]["value"]
        elif "children" in each:
            found.append((empty, each["name"], [line(inner) for inner in each["children"]]))
            empty = 0
        elif each["OTIO_SCHEMA"].startswith("Transition"):
            found.append((empty, "fade"))
            empty = 0
        else:
            shown = each["source_range"]
            found.append((empty, each["name"], shown["start_time"]["value"],
                          shown["duration"]["value"]))  # fmt: skip
            empty = 0
    return found


def others(text: str):
    """All that is neither ours nor a gap, to the letter."""
    found = []

    def walk(value):
        for each in value.get("children", []):
            body = {key: inner for key, inner in each.items() if key != "children"}
            if not is_gap(each) and not is_job(each):
                found.append(json.dumps(body))
            walk(each)

    told = json.loads(text)
    walk(told["tracks"])
    return found


edits = st.lists(
    st.tuples(st.sampled_from(EDITS), st.integers(0, 1000), st.integers(1, 9)), max_size=4
)


@settings(max_examples=60)
@given(master=masters(), host=st.sampled_from(["resolve", "rv", "kdenlive"]), edits=edits)
def test_what_was_done_to_our_clips_is_in_the_master(master, host, edits):
    told = json.loads(flavour(master, host, "/slates").data)
    rows = [each["children"] for each in told["tracks"]["children"]]
    rows += [each["children"][0]["children"] for row in rows for each in row if "children" in each]
    for edit, pick, frames in edits:
        places = [(row, at) for row in rows for at, each in enumerate(row) if is_job(each)]
        if places:
            row, at = places[pick % len(places)]
            if row[at]["source_range"]["duration"]["value"] > frames:
                edit(row, at, frames)
    came = json.dumps(told)
    result = returned(master, Cut.parse(came, "came"), host)
    assert shape(result.text) == shape(came)
    assert others(result.text) == others(master.text)
    if not edits:
        assert result.text == master.text
    again = Cut.parse(result.text, "again")
    same = returned(again, Cut.parse(flavour(again, host, "/s").data.decode()), host)
    assert same.text == again.text


moves = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=6)


@settings(max_examples=40)
@given(master=masters(), host=st.sampled_from(["resolve", "rv", "blender"]), moves=moves)
def test_whatever_else_is_done_no_other_clip_changes(master, host, moves):
    told = json.loads(flavour(master, host, "/slates").data)
    rows = [each["children"] for each in told["tracks"]["children"]]
    for pick, number in moves:
        row, other = rows[pick % len(rows)], rows[number % len(rows)]
        if not row:
            continue
        each = row.pop(pick % len(row))
        if number % 3:
            other.insert(number % (len(other) + 1), each)
        if number % 5 == 0:
            each["name"] = "renamed"
        if number % 7 == 0 and "source_range" in each and each["source_range"]:
            each["source_range"]["duration"]["value"] += pick % 4
    result = returned(master, Cut.parse(json.dumps(told), "came"), host)
    assert sorted(others(result.text)) == sorted(others(master.text))
    assert others(result.text) == others(master.text)
    Cut.parse(result.text)
