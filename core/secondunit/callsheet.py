"""The call sheet: all one call of a video model may be told, and what a model can honour."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from secondunit_contract.frames import Rate
from secondunit_contract.problem import BadValue, SizeUnfit

Pixels = NDArray[np.float32]

Need = Literal[
    "words",
    "plate",
    "paint",
    "edit",
    "carry",
    "keys",
    "references",
    "guide",
    "tracks",
    "strength",
    "light",
    "look",
]
"""What a sheet can ask of a model.

words         a prompt that must be followed
plate, paint  kept pixels beside pixels to invent
edit          to repaint over pixels it is shown, however far from them
carry         an edit that some frames show, to be made on all the others
keys          whole pictures it must pass through
references    who and what must look like this
guide, tracks structure or motion to follow
strength      how far to leave the plate; below 1 it is seen through noise, which needs no `edit`
light         the plate as it is, in the light that was there: also what was brighter than white
look          a forward pass over real footage, read out
"""

KeyPlaces = Literal["anywhere", "ends", "beginning", "first"]
"""Where a model takes pictures it must pass through: on any frames; on the first one, and with it
on the last; on the first one and those right after it; on the first alone.
"""

UNKNOWN = 0.5
"""The grey that stands for a pixel nobody knows."""


class Size(NamedTuple):
    """A picture's size in pixels."""

    width: int
    height: int


@dataclass(frozen=True)
class FrameRule:
    """The clip lengths a model can make: base + k*step frames, up to longest."""

    base: int
    step: int
    longest: int

    def up(self, frames: int) -> int:
        """The shortest length that holds so many frames. Raises SizeUnfit beyond the longest."""
        steps = max(0, math.ceil((frames - self.base) / self.step))
        length = self.base + steps * self.step
        if length > self.longest:
            raise SizeUnfit(f"{frames} frames in one call; the longest is {self.longest}")
        return length


@dataclass(frozen=True)
class Reach:
    """What a model honours, and the shapes it works in.

    multiple       width and height are multiples of this, in pixels
    area           the picture area it was trained for, in pixels; larger shots are fitted into it
    native_rate    frames a second it was trained at, where its maker says so
    context        frames of known footage it wants beside what it invents
    anchors        frames of a run's known beginning it wants to be shown in every later call
    holes          how it likes pixels nobody knows: "grey", or "rough" with a first guess laid in
    memory_gb      weights plus activations at its own area and longest clip
    key_places     where it takes keys
    size           the one size it can make, where there is but one
    stand_ins      which of what it honours comes by a technique of ours, not by its own training
    drag           for what share of the steps a crude animation along tracks is held by a stand-in:
                   around the pieces that move, and on them
    adapters       whether it can wear adapters (LoRAs)
    teachable      whether an adapter can be trained on it: see `Teachable`
    sound          whether it makes sound along with its frames
    """

    honours: frozenset[Need]
    multiple: int
    frames: FrameRule
    area: int
    native_rate: Rate | None = None
    context: int = 5
    references: int = 0
    memory_gb: float = 0.0
    anchors: int = 0
    holes: Literal["grey", "rough"] = "grey"
    key_places: KeyPlaces = "anywhere"
    size: Size | None = None
    stand_ins: frozenset[Need] = frozenset()
    drag: tuple[float, float] = (0.06, 0.14)
    adapters: bool = False
    teachable: bool = False
    sound: bool = False

    def takes_keys(self, places: Iterable[int], frames: int) -> bool:
        """Whether it can pass through keys in these places of a clip of so many frames."""
        asked = set(places)
        if not asked or self.key_places == "anywhere":
            return True
        if self.key_places == "beginning":
            return asked == set(range(len(asked)))
        ends = {0, frames - 1} if self.key_places == "ends" else {0}
        return 0 in asked and asked <= ends


@dataclass(frozen=True)
class Draft:
    """How a model shoots in a few steps what it takes many for: the adapter that was distilled for
    it, by name or path, with a weight, and what it wants told.
    """

    adapter: str
    steps: int = 4
    guidance: float = 1.0


