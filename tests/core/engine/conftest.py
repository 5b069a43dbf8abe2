"""Tiny plates written by the libraries beneath, and an engine whose model follows a script."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import OpenImageIO
import pytest
from numpy.typing import NDArray

from secondunit.callsheet import CallSheet, FrameRule, Pixels
from secondunit.engine.local import Engine
from secondunit.engine.unit import Unit
from secondunit.media.read import open_media
from secondunit.models.testing import ScriptedModel, scripted_card
from secondunit.settings import Settings
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.job import Job
from secondunit_contract.queue import Entry

Frames = NDArray[Any]
SIZE = (34, 50)  # height, width: no multiple of any model's


def loud(sheet: CallSheet, seed: int) -> Pixels:
    """Black or white by chance in every channel of every pixel: a leak would be seen."""
    shape = (sheet.frames, sheet.height, sheet.width, 3)
    return np.random.default_rng(seed).integers(0, 2, shape).astype(np.float32)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """No models but those that come along."""
    return Settings(tmp_path / "no-models", "cpu")


@pytest.fixture
def scripted(settings: Settings) -> Callable[..., tuple[Engine, ScriptedModel]]:
    """An engine with a scripted model of that answer and longest clip, called "scripted"."""

    def make(
        answer: Callable[[CallSheet, int], Pixels] = loud,
        longest: int = 17,
        previews: Path | None = None,
        **more: Any,
    ) -> tuple[Engine, ScriptedModel]:
        model = ScriptedModel(scripted_card(frames=FrameRule(1, 4, longest), **more), answer)
        return Engine(settings, previews, [model]), model

    return make


@pytest.fixture(scope="session")
def starter() -> Engine:
    """An engine that shoots with the model that comes along, loaded once for all tests."""
    return Engine(Settings(Path("no-models"), "cpu"))


@pytest.fixture
def shoot(scripted, tmp_path: Path) -> Callable[..., Path]:
    """Shoot a task by the loud model; the take's path."""

    def make(task: str, values: dict[str, Any], output: str = "take", **clips: Clip) -> Path:
        # Smaller than the plate: what passes through the model has other bits everywhere.
        engine, _ = scripted(area=32 * 24)
        job = Job(task, str(tmp_path / "out" / output), inputs=clips, values=values,
                  model="scripted")  # fmt: skip
        return Path(engine.shoot(job)[0].media)

    return make


def write_movie(path: Path, frames: Frames, codec: str, pixels: str, layout: str) -> Clip:
    """Frames (T,H,W,C) into a movie at 24 a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(24))
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = pixels
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format=layout)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return Clip(str(path))


def write_pictures(folder: Path, frames: Frames, suffix: str, first: int = 1001) -> Clip:
    """Frames (T,H,W,C) into files shot.1001.SUFFIX and on; float16 is half."""
    folder.mkdir(parents=True, exist_ok=True)
    kinds = {"float16": "half", "float32": "float"}
    kind = kinds.get(frames.dtype.name, frames.dtype.name)
    for number, frame in enumerate(frames, first):
        height, width, channels = frame.shape
        spec = OpenImageIO.ImageSpec(width, height, channels, kind)
        # PNG's alpha is straight; OpenImageIO would multiply by it.
        spec.attribute("oiio:UnassociatedAlpha", 1)
        file = OpenImageIO.ImageOutput.create(str(folder / f"shot.{number:04d}.{suffix}"))
        assert file.open(str(folder / f"shot.{number:04d}.{suffix}"), spec), file.geterror()
        assert file.write_image(np.ascontiguousarray(frame)), file.geterror()
        assert file.close()
        file.geterror()
    return Clip(str(folder / f"shot.####.{suffix}"), rate=Rate.of(24))


def whole(clip: Clip | str | Path) -> Frames:
    """All frames of a clip, as they lie on disk."""
    with open_media(clip) as reader:
        wanted = clip.range if isinstance(clip, Clip) and clip.range else reader.footage.range
        return np.stack(list(reader.frames(wanted)))


def bits(frames: Frames) -> Frames:
    """The same pixels as whole numbers, so that NaN is like itself and -0 not like 0."""
    return np.ascontiguousarray(frames).view(f"u{frames.dtype.itemsize}")


def wild(dtype: str, channels: int, frames: int = 6) -> Frames:
    """Floating pixels with all a render may hold: 40, below 0, infinite, no number, tiny."""
    plate = np.random.default_rng(5).normal(0.4, 0.3, (frames, *SIZE, channels)).astype(dtype)
    strange = [40.0, -3.0, np.inf, -np.inf, np.nan, 1e-7, 0.0]
    plate[:, 0, : len(strange)] = np.array(strange, dtype)[:, None]
    plate[:, -1, -len(strange) :] = np.array(strange, dtype)[:, None]
    return plate


def _movie8(folder: Path) -> Clip:
    slope = np.linspace(30, 220, SIZE[1])[None, :, None] * np.ones((SIZE[0], 1, 3))
    frames = np.stack([np.roll(slope, 3 * number, 1) for number in range(6)]).astype(np.uint8)
    return write_movie(folder / "plate.mp4", frames, "libx264", "yuv420p", "rgb24")


def _movie10(folder: Path) -> Clip:
    frames = np.random.default_rng(3).integers(0, 1024, (6, *SIZE, 3)).astype(np.uint16)
    return write_movie(folder / "plate.mkv", frames, "ffv1", "gbrp10le", "gbrp10le")


def _png16(channels: int) -> Callable[[Path], Clip]:
    frames = np.random.default_rng(4).integers(0, 65536, (6, *SIZE, channels)).astype(np.uint16)
    return lambda folder: write_pictures(folder, frames, "png")


def _exr(dtype: str, channels: int) -> Callable[[Path], Clip]:
    return lambda folder: write_pictures(folder, wild(dtype, channels), "exr")


PLATES: dict[str, Callable[[Path], Clip]] = {
    "8-bit movie": _movie8,
    "10-bit movie": _movie10,
    "PNG16": _png16(3),
    "PNG16 with alpha": _png16(4),
    "half EXR": _exr("float16", 3),
    "half EXR with alpha": _exr("float16", 4),
    "float EXR": _exr("float32", 3),
    "float EXR with alpha": _exr("float32", 4),
}


@pytest.fixture(params=list(PLATES))
def plate(request: pytest.FixtureRequest, tmp_path: Path) -> Clip:
    """Six frames of every kind of plate."""
    folder = tmp_path / "plate"
    folder.mkdir()
    return PLATES[request.param](folder)


@pytest.fixture
def short(tmp_path: Path) -> Clip:
    """Six frames of an 8-bit movie."""
    folder = tmp_path / "short"
    folder.mkdir()
    return _movie8(folder)


BOX = (8, 20, 16, 30)  # top, bottom, left, right: what the matte marks


@pytest.fixture
def matte(tmp_path: Path) -> Clip:
    """One picture that marks a box."""
    picture = np.zeros((1, *SIZE, 3), np.uint8)
    top, bottom, left, right = BOX
    picture[:, top:bottom, left:right] = 255
    write_pictures(tmp_path / "matte", picture, "png", 1)
    return Clip(str(tmp_path / "matte" / "shot.0001.png"))


def within(distance: float) -> NDArray[np.bool_]:
    """(H,W): the pixels at most so far from the matte's box."""
    top, bottom, left, right = BOX
    y, x = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
    down = np.maximum(np.maximum(top - y, y - (bottom - 1)), 0)
    across = np.maximum(np.maximum(left - x, x - (right - 1)), 0)
    return np.asarray(np.hypot(down, across) <= distance)


