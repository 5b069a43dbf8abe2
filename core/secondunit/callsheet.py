"""The call sheet: all one call of a video model may be told, and what a model can honour."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
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
    "look",
]
"""What a sheet can ask of a model.

words         a prompt that must be followed
plate, paint  kept pixels beside pixels to invent
edit          to repaint over pixels it is shown
carry         an edit that some frames show, to be made on all the others
keys          whole pictures it must pass through
references    who and what must look like this
guide, tracks structure or motion to follow
strength      how far to leave the plate
look          a forward pass over real footage, read out
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


@dataclass(frozen=True)
class ModelCard:
    """A model as it is listed: what it is, what it may be used for, what it can do.

    `source` is a folder or a repository id; `steps` and `guidance` what its maker advises;
    `size_mb` what its files take here; `sha256` what they must hash to, where its maker says so.
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


@dataclass(eq=False)
class CallSheet:
    """One call of a video model.

    plate       (T,H,W,3) float32, 0..1, display-referred; UNKNOWN where nobody knows
    paint       (T,H,W) bool: True where the model may paint
    keys        frame index -> (H,W,3): pictures it must pass through
    carry       whether the keys show an edit that the other frames shall get
    references  pictures (H,W,3) of who and what must look like this
    guide       (T,H,W,3): structure to follow
    strength    0..1: how far painted pixels may leave the plate; 1 forgets it
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
    strength: float = 1.0
    steps: int | None = None
    guidance: float | None = None
    seeds: tuple[int, ...] = (0,)
    adapters: tuple[str, ...] = ()

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

    def needs(self) -> frozenset[Need]:
        """What a model must honour to shoot this sheet."""
        asked: set[Need] = set()
        if self.plate is not None and self.paint is not None:
            asked |= {"plate", "paint"}
            if bool(self.paint.any()) and bool((self.plate[self.paint] != UNKNOWN).any()):
                asked.add("edit")
        elif self.plate is not None:
            asked |= {"plate", "edit"}
        if self.plate is None and not self.keys:
            asked.add("words")
        if self.keys:
            asked.add("keys")
        if self.carry:
            asked.add("carry")
        if self.references:
            asked.add("references")
        if self.guide is not None:
            asked.add("guide")
        if self.strength < 1:
            asked.add("strength")
        return frozenset(asked)

    def summary(self) -> dict[str, Any]:
        """The sheet without its pixels, for a side-car."""
        told: dict[str, Any] = {"width": self.width, "height": self.height, "frames": self.frames}
        told |= {
            "rate": str(self.rate),
            "prompt": self.prompt,
            "negative": self.negative,
            "seeds": list(self.seeds),
        }
        told |= {"steps": self.steps, "guidance": self.guidance, "strength": self.strength}
        told |= {
            "keys": sorted(self.keys),
            "references": len(self.references),
            "needs": sorted(self.needs()),
        }
        if self.paint is not None:
            told["painted_share"] = round(float(self.paint.mean()), 6)
        return told


class Answer(NamedTuple):
    """Frames a model has made: of which seed's take, from which frame on.

    `frames` is (n,H,W,3) float32 in 0..1.
    """

    take: int
    first: int
    frames: Pixels


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


class Unwatched:
    """A watch that never stops anything and hears nothing."""

    def check(self) -> None:
        """Go on."""

    def step(self, take: int, done: int, total: int, estimate: Estimate | None) -> None:
        """Heard, and left at that."""
