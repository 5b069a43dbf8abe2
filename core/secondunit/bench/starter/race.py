"""A race: the model's answers and the trivial ones, scored against the truth on the same clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from secondunit.callsheet import Pixels

Mask = NDArray[np.bool_]

_FLOOR = 1e-5  # squared error below which nothing is gained: 50 dB, about what 8 bits can tell
_COLUMNS = 5

DELIVERED = "delivered, one take"
"""What a race shows of the answer that it is about."""


@dataclass(frozen=True, eq=False)
class Example:
    """One clip of a race as a contact sheet shows it: rows of frames by what they are."""

    call: str
    clip: str
    rows: Mapping[str, Sequence[Pixels]]


@dataclass
class Race:
    """Scores of the model and of each baseline, one a clip; the higher the better.

    own     the figure the model's mean goes under
    others  the same for the baselines, with {} for their names, "baseline" for the best
    gain    the figure of the distance between the two; none without it
    beside  scores that are told with the others', and race against nobody
    """

    own: str
    others: str
    gain: str = ""
    model: list[float] = field(default_factory=list)
    baselines: dict[str, list[float]] = field(default_factory=dict)
    beside: dict[str, list[float]] = field(default_factory=dict)
    _shown: list[tuple[str, dict[str, Pixels], dict[str, Pixels]]] = field(default_factory=list)

    def score(
        self,
        model: float,
        baselines: Mapping[str, float],
        beside: Mapping[str, float] | None = None,
    ) -> None:
        """One clip, scored. Clips with nothing to be right about (nan) are passed over."""
        if np.isnan(model) or np.isnan(list(baselines.values())).any():
            return
        self.model.append(model)
        for name, score in baselines.items():
            self.baselines.setdefault(name, []).append(score)
        for name, score in (beside or {}).items():
            self.beside.setdefault(name, []).append(score)

    def show(self, clip: str, rows: dict[str, Pixels], baselines: dict[str, Pixels]) -> None:
        """Keep a clip's frames: what is shown of it, the truth last, and every baseline's."""
        self._shown.append((clip, rows, baselines))

    @property
    def best(self) -> str:
        """The baseline that does best on all clips together."""
        return max(self.baselines, key=lambda name: float(np.mean(self.baselines[name])))

    def figures(self) -> dict[str, float]:
        """The means by key; nothing where no clip could be scored."""
        if not self.model:
            return {}
        own = float(np.mean(self.model))
        told = {self.own: own}
        for name, scores in (self.baselines | self.beside).items():
            told[self.others.format(name)] = float(np.mean(scores))
        best = told[self.others.format("baseline")] = told[self.others.format(self.best)]
        if self.gain:
            told[self.gain] = own - best
        return told

    def examples(self, call: str) -> list[Example]:
        """The kept clips, each beside the best baseline."""
        found = []
        for clip, rows, baselines in self._shown:
            best = {f"best baseline: {self.best}": baselines[self.best]}
            whole = {n: row for n, row in rows.items() if n != "truth"} | best
            whole["truth"] = rows["truth"]
            found.append(Example(call, clip, {name: spread(row) for name, row in whole.items()}))
        return found


def spread(frames: Pixels) -> list[Pixels]:
    """A few frames from first to last."""
    chosen = np.linspace(0, len(frames) - 1, min(_COLUMNS, len(frames))).round().astype(int)
    return [frames[index] for index in chosen]


def decibels(found: Pixels, truth: Pixels, where: Mask) -> float:
    """PSNR in the region (T,H,W), the mean over the frames it is on; nan where it is on none."""
    scores = []
    for answer, right, region in zip(found, truth, where, strict=True):
        if region.any():
            error = float(np.mean((answer[region] - right[region]) ** 2))
            scores.append(-10 * np.log10(max(error, _FLOOR)))
    return float(np.mean(scores)) if scores else float("nan")


def overlap(found: Mask, truth: Mask) -> float:
    """Intersection over union (T,H,W), the mean over the frames the truth is on; else nan."""
    scores = [
        float((mask & right).sum() / (mask | right).sum())
        for mask, right in zip(found, truth, strict=True)
        if right.any()
    ]
    return float(np.mean(scores)) if scores else float("nan")
