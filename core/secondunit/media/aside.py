"""Writing aside: frames go into files while the next ones are being made."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from secondunit.media.depth import Frame
from secondunit.media.sound import Samples
from secondunit.media.write import Writer

AHEAD = 8
"""Frames that may wait to be written."""


class Aside:
    """A writer with a thread of its own. All is written when its `with` block ends well.

    What goes wrong in writing is raised by one of the next `write`s, or where the block ends.
    """

    def __init__(self, writer: Writer, ahead: int = AHEAD) -> None:
        self._writer, self._ahead = writer, ahead
        self._hand = ThreadPoolExecutor(1, "writing")
        self._waiting: deque[Future[None]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            while error is None and self._waiting:
                self._waiting.popleft().result()
        finally:
            self._hand.shutdown(cancel_futures=True)

    def write(self, frame: Frame) -> None:
        """Have a frame written, which nobody may change any more. Raises as `Writer.write` does."""
        while self._waiting and (len(self._waiting) > self._ahead or self._waiting[0].done()):
            self._waiting.popleft().result()
        self._waiting.append(self._hand.submit(self._writer.write, frame))

    def hear(self, samples: Samples) -> None:
        """Have what is heard with the frames written, behind all of them."""
        self._waiting.append(self._hand.submit(self._writer.hear, samples))
