"""What is seen at a frame, through metas and cross-fades; gaps, and what stands beside them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from secondunit_contract.frames import FrameRange
from secondunit_panel.host import Place, Selection, Shot

from . import versions
from .scenes import Scenes, folder, rate
from .strips import home, is_picture, shot

CROSSES = ("CROSS", "GAMMA_CROSS", "WIPE")
"""Effects that go from one strip over to another: their first half is the one's."""

RENDERED = 24
"""Frames of a neighbour that has to be rendered, at most: those beside the gap."""


@dataclass(frozen=True)
class Seen:
    """A strip, which of its frames are seen as far as metas let them, and on which channel."""

    strip: Any
    frames: FrameRange
    channel: int


class Level:
    """The strips that stand side by side: in the cut, or in one meta of it."""

    def __init__(self, strips: Any) -> None:
        self.strips, self.spans = strips, versions.spans(strips)

    def at(self, frame: int) -> list[Any]:
        """Those that stand at a frame."""
        return [self.strips[k] for k, (a, b) in enumerate(self.spans) if a <= frame <= b]


def level_of(editor: Any) -> Any:
    """The strips that are shown: those of the meta the artist has opened, else the outermost."""
    stack = editor.meta_stack
    return versions.strips(stack[-1] if len(stack) else editor)


def switched_off(editor: Any) -> frozenset[int]:
    """The channels that are."""
    channels = getattr(editor, "channels", ())
    return frozenset(number for number, each in enumerate(channels) if each.mute)


def visible(off: frozenset[int], strip: Any) -> bool:
    """Whether a strip is a picture and switched on, and its channel too."""
    return is_picture(strip) and not strip.mute and strip.channel not in off


def seen(off: frozenset[int], level: Level, frame: int) -> Seen | None:
    """The strip that is seen at a frame; None where nothing is."""
    here = [each for each in level.at(frame) if visible(off, each)]
    hidden = {str(each.name) for effect in here for each in inputs(effect)}
    top = max(
        (each for each in here if each.name not in hidden),
        key=lambda each: int(each.channel),
        default=None,
    )
    return None if top is None else _through(off, top, frame)


def inputs(effect: Any) -> list[Any]:
    """The strips an effect is made of."""
    found = [getattr(effect, name, None) for name in ("input_1", "input_2")]
    return [each for each in found if each is not None]


def _through(off: frozenset[int], top: Any, frame: int) -> Seen | None:
    frames = versions.span(top)
    if top.type in CROSSES and len(inputs(top)) == 2:
        first, second = inputs(top)
        half = frames.first + len(frames) / 2
        return _through(off, first if frame < half else second, frame)
    if top.type == "META" and not any(not each.mute for each in top.modifiers):
        inner = seen(off, Level(versions.strips(top)), frame)
        common = inner.frames.clipped_to(frames) if inner else None
        if inner is not None and common is not None:
            return Seen(inner.strip, common, int(top.channel))
    return Seen(top, frames, int(top.channel))


def selection(scenes: Scenes) -> Selection:
    """What is selected in the Sequencer: strips; or the gap between two, or under the playhead."""
    scene = scenes.shown()
    editor = scene.sequence_editor
    playhead = int(scene.frame_current)
    nothing = Selection(playhead=playhead, document=scenes.document(scene), folder=folder())
    if editor is None:
        return nothing
    cut = Cut(scenes, scene, editor)
    chosen = sorted(
        (each for each in versions.selected(cut.level.strips) if is_picture(each)),
        key=lambda each: (versions.span(each).first, each.channel),
    )
    gap = cut.gap_between(chosen) if chosen else cut.gap_at(playhead)
    if gap is not None:
        place = cut.place_of(gap)
        found = replace(nothing, gap=place, before=cut.before(gap), after=cut.after(gap))
        return _housed(found)
    shots = tuple(shot(scenes, scene, each) for each in chosen)
    if not shots:
        return nothing
    whole = FrameRange(
        min(each.place.range.first for each in shots), max(each.place.range.last for each in shots)
    )
    return _housed(replace(nothing, clips=shots, before=cut.before(whole), after=cut.after(whole)))


