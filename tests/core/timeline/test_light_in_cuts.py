"""A request for highlights in a cut: its take is linear EXR, and stands beside the clip's media."""

from __future__ import annotations

import numpy as np
import OpenImageIO

from secondunit.engine.local import Engine, unheard
from secondunit.media.read import open_media
from secondunit.models.testing import ScriptedModel, scripted_card
from secondunit.settings import Settings
from secondunit.timeline.render import Rendering
from secondunit_contract.clip import Clip
from secondunit_contract.frames import Rate
from secondunit_otio import Cut, done, find_requests
from secondunit_otio.testing import clip, marker, span, text_of, timeline, track


def five_times_white(sheet, seed):
    """The plate in light, for a model: white was five times as bright."""
    return np.where(sheet.plate > 0.9, 5.0, sheet.plate**2.2).astype(np.float32)


def test_a_marker_asks_for_highlights(tmp_path):
    picture = np.full((32, 64, 3), 120, np.uint8)
    picture[8:24, 16:48] = 255
    for number in range(11, 15):
        name = str(tmp_path / f"lamp.{number:04d}.png")
        file = OpenImageIO.ImageOutput.create(name)
        assert file.open(name, OpenImageIO.ImageSpec(64, 32, 3, "uint8"))
        assert file.write_image(picture)
        assert file.close()
    media = {
        "OTIO_SCHEMA": "ImageSequenceReference.1", "metadata": {}, "name": "",
        "available_range": span(100, 4), "available_image_bounds": None,
        "target_url_base": f"{tmp_path}/", "name_prefix": "lamp.", "name_suffix": ".png",
        "start_frame": 11, "frame_step": 1, "rate": 24.0, "frame_zero_padding": 4,
        "missing_frame_policy": "error",
    }  # fmt: skip
    asked = marker("SU highlights", span(100, 1), "su: highlights | the lamp")
    cut = timeline(track(clip("lamp", span(100, 4), media, markers=[asked])))
    (tmp_path / "cut.otio").write_text(text_of(cut))
    model = ScriptedModel(scripted_card(honours=frozenset({"light"})), five_times_white)
    rendering = Rendering(
        Engine(Settings(tmp_path / "none", "cpu"), None, [model]), unheard, model="scripted"
    )
    told = rendering.render(tmp_path / "cut.otio", tmp_path / "out.otio", tmp_path / "takes")
    assert not told.failed, told.failed
    after = Cut.read(tmp_path / "out.otio")
    (request,) = find_requests(after)
    (take,) = done(after, request)
    assert (take.media.start, take.media.frames) == (100, 4)
    with open_media(Clip(take.media.path, rate=Rate.of(24))) as reader:
        light = np.stack(list(reader.frames(reader.footage.range))).astype(np.float32)
    assert len(light) == 4
    assert np.abs(light[:, 12:20, 24:40] - 5).max() < 0.1
    assert model.seen[0].prompt == "the lamp"
