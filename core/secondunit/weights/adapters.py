"""Adapters (LoRAs): small files that teach a model a look or a subject, looked through before any
of them is loaded.

One is a safetensors file, alone or with a TOML beside it that says what it is: `title`, `triggers`
(words that call it up), `base` (the models it is for), `weight`, `licence`, `rights`,
`training_data`. A file that this program made says so in itself too. Models of two networks take
two files, named alike but for "high" and "low" (the noise each is for).
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secondunit.callsheet import ModelCard
from secondunit.weights.checkpoint import header
from secondunit_contract.problem import (
    BadValue,
    CheckpointInvalid,
    CheckpointUnsafe,
    ModelUnfit,
    ModelUnknown,
    Problem,
)

SUFFIX = ".safetensors"
STORY = "secondunit"
"""Under this name a file's header holds what its TOML says."""

_HIGH = re.compile(r"([._-]?)(high)([._-]?noise)?", re.IGNORECASE)
_LOW = re.compile(r"([._-]?)(low)([._-]?noise)?", re.IGNORECASE)
_TENFOLD = 10.0


@dataclass(frozen=True)
class Adapter:
    """A LoRA that has been looked through.

    `low` are the weights for the network that works at little noise, where they are a file of their
    own; `bases` the models it was made for, none where nobody says.
    """

    name: str
    file: Path
    low: Path | None = None
    title: str = ""
    triggers: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    weight: float = 1.0
    licence: str = ""
    rights: str = ""
    training_data: str = ""

    def sha256(self) -> str:
        """Of its file, or of both. Read once while they stay as they are."""
        files = [self.file] if self.low is None else [self.file, self.low]
        return _hash(tuple((each, each.stat().st_size, each.stat().st_mtime_ns) for each in files))

    def is_for(self, card: ModelCard) -> bool:
        """Whether it says that it is for this model, or does not say for which."""
        called = (card.name, card.title, card.source, Path(card.source).name)
        own = {each.lower() for each in called if each}
        return not self.bases or any(base.lower() in own for base in self.bases)

    def refuse_other(self, card: ModelCard) -> None:
        """Raise ModelUnfit where it was made for other models than this one."""
        if not self.is_for(card):
            raise ModelUnfit(
                f"The adapter {self.name} was made for {' and '.join(self.bases)}, "
                f"not for {card.title}",
                str(self.file),
                f"Shoot with {self.bases[0]}, or leave the adapter off",
            )


@dataclass(frozen=True)
class Worn:
    """An adapter and how strongly it is worn: 1 as it was made, 0 not at all."""

    adapter: Adapter
    weight: float

    def spec(self) -> str:
        """The two in one word that names the file: `wanted` reads it."""
        return f"{self.adapter.file}:{self.weight:g}"

    def told(self) -> dict[str, Any]:
        """What a side-car tells of it."""
        adapter = self.adapter
        told = {"name": adapter.name, "weight": self.weight, "sha256": adapter.sha256()}
        told |= {"file": str(adapter.file), "title": adapter.title}
        told |= {"triggers": list(adapter.triggers), "licence": adapter.licence}
        return told | {"rights": adapter.rights, "training_data": adapter.training_data}


@dataclass(frozen=True)
class Found:
    """An adapter of the folder, or the fault that keeps it from being worn."""

    name: str
    adapter: Adapter | None
    fault: str = ""


def listing(folder: Path) -> list[Found]:
    """Every adapter of a folder by its name, broken ones with their reason."""
    return sorted(_found(folder), key=lambda each: each.name)


def wanted(told: str, folder: Path | None = None) -> Worn:
    """The adapter that "name", "name:0.8" or "path/to/file.safetensors:0.8" means.

    Raises ModelUnknown for one that is not there, BadValue for a weight that is none, and what
    `opened` raises.
    """
    name, weight = parted(told)
    adapter = opened(_file(name, folder))
    return Worn(adapter, adapter.weight if weight is None else weight)


def parted(told: str) -> tuple[str, float | None]:
    """A name or path, and the weight behind its last colon where one is told. Raises BadValue."""
    name, colon, last = told.strip().rpartition(":")
    try:
        weight = float(last) if colon else None
    except ValueError:  # a drive's colon, or one within a name
        weight = None
    if weight is None:
        name = told.strip()
    elif not math.isfinite(weight) or abs(weight) > _TENFOLD:
        raise BadValue(
            f"An adapter of weight {last}", told, "Write one from 0 to 1, as in name:0.8"
        )
    if not name:
        raise BadValue("An adapter without a name", told, "Write it as in name:0.8")
    return name, weight


def is_path(name: str) -> bool:
    """Whether an adapter is meant by its file, and not by its name in the folder."""
    return name.lower().endswith(SUFFIX) or "/" in name or "\\" in name


def opened(file: Path) -> Adapter:
    """Look an adapter through. Raises CheckpointUnsafe for what is no safetensors, ModelUnknown for
    what is not there, CheckpointInvalid for what is half written or no LoRA.
    """
    if file.suffix.lower() != SUFFIX:
        there = "is there, but it " if os.path.exists(file) else ""
        raise CheckpointUnsafe(
            f"{file.name} {there}is no safetensors file; nothing else is loaded",
            str(file),
            "Get the safetensors version of this adapter",
        )
    if not file.is_file():
        raise ModelUnknown("There is no such adapter", str(file), "Check the path")
    told = _names(file)
    low = _beside(file)
    if low is not None:
        _names(low)
    return _adapter(file, low, _toml(file) or told)


