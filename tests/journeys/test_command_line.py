"""What a person types, and what a program reads: tasks, models, shooting, takes, exit codes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_contract.job import Job
from secondunit_contract.wire import to_json

PROGRAM = [sys.executable, "-c", "from secondunit.cli import main; main()"]


def test_tasks_are_listed_with_what_a_panel_draws_forms_from(run):
    told = run("tasks", "--json")
    assert told.code == 0
    cards = {card["name"]: card for card in told.json}
    assert {"insert", "extend", "cleanup", "restyle", "matte"} <= set(cards)
    for name, card in cards.items():
        assert card["title"], name
        assert card["help"], name
        values = card["values_schema"]["properties"]
        assert values, name
        assert all(value.get("title") for value in values.values()), name
    assert cards["extend"]["values_schema"]["properties"]["tail"]["unit"] == "frames"
    assert cards["cleanup"]["values_schema"]["properties"]["grow"]["title"]


def test_one_task_in_full(run):
    told = run("tasks", "extend")
    assert told.code == 0
    assert all(word in told.out for word in ("tail", "left", "frames", "pixels"))
    alone = run("tasks", "extend", "--json").json
    assert [card["name"] for card in alone] == ["extend"]


def test_a_task_there_is_not(run):
    told = run("tasks", "explode")
    assert told.code == 1
    assert "task.unknown" in told.err
    assert "explode" in told.err


def test_models_and_those_among_them_that_cannot_be_read(run, tmp_path, monkeypatch):
    for name, text in (("junk", "not a checkpoint"), ("empty", "")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model_index.json").write_text(text)
    monkeypatch.setenv("SECONDUNIT_MODELS", str(tmp_path))
    told = run("models", "--json")
    assert told.code == 0
    ready = [each for each in told.json if not each["fault"]]
    broken = [each for each in told.json if each["fault"]]
    assert len(broken) == 2
    assert len(ready) >= 1
    for each in ready:
        assert each["licence"]
        assert each["reach"]["honours"]
    words = run("models")
    assert words.code == 0
    assert words.out.count("broken") == 2


def test_the_doctor_finds_this_machine_fit(run):
    told = run("doctor", "--json")
    assert told.code == 0
    assert {each["state"] for each in told.json} <= {"ok", "note"}
    assert any(each["what"] == "movies" for each in told.json)
    assert run("doctor").code == 0


def test_the_doctor_says_what_is_missing(run, monkeypatch):
    monkeypatch.setenv("OCIO", "/nowhere/config.ocio")
    told = run("doctor", "--json")
    assert told.code == 1
    [missing] = [each for each in told.json if each["state"] == "missing"]
    assert "/nowhere/config.ocio" in missing["found"]
    assert missing["remedy"]


def test_a_bench_there_is_not(run):
    told = run("bench", "speed")
    assert told.code == 1
    assert "value.wrong" in told.err
    assert all(name in told.err for name in ("media", "overhead", "timeline"))


def test_misuse_is_told_apart_from_a_problem(run):
    assert run("shoot", "extend", "--no-such-option").code == 2
    assert run("render").code == 2
    assert run("shoot", "extend", "--takes", "0").code == 2


@pytest.fixture(scope="module")
def extended(run, plate, tmp_path_factory):
    """Two takes of four frames, and two more to each, shot by flags; the events as JSON lines."""
    folder = tmp_path_factory.mktemp("extended")
    told = run(
        *("shoot", "extend", "--in", plate, "--range", "4-7", "--set", "tail=2"),
        *("--takes", 2, "--seed", 7, "--steps", 2, "-o", folder / "shot.mov", "--json"),
    )
    assert told.code == 0, told.told
    return folder, told


def test_shooting_by_flags(extended, plate, frames_of):
    folder, _ = extended
    assert {each.name for each in folder.iterdir()} == {
        *("shot_t001.mov", "shot_t001.take.json", "shot_t002.mov", "shot_t002.take.json"),
        "shot_sheet.png",
    }
    plates = frames_of(plate)
    one, other = (frames_of(folder / f"shot_t00{number}.mov") for number in (1, 2))
    for take in (one, other):
        assert len(take) == 6
        assert all(np.array_equal(take[index], plates[4 + index]) for index in range(4))
    assert not np.array_equal(one[5], other[5]), "another seed, another take"


def test_progress_as_json_lines(extended):
    events = extended[1].events
    kinds = [event["kind"] for event in events]
    assert kinds[0] == "started"
    assert kinds[-1] == "done"
    assert kinds.count("take") == 2
    steps = [event for event in events if event["kind"] == "progress"]
    shares = [event["done"] / event["total"] for event in steps]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert steps[-1]["seconds_left"] == 0
    takes = [event["take"] for event in events if event["kind"] == "take"]
    assert [take["seed"] for take in takes] == [7, 8]
    assert all(Path(take["media"]).is_file() for take in takes)


def test_a_side_car_tells_all_of_a_take(extended, plate):
    story = json.loads((extended[0] / "shot_t002.take.json").read_text())
    assert story["model"]["weights"]
    assert story["model"]["licence"]
    assert story["take"]["seed"] == 8
    assert story["job"]["inputs"]["plate"]["media"] == str(plate)
    assert story["call_sheets"]
    assert story["inputs"]["plate"]
    assert story["versions"]["torch"]


def test_a_take_shot_again_has_the_same_bits(run, extended, tmp_path, frames_of):
    folder, _ = extended
    told = run("rerun", folder / "shot_t002.take.json", "-o", tmp_path / "again.mov")
    assert told.code == 0, told.told
    again, before = frames_of(tmp_path / "again.mov"), frames_of(folder / "shot_t002.mov")
    assert len(again) == len(before)
    assert all(np.array_equal(*pair) for pair in zip(again, before, strict=True))
    assert "may differ" not in told.told


def test_shooting_again_tells_when_a_clip_has_changed(run, shots):
    shoot = ("shoot", "extend", "-i", shots / "plate.mov", "-r", "0-2", "-s", "tail=1", "--steps")
    assert run(*shoot, 1, "-o", shots / "a.mov").code == 0
    with (shots / "plate.mov").open("ab") as file:
        file.write(b"\0\0\0\x08free")  # an empty box: another file, the same pictures
    told = run("rerun", shots / "a.take.json", "--json")
    assert told.code == 0
    assert "plate" in told.err
    assert "may differ" in told.err
    assert all(event["kind"] for event in told.events), "nothing but JSON lines for a program"
    assert (shots / "a_again.mov").is_file()


def test_a_job_in_a_file(run, shots, frames_of):
    job = Job(
        "extend",
        str(shots / "take_{take}"),
        inputs={"plate": Clip(str(shots / "plate.mov"), FrameRange(0, 2))},
        values={"left": 8, "right": 8},
        steps=1,
    )
    (shots / "job.json").write_text(json.dumps(to_json(job)))
    told = run("shoot", shots / "job.json")
    assert told.code == 0, told.told
    take = frames_of(shots / "take_001.mov")
    assert len(take) == 3
    assert take[0].shape == (180, 336, 3)
    assert "take_001.mov" in told.out
    assert "contact sheet" in told.out


def test_values_frames_and_clips_as_they_are_typed(run, shots, frames_of):
    matte = shots / "matte.png"
    picture = np.zeros((180, 320, 3), np.uint8)
    picture[60:120, 100:160] = 255
    _save(matte, picture)
    told = run(
        *("shoot", "cleanup", "-i", shots / "plate.mov", "-r", "01:00:00:05-01:00:00:08"),
        *("-w", f"matte={matte}", "-s", "grow=0", "-s", "prompt=a wall, bare", "-s", "feather=0"),
        *("-s", 'note={"by": ["me"]}', "--steps", 1, "-o", shots / "clean.mov"),
    )
    assert told.code == 0, told.told
    story = json.loads((shots / "clean.take.json").read_text())
    assert story["job"]["values"] == {
        "grow": 0,
        "prompt": "a wall, bare",
        "feather": 0,
        "note": {"by": ["me"]},
    }
    assert story["take"]["range"] == to_json(FrameRange(5, 8))
    plates, take = frames_of(shots / "plate.mov")[5:9], frames_of(shots / "clean.mov")
    assert len(take) == 4
    outside = picture[..., 0] == 0
    for before, after in zip(plates, take, strict=True):
        assert np.array_equal(before[outside], after[outside])
        assert not np.array_equal(before, after)


def _save(path: Path, picture: np.ndarray) -> None:
    from PIL import Image

    Image.fromarray(picture).save(path)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("explode", "-i", "PLATE", "-o", "x.mov"), "task.unknown", "explode"),
        (("extend", "-i", "PLATE", "-s", "tail=2"), "value.wrong", "-o"),
        (("extend", "-i", "gone.mov", "-s", "tail=2", "-o", "x.mov"), "media.missing", "gone.mov"),
        (("extend", "-i", "PLATE", "-s", "tail", "-o", "x.mov"), "value.wrong", "key=value"),
        (("extend", "-i", "PLATE", "-s", "tail=many", "-o", "x.mov"), "value.wrong", "Tail"),
        (("extend", "-i", "PLATE", "-r", "90-99", "-s", "tail=1", "-o", "x"), "media.range", "23"),
        (("extend", "-i", "PLATE", "-r", "9-?", "-s", "tail=1", "-o", "x"), "value.wrong", "9-?"),
        (("extend", "-i", "PLATE", "-s", "tail=1", "--rate", "25", "-o", "x"), "media.rate", "25"),
        (("extend", "-i", "PLATE", "-s", "tail=1", "-o", "x.doc"), "media.codec", ".doc"),
        (("extend", "-s", "tail=1", "-o", "x.mov"), "value.wrong", "plate"),
        (("extend", "-i", "PLATE", "-w", "matte", "-s", "tail=1", "-o", "x"), "value.wrong", "mat"),
        (("extend", "-i", "PLATE", "-m", "no-such", "-s", "tail=1", "-o", "x"), "model.", "no-s"),
        (("cleanup", "-i", "PLATE", "-o", "x.mov"), "task.mark_missing", "matte"),
        (("nothing.json",), "media.missing", "nothing.json"),
    ],
)
def test_each_problem_of_a_job_says_what_where_and_what_to_do(
    run, shots, files_in, monkeypatch, words, code, told
):
    monkeypatch.chdir(shots)
    before = files_in(shots)
    ran = run("shoot", *("plate.mov" if word == "PLATE" else word for word in words))
    assert ran.code == 1
    assert f"({code}" in ran.err
    assert told.lower() in ran.err.lower()
    assert "remedy" in ran.err
    assert "Traceback" not in ran.told
    assert files_in(shots) == before


def test_a_problem_is_a_json_line_for_a_program(run, shots):
    words = ("-i", shots / "none.mov", "-s", "tail=1", "-o", shots / "x.mov")
    told = run("shoot", "extend", *words, "--json")
    assert told.code == 1
    [problem] = [each["problem"] for each in told.events if each["kind"] == "problem"]
    assert problem["code"] == "media.missing"
    assert problem["remedy"]


def test_ctrl_c_stops_cleanly(shots):
    words = ["shoot", "extend", "-i", "plate.mov", "-r", "0-2", "-s", "tail=2", "--json"]
    process = subprocess.Popen(
        [*PROGRAM, *words, "--steps", "1000", "-o", "take.mov"],
        cwd=shots,
        env={**os.environ, "SECONDUNIT_MODELS": str(shots / "no_models")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        first = next(line for line in process.stdout if '"progress"' in line)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert json.loads(first)["total"] == 1000
    kinds = [json.loads(line)["kind"] for line in out.splitlines()]
    assert kinds[-1] == "cancelled"
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "Stopping" in err
    assert [each.name for each in shots.iterdir()] == ["plate.mov"]


def test_the_installed_program_is_this_one(repository):
    program = Path(sys.executable).with_name("secondunit")
    if not program.exists():
        pytest.skip(f"the package is not installed beside {sys.executable}")
    told = subprocess.run([program, "tasks", "explode"], capture_output=True, text=True)
    assert told.returncode == 1
    assert "task.unknown" in told.stderr


def test_a_name_with_brackets_is_a_name(run, shots):
    folder = shots / "plates [" / "b] [red]"
    folder.mkdir(parents=True)
    shutil.copyfile(shots / "plate.mov", folder / "a.mov")
    words = ("-i", folder / "a.mov", "-r", "0-1", "-s", "tail=1", "--steps", 1)
    told = run("shoot", "extend", *words, "-o", folder / "b.mov")
    assert told.code == 0, told.told
    assert str(folder / "b.mov") in told.out
