"""Light brighter than a display's white, given back to what the model has painted."""

from __future__ import annotations

import numpy as np

from secondunit.callsheet import Pixels
from secondunit.media.colour import ColourPath

# How far, in display values, an answer may be from the plate's clipped picture and still be the
# same thing there: a model's own drift is about 0.03; another thing in that place differs by far
# more.
_SAME, _OTHER = 0.06, 0.25


def excess(plate: Pixels, path: ColourPath) -> Pixels:
    """What a display cannot show of a plate: plate minus its clipped picture, in its own space.

    (…,3) float32; 0 where nothing is clipped or the plate is no number.
    """
    shown = path.from_display(path.to_display(plate))
    with np.errstate(invalid="ignore"):
        beyond = plate.astype(np.float32) - shown
    clipped = path.unclipped(plate)
    unseen = (clipped < 0) | (clipped > 1)
    return np.where(unseen & ~np.isnan(beyond), beyond, np.float32(0))


def kept_share(answer: Pixels, plate: Pixels, path: ColourPath) -> Pixels:
    """(…,1) float32: 1 where the answer shows what the plate did, 0 where something else is."""
    apart = np.abs(answer - path.to_display(plate)).max(axis=-1, keepdims=True)
    gone = np.clip((apart - _SAME) / (_OTHER - _SAME), 0, 1)
    share: Pixels = (1 - gone * gone * (3 - 2 * gone)).astype(np.float32)
    return share


def remerge(answer: Pixels, plate: Pixels, path: ColourPath) -> Pixels:
    """A model's answer (…,3), display-referred in 0..1, in the plate's own space and with its
    light.

    Where the answer shows what the plate showed, what clipping took from the plate comes back: a
    lamp of 40 that the model kept is 40 again, one that it painted away stays away. The excess is
    added, not multiplied: a ratio would multiply the model's noise by 40 too. It begins at 0
    where white is reached and fades as the answer departs from the plate, so there is no step.
    """
    beyond, share = excess(plate, path), kept_share(answer, plate, path)
    # An infinite excess with no share must add nothing, not NaN.
    added = np.multiply(beyond, share, out=np.zeros_like(beyond), where=share > 0)
    merged: Pixels = path.from_display(answer) + added
    return merged
