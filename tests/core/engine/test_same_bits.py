"""The same seed makes the same bits: again, from a side-car, elsewhere, in other company."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from secondunit_contract.clip import Clip
from secondunit_contract.job import Job

ONE_WINDOW, MANY_WINDOWS = {"tail": 3}, {"tail": 7}
RERUN = [sys.executable, "-c", "from secondunit.cli import main; main()", "rerun"]


@pytest.fixture
def extend(short) -> Callable[..., Job]:
    def job(folder: Path, values: dict[str, int], **more) -> Job:
        return Job("extend", str(folder / "take"), inputs={"plate": short}, values=values, **more)

    return job


def test_the_same_job_twice(starter, extend, props, tmp_path):
    first = starter.shoot(extend(tmp_path / "1", ONE_WINDOW, seed=7))[0]
    again = starter.shoot(extend(tmp_path / "2", ONE_WINDOW, seed=7))[0]
    other = starter.shoot(extend(tmp_path / "3", ONE_WINDOW, seed=8))[0]
    assert props.same(props.whole(first.media), props.whole(again.media))
    assert not props.same(props.whole(first.media), props.whole(other.media))
    assert Path(first.media).read_bytes() == Path(again.media).read_bytes()


@pytest.mark.parametrize("values", [ONE_WINDOW, MANY_WINDOWS])
def test_a_take_does_not_know_of_the_others(starter, extend, props, tmp_path, values):
    two = starter.shoot(extend(tmp_path / "two", values, seed=5, takes=2))
    assert [(take.number, take.seed) for take in two] == [(1, 5), (2, 6)]
    for take in two:
        solo = starter.shoot(extend(tmp_path / f"solo{take.seed}", values, seed=take.seed))[0]
        assert props.same(props.whole(take.media), props.whole(solo.media))
    assert not props.same(props.whole(two[0].media), props.whole(two[1].media))


def test_rerun_in_another_process(starter, extend, props, tmp_path):
    take = starter.shoot(extend(tmp_path, MANY_WINDOWS, seed=11))[0]
    again = tmp_path / "again.mov"
    done = subprocess.run(
        [*RERUN, take.sidecar, "-o", str(again)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert props.same(props.whole(again), props.whole(take.media))
    assert "is not the file it was" not in done.stdout


@pytest.mark.parametrize("threads", ["1", "2"])
def test_rerun_where_another_number_of_threads_is_usual(
    starter, extend, props, tmp_path, monkeypatch, threads
):
    """The last bits hang on the number of threads; a take is made again with as many as it was."""
    take = starter.shoot(extend(tmp_path, ONE_WINDOW, seed=11))[0]
    again = tmp_path / "again.mov"
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    done = subprocess.run(
        [*RERUN, take.sidecar, "-o", str(again)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert props.same(props.whole(again), props.whole(take.media))


def test_other_libraries_that_set_threads_change_no_bits(starter, extend, props, tmp_path):
    import torch

    first = starter.shoot(extend(tmp_path / "1", ONE_WINDOW, seed=7))[0]
    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)  # as numba does when it starts
    try:
        again = starter.shoot(extend(tmp_path / "2", ONE_WINDOW, seed=7))[0]
    finally:
        torch.set_num_threads(before)
    assert props.same(props.whole(first.media), props.whole(again.media))


def test_rerun_says_when_an_input_has_changed(starter, short, props, tmp_path, capsys):
    from secondunit.cli.app import app

    job = Job("extend", str(tmp_path / "take.mov"), inputs={"plate": short}, values={"left": 8})
    take = starter.shoot(job)[0]
    app(["rerun", take.sidecar, "-o", str(tmp_path / "same.mov")], standalone_mode=False)
    assert "is not the file it was" not in "".join(capsys.readouterr())
    other = np.full((6, *props.SIZE, 3), 99, np.uint8)
    props.write_movie(Path(short.media), other, "libx264", "yuv420p", "rgb24")
    app(["rerun", take.sidecar], standalone_mode=False)
    assert "The plate is not the file it was" in "".join(capsys.readouterr())
    assert (tmp_path / "take_again.mov").exists()


def test_rerun_from_another_folder(starter, short, props, tmp_path, monkeypatch):
    """The side-car's paths hold wherever one stands, also where the job's were relative."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(short.media, "plate.mp4")
    job = Job("extend", "out/take.mov", inputs={"plate": Clip("plate.mp4")}, values={"left": 8})
    take = starter.shoot(job)[0]
    story = json.loads(Path(take.sidecar).read_text("utf-8"))
    assert Path(story["job"]["inputs"]["plate"]["media"]).is_absolute()
    assert Path(story["job"]["output"]).is_absolute()


def test_scripted_takes_are_shot_one_by_one_and_written_as_they_come(scripted, short, tmp_path):
    """The first take is on disk before anything of the second is asked for."""
    there = []
    folder = tmp_path / "out"

    def answer(sheet, seed):
        there.append((seed, sorted(each.name for each in folder.glob("[!.]*.mov"))))
        return np.full((sheet.frames, sheet.height, sheet.width, 3), seed / 9, np.float32)

    engine, model = scripted(answer)
    job = Job("extend", str(folder / "a"), inputs={"plate": short}, values={"tail": 2}, takes=3,
              model="scripted")  # fmt: skip
    made = engine.shoot(job)
    assert len(model.seen) == 1
    assert there == [(0, []), (1, ["a_t001.mov"]), (2, ["a_t001.mov", "a_t002.mov"])]
    assert [take.seed for take in made] == [0, 1, 2]


def test_a_job_written_down_and_read_again_is_the_same_job(scripted, short, props, tmp_path):
    from secondunit_contract.wire import from_json, to_json

    engine, _ = scripted()
    job = Job("extend", str(tmp_path / "a"), inputs={"plate": short}, values={"tail": 2},
              model="scripted", seed=2**63 - 1)  # fmt: skip
    again = from_json(Job, json.loads(json.dumps(to_json(job))))
    first = engine.shoot(job)[0]
    second = engine.shoot(replace(again, output=str(tmp_path / "b")))[0]
    assert props.same(props.whole(first.media), props.whole(second.media))
