"""Small movies of takes that any browser plays, made once, one after another, in the background."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from secondunit_contract.clip import Clip
from secondunit_contract.job import Take
from secondunit_contract.problem import DiskFull, MediaMissing, NotWritable, Problem
from secondunit_contract.queue import TakeEntry

LONGEST_SIDE = 640
"""Pixels of a preview's longer side."""

KEPT = 512
"""Previews kept on disk; those not asked for the longest go first."""

_CHECKER = 16  # pixels of a square behind what is transparent


class Previews:
    """Makes previews into a folder, and keeps them there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._maker = ThreadPoolExecutor(1, "previews")
        self._under_way: dict[Path, asyncio.Future[Path]] = {}

    async def of(self, entry: TakeEntry) -> Path:
        """The preview of a take; waits until it is made. Raises Problems of its media."""
        path = self._folder / f"{_identity(entry)}.mp4"
        if path.is_file():
            os.utime(path)
            return path
        if path not in self._under_way:
            loop = asyncio.get_running_loop()
            making = loop.run_in_executor(self._maker, self._made, entry, path)
            self._under_way[path] = making
            making.add_done_callback(lambda _: self._under_way.pop(path, None))
        return await asyncio.shield(self._under_way[path])

    def close(self) -> None:
        """Begin no further one."""
        self._maker.shutdown(wait=False, cancel_futures=True)

    def _made(self, entry: TakeEntry, path: Path) -> Path:
        part = path.with_name(f".{path.stem}.part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_preview(entry, part)
            os.replace(part, path)
        except Problem:
            raise
        except OSError as error:
            kind = DiskFull if error.errno == 28 else NotWritable
            raise kind(f"The preview cannot be written: {error}", str(self._folder)) from error
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
        self._forget_old()
        return path

    def _forget_old(self) -> None:
        made = sorted(self._folder.glob("*.mp4"), key=lambda each: each.stat().st_mtime)
        for each in made[:-KEPT]:
            with suppress(OSError):
                each.unlink()


def _identity(entry: TakeEntry) -> str:
    """A take's file as it is now: one that is shot again gets another preview."""
    take = entry.take
    try:
        first = Path(take.media)
        stamp = os.stat(first if first.exists() else first.parent)
    except OSError as error:
        raise MediaMissing(
            "The take's file is not there any more", take.media, "Shoot it again"
        ) from error
    told = (entry.id, take.media, str(take.range), stamp.st_size, stamp.st_mtime_ns)
    return hashlib.sha256(repr(told).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def write_preview(entry: TakeEntry, path: Path) -> None:
    """Write the take, scaled down, as H.264. What is transparent shows a checkerboard.

    Every frame stands alone, so that a browser finds each at once. Raises Problems of the media.
    """
    import av

    take = entry.take
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as movie:
        stream: Any = None
        for picture in _pictures(_clip(take)):
            height, width = picture.shape[:2]
            if stream is None:
                stream = movie.add_stream(
                    "libx264",
                    rate=take.rate.per_second,
                    options={"crf": "24", "preset": "veryfast", "g": "1", "threads": "1"},
                )
                stream.width, stream.height = width, height
                stream.pix_fmt = "yuv420p"
            movie.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        if stream is not None:
            movie.mux(stream.encode(None))


def _clip(take: Take) -> Clip:
    """The take's own frames: a movie holds no others, a folder of pictures may."""
    return Clip(take.media, None if Path(take.media).is_file() else take.range)


def _pictures(clip: Clip) -> Iterator[Any]:
    """The frames of a clip, (H,W,3) uint8, what is transparent over a checkerboard."""
    import numpy as np

    from secondunit.media.shown import eight_bits, shown

    for colours, alpha in shown(clip, LONGEST_SIDE):
        if alpha is not None:
            ground = _checker(*colours.shape[:2])
            colours = colours * alpha + ground * (1 - alpha)
        yield eight_bits(np.asarray(colours))


def _checker(height: int, width: int) -> Any:
    import numpy as np

    y, x = np.mgrid[:height, :width] // _CHECKER
    return np.where((x + y) % 2, 0.36, 0.28).astype(np.float32)[..., None]
