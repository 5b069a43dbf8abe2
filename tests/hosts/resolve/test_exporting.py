"""Plates that Resolve has to render: exact frames, verified, and all as it was afterwards."""

from __future__ import annotations

import pytest

from secondunit_contract.frames import FrameRange
from secondunit_contract.problem import NotWritable, Problem
from secondunit_panel.conformance import HostConformance
from secondunit_panel.host import HostBusy, PlateHoled

FIRST = 86400


class Enough(Problem):
    """Stopped."""


@pytest.fixture
def retimed(world, hosted):
    """A host with a retimed clip selected, under another track and with marks set."""

    def make(version="21.1.0", studio=True, **quirks):
        resolve = world(version, studio, **quirks)
        resolve.clip.frames, resolve.plate.speed = 720, 50.0
        resolve.current.stand(2, resolve.clip, FIRST + 100, 0, 40)
        resolve.current.marks = (FIRST + 2, FIRST + 200)
        resolve.page = "color"
        host = hosted(resolve)
        [shot] = host.selection().clips
        return resolve, host, shot

    return make


def as_it_was(resolve):
    return (
        resolve.current.marks == (FIRST + 2, FIRST + 200)
        and resolve.page == "color"
        and all(each.enabled for each in resolve.current.video)
        and resolve.render.format == ("mov", "ProRes4444")
        and resolve.render.mode == 0
        and not resolve.render.jobs
    )


@pytest.mark.parametrize("version", ["20.3.2", "21.1.0"])
@pytest.mark.parametrize("quirk", [
    {}, {"page_free": True}, {"keeps_marks": True}, {"stalls": 9}, {"language": "pt"},
    {"marks_absolute": True},
], ids=str)  # fmt: skip
def test_a_retimed_clip_is_rendered_frame_by_frame(retimed, tmp_path, version, quirk):
    resolve, host, shot = retimed(version, **quirk)
    heard = []
    clip = host.plate(shot, tmp_path / "a b", lambda *told: heard.append(told))
    assert clip.range == FrameRange(FIRST + 24, FIRST + 31)
    assert clip.media == str(tmp_path / "a b" / "plate########.exr")
    assert len(list((tmp_path / "a b").iterdir())) == 8
    assert heard == sorted(heard)
    assert heard[-1] == (8, 8)
    assert resolve.render.seen == [True, False], "the clip alone was to be seen"
    assert as_it_was(resolve)


def test_the_marked_part_alone_is_rendered(retimed, tmp_path):
    resolve, host, shot = retimed()
    resolve.current.marks = (FIRST + 26, FIRST + 26)
    [shot] = host.selection().clips
    clip = host.plate(shot, tmp_path, lambda *told: None)
    assert clip.range == FrameRange(FIRST + 26, FIRST + 26)


@pytest.mark.parametrize("quirk", [{"holes": 1}, {"blank": 2}, {"error": "Disk is full"}], ids=str)
def test_a_plate_with_holes_is_refused_and_nothing_left(retimed, tmp_path, quirk):
    resolve, host, shot = retimed(**quirk)
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "mine.txt").write_text("x")
    with pytest.raises(PlateHoled, match="of 8 frames") as refused:
        host.plate(shot, tmp_path / "p", lambda *told: None)
    assert [each.name for each in (tmp_path / "p").iterdir()] == ["mine.txt"]
    assert quirk.get("error", "") in refused.value.what
    assert as_it_was(resolve)


def test_a_render_that_is_stopped_leaves_nothing(retimed, tmp_path):
    resolve, host, shot = retimed()

    def stop(done, total):
        if 2 * done >= total:
            raise Enough("Stopped", remedy="x")

    with pytest.raises(Enough):
        host.plate(shot, tmp_path / "p", stop)
    assert not list((tmp_path / "p").iterdir())
    assert resolve.render.running == ""
    assert as_it_was(resolve)


@pytest.mark.parametrize(
    "deaf",
    ["OpenPage", "SetTrackEnable", "SetRenderSettings", "StartRendering",
     "SetCurrentRenderFormatAndCodec", "LoadRenderPreset"],
)  # fmt: skip
def test_a_render_that_says_yes_and_does_nothing_is_told(retimed, tmp_path, deaf):
    resolve, host, shot = retimed()
    resolve.quirks.deaf = frozenset([deaf])
    with pytest.raises((HostBusy, PlateHoled)) as refused:
        host.plate(shot, tmp_path / "p", lambda *told: None)
    assert refused.value.remedy
    assert not list((tmp_path / "p").iterdir())
    assert not resolve.render.jobs


def test_a_folder_nobody_may_write_to_is_told(retimed, tmp_path):
    _, host, shot = retimed()
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotWritable):
        host.plate(shot, tmp_path / "file" / "p", lambda *told: None)


def test_a_retimed_clip_conforms_too(retimed, loop, tmp_path):
    _, host, _ = retimed()
    report = HostConformance(host, tmp_path / "made", pump=loop.pump, patience=2.0).run()
    results = {each["check"]: (each["result"], each["why"]) for each in report["checks"]}
    assert report["passed"], results
    assert results["export_can_be_stopped"][0] == "passed"
