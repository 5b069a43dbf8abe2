"""Marking: how an artist says which thing is meant: in words, clicks, strokes, a box or a matte."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from secondunit.matting.hint import Hint

_SHARE = Field(ge=0, le=1, description="Share of the picture's width or height")

Share = Annotated[float, Field(ge=0, le=1)]


class Point(BaseModel):
    """A click: on the subject, or on what is not it."""

    x: float = _SHARE
    y: float = _SHARE
    add: bool = Field(True, title="Belongs to it")
    frame: int | None = Field(None, title="Frame", description="Empty: the first")


class Stroke(BaseModel):
    """A line drawn over the subject, or over what is not it, through points in shares."""

    points: list[tuple[Share, Share]] = Field(min_length=1, title="Its points")
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
        "",
        title="Subject",
        description="In words, as you would tell a roto artist",
        json_schema_extra={"simple": True},
    )
    points: list[Point] = Field([], title="Clicks")
    strokes: list[Stroke] = Field([], title="Strokes")
    box: Box | None = Field(None, title="Box")
    mask_frame: int | None = Field(
        None,
        title="Frame of the matte",
        description="Where the matte given is one picture: the plate's frame it was drawn on",
        json_schema_extra={"when": {"inputs.matte": True}},
    )
    mask_frames: list[int] = Field(
        [],
        title="Frames of the mattes",
        description="Where the matte given holds a few: the plate's frame each was drawn on",
        json_schema_extra={"when": {"inputs.matte": True}},
    )

    def frames_marked(self, first: int) -> list[int]:
        """The plate's frames that clicks, strokes or the box are on, in order of time.

        What does not say its frame is on `first`.
        """
        said = [point.frame for point in self.points]
        said += [stroke.frame for stroke in self.strokes]
        said += [self.box.frame] if self.box else []
        return sorted({first if frame is None else frame for frame in said})

    def frame_marked(self, first: int) -> int:
        """The earliest of the plate's frames with marks on it; `first` where nothing is marked."""
        return next(iter(self.frames_marked(first)), first)

    def hint(self, frame: int | None = None, first: int | None = None) -> Hint:
        """What is marked on a frame of the plate, which starts at `first`, as one hint.

        Without a frame: what is marked on any of them.
        """

        def here(said: int | None) -> bool:
            return frame is None or (first if said is None else said) == frame

        box = self.box if self.box and here(self.box.frame) else None
        return Hint(
            tuple((each.x, each.y, each.add) for each in self.points if here(each.frame)),
            (box.left, box.top, box.right, box.bottom) if box else None,
            tuple((tuple(each.points), each.add) for each in self.strokes if here(each.frame)),
        )

    def marks_nothing(self) -> bool:
        """Whether there are neither words, clicks, strokes nor a box."""
        return not (self.subject.strip() or self.hint().says_something)
