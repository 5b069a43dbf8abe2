"""What threads want of Blender its main thread does; plates are rendered a frame at a time."""

from __future__ import annotations

import resource
import signal
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import bpy

import secondunit_blender.exporting as exporting
import secondunit_blender.pump as pump
from secondunit_blender import versions
from secondunit_contract.frames import FrameRange
from secondunit_contract.problem import DiskFull, MediaMissing, NotWritable, Problem
from secondunit_panel.host import HostBusy, HostGone, PlaceGone, PlateHoled


class Stop(Problem):
    code = "stop"


def silent(done: int, total: int) -> None:
    pass


@contextmanager
def changed(module, name: str, value):
    before = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, before)


def check_a_thread_gets_what_the_main_thread_says(stage):
    mine = threading.get_ident()
    assert stage.beside(lambda: stage.main.carry(threading.get_ident)) == mine
    assert stage.main.carry(threading.get_ident) == mine, "and so does the main thread"


def check_what_is_raised_is_raised_where_it_was_asked(stage):
    def bad():
        raise KeyError("x")

    stage.refused(KeyError, lambda: stage.beside(lambda: stage.main.carry(bad)))
    assert stage.beside(lambda: stage.main.carry(lambda: 7)) == 7, "and keeps no other away"


def check_a_tick_keeps_its_deadline(stage):
    done = []
    for number in range(40):
        stage.main.soon(lambda number=number: (time.sleep(0.004), done.append(number)))
    begun = time.monotonic()
    again = stage.main.tick()
    assert 0 < len(done) < 20, f"{len(done)} in {time.monotonic() - begun:.3f} s"
    assert again == 0.0, "the rest comes right after Blender has drawn"
    stage.until(lambda: len(done) == 40)
    assert done == list(range(40)), "in their order"
    assert stage.main.tick() > 0


def check_writing_waits_while_blender_renders_or_something_is_held(stage):
    done = []
    with changed(pump, "busy", lambda: "Blender is rendering"):
        other = threading.Thread(
            target=lambda: stage.main.carry(lambda: done.append(1), writes=True)
        )
        other.start()
        stage.main.pump(0.3)
        assert not done
        assert stage.beside(lambda: stage.main.carry(lambda: "read")) == "read"
        told = stage.refused(HostBusy, lambda: stage.main.carry(list, writes=True))
        assert told.what == "Blender is rendering"
    stage.until(lambda: done)
    other.join()


def check_patience_ends(stage):
    stage.main._patience = 0.2
    with changed(pump, "busy", lambda: "Blender is playing"):
        ask = lambda: stage.beside(lambda: stage.main.carry(list, writes=True))  # noqa: E731
        told = stage.refused(HostBusy, ask)
    assert told.what == "Blender is playing"
    stage.main.pump(0.1)
    assert not stage.main._writes, "what nobody waits for is not done later"


def check_a_closed_panel_leaves_nobody_waiting(stage):
    faults = []

    def ask():
        try:
            stage.main.carry(list)
        except HostGone as problem:
            faults.append(problem)

    others = [threading.Thread(target=ask) for _ in range(3)]
    for each in others:
        each.start()
    time.sleep(0.1)
    stage.main.close()
    for each in others:
        each.join(5)
    assert len(faults) == 3
    stage.refused(HostGone, lambda: stage.beside(lambda: stage.main.carry(list)))
    stage.main.soon(lambda: faults.append("called"))
    stage.main.pump(0.05)
    assert len(faults) == 3
    assert not bpy.app.timers.is_registered(stage.main.tick)


def check_it_goes_on_after_undo_another_file_and_a_deleted_scene(stage):
    bpy.ops.ed.undo_push(message="before")
    acts = [
        lambda: bpy.ops.ed.undo_push(message="x"),
        bpy.ops.ed.undo,
        lambda: bpy.ops.wm.read_factory_settings(use_empty=True),
        lambda: (bpy.data.scenes.new("n"), bpy.data.scenes.remove(bpy.data.scenes[0])),
    ]
    for act in acts:
        told = []
        other = threading.Thread(target=lambda told=told: told.append(stage.main.carry(_scenes)))
        other.start()
        time.sleep(0.05)
        act()
        stage.until(lambda told=told: told)
        other.join()


