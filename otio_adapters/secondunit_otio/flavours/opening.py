"""Opening a cut in any format there is a reader for, as OpenTimelineIO text."""

from __future__ import annotations

import importlib
import io
import json
import os
import stat
import struct
import tempfile
import traceback
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

from secondunit_contract.frames import Rate
from secondunit_contract.problem import BadValue, CutTooDeep, CutUnreadable, PartMissing
from secondunit_otio.document import Cut, _decoded
from secondunit_otio.fills import gap_json
from secondunit_otio.sweeping import unswept
from secondunit_otio.times import rate_of

_CUT = "content.otio"
_LARGEST = 512 * 1024**2
_MOST_RATIO = 200  # bytes out of one byte in: a cut shrinks tenfold, a bomb a thousandfold
_BLOCK = 1024**2
_NO_LINKER = "__do_not_link_media"

ADAPTERS = {
    ".xml": ("fcp_xml", "otio-fcp-adapter"),
    ".edl": ("cmx_3600", "otio-cmx3600-adapter"),
    ".aaf": ("AAF", "otio-aaf-adapter"),
}
"""The standard adapter of each format by its suffix, and the package it comes in."""

_OURS = frozenset({".fcpxml", ".nk"})


@unswept()
def opened(
    path_or_bytes: str | os.PathLike[str] | bytes,
    suffix: str = "",
    rate: Rate | Fraction | float | str | None = None,
) -> Cut:
    """A cut from a file, or from the bytes of one, in the format its suffix names.

    .otio, .otioz and .otiod (nothing but the cut is read of them), .xml of Final Cut Pro 7, .edl,
    .aaf, .fcpxml and .nk. `suffix` may be left out where there is a path. `rate` is for formats
    that do not say their own; 24 where nothing says it. Raises CutUnreadable, CutTooNew,
    CutTooDeep, PartMissing.
    """
    given = path_or_bytes if isinstance(path_or_bytes, bytes) else None
    name = "the cut" if isinstance(path_or_bytes, bytes) else os.fspath(path_or_bytes)
    kind = (suffix or os.path.splitext(name)[1]).lower()
    kind = kind if kind.startswith(".") or not kind else f".{kind}"
    if kind == ".otiod":
        return _folder(name, given is not None)
    raw = _bytes(name) if given is None else given
    if kind == ".otio" and raw[:2] == b"PK":
        kind = ".otioz"
    if kind == ".otio":
        return Cut.parse(_decoded(raw, name), name)
    if kind == ".otioz":
        return Cut.parse(_decoded(_unzipped(raw, name), name), name)
    if kind in _OURS or (kind == ".xml" and b"<fcpxml" in raw[:4096]):
        return _read_by_ours(raw, name, kind if kind in _OURS else ".fcpxml")
    if kind in ADAPTERS:
        return Cut.parse(_adapted(raw, name, kind, rate), name)
    raise CutUnreadable(
        f"There is no reader for {kind or 'a file without an ending'}",
        name,
        "Export the cut as .otio, .xml, .fcpxml, .edl or .aaf",
    )


def _bytes(name: str) -> bytes:
    try:
        place = Path(name)
        if place.stat().st_size > _LARGEST:
            raise CutUnreadable("The file is larger than any cut", name, "Export the cut again")
        return place.read_bytes()
    except FileNotFoundError as error:
        raise CutUnreadable("There is no such cut", name, "Check the path") from error
    except (OSError, ValueError) as error:
        raise CutUnreadable(f"The cut cannot be opened: {error}", name, "Check the path") from error


def _folder(name: str, given: bool) -> Cut:
    if given:
        raise CutUnreadable("An .otiod is a folder", name, "Give its path")
    place = Path(name) / _CUT
    try:
        if not stat.S_ISREG(place.lstat().st_mode):
            raise CutUnreadable(f"{_CUT} is no plain file", name, "Export the bundle again")
    except OSError as error:
        raise CutUnreadable(
            "There is no cut in the folder", name, "Export the bundle again"
        ) from error
    return Cut.parse(_decoded(_bytes(str(place)), str(place)), str(place))


def _unzipped(raw: bytes, name: str) -> bytes:
    """The cut in a bundle. Nothing is unpacked; what the bundle says of its size is not trusted."""
    advice = "Export the bundle again as OTIOZ"
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            found = [each for each in archive.infolist() if each.filename == _CUT]
            if len(found) != 1:
                many = "no cut" if not found else "more than one cut"
                raise CutUnreadable(f"There is {many} in the bundle", name, advice)
            packed = max(found[0].compress_size, 1024)
            if found[0].file_size > min(_LARGEST, _MOST_RATIO * packed):
                raise CutUnreadable("The cut in the bundle grows beyond measure", name, advice)
            pieces: list[bytes] = []
            left = found[0].file_size
            with archive.open(found[0]) as source:
                while left >= 0 and (block := source.read(_BLOCK)):
                    left -= len(block)
                    pieces.append(block)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, LookupError) as error:
        raise CutUnreadable(f"The bundle is damaged: {error}", name, advice) from error
    except (NotImplementedError, RuntimeError, OverflowError) as error:
        raise CutUnreadable(f"The bundle cannot be read: {error}", name, advice) from error
    if left:
        raise CutUnreadable("The cut in the bundle is not as long as it says", name, advice)
    return b"".join(pieces)


