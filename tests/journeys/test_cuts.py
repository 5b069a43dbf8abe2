"""Cuts as they come: odd rates, warps, nests, offline media, wrong requests, stopped half-way."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO
import opentimelineio as otio
import pytest

from secondunit.callsheet import CallSheet, Pixels
from secondunit.engine.local import Engine, unheard
from secondunit.engine.watching import Cancel
from secondunit.models.testing import ScriptedModel, scripted_card
from secondunit.settings import Settings
from secondunit.timeline.render import Rendered, Rendering
from secondunit_contract.job import Event
from secondunit_otio import changed_paths
from secondunit_otio.testing import (
    clip,
    effect,
    gap,
    generator,
    marker,
    movie,
    span,
    stack,
    text_of,
    timeline,
    track,
    warp,
)

HOUR = 86400  # where the plate's own numbers begin


def grey(sheet: CallSheet, seed: int) -> Pixels:
    """A flat grey that tells the seed."""
    shape = (sheet.frames, sheet.height, sheet.width, 3)
    return np.full(shape, 0.2 + 0.1 * (seed % 5), np.float32)


Render = Callable[..., Rendered]


@pytest.fixture
def model() -> ScriptedModel:
    return ScriptedModel(scripted_card(), grey)


@pytest.fixture
def render(shots: Path, model: ScriptedModel) -> Render:
    """Render cut.otio of the folder to out.otio, by the scripted model."""

    def make(
        cut: dict[str, Any] | Path,
        output: str = "out.otio",
        report: Callable[[Event], None] = unheard,
        cancel: Cancel | None = None,
    ) -> Rendered:
        source = cut if isinstance(cut, Path) else shots / "cut.otio"
        if not isinstance(cut, Path):
            source.write_text(text_of(cut))
        engine = Engine(Settings(shots / "no_models", "cpu"), None, [model])
        rendering = Rendering(engine, report, cancel, model.card.name)
        return rendering.render(source, shots / output, shots / "takes")

    return make


def of_plate(name: str, first: int, frames: int, **more: Any) -> dict[str, Any]:
    """A clip of the plate."""
    media = movie("plate.mov", span(HOUR, 24))
    return clip(name, span(HOUR + first, frames), media, **more)


def asking(name: str, frames: int, handle: int = 0, **asked: Any) -> dict[str, Any]:
    """A clip that asks for an insert."""
    media = generator("SecondUnit.Insert", span(0, frames + 2 * handle), **asked)
    made = clip(name, span(handle, frames), None, active_media_reference_key="su_request")
    made["media_references"] = {"su_request": media}
    return made


def taken(shots: Path, place: int, output: str = "out.otio") -> Any:
    """The active media of a clip of V1, as OpenTimelineIO reads it."""
    return otio.adapters.read_from_file(str(shots / output)).tracks[0][place].media_reference


def sources(model: ScriptedModel) -> list[int]:
    """How many frames of each sheet were known."""
    return [int((~np.asarray(sheet.paint)).all(axis=(1, 2)).sum()) for sheet in model.seen]


# --- cuts of other people ---


@pytest.fixture(scope="session")
def timelines(samples: Path) -> list[Path]:
    found = sorted((samples / "timelines").glob("*.otio"))
    assert len(found) >= 5
    return found


def _asked_of(text: str) -> tuple[str, int]:
    """A cut's text with a request on every picture clip that can take one; how many."""
    cut = json.loads(text)
    count = 0
    waiting = [(cut, False)]
    while waiting:
        each, sound = waiting.pop()
        if isinstance(each, list):
            waiting += [(inner, sound) for inner in each]
        elif isinstance(each, dict):
            kind = str(each.get("OTIO_SCHEMA", "")).partition(".")[0]
            sound = sound or each.get("kind") == "Audio"
            waiting += [(each.get("tracks"), sound), (each.get("children"), sound)]
            if kind == "Clip" and not sound and count < 6:
                asked = effect("SecondUnit.ExtendFrame", left=16, right=16)
                each["effects"] = [*(each.get("effects") or []), asked]
                count += 1
    return json.dumps(cut, indent=4), count