def _scenes() -> int:
    return len(bpy.data.scenes)


def check_a_watcher_that_fails_keeps_nothing_away(stage):
    stage.main.watch(lambda: 1 / 0)
    done = []
    stage.main.soon(lambda: done.append(1))
    stage.main.pump(0.05)
    assert done == [1]


def check_what_is_rendered_is_what_is_seen_of_that_strip_alone(stage):
    stage.colour("red", 1, 30, 1, (1.0, 0.0, 0.0))
    stage.colour("over", 1, 30, 5, (0.0, 0.0, 1.0)).blend_type = "REPLACE"
    fade = stage.effect(
        "fade", "CROSS", 5, 14, 3, stage.at("red"), stage.colour("to", 5, 14, 2, (0, 1, 0))
    )
    shot = stage.shot("fade")
    told = []
    clip = stage.beside(
        lambda: stage.host.plate(shot, stage.folder / "plate", lambda *t: told.append(t))
    )
    assert (str(clip.range), clip.colour_space) == ("1001-1010", "lin_rec709")
    assert clip.media == str(stage.folder / "plate" / "fade.####.exr")
    assert told == [(k, 10) for k in range(11)]
    greens = [stage.corners(stage.folder / "plate" / f"fade.{k:04d}.exr")[4][1] for k in clip.range]
    assert greens == sorted(greens)
    assert greens[0] < 0.2 < 0.6 < greens[-1], greens
    assert stage.frame(8)[4] == (0.0, 0.0, 1.0), "all is put back"
    assert fade.name == "fade"


def check_linear_light_comes_back_as_it_was_seen(stage):
    stage.picture(stage.folder / "grey.png", 0.5)
    still = stage.strips.new_image("grey", str(stage.folder / "grey.png"), 1, 1)
    versions.trim(still, FrameRange(1, 3))
    seen = stage.frame(2)
    clip = stage.host.plate(stage.shot("grey"), stage.folder / "plate", silent)
    stage.strips.remove(still)
    again = stage.strips.new_image("again", clip.media.replace("####", "1002"), 1, 1)
    versions.trim(again, FrameRange(1, 3))
    close = zip(sum(stage.frame(2), ()), sum(seen, ()), strict=True)
    assert all(abs(a - b) <= 1.5 / 255 for a, b in close)


def check_rendering_puts_back_all_it_changed(stage):
    stage.movie("a", 1).use_reverse_frames = True
    stage.colour("over", 1, 30, 2)
    scene = stage.scene
    render, image = scene.render, scene.render.image_settings
    if hasattr(image, "media_type"):
        image.media_type = "VIDEO"
    image.file_format, render.filepath, scene.frame_current = "FFMPEG", "//mine", 77
    render.resolution_percentage, render.use_border = 50, True
    scene.frame_start, scene.frame_end, scene.frame_step = 3, 4, 2

    def state():
        told = [render.filepath, render.resolution_percentage, render.use_border]
        told += [image.file_format, image.color_mode, image.color_depth, scene.frame_current]
        told += [scene.frame_start, scene.frame_end, scene.frame_step]
        return [*told, *(each.mute for each in stage.strips)]

    before = state()
    stage.host.plate(stage.shot("a"), stage.folder / "plate", silent)
    assert state() == before
    assert len(list((stage.folder / "plate").iterdir())) == 24


