"""What is done for every host: find it, put Second Unit into it, take it out, say how it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from secondunit.hosts.place import Computer, Found, Standing


class Way(Protocol):
    """The way into one host.

    `install` and `uninstall` tell what they changed, a sentence each, and change nothing but what
    they tell. Doing either twice is doing it once. They raise NotWritable, DiskFull, PathTooLong.
    """

    name: str
    title: str

    def found(self, computer: Computer) -> list[Found]:
        """The installations there are."""
        ...

    def install(self, computer: Computer) -> list[str]:
        """Put Second Unit into it, for this user."""
        ...

    def uninstall(self, computer: Computer) -> list[str]:
        """Take it out again."""
        ...

    def standing(self, computer: Computer) -> Standing:
        """How it stands in it now."""
        ...

    def conformance(self, computer: Computer, output: Path) -> tuple[list[str], str]:
        """The command that asks the real host what only it can answer, written to `output`; and
        what its user does first.
        """
        ...
