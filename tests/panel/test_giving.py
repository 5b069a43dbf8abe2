"""Clips beside what is selected: what a task takes can be given by hand, and reaches the job."""

from __future__ import annotations

import json

import pytest

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.problem import BadValue, MediaMissing
from secondunit_contract.queue import TakeEntry
from secondunit_contract.task import TaskCard
from secondunit_panel import orders, slots
from secondunit_panel.host import Place, Selection, Shot
from secondunit_panel.slots import Given, of_files

RESTYLE = {"name": "restyle", "title": "Restyle", "help": "", "several": ["reference"],
           "inputs": {"plate": "needed", "matte": "optional", "guide": "optional",
                      "reference": "optional"},
           "values_schema": {"properties": {"edge": {
               "type": "integer", "default": 0, "when": {"inputs.guide": True}}}}}  # fmt: skip
TRAIN = {"name": "train", "title": "Train", "help": "", "inputs": {"clip": "needed"},
         "several": ["clip"], "makes": "adapter"}  # fmt: skip
CARD = TaskCard("t", "T", "", {"plate": "needed", "fog_plate": "optional", "look2": "optional",
                               "clip": "optional"}, several=("clip",))  # fmt: skip


def given(name: str) -> Given:
    return Given(Clip(f"/a/{name}"), name)


@pytest.fixture
def opened(panel, engine, host):
    """A panel at a task with slots."""
    tasks = engine.answers["GET /v1/tasks"]["tasks"]
    engine.answers["GET /v1/tasks"] = {"tasks": [*tasks, RESTYLE, TRAIN]}
    session = panel()
    session.choose("restyle")
    return session


def filled(session) -> dict[str, str]:
    return {each.key: each.name for each in session.desk.slots}


def numbered(folder, *numbers: int) -> None:
    folder.mkdir(exist_ok=True)
    for number in numbers:
        (folder / f"depth.{number:04d}.png").write_bytes(b"a picture")


# slots come from what the task takes


def test_every_input_but_the_clip_worked_on_has_a_slot_whatever_it_is_called():
    told = slots.slots(CARD, {})
    assert [(each.key, each.title) for each in told] == [
        ("fog_plate", "Fog plate"), ("look2", "Look2"), ("clip", "Clip"),
    ]  # fmt: skip


def test_of_several_there_is_always_one_more_and_none_is_left_out_between():
    held = slots.put(CARD, {}, "clip", [given("a"), given("b"), given("c")])
    assert {key: each.name for key, each in held.items()} == {
        "clip": "a", "clip2": "b", "clip3": "c",
    }  # fmt: skip
    assert [e.key for e in slots.slots(CARD, held)][-4:] == ["clip", "clip2", "clip3", "clip4"]
    held = slots.put(CARD, held, "clip2", [given("x"), given("y")])
    assert [each.name for each in held.values()] == ["a", "x", "y", "c"]
    held = slots.without(CARD, held, "clip")
    assert {key: each.name for key, each in held.items()} == {
        "clip": "x", "clip2": "y", "clip3": "c",
    }  # fmt: skip


def test_the_tenth_stands_behind_the_ninth():
    held = slots.put(CARD, {}, "clip", [given(f"{n}") for n in range(1, 12)])
    assert [e.name for e in slots.slots(CARD, held) if e.role == "clip"][8:11] == ["9", "10", "11"]


def test_a_slot_of_one_keeps_its_name_and_takes_the_last():
    held = slots.put(CARD, {}, "look2", [given("a")])
    held = slots.put(CARD, held, "look2", [given("b"), given("c")])
    assert {key: each.name for key, each in held.items()} == {"look2": "b"}
    assert slots.without(CARD, held, "look2") == {}


# what is picked


def test_one_picture_of_a_sequence_stands_for_all_of_it(tmp_path):
    numbered(tmp_path / "d", 1001, 1002, 1003)
    [clip] = of_files([str(tmp_path / "d" / "depth.1002.png")])
    assert clip.clip == Clip(str(tmp_path / "d" / "depth.####.png"))
    assert clip.picture.range == FrameRange(1001, 1001)
    both = [str(tmp_path / "d" / f"depth.{number}.png") for number in (1001, 1002)]
    assert len(of_files(both)) == 1


