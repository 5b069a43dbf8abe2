"""The pages of the ledger's book: its tables, how older ones become these, and what SQLite says."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from secondunit_contract.problem import (
    DiskFull,
    LedgerUnreadable,
    MachineProblem,
    NotWritable,
    Problem,
)

MARK = 0x2D0B00C5
"""SQLite's application id of our books."""

STEPS = (
    """
    CREATE TABLE jobs (
        id TEXT PRIMARY KEY,
        place REAL NOT NULL,
        state TEXT NOT NULL,
        job TEXT NOT NULL,
        created REAL NOT NULL,
        started REAL,
        ended REAL,
        attempts INTEGER NOT NULL DEFAULT 0,
        frugality INTEGER NOT NULL DEFAULT 0,
        problem TEXT
    );
    CREATE INDEX jobs_by_state ON jobs (state, place);
    CREATE INDEX jobs_by_place ON jobs (place);
    CREATE TABLE takes (
        serial INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        job TEXT NOT NULL REFERENCES jobs (id),
        number INTEGER NOT NULL,
        take TEXT NOT NULL,
        rating TEXT NOT NULL DEFAULT '',
        note TEXT NOT NULL DEFAULT '',
        made REAL NOT NULL,
        UNIQUE (job, number)
    );
    CREATE TABLE events (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at REAL NOT NULL,
        job TEXT NOT NULL,
        kind TEXT NOT NULL,
        event TEXT NOT NULL
    );
    CREATE TABLE notes (name TEXT PRIMARY KEY, text TEXT NOT NULL);
    """,
)
"""Each makes a book of the version before it into one of the next; never changed, only added to."""

_PATIENCE = 10.0  # seconds to wait while another process writes


def opened(path: Path) -> sqlite3.Connection:
    """The book at a path, made where there is none, its tables as they are now.

    Raises LedgerUnreadable, NotWritable, DiskFull.
    """
    with saying(path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        pages = sqlite3.connect(
            path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
        )
        try:
            _refuse_damaged(pages, path)
            pages.execute("PRAGMA journal_mode = WAL")
            pages.execute("PRAGMA synchronous = FULL")
            pages.execute("PRAGMA foreign_keys = ON")
            _brought_up(pages, path)
        except BaseException:
            pages.close()
            raise
    return pages


def _refuse_damaged(pages: sqlite3.Connection, path: Path) -> None:
    found = pages.execute("PRAGMA quick_check(1)").fetchone()
    if found[0] != "ok":
        raise LedgerUnreadable("The ledger's book is damaged", str(path), _AWAY)
    mark = pages.execute("PRAGMA application_id").fetchone()[0]
    tables = pages.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables and mark != MARK:
        raise LedgerUnreadable(
            "That is a book of another program", str(path), "Name another data folder"
        )


def _brought_up(pages: sqlite3.Connection, path: Path) -> None:
    pages.execute("BEGIN IMMEDIATE")
    try:
        version = pages.execute("PRAGMA user_version").fetchone()[0]
        if version > len(STEPS):
            raise LedgerUnreadable(
                "The ledger's book is of a newer Second Unit", str(path), "Update this one"
            )
        for step in STEPS[version:]:
            for statement in step.split(";"):
                pages.execute(statement)
        pages.execute(f"PRAGMA user_version = {len(STEPS)}")
        pages.execute(f"PRAGMA application_id = {MARK}")
        pages.execute("COMMIT")
    except BaseException:
        if pages.in_transaction:
            pages.execute("ROLLBACK")
        raise


@contextmanager
def saying(path: Path) -> Iterator[None]:
    """Whatever SQLite complains about inside is said as a Problem."""
    try:
        yield
    except Problem:
        raise
    except sqlite3.Error as error:
        raise _problem(error, path) from error
    except OSError as error:
        raise NotWritable(
            f"The ledger's book cannot be opened ({error.strerror or error})", str(path), _FOLDER
        ) from error


_AWAY = (
    "Move it away and start again: takes lie beside their plates, each with a side-car that tells "
    "how it was made"
)
_FOLDER = "Choose a data folder that you may write to, with SECONDUNIT_DATA"


def _problem(error: sqlite3.Error, path: Path) -> MachineProblem:
    name = getattr(error, "sqlite_errorname", "")
    if name == "SQLITE_FULL":
        return DiskFull("There is no room to write the ledger's book", str(path), "Make some room")
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_IOERR")):
        return NotWritable(f"The ledger's book cannot be written ({error})", str(path), _FOLDER)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return MachineProblem(
            "Another program keeps the ledger's book to itself", str(path), "Close the other one"
        )
    return LedgerUnreadable(f"The ledger's book cannot be read ({error})", str(path), _AWAY)
