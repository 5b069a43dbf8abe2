"""The licence gate: a model is used once somebody has agreed to its licence, or the studio's policy
speaks for all.

What was agreed to is kept in the user's data folder: by whom, when, and in which words it was
shown. A policy is a TOML file that a studio puts on its share; docs/models.md shows one.
"""

from __future__ import annotations

import getpass
import json
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from secondunit.callsheet import ModelCard
from secondunit.settings import Settings
from secondunit.weights.catalogue import Terms, entries, terms_of
from secondunit.weights.noted import note
from secondunit_contract.problem import BadValue, LicenceRefused

AGREED = "licences.json"
POLICY = "policy.toml"

Standing = Literal["free", "agreed", "allowed", "asks", "forbidden"]
"""free       it asks for no yes           agreed     somebody here said yes
allowed    the policy speaks for all     asks       somebody has to say yes first
forbidden  the policy says no
"""


@dataclass(frozen=True)
class Policy:
    """What a studio says of models and licences, whoever sits at the machine.

    only  whether what is not allowed is forbidden        contact  whom to ask
    """

    allowed: frozenset[str] = frozenset()
    forbidden: frozenset[str] = frozenset()
    only: bool = False
    contact: str = ""

    @classmethod
    def read(cls, path: Path) -> Policy:
        """Raises BadValue for a file that cannot be meant: nothing is used before it is right."""
        try:
            told = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise _wrong(path, f"cannot be read: {error}") from error
        strange = set(told) - {"allow", "forbid", "only_allowed", "contact"}
        if strange:
            raise _wrong(path, f"knows no {', '.join(sorted(strange))}")
        only, contact = told.get("only_allowed", False), told.get("contact", "")
        if not isinstance(only, bool) or not isinstance(contact, str):
            raise _wrong(path, "only_allowed must be true or false, and contact words")
        return cls(_names(path, told, "allow"), _names(path, told, "forbid"), only, contact)

    def says(self, name: str, licence: str) -> Standing | None:
        """Its word about a model; None where it has none. Forbidding goes before allowing."""
        keys = {f"models {name}".casefold(), f"licences {licence}".casefold()}
        if keys & self.forbidden:
            return "forbidden"
        if keys & self.allowed:
            return "allowed"
        return "forbidden" if self.only else None


class Gate:
    """What of all models may be used here."""

    def __init__(self, data: Path, policy: Policy) -> None:
        self._path, self._policy = data / AGREED, policy

    @classmethod
    def of(cls, settings: Settings) -> Gate:
        """With the policy the settings name, else the one in the data folder. Raises BadValue."""
        named = settings.policy
        usual = settings.data / POLICY
        path = named if named is not None else usual if usual.exists() else None
        return cls(settings.data, Policy() if path is None else Policy.read(path))

    def standing(self, name: str, licence: str) -> Standing:
        """How a model of that name, under that licence, stands here. Raises BadValue where what was
        agreed to cannot be read.
        """
        said = self._policy.says(name, licence)
        if said is not None:
            return said
        if not terms_of(licence).asks:
            return "free"
        return "agreed" if _key(name, licence) in self._agreed() else "asks"

    def open_to(self, card: ModelCard) -> bool:
        """Whether a model may be used."""
        return self.standing(card.name, card.licence) not in ("asks", "forbidden")

    def refuse(self, name: str, title: str, licence: str) -> None:
        """Raises LicenceRefused for a model that may not be used yet, or at all."""
        standing = self.standing(name, licence)
        if standing == "forbidden":
            raise LicenceRefused(
                f"{title} may not be used here: this studio's policy does not allow it",
                licence,
                f"Ask {self._policy.contact or 'whoever keeps the policy'}, or take another model",
            )
        if standing == "asks":
            raise LicenceRefused(
                f"Nobody here has agreed to the licence of {title} yet",
                licence or "unknown",
                f"Read it and agree: `secondunit models allow {name}`",
            )

    def agree(self, name: str, licence: str, text: str) -> None:
        """Write down that somebody agreed, and to which words. Raises NotWritable."""
        agreed = self._agreed()
        agreed[_key(name, licence)] = {
            "model": name,
            "licence": licence,
            "who": _who(),
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
            "text": text,
        }
        note(self._path, json.dumps(agreed, indent=1, ensure_ascii=False) + "\n")

    def _agreed(self) -> dict[str, Any]:
        try:
            told = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise BadValue(
                f"What was agreed to here cannot be read: {error}",
                str(self._path),
                "Put the file right, or take it away and agree again",
            ) from error
        if not isinstance(told, dict):
            raise BadValue(
                "What was agreed to here is not what its name says",
                str(self._path),
                "Take the file away and agree again",
            )
        return told


def words(terms: Terms, holder: str = "") -> str:
    """What is shown before somebody agrees, and kept with it."""
    lines = [*terms.lines()]
    if holder:
        lines.append(f"the licence itself: {holder}")
    return "\n".join(lines)


def known_licences() -> list[str]:
    """Every licence a policy may name without being told of a model."""
    return sorted({entry.licence for entry in entries()})


def _key(name: str, licence: str) -> str:
    """One yes holds for all models under a licence we know; under one that we do not, for one."""
    known = {each.casefold() for each in known_licences()}
    own = licence.casefold()
    return own if own in known else f"{own} of {name.casefold()}"


def _names(path: Path, told: dict[str, Any], key: str) -> frozenset[str]:
    table = told.get(key, {})
    if not isinstance(table, dict) or set(table) - {"models", "licences"}:
        raise _wrong(path, f"[{key}] lists models and licences, and nothing else")
    found = set()
    for kind, names in table.items():
        if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
            raise _wrong(path, f"{kind} in [{key}] must be a list of names")
        found |= {f"{kind} {each}".casefold() for each in names}
    return frozenset(found)


def _wrong(path: Path, why: str) -> BadValue:
    return BadValue(
        f"The studio's policy {why}",
        str(path),
        "Put it right, or ask whoever keeps it; docs/models.md shows one",
    )


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no name for this user, as in a bare container
        return "unknown"