def part(clip: Clip, first: int, last: int) -> Clip:
    """Frames first to last of a clip, counted from 0."""
    with open_media(clip) as reader:
        start = reader.footage.range.first
    return Clip(clip.media, FrameRange(start + first, start + last), clip.rate)


class Props:
    """What the tests of the engine share; a conftest cannot be imported from."""

    SIZE, BOX = SIZE, BOX
    whole, bits = staticmethod(whole), staticmethod(bits)
    part, within = staticmethod(part), staticmethod(within)
    loud, wild = staticmethod(loud), staticmethod(wild)
    write_movie, write_pictures = staticmethod(write_movie), staticmethod(write_pictures)

    @staticmethod
    def same(take: Frames, plate: Frames) -> bool:
        """Whether both are the same bits, of the same kind."""
        assert (take.dtype, take.shape) == (plate.dtype, plate.shape)
        return np.array_equal(bits(take), bits(plate))

    @staticmethod
    def changed(take: Frames, plate: Frames) -> float:
        """The share of these pixels (…,C) that have another colour."""
        return float((bits(take[..., :3]) != bits(plate[..., :3])).any(-1).mean())


@pytest.fixture(scope="session")
def props() -> type[Props]:
    """What the tests of the engine share."""
    return Props


class Desk:
    """A second unit on its own data folder, whose workers bring the tests' models."""

    def __init__(self, folder: Path, plate: Clip) -> None:
        self.folder, self.plate = folder, plate
        self.settings = Settings(folder / "no-models", "cpu", folder / "data", idle_seconds=30.0)
        self.takes = folder / "takes"

    def job(self, name: str = "", **more: Any) -> Job:
        """A job on the short plate by the paced model: one step, a movie."""
        wanted: dict[str, Any] = {"model": "paced", "steps": 1, "values": {"left": 8, "right": 8}}
        output = str(self.takes / more.pop("output", f"{name or 'take'}.mov"))
        return Job("extend", output, name, {"plate": self.plate}, **wanted | more)

    def unit(self, brought: str = "models", **more: Any) -> Unit:
        """The unit, with a worker that brings what that function gives."""
        return Unit.opened(self.settings, f"brought_models:{brought}", **more)

    def names(self) -> list[str]:
        """All files in the folder of takes."""
        return sorted(each.name for each in self.takes.iterdir()) if self.takes.is_dir() else []

    @staticmethod
    def until(unit: Unit, id: str, *states: str, patience: float = 180.0) -> Entry:
        """The job's entry, once it is in one of these states."""
        with unit.listen() as listener:
            end = time.monotonic() + patience
            while (entry := unit.entry(id)).state not in states:
                assert time.monotonic() < end, f"{entry} never came to be {states}"
                listener.get(0.5)
        return entry


@pytest.fixture
def desk(tmp_path: Path, short: Clip, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A second unit on its own data folder."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "brought"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return Desk(tmp_path, short)
