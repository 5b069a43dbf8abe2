"""An adapter trained in the queue's own way: it learns, it is kept, and its rights go with it."""

import errno
import json
import signal
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from secondunit.engine.bin import spread
from secondunit.engine.casting import Casting
from secondunit.engine.local import Engine
from secondunit.engine.watching import Cancel
from secondunit.ledger import sidecar
from secondunit.media.landing import land
from secondunit.models.testing import tiny_vace
from secondunit.settings import Settings
from secondunit.weights import adapters
from secondunit.worlds import named
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_contract.job import Event, Job
from secondunit_contract.problem import BadValue, DiskFull, Problem, TakeThere
from secondunit_contract.wire import from_json, to_json

RIGHTS = {"owner": "Us", "consent": "nobody is seen", "licence": "CC-BY-4.0"}
SHORT = {"steps": 4, "rank": 4, "rate": 2e-3, "frames": 5, "area": 1536, "sample_every": 2,
         "keep_every": 2, "trigger": "duotone"}  # fmt: skip
DARK, LIGHT = np.array([0.10, 0.16, 0.34]), np.array([1.0, 0.78, 0.42])


class PowerCut(BaseException):
    """What no code catches."""


def toned(pictures):
    """The look: dark blue to amber, by lightness."""
    grey = pictures @ np.array([0.2126, 0.7152, 0.0722])
    return DARK + (LIGHT - DARK) * grey[..., None]


def off(pictures):
    """How far their colours are from those of the look, whatever their lightness."""
    way = (LIGHT - DARK) / np.linalg.norm(LIGHT - DARK)
    apart = pictures - DARK
    return np.linalg.norm(apart - (apart @ way)[..., None] * way, axis=-1).mean()


def filmed(seed, frames=15):
    return named.clips(seed, 1, frames, 32, 48).plate[0].permute(1, 2, 3, 0).numpy()


@pytest.fixture(scope="module")
def bin(tmp_path_factory, props) -> Path:
    """A folder of clips in one look, the first with words beside it."""
    folder = tmp_path_factory.mktemp("bin")
    for number in range(6):
        frames = np.round(toned(filmed(910_000_000 + number)) * 255).astype(np.uint8)
        props.write_movie(folder / f"c{number}.mkv", frames, "ffv1", "bgr0", "rgb24")
    (folder / "c0.txt").write_text("a ball on\na table\n")
    return folder


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    """A model of random weights: it learns nothing of use, and quickly."""
    return tiny_vace(tmp_path_factory.mktemp("checkpoints") / "tiny")


def asked(bin, tiny, folder, name="j1") -> Job:
    """A short training on the clips of the bin."""
    inputs = {"clip": Clip(str(bin))}
    return Job("train", str(folder / "duo"), name, inputs, SHORT | RIGHTS, str(tiny), 3, steps=2)


@pytest.fixture
def job(bin, tiny, tmp_path):
    return asked(bin, tiny, tmp_path / "out")


@pytest.fixture(scope="module")
def casting(tmp_path_factory) -> Casting:
    """The models, loaded once for all tests here."""
    return Casting(Settings(tmp_path_factory.mktemp("models"), "cpu"))


def engine_in(folder, casting) -> Engine:
    """An engine that keeps what is under way."""
    made = Engine(casting.settings, folder / "previews", rushes=folder / "rushes")
    made.casting = casting
    return made


@pytest.fixture
def engine(casting, tmp_path):
    return engine_in(tmp_path, casting)


@pytest.fixture(scope="module")
def whole(bin, tiny, casting, tmp_path_factory):
    """That training in one go: its take, what was heard of it, and the folder it lies in."""
    folder, heard = tmp_path_factory.mktemp("whole"), []
    [take] = engine_in(folder, casting).shoot(asked(bin, tiny, folder, "whole"), heard.append)
    return take, heard, folder


def weights(take) -> bytes:
    return Path(take.extra["adapter"]).read_bytes()


def test_an_adapter_comes_with_a_sample_and_its_rights(whole, props):
    take, heard, folder = whole
    assert props.whole(take.media).shape == (5, 32, 48, 3)
    adapter = adapters.opened(Path(take.extra["adapter"]))
    assert adapter.bases == ("tiny",)
    assert adapter.triggers == ("duotone",)
    assert adapter.licence == "CC-BY-4.0"
    assert "Us" in adapter.rights
    assert "nobody is seen" in adapter.rights
    told = tomllib.loads(Path(take.extra["adapter"]).with_suffix(".toml").read_text("utf-8"))
    assert "c1.mkv" in told["training_data"]
    alone = folder / "alone.safetensors"
    alone.write_bytes(weights(take))
    assert adapters.opened(alone).rights == adapter.rights  # the file says it too
    story = sidecar.read(Path(take.sidecar))
    learnt = story["model"]["training"]
    assert [step for step, _ in learnt["errors"]] == [0, 2, 4]
    assert learnt["held_aside"] == 6
    assert learnt["files"]["duo.safetensors"] == adapter.sha256()
    assert set(story["inputs"]) == {f"clip_{number:03d}" for number in range(1, 7)}
    assert sidecar.job_of(story).values["prompts"] == {"clip_001": "a ball on a table"}
    assert Path(take.sheet).is_file()
    steps = [event.done for event in heard if event.kind == "progress"]
    assert steps == [1, 2, 3, 4]
    shown = [event for event in heard if event.kind == "preview"]
    assert [event.done for event in shown] == [0, 2, 4]
    assert all(Path(event.preview).is_file() for event in shown)
    assert not [each for each in (folder / "rushes").rglob("*") if each.is_file()]


