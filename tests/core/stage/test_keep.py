import numpy as np
import pytest

from secondunit.stage.keep import feathered, kept_outside


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32])
def test_outside_the_paint_region_the_bits_are_the_plates(dtype):
    noise = np.random.default_rng(1)
    bits = noise.integers(0, 2**8, (40, 60, 4 * np.dtype(dtype).itemsize), np.uint8)
    plate = bits.view(dtype)
    painted = np.zeros((40, 60, 3), dtype)
    paint = noise.random((40, 60)) > 0.5
    result = kept_outside(plate, painted, paint)
    assert result[~paint].tobytes() == plate[~paint].tobytes()
    assert not result[paint][:, :3].any()
    assert result[paint][:, 3].tobytes() == plate[paint][:, 3].tobytes()


def test_a_feather_lies_inside_the_paint_region_only():
    paint = np.zeros((40, 60), bool)
    paint[10:30, 10:50] = True
    share = feathered(paint, 5)
    assert (share[~paint] == 0).all()
    assert (share[paint] > 0).all()
    assert share[20, 30] == 1
    assert share[10, 30] < 0.3
