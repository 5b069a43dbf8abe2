"""What previews cost: their share of the time that the model that comes along takes for a call."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from secondunit.callsheet import CallSheet, Estimate
from secondunit.demo import FOOTAGE
from secondunit.engine.casting import Casting
from secondunit.engine.local import Previews, unheard
from secondunit.engine.shooting import Shooting
from secondunit.engine.shot import Shot
from secondunit.engine.watching import Cancel, JobWatch
from secondunit.settings import Settings
from secondunit.tasks import checked, named
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_contract.job import Job

_STEPS = 60
_VALUES = {"left": 80, "right": 80, "top": 45, "bottom": 45}


class _Clocked(JobWatch):
    """Counts the seconds of the steps that a preview was made in."""

    spent, made = 0.0, 0

    def step(self, take: int, done: int, total: int, estimate: Estimate | None) -> None:
        before, shown = time.perf_counter(), self._previewed
        super().step(take, done, total, estimate)
        if self._previewed != shown:
            self.spent += time.perf_counter() - before
            self.made += 1


def preview_share() -> tuple[dict[str, float], dict[str, int]]:
    """preview_share, and previews_made in a call of a few dozen steps."""
    casting = Casting(Settings.found())
    card = min(casting.cards(), key=lambda card: card.reach.memory_gb)
    model, task = casting.ready(card), named("extend")
    plate = {"plate": Clip(str(FOOTAGE / "plate.mov"), FrameRange(0, 8))}
    job = Job("extend", "take", inputs=plate, values=_VALUES, steps=_STEPS)
    with (
        tempfile.TemporaryDirectory() as folder,
        Shot(task, checked(task, job.task, job.values), job.inputs, card.reach) as shot,
    ):
        watch = _Clocked("", unheard, Cancel(), Previews(Path(folder), "bench"))
        sheet = _sheet(Shooting(shot, card, job, watch))
        for _ in model.shoot(sheet, JobWatch("", unheard, Cancel())):
            break  # the first call makes things ready that no later one does
        watch = _Clocked("", unheard, Cancel(), Previews(Path(folder), "bench"))
        begun = time.perf_counter()
        for _ in model.shoot(sheet, watch):
            pass
        whole = time.perf_counter() - begun
    return {"preview_share": watch.spent / whole}, {"previews_made": watch.made}


def _sheet(shooting: Shooting) -> CallSheet:
    sheet = shooting.sheet(shooting.runs[0].windows[0], {})
    sheet.seeds = (0,)
    return sheet
