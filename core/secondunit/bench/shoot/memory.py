"""Memory: the most a call takes, and whether a worker's grows from job to job."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from secondunit_contract.problem import ProgramFault

JOBS, EARLY = 200, 20

_STATUS, _FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")

# A process of its own: what others have left behind is not in the way.
_SHOOTING = """
import json, sys
from secondunit.bench.shoot.memory import shot
sys.stdout.write(json.dumps(shot(*json.loads(sys.argv[1]))))
"""


class Meter:
    """The most bytes taken since it was made: on cuda of the device, on Linux of the process, less
    what it held before and with the weights instead. 0 where neither tells.
    """

    def __init__(self, device: Any, weights: int) -> None:
        import torch

        self._device, self._weights, self._before = device, weights, 0
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        elif _FORGET.exists():
            _FORGET.write_text("5")
            self._before = _status("VmRSS")

    def most(self) -> int:
        """So far."""
        import torch

        if self._device.type == "cuda":
            return int(torch.cuda.max_memory_allocated(self._device))
        if not _FORGET.exists():
            return 0
        return self._weights + max(0, _status("VmHWM") - self._before)


def _status(what: str) -> int:
    line = next(each for each in _STATUS.read_text().splitlines() if each.startswith(what))
    return int(line.split()[1]) * 1024


def leak(jobs: int = JOBS, early: int = EARLY, device: str = "cpu") -> float:
    """What a worker's engine holds after so many jobs, over after the early ones. Raises
    ProgramFault with what it said where it failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        told = json.dumps([folder, jobs, early, device])
        command = [sys.executable, "-c", _SHOOTING, told]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ProgramFault("The jobs whose memory was measured failed", done.stderr[-2000:])
    first, last = json.loads(done.stdout.splitlines()[-1])
    return float(last / first)


def shot(folder: str, jobs: int, early: int, device: str) -> tuple[int, int]:
    """Bytes this process holds after the early jobs and after all: through one engine, each with
    words, a seed and a take of its own, on a tiny checkpoint.
    """
    import psutil

    from secondunit.demo import FOOTAGE
    from secondunit.engine.local import Engine
    from secondunit.engine.memory import give_back
    from secondunit.models.testing import tiny_vace
    from secondunit.settings import Settings
    from secondunit_contract.clip import Clip
    from secondunit_contract.frames import FrameRange
    from secondunit_contract.job import Job

    place = Path(folder)
    checkpoint = tiny_vace(place / "models" / "tiny")
    told = 'name = "tiny"\narea = 4096\nlongest = 5\ncontext = 1\nsteps = 1\nguidance = 1.0\n'
    (checkpoint / "card.toml").write_text(told, "utf-8")
    engine = Engine(Settings(place / "models", device, place / "data"))
    plate = Clip(str(FOOTAGE / "plate.mov"), FrameRange(0, 1))
    held = []
    for number in range(1, jobs + 1):
        engine.shoot(
            Job(
                "extend",
                str(place / "take.mov"),
                inputs={"plate": plate},
                values={"tail": 1, "prompt": f"take {number}"},
                model="tiny",
                seed=number,
            )
        )
        for file in place.glob("take*"):
            file.unlink()
        if number in (early, jobs):
            give_back()
            held.append(psutil.Process().memory_info().rss)
    return held[0], held[-1]
