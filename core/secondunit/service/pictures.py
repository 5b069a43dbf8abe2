"""The route of pictures: frames of a clip, small enough to look at, one after another."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from starlette.responses import Response, StreamingResponse

from secondunit.media.shown import jpegs
from secondunit.service.body import json_object
from secondunit.service.described import OUTSIDE, described
from secondunit.service.roots import Roots
from secondunit.service.schemas import ref
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_contract.problem import BadValue, MediaMissing, RangeOutside
from secondunit_contract.wire import from_json

LONGEST_SIDE = 2048
"""Pixels; nobody looks at more in a panel."""

MOST = 1000
"""Frames of one answer."""

_LAYERS = ("colour", "alpha")
_USUAL = 960
_MISSING = MediaMissing("plate.mov is not there", "/shots/sc010/plate.mov")
_SHORT = RangeOutside("The plate has frames 1001-1048, not 1060", "/shots/sc010/plate.mov")


class Pictures:
    """Frames as panels show them: they cannot read footage themselves."""

    def __init__(self, roots: Roots) -> None:
        self._roots = roots

    def router(self) -> APIRouter:
        """The route."""
        router = APIRouter(tags=["pictures"])
        schema = {
            "type": "object",
            "properties": {
                "clip": ref(Clip),
                "side": {"type": "integer", "minimum": 16, "maximum": LONGEST_SIDE},
                "layer": {"enum": list(_LAYERS)},
            },
            "required": ["clip"],
        }
        example = {"clip": {"media": "/shots/sc010/plate.mov", "range": "1001-1048"}, "side": 640}
        router.add_api_route(
            "/pictures",
            self.shown,
            methods=["POST"],
            **described(
                f"The clip's frames as JPEG, each behind its length in bytes (4, the high one "
                f"first); `side` is the longer side in pixels, {_USUAL} unless told; `alpha` alone "
                "is grey, white where there is none",
                {"type": "string", "format": "binary"}, "", _MISSING, _SHORT, OUTSIDE,
                body=(schema, example), kind="application/octet-stream",
            ),
        )  # fmt: skip
        return router

    def shown(self, message: Annotated[dict[str, Any], Depends(json_object)]) -> Response:
        """The first one is made before the answer begins, so that what is wrong can be told."""
        clip, side, layer = _asked(message)
        self._roots.check_clip(clip, "plate")
        made = jpegs(clip, side, layer)
        first = next(made)
        return StreamingResponse(_framed(first, made), media_type="application/octet-stream")


def _asked(message: dict[str, Any]) -> tuple[Clip, int, Literal["colour", "alpha"]]:
    side, layer = message.get("side", _USUAL), message.get("layer", "colour")
    if not isinstance(side, int) or isinstance(side, bool) or not 16 <= side <= LONGEST_SIDE:
        raise BadValue(f"{side!r:.60} is no side", "side", f"Say 16 to {LONGEST_SIDE} pixels")
    if layer not in _LAYERS:
        raise BadValue(f"{layer!r:.60} is no layer", "layer", 'Say "colour" or "alpha"')
    clip = from_json(Clip, message.get("clip"))
    if isinstance(clip.range, FrameRange) and len(clip.range) > MOST:
        raise BadValue(f"{len(clip.range)} frames are too many", "clip", f"Ask for up to {MOST}")
    return clip, side, layer


def _framed(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield struct.pack(">I", len(first)) + first
    for each in rest:
        yield struct.pack(">I", len(each)) + each
