"""Descriptions of engines: what they must say, where footage may go, and how they are listed."""

from __future__ import annotations

import io
import json
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from secondunit import models
from secondunit.callsheet import Size
from secondunit.cli.app import app
from secondunit.engine.local import Engine
from secondunit.media.depth import Depth
from secondunit.media.format import Format
from secondunit.media.read import open_media
from secondunit.media.write import create
from secondunit.models.choose import choose
from secondunit.models.testing import scripted_card
from secondunit.settings import Settings
from secondunit_contract.clip import Clip
from secondunit_contract.frames import Rate
from secondunit_contract.job import Job
from secondunit_contract.problem import BadValue, EngineAway, ModelUnknown, Problem

WORDS = 'honours = ["words"]'
HERE = 'kind = "videos"\naddress = "http://127.0.0.1:9"\n'


def fault_of(source: str) -> str:
    listed = models.listing([source])[-1]
    assert listed.card is None
    return listed.fault


def test_the_card_is_what_the_description_says(described):
    path = described(
        "mine",
        HERE + WORDS + '\nlicence = "MIT"\ntraining_data = "ours"\nmultiple = 32\n'
        "native_rate = 25\nsteps = 8\nguidance = 1.5\narea = 1000\n"
        "frames = { base = 9, step = 8, longest = 97 }",
    )
    card = models.card_of(path)
    assert (card.name, card.licence, card.training_data) == ("mine", "MIT", "ours")
    assert (card.steps, card.guidance, card.reach.multiple) == (8, 1.5, 32)
    assert (card.reach.frames.base, card.reach.frames.longest) == (9, 97)
    assert card.reach.native_rate == Rate.of(25)
    assert card.elsewhere == "http://127.0.0.1:9"
    assert "leaves" not in card.note


def test_steps_and_guidance_are_the_workflows_own_where_nothing_else_is_said(vace):
    card = models.card_of(vace)
    assert (card.steps, card.guidance) == (4, 6.0)
    assert card.reach.references == 1


@pytest.mark.parametrize(
    ("text", "inputs", "words"),
    [
        ("kind = 'videos'\n" + WORDS, "", "address"),
        (HERE, "", "honours"),
        (HERE + 'honours = ["telepathy"]', "", "honours"),
        (HERE + 'honours = ["look"]', "", "no engine outside can be told"),
        (HERE + 'honours = ["plate"]', "", "where plate goes in"),
        (HERE + 'honours = ["paint"]', 'plate = "p"', "plate and mask"),
        (HERE + 'honours = ["keys"]', 'keys = "k"', "can only be"),
        (HERE + 'honours = ["keys"]', 'keys = "plate"', "plate, which goes in nowhere"),
        (HERE + WORDS + "\nframes = { longest = 80 }", "", "some times 4"),
        (HERE + WORDS + "\ntypo = 1", "", "typo"),
        (HERE + WORDS + "\npatience = 0", "", "patience"),
        (HERE + WORDS + "\nnative_rate = 'often'", "", "native_rate"),
        (HERE + WORDS + "\nx = ", "", "not TOML"),
        ('kind = "comfyui"\naddress = "http://127.0.0.1:9"\n' + WORDS, 'prompt = "6.text"',
         "needs its workflow"),
    ],
)  # fmt: skip
def test_what_a_description_says_wrongly_is_named(described, text, inputs, words):
    fault = fault_of(described("wrong", text, inputs))
    assert words in fault
    assert "wrong.toml" in fault


@pytest.mark.parametrize(
    ("change", "inputs", "words"),
    [
        ({}, 'prompt = "Nowhere.text"', "no node 'Nowhere'"),
        ({}, 'prompt = "6.words"', "no input 'words'"),
        ({}, 'prompt = "LoadVideo.file"', "Its nodes are"),
        ({"nodes": [], "links": []}, 'prompt = "6.text"', "ComfyUI's own editor"),
        ({"5": {"text": 1}}, 'prompt = "6.text"', "API form"),
    ],
)
def test_what_does_not_fit_the_workflow_is_named(described, workflow, change, inputs, words):
    text = 'kind = "comfyui"\naddress = "http://127.0.0.1:9"\noutput = "9"\n' + WORDS
    assert words in fault_of(described("unfit", text, inputs, workflow | change))


def test_two_nodes_of_one_title_are_not_guessed_between(described, workflow):
    workflow["7"]["_meta"] = {"title": "Prompt"}
    text = 'kind = "comfyui"\naddress = "http://127.0.0.1:9"\noutput = "9"\n' + WORDS
    fault = fault_of(described("twice", text, 'prompt = "Prompt.text"', workflow))
    assert "2 nodes" in fault