def check_a_scene_that_no_window_shows_is_rendered_at_its_own_frames(stage):
    ends = stage.colour("from", 1, 10, 1, (1, 0, 0)), stage.colour("to", 1, 10, 2, (0, 1, 0))
    stage.effect("fade", "CROSS", 1, 10, 3, *ends)
    other = stage.scene.copy()
    stage.scene.frame_set(5)
    [strip] = [each for each in versions.all_strips(other.sequence_editor) if each.name == "fade"]
    greens = []
    for frame in (2, 9):
        path = stage.folder / f"{frame}.exr"
        exporting.render(other, strip, frame, path)
        greens.append(stage.corners(path)[4][1])
    assert greens[0] < 0.05 < 0.4 < greens[1], greens


def check_a_strip_in_a_meta_is_rendered_alone_too(stage):
    inner = stage.colour("inner", 1, 10, 1, (0, 1, 0))
    beside = stage.colour("beside", 1, 10, 2, (1, 0, 0))
    stage.meta("m", 1, inner, beside)
    stage.colour("over", 1, 10, 5, (0, 0, 1))
    scene, strip = stage.scene, stage.at("inner")
    path = stage.folder / "x.exr"
    exporting.render(scene, strip, 5, path)
    assert [round(each, 2) for each in stage.corners(path)[4]] == [0, 1, 0]


def check_a_plate_that_is_stopped_leaves_nothing(stage):
    stage.colour("slug", 1, 10, 1)
    shot = stage.shot("slug")

    def stop(done: int, total: int) -> None:
        if done == 4:
            raise Stop("Stopped", remedy="Nothing")

    stage.refused(Stop, lambda: stage.host.plate(shot, stage.folder / "p" / "plate", stop))
    assert [each for each in (stage.folder / "p").rglob("*") if each.is_file()] == []
    stage.host.plate(shot, stage.folder / "p" / "plate", silent)
    stage.refused(Stop, lambda: stage.host.plate(shot, stage.folder / "p" / "plate", stop))
    left = [each for each in (stage.folder / "p").rglob("*") if each.is_file()]
    assert len(left) == 10, "what an earlier job may still read stays"


def check_a_strip_deleted_while_it_is_rendered_is_told(stage):
    stage.colour("slug", 1, 10, 1)
    shot = stage.shot("slug")

    def delete(done: int, total: int) -> None:
        if done == 3:
            stage.strips.remove(stage.at("slug"))

    stage.refused(PlaceGone, lambda: stage.host.plate(shot, stage.folder / "plate", delete))
    assert not (stage.folder / "plate").exists()


def check_a_file_loaded_while_it_is_rendered_is_told(stage):
    stage.colour("slug", 1, 10, 1)
    shot = stage.shot("slug")

    def load(done: int, total: int) -> None:
        if done == 3:
            bpy.ops.wm.read_factory_settings(use_empty=True)
            stage.scenes.forget()

    stage.refused(PlaceGone, lambda: stage.host.plate(shot, stage.folder / "plate", load))


def check_a_full_disk_is_told(stage):
    stage.colour("slug", 1, 10, 1)
    shot = stage.shot("slug")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        stage.refused(PlateHoled, lambda: stage.host.plate(shot, stage.folder / "plate", silent))

        class Full:
            free = 0

        with changed(exporting.shutil, "disk_usage", lambda path: Full):
            stage.refused(DiskFull, lambda: stage.host.plate(shot, stage.folder / "p", silent))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not (stage.folder / "plate").exists()


def check_a_place_that_is_no_folder_is_told(stage):
    stage.colour("slug", 1, 10, 1)
    (stage.folder / "file").write_bytes(b"")
    shot, there = stage.shot("slug"), stage.folder / "file" / "plate"
    stage.refused(NotWritable, lambda: stage.host.plate(shot, there, silent))


def check_media_that_has_gone_is_not_rendered_as_nothing(stage):
    strip = stage.movie("a", 1)
    strip.use_reverse_frames = True
    shot = stage.shot("a")
    Path(bpy.path.abspath(strip.filepath)).unlink()
    stage.refused(MediaMissing, lambda: stage.host.plate(shot, stage.folder / "plate", silent))
