"""The panel on its own: clips of a movie, a sequence or a cut, without an application around it."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from secondunit_contract.clip import Clip
from secondunit_contract.problem import BadValue, MediaMissing
from secondunit_contract.wire import from_json
from secondunit_panel import words
from secondunit_panel.errands import Main
from secondunit_panel.host import (
    Ability,
    About,
    Delivery,
    HostCannot,
    Mark,
    NotPlaced,
    Place,
    Placed,
    PlaceGone,
    Progress,
    Selection,
    Shot,
)

_ABLE: frozenset[Ability] = frozenset(("place", "open", "take_out"))


def show_file(path: Path) -> None:
    """Show a file in the system's own window of files. Raises HostCannot."""
    if sys.platform == "win32":
        command = ["explorer", "/select,", str(path)]
    elif sys.platform == "darwin":
        command = ["open", "-R", str(path)]
    else:
        command = ["xdg-open", str(path.parent)]
    try:
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError as error:
        raise HostCannot(
            "No window of files can be opened here", str(path), "Open the folder by hand"
        ) from error


class Standalone:
    """A host without a document of its own: what can be selected was given, one of it is.

    Placing a take copies nothing and changes no file: the take is the one that counts for its
    place, its file is told, and `open` shows it. `counts` is how time is shown.
    """

    def __init__(
        self,
        selections: Sequence[Selection],
        main: Main,
        show: Callable[[Path], None] = show_file,
    ) -> None:
        self._selections, self._main, self._show = tuple(selections), main, show
        self._at = 0
        self._placed: dict[tuple[str, int], Placed] = {}
        self._lock = threading.Lock()

    @property
    def names(self) -> list[str]:
        """What can be selected, each in a line."""
        return [words.selected(each, self.about()) for each in self._selections]

    @property
    def at(self) -> int:
        """Which of it is selected."""
        return self._at

    def choose(self, at: int) -> None:
        """Select another; the panel has to look again."""
        self._at = min(len(self._selections) - 1, max(0, at))

    # what a panel asks

    def about(self) -> About:
        """It shows timecode where what is selected has one."""
        places = [place for each in self._selections for place in _places(each)]
        timecode = bool(places) and all(place.timecode is not None for place in places)
        return About("Second Unit", _version(), "timecode" if timecode else "frames", _ABLE)

    def selection(self) -> Selection:
        """What was chosen of what was given."""
        return self._selections[self._at] if self._selections else Selection()

    def plate(self, shot: Shot, folder: Path, told: Progress) -> Clip:
        """The media itself: nothing is retimed here."""
        self._there(shot.place)
        if shot.must_export:
            raise HostCannot(shot.must_export, shot.name, "Open it in its own application")
        return shot.clip

    def place(self, delivery: Delivery) -> Placed:
        """Let a take count for its place. Its file stays where it is, and is told."""
        self._there(delivery.at)
        take = delivery.take
        media = Path(take.media)
        if not media.exists() and not media.parent.is_dir():
            raise NotPlaced("The take's file is not there", take.media, "Shoot it again")
        key = (delivery.job.id, take.number)
        at = replace(
            delivery.at, id=f"{take.media}#{delivery.at.id}", range=delivery.lies, track="Takes"
        )
        with self._lock:
            known = self._placed.get(key)
            made = Placed(at, take.media, take.range, "file", *key)
            self._placed[key] = known if known and known.media == take.media else made
            return self._placed[key]

    def attach_matte(self, delivery: Delivery) -> Placed:
        """Nothing here cuts a plate."""
        raise HostCannot(
            "There is nothing here to attach a matte to", delivery.take.media, "Place it as a take"
        )

    def mark(self, at: Place, mark: Mark) -> None:
        """Nothing here has marks."""
        raise HostCannot(
            "There is nothing here to write a mark on", at.document, "Write a note to the take"
        )

    def open(self, at: Place, frame: int | None = None) -> None:
        """Show the file of what stands there."""
        for each in self._placed.values():
            if each.place == at:
                self._show(Path(each.media))
                return
        self._show(Path(self._there(at)))

    def take_out(self, placed: Placed) -> None:
        """Let a take not count any more. Its file stays."""
        with self._lock:
            self._placed.pop((placed.job, placed.number), None)

    def call_on_main(self, call: Callable[[], None]) -> None:
        """The panel's own main thread."""
        self._main(call)

    # how

    def _there(self, place: Place) -> str:
        """The media of a place that was given. Raises PlaceGone."""
        for selection in self._selections:
            for shot in _shots(selection):
                if shot.place.id == place.id and shot.place.document == place.document:
                    return shot.clip.media
            if selection.gap is not None and selection.gap == place:
                return selection.document
        raise PlaceGone("This clip is not open here any more", place.id, "Select another")


def _version() -> str:
    try:
        return importlib.metadata.version("secondunit")
    except importlib.metadata.PackageNotFoundError:
        return "from a folder"


def _shots(selection: Selection) -> list[Shot]:
    given = (*selection.clips, selection.before, selection.after, selection.matte, selection.guide)
    return [each for each in given if each is not None]


def _places(selection: Selection) -> list[Place]:
    return [each.place for each in _shots(selection)] + ([selection.gap] if selection.gap else [])


def selections_of(told: Any) -> list[Selection]:
    """What can be selected, as a program wrote it down: {"selections": [...]}, each a Selection as
    the wire writes dataclasses. Raises BadValue, MediaMissing for media that is not there.
    """
    listed = told.get("selections") if isinstance(told, dict) else None
    if not isinstance(listed, list):
        raise BadValue("This tells of no clips", remedy="Start it with `secondunit panel MEDIA`")
    found = [from_json(Selection, each) for each in listed]
    for selection in found:
        for shot in _shots(selection):
            media = shot.clip.media
            pattern = "#" in os.path.basename(media) or "%" in os.path.basename(media)
            if not os.path.exists(os.path.dirname(media) if pattern else media):
                raise MediaMissing(f"{shot.name} is not there", media, "Check the path")
    return found