def as_toml(story: Mapping[str, Any]) -> str:
    """What is told of an adapter, as the TOML beside it."""
    return "".join(
        f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in story.items()
    )


def _adapter(file: Path, low: Path | None, told: Mapping[str, Any]) -> Adapter:
    words = {key: told.get(key, "") for key in ("title", "licence", "rights", "training_data")}
    weight = told.get("weight", 1.0)
    wrong = [key for key, value in words.items() if not isinstance(value, str)]
    if not isinstance(weight, (int, float)) or isinstance(weight, bool):
        wrong.append("weight")
    wrong += [key for key in ("triggers", "base") if not _words(told.get(key, ()))[0]]
    if wrong:
        raise CheckpointInvalid(
            f"What is told of the adapter {file.stem} cannot be understood: {', '.join(wrong)}",
            str(file.with_suffix(".toml")),
            "Put it right, or delete it",
        )
    name = file.stem if low is None else _HIGH.sub("", file.stem).strip("._-") or file.parent.name
    triggers, bases = (_words(told.get(key, ()))[1] for key in ("triggers", "base"))
    return Adapter(name, file, low, words.pop("title") or name, triggers, bases, float(weight),
                   **words)  # fmt: skip


def _words(told: Any) -> tuple[bool, tuple[str, ...]]:
    """Whether that is a word or a list of words, and they."""
    several = [told] if isinstance(told, str) else told
    fit = isinstance(several, (list, tuple)) and all(isinstance(each, str) for each in several)
    return fit, tuple(each.strip() for each in several if each.strip()) if fit else ()


def _file(name: str, folder: Path | None) -> Path:
    if is_path(name):
        return Path(name).expanduser()
    here = {each.name: each for each in _found(folder)} if folder is not None else {}
    found = here.get(name)
    if found is not None and found.adapter is not None:
        return found.adapter.file
    if found is not None:
        raise CheckpointInvalid(found.fault, name, "Fetch the adapter again, or leave it off")
    if os.path.exists(os.path.expanduser(name)):
        return Path(name).expanduser()  # a file after all, and for certain no adapter
    raise ModelUnknown(
        f"There is no adapter called {name}",
        f"Here are: {', '.join(sorted(here)) or 'none'}",
        f"Put its file into {folder}, or give its path",
    )


def _found(folder: Path) -> Iterator[Found]:
    """The folder's own files, and those of its folders: pairs often come in one."""
    if not folder.is_dir():
        return
    for file in sorted([*folder.glob(f"*{SUFFIX}"), *folder.glob(f"*/*{SUFFIX}")]):
        if _partner(file, _LOW, "high") is not None:
            continue  # told of with its other half
        try:
            adapter = opened(file)
        except (Problem, OSError) as fault:
            yield Found(file.stem, None, str(fault))
        else:
            yield Found(adapter.name, adapter)


def _beside(file: Path) -> Path | None:
    """The half for little noise of an adapter whose other half this is."""
    return _partner(file, _HIGH, "low")


def _partner(file: Path, own: re.Pattern[str], other: str) -> Path | None:
    """The file beside this one that is named alike, but for "high" and "low"."""
    if not own.search(file.stem):
        return None
    stem = own.sub(lambda met: f"{met[1]}{_like(met[2], other)}{met[3] or ''}", file.stem)
    beside = file.with_name(stem + file.suffix)
    return beside if beside.is_file() else None


def _like(word: str, other: str) -> str:
    """The other word in the first one's capitals."""
    return other.upper() if word.isupper() else other.title() if word.istitle() else other


def _names(file: Path) -> dict[str, Any]:
    """What a file says of itself, once its table of contents has been read. Raises
    CheckpointInvalid.
    """
    told = header(file)
    if not any("lora" in name.lower() or "lokr" in name.lower() for name in told):
        raise CheckpointInvalid(
            f"{file.name} holds no adapter: nothing in it is called lora",
            str(file),
            "Give a LoRA's file; whole models belong in a folder of their own",
        )
    about = told.get("__metadata__", {})
    try:
        story = json.loads(about.get(STORY, "{}"))
    except (AttributeError, TypeError, ValueError):
        story = {}
    return story if isinstance(story, dict) else {}


def _toml(file: Path) -> dict[str, Any]:
    path = file.with_suffix(".toml")
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CheckpointInvalid(
            f"{path.name} cannot be read: {error}", str(path), "Put it right, or delete it"
        ) from error


@functools.lru_cache(maxsize=64)
def _hash(stamps: tuple[tuple[Path, int, int], ...]) -> str:
    each = []
    for path, _, _ in stamps:
        with path.open("rb") as file:
            each.append(hashlib.file_digest(file, "sha256").hexdigest())
    return each[0] if len(each) == 1 else hashlib.sha256("\n".join(each).encode()).hexdigest()
