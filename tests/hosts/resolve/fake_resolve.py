"""DaVinci Resolve for tests: what its scripting API does, and all it is known to do wrong.

Standard library alone. A `World` is an application with a project open; `scriptapp` is the door a
process of one's own comes in by, `in_app` what a script of the menu is given. `Quirks` are switched
one by one. Every object is a fresh `Handle`, which has no method Resolve of that version lacks and
yet says it has any, refuses other threads, and answers None when its thing is gone.
"""

# ruff: noqa: N802 (methods are called as Resolve calls them)
from __future__ import annotations

import itertools
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resolve_project import Project, Render
from resolve_things import Folder, Item, Media, Thing, Timeline

# Since which version a method is there; all else has always been.
SINCE = {
    "GetMarkInOut": (19, 1), "SetMarkInOut": (19, 1), "ClearMarkInOut": (19, 1),
    "GetSourceStartFrame": (19, 0, 2), "GetSourceEndFrame": (19, 0, 2),
    "SetSelectedClip": (19, 0, 2), "GetSelectedClips": (21, 0, 4), "GetSpeed": (21, 1),
    "IsStudio": (21, 1), "GetType": (21, 1), "SetName": (20, 2),
}  # fmt: skip
WRITES = re.compile(r"Set|Add|Delete|Append|Import|Start|Open|Select|Update|Finalize|Load|Create")


@dataclass
class Quirks:
    """What this Resolve does otherwise than it says.

    Conflicts of what is known, to be run both ways: `end_inclusive`, the endFrame of a cut is its
    last frame; `marks_absolute`, In and Out count as the timeline does; `item_marks_relative`, a
    clip's markers count from its own first frame, not from its media's; `no_list`, None for an
    empty list.

    Refusals: `modal` writes are refused (-1: all), `deaf` methods say yes and do nothing,
    `shells` appends give an item that is none, `nones` give [None]; `needs_selected`, an append
    wants its clip selected before; `takes`, "", "refused", "wrong", "stuck"; `unreadable`, media
    with this in its name is not taken in; `locked`, tracks of these numbers; `named`, tracks can be
    named; `far`, markers behind the last clip are refused; `misplaced`, an append stands so many
    frames late.

    State: `wedged`, `closed` (no project), `empty` (no timeline); `source_off`, the source frames
    told are one too high; `shell_in_track`, a dead item stands among the others; `slow`, seconds
    each call takes; `running`; `outside`, scripts of other processes are let in.

    Renders: `page_free`, they start from any page; `keeps_marks`, they leave In and Out alone;
    `holes`, frames not written; `blank`, frames of no bytes; `error`; `stalls`, rounds with nothing
    done; `language` of what a job's state is called.
    """

    end_inclusive: bool = False
    marks_absolute: bool = False
    item_marks_relative: bool = False
    no_list: bool = False
    modal: int = 0
    deaf: frozenset[str] = frozenset()
    shells: int = 0
    nones: int = 0
    needs_selected: bool = False
    takes: str = ""
    unreadable: str = ""
    locked: frozenset[int] = frozenset()
    named: bool = True
    far: bool = True
    misplaced: int = 0
    wedged: bool = False
    closed: bool = False
    empty: bool = False
    source_off: int = 0
    shell_in_track: bool = False
    slow: float = 0.0
    running: bool = True
    outside: bool = True
    page_free: bool = False
    keeps_marks: bool = False
    holes: int = 0
    blank: int = 0
    error: str = ""
    stalls: int = 1
    language: str = "en"


class Handle:
    """What a script holds of a thing."""

    def __init__(self, world: World, thing: Any, thread: int) -> None:
        self.__dict__.update(_world=world, _thing=thing, _thread=thread)

    def __dir__(self) -> list[str]:
        return [name for name in vars(type(self._thing)) if self._world.has(name)]

    def __getattr__(self, name: str) -> Callable[..., Any] | None:
        if name.startswith("_"):
            raise AttributeError(name)
        method = getattr(type(self._thing), name, None)
        if method is None or not self._world.has(name):
            return None
        return lambda *given: self._world.call(self, name, method, given)