def test_a_workflow_that_is_not_there(described):
    text = 'kind = "comfyui"\nworkflow = "gone.json"\noutput = "9"\n'
    path = described("gone", text + 'address = "http://127.0.0.1:9"\n' + WORDS, 'prompt = "6.text"')
    with pytest.raises(ModelUnknown, match="no such file") as told:
        models.card_of(path)
    assert "gone.json" in told.value.where


@pytest.mark.parametrize(
    "address",
    ["http://10.0.0.9:8188", "http://render01:8188", "http://[fe80::1]:80", "http://0.0.0.0:80"],
)
def test_footage_leaves_this_machine_only_if_it_is_written_so(described, address):
    text = f'kind = "videos"\naddress = "{address}"\n{WORDS}'
    assert "footage_may_leave = true" in fault_of(described("away", text))
    card = models.card_of(described("away", text + "\nfootage_may_leave = true"))
    assert card.note.startswith("Footage leaves this machine")


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1:80", "http://", "http://a@127.0.0.1", "file:///etc", "http://h:x", "http://h/?a=1"],
)
def test_what_is_no_address_is_refused(described, address):
    text = f'kind = "videos"\naddress = "{address}"\nfootage_may_leave = true\n{WORDS}'
    assert "no address of an engine" in fault_of(described("odd", text))


@pytest.mark.parametrize(
    ("host", "found", "refused"),
    [
        ("render01", "93.184.216.34", True),
        ("render01", "::ffff:93.184.216.34", True),
        ("render01", "192.168.1.4", False),
        ("render01", "100.64.0.7", False),
        ("localhost", "192.168.1.4", True),
    ],
)
def test_nothing_on_the_open_internet_is_spoken_to(described, monkeypatch, host, found, refused):
    family = socket.AF_INET6 if ":" in found else socket.AF_INET
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(family, 1, 6, "", (found, 80))])
    text = f'kind = "videos"\naddress = "http://{host}"\nfootage_may_leave = true\n{WORDS}'
    path = described("named", text)
    if not refused:
        assert models.load(path).card.name == "named"
        return
    with pytest.raises(BadValue, match="not on a network of yours"):
        models.load(path)


def test_a_name_nobody_knows(described, monkeypatch):
    def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    text = f'kind = "videos"\naddress = "http://render01"\nfootage_may_leave = true\n{WORDS}'
    with pytest.raises(EngineAway, match="where render01 is"):
        models.load(described("lost", text))


