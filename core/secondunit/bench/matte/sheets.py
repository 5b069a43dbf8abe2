"""Contact sheets of mattes: what the numbers are about, the worst frame always among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from secondunit.bench.matte.clips import Filmed
from secondunit.bench.matte.jobs import Delivered
from secondunit.bench.matte.scores import overlaps
from secondunit.callsheet import Pixels
from secondunit.media.colour import LinearPath
from secondunit.media.contact import Row, contact_sheet

_COLUMNS = 4
_GREY, _LIGHT, _DARK = 0.18, 0.35, 0.08  # linear
_CHECK = 24  # squares across the picture
_COLOURS, _LARGEST = (256, 128, 64), 300_000  # of a sheet that is put on a page; bytes


@dataclass(frozen=True, eq=False)
class Shown:
    """One matte as a sheet shows it: rows of the same few frames."""

    key: str
    name: str
    ours: bool
    rows: Mapping[str, Sequence[Pixels]]
    captions: Sequence[str]

    @classmethod
    def of(cls, key: str, filmed: Filmed, done: Delivered, others: Mapping[str, Pixels]) -> Shown:
        """Frames from first to last, and the one whose overlap with the truth is least."""
        js = overlaps(done.alpha, filmed)
        chosen = [round(each) for each in np.linspace(0, len(done.alpha) - 1, _COLUMNS)]
        captions = [_caption(index, js) for index in chosen]
        if js:
            chosen.append(int(np.argmin(js)))
            captions.append(f"worst: {_caption(chosen[-1], js)}")
        alphas: dict[str, Pixels] = {"our alpha": done.alpha, **others}
        if filmed.truth is not None:
            alphas["true alpha"] = filmed.truth
        rows: dict[str, Sequence[Pixels]] = {"plate": [filmed.plate[i] for i in chosen]}
        for ground in ("grey", "checker"):
            rows[f"over {ground}"] = [over(done.light[i], done.alpha[i], ground) for i in chosen]
        rows |= {name.replace("_", " "): [each[i] for i in chosen] for name, each in alphas.items()}
        return cls(key, filmed.name, filmed.ours, rows, captions)


def over(light: Pixels, alpha: Pixels, ground: str) -> Pixels:
    """A premultiplied, linear picture (H,W,3) over a ground, as it is looked at."""
    height, width = alpha.shape
    below = np.full((height, width, 1), _GREY, np.float32)
    if ground == "checker":
        down, across = np.mgrid[:height, :width] * _CHECK // width
        below = np.where((down + across) % 2, _LIGHT, _DARK).astype(np.float32)[..., None]
    whole = light + (1 - alpha[..., None]) * below
    return np.clip(LinearPath().from_linear(whole.astype(np.float32)), 0, 1)


def sheets(shown: Sequence[Shown], folder: Path, everything: bool = False) -> list[Path]:
    """One PNG for each matte: `matte_…png` and `key_…png`, few colours and small, for a page.

    Only of footage that may be shown, unless everything is wished for. Raises NotWritable.
    """
    made = []
    for each in shown:
        if not (each.ours or everything):
            continue
        name = each.key if each.key.startswith("key") else f"matte_{each.key}"
        rows = [
            Row(label, list(frames), each.captions if not place else ())
            for place, (label, frames) in enumerate(each.rows.items())
        ]
        path = folder / f"{name}.png"
        contact_sheet(rows, path, each.name)
        lessened(path)
        made.append(path)
    return made


def lessened(path: Path) -> None:
    """A PNG with so few colours that it is small enough for a page."""
    with Image.open(path) as sheet:
        whole = sheet.convert("RGB")
    palette = whole.quantize(_COLOURS[0], Image.Quantize.FASTOCTREE)
    whole.quantize(palette=palette).save(path, optimize=True)  # dithered: truest, and largest
    for colours in _COLOURS:
        if path.stat().st_size <= _LARGEST:
            return
        whole.quantize(colours, Image.Quantize.FASTOCTREE).save(path, optimize=True)


def _caption(index: int, js: Sequence[float]) -> str:
    return f"frame {index + 1}" + (f", J {js[index]:.2f}" if js else "")
