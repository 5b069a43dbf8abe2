"""What a panel asks of the application it lives in, and what it is told.

Problems a host raises beside those of the contract:

HostProblem     host             the application refused
  HostBusy      host.busy        it refused although it could: a dialog may be open
  HostGone      host.gone        it does not answer, or has no document open
  HostCannot    host.cannot      this edition or version of it cannot do that
  PlaceGone     host.place_gone  what was selected is not in the document any more
  NotPlaced     host.not_placed  what was read back is not what was to be placed
  PlateHoled    host.plate       the plate it exported lacks frames, or holds broken ones
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate, Timecode
from secondunit_contract.job import Job, Take
from secondunit_contract.problem import Problem

Ability = Literal["place", "matte", "mark", "open", "take_out"]

Progress = Callable[[int, int], None]
"""Told how many frames of how many are exported; what it raises ends the export."""


class HostProblem(Problem):
    """The application refused."""

    code = "host"


class HostBusy(HostProblem):
    """It refused although it could; a dialog may be open in it."""

    code = "host.busy"


class HostGone(HostProblem):
    """It does not answer, or has no document open."""

    code = "host.gone"


class HostCannot(HostProblem):
    """This edition or version of it cannot do that."""

    code = "host.cannot"


class PlaceGone(HostProblem):
    """What was selected is not in the document any more."""

    code = "host.place_gone"


class NotPlaced(HostProblem):
    """What was read back is not what was to be placed."""

    code = "host.not_placed"


class PlateHoled(HostProblem):
    """The plate it exported lacks frames, or holds broken ones."""

    code = "host.plate"


@dataclass(frozen=True)
class About:
    """The host: its name and version, how it counts, and what it can do.

    `counts` is how it shows time to its user. `codec` is what it plays of takes whose plate is no
    image sequence; empty: the engine's own, without loss. `notice` is a sentence the panel shows as
    long as it is true ("This edition takes no scripts: takes are handed over as files"); `steps`
    what its user does by hand then, in their order.
    """

    name: str
    version: str = ""
    counts: Literal["frames", "timecode"] = "frames"
    can: frozenset[Ability] = frozenset(("place", "matte", "mark", "open", "take_out"))
    notice: str = ""
    steps: tuple[str, ...] = ()
    codec: str = ""


@dataclass(frozen=True)
class Place:
    """Somewhere in the host's document.

    `id` is by what the host finds it again: an item's id, a node's name; empty for a place where
    nothing stands. `range` counts as the document does, at its `rate`: a timeline's own absolute
    frames, a script's frames. `timecode` is that of its first frame, where the document has one.
    `document` names the document so that it is known again after a restart; `track` is the host's
    word for the track or group.
    """

    range: FrameRange
    rate: Rate
    id: str = ""
    document: str = ""
    track: str = ""
    timecode: Timecode | None = None
    extra: dict[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Shot:
    """A clip that stands in the document.

    `clip` holds exactly the frames that stand there (or those marked in it), in the media's own
    numbers, with its rate and colour space; `available` are all the media has, where that is known.
    The frames of `clip.range` and of `place.range` belong together one by one, unless
    `must_export` says why the media alone is not what is seen there ("The clip is retimed"): then
    `Host.plate` has to export it.
    """

    name: str
    clip: Clip
    place: Place
    available: FrameRange | None = None
    width: int = 0
    height: int = 0
    must_export: str = ""


@dataclass(frozen=True)
class Selection:
    """What the artist has selected: clips, in the document's order, or a gap to fill, or nothing.

    `before` and `after` are the neighbours of the gap, or of the clips, where they touch; `matte`
    is a clip the artist has marked as the matte of the others, where the host knows such a thing;
    `guide` one whose structure is to be followed, frame for frame with the clip or the gap.
    `playhead` counts as the document does. `folder` is where takes of this document should lie;
    empty: beside the media.
    """

    clips: tuple[Shot, ...] = ()
    gap: Place | None = None
    before: Shot | None = None
    after: Shot | None = None
    matte: Shot | None = None
    playhead: int | None = None
    document: str = ""
    folder: str = ""
    guide: Shot | None = None

    def __bool__(self) -> bool:
        """Whether anything is selected."""
        return bool(self.clips) or self.gap is not None


@dataclass(frozen=True)
class Delivery:
    """A take on its way into the document.

    `at` is the place it was made for; `lies` the frames of the document its own shall stand on, as
    many as it has: an extended take begins before its plate. `raw` says that its numbers are no
    colours (a matte), `colour_space` the OCIO name of one that is a picture; empty: as its file
    says. Takes of one `slate` are alternatives: the `chosen` one, which is the last placed as such,
    is seen, the others are kept out of sight.
    """

    take: Take
    job: Job
    at: Place
    lies: FrameRange
    slate: str = ""
    raw: bool = False
    colour_space: str = ""
    chosen: bool = True


@dataclass(frozen=True)
class Placed:
    """What stands in the document now, as it was read back from the host.

    `place` is where; `media` the file the host says it plays; `frames` the media's own numbers it
    plays, or None where the host cannot tell; `how` a word of the host for what it made ("clip",
    "take 2", "node"); `job` and `number` whose take it is.
    """

    place: Place
    media: str
    frames: FrameRange | None = None
    how: str = ""
    job: str = ""
    number: int = 0


@dataclass(frozen=True)
class Mark:
    """A note at frames of the document: of which job, and what about it."""

    range: FrameRange
    name: str
    note: str = ""
    job: str = ""
    kind: Literal["job", "unsure"] = "job"


class Host(Protocol):
    """The application a panel lives in, with a document open.

    Threads: all but `about` and `call_on_main` may take long, and are called one at a time, always
    from one same thread, which need not be the main one; an adapter whose host allows its own main
    thread only carries each call over, and must manage too when it is called on it. They raise
    HostProblems, and write nothing where they raise.
    """

    def about(self) -> About:
        """Which host this is, and what it can do. At once, from any thread; raises nothing."""
        ...

    def selection(self) -> Selection:
        """What is selected now. Changes nothing. Raises HostGone, HostBusy."""
        ...

    def plate(self, shot: Shot, folder: Path, told: Progress) -> Clip:
        """The shot's frames as media: its source where that is what is seen, else an export.

        An export lies in `folder`, has exactly the frames of `shot.place.range`, at full
        resolution, each read back. Raises PlaceGone, PlateHoled, HostBusy, DiskFull, NotWritable,
        and what `told` raises; then nothing of it is left.
        """
        ...

    def place(self, delivery: Delivery) -> Placed:
        """Put a take into the document beside its plate, as one step its user can undo.

        Nothing that was there is changed or moved. The same take again is not placed twice: what
        stands is told. What is told was read back and agrees with the delivery. Raises PlaceGone,
        NotPlaced, HostBusy, HostCannot.
        """
        ...

    def attach_matte(self, delivery: Delivery) -> Placed:
        """Put a matte beside its plate and wire it so that it cuts the plate, as one step.

        Raises as `place` does.
        """
        ...

    def mark(self, at: Place, mark: Mark) -> None:
        """Write a mark where its user finds it. The same mark again replaces it.

        Raises PlaceGone, HostBusy, HostCannot.
        """
        ...

    def open(self, at: Place, frame: int | None = None) -> None:
        """Show a place to the host's user, at a frame of the document.

        Raises PlaceGone, HostBusy, HostCannot.
        """
        ...

    def take_out(self, placed: Placed) -> None:
        """Take out what was placed, and nothing else; what is gone already is no problem.

        Media files stay. Raises HostBusy, HostCannot.
        """
        ...

    def call_on_main(self, call: Callable[[], None]) -> None:
        """Have `call` called on the panel's main thread soon, after those given before.

        Returns at once, from any thread. What `call` raises must not keep later ones away.
        """
        ...
