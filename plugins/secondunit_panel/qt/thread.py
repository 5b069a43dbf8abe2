"""A thin line that is filled as far as something is; or moves, where nobody can say how far."""

from __future__ import annotations

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QFrame

from secondunit_panel.qt.look import Look

_BEAT = 40  # milliseconds
_PIECE, _STEP = 0.25, 0.012  # of a line that moves: how long its piece is, how far it goes a beat


class Thread(QFrame):
    """A thin line that is filled as far as a job is; where nobody can say, a piece of it moves."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._beat, self._at = QTimer(self), 0.0
        self._beat.setInterval(_BEAT)
        self._beat.timeout.connect(self._move)
        self.setFixedHeight(2)
        self._done = QFrame(self)
        self._done.setStyleSheet(f"background: {look.accent}; border: none;")
        self.setStyleSheet(f"background: {look.line}; border: none;")
        self.share: float | None = 0.0

    @property
    def moves(self) -> bool:
        """Whether it says that something is done, and not how much."""
        return self._beat.isActive()

    def put(self, share: float | None) -> None:
        """So much is done, 0 to 1; None: something is, and nobody can say how much."""
        self.share = share
        if share is None:
            if not self.moves:
                self._at = 0.0
                self._beat.start()
            self._lay(self._at, _PIECE)
        else:
            self._beat.stop()
            self._lay(0.0, share)

    def _move(self) -> None:
        if self.isVisible():
            self._at = (self._at + _STEP) % (1 + _PIECE)
            self._lay(self._at, _PIECE)

    def _lay(self, at: float, share: float) -> None:
        """Where it is filled; what moves comes in at the left and goes out at the right."""
        start = at - _PIECE if self.share is None else 0.0
        self._done.setGeometry(round(self.width() * start), 0, round(self.width() * share), 2)

    def resizeEvent(self, event: object) -> None:
        """The same share of another width."""
        self.put(self.share)