def test_offline_media_is_a_problem_for_each_request_and_the_cut_stays(
    timelines, render, shots, files_in
):
    for source in timelines:
        text, count = _asked_of(source.read_text(encoding="utf-8"))
        assert count, source.name
        (shots / source.name).write_text(text, encoding="utf-8")
        heard: list[Event] = []
        done = render(shots / source.name, report=heard.append)
        assert len(done.failed) == count, source.name
        assert not done.rendered
        for request, problem in done.failed:
            assert problem.code.startswith(("media.", "cut.", "value.")), (source.name, problem)
            assert "SecondUnit" in request.where or source.stem[:8] in request.where
        told = [event for event in heard if event.kind == "problem"]
        assert len(told) == count
        assert (shots / "out.otio").read_bytes() == (shots / source.name).read_bytes()
        assert "takes" not in {Path(name).parts[0] for name in files_in(shots)}, source.name


def test_a_cut_without_a_request_comes_out_as_it_went_in(timelines, render, shots):
    for source in timelines:
        if "SecondUnit" in source.read_text(encoding="utf-8"):
            continue
        shutil.copyfile(source, shots / source.name)
        assert "no request" in render(shots / source.name).report()
        assert (shots / "out.otio").read_bytes() == source.read_bytes()


# --- small cuts of ours ---


def test_a_sequence_at_23_976(render, shots, model):
    (shots / "plates").mkdir()
    for number in range(1001, 1011):
        pixels = np.full((36, 64, 3), 100 + number % 50, np.uint16) * 256
        file = OpenImageIO.ImageOutput.create("plate.png")
        name = str(shots / "plates" / f"sh010.{number}.png")
        assert file.open(name, OpenImageIO.ImageSpec(64, 36, 3, "uint16"))
        assert file.write_image(pixels)
        assert file.close()
    rate = 24000 / 1001
    media = {
        **movie("", span(48, 10, rate)),
        "OTIO_SCHEMA": "ImageSequenceReference.1",
        "target_url_base": "plates/",
        "name_prefix": "sh010.",
        "name_suffix": ".png",
        "start_frame": 1001,
        "frame_step": 1,
        "rate": rate,
        "frame_zero_padding": 4,
        "missing_frame_policy": "error",
    }
    del media["target_url"]
    extended = effect("SecondUnit.ExtendTime", head=2, tail=3, range="visible")
    done = render(timeline(track(clip("sh010", span(50, 4, rate), media, effects=[extended]))))
    assert not done.failed
    take = taken(shots, 0)
    assert isinstance(take, otio.schema.ImageSequenceReference)
    assert take.rate == pytest.approx(rate)
    assert take.available_range.start_time.to_frames() == 48
    assert take.available_range.duration.to_frames() == 9
    assert take.start_frame == 1001
    assert len(list((shots / "takes").glob("*.png"))) == 9 + 1  # and the contact sheet
    image = OpenImageIO.ImageBuf(str(shots / "takes" / Path(take.name_prefix + "1003.png")))
    assert image.spec().format == "uint16"
    assert image.get_pixels(OpenImageIO.UINT16)[0, 0, 0] == (100 + 1003 % 50) * 256


@pytest.mark.parametrize(("scalar", "shown"), [(2.0, 10), (0.5, 4), (-1.0, 0)])
def test_neighbours_played_at_another_speed(render, shots, model, frames_of, scalar, shown):
    """The frame before an insert is the one that is seen there, whichever speed it plays at."""
    before = of_plate("a", 0, 6, effects=[warp(scalar)])
    done = render(timeline(track(before, asking("b", 3, 1), of_plate("c", 20, 4))))
    assert not done.failed
    take = frames_of(taken(shots, 1).target_url)
    plates = frames_of(shots / "plate.mov")
    assert len(take) == 5
    nearest = int(np.argmin([np.abs(take[0].astype(int) - each).mean() for each in plates]))
    assert np.array_equal(take[0], plates[nearest])
    if scalar > 0:
        assert abs(nearest - min(23, int(5 * scalar))) <= 1, nearest
    assert np.array_equal(take[4], plates[20])


