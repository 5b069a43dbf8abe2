"""Sound goes with the takes whose picture is all new, from the model to the file, and nowhere else:
with a model that follows a script, and with a real one's tiny checkpoint.
"""

import json
import wave
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from secondunit.callsheet import FrameRule, Sound
from secondunit.engine.local import Engine
from secondunit.engine.standing import takes_of
from secondunit.engine.sweep import swept
from secondunit.media.sound import RATE
from secondunit.models.testing import ScriptedModel, scripted_card
from secondunit.models.tiny.ltx import tiny_ltx
from secondunit.settings import Settings
from secondunit_contract.clip import Clip
from secondunit_contract.frames import Rate
from secondunit_contract.job import Job
from secondunit_contract.problem import BadValue, TakeThere

FRAME = RATE // 24
WORDS = {"prompt": "a cat", "frames": 13, "width": 48, "height": 32}
LONG = WORDS | {"frames": 60}


class PowerCut(BaseException):
    """What no code catches."""


class Talking(ScriptedModel):
    """Lets be heard which frame of its sheet it is at: 0.001 for the first, 0.002 for the next."""

    def __init__(self, props, silent=(), fails_at=None, **more):
        card = scripted_card(frames=FrameRule(1, 4, 17), **more)
        super().__init__(replace(card, reach=replace(card.reach, sound=True)), props.loud)
        self._silent, self._fails_at = silent, fails_at

    def shoot(self, sheet, watch):
        if self._fails_at is not None and len(self.seen) >= self._fails_at:
            raise PowerCut
        for answer in super().shoot(sheet, watch):
            heard = sheet.sound and len(self.seen) not in self._silent
            yield answer._replace(sound=spoken(answer) if heard else None)


