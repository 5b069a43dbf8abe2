"""Highlights: a clipped plate gets its light back from an answer, and keeps all that was known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from secondunit.callsheet import Size
from secondunit.engine.local import Engine
from secondunit.media.read import open_media
from secondunit.media.resize import resized
from secondunit.settings import Settings
from secondunit_contract.clip import Clip
from secondunit_contract.job import Job
from secondunit_contract.problem import BadValue, CodecUnfit, ModelUnfit

SIZE = (64, 96)
WHITE = 1.0


def encoded(light):
    """sRGB code values of linear light, clipped as a camera's are (IEC 61966-2-1)."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def decoded(code):
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


def scene(frame):
    """Linear light: a wall, a window of 3, and a lamp of 8 that moves and has a known blue."""
    y, x = np.mgrid[0 : SIZE[0], 0 : SIZE[1]].astype(np.float32)
    wall = 0.03 + 0.5 * x / SIZE[1] + 0.1 * np.sin(y / 5)
    light = np.clip(wall, 0.02, None)[..., None] * np.array([1.0, 0.9, 0.8], np.float32)
    light[8:30, 10:34] = (3.0, 3.2, 3.6)
    soft = np.clip(1.5 - np.hypot(y - 42, x - 60 - 2 * frame) / 8, 0, 1)[..., None] ** 2
    return (light + soft * (np.array([8.0, 4.0, 0.3], np.float32) - light)).astype(np.float32)


@pytest.fixture
def bright(tmp_path, props):
    """Eight frames of it as PNGs of 8 bits: the plate, and the light that was there."""
    truth = np.stack([scene(frame) for frame in range(8)])
    codes = np.rint(encoded(truth) * 255).astype(np.uint8)
    return props.write_pictures(tmp_path / "bright", codes, "png"), truth


def answering(truth, gain=1.0):
    """A model that knows the light, at the sheet's size, exposed by so much otherwise."""

    def answer(sheet, seed):
        size = Size(sheet.width, sheet.height)
        frames = [resized(frame, size, "box") for frame in truth]
        frames += [frames[-1]] * (sheet.frames - len(frames))
        return np.stack(frames[: sheet.frames]).astype(np.float32) * np.float32(gain)

    return answer


def lit(scripted, clip, folder, answer, output="take", area=96 * 64, **clips):
    engine, model = scripted(answer, area=area, honours=frozenset({"light"}))
    told = {"plate": clip, **clips}
    job = Job("highlights", str(folder / "out" / output), inputs=told, model="scripted")
    (take,) = engine.shoot(job)
    with open_media(take.media) as reader:
        footage = reader.footage
        frames = np.stack(list(reader.frames(footage.range))).astype(np.float32)
    return frames, footage, model, take


def stops_off(light, truth, where):
    return float(np.abs(np.log2(light[where] / truth[where])).mean())


def test_a_clipped_window_and_lamp_get_their_light_back(scripted, bright, tmp_path):
    clip, truth = bright
    light, footage, model, _ = lit(scripted, clip, tmp_path, answering(truth))
    assert footage.codec == "exr"
    assert footage.depth.floating
    clipped = encoded(truth) * 255 >= 254.5
    assert 0.05 < clipped.mean() < 0.3
    plate = np.minimum(truth, WHITE)
    assert stops_off(plate, truth, clipped) > 1.2
    assert stops_off(light, truth, clipped) < 0.08
    assert light.max() > 7
    (sheet,) = model.seen
    assert sheet.needs() == {"light"}
    assert sheet.summary()["light"] is True
    # the model is shown what the plate shows
    assert np.abs(sheet.plate[0] - encoded(truth[0])).max() < 0.004


def test_what_was_known_is_the_plates_own_light(scripted, bright, tmp_path):
    """Also the blue of a lamp whose red is clipped; to the last bit of half float."""
    clip, truth = bright
    light, _, _, _ = lit(scripted, clip, tmp_path, answering(truth, 1.7), area=48 * 32)
    codes = np.rint(encoded(truth) * 255)
    known = codes < 0.9 * 255
    own = decoded(codes / 255)
    assert known.mean() > 0.7
    assert np.abs(light[known] / own[known] - 1).max() < 2**-10
    assert (known & (codes.max(-1, keepdims=True) == 255))[..., 2].any()
    again, _, _, _ = lit(scripted, clip, tmp_path, answering(truth, 0.3), "again", 48 * 32)
    assert np.array_equal(again[known], light[known])
    assert (light >= own * (1 - 2**-10)).all()


@pytest.mark.parametrize("gain", [0.25, (0.5, 1.0, 2.0)])
def test_an_answer_exposed_otherwise_is_brought_to_the_plates(scripted, bright, tmp_path, gain):
    clip, truth = bright
    clipped = encoded(truth) * 255 >= 254.5
    light, _, _, _ = lit(scripted, clip, tmp_path, answering(truth, np.array(gain)))
    assert stops_off(light, truth, clipped) < 0.1


def test_no_edge_is_seen_where_light_begins(scripted, bright, tmp_path):
    """Along the lamp's soft flank the take rises as the truth does, never back."""
    clip, truth = bright
    light, _, _, _ = lit(scripted, clip, tmp_path, answering(truth, 0.8), area=48 * 32)
    flank, wanted = light[0, 42, 62:72, 0], truth[0, 42, 62:72, 0]
    assert (np.diff(flank) < 0).all()
    assert np.abs(np.log2(flank / wanted)).max() < 0.6


