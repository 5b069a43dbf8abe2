"""What an editor did to our clips in a host comes back onto the master, and nothing else does."""

from __future__ import annotations

import copy
import json

import pytest

from secondunit_contract.frames import Rate
from secondunit_contract.problem import BadValue
from secondunit_otio import Cut, changed_paths, find_requests
from secondunit_otio.flavours import HOSTS, flavour, opened, returned
from secondunit_otio.testing import (
    clip,
    effect,
    gap,
    generator,
    marker,
    movie,
    span,
    stack,
    text_of,
    time,
    timeline,
    track,
    warp,
)

NATIVE = [name for name, host in HOSTS.items() if host.native]
ADAPTED = ["fcp7", "edl"]
EDITED = [*NATIVE, *ADAPTED]


def job(id: str = "k3v9x0aa", start: float = 8, frames: float = 48, takes: int = 1, **more):
    """A clip with takes of ours, the first in use, and its request."""
    there = span(0, 120)
    made = clip(f"gull su-{id}", span(start, frames), None, **more)
    made["media_references"] = {
        "su_request": generator("SecondUnit.Insert", there, prompt="a gull", takes=2),
        **{
            f"su_take_{n:03d}": movie(
                f"/takes/su-{id}_t{n:03d}.mov", there, name=f"su-{id}_t{n:03d}"
            )
            for n in range(1, takes + 1)
        },
    }
    made["active_media_reference_key"] = "su_take_001" if takes else "su_request"
    made["metadata"] = {"secondunit": {"schema": 1, "id": id, "kind": "insert"}, "Host": {"x": 1.5}}
    return made


def shot(name: str, frames: float = 50, start: float = 100):
    """A clip of the editor's own."""
    media = movie(
        f"/plates/{name}.mov", span(0, 1000), metadata={"Host": {"odd": 1.1899998188018799}}
    )
    return clip(name, span(start, frames), media, metadata={"Host": {"keep": [1, 2.50]}})


def cut_of(*tracks, **more) -> Cut:
    return Cut.parse(text_of(timeline(*tracks, global_start_time=None, **more)), "master")


def came_back(master: Cut, host: str, edit=lambda tracks: None) -> Cut:
    """What a host writes of its flavour once an editor has been at it."""
    made = flavour(master, host, "/slates")
    told = json.loads(opened(made.data, made.suffix, rate=Rate.of(24)).text)
    edit([each["children"] for each in told["tracks"]["children"]])
    return Cut.parse(json.dumps(told), "came")


def row(text: str, number: int = 0):
    """A track of a cut as (name, start, frames), gaps as their length."""
    return [plain(each) for each in json.loads(text)["tracks"]["children"][number]["children"]]


def plain(child):
    shown = child.get("source_range")
    if child["OTIO_SCHEMA"].startswith("Gap"):
        return shown["duration"]["value"]
    if shown is None:
        return child["OTIO_SCHEMA"]
    return child["name"], shown["start_time"]["value"], shown["duration"]["value"]


def number_of(children, name: str) -> int:
    return next(at for at, each in enumerate(children) if name in each.get("name", "").lower())


def trim(child, head: float = 0, tail: float = 0) -> None:
    shown = child["source_range"]
    shown["start_time"]["value"] += head
    shown["duration"]["value"] -= head + tail


def kinds(result) -> list[str]:
    return list(dict.fromkeys(each.kind for each in result.findings if each.id))


def simple() -> Cut:
    return cut_of(track(shot("a"), job(), shot("b"), gap(20), shot("c")))


@pytest.mark.parametrize("host", EDITED)
def test_a_cut_nobody_touched_comes_back_as_it_was(host):
    master = simple()
    result = returned(master, came_back(master, host), host)
    assert result.text == master.text
    assert [each.kind for each in result.findings if each.kind != "lost"] == ["kept"]


