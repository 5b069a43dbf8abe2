"""SCREEN: whole keys without any artist's help, beside one screen colour and what needs a mask."""

from __future__ import annotations

from pathlib import Path

from secondunit.bench.matte import clips, rivals
from secondunit.bench.matte.jobs import Set
from secondunit.bench.matte.scores import beside, flicker, scored
from secondunit.bench.matte.sheets import Shown
from secondunit.callsheet import Pixels


def keyed(unit: Set, footage: Path, shown: list[Shown]) -> dict[str, float]:
    """Every screen that is there, keyed: figures against truth, or of stillness without one."""
    figures: dict[str, float] = {}
    for key, film in clips.SCREENS.items():
        if not _there(footage, key):
            continue
        filmed = film(footage)
        done = unit.shot("key", {"plate": filmed.clip}, {})
        figures[f"{key}_seconds"] = done.seconds
        figures[f"{key}_flicker"] = flicker(done.alpha, filmed.plate)
        others: dict[str, Pixels] = {}
        if filmed.truth is not None:
            figures |= scored(key, done.alpha, filmed.truth)
            others = {"global": rivals.one_colour(filmed.plate)}
            masks = rivals.by_first_mask(filmed.plate, filmed.truth)
            others["flow_grabcut"] = masks["flow_grabcut"]
            others["closed_form"] = rivals.in_bands(filmed.plate, filmed.truth)
            figures |= beside(key, others, filmed.truth)
        shown.append(Shown.of(key, filmed, done, others))
    return figures


def _there(footage: Path, key: str) -> bool:
    names = {"key_synth": clips.SYNTH, "key_blue": f"{clips.BLUE}.mpg"}
    return (footage / names.get(key, f"{clips.YELLOW}.mp4")).exists()
