"""The Sequencer as the panel's host: strips, gaps and markers of a scene's cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from secondunit_contract.clip import Clip
from secondunit_panel.host import Delivery, Mark, Place, Placed, Progress, Selection, Shot

from . import markers, neighbours, placing, provenance, versions
from .exporting import export, refuse_lost
from .host import BlenderHost
from .scenes import file_of

EDITOR = "SEQUENCE_EDITOR"

_LOOKED_AT = 100  # selected strips whose changes are seen at once


class SequencerHost(BlenderHost):
    """The cut that is open."""

    can = frozenset(("place", "mark", "open", "take_out"))

    def selection(self) -> Selection:
        """The selected strips, or the gap between them or under the playhead."""
        return self._read(lambda: neighbours.selection(self.scenes))

    def plate(self, shot: Shot, folder: Path, told: Progress) -> Clip:
        """The strip's file, or its frames rendered."""
        if shot.must_export:
            return self._told(lambda: export(self.main, self.scenes, shot, folder, told))
        self._read(lambda: refuse_lost(self.scenes.strip(shot.place)[1]))
        return shot.clip

    def place(self, delivery: Delivery) -> Placed:
        """A strip above the plate, or another take in the one there already; with its marker."""
        return self._write(lambda: placing.Placing(self.scenes, delivery).place())

    def mark(self, at: Place, mark: Mark) -> None:
        """A marker of the timeline. One of ours at the same frame is replaced."""
        self._write(lambda: self._marked(at, mark))

    def open(self, at: Place, frame: int | None = None) -> None:
        """Select a strip alone, and put the playhead on it."""

        def show() -> None:
            scene, strip = (
                self.scenes.strip(at) if at.id else (self.scenes.of(at.document)[0], None)
            )
            scene.frame_current = at.range.first if frame is None else frame
            if strip is not None:
                for each in versions.all_strips(scene.sequence_editor):
                    each.select = each.name == strip.name
                scene.sequence_editor.active_strip = strip

        self._write(show)

    def take_out(self, placed: Placed) -> None:
        """Take a take out of its strip; the strip goes with the last one."""
        self._write(lambda: placing.take_out(self.scenes, placed))

    def signature(self, context: Any) -> object:
        """Which strips are selected and how they stand; with none, where the playhead is."""
        scene = versions.scene_of_window(context.window) if context.window else context.scene
        self.scenes.saw(scene)
        editor = scene.sequence_editor
        if editor is None:
            return (versions.known_by(scene), bpy.data.filepath)
        level = neighbours.level_of(editor)
        chosen = versions.selected(level)
        near = chosen[:_LOOKED_AT]
        stand = [(e.name, versions.span(e), e.channel, e.mute, _media(e)) for e in near]
        at = None if chosen else scene.frame_current
        return (versions.known_by(scene), bpy.data.filepath, stand, at, len(level), len(chosen))

    def slate(self, context: Any) -> str:
        """The slate of the strip of ours that is selected."""
        editor = self.scenes.shown().sequence_editor
        chosen = versions.selected(neighbours.level_of(editor)) if editor else []
        return str(chosen[0].get(provenance.SLATE) or "") if len(chosen) == 1 else ""

    def _marked(self, at: Place, mark: Mark) -> None:
        scene = self.scenes.strip(at)[0] if at.id else self.scenes.of(at.document)[0]
        if not markers.stands(scene, mark.range.first, mark):
            with placing.step("mark"):
                markers.write(scene, mark.range.first, mark)


def _media(strip: Any) -> str:
    return file_of(strip) if strip.type in ("MOVIE", "IMAGE") else ""
