"""Workers on a real Ray cluster, this machine alone: their words, their bits, and what dies."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from secondunit.engine.cluster import RayWorker, cluster_crew
from secondunit.engine.crew import lock_of, understood
from secondunit.engine.location import OnLocation, shared, version
from secondunit.engine.standing import takes_of
from secondunit.engine.unit import Unit
from secondunit.ledger import sidecar
from secondunit_contract.problem import BadValue, MachineProblem

BROUGHT = Path(__file__).parent / "brought"
HEAD = """
import sys
import ray

here = ray.init(
    num_cpus=1, num_gpus=2, include_dashboard=False, log_to_driver=False,
    object_store_memory=80 << 20, _temp_dir=sys.argv[1],
)
print(here.address_info["gcs_address"], flush=True)
sys.stdin.read()
ray.shutdown()
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a cluster of one machine that says it has a CPU and two GPUs."""
    if importlib.util.find_spec("ray") is None:
        pytest.skip("the extra ray is not installed")
    if sys.platform == "win32":
        pytest.skip("Ray's cluster is of other systems")
    # Short: the names of Ray's sockets have to fit into 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="su-ray-"))
    patch = pytest.MonkeyPatch()
    # The home folder stays as it is: Ray would keep a token there. Nothing is sent to its makers.
    token = folder / "token"
    token.touch(0o600)
    token.write_text(secrets.token_hex(32))
    patch.setenv("RAY_AUTH_MODE", "token")
    patch.setenv("RAY_AUTH_TOKEN_PATH", str(token))
    patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    patch.setenv("OMP_NUM_THREADS", "1")
    patch.setenv("SECONDUNIT_DEVICE", "cpu")
    patch.setenv("SECONDUNIT_MODELS", str(folder / "no-models"))
    patch.setenv("SECONDUNIT_DATA", str(folder / "data"))
    patch.setenv("PYTHONPATH", str(BROUGHT))
    # In a process of its own: what Ray warns of, and leaves behind, is nothing of these tests.
    with subprocess.Popen(
        [sys.executable, "-c", HEAD, str(folder / "ray")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as head:  # fmt: skip
        try:
            address = head.stdout.readline().strip()
            yield address or pytest.fail(f"Ray did not start: {head.stderr.read()[-2000:]}")
        finally:
            head.communicate(timeout=60)
            patch.undo()
            shutil.rmtree(folder, ignore_errors=True)


def opened(desk, address: str, brought: str = "models", **more) -> Unit:
    """The unit of a data folder with one worker on the cluster."""
    settings = replace(desk.settings, **more)
    return Unit.opened(
        settings, workers=[RayWorker(settings, address, brought=f"brought_models:{brought}")]
    )


def process_of(desk) -> int:
    """The worker's own process; the data folder is shared, so its lock tells."""
    return int(lock_of(desk.settings.data, "cluster-1").holder)


def heard(unit: Unit, kind: str, patience: float = 180.0) -> None:
    end = time.monotonic() + patience
    with unit.listen(0) as listener:
        while time.monotonic() < end:
            told = listener.get(1.0)
            if told is not None and told.event.kind == kind:
                return
    raise AssertionError(f"no {kind} was told")


def until(holds: Callable[[], object], patience: float = 180.0) -> None:
    end = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def ended(process: int, within: float = 10.0) -> bool:
    try:
        return bool(psutil.wait_procs([psutil.Process(process)], timeout=within)[0])
    except psutil.NoSuchProcess:
        return True


def test_a_job_has_the_bits_and_the_story_it_has_here(desk, cluster, props):
    with desk.unit() as unit:
        unit.submit(desk.job("here", takes=2, seed=7))
        assert desk.until(unit, "here", "done", "failed").state == "done"
        ours = [each.take for each in reversed(unit.takes("here"))]
    with opened(desk, cluster) as unit:
        unit.submit(desk.job("there", takes=2, seed=7))
        assert desk.until(unit, "there", "done", "failed").state == "done"
        theirs = [each.take for each in reversed(unit.takes("there"))]
        kinds = [each.event.kind for each in unit.events_after(0) if each.event.job == "there"]
    assert [each.seed for each in theirs] == [each.seed for each in ours] == [7, 8]
    for our, their in zip(ours, theirs, strict=True):
        assert props.same(props.whole(their.media), props.whole(our.media))
    assert kinds == ["queued", "started", "take", "take", "done"]
    stories = [sidecar.read(Path(each.sidecar)) for each in (ours[0], theirs[0])]
    assert stories[0]["model"] == stories[1]["model"]


