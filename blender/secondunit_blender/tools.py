"""What the editors have beside the panel's own: marking, masks, guides, and the camera's frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy

from secondunit_contract.problem import Problem

from . import cameras, drawing, guides, masking
from .editors import CLIP_EDITOR, IMAGE_EDITOR, PictureHost
from .panel import TAB
from .room import Room

_KEYS = "mask_frames"
_rooms: list[Callable[[str], Room]] = []
_kinds: list[type] = []


def _mask(space: Any) -> Any:
    """The mask an editor shows."""
    return space.mask if getattr(space, "mode", "") == "MASK" else None


def use_mask(room: Room, mask: str, frame: int | None) -> None:
    """Have a mask be the matte of the plate: drawn on a frame, or on all; "" for none."""
    session, host = room.session, room.host
    shot = session.desk.shot if session is not None else None
    if session is None or shot is None or not isinstance(host, PictureHost):
        return
    known = host.masks.get(shot.place.id)
    if not mask:
        host.masks.pop(shot.place.id, None)
    elif frame is None:
        host.masks[shot.place.id] = masking.Use(mask)
    else:
        same = known is not None and known.mask == mask and known.frames
        base = known if same and known is not None else masking.Use(mask)
        host.masks[shot.place.id] = base.also_on(frame)
    use = host.masks.get(shot.place.id)
    if _KEYS in session.desk.form:
        session.set(_KEYS, masking.frames_of(shot, use))
    session.look()


def _with_mask(room: Room, context: Any, how: str) -> None:
    mask = _mask(context.space_data)
    frame = context.scene.frame_current if how == "frame" else None
    use_mask(room, mask.name_full if mask is not None and how != "none" else "", frame)


def _guide(room: Room, context: Any, how: str) -> None:
    """Wish for a guide of the camera, or for none."""
    scene = context.scene
    if how in guides.KINDS:
        scene[guides.WISH] = how
    elif guides.WISH in scene:
        del scene[guides.WISH]
    if room.session is not None:
        room.session.look()


def _follow(room: Room, context: Any, how: str) -> None:
    """Have the camera take in its wider background, or be as it was before."""
    if how == "back":
        cameras.back(context.scene)
    else:
        cameras.follow(context.scene)


Do = Callable[[Room, Any, str], None]
ACTS: dict[str, tuple[str, str, Do, bool]] = {
    "mask": ("Mask", "Have the mask be the matte of this plate", _with_mask, False),
    "guide": ("Guide", "Send what the camera sees, as structure to follow", _guide, False),
    "follow": (
        "Camera follows", "The camera takes in all of its background; what it saw stays in place",
        _follow, True,
    ),
}  # fmt: skip
"""By the operator's name: its button, what hovering tells, what it does, and whether Blender's undo
takes it back.
"""


def _operator(name: str, label: str, told: str, do: Do, undo: bool) -> type:
    def execute(self: Any, context: Any) -> set[str]:
        try:
            do(_rooms[0](self.editor), context, self.how)
        except Problem as problem:
            self.report({"WARNING"}, f"{problem.what}. {problem.remedy}")
            return {"CANCELLED"}
        return {"FINISHED"}

    text = bpy.props.StringProperty
    return type(
        f"SECONDUNIT_OT_{name}",
        (bpy.types.Operator,),
        {
            "__doc__": told,
            "__annotations__": {
                each: text(options={"SKIP_SAVE", "HIDDEN"}) for each in ("editor", "how")
            },
            "bl_idname": f"secondunit.{name}",
            "bl_label": label,
            "bl_options": {"INTERNAL", "UNDO"} if undo else {"INTERNAL"},
            "execute": execute,
        },
    )


def draw_marks(layout: Any, context: Any, editor: str) -> None:
    """Buttons to mark what is meant, and to take the mask that is shown as the matte."""
    room = _rooms[0](editor)
    session, host = room.session, room.host
    if session is None or session.desk.shot is None or not isinstance(host, PictureHost):
        layout.label(text="Open a clip here")
        return
    if drawing.marked(session.desk.form):
        layout.operator("secondunit.draw", icon="RESTRICT_SELECT_OFF").editor = editor
        layout.label(text="Click it, Alt-click what is not it, drag a box")
    mask = _mask(context.space_data)
    use = host.masks.get(session.desk.shot.place.id)
    if mask is None and use is None:
        layout.label(text="Or show a mask here, in Mask mode")
        return
    if mask is not None:
        row = layout.row(align=True)
        for how, text in (("frame", "Mask on this frame"), ("all", "On all frames")):
            _button(row, "mask", editor, how, text)
    if use is not None:
        row = layout.row(align=True)
        on = ", ".join(map(str, use.frames)) if use.frames else "all frames"
        row.label(text=f"{use.mask} on {on}", icon="MOD_MASK")
        _button(row, "mask", editor, "none", "", icon="X")


def draw_camera(layout: Any, context: Any, editor: str) -> None:
    """Buttons for what the camera sends, and for its frame."""
    scene = context.scene
    if scene.camera is None or scene.camera.type != "CAMERA":
        layout.label(text="The scene has no camera")
        return
    wished = guides.wished(scene)
    column = layout.column(align=True)
    _button(column, "guide", editor, "", "No guide", depress=wished is None)
    for kind, text in guides.KINDS.items():
        _button(column, "guide", editor, kind, text, depress=wished == kind)
    row = layout.row(align=True)
    _button(row, "follow", editor, "follow", "Camera follows")
    if scene.camera.data.get(cameras.BEFORE):
        _button(row, "follow", editor, "back", "Camera back")


def _button(layout: Any, act: str, editor: str, how: str, text: str, **look: Any) -> None:
    made = layout.operator(f"secondunit.{act}", text=text, **look)
    made.editor, made.how = editor, how


_PANELS = (
    (CLIP_EDITOR, "Mark", draw_marks),
    (IMAGE_EDITOR, "Mark", draw_marks),
    (cameras.VIEW, "Camera", draw_camera),
)


def _panel(editor: str, label: str, draws: Callable[[Any, Any, str], None]) -> type:
    def draw(self: Any, context: Any) -> None:
        draws(self.layout, context, editor)

    name = f"SECONDUNIT_PT_tools_{editor.lower()}"
    return type(
        name,
        (bpy.types.Panel,),
        {
            "__doc__": label,
            "bl_idname": name,
            "bl_label": label,
            "bl_space_type": editor,
            "bl_region_type": "UI",
            "bl_category": TAB,
            "draw": draw,
        },
    )


def register(room: Callable[[str], Room]) -> None:
    """Register the operators, the panels and the overlay."""
    _rooms[:] = [room]
    drawing.register(room)
    for name, (label, told, do, undo) in ACTS.items():
        _add(_operator(name, label, told, do, undo))
    for each in _PANELS:
        _add(_panel(*each))


def unregister() -> None:
    """Take them away."""
    while _kinds:
        bpy.utils.unregister_class(_kinds.pop())
    drawing.unregister()
    _rooms.clear()


def _add(kind: type) -> None:
    bpy.utils.register_class(kind)
    _kinds.append(kind)