def spoken(answer):
    levels = 0.001 * (1 + answer.first + np.arange(len(answer.frames)))
    return Sound(np.repeat(levels, FRAME // 2).astype(np.float32)[:, None], RATE // 2)


@pytest.fixture
def unit(settings, tmp_path, props):
    """An engine with a model that talks, and that model."""

    def make(**more):
        model = Talking(props, **more)
        return Engine(settings, brought=[model], rushes=tmp_path / "rushes"), model

    return make


@pytest.fixture
def job(tmp_path):
    def make(name="a", values=WORDS, task="insert", **more):
        output = str(tmp_path / "out" / name)
        return Job(task, output, name, values=values, **{"model": "scripted"} | more)

    return make


def heard(path):
    """A take's sound (N,2), from its movie or its .wav."""
    with av.open(str(path)) as container:
        decoded = container.decode(container.streams.audio[0])
        parts = [each.to_ndarray().reshape(-1, 2) for each in decoded]
    whole = np.concatenate(parts).astype(np.float64)
    return whole / 2 ** (8 * parts[0].dtype.itemsize - 1)


def mute(path):
    with av.open(str(path)) as container:
        return not container.streams.audio


def middles(samples):
    """The level in the middle of each frame, in thousandths."""
    return [round(1000 * float(level), 1) for level in samples[FRAME // 2 :: FRAME, 0]]


def story(take):
    return json.loads(Path(take.sidecar).read_text())


def test_a_movie_of_words_alone_is_heard_and_says_so(unit, job):
    engine, model = unit()
    take = engine.shoot(job())[0]
    samples = heard(take.media)
    assert samples.shape == (13 * FRAME, 2)
    assert middles(samples) == [float(number) for number in range(1, 14)]
    assert [sheet.sound for sheet in model.seen] == [True]
    told = story(take)
    assert told["take"]["sound"] == take.extra["sound"] == take.media
    assert (told["take"]["sound_rate"], told["take"]["sound_channels"]) == (RATE, 2)
    assert told["call_sheets"][0]["sound"] is True


def test_between_two_clips_it_is_cut_to_what_is_delivered(unit, job, short):
    """Five frames of each clip are shown; two of each are delivered as handles."""
    engine, _ = unit()
    values = {"frames": 5, "head": 2, "tail": 2}
    take = engine.shoot(job(values=values, inputs={"before": short, "after": short}))[0]
    assert len(take.range) == 9
    levels = middles(heard(take.media))
    assert len(levels) == 9
    assert levels == [levels[0] + number for number in range(9)]
    assert levels[0] >= 4.0, "the handle's first frame is not the sheet's first"


@pytest.mark.parametrize("bridged", [False, True])
def test_over_several_calls_there_is_no_hole(unit, job, short, bridged):
    engine, model = unit()
    clips = {"before": short, "after": short} if bridged else {}
    take = engine.shoot(job(values=LONG, inputs=clips))[0]
    assert len(model.seen) >= 4
    samples = heard(take.media)
    assert len(samples) == 60 * FRAME
    assert float(samples.min()) >= 0.0009


def test_a_call_that_made_no_sound_leaves_silence(unit, job):
    engine, model = unit(silent=(2,))
    samples = heard(engine.shoot(job(values=LONG))[0].media)
    assert len(model.seen) >= 4
    silent = np.flatnonzero(~samples[FRAME // 2 :: FRAME, 0].astype(bool))
    assert len(silent) > 4
    assert np.array_equal(silent, np.arange(silent[0], silent[-1] + 1))
    assert silent[0] >= 17


def test_takes_shot_in_one_call_have_a_sound_each(unit, job):
    engine, model = unit()
    takes = engine.shoot(job(takes=2))
    assert len(model.seen) == 1
    assert all(middles(heard(take.media))[0] == 1.0 for take in takes)


@pytest.mark.parametrize(
    ("task", "values"), [("extend", {"tail": 6}), ("extend", {"left": 8}), ("restyle", {})]
)
def test_a_plate_keeps_its_own_sound_so_none_is_made(unit, scripted, job, short, task, values):
    engine, model = unit()
    values = values if task == "extend" else {"prompt": "snow"}
    asked = job(task=task, values=values, inputs={"plate": short})
    take = engine.shoot(asked)[0]
    assert mute(take.media)
    assert not any(sheet.sound for sheet in model.seen)
    assert not [key for key in take.extra if key.startswith("sound")]
    plain = scripted()[0].shoot(replace(asked, output=f"{asked.output}_plain"))[0]
    assert Path(plain.media).read_bytes() == Path(take.media).read_bytes()


def test_who_says_no_gets_the_take_a_silent_model_makes(unit, scripted, job):
    engine, model = unit()
    take = engine.shoot(job(values=WORDS | {"sound": False}))[0]
    assert mute(take.media)
    assert not model.seen[0].sound
    plain = scripted()[0].shoot(job("plain"))[0]
    assert Path(plain.media).read_bytes() == Path(take.media).read_bytes()
    assert "sound" not in story(plain)["call_sheets"][0]


@pytest.mark.parametrize("codec", ["", "png"])
def test_a_job_that_was_broken_off_sounds_as_if_nothing_had_happened(unit, job, tmp_path, codec):
    whole = unit()[0].shoot(job("whole", LONG, codec=codec))[0]
    broken, model = unit(fails_at=3)
    with pytest.raises(PowerCut):
        broken.shoot(job("b", LONG, codec=codec))
    assert not list((tmp_path / "out").glob("[!.]b*"))
    engine, model = unit()
    again = engine.shoot(job("b", LONG, codec=codec))[0]
    assert 0 < len(model.seen) < 4
    assert np.array_equal(heard(whole.extra["sound"]), heard(again.extra["sound"]))
    assert not list((tmp_path / "rushes").rglob("*.npz"))


def test_no_sound_that_lies_there_is_written_over(unit, job, tmp_path):
    (tmp_path / "out").mkdir()
    mine = tmp_path / "out" / "a.wav"
    mine.write_bytes(b"mine")
    engine, model = unit()
    with pytest.raises(TakeThere) as there:
        engine.shoot(job(codec="png"))
    assert there.value.where == str(mine)
    assert mine.read_bytes() == b"mine"
    assert not model.seen
    assert engine.shoot(job(), lambda event: None)  # in a movie there is room


def test_a_sound_whose_pictures_never_came_is_swept_up(unit, job, tmp_path):
    asked = job(codec="png")
    take = unit()[0].shoot(asked)[0]
    assert takes_of(asked)
    for each in (tmp_path / "out").glob("*.png"):
        each.unlink()
    assert Path(take.extra["sound"]).is_file()
    assert swept(asked, 0) == []
    assert not list((tmp_path / "out").iterdir())


# ------------------------------------------------------------- a real model's tiny checkpoint


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A tiny checkpoint that makes sound, in calls of at most 17 frames."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        folder = tiny_ltx(tmp_path_factory.mktemp("sound") / "tiny")
        (folder / "card.toml").write_text("longest = 17\n")
        return folder


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    return Engine(
        Settings(Path("no-models"), "cpu"), rushes=tmp_path_factory.mktemp("sound") / "rushes"
    )


@pytest.fixture
def tiny(job, checkpoint):
    def make(name, values=WORDS, **more):
        values = values | {"width": 32, "height": 32}
        told = {"model": str(checkpoint), "steps": 2, "guidance": 1.0}
        return job(name, values, **told | more)

    return make


def test_a_real_model_is_heard_for_as_long_as_it_is_seen(real, tiny):
    one, again, other = (
        real.shoot(tiny(name, WORDS | {"rate": "23.976"}, seed=seed))[0]
        for name, seed in (("one", 5), ("again", 5), ("other", 6))
    )
    samples = heard(one.media)
    assert samples.shape == (13 * 2002, 2)
    assert float(samples[: 12 * 2002].std()) > 0.001
    assert np.array_equal(samples, heard(again.media))
    assert Path(one.media).read_bytes() == Path(again.media).read_bytes()
    assert not np.array_equal(samples, heard(other.media))
    assert story(one)["model"]["precision"]["vocoder"] == "float32"


def test_a_real_model_over_several_calls_goes_on_where_it_was(real, tiny, checkpoint, monkeypatch):
    from secondunit.models.ltx.model import LtxModel

    values = WORDS | {"frames": 30}
    whole = real.shoot(tiny("whole", values))[0]
    samples = heard(whole.media)
    assert len(samples) == 30 * FRAME
    assert min(samples[at : at + FRAME].std() for at in range(0, 28 * FRAME, FRAME)) > 1e-4
    shot, made = [], LtxModel._sound

    def failing(self, shoot):
        shot.append(shoot)
        if len(shot) == 2:
            raise PowerCut
        return made(self, shoot)

    monkeypatch.setattr(LtxModel, "_sound", failing)
    with pytest.raises(PowerCut):
        real.shoot(tiny("again", values))
    again = real.shoot(tiny("again", values))[0]
    assert len(shot) == len(story(whole)["call_sheets"]) + 1
    assert np.array_equal(heard(again.media), samples)
    assert Path(again.media).read_bytes() == Path(whole.media).read_bytes()


def test_a_real_model_beside_pictures_lands_at_the_clip_s_timecode(real, tiny, tmp_path, props):
    """The clip has frames 1001 and on: the insert goes on behind its last one."""
    plate = np.full((6, 32, 32, 3), 90, np.uint8)
    before = props.write_pictures(tmp_path / "before", plate, "png")
    take = real.shoot(tiny("between", inputs={"before": before}))[0]
    with wave.open(take.extra["sound"]) as file:
        assert file.getnframes() == 13 * FRAME
    with av.open(take.extra["sound"]) as container:
        assert int(container.metadata["time_reference"]) == take.range.first * FRAME


def test_what_its_own_pipeline_would_let_be_heard_is_what_is_heard(checkpoint):
    import torch

    from secondunit import models
    from secondunit.callsheet import CallSheet, Unwatched
    from secondunit.models.ltx.model import LtxModel
    from secondunit.models.rig.loading import quiet

    model = models.load(str(checkpoint), "cpu")
    assert isinstance(model, LtxModel)
    sheet = CallSheet(32, 32, 17, Rate.of(24), "a cat", steps=2, guidance=1.0, seeds=(4,))
    (plain,) = model.shoot(sheet, Unwatched())
    assert plain.sound is None
    (answer,) = model.shoot(replace(sheet, sound=True), Unwatched())
    assert np.array_equal(answer.frames, plain.frames)
    told = {f"{kind}{name}": value for kind in ("", "audio_") for name, value in (
        ("guidance_scale", 1.0), ("stg_scale", 0.0), ("modality_scale", 1.0),
        ("guidance_rescale", 0.0))}  # fmt: skip
    with quiet(), model._parts.at_hand(model._parts._keys):
        theirs = model._pipe(
            prompt="a cat", negative_prompt="", height=32, width=32, num_frames=17,
            frame_rate=24.0, num_inference_steps=2, use_cross_timestep=False,
            max_sequence_length=16, generator=torch.Generator("cpu").manual_seed(4),
            output_type="np", **told,
        ).audio[0].numpy().T  # fmt: skip
    assert answer.sound.rate == 24_000
    assert answer.sound.samples.shape == (17_000, 2)
    assert len(theirs) < 17_000
    clear = len(theirs) - 120  # the last 5 ms fade out
    assert np.array_equal(answer.sound.samples[:clear], theirs[:clear])
    assert not answer.sound.samples[len(theirs) :].any()


def test_one_step_is_refused_in_words(real, tiny):
    with pytest.raises(BadValue, match="one step") as refused:
        real.shoot(tiny("hasty", steps=1))
    assert "2 or more" in refused.value.remedy


def test_clips_of_a_take_can_be_turned_over_again(real, tiny):
    """A take with sound is footage like any other."""
    take = real.shoot(tiny("first"))[0]
    longer = tiny("second", {"frames": 5}, inputs={"before": Clip(take.media)})
    assert len(real.shoot(longer)[0].range) == 5