def test_words_in_a_gap_with_nothing_beside_it(render, shots, model):
    said = marker("SU insert", span(0, 6), "su: insert 6f | rain on a window | width=64 height=48")
    done = render(timeline(track(gap(6, markers=[said]))))
    assert not done.failed
    assert taken(shots, 0).available_range.duration.to_frames() == 6
    assert {sheet.prompt for sheet in model.seen} == {"rain on a window"}
    assert sources(model) == [0]


def test_neither_words_nor_neighbours_is_a_problem(render, shots):
    done = render(timeline(track(gap(6, markers=[marker("SU insert", span(0, 6), "su: insert")]))))
    [(_, problem)] = done.failed
    assert problem.code == "task.mark_missing"
    assert (shots / "out.otio").read_bytes() == (shots / "cut.otio").read_bytes()


def test_neighbours_in_a_nested_sequence(render, shots, model, frames_of):
    inner = stack(track(of_plate("in", 2, 10)), source_range=span(0, 10))
    done = render(timeline(track(inner, asking("b", 2, 1), of_plate("c", 20, 4))))
    assert not done.failed
    take, plates = frames_of(taken(shots, 1).target_url), frames_of(shots / "plate.mov")
    assert np.array_equal(take[0], plates[11])
    assert np.array_equal(take[3], plates[20])


def test_handles_longer_than_the_media_are_invented(render, shots, model, frames_of):
    cut = timeline(track(of_plate("a", 0, 3), asking("b", 2, 5), of_plate("c", 22, 2)))
    assert not render(cut).failed
    take, plates = frames_of(taken(shots, 1).target_url), frames_of(shots / "plate.mov")
    assert len(take) == 12
    for place, number in ((2, 0), (3, 1), (4, 2), (7, 22), (8, 23)):
        assert np.array_equal(take[place], plates[number])
    for place in (0, 5, 11):
        assert not any(np.array_equal(take[place], each) for each in plates)


def test_two_requests_on_one_clip(render, shots):
    asked = [
        effect("SecondUnit.ExtendFrame", left=16, right=16, id="aaaaaaa1"),
        effect("SecondUnit.ExtendTime", tail=3, id="bbbbbbb2"),
    ]
    cut = timeline(track(of_plate("a", 2, 6, effects=asked)))
    assert len(render(cut).rendered) == 2
    [made] = otio.adapters.read_from_file(str(shots / "out.otio")).tracks[0]
    takes = {k: v for k, v in made.media_references().items() if k.startswith("su_take")}
    assert len(takes) == 2
    assert len({take.target_url for take in takes.values()}) == 2
    again = render(shots / "out.otio", "again.otio")
    assert len(again.standing) == 2
    assert (shots / "again.otio").read_text() == (shots / "out.otio").read_text()


def test_unknown_keys_are_kept_and_a_wrong_type_is_told(render, shots):
    kept = effect("SecondUnit.ExtendTime", tail=2, mood={"of": ["dusk"]}, id="aaaaaaa1")
    wrong = effect("SecondUnit.ExtendTime", tail="a while", id="bbbbbbb2")
    none = effect("SecondUnit.Explode", id="ccccccc3")
    cut = timeline(
        track(
            of_plate("a", 0, 4, effects=[wrong]),
            of_plate("b", 4, 4, effects=[kept]),
            of_plate("c", 8, 4, effects=[none]),
        )
    )
    done = render(cut)
    assert [request.id for request, _ in done.rendered] == ["aaaaaaa1"]
    assert {request.id: problem.code for request, problem in done.failed} == {
        "bbbbbbb2": "cut.request",
        "ccccccc3": "cut.request",
    }
    changed = changed_paths((shots / "cut.otio").read_text(), (shots / "out.otio").read_text())
    assert changed
    assert all(path.startswith("tracks.children[0].children[1].") for path in changed)
    written = json.loads((shots / "out.otio").read_text())
    clips = written["tracks"]["children"][0]["children"]
    assert clips[1]["effects"][0]["metadata"]["secondunit"]["mood"] == {"of": ["dusk"]}
    [story] = (shots / "takes").glob("*.take.json")
    assert json.loads(story.read_text())["job"]["values"]["mood"] == {"of": ["dusk"]}


