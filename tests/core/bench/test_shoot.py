"""Ours against the stock pipeline, in small: all of the bench but what a GPU alone can do."""

from __future__ import annotations

import numpy as np
import pytest

from secondunit.bench.shoot import measure, memory, summed
from secondunit.bench.shoot.physics import pass_flops
from secondunit.bench.shoot.racing import decibels
from secondunit.bench.shoot.subjects import FULL, T2V_14, VACE_13

TABLE = {"vace13": 427, "t2v14": 1678}
"""Teraflops of a pass, 81 frames of 832x480."""


def test_what_there_is_to_compute() -> None:
    for subject in FULL:
        assert subject.tokens == 32_760
        flops = pass_flops(subject.config, subject.tokens) / 1e12
        assert flops == pytest.approx(TABLE[subject.name], rel=0.002)
    assert pass_flops(T2V_14, 75_600) / 1e12 == pytest.approx(6523, rel=0.001)
    plain = {key: each for key, each in VACE_13.items() if not key.startswith("vace")}
    assert pass_flops(plain, 32_760) / 1e12 == pytest.approx(283, rel=0.001)


@pytest.fixture(scope="module")
def told() -> tuple[dict[str, float], dict[str, object]]:
    return measure("cpu", jobs=12, early=6)


def test_nobody_takes_the_processor_s_figures_for_a_gpu_s(told) -> None:
    figures, conditions = told
    assert all(key.startswith("cpu_") for key in figures)
    asked = "vace13_speedup t2v14_speedup peak_share memory_ratio psnr_db bit_equal leak_ratio"
    assert {f"cpu_{key}" for key in asked.split()} <= figures.keys()
    assert "GPU" in str(conditions["not_measured"])


def test_ours_without_fast_paths_is_the_stock_pipeline_bit_for_bit(told) -> None:
    figures, _ = told
    assert figures["cpu_bit_equal"] == 1.0
    assert figures["cpu_psnr_db"] >= 60
    assert figures["cpu_vace13_recompiles"] == 2, "each kind of block once, whatever was shot"
    assert figures["cpu_t2v14_recompiles"] == 1
    assert all(np.isfinite(number) and number >= 0 for number in figures.values())
    assert 0 < figures["cpu_peak_share"] < 1


def test_a_worker_s_memory_stays_as_it_was(told) -> None:
    assert 0.5 < told[0]["cpu_leak_ratio"] < 1.1


def test_the_worst_counts() -> None:
    figures = {}
    for name, number in (("vace13", 1.0), ("t2v14", 0.5)):
        figures |= {
            f"{name}_{key}": number
            for key in ("peak_share", "memory_ratio", "psnr_db", "bit_equal")
        }
    assert summed(figures) == {
        "peak_share": 0.5, "memory_ratio": 1.0, "psnr_db": 0.5, "bit_equal": 0.5,
    }  # fmt: skip


def test_decibels() -> None:
    one = np.full((2, 4, 4, 3), 0.5, np.float32)
    assert decibels(one, one) == 100
    assert decibels(one, one + 0.1) == pytest.approx(20, abs=0.01)
    assert decibels(one, one[:1]) == 0
    assert decibels(one, np.full_like(one, np.nan)) == 0


def test_a_process_that_failed_is_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    from secondunit_contract.problem import ProgramFault

    monkeypatch.setattr(memory, "_SHOOTING", "raise SystemExit('no such model')")
    with pytest.raises(ProgramFault) as problem:
        memory.leak(2, 1)
    assert "no such model" in problem.value.where
