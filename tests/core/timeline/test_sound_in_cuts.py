"""A cut whose inserts are heard: shot, placed, and read back by other people's readers."""

from __future__ import annotations

import json
import wave
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import OpenImageIO
import opentimelineio as otio
import pytest

from secondunit.callsheet import FrameRule, Sound
from secondunit.engine.local import Engine, unheard
from secondunit.media.sound import RATE
from secondunit.models.testing import ScriptedModel, scripted_card
from secondunit.settings import Settings
from secondunit.timeline.hearing import heard_of, sound_of
from secondunit.timeline.render import Rendering
from secondunit.timeline.reshoot import Reshooting
from secondunit_contract.frames import Rate
from secondunit_contract.job import Job
from secondunit_contract.problem import MediaMissing
from secondunit_otio import Cut, changed_paths, find_requests
from secondunit_otio.layout import extent, home_of
from secondunit_otio.report.conform import diff
from secondunit_otio.sound_testing import out_of_step, sounds
from secondunit_otio.testing import clip, generator, span, text_of, timeline, track, warp

ALONE = {"width": 48, "height": 32, "condition": {"first": "none", "last": "none"}}


class Talking(ScriptedModel):
    """Lets be heard which frame of its sheet it is at: 0.01 for the first, 0.02 for the next."""

    def shoot(self, sheet, watch):
        for answer in super().shoot(sheet, watch):
            levels = 0.01 * (1 + answer.first + np.arange(len(answer.frames)))
            samples = np.repeat(levels, round(sheet.rate.seconds(1) * RATE))
            samples = samples.astype(np.float32)[:, None]
            yield answer._replace(sound=Sound(samples, RATE) if sheet.sound else None)


def grey(sheet, seed):
    return np.full((sheet.frames, sheet.height, sheet.width, 3), 0.4, np.float32)


@pytest.fixture
def model() -> Talking:
    card = scripted_card(frames=FrameRule(1, 4, 33))
    return Talking(replace(card, reach=replace(card.reach, sound=True)), grey)


@pytest.fixture
def render(tmp_path, model):
    """Render a cut to a file by the talking model; what came of it, and the cut."""

    def make(source: Path | dict, name: str = "out.otio"):
        if not isinstance(source, Path):
            (tmp_path / "cut.otio").write_text(text_of(source))
            source = tmp_path / "cut.otio"
        engine = Engine(Settings(tmp_path / "none", "cpu"), None, [model])
        done = Rendering(engine, unheard, model=model.card.name).render(
            source, tmp_path / name, tmp_path / "takes"
        )
        assert not done.failed
        return done, Cut.read(tmp_path / name)

    return make


def asking(frames: int, head: int, rate: float = 24.0, **asked) -> dict:
    """A clip that asks for an insert with handles."""
    media = generator("SecondUnit.Insert", span(0, frames + 2 * head, rate), prompt="gull", **asked)
    made = clip("gull", span(head, frames, rate), None, active_media_reference_key="su_request")
    made["media_references"] = {"su_request": media}
    return made


def heard_at(clip: otio.schema.Clip) -> list[float]:
    """The level in the middle of each frame of a clip, as its file has it there: an editor's way
    from the range of the clip to the samples of its media.
    """
    with av.open(clip.media_reference.target_url) as container:
        stream = container.streams.audio[0]
        parts = [each.to_ndarray().reshape(-1, 2) for each in container.decode(stream)]
        begins = int(container.metadata.get("time_reference", 0))
    samples = np.concatenate(parts)[:, 0] / 2.0**31
    there, shown = clip.media_reference.available_range, clip.source_range
    rate = Rate.of(shown.start_time.rate).per_second
    zero = Fraction(begins, RATE) * rate if begins else Fraction(there.start_time.value)
    first = Fraction(shown.start_time.value) - zero
    frames = [first + step + Fraction(1, 2) for step in range(round(shown.duration.value))]
    return [round(float(samples[round(each / rate * RATE)]), 3) for each in frames]


