"""Each thing Resolve is known to do wrong: the adapter gets by, or says clearly that it cannot."""

from __future__ import annotations

from dataclasses import replace

import pytest
from resolve_deliveries import delivery

from secondunit_contract.frames import FrameRange
from secondunit_panel.host import HostBusy, HostCannot, Mark, NotPlaced, PlaceGone
from secondunit_resolve import link, writing
from secondunit_resolve.host import ResolveHost

FIRST = 86400


@pytest.fixture
def scene(world, hosted):
    """A host in a Resolve of these quirks, and the clip selected in it."""

    def make(version="21.0.4", **quirks):
        resolve = world(version, **quirks)
        host = hosted(resolve)
        [shot] = host.selection().clips
        return resolve, host, shot

    return make


def untouched(resolve):
    """Nothing stands but the plate, on a track of its own."""
    tracks = [(t.name, [i.id for i in t.items]) for t in resolve.current.video]
    return tracks == [("Video 1", [resolve.plate.id])] and resolve.plate.left == 4


@pytest.mark.parametrize("inclusive", [False, True])
def test_the_end_of_a_cut_is_found_out_once(scene, inclusive):
    resolve, host, shot = scene(end_inclusive=inclusive)
    for number in (1, 2):
        wanted = delivery(resolve, shot, number, slate=f"s{number}")
        resolve.lengths[wanted.take.media] = 24
        host.place(wanted)
    assert [(i.first, i.left, i.frames) for i in resolve.stood()] == [(FIRST + 24, 4, 8)] * 2
    tried = [given for name, given in resolve.calls if name == "AppendToTimeline"]
    assert len(tried) == 2 + inclusive, "tried both ways once, then known"


@pytest.mark.parametrize("inclusive", [False, True])
def test_a_part_of_a_longer_file_is_cut_exactly(scene, inclusive):
    resolve, host, shot = scene(end_inclusive=inclusive)
    wanted = delivery(resolve, shot)
    resolve.lengths[wanted.take.media] = 24
    placed = host.place(wanted)
    [item] = resolve.stood()
    assert (item.left, item.frames, placed.frames) == (4, 8, FrameRange(4, 11))


@pytest.mark.parametrize(
    "quirk", [{"shells": 2}, {"nones": 2}, {"needs_selected": True}, {"modal": 1}]
)
def test_what_comes_right_when_tried_again_is_placed(scene, quirk):
    resolve, host, shot = scene()
    for name, value in quirk.items():
        setattr(resolve.quirks, name, value)
    placed = host.place(delivery(resolve, shot))
    [item] = resolve.stood()
    assert placed.place.id == item.id
    assert item.frames == 8


@pytest.mark.parametrize("quirk", [{"shells": 99}, {"nones": 99}])
def test_an_item_that_is_none_is_no_take(scene, quirk):
    resolve, host, shot = scene()
    for name, value in quirk.items():
        setattr(resolve.quirks, name, value)
    with pytest.raises(HostBusy, match="dialog"):
        host.place(delivery(resolve, shot))
    assert untouched(resolve)


@pytest.mark.parametrize("act", ["place", "mark", "open", "take_out", "plate"])
def test_a_dialog_is_asked_about(scene, tmp_path, act):
    resolve, host, shot = scene("20.3.2")
    placed = host.place(delivery(resolve, shot))
    resolve.page = "color"
    resolve.quirks.modal = -1
    retimed = type(shot)(**{**vars(shot), "must_export": "The clip is retimed"})
    calls = {
        "place": lambda: host.place(delivery(resolve, shot, 2)),
        "mark": lambda: host.mark(shot.place, Mark(shot.place.range, "a")),
        "open": lambda: host.open(shot.place, FIRST + 30),
        "take_out": lambda: host.take_out(placed),
        "plate": lambda: host.plate(retimed, tmp_path / "p", lambda *told: None),
    }
    with pytest.raises(HostBusy) as refused:
        calls[act]()
    assert "dialog" in refused.value.remedy
    assert len(resolve.stood()) == 1
    assert not (tmp_path / "p").exists() or not list((tmp_path / "p").iterdir())


@pytest.mark.parametrize(
    "method",
    ["AddTrack", "SetTrackName", "AppendToTimeline", "ImportMedia", "AddMarker", "AddSubFolder",
     "SetCurrentFolder"],
)  # fmt: skip
def test_a_yes_that_did_nothing_is_no_yes(scene, method):
    resolve, host, shot = scene(deaf=frozenset([method]))
    with pytest.raises(HostBusy) as refused:
        host.place(delivery(resolve, shot))
    assert refused.value.what.startswith("Resolve")
    assert untouched(resolve)


