"""A folder of weights: found, and looked through before anything of it is loaded.

Only safetensors and plain text are ever read. A pickle anywhere in the folder refuses the whole
folder, because libraries choose files by name and a pickle runs what it says.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import json
import re
import struct
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secondunit.weights.catalogue import entry_at
from secondunit.weights.readme import licence_told
from secondunit_contract.problem import (
    CheckpointInvalid,
    CheckpointUnsafe,
    ModelUnknown,
    PartMissing,
)

INDEX = "model_index.json"
CARD = "card.toml"

_PICKLES = frozenset({".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".npz"})
_CODE = frozenset({".py", ".pyc", ".pyd", ".so", ".dll", ".dylib"})
_READ = frozenset({".json", ".safetensors", ".txt", ".model", ".jinja"})
_LIBRARIES = frozenset({"diffusers", "transformers"})
_WITHOUT_WEIGHTS = re.compile(
    r"Scheduler$|Guidance$|Tokenizer(Fast)?$|Processor(Fast|Pil)?$|FeatureExtractor$"
)
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
_LONGEST_HEADER = 100_000_000  # what the safetensors library itself allows
_BITS = {
    **dict.fromkeys(("F64", "I64", "U64", "C64"), 64),
    **dict.fromkeys(("F32", "I32", "U32"), 32),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16),
    **dict.fromkeys(("I8", "U8", "BOOL", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ"), 8),
    "F8_E5M2FNUZ": 8,
}
"""How many bits a number of each kind the safetensors format names takes."""


@dataclass(frozen=True)
class Checkpoint:
    """A folder that has been looked through: safetensors only, and every file whole.

    `class_name` is the pipeline it says it is for; `components` the folders of it that hold a part.
    """

    folder: Path
    class_name: str
    components: tuple[str, ...]

    @classmethod
    def open(cls, folder: Path) -> Checkpoint:
        """Look a folder through. Raises CheckpointUnsafe for pickles and code, CheckpointInvalid
        for what is missing or half written.
        """
        if not folder.is_dir():
            raise CheckpointInvalid(
                "That is no folder of weights", str(folder), "Give the folder that holds " + INDEX
            )
        _refuse_what_runs(folder)
        index = _json(folder / INDEX)
        class_name = index.get("_class_name")
        if not isinstance(class_name, str):
            raise CheckpointInvalid(
                f"{INDEX} does not say what the weights are for", str(folder / INDEX), _AGAIN
            )
        components = tuple(components_in(folder, index))
        for name in components:
            _look_at(folder / name, str(index[name][1]))
        return cls(folder, class_name, components)

    def config(self, component: str) -> dict[str, Any]:
        """What a component says of itself; empty where it is not there."""
        if component not in self.components:
            return {}
        path = self.folder / component / _config_name(str(self.index()[component][1]))
        return _json(path) if path.exists() else {}

    def index(self) -> dict[str, Any]:
        """The model_index.json."""
        return _json(self.folder / INDEX)

    def left_out(self) -> list[str]:
        """What its model_index.json names and is not among its components: of one that was narrowed
        to what is used of it.
        """
        named = {name for name, told in self.index().items() if isinstance(told, list) and told[0]}
        return sorted(named - set(self.components))

    def card(self) -> dict[str, Any]:
        """What card.toml says, over what the catalogue says of it, over the licence that stands in
        its README. Raises CheckpointInvalid for nonsense.
        """
        entry = entry_at(self.folder, self.class_name)
        told = licence_told(self.folder) if entry is None else entry.card()
        return told | self._own_card()

    def _own_card(self) -> dict[str, Any]:
        path = self.folder / CARD
        if not path.exists():
            return {}
        try:
            return tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise CheckpointInvalid(
                f"{CARD} cannot be read: {error}", str(path), "Put it right, or delete it"
            ) from error

    def numbers(self, component: str = "") -> int:
        """How many numbers its weights are, or a component's alone, read from the headers."""
        return sum(_numbers(path) for path in self._weights(component))

    def identity(self, component: str) -> tuple[str, ...]:
        """What tells whether another checkpoint's component is the same: its config, and where its
        weights lie on the disk. The download cache names files by their sha256.
        """
        told = json.dumps(self.config(component), sort_keys=True)
        return (told, *(_whereabouts(path) for path in self._weights(component)))

    def size(self) -> int:
        """How many bytes of disk the files take that loading reads."""
        return sum(path.stat().st_size for path in self._read_files())

    def fingerprint(self) -> str:
        """sha256 over every file that loading reads, their names included. Read once while the
        files stay as they are.
        """
        files = sorted(path for path in self._read_files())
        stamps = tuple((path, path.stat().st_size, path.stat().st_mtime_ns) for path in files)
        return _hash(self.folder, stamps)

    def prove(self) -> None:
        """Raises CheckpointInvalid where its card names a sha256 and the files have another."""
        told = self.card().get("sha256", "")
        if told and told != self.fingerprint():
            raise CheckpointInvalid(
                "These weights are not the ones their card tells of: they have been changed",
                str(self.folder),
                _AGAIN,
            )

    def _weights(self, component: str = "") -> Iterator[Path]:
        for name in (component,) if component else self.components:
            yield from sorted((self.folder / name).glob("*.safetensors"))

    def _read_files(self) -> Iterator[Path]:
        yield self.folder / INDEX
        for name in self.components:
            for path in (self.folder / name).rglob("*"):
                if path.suffix in _READ and path.is_file():
                    yield path


