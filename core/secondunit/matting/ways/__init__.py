"""The ways to a matte: each asks a general video model for one thing, and reads the answer.

A way is a module with

    NAME    what people call it
    needs   what a model must honour for it; None where it cannot begin from what is known
    write   from a passage and a wish to the call sheets of one window
    read    from the model's answers to a guess

and none of them knows which model answers. `look`, one way more, is no call sheet: there the engine
asks the model for a sight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from secondunit.callsheet import CallSheet, Need, Pixels
from secondunit_contract.frames import Rate

_ARTICLES = frozenset({"a", "an", "the"})
_OTHERS = frozenset({"this", "that", "these", "those", "all", "both", "each", "every", "any"})
_WHOSE = frozenset({"my", "your", "his", "her", "its", "our", "their"})
_DETERMINERS = _ARTICLES | _OTHERS | _WHOSE

Answers = Sequence[Pixels]
"""Each take of each sheet, in their order: (T,H,W,3) float32, 0..1."""


@dataclass(frozen=True)
class Wish:
    """What the matte is of.

    subject  in words; may be empty where frames are marked
    votes    how many answers are asked of a way that guesses
    closely  whether to look at more than a model shoots: dearer, and nearer the outline
    samples  on how many grids a look is taken, 1 to 4: see `Question`
    """

    subject: str = ""
    votes: int = 3
    closely: bool = False
    samples: int = 4

    @property
    def spoken(self) -> str:
        """The subject as a sentence has it, "the red ball" of "red ball"; "" where it has no name.

        Models learn from sentences, and a name without its article is more often taken for another.
        """
        said = self.subject.strip()
        first = said.split(maxsplit=1)[0].lower() if said else ""
        told = not said or first in _DETERMINERS or first.endswith(("'s", "’s"))
        return said if told else f"the {said}"


@dataclass(frozen=True, eq=False)
class Passage:
    """The footage of one window, and what is known of it.

    plate     (T,H,W,3) display-referred
    marks     index -> (H,W) 0..1: what is marked, or was found and is sure
    honours   what the model can do
    """

    rate: Rate
    plate: Pixels
    marks: dict[int, Pixels]
    honours: frozenset[Need] = frozenset()

    def sheet(self, **told: object) -> CallSheet:
        """A call sheet over this footage, all of which the model sees."""
        frames, height, width = self.plate.shape[:3]
        return CallSheet(width, height, frames, self.rate, plate=self.plate, **told)  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class Guess:
    """What a way believes.

    found   (T,H,W) float32 0..1: the subject
    spread  (T,H,W) float32 0..0.5: how far its answers disagree
    alike   (T,) 0..1: how well the answers still lie on the plate
    """

    found: Pixels
    spread: Pixels
    alike: Pixels


class Way(Protocol):
    """What each module here holds."""

    NAME: str

    def needs(self, marked: bool, wish: Wish) -> frozenset[Need] | None: ...
    def write(self, passage: Passage, wish: Wish) -> tuple[CallSheet, ...]: ...
    def read(self, passage: Passage, wish: Wish, answers: Answers) -> Guess: ...
