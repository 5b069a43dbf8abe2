"""Requests in cuts with drawn paths: read in every form, shot where they are drawn, grafted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import OpenImageIO
import pytest

from secondunit.callsheet import FrameRule
from secondunit.engine.local import Engine, unheard
from secondunit.media.read import open_media
from secondunit.models.testing import ScriptedModel, scripted_card
from secondunit.settings import Settings
from secondunit.timeline.render import Rendering
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.job import Job
from secondunit_otio import Cut, done, find_requests
from secondunit_otio.testing import (
    clip,
    effect,
    generator,
    marker,
    span,
    text_of,
    timeline,
    track,
)

FIRST, HOUR = 11, 86400  # how the files count, and how the cut does
LEADS = frozenset({"words", "plate", "paint", "edit", "keys", "strength", "tracks"})


def path(*keys, radius=0.25):
    return {"keys": [list(each) for each in keys], "radius": radius}


@pytest.fixture
def ball(tmp_path) -> dict:
    """Six frames of a white ball that rests on a soft ground, as media of a cut."""
    rows, columns = np.mgrid[0:32, 0:64]
    ground = 60 + columns[..., None] * 0.6 + rows[..., None] * np.array([0.2, 0.5, 0.8])
    ground[np.hypot(columns - 15.5, rows - 15.5) <= 5] = 255
    folder = tmp_path / "ball"
    folder.mkdir()
    for number in range(FIRST, FIRST + 6):
        file = OpenImageIO.ImageOutput.create("ball.png")
        name = str(folder / f"ball.{number:04d}.png")
        assert file.open(name, OpenImageIO.ImageSpec(64, 32, 3, "uint8"))
        assert file.write_image(ground.astype(np.uint8))
        assert file.close()
    return {
        "OTIO_SCHEMA": "ImageSequenceReference.1", "metadata": {}, "name": "",
        "available_range": span(HOUR, 6), "available_image_bounds": None,
        "target_url_base": f"{folder}/", "name_prefix": "ball.", "name_suffix": ".png",
        "start_frame": FIRST, "frame_step": 1, "rate": 24.0, "frame_zero_padding": 4,
        "missing_frame_policy": "error",
    }  # fmt: skip


def plate(tmp_path: Path, range: FrameRange | None = None) -> Clip:
    return Clip(str(tmp_path / "ball" / "ball.####.png"), range, Rate.of(24))


def rendered(engine: Engine, cut: dict, tmp_path: Path, model: str = "") -> Cut:
    """The cut with everything shot; shot once, and found again by the next run."""
    (tmp_path / "cut.otio").write_text(text_of(cut))
    rendering = Rendering(engine, unheard, model=model)
    for source, output in (("cut.otio", "out.otio"), ("out.otio", "again.otio")):
        told = rendering.render(tmp_path / source, tmp_path / output, tmp_path / "takes")
        assert not told.failed
    assert len(told.standing) == 1
    after = Cut.read(tmp_path / "out.otio")
    assert (tmp_path / "again.otio").read_text() == after.text
    (request,) = find_requests(after)
    assert len(done(after, request)) == 1
    return after


def whole(media) -> np.ndarray:
    with open_media(media) as reader:
        return np.stack(list(reader.frames(reader.footage.range)))


def middle(picture) -> np.ndarray:
    bright = np.clip(picture[..., :3].astype(float).mean(-1) - 175, 0, None)
    rows, columns = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]]
    return np.array([(bright * columns).sum(), (bright * rows).sum()]) / max(1e-6, bright.sum())


def test_the_starter_leads_a_ball_where_the_cut_drew_it(ball, tmp_path):
    """Frames are drawn as the cut counts them, which is not how the files do."""
    drawn = [path((HOUR + 5, 0.25, 0.5), (HOUR + 9, 0.75, 0.5))]
    asked = effect("SecondUnit.ExtendTime", tail=4, seed=3, steps=3, paths=drawn)
    engine = Engine(Settings(tmp_path / "none", "cpu"))
    media = clip("ball", span(HOUR, 6), ball, effects=[asked])
    after = rendered(engine, timeline(track(media)), tmp_path)
    (request,) = find_requests(after)
    assert request.values["paths"] == drawn
    (take,) = done(after, request)
    assert (take.media.start, take.media.frames) == (HOUR, 10)
    shot = whole(Clip(take.media.path, rate=Rate.of(24)))
    assert np.hypot(*(middle(shot[-1]) - (0.75 * 64 - 0.5, 0.5 * 32 - 0.5))) < 4
    assert np.hypot(*(middle(shot[5]) - (15.5, 15.5))) < 1


def insert(drawn, ball):
    made = clip("gull", span(0, 5), None, active_media_reference_key="su_request")
    asked = generator("SecondUnit.Insert", span(0, 5), prompt="gull", paths=drawn)
    made["media_references"] = {"su_request": asked}
    return [clip("a", span(HOUR, 6), ball), made]


def restyle(drawn, ball):
    note = json.dumps({"kind": "restyle", "prompt": "snow", "paths": drawn})
    marked = marker("SU restyle", span(HOUR, 1), "", metadata={"Resolve_OTIO": {"Note": note}})
    return [clip("a", span(HOUR, 6), ball, markers=[marked])]


def wider(drawn, ball):
    asked = effect("SecondUnit.ExtendFrame", right=64, paths=drawn)
    return [clip("a", span(HOUR, 6), ball, effects=[asked])]


FORMS = {
    "insert": (insert, {"frames": 5, "prompt": "gull"}, "before", [(5, 0.25, 0.5), (8, 0.75, 0.5)]),
    "restyle": (restyle, {"prompt": "snow"}, "plate", [(1, 0.25, 0.5), (4, 0.75, 0.5)]),
    "extend": (wider, {"right": 64}, "plate", [(0, 0.5, 0.5), (5, 1.75, 0.5)]),
}


@pytest.mark.parametrize("task", FORMS)
def test_every_form_of_request_leads_as_the_job_does(ball, tmp_path, task):
    make, values, side, places = FORMS[task]
    models = [
        ScriptedModel(scripted_card(frames=FrameRule(1, 4, 33), honours=LEADS), grey)
        for _ in range(2)
    ]
    engines = [Engine(Settings(tmp_path / "none", "cpu"), None, [each]) for each in models]
    drawn = [path(*[(HOUR + at, x, y) for at, x, y in places])]
    rendered(engines[0], timeline(track(*make(drawn, ball))), tmp_path, "scripted")
    drawn = [path(*[(FIRST + at, x, y) for at, x, y in places])]
    clips = {side: plate(tmp_path, FrameRange(FIRST, FIRST + 5))}
    job = Job(task, str(tmp_path / "direct"), "d", clips, {**values, "paths": drawn}, "scripted")
    engines[1].shoot(job)
    (one,), (other,) = ([sheet.tracks for sheet in model.seen] for model in models)
    assert one
    assert one == other


def grey(sheet, seed):
    return np.full((sheet.frames, sheet.height, sheet.width, 3), 0.4, np.float32)


def test_what_is_no_path_is_refused_in_a_sentence_and_the_cut_stays(ball, tmp_path):
    for drawn in ("left", [{"keys": "around"}], [{"keys": [["x"]]}], [path((HOUR, 0.5, 0.5))]):
        cut = timeline(track(*wider(drawn, ball)))
        (tmp_path / "cut.otio").write_text(text_of(cut))
        model = ScriptedModel(scripted_card(honours=LEADS), grey)
        engine = Engine(Settings(tmp_path / "none", "cpu"), None, [model])
        rendering = Rendering(engine, unheard, model="scripted")
        told = rendering.render(tmp_path / "cut.otio", tmp_path / "out.otio", tmp_path / "takes")
        [(_, problem)] = told.failed
        assert "paths" in str(problem), drawn
        assert (tmp_path / "out.otio").read_text() == text_of(cut)
