"""Fetching a model: what of a repository is wanted, whether there is room, and every byte proved.

Only safetensors and text are fetched, into the download cache that all programs here share. A part
of a file stays where it is when the line breaks or somebody stops it, and the next time goes on
from there; a model is in the cache under its revision only once all of it is proved.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from secondunit.weights.checkpoint import INDEX, Checkpoint, components_in
from secondunit.weights.pins import Pin
from secondunit.weights.sources import FULL, Listing, Source, Ware, no_room
from secondunit_contract.problem import (
    CheckpointInvalid,
    CheckpointUnsafe,
    DiskFull,
    NotWritable,
    Problem,
)

Heard = Callable[[int, int, str], None]
"""Told of (bytes that are here, bytes in all, the file under way)."""

_FETCHED = frozenset({".json", ".safetensors", ".txt", ".model", ".jinja"})
_BESIDE = re.compile(r"(readme|licen[cs]e|notice|use_policy)[\w-]*(\.(md|txt))?", re.IGNORECASE)
_WEIGHTS = ".safetensors"
_PICKLES = frozenset({".bin", ".pt", ".pth", ".ckpt"})
_VARIANT = re.compile(
    r"\.(fp16|bf16|fp32|fp8|ema|non_ema)(-\d+-of-\d+)?\.safetensors(\.index\.json)?$"
)
_SPARE = 1_000_000_000  # bytes of the disk that stay free
_PIECE = 1 << 20


@dataclass(frozen=True)
class Plan:
    """What will be fetched: `wares` of a repository at a revision, for a class of diffusers.

    `licence` is what its source says of it; `left` what lies there and is not wanted; `here` how
    many bytes of it are here already.
    """

    repository: str
    revision: str
    pipeline: str
    wares: tuple[Ware, ...]
    left: tuple[str, ...]
    licence: str
    cache: Path
    here: int

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(ware.size for ware in self.wares)

    @property
    def missing(self) -> int:
        """Bytes still to be fetched."""
        return self.size - self.here

    @property
    def storage(self) -> Path:
        """The repository's folder in the cache."""
        return self.cache / ("models--" + self.repository.replace("/", "--"))

    @property
    def snapshot(self) -> Path:
        """Where the checkpoint's folder will be."""
        return self.storage / "snapshots" / self.revision

    def refuse_without_room(self) -> None:
        """Raises DiskFull where it would not fit beside what is there."""
        free = shutil.disk_usage(_standing(self.cache)).free
        if self.missing + _SPARE > free:
            raise DiskFull(
                f"{self.missing / 1e9:.1f} GB are still to be fetched, and "
                f"{free / 1e9:.1f} GB are free",
                str(self.cache),
                "Make room, or set HF_HOME to a folder on another disk",
            )


def planned(
    repository: str,
    source: Source,
    revision: str = "",
    pin: Pin | None = None,
    cache: Path | None = None,
) -> Plan:
    """What fetching a repository would mean; nothing but its list of files is read.

    A repository that is pinned is fetched at its pin alone. Raises ModelUnknown, CheckpointInvalid
    for one that is not as it was pinned or no checkpoint, CheckpointUnsafe for one of pickles.
    """
    if pin is not None and revision not in ("", pin.revision):
        raise CheckpointInvalid(
            f"{repository} is pinned here at the revision {pin.revision}, not {revision}",
            repository,
            f"Leave the revision out; or `secondunit models remove {pin.name}`, then fetch it anew",
        )
    listing = source.listing(repository, pin.revision if pin is not None else revision)
    if not re.fullmatch(r"\w[\w.-]*", listing.revision):
        raise CheckpointInvalid(
            "It does not say which revision it gives", repository, "Take another mirror"
        )
    pipeline, components = _made_for(repository, source, listing)
    wares, left = _chosen(listing.wares, components)
    _refuse_pickled(repository, listing.wares, wares, components)
    if pin is not None:
        _refuse_changed(repository, wares, pin)
    cache = cache or shared_cache()
    plan = Plan(repository, listing.revision, pipeline, wares, left, listing.licence, cache, 0)
    here = sum(_standing_bytes(plan, ware) for ware in wares)
    return replace(plan, here=here)


