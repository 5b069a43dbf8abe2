"""The session: what the panel knows follows host, artist and engine, and loses nothing."""

from __future__ import annotations

import json
import threading
from contextlib import ExitStack
from dataclasses import replace

import pytest

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_contract.job import Event, Job
from secondunit_contract.problem import (
    MachineProblem,
    PartMissing,
)
from secondunit_contract.queue import Entry, TakeEntry
from secondunit_contract.wire import to_json
from secondunit_panel import drafts, link, orders, words
from secondunit_panel.client import Client
from secondunit_panel.host import About, Selection, Shot
from secondunit_panel.marks import Marks
from secondunit_panel.service import ProtocolOther
from secondunit_panel.session import Session
from secondunit_panel.testing import ScriptedService

# coming and going


def test_the_panel_opens_on_the_artist_s_own_clip_with_what_fits_it(panel, host):
    session = panel()
    assert session.selected == "juggle_b · 01:00:00:00–01:00:00:08 · 8 f"
    assert [each.name for each in session.desk.tasks] == ["extend", "matte"]
    assert session.desk.task.name == "extend"
    assert [each.fault for each in session.desk.broken] == ["no module named odd"]
    told = dict((card.name, why) for card, why in session.desk.unfit())
    assert told == {"insert": "Insert needs a gap", "odd": "Odd is broken: no module named odd"}
    assert session.link.state == "here"
    assert {"link", "selection", "tasks", "form"} <= {what for what, _ in session.seen}


def test_what_takes_long_is_never_done_on_the_main_thread(panel, host, engine):
    session = panel()
    job = panel.shot(session)
    engine.tell(Event("started", job.id, extra={"state": "running"}))
    take = panel.tell_take(job)
    host.pump_until(lambda: take in session.dailies.takes)
    session.place(take)
    host.pump_until(lambda: take in session.placed)
    assert len(host.threads) == 1
    assert threading.get_ident() not in host.threads


def test_a_start_that_takes_long_is_told_in_seconds(panel, host, engine):
    go = threading.Event()

    def find(waiting):
        waiting(1.5)
        go.wait(10)
        return engine.client

    session = panel(find, wait=False)
    host.pump_until(lambda: session.link.state == "starting")
    assert session.link.seconds == 1.5
    host.pump_until(lambda: not session.looking)
    assert session.selected.startswith("juggle_b"), "the clip is shown meanwhile"
    go.set()
    host.pump_until(lambda: session.link.here)


def test_an_engine_that_is_nowhere_is_said_to_be_and_found_when_it_comes(
    panel, host, engine, monkeypatch
):
    monkeypatch.setattr(link, "_LOOK_EVERY", 0.02)
    came = []

    def find(waiting):
        raise PartMissing("Nobody has said where the engine is", "", "Start it once by hand")

    session = panel(find, lambda: came[0] if came else None, wait=False)
    host.pump_until(lambda: session.notices.shown)
    [notice] = session.notices.shown
    assert session.link.state == "absent"
    assert (notice.sentence, notice.action.label) == (
        "Nobody has said where the engine is", "Try again",
    )  # fmt: skip
    came.append(engine.client)
    host.pump_until(lambda: session.desk.task)
    assert session.notices.shown == []


def test_its_button_tries_again_at_once(panel, host, engine):
    tries = []

    def find(waiting):
        tries.append(1)
        if len(tries) == 1:
            raise MachineProblem("The engine is not ready after 60 s")
        return engine.client

    session = panel(find, wait=False)
    host.pump_until(lambda: session.notices.shown)
    assert session.remedy(session.notices.shown[0])
    host.pump_until(lambda: session.link.here)
    assert len(tries) == 2


def test_an_engine_of_another_version_is_told_apart(panel, host):
    def find(waiting):
        raise ProtocolOther("The engine 9 speaks protocol 9", remedy="Install the newer panel")

    session = panel(find, wait=False)
    host.pump_until(lambda: session.link.state == "other")
    assert session.notices.shown[0].remedy == "Install the newer panel"


def test_an_engine_that_is_lost_is_found_again_and_asked_for_what_was_missed(panel, host, engine):
    session = panel()
    job = Job("extend", "/t", "j1", extra={"panel": {"document": host.document}})
    engine.answers["GET /v1/jobs"] = {"jobs": [to_json(Entry("j1", "running", job))]}
    engine.drop()
    host.pump_until(lambda: session.link.state == "lost")
    host.pump_until(lambda: session.link.here and "j1" in session.dailies.jobs)


def test_an_engine_that_does_not_come_back_is_started_again(panel, host, engine, monkeypatch):
    monkeypatch.setattr(link, "_PATIENCE", 0.05)
    with ExitStack() as life:
        first = life.enter_context(ScriptedService())
        first.answers |= engine.answers
        at = [first]
        client = Client(first.client.base, first.token, lambda: (at[0].client.base, at[0].token))
        started = []

        def find(waiting):
            started.append(1)
            if len(started) == 2:
                at[0] = engine
            return client

        session = panel(find)
        life.close()
        host.pump_until(lambda: session.link.state == "lost")
        host.pump_until(lambda: session.link.here)
        assert len(started) == 2
        assert client.base == engine.client.base


# saying and keeping


def test_what_is_said_is_kept_for_each_task_and_clip(panel, host, engine):
    session = panel()
    session.set("prompt", "a barn")
    session.set("tail", "12")
    session.choose("matte")
    session.set("subject", "the man")
    assert session.desk.values["subject"] == "the man"
    session.choose("extend")
    assert session.desk.values == {"prompt": "a barn", "head": 0, "tail": 12}
    host.clip_again(5, 9)
    session.look()
    host.pump_until(lambda: not session.looking)
    assert session.desk.values["prompt"] == "a barn", "a trimmed clip is the same clip"
    other = replace(host.selection().clips[0], clip=Clip("/other.mov", FrameRange(0, 3)))
    host.selected = Selection((other,), document=host.document)
    session.look()
    host.pump_until(lambda: not session.looking)
    assert session.desk.values["prompt"] == ""


