"""The pool: what is loaded once, what goes where memory is wanted, and a model that gets by."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from secondunit import models
from secondunit.callsheet import CallSheet, Cancelled, Pixels, Unwatched, VideoModel
from secondunit.models.berth import AMPLE, THIN, TILED, Berth
from secondunit.models.pool import PartKey, Pool
from secondunit.models.testing import tiny_vace
from secondunit.models.wan.model import WanModel
from secondunit_contract.frames import Rate
from secondunit_contract.problem import CheckpointInvalid

ROOT = Path(__file__).parents[3]


class Gauge:
    """A device of so many bytes, of which the pool's parts take theirs."""

    def __init__(self, pool: Pool, whole: int) -> None:
        self.pool, self.whole, self.forgotten = pool, whole, 0

    def free(self) -> int:
        return self.whole - self.pool.size()

    def forget(self) -> None:
        self.forgotten += 1


class Holder:
    def __init__(self) -> None:
        self.gone: list[str] = []

    def let_go(self, key: PartKey) -> None:
        self.gone.append(key.name)


def key(name: str, seldom: bool = False) -> PartKey:
    return PartKey(name, (f"{name}'s file",), "cpu", seldom)


@pytest.fixture
def filled() -> tuple[Pool, Gauge, Holder]:
    """A device of 100 with a reader (30), a VAE (10) and a network (50), used in that order."""
    pool, holder = Pool(), Holder()
    gauge = Gauge(pool, 100)
    for name, size in (("reader", 30), ("vae", 10), ("network", 50)):
        pool.part(key(name, name == "reader"), size, object, holder, gauge)
    return pool, gauge, holder


def names(pool: Pool) -> list[str]:
    return [each.name for each in pool.parts()]


def test_a_part_is_loaded_once(filled: tuple[Pool, Gauge, Holder]) -> None:
    pool, gauge, holder = filled
    first = pool.part(key("vae"), 10, object, holder, gauge)
    assert pool.part(key("vae"), 10, object, Holder(), gauge) is first
    assert pool.size() == 90


def test_what_is_used_once_a_prompt_goes_first_then_the_longest_unused(
    filled: tuple[Pool, Gauge, Holder],
) -> None:
    pool, gauge, holder = filled
    with pool.kept(key("reader", True)):
        pass  # used last, and first to go all the same
    pool.make_room(40, gauge)
    assert names(pool) == ["vae", "network"]
    with pool.kept(key("vae")):
        pass
    pool.make_room(45, gauge)
    assert names(pool) == ["vae"]
    assert holder.gone == ["reader", "network"]
    assert gauge.forgotten == 2


def test_no_more_goes_than_must_and_nothing_that_is_in_use(
    filled: tuple[Pool, Gauge, Holder],
) -> None:
    pool, gauge, _ = filled
    pool.make_room(10, gauge)
    assert len(names(pool)) == 3
    with pool.kept(key("network")):
        pool.make_room(1000, gauge)
        assert names(pool) == ["network"]
    pool.make_room(1000, gauge)
    assert names(pool) == []


def test_a_part_that_cannot_be_loaded_is_no_part(filled: tuple[Pool, Gauge, Holder]) -> None:
    pool, gauge, holder = filled

    def broken() -> Any:
        raise OSError("no such file")

    with pytest.raises(OSError, match="no such file"):
        pool.part(key("other"), 20, broken, holder, gauge)
    assert names(pool) == ["vae", "network"]


# ---------------------------------------------------------------------- real parts


def sheet(words: str = "a cat", frames: int = 9) -> CallSheet:
    plate = np.tile(np.linspace(0, 1, 32, dtype=np.float32)[:, None], (frames, 32, 1, 3))
    paint = np.zeros((frames, 32, 32), dtype=np.bool_)
    paint[:, 8:24, 8:24] = True
    return CallSheet(
        32, 32, frames, Rate.of("24"), words, plate=plate.reshape(frames, 32, 32, 3), paint=paint,
        seeds=(1,), steps=3, guidance=1.0,
    )  # fmt: skip


def shot(model: VideoModel, asked: CallSheet) -> Pixels:
    return np.concatenate([each.frames for each in model.shoot(asked, Unwatched())])


def at_hand(model: VideoModel) -> set[str]:
    assert isinstance(model, WanModel)
    names = ("text_encoder", "transformer", "vae")
    return {name for name in names if getattr(model._pipe, name) is not None}


@pytest.fixture
def two_of_a_kind(vace_folder: Path, tmp_path: Path) -> tuple[str, str]:
    """Two checkpoints with one reader and one VAE, linked as downloads are, and two networks."""
    other = tmp_path / "other"
    shutil.copytree(vace_folder, other)
    for part in ("text_encoder", "vae"):
        for file in (other / part).glob("*.safetensors"):
            file.unlink()
            file.symlink_to(vace_folder / part / file.name)
    return str(vace_folder), str(other)