@dataclass(frozen=True)
class ModelCard:
    """A model as it is listed: what it is, what it may be used for, what it can do.

    `source` is a folder or a repository id; `steps` and `guidance` what its maker advises;
    `size_mb` what its files take here; `sha256` what they must hash to, where its maker says so;
    `elsewhere` the address of the engine that shoots with it, where that is not this program;
    `draft` how it shoots drafts.
    """

    name: str
    title: str
    reach: Reach
    licence: str
    training_data: str
    source: str
    revision: str = ""
    steps: int = 30
    guidance: float = 5.0
    note: str = ""
    size_mb: float = 0.0
    sha256: str = ""
    elsewhere: str = ""
    draft: Draft | None = None


@dataclass(frozen=True)
class Track:
    """A drawn path: where a point of the frame it begins on is to be on later ones.

    path    frame index -> (x, y) in pixels; straight on between them, at rest after; what is there
            on the first of them, which must be known, goes along
    radius  how far around the point the picture goes with it, in pixels; 0 for an eighth of the
            picture's shorter side
    """

    path: dict[int, tuple[float, float]]
    radius: float = 0.0

    def at(self, frame: int) -> tuple[float, float]:
        """Where the point is to be on that frame."""
        frames = sorted(self.path)
        x, y = (
            float(np.interp(frame, frames, [self.path[each][axis] for each in frames]))
            for axis in (0, 1)
        )
        return x, y


@dataclass(eq=False)
class CallSheet:
    """One call of a video model.

    plate       (T,H,W,3) float32, 0..1, display-referred; UNKNOWN where nobody knows
    paint       (T,H,W) bool: True where the model may paint
    keys        frame index -> (H,W,3): pictures it must pass through
    carry       whether the keys show an edit that the other frames shall get
    references  pictures (H,W,3) of who and what must look like this
    guide       (T,H,W,3): structure to follow
    tracks      paths that points of a key or of the plate shall go
    strength    0..1: how far painted pixels may leave the plate; 1 forgets it
    adapters    LoRAs to wear, each its file and weight: "/path/to/look.safetensors:0.8"
    sound       whether sound is wanted too, of a model that makes any
    light       whether the plate is to come back as it is in scene-linear light; see `Answer`
    """

    width: int
    height: int
    frames: int
    rate: Rate
    prompt: str = ""
    negative: str = ""
    plate: Pixels | None = None
    paint: NDArray[np.bool_] | None = None
    keys: dict[int, Pixels] = field(default_factory=dict)
    carry: bool = False
    references: tuple[Pixels, ...] = ()
    guide: Pixels | None = None
    tracks: tuple[Track, ...] = ()
    strength: float = 1.0
    steps: int | None = None
    guidance: float | None = None
    seeds: tuple[int, ...] = (0,)
    adapters: tuple[str, ...] = ()
    sound: bool = False
    light: bool = False

    def __post_init__(self) -> None:
        whole = (self.frames, self.height, self.width)
        for name, array, shape in (
            ("plate", self.plate, (*whole, 3)),
            ("paint", self.paint, whole),
            ("guide", self.guide, (*whole, 3)),
        ):
            if array is not None and array.shape != shape:
                raise BadValue(f"The sheet's {name} is {array.shape}, not {shape}")
        if any(not 0 <= index < self.frames for index in self.keys):
            raise BadValue(f"A key outside the sheet's {self.frames} frames: {sorted(self.keys)}")
        if self.light and (self.plate is None or self.keys or self.tracks):
            raise BadValue("Light is asked for of a plate alone")
        if any(not track.path for track in self.tracks):
            raise BadValue("A track that goes nowhere", "tracks", "Draw it, or leave it out")
        if self.tracks and self.plate is None and 0 not in self.keys:
            raise BadValue(
                "There are tracks, and no picture that could go along them",
                "tracks",
                "Give a plate, or the first frame",
            )

    def needs(self) -> frozenset[Need]:
        """What a model must honour to shoot this sheet."""
        if self.light:
            return frozenset({"light"})
        plate, keys = self.plate is not None, bool(self.keys)
        asked: dict[Need, bool] = {
            "plate": plate,
            "paint": plate and self.paint is not None,
            "edit": self.strength >= 1 and self.paints_over(),
            "words": not plate and not keys,
            "keys": keys,
            "carry": self.carry,
            "references": bool(self.references),
            "guide": self.guide is not None,
            "tracks": bool(self.tracks),
            "strength": self.strength < 1,
        }
        return frozenset(need for need, there in asked.items() if there)

    def in_keys(self) -> CallSheet | None:
        """The same told without a plate: its whole frames are keys. None where it holds anything
        but whole frames, or is to be painted over.
        """
        if self.plate is None or self.paint is None or self.strength < 1 or self.paints_over():
            return None
        painted = self.paint.reshape(self.frames, -1)
        kept = ~painted.any(axis=1)
        if self.tracks or not bool((painted.all(axis=1) | kept).all()):
            return None
        keys = {int(place): self.plate[place] for place in np.flatnonzero(kept)}
        return replace(self, plate=None, paint=None, keys=keys | self.keys)

    def paints_over(self) -> bool:
        """Whether there are pixels to be painted that are known."""
        if self.plate is None or self.paint is None:
            return self.plate is not None
        return bool(self.paint.any()) and bool((self.plate[self.paint] != UNKNOWN).any())

    def summary(self, reach: Reach | None = None) -> dict[str, Any]:
        """The sheet without its pixels, for a side-car; with a model's reach, also what of it came
        by a stand-in.
        """
        told: dict[str, Any] = {
            "width": self.width, "height": self.height, "frames": self.frames,
            "rate": str(self.rate), "prompt": self.prompt, "negative": self.negative,
            "seeds": list(self.seeds), "steps": self.steps, "guidance": self.guidance,
            "strength": self.strength, "keys": sorted(self.keys),
            "references": len(self.references), "needs": sorted(self.needs()),
        }  # fmt: skip
        if self.adapters:
            told["adapters"] = list(self.adapters)
        if self.paint is not None:
            told["painted_share"] = round(float(self.paint.mean()), 6)
        if self.tracks:
            told["tracks"] = len(self.tracks)
        told |= {name: True for name in ("sound", "light") if getattr(self, name)}
        stood_in = self.needs() & reach.stand_ins if reach is not None else frozenset()
        if stood_in:
            told["stand_ins"] = sorted(stood_in)
        return told