def fetched(plan: Plan, source: Source, heard: Heard) -> dict[str, str]:
    """Fetch it, and say what each file's digest is; the checkpoint's folder is then `snapshot`.

    Raises NetworkLost, DiskFull, NotWritable, and CheckpointInvalid for bytes that are not what
    their source says; all that was proved stays, and the next time goes on from there.
    """
    with _writing(plan.storage), _alone(plan):
        digests, blobs = {}, {}
        done = 0
        for ware in plan.wares:
            blob = _brought(plan, ware, source, partial(_hear, heard, plan, ware, done))
            digests[ware.path], blobs[ware.path] = blob.name, blob
            done += ware.size
            heard(done, plan.size, ware.path)
        _laid_out(plan, blobs)
    Checkpoint.open(plan.snapshot)
    return digests


def _hear(heard: Heard, plan: Plan, ware: Ware, done: int, at: int) -> None:
    heard(done + at, plan.size, ware.path)


def shared_cache() -> Path:
    """The download cache of this machine, HF_HOME's or HF_HUB_CACHE's: others use it too."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE).expanduser()


def free_bytes() -> int:
    """What may still be fetched into it; a little of the disk stays free."""
    return max(0, shutil.disk_usage(_standing(shared_cache())).free - _SPARE)


def selected(paths: Iterable[str], components: Iterable[str]) -> list[str]:
    """Which of a repository's files are fetched: of its parts the safetensors and the text, and
    what tells of it and of its licence.
    """
    whole, parts = sorted(paths), frozenset(components)
    return [path for path in whole if _wanted(PurePosixPath(path), parts, whole)]


def _wanted(path: PurePosixPath, components: frozenset[str], others: list[str]) -> bool:
    if len(path.parts) == 1:
        return path.name == INDEX or _BESIDE.fullmatch(path.name) is not None
    if path.parts[0] not in components or path.suffix not in _FETCHED or not _inside(path):
        return False
    return not (_VARIANT.search(path.name) and _plain_too(path, others))


def _inside(path: PurePosixPath) -> bool:
    """Whether it stays in its folder, on Windows too."""
    return not path.is_absolute() and ".." not in path.parts and not set(str(path)) & {"\\", ":"}


def _plain_too(path: PurePosixPath, others: list[str]) -> bool:
    """Whether there is the same in the usual precision, which is the one that is loaded."""
    beside = [PurePosixPath(each) for each in others]
    return any(
        each.parent == path.parent and each.suffix == _WEIGHTS and not _VARIANT.search(each.name)
        for each in beside
    )


def _chosen(
    wares: tuple[Ware, ...], components: tuple[str, ...]
) -> tuple[tuple[Ware, ...], tuple[str, ...]]:
    chosen = frozenset(selected((ware.path for ware in wares), components))
    small_first = sorted(wares, key=lambda ware: (ware.size, ware.path))
    left = sorted(ware.path for ware in wares if ware.path not in chosen)
    return tuple(ware for ware in small_first if ware.path in chosen), tuple(left)


def _made_for(repository: str, source: Source, listing: Listing) -> tuple[str, tuple[str, ...]]:
    """The class a repository's index names, and its parts."""
    index = next((ware for ware in listing.wares if ware.path == INDEX), None)
    if index is None:
        raise CheckpointInvalid(
            f"There is no {INDEX} in {repository}, so it is no checkpoint we can drive",
            repository,
            "Look for the same model in the form of diffusers: often NAME-Diffusers",
        )
    told = BytesIO()
    source.pour(repository, listing.revision, index, cast(BinaryIO, told), 0)
    _prove(told.getvalue(), index, repository)
    try:
        read = json.loads(told.getvalue())
        return str(read["_class_name"]), tuple(components_in(Path(repository), read))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointInvalid(
            f"{INDEX} cannot be read: {error}", repository, "Take another revision of it"
        ) from error


def _refuse_pickled(
    repository: str, wares: tuple[Ware, ...], chosen: tuple[Ware, ...], parts: tuple[str, ...]
) -> None:
    for part in parts:
        there = [PurePosixPath(w.path) for w in wares if w.path.startswith(f"{part}/")]
        pickled = [path for path in there if path.suffix in _PICKLES]
        if pickled and not any(
            w.path.startswith(f"{part}/") and w.path.endswith(_WEIGHTS) for w in chosen
        ):
            raise CheckpointUnsafe(
                f"The weights of its {part} are only there as {pickled[0].name}, which can run "
                "code when it is opened",
                repository,
                "Look for the same model as safetensors",
            )


def _refuse_changed(repository: str, wares: tuple[Ware, ...], pin: Pin) -> None:
    for ware in wares:
        pinned = pin.files.get(ware.path)
        if pinned and ware.digest and pinned != ware.digest:
            raise CheckpointInvalid(
                f"{ware.path} is not the file that was fetched here before, at the same revision",
                repository,
                "Do not use it before you know why: ask whoever runs that source",
            )


