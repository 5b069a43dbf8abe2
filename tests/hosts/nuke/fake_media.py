"""The files of the fake Nuke: sequences, stills and movies, really read and written."""

from __future__ import annotations

import os
import re
import struct
import tempfile
from functools import cache
from pathlib import Path

import av
import numpy as np
import OpenImageIO as oiio  # noqa: N813

NUMBER = re.compile(r"#+|%0?(\d*)d")
MOVIES = (".mov", ".mp4", ".mkv")


def numbered(path: str) -> bool:
    return NUMBER.search(os.path.basename(path)) is not None


def file_at(path: str, number: int) -> str:
    """The file of a frame; a movie's own path for any."""

    def digits(found) -> str:
        width = int(found[1] or 1) if found[0][0] == "%" else len(found[0])
        return f"{number:0{width}d}"

    return NUMBER.sub(digits, path)


def on_disk(path: str) -> tuple[int, int] | None:
    """The first and last number of a sequence; 1 to its length of a movie; 1 and 1 of a still."""
    if not numbered(path):
        if not os.path.isfile(path):
            return None
        return (1, frames_of(path)) if path.endswith(MOVIES) else (1, 1)
    folder, name = os.path.split(path)
    found = NUMBER.search(name)
    pattern = re.compile(
        re.escape(name[: found.start()]) + r"(-?\d+)" + re.escape(name[found.end() :])
    )
    inside = os.listdir(folder) if os.path.isdir(folder) else []
    numbers = [int(match[1]) for match in map(pattern.fullmatch, inside) if match]
    return (min(numbers), max(numbers)) if numbers else None


def frames_of(path: str) -> int:
    with av.open(path) as movie:
        return movie.streams.video[0].frames or sum(1 for _ in movie.decode(video=0))


def rate_of(path: str) -> float | None:
    if not path.endswith(MOVIES):
        return None
    with av.open(path) as movie:
        return float(movie.streams.video[0].average_rate)


def opened(path: str):
    picture = oiio.ImageInput.open(path)
    if picture is None:
        raise RuntimeError(f"{path}: {oiio.geterror()}")
    return picture


def size_of(path: str) -> tuple[int, int]:
    if path.endswith(MOVIES):
        with av.open(path) as movie:
            stream = movie.streams.video[0]
            return stream.width, stream.height
    picture = opened(path)
    size = picture.spec().full_width, picture.spec().full_height
    picture.close()
    return size


def channels_of(path: str) -> list[str]:
    if path.endswith(MOVIES):
        with av.open(path) as movie:
            alpha = any(c.is_alpha for c in movie.streams.video[0].codec_context.format.components)
        return ["R", "G", "B", "A"] if alpha else ["R", "G", "B"]
    picture = opened(path)
    names = list(picture.spec().channelnames)
    picture.close()
    return names


def read(path: str, index: int = 0) -> np.ndarray:
    """(H,W,4) float32; of a movie the frame `index`, counted from 0."""
    if path.endswith(MOVIES):
        with av.open(path) as movie:
            for count, frame in enumerate(movie.decode(video=0)):
                if count == index:
                    return frame.to_ndarray(format="rgba").astype(np.float32) / 255
        raise RuntimeError(f"{path} has no frame {index}")
    picture = opened(path)
    pixels = picture.read_image("float")
    picture.close()
    pixels = np.atleast_3d(pixels)
    if pixels.shape[2] < 3:
        zero = np.zeros_like(pixels[..., :1])
        return np.concatenate([pixels[..., :1], zero, zero, zero], axis=2)
    alpha = pixels[..., 3:4] if pixels.shape[2] > 3 else np.zeros_like(pixels[..., :1])
    return np.concatenate([pixels[..., :3], alpha], axis=2)


def write(path: str, pixels: np.ndarray, channels: str, half: bool, compression: str) -> None:
    """An EXR as Nuke writes it."""
    pixels = np.ascontiguousarray(pixels[..., : len(channels)], dtype=np.float32)
    height, width, count = pixels.shape
    spec = oiio.ImageSpec(width, height, count, "half" if half else "float")
    spec.attribute("compression", "zips" if compression.startswith("Zip (1") else "zip")
    out = oiio.ImageOutput.create(path)
    if not out.open(path, spec):
        raise RuntimeError(f"{path}: {out.geterror()}")
    out.write_image(pixels)
    out.close()


def unfinish(path: str) -> None:
    """As a program leaves an EXR that died in it: the table of its scanlines is half empty."""
    data = bytearray(Path(path).read_bytes())
    rows = size_of(path)[1]
    # The table begins where its own first entry points right behind it.
    table = next(at for at in range(len(data) - 8)
                 if struct.unpack_from("<Q", data, at)[0] == at + 8 * rows)  # fmt: skip
    data[table + 4 * rows : table + 8 * rows] = bytes(4 * rows)
    Path(path).write_bytes(data)


def sequence(folder: Path, name: str, first: int, last: int, alpha=False) -> str:
    """A sequence of EXR, 64x36, each frame as bright as its number; its path with ####.

    Of an alpha the upper half is empty.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, last + 1):
        (folder / f"{name}.{number:04d}.exr").write_bytes(_frame(number % 100, alpha))
    return str(folder / f"{name}.####.exr")


@cache
def _frame(number: int, alpha: bool) -> bytes:
    pixels = np.full((36, 64, 4), number / 100, np.float32)
    pixels[..., 3] = 1.0
    pixels[:18, :, 3] = 0.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "frame.exr")
        write(str(path), pixels, "rgba" if alpha else "rgb", True, "Zip (1 scanline)")
        return path.read_bytes()