def _housed(found: Selection) -> Selection:
    """Takes of a file that was never saved lie beside their media, where all of it has files."""
    shots = [each for each in (*found.clips, found.before, found.after) if each is not None]
    if found.folder or (shots and not any(each.must_export for each in shots)):
        return found
    return replace(found, folder=str(home(found.document)))


class Cut:
    """The strips on one level of a scene's cut, and the gaps between them."""

    def __init__(self, scenes: Scenes, scene: Any, editor: Any) -> None:
        self.scenes, self.scene, self.editor = scenes, scene, editor
        self.level, self._off = Level(level_of(editor)), switched_off(editor)

    def _shown(self) -> list[tuple[int, int]]:
        """The first and the last frame of each strip that can be seen."""
        both = zip(self.level.strips, self.level.spans, strict=True)
        return [span for strip, span in both if visible(self._off, strip)]

    def gap_at(self, frame: int) -> FrameRange | None:
        """The gap around a frame: up to the strips beside it, within the scene or its preview."""
        spans = self._shown()
        if any(first <= frame <= last for first, last in spans):
            return None
        scene = self.scene
        preview = bool(scene.use_preview_range)
        ends = (
            (scene.frame_preview_start, scene.frame_preview_end)
            if preview
            else (scene.frame_start, scene.frame_end)
        )
        bounds = FrameRange(int(ends[0]), max(int(ends[0]), int(ends[1])))
        earlier = [last for _, last in spans if last < frame]
        later = [first for first, _ in spans if first > frame]
        if not (earlier or later or preview):
            return None
        first = max(earlier, default=bounds.first - 1) + 1
        last = min(later, default=bounds.last + 1) - 1
        whole = FrameRange(first, last) if first <= frame <= last else None
        if whole is not None and preview and frame in bounds:
            return whole.clipped_to(bounds)
        return whole

    def gap_between(self, chosen: list[Any]) -> FrameRange | None:
        """The gap between two strips; None where they touch, or something stands between."""
        if len(chosen) != 2:
            return None
        first, last = versions.span(chosen[0]).last + 1, versions.span(chosen[1]).first - 1
        if first > last:
            return None
        if any(a <= last and first <= b for a, b in self._shown()):
            return None
        return FrameRange(first, last)

    def place_of(self, gap: FrameRange) -> Place:
        """A gap as a place: nothing stands there."""
        beside = [self._beside(gap.first - 1), self._beside(gap.last + 1)]
        channel = next((each.channel for each in beside if each), 1)
        return Place(
            gap, rate(self.scene), "", self.scenes.document(self.scene), f"Channel {channel}"
        )

    def before(self, frames: FrameRange) -> Shot | None:
        """What is seen up to these frames, where it touches them."""
        found = self._beside(frames.first - 1)
        if found is None:
            return None
        return self._shot(found, FrameRange(found.frames.first, frames.first - 1), tail=True)

    def after(self, frames: FrameRange) -> Shot | None:
        """What is seen right after these frames."""
        found = self._beside(frames.last + 1)
        if found is None:
            return None
        return self._shot(found, FrameRange(frames.last + 1, found.frames.last), tail=False)

    def _beside(self, frame: int) -> Seen | None:
        return seen(self._off, self.level, frame)

    def _shot(self, found: Seen, frames: FrameRange, tail: bool) -> Shot:
        made = shot(self.scenes, self.scene, found.strip, frames)
        if not made.must_export or len(frames) <= RENDERED:
            return made
        first = frames.last - RENDERED + 1 if tail else frames.first
        return shot(self.scenes, self.scene, found.strip, FrameRange.starting(first, RENDERED))
