"""Calm: less chatter where a locked-off plate stands still, and no harm to what moves."""

import numpy as np
import pytest

from secondunit.matting.calm import calmed
from secondunit.matting.cutout import Cutout, Seen
from secondunit.matting.measure import measured
from secondunit.media.colour import LinearPath
from secondunit.tasks import key, matte

SIZE = (90, 160)
GREEN, CLOTH = np.array([0.04, 0.28, 0.06]), np.array([0.30, 0.17, 0.12])


def figures(step, frames=9):
    """True alphas (T,H,W) of a round figure that goes so many pixels a frame, blurred by it."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    shutter = np.linspace(-0.25, 0.25, 7)
    return np.stack(
        [
            np.mean(
                [
                    np.clip((26 - np.hypot(y - 45, x - 60 - step * (t + part))) / 4 + 0.5, 0, 1)
                    for part in shutter
                ],
                0,
            )
            for t in range(frames)
        ]
    ).astype("f4")


def filmed(truths, noise=0.012):
    """Those before a green screen, as looked at: a striped cloth, noise that is new each frame."""
    chance = np.random.default_rng(0)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    path, cloth = LinearPath(), CLOTH * (1 + 0.3 * np.sin(x / 3 + y / 5))[..., None]
    for truth in truths:
        light = cloth * truth[..., None] + GREEN * (1 - truth[..., None])
        picture = path.from_linear(light.astype("f4"))
        picture = np.clip(picture + chance.normal(0, noise, picture.shape), 0, 1).astype("f4")
        yield Seen(picture, path.to_linear(picture))


def hinted(truths):
    """The same with what a model would believe of it, different each frame."""
    chance = np.random.default_rng(1)
    for seen, truth in zip(filmed(truths), truths, strict=True):
        hint = np.clip(truth + chance.normal(0, 0.05, truth.shape), 0, 1).astype("f4")
        yield Seen(seen.picture, seen.linear, hint=hint, token=4)


def keyed(truths, chatter):
    cutouts = key.cut(key.Values(chatter=chatter), filmed(truths))
    return np.stack([each.alpha for each in cutouts])


def matted(truths, chatter):
    values = matte.Values(chatter=chatter, quality="preview")
    return np.stack([each.alpha for each in matte.cut(values, hinted(truths))])


@pytest.mark.parametrize("pull", [keyed, matted])
def test_a_locked_off_edge_flickers_far_less(pull):
    truths = figures(0)
    plain, half, calm = (measured(pull(truths, each), truths) for each in (0, 0.5, 1))
    assert calm.dtssd < 0.45 * plain.dtssd
    assert calm.dtssd < half.dtssd < plain.dtssd
    assert calm.mad <= plain.mad


@pytest.mark.parametrize("pull", [keyed, matted])
@pytest.mark.parametrize("step", [0.5, 2, 7])
def test_a_moving_edge_is_not_smeared(pull, step):
    truths = figures(step)
    plain, calm = pull(truths, 0), pull(truths, 1)
    # what a mean over the same frames would do to it
    smeared = np.stack([plain[max(0, t - 2) : t + 3].mean(0) for t in range(len(plain))])
    off = [measured(each, truths).mad for each in (plain, calm, smeared)]
    assert off[1] < 1.05 * off[0]
    assert off[1] - off[0] < 0.1 * max(off[2] - off[0], 1)


def test_unasked_every_bit_stays():
    truths = figures(2, 4)
    unasked = key.cut(key.Values(), filmed(truths))
    assert np.array_equal(np.stack([each.alpha for each in unasked]), keyed(truths, 0))
    assert not np.array_equal(keyed(truths, 0), keyed(truths, 1))


def counted(truths, taken):
    for number, seen in enumerate(filmed(truths)):
        taken.append(number)
        yield seen


def plainly(frames):
    """A cutout whose alpha is the picture's red."""
    for seen in frames:
        yield Cutout(seen.picture[..., 0], seen.linear, {"screen": seen.linear})


def test_only_two_frames_are_looked_ahead():
    taken = []
    calm = calmed(plainly, counted(figures(0, 8), taken), 1)
    next(calm)
    assert len(taken) == 3
    assert len(list(calm)) == 7


@pytest.mark.parametrize("count", [0, 1, 2])
def test_the_shortest_shots(count):
    truths = figures(0, max(count, 1))[:count]
    assert len(list(calmed(plainly, filmed(truths), 1))) == count


def test_a_cut_carries_nothing_across_and_an_artists_mattes_rule():
    dark, light = np.full((32, 48, 3), 0.2, "f4"), np.full((32, 48, 3), 0.9, "f4")
    garbage = np.zeros((32, 48), "f4")
    garbage[:4] = 1
    shown = [Seen(each, each, garbage=garbage) for each in (dark, dark, dark, light, light)]
    given = np.eye(32, 48, dtype="f4")
    shown[1] = Seen(dark, dark, given=given)
    cutouts = list(calmed(plainly, iter(shown), 1))
    assert np.array_equal(cutouts[1].alpha, given)
    assert (cutouts[0].alpha[:4] == 0).all()
    assert np.allclose(cutouts[3].alpha[4:], 0.9)
    assert np.array_equal(cutouts[1].layers["core"], given)
    assert cutouts[3].layers["screen"] is light


def test_pixels_that_are_no_numbers_count_as_moved():
    hurt = np.full((32, 48, 3), 0.5, "f4")
    hurt[10, 10] = np.nan
    shown = [Seen(np.full((32, 48, 3), 0.5, "f4"), hurt), Seen(hurt, hurt)]

    def cut(frames):
        for number, seen in enumerate(frames):
            yield Cutout(np.full((32, 48), float(number), "f4"), seen.linear)

    first, _ = calmed(cut, iter(shown), 1)
    assert np.isfinite(first.alpha).all()
    assert first.alpha[10, 10] == 0
    assert first.alpha[25, 40] == 0.5