def test_a_take_that_cannot_be_hidden_is_taken_out_again(scene):
    resolve, host, shot = scene(deaf=frozenset(["SetClipEnabled"]))
    with pytest.raises(HostBusy, match="disable"):
        host.place(delivery(resolve, shot, chosen=False))
    assert resolve.stood() == []


def test_a_take_elsewhere_is_taken_out_and_told(scene):
    resolve, host, shot = scene(misplaced=2)
    with pytest.raises(NotPlaced, match="not on"):
        host.place(delivery(resolve, shot))
    assert untouched(resolve)


def test_a_take_of_another_rate_is_not_placed_short(scene):
    resolve, host, shot = scene()
    resolve.fps = 25.0  # eight of its frames fill seven and a bit: Resolve rounds down
    with pytest.raises(NotPlaced, match="rate"):
        host.place(delivery(resolve, shot))
    assert untouched(resolve)


@pytest.mark.parametrize("inclusive", [False, True])
def test_a_take_of_pictures_goes_in_as_one_clip(scene, tmp_path, inclusive):
    resolve, host, shot = scene(end_inclusive=inclusive)
    for number in range(4, 12):
        (tmp_path / f"take ä.{number:04d}.exr").write_bytes(b"x")
    wanted = delivery(resolve, shot)
    take = replace(wanted.take, media=str(tmp_path / "take ä.####.exr"))
    placed = host.place(replace(wanted, take=take))
    [item] = resolve.stood()
    assert item.media.path.endswith("take ä.[0004-0011].exr")
    assert (item.left, item.frames, placed.media) == (0, 8, take.media)
    part = replace(take, number=2, range=FrameRange(5, 12))
    (tmp_path / "take ä.0012.exr").write_bytes(b"x")
    host.place(replace(wanted, take=part, slate="part"))
    second = resolve.stood()[1]
    assert (second.left, second.frames) == (0, 8), "other numbers are another clip"
    assert second.media.path.endswith("[0005-0012].exr")
    resolve.root.folders[0].clips[1:] = []
    resolve.root.folders[0].clips[0].path = str(tmp_path / "take ä.[0004-0012].exr")
    resolve.root.folders[0].clips[0].frames = 9
    host.place(replace(wanted, take=replace(part, number=3), slate="another"))
    third = resolve.stood()[2]
    assert (third.left, third.frames) == (1, 8), "of a longer one it is the part"
    assert host.place(replace(wanted, take=take)).place == placed.place


def test_a_take_whose_file_is_gone_is_told(scene):
    resolve, host, shot = scene()
    wanted = delivery(resolve, shot)
    with pytest.raises(HostBusy, match=r"gone\.mov"):
        host.place(replace(wanted, take=replace(wanted.take, media="/no such/gone.mov")))
    assert untouched(resolve)


def test_a_resolve_before_marks_and_source_frames_works(scene):
    resolve, host, shot = scene("18.6.6")
    resolve.current.marks = (FIRST + 26, FIRST + 28)
    assert len(host.selection().clips[0].place.range) == 8, "it cannot tell them"
    host.place(delivery(resolve, shot))
    assert [(i.first, i.frames) for i in resolve.stood()] == [(FIRST + 24, 8)]


def test_media_it_cannot_read_is_told_with_what_to_do(scene):
    resolve, host, shot = scene(unreadable="take")
    with pytest.raises(HostBusy, match="take in") as refused:
        host.place(delivery(resolve, shot))
    assert "ProRes" in refused.value.remedy
    assert untouched(resolve)
    assert resolve.folder is resolve.root, "the user's bin is open again"


def test_tracks_that_cannot_be_named_are_taken_away_again(scene):
    resolve, host, shot = scene(named=False)
    with pytest.raises(HostBusy, match="name"):
        host.place(delivery(resolve, shot))
    assert untouched(resolve)


def test_a_locked_track_of_ours_is_left_alone(scene):
    resolve, host, shot = scene()
    host.place(delivery(resolve, shot, 1, head=2))
    resolve.quirks.locked = frozenset([2])
    later = delivery(resolve, shot, 2, slate="other")
    host.place(later)
    assert [(t.name, len(t.items)) for t in resolve.current.video] == [
        ("Video 1", 1), ("Second Unit", 1), ("Second Unit 2", 1),
    ]  # fmt: skip