# --- stopped, changed, repeated ---


def _cut_of_two() -> dict[str, Any]:
    first = effect("SecondUnit.ExtendTime", tail=3, id="aaaaaaa1", takes=2, seed=1)
    other = effect("SecondUnit.ExtendTime", tail=2, id="bbbbbbb2")
    return timeline(
        track(of_plate("a", 0, 4, effects=[first]), of_plate("b", 4, 4, effects=[other]))
    )


def test_stopped_after_a_take_and_taken_up_again(render, shots, model, files_in, frames_of):
    cancel = Cancel()

    def stop(event: Event) -> None:
        if event.kind == "take":
            cancel.wish()

    done = render(_cut_of_two(), report=stop, cancel=cancel)
    assert [request.id for request in done.left] == ["aaaaaaa1", "bbbbbbb2"]
    assert "stopped" in done.report()
    assert taken(shots, 0).target_url.endswith("t001.mov"), "what was finished is in the cut"
    before = files_in(shots / "takes")
    assert [name for name in before if name.endswith(".mov")] == ["su-aaaaaaa1_t001.mov"]
    heard: list[Event] = []
    done = render(shots / "cut.otio", report=heard.append)
    assert not done.failed
    assert not done.left
    after = files_in(shots / "takes")
    assert after["su-aaaaaaa1_t001.mov"] == before["su-aaaaaaa1_t001.mov"], "it stands"
    shot = [event.take for event in heard if event.take]
    assert [(take.job, take.number, take.seed) for take in shot] == [
        ("aaaaaaa1", 2, 2),
        ("bbbbbbb2", 1, 0),
    ]
    made = otio.adapters.read_from_file(str(shots / "out.otio")).tracks[0][0]
    assert {"su_take_001", "su_take_002"} < set(made.media_references())
    assert made.active_media_reference_key == "su_take_001"


class Killed(BaseException):
    """The process ends here, as by kill -9: nothing below gets to tidy up."""


def test_killed_on_the_way_loses_only_what_was_being_shot(render, shots, files_in):
    def kill(event: Event) -> None:
        if event.kind == "progress" and event.job == "bbbbbbb2":
            raise Killed

    with pytest.raises(Killed):
        render(_cut_of_two(), report=kill)
    before = files_in(shots / "takes")
    finished = {f"su-aaaaaaa1_t00{number}.mov" for number in (1, 2)}
    assert {name for name in before if name.endswith(".mov")} == finished
    text = (shots / "out.otio").read_text()
    assert "su-aaaaaaa1_t002.mov" in text, "the cut is written after each request"
    done = render(shots / "cut.otio")
    assert [request.id for request in done.standing] == ["aaaaaaa1"]
    assert [request.id for request, _ in done.rendered] == ["bbbbbbb2"]
    after = files_in(shots / "takes")
    assert all(after[name] == before[name] for name in finished)
    assert [name for name in after if name.startswith(".")] == []


def test_a_plate_that_has_changed_is_shot_again(render, shots):
    cut = timeline(track(of_plate("a", 0, 4, effects=[effect("SecondUnit.ExtendTime", tail=2)])))
    assert len(render(cut).rendered) == 1
    assert len(render(cut).standing) == 1
    with (shots / "plate.mov").open("ab") as file:
        file.write(b"\0\0\0\x08free")  # an empty box: another file, the same pictures
    assert len(render(cut).rendered) == 1
    assert len(list((shots / "takes").glob("*.mov"))) == 2, "the first take is kept"
    assert len(render(cut).standing) == 1


