"""Giving: a clip into a slot of the task: a file, what is selected in the host now, or a take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from secondunit_contract.problem import Problem
from secondunit_panel import words
from secondunit_panel.dailies import Dailies
from secondunit_panel.desk import Desk
from secondunit_panel.errands import Errands
from secondunit_panel.host import Host, PlaceGone, Selection
from secondunit_panel.notices import Notices
from secondunit_panel.orders import made_for
from secondunit_panel.slots import Given, of_files, of_shot, of_take
from secondunit_panel.words import Action

_MOST = 12  # takes offered at once
_CODE = "slot:"  # what notices about a slot are about


class Giving:
    """Fills the slots of the task on the desk, and empties them. For the main thread alone.

    Disk and host are looked at beside it. `said` is told whether the draft has changed.
    """

    def __init__(
        self,
        host: Host,
        hosts: Errands,
        disk: Errands,
        desk: Desk,
        dailies: Dailies,
        notices: Notices,
        said: Callable[[bool], None],
    ) -> None:
        self._host, self._hosts, self._disk = host, hosts, disk
        self._desk, self._dailies, self._notices = desk, dailies, notices
        self._said = said

    def files(self, slot: str, paths: Sequence[str]) -> None:
        """Give files or folders that were picked or dropped."""
        alone = any(each.key == slot and each.more for each in self._desk.slots)
        self._later(self._disk, slot, lambda: of_files(paths, alone))

    def selected(self, slot: str) -> None:
        """Give what is selected in the host now. The panel goes on working on its own clip."""

        def read() -> list[Given]:
            return chosen(self._host.selection(), self._host.about().name)

        self._later(self._hosts, slot, read)

    def take(self, slot: str, take: str) -> None:
        """Give a take."""
        known = self._dailies.takes[take]
        self._put(slot, [of_take(known.take, self._name_of(take))])

    def takes(self) -> list[tuple[str, str]]:
        """The takes of this document that can be given, each with its name: circled ones first."""
        listed = self._dailies.of(self._desk.selection.document)
        fit = [each for each in listed if each.rating != "rejected"]
        fit.sort(key=lambda each: each.rating != "circled")
        return [(each.id, self._name_of(each.id)) for each in fit[:_MOST]]

    def take_away(self, slot: str) -> None:
        """Empty a slot."""
        self._said(self._desk.take_away(slot))

    def _name_of(self, take: str) -> str:
        known = self._dailies.takes[take]
        entry = self._dailies.jobs.get(known.take.job)
        clip = str(made_for(entry.job).get("name") or "") if entry else ""
        task = entry.job.task if entry else ""
        told = (clip, task, f"take {known.take.number}", known.rating)
        return " · ".join(filter(None, told))

    def _put(self, slot: str, clips: Sequence[Given]) -> None:
        self._notices.forget(about=_CODE + slot)
        self._said(self._desk.give(slot, clips))

    def _later(self, errands: Errands, slot: str, work: Callable[[], list[Given]]) -> None:
        task, shot = self._desk.task, self._desk.shot

        def read(clips: list[Given]) -> None:
            if (self._desk.task, self._desk.shot) == (task, shot):  # else it is another's slot now
                self._put(slot, clips)

        def failed(problem: Problem) -> None:
            told = words.notice(problem, _CODE + slot)
            self._notices.add(replace(told, action=Action("Show it", "field", slot)))

        errands.send(work, read, failed)


def chosen(selection: Selection, host: str) -> list[Given]:
    """The clips of a selection. Raises PlaceGone where it has none."""
    if not selection.clips:
        raise PlaceGone(
            f"No clip is selected in {host}", selection.document, "Select one there, then try again"
        )
    return [of_shot(each) for each in selection.clips]
