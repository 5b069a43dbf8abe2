"""How long a long cut takes into a flavour and back, and how much memory: a process for each."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_MAKING = """
import sys
from secondunit_otio.testing import synthetic_cut
path, clips = sys.argv[1:]
with open(path, "w", encoding="utf-8") as file:
    file.write(synthetic_cut(int(clips), int(clips) // 100, 4))
"""

# A process of its own for each length, as in bench.media: a peak is never forgotten.
_TRAVELLING = """
import json, sys, time
from pathlib import Path
from secondunit_otio import Cut
from secondunit_otio.flavours import flavour, opened, returned

source, output, host, rounds = sys.argv[1:]
best = cpu = float("inf")
for _ in range(int(rounds)):
    begun, used = time.perf_counter(), time.process_time()
    master = Cut.read(source)
    made = flavour(master, host, "/slates")
    came = opened(made.data, made.suffix)
    del made
    back = returned(master, came, host).text
    del master, came
    Cut.write(output, back)
    best = min(best, time.perf_counter() - begun)
    cpu = min(cpu, time.process_time() - used)
    del back
status = Path("/proc/self/status")
if status.is_file():
    line = next(each for each in status.read_text().splitlines() if each.startswith("VmHWM"))
    peak = int(line.split()[1]) * 1024
else:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak *= 1 if sys.platform == "darwin" else 1024
sys.stdout.write(json.dumps({"seconds": best, "cpu": cpu, "gb": peak / 1e9}))
"""


@dataclass(frozen=True)
class Trip:
    """A trip there and back: seconds on the clock and of the processor, the most memory in GB."""

    seconds: float
    cpu: float
    gb: float


def travelled(folder: Path, clips: int, host: str, rounds: int) -> Trip:
    """A cut read, made a flavour, that read again, grafted and written.

    The quickest of some rounds; the memory is all the process ever held.
    """
    source, output = folder / f"cut_{clips}.otio", folder / f"back_{clips}.otio"
    subprocess.run([sys.executable, "-c", _MAKING, str(source), str(clips)], check=True)
    words = [sys.executable, "-c", _TRAVELLING, str(source), str(output), host, str(rounds)]
    told = json.loads(subprocess.run(words, capture_output=True, check=True, text=True).stdout)
    source.unlink()
    output.unlink()
    return Trip(**told)
