"""Plates of a telephone: held on its side, and not keeping its pace."""

from fractions import Fraction

import av
import numpy as np
import pytest

from secondunit_contract.clip import Clip
from secondunit_contract.job import Job


@pytest.fixture
def telephone(tmp_path, props):
    """A movie to be shown turned by a quarter, or whose frames come unevenly."""

    def make(turn=0, times=range(6)) -> Clip:
        random = np.random.default_rng(8)
        with av.open(str(tmp_path / "plate.mov"), "w") as container:
            stream = container.add_stream("libx264rgb", rate=24, options={"qp": "0"})
            (stream.height, stream.width), stream.pix_fmt = props.SIZE, "rgb24"
            stream.codec_context.time_base = Fraction(1, 24)
            if turn:
                stream.set_display_rotation(turn)
            for time in times:
                noise = random.integers(0, 256, (*props.SIZE, 3)).astype(np.uint8)
                picture = av.VideoFrame.from_ndarray(noise, format="rgb24")
                picture.pts, picture.time_base = time, Fraction(1, 24)
                container.mux(stream.encode(picture))
            container.mux(stream.encode(None))
        return Clip(str(tmp_path / "plate.mov"))

    return make


def test_a_plate_held_on_its_side_is_worked_on_upright(scripted, telephone, props, tmp_path):
    engine, model = scripted()
    plate, heard = telephone(turn=-90), []
    job = Job("extend", str(tmp_path / "out" / "t"), "", {"plate": plate}, {"tail": 2}, "scripted")
    [take] = engine.shoot(job, heard.append)
    height, width = props.SIZE
    assert (take.width, take.height) == (height, width)
    assert model.seen[0].height > model.seen[0].width
    frames, shown = props.whole(take.media), props.whole(plate)
    assert shown.shape[1:3] == (width, height)
    assert np.array_equal(frames[:6], shown)
    assert not [each for each in heard if each.kind == "notice"]


def test_a_plate_that_does_not_keep_its_pace_is_told_of_once(scripted, telephone, tmp_path):
    engine, _ = scripted()
    heard = []
    plate = telephone(times=[0, 1, 2, 5, 6, 7])
    job = Job("extend", str(tmp_path / "out" / "t"), "j", {"plate": plate}, {"tail": 2},
              "scripted", takes=2)  # fmt: skip
    engine.shoot(job, heard.append)
    [notice] = [each for each in heard if each.kind == "notice"]
    assert notice.job == "j"
    assert notice.message.startswith("The plate: its frames come unevenly")
