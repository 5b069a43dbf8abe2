"""The play head: one for the viewer and for every take that moves beside it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from fractions import Fraction

from qtpy.QtCore import QObject, Qt, QTimer, Signal

from secondunit_contract.frames import FrameRange

_BLINK = 2  # looks at the time in each frame: a frame is late by no more than half its length


class Clock(QObject):
    """Where the play head is in a range of frames, and whether it runs.

    `ticked` tells the index of a frame, from 0 on; `frame` is its number. While it runs, frames are
    left out rather than shown late. `spanned` tells that it is a new range.
    """

    ticked = Signal(int)
    played = Signal(bool)
    spanned = Signal()

    def __init__(
        self, parent: QObject | None = None, now: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(parent)
        self._now = now
        self._range = FrameRange(0, 0)
        self._rate = Fraction(24)
        self._index = 0
        self._began = 0.0  # when the frame of index `_from` was due
        self._from = 0
        self.loop = True
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._look)

    # the range

    @property
    def range(self) -> FrameRange:
        """The frames the play head is among."""
        return self._range

    @property
    def length(self) -> int:
        """How many frames there are."""
        return len(self._range)

    @property
    def rate(self) -> Fraction:
        """Frames in a second."""
        return self._rate

    def span(self, frames: FrameRange, rate: Fraction | None = None) -> None:
        """Another range, another rate. The play head stays on its frame where there is such."""
        frame = min(frames.last, max(frames.first, self.frame))
        changed = frames != self._range
        self._range = frames
        if rate is not None and rate > 0:
            self._rate = rate
        self._start_from(frame - frames.first)
        if self.playing:
            self._timer.setInterval(self._interval)
        if changed:
            self.spanned.emit()
            self._stand(self._index, always=True)

    # where it is

    @property
    def index(self) -> int:
        """Where the play head is, counted from 0."""
        return self._index

    @property
    def frame(self) -> int:
        """The number of the frame the play head is on."""
        return self._range.first + self._index

    def go_to(self, frame: int) -> None:
        """Put the play head on a frame, or on the nearest there is."""
        index = min(self._range.last, max(self._range.first, frame)) - self._range.first
        self._start_from(index)

    def step(self, by: int) -> None:
        """So many frames on, or back; the ends hold. What runs is stopped."""
        self.pause()
        self.go_to(self.frame + by)

    # running

    @property
    def playing(self) -> bool:
        """Whether it runs."""
        return self._timer.isActive()

    def play(self) -> None:
        """Run; from the first frame again where it stands on the last and does not loop."""
        if self.playing or self.length < 2:
            return
        at_end = self._index == self.length - 1 and not self.loop
        self._start_from(0 if at_end else self._index)
        self._timer.start(self._interval)
        self.played.emit(True)

    def pause(self) -> None:
        """Stand still."""
        if self.playing:
            self._timer.stop()
            self.played.emit(False)

    def toggle(self) -> None:
        """Run, or stand still."""
        if self.playing:
            self.pause()
        else:
            self.play()

    @property
    def _interval(self) -> int:
        return max(4, int(1000 / self._rate / _BLINK))

    def _start_from(self, index: int) -> None:
        self._from, self._began = index, self._now()
        self._stand(index)

    def _look(self) -> None:
        """The frame that is due now, whichever were missed."""
        due = self._from + math.floor((self._now() - self._began) * self._rate + 1e-6)
        if due < self.length:
            self._stand(due)
        elif self.loop:
            self._stand(due % self.length)
        else:
            self._stand(self.length - 1)
            self.pause()

    def _stand(self, index: int, always: bool = False) -> None:
        if index != self._index or always:
            self._index = index
            self.ticked.emit(index)
