"""What is on the desk becomes a job, whatever goes wrong on the way, and its takes come."""

from __future__ import annotations

import threading
from dataclasses import replace

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.job import Event, Job
from secondunit_contract.problem import (
    BadValue,
    MachineProblem,
    NotEnoughMemory,
    TakeThere,
)
from secondunit_contract.queue import Entry, TakeEntry
from secondunit_contract.wire import to_json
from secondunit_panel import drafts, orders
from secondunit_panel.client import Client
from secondunit_panel.host import Place, Selection
from secondunit_panel.marks import Marks

# shooting


def test_what_is_on_the_desk_is_sent_with_the_place_it_is_for(panel, host, engine):
    session = panel()
    session.set("tail", 4)
    job = panel.shot(session, takes=2, seed=41)
    assert (job.task, job.values, job.seed, job.takes) == ("extend", {"tail": 4}, 41, 2)
    assert job.inputs == {"plate": Clip(str(host.media), FrameRange(4, 11), Rate.of(24),
                                        "srgb_tx")}  # fmt: skip
    assert job.output == str(host.media.parent / "Second Unit" / "juggle_b_extend_v001_t{take}")
    at = orders.place_of(job)
    assert (at.id, at.range, at.document) == ("i1", FrameRange(86400, 86407), host.document)
    assert str(at.timecode) == "01:00:00:00"
    assert session.progress(job.id) == "Waiting"


def test_a_host_gets_movies_it_plays_and_sequences_as_they_are(panel, host, monkeypatch):
    about = replace(host.about(), codec="prores4444")
    monkeypatch.setattr(host, "about", lambda: about)
    assert panel.shot(panel()).codec == "prores4444"
    [meant] = panel().desk.orders()
    for media, codec in (("/a/b.mov", "prores4444"), ("/a/b.####.exr", ""), ("/a/b.%04d.dpx", "")):
        made = orders.job_of(meant, {"plate": Clip(media)}, {}, "/o", about.codec)
        assert made.codec == codec


def test_without_a_seed_each_is_another(panel, host, engine):
    session = panel()
    seeds = {panel.shot(session).seed for _ in range(4)}
    assert len(seeds) == 4


def test_a_job_s_life_is_followed(panel, host, engine):
    session = panel()
    job = panel.shot(session, takes=2)
    engine.tell(Event("started", job.id, extra={"state": "running"}))
    engine.tell(Event("progress", job.id, "shooting", 12, 60, 96.0), kept=False)
    host.pump_until(lambda: "20%" in session.progress(job.id))
    assert session.progress(job.id) == "Shooting 1 of 2 · 20% · ~2 min left"
    engine.tell(Event("preview", job.id, "shooting", 13, 60, 30, preview="/p.png"), kept=False)
    host.pump_until(lambda: session.dailies.previews.get(job.id) == "/p.png")
    engine.tell(Event("ask", job.id, "matte", message="Click the leash once", extra={
        "frame": 57, "first": 50, "last": 60}))  # fmt: skip
    host.pump_until(lambda: session.dailies.asked)
    assert session.dailies.asked[job.id].frame == 57
    take = panel.tell_take(job)
    host.pump_until(lambda: session.takes())
    assert [each.id for each in session.takes()] == [take]
    assert "2 of 2" in session.progress(job.id)
    engine.tell(Event("done", job.id, extra={"state": "done"}))
    host.pump_until(lambda: session.dailies.jobs[job.id].state == "done")
    assert session.progress(job.id) == "Done · 1 take"
    assert session.dailies.open() == []
    assert session.dailies.previews == {}
    assert ("takes", take) in session.seen


def test_what_cannot_be_meant_is_not_sent_and_its_field_is_shown(panel, host, engine):
    session = panel()
    session.set("tail", "many")
    assert not session.shoot()
    [notice] = session.notices.shown
    assert (notice.sentence, notice.action.label, notice.action.about) == (
        "Tail is a number", "Show it", "tail",
    )  # fmt: skip
    assert not session.remedy(notice), "going to a field is the toolkit's"
    session.set("tail", 3)
    assert session.notices.shown == []
    assert session.desk.values["tail"] == 3


