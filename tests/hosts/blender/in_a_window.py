"""Runs in a Blender with a window: a cut with a gap, our panel, a click on its largest button.

    blender --factory-startup --app-template Video_Editing --enable-event-simulate \
        --python in_a_window.py -- FOLDER PLATE

What came of it is written to FOLDER/told.json, what the window shows to FOLDER/*.png.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from pathlib import Path

import bpy
import numpy as np

EDITOR = "SEQUENCE_EDITOR"
PATIENCE = 240.0
TALL = 25  # pixels: Shoot is taller than any other button
ROOT = Path(__file__).resolve().parents[3]
FOLDER, PLATE = map(Path, sys.argv[sys.argv.index("--") + 1 :])

sys.path.insert(0, str(ROOT / "blender"))
import secondunit_blender  # noqa: E402

told: dict = {}


def begin() -> None:
    """A cut of two strips with a gap, the playhead in it, and no other panel in the sidebar."""
    secondunit_blender.find_ours()
    secondunit_blender.register()
    from secondunit_blender import running

    for kind in list(bpy.types.Panel.__subclasses__()):
        ours = kind.__module__.startswith("secondunit_blender")
        place = (getattr(kind, "bl_space_type", ""), getattr(kind, "bl_region_type", ""))
        if place == (EDITOR, "UI") and not ours and hasattr(kind, "bl_rna"):
            bpy.utils.unregister_class(kind)
    scene = window().scene
    scene.render.resolution_x, scene.render.resolution_y, scene.frame_end = 320, 180, 80
    strips = scene.sequence_editor_create().sequences
    strips.new_movie("a", str(PLATE), 1, 1)
    strips.new_movie("b", str(PLATE), 1, 30)
    for each in strips:
        each.select = False
    scene.frame_current = 27
    for each in sequencers():
        each.spaces[0].show_region_ui = True
        each.spaces[0].timeline_overlay.show_strip_source = False
    told["room"] = running.room(EDITOR)


def window():
    return bpy.context.window_manager.windows[0]


def sequencers() -> list:
    return [each for each in window().screen.areas if each.type == EDITOR]


def sidebar():
    """The widest sidebar with our panel in it."""
    found = [region for area in sequencers() for region in area.regions if region.type == "UI"]
    return max(found, key=lambda region: region.height * region.width)


def shown(name: str) -> np.ndarray:
    """What the window shows, (H,W,3) 0..255 from the bottom up; written down too."""
    path = FOLDER / f"{name}.png"
    area = sequencers()[0]
    with bpy.context.temp_override(window=window(), area=area):
        bpy.ops.screen.screenshot(filepath=str(path))
    image = bpy.data.images.load(str(path))
    width, height = image.size
    pixels = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(pixels)
    bpy.data.images.remove(image)
    return np.rint(pixels.reshape(height, width, 4)[..., :3] * 255).astype(int)


def shoot_button(picture: np.ndarray) -> tuple[int, int]:
    """The middle of the sidebar's tallest button: a run of one grey, lighter than its panel."""
    region = sidebar()
    across = region.x + region.width // 4  # beside the word in its middle
    column = picture[region.y : region.y + region.height, across]
    grey = (np.ptp(column, axis=1) <= 2) & (column[:, 0] > 0x48) & (column[:, 0] < 0x70)
    runs, start = [], None
    for at, lit in enumerate([*grey, False]):
        if lit and start is None:
            start = at
        elif not lit and start is not None:
            runs.append((at - start, start))
            start = None
    height, first = max(runs)
    assert height >= TALL, f"no button is {TALL} pixels tall: {sorted(runs)[-4:]}"
    return region.x + region.width // 2, region.y + first + height // 2


def click(x: int, y: int) -> None:
    for kind, value in (("MOUSEMOVE", "NOTHING"), ("LEFTMOUSE", "PRESS"), ("LEFTMOUSE", "RELEASE")):
        window().event_simulate(type=kind, value=value, x=x, y=y)


def calm(seconds: float = 2.0):
    """Blender has had the time to draw."""
    until = time.monotonic() + seconds
    return lambda: time.monotonic() > until


def ours(session) -> list:
    """The takes of this window's plate: the service may have shot others before."""
    return [
        each for each in session.dailies.takes.values() if each.take.media.startswith(str(FOLDER))
    ]


def story():
    """What happens, step by step; each yields until what it waits for holds."""
    begin()
    room = told.pop("room")
    yield lambda: room.session is not None and not room.session.looking and room.form
    session = room.session
    session.choose("insert")
    yield lambda: session.desk.task and session.desk.task.name == "insert" and room.form
    session.settle(takes=1, seed=7, steps=1)
    told["selected"] = session.selected
    yield calm()
    picture = shown("before")
    bar = sidebar()
    panel = picture[bar.y : bar.y + bar.height, bar.x : bar.x + bar.width]
    told["colours_in_panel"] = len(np.unique(panel.reshape(-1, 3), axis=0))
    x, y = shoot_button(picture)
    told["clicked"] = [x, y]
    click(x, y)
    yield lambda: ours(session) and not session.dailies.open()
    told["takes"] = [each.take.media for each in ours(session)]
    [take] = ours(session)
    assert bpy.ops.secondunit.place(editor=EDITOR, about=take.id) == {"FINISHED"}
    yield lambda: take.id in session.placed
    told["cut"] = [[each.name, each.frame_final_start, each.frame_final_end, each.channel]
                   for each in window().scene.sequence_editor.sequences]  # fmt: skip
    yield calm()
    shown("after")


def going():
    """One look at the story; Blender's timers call it again and again."""
    global holds
    try:
        if time.monotonic() > ends:
            raise TimeoutError("it does not come")
        if holds():
            holds = next(steps, None)
        if holds is not None:
            return 0.1
        told["done"] = True
    except Exception:  # noqa: BLE001 - whatever it is, who waits outside is told
        told["error"] = traceback.format_exc()
        shown("error")
    (FOLDER / "told.json").write_text(json.dumps(told), "utf-8")
    bpy.ops.wm.quit_blender()
    return None


bpy.context.preferences.view.show_splash = False  # it is drawn before any timer runs
ends = time.monotonic() + PATIENCE
steps = story()
holds = lambda: True  # noqa: E731 - the first step waits for nothing
bpy.app.timers.register(going, first_interval=1.0)