@pytest.mark.parametrize("name", ["ayon_hiero_timeline_23976", "resolve_effects_19tracks"])
def test_in_a_cut_of_others_it_is_heard_frame_by_frame_where_it_is_seen(
    render, samples, tmp_path, name
):
    told = json.loads((samples / "timelines" / f"{name}.otio").read_text())
    row = next(each for each in told["tracks"]["children"] if each["kind"] == "Video")
    place = next(at for at, each in enumerate(row["children"]) if each.get("source_range"))
    rate = row["children"][place]["source_range"]["duration"]["rate"]
    row["children"].insert(place, asking(10, 2, rate, **ALONE))
    (tmp_path / "asked.otio").write_text(json.dumps(told, indent=4))
    asked = Cut.read(tmp_path / "asked.otio")
    before = [each["kind"] for each in told["tracks"]["children"]]
    done, after = render(tmp_path / "asked.otio")
    assert "1 take, with sound" in done.report()
    assert not out_of_step(after)
    (request,) = find_requests(asked)
    new = f"tracks.children[{len(before)}]"
    paths = changed_paths(asked.text, after.text)
    assert new in paths
    assert all(each == new or each.startswith(request.item.path) for each in paths)
    read = otio.adapters.read_from_file(str(tmp_path / "out.otio"))
    assert [each.kind for each in read.tracks] == [*before, "Audio"]
    (heard,) = read.tracks[-1].find_clips()
    (seen,) = [each for each in read.find_clips() if "su_request" in each.media_references()]
    assert heard.range_in_parent() == seen.range_in_parent()
    assert heard.media_reference.target_url == seen.media_reference.target_url
    assert heard_at(heard) == [round(0.01 * number, 3) for number in range(3, 13)]
    again, same = render(tmp_path / "out.otio", "again.otio")
    assert same.text == after.text
    assert "stands already" in again.report()


def pngs(folder: Path, first: int, count: int) -> dict:
    """A sequence of pictures as media of a cut that counts it from 0."""
    folder.mkdir()
    for number in range(first, first + count):
        file = OpenImageIO.ImageOutput.create("plate.png")
        assert file.open(str(folder / f"s.{number}.png"), OpenImageIO.ImageSpec(48, 32, 3, "uint8"))
        assert file.write_image(np.full((32, 48, 3), 90, np.uint8))
        assert file.close()
    return {
        "OTIO_SCHEMA": "ImageSequenceReference.1", "metadata": {}, "name": "",
        "available_range": span(0, count), "available_image_bounds": None,
        "target_url_base": f"{folder}/", "name_prefix": "s.", "name_suffix": ".png",
        "start_frame": first, "frame_step": 1, "rate": 24.0, "frame_zero_padding": 4,
        "missing_frame_policy": "error",
    }  # fmt: skip


def test_beside_pictures_the_wave_is_heard_from_its_timecode(render, tmp_path):
    plate = pngs(tmp_path / "plate", 1001, 8)
    cut = timeline(track(clip("a", span(0, 8), plate), asking(6, 2), clip("b", span(0, 3), plate)))
    done, after = render(cut)
    assert not out_of_step(after)
    (heard,) = otio.adapters.read_from_file(str(tmp_path / "out.otio")).tracks[1].find_clips()
    url = heard.media_reference.target_url
    assert url.endswith(".wav")
    with av.open(url) as container:
        origin = int(container.metadata["time_reference"])
    (take,) = done.rendered[0][1]
    assert origin == take.range.first * 2000
    there = heard.media_reference.available_range
    assert (there.start_time.value, there.duration.value) == (origin / 2000, 10)
    assert heard.source_range.start_time.value == origin / 2000 + 2
    with wave.open(url) as file:
        raw = np.frombuffer(file.readframes(file.getnframes()), np.uint8).reshape(-1, 3)
    wide = np.pad(raw, ((0, 0), (1, 0))).view("<i4").reshape(-1, 2) / 2.0**31
    delivered = [round(float(level), 3) for level in wide[1000::2000, 0]]
    assert len(delivered) == 10
    assert len(set(delivered)) > 3
    assert heard_at(heard) == delivered[2:8]
    assert (home_of(after, sounds(after)[0])[1:]) == (Fraction(8, 24), Fraction(14, 24))
    assert extent(after, sounds(after)[0]).frames == 6


