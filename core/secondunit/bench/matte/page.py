"""Make the pictures and tables of docs/tasks/matte.md and key.md: `… page docs`, in one run.

The tables go between the comments of the pages, the sheets into docs/pictures, and the figures with
their conditions into docs/matte.json.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from secondunit.bench.matte import measure
from secondunit.bench.matte.sheets import Shown, sheets

_COLUMNS = ("mad", "mse", "grad", "dtssd", "j", "f", "band_mad", "chatter")
_HEAD = "| | MAD | MSE | Grad | dtSSD | J | F | MAD in the soft band | chatter | s/frame |"
_RULE = "|---" * 10 + "|"

KEYS = {
    "key, nothing told": "key_synth",
    "one global screen colour": "key_synth_global",
    "closed form, told the true edge of every frame": "key_synth_closed_form",
    "GrabCut + flow, told the first mask": "key_synth_flow_grabcut",
}
REAL = {
    "blue, vignetted, MPEG-1": "key_blue",
    "a yellow wall": "key_yellow",
    "the rendered green one": "key_synth",
}
AIMS = {
    "preview_speedup": ("quick refine: times faster than closed form", "≥ 10"),
    "preview_mad_ratio": ("its MAD over closed form's", "≤ 1.15"),
    "solver_speedup": ("final solver: times faster", "≥ 4"),
    "solver_mad_ratio": ("its MAD over closed form's", "≤ 1.02"),
    "shot_memory_gb": ("peak GB of 1,000 frames of 1080p, keyed or matted", "≤ 4"),
}
PLATE = {
    "matte, first frame marked": "{}_marked",
    "matte, one click": "{}_click",
    "first mask held": "{}_held",
    "flow": "{}_flow",
    "GrabCut + flow": "{}_flow_grabcut",
    "closed form, told the true edge of every frame": "{}_closed_form",
}
HINT = {
    "edge from the hint": "natural_hint",
    "the hint as it is": "natural_coarse",
    "closed form from the hint": "natural_closed_form",
    "GrabCut + flow, told the first mask": "natural_flow_grabcut",
}


def table(lines: Mapping[str, str], figures: Mapping[str, float]) -> str:
    """A row for each that was measured, a dash where there is nothing to measure."""
    rows = [_HEAD, _RULE]
    for words, key in lines.items():
        if f"{key}_mad" in figures:
            cells = [_told(figures.get(f"{key}_{each}"), each) for each in _COLUMNS]
            cells.append(_told(figures.get(f"{key}_seconds"), "seconds"))
            rows.append(f"| {words} | {' | '.join(cells)} |")
    return "\n".join(rows)


def tables(figures: Mapping[str, float]) -> dict[str, str]:
    """Every table by the name its comments have."""

    def of(lines: Mapping[str, str], shot: str) -> str:
        return table({words: key.format(shot) for words, key in lines.items()}, figures)

    return {
        "screen": of(KEYS, ""),
        "plate": of(PLATE, "plate"),
        "tennis": of(PLATE, "tennis"),
        "hint": of(HINT, ""),
        "real": still(figures),
        "edge": solvers(figures),
    }


def still(figures: Mapping[str, float]) -> str:
    """The real screens: no truth, so stillness and time."""
    rows = ["| | change where still | s/frame |", "|---|---|---|"]
    for words, key in REAL.items():
        if f"{key}_flicker" in figures:
            rows.append(f"| {words} | {figures[f'{key}_flicker']:.2f} "
                        f"| {figures[f'{key}_seconds']:.2f} |")  # fmt: skip
    return "\n".join(rows)


def solvers(figures: Mapping[str, float]) -> str:
    """Edge solvers beside closed form, and memory."""
    rows = ["| key | is | reached | aim |", "|---|---|---|---|"]
    rows += [
        f"| `{key}` | {words} | {figures[key]:.2f} | {aim} |"
        for key, (words, aim) in AIMS.items()
        if key in figures
    ]
    return "\n".join(rows)


def filled(page: str, told: Mapping[str, str]) -> str:
    """The page with what stands between its comments made anew, those it has."""
    for name, text in told.items():
        before, opening, rest = page.partition(f"<!-- {name} -->")
        _, closing, after = rest.partition(f"<!-- end of {name} -->")
        if opening and closing:
            page = f"{before}{opening}\n\n{text}\n\n{closing}{after}"
    return page


def main() -> None:
    """Measure, and write the pages."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    asked.add_argument("docs", type=Path, help="the folder with tasks/matte.md and tasks/key.md")
    asked.add_argument("--footage", type=Path, help="the sample footage's folder")
    given = asked.parse_args()
    shown: list[Shown] = []
    figures, conditions = measure(given.footage, shown)
    sheets(shown, given.docs / "pictures")
    told: dict[str, Any] = {"bench": "matte", "figures": figures, "conditions": conditions}
    (given.docs / "matte.json").write_text(json.dumps(told, indent=2) + "\n", "utf-8")
    for name in ("matte", "key"):
        page = given.docs / "tasks" / f"{name}.md"
        page.write_text(filled(page.read_text("utf-8"), tables(figures)), "utf-8")


def _told(figure: float | None, name: str) -> str:
    if figure is None:
        return "–"
    return f"{figure:.2f}" if name in ("j", "f", "grad", "seconds") else f"{figure:.1f}"


if __name__ == "__main__":
    main()
