"""Small servers that speak what ComfyUI and OpenAI-style video servers speak, faults on demand."""

from __future__ import annotations

import contextlib
import email.parser
import json
import socket
import tempfile
import threading
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import av
import numpy as np

SIZE = (32, 48)  # height, width


def colour_of(seed: int) -> np.ndarray:
    """What these engines paint: one colour a seed, in 8 bits."""
    return np.random.default_rng(seed).integers(20, 235, 3).astype(np.uint8)


def decoded(path: Path) -> np.ndarray:
    """A movie's frames, (T,H,W,3) uint8, as ComfyUI's LoadVideo decodes them: by PyAV."""
    with av.open(str(path)) as container:
        return np.stack([f.to_ndarray(format="rgb24") for f in container.decode(video=0)])


def encoded(frames: np.ndarray, path: Path, codec: str = "libx264") -> Path:
    """A movie as such servers save it."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(16))
        stream.width, stream.height = frames.shape[2], frames.shape[1]
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "1"}
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    return path


class Faulty:
    """What goes wrong, and what was asked for: shared by both servers."""

    def __init__(self) -> None:
        self.faults: dict[str, Any] = {}
        self.asked: list[str] = []
        self.folder = Path(tempfile.mkdtemp())
        self.httpd: ThreadingHTTPServer | None = None
        self.lines: set[Any] = set()

    @property
    def url(self) -> str:
        assert self.httpd is not None
        return f"http://127.0.0.1:{self.httpd.server_address[1]}"

    def start(self, handler: type[BaseHTTPRequestHandler]) -> None:
        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.httpd.daemon_threads = True
        threading.Thread(target=self.httpd.serve_forever, args=(0.05,), daemon=True).start()

    def die(self) -> None:
        """As a process that is killed: nobody listens any more."""
        assert self.httpd is not None
        self.httpd.shutdown()
        self.httpd.server_close()
        for line in list(self.lines):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def paint(self, plate: np.ndarray, matte: np.ndarray, seed: int) -> np.ndarray:
        made = np.where(matte[..., None], colour_of(seed), plate).astype(np.uint8)
        made = made[: len(made) + self.faults.get("frames", 0)]
        if self.faults.get("frames", 0) > 0:
            made = np.concatenate([made, made[-1:]])
        return made[:, : -self.faults["narrow"]] if "narrow" in self.faults else made


class Spoken(BaseHTTPRequestHandler):
    """What both handlers share."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    engine: Any

    def log_message(self, *told: object) -> None: ...

    def setup(self) -> None:
        super().setup()
        self.engine.lines.add(self.connection)

    def finish(self) -> None:
        self.engine.lines.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def json(self, told: Any, status: int = 200) -> None:
        self.data(json.dumps(told).encode(), "application/json", status)

    def data(self, body: bytes, kind: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def parts(self, body: bytes) -> dict[str, tuple[str | None, bytes]]:
        """Multipart, as (file name, content) by field."""
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        told = email.parser.BytesParser().parsebytes(head + body)
        found = {}
        for part in told.get_payload():
            name = part.get_param("name", header="content-disposition")
            found[name] = (part.get_filename(), part.get_payload(decode=True))
        return found

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, ValueError):  # the other side has gone
            self.close_connection = True

    def route(self) -> None:
        path = urlsplit(self.path)
        self.engine.asked.append(f"{self.command} {path.path}")
        body = self.body()
        for place, fault in list(self.engine.faults.items()):
            if isinstance(fault, int) and place == f"{self.command} {path.path}":
                self.json({"detail": "the card is on fire"}, fault)
                return
        asked = {key: values[0] for key, values in parse_qs(path.query).items()}
        self.answer(path.path, asked, body)

    do_GET = do_POST = do_DELETE = route  # noqa: N815

    def answer(self, path: str, asked: dict[str, str], body: bytes) -> None: ...