@pytest.mark.parametrize("host", EDITED)
def test_a_lifted_trim_leaves_a_gap(host):
    master = simple()

    def edit(tracks):
        at = number_of(tracks[0], "gull")
        trim(tracks[0][at], head=6, tail=10)
        tracks[0][at : at + 1] = [gap(6), tracks[0][at], gap(10)]

    result = returned(master, came_back(master, host, edit), host)
    assert row(result.text) == [
        ("a", 100, 50), 6, ("gull su-k3v9x0aa", 14, 32), 10, ("b", 100, 50), 20, ("c", 100, 50),
    ]  # fmt: skip
    assert kinds(result) == ["trimmed"]
    assert outside(master, result) == []


@pytest.mark.parametrize("host", EDITED)
def test_a_ripple_trim_leaves_none(host):
    master = simple()
    result = returned(
        master, came_back(master, host, lambda t: trim(t[0][number_of(t[0], "gull")], 4, 10)), host
    )
    assert row(result.text) == [
        ("a", 100, 50), ("gull su-k3v9x0aa", 12, 34), ("b", 100, 50), 20, ("c", 100, 50),
    ]  # fmt: skip
    assert kinds(result) == ["trimmed"]
    assert outside(master, result) == []


@pytest.mark.parametrize("host", EDITED)
def test_a_slip_is_taken_over(host):
    master = simple()
    result = returned(
        master, came_back(master, host, lambda t: trim(t[0][number_of(t[0], "gull")], 5, -5)), host
    )
    assert changed_paths(master.text, result.text) == [
        "tracks.children[0].children[1].source_range.start_time.value"
    ]
    assert row(result.text)[1] == ("gull su-k3v9x0aa", 13, 48)


@pytest.mark.parametrize("host", EDITED)
def test_a_razored_clip_becomes_parts(host):
    master = simple()

    def edit(tracks):
        at = number_of(tracks[0], "gull")
        second = copy.deepcopy(tracks[0][at])
        trim(tracks[0][at], tail=28)
        trim(second, head=20)
        tracks[0].insert(at + 1, second)

    result = returned(master, came_back(master, host, edit), host)
    assert row(result.text)[:4] == [
        ("a", 100, 50), ("gull su-k3v9x0aa", 8, 20), ("gull su-k3v9x0aa", 28, 28), ("b", 100, 50),
    ]  # fmt: skip
    children = json.loads(result.text)["tracks"]["children"][0]["children"]
    parts = [each["metadata"]["secondunit"] for each in children[1:3]]
    assert [(each["id"], each["part"]) for each in parts] == [("k3v9x0aa", 1), ("k3v9x0aa", 2)]
    assert all(
        set(each["media_references"]) == {"su_request", "su_take_001"} for each in children[1:3]
    )
    assert kinds(result) == ["split"]
    assert outside(master, result) == []


@pytest.mark.parametrize("host", EDITED)
def test_a_copy_stands_where_the_editor_put_it(host):
    master = simple()

    def edit(tracks):
        at = number_of(tracks[0], "gull")
        hole = next(n for n, each in enumerate(tracks[0]) if each["OTIO_SCHEMA"].startswith("Gap"))
        second = copy.deepcopy(tracks[0][at])
        trim(second, tail=40)
        tracks[0][hole : hole + 1] = [gap(2), second, gap(10)]

    result = returned(master, came_back(master, host, edit), host)
    assert row(result.text)[2:] == [
        ("b", 100, 50), 2, ("gull su-k3v9x0aa", 8, 8), 10, ("c", 100, 50),
    ]  # fmt: skip
    assert kinds(result) == ["new"]


@pytest.mark.parametrize("host", EDITED)
def test_a_deleted_clip_stays_and_is_told(host):
    master = simple()

    def lift(tracks):
        tracks[0][number_of(tracks[0], "gull")] = gap(48)

    def ripple(tracks):
        del tracks[0][number_of(tracks[0], "gull")]

    for edit in (lift, ripple):
        result = returned(master, came_back(master, host, edit), host)
        assert result.text == master.text
        assert kinds(result) == ["missing"]


