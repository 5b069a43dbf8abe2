"""ROTO: whole mattes from a mask or one click on the first frame, and edges from coarse hints."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from secondunit.bench.matte import clips, rivals
from secondunit.bench.matte.clips import Filmed
from secondunit.bench.matte.jobs import Delivered, Set
from secondunit.bench.matte.scores import beside, scored
from secondunit.bench.matte.sheets import Shown
from secondunit.bench.starter.footage import PLATE, TENNIS
from secondunit.matting.edge import refined
from secondunit.matting.trimap import opened
from secondunit.media.colour import LinearPath
from secondunit_contract.clip import Clip

TOKEN = 16


def rotoed(unit: Set, footage: Path, shown: list[Shown]) -> dict[str, float]:
    """Every shot with a truth: marked on its first frame, clicked on there, and the rivals."""
    figures: dict[str, float] = {}
    for key, film in clips.ROTOS.items():
        if (footage / {"plate": PLATE, "tennis": TENNIS}[key]).is_dir():
            figures |= one(unit, key, film(footage), shown)
    return figures


def one(unit: Set, key: str, filmed: Filmed, shown: list[Shown]) -> dict[str, float]:
    """One shot's figures; the first frame, which is given to most, is not judged in any."""
    assert filmed.truth is not None
    assert filmed.first is not None
    truth = filmed.truth[1:]
    others = rivals.by_first_mask(filmed.plate, filmed.truth)
    others["closed_form"] = rivals.in_bands(filmed.plate, filmed.truth)
    figures = beside(key, {name: each[1:] for name, each in others.items()}, truth)
    for how, inputs, values in (
        ("marked", {"matte": filmed.first}, {}),
        ("click", {}, {"points": [_click(filmed)]}),
    ):
        done = unit.shot("matte", {"plate": filmed.clip, **inputs}, values)
        figures |= scored(f"{key}_{how}", done.alpha[1:], truth)
        figures[f"{key}_{how}_seconds"] = done.seconds
        figures[f"{key}_{how}_asks"] = len(done.asks)
        shown.append(Shown.of(f"{key}_{how}", filmed, done, others))
    return figures


def hinted(footage: Path, shown: list[Shown]) -> dict[str, float]:
    """Edges found from the truth's means over tokens, each frame by itself."""
    if not (footage / clips.SYNTH).is_dir():
        return {}
    filmed = clips.natural(footage)
    assert filmed.truth is not None
    hints = np.stack([clips.coarse(alpha, TOKEN) for alpha in filmed.truth])
    begun = time.perf_counter()
    pairs = list(zip(filmed.plate, hints, strict=True))
    alpha = np.stack([refined(frame, hint, None, TOKEN) for frame, hint in pairs])
    seconds = (time.perf_counter() - begun) / len(alpha)
    others = {
        "coarse": hints,
        "closed_form": np.stack(
            [rivals.closed_form(frame, opened(hint, None, TOKEN)) for frame, hint in pairs]
        ),
        "flow_grabcut": rivals.by_first_mask(filmed.plate, filmed.truth)["flow_grabcut"],
    }
    light = LinearPath().to_linear(filmed.plate.reshape(-1, *filmed.plate.shape[2:]))
    premultiplied = light.reshape(filmed.plate.shape) * alpha[..., None]
    done = Delivered(alpha, premultiplied, seconds, [])
    shown.append(Shown.of("natural_hint", filmed, done, others))
    figures = scored("natural_hint", alpha, filmed.truth)
    figures |= beside("natural", others, filmed.truth)
    return figures | {"natural_hint_seconds": seconds}


def _click(filmed: Filmed) -> dict[str, float | int]:
    assert filmed.truth is not None
    across, down = clips.deepest(filmed.truth[0])
    return {"x": across, "y": down, "frame": _first(filmed.clip)}


def _first(clip: Clip) -> int:
    """The number of a clip's first frame: sequences count from their files' names."""
    from secondunit.media.read import open_media

    with open_media(clip) as reader:
        return reader.footage.range.first