def test_progress_comes_while_it_shoots_and_a_wish_to_stop_is_heard_within_two_seconds(
    desk, cluster
):
    with opened(desk, cluster) as unit:
        unit.submit(desk.job("a", steps=5000))
        until(lambda: unit.entry("a").done)
        process, before = process_of(desk), time.monotonic()
        unit.cancel("a")
        desk.until(unit, "a", "cancelled")
        assert time.monotonic() - before < 2
        unit.submit(desk.job("b"))
        assert desk.until(unit, "b", "done", "failed").state == "done"
        assert process_of(desk) == process
        assert [name for name in desk.names() if name.startswith((".", "a"))] == []
    assert ended(process)


def test_a_worker_killed_between_two_takes_costs_no_take(desk, cluster):
    with opened(desk, cluster) as unit:
        unit.submit(desk.job("two", takes=2, steps=80, seed=7))
        heard(unit, "take")
        os.kill(process_of(desk), signal.SIGKILL)
        done = desk.until(unit, "two", "done", "failed")
        assert (done.state, done.takes) == ("done", 2)
        kinds = [each.event.kind for each in unit.events_after(0)]
    assert kinds == ["queued", "started", "take", "queued", "started", "take", "done"]
    assert desk.names() == [
        "two_sheet.png", "two_t001.mov", "two_t001.take.json", "two_t002.mov", "two_t002.take.json"
    ]  # fmt: skip


def test_one_that_is_deaf_is_gone_soon_after_it_was_let_go(desk, cluster):
    with opened(desk, cluster, "deaf") as unit:
        unit.submit(desk.job("a"))
        until(lambda: list((desk.settings.data / "rushes").glob("*/asked.json")))
        process = psutil.Process(process_of(desk))
        time.sleep(1.0)  # and now the model has been called
        unit.pause("a")
        assert desk.until(unit, "a", "paused", patience=8).state == "paused"
        assert ended(process.pid)


def test_a_folder_of_another_name_there(desk, cluster):
    """Here it is called /…/takes and /…/short, there /…/theirs/…: a link stands for the disk."""
    theirs = desk.folder / "theirs"
    theirs.symlink_to(desk.folder)
    paths = tuple((str(desk.folder / name), str(theirs / name)) for name in ("takes", "short"))
    job = desk.job("a")
    with opened(desk, cluster, path_map=paths) as unit:
        unit.submit(job)
        assert desk.until(unit, "a", "done", "failed").state == "done"
        [take] = [each.take for each in unit.takes("a")]
    assert take.media == str(desk.takes / "a.mov")
    assert take.sheet == str(desk.takes / "a_sheet.png")
    told = sidecar.job_of(sidecar.read(Path(take.sidecar)))
    assert told.output == str(theirs / "takes" / "a.mov")
    assert told.inputs["plate"].media.startswith(str(theirs / "short"))
    assert [each.media for each in takes_of(job)] == [take.media]


def test_a_crew_is_a_worker_for_each_gpu(desk, cluster):
    crew = cluster_crew(desk.settings, cluster)
    assert [(each.name, each.gpus) for each in crew] == [("cluster-1", 1), ("cluster-2", 1)]


def test_a_cluster_out_of_reach_is_said_at_once(desk):
    before = time.monotonic()
    with pytest.raises(MachineProblem, match="cannot be reached"):
        cluster_crew(desk.settings, "127.0.0.1:1")
    assert time.monotonic() - before < 20
    with pytest.raises(BadValue, match="HEAD:6379"):
        cluster_crew(desk.settings, "ray://127.0.0.1:10001")


def briefed(desk, **more) -> dict:
    usual = {"name": "cluster-1", "version": version(), "data": str(desk.folder), "threads": 1}
    return usual | more


def test_another_version_there_is_refused(desk):
    [line] = OnLocation().work(briefed(desk, version="0.0.0"))
    refused = understood(line).refused
    assert isinstance(refused, MachineProblem)
    assert "0.0.0" in refused.what


def test_a_data_folder_out_of_reach_is_no_folder(desk):
    data = desk.folder / "data"
    assert shared(data) is None
    with desk.unit():
        assert shared(data) == data
