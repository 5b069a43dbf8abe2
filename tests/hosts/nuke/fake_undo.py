"""The fake's nuke.Undo: what the script was before each step."""

from __future__ import annotations

import copy


class Undo:
    """Groups of changes, which undo takes back as one; in a terminal it may do nothing."""

    def __init__(self, app) -> None:
        self.app, self.steps, self.open = app, [], None
        self.depth, self.off, self.naming = 0, 0, ""

    def __call__(self) -> Undo:
        return self

    @property
    def inert(self) -> bool:
        return not self.app.gui and not self.app.quirks.terminal_undoes

    def begin(self, name: str = "") -> None:
        self.app.enter()
        self.depth += 1
        if self.depth == 1:
            self.open, self.naming = copy.deepcopy(self.app.state), name

    def name(self, name: str) -> None:
        self.naming = name

    def end(self) -> None:
        if not self.depth:
            self.app.sin("Undo.end without begin")
        self.depth -= 1
        if not self.depth and not self.inert:
            self.steps.append((self.naming, self.open))

    def cancel(self) -> None:
        if not self.depth:
            self.app.sin("Undo.cancel without begin")
        self.depth = 0
        if not self.inert and self.app.quirks.cancel_reverts:
            self.app.state = self.open

    def disable(self) -> None:
        self.off += 1

    def enable(self) -> None:
        if not self.off:
            self.app.sin("Undo.enable of what is enabled")
        self.off -= 1

    def disabled(self) -> bool:
        return self.off > 0

    def undoSize(self) -> int:  # noqa: N802
        return len(self.steps)

    def undo(self) -> None:
        name, before = self.steps.pop()
        if before is None:
            raise NotImplementedError(f"{name} was no group")
        self.app.state = before

    def note(self, what: str) -> None:
        """A change outside of any group is a step of its own; what it was before is not kept."""
        if not (self.depth or self.off or self.inert):
            self.steps.append((what, None))

    def __enter__(self) -> Undo:
        self.begin()
        return self

    def __exit__(self, *error) -> None:
        self.end()
