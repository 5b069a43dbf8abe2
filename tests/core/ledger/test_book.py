"""What is written in the ledger's book is there whatever happens, and in its order."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondunit.ledger import pages
from secondunit.ledger.book import Book
from secondunit.ledger.lock import Lock
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.job import Event, Job, Take
from secondunit_contract.problem import (
    BadValue,
    DiskFull,
    JobThere,
    JobUnknown,
    LedgerUnreadable,
    MachineProblem,
    NotWritable,
    StateUnfit,
    TakeUnknown,
)


def job(id: str, **more) -> Job:
    return Job("extend", f"/out/{id}.mov", id, **more)


def take(id: str, number: int = 1) -> Take:
    return Take(id, number, 7, f"/out/{id}.mov", FrameRange(0, 8), Rate.of(24), 64, 48)


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "data" / "ledger.sqlite"


@pytest.fixture
def book(path):
    opened = Book(path)
    yield opened
    opened.close()


def order(book: Book) -> str:
    return "".join(entry.id for entry in book.entries(["queued", "running", "paused"]))


def states(book: Book) -> dict[str, str]:
    return {entry.id: entry.state for entry in book.entries()}


def test_a_job_is_written_down_as_it_came(book):
    sent = job("a", values={"x": [1, None]}, extra={"shot": "sc010"})
    entry, told = book.add(sent)
    assert (entry.state, entry.job, entry.job.extra) == ("queued", sent, {"shot": "sc010"})
    assert told is not None
    assert (told.event.kind, told.event.extra) == ("queued", {"state": "queued"})
    assert book.entry("a") == entry


def test_the_same_job_twice_is_one_and_another_of_its_name_is_refused(book):
    first, _ = book.add(job("a"))
    again, told = book.add(job("a"))
    assert (again, told) == (first, None)
    with pytest.raises(JobThere, match="a already"):
        book.add(job("a", seed=1))
    with pytest.raises(JobThere):
        book.add(job("a", extra={"shot": 2}))
    assert len(book.events_after(0)) == 1


def test_who_asks_for_what_is_not_there_is_told_so(book):
    for ask in (book.entry, book.state, lambda id: book.act(id, "cancel"), book.move):
        with pytest.raises(JobUnknown):
            ask("nobody", None) if ask == book.move else ask("nobody")
    for ask in (book.take, book.judge, lambda id: book.takes(before=id)):
        with pytest.raises(TakeUnknown):
            ask("nobody-1")
    with pytest.raises(JobUnknown):
        book.enter("nobody", take("nobody"))
    assert book.next() is None


def test_an_act_changes_the_state_and_tells_of_it(book):
    book.add(job("a"))
    entry, told = book.act("a", "start")
    assert entry.state == "running"
    assert entry.started is not None
    assert (told.event.kind, told.event.extra["state"]) == ("started", "running")
    entry, told = book.act("a", "fail", {"code": "media", "what": "torn"}, message="torn")
    assert (entry.state, entry.problem) == ("failed", {"code": "media", "what": "torn"})
    assert entry.ended is not None
    assert (told.event.kind, told.event.problem) == ("problem", entry.problem)
    entry, told = book.act("a", "retry")
    assert (entry.state, entry.problem, entry.ended) == ("queued", None, None)
    assert [each.id for each in book.events_after(0)] == [1, 2, 3, 4]


def test_an_act_that_cannot_be_changes_nothing(book):
    book.add(job("a"))
    with pytest.raises(StateUnfit):
        book.act("a", "resume")
    assert book.state("a") == "queued"
    assert len(book.events_after(0)) == 1


def test_a_state_and_its_event_are_both_there_or_neither(book, path):
    book.add(job("a"))
    with sqlite3.connect(path) as other:
        other.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    other.close()
    with pytest.raises(LedgerUnreadable):
        book.act("a", "start")
    assert book.state("a") == "queued"
    with pytest.raises(LedgerUnreadable):
        book.enter("a", take("a"))
    assert book.takes() == []


def test_the_queue_is_in_the_order_people_want(book):
    for id in "abc":
        book.add(job(id))
    book.add(job("d"), "front")
    assert order(book) == "dabc"
    book.act("d", "start")
    book.add(job("e"), "next")
    assert order(book) == "deabc"
    book.move("c", "a")
    assert order(book) == "decab"
    book.move("e", None)
    assert order(book) == "dcabe"
    book.move("e", "e")
    assert order(book) == "dcabe"
    assert book.next().id == "c"
    with pytest.raises(StateUnfit, match="running"):
        book.move("d", "a")


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5)), max_size=60))
def test_any_moves_leave_the_order_a_list_would_have(tmp_path_factory, moves):
    book = Book(tmp_path_factory.mktemp("moves") / "ledger.sqlite")
    try:
        expected = list("abcde")
        for id in expected:
            book.add(job(id))
        for what, before in moves:
            id, target = "abcde"[what], "abcde"[before] if before < 5 else None
            book.move(id, target)
            if id != target:
                expected.remove(id)
                expected.insert(expected.index(target) if target else len(expected), id)
        assert order(book) == "".join(expected)
    finally:
        book.close()


def test_a_hundred_moves_into_the_same_gap_keep_the_order(book):
    for id in "abc":
        book.add(job(id))
    for turn in range(100):
        book.move("ab"[turn % 2], "c")
    assert order(book) == "abc"


def test_takes_come_newest_first_page_by_page(book):
    for id in "ab":
        book.add(job(id, takes=3))
    for id in "ab":
        for number in (1, 2, 3):
            entry, told = book.enter(id, take(id, number))
            assert (entry.id, told.event.extra) == (f"{id}-{number}", {"id": f"{id}-{number}"})
    ids = [each.id for each in book.takes()]
    assert ids == ["b-3", "b-2", "b-1", "a-3", "a-2", "a-1"]
    first = book.takes(limit=4)
    rest = book.takes(limit=4, before=first[-1].id)
    assert [each.id for each in first + rest] == ids
    assert [each.id for each in book.takes(job="a")] == ids[3:]
    assert book.entry("a").takes == 3


def test_the_same_take_again_is_not_told_and_one_shot_again_keeps_its_rating(book):
    book.add(job("a"))
    book.enter("a", take("a"))
    book.judge("a-1", rating="circled", note="the fog")
    assert book.enter("a", take("a"))[1] is None
    entry, told = book.enter("a", replace(take("a"), width=32))
    assert told is not None
    assert (entry.take.width, entry.rating, entry.note) == (32, "circled", "the fog")
    assert len(book.takes()) == 1


def test_takes_are_judged(book):
    book.add(job("a-b"))
    book.enter("a-b", take("a-b"))
    entry, told = book.judge("a-b-1", rating="rejected")
    assert (entry.rating, entry.note) == ("rejected", "")
    assert (told.event.kind, told.event.job) == ("rated", "a-b")
    assert book.events_after(told.id - 1)[0].event.extra == {
        "id": "a-b-1", "rating": "rejected", "note": ""
    }  # fmt: skip
    entry, _ = book.judge("a-b-1", note="too much rain")
    assert (entry.rating, entry.note) == ("rejected", "too much rain")
    assert [each.id for each in book.takes(rating="rejected")] == ["a-b-1"]
    assert book.takes(rating="circled") == []
    with pytest.raises(BadValue, match="loved"):
        book.judge("a-b-1", rating="loved")


def test_a_take_forgives_the_attempts_before_it(book):
    book.add(job("a", takes=2))
    book.act("a", "start")
    assert book.act("a", "lose", attempts=2)[0].attempts == 2
    book.enter("a", take("a"))
    assert book.entry("a").attempts == 0


def test_what_was_written_is_there_when_the_book_is_opened_again(path):
    book = Book(path)
    book.add(job("a"))
    book.act("a", "start")
    book.enter("a", take("a"))
    book.tell(Event("notice", "a", message="Found on 80% of the frames"))
    book.set_note("held", True)
    before = (book.entries(), book.takes(), book.events_after(0))
    book.close()
    book = Book(path)
    assert (book.entries(), book.takes(), book.events_after(0)) == before
    assert (book.note("held"), book.note("else"), book.last_event()) == (True, None, 4)
    book.close()


def test_events_are_read_on_from_any_one(book):
    for number in range(10):
        book.tell(Event("notice", message=str(number)))
    assert [each.event.message for each in book.events_after(7)] == ["7", "8", "9"]
    assert [each.id for each in book.events_after(2, limit=3)] == [3, 4, 5]
    assert book.events_after(10) == []


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such modes")
def test_nobody_else_may_read_it(path):
    before = os.umask(0)
    try:
        Book(path).close()
        book = Book(path)
        modes = {each.name: each.stat().st_mode & 0o777 for each in path.parent.iterdir()}
        book.close()
    finally:
        os.umask(before)
    assert set(modes.values()) == {0o600}
    assert len(modes) == 3
    assert path.parent.stat().st_mode & 0o777 == 0o700


# Books that cannot be used


def test_a_file_that_is_no_book_is_refused_and_left_as_it_is(path):
    path.parent.mkdir()
    path.write_bytes(b"My diary. " * 1000)
    with pytest.raises(LedgerUnreadable) as refused:
        Book(path)
    assert refused.value.where == str(path)
    assert "Move it away" in refused.value.remedy
    assert path.read_bytes() == b"My diary. " * 1000


def test_a_torn_book_is_refused(path):
    book = Book(path)
    for number in range(200):
        book.add(job(f"j{number}", values={"x": "y" * 200}))
    book.close()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2 + 100])
    with pytest.raises(LedgerUnreadable, match="side-car"):
        Book(path)
    path.write_bytes(whole[:8192] + bytes(4096) * 5 + whole[8192 + 5 * 4096 :])
    with pytest.raises(LedgerUnreadable):
        Book(path)


def test_another_program_s_book_is_refused_and_left_as_it_is(path):
    path.parent.mkdir()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE songs (name TEXT)")
    other.commit()
    other.close()
    before = path.read_bytes()
    with pytest.raises(LedgerUnreadable, match="another program"):
        Book(path)
    assert path.read_bytes() == before


def test_a_newer_program_s_book_is_refused(path):
    Book(path).close()
    other = sqlite3.connect(path)
    other.execute(f"PRAGMA user_version = {len(pages.STEPS) + 1}")
    other.close()
    with pytest.raises(LedgerUnreadable, match="newer"):
        Book(path)


def test_an_older_book_becomes_one_of_today_with_all_that_is_in_it(path, monkeypatch):
    book = Book(path)
    book.add(job("a"))
    book.close()
    more = "ALTER TABLE jobs ADD COLUMN mood TEXT NOT NULL DEFAULT 'hopeful'"
    monkeypatch.setattr(pages, "STEPS", (*pages.STEPS, more))
    book = Book(path)
    assert states(book) == {"a": "queued"}
    book.close()
    other = sqlite3.connect(path)
    assert other.execute("PRAGMA user_version").fetchone() == (len(pages.STEPS),)
    assert other.execute("SELECT mood FROM jobs").fetchall() == [("hopeful",)]
    other.close()


def test_a_step_that_fails_leaves_the_book_as_it_was(path, monkeypatch):
    book = Book(path)
    book.add(job("a"))
    book.close()
    steps = pages.STEPS
    broken = "ALTER TABLE jobs ADD COLUMN mood TEXT; INSERT INTO nowhere VALUES (1)"
    monkeypatch.setattr(pages, "STEPS", (*steps, broken))
    with pytest.raises(LedgerUnreadable, match="nowhere"):
        Book(path)
    monkeypatch.setattr(pages, "STEPS", steps)
    book = Book(path)
    assert states(book) == {"a": "queued"}
    book.close()


def test_a_full_disk_is_said_and_what_was_there_stays(path):
    book = Book(path)
    book.add(job("a"))
    full = book._pages.execute("PRAGMA page_count").fetchone()[0]
    book._pages.execute(f"PRAGMA max_page_count = {full}")
    with pytest.raises(DiskFull) as refused:
        book.add(job("b", values={"x": "y" * 100_000}))
    assert refused.value.where == str(path)
    assert states(book) == {"a": "queued"}
    book._pages.execute("PRAGMA max_page_count = 1000000")
    book.add(job("b", values={"x": "y" * 100_000}))
    assert states(book) == {"a": "queued", "b": "queued"}
    book.close()


def test_a_folder_that_cannot_be_is_said(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(NotWritable, match="SECONDUNIT_DATA"):
        Book(tmp_path / "file" / "ledger.sqlite")


def test_a_row_that_nobody_can_read_is_said(book, path):
    book.add(job("a"))
    with sqlite3.connect(path) as other:
        other.execute("""UPDATE jobs SET job = '{"task": 3}'""")
    other.close()
    with pytest.raises(LedgerUnreadable, match="the job a"):
        book.entries()


# More than one process


WRITES = """
import sys
from pathlib import Path
from secondunit.ledger.book import Book
from secondunit_contract.job import Job
book = Book(Path(sys.argv[1]))
sys.stdout.write("open\\n")
sys.stdout.flush()
for number in range(100):
    book.add(Job("t", "o", f"{sys.argv[2]}{number}"))
    book.act(f"{sys.argv[2]}{number}", "cancel")