def _prove(content: bytes, ware: Ware, repository: str) -> None:
    if ware.digest and _digest(BytesIO(content), len(content), ware.digest) != ware.digest:
        raise _unproved(ware, repository)


def _unproved(ware: Ware, repository: str) -> CheckpointInvalid:
    return CheckpointInvalid(
        f"{ware.path} did not arrive as its source says it is: its hash is another",
        repository,
        "Fetch again; where it happens twice, take another source",
    )


def _brought(plan: Plan, ware: Ware, source: Source, heard: Callable[[int], None]) -> Path:
    """The file in the cache, proved, under its digest."""
    blobs = plan.storage / "blobs"
    if ware.digest and (blobs / ware.digest).is_file():
        return blobs / ware.digest
    blobs.mkdir(parents=True, exist_ok=True)
    part = _part(plan, ware)
    start = part.stat().st_size if part.exists() else 0
    if start > ware.size:
        part.unlink()
        start = 0
    if start < ware.size or not part.exists():
        with part.open("r+b" if part.exists() else "w+b") as file:
            file.seek(start)
            counted = cast(BinaryIO, _Counted(file, heard))
            source.pour(plan.repository, plan.revision, ware, counted, start)
    with part.open("rb") as file:
        digest = _digest(file, part.stat().st_size, ware.digest)
    if part.stat().st_size != ware.size or (ware.digest and digest != ware.digest):
        part.unlink()
        raise _unproved(ware, plan.repository)
    os.replace(part, blobs / digest)
    return blobs / digest


class _Counted:
    """A file that says how long it has become."""

    def __init__(self, file: BinaryIO, heard: Callable[[int], None]) -> None:
        self._file, self._heard = file, heard

    def write(self, piece: bytes) -> int:
        """More bytes."""
        written = self._file.write(piece)
        self._heard(self._file.tell())
        return written

    def tell(self) -> int:
        """How many bytes there are."""
        return self._file.tell()

    def seek(self, at: int) -> int:
        """Go on from there."""
        return self._file.seek(at)

    def truncate(self) -> int:
        """Forget what comes after."""
        return self._file.truncate()


def _laid_out(plan: Plan, blobs: dict[str, Path]) -> None:
    """The files under their own names, as links to the bytes; copies where there are no links."""
    for path, blob in blobs.items():
        place = plan.snapshot / PurePosixPath(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_symlink() or place.exists():
            place.unlink()
        try:
            place.symlink_to(os.path.relpath(blob, place.parent))
        except OSError:  # Windows asks for rights that few users have
            shutil.copyfile(blob, place)
    main = plan.storage / "refs" / "main"
    main.parent.mkdir(parents=True, exist_ok=True)
    main.write_text(plan.revision, encoding="utf-8")


def _part(plan: Plan, ware: Ware) -> Path:
    known = ware.digest or hashlib.sha256(f"{plan.revision}/{ware.path}".encode()).hexdigest()
    return plan.storage / "blobs" / f"{known}.incomplete"


def _standing_bytes(plan: Plan, ware: Ware) -> int:
    whole = plan.storage / "blobs" / (ware.digest or "none")
    if ware.digest and whole.is_file():
        return ware.size
    part = _part(plan, ware)
    return min(part.stat().st_size, ware.size) if part.exists() else 0


def _digest(file: BinaryIO, size: int, like: str) -> str:
    """A file's sha256; git's sha1 where its source tells that."""
    hashed = hashlib.sha1(b"blob %d\0" % size) if len(like) == 40 else hashlib.sha256()
    while piece := file.read(_PIECE):
        hashed.update(piece)
    return hashed.hexdigest()


def _standing(folder: Path) -> Path:
    """The nearest folder above that is there."""
    return next(each for each in (folder, *folder.absolute().parents) if each.exists())


@contextmanager
def _alone(plan: Plan) -> Iterator[None]:
    """While this lasts nobody else here fetches that repository; another one's turn is awaited."""
    from huggingface_hub.utils import WeakFileLock

    lock = plan.cache / ".locks" / plan.storage.name / "secondunit.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with WeakFileLock(lock):
        yield


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except Problem:
        raise
    except OSError as error:
        if error.errno in FULL:
            raise no_room(str(folder)) from error
        raise NotWritable(
            f"The download cache refuses us: {error.strerror or error}",
            str(folder),
            "Set HF_HOME to a folder of your own",
        ) from error
