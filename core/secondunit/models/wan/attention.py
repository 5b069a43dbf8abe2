"""What a transformer's attention holds of a clip: queries and keys, overheard as it runs.

They are taken behind the layers that normalise them, so whatever computes the attention itself
(and turns the positions in) need not be touched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any, Literal, NamedTuple

Which = Literal["attn1", "attn2"]
"""The attention between pixels, and that of pixels to words."""

_SIDES = ("norm_q", "norm_k")


class Heard(NamedTuple):
    """One layer's queries and keys: tensors (clips, tokens, heads * width), after their
    normalisation.
    """

    queries: Any
    keys: Any


class _Enough(Exception):
    """All that was to be heard has been heard: the rest of the pass would be wasted."""


def overheard(
    blocks: Sequence[Any], which: Which, layers: Sequence[int], pass_over: Callable[[], object]
) -> dict[int, Heard]:
    """What these layers (numbers of blocks) hold during one pass, which ends with the last one."""
    heard: dict[tuple[int, str], Any] = {}
    wanted = {(layer, side) for layer in layers for side in _SIDES}

    def hear(spot: tuple[int, str], _part: Any, _given: Any, answer: Any) -> None:
        heard[spot] = answer
        if wanted <= heard.keys():
            raise _Enough

    with ExitStack() as stack:
        for layer, side in sorted(wanted):
            part = getattr(getattr(blocks[layer], which), side)
            hook = part.register_forward_hook(partial(hear, (layer, side)))
            stack.callback(hook.remove)
        with suppress(_Enough):
            pass_over()
    return {layer: Heard(*(heard[layer, side] for side in _SIDES)) for layer in layers}


def turned(tokens: Any, heads: int, rotary: tuple[Any, Any]) -> Any:
    """Queries or keys (tokens, heads * width) with their positions turned in: rotary embedding
    (Su et al. 2021), pairs of channels as the attention of these models pairs them.
    """
    import torch

    cosine, sine = (each[0].to(tokens.device) for each in rotary)  # (tokens, 1, width)
    pairs = tokens.unflatten(-1, (heads, -1, 2))
    first, second = pairs.unbind(-1)
    c, s = cosine[..., 0::2], sine[..., 1::2]
    both = torch.stack([first * c - second * s, first * s + second * c], -1)
    return both.flatten(1).type_as(tokens)
