"""Stand-ins: techniques that need no training and do for a model what it cannot do by itself.

They work on a model's latents and on what its scheduler says of noise, so they are written once for
all models that start from noise: kept pixels and keys are held, a strength is a way begun late, a
tail goes on from its held head, tracks drag a crude animation that is held while there is much
noise. They are crutches: where another model honours a need by itself, that one is taken.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from secondunit.callsheet import CallSheet, ModelCard, Need, Pixels, Reach
from secondunit.models.standins.clock import FINEST

SERVED: frozenset[Need] = frozenset({"plate", "paint", "keys", "strength", "tracks"})
"""What stand-ins can do for a model that has a VAE and starts from noise."""


def widened(reach: Reach, served: frozenset[Need] = SERVED) -> Reach:
    """The reach with all that stand-ins add to it; `served` are those there may be."""
    added = (served & SERVED) - reach.honours
    return replace(reach, honours=reach.honours | added, stand_ins=reach.stand_ins | added)


def stood_in(sheet: CallSheet, reach: Reach) -> frozenset[Need]:
    """What of a sheet's needs is done on latents; where tracks are, a strength is with them, since
    it is then the crude animation that is stayed near to.

    A model that likes holes with a first guess in them is given the crude animation as that guess:
    there is nothing left to hold.
    """
    asked = sheet.needs() & reach.stand_ins
    if "tracks" in asked and reach.holes == "rough" and _shown_plate(sheet, reach):
        return asked - {"tracks"}
    if "tracks" in asked:
        asked |= sheet.needs() & {"strength"}
    return asked


def steps_advised(sheet: CallSheet, card: ModelCard) -> int:
    """The steps its maker advises; more where a stand-in drags something along a track, since it
    lets go of it after a share of them.
    """
    dragged = "tracks" in stood_in(sheet, card.reach)
    return max(card.steps, FINEST) if dragged else card.steps


def left_of(sheet: CallSheet, reach: Reach) -> CallSheet:
    """What of a sheet is left for the model itself to be told, once stand-ins do their part.

    A model that takes keys and no plate is shown the plate's first frame as a key where all of it
    is kept: so it goes on from there.
    """
    asked = stood_in(sheet, reach)
    if "tracks" in sheet.needs() & reach.stand_ins and _shown_plate(sheet, reach):
        sheet = _led(sheet, reach)
    if not asked:
        return sheet
    keys = {} if "keys" in asked else dict(sheet.keys)
    takes_keys = "keys" in reach.honours - reach.stand_ins
    if "plate" in asked and takes_keys:
        keys = _beginning(sheet) | keys
    return replace(
        sheet,
        plate=None if "plate" in asked else sheet.plate,
        paint=None if asked & {"plate", "paint"} else sheet.paint,
        keys=keys,
        tracks=() if "tracks" in asked else sheet.tracks,
        strength=1.0 if "strength" in asked else sheet.strength,
    )


def _shown_plate(sheet: CallSheet, reach: Reach) -> bool:
    """Whether the model itself is shown a plate."""
    return sheet.plate is not None and "plate" not in reach.stand_ins


def _led(sheet: CallSheet, reach: Reach) -> CallSheet:
    """The sheet with the crude animation in its plate, wherever that is to be painted over; where
    nobody knows the plate, for a model that likes a guess there.
    """
    from secondunit.models.standins.moved import Seen, animated  # slow to import, rarely wanted

    seen = Seen.of(sheet)
    moving, _ = animated(seen, sheet.tracks)
    free = ~seen.kept if reach.holes == "rough" else seen.known & ~seen.kept
    return replace(
        sheet, plate=np.where(free[..., None], moving, np.asarray(sheet.plate)), tracks=()
    )


def _beginning(sheet: CallSheet) -> dict[int, Pixels]:
    """The plate's first frame as a key, where all of it is kept."""
    if sheet.plate is None or sheet.paint is None or bool(sheet.paint[0].any()):
        return {}
    return {0: sheet.plate[0]}
