"""A small ComfyUI: what its server.py and execution.py answer, with faults on demand."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import struct
import threading
import time
import uuid
from typing import Any

import numpy as np
from fake_server import Faulty, Spoken, colour_of, decoded, encoded
from PIL import Image

NODES: dict[str, tuple[set[str], set[str]]] = {  # class -> (required, optional) inputs
    "LoadVideo": ({"file"}, set()),
    "GetVideoComponents": ({"video"}, set()),
    "ImageToMask": ({"image", "channel"}, set()),
    "LoadImage": ({"image"}, set()),
    "ImageBatch": ({"image1", "image2"}, set()),
    "CLIPTextEncode": ({"text"}, set()),
    "WanVaceToVideo": (
        {"positive", "negative", "width", "height", "length", "batch_size"},
        {"strength", "control_video", "control_masks", "reference_image"},
    ),
    "WanFirstLastFrameToVideo": (
        {"positive", "negative", "width", "height", "length", "batch_size"},
        {"start_image", "end_image"},
    ),
    "KSampler": ({"seed", "steps", "cfg", "latent_image", "denoise"}, set()),
    "VAEDecode": ({"samples"}, set()),
    "PreviewImage": ({"images"}, set()),
    "SaveVideo": ({"images", "filename_prefix"}, set()),
}
OUTPUTS = {"PreviewImage", "SaveVideo"}

WORKFLOW: dict[str, Any] = {
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": ""}, "_meta": {"title": "Prompt"}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurred"}},
    "60": {"class_type": "LoadVideo", "inputs": {"file": "mine.mp4"}},
    "61": {"class_type": "GetVideoComponents", "inputs": {"video": ["60", 0]}},
    "62": {"class_type": "LoadVideo", "inputs": {"file": "mine.mp4"}},
    "63": {"class_type": "GetVideoComponents", "inputs": {"video": ["62", 0]}},
    "64": {"class_type": "ImageToMask", "inputs": {"image": ["63", 0], "channel": "red"}},
    "70": {"class_type": "LoadImage", "inputs": {"image": "me.png"}},
    "49": {
        "class_type": "WanVaceToVideo",
        "inputs": {
            "positive": ["6", 0], "negative": ["7", 0], "control_video": ["61", 0],
            "control_masks": ["64", 0], "reference_image": ["70", 0],
            "width": 832, "height": 480, "length": 81, "batch_size": 1, "strength": 1.0,
        },
    },
    "3": {
        "class_type": "KSampler",
        "inputs": {"seed": 1, "steps": 4, "cfg": 6.0, "denoise": 1.0, "latent_image": ["49", 2]},
    },
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0]}},
    "9": {"class_type": "PreviewImage", "inputs": {"images": ["8", 0]}},
}  # fmt: skip


class ComfyServer(Faulty):
    """A queue of one worker that runs graphs of the nodes above."""

    def __init__(self) -> None:
        super().__init__()
        self.pending: list[list[Any]] = []
        self.running: list[list[Any]] = []
        self.history: dict[str, Any] = {}
        self.graphs: list[dict[str, Any]] = []
        self.interrupted: set[str] = set()
        self.sockets: dict[str, Any] = {}
        self.files: dict[tuple[str, str], bytes] = {}
        self._more = threading.Condition()
        handler = type("Handler", (ComfyHandler,), {"engine": self})
        self.start(handler)
        threading.Thread(target=self._work, daemon=True).start()

    def faults_of(self, graph: dict[str, Any]) -> dict[str, Any]:
        """As validate_prompt: by node that an output comes from, the inputs that cannot be."""
        found: dict[str, Any] = {}
        heard = [key for key, node in graph.items() if node["class_type"] in OUTPUTS]
        for key in heard:
            links = [told[0] for told in graph[key]["inputs"].values() if isinstance(told, list)]
            heard += [link for link in links if link not in heard]
        for key in heard:
            node = graph[key]
            required = NODES[node["class_type"]][0]
            wrong = [
                {"type": "required_input_missing", "message": "Required input is missing",
                 "details": name, "extra_info": {"input_name": name}}
                for name in sorted(required - set(node["inputs"]))
            ]  # fmt: skip
            for name in ("file", "image"):
                told = node["inputs"].get(name)
                if isinstance(told, str) and self.named(told) is None:
                    wrong.append({"type": "custom_validation_failed", "details": f"{name} - {told}",
                                  "message": "Custom validation failed for node",
                                  "extra_info": {}})  # fmt: skip
            if wrong:
                found[key] = {"errors": wrong, "dependent_outputs": ["9"],
                              "class_type": node["class_type"]}  # fmt: skip
        return found

    def named(self, told: str) -> bytes | None:
        """As get_annotated_filepath: "name [temp]" is in the folder of that name."""
        name, folder = (told[:-7], "temp") if told.endswith(" [temp]") else (told, "input")
        return self.files.get((folder, name))

    def queue(self, graph: dict[str, Any], client: str) -> str:
        name = str(uuid.uuid4())
        with self._more:
            self.graphs.append(graph)
            self.pending.append([len(self.graphs), name, graph, {"client_id": client}, ["9"]])
            self._more.notify()
        return name

    def tell(self, client: str, kind: str, **data: Any) -> None:
        self.send(client, 0x1, json.dumps({"type": kind, "data": data}).encode())

    def send(self, client: str, kind: int, payload: bytes) -> None:
        channel = self.sockets.get(client)
        if channel is None:
            return
        size = len(payload)
        head = bytes([0x80 | kind]) + (
            bytes([size]) if size < 126 else b"\x7e" + struct.pack("!H", size)
            if size < 1 << 16 else b"\x7f" + struct.pack("!Q", size)
        )  # fmt: skip
        try:
            channel.sendall(head + payload)
        except OSError:
            self.sockets.pop(client, None)

    def _work(self) -> None:
        while True:
            with self._more:
                while not self.pending or self.faults.get("busy"):
                    self._more.wait(0.01)
                entry = self.pending.pop(0)
                self.running.append(entry)
            _, name, graph, extra, _ = entry
            messages: list[Any] = [["execution_start", {"prompt_id": name}]]
            outputs: dict[str, Any] = {}
            try:
                outputs = self._run(name, graph, extra["client_id"])
                status = "success"
                messages.append(["execution_success", {"prompt_id": name}])
            except InterruptedError:
                status = "error"
                messages.append(["execution_interrupted", {"prompt_id": name, "node_id": "3"}])
            except RuntimeError as error:
                status = "error"
                told = {"prompt_id": name, "node_id": "3", "node_type": "KSampler"}
                told |= {"exception_message": str(error), "exception_type": "RuntimeError"}
                messages.append(["execution_error", told])
            done = {"status_str": status, "completed": status == "success", "messages": messages}
            with self._more:
                self.running.remove(entry)
                if not self.faults.get("forgets"):
                    self.history[name] = {"prompt": entry, "outputs": outputs, "status": done}
            self.tell(extra["client_id"], messages[-1][0], prompt_id=name)

    def _run(self, name: str, graph: dict[str, Any], client: str) -> dict[str, Any]:
        def value(key: str, entry: str) -> Any:
            told = graph[key]["inputs"].get(entry)
            return run(told[0]) if isinstance(told, list) else told

        def run(key: str) -> Any:
            return getattr(self, f"_{graph[key]['class_type'].lower()}")(
                lambda entry: value(key, entry), name, client
            )

        return {key: run(key) for key, node in graph.items() if node["class_type"] in OUTPUTS}

    def _loadvideo(self, value: Any, *_: str) -> np.ndarray:
        path = self.folder / f"{uuid.uuid4()}.mov"
        path.write_bytes(self.named(value("file")) or b"")
        return decoded(path)

    def _getvideocomponents(self, value: Any, *_: str) -> np.ndarray:
        return value("video")

    def _imagetomask(self, value: Any, *_: str) -> np.ndarray:
        return value("image")[..., 0] > 127

    def _loadimage(self, value: Any, *_: str) -> np.ndarray:
        with Image.open(io.BytesIO(self.named(value("image")) or b"")) as image:
            return np.asarray(image.convert("RGB"))[None]

    def _imagebatch(self, value: Any, *_: str) -> np.ndarray:
        return np.concatenate([value("image1"), value("image2")])

    def _cliptextencode(self, value: Any, *_: str) -> str:
        return value("text")

    def _wanvacetovideo(self, value: Any, *_: str) -> tuple[np.ndarray, np.ndarray]:
        shape = (value("length"), value("height"), value("width"))
        plate, matte = value("control_video"), value("control_masks")
        plate = np.full((*shape, 3), 128, np.uint8) if plate is None else plate
        assert plate.shape == (*shape, 3), plate.shape
        return plate, np.ones(shape, bool) if matte is None else matte

    def _wanfirstlastframetovideo(self, value: Any, *_: str) -> tuple[np.ndarray, np.ndarray]:
        shape = (value("length"), value("height"), value("width"))
        plate, matte = np.full((*shape, 3), 128, np.uint8), np.ones(shape, bool)
        for place, entry in ((0, "start_image"), (-1, "end_image")):
            picture = value(entry)
            if picture is not None:
                plate[place], matte[place] = picture[0], False
        return plate, matte

    def _ksampler(self, value: Any, name: str, client: str) -> np.ndarray:
        plate, matte = value("latent_image")
        steps, seed = value("steps"), value("seed")
        small = io.BytesIO()
        Image.new("RGB", (12, 8), tuple(map(int, colour_of(seed)))).save(small, "JPEG")
        for step in range(steps):
            time.sleep(self.faults.get("slow", 0.0))
            if name in self.interrupted:
                raise InterruptedError
            if "fails" in self.faults:
                raise RuntimeError(self.faults["fails"])
            self.send(client, 0x2, struct.pack("!II", 1, 1) + small.getvalue())
            self.tell(client, "progress", value=step + 1, max=steps, prompt_id=name, node="3")
        return self.paint(plate, matte, seed)

    def _vaedecode(self, value: Any, *_: str) -> np.ndarray:
        return value("samples")

    def _previewimage(self, value: Any, *_: str) -> dict[str, Any]:
        made = []
        for frame in value("images"):
            kept = io.BytesIO()
            Image.fromarray(frame).save(kept, "PNG", compress_level=1)
            made.append(self._kept("png", "temp", kept.getvalue()))
        return {"images": made}

    def _savevideo(self, value: Any, *_: str) -> dict[str, Any]:
        path = encoded(value("images"), self.folder / f"{uuid.uuid4()}.mp4")
        return {"images": [self._kept("mp4", "output", path.read_bytes())], "animated": [True]}

    def _kept(self, suffix: str, folder: str, content: bytes) -> dict[str, str]:
        name = f"ComfyUI_{len(self.files):05}_.{suffix}"
        self.files[folder, name] = content
        return {"filename": name, "subfolder": "", "type": folder}


class ComfyHandler(Spoken):
    engine: ComfyServer

    def answer(self, path: str, asked: dict[str, str], body: bytes) -> None:
        engine = self.engine
        name = path.rpartition("/")[2]
        told = json.loads(body) if body[:1] == b"{" else {}
        if path == "/ws":
            self._socket(asked["clientId"])
        elif path == "/upload/image":
            parts = self.parts(body)
            file, content = parts["image"]
            folder = parts["type"][1].decode()
            engine.files[folder, str(file)] = content
            self.json({"name": file, "subfolder": "", "type": folder})
        elif path == "/prompt":
            self._prompt(told)
        elif path.startswith("/history/"):
            self.json({name: engine.history[name]} if name in engine.history else {})
        elif path.startswith("/object_info/"):
            required, optional = NODES.get(name, (set(), set()))
            entries = {"required": {key: ["X"] for key in required}}
            entries["optional"] = {key: ["X"] for key in optional}
            self.json({name: {"input": entries, "name": name}} if name in NODES else {})
        elif path == "/view":
            kept = engine.files.get((asked["type"], asked["filename"]))
            self.data(kept or b"", "image/png", 200 if kept else 404)
        elif path == "/system_stats":
            self.json({"system": {"comfyui_version": "0.9.1"}, "devices": []})
        else:
            self._queue(path, told)

    def _queue(self, path: str, told: dict[str, Any]) -> None:
        engine = self.engine
        if path == "/queue" and self.command == "GET":
            self.json({"queue_running": engine.running, "queue_pending": engine.pending})
        elif path == "/queue":
            gone = told.get("delete", [])
            engine.pending[:] = [each for each in engine.pending if each[1] not in gone]
            self.data(b"", "text/plain")
        elif path == "/history":
            for each in told.get("delete", []):
                engine.history.pop(each, None)
            self.data(b"", "text/plain")
        elif path == "/interrupt":
            engine.interrupted |= {told.get("prompt_id") or engine.running[0][1]}
            self.data(b"", "text/plain")
        else:
            self.data(b"404: Not Found", "text/plain", 404)

    def _prompt(self, told: dict[str, Any]) -> None:
        graph = told["prompt"]
        for key, node in graph.items():
            if node["class_type"] not in NODES:
                words = f"Cannot execute because node {node['class_type']} does not exist."
                error = {"type": "invalid_prompt", "message": words, "details": f"Node ID '#{key}'"}
                self.json({"error": error, "node_errors": {}}, 400)
                return
        faults = self.engine.faults_of(graph)
        if faults:
            error = {"type": "prompt_outputs_failed_validation", "details": "",
                     "message": "Prompt outputs failed validation", "extra_info": {}}  # fmt: skip
            self.json({"error": error, "node_errors": faults}, 400)
            return
        name = self.engine.queue(graph, told["client_id"])
        self.json({"prompt_id": name, "number": len(self.engine.graphs), "node_errors": {}})

    def _socket(self, client: str) -> None:
        if self.engine.faults.get("deaf"):
            self.data(b"", "text/plain", 404)
            return
        magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        key = self.headers["Sec-WebSocket-Key"] + magic
        self.send_response(101, "Switching Protocols")
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        agreed = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.send_header("Sec-WebSocket-Accept", agreed)
        self.end_headers()
        self.wfile.flush()
        self.engine.sockets[client] = self.connection
        self.engine.tell(client, "status", status={"exec_info": {"queue_remaining": 0}}, sid=client)
        while self.connection.recv(1024):  # pongs, until the other side hangs up
            pass
        self.engine.sockets.pop(client, None)
        self.close_connection = True
