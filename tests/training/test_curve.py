"""The curve of a run can be read: a line a kind of question, no more points than an eye follows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.starter import curve


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A run of 30,000 steps whose errors halve half-way, and a kind that is asked now and then."""
    path = tmp_path / "log.jsonl"
    lines = []
    for step in range(50, 30_001, 50):
        loss = {"marked": (1.0 if step <= 15_000 else 0.5) + (0.2 if step % 100 else -0.2)}
        if step % 700 == 0:
            loss["referred"] = 2.0
        lines.append(json.dumps({"step": step, "loss": loss}))
    path.write_text("\n".join(lines), "utf-8")
    return path


def test_each_point_is_the_mean_of_the_errors_about_its_step(log: Path) -> None:
    marked = curve.curves(log)["marked"]
    steps = [step for step, _ in marked]
    assert steps == sorted(steps)
    assert steps[0] < 1_000
    assert steps[-1] > 29_000
    assert len(marked) <= 60
    assert marked[0][1] == pytest.approx(1.0)
    assert marked[-1][1] == pytest.approx(0.5)


def test_a_kind_that_is_seldom_asked_has_points_only_where_it_was_asked(log: Path) -> None:
    referred = curve.curves(log)["referred"]
    assert {error for _, error in referred} == {2.0}


def test_a_run_that_has_just_begun_is_drawn_too(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    lines = [{"step": step, "loss": {"marked": 100 / step}} for step in (50, 100, 150)]
    log.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    picture = curve.drawn(curve.curves(log))
    assert picture.getcolors(4) is None  # lines and names on a white ground, in shades
