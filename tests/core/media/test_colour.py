"""Footage's own colour to what a model sees and back, with the light that a display cannot show."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import PyOpenColorIO
import pytest

from secondunit.callsheet import Size
from secondunit.media.colour import BUILT_IN, ColourPath, display_referred, space_of
from secondunit.media.depth import Depth, from_unit, to_unit
from secondunit.media.format import Format
from secondunit.media.highlights import excess, remerge
from secondunit.media.read import open_media
from secondunit.media.write import create
from secondunit_contract.problem import BadValue

LINEAR = "Linear Rec.709 (sRGB)"
HALF = Depth(16, floating=True)


@pytest.fixture(autouse=True)
def no_config(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OCIO", raising=False)


def srgb(linear: np.ndarray) -> np.ndarray:
    """IEC 61966-2-1, for values in 0..1."""
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def test_linear_becomes_srgb_clipped() -> None:
    linear = np.linspace(0, 1, 999, dtype=np.float32).reshape(-1, 3)
    assert np.allclose(ColourPath(LINEAR).to_display(linear), srgb(linear), rtol=0, atol=1e-5)
    bright = np.array([[40, -1, 1]], np.float32)
    assert np.allclose(ColourPath(LINEAR).to_display(bright), [[1, 0, 1]], atol=1e-6)


@pytest.mark.parametrize(
    "space", [LINEAR, "ACEScg", "ACES2065-1", "ARRI LogC3 (EI800)", "scene_linear"]
)
def test_there_and_back(space: str) -> None:
    path = ColourPath(space)
    picture = np.random.default_rng(0).random((40, 30, 3), np.float32)
    native = path.from_display(picture)
    assert not np.allclose(native, picture, atol=0.01)
    assert np.abs(path.to_display(native) - picture).max() < 5e-6


@pytest.mark.parametrize("space", ["", "sRGB - Texture", "sRGB Encoded Rec.709 (sRGB)", "Raw"])
def test_display_referred_footage_is_not_touched(space: str) -> None:
    path = ColourPath(space)
    assert display_referred(space)
    for bits in (8, 10, 16):
        codes = np.arange(1 << bits, dtype=Depth(bits).dtype)[: (1 << bits) // 3 * 3].reshape(-1, 3)
        light = to_unit(codes, Depth(bits))
        assert np.array_equal(path.to_display(light), light)
        assert np.array_equal(from_unit(path.from_display(light), Depth(bits)), codes)


def test_no_number_and_no_end_do_no_harm() -> None:
    wild = np.array([[np.nan, 1, 2], [np.inf, -np.inf, -5]], np.float32)
    for space in ("", LINEAR, "ACEScg", "ARRI LogC3 (EI800)"):
        seen = ColourPath(space).to_display(wild)
        assert np.isfinite(seen).all()
        assert seen.min() >= 0
        assert seen.max() <= 1


def test_the_frame_given_is_left_alone() -> None:
    frame = np.full((4, 4, 3), 0.5, np.float32)
    path = ColourPath(LINEAR)
    path.to_display(frame)
    path.from_display(frame)
    assert (frame == 0.5).all()


def test_an_unknown_space_names_its_neighbours() -> None:
    with pytest.raises(BadValue, match="ARRI LogC3") as caught:
        ColourPath("arri logc 3")
    assert "arri logc 3" in caught.value.what


def test_rules_for_footage_that_says_nothing(samples: Path, tmp_path: Path, picture) -> None:
    footage = samples / "footage"

    def space(path: Path) -> str:
        with open_media(path) as reader:
            return space_of(reader.footage)

    assert space(footage / "person_juggle.mp4") == ""
    assert space(footage / "plate_true_alpha" / "plate_####.png") == ""
    assert space(footage / "synth_true_alpha_fg" / "fg_premult_exr") == LINEAR
    picture(tmp_path / "a.dpx", np.zeros((8, 8, 3), np.uint16), oiio__BitsPerSample=10)
    assert space(tmp_path / "a.dpx") == ""
    picture(tmp_path / "a.tif", np.zeros((8, 8, 3), np.float32))
    assert space(tmp_path / "a.tif") == LINEAR
    ap1 = [0.713, 0.293, 0.165, 0.830, 0.128, 0.044, 0.32168, 0.33767]
    picture(tmp_path / "a.exr", np.zeros((8, 8, 3), np.float16), chromaticities=("float[8]", ap1))
    assert space(tmp_path / "a.exr") == "ACEScg"
    with open_media(tmp_path / "a.dpx") as reader:
        named = replace(reader.footage, colour_space="ARRI LogC3 (EI800)")
    assert space_of(named) == "ARRI LogC3 (EI800)"
    # A mistyped name is never passed over in silence.
    with open_media(tmp_path / "a.exr") as reader:
        mistyped = replace(reader.footage, colour_space="ACEScgg")
    with pytest.raises(BadValue, match="ACEScg"):
        ColourPath(space_of(mistyped))


def test_the_config_in_ocio_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, picture
) -> None:
    config = copy.deepcopy(PyOpenColorIO.Config.CreateFromFile(BUILT_IN))
    rules = copy.deepcopy(config.getFileRules())
    rules.insertRule(0, "camera", "ACES2065-1", "*camera*", "exr")
    config.setFileRules(rules)
    (tmp_path / "config.ocio").write_text(config.serialize())
    monkeypatch.setenv("OCIO", str(tmp_path / "config.ocio"))
    picture(tmp_path / "camera.exr", np.zeros((8, 8, 3), np.float16))
    with open_media(tmp_path / "camera.exr") as reader:
        assert space_of(reader.footage) == "ACES2065-1"
    assert not ColourPath("ACES2065-1").identity


def test_a_broken_config_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.ocio").write_text("not a config")
    for name in ("config.ocio", "none.ocio"):
        monkeypatch.setenv("OCIO", str(tmp_path / name))
        with pytest.raises(BadValue, match="config cannot be read") as caught:
            ColourPath(LINEAR)
        assert caught.value.where.endswith(name)


@pytest.fixture
def lamp() -> np.ndarray:
    """A scene-linear plate: grey, a lamp of value 40 with a soft edge, and one below black."""
    down, across = np.mgrid[:64, :96].astype(np.float32)
    away = np.hypot(down - 32, across - 48)
    glow = 40 * np.clip((16 - away) / 6, 0, 1) ** 2
    plate = np.repeat(np.maximum(0.18, glow)[..., None], 3, axis=2).astype(np.float32)
    plate[:4, :4] = -0.05
    return plate


@pytest.mark.parametrize("space", [LINEAR, "ACEScg"])
def test_a_lamp_that_was_kept_is_forty_again(lamp: np.ndarray, space: str) -> None:
    path = ColourPath(space)
    answer = path.to_display(lamp)
    back = remerge(answer, lamp, path)
    assert back.max() == pytest.approx(40, rel=1e-4)
    assert np.abs(back - lamp).max() < 1e-3
    drift = np.random.default_rng(0).normal(0, 0.015, lamp.shape).astype(np.float32)
    drifted = np.clip(answer + drift, 0, 1)
    noisy = remerge(drifted, lamp, path)
    bright = lamp.min(axis=-1) > 2
    # The noise of the answer is not multiplied by the light: it stays below 0.2 at values of 40.
    assert np.abs(noisy - lamp)[bright].max() < 0.2
    assert noisy.max() == pytest.approx(40, rel=0.01)


def test_a_lamp_painted_away_stays_away(lamp: np.ndarray) -> None:
    path = ColourPath(LINEAR)
    for grey in (0.2, 0.46, 0.7):
        answer = np.full_like(lamp, grey)
        back = remerge(answer, lamp, path)
        assert np.abs(back[8:] - path.from_display(answer)[8:]).max() < 1e-6
    yellow = np.full_like(lamp, 1.0)
    yellow[..., 2] = 0.1
    assert remerge(yellow, lamp, path).max() <= 1.0001


def test_no_step_where_white_is_reached_or_the_answer_departs(lamp: np.ndarray) -> None:
    path = ColourPath(LINEAR)
    ramp = np.linspace(0.8, 1.2, 2001, dtype=np.float32)[:, None].repeat(3, axis=1)
    merged = remerge(path.to_display(ramp), ramp, path)
    assert np.abs(np.diff(merged[:, 0])).max() < 0.001
    bright = np.full((2001, 3), 40, np.float32)
    fading = np.linspace(1, 0.5, 2001, dtype=np.float32)[:, None].repeat(3, axis=1)
    merged = remerge(fading, bright, path)[:, 0]
    assert merged[0] == pytest.approx(40, rel=1e-5)
    assert merged[-1] == pytest.approx(0.214, abs=0.001)
    assert (np.diff(merged) <= 1e-6).all()
    assert np.abs(np.diff(merged)).max() < 0.25


def test_display_referred_plates_have_no_excess() -> None:
    plate = np.random.default_rng(1).random((8, 8, 3), np.float32)
    answer = np.random.default_rng(2).random((8, 8, 3), np.float32)
    assert not excess(plate, ColourPath()).any()
    assert np.array_equal(remerge(answer, plate, ColourPath()), answer)


def test_excess_of_what_is_no_number() -> None:
    plate = np.array([[np.nan, np.nan, np.nan], [np.inf, 1, 1]], np.float32)
    answer = np.array([[0.5, 0.5, 0.5], [0.2, 0.2, 0.2]], np.float32)
    back = remerge(answer, plate, ColourPath(LINEAR))
    assert np.isfinite(back).all()


def test_forty_survives_from_file_to_file(tmp_path: Path, lamp: np.ndarray) -> None:
    plate = lamp.astype(np.float16)
    with create(tmp_path / "p.####.exr", Format("exr", Size(96, 64), None, HALF), 1) as writer:
        writer.write(plate)
    with open_media(tmp_path / "p.####.exr") as reader:
        native = to_unit(reader.frame(1), reader.footage.depth)
        path = ColourPath(space_of(reader.footage))
        back = from_unit(remerge(path.to_display(native), native, path), HALF)
    assert back.max() == 40
    apart = np.abs(back.astype(np.float32) - lamp)
    assert (apart <= np.maximum(np.abs(lamp) * 2**-10, 1e-4)).all()
