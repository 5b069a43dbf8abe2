"""What the artist does in the panel: an operator of Blender's for each row of a table.

None is a step for Blender's undo: what changes the document makes its own step, when it is done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy

from secondunit_panel.marks import Marks
from secondunit_panel.session import Session

from .room import Room

Do = Callable[[Room, Session, str, str], None]
"""Done in a room with its session; the two texts are what it is about, and how."""

_kinds: list[type] = []


def _look(room: Room, session: Session, about: str, how: str) -> None:
    session.look()


def _choose(room: Room, session: Session, about: str, how: str) -> None:
    session.choose(about)


def _everything(room: Room, session: Session, about: str, how: str) -> None:
    session.show_everything(not session.desk.everything)


def _undo(room: Room, session: Session, about: str, how: str) -> None:
    if how == "redo":
        session.redo()
    else:
        session.undo()


def _clear(room: Room, session: Session, about: str, how: str) -> None:
    session.draw(Marks())


def _shoot(room: Room, session: Session, about: str, how: str) -> None:
    session.shoot()


def _act(room: Room, session: Session, about: str, how: str) -> None:
    session.act(about, how)  # type: ignore[arg-type]  # one of those the panel draws


def _stop(room: Room, session: Session, about: str, how: str) -> None:
    session.shooting.stop()


def _pick(room: Room, session: Session, about: str, how: str) -> None:
    room.chosen[how] = about


def _rate(room: Room, session: Session, about: str, how: str) -> None:
    known = session.dailies.takes[about].rating
    session.rate(about, "" if known == how else how)  # type: ignore[arg-type]


def _place(room: Room, session: Session, about: str, how: str) -> None:
    session.place(about)


def _take_out(room: Room, session: Session, about: str, how: str) -> None:
    session.take_out(about)


def _show(room: Room, session: Session, about: str, how: str) -> None:
    session.open(about)


def _again(room: Room, session: Session, about: str, how: str) -> None:
    session.again(about)


def _branch(room: Room, session: Session, about: str, how: str) -> None:
    session.branch(about)


def _remedy(room: Room, session: Session, about: str, how: str) -> None:
    shown = session.notices.shown
    notice = shown[int(about)] if int(about) < len(shown) else None
    if notice is None or session.remedy(notice):
        return
    act = notice.action.act if notice.action else "report"
    if act == "report":
        bpy.context.window_manager.clipboard = notice.report or notice.sentence
    elif act == "models":
        _preferences(room, session, "", "")
    else:  # a field or a mark: all of them are shown, the one that is meant in red
        session.show_everything(True)


def _dismiss(room: Room, session: Session, about: str, how: str) -> None:
    shown = session.notices.shown
    if int(about) < len(shown):
        session.notices.dismiss(shown[int(about)])


def _engine(room: Room, session: Session, about: str, how: str) -> None:
    room.start_engine()


def _copy(room: Room, session: Session, about: str, how: str) -> None:
    bpy.context.window_manager.clipboard = about


def _preferences(room: Room, session: Session, about: str, how: str) -> None:
    bpy.ops.preferences.addon_show(module=__package__)


ACTS: dict[str, tuple[str, str, Do]] = {
    "look": ("Select again", "Read what is selected again", _look),
    "choose": ("Task", "Choose this task", _choose),
    "everything": ("All", "Show all controls, or the few that come first", _everything),
    "undo": ("Undo", "Take the last change in this form back, or make it again", _undo),
    "clear": ("Clear", "Rub out all that is drawn", _clear),
    "shoot": ("Shoot", "Send it to the engine", _shoot),
    "act": ("Job", "Cancel this job, pause it, let it go on, or queue it again", _act),
    "stop": ("Stop", "Stop the export of the plate", _stop),
    "pick": ("Take", "Choose this take", _pick),
    "rate": ("Rate", "Circle this take, reject it, or neither", _rate),
    "place": ("Place", "Put this take into the cut; another take of it is flipped to", _place),
    "take_out": ("Take out", "Take this take out of the cut again", _take_out),
    "show": ("Show", "Show where it stands", _show),
    "again": ("Again", "Shoot the same once more, with another seed", _again),
    "branch": ("Branch", "Go on from this take: its values and its seed are the form", _branch),
    "remedy": ("Remedy", "Do something about it", _remedy),
    "dismiss": ("Dismiss", "Show this no more", _dismiss),
    "engine": ("Start the engine", "Look for the engine, and start it where it is not", _engine),
    "copy": ("Copy", "Copy this", _copy),
    "preferences": ("Preferences", "Where the engine is, and its models", _preferences),
}
"""By the operator's name: what its button says, what hovering tells, and what it does."""


def _kind(name: str, label: str, told: str, do: Do, room: Callable[[str], Room]) -> type:
    def execute(self: Any, context: Any) -> set[str]:
        here = room(self.editor)
        session = here.session or here.open()
        do(here, session, self.about, self.how)
        return {"FINISHED"}

    def description(cls: type, context: Any, given: Any) -> str:
        return given.hint or told

    text = bpy.props.StringProperty
    return type(
        f"SECONDUNIT_OT_{name}",
        (bpy.types.Operator,),
        {
            "__doc__": told,
            "__annotations__": {
                each: text(options={"SKIP_SAVE", "HIDDEN"})
                for each in ("editor", "about", "how", "hint")
            },
            "bl_idname": f"secondunit.{name}",
            "bl_label": label,
            "bl_options": {"INTERNAL"},
            "execute": execute,
            "description": classmethod(description),
        },
    )


def register(room: Callable[[str], Room]) -> None:
    """Register an operator for each row."""
    for name, (label, told, do) in ACTS.items():
        kind = _kind(name, label, told, do, room)
        bpy.utils.register_class(kind)
        _kinds.append(kind)


def unregister() -> None:
    """Take them away."""
    while _kinds:
        bpy.utils.unregister_class(_kinds.pop())
