"""The viewer's keys: what each does, by the name of the deed; every key has a button or the pen."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt

_PLAIN = {
    "Left": ("back", "back ten"), "Right": ("on", "on ten"), "Home": "first", "End": "last",
    "Space": "play", "B": "plate", "W": "wipe", "D": "difference", "A": "alpha", "X": "sign",
    "Plus": "closer", "Equal": "closer", "Minus": "farther", "Underscore": "farther", "0": "fit",
    "Delete": "delete", "Backspace": "delete", "Escape": "let go", "Return": "press",
    "Enter": "press",
}  # fmt: skip
_WITH_CONTROL = {
    "Z": ("undo", "redo"), "Y": "redo",
    "Left": ("pen left", "pen left a bit"), "Right": ("pen right", "pen right a bit"),
    "Up": ("pen up", "pen up a bit"), "Down": ("pen down", "pen down a bit"),
}  # fmt: skip


def deed_of(event: Any) -> str:
    """What a key does; empty for a key that is not the viewer's."""
    modifier, held = Qt.KeyboardModifier, event.modifiers()
    if held & modifier.AltModifier or held & modifier.MetaModifier:
        return ""
    table = _CONTROLLED if held & modifier.ControlModifier else _KEYS
    named = table.get(event.key(), "")
    if isinstance(named, str):
        return named
    return named[1] if held & modifier.ShiftModifier else named[0]


def _keys(named: dict[str, Any]) -> dict[Any, Any]:
    return {getattr(Qt.Key, f"Key_{key}"): deed for key, deed in named.items()}


_KEYS, _CONTROLLED = _keys(_PLAIN), _keys(_WITH_CONTROL)
