"""Handing a sheet's pictures over as files without loss, and taking the answer's files back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from secondunit.callsheet import UNKNOWN, CallSheet, Pixels, Size, Watch
from secondunit.media.depth import Depth, from_unit, to_unit
from secondunit.media.format import Format
from secondunit.media.read import open_media
from secondunit.media.write import create
from secondunit.models.external.described import LAID_IN, Engine, Role
from secondunit.stage.rough import roughed
from secondunit_contract.frames import Rate
from secondunit_contract.problem import EngineRefused

_DEPTH = Depth(8)
_AT_ONCE = 8  # frames


@dataclass(frozen=True, eq=False)
class Handed:
    """One part of a sheet, and the file that holds it: a picture (H,W,3), or a clip (T,H,W,3)."""

    role: Role
    place: str
    path: Path


def handed(sheet: CallSheet, engine: Engine, folder: Path) -> list[Handed]:
    """A sheet's pictures as files in a folder: PNG, and FFV1 in .mov. Their names tell their
    content. Raises DiskFull.
    """
    inputs = engine.told.inputs
    clips = _clips(sheet, engine)
    found = [
        Handed(role, place, _clip(role, clips[role], sheet.rate, folder))
        for role in ("plate", "mask", "guide")
        if role in clips
        for place in inputs.get(role, ())
    ]
    for role, picture in _ends(sheet, engine).items():
        path = _picture(role, picture, folder)
        found += [Handed(role, place, path) for place in inputs[role]]
    for place, picture in zip(inputs.get("references", ()), sheet.references, strict=False):
        found.append(Handed("references", place, _picture("references", picture, folder)))
    return found


def _clips(sheet: CallSheet, engine: Engine) -> dict[Role, Pixels]:
    """Plate, mask and guide as the engine is to be shown them; those the sheet has, or laid in."""
    inputs = engine.told.inputs
    laid = {role for role in ("keys", "guide") if inputs.get(role) == (LAID_IN,)}
    clips: dict[Role, Pixels] = {}
    if sheet.guide is not None and "guide" not in laid:
        clips["guide"] = sheet.guide
    keys = sheet.keys if "keys" in laid else {}
    guide = sheet.guide if "guide" in laid else None
    if sheet.plate is None and not keys and guide is None:
        return clips
    shape = (sheet.frames, sheet.height, sheet.width)
    paint = np.ones(shape, bool) if sheet.paint is None else sheet.paint.copy()
    plate = np.full((*shape, 3), UNKNOWN, np.float32) if sheet.plate is None else sheet.plate.copy()
    if guide is not None:
        plate[paint] = guide[paint]
    for index, key in keys.items():
        plate[index], paint[index] = key, False
    if engine.told.holes == "rough":
        plate = roughed(plate, paint & (plate == np.float32(UNKNOWN)).all(axis=-1))
    clips["plate"] = plate
    clips["mask"] = np.repeat(paint[..., None], 3, axis=3).astype(np.float32)
    return clips


def _ends(sheet: CallSheet, engine: Engine) -> dict[Literal["first", "last"], Pixels]:
    """The pictures at either end, where the engine takes these and no others."""
    if engine.told.inputs.get("keys") == (LAID_IN,):
        return {}
    places: dict[int, Literal["first", "last"]] = {0: "first", sheet.frames - 1: "last"}
    return {places[index]: key for index, key in sheet.keys.items()}


def _clip(role: Role, frames: Pixels, rate: Rate, folder: Path) -> Path:
    path = folder / f"secondunit_{role}_{_mark(frames)}.mov"
    size = Size(frames.shape[2], frames.shape[1])
    with create(path, Format("ffv1", size, rate, _DEPTH)) as writer:
        for frame in frames:
            writer.write(from_unit(frame, _DEPTH))
    return path


def _picture(role: Role, picture: Pixels, folder: Path) -> Path:
    path = folder / f"secondunit_{role}_{_mark(picture)}.png"
    size = Size(picture.shape[1], picture.shape[0])
    with create(path, Format("png", size, None, _DEPTH)) as writer:
        writer.write(from_unit(picture, _DEPTH))
    return path


def _mark(pixels: Pixels) -> str:
    return hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()[:16]


def taken_back(
    files: Sequence[Path], sheet: CallSheet, engine: Engine, watch: Watch
) -> Iterator[tuple[int, Pixels]]:
    """(first frame, frames) of an answer: one movie, or a picture a frame, in order.

    Raises EngineRefused unless it is as many frames of that size as the sheet asks for, and
    whatever is wrong with the files.
    """
    if len(files) != 1:
        _refuse_count(len(files), sheet, engine)
    done = 0
    for path in files:
        with open_media(str(path)) as reader:
            footage = reader.footage
            if len(files) == 1:
                _refuse_count(len(footage.range), sheet, engine)
            if footage.size != (sheet.width, sheet.height):
                size = f"{footage.size.width}x{footage.size.height}"
                raise EngineRefused(
                    f"{engine.title} gave pictures of {size}, not {sheet.width}x{sheet.height}",
                    str(engine.path),
                    "Say in inputs where width and height go in, and in multiple what it makes",
                )
            held: list[Pixels] = []
            for frame in reader.frames(footage.range):
                watch.check()
                held.append(np.clip(to_unit(frame[..., :3], footage.depth), 0, 1))
                if len(held) == _AT_ONCE:
                    yield done, np.stack(held)
                    done += len(held)
                    held = []
            if held:
                yield done, np.stack(held)
                done += len(held)


def _refuse_count(count: int, sheet: CallSheet, engine: Engine) -> None:
    if count != sheet.frames:
        raise EngineRefused(
            f"{engine.title} gave {count} frame{'' if count == 1 else 's'}, not {sheet.frames}",
            str(engine.path),
            "Say in inputs where the number of frames goes in, and in frames which it makes",
        )
