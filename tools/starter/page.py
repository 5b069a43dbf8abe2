"""Measures the starter and writes its page: tables and contact sheets, all from one run.

    python -m tools.starter.page docs                    everything, into docs/
    python -m tools.starter.page docs --model FOLDER     another checkpoint in its place
    python -m tools.starter.page docs --count 2          a quick look

The tables go between the comments of docs/starter.md, the sheets into docs/pictures, and what
`secondunit bench starter --json` would say into docs/starter.json.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from secondunit.bench import starter
from secondunit.bench.starter.footage import TENNIS
from secondunit.bench.starter.generated import GUESS, OWN
from secondunit.bench.starter.race import Example
from secondunit.media.contact import Row, contact_sheet

_COLOURS = 256


class Line(NamedTuple):
    """One line of a table: the call, the figure, its baselines with {} for their names, the aim."""

    call: str
    key: str
    others: str
    aim: float
    unit: str = ""
    gain: str = ""


_IOU = "IoU"
_NO_BASELINES = ("baseline", OWN, GUESS)
_GENERATED = (
    Line("“SUBJECT on green” by words, one subject", "isolate_iou_single",
         "isolate_{}_iou_single", 0.90, _IOU),
    Line("the same, several subjects", "isolate_iou_several",
         "isolate_{}_iou_several", 0.80, _IOU),
    Line("isolation carried from one marked frame", "marked_iou",
         "marked_{}_iou", 0.88, _IOU),
    Line("frame extension by 1.5", "extension_psnr_db", "extension_{}_db", 3, "dB",
         "extension_gain_db"),
    Line("insert between two frames", "insert_psnr_db", "insert_{}_db", 2, "dB",
         "insert_gain_db"),
    Line("clean-up of a marked subject", "cleanup_psnr_db", "cleanup_{}_db", 3, "dB",
         "cleanup_gain_db"),
)  # fmt: skip
_FOOTAGE = (
    Line("`plate_true_alpha`, frame extension", "plate_extension_psnr_db",
         "plate_extension_{}_db", 1, "dB", "plate_extension_gain_db"),
    Line("the same, insert of 15 frames", "plate_insert_psnr_db", "plate_insert_{}_db", 1, "dB",
         "plate_insert_gain_db"),
    Line("the same, clean-up", "plate_cleanup_psnr_db", "plate_cleanup_{}_db", 1, "dB",
         "plate_cleanup_gain_db"),
    Line("the same, isolation from frame 0 marked", "plate_marked_iou", "plate_marked_{}_iou",
         0.85, _IOU),
    Line("`camera_pan_tennis`, isolation from frame 0 marked", "tennis_marked_j",
         "tennis_marked_{}_j", 0.70, "J"),
)  # fmt: skip
_ALONE = (
    ("words only: colour, shape and direction all found", "prompt_accuracy", "≥ 0.8"),
    ("of these the colour", "prompt_colour", ""),
    ("the shape", "prompt_shape", ""),
    ("the direction", "prompt_motion", ""),
    ("seconds for one call", "clip_seconds", "≤ 10"),
)


def tables(told: Mapping[str, Any]) -> str:
    """The tables of the page, in Markdown, from what the bench says."""
    figures, conditions = told["figures"], told["conditions"]
    parts = ["On generated clips whose seeds are never trained on:", _table(_GENERATED, figures)]
    alone = [
        f"| {call} | `{key}` | {figures[key]:.3f} | {aim} |"
        for call, key, aim in _ALONE
        if key in figures
    ]
    parts.append("\n".join(["| | key | reached | aim |", "|---|---|---|---|", *alone]))
    if any(line.key in figures for line in _FOOTAGE):
        parts += ["On footage never trained on, whole jobs:", _table(_FOOTAGE, figures)]
    parts.append("\n".join(f"- {key}: {value}" for key, value in conditions.items()))
    return "\n\n".join(parts)


def _table(lines: tuple[Line, ...], figures: Mapping[str, float]) -> str:
    heads = ("call", "key", "reached", "aim", "delivered", "the model alone", "the guess alone")
    rows = [f"| {' | '.join([*heads, 'baselines'])} |", "|---" * (len(heads) + 1) + "|"]
    for line in lines:
        if line.key not in figures:
            continue
        key = line.gain or line.key
        aim = f"≥ {line.aim:g} dB more" if line.gain else f"≥ {line.aim:.2f}"
        delivered = f"{figures[line.key]:.{2 if line.gain else 3}f} {line.unit}"
        rows.append(
            f"| {line.call} | `{key}` | {figures[key]:.3f} | {aim} "
            f"| {delivered} | {_beside(line, OWN, figures)} | {_beside(line, GUESS, figures)} "
            f"| {_baselines(line, figures)} |"
        )
    return "\n".join(rows)


def _beside(line: Line, name: str, figures: Mapping[str, float]) -> str:
    figure = figures.get(line.others.format(name))
    return "" if figure is None else f"{figure:.2f}"


def _baselines(line: Line, figures: Mapping[str, float]) -> str:
    """Every baseline with its figure, the best first."""
    pattern = re.compile(re.escape(line.others).replace(r"\{\}", "(.+)"))
    found = {}
    for key, figure in figures.items():
        match = pattern.fullmatch(key)
        if match and key not in (line.key, line.gain) and match[1] not in _NO_BASELINES:
            found[match[1].replace("_", " + ")] = figure
    ordered = sorted(found.items(), key=lambda each: -each[1])
    return ", ".join(f"{name} {figure:.2f}" for name, figure in ordered)


def pictures(examples: list[Example], folder: Path) -> list[Path]:
    """One contact sheet for each call, without the footage that is for tests alone."""
    made = []
    ours = [example for example in examples if example.clip != TENNIS]
    for call, group in groupby(ours, key=lambda each: each.call):
        rows = [
            Row(f"{example.clip}: {name}" if not place else name, list(frames))
            for example in group
            for place, (name, frames) in enumerate(example.rows.items())
        ]
        slug = re.sub(r"[^a-z]+", "_", call.lower()).strip("_")
        path = folder / f"starter_{slug}.png"
        contact_sheet(rows, path, call)
        with Image.open(path) as sheet:  # a page of these is looked at, not measured
            small = sheet.quantize(_COLOURS)
        small.save(path, optimize=True)
        made.append(path)
    return made


def written(page: str, told: Mapping[str, Any], sheets: list[Path]) -> str:
    """The page with what stands between its comments made anew.

    Raises ValueError where a pair of comments is missing.
    """
    shown = "\n\n".join(
        f"![{each.stem.replace('_', ' ')}](pictures/{each.name})" for each in sheets
    )
    for name, text in (("figures", tables(told)), ("sheets", shown)):
        before, opening, rest = page.partition(f"<!-- {name} -->")
        _, closing, after = rest.partition(f"<!-- end of {name} -->")
        if not (opening and closing):
            raise ValueError(f"The page has no pair of comments for its {name}")
        page = f"{before}{opening}\n\n{text}\n\n{closing}{after}"
    return page


def main() -> None:
    """Measure, and write the page."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    asked.add_argument("docs", type=Path, help="the folder of the page starter.md")
    asked.add_argument("--model", default="", help="a checkpoint's folder; else the one shipped")
    asked.add_argument("--count", type=int, default=0, help="clips of each call")
    given = asked.parse_args()
    examples: list[Example] = []
    figures, conditions = starter.measure(given.count, given.model, examples)
    told = {"bench": "starter", "figures": figures, "conditions": conditions}
    sheets = pictures(examples, given.docs / "pictures")
    page = given.docs / "starter.md"
    page.write_text(written(page.read_text("utf-8"), told, sheets), "utf-8")
    (given.docs / "starter.json").write_text(json.dumps(told, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