@pytest.mark.parametrize("host", [*NATIVE, "fcp7"])
def test_a_clip_moved_to_another_track_moves(host):
    master = cut_of(track(shot("a"), job(), shot("b")), track(gap(120), shot("t", 10)))

    def edit(tracks):
        at = number_of(tracks[0], "gull")
        moved = tracks[0][at]
        tracks[0][at] = gap(48)
        tracks[1][0:1] = [gap(50), moved, gap(22)]

    result = returned(master, came_back(master, host, edit), host)
    assert row(result.text) == [("a", 100, 50), 48, ("b", 100, 50)]
    assert row(result.text, 1) == [50, ("gull su-k3v9x0aa", 8, 48), 22, ("t", 100, 10)]
    assert kinds(result) == ["moved"]


@pytest.mark.parametrize("host", NATIVE)
def test_a_clip_moved_to_a_new_track_makes_one(host):
    master = simple()
    made = flavour(master, host)
    told = json.loads(made.data)
    children = told["tracks"]["children"][0]["children"]
    moved = children[1]
    children[1] = gap(48)
    told["tracks"]["children"].append(track(gap(30), moved, name="V2"))
    result = returned(master, Cut.parse(json.dumps(told)), host)
    assert row(result.text)[:3] == [("a", 100, 50), 48, ("b", 100, 50)]
    assert row(result.text, 1) == [30, ("gull su-k3v9x0aa", 8, 48)]


@pytest.mark.parametrize("host", NATIVE)
def test_a_track_left_empty_may_be_dropped_by_the_host(host):
    master = cut_of(track(shot("a"), gap(60), shot("b")), track(gap(55), job()))

    def edit(tracks):
        tracks[0][1:2] = [gap(5), tracks[1][1], gap(7)]

    came = json.loads(came_back(master, host, edit).text)
    del came["tracks"]["children"][1]
    result = returned(master, Cut.parse(json.dumps(came)), host)
    assert row(result.text) == [("a", 100, 50), 5, ("gull su-k3v9x0aa", 8, 48), 7, ("b", 100, 50)]
    assert row(result.text, 1) == []


@pytest.mark.parametrize("host", EDITED)
def test_a_new_name_is_taken_over_with_the_id(host):
    master = simple()
    result = returned(
        master,
        came_back(master, host, lambda t: t[0][1].update(name="hero gull")),
        host,
    )
    assert changed_paths(master.text, result.text) == ["tracks.children[0].children[1].name"]
    assert row(result.text)[1][0] == "hero gull su-k3v9x0aa"
    assert kinds(result) == ["changed"]


@pytest.mark.parametrize("host", EDITED)
@pytest.mark.parametrize(
    "name", ["GULL SU-K3V9X0AA", "", "su-k3v9x0aa_t001.mov", "su-k3v9x0aa_t001", "SU-K3V9X0AA_T001"]
)
def test_a_name_the_host_lost_is_no_new_name(host, name):
    master = simple()

    def edit(tracks):
        tracks[0][1].update(name=name, metadata={})
        trim(tracks[0][1], tail=3)

    result = returned(master, came_back(master, host, edit), host)
    assert row(result.text)[1] == ("gull su-k3v9x0aa", 8, 45)
    assert kinds(result) == ["trimmed"]


@pytest.mark.parametrize("host", [*NATIVE, "fcp7"])
def test_the_take_in_use_there_is_in_use_here(host):
    master = cut_of(track(shot("a"), job(takes=3), shot("b")))

    def edit(tracks):
        media = tracks[0][1]["media_references"]
        key = tracks[0][1]["active_media_reference_key"]
        media[key] = movie("/elsewhere/SU-K3V9X0AA_T002.MOV", span(0, 120))

    result = returned(master, came_back(master, host, edit), host)
    assert changed_paths(master.text, result.text) == [
        "tracks.children[0].children[1].active_media_reference_key"
    ]
    told = json.loads(result.text)["tracks"]["children"][0]["children"][1]
    assert told["active_media_reference_key"] == "su_take_002"
    assert kinds(result) == ["switched"]


def test_rv_flips_takes_by_their_key():
    master = cut_of(track(shot("a"), job(takes=3), shot("b")))
    came = came_back(
        master, "rv", lambda t: t[0][1].update(active_media_reference_key="su_take_003")
    )
    assert '"active_media_reference_key": "su_take_003"' in returned(master, came, "rv").text


