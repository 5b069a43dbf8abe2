"""A cut in Blender to try things on: strips of a real movie, pictures, and what came of it."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from secondunit_blender import neighbours, versions
from secondunit_blender.pump import MainThread
from secondunit_blender.scenes import Scenes
from secondunit_blender.sequencer import SequencerHost
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.job import Job, Take
from secondunit_panel.host import Delivery, Place, Selection, Shot


class Stage:
    """An empty cut of 320x180 at 24 frames a second, and the adapter on it."""

    def __init__(self, folder: Path, plate: Path) -> None:
        self.folder, self.plate = folder, plate
        bpy.ops.wm.read_factory_settings(use_empty=True)
        self.main, self.scenes = MainThread(patience=20), Scenes()
        self.host = SequencerHost(self.main, self.scenes)
        self.begin()

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *told: object) -> None:
        self.main.close()

    def begin(self) -> None:
        """The scene as it should be for a cut."""
        scene = bpy.data.scenes[0]
        bpy.context.window.scene = scene
        if hasattr(bpy.context.workspace, "sequencer_scene"):
            bpy.context.workspace.sequencer_scene = scene
        scene.render.resolution_x, scene.render.resolution_y = 320, 180
        scene.view_settings.view_transform = "Standard"
        scene.frame_end = 250
        scene.sequence_editor_create()

    @property
    def scene(self) -> Any:
        """The scene that is shown, asked for anew each time: undo makes others of all there is."""
        return Scenes().shown()

    @property
    def strips(self) -> Any:
        return versions.strips(self.scene.sequence_editor)

    def names(self) -> list[str]:
        return [each.name for each in self.strips]

    def at(self, name: str) -> Any:
        return versions.all_strips(self.scene.sequence_editor)[name]

    # what stands in the cut

    def media(self, name: str = "plate.mov") -> Path:
        """A copy of the plate in a folder of its own."""
        path = self.folder / "media" / name
        path.parent.mkdir(exist_ok=True)
        shutil.copyfile(self.plate, path)
        return path

    def movie(self, name: str, first: int, last: int | None = None, channel: int = 1) -> Any:
        """A strip of the whole plate, or up to a frame of the cut."""
        strip = self.strips.new_movie(name, str(self.media(f"{name}.mov")), channel, first)
        if last is not None:
            versions.trim(strip, FrameRange(first, last))
        strip.select = False
        return strip

    def pictures(self, name: str, first: int, numbers: list[int], channel: int = 1) -> Any:
        """A strip of numbered pictures."""
        folder = self.folder / "pictures"
        folder.mkdir(exist_ok=True)
        files = [folder / f"{name}.{each:04d}.png" for each in numbers]
        for k, path in enumerate(files):
            self.picture(path, (k + 1) / 40)
        strip = self.strips.new_image(name, str(files[0]), channel, first)
        for each in files[1:]:
            strip.elements.append(each.name)
        strip.select = False
        return strip

    def picture(self, path: Path, grey: float, size: tuple[int, int] = (320, 180)) -> None:
        image = bpy.data.images.new("made", *size)
        image.pixels = [grey, 0.5, 1 - grey, 1.0] * (size[0] * size[1])
        image.filepath_raw, image.file_format = str(path), "PNG"
        image.save()
        bpy.data.images.remove(image)

    def colour(self, name: str, first: int, last: int, channel: int, of=(1, 0, 0)) -> Any:
        strip = versions.effect(self.strips, name, "COLOR", channel, FrameRange(first, last))
        strip.color, strip.select = of, False
        return strip

    def effect(self, name: str, kind: str, first: int, last: int, channel: int, *of: Any) -> Any:
        on = FrameRange(first, last)
        strip = versions.effect(self.strips, name, kind, channel, on, *of)
        strip.select = False
        return strip

    def meta(self, name: str, channel: int, *inner: Any) -> Any:
        """A meta of strips that stand already."""
        meta = self.strips.new_meta(name, channel, versions.span(inner[0]).first)
        for each in inner:
            each.move_to_meta(meta)
        spans = [versions.span(each) for each in inner]
        versions.trim(meta, FrameRange(min(s.first for s in spans), max(s.last for s in spans)))
        meta.select = False
        return meta

    # what an artist does

    def select(self, *names: str, playhead: int | None = None) -> Selection:
        """Select these alone, and read it."""
        for each in versions.all_strips(self.scene.sequence_editor):
            each.select = each.name in names
        if playhead is not None:
            self.scene.frame_current = playhead
        return self.host.selection()

    def shot(self, name: str) -> Shot:
        [shot] = self.select(name).clips
        return shot

    def gap(self, playhead: int) -> Selection:
        return self.select(playhead=playhead)

    def save(self, name: str = "cut.blend") -> Path:
        path = self.folder / name
        bpy.ops.wm.save_as_mainfile(filepath=str(path))
        return path

    # takes

    def take(self, number: int, frames: FrameRange, job: str = "j-1", **more: Any) -> Take:
        """A take of as many frames, in a movie that has just these."""
        media = more.pop("media", "") or str(self.cut_movie(f"take_{job}_{number}", len(frames)))
        return Take(job, number, 40 + number, media, frames, Rate.of(24), 320, 180, **more)

    def cut_movie(self, name: str, frames: int) -> Path:
        """A movie of so many frames: the plate, run through Blender."""
        path = self.folder / "takes" / f"{name}.mov"
        if path.exists():
            return path
        path.parent.mkdir(exist_ok=True)
        kept = self.folder.parent / f"movie_{frames}.mov"
        if kept.exists():
            shutil.copyfile(kept, path)
            return path
        made = bpy.data.scenes.new("maker")
        made.sequence_editor_create()
        strips = versions.strips(made.sequence_editor)
        strips.new_movie("m", str(self.plate), 1, 1)
        made.frame_start, made.frame_end = 1, frames
        render = made.render
        render.resolution_x, render.resolution_y = 320, 180
        if hasattr(render.image_settings, "media_type"):
            render.image_settings.media_type = "VIDEO"
        render.image_settings.file_format = "FFMPEG"
        render.ffmpeg.format, render.ffmpeg.codec = "QUICKTIME", "H264"
        render.filepath, render.use_file_extension = str(path), False
        bpy.ops.render.render(animation=True, scene=made.name)
        bpy.data.scenes.remove(made)
        shutil.copyfile(path, kept)
        return path

    def delivery(self, at: Place, take: Take, **more: Any) -> Delivery:
        """A take on its way to a place."""
        plate = more.pop("plate", None)
        values = {"prompt": 'a "red" ball'}
        job = Job("extend", "", take.job, {"plate": plate} if plate else {}, values, seed=41)
        lies = more.pop("lies", at.range)
        return Delivery(take, job, at, lies, more.pop("slate", take.job), **more)

    def placed(self, name: str = "a", number: int = 1, **more: Any) -> Any:
        """A take of a strip, placed above it."""
        shot = self.shot(name)
        take = more.pop("take", None) or self.take(number, FrameRange.starting(
            shot.clip.range.first, len(shot.place.range)))  # fmt: skip
        return self.host.place(self.delivery(shot.place, take, plate=shot.clip, **more))

    # what came of it

    def frame(self, number: int, scene: Any = None) -> list[tuple[float, float, float]]:
        """What is seen at a frame: four corners' colours and the middle's, of the screen."""
        path = self.folder / f"seen_{number}.png"
        scene = scene or self.scene
        image = scene.render.image_settings
        if hasattr(image, "media_type"):
            image.media_type = "IMAGE"
        image.file_format, scene.render.filepath = "PNG", str(path)
        scene.frame_set(number)
        bpy.ops.render.render(write_still=True, scene=scene.name)
        return self.corners(path)

    def corners(self, path: Path) -> list[tuple[float, float, float]]:
        image = bpy.data.images.load(str(path))
        width, height = image.size
        pixels = list(image.pixels)
        bpy.data.images.remove(image)
        at = [(8, 8), (width - 8, 8), (8, height - 8), (width - 8, height - 8),
              (width // 2, height // 2)]  # fmt: skip
        return [tuple(pixels[4 * (y * width + x) :][:3]) for x, y in at]

    def until(self, holds: Callable[[], object], patience: float = 20.0, main: Any = None) -> None:
        """Pump until something holds."""
        end = time.monotonic() + patience
        while not holds():
            if time.monotonic() > end:
                raise AssertionError("it does not come to hold")
            (main or self.main).pump(0.005)

    def beside(self, call: Callable[[], Any], main: Any = None) -> Any:
        """A call as the panel makes it: from another thread, while this one pumps."""
        told: list[Any] = []

        def run() -> None:
            try:
                told.append((call(), None))
            except Exception as error:  # noqa: BLE001 - raised below
                told.append((None, error))

        other = threading.Thread(target=run)
        other.start()
        self.until(lambda: told, main=main)
        other.join()
        result, error = told[0]
        if error is not None:
            raise error
        return result

    def refused(self, kind: type[Exception], call: Callable[[], Any]) -> Exception:
        """What is raised, which has to be of that kind, and to say what to do."""
        try:
            call()
        except kind as problem:
            assert getattr(problem, "remedy", "x"), "no remedy"  # noqa: PT017 - no pytest here
            return problem
        raise AssertionError(f"{kind.__name__} had to be raised")


__all__ = ["Clip", "Stage", "neighbours"]
