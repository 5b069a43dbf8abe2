import psutil
import pytest

from secondunit.callsheet import Size
from secondunit.engine.room import refuse_if_too_large
from secondunit.stage.windows import Run
from secondunit_contract.frames import Span
from secondunit_contract.problem import NotEnoughMemory

WORKING = Size(832, 480)


def test_a_picture_that_cannot_be_finished_here_is_refused_before_it_is_tried():
    side = int((psutil.virtual_memory().total / 64) ** 0.5)
    with pytest.raises(NotEnoughMemory) as told:
        refuse_if_too_large(Size(side, side), WORKING)
    assert "GB" in told.value.what
    assert told.value.remedy


def test_a_bridge_that_must_be_held_is_counted_and_a_run_that_streams_is_not():
    frames = int(psutil.virtual_memory().total / (WORKING.width * WORKING.height * 12))
    held = Run(Span(0, frames), (), in_order=False)
    streamed = Run(Span(0, frames), ())
    refuse_if_too_large(Size(1920, 1080), WORKING, [streamed])
    with pytest.raises(NotEnoughMemory):
        refuse_if_too_large(Size(1920, 1080), WORKING, [held])
