"""Takes are judged, and placed where they belong, and what does not stand is not said to."""

from __future__ import annotations

import pytest

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_contract.job import Event, Job
from secondunit_contract.problem import (
    MachineProblem,
)
from secondunit_contract.queue import Entry, TakeEntry
from secondunit_contract.wire import to_json

# judging and placing


@pytest.fixture
def shown(panel, host, engine):
    """A session with one take of an extension three frames longer on each side."""
    session = panel()
    session.set("prompt", "a barn")
    job = panel.shot(session, seed=1)
    take = panel.tell_take(job, head=3, tail=3)
    host.pump_until(lambda: take in session.dailies.takes)
    return session, job, take


def test_a_circle_is_seen_at_once_and_taken_back_where_it_is_refused(shown, panel, host, engine):
    session, job, take = shown
    told = {"id": take, "take": to_json(panel.took(job)), "rating": "circled", "note": ""}
    engine.answers[f"PATCH /v1/takes/{take}"] = told
    session.rate(take, "circled")
    assert session.dailies.takes[take].rating == "circled", "before the engine says so"
    host.pump_until(lambda: engine.asked[-1][2] == {"rating": "circled"})
    engine.answers[f"PATCH /v1/takes/{take}"] = MachineProblem("The disk is full")
    session.annotate(take, "late")
    host.pump_until(lambda: session.notices.shown)
    assert session.dailies.takes[take].note == ""
    engine.answers[f"PATCH /v1/takes/{take}"] = told | {"note": "late"}
    assert session.remedy(session.notices.shown[0])
    host.pump_until(lambda: session.dailies.takes[take].note == "late")
    engine.tell(Event("rated", job.id, extra={"id": take, "rating": "rejected", "note": "x"}))
    host.pump_until(lambda: session.dailies.takes[take].rating == "rejected")


def test_a_take_is_placed_where_it_belongs_and_marked(shown, host):
    session, job, take = shown
    session.place(take)
    host.pump_until(lambda: take in session.placed)
    [item] = host.takes()
    assert (item.range, item.media) == (FrameRange(86397, 86410), "/t/1.mov")
    assert session.placed[take].place.range == item.range
    [mark] = host.marks.values()
    assert (mark.name, mark.note, mark.job) == (
        "Second Unit · extend · take 1", "a barn", job.id,
    )  # fmt: skip
    session.open(take, 86400)
    host.pump_until(lambda: host.shown == [(item.id, 86400)])
    session.take_out(take)
    host.pump_until(lambda: take not in session.placed)
    assert host.takes() == []


def test_a_matte_is_attached_to_its_plate(panel, host, engine):
    session = panel()
    session.choose("matte")
    session.set("subject", "the man")
    job = panel.shot(session)
    take = panel.tell_take(job)
    host.pump_until(lambda: take in session.dailies.takes)
    session.place(take)
    host.pump_until(lambda: take in session.placed)
    assert [each.cuts for each in host.takes()] == ["i1"]
    host.moods.cannot = frozenset(("matte", "mark"))
    session.about = host.about()
    session.place(take)
    host.pump_until(lambda: len(host.takes()) == 2)
    assert sorted(each.cuts for each in host.takes()) == ["", "i1"], "as a clip where it must be"


def test_a_host_that_refuses_is_asked_again_by_the_button(shown, host):
    session, _, take = shown
    host.moods.dialogs = 3
    session.place(take)
    host.pump_until(lambda: session.notices.shown)
    [notice] = session.notices.shown
    assert (notice.sentence, notice.action.label) == (
        "It refuses: is a dialog open?", "Try again",
    )  # fmt: skip
    assert session.remedy(notice)
    host.pump_until(lambda: take in session.placed)
    assert session.notices.shown == []


@pytest.mark.parametrize(
    ("mood", "act"), [({"deaf": True}, "again"), ({"cannot": frozenset(["place"])}, "report")]
)
def test_what_does_not_stand_is_not_said_to(shown, host, fake_host, mood, act):
    session, _, take = shown
    host.moods = fake_host.Moods(**mood)
    session.place(take)
    host.pump_until(lambda: session.notices.shown)
    assert session.notices.shown[0].action.act == act
    assert session.placed == {}


def test_a_clip_that_is_gone_is_told_and_the_take_stays(shown, host):
    session, _, take = shown
    host.remove_plate()
    session.place(take)
    host.pump_until(lambda: session.notices.shown)
    assert session.notices.shown[0].action.act == "select"
    assert take in session.dailies.takes


def test_a_document_that_is_closed_is_told_and_opened_again(panel, host):
    session = panel()
    host.moods.closed = True
    session.look()
    host.pump_until(lambda: session.notices.shown)
    assert session.selected.startswith("juggle_b"), "what was there stays in view"
    host.moods.closed = False
    assert session.remedy(session.notices.shown[0])
    host.pump_until(lambda: not session.notices.shown)


def test_a_take_no_panel_made_says_what_to_do(panel, host, engine):
    job = Job("extend", "/t", "j1", {"plate": Clip(str(host.media), FrameRange(4, 11))})
    engine.answers["GET /v1/jobs"] = {"jobs": [to_json(Entry("j1", "done", job))]}
    taken = to_json(TakeEntry("j1-1", panel.took(job)))
    engine.answers["GET /v1/takes"] = {"takes": [taken]}
    session = panel()
    session.place("j1-1")
    host.pump_until(lambda: session.notices.shown)
    assert "Select the clip" in session.notices.shown[0].remedy
