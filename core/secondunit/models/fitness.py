"""Whether a sheet is one a model can shoot as it stands. Fitting it is done before; nothing is
rounded in silence.
"""

from __future__ import annotations

import numpy as np

from secondunit.callsheet import CallSheet, ModelCard, Pixels
from secondunit.models.wording import in_words
from secondunit_contract.problem import BadValue, ModelUnfit, SizeUnfit


def check(sheet: CallSheet, card: ModelCard) -> None:
    """Raise ModelUnfit for what the model does not honour, SizeUnfit for a shape it cannot make,
    BadValue for pixels that are no numbers.
    """
    lacking = sheet.needs() - card.reach.honours
    if lacking:
        raise ModelUnfit(
            f"{card.title} cannot do this: {in_words(lacking)}",
            card.name,
            "Take a model that can, or ask for less",
        )
    if len(sheet.references) > card.reach.references:
        asked = len(sheet.references)
        raise ModelUnfit(
            f"{card.title} takes {card.reach.references} reference pictures, not {asked}",
            card.name,
            "Leave some out",
        )
    if sheet.adapters:
        raise ModelUnfit(
            f"{card.title} cannot wear adapters: {', '.join(sheet.adapters)}",
            card.name,
            "Leave them out",
        )
    _check_size(sheet, card)
    _check_frames(sheet, card)
    _check_pixels(sheet)


def cannot_look(card: ModelCard) -> ModelUnfit:
    """The answer of a model that shoots, asked to read footage."""
    return ModelUnfit(
        f"{card.title} cannot do this: {in_words(['look'])}", card.name, "Take a model that can"
    )


def _check_size(sheet: CallSheet, card: ModelCard) -> None:
    multiple = card.reach.multiple
    if sheet.width < multiple or sheet.height < multiple:
        raise SizeUnfit(
            f"{sheet.width}x{sheet.height} is too small for {card.title}",
            card.name,
            f"Shoot at {multiple}x{multiple} pixels at least",
        )
    if sheet.width % multiple or sheet.height % multiple:
        raise SizeUnfit(
            f"{sheet.width}x{sheet.height} is no size {card.title} can make",
            card.name,
            f"Width and height must be multiples of {multiple}",
        )


def _check_frames(sheet: CallSheet, card: ModelCard) -> None:
    rule = card.reach.frames
    past = sheet.frames - rule.base
    if past < 0 or past % rule.step or sheet.frames > rule.longest:
        raise SizeUnfit(
            f"{sheet.frames} frames is no length {card.title} can make",
            card.name,
            f"It makes {rule.base} frames and {rule.step} more at a time, up to {rule.longest}",
        )


def _check_pixels(sheet: CallSheet) -> None:
    whole: list[tuple[str, Pixels | None]] = [("plate", sheet.plate), ("guide", sheet.guide)]
    whole += [(f"key at frame {index}", key) for index, key in sheet.keys.items()]
    whole += [(f"reference {index + 1}", each) for index, each in enumerate(sheet.references)]
    for name, pixels in whole:
        if pixels is not None and not bool(np.isfinite(pixels).all()):
            raise BadValue(
                f"There are pixels in the {name} that are no numbers",
                name,
                "Replace them (NaN, infinity) before shooting",
            )
    for index, key in sheet.keys.items():
        if key.shape != (sheet.height, sheet.width, 3):
            raise BadValue(
                f"The key at frame {index} is {key.shape}, not {(sheet.height, sheet.width, 3)}",
                f"key at frame {index}",
                "Fit it to the sheet",
            )
