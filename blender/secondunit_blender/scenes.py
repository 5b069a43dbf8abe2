"""Which scene is looked at, and by what it is known again after saving, renaming and undo."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import bpy

from secondunit_contract.frames import Rate
from secondunit_panel.host import HostGone, Place, PlaceGone

from . import versions

KEY = "secondunit_document"
"""The custom property a scene is known by. It is written when the file is saved, not before."""

FOLDER = "Second Unit"


class Scenes:
    """The scenes of the file that is open, each its own document. For the main thread alone."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self._seen = ""

    def saw(self, scene: Any) -> None:
        """This one is looked at: its panel was drawn."""
        self._seen = versions.known_by(scene)

    def shown(self) -> Any:
        """The scene whose cut is looked at. Raises HostGone where Blender shows none."""
        windows = list(bpy.context.window_manager.windows)
        windows.sort(key=lambda each: not _has(each, "SEQUENCE_EDITOR"))
        known = [versions.scene_of_window(each) for each in windows]
        seen = [each for each in known if each and versions.known_by(each) == self._seen]
        scene = next(iter(seen or [each for each in known if each]), None)
        if scene is None:
            raise HostGone("No scene is open", "Blender", "Open a file, then select again")
        return scene

    def document(self, scene: Any) -> str:
        """By what a scene is known."""
        told = scene.get(KEY)
        if isinstance(told, str) and told:
            return told
        known = versions.known_by(scene)
        if known not in self._ids:
            self._ids[known] = self._new(scene)
        return self._ids[known]

    def _new(self, scene: Any) -> str:
        """By what a scene will be known. One of a file on disk is called after both, so that it is
        found again where Blender ends before the file is saved with it.
        """
        if bpy.data.filepath:
            called = f"{Path(bpy.data.filepath).resolve().as_uri()}#{scene.name}"
            named = f"blend-{uuid.uuid5(uuid.NAMESPACE_URL, called).hex[:12]}"
            taken = {*self._ids.values(), *(each.get(KEY) for each in bpy.data.scenes)}
            if named not in taken:
                return named
        return f"blend-{uuid.uuid4().hex[:12]}"

    def of(self, document: str) -> list[Any]:
        """The scenes known by that, the one looked at first. Raises PlaceGone for none."""
        found = [
            each
            for each in bpy.data.scenes
            if document in (each.get(KEY), self._ids.get(versions.known_by(each)))
        ]
        if not found:
            raise PlaceGone(
                "The scene is not open any more", document, "Open its file, then try again"
            )
        return sorted(found, key=lambda each: versions.known_by(each) != self._seen)

    def keep(self) -> None:
        """Write into the scenes by what they are known, so that the file tells it."""
        for scene in bpy.data.scenes:
            known = self._ids.get(versions.known_by(scene))
            if known and scene.get(KEY) != known and scene.library is None:
                scene[KEY] = known

    def forget(self) -> None:
        """Another file is open."""
        self._ids.clear()
        self._seen = ""

    def place(self, scene: Any, strip: Any, frames: Any = None) -> Place:
        """Where a strip stands; `frames` of it, or all."""
        return Place(
            frames or versions.span(strip), rate(scene), str(strip.name), self.document(scene),
            f"Channel {strip.channel}",
        )  # fmt: skip

    def strip(self, at: Place) -> tuple[Any, Any]:
        """(scene, strip) at a place. Raises PlaceGone."""
        for scene in self.of(at.document):
            if scene.sequence_editor is None:
                continue
            found = versions.all_strips(scene.sequence_editor).get(at.id)
            if found is not None:
                return scene, found
        raise PlaceGone(f"The strip {at.id} is not there any more", at.track, "Select another")


def rate(scene: Any) -> Rate:
    """The scene's rate, exact: Blender keeps 24000/1001 as a number that is not quite it."""
    return Rate.of(scene.render.fps / scene.render.fps_base)


def folder() -> str:
    """Where takes of this file should lie; empty where it was never saved."""
    path = bpy.data.filepath
    return str(Path(path).parent / FOLDER) if path else ""


def file_of(strip: Any) -> str:
    """The media of a movie or image strip, as a whole path; of images that of the first."""
    if strip.type == "MOVIE":
        path = strip.filepath
    else:
        first = strip.elements[0].filename if strip.elements else ""
        path = str(strip.directory).rstrip("/\\") + "/" + first
    return absolute(path, strip.id_data.library)


def absolute(path: str, library: Any = None) -> str:
    """A path of Blender's as a whole one; // before it means the file's folder."""
    whole = bpy.path.abspath(path, library=library)
    return str(Path(whole).absolute()) if path else ""


def _has(window: Any, kind: str) -> bool:
    return any(area.type == kind for area in window.screen.areas) if window.screen else False