def test_what_is_shot_while_the_engine_is_away_is_shot_when_it_is_back(
    panel, host, engine, tmp_path
):
    go = threading.Event()

    def find(waiting):
        go.wait(10)
        return engine.client

    first = panel()
    first.close()
    session = panel(find, wait=False)
    host.pump_until(lambda: not session.looking)
    session.desk.stock(first.desk.cards)
    session.set("tail", 5)
    assert session.shoot()
    host.pump_until(lambda: session.drafts.waiting)
    [waiting] = session.drafts.waiting
    assert session.notices.shown[0].sentence.startswith("The engine is away")
    assert session.progress(waiting.id) == "Waiting for the engine"
    panel.file(tmp_path / "keep", waiting.id)
    assert panel.jobs() == []
    session.close()  # as if the host had died

    third = panel()
    host.pump_until(lambda: panel.jobs() and not third.drafts.waiting)
    assert panel.jobs() == [waiting]
    go.set()


def test_what_waits_is_sent_too_where_it_is_read_after_the_engine_came(
    panel, host, engine, monkeypatch
):
    there, read = threading.Event(), drafts.read

    def late(paths):
        there.wait(10)
        return read(paths) | {"waiting": [to_json(Job("extend", "/t", "p-1"))]}

    monkeypatch.setattr(drafts, "read", late)
    session = panel()
    assert session.link.here
    there.set()
    host.pump_until(lambda: [each.id for each in panel.jobs()] == ["p-1"])


def test_an_engine_that_dies_over_a_job_gets_it_when_it_is_back(panel, host, engine):
    session = panel()
    alive = session.link.client
    session.link.client = Client("http://127.0.0.1:9", "nobody")
    session.shoot()
    host.pump_until(lambda: session.notices.shown)
    assert session.notices.shown[0].sentence.startswith("The engine is away")
    [waiting] = session.drafts.waiting
    session.link.client = alive
    engine.drop()
    host.pump_until(lambda: [each.id for each in panel.jobs()] == [waiting.id])
    host.pump_until(lambda: not session.drafts.waiting)
    assert session.notices.shown == []


def test_a_waiting_job_can_be_given_up(panel, host, engine):
    session = panel(lambda waiting: threading.Event().wait(0.2) or engine.client, wait=False)
    job = Job("extend", "/t", "p-1")
    session.shooting.send(job)
    session.act("p-1", "cancel")
    assert session.drafts.waiting == []
    host.pump_until(lambda: session.link.here)
    assert panel.jobs() == []


def test_an_answer_that_gets_lost_loses_no_job(panel, host, engine):
    """The job has its id from the panel: sent again, the engine takes it for the same."""
    session = panel()
    takes_on = engine.answers["POST /v1/jobs"]
    engine.answers["POST /v1/jobs"] = lambda job: b"" if len(panel.jobs()) == 1 else takes_on(job)
    session.shoot()
    host.pump_until(lambda: session.notices.shown)
    assert session.remedy(session.notices.shown[0]) is False, "told as a fault, with a report"
    assert "p-" in session.notices.shown[0].report


def test_a_name_that_somebody_has_taken_meanwhile_is_passed_over(panel, host, engine):
    session = panel()
    takes_on = engine.answers["POST /v1/jobs"]

    def answer(job):
        if "_v003_" in job["output"]:
            return takes_on(job)
        return TakeThere("There is a take of that name")

    folder = host.media.parent / "Second Unit"
    folder.mkdir()
    (folder / "juggle_b_extend_v001_t001.mov").write_bytes(b"")
    engine.answers["POST /v1/jobs"] = answer
    session.shoot()
    host.pump_until(lambda: len(panel.jobs()) == 2 and not session.drafts.waiting)
    assert ["_v002_" in panel.jobs()[0].output, "_v003_" in panel.jobs()[1].output] == [
        True, True,
    ]  # fmt: skip


def test_a_job_that_is_refused_says_why_and_the_form_stays(panel, host, engine):
    engine.answers["POST /v1/jobs"] = BadValue("The values of extend cannot be used", "", "Look")
    engine.statuses["POST /v1/jobs"] = 422
    session = panel()
    session.set("tail", 4)
    session.shoot()
    host.pump_until(lambda: session.notices.shown)
    assert session.notices.shown[0].sentence == "The values of extend cannot be used"
    assert session.desk.values["tail"] == 4
    assert session.drafts.waiting == []


