"""Blender's main thread: what only it may do is carried over to it, whoever asks.

In a window one of Blender's timers calls for us, for no longer than a `DEADLINE` at a time. Without
one (a render on a farm, a test) no timer runs: there whoever holds the main thread calls `pump`.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from typing import TypeVar

import bpy

from secondunit_panel.host import HostBusy, HostGone

from . import versions

T = TypeVar("T")

DEADLINE = 0.02
"""Seconds a tick may take before Blender draws again; a call that was begun is ended."""

_OFTEN, _SELDOM = 0.03, 0.2  # seconds between two ticks, while something happens and when not
_LIVELY = 2.0  # seconds that something counts as happening
# What the artist holds in his hand while one of these runs must not change under it.
_HOLDING = ("TRANSFORM_OT_", "SEQUENCER_OT_", "ANIM_OT_", "MASK_OT_", "CLIP_OT_", "NODE_OT_")


def busy() -> str:
    """Why nothing may be written now, in words; empty where it may."""
    if bpy.app.is_job_running("RENDER"):
        return "Blender is rendering"
    for window in bpy.context.window_manager.windows:
        if window.screen is not None and window.screen.is_animation_playing:
            return "Blender is playing"
        if any(name.startswith(_HOLDING) for name in versions.modal(window)):
            return "Something is being moved"
    return ""


class MainThread:
    """The thread this is made on. `patience` is how many seconds a call may wait for its turn."""

    def __init__(self, patience: float = 60.0) -> None:
        self._patience, self._ident = patience, threading.get_ident()
        self._calls: deque[Callable[[], None]] = deque()
        self._reads: deque[Callable[[], None]] = deque()
        self._writes: deque[Callable[[], None]] = deque()
        self._watchers: list[Callable[[], None]] = []
        self._lively = 0.0
        self._why = ""
        self._closed = threading.Event()

    @property
    def here(self) -> bool:
        """Whether this is it."""
        return threading.get_ident() == self._ident

    def open(self) -> None:
        """Have Blender call for us, where it has windows; once more is no matter."""
        self._closed.clear()
        if not bpy.app.background and not bpy.app.timers.is_registered(self.tick):
            bpy.app.timers.register(self.tick, first_interval=0.0, persistent=True)

    def close(self) -> None:
        """Do nothing more; who waits is told that Blender has gone."""
        self._closed.set()
        for each in (self._calls, self._reads, self._writes):
            each.clear()
        if bpy.app.timers.is_registered(self.tick):
            bpy.app.timers.unregister(self.tick)

    def watch(self, watcher: Callable[[], None]) -> None:
        """Have something called on each tick: it has to be quick."""
        self._watchers.append(watcher)

    def carry(self, call: Callable[[], T], writes: bool = False) -> T:
        """Do something on the main thread and wait for it.

        What `writes` waits until Blender neither renders nor plays and nothing is held. Raises what
        `call` raises; HostBusy where its turn does not come; HostGone where Blender has gone.
        """
        results: list[T] = []
        faults: list[Exception] = []
        begun, done = threading.Event(), threading.Event()

        def run() -> None:
            begun.set()
            try:
                results.append(call())
            except Exception as error:  # noqa: BLE001 - the border: it is raised where it was asked
                faults.append(error)
            done.set()

        if self.here:
            if writes and (why := busy()):
                raise _busy(why)
            run()
        else:
            self._wait_for(run, begun, done, self._writes if writes else self._reads)
        if faults:
            raise faults[0]
        return results[0]

    def soon(self, call: Callable[[], None]) -> None:
        """Have something called on the main thread, after those given before. Returns at once."""
        if not self._closed.is_set():
            self._calls.append(call)

    def tick(self) -> float:
        """What Blender's timer calls; seconds until it shall call again."""
        if self._closed.is_set():
            return _SELDOM
        end = time.monotonic() + DEADLINE
        for watcher in self._watchers:
            self._safely(watcher)
        while time.monotonic() < end:
            if not self._one():
                return _OFTEN if time.monotonic() - self._lively < _LIVELY else _SELDOM
        return 0.0

    def pump(self, seconds: float = 0.0) -> None:
        """Tick for so long; where no timer does."""
        end = time.monotonic() + seconds
        while True:
            self.tick()
            if time.monotonic() >= end:
                return
            time.sleep(0.002)

    def _one(self) -> bool:
        """Call one of those that wait; whether there was one that could be called."""
        if self._calls:
            self._safely(self._calls.popleft())
        elif self._reads:
            self._reads.popleft()()
        elif self._writes:
            self._why = busy()
            if self._why:
                return False
            self._writes.popleft()()
        else:
            return False
        self._lively = time.monotonic()
        return True

    def _wait_for(
        self,
        run: Callable[[], None],
        begun: threading.Event,
        done: threading.Event,
        line: deque[Callable[[], None]],
    ) -> None:
        if self._closed.is_set():
            raise _gone()
        line.append(run)
        end = time.monotonic() + self._patience
        while not done.wait(0.05):
            if begun.is_set():
                continue  # it takes what it takes
            if self._closed.is_set():
                raise _gone()
            if time.monotonic() > end:
                try:
                    line.remove(run)
                except ValueError:
                    continue  # it has begun just now
                raise _busy(self._why or "Blender does not come to it")

    def _safely(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception:  # noqa: BLE001 - the border: one that fails keeps no other away
            sys.stderr.write(traceback.format_exc())


def _busy(why: str) -> HostBusy:
    return HostBusy(why, "Blender", "Try again when it is done")


def _gone() -> HostGone:
    return HostGone("Blender has closed this panel", "Blender", "Open it again")
