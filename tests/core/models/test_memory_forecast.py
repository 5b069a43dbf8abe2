"""What a shot will take of memory, told before: against known sizes, and against what it took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from secondunit.bench.shoot.subjects import T2V_14, VACE_13
from secondunit.callsheet import FrameRule
from secondunit.models.berth import AMPLE, THIN, TILED
from secondunit.models.forecast import (
    RUNGS,
    Asked,
    Footprint,
    Lodging,
    Look,
    counted,
    shorter,
    smaller,
)

ROOT = Path(__file__).parents[3]
GB = 10**9

VACE_14 = T2V_14 | {"vace_layers": [*range(0, 40, 5)], "vace_in_channels": 96}
T2V_13 = {key: each for key, each in VACE_13.items() if not key.startswith("vace")}
PLAIN, VACE = "WanTransformer3DModel", "WanVACETransformer3DModel"
VAE = {"base_dim": 96, "dim_mult": [1, 2, 4, 4], "num_res_blocks": 2,
       "temperal_downsample": [False, True, True]}  # fmt: skip
READER = {"d_model": 4096, "d_kv": 64, "d_ff": 10240, "num_layers": 24, "num_heads": 64,
          "vocab_size": 256384}  # fmt: skip
WHOLE = Asked(832, 480, 81, pictures=True)
CUDA, CPU = Lodging("cuda"), Lodging("cpu")


def footprint(network: dict[str, Any], count: float) -> Footprint:
    numbers = {"text_encoder": int(5.68e9), "transformer": int(count), "vae": 127_000_000}
    return Footprint(numbers, network, VAE, READER, 16, FrameRule(1, 4, 81))


LIGHT, HEAVY = footprint(VACE_13, 2.15e9), footprint(VACE_14, 17.3e9)


@pytest.mark.parametrize(
    ("kind", "config", "billions"),
    [
        (PLAIN, T2V_13, 1.42),
        (PLAIN, T2V_14, 14.3),
        (VACE, VACE_13, 2.15),
        (VACE, VACE_14, 17.3),
        ("CogVideoXTransformer3DModel", {}, 1.7),
        ("LTXVideoTransformer3DModel", {}, 1.9),
    ],
)
def test_weights_are_counted_from_a_config_alone(
    kind: str, config: dict[str, Any], billions: float
) -> None:
    assert counted(kind, config) / 1e9 == pytest.approx(billions, rel=0.02)


def test_what_is_no_part_of_anything_is_not_counted() -> None:
    with pytest.raises(ValueError, match="NoSuchModel"):
        counted("NoSuchModel", {})


@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize(
    "more",
    [
        replace(WHOLE, frames=85),
        replace(WHOLE, width=848),
        replace(WHOLE, height=496),
        replace(WHOLE, references=1),
    ],
)
def test_more_to_shoot_takes_more(rung: int, more: Asked) -> None:
    for lodging in (CUDA, CPU):
        assert HEAVY.tokens(more) > HEAVY.tokens(WHOLE)
        assert HEAVY.beside(more, rung, lodging) >= HEAVY.beside(WHOLE, rung, lodging)
        less, more_of_it = (HEAVY.forecast(each, rung, lodging) for each in (WHOLE, more))
        assert more_of_it.peak >= less.peak
    less_of_it, much = (HEAVY.a_pass(HEAVY.tokens(each), CUDA) for each in (WHOLE, more))
    assert much > less_of_it


def test_what_else_makes_a_pass_larger() -> None:
    plain = footprint({k: each for k, each in VACE_14.items() if "vace" not in k}, 17.3e9)
    together = replace(HEAVY, together=True)
    tokens = HEAVY.tokens(WHOLE)
    assert tokens == 32760
    assert HEAVY.a_pass(tokens, CUDA) > plain.a_pass(tokens, CUDA) + tokens * 5120 * 2 * 8
    assert HEAVY.a_pass(tokens, Lodging("cuda", "sage")) >= HEAVY.a_pass(tokens, CUDA)
    assert HEAVY.a_pass(tokens, Lodging("cuda", "_native_math")) > 100 * GB
    asked = replace(WHOLE, pictures=False, width=208, height=128)
    halved = replace(asked, guided=False)
    assert together.beside(asked, AMPLE, CUDA) >= together.beside(halved, AMPLE, CUDA)
    assert HEAVY.beside(asked, AMPLE, CUDA) == HEAVY.beside(halved, AMPLE, CUDA)


@pytest.mark.parametrize("words", [False, True])
@pytest.mark.parametrize("lodging", [CUDA, CPU])
def test_more_to_look_at_takes_more_until_a_pass_is_full(words: bool, lodging: Lodging) -> None:
    model = replace(HEAVY, area=832 * 480)
    look = Look(832, 480, 9, 2, words)

    def beside(**more: Any) -> int:
        return model.looking(replace(look, **more), AMPLE, lodging)

    assert beside(frames=13) > beside()
    assert beside(width=1664) > beside()
    assert words or beside(samples=4) > beside()
    full = beside(frames=21)
    planes = 0 if lodging is CUDA else 4 * 4 * (81 - 21) * 832 * 480
    assert beside(frames=81) == full + planes, "a pass holds no more than a whole clip's latents"


def test_a_job_that_looks_alone_needs_no_room_to_shoot() -> None:
    model = replace(HEAVY, area=832 * 480)
    looks = (Look(832, 480, 81), Look(832, 480, 81, words=True))
    both, alone = replace(WHOLE, looks=looks), replace(WHOLE, looks=looks, shoots=False)
    brief = replace(alone, looks=(Look(416, 240, 3, 1),))
    for rung in RUNGS:
        told = model.forecast(both, rung, CUDA)
        assert told.peak >= model.forecast(WHOLE, rung, CUDA).peak
        assert told.peak >= model.forecast(alone, rung, CUDA).peak
        assert model.forecast(brief, rung, CUDA).peak < model.forecast(WHOLE, rung, CUDA).peak
    told = model.forecast(alone, AMPLE, CUDA)
    assert told.stretch == "looking"
    assert model.forecast(alone, AMPLE, CUDA, 3.0).beside == told.beside, "that was shooting's"
    assert model.forecast(alone, AMPLE, CUDA, 1.0, 2.0).beside > 1.9 * told.beside


def test_each_rung_takes_less_of_the_device_and_waits_in_the_host() -> None:
    ample, tiled, thin = (HEAVY.forecast(WHOLE, rung, CUDA) for rung in RUNGS)
    assert ample.peak > tiled.peak > thin.peak
    assert ample.weights == pytest.approx(2 * 17.3 * GB + 4 * 0.127 * GB, rel=0.01)
    assert ample.host == 0
    assert tiled.host == pytest.approx(2 * (17.3 + 5.68) * GB, rel=0.01)
    assert thin.host < tiled.host
    assert HEAVY.forecast(WHOLE, TILED, CPU).host == 0, "on the processor it waits on the disk"


def test_a_reader_larger_than_the_network_is_what_counts() -> None:
    asked = replace(WHOLE, width=208, height=128, frames=5)
    told = LIGHT.forecast(asked, AMPLE, CUDA)
    assert told.stretch == "reading"
    assert told.weights == pytest.approx(2 * 5.68 * GB, rel=0.01)
    assert (
        LIGHT.forecast(WHOLE, AMPLE, CUDA, ratio=2.0).peak > LIGHT.forecast(WHOLE, AMPLE, CUDA).peak
    )


def test_the_cards_people_have() -> None:
    """The rung each takes for its whole clip: nineteen twentieths of its memory are to be had."""

    def rung(model: Footprint, gigabytes: int) -> int | None:
        room = 0.95 * gigabytes * GB
        fitting = [each for each in RUNGS if model.forecast(WHOLE, each, CUDA).peak <= room]
        return fitting[0] if fitting else None

    assert [rung(LIGHT, size) for size in (16, 24, 48, 80)] == [AMPLE] * 4
    assert [rung(HEAVY, size) for size in (16, 24, 48, 80)] == [TILED, TILED, AMPLE, AMPLE]
    assert rung(LIGHT, 12) in (AMPLE, TILED)
    assert rung(HEAVY, 12) in (TILED, THIN)
    assert rung(HEAVY, 4) is None


@pytest.mark.parametrize("less", [shorter, smaller])
def test_what_would_fit_is_the_most_that_does(less: Any) -> None:
    room = HEAVY.forecast(WHOLE, THIN, CUDA).peak - GB
    told = less(HEAVY, WHOLE, THIN, CUDA, room, 1.0)
    assert HEAVY.forecast(told, THIN, CUDA).peak <= room
    rule, step = HEAVY.frames, HEAVY.multiple
    if less is shorter:
        assert (told.frames - rule.base) % rule.step == 0
        more = replace(told, frames=told.frames + rule.step)
    else:
        assert told.width % step == told.height % step == 0
        assert told.width / told.height == pytest.approx(832 / 480, rel=0.1)
        width = told.width + step
        more = replace(told, width=width, height=round(480 * width / 832 / step) * step)
    assert HEAVY.forecast(more, THIN, CUDA).peak > room
    assert less(HEAVY, WHOLE, THIN, CUDA, 1, 1.0) is None


@pytest.mark.parametrize("less", [shorter, smaller])
def test_of_a_job_that_looks_less_is_looked_at_where_less_would_fit(less: Any) -> None:
    model = replace(HEAVY, area=832 * 480)
    asked = replace(WHOLE, looks=(Look(832, 480, 81),), shoots=False)
    room = model.forecast(asked, THIN, CUDA).peak - GB
    told = less(model, asked, THIN, CUDA, room, 1.0, 1.0)
    assert model.forecast(told, THIN, CUDA).peak <= room
    (look,) = told.looks
    assert (look.width, look.height) == (told.width, told.height)
    assert look.frames == told.frames


MEASURED = """
import json, sys, tempfile
from dataclasses import replace
from pathlib import Path
import numpy as np
import torch
from secondunit import models
from secondunit.bench.shoot.making import blank, filled
from secondunit.bench.shoot.memory import Meter
from secondunit.bench.shoot.racing import Lap, sheet
from secondunit.bench.shoot.subjects import SMALL, Subject
from secondunit.callsheet import Question
from secondunit.engine.memory import give_back
from secondunit.models.berth import Berth
from secondunit.models.forecast import Asked, Footprint, Lodging, Look
from secondunit.models.pool import Pool
from secondunit.weights.checkpoint import Checkpoint