@dataclass(frozen=True, eq=False)
class Sound:
    """What is heard: (N,1) or (N,2) float32 in -1..1, `rate` samples a second."""

    samples: NDArray[np.float32]
    rate: int

    def __post_init__(self) -> None:
        if self.samples.ndim != 2 or self.samples.shape[1] not in (1, 2) or self.rate < 1:
            raise BadValue(f"A sound of {self.samples.shape} samples, {self.rate} a second")


class Answer(NamedTuple):
    """Frames a model has made: of which seed's take, from which frame on.

    `frames` is (n,H,W,3) float32 in 0..1, display-referred; where light was asked for, linear with
    Rec.709's primaries: from 0 on without an end, 1 what a display shows as white. `sound` lasts as
    long as they do, where there is any.
    """

    take: int
    first: int
    frames: Pixels
    sound: Sound | None = None


class Cancelled(BaseException):
    """Raised inside a model's call when the watcher wants it stopped.

    No Exception, since nothing went wrong: nobody who handles errors may swallow it.
    """


class Watch(Protocol):
    """Whoever waits for a call: hears of each step, and may stop it."""

    def check(self) -> None:
        """Raise Cancelled when the call is no longer wanted. Called often; must be quick."""
        ...

    def step(self, take: int, done: int, total: int, estimate: Estimate | None) -> None:
        """So many steps of so many are done; `estimate` makes a preview on demand."""
        ...


class Estimate(Protocol):
    """Makes what a model believes so far into a picture, when called."""

    def __call__(self) -> Pixels:
        """(n,H,W,3) float32: a few frames of the clip."""
        ...


