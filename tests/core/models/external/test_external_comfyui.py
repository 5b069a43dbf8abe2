"""A ComfyUI shoots for us: its own workflow filled in, and whatever may go wrong over there."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from secondunit import models
from secondunit.callsheet import Cancelled, Unwatched
from secondunit.models.external import model as external
from secondunit_contract.problem import EngineAway, EngineRefused, ModelUnfit


class Hearing(Unwatched):
    """Hears each step, and stops the call at one of them, if told to."""

    def __init__(self, stop_at: int = 1000, stop_after: float = 1000.0) -> None:
        self.steps: list[tuple[int, int, int]] = []
        self.pictures: list[np.ndarray] = []
        self._stop_at, self._until = stop_at, time.monotonic() + stop_after

    def check(self) -> None:
        if len(self.steps) >= self._stop_at or time.monotonic() > self._until:
            raise Cancelled

    def step(self, take, done, total, estimate) -> None:
        self.steps.append((take, done, total))
        if estimate is not None:
            self.pictures.append(estimate())


def answered(model, sheet, watch=None):
    """The takes of a sheet, whole."""
    takes: dict[int, list[np.ndarray]] = {}
    for take, first, frames, _ in model.shoot(sheet, watch or Unwatched()):
        assert first == sum(map(len, takes.setdefault(take, [])))
        takes[take].append(frames)
    return [np.concatenate(each) for each in takes.values()]


def plate_of(sheet_of, seed=0):
    """A sheet with eight-bit noise as its plate, its last two frames to be made."""
    plate = np.random.default_rng(seed).integers(0, 256, (5, 32, 48, 3)) / np.float32(255)
    plate = plate.astype(np.float32)
    paint = np.zeros((5, 32, 48), bool)
    paint[3:] = True
    plate[paint] = 0.5
    return sheet_of(plate=plate, paint=paint)


def test_the_workflow_is_told_all_of_the_sheet_and_gives_back_frames_without_loss(
    comfy, vace, sheet_of, colour
):
    sheet = plate_of(sheet_of)
    sheet.references = (np.full((32, 48, 3), 0.25, np.float32),)
    sheet.seeds, sheet.steps, sheet.guidance = (7, 8), 3, 4.5
    model, watch = models.load(vace), Hearing()
    takes = answered(model, sheet, watch)
    for made, seed in zip(takes, (7, 8), strict=True):
        np.testing.assert_array_equal(made[:3], sheet.plate[:3])
        np.testing.assert_array_equal(made[3:] * 255, np.broadcast_to(colour(seed), (2, 32, 48, 3)))
    first, second = comfy.graphs
    assert first["6"]["inputs"]["text"] == "a cat"
    assert first["7"]["inputs"]["text"] == "blurred"  # the sheet has nothing to say of it
    told = first["3"]["inputs"]
    assert (told["seed"], told["steps"], told["cfg"]) == (7, 3, 4.5)
    assert second["3"]["inputs"]["seed"] == 8
    shape = first["49"]["inputs"]
    assert (shape["width"], shape["height"], shape["length"]) == (48, 32, 5)
    assert first["60"]["inputs"]["file"].endswith(".mov [temp]")
    uploads = [each for each in comfy.asked if each == "POST /upload/image"]
    assert len(uploads) == 3  # plate, mask, reference: once for both takes
    assert not comfy.history  # nothing of ours is left standing in its list
    assert [far for take, far, _ in watch.steps if take == 0] == [33, 66, 100]
    assert watch.pictures[0].shape == (1, 8, 12, 3)


def test_what_a_sheet_does_not_have_is_taken_out_of_the_workflow(comfy, vace, sheet_of, colour):
    made = answered(models.load(vace), sheet_of())
    np.testing.assert_array_equal(made[0] * 255, np.broadcast_to(colour(0), (5, 32, 48, 3)))
    assert set(comfy.graphs[0]) == {"6", "7", "49", "3", "8", "9"}
    assert "control_video" not in comfy.graphs[0]["49"]["inputs"]


def test_keys_and_a_guide_are_laid_into_the_plate_as_vace_wants_them(comfy, vace, sheet_of, colour):
    key = np.full((32, 48, 3), 51 / 255, np.float32)
    guide = np.full((5, 32, 48, 3), 102 / 255, np.float32)
    sheet = sheet_of(keys={2: key}, guide=guide, seeds=(3,))
    seen = []
    paint = comfy.paint
    comfy.paint = lambda plate, *more: seen.append(plate) or paint(plate, *more)
    (made,) = answered(models.load(vace), sheet)
    assert [int(frame[0, 0, 0]) for frame in seen[0]] == [102, 102, 51, 102, 102]
    np.testing.assert_array_equal(made[2], key)
    np.testing.assert_array_equal(made[0] * 255, np.broadcast_to(colour(3), (32, 48, 3)))


def test_a_workflow_that_cannot_do_without_a_picture_says_so(comfy, described, workflow, sheet_of):
    workflow["71"] = {"class_type": "LoadImage", "inputs": {"image": "b.png"}}
    workflow["72"] = {
        "class_type": "ImageBatch",
        "inputs": {"image1": ["70", 0], "image2": ["71", 0]},
    }
    workflow["49"]["inputs"]["reference_image"] = ["72", 0]
    path = described(
        "two",
        f"""kind = "comfyui"
