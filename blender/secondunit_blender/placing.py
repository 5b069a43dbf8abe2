"""A take comes into the cut: a strip above its plate, which holds all takes of its slate.

Another take of the slate is played by the same strip, so that what was done to that since (trims, a
fade, its place) stays. All that is done for one take is one step to undo.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import bpy

from secondunit_contract.frames import FrameRange
from secondunit_contract.job import Take
from secondunit_panel.host import Delivery, HostBusy, NotPlaced, Placed, PlaceGone
from secondunit_panel.orders import made_for

from . import markers, provenance, versions
from .neighbours import inputs
from .scenes import Scenes, absolute, file_of
from .strips import blender_space, media_size, picture

CHANNELS = 128
_NUMBER = re.compile(r"#+|%0?(\d*)d")
_LONGEST = 60  # bytes of a strip's name
# How a strip shows its media; a take of a strip's own media is shown the same way.
_SHOWN = {
    "": ("use_flip_x", "use_flip_y", "color_multiply", "color_saturation", "multiply_alpha"),
    "transform": ("offset_x", "offset_y", "scale_x", "scale_y", "rotation", "origin", "filter"),
    "crop": ("min_x", "max_x", "min_y", "max_y"),
}


class Placing:
    """One take on its way into the cut. Raises PlaceGone where its plate or scene has gone."""

    def __init__(self, scenes: Scenes, delivery: Delivery) -> None:
        self.scenes, self.delivery = scenes, delivery
        self.plate: Any = None
        if delivery.at.id:
            self.scene, self.plate = scenes.strip(delivery.at)
        else:
            self.scene = scenes.of(delivery.at.document)[0]
        self.editor = self.scene.sequence_editor or self.scene.sequence_editor_create()

    def place(self) -> Placed:
        """Put the take into the cut, or tell where it stands already. Raises NotPlaced."""
        delivery, take = self.delivery, self.delivery.take
        held = provenance.holding(self.scene, delivery.job.id, take.number)
        if held is not None:
            strip, take = held
            if delivery.chosen and not self._is_seen(strip, take):
                with step(f"take {take.number}"):
                    self._play(strip, take)
                    self._seen(strip)
            return self.told(strip, take)
        files_of(take)
        with step(f"take {take.number}"):
            strip = self._beside()
            if strip is None:
                strip = self._new()
            elif delivery.chosen:
                self._play(strip, take)
            provenance.put(strip, [*provenance.takes(strip), take])
            self._seen(strip)
        return self.told(strip, take)

    def told(self, strip: Any, take: Take) -> Placed:
        """What stands, read back. Raises NotPlaced where it is not what was to be placed."""
        shown = provenance.plays(strip) == (take.job, take.number)
        if shown and _media_of(strip, take) != _plain(take.media):
            raise NotPlaced(
                f"The strip {strip.name} plays another file", file_of(strip),
                "Take it out, then place it again",
            )  # fmt: skip
        how = f"take {take.number}" + ("" if shown else ", kept in the strip")
        place = self.scenes.place(self.scene, strip)
        return Placed(place, take.media, take.range, how, take.job, take.number)

    def _beside(self) -> Any | None:
        """The strip of this slate that this take can be played by."""
        delivery = self.delivery
        for strip in provenance.ours(self.scene, delivery.slate):
            there = provenance.takes(strip)
            if (
                there
                and provenance.lies(strip) == delivery.lies
                and _alike(there[0], delivery.take)
            ):
                return strip
        return None

    def _new(self) -> Any:
        """A strip of the take on a free channel. Raises NotPlaced, and leaves none then."""
        delivery, take = self.delivery, self.delivery.take
        told = made_for(delivery.job).get("name") or "gap"
        base = self.plate.name if self.plate is not None else told
        name = _short(f"{base} · {delivery.job.task}")
        strip = create(self.editor, name, take, delivery.lies, self.free_channel())
        try:
            _stand(strip, take, delivery.lies)
            self._colours(strip)
            self._shown(strip)
            provenance.imprint(strip, delivery)
            provenance.tell(strip, take)
        except BaseException:
            versions.strips(self.editor).remove(strip)
            raise
        return strip

    def _play(self, strip: Any, take: Take) -> None:
        if provenance.plays(strip) != (take.job, take.number):
            probe = create(self.editor, "probe", take, self.delivery.lies, CHANNELS)
            try:  # a file that cannot be read would leave the strip as it is, and say nothing
                _stand(probe, take, self.delivery.lies)
            finally:
                versions.strips(self.editor).remove(probe)
            play(strip, take)

    def _is_seen(self, strip: Any, take: Take) -> bool:
        """Whether a strip plays a take, and of its slate that one alone is to be seen."""
        slate = provenance.ours(self.scene, self.delivery.slate)
        right = all(each.mute == (each.name != strip.name) for each in slate)
        return right and provenance.plays(strip) == (take.job, take.number)

    def free_channel(self) -> int:
        """The first channel that is free above the plate and all that is made of it; in a gap,
        the one of its neighbours where that is free.

        Raises HostBusy where there is none.
        """
        strips, lies = list(versions.strips(self.editor)), self.delivery.lies
        taken = {int(e.channel) for e in strips if versions.span(e).clipped_to(lies)}
        channels = getattr(self.editor, "channels", ())
        first = self._above(strips)
        for channel in range(first, CHANNELS + 1):
            known = channels[channel] if channel < len(channels) else None
            if channel not in taken and not (known and (known.lock or known.mute)):
                return channel
        raise HostBusy("All channels are in use there", self.scene.name, "Free one, then try again")

    def _above(self, strips: list[Any]) -> int:
        told = re.search(r"\d+", self.delivery.at.track)
        if self.plate is None:
            return int(told[0]) if told else 1
        outer = [each for each in strips if _holds(each, self.plate)]
        own = {self.plate.name, *(each.name for each in outer)}
        highest = max(int(each.channel) for each in [*outer, self.plate])
        highest = int(outer[0].channel) if outer else highest
        for each in sorted(strips, key=lambda strip: int(strip.channel)):
            if any(one.name in own for one in inputs(each)):
                own.add(each.name)
                highest = max(highest, int(each.channel))
        return highest + 1

    def _colours(self, strip: Any) -> None:
        """Numbers stay numbers; colours are those of the plate. Raises NotPlaced."""
        delivery, settings = self.delivery, strip.colorspace_settings
        wanted = "Non-Color" if delivery.raw else blender_space(delivery.colour_space)
        if wanted and settings.name != wanted:
            settings.name = wanted
            if settings.name != wanted:
                raise NotPlaced(
                    f"Blender knows no colour space {wanted}",
                    strip.name,
                    "Look at its colour config",
                )

    def _shown(self, strip: Any) -> None:
        """Show a take as its plate is shown, where it has its size; else let it fit the picture."""
        own, plate = media_size(strip), self.plate
        job = self.delivery.job.inputs.get("plate")
        if plate is not None and plate.type in ("MOVIE", "IMAGE") and job is not None:
            rendered = Path(job.media).parent != Path(file_of(plate)).parent
            if not rendered and own == media_size(plate):
                _copy_look(plate, strip)
                return
        width, height = picture(self.scene)
        if all(own) and own != (width, height):
            scale = min(width / own[0], height / own[1])
            strip.transform.scale_x = strip.transform.scale_y = scale

    def _seen(self, strip: Any) -> None:
        """Where this take is the chosen one, keep others of its slate out of sight, and mark it."""
        if self.delivery.chosen:
            for each in provenance.ours(self.scene, self.delivery.slate):
                each.mute = each.name != strip.name
            first = versions.span(strip).first
            markers.write(self.scene, first, markers.of_take(self.delivery))


def take_out(scenes: Scenes, placed: Placed) -> None:
    """Take a take out of its strip, and the strip with the last one."""
    try:
        known = scenes.of(placed.place.document)
    except PlaceGone:
        return
    for scene in known:
        held = provenance.holding(scene, placed.job, placed.number) if placed.job else None
        if held is not None:
            with step(f"take {placed.number} out"):
                _taken_out(scene, *held)
            return


def _taken_out(scene: Any, strip: Any, take: Take) -> None:
    left = [each for each in provenance.takes(strip) if each != take]
    markers.remove(scene, versions.span(strip).first, take.number)
    if provenance.plays(strip) != (take.job, take.number) or _plays_one_of(strip, left):
        provenance.put(strip, left)
        return
    level = next(
        each
        for each in [scene.sequence_editor, *versions.all_strips(scene.sequence_editor)]
        if hasattr(each, "meta_stack") or each.type == "META"
        if any(one.name == strip.name for one in versions.strips(each))
    )
    versions.strips(level).remove(strip)


def _plays_one_of(strip: Any, left: list[Take]) -> bool:
    """Have a strip play the last of these that is still on the disk; whether there was one."""
    for each in reversed(left):
        with suppress(NotPlaced):
            play(strip, each)
            return True
    return False


@contextmanager
def step(what: str) -> Iterator[None]:
    """All that is done in it is one step to undo."""
    yield
    window = next(iter(bpy.context.window_manager.windows), None)
    if window is not None:
        with bpy.context.temp_override(window=window):
            bpy.ops.ed.undo_push(message=f"Second Unit: {what}")


def create(editor: Any, name: str, take: Take, lies: FrameRange, channel: int) -> Any:
    """A strip of a take's media, its first file frame on the first of `lies`. Raises NotPlaced."""
    files, strips = files_of(take), versions.strips(editor)
    movie = len(files) == 1 and not _NUMBER.search(Path(take.media).name)
    make = strips.new_movie if movie else strips.new_image
    try:
        strip = make(name, own_path(files[0]), channel, lies.first)
    except RuntimeError as error:
        raise NotPlaced(f"Blender refuses the take: {error}", files[0], "Shoot it again") from error
    for each in files[1:]:
        strip.elements.append(os.path.basename(each))
    strip.select = False  # what the artist has selected stays so
    return strip


