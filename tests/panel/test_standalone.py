"""The panel on its own: what it was given can be selected, and a take placed changes no file."""

from __future__ import annotations

import json
import os
from collections import deque
from dataclasses import replace
from pathlib import Path

import pytest

from secondunit.cli import panelling
from secondunit.cli.clips import clip
from secondunit.demo import FOOTAGE
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate, Timecode
from secondunit_contract.problem import BadValue, MediaMissing
from secondunit_contract.wire import to_json
from secondunit_panel.conformance import HostConformance
from secondunit_panel.host import HostCannot, Place, Selection, Shot
from secondunit_panel.session import Session
from secondunit_panel.standalone import Standalone, selections_of

RATE = Rate.of(24)


@pytest.fixture
def selection(tmp_path) -> Selection:
    """A clip of eight frames."""
    media = tmp_path / "alone" / "walk_a.mov"
    media.parent.mkdir()
    media.write_bytes(b"a movie")
    start = Timecode.parse("01:00:00:00", RATE)
    place = Place(FrameRange(86400, 86407), RATE, "a", "cut", "V1", start)
    shot = Shot(
        "walk_a", Clip(str(media), FrameRange(4, 11), RATE), place, FrameRange(0, 23), 320, 180
    )
    return Selection((shot,), document="cut")


class Alone(Standalone):
    """One whose main loop is called by the test, and whose files are shown to it."""

    def __init__(self, selections) -> None:
        self.calls, self.shown = deque(), []
        super().__init__(selections, self.calls.append, self.shown.append)

    def pump(self, seconds: float = 0.0) -> None:
        while self.calls:
            try:
                self.calls.popleft()()
            except ValueError:
                continue


def test_it_is_a_host_as_any_other(selection, tmp_path):
    host = Alone([selection])
    report = HostConformance(host, tmp_path / "suite", pump=host.pump).run()
    wrong = [(e["check"], e["why"]) for e in report["checks"] if e["result"] == "failed"]
    assert report["passed"], wrong


def test_a_take_that_is_placed_stays_where_it_is_and_is_shown(selection, panel, tmp_path, engine):
    host = Alone([selection])
    session = Session(host, lambda waiting: engine.client, lambda: None, tmp_path / "keep")
    panel.opened.append(session)
    panel.host.pump_until = pumping(host)
    session.start()
    panel.host.pump_until(lambda: session.desk.task)
    job = panel.shot(session)
    take = panel.took(job)
    media = tmp_path / "take.mov"
    media.write_bytes(b"a take")
    id = panel.tell_take(job)
    panel.host.pump_until(lambda: id in session.dailies.takes)
    known = session.dailies.takes[id]
    session.dailies.takes[id] = replace(known, take=replace(take, media=str(media)))
    before = sorted((p, p.stat().st_mtime_ns) for p in tmp_path.rglob("*.mov"))
    session.place(id)
    panel.host.pump_until(lambda: id in session.placed)
    assert session.placed[id].media == str(media)
    session.open(id)
    panel.host.pump_until(lambda: host.shown == [media])
    session.take_out(id)
    panel.host.pump_until(lambda: id not in session.placed)
    assert sorted((p, p.stat().st_mtime_ns) for p in tmp_path.rglob("*.mov")) == before


def pumping(host: Alone):
    """Lets that host's main loop run until something holds."""
    import time

    def until(holds, patience: float = 15.0) -> None:
        end = time.monotonic() + patience
        while not holds():
            assert time.monotonic() < end, "it does not come to hold"
            host.pump()
            time.sleep(0.002)

    return until


def test_it_can_do_what_it_says_and_no_more(selection):
    host = Alone([selection])
    assert host.about().can == {"place", "open", "take_out"}
    retimed = replace(selection.clips[0], must_export="The clip is retimed")
    with pytest.raises(HostCannot, match="retimed"):
        host.plate(retimed, Path("/nowhere"), lambda *told: None)


def test_another_clip_of_the_cut_is_selected(selection):
    gap = Place(FrameRange(86408, 86419), RATE, "", "cut", "V1", Timecode(86408, RATE))
    host = Alone([selection, Selection(gap=gap, before=selection.clips[0], document="cut")])
    assert host.names == ["walk_a · 01:00:00:00–01:00:00:08 · 8 f",
                          "Gap after walk_a · 01:00:00:08–01:00:00:20 · 12 f"]  # fmt: skip
    host.choose(1)
    assert host.selection().gap == gap
    host.choose(7)
    assert host.at == 1
    assert Alone([]).selection() == Selection()


def test_what_is_written_down_is_read_and_what_is_not_there_is_said(selection, tmp_path):
    told = json.loads(json.dumps({"selections": [to_json(selection)]}))
    assert selections_of(told) == [selection]
    Path(selection.clips[0].clip.media).unlink()
    with pytest.raises(MediaMissing, match="walk_a is not there"):
        selections_of(told)
    with pytest.raises(BadValue):
        selections_of(["nothing of it"])


# what `secondunit panel` hands over


def test_a_movie_is_handed_over_as_it_is():
    [found] = selections_of({"selections": [
        panelling.selection_of_media(clip(f"{FOOTAGE / 'plate.mov'}@4-11"))]})  # fmt: skip
    shot = found.clips[0]
    assert (shot.name, shot.width, shot.height) == ("plate", 320, 180)
    assert (shot.clip.range, shot.available) == (FrameRange(4, 11), FrameRange(0, 23))
    assert str(shot.place.timecode) == "01:00:00:04"
    assert os.path.isabs(shot.clip.media)


def test_the_clips_of_a_cut_are_handed_over_in_their_order_with_what_is_missing():
    host = Alone(selections_of({"selections": panelling.selections_of_cut(FOOTAGE / "cut.otio")}))
    assert host.names == [
        "walk_a · 01:00:00:00–01:00:00:10 · 10 f",
        "Gap between walk_a and walk_b · 01:00:00:10–01:00:00:15 · 5 f",
        "walk_b · 01:00:00:15–01:00:01:00 · 9 f",
        "wide · 01:00:01:00–01:00:01:09 · 9 f",
        "clean · 01:00:01:09–01:00:01:18 · 9 f",
    ]
    shots = [host._selections[at].clips[0] for at in (0, 2)]
    assert [each.clip.range for each in shots] == [FrameRange(0, 9), FrameRange(15, 23)]


def test_a_cut_of_nothing_is_said(tmp_path):
    cut = tmp_path / "empty.otio"
    tracks = {"OTIO_SCHEMA": "Stack.1", "children": []}
    cut.write_text(json.dumps({"OTIO_SCHEMA": "Timeline.1", "tracks": tracks}))
    with pytest.raises(BadValue, match="no clip"):
        panelling.selections_of_cut(cut)
