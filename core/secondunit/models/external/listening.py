"""Hearing what an engine tells while it works, over a websocket (RFC 6455) that is only read.

It is a courtesy: whoever cannot listen asks now and then how far it is.
"""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import ssl
import struct
import time

from secondunit.models.external.address import Address

_MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # the RFC's own, to show that it was understood
_PATIENCE = 5.0
_LARGEST = 64 << 20  # bytes; a preview is some hundred thousand
_MORE, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA


class Listening:
    """An open websocket. Messages that were sent before it was opened are not heard."""

    def __init__(self, channel: socket.socket, left: bytes) -> None:
        self._channel, self._buffer = channel, bytearray(left)
        self._whole, self._kind = bytearray(), 0

    @classmethod
    def to(cls, address: Address, path: str, headers: dict[str, str]) -> Listening:
        """Raises OSError where nobody is there, or it is no websocket."""
        channel = socket.create_connection((address.host, address.port), _PATIENCE)
        try:
            if address.scheme == "https":
                context = ssl.create_default_context()
                channel = context.wrap_socket(channel, server_hostname=address.host)
            return cls(channel, _agreed(channel, address, path, headers))
        except BaseException:
            channel.close()
            raise

    def close(self) -> None:
        """Hang up."""
        self._channel.close()

    def heard(self, seconds: float) -> str | bytes | None:
        """The next message, or None where none comes within so many seconds.

        Raises OSError where the other side has hung up or says what no websocket says.
        """
        until = time.monotonic() + seconds
        while True:
            while (frame := self._frame()) is not None:
                message = self._taken(*frame)
                if message is not None:
                    return message
            left = until - time.monotonic()
            if left <= 0:
                return None
            self._channel.settimeout(left)
            try:
                received = self._channel.recv(1 << 16)
            except TimeoutError:
                return None
            if not received:
                raise ConnectionError("the engine has hung up")
            self._buffer += received

    def _frame(self) -> tuple[int, bytes] | None:
        """The next whole frame in the buffer: (kind with its final bit, payload)."""
        if len(self._buffer) < 2:
            return None
        first, second = self._buffer[0], self._buffer[1]
        length, at = second & 0x7F, 2
        if length > 125:
            form = "!H" if length == 126 else "!Q"
            at += struct.calcsize(form)
            if len(self._buffer) < at:
                return None
            length = struct.unpack_from(form, self._buffer, 2)[0]
        if second & 0x80 or length > _LARGEST:
            raise ConnectionError("that is no websocket's frame")
        if len(self._buffer) < at + length:
            return None
        payload = bytes(self._buffer[at : at + length])
        del self._buffer[: at + length]
        return first, payload

    def _taken(self, first: int, payload: bytes) -> str | bytes | None:
        """The message that a frame completes, if it does."""
        kind = first & 0x0F
        if kind == _CLOSE:
            raise ConnectionError("the engine has hung up")
        if kind == _PING:
            self._pong(payload)
        if kind not in (_MORE, _TEXT, _BINARY):
            return None
        if kind != _MORE:
            self._whole.clear()
            self._kind = kind
        self._whole += payload
        if len(self._whole) > _LARGEST:
            raise ConnectionError("that is no message of an engine")
        if not first & 0x80:
            return None
        whole = bytes(self._whole)
        self._whole.clear()
        return whole.decode("utf-8", "replace") if self._kind == _TEXT else whole

    def _pong(self, payload: bytes) -> None:
        mask = os.urandom(4)
        masked = bytes(each ^ mask[at % 4] for at, each in enumerate(payload))
        self._channel.sendall(bytes([0x80 | _PONG, 0x80 | len(payload)]) + mask + masked)


def _agreed(channel: socket.socket, address: Address, path: str, headers: dict[str, str]) -> bytes:
    """Shake hands. What came behind the handshake is given back. Raises OSError."""
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {address.path}{path} HTTP/1.1",
        f"Host: {address.url.partition('//')[2].partition('/')[0]}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    channel.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    answer = bytearray()
    while b"\r\n\r\n" not in answer:
        received = channel.recv(4096)
        if not received or len(answer) > 1 << 16:
            raise ConnectionError("no websocket")
        answer += received
    head, _, left = bytes(answer).partition(b"\r\n\r\n")
    agreed = base64.b64encode(hashlib.sha1((key + _MAGIC).encode()).digest()).decode()
    told = head.decode("latin-1").split("\r\n")
    given = {name.strip().lower(): value.strip() for name, _, value in (
        line.partition(":") for line in told[1:])}  # fmt: skip
    if " 101" not in told[0] or given.get("sec-websocket-accept") != agreed:
        raise ConnectionError("no websocket")
    return left