def test_another_seed_gives_other_bits(engine, job):
    quick = replace(job, values=job.values | {"steps": 1}, takes=2)
    first, second = engine.shoot(quick)
    assert (first.seed, second.seed) == (3, 4)
    assert weights(first) != weights(second)


@pytest.mark.parametrize("end", ["killed", "cancelled"])
def test_one_that_was_broken_off_goes_on_with_the_same_bits(
    engine, job, whole, tmp_path, end, props
):
    unbroken, cancel, heard = whole[0], Cancel(), []

    def report(event):
        if event.kind == "progress" and event.done == 3:
            if end == "killed":
                raise PowerCut
            cancel.wish()

    with pytest.raises(BaseException):  # noqa: B017, PT011 - a power cut is no Exception
        engine.shoot(job, report, cancel)
    assert not list((tmp_path / "out").glob("*"))
    [take] = engine.shoot(job, heard.append)
    steps = [event.done for event in heard if event.kind == "progress"]
    assert steps == ([3, 4] if end == "killed" else [4])
    assert weights(take) == weights(unbroken)
    assert np.array_equal(props.whole(take.media), props.whole(unbroken.media))
    learnt, in_one_go = (_story(each)["model"]["training"] for each in (take, unbroken))
    assert learnt["errors"] == in_one_go["errors"]


