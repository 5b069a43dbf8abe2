"""One frame of a key, on the device: from plate and backing to alpha and the subject's colours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from secondunit.callsheet import Pixels
from secondunit.matting import chroma, unmix, wardrobe, whole
from secondunit.matting.backing import Backing
from secondunit.matting.despill import Despill, despilled

Mask = NDArray[np.bool_]

BRIGHTEST = 64.0
"""More light than this says no more about a colour, and would drown its neighbours."""

_STRIP = 256  # rows worked on at once; a multiple of the blocks of unmix
_SURE = 0.97  # of the soft key: subject alone
_WHOLE = 0.95  # of the hard key: no screen to be seen
_CLEAR_OF_EDGE = 2  # pixels in from the edge that show the subject's colour alone
_FRINGE, _BUSY = 0.015, 0.02  # half the width of hair's fringe, of the longer side; its unrest
_SPREADS = 4  # times what is broad and smooth is grown into the folds and shadows beside it
_PALEST, _PUREST = 0.05, 0.5  # of the screen's saturation: what cloth near its hue has
_ONE, _EVERYWHERE = 0.06, 0.045  # the same: what one cloth varies by, near by and farther
_THERE = 0.6  # of the soft key: less is a veil
_RIM = 0.005  # of the longer side: how far from a solid subject's edge the soft key rules
_BEYOND = 0.5  # below 0 and above 1: enough for one of the two keys to make up for the other
_APART = 9.0  # squared spreads between screen and subject where unmixing counts by half
_LEAST, _MOST = 0.4, 4.0  # what the colour difference may call the subject's own colour
_MOST_BLACK, _LOWEST_WHITE = 0.15, 0.8  # an automatic clip goes no farther
_NEARLY, _PINHOLE = 0.85, 2  # of the hard key: whole but for a codec's noise, so many pixels wide
_OVER_NOISE = 3.0  # black over what 99 of 100 places on the bare screen stay below
_REACHED, _UNEVEN = 0.02, 0.04  # the share of the solid subject below white; alpha's spread in it


class OneFrame:
    """One frame on the device: its plate and its screen (3,H,W), and what is known of them."""

    def __init__(
        self,
        usable: Pixels,
        backing: Backing,
        core: Mask | None,
        garbage: Mask | None,
        device: str,
    ) -> None:
        import torch
        import torch.nn.functional as nn

        self.plate, self.size = planes(usable, device), usable.shape[:2]
        surface = planes(backing.surface, device)[None]
        self.screen = nn.interpolate(surface, self.size, mode="bilinear", align_corners=False)[0]
        self.bare = self._deep(torch.from_numpy(backing.bare.astype(np.float32)).to(device))
        self.core, self.garbage = (
            None if each is None else torch.from_numpy(each.astype(bool)).to(device)
            for each in (core, garbage)
        )
        self.subject: unmix.Subject | None = None
        self.solid: Any = None

    def _deep(self, bare: Any) -> Any:
        """The bare screen (H,W) away from the subject's edge: hair is no noise."""
        import torch.nn.functional as nn

        inner = -nn.max_pool2d(nn.pad(-bare[None, None], (2,) * 4, mode="replicate"), 5, 1)
        return nn.interpolate(inner, self.size)[0, 0] > 0.5

    def strips(self) -> list[slice]:
        """The rows in parts, so that what lies between input and output stays small."""
        height = self.size[0]
        return [slice(top, min(top + _STRIP, height)) for top in range(0, height, _STRIP)]

    def rebuild(self, how: chroma.Halved) -> None:
        """Put colour that a codec halved back along luma."""
        import torch

        if not how.across:
            return
        done = []
        for rows in self.strips():
            first = max(0, rows.start - chroma.HALO)
            part = chroma.rebuilt(self.plate[:, first : rows.stop + chroma.HALO], how)
            done.append(part[:, rows.start - first : rows.stop - first])
        self.plate = torch.cat(done, 1)

    def mixed(self, balance: float, unmixed: float) -> Any:
        """The alpha (H,W) of colour difference and unmixing together, before any clip."""
        raw = self._by_rows(lambda plate, screen: unmix.difference(plate, screen, balance))
        self.solid = self._solid(raw)
        if not bool(self.solid.any()):
            return raw.clamp(-_BEYOND, 1 + _BEYOND)
        self.subject = self._known(self.solid.float())
        hinted = self._hinted()
        for rows in self.strips():
            raw[rows] = self._mixed_rows(raw[rows], rows, balance, unmixed)
            if hinted is not None:
                apart = self._full(self.subject.apart[None], rows)[0]
                near = _APART / (apart + _APART)
                raw[rows] += near * (hinted[rows] - raw[rows])
        return raw

    def _mixed_rows(self, raw: Any, rows: slice, balance: float, unmixed: float) -> Any:
        """Some rows of the alpha by colour difference, set right by the subject's own colours."""
        known = self.subject
        assert known is not None
        plate, screen = self.plate[:, rows], self.screen[:, rows]
        mean, axis = self._full(known.mean, rows), self._full(known.axis, rows)
        apart, varied = (self._full(each[None], rows)[0] for each in (known.apart, known.varied))
        white = unmix.own_white(mean, varied, screen, balance)
        # the less colour difference sees of the subject, the more unmixing has to say
        share = apart / (apart + _APART) * (2 - 2 * white).clamp(unmixed, 1)
        own = unmix.projected(plate, screen, axis).clamp(-_BEYOND, 1 + _BEYOND)
        raw = (raw / white.clamp(_LEAST, _MOST)).clamp(-_BEYOND, 1 + _BEYOND)
        return raw + share * (own - raw)

    def _by_rows(self, key: Callable[[Any, Any], Any]) -> Any:
        import torch

        return torch.cat([key(self.plate[:, rows], self.screen[:, rows]) for rows in self.strips()])

    def _hinted(self) -> Any:
        """The alpha (H,W) that core and garbage alone ask for: half way between them one half.

        All there is to go by where the subject wears the screen's own colour. None where one of
        them says nothing.
        """
        if self.core is None or self.garbage is None:
            return None
        if not bool(self.core.any()) or not bool(self.garbage.any()):
            return None
        return unmix.between(self.core, self.garbage)

    def _solid(self, raw: Any) -> Any:
        """Where (H,W) the subject is whole for sure, some pixels in from its edge.

        By its hue; and of that only what the soft key too calls whole, or what is broad and smooth:
        skin before a yellow wall is, hair with the screen shining through is a fringe.
        """
        hard = self._by_rows(unmix.off_hue)
        inner = unmix.narrowed(_off_hue(hard), _CLEAR_OF_EDGE)
        doubted = inner & (raw < _SURE)
        reach = round(max(3.0, _FRINGE * max(self.size)))
        # a veil's folds are narrower
        worn = unmix.narrowed(self._pale(raw, reach) & (hard < _WHOLE), 2 * reach)
        broad = worn | unmix.narrowed(doubted & (unmix.busy(raw) < _BUSY), reach)
        if bool(broad.any()):
            cloth = inner | unmix.widened(worn, 2 * reach)
            field = unmix.narrowed(unmix.widened(cloth, reach), reach)
            for _ in range(_SPREADS):
                broad = unmix.widened(broad, 2 * reach) & field
        whole = (inner & (raw >= _SURE)) | broad
        if self.garbage is not None:
            whole = whole & ~self.garbage
        return whole if self.core is None else whole | self.core

    def _pale(self, raw: Any, reach: int) -> Any:
        """Where (H,W) cloth of the screen's hue may be: paler than it, of one saturation.

        A veil is not of one: its folds let more of the screen through here and less there.
        """
        import torch

        done = []
        for rows in self.strips():
            first = max(0, rows.start - unmix.BLOCK)
            halo = slice(first, rows.stop + unmix.BLOCK)
            both = torch.stack(unmix.paleness(self.plate[:, halo], self.screen[:, halo]))
            done.append(both[:, rows.start - first : rows.stop - first])
        pure, varied = torch.cat(done, 1)
        pale = (pure > _PALEST) & (pure < _PUREST) & (varied < _ONE) & (raw > _THERE)
        return pale & (unmix.uneven(pure, reach) < _EVERYWHERE)

    def filled(self, alpha: Any) -> Any:
        """The alpha (H,W) with the inside of what is solid wholly 1, its edges as they were.

        Holes that the subject's own colours explain are closed too.
        """
        reach = max(2.0, _RIM * max(self.size))
        inner = unmix.narrowed(self.solid, round(reach)).float()
        if self.subject is None or not bool(inner.any()):
            return alpha
        hold = unmix.softened(inner, reach / 3)
        alpha = (alpha + hold * (1 - alpha)).masked_fill(inner > 0.5, 1.0)
        varied = self._full(self.subject.varied[None], slice(0, self.size[0]))[0]
        return whole.closed(alpha, varied)

    def _white(self, raw: Any) -> float:
        """The alpha that nearly all of the solid subject reaches.

        Taken where it is even: hair and cloth that lets the screen through are not, and do not
        pull the white down.
        """
        import torch.nn.functional as nn

        high = raw.clamp(0, 1)[None, None]
        mean = nn.avg_pool2d(high, 7, 1, 3, count_include_pad=False)
        spread = nn.avg_pool2d((high - mean) ** 2, 7, 1, 3, count_include_pad=False)[0, 0]
        even = unmix.narrowed(raw > 0.5, 6) & (spread < _UNEVEN**2)
        if self.garbage is not None:
            even = even & ~self.garbage
        if not bool(even.any()):
            return 1.0
        (white,) = unmix.shares(raw[even], (_REACHED,))
        return min(max(white, _LOWEST_WHITE), 1.0)

    def _known(self, sure: Any) -> unmix.Subject:
        """The subject's colours by blocks, gathered strip by strip."""
        import torch
        import torch.nn.functional as nn

        parts = [unmix.moments(self.plate[:, rows], sure[rows]) for rows in self.strips()]
        screen = nn.avg_pool2d(self.screen[None], unmix.BLOCK, ceil_mode=True)[0]
        return unmix.subject(torch.cat(parts, 2), screen)

    def _full(self, blocks: Any, rows: slice) -> Any:
        """Values by blocks (c,h,w) at the pixels of some rows."""
        return unmix.of_blocks(blocks, rows, self.size[1])

    def clips(self, raw: Any) -> tuple[float, float]:
        """Black and white as the bare screen's noise and the subject's own spread ask for."""
        black = 0.0
        bare = self.bare if self.core is None else self.bare & ~self.core
        if bool(bare.any()):
            # as `settled` will look at it: codecs' blocks are noise too, and do not average out
            (noise,) = unmix.shares(unmix.around(raw.clamp(0, 1))[bare], (0.99,))
            black = _OVER_NOISE * noise
        return min(max(black, 0.0), _MOST_BLACK), min(self._white(raw), 0.995)

    def held(self, alpha: Any) -> Any:
        """The alpha (H,W) with core and garbage as the mattes say; garbage has the last word."""
        if self.core is not None:
            alpha = alpha.masked_fill(self.core, 1.0)
        if self.garbage is not None:
            alpha = alpha.masked_fill(self.garbage, 0.0)
        return alpha

    def foreground(self, plate: Any, alpha: Any, how: Despill, purity: float) -> tuple[Any, Any]:
        """The straight foreground (3,H,W), despilled, and what was taken (H,W).

        Where alpha is 1 the plate's own pixels, above white and below black too.
        """
        import torch

        found, taken = torch.empty_like(plate), torch.empty_like(alpha)
        worn = self._worn(alpha) if how.kind == "auto" else None
        for rows in self.strips():
            cover, screen = alpha[rows], self.screen[:, rows]
            own = (self.plate[:, rows] - (1 - cover) * screen) / cover.clamp(min=0.05)
            own = own.clamp(0, BRIGHTEST)
            if self.subject is not None:
                own = unmix.beside(own, self._full(self.subject.mean, rows), cover)
            own = torch.where(cover >= 1, plate[:, rows], own)
            kept = None if worn is None else worn.own(own, screen, rows)
            found[:, rows], taken[rows] = despilled(own, screen, how, purity, kept)
        return found, taken

    def _worn(self, alpha: Any) -> wardrobe.Wardrobe | None:
        """What of the screen's hue the solid subject has of its own; None where none is seen."""
        if self.solid is None or not bool(self.solid.any()):
            return None
        return wardrobe.measured(self.plate, self.screen, self.solid, alpha)

    def purity(self) -> float | None:
        """How pure the subject's own colours that lie near the screen's hue are; None unknown.

        Skin has much of a yellow wall's hue of its own: what is as pure as most of the solid
        subject is no spill.
        """
        import torch

        seen = self.solid[::4, ::4] if self.solid is not None else None
        if seen is None or not bool(seen.any()):
            return None
        plate, screen = (each[:, ::4, ::4][:, seen] for each in (self.plate, self.screen))
        along, across = unmix.parts(plate, screen)
        coloured = torch.hypot(along, across) > 0.15 * plate.norm(dim=0)
        if not bool(coloured.any()):
            return None
        (middle,) = unmix.shares((along / across.clamp(min=1e-5))[coloured], (0.5,))
        return middle

    def trust(self, alpha: Any) -> float:
        """How far the key is to be trusted, 0..1.

        Little where the subject's colours lie near the screen's, and where much of the subject is
        half there far from any edge: a hole in a shirt looks like that, and so does a veil.
        """
        import torch.nn.functional as nn

        there = float((alpha > 0.02).float().sum())
        if self.subject is None or not there:
            return 1.0
        half = (alpha > 0.02) & (alpha < 0.98)
        doubtful = float(unmix.narrowed(half, 4).sum())
        whole = nn.avg_pool2d((alpha > 0.98).float()[None, None], unmix.BLOCK, ceil_mode=True)[0, 0]
        apart = self.subject.apart[whole > 0.99]
        clear = float((apart / (apart + _APART)).mean()) if apart.numel() else 0.5
        return clear * max(0.0, 1 - doubtful / there)


def _off_hue(hard: Any) -> Any:
    """Where (H,W) the hard key sees no screen.

    What falls a little short between pixels that do not is noise: cloth near the screen's hue would
    be whole on one frame and a veil on the next.
    """
    whole = hard > _WHOLE
    closed = unmix.narrowed(unmix.widened(whole, _PINHOLE), _PINHOLE)
    return whole | (closed & (hard > _NEARLY))


def planes(picture: Pixels, device: str) -> Any:
    """A picture (H,W,3) as a tensor (3,H,W) on the device."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1))).to(device)
