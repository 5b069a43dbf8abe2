"""How quickly footage is read, next to a bare decoding loop, and how much memory a long shot takes.

Both on a movie made here: long-GOP H.264 of a moving texture, as cameras' proxies are.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import av
import numpy as np

from secondunit.media.read import open_media

_FRAMES, _SIZE, _REPEATS = 120, (1280, 720), 8
_SHORT, _LONG, _SHOT = 100, 1000, (640, 360)
_TAIL = 4

# A process of its own for each shot: a peak is never forgotten. Linux counts, in ru_maxrss, what
# the process that started this one held; VmHWM begins with the program.
_EXTENDING = """
import sys
from pathlib import Path
from secondunit.engine.local import Engine
from secondunit_contract.clip import Clip
from secondunit_contract.job import Job

source, output, tail = sys.argv[1:]
plate = {"plate": Clip(source)}
Engine().shoot(Job("extend", output, inputs=plate, values={"tail": int(tail)}, steps=1))
status = Path("/proc/self/status")
if status.is_file():
    line = next(each for each in status.read_text().splitlines() if each.startswith("VmHWM"))
    peak = int(line.split()[1]) * 1024
else:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak *= 1 if sys.platform == "darwin" else 1024
sys.stdout.write(str(peak))
"""


def measure() -> tuple[dict[str, float], dict[str, Any]]:
    """media_ratio: our frames a second over a bare loop's. memory_ratio: peak memory of extending a
    long shot over that of a short one; not on Windows, which tells no peak.
    """
    with tempfile.TemporaryDirectory() as folder:
        plate = moving_texture(Path(folder) / "plate.mp4", _FRAMES, _SIZE)
        figures = {"media_ratio": reading_ratio(plate, _REPEATS)}
        conditions: dict[str, Any] = {
            "movie": f"{_FRAMES} frames of {_SIZE[0]}x{_SIZE[1]}, long-GOP H.264",
            "repeats": f"{_REPEATS} each, in turns, the best of each",
        }
        if sys.platform != "win32":
            short, long = (peak_of_extending(Path(folder), frames) for frames in (_SHORT, _LONG))
            figures["memory_ratio"] = long / short
            conditions |= {
                "shots": f"{_SHORT} and {_LONG} frames of {_SHOT[0]}x{_SHOT[1]}, "
                f"extended by {_TAIL}",
                "peak_mb": round(long / 2**20, 1),
                "growth_mb": round((long - short) / 2**20, 1),
            }
    return figures, conditions


def reading_ratio(path: Path, repeats: int = 3) -> float:
    """Our reader's frames a second over those of a bare PyAV loop to the same 8-bit RGB arrays.

    The two take turns in one run and the best of each counts, so that a busy machine slows both.
    Raises what `open_media` raises.
    """
    ours, bare = [], []
    for _ in range(repeats):
        ours.append(_timed_ours(path))
        bare.append(_timed_bare(path))
    return max(ours) / max(bare)


def peak_of_extending(folder: Path, frames: int) -> int:
    """Bytes a process holds at most that reads so many frames, adds a tail and writes them all."""
    plate = moving_texture(folder / f"shot_{frames}.mp4", frames, _SHOT)
    output = folder / f"take_{frames}.mov"
    command = [sys.executable, "-c", _EXTENDING, str(plate), str(output), str(_TAIL)]
    told = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    output.unlink()
    return int(told)


def moving_texture(path: Path, frames: int, size: tuple[int, int]) -> Path:
    """A movie of clouds that drift over each other, two pixels and three a frame."""
    width, height = size
    near, far = (_clouds(width, height, seed) for seed in (1, 2))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24, options={"g": "48", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            picture = np.roll(near, 3 * number, 1) // 2 + np.roll(far, 2 * number, 0) // 2
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def _clouds(width: int, height: int, seed: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """(H,W,3) uint8: noise of many sizes, so that there is something to encode."""
    chance = np.random.default_rng(seed)
    whole = np.zeros((height, width, 3), np.float32)
    for side in (64, 16, 4):
        small = chance.random((-(-height // side), -(-width // side), 3), np.float32)
        whole += small.repeat(side, 0).repeat(side, 1)[:height, :width] * side
    return (whole * (255 / 84)).astype(np.uint8)


def _timed_ours(path: Path) -> float:
    begun, frames = time.perf_counter(), 0
    with open_media(path) as reader:
        for _ in reader.frames(reader.footage.range):
            frames += 1
    return frames / (time.perf_counter() - begun)


def _timed_bare(path: Path) -> float:
    begun, frames = time.perf_counter(), 0
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for picture in container.decode(video=0):
            picture.to_ndarray(format="rgb24")
            frames += 1
    return frames / (time.perf_counter() - begun)
