"""A contact sheet shows what it was given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from secondunit.media.contact import AMBER, GROUND, Row, contact_sheet, painted
from secondunit_contract.problem import BadValue


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as sheet:
        return np.asarray(sheet.convert("RGB"))


def test_rows_are_one_below_the_other(tmp_path: Path) -> None:
    red = np.full((180, 320, 3), (200, 0, 0), np.uint8)
    blue = np.zeros((180, 320, 3), np.float32)
    blue[..., 2] = 1
    contact_sheet(
        [Row("Plate", [red, red, red], ["1", "2", "3"]), Row("Take 1", [blue])],
        tmp_path / "new" / "sheet.png",
    )
    sheet = pixels(tmp_path / "new" / "sheet.png")
    reds = np.argwhere((sheet == (200, 0, 0)).all(axis=-1))
    blues = np.argwhere((sheet == (0, 0, 255)).all(axis=-1))
    assert len(reds) == pytest.approx(3 * 240 * 135, rel=0.01)
    assert len(blues) == pytest.approx(240 * 135, rel=0.01)
    assert reds[:, 0].max() < blues[:, 0].min()
    assert reds[:, 1].min() == blues[:, 1].min()
    assert tuple(sheet[0, 0]) == tuple(sheet[-1, -1]) == GROUND
    label = sheet[:, : blues[:, 1].min() - 4]
    assert (label.max(axis=-1) > 180).sum() > 50
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["sheet.png"]


def test_what_is_transparent_shows_a_checkerboard(tmp_path: Path) -> None:
    clear = np.zeros((120, 240, 4), np.uint8)
    clear[:, 120:] = (10, 250, 10, 255)
    contact_sheet([Row("Take", [clear])], tmp_path / "a.png")
    sheet = pixels(tmp_path / "a.png")
    green = np.argwhere((sheet == (10, 250, 10)).all(axis=-1))
    top, left = green.min(axis=0)
    board = sheet[top + 8 : top + 112, left - 112 : left - 8].reshape(-1, 3)
    shades, counts = np.unique(board, axis=0, return_counts=True)
    common = shades[np.argsort(counts)[-2:]]
    assert (np.ptp(common, axis=1) == 0).all()
    assert abs(int(common[0, 0]) - int(common[1, 0])) > 10


def test_the_paint_region_is_amber() -> None:
    picture = np.full((60, 80, 3), 100, np.uint8)
    mask = np.zeros((60, 80), np.float32)
    mask[20:40, 20:60] = 1
    shown = painted(picture, mask)
    assert (shown[mask == 0] == 100).all()
    assert (shown[20, 30] == AMBER).all()
    inside = shown[30, 40].astype(int)
    assert inside[0] > inside[1] > inside[2]
    assert (np.abs(inside - 100) > 10).any()


def test_pictures_of_all_sizes_and_no_numbers(tmp_path: Path) -> None:
    odd = [
        np.full((1, 1, 3), np.nan, np.float32),
        np.full((500, 20, 3), np.inf, np.float32),
        np.zeros((9, 4000), np.float32),
        np.ones((7, 5, 4), np.float16),
    ]
    contact_sheet(
        [Row("A label that is far too long for its narrow column", odd)], tmp_path / "a.png"
    )
    assert pixels(tmp_path / "a.png").shape[1] > 4 * 240


def test_no_pictures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadValue):
        contact_sheet([Row("Plate", [])], tmp_path / "a.png")
