"""Fake Nukes, footage for them, and the adapter in them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import fake_media
import fake_nuke

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_contract.job import Job, Take
from secondunit_nuke.host import NukeHost
from secondunit_panel.host import Delivery, Shot


@dataclass
class Stage:
    """A Nuke with the adapter in it, and a Read selected.

    Of its frames 997 to 1016 the script uses 1001 to 1012.
    """

    app: Any
    nuke: Any
    host: NukeHost
    read: Any
    folder: Path

    def do(self, call: Callable[[], Any]) -> Any:
        """A call as the panel makes it: from another thread in a window, else on the main one."""
        return self.app.beside(call) if self.app.gui else call()

    def shot(self) -> Shot:
        [shot] = self.do(self.host.selection).clips
        return shot

    def under(self, kind: str, **knobs) -> Any:
        """A node below the Read, selected in its stead."""
        node = getattr(self.nuke.nodes, kind)(inputs=[self.read], **knobs)
        self.read.setSelected(False)
        node.setSelected(True)
        return node

    def plate(self, name: str = "plate", told=lambda done, total: None) -> Clip:
        shot = self.shot()
        return self.do(lambda: self.host.plate(shot, self.folder / name, told))

    def take(self, number: int = 1, head: int = 0, alpha: bool = False, **more) -> Take:
        """A take of the shot on the disk, a sequence of its own."""
        first, last = 1001 - head, 1012
        folder = self.folder / "Second Unit"
        media = fake_media.sequence(folder, f"a_t{number}", first, last, alpha=alpha)
        extra = more.pop("extra", {})
        return Take("j-1", number, 40 + number, media, FrameRange(first, last),
                    self.shot().place.rate, 64, 36, extra=extra)  # fmt: skip

    def delivery(self, take: Take | None = None, prompt: str = "a gull", **more) -> Delivery:
        take, shot = take or self.take(), self.shot()
        late = shot.place.range.first - shot.clip.range.first
        values = {"prompt": prompt}
        job = Job("extend", "", take.job, {"plate": shot.clip}, values, "a-model", 41)
        told = {"lies": take.range.shifted(late), "slate": "slate-1",
                "colour_space": shot.clip.colour_space} | more  # fmt: skip
        return Delivery(take, job, shot.place, **told)

    def place(self, delivery: Delivery) -> Any:
        return self.do(lambda: self.host.place(delivery))

    def matte(self, delivery: Delivery) -> Any:
        return self.do(lambda: self.host.attach_matte(delivery))

    def names(self) -> list[str]:
        return sorted(each.name for each in self.app.state.values() if each.parent)


@pytest.fixture
def stage(tmp_path) -> Iterator[Callable[..., Stage]]:
    """Makes a stage: stage("16.0v8", gui=False, offset="subtracts")."""
    with ExitStack() as stack:
        apps = []

        def make(version: str = "15.1v3", first: int = 1001, **more) -> Stage:
            app = fake_nuke.Nuke(version, **more)
            apps.append(app)
            nuke = stack.enter_context(fake_nuke.installed(app))
            folder = tmp_path / "shots ä 漢"
            media = fake_media.sequence(folder, "plate", first - 4, first + 15)
            root = nuke.root()
            read = nuke.nodes.Read(name="Plate")
            for name, value in (("first", first - 4), ("origfirst", first - 4),
                                ("last", first + 15), ("origlast", first + 15)):  # fmt: skip
                read[name].setValue(value)
            read["file"].fromUserText(f"{media} {first - 4}-{first + 15}")
            read.setSelected(True)
            root["first_frame"].setValue(first)
            root["last_frame"].setValue(first + 11)
            app.undo.steps.clear()
            app.modified = False
            app.save(folder / "comp.nk")
            return Stage(app, nuke, NukeHost(), read, folder)

        yield make
        assert [each.sins for each in apps if each.sins] == []


@pytest.fixture
def media() -> Any:
    """Reads and writes the files."""
    return fake_media
