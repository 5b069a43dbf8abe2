"""Where weights are fetched from: a hub or a mirror of it, or a folder somebody carried here."""

from __future__ import annotations

import errno
import json
import logging
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Protocol

from secondunit.weights.checkpoint import INDEX
from secondunit_contract.problem import (
    DiskFull,
    ModelUnknown,
    NetworkLost,
    PartMissing,
    Problem,
)

_DIGEST = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_PIECE = 1 << 20
FULL = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
"""How a disk without room says it."""

_NOTES = Path(".cache/huggingface/download")  # what `hf download --local-dir` leaves of each file
_ANY = "main"


@dataclass(frozen=True)
class Ware:
    """A file at its source: `digest` is its sha256, of small ones git's sha1; empty where the
    source does not say.
    """

    path: str
    size: int
    digest: str


@dataclass(frozen=True)
class Listing:
    """What a source has of a repository, at which revision, under which licence it says."""

    revision: str
    wares: tuple[Ware, ...]
    licence: str = ""


class Source(Protocol):
    """Somewhere weights can be fetched from."""

    def listing(self, repository: str, revision: str) -> Listing:
        """What is there; at any revision where none is asked for. Raises ModelUnknown."""
        ...

    def pour(self, repository: str, revision: str, ware: Ware, into: BinaryIO, start: int) -> None:
        """A file's bytes from `start` on; where the source can only give all of them, `into` is
        emptied first. Raises NetworkLost, DiskFull.
        """
        ...


class Hub:
    """The hub, or a mirror that speaks as it does; by default the one HF_ENDPOINT names."""

    def __init__(self, mirror: str = "") -> None:
        self._mirror = mirror.rstrip("/") or None
        # A token is its owner's word to the hub, and no business of a mirror named in passing.
        self._token = False if mirror else None

    def listing(self, repository: str, revision: str) -> Listing:
        """See `Source`."""
        from huggingface_hub import HfApi

        with _spoken(repository, self._mirror):
            api = HfApi(endpoint=self._mirror, token=self._token)
            told = api.model_info(repository, revision=revision or _ANY, files_metadata=True)
            at = told.sha or revision
            wares = tuple(self._ware(repository, at, each) for each in told.siblings or ())
        card = told.card_data
        licence = (card.get("license_name") or card.get("license") or "") if card else ""
        return Listing(at, wares, str(licence))

    def pour(self, repository: str, revision: str, ware: Ware, into: BinaryIO, start: int) -> None:
        """See `Source`. What breaks off on the way is taken up again a few times."""
        from huggingface_hub.file_download import http_get
        from huggingface_hub.utils import build_hf_headers

        with _spoken(repository, self._mirror):
            http_get(
                self._url(repository, revision, ware.path),
                into,
                resume_size=start,
                headers=build_hf_headers(token=self._token) | {"Accept-Encoding": "identity"},
                expected_size=ware.size,
                displayed_filename=ware.path,
            )

    def _url(self, repository: str, revision: str, path: str) -> str:
        from huggingface_hub import hf_hub_url

        return hf_hub_url(repository, path, revision=revision, endpoint=self._mirror)

    def _ware(self, repository: str, revision: str, told: Any) -> Ware:
        """A file as the listing tells of it; mirrors that list names only are asked once more."""
        from huggingface_hub import get_hf_file_metadata

        digest = told.lfs.sha256 if told.lfs else told.blob_id
        size = told.lfs.size if told.lfs else told.size
        if size is None or digest is None:
            asked = get_hf_file_metadata(
                self._url(repository, revision, told.rfilename), token=self._token
            )
            size, digest = asked.size, asked.etag
        digest = digest if digest and _DIGEST.fullmatch(digest) else ""
        return Ware(told.rfilename, int(size or 0), digest)


