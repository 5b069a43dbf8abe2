"""A plate is the file itself where the tree leaves it so; else it is rendered and looked at."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from secondunit.demo import FOOTAGE
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.problem import DiskFull, NotWritable
from secondunit_panel.host import HostCannot, HostProblem, PlaceGone, PlateHoled

FRAMES = FrameRange(1001, 1012)


def test_a_read_is_its_file(stage):
    shot = stage().shot()
    assert shot.clip == Clip(shot.clip.media, FRAMES, Rate.of(24), "")
    assert Path(shot.clip.media).name == "plate.####.exr"
    assert Path(shot.clip.media.replace("####", "1001")).is_file()
    assert (shot.name, shot.place.id, shot.place.range) == ("Plate", "Plate", FRAMES)
    assert (shot.available, shot.width, shot.height) == (FrameRange(997, 1016), 64, 36)
    assert shot.must_export == ""


@pytest.mark.parametrize(
    ("kind", "knobs"),
    [("Dot", {}), ("NoOp", {}), ("Grade", {"disable": True}), ("PostageStamp", {}), ("Write", {})],
    ids=lambda each: str(each),
)
def test_what_changes_nothing_is_passed_through(stage, kind, knobs):
    here = stage()
    before = here.shot().clip
    here.under(kind, **knobs)
    shot = here.shot()
    assert (shot.clip, shot.must_export) == (before, "")
    assert here.plate() == before
    assert here.app.executed == []


def test_an_offset_in_time_moves_the_frames_of_the_script_alone(stage):
    here = stage()
    here.nuke.root()["last_frame"].setValue(2000)
    here.under("TimeOffset", time_offset=100)
    shot = here.shot()
    assert (shot.place.range, shot.clip.range) == (FrameRange(1097, 1116), FrameRange(997, 1016))


@pytest.mark.parametrize(
    ("kind", "knobs", "why"),
    [("Grade", {}, "Grade1 is part of the picture"), ("Retime", {}, "Retime1 is part of"),
     ("TimeOffset", {"reverse_input": True}, "TimeOffset1 retimes it"),
     ("Merge2", {}, "Merge1|Merge2")],
    ids=lambda each: str(each),
)  # fmt: skip
def test_what_changes_something_has_to_be_rendered(stage, kind, knobs, why):
    here = stage()
    here.under(kind, **knobs)
    shot = here.shot()
    assert any(each in shot.must_export for each in why.split("|"))
    assert shot.clip.media.endswith("plate.####.exr"), "the footage below it is known"


def test_a_switch_that_is_animated_has_to_be_rendered(stage):
    here = stage()
    node = here.under("Grade", disable=True)
    node._data.knobs["disable"].animated = True
    assert "Grade1" in here.shot().must_export


@pytest.mark.parametrize("quirk", [{}, {"offset": "subtracts"}])
def test_an_offset_in_the_read_is_what_nuke_says_it_is(stage, quirk):
    """The manuals say it both ways; Nuke tells which file it reads."""
    here = stage(**quirk)
    here.read["frame_mode"].setValue("offset")
    here.read["frame"].setValue("2")
    shot = here.shot()
    late = -2 if quirk.get("offset") == "subtracts" else 2
    assert shot.clip.range == shot.place.range.shifted(late)
    assert not shot.must_export


@pytest.mark.parametrize("mode", ["offset", "start at"])
def test_what_nuke_does_not_tell_is_not_guessed(stage, mode):
    here = stage(tells_files=False, tells_frames=False)
    here.read["frame_mode"].setValue(mode)
    here.read["frame"].setValue("2")
    here.read["first"].setValue(998)
    assert "shifted or retimed" in here.shot().must_export


def test_an_expression_for_the_frame_has_to_be_rendered(stage):
    here = stage()
    here.read["frame"].setValue("frame*2-1001")
    assert "shifted or retimed" in here.shot().must_export


def test_a_read_that_claims_more_than_its_file_has_to_be_rendered(stage):
    here = stage()
    here.read["last"].setValue(1100)
    assert "holds frames" in here.shot().must_export


def test_frames_beyond_the_read_s_own_have_to_be_rendered(stage):
    """Nuke holds the first frame there; the file has none."""
    here = stage()
    here.nuke.root()["first_frame"].setValue(900)
    here.under("FrameRange", first_frame=990, last_frame=1012)
    assert here.shot().place.range == FrameRange(990, 1012)
    assert "holds frames" in here.shot().must_export or "shifted" in here.shot().must_export


def test_and_so_where_nuke_does_not_tell(stage):
    here = stage(tells_files=False)
    here.nuke.root()["first_frame"].setValue(900)
    here.under("FrameRange", first_frame=990, last_frame=1012)
    assert "holds frames" in here.shot().must_export


def test_a_read_that_is_switched_off_shows_no_file(stage):
    here = stage()
    here.read["disable"].setValue(True)
    assert here.shot().must_export == "Plate is switched off"


def test_tcl_in_a_path_is_worked_out(stage, monkeypatch):
    here = stage()
    monkeypatch.setenv("SHOW", str(here.folder))
    before = here.shot().clip
    here.read["file"].setValue("[getenv SHOW]/plate.%04d.exr")
    assert here.shot().clip == before


def test_a_path_of_the_project_is_made_whole(stage):
    here = stage()
    before = here.shot().clip
    here.nuke.root()["project_directory"].setValue(str(here.folder))
    here.read["file"].setValue("plate.####.exr")
    assert here.shot().clip == before


def test_two_views_have_to_be_rendered(stage):
    here = stage()
    here.read["file"].setValue(str(here.folder / "plate.%v.####.exr"))
    assert here.shot().must_export == "It has two views"


def test_a_movie_is_counted_as_nuke_counts_it(stage):
    here = stage(first=1)
    movie = here.folder / "a movie.mov"
    shutil.copyfile(FOOTAGE / "plate.mov", movie)
    here.read["file"].fromUserText(movie.as_posix())
    shot = here.shot()
    assert shot.clip == Clip(str(movie), FrameRange(1, 12), Rate.of(24), "", 1)
    assert (shot.available, shot.width) == (FrameRange(1, 24), 320)


@pytest.mark.parametrize(
    ("managed", "name", "told", "exported"),
    [("Nuke", "", "", ""), ("Nuke", "sRGB", "srgb_tx", ""), ("Nuke", "linear", "lin_rec709", ""),
     ("Nuke", "AlexaV3LogC", None, "lin_rec709"), ("OCIO", "", "", ""),
     ("OCIO", "ACES - ACEScct", "ACES - ACEScct", "")],
)  # fmt: skip
def test_colours_travel_by_names_the_engine_knows(stage, managed, name, told, exported):
    here = stage()
    here.nuke.root()["colorManagement"].setValue(managed)
    if name:
        here.read["colorspace"].setValue(name)
    shot = here.shot()
    if told is None:
        assert shot.must_export == f"Only Nuke knows the colours of {name}"
        assert here.plate().colour_space == exported
    else:
        assert (shot.clip.colour_space, shot.must_export) == (told, "")


def test_with_a_config_both_read_even_the_default_has_a_name(stage, monkeypatch):
    here = stage()
    here.nuke.root()["colorManagement"].setValue("OCIO")
    monkeypatch.setenv("OCIO", "/show/config.ocio")
    assert here.shot().clip.colour_space == "ACES - ACEScg"


@pytest.mark.parametrize("proxy", [True, False])
@pytest.mark.parametrize("gui", [True, False], ids=["window", "terminal"])
def test_an_export_has_every_frame_at_full_size_whatever_the_proxy(stage, media, gui, proxy):
    here = stage(gui=gui)
    root = here.nuke.root()
    here.under("Grade")
    root.setProxy(proxy)
    before, steps = here.names(), len(here.app.undo.steps)
    here.app.modified = False
    told = []
    clip = here.plate(told=lambda *each: told.append(each))
    assert (clip.range, clip.colour_space) == (FRAMES, "lin_rec709")
    for number in clip.range:
        pixels = media.read(clip.media.replace("####", str(number)))
        assert pixels.shape[:2] == (36, 64)
        assert np.allclose(pixels[..., 0], (number % 100) / 200, atol=1e-3), number
    assert (told[0], told[-1]) == ((0, 12), (12, 12))
    assert all(not proxy for _, proxy in here.app.executed)
    assert root.proxy() is proxy
    assert (here.names(), len(here.app.undo.steps)) == (before, steps)
    assert not here.app.modified, "nothing of it is left to be saved"


def test_nuke_is_its_user_s_between_two_frames(stage):
    """No call keeps the main thread for longer than one frame takes."""
    here = stage()
    here.under("Grade")
    seen = []
    here.plate(told=lambda done, total: seen.append(len(here.app.executed)))
    assert seen == list(range(13)), "after each frame the main thread is let go"


def test_an_earlier_plate_stays_what_it_was(stage):
    here = stage()
    here.under("Grade")
    first, second = here.plate(), here.plate()
    assert first.media != second.media
    assert Path(first.media.replace("####", "1001")).is_file()


def test_a_plate_in_a_group_is_rendered_there_and_the_group_is_left(stage):
    here = stage()
    group = here.nuke.nodes.Group(name="Shot")
    with group:
        inner = here.nuke.nodes.Constant(name="Grey")
        inner.setSelected(True)
    here.app.hit_group = group
    assert here.shot().must_export == "Grey is part of the picture"
    assert here.plate().range == FRAMES
    assert here.app.context == [here.app.root._id]
    assert [each.name() for each in here.app.nodes_in(group._id)] == ["Grey"]


def test_nuke_left_in_a_group_finds_what_is_selected_in_the_script(stage):
    here = stage(gui=False)
    group = here.nuke.nodes.Group(name="Elsewhere")
    group.begin()
    assert here.shot().place.id == "Plate"
    assert here.place(here.delivery()).place.id.startswith("SU_")


@pytest.mark.parametrize(
    ("fault", "says"),
    [("raises", "did not render frame 1006: Read error"), ("cancelled", "Cancelled"),
     ("missing", "is empty or not there"), ("empty", "is empty or not there"),
     ("cut", "ends too early"), ("unfinished", "ends too early"),
     ("small", "is 32 × 18, not 64 × 36")],
)  # fmt: skip
def test_a_frame_that_is_not_whole_ends_it_and_nothing_is_left(stage, fault, says):
    here = stage(execute={1006: fault})
    here.under("Grade")
    before = here.names()
    with pytest.raises(PlateHoled, match=says) as problem:
        here.plate("stopped")
    assert problem.value.remedy
    assert list((here.folder / "stopped").iterdir()) == []
    assert here.names() == before
    assert not here.app.undo.disabled()


def test_a_full_disk_is_told_as_one(stage, monkeypatch):
    here = stage(execute={1006: "empty"})
    here.under("Grade")
    monkeypatch.setattr("shutil.disk_usage", lambda folder: shutil._ntuple_diskusage(9, 9, 0))
    with pytest.raises(DiskFull):
        here.plate()


def test_a_folder_that_refuses_is_told_before_anything_is_rendered(stage):
    here = stage()
    here.under("Grade")
    (here.folder / "file").write_text("in the way")
    with pytest.raises(NotWritable, match="cannot be written"):
        here.plate("file")
    assert here.app.executed == []


def test_a_node_that_goes_while_it_is_rendered_is_told_to_have_gone(stage):
    here = stage()
    grade = here.under("Grade")

    def told(done, total):
        if done == 3:
            here.do_on_main(lambda: here.nuke.delete(grade))

    here.do_on_main = here.host.main.carry
    with pytest.raises(PlaceGone):
        here.plate(told=told)


def test_a_studio_s_callback_that_fails_is_told(stage):
    here = stage(fragile_creation="Write")
    here.under("Grade")
    with pytest.raises(HostProblem, match="callback has failed"):
        here.plate()


def test_a_non_commercial_one_says_that_it_renders_nothing(stage):
    here = stage(nc=True)
    assert here.plate() == here.shot().clip
    here.under("Grade")
    with pytest.raises(HostCannot, match="Non-commercial"):
        here.plate()


def test_what_has_no_picture_is_no_clip(stage):
    here = stage()
    for kind in ("Viewer", "BackdropNode", "StickyNote", "Camera3"):
        getattr(here.nuke.nodes, kind)().setSelected(True)
    assert [each.name for each in here.do(here.host.selection).clips] == ["Plate"]
    here.read.setSelected(False)
    assert not here.do(here.host.selection)


def test_clips_come_from_left_to_right_and_a_matte_of_ours_is_the_matte(stage):
    here = stage()
    left = here.nuke.nodes.Read(name="Left")
    left["file"].fromUserText(here.read["file"].value() + " 1001-1012")
    left.setXYpos(-500, 0)
    placed = here.matte(replace(here.delivery(here.take(alpha=True)), raw=True))
    left.setSelected(True)
    matte = here.nuke.toNode(placed.place.id)
    matte.setSelected(True)
    selection = here.do(here.host.selection)
    assert selection.matte.name == matte.name()
    assert [each.name for each in selection.clips] == ["Left", "Plate"]


def test_footage_that_is_no_file_has_a_place_to_go_to(stage, tmp_path, monkeypatch):
    here = stage()
    here.read.setSelected(False)
    here.nuke.nodes.Constant(name="Grey").setSelected(True)
    assert Path(here.shot().clip.media) == here.folder / "Grey.####.exr"
    here.app.script_name = "Root"
    monkeypatch.setenv("SECONDUNIT_DATA", str(tmp_path / "data"))
    assert Path(here.shot().clip.media).parent == tmp_path / "data"
    assert here.shot().place.document == "Untitled"