def _read_by_ours(raw: bytes, name: str, kind: str) -> Cut:
    from secondunit_otio import fcpxml, nuke_script

    text = _text(raw, name)
    made = nuke_script.as_cut(text, name) if kind == ".nk" else fcpxml.read(text, name)
    return Cut.parse(json.dumps(made, ensure_ascii=False), name)


def _text(raw: bytes, name: str) -> str:
    """A text in UTF-8, in UTF-16 with a mark, or else in the old Windows alphabet."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return raw.decode("utf-16")
        except UnicodeDecodeError as error:
            raise CutUnreadable("The file is damaged", name, "Export the cut again") from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _adapted(raw: bytes, name: str, kind: str, rate: Rate | Fraction | float | str | None) -> str:
    otio = timeline_library()
    adapter, package = ADAPTERS[kind]
    read: Callable[[], Any]
    if kind == ".aaf":
        if raw[:8] != b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
            raise CutUnreadable("This is no AAF", name, "Export the cut again")

        def read() -> Any:
            return _through_file(otio, adapter, raw)

    else:
        text = _text(raw, name)
        more: dict[str, Any] = {}
        if kind == ".edl":
            more["rate"] = _written(rate)
        elif "<!ENTITY" in text:
            raise CutUnreadable("The file holds entities, as no host writes them", name)

        def read() -> Any:
            return otio.adapters.read_from_string(
                text, adapter, media_linker_name=_NO_LINKER, **more
            )

    with adapting(otio, adapter, package, name, "read"):
        made = read()
        text = made.to_json_string(indent=-1) if made is not None else ""
    if not text:
        raise CutUnreadable("There is no cut in the file", name, "Export the cut again")
    return _from_record_side(text) if kind == ".edl" else text


def _from_record_side(text: str) -> str:
    """An EDL's cut with its record side as the cut's own clock.

    The adapter writes it down as a source range that begins before the track: for OpenTimelineIO
    itself nothing would be seen of such a track.
    """
    told = json.loads(text)
    tracks = told["tracks"]["children"]
    ranges = {at: each["source_range"] for at, each in enumerate(tracks) if each["source_range"]}
    starts = {at: -held["start_time"]["value"] for at, held in ranges.items()}
    first = min((starts.get(at, 0.0) for at in range(len(tracks))), default=0.0)
    for at, range_ in ranges.items():
        rate = range_["start_time"]["rate"]
        tracks[at]["source_range"] = None
        if starts[at] > first:
            start = Fraction(starts[at] - first) / Fraction(rate)
            tracks[at]["children"].insert(0, gap_json(start, rate))
        told["global_start_time"] = {**range_["start_time"], "value": first}
    return json.dumps(told, ensure_ascii=False)


def _written(rate: Rate | Fraction | float | str | None) -> float:
    if rate is None:
        return 24.0
    exact = Rate.of(rate) if not isinstance(rate, (int, float)) else rate_of(rate)
    return float(exact.per_second)


def _through_file(otio: Any, adapter: str, raw: bytes) -> Any:
    with tempfile.TemporaryDirectory(prefix="secondunit-") as folder:
        place = os.path.join(folder, "cut" + _suffix_of(adapter))
        Path(place).write_bytes(raw)
        told = ""
        with warnings.catch_warnings():
            # of a file it gives up on, the library leaves the handle to be found by the sweepers
            warnings.simplefilter("ignore", ResourceWarning)
            try:
                return otio.adapters.read_from_file(place, adapter, media_linker_name=_NO_LINKER)
            except _troubles(otio) as error:
                told = " ".join(str(error).split()) or type(error).__name__
                traceback.clear_frames(error.__traceback__)
        raise ValueError(told)


def _suffix_of(adapter: str) -> str:
    return next(suffix for suffix, (name, _) in ADAPTERS.items() if name == adapter)


def timeline_library() -> Any:
    """OpenTimelineIO. Raises PartMissing."""
    try:
        return importlib.import_module("opentimelineio")
    except ImportError as error:
        raise PartMissing(
            "OpenTimelineIO is not installed", remedy="pip install opentimelineio"
        ) from error


@contextmanager
def adapting(otio: Any, adapter: str, package: str, name: str, doing: str) -> Iterator[None]:
    """What an adapter raises, in our words. Raises PartMissing where it is not installed,
    CutUnreadable, CutTooDeep.
    """
    if adapter not in otio.adapters.available_adapter_names():
        raise PartMissing(
            f"The reader and writer of this format ({adapter}) is not installed",
            name,
            f"pip install {package}",
        )
    try:
        yield
    except RecursionError as error:
        raise CutTooDeep(f"The cut is nested deeper than can be {doing}", name) from error
    except _troubles(otio) as error:
        told = " ".join(str(error).split())[:200] or type(error).__name__
        raise CutUnreadable(
            f"The cut cannot be {'read' if doing == 'read' else 'written'}: {told}",
            name,
            "Export the cut again, best as .otio",
        ) from error


def _troubles(otio: Any) -> tuple[type[BaseException], ...]:
    """All that adapters are known to raise: they check little of what they are given."""
    found: list[type[BaseException]] = [
        otio.exceptions.OTIOError, ArithmeticError, AssertionError, AttributeError, LookupError,
        NameError, OSError, RuntimeError, SyntaxError, TypeError, ValueError, EOFError,
        struct.error, BadValue, MemoryError, BufferError,
    ]  # fmt: skip
    try:
        found.append(importlib.import_module("aaf2.exceptions").AAFError)
    except (ImportError, AttributeError):
        return tuple(found)
    return tuple(found)