def test_a_job_that_failed_is_tried_again_by_its_button(panel, host, engine):
    session = panel()
    job = panel.shot(session)
    problem = NotEnoughMemory("Needs 3 GB more", "", "Shoot at 480p")
    engine.tell(Event("problem", job.id, problem=problem.to_json(), extra={"state": "failed"}))
    host.pump_until(lambda: session.notices.shown)
    [notice] = session.notices.shown
    assert (notice.sentence, notice.remedy) == ("Needs 3 GB more", "Shoot at 480p")
    assert notice.action.act == "models"
    lost = MachineProblem("The process that shoots has died")
    engine.tell(Event("problem", job.id, problem=lost.to_json(), extra={"state": "failed"}))
    host.pump_until(lambda: len(session.notices.shown) == 2)
    notice = session.notices.shown[-1]
    assert job.id in notice.report
    engine.answers[f"POST /v1/jobs/{job.id}/retry"] = to_json(Entry(job.id, "queued", job))
    assert session.remedy(notice)
    host.pump_until(lambda: any(path.endswith("retry") for _, path, _ in engine.asked))
    assert session.notices.shown == []


def test_another_seed_goes_on_counting(panel, host, engine):
    session = panel()
    job = panel.shot(session, takes=4, seed=10)
    take = panel.tell_take(job)
    host.pump_until(lambda: take in session.dailies.takes)
    session.again(take)
    host.pump_until(lambda: len(panel.jobs()) == 2 and not session.drafts.waiting)
    more = panel.jobs()[-1]
    assert (more.first_take, more.takes, more.output) == (5, 1, job.output)
    assert more.seed not in range(10, 14)
    assert orders.slate_of(more) == orders.slate_of(job) == job.id
    assert more.values == job.values
    session.again(take)
    host.pump_until(lambda: len(panel.jobs()) == 3)
    assert panel.jobs()[-1].first_take == 6


def test_branching_puts_a_take_on_the_desk_and_undo_takes_it_back(panel, host, engine):
    session = panel()
    session.set("prompt", "a barn")
    job = panel.shot(session, takes=2, seed=10)
    take = panel.tell_take(job, 2)
    host.pump_until(lambda: take in session.dailies.takes)
    session.set("prompt", "a church")
    session.choose("matte")
    assert session.branch(take)
    assert session.desk.task.name == "extend"
    draft = session.desk.draft
    assert (draft.values, draft.seed, draft.origin) == ({"prompt": "a barn"}, 11, take)
    session.undo()
    assert session.desk.values["prompt"] == "a church"
    session.redo()
    again = panel.shot(session)
    assert orders.made_for(again)["origin"] == take


def test_branching_from_a_clip_that_is_not_selected_selects_what_the_take_was_made_of(
    panel, host, engine
):
    session = panel()
    job = panel.shot(session, seed=1)
    take = panel.tell_take(job)
    host.pump_until(lambda: take in session.dailies.takes)
    host.selected = Selection(document=host.document)
    session.look()
    host.pump_until(lambda: not session.looking)
    assert session.selected == "Select a clip, or a gap to fill"
    assert [each.id for each in session.takes()] == [take], "the document's takes stay in view"
    assert session.branch(take)
    assert session.desk.shot.clip == job.inputs["plate"]


def test_a_clip_that_must_be_exported_is_and_it_can_be_stopped(panel, host, engine):
    host.moods.retimed = True
    session = panel()
    job = panel.shot(session)
    plate = job.inputs["plate"]
    assert plate.media.endswith("plate.####.exr")
    assert len(plate.range) == 8
    assert session.shooting.export is None
    host.moods.slow = 0.0
    real, started, go = host.plate, threading.Event(), threading.Event()

    def slow(shot, folder, told):
        started.set()
        go.wait(10)
        return real(shot, folder, told)

    host.plate = slow
    session.shoot()
    started.wait(10)
    assert session.shooting.preparing == 1
    session.shooting.stop()
    go.set()
    host.pump_until(lambda: not session.shooting.preparing)
    assert len(panel.jobs()) == 1
    assert session.notices.shown == [], "what the artist stopped is no problem"