def test_a_take_the_master_has_not_comes_along():
    master = simple()

    def edit(tracks):
        tracks[0][1]["media_references"]["DEFAULT_MEDIA"] = movie(
            "/takes/su-k3v9x0aa_t007.mov", span(0, 120)
        )

    result = returned(master, came_back(master, "resolve", edit), "resolve")
    told = json.loads(result.text)["tracks"]["children"][0]["children"][1]
    assert told["active_media_reference_key"] == "su_take_007"
    assert told["media_references"]["su_take_007"]["target_url"] == "/takes/su-k3v9x0aa_t007.mov"
    assert outside(master, result) == []


def test_a_slate_of_yesterday_does_not_take_a_take_away():
    asking = {**job(), "active_media_reference_key": "su_request"}
    row_of_then = track(shot("a"), asking, shot("b"), gap(20), shot("c"))
    yesterday = came_back(cut_of(row_of_then), "resolve")
    assert "_slate.mov" in yesterday.text
    result = returned(simple(), yesterday, "resolve")
    assert result.text == simple().text


@pytest.mark.parametrize("host", NATIVE)
def test_what_is_done_to_other_clips_is_told_and_left(host):
    master = simple()

    def edit(tracks):
        trim(tracks[0][0], tail=10)  # a, rippled
        tracks[0][2]["name"] = "other"
        tracks[0][3]["source_range"]["duration"]["value"] = 5.0
        tracks[0].append(shot("stranger"))

    result = returned(master, came_back(master, host, edit), host)
    assert result.text == master.text
    told = {(each.kind, each.clip) for each in result.findings if not each.id}
    assert {("changed", "a"), ("changed", "b"), ("moved", "c"), ("new", "stranger")} <= told


@pytest.mark.parametrize("host", NATIVE)
def test_our_trim_counts_though_others_were_cut_about(host):
    master = cut_of(
        track(shot("a"), job(), shot("b"), job("zz00zz00", 0, 30), gap(10), shot("c"), shot("d"))
    )

    def edit(tracks):
        children = tracks[0]
        trim(children[1], tail=8)
        del children[2]  # b, rippled
        trim(children[2], head=3)
        children.insert(3, shot("stranger", 12))

    result = returned(master, came_back(master, host, edit), host)
    names = [each[0] if isinstance(each, tuple) else each for each in row(result.text)]
    assert names[:4] == ["a", "gull su-k3v9x0aa", "b", "gull su-zz00zz00"]
    assert row(result.text)[1][1:] == (8, 40)
    assert row(result.text)[3][1:] == (3, 27)
    assert outside(master, result) == []


@pytest.mark.parametrize("host", EDITED)
def test_a_slate_in_a_gap_comes_back_as_a_request_where_it_was_put(host):
    asked = marker("SU insert", span(4, 16), "su: insert 16f | a gull")
    master = cut_of(track(shot("a"), gap(40, markers=[asked]), shot("b")))
    untouched = returned(master, came_back(master, host), host)
    assert untouched.text == master.text

    def edit(tracks):
        at = number_of(tracks[0], "insert")
        trim(tracks[0][at], tail=6)
        tracks[0][at + 1]["source_range"]["duration"]["value"] += 6

    result = returned(master, came_back(master, host, edit), host)
    id = find_requests(master)[0].id
    assert row(result.text) == [
        ("a", 100, 50), 4, (f"insert su-{id}", 0, 10), 26, ("b", 100, 50),
    ]  # fmt: skip
    (request,) = find_requests(Cut.parse(result.text))
    assert (request.id, request.kind, request.form, request.frames) == (
        id,
        "insert",
        "generator",
        10,
    )
    assert request.values["prompt"] == "a gull"


@pytest.mark.parametrize("host", NATIVE)
def test_clips_in_nested_sequences_are_found(host):
    inner = stack(track(shot("x"), job(), gap(12), shot("y")), name="scene")
    master = cut_of(track(shot("a"), inner, shot("b")))

    def edit(tracks):
        children = tracks[0][1]["children"][0]["children"]
        trim(children[1], tail=9)
        children[2]["source_range"]["duration"]["value"] += 9

    result = returned(master, came_back(master, host, edit), host)
    nested = json.loads(result.text)["tracks"]["children"][0]["children"][1]["children"][0]
    assert [plain(each) for each in nested["children"]] == [
        ("x", 100, 50), ("gull su-k3v9x0aa", 8, 39), 21, ("y", 100, 50),
    ]  # fmt: skip
    assert outside(master, result) == []