def play(strip: Any, take: Take) -> None:
    """Have a strip play another take, where it stands. Raises NotPlaced, and plays as before."""
    files, span = files_of(take), versions.span(strip)
    begin = versions.content(strip)
    before = _media(strip)
    try:
        _load(strip, files)
        versions.trim(strip, span)
        if versions.content(strip) != begin or versions.span(strip) != span:
            raise NotPlaced("The take is of another length", files[0], "Place it by itself")
    except BaseException:
        _load(strip, before)
        versions.trim(strip, span)
        raise
    provenance.tell(strip, take)


def files_of(take: Take) -> list[str]:
    """The files of a take, each on the disk. Raises NotPlaced."""
    media = take.media
    found = None if os.path.isfile(media) else _NUMBER.search(os.path.basename(media))
    files = [media]
    if found is not None:
        folder, name = os.path.split(media)
        digits = int(found[1] or 1) if found[1] is not None else len(found[0])
        head, tail = name[: found.start()], name[found.end() :]
        files = [os.path.join(folder, f"{head}{k:0{digits}d}{tail}") for k in take.range]
    gone = [each for each in files if not os.path.isfile(each)]
    if gone:
        raise NotPlaced("The take is not on the disk any more", gone[0], "Shoot it again")
    return files


def own_path(path: str) -> str:
    """A path as Blender keeps it: counted from the file, where it has one and that is liked."""
    liked = bpy.context.preferences.filepaths.use_relative_paths
    if bpy.data.filepath and liked:
        try:
            return str(bpy.path.relpath(path))
        except ValueError:  # on another drive
            return path
    return path