def test_models_share_the_parts_they_have_in_common(two_of_a_kind: tuple[str, str]) -> None:
    pool = Pool()
    one, other = (models.load(each, Berth("cpu", pool)) for each in two_of_a_kind)
    assert isinstance(one, WanModel)
    assert isinstance(other, WanModel)
    assert one._pipe.text_encoder is other._pipe.text_encoder
    assert one._pipe.vae is other._pipe.vae
    assert one._pipe.transformer is not other._pipe.transformer
    assert len(pool.parts()) == 4
    assert np.array_equal(shot(one, sheet()), shot(other, sheet()))


class Full:
    """A device that is more than full."""

    def free(self) -> int:
        return -1

    def forget(self) -> None:
        pass


def test_a_model_whose_parts_went_shoots_the_same_bits(vace_folder: Path) -> None:
    pool = Pool()
    model = models.load(str(vace_folder), Berth("cpu", pool))
    before = shot(model, sheet())
    pool.make_room(1, Full())
    assert at_hand(model) == set()
    assert np.array_equal(shot(model, sheet()), before)
    assert at_hand(model) == {"transformer", "vae"}, "words it has read need no reader"
    assert np.array_equal(shot(model, sheet("a dog")), shot(model, sheet("a dog")))
    assert at_hand(model) == {"transformer", "vae", "text_encoder"}


def test_a_device_too_small_for_all_parts_holds_them_by_turns(
    vace_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ample = models.load(str(vace_folder), "cpu")
    before = shot(ample, sheet())
    model = models.load(str(vace_folder), "cpu")
    assert isinstance(model, WanModel)
    monkeypatch.setattr(model._parts, "_gauge", Full())
    assert np.array_equal(shot(model, sheet()), before)
    assert at_hand(model) == {"vae"}, "the last at work"


def test_weights_that_went_from_the_disk_are_a_problem(vace_folder: Path, tmp_path: Path) -> None:
    folder, pool = tmp_path / "model", Pool()
    shutil.copytree(vace_folder, folder)
    model = models.load(str(folder), Berth("cpu", pool))
    pool.make_room(1, Full())
    shutil.rmtree(folder / "transformer")
    with pytest.raises(CheckpointInvalid):
        shot(model, sheet())


@pytest.mark.parametrize(("sparing", "error"), [(TILED, 1e-5), (THIN, 0.1)])
def test_a_sparing_model_makes_the_same_picture(
    vace_folder: Path, sparing: int, error: float
) -> None:
    ample = shot(models.load(str(vace_folder), Berth("cpu", sparing=AMPLE)), sheet())
    model = models.load(str(vace_folder), Berth("cpu", sparing=sparing))
    made = shot(model, sheet())
    assert np.abs(made - ample).max() < error
    assert np.array_equal(shot(model, sheet()), made)
    assert model.provenance()["sparing"] == sparing


RESIDENT = """
import sys
import psutil
from secondunit import models
from secondunit.models.berth import Berth
from tests.core.models.test_pool import sheet, shot

models.load(sys.argv[2], Berth("cpu"))  # the libraries are here now
before = psutil.Process().memory_info().rss
model = models.load(sys.argv[1], Berth("cpu", sparing=int(sys.argv[3])))
shot(model, sheet())
print((psutil.Process().memory_info().rss - before) >> 20)
"""


def test_the_parts_of_a_sparing_model_wait_elsewhere(vace_folder: Path, tmp_path: Path) -> None:
    wide = tiny_vace(tmp_path / "wide", wide=200_000)  # 190 MB in blocks of 38
    at_once = os.environ | {"MALLOC_MMAP_THRESHOLD_": "1000000"}  # what is let go is given back
    held = []
    for sparing in (AMPLE, TILED):
        command = [sys.executable, "-c", RESIDENT, str(wide), str(vace_folder), str(sparing)]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=ROOT, env=at_once
        )
        assert done.returncode == 0, done.stderr
        held.append(int(done.stdout))
    assert held[0] > 180
    assert held[1] < 0.3 * held[0]


def test_a_cancelled_call_of_a_sparing_model_leaves_it_as_it_was(vace_folder: Path) -> None:
    model = models.load(str(vace_folder), Berth("cpu", sparing=TILED))
    before = shot(model, sheet())

    class Stopping(Unwatched):
        asked = 0

        def check(self) -> None:
            self.asked += 1
            if self.asked > 6:
                raise Cancelled

    with pytest.raises(Cancelled):
        list(model.shoot(sheet(), Stopping()))
    assert np.array_equal(shot(model, sheet()), before)
