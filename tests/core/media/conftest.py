"""Small footage made on the spot by the libraries beneath, never by the code under test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import OpenImageIO
import pytest
from numpy.typing import NDArray

from secondunit.media.depth import Depth


@pytest.fixture
def noise() -> Callable[..., NDArray[Any]]:
    """Values over the whole of a depth; floating ones with 40, below 0, infinite and no number."""

    def make(depth: Depth, channels: int, seed: int = 0, size: tuple[int, int] = (36, 50)) -> Any:
        chance = np.random.default_rng(seed)
        if not depth.floating:
            return chance.integers(0, depth.white + 1, (*size, channels)).astype(depth.dtype)
        frame = (chance.normal(size=(*size, channels)) * 10).astype(depth.dtype)
        frame[0, :5] = np.array([[40.0], [-3.0], [np.inf], [-np.inf], [np.nan]])
        return frame

    return make


@pytest.fixture
def movie(tmp_path: Path) -> Callable[..., Path]:
    """A movie of a square that moves over noise, by a named encoder; returns its path."""

    def make(
        name: str = "plate.mov",
        codec: str = "libx264",
        frames: int = 40,
        pixels: str = "yuv420p",
        options: dict[str, str] | None = None,
        times: list[int] | None = None,
        rate: Fraction = Fraction(24),
        **stream_words: str,
    ) -> Path:
        path = tmp_path / name
        still = np.random.default_rng(7).integers(0, 256, (64, 96, 3), dtype=np.uint8)
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=rate, options=options or {})
            stream.width, stream.height, stream.pix_fmt = 96, 64, pixels
            stream.metadata.update(stream_words)
            for number in range(frames):
                frame = still.copy()
                frame[16:32, 2 * number : 2 * number + 16] = (250, 20, 40)
                picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
                picture.time_base = 1 / rate
                picture.pts = times[number] if times else number
                container.mux(stream.encode(picture))
            container.mux(stream.encode(None))
        return path

    return make


@pytest.fixture
def from_the_start() -> Callable[[Path], Iterator[NDArray[np.uint8]]]:
    """Every picture of a movie as a bare loop from the start decodes it."""

    def decode(path: Path) -> Iterator[NDArray[np.uint8]]:
        with av.open(str(path)) as container:
            container.streams.video[0].thread_type = "AUTO"
            for picture in container.decode(video=0):
                yield picture.to_ndarray(format="rgb24")

    return decode


@pytest.fixture
def picture() -> Callable[..., None]:
    """Writes a file by OpenImageIO alone; `window` is the display's x, y, width, height."""

    def write(
        path: Path,
        pixels: np.ndarray,
        names: tuple[str, ...] = (),
        window: tuple[int, int, int, int] | None = None,
        **words: Any,
    ) -> None:
        kinds = {"float16": "half", "float32": "float"}
        height, width, channels = pixels.shape
        kind = kinds.get(pixels.dtype.name, pixels.dtype.name)
        spec = OpenImageIO.ImageSpec(width, height, channels, kind)
        if names:
            spec.channelnames = names
        if window:
            spec.full_x, spec.full_y, spec.full_width, spec.full_height = window
        for key, value in words.items():
            if isinstance(value, tuple):
                spec.attribute(key.replace("__", ":"), *value)
            else:
                spec.attribute(key.replace("__", ":"), value)
        file = OpenImageIO.ImageOutput.create(str(path))
        assert file.open(str(path), spec), file.geterror()
        assert file.write_image(pixels), file.geterror()
        assert file.close()
        file.geterror()

    return write
