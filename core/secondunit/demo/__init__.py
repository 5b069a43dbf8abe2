"""The demo: a small cut with a request of each kind, shot with the model that comes along."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from secondunit.engine.local import Engine
from secondunit.engine.watching import Cancel, Report
from secondunit.timeline.render import Rendering

FOOTAGE = Path(__file__).parent / "footage"
"""A rendered shot of ours as a long-GOP movie, its figure's true matte, and a cut made of them."""

_HONEST = """
The model that comes along is small and soft. Where other frames saw what is behind a hole, clean
plates and inserts show their pixels, and are nearer to the truth than classical fills; so are its
wider frames. The matte it carries from one marked frame is rough before all the rest has been at
it. Everything around it is what a large model gets too: every pixel outside the paint region is
the plate's own.
Look at the contact sheet first, then open cut_shot.otio in anything that reads OpenTimelineIO.
"""


@dataclass(frozen=True)
class Shown:
    """What the demo made, in words, and whether something went wrong."""

    text: str
    failed: bool


def shown(output: Path, report: Report, cancel: Cancel) -> Shown:
    """Copy the cut and its footage into a folder and render it there."""
    output.mkdir(parents=True, exist_ok=True)
    for file in FOOTAGE.iterdir():
        shutil.copyfile(file, output / file.name)
    rendering = Rendering(Engine(), report, cancel)
    done = rendering.render(output / "cut.otio", output / "cut_shot.otio", output / "takes")
    return Shown(done.report() + "\n" + _HONEST, bool(done.failed or done.left))