address = "{comfy.url}"
output = "9"
honours = ["words", "references"]""",
        'prompt = "6.text"\nreferences = ["70.image", "71.image"]\nplate = "60.file"\n'
        'mask = "62.file"\nframes = "49.length"\nwidth = "49.width"\nheight = "49.height"',
        workflow,
    )
    grey = np.full((32, 48, 3), 0.5, np.float32)
    model = models.load(path)
    assert len(answered(model, sheet_of())) == 1
    assert len(answered(model, sheet_of(references=(grey, grey)))) == 1
    with pytest.raises(ModelUnfit, match="cannot do without a picture"):
        answered(model, sheet_of(references=(grey,)))
    assert len(comfy.graphs) == 2


def test_pictures_at_the_ends_alone_refuse_a_key_in_the_middle(
    comfy, described, workflow, sheet_of
):
    path = described(
        "ends",
        f"""kind = "comfyui"
address = "{comfy.url}"
output = "9"
honours = ["words", "keys"]""",
        'prompt = "6.text"\nfirst = "70.image"\nframes = "49.length"\nwidth = "49.width"\n'
        'height = "49.height"\nplate = "60.file"\nmask = "62.file"',
        workflow,
    )
    key = np.zeros((32, 48, 3), np.float32)
    answered(models.load(path), sheet_of(keys={0: key}))
    assert comfy.graphs[0]["70"]["inputs"]["image"].startswith("secondunit_first_")
    with pytest.raises(ModelUnfit, match="on the first frame alone"):
        answered(models.load(path), sheet_of(keys={0: key, 4: key}))


def test_a_movie_is_taken_back_too(comfy, vace, sheet_of, workflow, described, colour):
    workflow["9"] = {
        "class_type": "SaveVideo",
        "inputs": {"images": ["8", 0], "filename_prefix": "x"},
    }
    path = described(
        "movie",
        f'kind = "comfyui"\naddress = "{comfy.url}"\noutput = "9"\nhonours = ["words"]',
        'prompt = "6.text"\nseed = "3.seed"\nframes = "49.length"\nwidth = "49.width"\n'
        'height = "49.height"\nplate = "60.file"\nmask = "62.file"\nreferences = "70.image"',
        workflow,
    )
    (made,) = answered(models.load(path), sheet_of(seeds=(5,)))
    assert made.shape == (5, 32, 48, 3)
    assert np.abs(made * 255 - colour(5)).max() < 6  # a lossy codec, but that colour


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"frames": -1}, "gave 4 frames, not 5"),
        ({"frames": 1}, "gave 6 frames, not 5"),
        ({"narrow": 2}, "pictures of 48x30, not 48x32"),
        ({"fails": "Allocation on device"}, r"node 3 \(KSampler\): Allocation on device"),
        ({"POST /upload/image": 500}, r"refused \(500\): the card is on fire"),
        ({"POST /prompt": 503}, r"refused \(503\)"),
        ({"GET /view": 404}, r"refused \(404\)"),
    ],
)
def test_what_comes_back_wrong_is_said_and_nothing_is_guessed(comfy, vace, sheet_of, fault, words):
    comfy.faults |= fault
    with pytest.raises(EngineRefused, match=words) as told:
        answered(models.load(vace), plate_of(sheet_of))
    assert told.value.where
    assert told.value.remedy
    comfy.faults.clear()
    assert len(answered(models.load(vace), plate_of(sheet_of))) == 1


def test_nodes_that_do_not_validate_are_named(comfy, vace, sheet_of, described, workflow):
    del workflow["3"]["inputs"]["denoise"]
    text = f'kind = "comfyui"\naddress = "{comfy.url}"\noutput = "9"\nhonours = ["words"]'
    inputs = 'prompt = "6.text"\nplate = "60.file"\nmask = "62.file"\nreferences = "70.image"'
    path = described("wrong", text, inputs, workflow)
    with pytest.raises(EngineRefused, match=r"node 3 \(KSampler\): Required input.*denoise"):
        answered(models.load(path), sheet_of())
    workflow["3"]["class_type"] = "TheirSampler"
    path = described("unknown", text, inputs, workflow)
    with pytest.raises(EngineRefused, match="node TheirSampler does not exist"):
        answered(models.load(path), sheet_of())


def test_a_take_that_is_not_wanted_any_more_is_interrupted_over_there(comfy, vace, sheet_of):
    comfy.faults["slow"] = 0.05
    sheet = sheet_of(steps=200)
    with pytest.raises(Cancelled):
        answered(models.load(vace), sheet, Hearing(stop_at=2))
    assert comfy.asked.count("POST /interrupt") == 1
    until = time.monotonic() + 5
    while comfy.running and time.monotonic() < until:
        time.sleep(0.01)
    assert not comfy.running


def test_one_that_still_waits_is_taken_out_and_nobody_elses_is_interrupted(comfy, vace, sheet_of):
    comfy.faults["slow"] = 0.05
    theirs = comfy.queue(
        {
            "3": {
                "class_type": "KSampler",
                "inputs": {
                    "seed": 1, "steps": 400, "cfg": 1, "denoise": 1,
                    "latent_image": ["49", 0],
                },
            },
            "49": {
                "class_type": "WanVaceToVideo",
                "inputs": {"length": 1, "height": 8, "width": 8},
            },
            "9": {"class_type": "PreviewImage", "inputs": {"images": ["3", 0]}},
        },
        "them",
    )  # fmt: skip
    with pytest.raises(Cancelled):
        answered(models.load(vace), sheet_of(), Hearing(stop_after=0.4))
    assert not comfy.pending
    assert [entry[1] for entry in comfy.running] == [theirs]
    assert "POST /interrupt" not in comfy.asked
    comfy.interrupted.add(theirs)


def test_an_engine_that_goes_in_the_middle_is_missed(comfy, vace, sheet_of, monkeypatch):
    monkeypatch.setattr(external, "_LOST", 0.5)
    comfy.faults["slow"] = 0.2
    model = models.load(vace)
    threading.Timer(0.5, comfy.die).start()
    with pytest.raises(EngineAway, match="stopped answering in the middle"):
        answered(model, sheet_of(steps=100))


def test_a_job_that_is_forgotten_over_there_is_not_waited_for(comfy, vace, sheet_of):
    comfy.faults["forgets"] = True
    with pytest.raises(EngineAway, match="knows nothing of the take any more"):
        answered(models.load(vace), sheet_of())


def test_patience_ends(comfy, described, sheet_of, workflow):
    text = f'kind = "comfyui"\naddress = "{comfy.url}"\noutput = "9"\nhonours = ["words"]'
    inputs = 'prompt = "6.text"\nplate = "60.file"\nmask = "62.file"\nreferences = "70.image"'
    path = described("slow", text + "\npatience = 0.3", inputs, workflow)
    comfy.faults["busy"] = True
    with pytest.raises(EngineRefused, match="not done within"):
        answered(models.load(path), sheet_of())
    assert not comfy.pending


def test_one_that_cannot_be_listened_to_is_asked(comfy, vace, sheet_of):
    comfy.faults["deaf"] = True
    watch = Hearing()
    assert len(answered(models.load(vace), sheet_of(), watch)) == 1
    assert watch.steps == [(0, 100, 100)]


def test_nobody_at_the_address(comfy, vace, sheet_of):
    comfy.die()
    model = models.load(vace)
    with pytest.raises(EngineAway, match="does not answer") as told:
        answered(model, sheet_of())
    assert "Start it" in told.value.remedy


def test_the_side_car_hears_which_engine_and_which_workflow(comfy, vace):
    told = models.load(vace).provenance()
    assert told["engine"] == "comfyui"
    assert told["address"] == comfy.url
    assert told["versions"]["comfyui"] == "0.9.1"
    assert len(told["description"]) == 64
