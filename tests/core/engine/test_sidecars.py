"""A side-car tells all of how its take was made."""

import hashlib
import json
import shutil
from importlib.metadata import version
from pathlib import Path

from secondunit.demo import FOOTAGE
from secondunit.weights import STARTER
from secondunit.weights.checkpoint import Checkpoint
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_contract.job import Job


def test_model_licence_seed_words_sheets_versions_and_inputs(starter, short, matte, tmp_path):
    job = Job("cleanup", str(tmp_path / "take"), inputs={"plate": short, "matte": matte},
              values={"prompt": "a wall", "negative": "rain", "rig": {"name": "crane"}},
              seed=21, takes=2, steps=2, extra={"shotgrid": 7})  # fmt: skip
    take = starter.shoot(job)[1]
    story = json.loads(Path(take.sidecar).read_text("utf-8"))
    assert Path(take.sidecar).name == "take_t002.take.json"
    model = story["model"]
    assert (model["name"], model["licence"]) == ("starter", "Apache-2.0")
    assert len(model["weights"]) == 64
    assert "scikit-image" in model["training_data"]
    assert model["device"] in ("cpu", "mps") or model["device"].startswith("cuda")
    assert story["versions"]["torch"] == version("torch")
    assert {"python", "secondunit", "diffusers", "transformers"} <= story["versions"].keys()
    assert (story["job"]["seed"], story["take"]["seed"], story["take"]["number"]) == (22, 22, 2)
    assert story["job"]["values"]["prompt"] == "a wall"
    assert story["job"]["values"]["rig"] == {"name": "crane"}
    assert story["job"]["shotgrid"] == 7
    assert "takes" not in story["job"]
    assert story["job"]["output"] == take.media
    sheet = story["call_sheets"][0]
    assert (sheet["prompt"], sheet["negative"], sheet["steps"]) == ("a wall", "rain", 2)
    assert sheet["seeds"] == [22] or 22 in sheet["seeds"]
    assert (sheet["frames"] - 1) % 4 == 0
    assert {"plate", "paint"} <= set(sheet["needs"])
    assert story["inputs"].keys() == {"plate", "matte"}
    one = hashlib.sha256(Path(short.media).read_bytes()).digest()
    assert story["inputs"]["plate"] == hashlib.sha256(one).hexdigest()
    assert story["digital_source_type"] == "compositeWithTrainedAlgorithmicMedia"


def test_the_weights_hash_is_of_the_weights(short, tmp_path):
    """Two models whose weights differ in one bit have not the same hash."""
    copy = Path(shutil.copytree(STARTER, tmp_path / "copy"))
    same = Checkpoint.open(copy).fingerprint()
    assert same == Checkpoint.open(STARTER).fingerprint()
    weights = next(copy.glob("transformer/*.safetensors"))
    with weights.open("r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([last[0] ^ 1]))
    assert Checkpoint.open(copy).fingerprint() != same


def test_every_window_has_its_call_sheet(scripted, tmp_path):
    engine, model = scripted(longest=9)
    plate = Clip(str(FOOTAGE / "plate.mov"), FrameRange(0, 8))
    job = Job("extend", str(tmp_path / "take"), inputs={"plate": plate}, values={"tail": 14},
              model="scripted", takes=2)  # fmt: skip
    takes = engine.shoot(job)
    stories = [json.loads(Path(take.sidecar).read_text("utf-8")) for take in takes]
    assert [len(story["call_sheets"]) for story in stories] == [len(model.seen) // 2] * 2
    seeds = [sheet["seeds"] for story in stories for sheet in story["call_sheets"]]
    assert len({tuple(each) for each in seeds}) == len(model.seen)
    assert stories[0]["model"]["weights"] == "none: answers are scripted"


def test_a_take_tells_where_the_plate_lies_in_it(scripted, short, tmp_path):
    engine, _ = scripted()
    job = Job("extend", str(tmp_path / "take"), inputs={"plate": short}, model="scripted",
              values={"left": 6, "top": 2, "head": 2})  # fmt: skip
    take = engine.shoot(job)[0]
    assert take.extra["plate_at"] == [6, 2, 50, 34]
    assert (take.range, take.width, take.height) == (FrameRange(-2, 5), 56, 36)
    assert Path(take.sheet).is_file()
