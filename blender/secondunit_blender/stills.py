"""One frame of each take, as Blender's panels show pictures."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy.utils.previews

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_contract.job import Take
from secondunit_contract.problem import Problem
from secondunit_panel.client import Client
from secondunit_panel.errands import Errands, Main

SIDE = 384  # pixels


class Stills:
    """Pictures asked for once each, and kept as long as the panel is open."""

    def __init__(self, main: Main, changed: Callable[[], None]) -> None:
        self._main, self._changed = main, changed
        self._asks: Errands | None = None
        self._icons: Any = None
        self._folder: Path | None = None
        self._asked: set[str] = set()

    def icon(self, id: str, take: Take, client: Client | None) -> int:
        """The picture of a take, as a number Blender draws; 0 while there is none."""
        if self._icons is not None and id in self._icons:
            return int(self._icons[id].icon_id)
        if client is not None and id not in self._asked:
            self._asked.add(id)
            self._ask(id, take, client)
        return 0

    def close(self) -> None:
        """Be done."""
        if self._asks is not None:
            self._asks.close()
        if self._icons is not None:
            bpy.utils.previews.remove(self._icons)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._asks = self._icons = self._folder = None
        self._asked.clear()

    def _ask(self, id: str, take: Take, client: Client) -> None:
        self._asks = self._asks or Errands("secondunit-stills", self._main)
        clip = Clip(take.media, take.range, take.rate, media_start=take.range.first)
        middle = take.range.first + len(take.range) // 2

        def work() -> bytes:
            return next(client.pictures(clip, FrameRange(middle, middle), SIDE))

        def failed(problem: Problem) -> None:
            """A take without a picture has its words."""

        self._asks.send(work, lambda told: self._keep(id, told), failed)

    def _keep(self, id: str, told: bytes) -> None:
        self._folder = self._folder or Path(tempfile.mkdtemp(prefix="secondunit-"))
        if self._icons is None:
            self._icons = bpy.utils.previews.new()
        path = self._folder / f"{len(self._icons)}.jpg"
        path.write_bytes(told)
        if id not in self._icons:
            self._icons.load(id, str(path), "IMAGE")
        self._changed()
