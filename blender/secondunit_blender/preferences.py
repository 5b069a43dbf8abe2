"""The extension's preferences: where the engine is, whether it starts by itself, and its models.

Annotations are no text here: Blender makes properties of them.
"""

from typing import Any

import bpy

from . import engine
from .panel import Sheet, draw_install

_registered: list[type] = []
_THE_ENGINE = "Its Python; empty: the one that `secondunit install blender` has named"
_THE_DATA = "Where the engine keeps jobs, takes and drafts; empty: this user's own folder"


def _settled(self: Any, context: Any) -> None:
    _settle(self)


def _settle(told: Any) -> None:
    path = bpy.path.abspath
    _here().engine.settle(
        path(told.python) if told.python else "", path(told.data) if told.data else "",
        bool(told.start_by_itself),
    )  # fmt: skip


class SecondUnitPreferences(bpy.types.AddonPreferences):
    """Where the engine is, and what it has."""

    bl_idname = __package__

    python: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Engine", description=_THE_ENGINE, subtype="FILE_PATH", update=_settled
    )
    data: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Data", description=_THE_DATA, subtype="DIR_PATH", update=_settled
    )
    start_by_itself: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name="Start the engine with the panel", default=True, update=_settled,
        description="Else it is started by a button",
    )  # fmt: skip

    def draw(self, context: Any) -> None:
        """How it stands with the engine, where it is, and its models."""
        room = next(iter(_here().rooms.values()))
        sheet = Sheet(room, self.layout, context)
        link = room.session.link if room.session else None
        row = sheet.row()
        row.layout.label(
            text=engine.standing(link), icon="CHECKMARK" if link and link.here else "INFO"
        )
        if engine.missing(link):
            draw_install(sheet)
        elif link is None or not link.here:
            row.button("engine", "Start the engine")
        column = sheet.layout.column()
        column.use_property_split = True
        for name in ("python", "data", "start_by_itself"):
            column.prop(self, name)
        for model in room.session.models if room.session else ():
            _draw_model(sheet, model)


def _draw_model(sheet: Sheet, model: dict[str, Any]) -> None:
    """A model: whether it can shoot here, its memory and its licence."""
    row = sheet.row(align=False)
    row.layout.label(text=str(model.get("title") or model.get("name", "")))
    told = str(model.get("fault") or model.get("short") or "")
    if not model.get("installed"):
        told = "Not on this machine"
    needed = (model.get("reach") or {}).get("memory_gb")
    memory = f"{max(1, needed):.0f} GB of memory" if isinstance(needed, (int, float)) else ""
    facts = filter(None, (told or "Ready", memory, str(model.get("licence") or "")))
    row.layout.label(text=" · ".join(facts))


def _here() -> Any:
    from .running import running

    return running()


def register(here: Any) -> None:
    """Register them, and take over what they say."""
    bpy.utils.register_class(SecondUnitPreferences)
    _registered.append(SecondUnitPreferences)
    known = bpy.context.preferences.addons.get(__package__)
    if known is not None and known.preferences is not None:
        _settle(known.preferences)
    else:
        here.engine.settle("", "", True)


def unregister() -> None:
    """Take them away."""
    while _registered:
        bpy.utils.unregister_class(_registered.pop())
