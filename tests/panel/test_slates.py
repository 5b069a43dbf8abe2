"""Takes of one request stand together, with a place for each that is still to come."""

from __future__ import annotations

from dataclasses import replace

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.job import Job, Take
from secondunit_contract.queue import Entry, TakeEntry
from secondunit_panel.dailies import Dailies
from secondunit_panel.slates import slates


def job(id: str, slate: str = "", takes: int = 2, first: int = 1, media: str = "/a.mov") -> Job:
    told = {"document": "cut", "slate": slate or id, "name": "walk"}
    return Job("extend", "/t", id, {"plate": Clip(media)}, takes=takes, first_take=first,
               extra={"panel": told})  # fmt: skip


def take(job: Job, number: int, made: float = 0.0) -> TakeEntry:
    whole = FrameRange(0, 7)
    told = Take(job.id, number, job.seed + number, f"/{number}.mov", whole, Rate.of(24), 4, 3)
    return TakeEntry(f"{job.id}-{number}", told, made=made)


class Known:
    """What a session knows."""

    def __init__(self, entries, takes) -> None:
        self.dailies = Dailies()
        self.dailies.told(entries, takes)

    def takes(self):
        return self.dailies.of("cut")


def test_a_job_and_what_goes_on_from_it_are_one_slate():
    first, again = job("a"), job("b", slate="a", takes=1, first=3)
    entries = [Entry("a", "done", first, created=1), Entry("b", "running", again, created=5)]
    known = Known(entries, [take(first, 2), take(first, 1)])
    [slate] = slates(known, "cut")
    assert [each.take.number for each in slate.takes] == [1, 2]
    assert slate.coming() == [(3, "b")]
    assert (slate.name, slate.open.id, slate.last.id) == ("walk · extend", "b", "b")


def test_every_take_has_its_place_before_it_is_there():
    whole = job("a", takes=4)
    known = Known([Entry("a", "queued", whole)], [])
    [slate] = slates(known, "cut")
    assert slate.coming() == [(n, "a") for n in (1, 2, 3, 4)]
    known.dailies.takes["a-2"] = take(whole, 2)
    assert slates(known, "cut")[0].coming() == [(n, "a") for n in (1, 3, 4)]
    known.dailies.jobs["a"] = replace(known.dailies.jobs["a"], state="cancelled")
    assert slates(known, "cut")[0].coming() == [], "what is cancelled does not come"


def test_the_latest_comes_first_and_what_waits_for_the_engine_before_it():
    old, new, kept = job("old"), job("new"), job("kept")
    known = Known([Entry("old", "done", old, created=1), Entry("new", "done", new, created=2)],
                  [take(old, 1, 10.0), take(new, 1, 20.0)])  # fmt: skip
    found = slates(known, "cut", waiting=[kept])
    assert [each.id for each in found] == ["kept", "new", "old"]
    assert [each.id for each in slates(known, "cut", waiting=[new])] == ["new", "old"], "it has it"


def test_jobs_of_other_clips_and_documents_stay_away():
    mine, other = job("mine"), job("other", media="/b.mov")
    known = Known([Entry("mine", "running", mine), Entry("other", "running", other)], [])
    assert [each.id for each in slates(known, "cut", ["/a.mov"])] == ["mine"]
    assert slates(known, "another cut") == []