def test_other_values_are_shot_again(render):
    def cut(tail: int) -> dict[str, Any]:
        asked = effect("SecondUnit.ExtendTime", tail=tail, id="aaaaaaa1")
        return timeline(track(of_plate("a", 0, 4, effects=[asked])))

    assert len(render(cut(2)).rendered) == 1
    assert len(render(cut(2)).standing) == 1
    assert len(render(cut(3)).rendered) == 1


def test_a_take_that_was_deleted_is_shot_again(render, shots):
    cut = timeline(track(of_plate("a", 0, 4, effects=[effect("SecondUnit.ExtendTime", tail=2)])))
    render(cut)
    [take] = (shots / "takes").glob("*.mov")
    take.unlink()
    assert len(render(shots / "out.otio", "again.otio").rendered) == 1
    assert Path(taken(shots, 0, "again.otio").target_url).is_file()


def test_a_cut_rendered_onto_itself(render, shots):
    cut = timeline(track(of_plate("a", 0, 4, effects=[effect("SecondUnit.ExtendTime", tail=2)])))
    assert len(render(cut, "cut.otio").rendered) == 1
    text = (shots / "cut.otio").read_text()
    assert "su_take_001" in text
    assert len(render(shots / "cut.otio", "cut.otio").standing) == 1
    assert (shots / "cut.otio").read_text() == text


# --- bad cuts, as they are told to a person ---


def _nested(depth: int) -> str:
    inner = '{"OTIO_SCHEMA": "Stack.1", "name": "", "children": ['
    return inner * depth + "]}" * depth


CIRCLE = (
    '{"OTIO_SCHEMA": "Stack.1", "OTIO_REF_ID": "a", "name": "", "children": '
    '[{"OTIO_SCHEMA": "SerializableObjectRef.1", "id": "a"}]}'
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("TITLE: an edl\n", "cut.unreadable"),
        ("", "cut.unreadable"),
        (None, "cut.unreadable"),
        ('{"OTIO_SCHEMA": "Timeline.1", "tracks": ', "cut.unreadable"),
        ('{"OTIO_SCHEMA": "Timeline.2", "tracks": null}', "cut.too_new"),
        (_nested(200), "cut.too_deep"),
        (_nested(20_000), "cut.too_deep"),
        (CIRCLE, "cut.too_deep"),
    ],
)
def test_a_bad_cut_says_what_where_and_what_to_do(run, tmp_path, text, code):
    source = tmp_path / "bad.otio"
    if text is not None:
        source.write_text(text)
    told = run("render", source, "-o", tmp_path / "out.otio")
    assert told.code == 1
    assert f"({code})" in told.err
    assert "bad.otio" in told.err
    assert "remedy" in told.err
    assert "Traceback" not in told.told
    assert [each.name for each in tmp_path.iterdir() if each != source] == []


def test_a_cut_partly_done_and_one_not_at_all_leave_other_codes(run, shots):
    good = of_plate("a", 0, 2, effects=[effect("SecondUnit.ExtendTime", tail=1, range="visible")])
    lost = clip("b", span(0, 4), movie("gone.mov", span(0, 9)),
                effects=[effect("SecondUnit.ExtendTime", tail=1)])  # fmt: skip
    for name, clips, code in (("part", [good, lost], 3), ("none", [lost], 1)):
        (shots / f"{name}.otio").write_text(text_of(timeline(track(*clips))))
        told = run("render", shots / f"{name}.otio", "-o", shots / f"{name}_shot.otio")
        assert told.code == code, told.told
        assert "media.missing" in told.told
        assert "gone.mov" in told.told
    events = run("render", shots / "part.otio", "-o", shots / "part_shot.otio", "--json").events
    assert {event["kind"] for event in events} == {"notice", "started", "problem"}, "one stands"
