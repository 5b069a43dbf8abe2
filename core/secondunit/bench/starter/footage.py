"""Whole jobs on footage never trained on, as an artist gets them: at the plate's own size.

The rendered shot `plate_true_alpha` (320x180, 24 frames) has every truth, the tennis player
`camera_pan_tennis` (448x256, 70 frames) a mask a frame. Settings:

    extension  the plate in the middle of 480x270, all frames; judged where the plate is not
    insert     15 frames, 6 to 20 as the files count, between what is kept on both sides
    clean-up   the matte is the true alpha, grown by the task's default of 4 pixels: the hole
    matte      the true alpha of the first frame marks the subject; judged on the others at 0.5

PSNR is the mean over frames, of the mean of four takes. There the best baselines have 17.0, 20.1
and 20.2 dB; at the model's size of 160x90 they would have 17.8, 21.3 and 21.0.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import distance_transform_edt

from secondunit import tasks
from secondunit.bench.starter.generated import TAKES
from secondunit.bench.starter.race import DELIVERED, Mask, Race, decibels, overlap
from secondunit.bench.starter.unit import Unit, frames_of
from secondunit.callsheet import UNKNOWN, Pixels
from secondunit.matting.screen import on_screen
from secondunit.worlds.baselines import BY_MASK, CLEANUPS, EXTENSIONS, INSERTS, Margins
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange

PLATE, TENNIS = "plate_true_alpha", "camera_pan_tennis"

_MISSING = range(5, 20)  # of the plate's frames, counted from 0
_SEEN = 0.05  # of an alpha: less than that needs no cleaning, as the task has it


def samples() -> Path | None:
    """The sample footage: $SECONDUNIT_SAMPLES, else shared/samples beside the working tree."""
    named = os.environ.get("SECONDUNIT_SAMPLES")
    tree = Path(__file__).resolve().parents[4]
    folder = (Path(named) if named else tree.parent / "shared" / "samples") / "footage"
    return folder if folder.is_dir() else None


def extended(unit: Unit, footage: Path) -> Race:
    """More frame on all four sides."""
    plate, wide = (_sequence(footage, name) for name in ("plate", "wide"))
    known, truth = frames_of(plate), frames_of(wide)
    height, width = truth.shape[1:3]
    down, across = (height - known.shape[1]) // 2, (width - known.shape[2]) // 2
    margins = Margins(down, down, across, across)
    beyond = np.ones(truth.shape[:3], bool)
    beyond[:, down:-down, across:-across] = False
    takes = unit.takes("extend", {"plate": plate}, {"width": width, "height": height}, TAKES)
    others = {name: wider(known, margins) for name, wider in EXTENSIONS.items()}
    return _fill("extension", takes, truth, beyond, others)


def inserted(unit: Unit, footage: Path) -> Race:
    """Fifteen frames between two clips."""
    plate = _sequence(footage, "plate")
    whole = frames_of(plate)
    first, last = _MISSING.start + 1, _MISSING.stop  # as the files count
    inputs = {
        "before": Clip(plate.media, FrameRange(1, first - 1)),
        "after": Clip(plate.media, FrameRange(last + 1, len(whole))),
    }
    truth = whole[_MISSING.start : _MISSING.stop]
    takes = unit.takes("insert", inputs, {"frames": len(truth)}, TAKES)
    beside = whole[_MISSING.start - 1], whole[_MISSING.stop]
    between = {name: way(*beside, len(truth)) for name, way in INSERTS.items()}
    # with the frames beside them, which are right in any case, so that the sheet shows these too
    missing = np.ones((len(truth) + 2, *truth.shape[1:3]), bool)
    missing[[0, -1]] = False
    others = {name: _joined(beside, frames) for name, frames in between.items()}
    takes = np.stack([_joined(beside, take) for take in takes])
    return _fill("insert", takes, _joined(beside, truth), missing, others)


def cleaned(unit: Unit, footage: Path) -> Race:
    """The figure taken away, by its true matte."""
    plate, matte = _sequence(footage, "plate"), _sequence(footage, "alpha")
    known, truth = frames_of(plate), frames_of(_sequence(footage, "cleanplate"))
    usual: Any = tasks.checked(tasks.named("cleanup"), "cleanup", {})
    hole = np.stack([_grown(alpha, usual.grow) for alpha in frames_of(matte).mean(3)])
    takes = unit.takes("cleanup", {"plate": plate, "matte": matte}, {}, TAKES)
    others = {name: fill(known, hole) for name, fill in CLEANUPS.items()}
    return _fill("cleanup", takes, truth, hole, others)


def marked(unit: Unit, footage: Path) -> Race:
    """The figure marked on the first frame, its matte on the others."""
    plate = _sequence(footage, "plate")
    alpha = frames_of(_sequence(footage, "alpha")).mean(3)
    first = Clip(str(footage / "alpha_0001.png"))
    return _matte(Race("plate_marked_iou", "plate_marked_{}_iou"), unit, PLATE, plate, first, alpha)


def tennis(unit: Unit, footage: Path) -> Race:
    """The tennis player marked on the first frame, while the camera pans."""
    masks = frames_of(Clip(str(footage / "mask"))).mean(3)
    first = Clip(str(footage / "mask" / "0001.png"))
    race = Race("tennis_marked_j", "tennis_marked_{}_j")
    return _matte(race, unit, TENNIS, Clip(str(footage / "rgb")), first, masks)


def _sequence(footage: Path, name: str) -> Clip:
    return Clip(str(footage / f"{name}_####.png"))


def _joined(beside: tuple[Pixels, Pixels], between: Pixels) -> Pixels:
    return np.concatenate([beside[0][None], between, beside[1][None]])


def _grown(alpha: Pixels, pixels: int) -> Mask:
    if not (alpha > _SEEN).any():
        return np.zeros(alpha.shape, bool)
    return np.asarray(distance_transform_edt(alpha <= _SEEN) <= pixels)


def _fill(call: str, takes: Pixels, truth: Pixels, where: Mask, others: dict[str, Pixels]) -> Race:
    race = Race(f"plate_{call}_psnr_db", f"plate_{call}_{{}}_db", f"plate_{call}_gain_db")
    race.score(
        decibels(takes.mean(0), truth, where),
        {name: decibels(answer, truth, where) for name, answer in others.items()},
    )
    hidden = np.where(where[..., None], np.float32(UNKNOWN), takes[0])
    race.show(PLATE, {"input": hidden, DELIVERED: takes[0], "truth": truth}, others)
    return race


def _matte(race: Race, unit: Unit, clip: str, plate: Clip, first: Clip, alpha: Pixels) -> Race:
    """Score the matte of what is marked on the first frame, on all the others."""
    known, truth = frames_of(plate)[..., :3], alpha > 0.5
    found = unit.takes("matte", {"plate": plate, "matte": first}, {})[0][..., 3]
    others = {name: baseline(known, truth) for name, baseline in BY_MASK.items()}
    race.score(
        overlap(found[1:] > 0.5, truth[1:]),
        {name: overlap(mask[1:], truth[1:]) for name, mask in others.items()},
    )

    def cut(masks: Any) -> Pixels:
        pairs = zip(known, masks.astype(np.float32), strict=False)
        return np.stack([on_screen(*pair) for pair in pairs])

    shown = np.concatenate([cut(alpha[:1]), known[1:]])
    rows = {"input": shown, DELIVERED: cut(found), "truth": cut(alpha)}
    race.show(clip, rows, {name: cut(mask) for name, mask in others.items()})
    return race
