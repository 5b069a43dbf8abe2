"""Takes the pictures of the panel: real windows, the real engine, the model that comes along.

    xvfb-run -s "-screen 0 1600x1200x24" python -m tools.panel.shots docs/pictures
    python -m tools.panel.shots FOLDER --only takes narrow

The clip is the demo's own. What an application around the panel would say ("a dialog is open", the
steps by hand) is said by a host of this program; everything else is as an artist gets it.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PIL import Image, ImageOps
from qtpy.QtGui import QImage
from qtpy.QtWidgets import QApplication

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate, Timecode
from secondunit_contract.job import Event
from secondunit_contract.problem import NotEnoughMemory
from secondunit_contract.queue import Told
from secondunit_panel.client import Client
from secondunit_panel.host import About, Delivery, HostBusy, Place, Placed, Selection, Shot
from secondunit_panel.marks import Marks
from secondunit_panel.qt.main_thread import MainThread
from secondunit_panel.qt.panel import Panel
from secondunit_panel.qt.window import SIZE, Window, application
from secondunit_panel.service import find_or_start
from secondunit_panel.session import Session
from secondunit_panel.standalone import Standalone

PLATE = Path(__file__).parents[2] / "core" / "secondunit" / "demo" / "footage" / "plate.mov"
RATE = Rate.of(24)
TALL = (SIZE[0], 1150)  # pixels, so that all takes are seen
_WHOLE_JOB = 600.0  # seconds
_SEED = 41


class Around(Standalone):
    """A host with an editing application's ways: it may have a dialog open, or take no scripts."""

    busy = False
    hands_off = False

    def about(self) -> About:
        """As it is."""
        told = super().about()
        if not self.hands_off:
            return told
        notice = "This edition takes no scripts: takes are handed over as files."
        steps = ("File › Export › Timeline, as OTIO, into the folder Second Unit",
                 "When takes are there: File › Import › Timeline, Second Unit.otio")  # fmt: skip
        return replace(told, name="Resolve", notice=notice, steps=steps)

    def place(self, delivery: Delivery) -> Placed:
        """Refused while a dialog is open."""
        if self.busy:
            raise HostBusy(
                "Resolve does not take the clip", "Second Unit / cut 3",
                "A dialog seems to be open in Resolve: close it, then try again",
            )  # fmt: skip
        return super().place(delivery)


class Stage:
    """One window after another, each photographed when nothing moves in it any more."""

    def __init__(self, folder: Path, work: Path, only: list[str]) -> None:
        self.folder, self.work, self.only = folder, work, only
        self.app: QApplication = application()
        self.media = work / "shots" / "walk_a.mov"
        self.media.parent.mkdir(parents=True)
        shutil.copyfile(PLATE, self.media)
        self.main = MainThread()
        self.windows: list[Window] = []

    def run(self, seconds: float, until: Callable[[], object] = lambda: False) -> None:
        """Let the window live until something is so, or so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not until():
            self.app.processEvents()
            time.sleep(0.004)

    def selection(self) -> Selection:
        """The demo's clip, as it stands in a cut."""
        start = Timecode.parse("01:00:03:12", RATE)
        place = Place(FrameRange(86484, 86507), RATE, "a", "cut 3", "V1", start)
        clip = Clip(str(self.media), FrameRange(0, 23), RATE)
        shot = Shot("walk_a", clip, place, FrameRange(0, 23), 320, 180)
        return Selection((shot,), document="cut 3", folder=str(self.work / "Second Unit"))

    def open(
        self, host: Around, find: Callable[[Callable[[float], None]], Client] | None = None
    ) -> Panel:
        """A window in that host, at work."""
        for each in self.windows:
            each.close()
        keep = self.work / f"panel{len(self.windows)}"
        session = Session(host, find, folder=keep)
        window = Window(host, session)
        window.move(20, 20)
        self.windows = [*self.windows[-1:], window]
        window.show()
        self.run(1.0)
        if find is None:
            self.run(60, lambda: session.desk.cards and not session.looking)
        self.run(2.5)
        return window.panel

    def shoot(self, name: str, size: tuple[int, int] = SIZE) -> None:
        """Photograph the window, as it stands on the screen."""
        window = self.windows[-1]
        window.resize(*size)
        self.run(1.5)
        if not self.only or name in self.only:
            screen = self.app.primaryScreen()
            picture = screen.grabWindow(int(window.winId())).toImage()
            saved(picture, self.folder / f"panel_{name}.png")


def saved(picture: QImage, path: Path) -> None:
    """Written without Qt, whose lock on its picture formats the panel's own threads may hold while
    they wait for Python, which Qt keeps as long as it writes.
    """
    rgb = picture.convertToFormat(QImage.Format.Format_RGB888)
    size, bits = (rgb.width(), rgb.height()), bytes(rgb.constBits())
    Image.frombuffer("RGB", size, bits, "raw", "RGB", rgb.bytesPerLine(), 1).save(path)


def drawn(panel: Panel) -> None:
    """Two clicks and a stroke on the figure."""
    marks = Marks().with_point(0, 0.36, 0.45).with_point(0, 0.37, 0.72)
    marks = marks.with_point(0, 0.62, 0.3, add=False)
    panel.session.draw(marks)