@pytest.mark.skipif(
    not hasattr(signal, "SIGKILL"), reason="no kill -9 here: going on after it is not tested"
)
def test_a_plain_one_that_was_killed_goes_on_with_the_same_bits(
    bin, tiny, whole, tmp_path, monkeypatch
):
    monkeypatch.setenv("SECONDUNIT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("SECONDUNIT_DEVICE", "cpu")
    values = [f"-s{key}={value}" for key, value in (SHORT | RIGHTS).items()]
    command = [
        sys.executable, "-c", "from secondunit.cli import main; main()",
        "shoot", "train", "--with", f"clip={bin}", *values, "-m", str(tiny), "--seed=3",
        "--steps=2", "--json", "-o", str(tmp_path / "out" / "duo"),
    ]  # fmt: skip
    heard = []
    for killed in (True, False):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as training:
            told = []
            for line in training.stdout:
                told.append(from_json(Event, json.loads(line)))
                if killed and (told[-1].kind, told[-1].done) == ("progress", 3):
                    training.kill()
        heard.append(told)
    assert heard[0][-1].kind != "done"
    assert [event.done for event in heard[1] if event.kind == "progress"] == [3, 4]
    assert any("behind step 2" in event.message for event in heard[1] if event.kind == "notice")
    [take] = [event.take for event in heard[1] if event.kind == "take"]
    assert weights(take) == weights(whole[0])
    assert not [each for each in (tmp_path / "data").rglob("*.npz")]


def _story(take):
    return sidecar.read(Path(take.sidecar))


def test_it_learns_the_look_and_the_bare_model_stays_what_it_was(engine, job, tmp_path, props):
    """Plates it never saw come nearer to the look; without it the bits are the same as before."""
    frames = np.concatenate([filmed(920_000_000 + number, 1) for number in range(4)])
    plates = [
        props.write_pictures(tmp_path / f"p{number}", np.round(each * 255).astype(np.uint8), "png")
        for number, each in enumerate(frames[:, None])
    ]

    def restyled(name, *worn):
        values = {"strength": 1.0, "prompt": "duotone"}
        made = []
        for number, plate in enumerate(plates):
            output = str(tmp_path / f"{name}{number}")
            restyle = Job("restyle", output, "", {"plate": plate}, values, "starter", adapters=worn)
            made.append(props.whole(engine.shoot(restyle)[0].media)[0, ..., :3] / 255)
        return np.stack(made)

    bare = restyled("bare")
    longer = job.values | {"steps": 160, "sample_every": 160, "rank": 16, "rate": 5e-3, "frames": 1}
    [take] = engine.shoot(replace(job, values=longer, model="starter", steps=None))
    errors = _story(take)["model"]["training"]["errors"]
    assert errors[-1][1] < 0.9 * errors[0][1]
    worn = restyled("worn", f"{take.extra['adapter']}:1")
    assert off(worn) < 0.85 * off(bare)
    assert np.array_equal(restyled("again"), bare)


def test_nothing_is_trained_without_a_rights_sheet(engine, job):
    with pytest.raises(BadValue, match="rights sheet: say who owns the clips") as told:
        engine.shoot(replace(job, values=SHORT))
    assert "licence" in str(told.value)
    with pytest.raises(BadValue, match="that the people seen agreed"):
        engine.shoot(replace(job, values=SHORT | RIGHTS | {"consent": "  "}))


def test_a_take_with_an_adapter_tells_of_it(engine, whole, job, tmp_path, short):
    take = whole[0]
    folder = engine.casting.settings.adapters
    folder.mkdir(parents=True, exist_ok=True)
    for suffix in (".safetensors", ".toml"):
        beside = Path(take.extra["adapter"]).with_suffix(suffix)
        (folder / f"duo{suffix}").write_bytes(beside.read_bytes())
    heard = []
    wide = Job("extend", str(tmp_path / "wide"), "", {"plate": short},
                {"left": 8, "prompt": "a street"}, job.model, steps=1,
                adapters=("duo:0.5",))  # fmt: skip
    wide = from_json(Job, json.loads(json.dumps(to_json(wide))))
    try:
        [made] = engine.shoot(wide, heard.append)
        story = _story(made)
        [worn] = story["model"]["adapters"]
        assert (worn["name"], worn["weight"], worn["licence"]) == ("duo", 0.5, "CC-BY-4.0")
        assert worn["sha256"] == adapters.opened(Path(take.extra["adapter"])).sha256()
        assert "Us" in worn["rights"]
        assert made.extra["adapters"] == ["duo:0.5"]
        assert {each["prompt"] for each in story["call_sheets"]} == {"duotone, a street"}
        assert any("duotone" in event.message for event in heard if event.kind == "notice")
        with pytest.raises(Problem, match="There is no adapter called noir"):
            engine.shoot(replace(wide, adapters=("noir",), output=str(tmp_path / "b")))
    finally:
        for each in folder.iterdir():
            each.unlink()


@pytest.fixture
def disk_full(monkeypatch):
    """Has the disk full when the n-th file of that ending is to have its name."""

    def when(ending, number=1):
        left = [number]

        def full(landings):
            landings = list(landings)
            left[0] -= any(each.final.name.endswith(ending) for each in landings)
            if not left[0]:
                raise OSError(errno.ENOSPC, "No space left on device")
            land(landings)

        for module in ("engine.training", "media.contact", "media.write"):
            monkeypatch.setattr(f"secondunit.{module}.land", full)

    return when


@pytest.mark.parametrize("ending", ["_sheet.png", ".safetensors", ".mov"])
def test_a_full_disk_leaves_nothing_of_a_take_that_is_not_there(
    engine, job, tmp_path, disk_full, ending
):
    disk_full(ending)
    with pytest.raises(DiskFull):
        engine.shoot(replace(job, values=job.values | {"steps": 1}))
    assert list((tmp_path / "out").iterdir()) == []


def test_a_disk_that_is_full_at_the_second_take_leaves_the_first_whole(
    engine, job, tmp_path, disk_full
):
    sheets, quick = [], replace(job, values=job.values | {"steps": 1}, takes=2)

    def report(event):
        if event.kind == "take":
            sheets.append(Path(event.take.sheet).read_bytes())

    disk_full(".mov", 2)
    with pytest.raises(DiskFull):
        engine.shoot(quick, report)
    there = {each.name for each in (tmp_path / "out").iterdir()}
    assert there == {"duo_t001.mov", "duo_t001.take.json", "duo_t001.safetensors",
                     "duo_t001.toml", "duo_sheet.png"}  # fmt: skip
    assert [(tmp_path / "out" / "duo_sheet.png").read_bytes()] == sheets


def test_nothing_is_written_over(engine, job, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "duo.safetensors").write_bytes(b"somebody's")
    heard = []
    with pytest.raises(TakeThere, match="where the adapter should go"):
        engine.shoot(job, heard.append)
    assert heard == []
    assert (tmp_path / "out" / "duo.safetensors").read_bytes() == b"somebody's"


def test_a_model_that_cannot_be_taught_says_who_can(scripted, job):
    engine, _ = scripted()
    with pytest.raises(Problem, match="cannot be trained") as told:
        engine.shoot(replace(job, model="scripted"))
    assert "starter" in told.value.remedy


def test_a_clip_too_short_to_keep_frames_aside_is_learnt_from_all_the_same(
    engine, job, bin, tmp_path
):
    one = {"clip": Clip(str(bin / "c0.mkv"), FrameRange(0, 6))}
    values = job.values | {"steps": 1}
    [take] = engine.shoot(replace(job, inputs=one, values=values))
    assert _story(take)["model"]["training"]["held_aside"] == 0
    with pytest.raises(BadValue, match="takes no plate"):
        engine.shoot(replace(job, inputs={"plate": Clip(str(bin / "c0.mkv"))}))


def test_a_folder_of_movies_is_a_bin_and_one_of_pictures_a_clip(bin, tmp_path, props):
    whole = spread(Job("train", "t", inputs={"clip": Clip(str(bin))})).inputs
    assert list(whole) == [f"clip_{number:03d}" for number in range(1, 7)]
    props.write_pictures(tmp_path / "stills", np.zeros((2, 8, 8, 3), np.uint8), "png")
    alone = Job("train", "t", inputs={"clip": Clip(str(tmp_path / "stills"))})
    assert spread(alone) == alone
