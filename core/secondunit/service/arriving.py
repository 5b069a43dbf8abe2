"""What is still on its way: a request that comes in pieces is heard out before it is answered.

That a piece is none is noticed by the server beneath us, and told by an answer of its own. Had we
answered before, there would be two; so we wait until all of it is here, or nobody is there to hear.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

_PATIENCE = 2.0  # seconds for the rest of a request whose answer stands already


class Arriving:
    """One request's body, as far as it has come. `receive` and `answering` go in the place of the
    server's own.
    """

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        # Of a told length no piece can be wrong, and what is not wanted the server throws away.
        self._here = all(name.lower() != b"transfer-encoding" for name, _ in scope["headers"])
        self._gone = False

    async def receive(self) -> Message:
        """The next piece, or that whoever asked has gone."""
        message = await self._receive()
        self._gone = message["type"] == "http.disconnect"
        self._here = self._here or self._gone or not message.get("more_body", False)
        return message

    def answering(self, send: Send) -> Send:
        """`send` that lets the request end first. To one that does not end in time it says that the
        connection will.
        """

        async def heard_out(message: Message) -> None:
            if message["type"] == "http.response.start" and not await self._all_here():
                closing = (b"connection", b"close")
                message["headers"] = [*message.get("headers", []), closing]
            if not self._gone:
                await send(message)

        return heard_out

    async def _all_here(self) -> bool:
        try:
            async with asyncio.timeout(_PATIENCE):
                while not self._here:
                    await self.receive()
        except TimeoutError:
            return False
        return True
