"""How far a ComfyUI is with a take, and what it looks like so far, as its websocket tells."""

from __future__ import annotations

import io
import json
import struct
import time
from typing import Any

import numpy as np

from secondunit.callsheet import Estimate, Pixels, Watch
from secondunit.models.external.described import Engine
from secondunit.models.external.listening import Listening
from secondunit.models.external.model import PERCENT
from secondunit.models.external.wire import Wire

_LAST_WORDS = 0.2  # seconds to hear what was said before the take was seen to be whole
_PREVIEW = 1  # what a binary message begins with where a picture follows
_OVER = frozenset({"execution_success", "execution_error", "execution_interrupted"})


class Progress:
    """Listens while one take is made; hears nothing where the websocket cannot be had."""

    def __init__(self, listening: Listening | None, samplers: frozenset[str]) -> None:
        self._listening, self._samplers = listening, samplers
        self._far: dict[str, float] = {}
        self._told = -1
        self._picture: Pixels | None = None

    @classmethod
    def of(cls, wire: Wire, engine: Engine, client: str, samplers: frozenset[str]) -> Progress:
        """Must be opened before the take is queued, or its beginning is missed."""
        try:
            listening = Listening.to(engine.address, f"/ws?clientId={client}", wire.headers)
        except OSError:
            return cls(None, samplers)
        return cls(listening, samplers)

    def close(self) -> None:
        """Listen no longer."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None

    def finish(self, name: str, take: int, watch: Watch) -> None:
        """The take is made: tell what was said of it and not heard yet, and that it is whole."""
        until = time.monotonic() + _LAST_WORDS
        while self._listening is not None and time.monotonic() < until and self._told < PERCENT:
            self.listen(_LAST_WORDS / 10, name, take, watch)
        if self._told < PERCENT:
            self._told = PERCENT
            watch.step(take, PERCENT, PERCENT, None)

    def listen(self, seconds: float, name: str, take: int, watch: Watch) -> bool:
        """Listen for so long at most, and tell what is heard of that job; whether it is over."""
        if self._listening is None:
            time.sleep(seconds)
            return False
        try:
            message = self._listening.heard(seconds)
        except OSError:
            self.close()
            return False
        if isinstance(message, bytes):
            self._saw(message)
        elif message is not None:
            return self._heard(message, name, take, watch)
        return False

    def _saw(self, message: bytes) -> None:
        if len(message) > 8 and struct.unpack("!I", message[:4])[0] == _PREVIEW:
            self._picture = _shown(message[8:])

    def _heard(self, message: str, name: str, take: int, watch: Watch) -> bool:
        try:
            told = json.loads(message)
            kind, data = told["type"], told["data"]
            if data.get("prompt_id", name) != name:
                return False
        except (ValueError, KeyError, TypeError, AttributeError):
            return False
        if kind == "progress":
            self._step(data, take, watch)
        return kind in _OVER

    def _step(self, data: dict[str, Any], take: int, watch: Watch) -> None:
        """One node is so far. Where several sample, each is its share of the work."""
        node, value, most = (data.get(key) for key in ("node", "value", "max"))
        if not isinstance(value, (int, float)) or not isinstance(most, (int, float)) or most <= 0:
            return
        if self._samplers and str(node) not in self._samplers:
            return
        self._far[str(node)] = min(1.0, value / most)
        share = sum(self._far.values()) / max(len(self._samplers), 1)
        far = min(PERCENT, int(PERCENT * share))
        if far > self._told:
            self._told = far
            watch.step(take, far, PERCENT, self._estimate())

    def _estimate(self) -> Estimate | None:
        picture = self._picture
        return None if picture is None else lambda: picture


def _shown(picture: bytes) -> Pixels | None:
    """A preview (1,H,W,3), as the engine drew it; None where it is no picture."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(picture)) as image:
            shown = np.asarray(image.convert("RGB"), np.float32) / np.float32(255)
    except (UnidentifiedImageError, OSError):
        return None
    return shown[None]
