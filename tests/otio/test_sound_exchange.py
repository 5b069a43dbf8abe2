"""Sound of takes in other applications: what carries it, what says that it does not, and how it
comes back.
"""

from __future__ import annotations

import copy
import json
from fractions import Fraction

import pytest

from secondunit_otio import Cut, nuke_script
from secondunit_otio.flavours import HOSTS, flavour, opened, returned
from secondunit_otio.layout import extent, home_of
from secondunit_otio.report import compared
from secondunit_otio.report.conform import diff
from secondunit_otio.sound_testing import (
    asking,
    cut_of,
    out_of_step,
    pictures,
    places,
    shot,
    shot_with_sound,
    sounds,
    tracks,
)
from secondunit_otio.testing import gap, span, text_of, track

NATIVE = [name for name, host in HOSTS.items() if host.native]


def master() -> Cut:
    music = track(shot("music", 90), kind="Audio", name="A1")
    cut = cut_of(track(shot("a"), asking(), shot("b"), gap(10), shot("c"), name="V1"), music)
    return shot_with_sound(cut, True, False, True)


def came_back(cut: Cut, host: str, edit=lambda tracks: None, lose: bool = False) -> Cut:
    """What a host writes of its flavour once an editor has been at it."""
    made = flavour(cut, host, "/slates")
    told = json.loads(opened(made.data, made.suffix, rate=24).text)
    edit([each["children"] for each in told["tracks"]["children"]])
    if lose:  # metadata it does not know, names of clips and of tracks
        for row in told["tracks"]["children"]:
            row["metadata"], row["name"] = {}, ""
            for each in row["children"]:
                each["metadata"] = {}
                for media in (each.get("media_references") or {}).values():
                    media["metadata"], media["name"] = {}, ""
                    if each["OTIO_SCHEMA"].startswith("Clip"):
                        each["name"] = media["target_url"].rpartition("/")[2]
    return Cut.parse(json.dumps(told), "came")


@pytest.mark.parametrize("host", HOSTS)
def test_untouched_it_comes_back_as_it_went(host):
    cut = master()
    if host == "aaf":
        pytest.importorskip("aaf2")
    result = returned(cut, came_back(cut, host), host)
    assert result.text == cut.text
    assert not [each for each in result.findings if each.kind not in ("kept", "lost", "missing")]


@pytest.mark.parametrize(
    ("host", "lose"),  # RV is given all takes, by their keys: it loses none
    [
        (host, lose)
        for host in (*NATIVE, "fcp7")
        for lose in (False, True)
        if host != "rv" or not lose
    ],
)
def test_a_host_that_carries_sound_brings_back_what_was_done_to_each(host, lose):
    """The editor trims the picture's tail, and lets the sound end earlier still."""
    cut = master()

    def edit(tracks):
        tracks[0][1]["source_range"]["duration"]["value"] -= 4
        tracks[0].insert(2, gap(4))
        tracks[2][1]["source_range"]["duration"]["value"] -= 10

    result = returned(cut, came_back(cut, host, edit, lose and host != "fcp7"), host)
    back = Cut.parse(result.text)
    (heard,) = sounds(back)
    (picture,) = pictures(back)
    assert extent(back, picture).frames == 20
    assert extent(back, heard).frames == 14
    assert {each.kind for each in result.findings if each.id} >= {"trimmed"}


@pytest.mark.parametrize("lose", [False, True])
def test_where_the_sound_did_not_come_back_it_goes_with_its_picture(lose):
    cut = master()

    def edit(tracks):
        tracks[2].clear()
        gull = tracks[0].pop(1)
        gull["source_range"] = span(10, 12)
        tracks[0][0:0] = [gull]

    result = returned(cut, came_back(cut, "resolve", edit, lose), "resolve")
    back = Cut.parse(result.text)
    assert not out_of_step(back)
    assert places(back, sounds(back)) == [(Fraction(0), Fraction(12, 24))]
    (gone,) = [each for each in result.findings if each.kind == "missing" and each.id]
    assert "with its picture" in gone.what
    assert gone.clip.endswith("sound")


