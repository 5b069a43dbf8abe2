"""The bench of the model that comes along, typed as a person types it, at its very smallest."""

from __future__ import annotations

import pytest

ASKED = {
    "isolate_iou_single", "isolate_iou_several", "marked_iou", "marked_own_iou",
    "extension_gain_db", "insert_gain_db", "cleanup_gain_db", "prompt_accuracy", "clip_seconds",
}  # fmt: skip


def test_every_figure_is_there_without_footage(run, monkeypatch, tmp_path):
    from secondunit.bench import starter
    from secondunit.bench.starter import generated, worded

    monkeypatch.setenv("SECONDUNIT_SAMPLES", str(tmp_path))
    monkeypatch.setattr(starter, "COUNT", 1)
    monkeypatch.setattr(starter, "_ROUNDS", 1)
    monkeypatch.setattr(generated, "TAKES", 2)
    monkeypatch.setattr(worded, "LESSONS", 10)
    monkeypatch.setattr(worded, "EXAMINED", 2)
    told = run("bench", "starter", "--json")
    assert told.code == 0, told.told
    assert told.json["bench"] == "starter"
    figures, conditions = told.json["figures"], told.json["conditions"]
    assert set(figures) >= ASKED
    assert not [key for key in figures if key.startswith(("plate_", "tennis_"))]
    assert "left out" in conditions["footage"]
    assert 0 <= conditions["probe_on_truth"] <= 1
    shares = [key for key in figures if "iou" in key or key.startswith("prompt")]
    assert all(0 <= figures[key] <= 1 for key in shares)
    assert all(5 < figures[key] <= 50 for key in figures if key.endswith("_psnr_db"))
    for call in ("extension", "insert", "cleanup"):
        gain = figures[f"{call}_psnr_db"] - figures[f"{call}_baseline_db"]
        assert figures[f"{call}_gain_db"] == pytest.approx(gain)
