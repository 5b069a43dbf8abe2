"""An OpenAI-style video server shoots for us, and whatever may go wrong over there."""

from __future__ import annotations

import numpy as np
import pytest

from secondunit import models
from secondunit.callsheet import Cancelled, Unwatched
from secondunit.models.external import model as external
from secondunit_contract.problem import BadValue, EngineAway, EngineRefused


class Hearing(Unwatched):
    def __init__(self, stop_at: int = 1000) -> None:
        self.far: list[int] = []
        self._stop_at = stop_at

    def check(self) -> None:
        if len(self.far) >= self._stop_at:
            raise Cancelled

    def step(self, take, done, total, estimate) -> None:
        self.far.append(done)


@pytest.fixture
def served(videos, described):
    """Writes a description of the server; gives the model."""

    def make(more: str = "", inputs: str = "", honours: str = '["words"]'):
        text = f'kind = "videos"\naddress = "{videos.url}"\nhonours = {honours}\n'
        return models.load(described("served", text + "frames = { longest = 17 }\n" + more, inputs))

    return make


def answered(model, sheet, watch=None):
    frames = [answer.frames for answer in model.shoot(sheet, watch or Unwatched())]
    return np.concatenate(frames)


def test_words_become_a_clip_and_nothing_is_left_over_there(videos, served, sheet_of, colour):
    model = served('model = "Wan-AI/Wan2.1-T2V-1.3B-Diffusers"\n[extra]\nflow_shift = 3.0')
    watch = Hearing()
    sheet = sheet_of(seeds=(4,), steps=6, guidance=5.5, negative="blurred")
    made = answered(model, sheet, watch)
    assert made.shape == (5, 32, 48, 3)
    assert np.abs(made * 255 - colour(4)).max() < 6
    assert videos.fields == [
        {
            "prompt": "a cat", "negative_prompt": "blurred", "seed": "4", "size": "48x32",
            "num_frames": "5", "fps": "24", "num_inference_steps": "6", "guidance_scale": "5.5",
            "model": "Wan-AI/Wan2.1-T2V-1.3B-Diffusers", "flow_shift": "3.0",
        }
    ]  # fmt: skip
    assert watch.far == [0, 25, 50, 75, 100]
    assert not videos.jobs
    assert videos.asked[-1] == "DELETE /v1/videos/video_1"


def test_a_server_that_wants_json_gets_it(videos, served, sheet_of):
    answered(served('form = "json"'), sheet_of(seeds=(4,)))
    assert videos.fields[0]["num_frames"] == 5
    assert videos.fields[0]["seed"] == 4


def test_plate_and_mask_go_as_movies_without_loss(videos, served, sheet_of, colour):
    plate = np.full((5, 32, 48, 3), 60 / 255, np.float32)
    paint = np.zeros((5, 32, 48), bool)
    paint[:, :, 24:] = True
    seen = []
    paint_there = videos.paint
    videos.paint = lambda *told: seen.append(told) or paint_there(*told)
    model = served(
        inputs='plate = "input_reference"\nmask = "mask"', honours='["plate", "paint", "edit"]'
    )
    made = answered(model, sheet_of(plate=plate, paint=paint, seeds=(9,)))
    np.testing.assert_array_equal(seen[0][0], np.full((5, 32, 48, 3), 60))
    np.testing.assert_array_equal(seen[0][1], paint)
    assert np.abs(made[:, :, :20] * 255 - 60).max() < 8
    assert np.abs(made[:, :, 28:] * 255 - colour(9)).max() < 8


def test_an_address_may_name_the_apis_root(videos, described, sheet_of):
    text = f'kind = "videos"\naddress = "{videos.url}/v1"\nhonours = ["words"]'
    answered(models.load(described("root", text)), sheet_of())
    assert videos.asked[0] == "POST /v1/videos"


def test_a_token_comes_from_the_environment(videos, served, sheet_of, monkeypatch):
    monkeypatch.delenv("ENGINE_TOKEN", raising=False)
    with pytest.raises(BadValue, match="no ENGINE_TOKEN"):
        served('token_in = "ENGINE_TOKEN"')
    monkeypatch.setenv("ENGINE_TOKEN", "let-me-in")
    answered(served('token_in = "ENGINE_TOKEN"'), sheet_of())
    assert set(videos.tokens) == {"Bearer let-me-in"}


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"fails": "CUDA out of memory"}, "could not make it: CUDA out of memory"),
        ({"frames": -2}, "gave 3 frames, not 5"),
        ({"frames": 1}, "gave 6 frames, not 5"),
        ({"narrow": 2}, "pictures of 48x30"),
        ({"POST /v1/videos": 500}, "the card is on fire"),
        ({"GET /v1/videos/video_1": 404}, "knows nothing of the take any more"),
        ({"GET /v1/videos/video_1/content": 404}, r"refused \(404\)"),
        ({"redirects": "http://127.0.0.1:9/elsewhere"}, "nobody is followed"),
    ],
)
def test_what_goes_wrong_is_said_and_the_job_is_deleted(videos, served, sheet_of, fault, words):
    videos.faults |= fault
    model = served()
    with pytest.raises((EngineRefused, EngineAway), match=words) as told:
        answered(model, sheet_of())
    assert told.value.remedy
    assert not videos.jobs
    videos.faults.clear()
    assert len(answered(model, sheet_of())) == 5


def test_a_file_that_breaks_off_is_no_take(videos, served, sheet_of):
    videos.faults["breaks off"] = True
    with pytest.raises(EngineAway, match="does not answer"):
        answered(served(), sheet_of())


def test_words_it_refuses_are_passed_on(videos, served, sheet_of):
    with pytest.raises(EngineRefused, match="prompt is required"):
        answered(served(), sheet_of(prompt=""))


def test_a_cancelled_take_is_deleted_over_there(videos, served, sheet_of):
    with pytest.raises(Cancelled):
        answered(served(), sheet_of(), Hearing(stop_at=2))
    assert not videos.jobs


def test_patience_ends(videos, served, sheet_of):
    videos.faults["busy"] = True
    with pytest.raises(EngineRefused, match="not done within"):
        answered(served("patience = 0.2"), sheet_of())
    assert not videos.jobs


def test_an_engine_that_goes_in_the_middle_is_missed(videos, served, sheet_of, monkeypatch):
    monkeypatch.setattr(external, "_LOST", 0.3)
    model = served()

    class Killing(Hearing):
        def step(self, take, done, total, estimate) -> None:
            super().step(take, done, total, estimate)
            if len(self.far) == 1:
                videos.die()

    with pytest.raises(EngineAway, match="stopped answering in the middle"):
        answered(model, sheet_of(), Killing())
