"""A small hub on loopback that speaks as the real one does, and can be made to fail."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import huggingface_hub.constants
import huggingface_hub.file_download
import numpy as np
import pytest
from safetensors.numpy import save

REVISION, NEWER = "a" * 40, "b" * 40


def checkpoint_files(size: int = 200_000) -> dict[str, bytes]:
    """A checkpoint as small as one can be that is looked through and makes a card."""
    weights = save({"a": np.arange(size, dtype=np.float32)})
    index = {
        "_class_name": "WanPipeline",
        "transformer": ["diffusers", "WanTransformer3DModel"],
        "vae": ["diffusers", "AutoencoderKLWan"],
        "scheduler": ["diffusers", "UniPCMultistepScheduler"],
    }
    return {
        "model_index.json": json.dumps(index).encode(),
        "README.md": b"---\nlicense: apache-2.0\n---\nA model.\n",
        "LICENSE": b"Do as you like.\n",
        "transformer/config.json": b'{"num_layers": 4, "patch_size": [1, 2, 2]}',
        "transformer/diffusion_pytorch_model.safetensors": weights,
        "vae/config.json": b'{"z_dim": 4}',
        "vae/diffusion_pytorch_model.safetensors": save({"b": np.ones(8, np.float32)}),
        "scheduler/scheduler_config.json": b"{}",
    }


def written(folder: Path, files: dict[str, bytes]) -> Path:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


@dataclass
class Hub:
    """`files` by repository and revision. The faults: `cut` ends an answer after so many bytes, for
    good where the path is in `dead`; `spoilt` gives other bytes than the listing says; `bare` lists
    names alone, as plain mirrors do.
    """

    files: dict[str, dict[str, dict[str, bytes]]] = field(default_factory=dict)
    newest: dict[str, str] = field(default_factory=dict)
    licence: str = "apache-2.0"
    cut: dict[str, int] = field(default_factory=dict)
    dead: set[str] = field(default_factory=set)
    spoilt: dict[str, bytes] = field(default_factory=dict)
    bare: bool = False
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    told: dict[str, str] = field(default_factory=dict)
    url: str = ""

    def holds(self, repository: str, revision: str, files: dict[str, bytes]) -> None:
        self.files.setdefault(repository, {})[revision] = files
        self.newest[repository] = revision

    def got(self, path: str) -> list[str]:
        """The ranges in which a file was asked for."""
        return [span for method, each, span in self.asked if method == "GET" and each == path]


def sibling(path: str, content: bytes, bare: bool) -> dict[str, Any]:
    if bare:
        return {"rfilename": path}
    told: dict[str, Any] = {"rfilename": path, "size": len(content), "blobId": git(content)}
    if path.endswith(".safetensors"):
        sha = hashlib.sha256(content).hexdigest()
        told["lfs"] = {"sha256": sha, "size": len(content), "pointerSize": 134}
    return told


def git(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Answering(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(False)

    def do_GET(self) -> None:
        self._answer(True)

    def _answer(self, whole: bool) -> None:
        self.hub.told = {
            name: self.headers.get(name, "") for name in ("authorization", "user-agent")
        }
        parts = unquote(urlsplit(self.path).path).strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            self._listing("/".join(parts[2:4]), parts[5])
        elif len(parts) > 4 and parts[2] == "resolve":
            self._file("/".join(parts[:2]), parts[3], "/".join(parts[4:]), whole)
        else:
            self.hub.asked.append((self.command, self.path, ""))
            self._give(404, b"{}")

    def _listing(self, repository: str, revision: str) -> None:
        revision = self.hub.newest.get(repository, "") if revision == "main" else revision
        files = self.hub.files.get(repository, {}).get(revision)
        self.hub.asked.append((self.command, f"list {repository}", ""))
        if files is None:
            kind = "RevisionNotFound" if repository in self.hub.files else "RepoNotFound"
            self._give(404, b"{}", {"X-Error-Code": kind})
            return
        told = {
            "id": repository,
            "sha": revision,
            "cardData": {"license": self.hub.licence},
            "siblings": [sibling(path, files[path], self.hub.bare) for path in sorted(files)],
        }
        self._give(200, json.dumps(told).encode(), {"Content-Type": "application/json"})

    def _file(self, repository: str, revision: str, path: str, whole: bool) -> None:
        files = self.hub.files.get(repository, {}).get(revision, {})
        span = self.headers.get("Range", "")
        self.hub.asked.append((self.command, path, span))
        if path not in files:
            self._give(404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        content = self.hub.spoilt.get(path, files[path])
        lfs = path.endswith(".safetensors")
        etag = hashlib.sha256(files[path]).hexdigest() if lfs else git(files[path])
        headers = {"ETag": f'"{etag}"', "X-Repo-Commit": revision, "Accept-Ranges": "bytes"}
        start = int(span.removeprefix("bytes=").partition("-")[0] or 0) if span else 0
        if span:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self._give(206 if span else 200, content[start:], headers, path, whole, start)

    def _give(
        self,
        status: int,
        content: bytes,
        headers: dict[str, str] | None = None,
        path: str = "",
        whole: bool = True,
        start: int = 0,
    ) -> None:
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if not whole:
            return
        end = self.hub.cut.get(path) if path in self.hub.dead else self.hub.cut.pop(path, None)
        end = None if end is None else max(0, end - start)
        self.wfile.write(content[:end])
        if end is not None and end < len(content):
            self.wfile.flush()
            self.close_connection = True

    def log_message(self, *told: object) -> None:
        pass


def handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    """What answers for that hub."""
    return type("OfThisHub", (Answering,), {"hub": hub})


@contextmanager
def online(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[Hub]:
    """A hub at work, and a download cache in that folder. Whoever does not name it reaches
    nothing.
    """
    constants = huggingface_hub.constants
    nowhere = "http://127.0.0.1:9"  # whoever asks elsewhere than it was told reaches nobody
    template = constants.HUGGINGFACE_CO_URL_TEMPLATE.removeprefix(constants.ENDPOINT)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", nowhere + template)
    monkeypatch.setattr(constants, "ENDPOINT", nowhere)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder / "cache"))
    monkeypatch.setattr(constants, "AGENT_HARNESSES_PATH", str(folder / "agents.json"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(folder / "token"))
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1 << 14)
    monkeypatch.setattr(huggingface_hub.file_download.time, "sleep", lambda seconds: None)
    made = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(made))
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    made.holds("someone/tiny", REVISION, checkpoint_files())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()
