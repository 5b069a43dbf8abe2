"""Subjects before natural backgrounds: frames stream through, whatever the shot's length."""

import gc
import weakref

import numpy as np
import pytest

from secondunit.matting.cutout import Seen
from secondunit.matting.natural import Natural

SIZE = (24, 32)


@pytest.mark.parametrize("final", [False, True])
def test_few_frames_are_held_at_once(final):
    """A shot of a thousand frames takes no more memory than one of twenty."""
    alive: list[weakref.ref] = []
    most = 0
    random = np.random.default_rng(1)

    def frames():
        nonlocal most
        for index in range(90):
            picture = random.random((*SIZE, 3), np.float32)
            hint = np.zeros(SIZE, np.float32)
            hint[6:18, 4 + index % 9 : 18 + index % 9] = 1
            alive.append(weakref.ref(picture))
            yield Seen(picture, picture, hint=hint, spread=np.zeros_like(hint), token=2.0)
            del picture
            gc.collect(0)
            most = max(most, sum(each() is not None for each in alive))

    assert sum(1 for _ in Natural(final=final).cut(frames())) == 90
    assert most <= 8
