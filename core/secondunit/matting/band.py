"""The band solver: alpha where a trimap leaves it open, by the plate's own colours.

Closed-form matting (Levin, Lischinski, Weiss: A Closed-Form Solution to Natural Image Matting,
2008): in every 3x3 window alpha is nearly a linear function of colour. Only pixels of the band are
held, each with its 25 weights, so memory and time go with the band and not with the plate. The
system is solved by conjugate gradients, every step scaled at all sizes at once: fours of pixels are
joined, level by level, and each level divides by its own weights (after Bramble, Pasciak, Xu 1990),
so that what is known crosses a wide band in one step instead of one a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from secondunit.callsheet import Pixels
from secondunit.matting.palette import Mix, mixed
from secondunit_contract.problem import SizeUnfit

if TYPE_CHECKING:
    from torch import Tensor

_WINDOW = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
_REACH = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3)]
_MARGIN = 3  # pixels around the band that its windows look at
_FEWEST = 64  # unknowns that are solved outright
_LEAN = 5e-6  # towards the prior everywhere, that single floats can carry the system
_LEVEL = 1e-3  # the same in the levels, which are made once for leanings of every weight
_SETTLED = 1e-5  # of the first error, squared: what is left would not be seen
_TINY = 1e-20
_WIDTH = 640  # of the picture that weights are for
_PALETTE = 0.001  # the most a band leans to its palettes: over hair, motion blur and hard edges
_DOUBT = 0.15  # at which that is a third


@dataclass(frozen=True)
class Table:
    """The system's matrix, of n unknowns with 25 weights each.

    rows    (25,n)
    places  (25,n): where the neighbours are among the unknowns; n where there is none
    sparse  the same as scipy has it, on the CPU: four times as fast there
    """

    rows: Tensor
    places: Tensor
    sparse: csr_matrix | None

    def product(self, values: Tensor) -> Tensor:
        """The matrix times the values (n)."""
        import torch

        padded = torch.nn.functional.pad(values, (0, 1))
        if self.sparse is not None:
            return torch.from_numpy(self.sparse @ padded.numpy())
        total = self.rows[0] * padded.take(self.places[0])
        for weights, places in zip(self.rows[1:], self.places[1:], strict=True):
            total.addcmul_(weights, padded.take(places))
        return total


@dataclass(frozen=True)
class Level:
    """One size of the band: one over each unknown's own weight (n), and which of the next size's
    unknowns, `joined` in all, it is a part of (n).
    """

    scale: Tensor
    parent: Tensor
    joined: int


class Band:
    """The open pixels of one frame's trimap, made ready to be solved, more than once if wished.

    The picture (H,W,3) is display-encoded, the trimap (H,W) 0 and 1 where alpha is known and
    anything else, NaN too, where it is open. Raises SizeUnfit when the sizes differ.
    """

    def __init__(
        self, picture: Pixels, trimap: Pixels, device: str = "cpu", smoothing: float = 1e-6
    ) -> None:
        if picture.shape[:2] != trimap.shape:
            raise SizeUnfit(f"A trimap of {trimap.shape} for a picture of {picture.shape[:2]}")
        known = (trimap == 0) | (trimap == 1)
        self._open = ~known
        self._alpha = np.where(known, trimap, 0.5).astype(np.float32)
        self._box = _around(self._open)
        # seen closer, the same edge costs the windows less: what it leans to has to weigh less too
        self._fineness = min(1.0, (_WIDTH / max(trimap.shape)) ** 3)
        if self._box is None:
            return
        import torch

        colours = torch.from_numpy(_finite(picture[self._box])).to(device).movedim(-1, 0)
        unsure = torch.from_numpy(np.ascontiguousarray(self._open[self._box])).to(device)
        level = torch.from_numpy(np.ascontiguousarray(self._alpha[self._box])).to(device)
        height, width = unsure.shape
        band = unsure.flatten().nonzero()[:, 0]
        y, x = band // width, band % width
        rows = _rows(colours, unsure, y, x, smoothing)
        self._asked = _known(rows, level, unsure, y, x)
        self._table = _table(rows, y, x, height, width)
        self._levels, self._last = _levels(rows, y, x, width)

    def solved(
        self, prior: Pixels | None = None, weight: Pixels | None = None, steps: int = 200
    ) -> Pixels:
        """Alpha (H,W): exactly the trimap where that is known.

        `prior` (H,W) is an alpha the band leans to with `weight` (H,W), about 0 to 1 beside the
        windows' own 1. Where nothing is known alpha stays at the prior, else at one half.
        """
        if self._box is None:
            return self._alpha.copy()
        start = self._gathered(self._alpha if prior is None else prior).clamp(0, 1)
        lean = start.new_full(start.shape, _LEAN)
        if weight is not None:
            lean += self._gathered(weight) * self._fineness
        found = self._steps(start, lean, steps)
        alpha = self._alpha.copy()
        alpha[self._box][self._open[self._box]] = found.clamp(0, 1).cpu().numpy()
        return alpha

    def _gathered(self, plane: Pixels) -> Tensor:
        import torch

        assert self._box is not None
        there = plane[self._box][self._open[self._box]]
        return torch.from_numpy(_finite(there)).to(self._asked.device)

    def _steps(self, start: Tensor, lean: Tensor, steps: int) -> Tensor:
        """Conjugate gradients, every step scaled at all sizes."""
        asked = self._asked + lean * start
        rest = asked - self._table.product(start) - lean * start
        guess = start
        along = wanted = _scaled(self._levels, self._last, rest)
        length = first = (rest * wanted).sum()
        for _ in range(steps):
            turned = self._table.product(along) + lean * along
            size = length / (along * turned).sum().clamp(min=_TINY)
            guess = guess + size * along
            rest = rest - size * turned
            wanted = _scaled(self._levels, self._last, rest)
            longer = (rest * wanted).sum()
            if not longer > _SETTLED * first:
                break
            along = wanted + (longer / length) * along
            length = longer
        return guess


def solved(picture: Pixels, trimap: Pixels, device: str = "cpu") -> Pixels:
    """The alpha (H,W) of a picture (H,W,3), display-encoded, where the trimap (H,W) is open.

    The trimap is 0 and 1 where alpha is known, and stays exactly so; every other value, NaN too,
    is open. Where the colours next to a pixel leave a choice, it leans to what the palettes of
    both sides say. Raises SizeUnfit when the sizes differ.
    """
    band = Band(picture, trimap, device)
    mix = mixed(picture, trimap, device=device)
    return band.solved() if mix is None else band.solved(mix.alpha, leaning(mix))


def leaning(mix: Mix, most: float = _PALETTE) -> Pixels:
    """How much (H,W) a band should lean to a mix, at `most`: less where that is in doubt."""
    return (most * np.exp(-((mix.doubt / _DOUBT) ** 2))).astype(np.float32)


def _finite(values: Pixels) -> Pixels:
    clean = np.nan_to_num(values, nan=0.5, posinf=1.0, neginf=0.0)
    return np.ascontiguousarray(np.clip(clean, 0, 1), np.float32)


def _around(unsure: np.ndarray) -> tuple[slice, slice] | None:
    rows, columns = np.flatnonzero(unsure.any(1)), np.flatnonzero(unsure.any(0))
    if not rows.size:
        return None
    return (
        slice(max(0, int(rows[0]) - _MARGIN), int(rows[-1]) + 1 + _MARGIN),
        slice(max(0, int(columns[0]) - _MARGIN), int(columns[-1]) + 1 + _MARGIN),
    )


def _known(rows: Tensor, level: Tensor, unsure: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """What the known pixels ask of the band (n); their weights in the rows become 0."""
    import torch

    width = unsure.shape[1]
    edge = (2, 2, 2, 2)
    levels = torch.nn.functional.pad(level, edge)
    fixed = torch.nn.functional.pad(~unsure, edge)
    asked = torch.zeros(len(y), device=y.device)
    for weights, (dy, dx) in zip(rows, _REACH, strict=True):
        there = (y + dy + 2) * (width + 4) + x + dx + 2
        known = fixed.take(there)
        asked -= torch.where(known, weights * levels.take(there), 0)
        weights[known] = 0
    return asked


def _scaled(levels: list[Level], last: Tensor, rest: Tensor, depth: int = 0) -> Tensor:
    """About what the system's inverse makes of `rest` (n): the sum over all sizes from one on."""
    if depth == len(levels):
        return last @ rest
    level = levels[depth]
    below = rest.new_zeros(level.joined).index_add_(0, level.parent, rest)
    return level.scale * rest + _scaled(levels, last, below, depth + 1).take(level.parent)


