"""Whatever is wrong with a job is a Problem: what, where, remedy; and nothing is left on disk."""

import errno
import resource
from pathlib import Path

import numpy as np
import pytest

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.job import Job

TAIL = {"tail": 2}


@pytest.fixture
def refused(scripted, tmp_path):
    """Runs a job that cannot be: its problem as it travels, once it is seen to leave nothing."""

    def run(job: Job, code: str) -> dict[str, str]:
        engine, model = scripted()
        told: list = []
        there = sorted(tmp_path.rglob("*"))
        assert engine.run(job, told.append) == []
        problem = told[-1].problem
        assert problem is not None
        assert problem["code"] == code, problem
        assert all(problem[part].strip() for part in ("what", "where", "remedy")), problem
        left = [each for each in tmp_path.rglob("*") if each not in there]
        assert [each for each in left if not each.is_dir()] == []
        assert model.seen == [] or code.startswith("machine")
        return problem

    return run


@pytest.fixture
def job(tmp_path):
    def make(task="extend", values=None, output="take", codec="", **clips) -> Job:
        values = TAIL if values is None else values
        return Job(task, str(tmp_path / "out" / output), "j", clips, values, "scripted",
                   codec=codec)  # fmt: skip

    return make


def test_a_movie_that_is_not_there(refused, job, tmp_path):
    problem = refused(job(plate=Clip(str(tmp_path / "gone.mov"))), "media.missing")
    assert "gone.mov" in problem["where"]


def test_a_name_that_cannot_be_written_down(refused, job, tmp_path):
    """File systems take any bytes for a name; side-cars, books and JSON do not."""
    problem = refused(job(plate=Clip(str(tmp_path / "caf\udce9.mov"))), "value.wrong")
    assert "caf\\udce9.mov" in problem["where"]


@pytest.mark.parametrize("keep", [0.5, 0.98])
def test_a_truncated_movie(refused, job, short, keep):
    path = Path(short.media)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])
    told = refused(job(plate=short), "media.truncated")
    assert "plate.mp4" in told["where"]


def test_a_movie_that_ends_before_its_last_frame(refused, job, props, tmp_path):
    """The header is whole, the pictures are not."""
    path = tmp_path / "cut.mkv"
    frames = np.random.default_rng(2).integers(0, 256, (12, *props.SIZE, 3)).astype(np.uint8)
    plate = props.write_movie(path, frames, "ffv1", "bgr0", "rgb24")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    problem = refused(job(plate=plate), "media.truncated")
    assert "cut.mkv" in problem["where"]


def test_no_frames(refused, job, props, tmp_path):
    (tmp_path / "empty").mkdir()
    refused(job(plate=Clip(str(tmp_path / "empty"))), "media.empty")


def test_an_empty_file(refused, job, tmp_path):
    (tmp_path / "empty.mov").touch()
    problem = refused(job(plate=Clip(str(tmp_path / "empty.mov"))), "media.empty")
    assert "empty.mov" in problem["where"]


def test_frames_the_movie_does_not_hold(refused, job, short):
    problem = refused(job(plate=Clip(short.media, FrameRange(3, 99))), "media.range")
    assert "3-99" in problem["what"]


def test_a_rate_that_is_not_the_movies(refused, job, short):
    problem = refused(job(plate=Clip(short.media, rate=Rate.of("23.976"))), "media.rate")
    assert "24000/1001" in problem["what"]


def test_a_plate_that_is_a_line(refused, job, props, tmp_path):
    line = np.zeros((2, 2, 20_000, 3), np.uint8)
    plate = props.write_pictures(tmp_path / "line", line, "png")
    problem = refused(job(plate=plate), "model.size")
    assert "20000x2" in problem["what"]


@pytest.mark.parametrize(
    "values", [{"width": 40_000}, {"left": 16_384, "right": 16_384}, {"height": 10**9}]
)
def test_a_picture_larger_than_any(refused, job, short, values):
    refused(job(plate=short, values=values), "model.size")


def test_a_sequence_with_a_hole(refused, job, props, tmp_path):
    plate = props.write_pictures(tmp_path / "plate", props.wild("float16", 3), "exr")
    (tmp_path / "plate" / "shot.1003.exr").unlink()
    problem = refused(job(plate=plate), "media.hole")
    assert "1003" in problem["what"]
    assert "shot.####.exr" in problem["where"]


def test_a_matte_of_another_shape(refused, job, short, props, tmp_path):
    other = np.zeros((1, 50, 34, 3), np.uint8)
    matte = props.write_pictures(tmp_path / "matte", other, "png")
    problem = refused(job("cleanup", {}, plate=short, matte=matte), "media.size")
    assert "34x50" in problem["what"]


def test_a_task_nobody_knows(refused, job, short):
    problem = refused(job("extent", plate=short), "task.unknown")
    assert "extend" in problem["remedy"]


