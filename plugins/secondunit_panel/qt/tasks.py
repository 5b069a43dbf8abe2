"""The tasks that fit what is selected, the likeliest first; and the rest of the controls."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QSizePolicy, QWidget

from secondunit_panel.qt.flow import Flow
from secondunit_panel.qt.look import BETWEEN, INSIDE, button
from secondunit_panel.session import Session


class Tasks(QWidget):
    """A row of tasks, one of them chosen; beside it "All", which shows every control."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.buttons: dict[str, QPushButton] = {}
        self._group = QButtonGroup(self)
        self._box = QWidget()
        self._flow = Flow(BETWEEN + INSIDE, 0)
        self._box.setLayout(self._flow)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self._box.setSizePolicy(policy)
        self.setSizePolicy(policy)
        self.all = button("All", "word", "Show every control of this task")
        self.all.setCheckable(True)
        self.all.clicked.connect(lambda on: session.show_everything(bool(on)))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(INSIDE)
        row.addWidget(self._box, 1)
        row.addWidget(self.all, 0, Qt.AlignmentFlag.AlignTop)

    def draw(self) -> None:
        """Show what the session has now; a task that stays keeps its button."""
        desk = self._session.desk
        names = [each.name for each in desk.tasks]
        if names != list(self.buttons):
            self._lay_out()
        for each in desk.tasks:
            made = self.buttons[each.name]
            made.setChecked(desk.task is not None and each.name == desk.task.name)
        self.all.setChecked(desk.everything)
        self.all.setText("Fewer" if desk.everything else "All")

    def _lay_out(self) -> None:
        desk, before = self._session.desk, self.buttons
        while self._flow.count():
            self._flow.takeAt(0)
        self.buttons = {}
        for card in desk.tasks:
            made = before.pop(card.name, None) or self._make(card.name)
            made.setText(card.title)
            made.setToolTip(f"{card.help}\n{card.name}" if card.help else card.name)
            self.buttons[card.name] = made
            self._flow.addWidget(made)
            made.show()
        for old in before.values():
            self._group.removeButton(old)
            old.hide()
            old.deleteLater()
        previous: QWidget = self.all
        for made in [*self.buttons.values(), self.all]:  # first behind "All", then it behind them
            QWidget.setTabOrder(previous, made)
            previous = made
        self._flow.invalidate()

    def _make(self, name: str) -> QPushButton:
        made = button("", "task", parent=self._box)
        made.setCheckable(True)
        made.clicked.connect(lambda: self._session.choose(name))
        self._group.addButton(made)
        return made