@dataclass(frozen=True, eq=False)
class Question:
    """What to look for in footage: what a mask on some frames marks, or what a word names.

    masks    frame index -> (H,W) bool; where there are any, the words are not needed
    others   what else is in the picture, in words: what the words are told apart from
    samples  1 to 4: on how many grids to look; more find the edge better, and take so much longer
    """

    masks: dict[int, NDArray[np.bool_]] = field(default_factory=dict)
    words: str = ""
    others: tuple[str, ...] = ()
    samples: int = 4


@dataclass(frozen=True, eq=False)
class Sight:
    """What a model saw.

    found       (T,H,W) float32 0..1: how much each pixel is it
    confidence  (T,) float32 0..1: how sure it is of each frame
    spread      (T,H,W) float32: how far the samples differ; None from a model that does not say
    """

    found: Pixels
    confidence: Pixels
    spread: Pixels | None = None


class VideoModel(Protocol):
    """A general video model, ready to shoot. `card.reach` says what it honours, `look` included."""

    @property
    def card(self) -> ModelCard: ...

    def shoot(self, sheet: CallSheet, watch: Watch) -> Iterator[Answer]:
        """Generate: takes one after another, each in frames as they are decoded."""
        ...

    def look(self, footage: Pixels, question: Question, watch: Watch | None = None) -> Sight:
        """One forward pass over real footage (T,H,W,3), display-referred.

        Raises ModelUnfit where the reach lacks `look`.
        """
        ...

    def provenance(self) -> dict[str, Any]:
        """Weights' hash, precision, library versions: all a side-car tells of the model."""
        ...


@dataclass(frozen=True, eq=False)
class Lesson:
    """A call sheet and what should come of it: (T,H,W,3) float32, 0..1, display-referred."""

    sheet: CallSheet
    truth: Pixels


@dataclass(frozen=True)
class Course:
    """How an adapter learns.

    steps, rank, rate   for how long, how much it can hold, and how much it takes from each step
    frames, area        of a lesson, at most; 0 is as much as the model makes
    sample_every        steps until what has been learnt is looked at
    keep_every          steps until it is kept, so that no more can be lost
    """

    steps: int
    rank: int = 16
    rate: float = 1e-4
    seed: int = 0
    frames: int = 0
    area: int = 0
    sample_every: int = 100
    keep_every: int = 25


class Pupil(Protocol):
    """An adapter that is being taught. The model wears it as it is: what it shoots meanwhile shows
    what has been learnt.
    """

    @property
    def done(self) -> int:
        """The steps it has learnt for."""
        ...

    def learn(self, lesson: Lesson) -> float:
        """One step: learn from a lesson; how wrong it was before. The noise depends on the course's
        seed and the step alone.
        """
        ...

    def error(self, lesson: Lesson, number: int) -> float:
        """How wrong it is about a lesson, with noise of that number; nothing is learnt."""
        ...

    def kept(self) -> dict[str, NDArray[Any]]:
        """All it has learnt so far, to go on with by `resume`."""
        ...

    def resume(self, kept: Mapping[str, NDArray[Any]]) -> None:
        """Go on where `kept` was told: with the same bits as if nothing had happened in between.
        Raises KeyError, ValueError for what another course has kept.
        """
        ...

    def files(self, story: Mapping[str, str]) -> dict[str, bytes]:
        """The adapter as safetensors files that tell that story, by what their names end with."""
        ...


class Teachable(Protocol):
    """What a model offers whose card says `reach.teachable`."""

    def taught(self, course: Course, watch: Watch) -> AbstractContextManager[Pupil]:
        """A new adapter, worn while this lasts; the model is afterwards what it was, bit for bit.

        Raises ModelUnfit, and on the way NotEnoughMemory and what the watch raises.
        """
        ...


class Unwatched:
    """A watch that never stops anything and hears nothing."""

    def check(self) -> None:
        """Go on."""

    def step(self, take: int, done: int, total: int, estimate: Estimate | None) -> None:
        """Heard, and left at that."""