def before_shooting(stage: Stage) -> None:
    """Ready, with all controls, and what is there before the engine is."""

    def slow(waiting: Callable[[float], None]) -> Client:
        for tenth in range(60):
            waiting(tenth / 10)
            time.sleep(0.1)
        return find_or_start()

    stage.open(Around([stage.selection()], stage.main.call), slow)
    stage.run(2)
    stage.shoot("starting")
    panel = stage.open(Around([stage.selection()], stage.main.call))
    stage.shoot("first")
    panel.session.choose("matte")
    drawn(panel)
    panel.session.set("subject", "the figure")
    stage.shoot("ready")
    panel.session.show_everything(True)
    stage.shoot("all")
    panel.session.show_everything(False)
    panel.show_models(True)
    panel.models.show_model("wan2.1-vace-1.3b")
    stage.shoot("models")
    stage.shoot("models_narrow", (320, 980))
    stage.windows[-1].resize(*SIZE)
    panel.show_models(False)
    session = panel.session
    session.choose("restyle")
    session.set("prompt", "a rainy night")
    session.giving.files("guide", [str(drawn_guide(stage))])
    session.giving.files("reference", [str(still(stage))])
    stage.run(3)
    stage.shoot("clips")
    for slot in ("guide", "reference"):
        session.giving.take_away(slot)


def still(stage: Stage) -> Path:
    """One frame of the clip, mirrored, as somebody may have painted it."""
    path = stage.media.with_name("look.png")
    [frame] = frames_of(stage, FrameRange(18, 18))
    ImageOps.mirror(frame).save(path)
    return path


def drawn_guide(stage: Stage) -> Path:
    """The clip's frames as bare greys, a numbered picture each: a crude guide by hand."""
    folder = stage.media.with_name("blocking")
    folder.mkdir()
    for number, frame in enumerate(frames_of(stage, FrameRange(0, 23)), 1001):
        coarse = frame.convert("L").resize((40, 23)).resize(frame.size, Image.Resampling.NEAREST)
        coarse.save(folder / f"blocking.{number}.png")
    return folder


def frames_of(stage: Stage, frames: FrameRange) -> list[Image.Image]:
    """Frames of the clip, as the engine shows them."""
    client = stage.windows[-1].panel.session.link.client
    assert client is not None
    told = client.pictures(Clip(str(stage.media)), frames, 480)
    return [Image.open(io.BytesIO(jpeg)) for jpeg in told]


def shooting(stage: Stage, host: Around) -> Panel:
    """While four takes are shot, and when they are there."""
    panel = stage.open(host)
    session = panel.session
    session.choose("extend")
    session.set("prompt", "the wall goes on")
    session.set("width", 480)
    session.set("height", 270)
    session.settle(takes=4, seed=_SEED)
    panel.shoot.shoot()
    stage.run(_WHOLE_JOB, lambda: len(session.takes()) >= 2)
    stage.run(_WHOLE_JOB, lambda: session.dailies.previews or len(session.takes()) >= 3)
    stage.shoot("running", TALL)
    stage.run(_WHOLE_JOB, lambda: not session.dailies.open())
    stage.run(3)
    panel.takes.choose_number(3)
    panel.takes.rate("rejected")
    panel.takes.choose_number(2)
    panel.takes.rate("circled")
    session.annotate(panel.takes.chosen, "the third block is soft")
    stage.run(3)
    panel.clock.pause()
    panel.clock.go_to(12)
    stage.shoot("takes", TALL)
    stage.shoot("narrow", (320, 980))
    stage.shoot("wide", (1280, 820))
    return panel


def trouble(stage: Stage, host: Around, panel: Panel) -> None:
    """When something is in the way."""
    session = panel.session
    stage.windows[-1].resize(*SIZE)
    job = next(iter(session.dailies.jobs))
    session.notices.complain(
        NotEnoughMemory("This needs 3 GB more than the card has", job,
                        "Close the viewer's cache, or shoot at 480p"), job,
    )  # fmt: skip
    stage.shoot("error")
    session.notices.forget(about=job)
    host.busy = True
    panel.takes.place()
    stage.run(2)
    stage.shoot("refused")
    session.notices.forget(about=panel.takes.chosen)
    ask = Event("ask", job, "matte", message="Click the figure's arm once on frame 17",
                extra={"frame": 17, "first": 15, "last": 19})  # fmt: skip
    session.dailies.heard(Told(0, time.time(), ask))
    panel.draw()
    stage.shoot("needs_you")
    session.dailies.asked.clear()
    panel.draw()
    host.hands_off = True
    stage.open(host)
    stage.shoot("handoff")
    stage.open(Around([], stage.main.call))
    stage.shoot("empty")


def gone(stage: Stage, data: Path) -> None:
    """The engine dies; nothing is lost."""
    panel = stage.open(Around([stage.selection()], stage.main.call))
    end(data)
    stage.run(15, lambda: panel.session.link.state == "lost")
    stage.shoot("gone")
    stage.run(60, lambda: panel.session.link.here)  # the panel has started another, to be ended


def end(data: Path) -> None:
    """End the service of this program."""
    try:
        told = (data / "service.json").read_text("utf-8")
        os.kill(int(told.partition('"pid":')[2].partition(",")[0].strip(" }\n")), signal.SIGTERM)
    except (OSError, ValueError):
        return


def main(arguments: list[str]) -> int:
    """Take the pictures; how the program ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="*", default=[])
    told = parser.parse_args(arguments)
    told.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        work = Path(place)
        data = work / "data"
        os.environ |= {
            "SECONDUNIT_DATA": str(data), "SECONDUNIT_PYTHON": sys.executable,
            "SECONDUNIT_MODELS": str(work / "models"), "SECONDUNIT_DEVICE": "cpu",
        }  # fmt: skip
        stage = Stage(told.folder, work, told.only)
        try:
            before_shooting(stage)
            host = Around([stage.selection()], stage.main.call)
            trouble(stage, host, shooting(stage, host))
            gone(stage, data)
        finally:
            for each in stage.windows:
                each.close()
            end(data)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
