"""Findings: what happened to a cut on its way through a host, told per clip."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

FindingKind = Literal[
    "kept", "moved", "trimmed", "split", "switched", "missing", "new", "changed", "lost"
]


@dataclass(frozen=True)
class Finding:
    """One thing that happened to a clip, or to the cut where `clip` is empty.

    `what` is a sentence for an editor. `start` and `stop` (exclusive) are seconds of the cut's own
    time from its first frame; None where it has no place there. `path` is where it stands in the
    master's JSON, as changed_paths() writes it. `before` and `after` are the values, if it has any.
    """

    kind: FindingKind
    what: str
    clip: str = ""
    id: str = ""
    track: str = ""
    start: Fraction | None = None
    stop: Fraction | None = None
    path: str = ""
    before: Any = None
    after: Any = None

    def to_json(self) -> dict[str, Any]:
        """As JSON: times are exact, written as "numerator/denominator" seconds."""
        told = {key: value for key, value in vars(self).items() if value not in ("", None)}
        for key in ("start", "stop"):
            if key in told:
                told[key] = f"{told[key].numerator}/{told[key].denominator}"
        return told
