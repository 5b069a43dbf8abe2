"""Pictures of plates and takes, fetched beside the main thread, kept while there is room."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from qtpy.QtCore import QObject, Qt, QTimer, Signal
from qtpy.QtGui import QImage

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_contract.problem import FrameMissing, MediaUnreadable, Problem
from secondunit_panel.errands import fault
from secondunit_panel.qt.darkroom import begun, finished

T = TypeVar("T")

Layer = Literal["colour", "alpha"]

Source = Callable[[Clip, FrameRange, int, str], Iterator[bytes]]
"""A JPEG of each frame of a clip, in order, `side` pixels long at most; of its colour or alpha.

Called from threads of ours; raises Problems.
"""

AHEAD = 12  # frames fetched beyond the one that is wanted, as it is likely wanted next
_THREADS = 2
_PATIENCE = 3  # frames of one stream that are let through before another's want is served
_AT_ONCE = 0.01  # seconds the main thread is kept with what came; then others have their turn
_REST = 4.0  # seconds before a frame that could not be fetched is asked for again
_MOST_WISHES = 32  # reels; what was asked for before that many others is wanted no more
_BREAKS = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, OSError)


def key_of(clip: Clip) -> str:
    """What tells a clip's pictures from another's; its range is no matter."""
    return f"{clip.media}|{clip.colour_space}|{clip.media_start}"


class Shelf(Generic[T]):
    """Keeps the things used last, while they are not too heavy together. For any thread."""

    def __init__(self, budget: int, weight: Callable[[T], int]) -> None:
        self._budget, self._weight = budget, weight
        self._things: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()
        self.weight = 0

    def get(self, name: Hashable) -> T | None:
        """What is kept by a name, or None; it will be kept longer for that."""
        with self._lock:
            thing = self._things.get(name)
            if thing is not None:
                self._things.move_to_end(name)
            return thing

    def __contains__(self, name: Hashable) -> bool:
        with self._lock:
            return name in self._things

    def put(self, name: Hashable, thing: T) -> None:
        """Keep something; what was not used the longest goes for it."""
        with self._lock:
            old = self._things.pop(name, None)
            if old is not None:
                self.weight -= self._weight(old)
            self._things[name] = thing
            self.weight += self._weight(thing)
            while self.weight > self._budget and len(self._things) > 1:
                self.weight -= self._weight(self._things.popitem(last=False)[1])

    def drop(self, which: Callable[[Any], bool]) -> None:
        """Keep those of some names no longer."""
        with self._lock:
            for name in [each for each in self._things if which(each)]:
                self.weight -= self._weight(self._things.pop(name))


@dataclass(frozen=True)
class Reel:
    """Pictures of one clip, of one size and one layer."""

    key: str
    side: int
    layer: Layer


@dataclass
class Wish:
    """What is wanted of a reel: a frame, and those that come next, backwards where `back`.

    `tried` are those that were fetched for it and may have gone for others since; `failed` those
    that could not be, and until when they are not asked for again.
    """

    clip: Clip
    frame: int
    back: bool
    said: int
    failed: dict[int, float]
    tried: set[int] = field(default_factory=set)

    def lacks(self, frame: int) -> bool:
        """Whether a frame may be fetched for it."""
        inside = self.clip.range is None or frame in self.clip.range
        return inside and frame not in self.tried and self.failed.get(frame, 0) < time.monotonic()


@dataclass
class Print:
    """A frame's picture on its way to the main thread."""

    wish: Wish
    frame: int
    picture: QImage | bytes