def test_what_stands_there_is_never_dropped_or_moved(scene):
    resolve, host, shot = scene(takes="refused")
    for number in (1, 2, 3):
        host.place(delivery(resolve, shot, number))
    assert [(t.name, [i.enabled for i in t.items]) for t in resolve.current.video[1:]] == [
        ("Second Unit", [False]), ("Second Unit 2", [False]), ("Second Unit 3", [True]),
    ]  # fmt: skip
    host.place(delivery(resolve, shot, 1))
    assert [i.enabled for i in resolve.stood()] == [True, False, False]


@pytest.mark.parametrize("inclusive", [False, True])
def test_generations_are_takes_where_that_proves_right(scene, inclusive):
    resolve, host, shot = scene(end_inclusive=inclusive)
    assert host.place(delivery(resolve, shot, 1)).how == "clip"
    second = host.place(delivery(resolve, shot, 2))
    [item] = resolve.stood()
    assert (second.how, item.take, [t[1:] for t in item.takes]) == ("take 2 of 2", 2, [(0, 8)] * 2)
    third = host.place(delivery(resolve, shot, 3, chosen=False))
    assert (third.how, item.take) == ("take 3 of 3", 2)
    assert third.media.endswith("take ä_3.mov")
    host.take_out(second)
    assert [t[0].path[-5] for t in item.takes] == ["1", "3"]
    assert host.place(delivery(resolve, shot, 3)).how == "take 2 of 2"
    assert item.media.path.endswith("take ä_3.mov")


@pytest.mark.parametrize("how", ["refused", "wrong", "stuck"])
def test_else_they_are_stacked_and_disabled(scene, how):
    resolve, host, shot = scene(takes=how)
    first = host.place(delivery(resolve, shot, 1))
    second = host.place(delivery(resolve, shot, 2))
    assert (first.how, second.how) == ("clip", "clip")
    one, two = resolve.stood()
    assert (one.enabled, two.enabled, one.takes) == (False, True, [])
    assert (one.left, one.frames, two.left, two.frames) == (0, 8, 0, 8)


def test_takes_its_user_changed_are_not_mixed_up(scene):
    resolve, host, shot = scene()
    host.place(delivery(resolve, shot, 1))
    second = host.place(delivery(resolve, shot, 2))
    [item] = resolve.stood()
    item.DeleteTakeByIndex(1)
    host.take_out(second)
    assert [each.media.path[-5] for each in resolve.stood()] in ([], ["2"])
    third = host.place(delivery(resolve, shot, 3))
    assert third.media.endswith("3.mov")


@pytest.mark.parametrize("relative", [False, True])
def test_a_take_keeps_its_job_wherever_markers_count_from(scene, relative):
    resolve, host, shot = scene(item_marks_relative=relative)
    wanted = delivery(resolve, shot)
    resolve.lengths[wanted.take.media] = 24
    placed = host.place(wanted)
    again = host.place(delivery(resolve, shot))
    assert again.place == placed.place
    [item] = resolve.stood()
    [marker] = item.markers.values()
    assert marker["customData"].startswith("second_unit:")
    assert '"j1"' in marker["customData"]


def test_a_matte_waits_on_a_track_of_its_own(scene):
    resolve, host, shot = scene()
    host.place(delivery(resolve, shot))
    host.place(delivery(resolve, shot, 2, slate="m", raw=True))
    assert [each.enabled for each in resolve.stood("Second Unit mattes")] == [False]
    assert [each.enabled for each in resolve.stood()] == [True, False]
    assert "matte" not in host.about().can
    with pytest.raises(HostCannot) as refused:
        host.attach_matte(delivery(resolve, shot, 2, raw=True))
    assert refused.value.remedy


def test_placing_leaves_page_and_bin_as_they_were(scene):
    resolve, host, shot = scene()
    resolve.page = "fairlight"
    placed = host.place(delivery(resolve, shot))
    assert (resolve.page, resolve.folder) == ("fairlight", resolve.root)
    host.take_out(placed)
    assert (resolve.page, resolve.stood()) == ("fairlight", [])
    assert [each.name for each in resolve.root.folders] == ["Second Unit"]


def test_sound_is_never_placed(scene):
    resolve, host, shot = scene()
    host.place(delivery(resolve, shot))
    assert resolve.current.audio[0].items == []