class World:
    """An application with a project, a timeline and a clip under the playhead."""

    def __init__(
        self,
        media: Path,
        version: str = "21.0.3",
        studio: bool = True,
        quirks: Quirks | None = None,
        start: str = "01:00:00:00",
        rate: str = "24.0",
    ) -> None:
        self.version = tuple(int(each) for each in version.split("."))
        self.studio, self.quirks, self.text = studio, quirks or Quirks(), version
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.threads: set[int] = set()
        self.page = "edit"
        self.ids = (f"id-{number}" for number in itertools.count(1))
        self.root = Folder(self, "Master")
        self.folder = self.root
        self.clip = Media(self, str(media), 24, 24.0)
        self.root.clips.append(self.clip)
        self.timelines = [Timeline(self, "Cut 1", start, rate)]
        self.current = self.timelines[0]
        self.selected: list[Item] = []
        self.picked: Any = None
        self.render = Render(self)
        self.lengths: dict[str, int] = {}  # frames of files taken in; else 24
        self.fps = 24.0  # of files taken in
        first = self.current.first
        self.plate = self.current.stand(1, self.clip, first + 24, 4, 8)
        self.selected = [self.plate]
        self.current.playhead = first + 26

    def length(self, path: str) -> int:
        """How many frames a movie has."""
        return self.lengths.get(path, 24)

    def has(self, name: str) -> bool:
        """Whether this version has a method."""
        return name[:1].isupper() and self.version >= SINCE.get(name, ())

    def call(self, handle: Handle, name: str, method: Any, given: tuple[Any, ...]) -> Any:
        """A call of a script."""
        if threading.get_ident() != handle._thread:
            raise RuntimeError(f"{name} was called from another thread")
        time.sleep(self.quirks.slow)
        bare = self._bare(given)
        self.calls.append((name, bare))
        if handle._thing is None or getattr(handle._thing, "gone", False):
            return None
        if WRITES.match(name) and self.quirks.modal:
            self.quirks.modal -= 1 if self.quirks.modal > 0 else 0
            return [] if name in ("AppendToTimeline", "ImportMedia") else False
        if name in self.quirks.deaf:
            return True
        return self._held(method(handle._thing, *bare), handle._thread)

    def _bare(self, told: Any) -> Any:
        if isinstance(told, Handle):
            return told._thing
        if isinstance(told, (list, tuple)):
            return type(told)(self._bare(each) for each in told)
        return {k: self._bare(v) for k, v in told.items()} if isinstance(told, dict) else told

    def _held(self, told: Any, thread: int) -> Any:
        if isinstance(told, Thing):
            return Handle(self, told, thread)
        if isinstance(told, list):
            return [self._held(each, thread) for each in told]
        return (
            {k: self._held(v, thread) for k, v in told.items()} if isinstance(told, dict) else told
        )

    # the doors

    def scriptapp(self, name: str) -> Handle | None:
        """From a process of one's own."""
        return self._let_in() if self.studio and self.quirks.outside else None

    def in_app(self) -> Handle | None:
        """From a script of the menu, which the free edition has none of in Python from 21.1 on."""
        return self._let_in() if self.studio or self.version < (21, 1) else None

    def _let_in(self) -> Handle | None:
        if not self.quirks.running:
            return None
        self.threads.add(threading.get_ident())
        return Handle(self, App(self), threading.get_ident())

    # what tests look at

    def stood(self, name: str = "Second Unit") -> list[Item]:
        """What stands on tracks whose names begin so."""
        tracks = [each for each in self.current.video if each.name.startswith(name)]
        return [item for track in tracks for item in track.items]


@dataclass(eq=False)
class App(Thing):
    world: World

    def GetProjectManager(self) -> Manager:
        return Manager(self.world)

    def GetProductName(self) -> str:
        return "DaVinci Resolve Studio" if self.world.studio else "DaVinci Resolve"

    def GetVersionString(self) -> str:
        return self.world.text

    def IsStudio(self) -> bool:
        return self.world.studio

    def GetCurrentPage(self) -> str:
        return self.world.page

    def OpenPage(self, page: str) -> bool:
        self.world.page = page
        return True


@dataclass(eq=False)
class Manager(Thing):
    world: World

    def GetCurrentDatabase(self) -> dict[str, str] | None:
        return None if self.world.quirks.wedged else {"DbType": "Disk", "DbName": "Local"}

    def GetCurrentProject(self) -> Project | None:
        return None if self.world.quirks.closed else Project(self.world)