class Pictures(QObject):
    """Pictures of clips by their frames.

    What is not there yet is asked for and told by `arrived` (its clip's `key_of`, its frame). What
    was asked for last is fetched first, and what nobody waits for any more is let go. `failed`
    tells a Problem, once for each clip until it works again or `retry` is called.

    For the main thread alone. Images are at most `budget` bytes together, a quarter
    of which keeps JPEGs, so that a clip too long to be kept decoded still plays.
    """

    arrived = Signal(str, int)
    failed = Signal(object)
    _came = Signal()

    def __init__(
        self, source: Source, budget: int = 256 * 2**20, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._source = source
        self._images: Shelf[QImage] = Shelf(budget * 3 // 4, lambda image: image.sizeInBytes())
        self._jpegs: Shelf[bytes] = Shelf(budget // 4, len)
        self._wishes: OrderedDict[Reel, Wish] = OrderedDict()  # the last said is the last
        self._loose: deque[tuple[bytes, Callable[[QImage], None]]] = deque()
        self._busy: set[Reel] = set()
        self._said = 0
        self._change = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._decoding = threading.Lock()  # one at a time: the other cores are for what is seen
        self._told: deque[tuple[Any, Any]] = deque()
        self._drying: dict[tuple[Reel, int], Print] = {}  # fetched, and not yet on the shelf
        self._more = QTimer(self)
        self._more.setSingleShot(True)
        self._more.timeout.connect(self._tell)
        self._complained: set[str] = set()
        self._closed = False
        self._came.connect(self._tell, Qt.ConnectionType.QueuedConnection)

    @property
    def weight(self) -> int:
        """Bytes that are kept."""
        return self._images.weight + self._jpegs.weight

    def image(self, clip: Clip, frame: int, side: int, layer: Layer = "colour") -> QImage | None:
        """The picture of a frame, `side` pixels long at most, if it is there; else it is asked for.

        Those that come next are asked for too. Alpha is a picture of greys.
        """
        reel = Reel(key_of(clip), side, layer)
        if not self._closed:
            self._wish(reel, clip, frame)
        return self._images.get((reel, frame))

    def kept(self, clip: Clip, frame: int, side: int, layer: Layer = "colour") -> QImage | None:
        """The picture of a frame if it is there; nothing is asked for."""
        return self._images.get((Reel(key_of(clip), side, layer), frame))

    def retry(self, clip: Clip | None = None) -> None:
        """Forget what could not be fetched, of a clip or of all."""
        with self._change:
            for reel in [r for r in self._wishes if clip is None or r.key == key_of(clip)]:
                del self._wishes[reel]
            self._complained.clear()

    def forget(self, clip: Clip) -> None:
        """Fetch a clip's pictures anew: its media is another now."""
        key = key_of(clip)
        self._images.drop(lambda name: name[0].key == key)
        self._jpegs.drop(lambda name: name[0].key == key)
        with self._change:
            for name in [each for each in self._drying if each[0].key == key]:
                del self._drying[name]
        self.retry(clip)

    def close(self) -> None:
        """Fetch nothing more, and tell nothing."""
        with self._change:
            self._closed = True
            self._wishes.clear()
            self._loose.clear()
            self._change.notify_all()

    # wishes

    def _wish(self, reel: Reel, clip: Clip, frame: int) -> None:
        with self._change:
            before = self._wishes.pop(reel, None)
            back = before is not None and frame < before.frame
            if before is not None and frame == before.frame:
                back = before.back
            self._said += 1
            wish = Wish(clip, frame, back, self._said, before.failed if before else {})
            self._wishes[reel] = wish
            while len(self._wishes) > _MOST_WISHES:
                self._wishes.popitem(last=False)
            if self._lacking(reel) is not None:
                self._start()
                self._change.notify()

    def develop(self, jpeg: bytes, then: Callable[[QImage], None]) -> None:
        """Decode a picture beside the main thread, before all others; `then` is told it there."""
        with self._change:
            if not self._closed:
                self._loose.append((jpeg, then))
                self._start()
                self._change.notify()

    def _start(self) -> None:
        if not self._threads:
            for number in range(_THREADS):
                name = f"secondunit-pictures-{number}"
                self._threads.append(threading.Thread(target=self._run, name=name, daemon=True))
                self._threads[-1].start()

    def _lacking(self, reel: Reel) -> FrameRange | None:
        """The frames to fetch now: that which is wanted and what follows it without a gap."""
        wish = self._wishes[reel]

        def lacks(frame: int) -> bool:
            return wish.lacks(frame) and not self._has(reel, frame)

        if not wish.back:
            return _run([f for f in range(wish.frame, wish.frame + AHEAD) if lacks(f)])
        if lacks(wish.frame):
            return FrameRange(wish.frame, wish.frame)
        return _run([f for f in range(wish.frame, wish.frame - AHEAD, -1) if lacks(f)])

    def _waits(self, reel: Reel) -> bool:
        """Whether the very frame that is wanted is not there, and may be fetched."""
        wish = self._wishes[reel]
        return wish.lacks(wish.frame) and not self._has(reel, wish.frame)

    def _has(self, reel: Reel, frame: int) -> bool:
        return (reel, frame) in self._images or (reel, frame) in self._drying

    def _next(self) -> tuple[Reel, Wish, FrameRange] | None:
        """What to fetch: what is waited for, before what only may be wanted; said last, first."""
        idle = [reel for reel in reversed(self._wishes) if reel not in self._busy]
        for reel in sorted(idle, key=self._waits, reverse=True):
            frames = self._lacking(reel)
            if frames is not None:
                return reel, self._wishes[reel], frames
        return None

    # on the threads

    def _run(self) -> None:
        while True:
            with self._change:
                found = None
                while not self._closed and not self._loose and found is None:
                    found = self._next()
                    if found is None:
                        self._change.wait()
                if self._closed:
                    return
                if self._loose:
                    jpeg, then = self._loose.popleft()
                    found = None
                elif found is not None:
                    self._busy.add(found[0])
            if found is None:
                self._put(then, begun(jpeg))
                continue
            try:
                self._fetch(*found)
            finally:
                with self._change:
                    self._busy.discard(found[0])
                    self._change.notify()

    def _fetch(self, reel: Reel, wish: Wish, frames: FrameRange) -> None:
        jpeg = self._jpegs.get((reel, frames.first))
        if jpeg is not None:
            self._keep(reel, wish, frames.first, jpeg)
            return
        due = frames.first
        try:
            stream = self._source(wish.clip, frames, reel.side, reel.layer)
            try:
                for frame, each in zip(frames, stream):  # noqa: B905 - Python 3.10 and a plain end
                    self._keep(reel, wish, frame, each)
                    due = frame + 1
                    if self._stale(reel, frame, frames):
                        return
            finally:
                _shut(stream)
            if due <= frames.last:
                raise MediaUnreadable(f"Frame {due} cannot be shown", wish.clip.media)
        except FrameMissing as problem:  # the others may be there
            self._give_up(reel, wish, FrameRange(due, due), problem)
        except Problem as problem:
            self._give_up(reel, wish, FrameRange(due, max(due, frames.last)), problem)
        except _BREAKS as error:
            self._give_up(reel, wish, frames, fault(error, "pictures"))

    def _keep(self, reel: Reel, wish: Wish, frame: int, jpeg: bytes) -> None:
        with self._decoding:
            picture = begun(jpeg, reel.layer == "alpha")
        self._jpegs.put((reel, frame), jpeg)
        wish.tried.add(frame)
        told = Print(wish, frame, picture)
        with self._change:
            self._drying[reel, frame] = told
        self._put(reel, told)

    def _stale(self, reel: Reel, frame: int, frames: FrameRange) -> bool:
        """Whether the rest of a stream should wait after this frame of it: another frame is wanted
        that it will not bring, or somebody waits for another reel's.
        """
        with self._change:
            wish = self._wishes.get(reel)
            if self._closed or wish is None:
                return True
            if self._waits(reel):
                return not frame < wish.frame <= frames.last
            if not frames.first - AHEAD <= wish.frame <= frames.last or self._loose:
                return True
            if frame - frames.first + 1 < _PATIENCE:
                return False
            return any(r not in self._busy and self._waits(r) for r in self._wishes if r != reel)

    def _give_up(self, reel: Reel, wish: Wish, frames: FrameRange, problem: Problem) -> None:
        with self._change:
            again = time.monotonic() + _REST
            wish.failed.update((frame, again) for frame in frames)
        self._put(reel, problem)

    def _put(
        self, whose: Reel | Callable[[QImage], None], told: Print | Problem | QImage | bytes
    ) -> None:
        """Have something told on the main thread."""
        self._told.append((whose, told))
        try:
            if not self._closed:
                self._came.emit()
        except RuntimeError:  # the window is gone, and this object with it
            self._closed = True

    # on the main thread

    def _tell(self) -> None:
        if self._more.isActive():  # the rest has its turn after others
            return
        end = time.monotonic() + _AT_ONCE
        while self._told and not self._closed:
            whose, told = self._told.popleft()
            if not isinstance(whose, Reel):
                whose(finished(told))
            elif isinstance(told, Problem):
                self._complain(whose, told)
            else:
                self._shelve(whose, told)
            if time.monotonic() > end:
                self._more.start()
                return

    def _shelve(self, reel: Reel, told: Print) -> None:
        """Keep a picture, and tell that it is there; one that was forgotten meanwhile goes."""
        name = (reel, told.frame)
        with self._change:
            if self._drying.get(name) is not told:
                return
            del self._drying[name]
        image = finished(told.picture, reel.layer == "alpha")
        if image.isNull():
            self._jpegs.drop(lambda kept: kept == name)
            media, frames = told.wish.clip.media, FrameRange(told.frame, told.frame)
            problem = MediaUnreadable(f"Frame {told.frame} cannot be shown", media)
            self._give_up(reel, told.wish, frames, problem)
            return
        self._images.put(name, image)
        self._complained.discard(reel.key)
        self.arrived.emit(reel.key, told.frame)

    def _complain(self, reel: Reel, problem: Problem) -> None:
        if reel.key not in self._complained:
            self._complained.add(reel.key)
            self.failed.emit(problem)


def _run(frames: list[int]) -> FrameRange | None:
    """The first frames that follow each other, upwards or downwards; None of none."""
    if not frames:
        return None
    last = frames[0]
    for each in frames[1:]:
        if abs(each - last) != 1:
            break
        last = each
    return FrameRange(min(frames[0], last), max(frames[0], last))


def _shut(stream: Iterator[bytes]) -> None:
    """Let the rest of a stream go."""
    close = getattr(stream, "close", None)
    if close is not None:
        close()
