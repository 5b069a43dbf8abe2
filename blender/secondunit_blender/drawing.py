"""Marks on the picture that is open: clicks and a box, set with the mouse, drawn over the editor.

Places are counted as the panel does: shares of the picture from its left and its top, on the
plate's own frames.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import cos, pi, sin
from typing import Any

import bpy
import gpu
from gpu_extras.batch import batch_for_shader

from secondunit_panel.form import Form
from secondunit_panel.marks import Box, Marks, Point
from secondunit_panel.session import Session

from .room import Room

ON, OFF, EDGE = (0.91, 0.64, 0.24, 1.0), (0.36, 0.60, 0.92, 1.0), (0.08, 0.08, 0.09, 1.0)
"""What belongs to it, what does not, and the line around both."""

_REACH = 9  # pixels of the screen from a mark that a click still takes away
_DRAG = 6  # pixels that are a box, not a click
_HINT = "Click: it · Alt click: not it · Drag: a box around it · X: rub out · Enter: done"

_handles: list[tuple[Any, Any]] = []
_kinds: list[type] = []
_room: list[Callable[[str], Room]] = []


def marked(form: Form) -> bool:
    """Whether a task takes any mark that is set here: paths are drawn in the panel's own window."""
    return not form.marks.keys().isdisjoint({"points", "box"})


def number(session: Session, frame: int) -> int | None:
    """The plate's own number of a frame of the scene; None where the plate does not stand."""
    shot = session.desk.shot
    if shot is None or shot.clip.range is None or frame not in shot.place.range:
        return None
    return shot.clip.range.first + frame - shot.place.range.first


def share(region: Any, x: float, y: float) -> tuple[float, float]:
    """Where a pixel of an editor's region is on the picture."""
    across, up = region.view2d.region_to_view(x, y)
    return float(across), 1.0 - float(up)


def pixel(region: Any, x: float, y: float) -> tuple[float, float]:
    """Where a place of the picture is in an editor's region."""
    across, up = region.view2d.view_to_region(x, 1.0 - y, clip=False)
    return float(across), float(up)


def within(place: tuple[float, float]) -> bool:
    """Whether a place is on the picture."""
    return all(0 <= each <= 1 for each in place)


def clicked(session: Session, frame: int, place: tuple[float, float], add: bool) -> None:
    """A click at a place of the picture."""
    session.draw(session.desk.marks.with_point(frame, *place, add=add))


def boxed(
    session: Session, frame: int, one: tuple[float, float], other: tuple[float, float]
) -> None:
    """A box from one place to another."""
    session.draw(session.desk.marks.with_box(frame, *one, *other))


def rubbed(session: Session, frame: int, place: tuple[float, float], reach: float) -> bool:
    """Rub out the mark at a place; whether there was one."""
    shot = session.desk.shot
    aspect = shot.width / shot.height if shot is not None and shot.height else 1.0
    found = session.desk.marks.nearest(frame, *place, reach=reach, aspect=aspect)
    if found is not None:
        session.draw(session.desk.marks.without(found))
    return found is not None