torch.set_num_threads(1)
device, cpu, told = torch.device("cpu"), Lodging("cpu"), []

def measured(call):
    call()  # libraries keep a plan for each new shape
    give_back()
    meter = Meter(device, 0)
    call()
    return meter.most()

def question(side, words, samples):
    mask = np.arange(side * side).reshape(side, side) % side < side // 2
    return Question({} if words else {0: mask}, words, samples=samples)

for subject, network, vae, side, frames, shoots, looks in json.loads(sys.argv[1]):
    small = SMALL[subject]
    config = dict(small.config) | network
    whole = replace(
        small, network=(small.network[0], config), vae=vae, width=side, height=side, frames=frames,
        steps=1, guidance=1.0,
    )
    folder, pool = blank(Path(tempfile.mkdtemp()), whole), Pool()
    model = models.load(str(folder), Berth("cpu", pool))
    filled(pool)
    footprint = Footprint.of(Checkpoint.open(folder), model.card.reach)
    footage = np.random.default_rng(5).random((frames, side, side, 3), np.float32)
    for words, samples in looks:
        seen = question(side, words, samples)
        asked = Asked(side, side, frames, looks=(Look.over(footage, seen),), shoots=False)
        foretold = footprint.looking(asked.looks[0], 0, cpu)
        took = measured(lambda: model.look(footage, seen))
        told.append((footprint.forecast(asked, 0, cpu).stretch, foretold, took))
    if shoots:
        asked = Asked(side, side, frames, pictures="vace_layers" in config, guided=False)
        foretold = footprint.beside(asked, 0, cpu)
        took = measured(lambda: list(model.shoot(sheet(whole), Lap(device))))
        told.append((footprint.forecast(asked, 0, cpu).stretch, foretold, took))
