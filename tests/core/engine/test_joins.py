"""A shot longer than a model's clip shows no seam where its windows meet, however the model drifts.

Colour differences are CIE76, mean over the invented pixels of two frames that follow each other.
"""

from itertools import pairwise

import numpy as np
import pytest

from secondunit_contract.job import Job

HEIGHT, WIDTH, MARGIN = 48, 96, 16


def lab(picture):
    """sRGB in 0..1 to CIE L*a*b*, D65 (IEC 61966-2-1, CIE 15)."""
    light = np.where(picture <= 0.04045, picture / 12.92, ((picture + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = light @ to_xyz.T / to_xyz.sum(1)
    root = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz * (29 / 6) ** 2 / 3 + 4 / 29)
    x, y, z = root[..., 0], root[..., 1], root[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def apart(one, other):
    """Mean ΔE of two lots of pixels."""
    return float(np.linalg.norm(lab(one) - lab(other), axis=-1).mean())


def scene(frames):
    """A coloured pattern that moves: (T,H,W,3)."""
    t, y, x = np.mgrid[0:frames, 0:HEIGHT, 0:WIDTH].astype(np.float32)
    red = 0.5 + 0.25 * np.sin(x / 9 + t / 6)
    green = 0.5 + 0.25 * np.cos(y / 7 - t / 9)
    blue = 0.5 + 0.2 * np.sin((x + y) / 11 - t / 7)
    return np.stack([red, green, blue], -1).astype(np.float32)


class Drifting:
    """Knows what the shot must look like; each call has another gain, offset and shade over it."""

    def __init__(self, truth):
        self._truth = truth
        self.said = {}  # frame -> what it was answered when it was first asked for
        self.calls = []

    def __call__(self, sheet, seed):
        known, kept = np.array(sheet.plate), ~np.array(sheet.paint)
        for place, picture in sheet.keys.items():
            known[place], kept[place] = picture, True
        place = int(np.flatnonzero(kept.any((1, 2)))[0])
        known, kept = known[place], kept[place]
        off = [np.abs(frame[kept] - known[kept]).mean() for frame in self._truth]
        first = int(np.argmin(off)) - place
        chance = np.random.default_rng(seed)
        gain, offset = chance.uniform(0.85, 1.15, 3), chance.uniform(-0.12, 0.12, 3)
        places = np.clip(first + np.arange(sheet.frames), 0, len(self._truth) - 1)
        shade = np.linspace(-1, 1, WIDTH)[:, None] * chance.uniform(-0.08, 0.08, 3)
        answer = np.clip(self._truth[places] * gain + offset + shade, 0, 1).astype(np.float32)
        asked = sheet.paint.any((1, 2))
        fresh = [p for p in range(sheet.frames) if asked[p] and p not in sheet.keys]
        self.calls.append([first + p for p in fresh])
        for p in fresh:
            self.said.setdefault(first + p, answer[p])
        return answer


def seams(frames, joins):
    """Mean ΔE across the joins, and between all other neighbours."""
    across = [apart(frames[i - 1], frames[i]) for i in range(1, len(frames)) if i in joins]
    elsewhere = [apart(frames[i - 1], frames[i]) for i in range(1, len(frames)) if i not in joins]
    return float(np.mean(across)), float(np.mean(elsewhere))


def shot_by(drifting, scripted, plate, values, folder):
    engine, model = scripted(drifting, longest=9, area=WIDTH * HEIGHT, context=4)
    job = Job("extend", str(folder / "take"), inputs={"plate": plate}, values=values,
              model="scripted", seed=3)  # fmt: skip
    return engine.shoot(job)[0], model


@pytest.fixture
def movie(props, tmp_path):
    def make(frames):
        whole = np.rint(frames * 255).astype(np.uint8)
        return props.write_movie(tmp_path / "plate.mkv", whole, "ffv1", "bgr0", "rgb24")

    return make


def test_forty_frames_of_wider_picture(scripted, movie, props, tmp_path):
    truth = scene(40)
    drifting = Drifting(truth)
    plate = movie(truth[:, :, MARGIN:-MARGIN])
    margins = {"left": MARGIN, "right": MARGIN}
    take, model = shot_by(drifting, scripted, plate, margins, tmp_path)
    assert len(model.seen) == 8
    joins = {call[0] for call in drifting.calls[1:]}
    assert sorted(drifting.said) == list(range(40))
    new = np.r_[0:MARGIN, WIDTH - MARGIN : WIDTH]
    got = props.whole(take.media)[:, :, new] / 255
    across, elsewhere = seams(got, joins)
    assert across <= 1.5 * elsewhere
    raw, calm = seams([drifting.said[i][:, new] for i in range(40)], joins)
    assert raw > 3 * calm  # what the model said by itself would not pass


def test_the_border_of_a_wider_picture(scripted, movie, props, tmp_path):
    truth = scene(9)
    drifting = Drifting(truth)
    plate = movie(truth[:, :, MARGIN:-MARGIN])
    take, _ = shot_by(drifting, scripted, plate, {"left": MARGIN, "right": MARGIN}, tmp_path)
    got = props.whole(take.media) / 255
    border = apart(got[:, :, MARGIN - 1], got[:, :, MARGIN])
    within = np.mean([apart(got[:, :, x], got[:, :, x + 1]) for x in range(MARGIN + 2, 76)])
    assert border <= 1.5 * within
    raw = np.stack([drifting.said[i] for i in range(9)])
    assert apart(raw[:, :, MARGIN - 1], got[:, :, MARGIN]) > 3 * within


@pytest.mark.parametrize(("head", "tail"), [(0, 24), (24, 0)])
def test_twenty_four_frames_of_head_or_tail(scripted, movie, props, tmp_path, head, tail):
    truth = scene(36)
    drifting = Drifting(truth)
    plate = movie(truth[head : head + 12])
    values = {"head": head, "tail": tail}
    take, model = shot_by(drifting, scripted, plate, values, tmp_path)
    assert len(model.seen) == 5
    assert sorted(drifting.said) == sorted(set(range(36)) - set(range(head, head + 12)))
    # A head is shot from the plate backwards: its windows meet after each call's last frame.
    joins = {call[-1] + 1 if head else call[0] for call in drifting.calls}
    got = props.whole(take.media) / 255
    join = head or 12
    assert join in joins
    across, elsewhere = seams(got, joins)
    assert across <= 1.5 * elsewhere
    assert apart(got[join - 1], got[join]) <= 1.5 * elsewhere
    said = [drifting.said.get(i, truth[i]) for i in range(36)]
    raw, calm = seams(said, joins)
    assert raw > 3 * calm
    assert apart(said[join - 1], said[join]) > 3 * calm


def test_a_bridge_between_two_clips(scripted, movie, props, tmp_path):
    truth = scene(40)
    plate = movie(truth)
    before, after = props.part(plate, 0, 7), props.part(plate, 32, 39)

    def drifting(sheet, seed):
        """The truth, told by the plate frames it stands between, in other colours."""
        chance = np.random.default_rng(seed)
        gain, offset = chance.uniform(0.85, 1.15, 3), chance.uniform(-0.12, 0.12, 3)
        known = np.array(sheet.plate)
        for place, picture in sheet.keys.items():
            known[place] = picture
        asked = sheet.paint.any((1, 2))
        fixed = [p for p in range(sheet.frames) if p in sheet.keys or not asked[p]]
        at = [int(np.argmin(np.abs(truth - known[p]).mean((1, 2, 3)))) for p in fixed]
        places = np.rint(np.interp(np.arange(sheet.frames), fixed, at)).astype(int)
        return np.clip(truth[places] * gain + offset, 0, 1).astype(np.float32)

    engine, model = scripted(drifting, longest=9, area=WIDTH * HEIGHT, context=4)
    job = Job("insert", str(tmp_path / "take"), inputs={"before": before, "after": after},
              values={"frames": 24, "head": 2, "tail": 2}, model="scripted", seed=3)  # fmt: skip
    got = props.whole(engine.shoot(job)[0].media) / 255
    assert len(model.seen) > 1
    steps = [apart(one, other) for one, other in pairwise(got)]
    natural = np.mean([apart(one, other) for one, other in pairwise(truth)])
    assert max(steps) <= 3 * natural
    assert np.mean(steps) <= 1.5 * natural
