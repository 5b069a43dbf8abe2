"""A lock on disk: one process at a time, let go by the system itself when the process dies."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from secondunit_contract.problem import NotWritable

_AGAIN = 0.05  # seconds between two tries


class Lock:
    """A file that one process holds. Whoever holds it may write into it who they are."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] | None = None

    def taken(self, patience: float = 0.0, holder: str = "") -> bool:
        """Whether it is ours, after waiting for at most so many seconds. Raises NotWritable."""
        if self._file is not None:
            return True
        try:
            file = self._opened()
            until = time.monotonic() + patience
            while not _locked(file):
                if time.monotonic() >= until:
                    file.close()
                    return False
                time.sleep(_AGAIN)
            file.truncate(0)
            file.write(holder.encode())
        except OSError as error:
            raise NotWritable(
                f"The data folder refuses us ({error.strerror or error})",
                str(self.path),
                "Choose a folder that you may write to, with SECONDUNIT_DATA",
            ) from error
        self._file = file
        return True

    def let_go(self) -> None:
        """Let others have it. The file stays: removing it would let two hold one name."""
        if self._file is not None:
            self._file.close()
            self._file = None

    @property
    def holder(self) -> str:
        """What the last one to hold it wrote; "" where there is nothing."""
        with suppress(OSError):
            return self.path.read_text("utf-8", "replace")
        return ""

    def _opened(self) -> IO[bytes]:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        return os.fdopen(handle, "ab", buffering=0)


if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30  # the locked byte lies far behind the text, which stays readable

    def _locked(file: IO[bytes]) -> bool:
        file.seek(_FAR)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _locked(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
