"""How mattes are measured: right answers win, wrong ones lose, and what is missing is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from secondunit.bench import measured
from secondunit.bench.matte import clips, edge, measure, memory, page, rivals, roto, scores, sheets
from secondunit.bench.matte.clips import Filmed
from secondunit.bench.matte.jobs import Delivered, Set
from secondunit.cli.app import app
from secondunit.engine.local import Engine
from secondunit.matting.measure import measured as compared
from secondunit_contract.problem import BadValue, MediaMissing

FRAMES = 2


@pytest.fixture(scope="module")
def footage(samples):
    return clips.folder(samples / "footage")


@pytest.fixture(scope="module")
def plate(footage) -> Filmed:
    return clips.plate(footage, FRAMES)


def mad(found, truth):
    return 1e3 * float(np.abs(found - truth).mean())


def test_a_whole_job_is_shot_and_judged_beside_the_rivals(plate, tmp_path):
    unit = Set(Engine(), tmp_path, "starter")
    wished = {"way": "look", "quality": "preview"}
    done = unit.shot("matte", {"plate": plate.clip, "matte": plate.first}, wished)
    assert done.alpha.shape == plate.truth.shape
    assert done.seconds > 0
    assert np.abs(done.alpha[0] - plate.truth[0]).max() < 0.01, "the given frame stays"
    others = rivals.by_first_mask(plate.plate, plate.truth)
    figures = scores.scored("plate_marked", done.alpha[1:], plate.truth[1:])
    figures |= scores.beside("plate", {k: v[1:] for k, v in others.items()}, plate.truth[1:])
    for who in ("marked", "held", "flow", "flow_grabcut"):
        for name in ("mad", "mse", "grad", "j", "f", "band_mad"):
            assert np.isfinite(figures[f"plate_{who}_{name}"]), (who, name)
        assert 0.5 < figures[f"plate_{who}_j"] < 1, "one frame on from a true matte"
    assert figures["plate_marked_mad"] < 30, "a preview, one frame on"
    light = plate.plate[0][plate.truth[0] > 0.99]
    cut = done.light[0][plate.truth[0] > 0.99]
    assert np.corrcoef(light.ravel(), cut.ravel() ** (1 / 2.2))[0, 1] > 0.9, "linear, not encoded"


def test_a_mask_and_a_click_are_given_on_the_first_frame_alone(plate, tmp_path, monkeypatch):
    asked = []

    def shot(self, task, inputs, values):
        asked.append((task, sorted(inputs), values))
        return Delivered(plate.truth, plate.plate * plate.truth[..., None], 1.0, [])

    monkeypatch.setattr(Set, "shot", shot)
    monkeypatch.setattr(rivals, "in_bands", lambda plate, truth: truth)
    shown: list[sheets.Shown] = []
    figures = roto.one(Set(Engine(), tmp_path), "plate", plate, shown)
    assert figures["plate_marked_mad"] == figures["plate_click_mad"] == 0
    assert figures["plate_marked_j"] == figures["plate_closed_form_j"] == 1
    assert figures["plate_held_j"] < 1
    assert [each.key for each in shown] == ["plate_marked", "plate_click"]
    (marked, click) = asked
    assert marked[1:] == (["matte", "plate"], {})
    assert click[1] == ["plate"]
    (point,) = click[2]["points"]
    assert point["frame"] == 1, "as the files count"
    height, width = plate.truth.shape[1:]
    assert plate.truth[0, int(point["y"] * height), int(point["x"] * width)] == 1


def test_one_screen_colour_keys_an_even_screen_and_not_an_uneven_one():
    truth = np.zeros((2, 64, 96), np.float32)
    truth[:, 20:50, 30:60] = 1
    screen = np.broadcast_to(np.float32([0.1, 0.7, 0.2]), (2, 64, 96, 3))
    subject = np.float32([0.7, 0.4, 0.3])
    even = np.where(truth[..., None] > 0, subject, screen)
    shade = np.linspace(0.6, 1.2, 96, dtype=np.float32)[None, None, :, None]
    uneven = np.where(truth[..., None] > 0, subject, screen * shade)
    assert mad(rivals.one_colour(even), truth) < 1
    assert mad(rivals.one_colour(uneven), truth) > 20


def test_a_drawn_band_holds_the_soft_edge_and_is_right_beside_it(plate):
    trimap, truth = rivals.banded(plate.truth[0]), plate.truth[0]
    soft = (truth > 0.01) & (truth < 0.99)
    assert (trimap[soft] == 0.5).all()
    assert np.abs(trimap - truth)[trimap != 0.5].max() < 0.01
    assert 0.02 < (trimap == 0.5).mean() < 0.5


def test_a_coarse_hint_knows_the_means_of_tokens_and_no_more(plate):
    hint, truth = clips.coarse(plate.truth[0]), plate.truth[0]
    assert hint.shape == truth.shape
    assert abs(hint.mean() - truth.mean()) < 0.01
    assert mad(hint, truth) > 30
    assert compared([hint], [truth]).j > 0.75
    fence = np.zeros((32, 48), np.float32)
    fence[:, ::4] = 1
    assert np.abs(clips.coarse(fence) - 0.25).max() < 1e-5, "means, not samples"


def test_the_click_is_in_the_thick_of_it():
    mask = np.zeros((40, 60), np.float32)
    mask[:, 5:8] = 1
    mask[10:31, 30:51] = 1
    assert clips.deepest(mask) == pytest.approx((40.5 / 60, 20.5 / 40))


def test_flicker_counts_only_where_the_plate_stands_still():
    plate = np.full((3, 32, 32, 3), 0.5, np.float32)
    alpha = np.zeros((3, 32, 32), np.float32)
    plate[1, :, :8] = 1.0
    alpha[1, :, :4] = 1.0
    assert scores.flicker(alpha, plate) == 0, "the alpha moves with the plate"
    alpha[1, :, 20:] = 0.1
    assert 5 < scores.flicker(alpha, plate) < 10


def test_the_solvers_are_set_beside_closed_form_on_one_frame(footage):
    figures, told = edge.solved(footage, (320, 180))
    assert set(figures) >= {
        "preview_speedup", "preview_mad_ratio", "solver_speedup", "solver_mad_ratio",
    }  # fmt: skip
    for name in ("preview", "solver"):
        assert 0.5 < figures[f"{name}_mad_ratio"] < 1.5
    assert "320x180" in told["edge_frame"]


def seen(each: int, frames: int = 30) -> tuple[tuple[int, int], ...]:
    """A process that warms up, then grows by so many bytes a frame, up and down by a tenth."""
    gig = 2**30
    warm = [(written, gig // 2 + written * gig // 20) for written in range(10)]
    waves = [(-1) ** written * gig // 10 for written in range(frames)]
    return (*warm, *((n, gig + n * each + waves[n]) for n in range(10, frames)))


def test_memory_is_carried_on_to_a_thousand_frames_only_where_it_grows():
    flat = memory.carried_on("key", 30, memory.Held(2**30, seen(0)))
    assert flat["key_memory_gb"] == pytest.approx(1)
    less = memory.carried_on("key", 30, memory.Held(2**30, seen(-(2**20))))
    assert less["key_memory_gb"] == 1
    more = memory.carried_on("key", 30, memory.Held(2**30, seen(2**20)))
    assert more["key_memory_growth_mb"] == pytest.approx(1)
    assert more["key_memory_gb"] == pytest.approx(1 + 970 / 1024)


def test_a_process_that_keys_tells_what_it_held(footage, tmp_path):
    held = memory.watched(tmp_path, "key", clips.green(footage), {}, 3, (320, 180))
    assert 100 * 2**20 < held.peak < 3 * 2**30
    assert max(written for written, _ in held.seen) <= 3
    assert 50 * 2**20 < max(size for _, size in held.seen) <= held.peak * 1.01


def test_a_sheet_shows_the_worst_frame_and_hides_what_may_not_be_shown(plate, tmp_path):
    alpha = plate.truth.copy()
    alpha[1] = 0
    light = np.ones((*alpha.shape, 3), np.float32) * alpha[..., None]
    done = Delivered(alpha, light, 1.0, [])
    shown = sheets.Shown.of("plate_click", plate, done, {})
    assert shown.captions[-1] == "worst: frame 2, J 0.00"
    assert np.array_equal(shown.rows["our alpha"][-1], alpha[1])
    hidden = sheets.Shown.of("tennis_click", replace(plate, ours=False), done, {})
    (made,) = sheets.sheets([shown, hidden], tmp_path)
    assert made.name == "matte_plate_click.png"
    assert made.stat().st_size <= 300_000
    with Image.open(made) as picture:
        assert picture.width > 1000


def test_the_tables_of_the_pages_hold_what_was_measured():
    figures = {f"key_synth_{name}": 1.0 for name in scores.MEASURES} | {"key_synth_seconds": 2.0}
    figures |= {f"key_synth_global_{name}": 3.0 for name in scores.MEASURES}
    text = page.filled(
        "before <!-- screen -->\nstale\n<!-- end of screen --> after", page.tables(figures)
    )
    assert "stale" not in text
    assert text.startswith("before ")
    assert text.endswith(" after")
    assert "| key, nothing told | 1.0 | 1.0 | 1.00 | 1.0 | 1.00 | 1.00 | 1.0 | 1.0 | 2.00 |" in text
    assert "one global screen colour | 3.0" in text
    assert "closed form" not in text, "was not measured"


def test_a_folder_without_the_footage_is_refused_with_a_remedy(tmp_path):
    for named in (tmp_path, tmp_path / "none"):
        with pytest.raises(MediaMissing) as refused:
            measure(named)
        assert "--footage" in refused.value.remedy
    with pytest.raises(BadValue, match="no use for --footage"):
        measured("timeline", tmp_path)
    told = CliRunner().invoke(app, ["bench", "matte", "--footage", str(tmp_path), "--json"])
    assert isinstance(told.exception, MediaMissing)