def _levels(rows: Tensor, y: Tensor, x: Tensor, width: int) -> tuple[list[Level], Tensor]:
    """The sizes down to a few unknowns, and the inverse of what is left."""
    import torch

    levels: list[Level] = []
    rows = rows.clone()
    rows[12] += _LEVEL
    while len(y) > _FEWEST or not levels:
        level, rows, y, x = _joined(rows, y, x, width)
        levels.append(level)
        width = (width + 1) // 2
    count = len(y)
    table = torch.diag(rows[4].double())
    for weights, (dy, dx) in zip(rows, _WINDOW, strict=True):
        meets = (y[:, None] + dy == y) & (x[:, None] + dx == x)
        if (dy, dx) != (0, 0):
            table += torch.where(meets, weights.double()[:, None], 0)
    return levels, torch.linalg.pinv(table.reshape(count, count), hermitian=True).float()


def _joined(rows: Tensor, y: Tensor, x: Tensor, width: int) -> tuple[Level, Tensor, Tensor, Tensor]:
    """A level, and the next: each four of its pixels one, their weights added (Galerkin)."""
    import torch

    reach = _REACH if len(rows) == len(_REACH) else _WINDOW
    wide = (width + 1) // 2
    down, across = y >> 1, x >> 1  # a shift: dividing whole numbers is ten times as slow
    cell = down * wide + across
    filled = torch.zeros(int(cell.max()) + 1, dtype=torch.bool, device=y.device)
    filled[cell] = True
    cells = filled.nonzero()[:, 0]
    number = torch.zeros(len(filled), dtype=torch.long, device=y.device)
    number[cells] = torch.arange(len(cells), device=y.device)
    parent = number.take(cell)
    below = torch.zeros(9 * len(cells), device=y.device)
    for weights, (dy, dx) in zip(rows, reach, strict=True):
        slot = 3 * ((y + dy >> 1) - down + 1) + (x + dx >> 1) - across + 1
        below.index_add_(0, slot * len(cells) + parent, weights)
    scale = 1 / rows[len(reach) // 2].clamp(min=1e-9)
    return Level(scale, parent, len(cells)), below.reshape(9, -1), cells // wide, cells % wide


def _table(rows: Tensor, y: Tensor, x: Tensor, height: int, width: int) -> Table:
    import torch

    count, wide = len(y), width + 4
    number = torch.full(((height + 4) * wide,), count, dtype=torch.int32, device=y.device)
    here = (y + 2) * wide + x + 2
    number[here] = torch.arange(count, dtype=torch.int32, device=y.device)
    shifts = [dy * wide + dx for dy, dx in _REACH]
    if rows.device.type != "cpu":
        places = torch.stack([number.take(here + shift) for shift in shifts]).long()
        return Table(rows, places, None)
    columns = torch.empty(count, 25, dtype=torch.int32)
    for k, shift in enumerate(shifts):
        columns[:, k] = number.take(here + shift)
    starts = np.arange(0, 25 * count + 1, 25, dtype=np.int32)
    parts = (rows.T.contiguous().numpy().ravel(), columns.numpy().ravel(), starts)
    # a column more, for values with a 0 at their end that the missing neighbours are
    sparse = csr_matrix(parts, shape=(count, count + 1))
    sparse.eliminate_zeros()  # a third of a thin band's: their neighbours are known
    return Table(rows, columns.T, sparse)


def _rows(picture: Tensor, unsure: Tensor, y: Tensor, x: Tensor, smoothing: float) -> Tensor:
    """The Laplacian's rows (25,n) of the band's pixels; beyond the border weights are 0."""
    import torch

    height, width = unsure.shape
    touched = torch.nn.functional.max_pool2d(unsure[None, None].float(), 3, 1, 1)[0, 0] > 0
    touched[0] = touched[-1] = False
    touched[:, 0] = touched[:, -1] = False
    centres = touched.flatten().nonzero()[:, 0]
    count = len(centres)
    affinity = _affinity(picture, centres, smoothing)
    number = torch.full((height + 2, width + 2), count, device=picture.device)
    number[1:-1, 1:-1][touched] = torch.arange(count, device=picture.device)
    rows = torch.zeros(5, 5, len(y), device=picture.device)
    for a, (dy, dx) in enumerate(_WINDOW):
        # the pixel is number a of the window about (y - dy, x - dx)
        window = number.take((y - dy + 1) * (width + 2) + x - dx + 1)
        for b, (ey, ex) in enumerate(_WINDOW):
            rows[2 + ey - dy, 2 + ex - dx] += affinity[9 * a + b].take(window)
    rows = rows.reshape(25, -1)
    # a constant alpha costs nothing: said exactly, since rounding would say otherwise
    rows[12] -= rows.sum(0)
    return rows


def _affinity(picture: Tensor, centres: Tensor, smoothing: float) -> Tensor:
    """What each window adds for each pair of its pixels: (81, windows + 1), the last of them 0.

    Levin's equation 12, delta_ij - (1 + (I_i - m)' (C + eps/9)^-1 (I_j - m)) / 9, of colours made
    white by the covariance's root, so that the sum is a plain product.
    """
    import torch

    white = _whitened(picture, centres, smoothing)
    result = torch.zeros(81, len(centres) + 1, device=picture.device)
    for i in range(9):
        for j in range(i, 9):
            pair = result[9 * i + j, :-1]
            for plane in white:
                pair.addcmul_(plane[i], plane[j], value=-1)
            pair.sub_(1 / 9)
            if i == j:
                pair.add_(1)
            else:
                result[9 * j + i, :-1] = pair
    return result


def _whitened(picture: Tensor, centres: Tensor, smoothing: float) -> list[list[Tensor]]:
    """The windows' colours less their mean, made white and a third: 3 channels of 9 pixels of (n).

    By Cholesky and in doubles: windows are nearly flat or nearly one line of colours, and what is
    left of them then is a small difference of large numbers.
    """
    width = picture.shape[-1]
    planes = picture.reshape(3, -1)
    colours = [
        [plane.take(centres + dy * width + dx).double() for dy, dx in _WINDOW] for plane in planes
    ]
    for each in colours:
        mean = sum(each[1:], each[0]) / 9
        each[:] = [pixel - mean for pixel in each]

    def mixed_sum(a: int, b: int) -> Tensor:
        first, *rest = (p * q for p, q in zip(colours[a], colours[b], strict=True))
        return sum(rest, first) + (smoothing if a == b else 0)

    red, green, blue = colours
    root = mixed_sum(0, 0).sqrt()
    turn, lift = mixed_sum(0, 1) / root, mixed_sum(0, 2) / root
    second = (mixed_sum(1, 1) - turn * turn).clamp(min=smoothing / 2).sqrt()
    slant = (mixed_sum(1, 2) - turn * lift) / second
    third = (mixed_sum(2, 2) - lift * lift - slant * slant).clamp(min=smoothing / 2).sqrt()
    ones = [pixel / root for pixel in red]
    twos = [(pixel - turn * one) / second for pixel, one in zip(green, ones, strict=True)]
    threes = [
        (pixel - lift * one - slant * two) / third
        for pixel, one, two in zip(blue, ones, twos, strict=True)
    ]
    return [[pixel.float() for pixel in each] for each in (ones, twos, threes)]
