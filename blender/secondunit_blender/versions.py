"""What Blender calls differently from version to version; nothing else asks for the version.

4.4 calls sequences strips; 5.0 gives a new effect its length and each workspace a scene for the
Sequencer; 5.2 calls a strip's frames otherwise, and warns of the old names.
"""

from __future__ import annotations

from typing import Any

import bpy

from secondunit_contract.frames import FrameRange

_HANDLES = {
    True: ("left_handle", "right_handle"),
    False: ("frame_final_start", "frame_final_end"),
}


def strips(level: Any) -> Any:
    """The strips of a sequence editor or a meta strip, without those inside other metas."""
    return level.strips if hasattr(level, "strips") else level.sequences


def all_strips(editor: Any) -> Any:
    """All strips of a sequence editor."""
    return editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all


def span(strip: Any) -> FrameRange:
    """The frames of the scene a strip stands on."""
    newer = hasattr(strip, "left_handle")
    first, end = (getattr(strip, name) for name in _HANDLES[newer])
    return FrameRange(int(first), max(int(first), int(end) - 1))


def spans(found: Any) -> list[tuple[int, int]]:
    """The first and the last frame of each of a collection's strips, of thousands at once."""
    if not len(found):
        return []
    first, end = ([0] * len(found) for _ in range(2))
    for name, into in zip(_HANDLES[hasattr(found[0], "left_handle")], (first, end), strict=True):
        found.foreach_get(name, into)
    return [(a, max(a, b - 1)) for a, b in zip(first, end, strict=True)]


def selected(found: Any) -> list[Any]:
    """The selected strips of a collection."""
    told = [False] * len(found)
    found.foreach_get("select", told)
    return [found[k] for k, each in enumerate(told) if each]


def trim(strip: Any, to: FrameRange) -> None:
    """Let a strip stand on these frames alone; its content stays where it is."""
    if hasattr(strip, "left_handle"):
        strip.left_handle, strip.right_handle = to.first, to.last + 1
    else:
        strip.frame_final_start, strip.frame_final_end = to.first, to.last + 1


def content(strip: Any) -> tuple[int, int]:
    """The frame of the scene on which a strip's content begins, and how many frames it has."""
    if hasattr(strip, "content_start"):
        return round(strip.content_start), int(strip.content_duration)
    return round(strip.frame_start), int(strip.frame_duration)


def move(strip: Any, to: int) -> None:
    """Have a strip's content begin on a frame of the scene."""
    setattr(strip, "content_start" if hasattr(strip, "content_start") else "frame_start", to)


def trimmed_off(strip: Any) -> tuple[int, int]:
    """Frames of the file that a strip's content leaves out, at its head and its tail."""
    if hasattr(strip, "content_trim_start"):
        return int(strip.content_trim_start), int(strip.content_trim_end)
    return int(getattr(strip, "animation_offset_start", 0)), int(
        getattr(strip, "animation_offset_end", 0)
    )


def scene_of_window(window: Any) -> Any:
    """The scene whose cut a window's Sequencers show."""
    return getattr(window.workspace, "sequencer_scene", None) or window.scene


def as_exr(settings: Any) -> list[tuple[str, Any]]:
    """What makes image settings write half-float EXR, in the order it has to be said."""
    told: list[tuple[str, Any]] = (
        [("media_type", "IMAGE")] if hasattr(settings, "media_type") else []
    )
    told += [("file_format", "OPEN_EXR"), ("color_mode", "RGB"), ("color_depth", "16")]
    return [*told, ("exr_codec", "ZIP"), ("color_management", "FOLLOW_SCENE")]


def known_by(scene: Any) -> str:
    """What tells one scene from another as long as Blender runs, through undo and renaming."""
    return str(getattr(scene, "session_uid", "") or scene.name_full)


def modal(window: Any) -> list[str]:
    """The names of what the artist is in the middle of in a window; none where not known."""
    return [str(each.bl_idname) for each in getattr(window, "modal_operators", ())]


def progress(layout: Any, share: float, text: str) -> None:
    """A bar of progress; before 4.0 words alone."""
    if hasattr(layout, "progress"):
        layout.progress(factor=share, text=text, type="BAR")
    else:
        layout.label(text=text)


VERSION = str(bpy.app.version_string)


def effect(strips: Any, name: str, kind: str, channel: int, on: FrameRange, *of: Any) -> Any:
    """A new effect on frames of the scene, made of up to two strips."""
    known = {each.identifier for each in strips.bl_rna.functions["new_effect"].parameters}
    told: dict[str, Any] = {"frame_start": on.first}
    told |= {"length": len(on)} if "length" in known else {"frame_end": on.last + 1}
    names = ("input1", "input2") if "input1" in known else ("seq1", "seq2")
    return strips.new_effect(name, kind, channel, **told, **dict(zip(names, of, strict=False)))
