"""Jobs over HTTP: they go in whole, do what they are told, and say what is wrong with them."""

from __future__ import annotations

import pytest

from secondunit.service.testing import ScriptedWorker, served
from secondunit_contract.problem import NotEnoughMemory
from secondunit_contract.queue import Entry
from secondunit_contract.wire import from_json


@pytest.fixture
def slow(tmp_path, asking):
    """A service whose worker waits before each take."""
    with served(tmp_path / "data", ScriptedWorker(hold=True)) as service:
        yield asking(service)


def test_a_job_goes_in_and_comes_out_whole(ask, tmp_path):
    sent = ask.job(tmp_path, id="whole", seed=41) | {
        "lens": 35,
        "values": {"tail": 2, "prompt": "ö"},
    }
    told = ask("POST", "/v1/jobs", sent)
    assert told.status == 201
    entry = from_json(Entry, told.json)
    assert (entry.id, entry.job.seed, entry.job.extra) == ("whole", 41, {"lens": 35})
    assert ask.until("whole", "done")["takes"] == 1
    assert ask("GET", "/v1/jobs/whole").json["job"]["lens"] == 35
    assert ask.service.worker.told[-1]["job"]["lens"] == 35


def test_the_same_job_again_is_the_same_and_another_of_its_name_is_refused(ask, tmp_path):
    sent = ask.job(tmp_path, id="again")
    assert ask("POST", "/v1/jobs", sent).status == 201
    assert ask("POST", "/v1/jobs", sent).status == 201
    other = ask("POST", "/v1/jobs", sent | {"seed": 9})
    assert (other.status, other.code) == (409, "job.there")
    ids = [each["id"] for each in ask("GET", "/v1/jobs").json["jobs"]]
    assert ids.count("again") == 1


def test_two_jobs_in_hand_never_make_a_take_of_the_same_name(ask, tmp_path):
    worker = ask.service.worker
    worker.hold = True
    (tmp_path / "link").symlink_to(tmp_path)
    try:
        sent = ask.job(tmp_path, id="first") | {"output": f"{tmp_path}/t.mov"}
        assert ask("POST", "/v1/jobs", sent).status == 201
        for other in ("t.mov", "t", "t.exr", "link/t.mov", "./x/../t.mov"):
            told = ask("POST", "/v1/jobs", sent | {"id": "", "output": f"{tmp_path}/{other}"})
            assert (told.status, told.code) == (409, "take.there"), other
            assert "first" in told.json["what"]
    finally:
        worker.hold = False
        worker.go_on()
    assert ask.until("first", "done")["takes"] == 1


@pytest.mark.parametrize(
    ("wrong", "status", "code", "where"),
    [
        ({"task": "explode"}, 422, "task.unknown", ""),
        ({"values": {"tail": -4}}, 422, "value.wrong", ""),
        ({"values": {"tail": "many"}}, 422, "value.wrong", ""),
        ({"takes": 0}, 422, "value.wrong", ""),
        ({"takes": 10**9}, 422, "value.wrong", ""),
        ({"seed": "x"}, 422, "value.wrong", "Job.seed"),
        ({"inputs": {"plate": {"media": 3}}}, 422, "value.wrong", "Job.inputs.plate.media"),
        ({"inputs": {"plate": {"media": "plate.mov"}}}, 422, "value.wrong", "plate.mov"),
        ({"output": "take.mov"}, 422, "value.wrong", "take.mov"),
        ({"output": ""}, 422, "value.wrong", ""),
        ({"output": "/tmp/a\0b.mov"}, 422, "value.wrong", ""),
        ({"id": "../x"}, 422, "value.wrong", "Job.id"),
        ({"id": "a/b"}, 422, "value.wrong", "Job.id"),
        ({"output": "/etc/take.mov"}, 403, "path.outside", "/etc/take.mov"),
        ({"model": "/proc/self"}, 403, "path.outside", "/proc/self"),
    ],
)
def test_what_is_wrong_with_a_job_is_told_at_once(ask, tmp_path, wrong, status, code, where):
    before = len(ask("GET", "/v1/jobs").json["jobs"])
    told = ask("POST", "/v1/jobs", ask.job(tmp_path) | wrong)
    assert (told.status, told.code) == (status, code)
    assert where in told.json["where"]
    assert len(ask("GET", "/v1/jobs").json["jobs"]) == before


