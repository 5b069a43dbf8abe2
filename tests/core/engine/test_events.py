"""What a person hears of a job: progress with time left, previews, takes; and how it is stopped."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from secondunit.callsheet import Cancelled
from secondunit.engine.watching import Cancel, JobWatch
from secondunit_contract.job import Job


def job_of(plate, folder, **more) -> Job:
    values = more.pop("values", {"tail": 20})
    return Job("extend", str(folder / "take"), "j1", {"plate": plate}, values, "scripted", **more)


def stopped_at(engine, job, number):
    """Run a job that is not wanted any more from its n-th progress on; what was told."""
    cancel, told = Cancel(), []

    def report(event):
        told.append(event)
        if sum(each.kind == "progress" for each in told) == number:
            cancel.wish()

    assert engine.run(job, report, cancel) == []
    return told


@pytest.mark.parametrize(
    ("values", "takes"), [({"tail": 4}, 1), ({"tail": 4}, 3), ({"tail": 20}, 1), ({"tail": 20}, 2)]
)
def test_progress_ends_at_its_total_and_tells_the_time_left(
    scripted, short, tmp_path, values, takes
):
    engine, _ = scripted(longest=9)
    told = []
    job = job_of(short, tmp_path, values=values, takes=takes, steps=3)
    made = engine.run(job, told.append)
    steps = [each for each in told if each.kind == "progress"]
    total = steps[0].total
    assert [each.done for each in steps] == list(range(1, total + 1))
    assert {each.total for each in steps} == {total}
    assert total % (3 * takes) == 0
    assert steps[-1].seconds_left == 0
    assert all(each.seconds_left is not None and each.seconds_left >= 0 for each in steps)
    assert {each.phase for each in steps} == {"shooting"}
    assert {each.job for each in told} == {"j1"}
    kinds = [each.kind for each in told]
    assert (kinds[0], kinds[-1]) == ("started", "done")
    takes_told = [each for each in told if each.kind == "take"]
    assert [each.take for each in takes_told] == made
    assert [(each.done, each.total) for each in takes_told] == [
        (i + 1, takes) for i in range(takes)
    ]


@pytest.mark.parametrize("number", [1, 4])
@pytest.mark.parametrize("kind", ["movie", "exr"])
def test_a_job_that_is_not_wanted_any_more_leaves_nothing(
    scripted, short, props, tmp_path, number, kind
):
    engine, _ = scripted(longest=9)
    plate = short
    if kind == "exr":
        plate = props.write_pictures(tmp_path / "plate", props.wild("float16", 3), "exr")
    before = engine.shoot(job_of(plate, tmp_path / "before"))[0]
    told = stopped_at(engine, job_of(plate, tmp_path / "out"), number)
    assert [each.kind for each in told if each.kind != "progress"] == ["started", "cancelled"]
    assert list((tmp_path / "out").iterdir()) == []
    after = engine.shoot(job_of(plate, tmp_path / "after"))[0]
    assert props.same(props.whole(before.media), props.whole(after.media))


def test_takes_that_were_finished_stay(scripted, short, tmp_path):
    engine, _ = scripted()
    cancel, told = Cancel(), []

    def report(event):
        told.append(event.kind)
        if event.kind == "take":
            cancel.wish()

    job = job_of(short, tmp_path / "out", values={"tail": 4}, takes=3)
    assert engine.run(job, report, cancel) == []
    assert told.count("take") == 1
    assert told[-1] == "cancelled"
    there = {each.name for each in (tmp_path / "out").iterdir()}
    assert there == {"take_t001.mov", "take_t001.take.json", "take_sheet.png"}


def test_shoot_raises_that_it_was_stopped(scripted, short, tmp_path):
    engine, _ = scripted()
    cancel = Cancel()
    cancel.wish()
    with pytest.raises(Cancelled):
        engine.shoot(job_of(short, tmp_path), cancel=cancel)


def test_the_starter_stops_and_shoots_the_same_afterwards(starter, short, props, tmp_path):
    def job(name):
        return Job("extend", str(tmp_path / name / "take"), "j1", {"plate": short}, {"tail": 9},
                   steps=2)  # fmt: skip

    before = starter.shoot(job("before"))[0]
    told = stopped_at(starter, job("out"), 2)
    assert told[-1].kind == "cancelled"
    assert list((tmp_path / "out").iterdir()) == []
    after = starter.shoot(job("after"))[0]
    assert props.same(props.whole(before.media), props.whole(after.media))


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        monkeypatch.setattr("secondunit.engine.watching.time.monotonic", lambda: self.now)


def previewed(monkeypatch, cost, every, steps=200, told=None):
    """The seconds at which previews of that cost are made, in steps of a second."""
    clock, made, told = Clock(monkeypatch), [], [] if told is None else told

    def preview(frames):
        made.append(clock.now)
        clock.now += cost
        return f"{len(made)}.jpg"

    watch = JobWatch("j", told.append, Cancel(), preview, preview_every=every)
    for step in range(1, steps + 1):
        clock.now += 1
        watch.step(0, step, steps, lambda: np.zeros((1, 4, 4, 3), np.float32))
    return made


def test_previews_are_made_as_often_as_is_asked(monkeypatch):
    told = []
    made = previewed(monkeypatch, cost=0.001, every=20, told=told)
    assert 8 <= len(made) <= 10
    shown = [each for each in told if each.kind == "preview"]
    assert [each.preview for each in shown] == [f"{n + 1}.jpg" for n in range(len(made))]
    assert previewed(monkeypatch, cost=0.001, every=3600) == []


@pytest.mark.parametrize("cost", [0.01, 0.4, 1.5])
def test_previews_take_no_more_than_a_fiftieth_of_the_time(monkeypatch, cost):
    made = previewed(monkeypatch, cost, every=0)
    assert made
    assert len(made) * cost <= 0.02 * (200 + len(made) * cost)
    assert len(made) * cost > 0.3 * 0.02 * 200  # and there is something to see
    assert made[-1] > 100  # in the second half too


def test_a_job_that_is_soon_over_is_not_held_up_by_previews(monkeypatch):
    assert previewed(monkeypatch, cost=0.3, every=0, steps=8) == []


def test_a_preview_is_a_picture_on_disk(scripted, short, tmp_path, monkeypatch):
    now = iter(range(0, 100_000, 10))  # seconds: every step is late for a preview
    monkeypatch.setattr("secondunit.engine.watching.time.monotonic", lambda: float(next(now)))
    monkeypatch.setattr("secondunit.engine.watching._SHARE", 10.0)  # and there is time for it
    engine, _ = scripted(previews=tmp_path / "previews")
    told = []
    engine.run(job_of(short, tmp_path, values={"tail": 3}, steps=2), told.append)
    shown = [each for each in told if each.kind == "preview"]
    assert shown
    assert shown[-1].done == shown[-1].total
    with Image.open(Path(shown[-1].preview)) as picture:
        assert min(picture.size) > 40
    assert Path(shown[-1].preview).parent == tmp_path / "previews"


def test_a_model_that_breaks_is_a_fault_told_and_the_next_job_is_shot(scripted, short, tmp_path):
    broken = [True]

    def answer(sheet, seed):
        if broken.pop() if broken else False:
            raise KeyError("weights")
        return np.zeros((sheet.frames, sheet.height, sheet.width, 3), np.float32)

    engine, _ = scripted(answer)
    told = []
    assert engine.run(job_of(short, tmp_path / "out"), told.append) == []
    problem = told[-1].problem
    assert problem["code"] == "program.fault"
    assert "KeyError" in problem["what"]
    assert problem["where"]
    assert problem["remedy"]
    assert list((tmp_path / "out").iterdir()) == []
    assert len(engine.run(job_of(short, tmp_path / "out"), told.append)) == 1


def test_a_model_that_answers_too_little_is_a_fault(scripted, short, tmp_path):
    engine, _ = scripted(lambda sheet, seed: np.zeros((1, sheet.height, sheet.width, 3)))
    told = []
    assert engine.run(job_of(short, tmp_path / "out"), told.append) == []
    assert told[-1].problem["code"] == "program.fault"
    assert list((tmp_path / "out").iterdir()) == []
