"""Writing takes: under a hidden name first, under the final one only when whole."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from secondunit.media.depth import Frame
from secondunit.media.format import Format
from secondunit.media.landing import Landing, discard, land
from secondunit.media.movie_sink import MovieSink
from secondunit.media.pattern import pattern_of
from secondunit.media.picture_sink import PictureSink
from secondunit.media.refusals import writing
from secondunit.media.sound import Samples
from secondunit_contract.problem import CodecUnfit, MediaEmpty, SizeDisagrees


class Sink(Protocol):
    """Whatever puts frames into files under way."""

    @property
    def landings(self) -> list[Landing]:
        """The files under way, and the names they will have."""
        ...

    def add(self, frame: Frame) -> None: ...

    def hear(self, samples: Samples) -> None: ...

    def finish(self) -> None: ...

    def abandon(self) -> None: ...


class Writer:
    """A take being written: named when its `with` block ends well, gone when an error ends it."""

    def __init__(self, path: Path, wanted: Format, sink: Sink) -> None:
        self.path, self.format, self._sink = path, wanted, sink
        self.written = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.commit()
        else:
            self.abandon()

    def write(self, frame: Frame) -> None:
        """Add one frame of the format's shape and depth.

        Raises SizeDisagrees, CodecUnfit, DiskFull, NotWritable.
        """
        self._refuse_unlike(frame)
        self._sink.add(frame)
        self.written += 1

    def hear(self, samples: Samples) -> None:
        """Add what is heard with the frames, once all of them are written.

        Raises CodecUnfit for a format without sound, DiskFull, NotWritable.
        """
        if not self.format.sound:
            raise CodecUnfit("Sound for a take that was begun without any", where=str(self.path))
        self._sink.hear(samples)

    def commit(self) -> None:
        """Finish the files and give them their names. Raises DiskFull, NotWritable, MediaEmpty."""
        try:
            if not self.written:
                raise MediaEmpty("No frame was written", where=str(self.path))
            self._sink.finish()
            with writing(self.path):
                land(self._sink.landings)
        except BaseException:
            self.abandon()
            raise

    def abandon(self) -> None:
        """Leave nothing behind."""
        self._sink.abandon()
        discard(self._sink.landings)

    def _refuse_unlike(self, frame: Frame) -> None:
        wanted = self.format
        if frame.shape != wanted.shape:
            raise SizeDisagrees(
                f"A frame of {_shape(frame.shape)} for a take of {_shape(wanted.shape)}",
                where=str(self.path),
            )
        if frame.dtype != wanted.depth.dtype:
            raise CodecUnfit(
                f"Frames of {frame.dtype} for a take of {wanted.depth} values", where=str(self.path)
            )
        if wanted.depth.bits not in (8, 16, 32) and int(frame.max()) > wanted.depth.white:
            raise CodecUnfit(
                f"A value of {int(frame.max())}; {wanted.depth} ends at {wanted.depth.white}",
                where=str(self.path),
            )


def create(path: str | Path, wanted: Format, first: int = 0) -> Writer:
    """Begin a take at `path`; `first` is the number of its first frame.

    A sequence's path is a pattern, take.####.exr; a picture format without one takes a single
    frame. The folder is made where missing. Raises CodecUnfit, DiskFull, NotWritable.
    """
    path = Path(path)
    wanted.refuse_unfit(path)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    if wanted.movie:
        return Writer(path, wanted, MovieSink(path, wanted))
    return Writer(path, wanted, PictureSink(pattern_of(path) or path, wanted, first))


def _shape(shape: tuple[int, ...]) -> str:
    height, width, channels = (*shape, 1, 1, 1)[:3]
    return f"{width} x {height} pixels with {channels} channels"