@pytest.mark.parametrize("host", NATIVE)
def test_what_the_host_itself_changes_does_not_count(host):
    master = cut_of(track(shot("a b"), job(), gap(5), shot("c")), name="reel 1")
    told = json.loads(came_back(master, host).text)
    told |= {"name": "Timeline 1", "metadata": {"Host": 1}, "global_start_time": time(86400)}
    for each in told["tracks"]["children"]:
        each |= {"name": "Video 1", "metadata": {"Host": {"Locked": False}}}
        for child in each["children"]:
            child |= {"metadata": {"Host": {"Link": 1}}, "effects": [effect("Host Effect")]}
            child["source_range"]["start_time"]["value"] += 1e-7
            media = child.get("media_references", {}).get(child.get("active_media_reference_key"))
            if media:
                child["name"] = media["target_url"].rpartition("/")[2]
                media |= {"target_url": "file://" + media["target_url"].replace(" ", "%20")}
                child |= {"media_references": {"DEFAULT_MEDIA": media}, "markers": []}
                child["active_media_reference_key"] = "DEFAULT_MEDIA"
    told["tracks"]["children"].append(track(gap(50), kind="Audio"))
    result = returned(master, Cut.parse(json.dumps(told)), host)
    assert result.text == master.text
    assert {each.kind for each in result.findings} == {"kept"}


def test_a_new_speed_is_told_and_not_taken_over():
    master = simple()

    def edit(tracks):
        for each in tracks[0]:
            each["effects"] = [warp(2.0)] if each["name"] else []

    came = came_back(master, "resolve", edit)
    result = returned(master, came, "resolve")
    assert result.text == master.text
    assert [each.clip for each in result.findings if "speed" in each.what] == [
        "a", "gull su-k3v9x0aa", "b", "c",
    ]  # fmt: skip


def test_an_edl_read_at_a_wrong_rate_is_refused():
    made = flavour(simple(), "edl")
    with pytest.raises(BadValue, match="25 frames a second, but the cut runs at 24"):
        returned(simple(), opened(made.data, ".edl", 25), "edl")


def outside(master: Cut, result) -> list[str]:
    """What changed in the master that is neither a clip of ours nor a gap."""
    told = [json.loads(text) for text in (master.text, result.text)]

    def others(value) -> list[str]:
        found = []
        for each in value.get("children", []):
            ours = "secondunit" in each.get("metadata", {}) or "SU " in json.dumps(
                each.get("markers")
            )
            if "children" in each:
                body = {key: inner for key, inner in each.items() if key != "children"}
                found += [json.dumps(body), *others(each)]
            elif not ours and not each["OTIO_SCHEMA"].startswith("Gap"):
                found.append(json.dumps(each))
        return found

    before, after = (others(each["tracks"]) for each in told)
    rest = [{key: value for key, value in each.items() if key != "tracks"} for each in told]
    return [] if before == after and rest[0] == rest[1] else ["changed"]


def test_an_aaf_brings_back_a_trim_and_a_razor():
    master = simple()
    assert returned(master, came_back(master, "aaf"), "aaf").text == master.text

    def edit(tracks):
        at = number_of(tracks[0], "gull")
        second = copy.deepcopy(tracks[0][at])
        trim(tracks[0][at], tail=28)
        trim(second, head=20, tail=4)
        tracks[0][at + 1 : at + 1] = [second, gap(4)]

    result = returned(master, came_back(master, "aaf", edit), "aaf")
    assert row(result.text)[1:5] == [
        ("gull su-k3v9x0aa", 8, 20), ("gull su-k3v9x0aa", 28, 24), 4, ("b", 100, 50),
    ]  # fmt: skip
    assert outside(master, result) == []
