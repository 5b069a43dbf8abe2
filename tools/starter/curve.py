"""The curve of a run: python -m tools.starter.curve LOG PICTURE.

One line a kind of question, its error (of 1: an answer that is nothing but the average picture)
on a scale that rises by doubling, against the steps. "looked" is how far subjects go astray
where a look follows them (`following.strayed`).
"""

from __future__ import annotations

import argparse
import json
import math
from collections import defaultdict
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_SIZE, _EDGE = (1100, 560), (70, 30, 190, 50)  # left, top, right, bottom
_POINTS = 60  # of a curve: seldom asked kinds would jump about in more
_COLOURS = (
    *("#4e79a7", "#f28e2b", "#e15759", "#76b7b2", "#59a14f", "#b8a112"),
    *("#b07aa1", "#d37295", "#9c755f", "#8a8583", "#2f4b7c", "#00876c", "#3b3b3b"),
)


def curves(log: Path) -> dict[str, list[tuple[int, float]]]:
    """Of each kind, (step, mean error about that step)."""
    told = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    points: dict[str, list[tuple[int, float]]] = defaultdict(list)
    stride = max(1, len(told) // _POINTS)
    for first in range(0, max(1, len(told) - stride), stride):
        group = told[first : first + 2 * stride]
        step = sum(line["step"] for line in group) // len(group)
        for kind in sorted({kind for line in group for kind in line["loss"]}):
            errors = [line["loss"][kind] for line in group if kind in line["loss"]]
            points[kind].append((step, sum(errors) / len(errors)))
    return dict(points)


def drawn(points: dict[str, list[tuple[int, float]]]) -> Image.Image:
    """The curves, with their names at their ends."""
    left, top, right, bottom = _EDGE
    wide, high = _SIZE[0] - left - right, _SIZE[1] - top - bottom
    every = [point for line in points.values() for point in line]
    far = max(step for step, _ in every)
    least, most = (math.log2(pick(error for _, error in every)) for pick in (min, max))

    def place(step: float, error: float) -> tuple[float, float]:
        across = step / far
        up = (math.log2(error) - least) / (most - least)
        return left + across * wide, top + (1 - up) * high

    picture = Image.new("RGB", _SIZE, "white")
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(13)
    for power in range(math.ceil(least), math.floor(most) + 1):
        height = place(0, 2**power)[1]
        pen.line([(left, height), (left + wide, height)], "#dddddd")
        pen.text((left - 8, height), f"{2.0**power:g}", "#666666", font, anchor="rm")
    for step in range(0, far + 1, 10 ** math.floor(math.log10(far))):
        across = place(step, 1)[0]
        pen.line([(across, top), (across, top + high)], "#eeeeee")
        pen.text((across, top + high + 8), f"{step:,}", "#666666", font, anchor="mt")
    pen.text((left + wide / 2, _SIZE[1] - 6), "step", "#666666", font, anchor="mb")
    below = top - 16.0
    ends = sorted((place(*line[-1])[1], kind) for kind, line in points.items())
    colours = dict(zip(sorted(points), _COLOURS, strict=False))
    for height, kind in ends:
        pen.line([place(*point) for point in points[kind]], colours[kind], 2, "curve")
        below = max(height, below + 16)
        pen.text(
            (left + wide + 8, below),
            f"{kind} {points[kind][-1][1]:.2f}",
            colours[kind],
            font,
            anchor="lm",
        )
    return picture


def main() -> None:
    """Draw, from the command line."""
    told = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    told.add_argument("log", type=Path)
    told.add_argument("picture", type=Path)
    given = told.parse_args()
    drawn(curves(given.log)).save(given.picture, optimize=True)


if __name__ == "__main__":
    main()
