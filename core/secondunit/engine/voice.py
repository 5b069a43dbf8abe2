"""A worker's voice: what it tells, an object a line, as it happens."""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import IO, Any, Protocol

from secondunit_contract.job import Event
from secondunit_contract.wire import to_json

LEFT_ALONE = 3
"""The exit code of one who has lost whom it works for, or with."""

REFUSED = 4
"""That of one who said why it cannot begin."""


class Out(Protocol):
    """What a voice speaks into: a file, say."""

    def write(self, line: bytes, /) -> object:
        """Take a line."""

    def flush(self) -> object:
        """Pass on what was taken."""


class Voice:
    """Says one object a line, as it happens. Nobody to hear it is the end of the process."""

    def __init__(self, out: Out) -> None:
        self._out, self._turn = out, threading.Lock()

    def say(self, message: dict[str, Any]) -> None:
        """Say it now."""
        line = json.dumps(message, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        with self._turn:
            try:
                self._out.write(line)
                self._out.flush()
            except OSError:
                os._exit(LEFT_ALONE)

    def event(self, event: Event) -> None:
        """Say an event."""
        self.say({"event": to_json(event)})


def own_stdout() -> IO[bytes]:
    """The real stdout for ourselves; what libraries print goes to stderr, from C too."""
    ours = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return os.fdopen(ours, "wb")