_AGAIN = "Fetch the checkpoint again, whole"


def find(source: str | Path, revision: str = "") -> Path:
    """The folder a source means: a path, or a repository id that is in the local cache. Never asks
    the network.

    Raises ModelUnknown where there is neither.
    """
    folder = Path(source).expanduser()
    if folder.exists():
        return folder
    text = str(source)
    if _REPOSITORY.fullmatch(text):
        cached = _cached(text, revision)
        if cached is not None:
            return cached
    raise ModelUnknown(
        f"There are no weights for {text} on this machine",
        text,
        "Fetch it with `secondunit models pull`; or put its folder in place and give its path",
    )


def _cached(repository: str, revision: str) -> Path | None:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import (
            HFValidationError,
            IncompleteSnapshotError,
            LocalEntryNotFoundError,
        )
    except ImportError as error:
        raise PartMissing(
            "The library that finds downloaded weights is not installed",
            "huggingface_hub",
            'Install it: pip install "secondunit[models]"',
        ) from error
    try:
        return Path(snapshot_download(repository, revision=revision or None, local_files_only=True))
    except (
        IncompleteSnapshotError
    ) as error:  # whether what we read of it is there, we see ourselves
        return Path(error.snapshot_path)
    except (LocalEntryNotFoundError, HFValidationError):
        return None


