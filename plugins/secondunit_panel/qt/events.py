"""What Qt 5 and Qt 6 name differently in the events of mouse, pen and wheel."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QPointF


def place(event: Any) -> QPointF:
    """Where in its window an event of the mouse, the pen or the wheel happened, exactly."""
    for name in ("position", "localPos", "posF"):  # Qt 6 and both wheels; Qt 5's mouse; its pen
        if hasattr(event, name):
            return QPointF(getattr(event, name)())
    return QPointF(event.pos())


def is_eraser(event: Any) -> bool:
    """Whether the pen is held by its other end."""
    return str(event.pointerType()).rsplit(".", 1)[-1] == "Eraser"
