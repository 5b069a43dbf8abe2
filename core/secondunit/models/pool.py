"""The pool: the heavy parts of models, each loaded once whoever uses it, and let go where memory is
wanted for another.

A part is a text reader, a network, a VAE. Two models whose files for one are the same share it.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from weakref import WeakSet


@dataclass(frozen=True)
class PartKey:
    """What makes two parts the same: their files, and the manner they are held in (device,
    precision, how sparingly).

    `seldom` says that it is used once a prompt: such a part is the first to go.
    """

    name: str
    files: tuple[str, ...]
    manner: str
    seldom: bool = False


class Gauge(Protocol):
    """How much of a device's memory may be taken."""

    def free(self) -> int:
        """Bytes that are nobody's."""
        ...

    def forget(self) -> None:
        """Hand back what an allocator keeps for later."""
        ...


class Holder(Protocol):
    """Somebody who has parts of the pool at hand."""

    def let_go(self, key: PartKey) -> None:
        """Hold that part no longer: it is wanted away."""
        ...


@dataclass(eq=False)
class _Held:
    part: Any
    size: int
    used: int = 0
    users: int = 0
    holders: WeakSet[Any] = field(default_factory=WeakSet)


class Pool:
    """Parts at hand. Not for two threads at once."""

    def __init__(self) -> None:
        self._held: dict[PartKey, _Held] = {}
        self._count = 0

    def parts(self) -> list[PartKey]:
        """The parts that are loaded."""
        return list(self._held)

    def of(self, name: str) -> list[Any]:
        """The loaded parts of that name."""
        return [held.part for key, held in self._held.items() if key.name == name]

    def size(self) -> int:
        """The bytes of all parts that are loaded."""
        return sum(each.size for each in self._held.values())

    def part(
        self, key: PartKey, size: int, load: Callable[[], Any], holder: Holder, gauge: Gauge
    ) -> Any:
        """That part of so many bytes, loaded where it is not; others go where there is no room."""
        held = self._held.get(key)
        if held is None:
            self.make_room(size, gauge)
            held = self._held[key] = _Held(load(), size)
        held.holders.add(holder)
        self._touch(held)
        return held.part

    @contextmanager
    def kept(self, key: PartKey) -> Iterator[None]:
        """While this lasts that part, which is loaded, stays."""
        held = self._held[key]
        held.users += 1
        try:
            yield
        finally:
            held.users -= 1
            self._touch(held)

    def make_room(self, need: int, gauge: Gauge) -> None:
        """Let parts go until so many bytes are free, or all that may go have gone: those that are
        seldom used first, then those that were used longest ago.
        """
        while gauge.free() < need:
            idle = [(key, held) for key, held in self._held.items() if not held.users]
            if not idle:
                return
            key, _ = min(idle, key=lambda each: (not each[0].seldom, each[1].used))
            self._let_go(key)
            gauge.forget()

    def _let_go(self, key: PartKey) -> None:
        held = self._held.pop(key)
        for holder in list(held.holders):
            holder.let_go(key)
        held.part = None
        gc.collect()  # what hooks and modules tie into rings goes now, and not some time

    def _touch(self, held: _Held) -> None:
        self._count += 1
        held.used = self._count
