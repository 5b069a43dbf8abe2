"""The panel in an editor's sidebar: the session, drawn with Blender's own widgets."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

import bpy

from secondunit_contract.queue import Entry, TakeEntry
from secondunit_panel import words
from secondunit_panel.orders import slate_of
from secondunit_panel.session import Session
from secondunit_panel.slates import Slate, slates

from . import drawing, engine, versions
from .room import Room

TAB = "Second Unit"
_FIRST = 4  # tasks shown at once; the others behind All
_WIDE = 420  # pixels of a panel in which four takes stand side by side

_kinds: list[type] = []


class Sheet:
    """A layout to draw on, for one room."""

    def __init__(self, room: Room, layout: Any, context: Any) -> None:
        self.room, self.layout, self.context = room, layout, context
        region = getattr(context, "region", None)
        system = context.preferences.system
        self.width = int(getattr(region, "width", 300) or 300) / max(0.5, system.ui_scale)

    def on(self, layout: Any) -> Sheet:
        """The same, on another layout."""
        return Sheet(self.room, layout, self.context)

    def button(self, act: str, text: str, about: str = "", how: str = "", **look: Any) -> None:
        """A button that does something; `hint` is what hovering tells, where it is its own."""
        hint = look.pop("hint", "")
        made = self.layout.operator(f"secondunit.{act}", text=text, **look)
        made.editor, made.about, made.how, made.hint = self.room.editor, about, how, hint

    def sentence(self, text: str, icon: str = "NONE", beside: int = 0) -> None:
        """Words, on as many lines as they need; `beside` are pixels that others take."""
        across = max(12, int((self.width - 40 - beside - (20 if icon != "NONE" else 0)) / 6.2))
        column = self.layout.column(align=True)
        column.scale_y = 0.8
        for number, line in enumerate(textwrap.wrap(text, across)):
            column.label(text=line, icon=icon if number == 0 else "NONE")

    def row(self, align: bool = True) -> Sheet:
        """What is drawn on it stands side by side."""
        return self.on(self.layout.row(align=align))


def draw_selection(sheet: Sheet, session: Session) -> None:
    """What is selected; and the way back from every change."""
    box = sheet.on(sheet.layout.box())
    name, _, span = session.selected.partition(" · ")
    row = box.row()
    told = row.on(row.layout.column())
    told.sentence(name if session.desk.selection else "Nothing is selected", beside=70)
    tools = row.row()
    tools.button("look", "", icon="FILE_REFRESH", hint="Read what is selected again")
    back, forth = tools.row(), tools.row()
    back.layout.enabled, forth.layout.enabled = session.desk.can_undo, session.desk.can_redo
    back.button("undo", "", how="undo", icon="LOOP_BACK", hint="Take the last change here back")
    forth.button("undo", "", how="redo", icon="LOOP_FORWARDS", hint="Make it again")
    box.sentence(span if session.desk.selection else session.selected)
    for each in session.desk.selection.clips[:1]:
        if each.must_export:
            box.sentence(f"{each.must_export}: it is rendered first")


def draw_engine(sheet: Sheet, session: Session) -> None:
    """How it stands with the engine, while it is not here; and what to do when it is missing."""
    link = session.link
    if link.here:
        return
    box = sheet.on(sheet.layout.box())
    box.sentence(engine.standing(link), icon="TIME" if link.state != "absent" else "ERROR")
    if engine.missing(link):
        draw_install(box)
    elif link.state in ("absent", "lost", "other"):
        box.button("engine", "Start the engine" if link.state == "absent" else "Look again")


def draw_install(sheet: Sheet) -> None:
    """The one command that installs the engine; nothing of it goes into Blender."""
    sheet.sentence("It is a program of its own. In a terminal:")
    row = sheet.row()
    row.layout.label(text=engine.INSTALL)
    row.button("copy", "Copy", about=engine.INSTALL)
    sheet.button("engine", "Look again")


def draw_notices(sheet: Sheet, session: Session) -> None:
    """What the artist should know, the latest first, each with its button."""
    shown = list(enumerate(session.notices.shown))
    for number, notice in reversed(shown):
        if notice.code.startswith("machine.part") and engine.missing(session.link):
            continue  # it is told above, with the command
        box = sheet.on(sheet.layout.box())
        row = box.row()
        words_ = row.on(row.layout.column())
        words_.sentence(notice.sentence, icon="INFO", beside=24)
        row.button("dismiss", "", about=str(number), icon="X", emboss=False)
        if notice.remedy:
            box.sentence(notice.remedy)
        if notice.action is not None:
            where = notice.where.strip()[:400]
            box.button("remedy", notice.action.label, about=str(number), hint=where)


def draw_tasks(sheet: Sheet, session: Session) -> None:
    """The tasks that fit, the likeliest first."""
    desk = session.desk
    if not desk.tasks:
        if desk.selection and desk.cards:
            sheet.sentence("No task fits what is selected")
        return
    shown = desk.tasks if desk.everything else desk.tasks[:_FIRST]
    if desk.task is not None and desk.task not in shown:
        shown = [*shown[:-1], desk.task]
    grid = sheet.on(sheet.layout.grid_flow(row_major=True, columns=min(4, len(shown)), align=True))
    for card in shown:
        grid.button(
            "choose", card.title, about=card.name, depress=card is desk.task, hint=card.help
        )


def draw_form(sheet: Sheet, session: Session) -> None:
    """The fields of the task chosen, and the settings beside them."""
    desk, room = session.desk, sheet.room
    if desk.task is None:
        return
    column = sheet.layout.column()
    column.use_property_split, column.use_property_decorate = True, False
    faults = {each.key for each in desk.faults()}
    heading = ""
    for field in desk.shown():
        if desk.everything and field.group and field.group != heading:
            column.label(text=field.group)
        heading = field.group
        _draw_field(room, column, room.form, field.key, field.key in faults)
    if drawing.marked(desk.form):
        _draw_marks(sheet, session)
    for field in room.fields() if desk.everything else room.fields()[:1]:
        _draw_field(room, column, room.settings, field.key, False)
    if desk.form.more or not desk.everything:
        text = "Fewer controls" if desk.everything else "All controls"
        sheet.button("everything", text, icon="TRIA_UP" if desk.everything else "TRIA_DOWN",
                     emboss=False)  # fmt: skip


def _draw_field(room: Room, layout: Any, group: Any, key: str, wrong: bool) -> None:
    held = room.values(group)
    if held is not None and key in group.attributes:
        row = layout.row()
        row.alert = wrong
        row.prop(held, group.attributes[key])


def _draw_marks(sheet: Sheet, session: Session) -> None:
    marks = session.desk.marks
    counts = {"click": len(marks.points), "stroke": len(marks.strokes),
              "path": len(marks.paths), "box": int(marks.box is not None)}  # fmt: skip
    told = " · ".join(f"{n} {name}{'s' if n > 1 else ''}" for name, n in counts.items() if n)
    row = sheet.row()
    row.layout.label(text=told or "Nothing is marked")
    if told:
        row.button("clear", "Clear")


def draw_shoot(sheet: Sheet, session: Session) -> None:
    """The one button that shoots, and what it will cost, said before."""
    desk = session.desk
    faults, cost = desk.faults(), str(session.cost())
    if len(desk.selection.clips) > 1:
        cost = " · ".join(filter(None, (f"{len(desk.selection.clips)} clips", cost)))
    if not session.link.here:
        cost = "Shot as soon as the engine is there"
    column = sheet.layout.column()
    column.scale_y = 1.5
    column.enabled = desk.task is not None
    sheet.on(column).button("shoot", "Shoot")
    told = faults[0].sentence if faults else cost
    if told:
        sheet.sentence(told)


def draw_jobs(sheet: Sheet, session: Session) -> None:
    """What is exported, what waits for the engine, and jobs that are not over."""
    export = session.shooting.export
    if export is not None:
        row = sheet.row()
        bar = row.layout.row()
        versions.progress(
            bar, export[0] / max(1, export[1]), f"Exporting the plate · {export[0]} of {export[1]}"
        )
        row.button("stop", "", icon="X", hint="Stop the export")
    for job in session.drafts.waiting:
        if job.id not in session.dailies.jobs:
            row = sheet.row()
            row.layout.label(text=f"{job.task} · waiting for the engine")
            row.button("act", "", about=job.id, how="cancel", icon="X", hint="Give it up")
    for entry in session.dailies.open():
        _draw_job(sheet, session, entry)


def _draw_job(sheet: Sheet, session: Session, entry: Entry) -> None:
    row = sheet.row()
    told = f"{entry.job.task} · {session.progress(entry.id)}"
    if entry.state == "running":
        versions.progress(row.layout.row(), words.share(entry), told)
    else:
        row.layout.label(text=told)
    goes_on = entry.state in ("paused", "pausing")
    row.button(
        "act", "", about=entry.id, how="resume" if goes_on else "pause",
        icon="PLAY" if goes_on else "PAUSE", hint="Let it go on" if goes_on else "Put it aside",
    )  # fmt: skip
    row.button("act", "", about=entry.id, how="cancel", icon="X", hint="Cancel it")


def draw_takes(sheet: Sheet, session: Session) -> None:
    """The takes of what is selected, by slates; of a take in the cut, those of its own slate."""
    shot, document = session.desk.shot, session.desk.selection.document
    own = sheet.room.host.slate(sheet.context)
    if own:
        found = [each for each in slates(_Of(session, own), "") if each.id == own]
    else:
        found = slates(session, document, [shot.clip.media] if shot else [])
    for slate in [each for each in found if each.takes][:3]:
        _draw_slate(sheet, session, slate)


class _Of:
    """The part of a session that knows of one slate."""

    def __init__(self, session: Session, slate: str) -> None:
        self.dailies, self._slate = session.dailies, slate

    def takes(self) -> list[TakeEntry]:
        """Its takes, the latest first."""
        jobs = self.dailies.jobs
        return [
            each
            for each in self.dailies.of("")
            if (job := jobs.get(each.take.job)) and slate_of(job.job) == self._slate
        ]


def _draw_slate(sheet: Sheet, session: Session, slate: Slate) -> None:
    room = sheet.room
    box = sheet.on(sheet.layout.box())
    if slate.name:
        box.layout.label(text=slate.name)
    chosen = room.take(slate.id, slate.takes)
    across = 1 if len(slate.takes) == 1 else (4 if sheet.width > _WIDE else 2)
    grid = box.layout.grid_flow(row_major=True, columns=across, even_columns=True, align=False)
    for entry in slate.takes:
        tile = box.on(grid.column(align=True))
        icon = room.stills.icon(entry.id, entry.take, session.link.client)
        if icon:
            tile.layout.template_icon(icon, scale=(sheet.width - 60) / across / 20)
        mark = {"circled": " ● circled", "rejected": " · rejected"}.get(entry.rating, "")
        in_cut = " · in the cut" if entry.id in session.placed else ""
        tile.button(
            "pick", f"{entry.take.number}{mark}{in_cut}", about=entry.id, how=slate.id,
            depress=entry is chosen, hint=f"Take {entry.take.number} · seed {entry.take.seed}",
        )  # fmt: skip
    if chosen is not None:
        _draw_acts(box, session, chosen)


def _draw_acts(sheet: Sheet, session: Session, entry: Any) -> None:
    sheet.layout.label(text=f"Take {entry.take.number} · seed {entry.take.seed}")
    if entry.note:
        sheet.sentence(entry.note)
    row = sheet.row()
    for how, text in (("circled", "Circle"), ("rejected", "Reject")):
        row.button("rate", text, about=entry.id, how=how, depress=entry.rating == how)
    if entry.id in session.placed:
        row.button("take_out", "Take out", about=entry.id)
        row.button("show", "Show", about=entry.id)
    else:
        row.button("place", "Place", about=entry.id)
    row = sheet.row()
    row.button("again", "Again", about=entry.id)
    row.button("branch", "Branch", about=entry.id)


Draw = Callable[[Sheet, Session], None]

_MAIN: tuple[Draw, ...] = (
    draw_selection, draw_engine, draw_notices, draw_tasks, draw_form, draw_shoot, draw_jobs,
    draw_takes,
)  # fmt: skip


def _panel(room: Room) -> type:
    def draw(self: Any, context: Any) -> None:
        session = room.draws(context)
        sheet = Sheet(room, self.layout, context)
        if session is None:
            sheet.layout.label(text="Looking for the engine")
            return
        for part in _MAIN:
            part(sheet, session)

    return type(
        f"SECONDUNIT_PT_{room.key}",
        (bpy.types.Panel,),
        {
            "__doc__": "The second unit's panel",
            "bl_idname": f"SECONDUNIT_PT_{room.key}",
            "bl_label": "Second Unit",
            "bl_space_type": room.editor,
            "bl_region_type": "UI",
            "bl_category": TAB,
            "draw": draw,
        },
    )


def register(rooms: dict[str, Room]) -> None:
    """Register a panel for each room."""
    for room in rooms.values():
        kind = _panel(room)
        bpy.utils.register_class(kind)
        _kinds.append(kind)


def unregister() -> None:
    """Take them away."""
    while _kinds:
        bpy.utils.unregister_class(_kinds.pop())
