"""The starter's page says what was measured, and rounds nothing up to an aim."""

from __future__ import annotations

import pytest

from tools.starter import page

TOLD = {
    "figures": {
        "isolate_iou_single": 0.8968,
        "isolate_own_iou_single": 0.79,
        "isolate_grabcut_iou_single": 0.82,
        "insert_psnr_db": 23.98,
        "insert_gain_db": 1.996,
        "insert_hold_db": 19.92,
        "insert_flow_db": 21.984,
    },
    "conditions": {"clips": "20 a call"},
}
EMPTY = "<!-- {0} -->\nstale\n<!-- end of {0} -->"


@pytest.mark.parametrize(
    ("key", "cell"),
    [
        pytest.param("isolate_iou_single", "| 0.897 | ≥ 0.90 | 0.897 IoU |", id="an overlap"),
        pytest.param("insert_gain_db", "| 1.996 | ≥ 2 dB more | 23.98 dB |", id="a gain"),
    ],
)
def test_a_missed_aim_is_not_rounded_up_to_it(key: str, cell: str) -> None:
    (line,) = [each for each in page.tables(TOLD).splitlines() if f"`{key}`" in each]
    assert cell in line


def test_baselines_stand_with_the_best_first_and_without_the_model_itself() -> None:
    lines = page.tables(TOLD).splitlines()
    (insert,) = [each for each in lines if "`insert_gain_db`" in each]
    (isolated,) = [each for each in lines if "`isolate_iou_single`" in each]
    assert insert.endswith("| flow 21.98, hold 19.92 |")
    assert isolated.endswith("| 0.79 |  | grabcut 0.82 |")


def test_what_was_not_measured_has_no_line() -> None:
    assert "On footage" not in page.tables(TOLD)


def test_only_what_stands_between_the_comments_is_made_anew() -> None:
    before = f"before {EMPTY.format('figures')} prose {EMPTY.format('sheets')} after"
    after = page.written(before, TOLD, [])
    assert "stale" not in after
    assert after.startswith("before <!-- figures -->")
    assert " prose " in after
    assert after.endswith("<!-- end of sheets --> after")


def test_a_page_without_its_comments_is_refused_by_their_name() -> None:
    with pytest.raises(ValueError, match="sheets"):
        page.written(EMPTY.format("figures"), TOLD, [])
