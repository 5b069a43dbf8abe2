"""The two halves of guidance, with the words and without, computed at once on two devices.

A pipeline asks its network twice a step, one after the other, and of the same picture. What it will
ask the second time is known after the first step; so from then on the second is begun with the
first, on a copy elsewhere. Whatever else it asks is computed as ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

_WORDS = "encoder_hidden_states"
_PICTURE = "hidden_states"


@contextmanager
def apart(network: Any, copy: Any, device: Any) -> Iterator[Ahead]:
    """While this lasts, the network's second half of each step is its copy's work, on `device`."""
    with ThreadPoolExecutor(1, "secondunit-half") as thread:  # left when what was begun is done
        ahead = Ahead(network, copy, device, thread)
        network.forward = ahead
        try:
            yield ahead
        finally:
            del network.forward


class Ahead:
    """Answers a network's calls, and computes ahead what will be asked next. `used` counts how
    often that was what was asked.
    """

    def __init__(self, network: Any, copy: Any, device: Any, thread: ThreadPoolExecutor) -> None:
        self._forward = type(network).forward.__get__(network)
        self._network, self._copy, self._device, self._thread = network, copy, device, thread
        self._first: Mapping[str, Any] = {}
        self._second: Any = None
        self._begun: Future[Any] | None = None
        self.used = 0

    def __call__(self, *told: Any, **asked: Any) -> Any:
        if told or _WORDS not in asked or getattr(self._network, "peft_config", None):
            return self._forward(*told, **asked)  # a copy wears no adapters
        begun, self._begun = self._begun, None
        first, self._first = self._first, {}
        if first and _same(first, asked, but=_WORDS):
            expected, self._second = self._second, asked[_WORDS]
            if begun is None or expected is not asked[_WORDS]:
                return self._forward(**asked)
            self.used += 1
            return tuple(each.to(asked[_PICTURE].device) for each in begun.result())
        self._first = asked
        if self._second is not None and not asked.get("return_dict", True):
            self._begun = self._thread.submit(self._elsewhere, {**asked, _WORDS: self._second})
        return self._forward(**asked)

    def _elsewhere(self, asked: Mapping[str, Any]) -> Any:
        import torch

        there = {
            name: each.to(self._device) if hasattr(each, "to") else each
            for name, each in asked.items()
        }
        with torch.no_grad():
            return self._copy(**there)


def _same(first: Mapping[str, Any], asked: Mapping[str, Any], but: str) -> bool:
    """Whether the very same things were asked, in other words."""
    if first.keys() != asked.keys() or first[but] is asked[but]:
        return False
    return all(asked[name] is first[name] for name in asked if name != but)