def test_proxies_of_the_environment_are_not_used(videos, described, sheet_of, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    path = described("straight", f'kind = "videos"\naddress = "{videos.url}"\n{WORDS}')
    from secondunit.callsheet import Unwatched

    assert list(models.load(path).shoot(sheet_of(), Unwatched()))


def test_models_here_go_before_engines_elsewhere(described):
    away = models.card_of(described("away", HERE + 'honours = ["words", "plate"]', 'plate = "p"'))
    here = scripted_card("here", frozenset({"words"}))
    assert choose(frozenset({"words"}), [away, here]).name == "here"
    assert choose(frozenset({"words", "plate"}), [away, here]).name == "away"
    assert choose(frozenset({"words"}), [away, here], "away").name == "away"


def test_engines_are_listed_like_any_other_model(described, monkeypatch, tmp_path):
    described("mine", HERE + WORDS)
    described("broken", HERE)
    for name, folder in (("MODELS", "m"), ("DATA", "d"), ("ENGINES", "engines")):
        monkeypatch.setenv(f"SECONDUNIT_{name}", str(tmp_path / folder))
    told = CliRunner().invoke(app, ["models", "--json"])
    assert told.exit_code == 0, told.output
    listed = {each["name"]: each for each in json.loads(told.output)}
    assert listed["mine"]["reach"]["honours"] == ["words"]
    assert "honours" in listed[str(tmp_path / "engines" / "broken.toml")]["fault"]


def test_engines_stand_in_the_data_folder_unless_said_otherwise(tmp_path):
    (tmp_path / "engines").mkdir()
    (tmp_path / "engines" / "a.toml").touch()
    settings = Settings(tmp_path / "none", data=tmp_path)
    assert settings.model_folders() == [str(tmp_path / "engines" / "a.toml")]


# A whole job


@pytest.fixture
def clip(tmp_path) -> tuple[Clip, np.ndarray]:
    ramp = np.linspace(20, 200, 48)[None, None, :, None] + 5 * np.arange(6)[:, None, None, None]
    frames = np.broadcast_to(ramp, (6, 32, 48, 3)).astype(np.uint8)
    path = tmp_path / "plate.mov"
    with create(path, Format("ffv1", Size(48, 32), Rate.of(24), Depth(8))) as writer:
        for frame in frames:
            writer.write(frame)
    return Clip(str(path)), frames


def frames_of(media: str) -> np.ndarray:
    with open_media(media) as reader:
        return np.stack([frame[..., :3] for frame in reader.frames(reader.footage.range)])


def shot_with(
    model: str, clip: Clip, tmp_path: Path, task: str = "extend", **values: Any
) -> tuple[np.ndarray, dict]:
    """The one take of a job, and its side-car."""
    settings = Settings(
        tmp_path / "none", "cpu", tmp_path / "data", engines_at=tmp_path / "engines"
    )
    clips = {"plate": clip} if task == "extend" else {"before": clip, "after": clip}
    values |= {"prompt": "more"}
    job = Job(task, str(tmp_path / "out" / "made"), inputs=clips, values=values, model=model,
              seed=11)  # fmt: skip
    (take,) = Engine(settings).shoot(job)
    return frames_of(take.media), json.loads(Path(take.sidecar).read_text())


def decoded_png(comfy: Any, told: str) -> np.ndarray:
    with Image.open(io.BytesIO(comfy.named(told))) as image:
        return np.asarray(image.convert("RGB"))


def test_a_whole_job_is_shot_by_a_comfyui(vace, clip, tmp_path, colour):
    made, story = shot_with("wan-vace", clip[0], tmp_path, tail=3)
    np.testing.assert_array_equal(made[:6], clip[1])
    np.testing.assert_array_equal(made[6:], np.broadcast_to(colour(11), (3, 32, 48, 3)))
    assert story["model"]["engine"] == "comfyui"
    assert story["model"]["licence"] == "Apache-2.0"


def test_a_whole_job_is_shot_by_a_video_server(videos, described, clip, tmp_path, colour):
    described(
        "served",
        f"""kind = "videos"
address = "{videos.url}"
honours = ["words", "plate", "paint", "keys"]
frames = {{ longest = 17 }}
context = 4""",
        'plate = "input_reference"\nmask = "mask"\nkeys = "plate"',
    )
    made, story = shot_with("served", clip[0], tmp_path, tail=3)
    np.testing.assert_array_equal(made[:6], clip[1])
    assert np.abs(made[6:].astype(int) - colour(11)).max() < 16
    assert story["model"]["engine"] == "videos"


def test_an_insert_is_shot_by_one_that_takes_pictures_at_both_ends_alone(
    comfy, described, workflow, clip, tmp_path, colour
):
    workflow["71"] = {"class_type": "LoadImage", "inputs": {"image": "b.png"}}
    shape = {"width": 832, "height": 480, "length": 81, "batch_size": 1}
    workflow["49"] = {
        "class_type": "WanFirstLastFrameToVideo",
        "inputs": shape
        | {"positive": ["6", 0], "negative": ["7", 0]}
        | {"start_image": ["70", 0], "end_image": ["71", 0]},
    }
    described(
        "first-last",
        f"""kind = "comfyui"
address = "{comfy.url}"
output = "9"
honours = ["words", "keys"]
frames = {{ longest = 17 }}""",
        """prompt = "6.text"
seed = "3.seed"
width = "49.width"
height = "49.height"
frames = "49.length"
first = "70.image"
last = "71.image" """,
        workflow,
    )
    made, _ = shot_with("first-last", clip[0], tmp_path, "insert", frames=3)
    np.testing.assert_array_equal(made, np.broadcast_to(colour(11), (3, 32, 48, 3)))
    graph = comfy.graphs[0]
    assert graph["49"]["inputs"]["length"] == 5
    ends = [decoded_png(comfy, graph[node]["inputs"]["image"]) for node in ("70", "71")]
    np.testing.assert_array_equal(ends[0], clip[1][-1])
    np.testing.assert_array_equal(ends[1], clip[1][0])


def test_an_engine_that_is_away_fails_the_job_in_plain_words(comfy, vace, clip, tmp_path):
    comfy.die()
    with pytest.raises(Problem, match="does not answer") as told:
        shot_with("wan-vace", clip[0], tmp_path, tail=3)
    assert told.value.code == "machine.engine"
    assert not list((tmp_path / "out").glob("*.mov"))