def test_a_job_that_is_not_there(ask):
    for method, act in (("GET", ""), ("POST", "/cancel"), ("POST", "/pause"), ("POST", "/resume"),
                        ("POST", "/retry"), ("POST", "/move"), ("GET", "/preview")):  # fmt: skip
        told = ask(method, f"/v1/jobs/nobody{act}")
        assert (told.status, told.code) == (404, "job.unknown"), act


def test_the_queue_is_told_in_its_order_and_moved_in(slow, tmp_path):
    for name in ("a", "b", "c", "d"):
        assert slow("POST", "/v1/jobs", slow.job(tmp_path, name, id=name)).status == 201
    slow.until("a", "running")

    def order() -> list[str]:
        return [each["id"] for each in slow("GET", "/v1/jobs?state=queued").json["jobs"]]

    assert order() == ["b", "c", "d"]
    assert slow("POST", "/v1/jobs/d/move", {"before": "b"}).json["id"] == "d"
    assert order() == ["d", "b", "c"]
    assert slow("POST", "/v1/jobs/d/move").status == 200
    assert order() == ["b", "c", "d"]
    assert slow("POST", "/v1/jobs/d/move", {"before": 3}).code == "value.wrong"
    assert slow("POST", "/v1/jobs?where=next", slow.job(tmp_path, "e", id="e")).status == 201
    assert order() == ["e", "b", "c", "d"]
    assert slow("POST", "/v1/jobs?where=first", slow.job(tmp_path, "f")).code == "value.wrong"


def test_a_job_is_paused_resumed_cancelled_and_tried_again(slow, tmp_path):
    slow("POST", "/v1/jobs", slow.job(tmp_path, id="a", takes=2))
    slow.until("a", "running")
    assert slow("POST", "/v1/jobs/a/pause").json["state"] in ("pausing", "paused")
    slow.until("a", "paused")
    again = slow("POST", "/v1/jobs/a/pause")
    assert (again.status, again.code) == (409, "job.state")
    assert slow("POST", "/v1/jobs/a/resume").status == 200
    slow.until("a", "running")
    assert slow("POST", "/v1/jobs/a/cancel").status == 200
    slow.until("a", "cancelled")
    assert slow("POST", "/v1/jobs/a/retry").status == 200
    slow.until("a", "running")
    slow.service.worker.go_on(9)
    assert slow.until("a", "done")["takes"] == 2


def test_the_whole_queue_is_paused_and_goes_on(slow, tmp_path):
    slow("POST", "/v1/jobs", slow.job(tmp_path, id="a"))
    slow.until("a", "running")
    assert slow("POST", "/v1/queue/pause").json["held"] is True
    slow.until("a", "paused")
    assert slow("GET", "/v1/system").json["machine"]["held"] is True
    assert slow("POST", "/v1/queue/resume").json["held"] is False
    slow.until("a", "running")
    slow.service.worker.go_on(9)
    slow.until("a", "done")


def test_a_job_that_failed_tells_why(tmp_path, asking):
    problem = NotEnoughMemory("Needs 3 GB more", "at 1080p", "Shoot it at 480p")
    worker = ScriptedWorker(problem=problem)
    with served(tmp_path / "data", worker) as service:
        ask = asking(service)
        ask("POST", "/v1/jobs", ask.job(tmp_path, id="a"))
        assert ask.until("a", "failed")["problem"] == problem.to_json()


def test_lists_are_as_long_as_asked(ask, tmp_path):
    for name in ("l1", "l2", "l3"):
        ask.shot(tmp_path, name=name, id=name)
    assert len(ask("GET", "/v1/jobs?limit=2").json["jobs"]) == 2
    for wrong in ("0", "-1", "9" * 30, "x", "1001"):
        assert ask("GET", f"/v1/jobs?limit={wrong}").code == "value.wrong"
    assert ask("GET", "/v1/jobs?state=asleep").status == 422
    done = ask("GET", "/v1/jobs?state=done&state=failed").json["jobs"]
    assert {each["state"] for each in done} == {"done"}


def test_what_is_nowhere_and_what_means_nothing(ask):
    nowhere = ask("GET", "/v1/nothing")
    assert (nowhere.status, nowhere.code) == (404, "route.unknown")
    means = ask("DELETE", "/v1/jobs")
    assert (means.status, means.code) == (405, "route.method")
    assert means.headers["allow"]


def test_a_fault_of_ours_is_told_as_one(ask, monkeypatch):
    def broken(*_):
        raise KeyError("x")

    monkeypatch.setattr(ask.service.unit, "entries", broken)
    told = ask("GET", "/v1/jobs")
    assert (told.status, told.code) == (500, "program.fault")
    assert "KeyError" in told.json["what"]
