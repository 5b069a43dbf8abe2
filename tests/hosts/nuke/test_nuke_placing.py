"""A take comes back as a Read, a matte cuts its plate, and one undo is enough for all of it."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace

import fake_nuke
import fake_roto
import numpy as np
import pytest

from secondunit.demo import FOOTAGE
from secondunit_contract.frames import FrameRange
from secondunit_contract.job import Job
from secondunit_contract.wire import from_json
from secondunit_nuke.host import NukeHost
from secondunit_panel.host import HostCannot, HostProblem, NotPlaced, PlaceGone

PROMPT = 'a "gull" [exec rm -rf /] over $HOME {and\\or} ä 漢\nsecond line'


def knobs(app, name):
    [data] = [each for each in app.state.values() if each.name == name]
    return {key: knob.value for key, knob in data.knobs.items()}


def test_a_take_is_a_read_beside_its_source_in_a_switch(stage):
    here = stage()
    here.read.setXYpos(300, 40)
    placed = here.place(here.delivery())
    read = here.nuke.toNode(placed.place.id)
    told = knobs(here.app, "SU_j_1_t001")
    assert (told["first"], told["last"], told["origfirst"], told["origlast"]) == (
        1001, 1012, 1001, 1012)  # fmt: skip
    assert (told["raw"], told["xpos"], told["ypos"]) == (False, 410, 40)
    [switch] = here.nuke.allNodes("Switch")
    assert [each.name() for each in map(switch.input, (0, 1))] == ["Plate", read.name()]
    assert switch["which"].value() == 1
    assert here.read.dependent() == [switch], "what was plugged stays plugged"


@pytest.mark.parametrize("gui", [True, False], ids=["window", "terminal"])
def test_one_undo_undoes_all_of_it(stage, gui):
    here = stage(gui=gui, terminal_undoes=True)
    before, steps = here.app.save(here.folder / "comp.nk"), len(here.app.undo.steps)
    delivery = here.delivery()
    for act in (here.place, here.matte):
        act(delivery)
        assert len(here.app.undo.steps) == steps + 1
        assert here.app.undo.steps[-1][0] == "Second Unit: take 1"
        here.app.undo.undo()
        assert here.app.save(here.folder / "comp.nk") == before


def test_other_takes_are_kept_and_the_chosen_one_is_seen(stage):
    here = stage()
    first, second = (here.delivery(here.take(number)) for number in (1, 2))
    here.place(first)
    here.place(replace(second, chosen=False))
    [switch] = here.nuke.allNodes("Switch")
    assert (switch.inputs(), switch["which"].value()) == (3, 1)
    here.place(second)
    assert (switch.inputs(), switch["which"].value()) == (3, 2)
    reads = [each.xpos() for each in here.nuke.allNodes("Read")]
    assert len(set(reads)) == 3, "they stand side by side"


def test_a_take_is_known_by_its_knobs_whatever_it_is_called(stage):
    here = stage()
    delivery = here.delivery()
    here.nuke.toNode(here.place(delivery).place.id).setName("Hero")
    placed = here.place(delivery)
    assert (placed.place.id, placed.job, placed.number) == ("Hero", "j-1", 1)
    here.do(lambda: here.host.take_out(replace(placed, place=replace(placed.place, id="gone"))))
    assert here.names() == ["Plate"]


def test_what_somebody_has_plugged_into_stays(stage):
    here = stage()
    placed = here.place(here.delivery())
    [switch] = here.nuke.allNodes("Switch")
    here.nuke.nodes.Grade(inputs=[switch])
    here.do(lambda: here.host.take_out(placed))
    assert here.names() == ["Grade1", "Plate", "SU_j_1_t001_takes"]
    assert switch["which"].value() == 0, "it shows the plate again"


def test_the_knobs_say_how_it_was_made(stage):
    here = stage()
    delivery = here.delivery(prompt=PROMPT)
    here.place(delivery)
    told = knobs(here.app, "SU_j_1_t001")
    wanted = {
        "su_part": "take",
        "su_task": "extend",
        "su_prompt": PROMPT,
        "su_seed": "41",
        "su_model": "a-model",
        "su_job": "j-1",
        "su_number": "1",
        "su_slate": "slate-1",
    }
    assert {key: told[key] for key in wanted} == wanted
    story = json.loads(told["su_story"].removeprefix("json "))
    assert from_json(Job, story["job"]) == delivery.job
    [data] = [each for each in here.app.state.values() if each.name == "SU_j_1_t001"]
    kinds = {knob.kind for knob in data.knobs.values() if knob.user}
    assert kinds == {"Tab_Knob", "String_Knob"}, "no Python, and nothing that is evaluated"
    assert data.knobs["su_story"].flags == here.nuke.INVISIBLE


def test_a_saved_script_opens_without_us_and_says_the_same(stage, tmp_path):
    here = stage()
    delivery = here.delivery(here.take(extra={"splines": splines(tmp_path)}), prompt=PROMPT)
    here.place(delivery)
    here.matte(replace(delivery, raw=True))
    text = here.app.save(tmp_path / "comp.nk")
    assert not re.search("secondunit_nuke|import", text)
    other = fake_nuke.Nuke("16.0v8")
    other.open(tmp_path / "comp.nk")
    for name in ("SU_j_1_t001", "SU_j_1_t001_matte", "SU_j_1_t001_cut", "SU_j_1_t001_takes"):
        mine, theirs = knobs(here.app, name), knobs(other, name)
        assert {k: v for k, v in theirs.items() if k.startswith("su_")} == {
            k: v for k, v in mine.items() if k.startswith("su_")}  # fmt: skip
    assert knobs(other, "SU_j_1_t001")["su_prompt"] == PROMPT
    with fake_nuke.installed(other):
        again = NukeHost().place(delivery)
    assert again.place.id == "SU_j_1_t001", "and is known again"


def test_a_longer_take_begins_before_its_plate(stage):
    here = stage()
    placed = here.place(here.delivery(here.take(head=3)))
    assert (placed.place.range, placed.frames) == (FrameRange(998, 1012), FrameRange(998, 1012))


@pytest.mark.parametrize(
    "quirks",
    [{}, {"start_at": "origfirst"}, {"offset": "subtracts"},
     {"tells_files": False, "tells_frames": False}, {"text_reads_range": False}],
    ids=str,
)  # fmt: skip
def test_a_take_stands_where_its_plate_does_in_the_script(stage, media, quirks):
    """The script's frames are not the file's: the Read is shifted, however Nuke counts that."""
    here = stage(**quirks)
    here.nuke.root()["last_frame"].setValue(2000)
    delivery = replace(here.delivery(), lies=FrameRange(1101, 1112))
    placed = here.place(delivery)
    read = here.nuke.toNode(placed.place.id)
    assert placed.place.range == FrameRange(1101, 1112)
    shown = [float(read.picture(frame)[0, 0, 0]) for frame in (1101, 1112)]
    assert np.allclose(shown, [0.01, 0.12], atol=1e-3), "file 1001 stands on 1101"


def test_a_read_that_cannot_be_shifted_is_not_placed(stage):
    here = stage(frame_mode_sticks=True)
    with pytest.raises(NotPlaced, match="stands on 1001-1012, not on 1101-1112"):
        here.place(replace(here.delivery(), lies=FrameRange(1101, 1112)))
    assert here.names() == ["Plate"]


def test_the_script_keeps_its_own_range(stage):
    """Nuke may take it from a Read that comes in."""
    here = stage(read_sets_script_range=True)
    here.place(here.delivery(here.take(head=3)))
    root = here.nuke.root()
    assert (root["first_frame"].value(), root["last_frame"].value()) == (1001, 1012)


@pytest.mark.parametrize("range", [FrameRange(0, 23), FrameRange(1001, 1024), FrameRange(1, 24)])
def test_a_movie_stands_where_it_should_whatever_its_frames_are_called(stage, range):
    here = stage()
    here.nuke.root()["last_frame"].setValue(2000)
    movie = here.folder / "take.mov"
    shutil.copyfile(FOOTAGE / "plate.mov", movie)
    take = replace(here.take(), media=str(movie), range=range)
    delivery = replace(here.delivery(), take=take, lies=FrameRange(1001, 1024))
    placed = here.place(delivery)
    assert (placed.place.range, placed.frames) == (FrameRange(1001, 1024), range)
    told = knobs(here.app, "SU_j_1_t001")
    assert (told["first"], told["last"]) == (1, 24)


def test_a_movie_with_too_few_frames_is_not_placed(stage):
    here = stage()
    movie = here.folder / "take.mov"
    shutil.copyfile(FOOTAGE / "plate.mov", movie)
    take = replace(here.take(), media=str(movie), range=FrameRange(0, 29))
    with pytest.raises(NotPlaced, match="24 frames, not 30"):
        here.place(replace(here.delivery(), take=take, lies=FrameRange(1001, 1030)))
    assert here.names() == ["Plate"]


@pytest.mark.parametrize(
    ("managed", "given", "knob", "raw"),
    [("Nuke", "srgb_tx", "sRGB", False), ("Nuke", "lin_rec709", "linear", False),
     ("Nuke", "", "default (linear)", False), ("OCIO", "ACES - ACEScct", "ACES - ACEScct", False),
     ("OCIO", "ACES - ACEScg", "default (ACES - ACEScg)", False)],
)  # fmt: skip
@pytest.mark.parametrize("bad_colour", ["raises", "ignored"])
def test_a_take_has_the_colours_of_its_plate(stage, bad_colour, managed, given, knob, raw):
    here = stage(bad_colour=bad_colour)
    here.nuke.root()["colorManagement"].setValue(managed)
    placed = here.place(replace(here.delivery(), colour_space=given))
    read = here.nuke.toNode(placed.place.id)
    assert read["raw"].value() is raw
    assert read["colorspace"].value() in (knob, given)


@pytest.mark.parametrize("bad_colour", ["raises", "ignored"])
def test_a_colour_space_nuke_does_not_know_is_told_and_nothing_placed(stage, bad_colour):
    here = stage(bad_colour=bad_colour)
    with pytest.raises(NotPlaced, match="knows no colour space ARRI") as problem:
        here.place(replace(here.delivery(), colour_space="ARRI LogC3"))
    assert problem.value.remedy
    assert here.names() == ["Plate"]


def test_what_nuke_works_in_needs_no_name_it_knows(stage):
    here = stage()
    root = here.nuke.root()
    root["colorManagement"].setValue("OCIO")
    root["workingSpaceLUT"].setValue("scene_linear (Studio Linear)")
    placed = here.place(replace(here.delivery(), colour_space="Studio Linear"))
    assert here.nuke.toNode(placed.place.id)["raw"].value() is True


def test_a_matte_cuts_its_plate(stage):
    here = stage()
    delivery = replace(here.delivery(here.take(alpha=True)), raw=True)
    placed = here.matte(delivery)
    assert placed.how == "Read and group"
    assert here.nuke.toNode(placed.place.id)["raw"].value() is True
    cut = here.nuke.toNode("SU_j_1_t001_cut")
    assert [cut.input(0).name(), cut.input(1).name()] == ["Plate", "SU_j_1_t001_matte"]
    pixels, plate = cut.picture(1006), here.read.picture(1006)
    assert np.allclose(pixels[:18], 0), "cut away"
    assert np.allclose(pixels[18:, :, :3], plate[18:, :, :3], atol=1e-3), "kept"
    assert np.allclose(pixels[18:, :, 3], 1)
    inside = {each.Class() for each in here.app.nodes_in(cut._id)}
    assert inside == {"Input", "Copy", "Premult", "Output"}, "Nuke's own nodes alone"


def test_a_matte_without_an_alpha_cuts_by_its_red(stage):
    here = stage()
    here.matte(replace(here.delivery(), raw=True))
    cut = here.nuke.toNode("SU_j_1_t001_cut")
    assert np.allclose(cut.picture(1006)[..., 3], 0.06, atol=1e-3)


def splines(folder, hole=False, schema="secondunit.splines/1", still=False, **more):
    """A square of ten pixels that goes right by one a frame, and its file."""
    corners = [(10, 5), (20, 5), (20, 15), (10, 15)]
    points = [[[x + (0 if still else step), y, -1, 0, 1, 0] for x, y in corners]
              for step in range(12)]  # fmt: skip
    shape = {"name": "shape 1", "kind": "bezier", "closed": True, "hole": hole, "first": 1001,
             "last": 1012, "error": 0.5, "feather": [2.0] * 12, "points": points,
             **more}  # fmt: skip
    told = {"schema": schema, "size": [64, 36], "range": [1001, 1012], "shapes": [shape]}
    path = folder / "take.splines.json"
    path.write_text(json.dumps(told))
    return str(path)


def with_shapes(here, folder, **more):
    take = here.take(alpha=True, extra={"splines": splines(folder, **more)})
    here.matte(replace(here.delivery(take), raw=True))
    return here.nuke.toNode("SU_j_1_t001_shapes")


def test_shapes_come_as_a_roto_to_take_over(stage, tmp_path):
    here = stage()
    roto = with_shapes(here, tmp_path)
    [shape] = roto["curves"].seen
    assert (shape.name, len(shape)) == ("shape 1", 4)
    # y goes up; the edge is drawn in by half its softness, and falls off to twice that
    assert np.allclose(shape[0].center.getPosition(1001), (10.707, 30.293), atol=0.01)
    assert np.allclose(shape[0].featherCenter.getPosition(1001), (-1.414, 1.414), atol=0.01)
    assert shape[0].leftTangent.getPosition(1001) == (-1, 0)
    assert np.allclose(shape[2].center.getPosition(1006), (24.293, 21.707), atol=0.01)
    assert sorted(shape[0].center.keys) == [1001, 1012], "a straight way needs no more keys"
    seen = [shape.attributes.getValue(frame, "opc") for frame in (1000, 1001, 1012, 1013)]
    assert seen == [0, 1, 1, 0]


@pytest.mark.parametrize("obeys", [True, False], ids=["straight", "curves whatever it is told"])
def test_between_keys_a_shape_goes_straight(stage, tmp_path, monkeypatch, obeys):
    monkeypatch.setattr(fake_roto.AnimCurve, "obeys", obeys)
    [shape] = with_shapes(stage(), tmp_path)["curves"].seen
    for frame in range(1001, 1013):
        at = shape[0].center.getPosition(frame)
        assert np.allclose(at, (10.707 + frame - 1001, 30.293), atol=0.01), frame
    assert (shape[0].center.keys == [1001, 1012]) == obeys


def test_shapes_get_the_keys_that_their_file_names(stage, tmp_path):
    here = stage()
    [shape] = with_shapes(here, tmp_path, keys=[1001, 1005, 1012])["curves"].seen
    assert shape[0].center.keys == [1001, 1005, 1012]


def test_keys_where_a_shape_is_not_are_told(stage, tmp_path):
    with pytest.raises(NotPlaced, match="has keys on frames that it is not there on"):
        with_shapes(stage(), tmp_path, keys=[1001, 1013])


def test_the_plate_can_be_cut_by_its_shapes_instead(stage, tmp_path):
    here = stage()
    roto = with_shapes(here, tmp_path)
    cut = here.nuke.toNode("SU_j_1_t001_cut")
    assert cut.input(2) == roto
    assert np.allclose(cut.picture(1006)[:18], 0)
    cut["su_by_shapes"].setValue(True)
    assert not np.allclose(cut.picture(1006)[:18], 0), "the fake's shapes fill all"


def test_a_hole_takes_away(stage, tmp_path):
    [shape] = with_shapes(stage(), tmp_path, hole=True)["curves"].seen
    assert shape.attributes.getValue(1006, "ao") == 0


def test_shapes_stand_where_the_matte_does(stage, tmp_path):
    here = stage()
    take = here.take(alpha=True, extra={"splines": splines(tmp_path)})
    here.nuke.root()["last_frame"].setValue(2000)
    here.matte(replace(here.delivery(take), raw=True, lies=FrameRange(1101, 1112)))
    [shape] = here.nuke.toNode("SU_j_1_t001_shapes")["curves"].seen
    assert sorted(shape[0].center.keys) == [1101, 1112]


def test_shapes_that_cannot_be_read_are_told_and_nothing_is_placed(stage, tmp_path):
    here = stage()
    with pytest.raises(NotPlaced, match="shapes beside the take"):
        with_shapes(here, tmp_path, schema="secondunit.splines/9")
    assert here.names() == ["Plate"]


@pytest.mark.parametrize("gui", [True, False], ids=["window", "terminal"])
@pytest.mark.parametrize("cancel_reverts", [True, False])
@pytest.mark.parametrize("kind", ["Read", "Switch", "Group", "Roto"])
def test_what_fails_half_way_leaves_nothing(stage, tmp_path, gui, cancel_reverts, kind):
    here = stage(gui=gui, cancel_reverts=cancel_reverts)
    take = here.take(alpha=True, extra={"splines": splines(tmp_path)})
    act = here.place if kind in ("Read", "Switch") else here.matte
    here.app.undo.steps.clear()
    here.app.quirks.fragile_creation = kind
    with pytest.raises(HostProblem, match="callback has failed"):
        act(here.delivery(take))
    if cancel_reverts:
        assert here.app.undo.steps == [], "there is nothing to undo"
    left = set(here.names()) - {"Plate", f"{kind}1"}
    assert left == set(), "what Nuke itself left of a node it did not give us is its own"


def test_a_take_nuke_cannot_read_is_not_placed(stage):
    here = stage(reads_nothing=True)
    with pytest.raises(NotPlaced, match="cannot be read by this Nuke"):
        here.place(here.delivery())
    assert here.names() == ["Plate"]


@pytest.mark.parametrize("name", ["a [b]", "a $b", 'a "b"', "a\\b"])
def test_a_path_nuke_would_evaluate_is_told(stage, media, name):
    here = stage()
    path = media.sequence(here.folder / name, "a", 1001, 1012)
    with pytest.raises(NotPlaced, match="Nuke runs") as problem:
        here.place(here.delivery(replace(here.take(), media=path)))
    assert problem.value.remedy == "Shoot to another folder"


@pytest.mark.parametrize("name", ["a b", "ä 漢", "x" * 200, "1001-1012", "100%d"[:3]])
def test_other_paths_are_taken_as_they_are(stage, media, name):
    here = stage()
    path = media.sequence(here.folder / name, "a take 1-2", 1001, 1012)
    placed = here.place(here.delivery(replace(here.take(), media=path)))
    assert placed.media == path


def test_a_take_that_has_left_the_disk_is_told(stage):
    here = stage()
    take = replace(here.take(), media=str(here.folder / "gone.####.exr"))
    with pytest.raises(NotPlaced, match="not on the disk"):
        here.place(here.delivery(take))


def test_a_plate_that_has_gone_is_told(stage):
    here = stage()
    delivery = here.delivery()
    here.nuke.delete(here.read)
    with pytest.raises(PlaceGone, match="Plate is not in the script"):
        here.place(delivery)


def test_marks_are_refused_plainly(stage):
    here = stage()
    with pytest.raises(HostCannot):
        here.host.mark(here.shot().place, None)


def test_a_place_is_shown(stage):
    here = stage()
    here.read.setXYpos(300, 40)
    at = here.shot().place
    here.nuke.nodes.Grade().setSelected(True)
    here.do(lambda: here.host.open(at, 1006))
    assert here.nuke.selectedNodes() == [here.read]
    assert (here.app.zoomed, here.app.at) == ([(300, 40)], 1006)
