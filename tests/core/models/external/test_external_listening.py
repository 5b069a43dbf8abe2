"""What comes over a websocket, however it is cut."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from secondunit.models.external.address import Address
from secondunit.models.external.listening import Listening

FINAL = 0x80


@pytest.fixture
def line() -> Iterator[tuple[socket.socket, Listening]]:
    theirs, ours = socket.socketpair()
    listening = Listening(ours, b"")
    yield theirs, listening
    theirs.close()
    listening.close()


def frame(kind: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes([kind, size]) + payload
    if size < 1 << 16:
        return bytes([kind, 126]) + struct.pack("!H", size) + payload
    return bytes([kind, 127]) + struct.pack("!Q", size) + payload


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536])
def test_messages_of_every_length(line, size):
    theirs, listening = line
    sending = threading.Thread(target=theirs.sendall, args=(frame(FINAL | 2, b"x" * size),))
    sending.start()
    assert listening.heard(5.0) == b"x" * size
    sending.join()


def test_a_message_in_pieces_with_a_ping_between_them(line):
    theirs, listening = line
    theirs.sendall(frame(1, b"a c") + frame(FINAL | 9, b"you there") + frame(FINAL, b"at"))
    assert listening.heard(5.0) == "a cat"
    first, second = theirs.recv(2)
    mask, masked = theirs.recv(4), theirs.recv(second & 0x7F)
    assert first == FINAL | 0xA
    assert second & 0x80, "what a client sends is masked"
    assert bytes(each ^ mask[at % 4] for at, each in enumerate(masked)) == b"you there"


def test_two_messages_in_one_packet(line):
    theirs, listening = line
    theirs.sendall(frame(FINAL | 1, b"one") + frame(FINAL | 1, b"two"))
    assert [listening.heard(5.0), listening.heard(5.0)] == ["one", "two"]


def test_half_a_message_is_waited_for(line):
    theirs, listening = line
    whole = frame(FINAL | 1, b"a cat")
    theirs.sendall(whole[:4])
    assert listening.heard(0.05) is None
    theirs.sendall(whole[4:])
    assert listening.heard(5.0) == "a cat"


@pytest.mark.parametrize(
    "told",
    [
        frame(FINAL | 8, b""),
        bytes([FINAL | 1, 0x80 | 1]) + b"abcdx",
        bytes([FINAL | 2, 127]) + struct.pack("!Q", 1 << 40),
    ],
)
def test_hanging_up_and_nonsense_are_errors(line, told):
    theirs, listening = line
    theirs.sendall(told)
    with pytest.raises(OSError, match=r"hung up|no websocket"):
        listening.heard(5.0)


def test_silence_and_an_end(line):
    theirs, listening = line
    assert listening.heard(0.05) is None
    theirs.close()
    with pytest.raises(OSError, match="hung up"):
        listening.heard(5.0)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 404 Not Found\r\n\r\n", b"", b"x" * 70_000])
def test_what_is_no_websocket_is_not_listened_to(answer):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            channel, _ = server.accept()
            with channel:
                channel.recv(4096)
                channel.sendall(answer)
                channel.shutdown(socket.SHUT_WR)
                channel.recv(4096)

        serving = threading.Thread(target=serve)
        serving.start()
        port = server.getsockname()[1]
        address = Address.written(f"http://127.0.0.1:{port}", False, "")
        with pytest.raises(OSError):  # noqa: PT011 - whichever way it is none
            Listening.to(address, "/ws", {})
        serving.join()