def test_who_wants_none_gets_the_cut_of_a_silent_model(render, tmp_path, model):
    quiet = timeline(track(asking(5, 0, sound=False, **ALONE)))
    done, after = render(quiet)
    assert not sounds(after)
    assert "sound" not in done.report()
    (tmp_path / "cut.otio").write_text(text_of(quiet))
    mute = ScriptedModel(scripted_card(frames=FrameRule(1, 4, 33)), grey)
    engine = Engine(Settings(tmp_path / "none", "cpu"), None, [mute])
    rendering = Rendering(engine, unheard, model="scripted")
    rendering.render(tmp_path / "cut.otio", tmp_path / "mute.otio", tmp_path / "mute")
    plain = (tmp_path / "mute.otio").read_text().replace(str(tmp_path / "mute"), "")
    assert after.text.replace(str(tmp_path / "takes"), "") == plain


@pytest.mark.parametrize("how", ["deleted", "another", "moved away"])
def test_what_an_editor_leaves_behind_in_the_cut_itself_is_put_right(render, tmp_path, how):
    _, shot = render(timeline(track(asking(10, 0, takes=2, **ALONE), clip("b", span(0, 90), None))))
    told = json.loads(shot.text)
    row, heard = (each["children"] for each in told["tracks"]["children"])
    if how == "deleted":
        del row[0]
    elif how == "another":
        row[0]["active_media_reference_key"] = "su_take_002"
    else:
        row.append(row.pop(0))
    (tmp_path / "edited.otio").write_text(text_of(told))
    done, after = render(tmp_path / "edited.otio", "put_right.otio")
    assert not out_of_step(after)
    assert len(sounds(after)) == (how != "deleted")
    what = "is gone with its picture" if how == "deleted" else "is in step with its picture again"
    assert [note for note in done.notes if note.endswith(f"its sound {what}")]
    heard[0]["source_range"] = span(2, 5)  # a split edit is nobody's fault
    split = json.loads(shot.text)
    split["tracks"]["children"][1]["children"] = heard
    (tmp_path / "split.otio").write_text(text_of(split))
    kept, same = render(tmp_path / "split.otio", "kept.otio")
    assert same.text == text_of(split)
    assert not kept.notes


def test_sound_that_finds_no_place_is_told(render):
    frozen = asking(5, 0, **ALONE) | {"effects": [warp(0)]}
    done, after = render(timeline(track(frozen)))
    assert not sounds(after)
    assert [note for note in done.notes if "its sound has no place: its picture stands" in note]


def test_a_take_that_grew_is_not_heard_and_the_report_says_so(render, tmp_path, model):
    _, shot = render(timeline(track(asking(6, 0, **ALONE))))
    told = json.loads(shot.text)
    (grown,) = told["tracks"]["children"][0]["children"]
    grown["source_range"] = span(0, 9)
    recut = Cut.parse(text_of(told), str(tmp_path / "recut.otio"), str(tmp_path))
    engine = Engine(Settings(tmp_path / "none", "cpu"), None, [model])
    reshooting = Reshooting(engine, unheard, model="scripted")
    output = tmp_path / "grown.otio"
    done = reshooting.shoot(diff(shot, recut), recut, output, tmp_path / "takes")
    assert "3 frames shot, now take 2, which is not heard" in done.report()
    after = Cut.read(output)
    assert not sounds(after)
    assert not out_of_step(after)


def test_a_sound_that_is_gone_is_told_and_the_picture_stands(tmp_path, model):
    engine = Engine(Settings(tmp_path / "none", "cpu"), None, [model])
    values = {"prompt": "gull", "frames": 5, "width": 48, "height": 32}
    job = Job("insert", str(tmp_path / "take"), values=values, model="scripted", codec="png")
    (take,) = engine.shoot(job)
    told = sound_of(take)
    assert (told.samples, told.rate, told.channels) == (5 * 2000, RATE, 2)
    Path(take.extra["sound"]).unlink()
    with pytest.raises(MediaMissing):
        sound_of(take)
    notes: list[str] = []
    assert heard_of(take, notes) is None
    assert len(notes) == 1
    assert notes[0].startswith("take 1: its sound is left out: There is no such file")