@pytest.mark.parametrize("host", [*NATIVE, "fcp7"])
def test_a_picture_moved_alone_takes_its_sound_along_but_an_overlap_is_left(host):
    cut = master()

    def move(tracks):
        tracks[0].append(tracks[0].pop(1))

    result = returned(cut, came_back(cut, host, move), host)
    back = Cut.parse(result.text)
    assert not out_of_step(back)
    assert places(back, sounds(back)) == [(Fraction(70, 24), Fraction(94, 24))]
    told = [each.what for each in result.findings if each.kind == "moved" and "sound" in each.clip]
    assert told == ["It goes with its picture"]

    def trim(tracks):
        tracks[0][1]["source_range"]["duration"]["value"] -= 6
        tracks[0].insert(2, gap(6))

    back = Cut.parse(returned(cut, came_back(cut, host, trim), host).text)
    assert extent(back, pictures(back)[0]).frames == 18
    assert extent(back, sounds(back)[0]).frames == 24


def test_an_edit_list_has_no_sound_says_so_and_it_follows_all_the_same():
    cut = master()
    made = flavour(cut, "edl")
    told = [each for each in made.findings if "sound" in each.clip]
    assert [(each.id, each.track) for each in told][:1] == [("k3v9x0aa", "SU sound")]
    assert any("its track is left out" in each.what for each in told)
    assert any("track" in each.what and each.clip == "SU sound" for each in made.findings)

    def edit(tracks):
        gull = tracks[0][1]
        later = copy.deepcopy(gull)
        gull["source_range"]["duration"]["value"] = 10
        later["source_range"]["start_time"]["value"] += 10
        later["source_range"]["duration"]["value"] -= 10
        tracks[0].insert(2, gap(6))
        tracks[0].insert(3, later)

    result = returned(cut, came_back(cut, "edl", edit), "edl")
    back = Cut.parse(result.text)
    assert len(sounds(back)) == 2
    assert not out_of_step(back)
    assert [each.body["metadata"]["secondunit"]["part"] for each in sounds(back)] == [1, 2]
    told = [each.what for each in result.findings if each.kind == "lost" and each.id]
    assert told == ["The format could not hold it; it goes with its picture"]


@pytest.mark.parametrize(("key", "heard"), [("su_take_003", True), ("su_take_002", False)])
@pytest.mark.parametrize("host", ["resolve", "rv"])
def test_another_take_chosen_in_a_host_brings_its_own_sound_or_none(key, heard, host):
    cut = master()

    def edit(tracks):
        refs = json.loads(cut.text)["tracks"]["children"][0]["children"][1]["media_references"]
        gull = tracks[0][1]
        gull["media_references"] = {"DEFAULT_MEDIA": refs[key]} if host != "rv" else refs
        gull["active_media_reference_key"] = "DEFAULT_MEDIA" if host != "rv" else key

    result = returned(cut, came_back(cut, host, edit), host)
    back = Cut.parse(result.text)
    assert not out_of_step(back)
    assert len(sounds(back)) == heard
    assert [each[0] for each in tracks(back)] == ["V1", "A1", *(["SU sound"] if heard else [])]
    switched = [each for each in result.findings if each.kind == "switched"]
    assert ["follows its picture" in each.what for each in switched] == [False, True]


def test_sound_that_an_editor_threw_out_of_the_master_does_not_come_again_by_itself():
    cut = master()
    told = json.loads(cut.text)
    del told["tracks"]["children"][2]
    quiet = Cut.parse(text_of(told), "master")

    def edit(tracks):
        tracks[0][1]["source_range"]["duration"]["value"] -= 4

    back = Cut.parse(returned(quiet, came_back(quiet, "resolve", edit), "resolve").text)
    assert not sounds(back)
    assert extent(back, pictures(back)[0]).frames == 20


