"""Into other applications and back, as typed: flavours, grafts, reports, previews, re-cuts."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import opentimelineio as otio
import pytest

from secondunit.callsheet import CallSheet, Pixels
from secondunit.engine.local import Engine, unheard
from secondunit.engine.watching import Cancel
from secondunit.media.read import open_media
from secondunit.models.testing import ScriptedModel, scripted_card
from secondunit.settings import Settings
from secondunit.timeline.render import Rendering
from secondunit.timeline.reshoot import Reshooting
from secondunit_otio import Cut, changed_paths
from secondunit_otio.report.conform import diff
from secondunit_otio.testing import (
    clip,
    effect,
    gap,
    generator,
    marker,
    movie,
    span,
    text_of,
    time,
    timeline,
    track,
)

HOUR = 86400
ID = "k3v9x0aa"


def of_plate(name: str, first: int, frames: int, **more: Any) -> dict[str, Any]:
    return clip(name, span(HOUR + first, frames), movie("plate.mov", span(HOUR, 24)), **more)


def asking(frames: int = 12, handle: int = 2, kind: str = "Insert", **asked: Any) -> dict[str, Any]:
    media = generator(f"SecondUnit.{kind}", span(0, frames + 2 * handle), **asked)
    media["metadata"] = {"secondunit": {"schema": 1, "id": ID}}
    made = clip(
        f"gull su-{ID}", span(handle, frames), None, active_media_reference_key="su_request"
    )
    made["media_references"] = {"su_request": media}
    return made


@pytest.fixture
def master(shots: Path) -> Path:
    """A cut with a request between two clips, another by a marker in a gap, and a foreign one."""
    wish = marker("SU insert", span(0, 8), "su: insert | rain")
    cut = timeline(
        track(of_plate("a", 0, 10), asking(prompt="a gull"), of_plate("b", 12, 10)),
        track(gap(4), of_plate("title", 2, 6), gap(8, markers=[wish])),
        global_start_time=time(HOUR),
    )
    path = shots / "master.otio"
    path.write_text(text_of(cut))
    return path


def track_of(path: Path, row: int = 0) -> list[dict[str, Any]]:
    children = json.loads(path.read_text())["tracks"]["children"][row]["children"]
    return list(children)


# --- flavour and graft ---


def test_a_flavour_has_real_slates_of_the_exact_length(run, master, shots):
    out = shots / "to" / "resolve.otio"
    ran = run(
        "cut", "flavour", master, "--for", "resolve", "-o", out, "--size", "320x180", "--json"
    )
    assert ran.code == 0, ran.told
    told = ran.json
    assert told["output"] == str(out)
    assert len(told["slates"]) == 2
    read = otio.adapters.read_from_file(str(out))
    for each in read.find_clips():
        reference = each.media_reference
        assert isinstance(reference, otio.schema.ExternalReference)
        path = Path(reference.target_url)
        assert (path if path.is_absolute() else out.parent / path).is_file() or "plate" in path.name
    assert {"DEFAULT_MEDIA"} == {each.active_media_reference_key for each in read.find_clips()}
    slate = next(each for each in told["slates"] if ID in each)
    with open_media(slate) as reader:
        assert len(reader.footage.range) == 16, "handles and all"
        assert str(reader.footage.rate) == "24"


@pytest.mark.parametrize("host", ["resolve", "premiere", "hiero", "kdenlive", "rv", "blender"])
def test_there_and_back_changes_nothing(run, master, shots, host):
    there, back = shots / "there.otio", shots / "back.otio"
    assert run("cut", "flavour", master, "--for", host, "-o", there, "--size", "64x36").code == 0
    ran = run("cut", "graft", master, there, "--from", host, "-o", back)
    assert ran.code == 0, ran.told
    assert back.read_text() == master.read_text()


@pytest.mark.parametrize(("host", "suffix"), [("fcp7", ".xml"), ("edl", ".edl"), ("aaf", ".aaf")])
def test_other_formats_come_back_onto_the_master(run, master, shots, host, suffix):
    there, back = shots / f"there{suffix}", shots / "back.otio"
    assert run("cut", "flavour", master, "--for", host, "-o", there, "--size", "64x36").code == 0
    assert run("cut", "graft", master, there, "--from", host, "-o", back).code == 0
    assert changed_paths(master.read_text(), back.read_text()) == []
    ran = run("cut", "report", master, there, "--from", host)
    assert ran.code == 0
    assert len(ran.out) > 20


def test_a_trim_in_the_host_is_taken_over_and_no_more(run, master, shots):
    there, back = shots / "there.otio", shots / "back.otio"
    run("cut", "flavour", master, "--for", "resolve", "-o", there, "--size", "64x36")
    came = json.loads(there.read_text())
    row = came["tracks"]["children"][0]["children"]
    row[1]["source_range"]["duration"]["value"] -= 3
    row[0]["name"] = "renamed by the editor"
    there.write_text(json.dumps(came))
    ran = run("cut", "graft", master, there, "--from", "resolve", "-o", back)
    assert "trimmed" in ran.out
    assert "renamed" in ran.out
    paths = changed_paths(master.read_text(), back.read_text())
    assert paths
    assert all(path.startswith("tracks.children[0].children[1]") for path in paths)
    assert track_of(back)[1]["source_range"]["duration"]["value"] == 9


# --- nothing is written over ---


def test_no_file_is_ever_written_over(run, master, shots, files_in):
    other = shots / "mine.otio"
    other.write_text("mine")
    before = files_in(shots)
    for target, code in ((master, "value.wrong"), (other, "take.there")):
        for words in (
            ("flavour", master, "--for", "resolve", "-o", target),
            ("graft", master, master, "--from", "resolve", "-o", target),
            ("preview", master, "-o", target),
            ("pull", master, "-o", target),
            ("diff", master, master, "--shoot", "-o", target),
        ):
            ran = run("cut", *words)
            assert ran.code == 1, words
            assert code in ran.err, words
    assert files_in(shots) == before


BAD = [
    ("report", "no.otio", "no.otio"),
    ("report", "plate.mov", "master.otio"),
    ("flavour", "master.otio", "--for", "betamax", "-o", "x.otio"),
    ("flavour", "master.otio", "--for", "edl", "-o", "x.otio"),
    ("flavour", "master.otio", "--for", "rv", "-o", "x.otio", "--size", "big"),
    ("graft", "master.otio", "plate.mov", "--from", "rv", "-o", "x.otio"),
    ("graft", "master.otio", "master.otio", "--from", "betamax", "-o", "x.otio"),
    ("preview", "plate.mov", "-o", "x.mp4"),
    ("preview", "master.otio", "-o", "x.gif"),
    ("preview", "master.otio", "-o", "x.mp4", "--rate", "fast"),
    ("preview", "master.otio", "-o", "x.mp4", "--size", "0x0"),
    ("diff", "master.otio", "master.otio", "--shoot"),
    ("diff", "master.otio", "plate.mov"),
    ("pull", "plate.mov"),
    ("pull", "master.otio", "-o", "x.txt"),
]


@pytest.mark.parametrize("words", BAD, ids=" ".join)
def test_what_cannot_be_is_said_and_leaves_nothing(run, master, shots, files_in, words):
    before = files_in(shots)
    named = [str(shots / each) if "." in each else each for each in words]
    ran = run("cut", *named)
    assert ran.code == 1, ran.told
    assert "remedy" in ran.err or "where" in ran.err
    assert "Traceback" not in ran.told
    assert files_in(shots) == before


# --- report, pull, preview ---


def test_the_report_tells_what_became_of_each_clip(run, master, shots):
    came = json.loads(master.read_text())
    row = came["tracks"]["children"][0]["children"]
    del row[2]
    row[0]["source_range"]["duration"]["value"] = 6.0
    there = shots / "came.otio"
    there.write_text(json.dumps(came))
    ran = run("cut", "report", master, there, "--json", "--picture", shots / "cut.svg")
    kinds = {each.get("clip"): each["kind"] for each in ran.json["findings"]}
    assert kinds["b"] in ("missing", "lost")
    assert kinds["a"] == "trimmed"
    assert "<svg" in (shots / "cut.svg").read_text()[:400]
    words = run("cut", "report", master, there).out
    assert "b" in words
    assert "01:00:00:" in words
    png = run("cut", "report", master, there, "--picture", shots / "cut.png")
    assert png.code == 0
    assert (shots / "cut.png").read_bytes()[:4] == b"\x89PNG"


def test_a_pull_list_names_every_clip(run, master, shots):
    shown = list(csv.DictReader(io.StringIO(run("cut", "pull", master).out)))
    told = run("cut", "pull", master, "--json").json
    assert len(told) == len(shown) >= 3
    assert run("cut", "pull", master, "-o", shots / "pull.ale").code == 0
    assert "Heading" in (shots / "pull.ale").read_text()
    assert run("cut", "pull", master, "-o", shots / "pull.csv").code == 0
    assert (shots / "pull.csv").read_text().count("\n") > len(told)


def test_a_preview_is_the_cut_as_a_movie(run, master, shots):
    out = shots / "cut.mp4"
    ran = run("cut", "preview", master, "-o", out, "--burn-in", "--json")
    assert ran.code == 0, ran.told
    assert ran.json["frames"] == 32
    assert ran.json["timecode"] == "01:00:00:00"
    assert ran.json["size"] == [320, 180]
    assert any("not been shot" in each for each in ran.json["unseen"])
    with open_media(out) as reader:
        assert len(reader.footage.range) == 32
        assert str(reader.footage.timecode) == "01:00:00:00"


# --- after a re-cut ---


def noise(sheet: CallSheet, seed: int) -> Pixels:
    """Frames that tell the seed, all different."""
    shape = (sheet.frames, sheet.height, sheet.width, 3)
    chance = np.random.default_rng(seed)
    return chance.random(shape, np.float32)


@pytest.fixture
def engine(shots: Path) -> Engine:
    model = ScriptedModel(scripted_card(), noise)
    return Engine(Settings(shots / "no_models", "cpu"), None, [model])


@pytest.fixture
def shot(master: Path, shots: Path, engine: Engine) -> Path:
    """The master with its first request shot."""
    out = shots / "shot.otio"
    done = Rendering(engine, unheard, model="scripted").render(master, out, shots / "takes")
    assert not done.failed, done.report()
    return out


def recut(path: Path, head: int = 0, tail: int = 0) -> Path:
    """The insert made longer at its ends."""
    told = json.loads(path.read_text())
    shown = told["tracks"]["children"][0]["children"][1]["source_range"]
    shown["start_time"]["value"] -= head
    shown["duration"]["value"] += head + tail
    longer = path.with_name("longer.otio")
    longer.write_text(json.dumps(told))
    return longer


def frames_of_active(path: Path, row: int = 0, place: int = 1) -> tuple[list[np.ndarray], Any]:
    reference = track_of(path, row)[place]
    media = reference["media_references"][reference["active_media_reference_key"]]
    with open_media(media["target_url"]) as reader:
        return list(reader.frames(reader.footage.range)), media


@pytest.mark.parametrize(
    ("head", "tail", "added"), [(0, 5, (0, 3)), (6, 0, (4, 0)), (3, 4, (1, 2))]
)
def test_only_the_missing_frames_are_shot(shots, shot, engine, head, tail, added):
    new = recut(shot, head, tail)
    told = diff(Cut.read(shot), Cut.read(new))
    (short,) = [each for each in told.takes if each.state == "short"]
    assert sum(map(len, short.missing)) == sum(added)
    out = shots / "grown.otio"
    reshooting = Reshooting(engine, unheard, model="scripted")
    done = reshooting.shoot(told, Cut.read(new), out, shots / "grown")
    assert not done.failed, done.report()
    assert len(done.grown) == 1
    old, before = frames_of_active(new)
    grown, media = frames_of_active(out)
    assert len(grown) == len(old) + sum(added)
    kept = grown[added[0] : added[0] + len(old)]
    assert all(np.array_equal(one, other) for one, other in zip(kept, old, strict=True))
    start = before["available_range"]["start_time"]["value"]
    assert media["available_range"]["start_time"]["value"] == start - added[0]
    assert media["metadata"]["secondunit"]["id"] == ID
    again = diff(Cut.read(new), Cut.read(out))
    in_use = [each for each in again.takes if each.in_use and each.id == ID]
    assert [each.state for each in in_use] == ["fits"]
    changed = changed_paths(new.read_text(), out.read_text())
    assert all(path.startswith("tracks.children[0].children[1]") for path in changed)


def test_a_second_run_shoots_nothing(shots, shot, engine):
    new = recut(shot, 0, 5)
    told = diff(Cut.read(shot), Cut.read(new))
    events = []
    reshooting = Reshooting(engine, events.append, model="scripted")
    reshooting.shoot(told, Cut.read(new), shots / "one.otio", shots / "grown")
    first = sum(each.kind == "take" for each in events)
    reshooting.shoot(told, Cut.read(new), shots / "two.otio", shots / "grown")
    assert sum(each.kind == "take" for each in events) == first == 1
    assert (shots / "one.otio").read_text() == (shots / "two.otio").read_text()


def test_what_shows_its_plate_is_left_to_be_shot_anew(shots, engine):
    wish = effect("SecondUnit.Restyle", prompt="dusk")
    cut = timeline(track(of_plate("a", 0, 4), of_plate("b", 6, 6, effects=[wish])))
    (shots / "cut.otio").write_text(text_of(cut))
    Rendering(engine, unheard, model="scripted").render(
        shots / "cut.otio", shots / "shot.otio", shots / "takes"
    )
    new = recut(shots / "shot.otio", 2, 2)
    told = diff(Cut.read(shots / "shot.otio"), Cut.read(new))
    done = Reshooting(engine, unheard).shoot(told, Cut.read(new), shots / "o.otio", shots / "g")
    assert not done.grown
    if done.left:
        assert "render" in done.report()
    assert (shots / "o.otio").read_text() == new.read_text()


def test_a_take_whose_file_is_gone_is_told_and_a_stop_leaves_the_cut(shots, shot, engine):
    new = recut(shot, 0, 5)
    told = diff(Cut.read(shot), Cut.read(new))
    cancel = Cancel()
    cancel.wish()
    stopped = Reshooting(engine, unheard, cancel, "scripted")
    done = stopped.shoot(told, Cut.read(new), shots / "s.otio", shots / "g")
    assert "stopped" in done.report()
    for each in (shots / "takes").glob("*.mov"):
        each.unlink()
    done = Reshooting(engine, unheard, model="scripted").shoot(
        told, Cut.read(new), shots / "f.otio", shots / "g"
    )
    assert [problem.code for _, problem in done.failed] == ["media.missing"]
    assert (shots / "f.otio").read_text() == new.read_text()


def test_the_command_tells_and_shoots(run, shots, shot):
    new = recut(shot, 0, 3)
    words = run("cut", "diff", shot, new)
    assert words.code == 0
    assert f"su-{ID}" in words.out
    told = run("cut", "diff", shot, new, "--json").json
    assert told["missing"] == [{"id": ID, "take": 1, "frames": "16-16"}]
    ran = run("cut", "diff", shot, new, "--shoot", "-o", shots / "o.otio", "--steps", "1")
    assert ran.code == 0, ran.told
    assert "1 frame shot" in ran.out
    grown, media = frames_of_active(shots / "o.otio")
    assert len(grown) == 17
    assert Path(media["target_url"]).parent.name == "o_takes"
