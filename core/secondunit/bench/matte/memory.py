"""MEMORY: what a process holds at most that keys or mattes a 1080p shot, by the shot's length."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from secondunit.bench.matte import clips
from secondunit.bench.matte.clips import Filmed
from secondunit_contract.problem import ProgramFault

LONG = 1000
"""Frames of the shot the figure is about."""

LENGTHS = {"key": (24, 48), "matte": (24, 48)}
"""Frames shot: beyond a process's warming up, and any window of the model that comes along."""
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


def held(footage: Path) -> tuple[dict[str, float], dict[str, Any]]:
    """shot_memory_gb: the peak of a shot of a thousand frames, the larger of a key's and a matte's.

    Measured on a short and a longer shot; what the frames between them added is added for all that
    are missing to a thousand. Nothing on Windows, which tells no peak.
    """
    if sys.platform == "win32":
        return {}, {"shot_memory": "not measured: Windows tells no peak"}
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for task, filmed, values in (
            ("key", clips.green(footage), {}),
            ("matte", clips.natural(footage), None),
        ):
            told = _clicked(filmed) if values is None else values
            peaks = [peak(Path(folder), task, filmed, told, count) for count in LENGTHS[task]]
            figures |= grown(task, LENGTHS[task], peaks)
    figures["shot_memory_gb"] = max(figures[f"{task}_memory_gb"] for task in LENGTHS)
    figures["shot_memory_frames"] = float(LENGTHS["key"][1])
    said = ", ".join(f"{task} of {a} and {b} frames" for task, (a, b) in LENGTHS.items())
    return figures, {"shot_memory": f"{said} of {_SIZE[0]}x{_SIZE[1]}, carried on to {LONG}"}


def grown(task: str, lengths: tuple[int, int], peaks: list[int]) -> dict[str, float]:
    """The figures of a task: gigabytes at a thousand frames, and megabytes a frame of growth."""
    a_frame = (peaks[1] - peaks[0]) / (lengths[1] - lengths[0])
    whole = max(peaks) + max(0.0, a_frame) * (LONG - lengths[1])
    return {
        f"{task}_memory_gb": whole / 2**30,
        f"{task}_memory_measured_gb": max(peaks) / 2**30,
        f"{task}_memory_growth_mb": a_frame / 2**20,
    }


def peak(
    folder: Path, task: str, filmed: Filmed, values: dict[str, Any], frames: int,
    size: tuple[int, int] = _SIZE,
) -> int:  # fmt: skip
    """Bytes that shooting so many frames of a shot at a size takes at most.

    Raises ProgramFault with what the process said where it failed.
    """
    plate = _repeated(folder / f"{task}_{frames}.mp4", filmed.plate, frames, size)
    output = folder / f"{task}_{frames}" / "take.exr"
    output.parent.mkdir()
    command = [sys.executable, "-c", _SHOOTING, task, str(plate), str(output), json.dumps(values)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    if told.returncode:
        raise ProgramFault("A shot whose memory was measured failed", told.stderr[-2000:])
    for each in output.parent.iterdir():
        each.unlink()
    return int(told.stdout)


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