class Shelf:
    """A folder that was filled elsewhere: a download cache, or what `hf download --local-dir` made.

    Both keep notes of the revision and of each file's digest, so that what is carried on a disk is
    proved as what comes over the network.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.expanduser()

    def listing(self, repository: str, revision: str) -> Listing:
        """See `Source`."""
        place = self._cached(repository, revision) or self._kept(repository)
        if place is None:
            raise ModelUnknown(
                f"{repository} is not in that folder, or nothing there tells its revision",
                str(self._folder),
                "Fill it with `hf download`, or `secondunit models import` the checkpoint's folder",
            )
        folder, at = place
        if revision not in ("", at):
            raise ModelUnknown(
                f"{repository} is there at the revision {at}, not at {revision}",
                str(folder),
                "Carry that revision here, or fetch it from the hub",
            )
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        inside = [path for path in files if _NOTES.parts[0] not in path.relative_to(folder).parts]
        return Listing(at, tuple(self._ware(folder, path) for path in inside))

    def pour(self, repository: str, revision: str, ware: Ware, into: BinaryIO, start: int) -> None:
        """See `Source`."""
        place = self._cached(repository, revision) or self._kept(repository)
        if place is None:
            raise ModelUnknown(f"{repository} has gone from that folder", str(self._folder))
        try:
            with (place[0] / PurePosixPath(ware.path)).open("rb") as file:
                file.seek(start)
                shutil.copyfileobj(file, into, _PIECE)
        except OSError as error:
            raise _lost(error, ware.path) from error

    def _cached(self, repository: str, revision: str) -> tuple[Path, str] | None:
        name = "models--" + repository.replace("/", "--")
        for storage in (self._folder, self._folder / name, self._folder / "hub" / name):
            snapshots = storage / "snapshots"
            if storage.name != name or not snapshots.is_dir():
                continue
            main = storage / "refs" / _ANY
            there = sorted(each.name for each in snapshots.iterdir() if each.is_dir())
            told = main.read_text(encoding="utf-8").strip() if main.is_file() else ""
            at = next((each for each in (revision, told, *there) if each in there), "")
            if at:
                return snapshots / at, at
        return None

    def _kept(self, repository: str) -> tuple[Path, str] | None:
        owner, _, name = repository.partition("/")
        for folder in (self._folder / owner / name, self._folder / name, self._folder):
            noted = _noted(folder, INDEX)
            if (folder / INDEX).is_file() and noted:
                return folder, noted[0]
        return None

    def _ware(self, folder: Path, path: Path) -> Ware:
        inside = path.relative_to(folder).as_posix()
        noted = _noted(folder, inside)
        digest = noted[1] if noted else path.resolve().name
        size = path.stat().st_size
        return Ware(inside, size, digest if _DIGEST.fullmatch(digest) else "")


def _noted(folder: Path, inside: str) -> tuple[str, str] | None:
    """(revision, digest) that a file's note tells."""
    try:
        told = (folder / _NOTES / f"{inside}.metadata").read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError):
        return None
    return (told[0], told[1].strip('"')) if len(told) >= 2 else None


@contextmanager
def _spoken(repository: str, mirror: str | None) -> Iterator[None]:
    """While this lasts the library draws and says nothing, and all it raises is a Problem."""
    try:
        from huggingface_hub import constants, errors
        from huggingface_hub.utils import (
            are_progress_bars_disabled,
            disable_progress_bars,
            enable_progress_bars,
        )
    except ImportError as error:
        raise PartMissing(
            "The library that fetches weights is not installed",
            "huggingface_hub",
            'Install it: pip install "secondunit[models]"',
        ) from error
    logger = logging.getLogger("huggingface_hub")
    level, drawn = logger.level, not are_progress_bars_disabled()
    telling = constants.HF_HUB_DISABLE_TELEMETRY
    logger.setLevel(logging.CRITICAL)
    disable_progress_bars()
    constants.HF_HUB_DISABLE_TELEMETRY = (
        True  # else it asks its maker's hub about us, mirror or not
    )
    where = mirror or "the hub"
    try:
        yield
    except Problem:
        raise
    except errors.OfflineModeIsEnabled as error:
        raise NetworkLost(
            "This machine has been told not to use the network (HF_HUB_OFFLINE)",
            where,
            "Unset HF_HUB_OFFLINE, or fetch from a folder: --from FOLDER",
        ) from error
    except errors.GatedRepoError as error:
        raise ModelUnknown(
            f"The maker of {repository} gives it only to those who have said who they are",
            where,
            "Agree on its page, then log in with `hf auth login` and try again",
        ) from error
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError) as error:
        raise ModelUnknown(
            f"There is no {repository} there, or not that revision of it",
            where,
            "Check the name; one that is not public needs `hf auth login`",
        ) from error
    except errors.HFValidationError as error:
        raise ModelUnknown(
            f"{repository} is no repository's name", where, "Write it as in OWNER/NAME"
        ) from error
    except (_network(errors), OSError, json.JSONDecodeError) as error:
        raise _lost(error, where) from error
    finally:
        constants.HF_HUB_DISABLE_TELEMETRY = telling
        logger.setLevel(level)
        if drawn:
            enable_progress_bars()


def _network(errors: Any) -> type[Exception]:
    """What the library's own network library raises, whichever that is."""
    kind: type[Exception] = errors.HTTPError
    return kind


def no_room(where: str) -> DiskFull:
    """The answer of a disk that is full."""
    return DiskFull(
        "The disk is full; what has been fetched is kept",
        where,
        "Make room, or set HF_HOME to another disk, and fetch again: it goes on where it was",
    )


def _lost(error: Exception, where: str) -> NetworkLost | DiskFull:
    if isinstance(error, OSError) and error.errno in FULL:
        return no_room(where)
    said = str(error).strip().splitlines()
    return NetworkLost(
        f"It broke off: {said[0] if said else type(error).__name__}",
        where,
        "Fetch again: it goes on where it was. Elsewhere lies a mirror: --mirror URL",
    )
