"""Who may come in: this machine's own programs, by their token; no web page from elsewhere."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable
from urllib.parse import parse_qs

from secondunit.service.arriving import Arriving, Asgi, Message, Receive, Scope, Send
from secondunit.service.problems import answer_of, refusal
from secondunit_contract.problem import Problem

Clock = Callable[[], float]

BODY = 8 * 1024**2
BUNDLE = 2 * 1024**3
"""Bytes a request may bring; a bundle with media in it more than others."""

_OPEN = frozenset(
    {"/", "/dailies.js", "/dailies.css", "/v1/health", "/v1/tickets/redeem"}
)  # nothing there is anybody's secret
_LINKED = re.compile(r"/v1/(takes/[^/]+/(media|sheet|preview)|jobs/[^/]+/preview)")
_LINK_LASTS = 3600  # seconds, and up to as many more: a link stays the same for a while
_TICKET_LASTS = 60
_HOLDERS = 64  # tickets that wait to be used


class Keys:
    """The token, the short-lived links that stand for it, and the tickets it is fetched with.

    `calendar` and `stopwatch` tell the seconds that links and tickets last by.
    """

    def __init__(
        self, token: str = "", calendar: Clock = time.time, stopwatch: Clock = time.monotonic
    ) -> None:
        self.token = token or secrets.token_urlsafe(32)
        self._calendar, self._stopwatch = calendar, stopwatch
        self._tickets: dict[str, float] = {}

    def fit(self, token: str) -> bool:
        """Whether this is the token."""
        return hmac.compare_digest(token.encode(), self.token.encode())

    def link(self, path: str) -> str:
        """The path with a key in it, for a browser's own loading, which sends no token."""
        until = (int(self._calendar()) // _LINK_LASTS + 2) * _LINK_LASTS
        return f"{path}?key={until}.{self._signed(path, until)}"

    def open(self, path: str, key: str) -> bool:
        """Whether a key made by `link` is for this path, and still holds."""
        until, _, signed = key.partition(".")
        if not re.fullmatch(r"[0-9]{1,12}", until) or int(until) < self._calendar():
            return False
        return hmac.compare_digest(signed.encode(), self._signed(path, int(until)).encode())

    def ticket(self) -> str:
        """A word that buys the token once, soon."""
        now = self._stopwatch()
        held = [(each, until) for each, until in self._tickets.items() if until > now]
        self._tickets = dict(held[-_HOLDERS + 1 :])
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = now + _TICKET_LASTS
        return ticket

    def redeem(self, ticket: str) -> str:
        """The token for a ticket. Raises a Problem for one that is unknown, used or too old."""
        if self._tickets.pop(ticket, 0.0) < self._stopwatch():
            raise refusal(
                "auth.token",
                "This link has been used, or is too old",
                remedy="Open the page again with `secondunit serve --open`",
            )
        return self.token

    def _signed(self, path: str, until: int) -> str:
        told = f"{path}\n{until}".encode()
        return hmac.new(self.token.encode(), told, hashlib.sha256).hexdigest()


class Door:
    """Stands before all routes, and lets in what may come in."""

    def __init__(self, app: Asgi, keys: Keys) -> None:
        self._app, self._keys = app, keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. What is refused never reaches a route."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        arriving = Arriving(scope, receive)
        send = _guarded(arriving.answering(send))
        try:
            self._refuse(scope)
            receive = _limited(scope, arriving.receive)
        except Problem as problem:
            await answer_of(problem)(scope, arriving.receive, send)
            return
        await self._app(scope, receive, send)

    def _refuse(self, scope: Scope) -> None:
        headers = _headers(scope)
        refuse_strangers(scope, headers)
        path = scope["path"]
        if path in _OPEN:
            return
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self._keys.fit(token.strip()):
            return
        if _LINKED.fullmatch(path) and scope["method"] in ("GET", "HEAD"):
            asked = parse_qs(scope["query_string"].decode("latin-1"))
            if self._keys.open(path, (asked.get("key") or [""])[0]):
                return
        raise refusal(
            "auth.token",
            "Without its token the service does nothing",
            remedy="The token is in service.json in the data folder; it changes at each start",
        )


def refuse_strangers(scope: Scope, headers: dict[str, str]) -> None:
    """Raise a Problem for a request that was made for another name, or by another page.

    A name that somebody else's server has pointed at this machine (DNS rebinding) is not ours.
    """
    port = (scope.get("server") or ("", 0))[1]
    ours = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}
    host = headers.get("host", "").lower()
    if host not in ours:
        raise _stranger(f"This service is not {host or 'without a name'}")
    origin = headers.get("origin")
    if origin is not None and origin.lower() != f"http://{host}":
        raise _stranger(f"{origin[:100]} may not ask this service")
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        page = scope["path"] in ("/", "/dailies.js", "/dailies.css")
        if not page or headers.get("sec-fetch-mode") != "navigate":
            raise _stranger("Another page may not ask this service")


def _stranger(what: str) -> Problem:
    return refusal("auth.stranger", what, remedy="Ask at 127.0.0.1, from a program on this machine")


def _headers(scope: Scope) -> dict[str, str]:
    """Headers by name; one that is there twice is none of the two."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key = name.decode("latin-1").lower()
        text = value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _limited(scope: Scope, receive: Receive) -> Receive:
    """`receive` that refuses more than a request may bring. Raises a Problem for what says so."""
    headers = _headers(scope)
    zipped = headers.get("content-type", "").partition(";")[0] == "application/zip"
    most = BUNDLE if zipped and scope["path"] == "/v1/timelines" else BODY
    told = headers.get("content-length", "0")
    too_large = refusal(
        "body.too_large",
        f"The request brings more than {most // 1024**2} MB",
        scope["path"],
        "Put large things into a file and send its path",
    )
    if told.isdigit() and (len(told) > 15 or int(told) > most):
        raise too_large
    came = 0

    async def counted() -> Message:
        nonlocal came
        message = await receive()
        came += len(message.get("body", b""))
        if came > most:
            raise too_large
        return message

    return counted


_GUARDS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        b"media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        b"frame-ancestors 'none'",
    ),
]


def _guarded(send: Send) -> Send:
    """`send` that tells a browser to trust nothing but us."""

    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *_GUARDS]
        await send(message)

    return guarded
