"""The dailies page at the service's root: plain files that come with the package."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.resources import files

from fastapi import APIRouter
from starlette.responses import Response

_FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/dailies.js": ("dailies.js", "text/javascript; charset=utf-8"),
    "/dailies.css": ("dailies.css", "text/css; charset=utf-8"),
}


def router() -> APIRouter:
    """The page and what it loads. No route of the service's language, so not described as one."""
    made = APIRouter(include_in_schema=False)
    for path, (name, kind) in _FILES.items():
        made.add_api_route(path, _sending(name, kind), methods=["GET"])
    return made


def _sending(name: str, kind: str) -> Callable[[], Awaitable[Response]]:
    content = (files("secondunit.service") / "dailies" / name).read_bytes()

    async def send() -> Response:
        return Response(content, media_type=kind, headers={"Cache-Control": "no-cache"})

    return send