@pytest.mark.parametrize(
    ("task", "values", "field"),
    [
        ("extend", {"tail": "many"}, "tail"),
        ("extend", {"tail": -1}, "tail"),
        ("extend", {"tail": 1.5}, "tail"),
        ("extend", {"tail": True, "width": []}, "width"),
        ("extend", {"tail": None}, "tail"),
        ("restyle", {"strength": 2}, "strength"),
        ("restyle", {"prompt": 7}, "prompt"),
        ("cleanup", {"points": [{"x": 3, "y": 0.5}]}, "points.0.x"),
        ("cleanup", {"box": {"left": 0.1}}, "box.top"),
        ("cleanup", {"only": "5-1"}, "only"),
        ("matte", {"soften": "a lot"}, "soften"),
        ("matte", {"way": "magic"}, "way"),
        ("matte", {"points": [{"x": -0.1, "y": 0.5}]}, "points.0.x"),
        ("key", {"screen": [1, 2]}, "screen"),
        ("insert", {"frames": 0}, "frames"),
        ("insert", {"width": 64}, "width"),
        ("insert", {"prompt": "a wall", "rate": "fast"}, "fast"),
    ],
)
def test_values_of_a_wrong_kind_are_named(refused, job, short, task, values, field):
    clips = {} if task == "insert" else {"plate": short}
    assert field in refused(job(task, values, **clips), "value.wrong")["what"]


def test_an_extension_of_nothing(refused, job, short):
    problem = refused(job("extend", {}, plate=short), "value.wrong")
    assert "head or tail" in problem["what"]


def test_a_task_without_its_plate(refused, job):
    assert "plate" in refused(job(), "value.wrong")["what"]


@pytest.mark.parametrize("values", [{"width": 40}, {"height": 20}, {"width": 60, "height": 33}])
def test_a_new_size_smaller_than_the_plate(refused, job, short, values):
    assert "50x34" in refused(job(plate=short, values=values), "value.wrong")["what"]


def test_an_insert_of_nothing(refused, job):
    refused(job("insert", {"frames": 4}), "task.mark_missing")


@pytest.mark.parametrize("task", ["cleanup", "matte"])
def test_nothing_marked(refused, job, short, task):
    refused(job(task, {}, plate=short), "task.mark_missing")


def test_marks_that_say_only_what_is_not_meant(refused, job, short):
    values = {"points": [{"x": 0.5, "y": 0.5, "add": False}]}
    refused(job("cleanup", values, plate=short), "task.mark_missing")


def test_a_folder_that_cannot_be(refused, job, short, tmp_path):
    (tmp_path / "file").write_text("in the way")
    made = job(plate=short, output="../file/take.mov")
    problem = refused(made, "machine.not_writable")
    assert "file" in problem["where"]


@pytest.mark.parametrize(
    ("output", "codec"), [("take.gif", ""), ("take.mp4", ""), ("take.mov", "h264"), ("t", "vp9")]
)
def test_files_that_cannot_hold_it(refused, job, props, tmp_path, output, codec):
    plate = props.write_pictures(tmp_path / "plate", props.wild("float32", 3), "exr")
    refused(job(plate=plate, output=output, codec=codec), "media.codec")


@pytest.mark.parametrize("kind", ["movie", "exr"])
def test_a_disk_with_no_room(refused, job, props, tmp_path, kind):
    if kind == "exr":
        plate = props.write_pictures(tmp_path / "plate", props.wild("float32", 3), "exr")
        values = {"left": 64, "top": 64}
    else:
        snow = np.random.default_rng(2).integers(0, 256, (6, *props.SIZE, 3)).astype(np.uint8)
        plate = props.write_movie(tmp_path / "plate.mkv", snow, "ffv1", "bgr0", "rgb24")
        values = {"left": 64, "top": 64}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (9_000, hard))
    try:
        problem = refused(job(plate=plate, values=values), "machine.disk_full")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "take" in problem["where"]


def test_a_disk_that_is_full_at_the_very_last_leaves_no_contact_sheet(
    refused, job, short, monkeypatch
):
    def full(landings):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("secondunit.media.write.land", full)
    refused(job(plate=short), "machine.disk_full")


def test_a_disk_that_is_full_when_the_story_is_told(scripted, job, short, tmp_path, monkeypatch):
    """The take stays; that it has no side-car is said."""
    (tmp_path / "out" / "take.take.json").mkdir(parents=True)
    engine, _ = scripted()
    told = []
    engine.run(job(plate=short), told.append)
    problem = told[-1].problem
    assert problem["code"] == "machine.not_writable"
    assert "take.take.json" in problem["where"]
    assert problem["remedy"]
    assert (tmp_path / "out" / "take.mov").is_file()
    assert not list((tmp_path / "out").glob(".*"))


def test_a_broken_task_is_listed_with_its_reason_and_refused(
    refused, job, short, tmp_path, monkeypatch
):
    from secondunit import tasks

    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "torn.py").write_text("import no_such_library\n")
    (tmp_path / "plugins" / "half.py").write_text("TITLE = 'Half'\n")
    (tmp_path / "plugins" / "zero.py").write_text("1 / 0\n")
    monkeypatch.setattr(tasks, "__path__", [*tasks.__path__, str(tmp_path / "plugins")])
    faults = {card.name: card.fault for card in tasks.cards()}
    assert "no_such_library" in faults["torn"]
    assert "Values" in faults["half"]
    assert "ZeroDivision" in faults["zero"]
    assert faults["extend"] == ""
    assert "no_such_library" in refused(job("torn", plate=short), "task.unknown")["what"]