def test_as_one_of_several_it_is_itself(tmp_path):
    numbered(tmp_path / "d", 1001, 1002)
    paths = [str(tmp_path / "d" / f"depth.{number}.png") for number in (1001, 1002)]
    assert [each.clip.media for each in of_files(paths, alone=True)] == paths
    assert of_files(paths, alone=True)[0].picture.range == FrameRange(0, 0), "a still is frame 0"


def test_a_folder_is_a_sequence_or_a_bin(tmp_path):
    numbered(tmp_path / "d", 7, 8)
    [clip] = of_files([str(tmp_path / "d")])
    assert (clip.clip.media, clip.picture.range) == (str(tmp_path / "d"), FrameRange(7, 7))
    for name in ("b.mov", "a.mov"):
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).write_bytes(b"a movie")
    [clip] = of_files([str(tmp_path / "bin")])
    assert (clip.name, clip.picture.media) == ("bin · 2 movies", str(tmp_path / "bin" / "a.mov"))


def test_what_is_no_clip_is_refused_with_what_helps(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(MediaMissing, match="no pictures and no movies in empty"):
        of_files([str(tmp_path / "empty")])
    with pytest.raises(MediaMissing, match=r"gone\.mov is not there"):
        of_files([str(tmp_path / "gone.mov")])


# in a panel


def test_a_file_is_given_and_reaches_the_job(opened, panel, host, tmp_path):
    numbered(tmp_path / "d", 1, 2)
    opened.giving.files("guide", [str(tmp_path / "d" / "depth.0001.png")])
    host.pump_until(lambda: filled(opened)["guide"])
    job = panel.shot(opened)
    assert job.inputs["guide"] == Clip(str(tmp_path / "d" / "depth.####.png"))
    assert job.inputs["plate"].media == str(host.media)


def test_a_field_that_needs_the_clip_is_shown_and_sent_with_it(opened, panel, host):
    assert "edge" not in [each.key for each in opened.desk.shown()]
    opened.giving.files("guide", [str(host.media)])
    host.pump_until(lambda: filled(opened)["guide"])
    assert "edge" in [each.key for each in opened.desk.shown()]
    opened.set("edge", 3)
    assert panel.shot(opened).values == {"edge": 3}


def test_a_missing_file_is_told_with_the_way_to_its_slot(opened, host, tmp_path):
    opened.giving.files("guide", [str(tmp_path / "gone.mov")])
    host.pump_until(lambda: opened.notices.shown)
    [notice] = opened.notices.shown
    assert notice.sentence == "gone.mov is not there"
    assert (notice.action.act, notice.action.about) == ("field", "guide")
    opened.giving.files("guide", [str(host.media)])
    host.pump_until(lambda: not opened.notices.shown)


def test_what_is_selected_elsewhere_is_given_and_exported_where_it_must(opened, panel, host):
    host.moods.retimed = True
    opened.giving.selected("guide")
    host.pump_until(lambda: filled(opened)["guide"])
    assert filled(opened)["guide"] == "juggle_b"
    job = panel.shot(opened)
    assert job.inputs["guide"].media.endswith("plate.####.exr")


def test_nothing_selected_is_told(opened, host):
    host.selected = Selection()
    opened.giving.selected("matte")
    host.pump_until(lambda: opened.notices.shown)
    assert opened.notices.shown[0].sentence == "No clip is selected in Fake"
    assert opened.desk.selection, "the panel goes on with its own clip"


def test_a_take_is_given_by_its_own_numbers(opened, panel, host):
    job = panel.shot(opened, takes=2)
    for number in (1, 2):
        panel.tell_take(job, number)
    host.pump_until(lambda: len(opened.giving.takes()) == 2)
    first = opened.dailies.takes[f"{job.id}-1"]
    opened.dailies.takes[first.id] = TakeEntry(first.id, first.take, rating="circled")
    [(id, name), _] = opened.giving.takes()
    assert (id, name) == (first.id, "juggle_b · restyle · take 1 · circled")
    opened.giving.take("reference", id)
    again = panel.shot(opened)
    clip = again.inputs["reference"]
    assert (clip.media, clip.range, clip.media_start) == ("/t/1.mov", FrameRange(4, 11), 4)


def test_what_is_given_is_undone_and_survives(opened, panel, host, tmp_path):
    opened.giving.files("guide", [str(host.media)])
    host.pump_until(lambda: filled(opened)["guide"])
    panel.file(tmp_path / "keep", '"guide"')
    other = panel()
    other.choose("restyle")
    host.pump_until(lambda: filled(other)["guide"] == host.media.name)
    opened.undo()
    assert filled(opened)["guide"] == ""
    opened.redo()
    opened.giving.take_away("guide")
    assert filled(opened)["guide"] == ""


def test_the_artists_hand_goes_before_the_hosts_mark(opened, panel, host):
    place = Place(FrameRange(1, 8), Rate.of(24), "i9")
    chosen = host.selection()
    marked = Shot("roto", Clip("/a/roto.mov", FrameRange(1, 8)), place)
    host.selected = Selection(chosen.clips, matte=marked, document=chosen.document)
    opened.look()
    host.pump_until(lambda: filled(opened)["matte"] == "roto")
    opened.giving.files("matte", [str(host.media)])
    host.pump_until(lambda: filled(opened)["matte"] == host.media.name)
    assert panel.shot(opened).inputs["matte"].media == str(host.media)
    opened.giving.take_away("matte")
    assert filled(opened)["matte"] == "roto"


def test_a_branch_has_the_takes_own_clips(opened, panel, host):
    opened.giving.files("guide", [str(host.media)])
    host.pump_until(lambda: filled(opened)["guide"])
    job = panel.shot(opened, takes=1)
    id = panel.tell_take(job)
    host.pump_until(lambda: id in opened.dailies.takes)
    opened.giving.take_away("guide")
    assert opened.branch(id)
    assert filled(opened)["guide"] == host.media.name


# a task that works on no clip of the document


def test_a_bin_is_given_to_a_task_that_learns_from_clips(opened, panel, host, tmp_path):
    opened.choose("train")
    assert opened.desk.draft.takes == 1, "each takes hours"
    assert not opened.shoot()
    assert opened.notices.shown[-1].sentence == "Train needs a clip: give one"
    assert opened.notices.shown[-1].action.about == "clip"
    paths = []
    for name in ("a.mov", "b.mov"):
        paths.append(tmp_path / name)
        paths[-1].write_bytes(b"a movie")
    opened.giving.files("clip", [str(each) for each in paths])
    host.pump_until(lambda: filled(opened).get("clip2") == "b.mov")
    job = panel.shot(opened)
    assert {key: each.media for key, each in job.inputs.items()} == {
        "clip": str(paths[0]), "clip2": str(paths[1]),
    }  # fmt: skip
    id = panel.tell_take(job)
    host.pump_until(lambda: id in opened.dailies.takes)
    assert [each.id for each in opened.takes()] == [id], "it is seen at the clip it was asked at"


def test_an_adapter_is_not_placed(opened, panel, host, tmp_path):
    opened.choose("train")
    opened.giving.files("clip", [str(host.media)])
    host.pump_until(lambda: filled(opened)["clip"])
    job = panel.shot(opened)
    id = panel.tell_take(job)
    host.pump_until(lambda: id in opened.dailies.takes)
    with pytest.raises(BadValue, match="An adapter has no place"):
        orders.delivery(opened.dailies.takes[id], job)


def test_several_clips_learnt_from_are_one_job(opened, host):
    clip = host.selection().clips[0]
    host.selected = Selection((clip, clip), document="d")
    opened.look()
    host.pump_until(lambda: len(opened.desk.selection.clips) == 2)
    opened.choose("train")
    assert len(opened.desk.orders()) == 1
    opened.choose("restyle")
    assert len(opened.desk.orders()) == 2


def test_drafts_of_older_panels_are_read(opened, panel, tmp_path):
    opened.set("edge", 2)
    file = panel.file(tmp_path / "keep", '"edge"')
    told = json.loads(file.read_text("utf-8"))
    assert all("inputs" not in each for each in told["drafts"].values()), "nothing new is written"
