"""Models in the folder of models: put there by a link or as a copy, and taken away again."""

from __future__ import annotations

import importlib
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from secondunit.weights.catalogue import entry_at, origin
from secondunit.weights.checkpoint import CARD, INDEX, Checkpoint
from secondunit.weights.pins import Pins
from secondunit.weights.pull import selected
from secondunit_contract.problem import (
    BadValue,
    CheckpointInvalid,
    DiskFull,
    ModelUnknown,
    NotWritable,
    Problem,
)

_DEEPEST = 5  # folders below the one given: a download cache has models--*/snapshots/REVISION
_SPARE = 1_000_000_000  # bytes of the disk that stay free
_NAME = re.compile(r"\w[\w.-]*")


@dataclass(frozen=True)
class Found:
    """A checkpoint that was come upon: the name it would have here, or why it is left."""

    folder: Path
    name: str
    fault: str = ""


def found_in(folder: Path, copied: bool = False) -> list[Found]:
    """Every checkpoint in a folder or a share, looked through; those that cannot be used with the
    reason. What only lies beside the weights does not matter to a copy. Raises BadValue.
    """
    folder = folder.expanduser().absolute()
    if not folder.is_dir():
        raise BadValue("That is no folder", str(folder), "Give the folder the weights are in")
    found = [_looked(each, copied) for each in _checkpoints(folder)]
    if not found:
        raise CheckpointInvalid(
            f"There is no checkpoint in that folder: none has a {INDEX}",
            str(folder),
            "Give a folder of weights in the form of diffusers, or one that holds such folders",
        )
    return found


def linked(folder: Path, models: Path, name: str) -> Path:
    """A model under that name, by a link: its files stay where they are. Raises BadValue where the
    name is taken, NotWritable.
    """
    if _NAME.fullmatch(name) and (models / name).resolve() == folder.resolve():
        return models / name
    place = _free(models, name)
    try:
        models.mkdir(parents=True, exist_ok=True)
        _link(folder.resolve(), place)
    except OSError as error:
        raise _refused(place, error) from error
    return place


def copied(folder: Path, models: Path, name: str) -> Path:
    """A model under that name, as a copy of its safetensors and text. Raises BadValue where the
    name is taken, DiskFull, NotWritable, and what `Checkpoint.open` raises of the copy.
    """
    place = _free(models, name)
    files = _worth(folder)
    size = sum((folder / each).stat().st_size for each in files)
    part = models / f".{name}.part"
    try:
        models.mkdir(parents=True, exist_ok=True)
        if size + _SPARE > shutil.disk_usage(models).free:
            raise DiskFull(
                f"{size / 1e9:.1f} GB would be copied, and there is no room for them",
                str(models),
                "Make room, or link it: leave out --copy",
            )
        for each in files:
            (part / each).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / each, part / each)
        Checkpoint.open(part)
        os.replace(part, place)
    except Problem:
        raise
    except OSError as error:
        raise _refused(place, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return place


def removed(models: Path, name: str) -> tuple[int, bool]:
    """Take a model away: how many bytes that freed, and whether its files went.

    A link goes alone, unless it was fetched into the download cache for us: then the files do too.
    Raises ModelUnknown, NotWritable.
    """
    place = models / name
    if not _NAME.fullmatch(name) or not ((place / INDEX).is_file() or _is_link(place)):
        raise ModelUnknown(
            f"There is no model called {name} in the folder of models",
            str(models),
            "`secondunit models` lists them; what comes with the program stays",
        )
    pins = Pins(models)
    pin = pins.named(name)
    freed, gone = 0, False
    try:
        if not _is_link(place):
            freed, gone = _bytes_in(place), True
            shutil.rmtree(place)
        else:
            storage = place.resolve().parents[1]
            ours = pin is not None and origin(place)[0].casefold() == pin.repository.casefold()
            _unlink(place)
            if ours and storage.is_dir():
                freed, gone = _bytes_in(storage), True
                shutil.rmtree(storage)
    except OSError as error:
        raise _refused(place, error) from error
    if pin is not None:
        pins.drop(pin.repository)
    return freed, gone


def name_for(folder: Path, pipeline: str) -> str:
    """What a checkpoint is called here: as the catalogue calls it, else as its folder."""
    entry = entry_at(folder, pipeline)
    if entry is not None:
        return entry.name
    repository, _ = origin(folder)
    return re.sub(r"[^\w.-]", "-", repository.rpartition("/")[2] or folder.name).lstrip("-.")


def _checkpoints(folder: Path, deep: int = 0) -> Iterator[Path]:
    if (folder / INDEX).is_file():
        yield folder
    elif deep < _DEEPEST:
        for each in sorted(folder.iterdir()):
            if each.is_dir() and not each.name.startswith("."):
                yield from _checkpoints(each, deep + 1)


def _looked(folder: Path, copied: bool) -> Found:
    try:
        if copied:
            files = _worth(folder)
            return Found(folder, name_for(folder, _class_of(folder)), "" if files else "empty")
        checkpoint = Checkpoint.open(folder)
    except Problem as problem:
        return Found(folder, folder.name, str(problem))
    return Found(folder, name_for(folder, checkpoint.class_name))


def _class_of(folder: Path) -> str:
    return str(_index(folder).get("_class_name", ""))


def _index(folder: Path) -> dict[str, object]:
    # components and class_name need no look at the weights, which a copy gets anyway
    return Checkpoint(folder, "", ()).index()


def _worth(folder: Path) -> list[str]:
    """The files of a checkpoint that are copied."""
    inside = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    parts = [key for key, told in _index(folder).items() if isinstance(told, list)]
    own = [CARD] if CARD in inside else []
    return selected(inside, parts) + own


def _free(models: Path, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise BadValue(f"{name!r:.60} is no name for a model", "name", "Use letters and digits")
    place = models / name
    if place.exists() and not _is_link(place):
        raise BadValue(
            f"There is a model called {name} already",
            str(place),
            "Give another name: --name NAME; or take that one away: `secondunit models remove`",
        )
    if _is_link(place):
        if place.exists() and not origin(place)[0]:
            raise BadValue(
                f"There is a model called {name} already",
                str(place.resolve()),
                "Give another name: --name NAME; or remove that one: `secondunit models remove`",
            )
        _unlink(place)  # of an older revision, or to where nothing is any more
    return place


def _link(folder: Path, place: Path) -> None:
    try:
        place.symlink_to(folder, target_is_directory=True)
    except OSError:
        if os.name != "nt":
            raise
        # Links of this kind need no rights there.
        importlib.import_module("_winapi").CreateJunction(str(folder), str(place))


def _is_link(place: Path) -> bool:
    return place.is_symlink() or (place.exists() and os.path.realpath(place) != _plain(place))


def _plain(place: Path) -> str:
    return os.path.join(os.path.realpath(place.parent), place.name)


def _unlink(place: Path) -> None:
    if place.is_symlink():
        place.unlink()
    else:
        place.rmdir()  # a junction of Windows


def _bytes_in(folder: Path) -> int:
    return sum(
        path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    )


def _refused(place: Path, error: OSError) -> NotWritable:
    return NotWritable(
        f"The folder of models refuses us: {error.strerror or error}",
        str(place),
        "Make it writable, or set SECONDUNIT_MODELS to a folder of your own",
    )