def test_what_is_said_survives_a_crash(panel, host, tmp_path):
    session = panel()
    session.set("prompt", "a barn")
    session.settle(takes=2, seed=7)
    session.choose("matte")
    session.draw(Marks().with_point(5, 0.5, 0.5))
    file = panel.file(tmp_path / "keep", '"points"')
    again = panel()  # the first one was never closed
    host.pump_until(lambda: again.desk.draft.seed == 7)
    assert again.desk.values["prompt"] == "a barn"
    again.choose("matte")
    assert again.desk.marks.points[0].frame == 5
    assert not again.desk.can_undo
    assert file.stat().st_size > 0


def test_what_is_said_travels_with_the_project(panel, host, tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    host.folder = str(project)
    session = panel()
    session.set("prompt", "a barn ä 漢")
    panel.file(project, "a barn")
    for each in (tmp_path / "keep").iterdir():
        each.unlink()
    again = panel()
    host.pump_until(lambda: again.desk.values["prompt"] == "a barn ä 漢")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"drafts": 3}', '{"drafts": {"a": 1, "b": {"takes": "x"}}}',
             '{"drafts": {}, "waiting": [1, {}]}'],
)  # fmt: skip
def test_a_file_of_drafts_that_cannot_be_read_is_none(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    kept = drafts.Drafts(tmp_path)
    kept.take_over(drafts.read([tmp_path / "x.json", tmp_path / "none.json"]))
    assert kept.get("a") is None
    assert kept.waiting == []


def test_of_two_drafts_the_later_counts(tmp_path):
    def file(name, prompt, changed):
        told = {"drafts": {"k": {"values": {"prompt": prompt}, "changed": changed}}}
        (tmp_path / name).write_text(json.dumps(told))
        return tmp_path / name

    paths = [file("a", "late", 9.0), file("b", "early", 3.0)]
    for listed in (paths, paths[::-1]):
        kept = drafts.Drafts(tmp_path)
        kept.take_over(drafts.read(listed))
        assert kept.get("k").values == {"prompt": "late"}


def test_a_folder_that_cannot_be_written_to_is_told(host, engine, tmp_path):
    (tmp_path / "keep").write_text("a file, no folder")
    session = Session(host, lambda waiting: engine.client, lambda: None, tmp_path / "keep")
    session.start()
    host.pump_until(lambda: session.desk.task)
    session.set("prompt", "x")
    host.pump_until(lambda: session.notices.shown)
    assert session.notices.shown[0].sentence == "Drafts cannot be kept"
    session.close()


def test_marks_and_values_are_undone_in_their_order(panel):
    session = panel()
    session.choose("matte")
    session.draw(session.desk.marks.with_point(4, 0.5, 0.5))
    session.set("subject", "the dog")
    session.draw(session.desk.marks.with_point(4, 0.6, 0.5, add=False))
    session.undo()
    assert len(session.desk.marks.points) == 1
    session.undo()
    assert session.desk.values["subject"] == ""
    session.undo()
    assert not session.desk.marks
    session.undo()
    for _ in range(3):
        session.redo()
    assert [each.add for each in session.desk.marks.points] == [True, False]
    assert session.desk.values["subject"] == "the dog"
    assert not session.desk.can_redo


# words


def test_what_it_will_cost_is_said_before(panel, host, engine):
    job = Job("extend", "/t", "j1", {"plate": Clip(str(host.media), FrameRange(4, 11))}, model="m")
    entry = Entry("j1", "done", job, started=100.0, ended=140.0)
    engine.answers["GET /v1/jobs"] = {"jobs": [to_json(entry)]}
    engine.answers["GET /v1/takes"] = {"takes": [to_json(TakeEntry("j1-1", panel.took(job)))]}
    session = panel()
    assert str(session.cost()) == ""
    session.settle(model="m", takes=4)
    assert session.cost().seconds == pytest.approx(40 / 8 * 8 * 4)
    assert str(session.cost()) == "~3 min · 11 of 24 GB"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, ""), (1, "~5 s"), (42, "~40 s"), (58, "~1 min"), (95, "~2 min"), (3599, "~1 h"),
     (4300, "~1 h 10 min")],
)  # fmt: skip
def test_a_time_is_said_no_more_exactly_than_it_is_known(seconds, said):
    assert words.lasting(seconds) == said


@pytest.mark.parametrize(
    ("name", "plain"),
    [("juggle_b.mov", "juggle_b"), ("sc010.####.exr", "sc010"), ("Zoë läuft.mov", "Zoe_lauft"),
     ("漢字 clip", "漢字_clip"), ("a/b\\c:d", "a_b_c_d"), ("...", "take"), ("x" * 300, "x" * 80)],
)  # fmt: skip
def test_a_clip_s_name_becomes_a_file_s(name, plain):
    assert orders.plain(name) == plain


def test_a_frame_is_said_as_the_host_shows_it(host):
    at = host.selection().clips[0].place
    assert words.moment(at, 86403, About("x")) == "86403"
    assert words.moment(at, 86424, About("x", counts="timecode")) == "01:00:01:00"
    shot = Shot("a", Clip("/a.mov"), at)
    assert words.selected(Selection((shot,)), About("x")) == "a · 86400–86407 · 8 f"
