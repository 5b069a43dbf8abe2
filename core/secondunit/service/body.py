"""What a request brings along: JSON, read with care."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any, NoReturn

from fastapi import Request

from secondunit.service.problems import refusal
from secondunit_contract.problem import BadValue

DEEPEST = 64
"""Levels of lists and objects in each other; nothing meant is deeper."""

_PATIENCE = 30  # seconds for a request to arrive in
_HALF_A_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")


async def json_body(request: Request) -> Any:
    """The request's JSON. Raises BadValue, also for what is no number and for half characters."""
    return parsed(await whole(request), request.url.path)


async def json_object(request: Request) -> dict[str, Any]:
    """The request's JSON, which must be an object; none at all is an empty one."""
    raw = await whole(request)
    if not raw.strip():
        return {}
    message = parsed(raw, request.url.path)
    if not isinstance(message, dict):
        raise BadValue(f"{message!r:.60} should be an object", request.url.path)
    return message


async def whole(request: Request) -> bytes:
    """All the request brings. Raises a Problem where it comes too slowly."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return await request.body()
    except TimeoutError as error:
        raise refusal(
            "body.too_slow", "The request did not arrive in time", request.url.path
        ) from error


def parsed(raw: bytes, where: str) -> Any:
    """JSON text as a value. Raises BadValue."""
    try:
        text = raw.decode("utf-8")
        message = json.loads(text, parse_constant=_no_number)
        refuse_depth(message)
        if _HALF_A_CHARACTER.search(text):
            json.dumps(message, ensure_ascii=False).encode("utf-8")
    except RecursionError as error:
        raise BadValue("The JSON is nested too deeply", where) from error
    except (
        ValueError
    ) as error:  # UnicodeError and JSONDecodeError are such, and so are huge numbers
        if isinstance(error, BadValue):
            error.where = where
            raise
        raise BadValue(f"This is no JSON: {error}"[:300], where, "Send an object") from error
    return message


def refuse_depth(message: Any) -> None:
    """Raise BadValue for a value nested deeper than anything meant."""
    level: list[Any] = [message]
    for _ in range(DEEPEST):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise BadValue("The JSON is nested too deeply")


def _no_number(word: str) -> NoReturn:
    raise BadValue(f"JSON has no word for the number {word}")


def text_of(message: dict[str, Any], key: str, usual: str = "") -> str:
    """A text in an object. Raises BadValue for what is none."""
    value = message.get(key, usual)
    if not isinstance(value, str):
        raise BadValue(f"{value!r:.60} should be text", key)
    return value
