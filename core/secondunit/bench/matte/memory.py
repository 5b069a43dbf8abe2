"""MEMORY: what a process holds at most that keys or mattes a 1080p shot, by the shot's length."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import psutil

from secondunit.bench.matte import clips
from secondunit.bench.matte.clips import Filmed
from secondunit_contract.problem import ProgramFault

LONG = 1000
"""Frames of the shot the figure is about."""

FRAMES = 72
"""Frames shot: beyond a process's warming up, and several of any window's length."""
_LOOK = 0.25  # seconds between two looks at a process
_SIZE = (1920, 1080)

# A process of its own for each shot: a peak is never forgotten. Linux counts, in ru_maxrss, what
# the process that started this one held; VmHWM begins with the program.
_SHOOTING = """
import json, sys
from pathlib import Path
from secondunit.engine.local import Engine
from secondunit_contract.clip import Clip
from secondunit_contract.job import Job

task, source, output, values = sys.argv[1:]
plate = {"plate": Clip(source)}
Engine().shoot(Job(task, output, inputs=plate, values=json.loads(values)))
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


@dataclass(frozen=True)
class Held:
    """What a process held: at most, and by and by as (frames written, bytes)."""

    peak: int
    seen: tuple[tuple[int, int], ...]


def held(footage: Path) -> tuple[dict[str, float], dict[str, Any]]:
    """shot_memory_gb: the peak of a shot of a thousand frames, the larger of a key's and a matte's.

    A shorter shot's is measured. What it held in the middle of its last third beyond the middle of
    the third before is growth, and added for all the frames that are missing to a thousand. Nothing
    on Windows, which tells no peak.
    """
    if sys.platform == "win32":
        return {}, {"shot_memory": "not measured: Windows tells no peak"}
    figures: dict[str, float] = {}
    asked = {
        "key": (clips.green(footage), {}),
        "matte": (natural := clips.natural(footage), _clicked(natural)),
    }
    with tempfile.TemporaryDirectory() as folder:
        for task, (filmed, values) in asked.items():
            figures |= carried_on(task, FRAMES, watched(Path(folder), task, filmed, values, FRAMES))
    figures["shot_memory_gb"] = max(figures[f"{task}_memory_gb"] for task in asked)
    figures["shot_memory_frames"] = float(FRAMES)
    width, height = _SIZE
    return figures, {"shot_memory": f"{FRAMES} frames of {width}x{height}, carried on to {LONG}"}


def carried_on(task: str, frames: int, held: Held) -> dict[str, float]:
    """The figures of a task: gigabytes at a thousand frames, and megabytes a frame of growth."""
    thirds = [
        [size for written, size in held.seen if first * frames <= 3 * written < last * frames]
        for first, last in ((1, 2), (2, 3))
    ]
    earlier, later = (statistics.median(each) if each else held.peak for each in thirds)
    a_frame = (later - earlier) / (frames / 3)
    whole = held.peak + max(0.0, a_frame) * (LONG - frames)
    return {
        f"{task}_memory_gb": whole / 2**30,
        f"{task}_memory_measured_gb": held.peak / 2**30,
        f"{task}_memory_growth_mb": a_frame / 2**20,
    }


def watched(
    folder: Path, task: str, filmed: Filmed, values: dict[str, Any], frames: int,
    size: tuple[int, int] = _SIZE,
) -> Held:  # fmt: skip
    """What a process holds that shoots so many frames of a shot at a size.

    Raises ProgramFault with what the process said where it failed.
    """
    plate = _repeated(folder / f"{task}_{frames}.mp4", filmed.plate, frames, size)
    output = folder / f"{task}_{frames}" / "take.exr"
    output.parent.mkdir()
    command = [sys.executable, "-c", _SHOOTING, task, str(plate), str(output), json.dumps(values)]
    seen: list[tuple[int, int]] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        shooting = psutil.Process(process.pid)
        while process.poll() is None:
            with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                written = sum(".exr" in each.name for each in output.parent.iterdir())
                seen.append((written, shooting.memory_info().rss))
            time.sleep(_LOOK)
        told, said = process.communicate()
    if process.returncode:
        raise ProgramFault("A shot whose memory was measured failed", said[-2000:])
    for each in output.parent.iterdir():
        each.unlink()
    return Held(int(told), tuple(seen))


def _clicked(filmed: Filmed) -> dict[str, Any]:
    assert filmed.truth is not None
    across, down = clips.deepest(filmed.truth[0])
    return {"points": [{"x": across, "y": down}]}


def _repeated(path: Path, plate: Any, frames: int, size: tuple[int, int]) -> Path:
    """A movie of a plate, to and fro, enlarged."""
    there = [*range(len(plate)), *range(len(plate) - 2, 0, -1)]
    with av.open(str(path), "w") as container:
        options = {"preset": "veryfast", "crf": "16"}
        stream = container.add_stream("libx264", rate=Fraction(24), options=options)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for number in range(frames):
            frame = cv2.resize(
                plate[there[number % len(there)]], size, interpolation=cv2.INTER_CUBIC
            )
            picture = np.round(np.clip(frame, 0, 1) * 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path