class Drawing:
    """What a hand does while it marks: the operator's own part."""

    editor: str
    report: Callable[[set[str], str], None]

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Begin; it ends with Enter, Escape or the right button."""
        session = _session(self.editor)
        area = context.area
        region = next((each for each in area.regions if each.type == "WINDOW"), None)
        if (
            session is None
            or region is None
            or number(session, context.scene.frame_current) is None
        ):
            self.report({"WARNING"}, "Open a clip here, on a frame it has")
            return {"CANCELLED"}
        self._area, self._region = area, region
        self._begun: tuple[float, float] | None = None
        self._alt = False
        context.workspace.status_text_set(_HINT)
        context.window.cursor_modal_set("CROSSHAIR")
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: Any) -> set[str]:
        """Where no window is, nobody clicks."""
        return {"CANCELLED"}

    def modal(self, context: Any, event: Any) -> set[str]:
        """What the hand does; what is none of it goes on to Blender."""
        session = _session(self.editor)
        done = event.type in ("RET", "NUMPAD_ENTER", "ESC", "RIGHTMOUSE") and event.value == "PRESS"
        if session is None or done or not self._there(context):
            return self._ended(context)
        frame = number(session, context.scene.frame_current)
        x, y = event.mouse_x - self._region.x, event.mouse_y - self._region.y
        if frame is None or (self._begun is None and not self._over(event)):
            return {"PASS_THROUGH"}
        if event.type == "LEFTMOUSE":
            return self._button(session, frame, event, (x, y))
        if event.type in ("X", "DEL") and event.value == "PRESS":
            place = share(self._region, x, y)
            far = share(self._region, x, y + _REACH)
            rubbed(session, frame, place, abs(far[1] - place[1]))
            self._area.tag_redraw()
            return {"RUNNING_MODAL"}
        return {"RUNNING_MODAL" if self._begun else "PASS_THROUGH"}

    def _there(self, context: Any) -> bool:
        """Whether the editor it was begun in still is one."""
        found = any(each == self._area for each in context.window.screen.areas)
        return found and bool(self._area.type == self.editor)

    def _over(self, event: Any) -> bool:
        """Whether the mouse is on the picture, and not on a sidebar that lies over it."""
        return _holds(self._region, event) and not any(
            _holds(each, event) for each in self._area.regions if each.type != "WINDOW"
        )

    def _button(
        self, session: Session, frame: int, event: Any, at: tuple[float, float]
    ) -> set[str]:
        if event.value == "PRESS":
            self._begun, self._alt = at, bool(event.alt)
        elif event.value == "RELEASE" and self._begun is not None:
            begun, self._begun = self._begun, None
            one, other = share(self._region, *begun), share(self._region, *at)
            if max(abs(at[0] - begun[0]), abs(at[1] - begun[1])) >= _DRAG:
                boxed(session, frame, one, other)
            elif within(one):
                clicked(session, frame, one, not self._alt)
            self._area.tag_redraw()
        return {"RUNNING_MODAL"}

    def _ended(self, context: Any) -> set[str]:
        context.workspace.status_text_set(None)
        context.window.cursor_modal_restore()
        return {"FINISHED"}


def _holds(region: Any, event: Any) -> bool:
    x, y = event.mouse_x - region.x, event.mouse_y - region.y
    return region.width > 1 and 0 <= x < region.width and 0 <= y < region.height


def _operator() -> type:
    return type(
        "SECONDUNIT_OT_draw",
        (Drawing, bpy.types.Operator),
        {
            "__doc__": "Mark what is meant: clicks on it and beside it, or a box around it",
            "__annotations__": {
                "editor": bpy.props.StringProperty(options={"SKIP_SAVE", "HIDDEN"})
            },
            "bl_idname": "secondunit.draw",
            "bl_label": "Mark it",
            "bl_options": {"INTERNAL"},
        },
    )


# what is drawn


def overlay(session: Session, region: Any, frame: int) -> list[tuple[Any, ...]]:
    """What is drawn over a picture: ("disc", x, y, colour) and ("box", corners), in pixels."""
    shot_frame = number(session, frame)
    if shot_frame is None:
        return []
    marks: Marks = session.desk.marks.on(shot_frame)
    found: list[tuple[Any, ...]] = []
    if marks.box is not None:
        found.append(("box", [pixel(region, *each) for each in _corners(marks.box)]))
    found += [_disc(region, each) for each in marks.points]
    return found


def _disc(region: Any, point: Point) -> tuple[Any, ...]:
    return ("disc", *pixel(region, point.x, point.y), ON if point.add else OFF, point.add)


def _corners(box: Box) -> list[tuple[float, float]]:
    left, right, top, bottom = box.left, box.right, box.top, box.bottom
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def _draw(editor: str) -> None:
    """Blender draws an editor: what is marked comes over it."""
    context = bpy.context
    session = _session(editor)
    region = context.region
    if session is None or region is None or not marked(session.desk.form):
        return
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    shader.bind()

    def fill(kind: str, places: list[tuple[float, float]], colour: tuple[float, ...]) -> None:
        shader.uniform_float("color", colour)
        flat = [(x, y, 0.0) for x, y in places]
        batch_for_shader(shader, kind, {"pos": flat}).draw(shader)

    gpu.state.blend_set("ALPHA")
    for each in overlay(session, region, context.scene.frame_current):
        if each[0] == "box":
            for grown, colour in ((-1, EDGE), (1, EDGE), (0, ON)):
                fill("LINES", _lines(_grown(each[1], grown)), colour)
            continue
        _, x, y, colour, add = each
        fill("TRIS", _circle(x, y, 7.5), EDGE)
        fill("TRIS", _circle(x, y, 6.0), colour)
        fill("TRIS", _bar(x, y, 3.5, 1.0), EDGE)
        if add:
            fill("TRIS", _bar(x, y, 1.0, 3.5), EDGE)
    gpu.state.blend_set("NONE")


def _circle(x: float, y: float, radius: float) -> list[tuple[float, float]]:
    rim = [(x + radius * cos(pi * k / 10), y + radius * sin(pi * k / 10)) for k in range(21)]
    return [at for one, other in pairwise(rim) for at in ((x, y), one, other)]


def _bar(x: float, y: float, wide: float, high: float) -> list[tuple[float, float]]:
    a, b, c, d = ((x - wide, y - high), (x + wide, y - high), (x + wide, y + high),
                  (x - wide, y + high))  # fmt: skip
    return [a, b, c, a, c, d]


def _lines(places: list[tuple[float, float]]) -> list[tuple[float, float]]:
    turned = [*places[1:], places[0]]
    return [at for pair in zip(places, turned, strict=True) for at in pair]


def _grown(places: list[tuple[float, float]], by: float) -> list[tuple[float, float]]:
    (left, top), _, (right, bottom), _ = places
    left, right, top, bottom = left - by, right + by, top + by, bottom - by
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def _session(editor: str) -> Session | None:
    return _room[0](editor).session if _room else None


def register(room: Callable[[str], Room]) -> None:
    """Have marks be set and drawn in the editors that show a picture."""
    _room[:] = [room]
    kind = _operator()
    bpy.utils.register_class(kind)
    _kinds.append(kind)
    for space, editor in (
        (bpy.types.SpaceClipEditor, "CLIP_EDITOR"),
        (bpy.types.SpaceImageEditor, "IMAGE_EDITOR"),
    ):
        handle = space.draw_handler_add(_draw, (editor,), "WINDOW", "POST_PIXEL")
        _handles.append((space, handle))


def unregister() -> None:
    """Have them be no more."""
    while _handles:
        space, handle = _handles.pop()
        space.draw_handler_remove(handle, "WINDOW")
    while _kinds:
        bpy.utils.unregister_class(_kinds.pop())
    _room.clear()
