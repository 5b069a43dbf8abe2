"""A whole job where there is no network but this machine's own: nothing is missed, nothing sent."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

INSIDE = ["unshare", "--net"]

# Runs inside: loopback comes up, a service is started, found, asked to shoot, and ended.
JOURNEY = """
import fcntl, json, os, socket, struct, subprocess, sys
from pathlib import Path

UP, SIOCSIFFLAGS = 1, 0x8914
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh", b"lo", UP))
assert os.listdir("/sys/class/net") == ["lo"] or sorted(
    line.split(":")[0].strip() for line in open("/proc/net/dev").readlines()[2:]) == ["lo"]
try:
    socket.create_connection(("192.0.2.1", 80), 2)
except OSError as error:
    assert error.errno == 101, error  # unreachable: there is no way out
else:
    raise AssertionError("there is a way out")

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_contract.job import Job
from secondunit_panel import service

plate, out = sys.argv[1:]
begun, start = [], service.start
service.start = lambda data: begun.append(start(data)) or begun[-1]
client = service.find_or_start()
events = client.events(after=0)
job = Job("extend", out + "/t{take}.mov", inputs={"plate": Clip(plate, FrameRange(4, 7))},
          values={"tail": 2}, steps=2)
client.submit(job)
told = None
for told in events:
    if told.event.kind in ("done", "problem", "cancelled"):
        break
[take] = client.takes()
client.fetch(take.id, Path(out) / "preview.mp4", "preview")
sent = [line.split() for line in open("/proc/net/dev") if "lo:" not in line][2:]
for each in begun:
    each.terminate()
    each.wait(30)
print(json.dumps({"kind": told.event.kind, "media": take.take.media, "others": sent,
                  "problem": told.event.problem}))
"""


@pytest.fixture(scope="module")
def alone() -> list[str]:
    """How to run something in a network of its own; without a way the test says so."""
    if shutil.which("unshare") is None:
        pytest.skip("no unshare on this machine (package util-linux): nothing is cut off")
    for way in (INSIDE, ["unshare", "--map-root-user", "--net"]):
        if subprocess.run([*way, "true"], capture_output=True).returncode == 0:
            return way
    pytest.skip("this user may not make a network of its own (unshare --net): nothing is cut off")


def test_a_whole_job_without_any_network(alone, plate, tmp_path):
    env = {key: each for key, each in os.environ.items() if key != "HF_HUB_OFFLINE"}
    done = subprocess.run(
        [*alone, sys.executable, "-c", JOURNEY, str(plate), str(tmp_path)],
        env=env | {
            "SECONDUNIT_DATA": str(tmp_path / "data"),
            "SECONDUNIT_MODELS": str(tmp_path / "models"),
            "SECONDUNIT_PYTHON": sys.executable,
            "SECONDUNIT_DEVICE": "cpu",
            "OMP_NUM_THREADS": "1",
        },
        capture_output=True,
        text=True,
        timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["kind"] == "done", told
    assert told["others"] == []
    assert Path(told["media"]).stat().st_size > 1000
    assert (tmp_path / "preview.mp4").stat().st_size > 500
