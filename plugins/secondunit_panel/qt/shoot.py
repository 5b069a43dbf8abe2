"""The one button that shoots, and what it will cost, said before."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QWidget

from secondunit_panel.qt.look import BETWEEN, INSIDE, button
from secondunit_panel.qt.words import Words, say
from secondunit_panel.session import Session


class Shoot(QWidget):
    """Shoots what is on the desk."""

    shot = Signal()
    models = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        row = QHBoxLayout(self)
        row.setContentsMargins(0, INSIDE, 0, 0)
        row.setSpacing(BETWEEN + INSIDE)
        self.button = button("Shoot", "primary", "Shoot it (Ctrl+Return)")
        self.button.clicked.connect(self.shoot)
        self.cost = Words(role="quiet")
        self.see = button("See models", "word", "What is here, and what could be fetched")
        self.see.clicked.connect(self.models)
        row.addWidget(self.button)
        row.addWidget(self.cost, 1)
        row.addWidget(self.see)

    def shoot(self) -> None:
        """Send what is on the desk to be shot."""
        if self._session.shoot():
            self.shot.emit()

    def draw(self) -> None:
        """Show the cost, or what keeps it from being meant."""
        session = self._session
        faults = session.desk.faults()
        cost = session.cost()
        clips = len(session.desk.selection.clips)
        told = str(cost)
        if clips > 1:
            told = " · ".join(filter(None, (f"{clips} clips", told)))
        if not session.link.here and not faults:
            told = "Shot as soon as the engine is there"
        say(self.cost, "fault" if faults else "quiet")
        self.cost.tell(faults[0].sentence if faults else told)
        self.see.setText("See models" if cost.short else "Models")
        self.button.setEnabled(session.desk.task is not None)