def test_a_take_goes_into_its_own_timeline(scene, fakes):
    resolve, host, shot = scene()
    other = type(resolve.current)(resolve, "Cut 2", "01:00:00:00", "24.0")
    own = resolve.current
    resolve.timelines.append(other)
    resolve.current = other
    host.place(delivery(resolve, shot))
    assert resolve.current is other, "its user still looks at the same"
    assert [t.name for t in own.video] == ["Video 1", "Second Unit"]
    assert [t.name for t in other.video] == ["Video 1"]
    resolve.timelines.remove(own)
    with pytest.raises(PlaceGone, match="timeline"):
        host.place(delivery(resolve, shot))


def test_a_plate_that_is_gone_is_told_and_nothing_written(scene):
    resolve, host, shot = scene()
    resolve.current.DeleteClips([resolve.plate])
    with pytest.raises(PlaceGone):
        host.place(delivery(resolve, shot))
    assert [t.name for t in resolve.current.video] == ["Video 1"]
    assert not resolve.root.folders


def test_what_is_no_take_of_ours_is_not_taken_out(scene):
    resolve, host, shot = scene()
    placed = host.place(delivery(resolve, shot))
    stranger = type(placed)(shot.place, shot.clip.media, job="j1", number=1)
    host.take_out(stranger)
    assert resolve.current.video[0].items == [resolve.plate]


def test_a_deaf_delete_is_told(scene):
    resolve, host, shot = scene()
    placed = host.place(delivery(resolve, shot))
    resolve.quirks.deaf = frozenset(["DeleteClips"])
    with pytest.raises(HostBusy, match="take the clip out"):
        host.take_out(placed)


# marks


def test_marks_carry_the_job_and_replace_themselves(scene):
    resolve, host, shot = scene()
    for note in ("first", 'second "ä 漢"'):
        host.mark(shot.place, Mark(shot.place.range, "Take 1", note, "j1"))
    [(frame, marker)] = resolve.current.markers.items()
    assert (frame, marker["note"], marker["duration"]) == (24, 'second "ä 漢"', 8.0)
    assert marker["customData"].startswith("second_unit:j1")
    assert marker["color"] in {"Sand"}


def test_a_mark_turns_no_page(scene):
    resolve, host, shot = scene()
    resolve.page = "color"
    host.mark(shot.place, Mark(shot.place.range, "Take 1", "", "j1"))
    assert len(resolve.current.markers) == 1
    assert "OpenPage" not in [name for name, _ in resolve.calls]


def test_a_marker_of_its_user_stays_and_ours_stands_beside_it(scene):
    resolve, host, shot = scene()
    resolve.current.AddMarker(24, "Blue", "mine", "", 1, "")
    host.mark(shot.place, Mark(shot.place.range, "Take 1", "", "j1"))
    assert sorted(resolve.current.markers) == [24, 25]
    assert resolve.current.markers[24]["name"] == "mine"


def test_a_mark_that_is_not_taken_is_told(scene):
    _, host, shot = scene(deaf=frozenset(["AddMarker"]))
    with pytest.raises(HostBusy, match="marker"):
        host.mark(shot.place, Mark(shot.place.range, "Take 1", "", "j1"))


def test_a_frame_that_cannot_be_shown_is_told(scene):
    resolve, host, shot = scene()
    resolve.page = "media"
    host.open(shot.place, FIRST + 27)
    assert (resolve.page, resolve.current.playhead) == ("edit", FIRST + 27)
    with pytest.raises(HostBusy, match="00:59:59:23"):
        host.open(shot.place, FIRST - 1)


# objects


def test_names_it_has_not_are_never_called(world, loop):
    resolve = world("19.1.3")
    app = resolve.in_app()
    assert hasattr(app, "NoSuchThing"), "as Resolve says of anything"
    assert link.ask(app, "NoSuchThing") is None
    assert link.ask(app, "IsStudio") is None
    assert "GetProductName" in dir(app)
    assert "IsStudio" not in dir(app)


def test_another_thread_gets_a_connection_of_its_own(world, loop):
    import threading

    resolve = world()
    host = ResolveHost(link.Studio(resolve), loop.main)
    told = []
    other = threading.Thread(target=lambda: told.append(host.selection()))
    other.start()
    other.join(10)
    assert told[0].clips
    assert len(resolve.threads) == 2


def test_writes_wait_a_little_longer_each_time(monkeypatch):
    slept = []
    monkeypatch.setattr(writing, "PAUSES", [0.1, 0.3])
    monkeypatch.setattr(writing.time, "sleep", slept.append)
    with pytest.raises(HostBusy):
        writing.insist("It refuses", lambda: False, lambda: None)
    assert slept == [0.0, 0.1, 0.3]
