"""Pins: which revision of a model was fetched here, and what its files are, so that nobody is given
another one under the same name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from secondunit.weights.noted import note
from secondunit_contract.problem import CheckpointInvalid

PINS = "pulled.json"
"""In the folder of models, beside them."""


@dataclass(frozen=True)
class Pin:
    """One model as it was fetched: `files` by their path, each with its digest."""

    repository: str
    revision: str
    name: str
    when: str
    files: dict[str, str]


class Pins:
    """The pins of a folder of models. Raises CheckpointInvalid where they cannot be read: what was
    fetched could not be proved.
    """

    def __init__(self, models: Path) -> None:
        self._path = models / PINS

    def of(self, repository: str) -> Pin | None:
        """The pin of a repository, where it was fetched here."""
        return self._read().get(repository.casefold())

    def named(self, name: str) -> Pin | None:
        """The pin of a model by the name it has here."""
        return next((pin for pin in self._read().values() if pin.name == name), None)

    def put(self, pin: Pin) -> None:
        """Pin a model, in place of what was pinned of its repository."""
        self._write(self._read() | {pin.repository.casefold(): pin})

    def drop(self, repository: str) -> None:
        """Forget a repository; the next fetch may be of any revision."""
        pins = self._read()
        if pins.pop(repository.casefold(), None) is not None:
            self._write(pins)

    def _read(self) -> dict[str, Pin]:
        try:
            told: Any = json.loads(self._path.read_text(encoding="utf-8"))
            return {key: Pin(**each) for key, each in told.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise CheckpointInvalid(
                f"What was fetched here cannot be looked up: {error}",
                str(self._path),
                "Put the file right, or delete it and fetch the models again",
            ) from error

    def _write(self, pins: dict[str, Pin]) -> None:
        told = {key: vars(pin) for key, pin in sorted(pins.items())}
        note(self._path, json.dumps(told, indent=1) + "\n")


def now() -> str:
    """The time, as it is written into a pin."""
    return datetime.now(UTC).isoformat(timespec="seconds")
