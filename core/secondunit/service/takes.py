"""The routes of takes: look at them, judge them, and fetch their files."""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, cast
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, Response, StreamingResponse

from secondunit.media.pattern import pattern_of
from secondunit.service.auth import Keys
from secondunit.service.body import json_object, text_of
from secondunit.service.described import OUTSIDE, TAKE, TAKE_GONE, TAKE_UNKNOWN, described
from secondunit.service.previews import Previews
from secondunit.service.problems import Json
from secondunit.service.roots import Roots
from secondunit.service.schemas import list_of, ref
from secondunit_contract.problem import BadValue, MediaMissing
from secondunit_contract.queue import Rating, TakeEntry
from secondunit_contract.wire import to_json

if TYPE_CHECKING:
    from secondunit.engine.unit import Unit

LONGEST_NOTE = 4000
"""Characters."""

_RATINGS = ("", "circled", "rejected")
_BLOCK = 1024**2
_BYTES: dict[str, Any] = {"type": "string", "format": "binary"}


class Takes:
    """What can be done with takes."""

    def __init__(self, unit: Unit, roots: Roots, keys: Keys, previews: Previews) -> None:
        self._unit, self._roots, self._keys, self._previews = unit, roots, keys, previews

    def router(self) -> APIRouter:
        """All routes of takes."""
        router = APIRouter(tags=["takes"])
        router.add_api_route(
            "/takes",
            self.listed,
            **described(
                "Takes, the latest first",
                list_of("takes", TakeEntry),
                {"takes": [TAKE]},
                TAKE_UNKNOWN,
            ),
        )
        router.add_api_route(
            "/takes/{id}", self.one, **described("One take", ref(TakeEntry), TAKE, TAKE_UNKNOWN)
        )
        router.add_api_route("/takes/{id}", self.judge, methods=["PATCH"], **_judging())
        for name, words, kind in (
            ("media", "The take itself; a sequence comes as a zip of its pictures", "*/*"),
            ("sheet", "Its contact sheet", "image/*"),
            ("preview", "A small movie of it that a browser plays", "video/mp4"),
        ):
            router.add_api_route(
                f"/takes/{{id}}/{name}",
                getattr(self, name),
                **described(words, _BYTES, "", TAKE_UNKNOWN, TAKE_GONE, OUTSIDE, kind=kind),
            )
        return router

    def listed(
        self,
        job: Annotated[str | None, Query(max_length=200)] = None,
        rating: Rating | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        before: Annotated[str | None, Query(max_length=200)] = None,
    ) -> Response:
        """Takes of one job or of all, the latest first; `before` is the id of the last one had."""
        found = self._unit.takes(job, rating, limit, before)
        return Json({"takes": [self.told(each) for each in found]})

    def one(self, id: str) -> Response:
        """One take."""
        return Json(self.told(self._unit.take(id)))

    def judge(self, id: str, message: Annotated[dict[str, Any], Depends(json_object)]) -> Response:
        """Circle or reject a take, or write a note to it; what is not said stays."""
        rating, note = _judgement(message)
        entry = self._unit.take(id)
        if rating is not None:
            entry = self._unit.rate(id, rating)
        if note is not None:
            entry = self._unit.annotate(id, note)
        return Json(self.told(entry))

    def media(self, id: str) -> Response:
        """The take's own file."""
        return self._file(self._unit.take(id).take.media, "attachment")

    def sheet(self, id: str) -> Response:
        """Its contact sheet."""
        return self._file(self._unit.take(id).take.sheet, "inline")

    async def preview(self, id: str) -> Response:
        """A small movie; made when it is first asked for, so the first answer takes a while."""
        entry = await run_in_threadpool(self._unit.take, id)
        self._roots.check(entry.take.media, "take")
        made = await self._previews.of(entry)
        headers = {"Cache-Control": "private, max-age=3600"}
        return FileResponse(made, media_type="video/mp4", headers=headers)

    def told(self, entry: TakeEntry) -> dict[str, Any]:
        """A take as it travels, with links that a browser can load."""
        place = f"/v1/takes/{quote(entry.id, safe='')}"
        links = {each: self._keys.link(f"{place}/{each}") for each in ("media", "sheet", "preview")}
        return {**to_json(entry), "links": links}

    def _file(self, path: str, disposition: str) -> Response:
        if not path:
            raise MediaMissing("The take has no such file")
        self._roots.check(path, "take")
        pattern = pattern_of(Path(path))
        if not os.path.exists(path) and pattern is not None and pattern.numbers():
            files = [pattern.file(number) for number in pattern.numbers()]
            for each in files:
                self._roots.check(str(each), "take")
            name = f"{Path(path).name.partition('.')[0]}.zip"
            told = {"Content-Disposition": f"attachment; filename*=utf-8''{quote(name)}"}
            return StreamingResponse(zipped(files), media_type="application/zip", headers=told)
        try:
            known = os.stat(path)
        except OSError as error:
            raise _gone(path) from error
        if not stat.S_ISREG(known.st_mode):
            raise _gone(path)
        return FileResponse(
            path,
            filename=Path(path).name,
            content_disposition_type=disposition,
            stat_result=known,
        )


def _gone(path: str) -> MediaMissing:
    return MediaMissing("The take's file is not there any more", path, "Shoot it again")


def _judging() -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {
            "rating": {"type": "string", "enum": list(_RATINGS)},
            "note": {"type": "string", "maxLength": LONGEST_NOTE},
        },
    }
    return described(
        "Circle or reject a take, or write a note to it",
        ref(TakeEntry), TAKE, TAKE_UNKNOWN,
        body=(schema, {"rating": "circled", "note": "the third ball is late"}),
    )  # fmt: skip


def _judgement(message: dict[str, Any]) -> tuple[Rating | None, str | None]:
    rating: Rating | None = None
    if "rating" in message:
        said = message["rating"]
        if not isinstance(said, str) or said not in _RATINGS:
            raise BadValue(
                f"{said!r:.60} is no rating", "rating", 'Say "circled", "rejected" or ""'
            )
        rating = said  # type: ignore[assignment]
    note = text_of(message, "note") if "note" in message else None
    if note is not None and (len(note) > LONGEST_NOTE or re.search(r"[\0-\x08\x0e-\x1f]", note)):
        raise BadValue("This is no note", "note", f"Write up to {LONGEST_NOTE} characters")
    return rating, note


def zipped(files: list[Path]) -> Iterator[bytes]:
    """Files as one zip, as they are, a block at a time: nothing is held in memory."""
    pipe = _Pipe()
    with zipfile.ZipFile(cast(IO[bytes], pipe), "w", zipfile.ZIP_STORED) as archive:
        for each in files:
            with each.open("rb") as source, archive.open(each.name, "w") as target:
                while block := source.read(_BLOCK):
                    target.write(block)
                    yield pipe.taken()
            yield pipe.taken()
    yield pipe.taken()


class _Pipe(io.RawIOBase):
    """What zipfile writes into, and the network takes from."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)
