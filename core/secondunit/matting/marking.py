"""Marking: how an artist says which thing is meant, in words, clicks, a box or a matte."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from secondunit.matting.hint import Hint

_SHARE = Field(ge=0, le=1, description="Share of the picture's width or height")


class Point(BaseModel):
    """A click: on the subject, or on what is not it."""

    x: float = _SHARE
    y: float = _SHARE
    add: bool = Field(True, title="Belongs to it")
    frame: int | None = Field(None, title="Frame", description="Empty: the first")


class Box(BaseModel):
    """A box around the subject, in shares of the picture."""

    left: float = _SHARE
    top: float = _SHARE
    right: float = _SHARE
    bottom: float = _SHARE
    frame: int | None = Field(None, title="Frame", description="Empty: the first")


class Marked(BaseModel):
    """The values every task shares that works on one thing in the picture."""

    model_config = ConfigDict(extra="allow")

    subject: str = Field(
        "", title="Subject", description="In words, as you would tell a roto artist"
    )
    points: list[Point] = Field([], title="Clicks")
    box: Box | None = Field(None, title="Box")
    mask_frame: int | None = Field(
        None,
        title="Frame of the matte",
        description="Where the matte given is one picture: the plate's frame it was drawn on",
    )

    def frame_marked(self, first: int) -> int:
        """The plate's frame the clicks or the box are on; `first` where they do not say."""
        said = [point.frame for point in self.points] + [self.box.frame if self.box else None]
        return next((frame for frame in said if frame is not None), first)

    def hint(self) -> Hint:
        """The clicks and the box as one hint."""
        points = tuple((point.x, point.y, point.add) for point in self.points)
        box = self.box
        return Hint(points, (box.left, box.top, box.right, box.bottom) if box else None)

    def marks_nothing(self) -> bool:
        """Whether there are neither words, clicks nor a box."""
        return not (self.subject.strip() or self.hint().says_something)