def test_sound_of_a_take_that_an_editor_laid_himself_is_no_second_picture():
    """Resolve brings a movie's own sound along where nobody asked."""
    quiet = shot_with_sound(cut_of(track(shot("a"), asking(), name="V1")), False)

    came = json.loads(came_back(quiet, "resolve", lose=True).text)
    own = copy.deepcopy(came["tracks"]["children"][0]["children"])
    came["tracks"]["children"].append(track(gap(20), own[1], kind="Audio", name="A1"))
    result = returned(quiet, Cut.parse(json.dumps(came)), "resolve")
    assert result.text == quiet.text
    assert [each.kind for each in result.findings if each.id] == ["kept"]


@pytest.mark.parametrize("host", ["resolve", "premiere", "fcp7", "aaf"])
def test_flavours_that_carry_sound_have_it_where_its_picture_is(host):
    if host == "aaf":
        pytest.importorskip("aaf2")
    made = flavour(master(), host)
    came = opened(made.data, made.suffix, rate=24)
    rows = [item for item in came.items() if item.schema == "Track"]
    found = [
        (row.body["kind"], home_of(came, each)[1:])
        for row in rows for each in row.children if "su-k3v9x0aa" in json.dumps(each.body)
    ]  # fmt: skip
    assert found == [(kind, (Fraction(20, 24), Fraction(44, 24))) for kind in ("Video", "Audio")]


def test_a_nuke_script_says_that_it_holds_no_sound():
    lost = nuke_script.written(master()).findings
    assert [(each.id, each.what) for each in lost] == [
        ("k3v9x0aa", "Its sound is left out: a script holds pictures alone")
    ]
    quiet = shot_with_sound(cut_of(track(shot("a"), asking())), False)
    assert not nuke_script.written(quiet).findings


def test_reports_do_not_take_sound_for_pictures():
    cut = master()
    quiet = json.loads(cut.text)
    del quiet["tracks"]["children"][2]
    told = diff(Cut.parse(text_of(quiet)), cut)
    assert [(each.take, each.state, each.in_use, each.notes) for each in told.takes] == [
        (1, "fits", True, ()), (2, "fits", False, ()), (3, "fits", False, ())
    ]  # fmt: skip
    moved = json.loads(cut.text)
    video, _, ours = moved["tracks"]["children"]
    video["children"].insert(0, gap(7))
    ours["children"].insert(0, gap(7))
    found = compared(cut, Cut.parse(text_of(moved))).findings
    assert {each.kind for each in found if each.id} <= {"moved", "kept"}
    del moved["tracks"]["children"][2]
    found = compared(cut, Cut.parse(text_of(moved))).findings
    gone = [each.clip for each in found if each.kind == "missing" and each.id]
    assert gone == ["gull su-k3v9x0aa sound"]
    unseen = json.loads(cut.text)
    unseen["tracks"]["children"][0]["children"][1] = gap(24)
    found = compared(cut, Cut.parse(text_of(unseen))).findings
    gone = [each.clip for each in found if each.kind == "missing" and each.id]
    assert gone == ["gull su-k3v9x0aa"]


def test_sound_that_is_new_is_told_as_no_part_of_its_picture():
    """A host brings the movie's own sound in, while its picture is trimmed."""
    cut = shot_with_sound(cut_of(track(shot("a"), asking(), name="V1")), False)
    told = json.loads(cut.text)
    gull = told["tracks"]["children"][0]["children"][1]
    own = {**copy.deepcopy(gull), "name": "su-k3v9x0aa_t001.mov"}
    own["source_range"]["start_time"]["value"] += 12
    own["source_range"]["duration"]["value"] = gull["source_range"]["duration"]["value"] = 12
    told["tracks"]["children"].append(track(gap(20), own, kind="Audio", name="A1"))
    found = compared(cut, Cut.parse(text_of(told))).findings
    assert "split" not in [each.kind for each in found]
    assert [each.clip for each in found if each.kind == "new" and each.id] == [own["name"]]
