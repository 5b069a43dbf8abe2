import json

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from secondunit.callsheet import Size
from secondunit.engine.marks import HintMarks, MatteMarks
from secondunit.matting.marking import Marked
from secondunit.media.read import open_media
from secondunit.stage.layout import Turnover
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.problem import BadValue, MarkMissing, RangeOutside

PLATE = Turnover(Size(48, 32), Rate.of(24), FrameRange(1001, 1006))


def click(x, y, frame=None, add=True):
    return {"x": x, "y": y, "add": add, "frame": frame}


def test_marks_are_on_the_frames_they_say_and_else_on_the_first():
    marked = Marked(
        points=[click(0.2, 0.2), click(0.4, 0.4, 1004)],
        strokes=[{"points": [[0.1, 0.2], [0.3, 0.4]], "frame": 1003}],
        box={"left": 0.1, "top": 0.1, "right": 0.9, "bottom": 0.9, "frame": 1004},
    )
    assert marked.frames_marked(1001) == [1001, 1003, 1004]
    assert marked.frame_marked(1001) == 1001
    assert marked.hint(1001, 1001).points == ((0.2, 0.2, True),)
    assert marked.hint(1003, 1001).strokes == ((((0.1, 0.2), (0.3, 0.4)), True),)
    assert marked.hint(1004, 1001).box == (0.1, 0.1, 0.9, 0.9)
    assert marked.hint(1003, 1001).box is None
    assert len(marked.hint().points) == 2


def test_what_was_said_comes_back_from_json_the_same():
    said = Marked(
        strokes=[{"points": [[0.1, 0.2], [0.3, 0.4]], "add": False}], mask_frames=[1001, 1005]
    )
    assert Marked(**json.loads(said.model_dump_json())) == said


def test_what_marks_nothing():
    assert Marked().marks_nothing()
    assert Marked().frames_marked(7) == []
    assert Marked().frame_marked(7) == 7
    assert Marked(strokes=[{"points": [[0.5, 0.5]], "add": False}]).marks_nothing()
    assert not Marked(strokes=[{"points": [[0.5, 0.5]]}]).marks_nothing()
    assert not Marked(subject="the dog").marks_nothing()


@pytest.mark.parametrize("stroke", [{"points": []}, {"points": [[0.5, 1.2]]}, {"points": [[0.5]]}])
def test_strokes_that_cannot_be(stroke):
    with pytest.raises(ValidationError):
        Marked(strokes=[stroke])


class Shown:
    """A plate of a red thing that walks, which remembers what was looked at."""

    def __init__(self):
        self.asked = []

    def __call__(self, frame):
        self.asked.append(frame)
        picture = np.full((32, 48, 3), 0.3, np.float32)
        left = 10 + 2 * (frame - 1001)
        picture[8:24, left : left + 12] = (0.8, 0.1, 0.1)
        return picture


def test_each_marked_frame_has_its_mask_and_looks_at_no_frame_the_plate_has_not():
    shown = Shown()
    marks = HintMarks(Marked(points=[click(0.33, 0.5), click(0.49, 0.5, 1006)]), PLATE, shown)
    assert not shown.asked
    assert marks(1003) is None
    for frame in (1001, 1006):
        mask, left = marks(frame), 10 + 2 * (frame - 1001)
        truth = np.zeros((32, 48), bool)
        truth[8:24, left : left + 12] = True
        assert ((mask > 0.5) & truth).sum() / ((mask > 0.5) | truth).sum() > 0.8
    assert set(shown.asked) <= set(PLATE.range)
    seen = len(shown.asked)
    marks(1006)
    assert len(shown.asked) == seen


def test_marks_on_a_frame_the_plate_has_not():
    with pytest.raises(RangeOutside, match="Frame 1007 is marked, the plate is 1001-1006"):
        HintMarks(Marked(points=[click(0.5, 0.5, 1007)]), PLATE, Shown())


def test_a_frame_with_only_what_is_not_meant():
    values = Marked(points=[click(0.5, 0.5), click(0.5, 0.5, 1004, add=False)])
    with pytest.raises(MarkMissing, match="frame 1004") as refused:
        HintMarks(values, PLATE, Shown())
    assert "1004" in refused.value.remedy


@pytest.fixture
def mattes(tmp_path):
    """Two mattes, numbered 1 and 2: the left half, the right half."""
    for number in (1, 2):
        alpha = np.zeros((32, 48), np.uint8)
        alpha[:, 24 * (number - 1) : 24 * number] = 255
        Image.fromarray(alpha).save(tmp_path / f"m_{number:04d}.png")
    with open_media(Clip(str(tmp_path / "m_%04d.png"))) as reader:
        yield reader


def test_mattes_drawn_on_frames_apart(mattes):
    marks = MatteMarks(mattes, PLATE, 1001, [1005, 1002])
    assert [marks(frame) is None for frame in PLATE.range] == [True, False, True, True, False, True]
    assert marks(1005)[:, :24].min() == 1
    assert marks(1002)[:, 24:].min() == 1
    assert marks(1002)[:, :24].max() == 0


@pytest.mark.parametrize(
    ("frames", "problem"),
    [([1001], BadValue), ([1001, 1001], BadValue), ([1001, 1009], RangeOutside)],
)
def test_mattes_that_do_not_go_with_their_frames(mattes, frames, problem):
    with pytest.raises(problem):
        MatteMarks(mattes, PLATE, 1001, frames)
