"""Drawn: paths on the picture, each saying where a thing in it shall go."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, field_validator

MOST = 32
"""Paths of one shot: more are no direction any more."""

_LONGEST = 10_000  # places of one path
_FURTHEST = 100.0  # shares of the picture; what is further is a mistake of the unit
_RADIUS = 1 / 8

Place = tuple[int, float, float]
"""A frame, and where on it: shares of the plate's width and height."""


class Path(BaseModel):
    """Where what is at the first place shall be on later frames: straight on between its places,
    at rest after the last.
    """

    keys: list[Place] = Field(
        title="Its places",
        description="Frame, share of the width, share of the height; two at least",
    )
    radius: float = Field(
        _RADIUS,
        gt=0,
        le=1,
        title="Radius",
        description="How much goes along",
        json_schema_extra={"unit": "share of the shorter side"},
    )

    @field_validator("keys", mode="after")
    @classmethod
    def _leads_somewhere(cls, keys: list[Place]) -> list[Place]:
        """In order of time. Raises ValueError for what is no path."""
        frames = sorted(frame for frame, _, _ in keys)
        if len(keys) < 2:
            raise ValueError("a path on one frame leads nowhere; put it on another frame too")
        if len(keys) > _LONGEST:
            raise ValueError(f"{len(keys)} places on one path; {_LONGEST} are enough")
        for one, other in pairwise(frames):
            if one == other:
                raise ValueError(f"it has two places on frame {one}; leave one of them out")
        for frame, x, y in keys:
            if not (abs(x) <= _FURTHEST and abs(y) <= _FURTHEST):  # no number is neither
                raise ValueError(
                    f"{x:g}, {y:g} on frame {frame} is far outside the picture; places are shares "
                    "of its width and height, 0 to 1"
                )
        return sorted(keys)


def _few(paths: list[Path]) -> list[Path]:
    if len(paths) > MOST:
        raise ValueError(f"{len(paths)} paths; draw {MOST} at most, of what matters")
    return paths


Paths = Annotated[list[Path], AfterValidator(_few)]
"""What a task's values call `paths`."""


def drawn_paths(**beyond: str) -> Any:
    """The field of a task that takes paths. `beyond` names the values that say how many frames more
    than the plate's may be drawn on, `before` it and `after` it.
    """
    return Field(
        [],
        title="Paths",
        description="Where things in the picture shall go",
        json_schema_extra={"beyond": dict(beyond)},
    )


def paths_of(values: object) -> list[Path]:
    """The paths in a task's values; none for a task that takes none."""
    told = getattr(values, "paths", [])
    return [each for each in told if isinstance(each, Path)] if isinstance(told, list) else []