def test_an_export_that_fails_is_told_and_can_be_tried_again(panel, host, engine):
    host.moods.retimed, host.moods.holes = True, 2
    session = panel()
    session.shoot()
    host.pump_until(lambda: session.notices.shown)
    [notice] = session.notices.shown
    assert notice.sentence == "2 frames were not written"
    host.moods.holes = 0
    assert session.remedy(notice)
    host.pump_until(lambda: panel.jobs())


def gap_in(host) -> Selection:
    plate = host.selection().clips[0]
    host.items["i9"] = replace(host.items["i1"], id="i9", range=FrameRange(86420, 86427))
    there = replace(plate.place, id="i9", range=FrameRange(86420, 86427))
    after = replace(plate, name="juggle_c", place=there)
    gap = Place(FrameRange(86408, 86419), host.rate, "", host.document, "V1")
    return Selection((), gap, plate, after, document=host.document)


def test_a_gap_is_filled_to_its_length(panel, host, engine):
    session = panel()
    host.selected = gap_in(host)
    session.look()
    host.pump_until(lambda: session.desk.task and session.desk.task.name == "insert")
    assert session.selected == "Gap between juggle_b and juggle_c · 86408–86419 · 12 f"
    assert session.desk.values["frames"] == 12
    session.set("head", 3)
    job = panel.shot(session, takes=1)
    assert set(job.inputs) == {"before", "after"}
    assert job.values == {"frames": 12, "head": 3}
    entry = TakeEntry("t", panel.took(replace(job, inputs={})))
    assert orders.delivery(entry, job).lies == FrameRange(86405, 86416)


def test_several_clips_are_a_job_each_and_what_is_drawn_is_the_first_s(panel, host, engine):
    session = panel()
    session.choose("matte")
    one = host.selection().clips[0]
    two = replace(one, name="two", clip=replace(one.clip, media="/two.mov"))
    host.selected = Selection((one, two), document=host.document, folder=str(host.media.parent))
    session.look()
    host.pump_until(lambda: len(session.desk.selection.clips) == 2)
    assert session.selected == "2 clips from juggle_b on · 16 f"
    session.set("subject", "the man")
    session.draw(Marks().with_point(4, 0.5, 0.5))
    session.shoot()
    host.pump_until(lambda: len(panel.jobs()) == 2)
    first, second = panel.jobs()
    assert set(first.values) == {"subject", "points"}
    assert second.values == {"subject": "the man"}
    assert second.inputs["plate"].media == "/two.mov"
    assert "two_matte" in second.output


def test_takes_of_other_people_s_jobs_are_heard_of_too(panel, host, engine):
    session = panel()
    job = Job("extend", "/t", "j9", {"plate": Clip(str(host.media), FrameRange(4, 11))},
              extra={"panel": {"document": host.document}})  # fmt: skip
    go = threading.Event()

    def answer(body):
        go.wait(10)
        return to_json(Entry("j9", "queued", job))

    engine.answers["GET /v1/jobs/j9"] = answer
    engine.tell(Event("queued", "j9", extra={"state": "queued"}))
    engine.tell(Event("started", "j9", extra={"state": "running"}))
    take = panel.tell_take(job)
    host.pump(0.1)
    go.set()
    host.pump_until(lambda: take in session.dailies.takes)
    assert session.dailies.jobs["j9"].state == "running"
    assert [path for _, path, _ in engine.asked].count("/v1/jobs/j9") == 1


def test_what_is_heard_while_the_queue_is_asked_for_counts_more_than_the_answer(
    panel, host, engine
):
    session = panel()
    job = panel.shot(session)
    go = threading.Event()

    def answer(body):
        go.wait(10)
        return {"jobs": [to_json(Entry(job.id, "queued", job))]}

    engine.answers["GET /v1/jobs"] = answer
    engine.drop()
    host.pump_until(lambda: session.link.state == "lost")
    host.pump_until(lambda: session.link.here)
    engine.tell(Event("done", job.id, extra={"state": "done"}))
    host.pump_until(lambda: session.dailies.jobs[job.id].state == "done")
    go.set()
    host.pump_until(lambda: not session._refreshing)
    assert session.dailies.jobs[job.id].state == "done"
