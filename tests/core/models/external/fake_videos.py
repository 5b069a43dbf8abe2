"""A small OpenAI-style video server, as SGLang-Diffusion's video_api.py and vLLM-Omni's docs tell,
with faults on demand.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

import numpy as np
from fake_server import Faulty, Spoken, decoded, encoded


class VideoServer(Faulty):
    """Jobs that go on by one step each time somebody asks how far they are."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: dict[str, dict[str, Any]] = {}
        self.fields: list[dict[str, Any]] = []
        self.tokens: list[str | None] = []
        handler = type("Handler", (VideoHandler,), {"engine": self})
        self.start(handler)

    def begin(self, fields: dict[str, Any], files: dict[str, bytes]) -> dict[str, Any]:
        self.fields.append(fields | {name: len(content) for name, content in files.items()})
        name = f"video_{len(self.fields)}"
        width, height = map(int, fields["size"].split("x"))
        shape = (int(fields["num_frames"]), height, width)
        plate, matte = np.full((*shape, 3), 128, np.uint8), np.ones(shape, bool)
        if "input_reference" in files:
            plate, matte = self._movie(files["input_reference"]), matte
        if "mask" in files:
            matte = self._movie(files["mask"])[..., 0] > 127
        made = self.paint(plate, matte, int(fields["seed"]))
        path = encoded(made, self.folder / f"{name}.mp4")
        self.jobs[name] = {"id": name, "object": "video", "model": fields.get("model", "served"),
                           "status": "queued", "progress": 0, "created_at": 0,
                           "size": fields["size"], "_path": path}  # fmt: skip
        return self.shown(name)

    def _movie(self, content: bytes) -> np.ndarray:
        path = self.folder / f"{uuid.uuid4()}.mov"
        path.write_bytes(content)
        return decoded(path)

    def shown(self, name: str) -> dict[str, Any]:
        return {key: value for key, value in self.jobs[name].items() if key[0] != "_"}

    def go_on(self, name: str) -> None:
        job = self.jobs[name]
        if "fails" in self.faults:
            job |= {"status": "failed", "error": {"message": self.faults["fails"]}}
        elif job["progress"] >= 75 and not self.faults.get("busy"):
            job |= {"status": "completed", "progress": 100}
        elif not self.faults.get("busy"):
            job |= {"status": "in_progress", "progress": job["progress"] + 25}


class VideoHandler(Spoken):
    engine: VideoServer

    def answer(self, path: str, asked: dict[str, str], body: bytes) -> None:
        engine = self.engine
        engine.tokens.append(self.headers.get("Authorization"))
        if path == "/v1/videos":
            self._create(body)
            return
        name = path.split("/")[3]
        if name not in engine.jobs:
            self.json({"detail": "Video not found"}, 404)
        elif self.command == "DELETE":
            self.json(engine.shown(name) | {"status": "deleted"})
            del engine.jobs[name]
        elif path.endswith("/content"):
            content = engine.jobs[name]["_path"].read_bytes()
            if engine.faults.get("breaks off"):
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: len(content) // 2])
                self.close_connection = True
                return
            self.data(content, "video/mp4")
        else:
            engine.go_on(name)
            self.json(engine.shown(name))

    def _create(self, body: bytes) -> None:
        if "redirects" in self.engine.faults:
            self.send_response(307)
            self.send_header("Location", self.engine.faults["redirects"])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        fields: dict[str, Any] = {}
        files: dict[str, bytes] = {}
        if self.headers["Content-Type"].startswith("multipart/form-data"):
            for name, (file, content) in self.parts(body).items():
                if file is None:
                    fields[name] = content.decode()
                else:
                    files[name] = content
        else:
            fields = json.loads(body)
        if not fields.get("prompt") and not files:
            self.json({"detail": [{"loc": ["body", "prompt"], "msg": "prompt is required"}]}, 422)
            return
        self.json(self.engine.begin(fields, files))