def _stand(strip: Any, take: Take, lies: FrameRange) -> None:
    """Have the take's own frames of its file stand on the frames of the scene. Raises NotPlaced."""
    own, (begin, has) = take.range, versions.content(strip)
    if has != len(own):  # the file holds more than the take, or less
        if strip.type != "MOVIE" or not FrameRange.starting(0, max(1, has)).covers(own):
            raise NotPlaced(
                f"The take has {has} frames, not {len(own)}", file_of(strip), "Shoot it again"
            )
        versions.move(strip, begin - own.first)
    versions.trim(strip, lies)
    if versions.span(strip) != lies:
        raise NotPlaced(
            f"The take stands on {versions.span(strip)}, not on {lies}", strip.name, "Try again"
        )


def _load(strip: Any, files: list[str]) -> None:
    if strip.type == "MOVIE":
        strip.filepath = own_path(files[0])
        return
    strip.directory = own_path(os.path.dirname(files[0]) + os.sep)
    for element, path in zip(strip.elements, files, strict=True):
        element.filename = os.path.basename(path)


def _media(strip: Any) -> list[str]:
    if strip.type == "MOVIE":
        return [file_of(strip)]
    folder = absolute(strip.directory)
    return [os.path.join(folder, each.filename) for each in strip.elements]


def _media_of(strip: Any, take: Take) -> str:
    """What a strip plays, written as the take writes it."""
    files = _media(strip)
    return _plain(take.media if files == [_plain(each) for each in files_of(take)] else files[0])


def _plain(path: str) -> str:
    return os.path.abspath(path)


def _alike(one: Take, other: Take) -> bool:
    """Whether one strip can play both: of one kind, and of as many frames."""
    kinds = [os.path.splitext(each.media)[1].lower() for each in (one, other)]
    numbered = [bool(_NUMBER.search(os.path.basename(each.media))) for each in (one, other)]
    same = kinds[0] == kinds[1] if all(numbered) else numbered[0] == numbered[1]
    return same and one.range == other.range


def _copy_look(plate: Any, strip: Any) -> None:
    for part, names in _SHOWN.items():
        source, target = (getattr(each, part) if part else each for each in (plate, strip))
        for name in names:
            if hasattr(source, name):
                setattr(target, name, getattr(source, name))


def _holds(outer: Any, strip: Any) -> bool:
    """Whether a strip is a meta with another in it, at any depth."""
    return outer.type == "META" and any(
        each.name == strip.name or _holds(each, strip) for each in versions.strips(outer)
    )


def _short(name: str) -> str:
    return name.encode()[:_LONGEST].decode("utf-8", "ignore")