book.close()
"""


def test_two_processes_write_in_the_same_book(path):
    Book(path).close()
    writers = [subprocess.Popen([sys.executable, "-c", WRITES, str(path), name]) for name in "ab"]
    assert [each.wait() for each in writers] == [0, 0]
    book = Book(path)
    assert len(book.entries(["cancelled"])) == 200
    told = book.events_after(0)
    assert [each.id for each in told] == list(range(1, 401))
    book.close()


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is of other systems")
def test_what_was_taken_on_is_there_after_a_kill(path):
    script = textwrap.dedent("""
        import sys
        from pathlib import Path
        from secondunit.ledger.book import Book
        from secondunit_contract.job import Job
        book = Book(Path(sys.argv[1]))
        number = 0
        while True:
            book.add(Job("t", "o", f"j{number}"))
            sys.stdout.write(f"j{number}\\n")
            sys.stdout.flush()
            number += 1
    """)
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True
    )
    with process.stdout as out:
        for _ in range(50):
            last = out.readline().strip()
        process.kill()
        said = [last, *(line.strip() for line in out if line.endswith("\n"))]
    process.wait()
    book = Book(path)
    assert set(said) <= set(states(book))
    assert len(book.events_after(0)) == len(book.entries())
    book.close()


def test_a_lock_is_one_s_alone_and_ends_with_its_holder(tmp_path):
    path = tmp_path / "a.lock"
    script = (
        "import sys, time; from pathlib import Path; from secondunit.ledger.lock import Lock;"
        "lock = Lock(Path(sys.argv[1])); taken = lock.taken(holder='me');"
        "sys.stdout.write(f'{taken}\\n'); sys.stdout.flush(); time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True
    )
    with holder.stdout:
        assert holder.stdout.readline() == "True\n"
    ours = Lock(path)
    assert not ours.taken()
    assert ours.holder == "me"
    holder.kill()
    holder.wait()
    assert ours.taken(5.0, "us")
    another = Lock(path)
    assert (another.holder, another.taken()) == ("us", False)
    ours.let_go()
    assert another.taken()
    another.let_go()


def test_a_busy_book_is_said(book, path, monkeypatch):
    book.add(job("a"))
    book._pages.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(MachineProblem, match="to itself"):
        book.act("a", "cancel")
    other.execute("ROLLBACK")
    other.close()
    assert book.act("a", "cancel")[0].state == "cancelled"
    assert json.dumps(states(book)) == '{"a": "cancelled"}'