def _refuse_what_runs(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        suffix = path.suffix.lower()
        if suffix in _PICKLES or (suffix == ".npy" and _holds_objects(path)):
            raise CheckpointUnsafe(
                f"{path.name} can run code when it is opened; only safetensors are loaded",
                str(path),
                "Get the safetensors version of these weights, or take the file out of the folder",
            )
        if suffix in _CODE:
            raise CheckpointUnsafe(
                f"{path.name} is a program; a checkpoint's own code is never run",
                str(path),
                "Use a checkpoint without code of its own, or take the file out of the folder",
            )
        if suffix == ".json" and path.is_file() and _names_code(path):
            raise CheckpointUnsafe(
                f"{path.name} asks for code of its own (auto_map); it is never run",
                str(path),
                "Use a checkpoint that needs no code of its own",
            )


def _holds_objects(path: Path) -> bool:
    with path.open("rb") as file:
        return b"O" in file.read(256).split(b"shape")[0].split(b"descr")[-1]


def _names_code(path: Path) -> bool:
    if path.name == "tokenizer.json" or path.name.endswith(".index.json"):
        return False  # vocabularies and lists of weights: large, and nothing is looked up in them
    return '"auto_map"' in path.read_text(encoding="utf-8", errors="replace")


def _json(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CheckpointInvalid(
            f"{path.name} is missing, so this is no checkpoint we can drive", str(path), _AGAIN
        ) from error
    except (OSError, ValueError) as error:
        raise CheckpointInvalid(
            f"{path.name} cannot be read: {error}", str(path), _AGAIN
        ) from error
    if not isinstance(told, dict):
        raise CheckpointInvalid(f"{path.name} is not what its name says", str(path), _AGAIN)
    return told


def components_in(folder: Path, index: dict[str, Any]) -> Iterator[str]:
    """The parts an index names. Raises CheckpointUnsafe for one that brings code of its own,
    CheckpointInvalid for nonsense.
    """
    for name, told in index.items():
        if name.startswith("_") or not isinstance(told, list):
            continue
        if len(told) != 2:
            raise CheckpointInvalid(
                f"{INDEX} says of {name} what nobody understands", str(folder / INDEX), _AGAIN
            )
        library, kind = told
        if library is None or kind is None:
            continue
        if library not in _LIBRARIES and not _of_a_pipeline(str(library)):
            raise CheckpointUnsafe(
                f"Its {name} comes from {library}, a library of its own; such code is never run",
                str(folder / INDEX),
                "Use a checkpoint that needs no code of its own",
            )
        yield name


def _of_a_pipeline(library: str) -> bool:
    """Whether that is a folder of the pipelines that diffusers itself brings: so it names parts
    that one pipeline alone uses.
    """
    diffusers = importlib.util.find_spec("diffusers")
    homes = (diffusers.submodule_search_locations if diffusers else None) or ()
    named = library.isidentifier()
    return named and any((Path(home) / "pipelines" / library).is_dir() for home in homes)


def _config_name(kind: str) -> str:
    if kind.endswith("Scheduler"):
        return "scheduler_config.json"
    if kind.endswith("Guidance"):
        return "guider_config.json"
    if re.search(r"Tokenizer(Fast)?$", kind):
        return "tokenizer_config.json"
    if _WITHOUT_WEIGHTS.search(kind):
        return "preprocessor_config.json"
    return "config.json"


def _look_at(folder: Path, kind: str) -> None:
    if not folder.is_dir():
        raise CheckpointInvalid(f"The folder {folder.name} is missing", str(folder), _AGAIN)
    _json(folder / _config_name(kind))
    if _WITHOUT_WEIGHTS.search(kind):
        return
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise CheckpointInvalid(f"There are no safetensors in {folder.name}", str(folder), _AGAIN)
    for path in weights:
        header(path)
    for listing in folder.glob("*.safetensors.index.json"):
        _all_there(listing)


def _all_there(listing: Path) -> None:
    named = _json(listing).get("weight_map", {})
    for name in sorted(set(named.values()) if isinstance(named, dict) else ()):
        if not (listing.parent / str(name)).is_file():
            raise CheckpointInvalid(f"{name} is missing", str(listing.parent / str(name)), _AGAIN)


def header(path: Path) -> dict[str, Any]:
    """The header of a safetensors file: 8 bytes of length, JSON, then the numbers, to the file's
    last byte.

    The format is described at https://huggingface.co/docs/safetensors. Raises CheckpointInvalid.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if not 2 <= length <= min(_LONGEST_HEADER, size - 8):
            raise _half(path, "it is cut off in its first bytes, or no safetensors file at all")
        text = file.read(length)
    try:
        contents = json.loads(text)
        ends = [told["data_offsets"][1] for name, told in contents.items() if name[0] != "_"]
        whole = 8 + length + max(ends, default=0)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise _half(path, "its table of contents cannot be read") from error
    if size != whole:
        raise _half(path, f"it has {size} bytes and should have {whole}")
    return dict(contents)


def _half(path: Path, why: str) -> CheckpointInvalid:
    return CheckpointInvalid(f"{path.name} is not whole: {why}", str(path), _AGAIN)


def _numbers(path: Path) -> int:
    total = 0
    for name, told in header(path).items():
        if name != "__metadata__":
            first, last = told["data_offsets"]
            total += (last - first) * 8 // _BITS.get(str(told.get("dtype")), 8)
    return total


def _whereabouts(path: Path) -> str:
    file = path.resolve()
    if re.fullmatch(r"[0-9a-f]{64}", file.name):
        return file.name
    told = file.stat()
    return f"{told.st_dev}:{told.st_ino}:{told.st_size}:{told.st_mtime_ns}"


@functools.lru_cache(maxsize=16)
def _hash(folder: Path, stamps: tuple[tuple[Path, int, int], ...]) -> str:
    whole = hashlib.sha256()
    for path, _, _ in stamps:
        with path.open("rb") as file:
            each = hashlib.file_digest(file, "sha256").hexdigest()
        whole.update(f"{path.relative_to(folder).as_posix()}\0{each}\n".encode())
    return whole.hexdigest()