print(json.dumps(told))
"""
# With few channels torch computes a VAE on the processor in a way that takes several times as much.
TINY_VAE = {"base_dim": 2, "dim_mult": [1, 1, 1, 1], "num_res_blocks": 1}
SUBJECTS: list[Any] = [  # which, network, VAE, side, frames, whether it shoots, its looks
    (1, {"ffn_dim": 32768, "num_layers": 3}, TINY_VAE, 128, 9, True, [("", 1)]),
    (1, {"num_layers": 1}, TINY_VAE | {"base_dim": 48}, 160, 5, True, [("", 1)]),
    (1, {"num_attention_heads": 64, "num_layers": 3}, TINY_VAE, 128, 9, False,
     [("", 3), ("a ball", 1)]),
]  # fmt: skip


@pytest.mark.skipif(
    sys.platform != "linux", reason="no peak to reset: what was foretold is not measured"
)
def test_what_is_foretold_is_what_it_takes_within_a_quarter() -> None:
    """Random checkpoints large enough to stand out, each in another stretch of its work."""
    env = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    env |= {"MALLOC_MMAP_THRESHOLD_": "500000"}  # what is let go is given back
    command = [sys.executable, "-c", MEASURED, json.dumps(SUBJECTS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=env)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    stretches = ["looking", "denoising", "looking", "decoding", "looking", "looking"]
    assert [stretch for stretch, _, _ in told] == stretches
    for stretch, foretold, measured in told:
        assert measured > 2e7, f"{stretch}: too little to tell"
        assert foretold == pytest.approx(measured, rel=1 / 4), stretch