def test_only_what_a_matte_marks_gets_light(scripted, bright, tmp_path, props):
    clip, truth = bright
    marked = np.zeros((1, *SIZE, 3), np.uint8)
    marked[:, :, 48:] = 255
    props.write_pictures(tmp_path / "marked", marked, "png", 1)
    matte = Clip(str(tmp_path / "marked" / "shot.0001.png"))
    light, _, _, _ = lit(scripted, clip, tmp_path, answering(truth), matte=matte)
    assert light[:, :, :48].max() <= 1.001
    assert light[0, :, 48:].max() > 7


def test_a_long_plate_is_lit_window_by_window(scripted, tmp_path, props):
    still = scene(0)
    codes = np.rint(encoded(np.stack([still] * 40)) * 255).astype(np.uint8)
    clip = props.write_pictures(tmp_path / "long", codes, "png")
    light, _, model, _ = lit(scripted, clip, tmp_path, answering([still]))
    assert len(model.seen) > 2
    assert all(not sheet.keys for sheet in model.seen)
    assert len(light) == 40
    assert np.array_equal(light, np.broadcast_to(light[:1], light.shape))


def test_twelve_bits_keep_their_steps(scripted, tmp_path, props):
    codes = np.linspace(0, 4095, SIZE[0] * SIZE[1] * 3).reshape(1, *SIZE, 3).astype(np.uint16)
    clip = props.write_movie(tmp_path / "deep.mkv", codes, "ffv1", "gbrp12le", "gbrp12le")
    light, footage, _, _ = lit(scripted, clip, tmp_path, lambda sheet, seed: 0 * sheet.plate)
    assert footage.depth.bits == 32
    known = codes < 0.9 * 4095
    assert np.array_equal(np.rint(encoded(light[known]) * 4095), codes[known])


def test_an_answer_that_is_no_number_harms_nothing(scripted, bright, tmp_path):
    clip, truth = bright
    light, _, _, _ = lit(
        scripted, clip, tmp_path, lambda sheet, seed: np.full_like(sheet.plate, np.nan)
    )
    assert np.isfinite(light).all()
    assert np.abs(light - decoded(np.rint(encoded(truth) * 255) / 255)).max() < 2e-3


def test_what_cannot_be_lit_is_refused(scripted, bright, tmp_path, props):
    clip, truth = bright
    with pytest.raises(CodecUnfit, match="holds no 16-bit float"):
        lit(scripted, clip, tmp_path, answering(truth), "take.mov")
    floating = props.write_pictures(tmp_path / "floating", truth, "exr")
    with pytest.raises(BadValue, match="floating"):
        lit(scripted, floating, tmp_path, answering(truth))


def test_the_starter_says_that_it_cannot_and_who_could(bright, tmp_path):
    clip, _ = bright
    job = Job("highlights", str(tmp_path / "out" / "take"), inputs={"plate": clip})
    with pytest.raises(ModelUnfit, match="light brighter than white"):
        Engine(Settings(tmp_path / "no-models", "cpu")).shoot(job)


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """An engine with LTX-2's own pipeline for light, its weights by chance."""
    from secondunit.models.tiny.ltx import tiny_light

    folder = tmp_path_factory.mktemp("models")
    tiny_light(folder / "ltx-light")
    return Engine(Settings(folder, "cpu"))


def test_a_real_pipeline_shoots_highlights(real, tmp_path, props):
    """Its answer is by chance; what the plate knows is not, and light is there where it clips."""
    truth = np.stack([scene(frame) for frame in range(6)])
    codes = np.rint(encoded(truth) * 255).astype(np.uint8)
    clip = props.write_pictures(tmp_path / "plate", codes, "png")

    def shot(name, seed):
        job = Job("highlights", str(tmp_path / "out" / name), inputs={"plate": clip}, seed=seed)
        (take,) = real.shoot(job)
        return props.whole(take.media), take

    first, take = shot("first", 1)
    assert first.dtype == np.float16
    known = codes < 0.9 * 255
    assert np.abs(first[known] / decoded(codes[known] / 255) - 1).max() < 2**-10
    assert first.max() > 2
    assert np.isfinite(first).all()
    assert props.same(shot("again", 1)[0], first)
    other, _ = shot("other", 2)
    assert props.same(other[known], first[known])
    assert (other[codes == 255] != first[codes == 255]).mean() > 0.2
    story = json.loads(Path(take.sidecar).read_text("utf-8"))
    assert story["call_sheets"][0]["needs"] == ["light"]


def test_the_contact_sheet_shows_the_light_two_stops_down(scripted, bright, tmp_path):
    clip, truth = bright
    _, _, _, take = lit(scripted, clip, tmp_path, answering(truth))
    with open_media(take.sheet) as reader:
        sheet = reader.frame(reader.footage.range.first)
    # the window's 3 is 0.75 two stops down, where the plate's row shows white
    assert (np.abs(sheet[..., 0].astype(int) - round(float(encoded(0.75)) * 255)) <= 2).sum() > 500
