"""Whether a sheet is one a model can shoot as it stands. Fitting it is done before; nothing is
rounded in silence.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from secondunit.callsheet import CallSheet, ModelCard, Pixels, Question, Reach
from secondunit.models.wording import KEY_PLACES, in_words
from secondunit.weights.adapters import wanted
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
    _check_keys(sheet, card)
    check_adapters(sheet.adapters, card)
    _check_size(sheet.width, sheet.height, card)
    _check_frames(sheet, card)
    _check_pixels(sheet)


def begins_with_a_picture(reach: Reach) -> bool:
    """Whether a model makes no clip but from a picture, whatever stand-ins add to its reach; where
    an edit is among that, an editor gives it the picture.
    """
    own = reach.honours - reach.stand_ins
    others = {"words", "plate", "references", "guide"}
    return "keys" in own and not own & others and "edit" not in reach.honours


def check_opening(own: CallSheet, card: ModelCard) -> None:
    """Raise ModelUnfit where what is left for the model itself, once stand-ins do their part, lacks
    the picture it must begin with.
    """
    if begins_with_a_picture(card.reach) and not own.keys:
        raise ModelUnfit(
            f"{card.title} begins every clip with a given picture, and there is none",
            card.name,
            "Give the first frame, or take a model that shoots from words alone",
        )


def _check_keys(sheet: CallSheet, card: ModelCard) -> None:
    if "keys" in card.reach.stand_ins or card.reach.takes_keys(sheet.keys, sheet.frames):
        return
    asked = ", ".join(str(place) for place in sorted(sheet.keys))
    raise ModelUnfit(
        f"{card.title} takes pictures to pass through on {KEY_PLACES[card.reach.key_places]}, "
        f"not on frames {asked} of 0 to {sheet.frames - 1}",
        card.name,
        "Give them where it takes them, or take a model that takes them on any frames",
    )


def check_adapters(told: Sequence[str], card: ModelCard) -> None:
    """Raise ModelUnfit for adapters that the model cannot wear, or that are for another one; what
    `weights.adapters` raises for broken ones.
    """
    if told and not card.reach.adapters:
        raise ModelUnfit(
            f"{card.title} cannot wear adapters: {', '.join(told)}",
            card.name,
            "Take a model that can, or leave them off",
        )
    for each in told:
        wanted(each).adapter.refuse_other(card)


def cannot_look(card: ModelCard) -> ModelUnfit:
    """The answer of a model that shoots, asked to read footage."""
    return ModelUnfit(
        f"{card.title} cannot do this: {in_words(['look'])}", card.name, "Take a model that can"
    )


def check_look(footage: Pixels, question: Question, card: ModelCard) -> None:
    """Raise ModelUnfit where the model cannot look, SizeUnfit for a size it cannot see, BadValue
    for a question that asks nothing, or does not fit the footage, and for pixels that are no
    numbers.
    """
    if "look" not in card.reach.honours:
        raise cannot_look(card)
    if footage.ndim != 4 or footage.shape[-1] != 3 or not len(footage):
        raise BadValue(f"The footage is {footage.shape}, not frames of red, green and blue")
    frames, height, width = footage.shape[:3]
    _check_size(width, height, card)
    if not question.masks and not question.words.strip():
        raise BadValue(
            "Nothing says what to look for", "question", "Mark it on a frame, or name it"
        )
    for index, mask in question.masks.items():
        if not 0 <= index < frames:
            raise BadValue(f"A mask at frame {index} of {frames} frames", f"mask at frame {index}")
        if mask.shape != (height, width):
            raise BadValue(
                f"The mask at frame {index} is {mask.shape}, not {(height, width)}",
                f"mask at frame {index}",
                "Fit it to the footage",
            )
    _check_numbers("footage", footage)


def _check_size(width: int, height: int, card: ModelCard) -> None:
    multiple, only = card.reach.multiple, card.reach.size
    if only is not None and (width, height) != only:
        raise SizeUnfit(
            f"{width}x{height} is no size {card.title} can make",
            card.name,
            f"It makes {only.width}x{only.height} and nothing else",
        )
    if width < multiple or height < multiple:
        raise SizeUnfit(
            f"{width}x{height} is too small for {card.title}",
            card.name,
            f"Shoot at {multiple}x{multiple} pixels at least",
        )
    if width % multiple or height % multiple:
        raise SizeUnfit(
            f"{width}x{height} is no size {card.title} can make",
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
        if pixels is not None:
            _check_numbers(name, pixels)
    for index, key in sheet.keys.items():
        if key.shape != (sheet.height, sheet.width, 3):
            raise BadValue(
                f"The key at frame {index} is {key.shape}, not {(sheet.height, sheet.width, 3)}",
                f"key at frame {index}",
                "Fit it to the sheet",
            )


def _check_numbers(name: str, pixels: Pixels) -> None:
    if not bool(np.isfinite(pixels).all()):
        raise BadValue(
            f"There are pixels in the {name} that are no numbers",
            name,
            "Replace them (NaN, infinity) before shooting",
        )
