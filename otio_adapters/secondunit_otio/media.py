"""Which file a media reference means, and which of its frames."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from secondunit_contract.frames import Rate
from secondunit_contract.problem import BadValue
from secondunit_otio.document import Cut
from secondunit_otio.layout import available
from secondunit_otio.schemas import kind_of
from secondunit_otio.times import frame_at, frames_in, rate_of

_FROM_DRIVE = re.compile(r"/?[A-Za-z]:[\\/]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


@dataclass(frozen=True)
class Media:
    """A movie or an image sequence as a cut knows it.

    `path`    a file, or a sequence as shot.####.exr
    `start`   the number the cut gives the media's first frame; None where the cut does not say
    `frames`  how many there are; None where the cut does not say
    `first_file` and `step`  the file number of a sequence's first frame, and how far apart numbers
        are
    """

    path: str
    start: int | None = None
    frames: int | None = None
    rate: Rate | None = None
    sequence: bool = False
    first_file: int = 0
    step: int = 1

    @property
    def last(self) -> int | None:
        """The number of the last frame; None where the cut does not say."""
        return None if self.start is None or not self.frames else self.start + self.frames - 1

    def file_frame(self, number: int) -> int:
        """What the media itself calls the frame a cut numbers so.

        In a movie the count from 0, in a sequence the number in the file's name. Where the cut does
        not say how it numbers the media, a movie counts from 0 and a sequence by its files.
        """
        if self.sequence:
            return (
                number
                if self.start is None
                else self.first_file + (number - self.start) * self.step
            )
        return number - (self.start or 0)


def media_of(cut: Cut, reference: Any) -> Media:
    """The media a reference means. Raises BadValue saying why there is none."""
    if not isinstance(reference, dict):
        raise BadValue("The media is offline")
    kind = kind_of(reference)
    if kind not in ("ExternalReference", "ImageSequenceReference"):
        raise BadValue(_absence(kind, reference))
    there = available(reference)
    start = frame_at(there.start.frames) if there else None
    frames = None
    if there is not None and start is not None:
        frames = frames_in(there.end * there.start.rate.per_second) - start
    rate = there.start.rate if there else None
    if kind == "ExternalReference":
        url = reference.get("target_url")
        if not isinstance(url, str) or not url:
            raise BadValue("The clip names no file")
        return Media(local_path(url, cut.folder), start, frames, rate)
    return Media(
        _pattern(reference, cut.folder),
        start,
        frames,
        _own_rate(reference) or rate,
        True,
        _whole_number(reference, "start_frame", 1),
        _whole_number(reference, "frame_step", 1) or 1,
    )


def _absence(kind: str, reference: dict[str, Any]) -> str:
    if kind == "GeneratorReference":
        made = str(reference.get("generator_kind", ""))
        if made.startswith("SecondUnit."):
            return "It has not been shot yet"
        return f"It is made by the host ({made}), not read from a file"
    if kind in ("MissingReference", ""):
        metadata = reference.get("metadata")
        host = metadata.get("Resolve_OTIO") if isinstance(metadata, dict) else None
        last = host.get("Media Url") if isinstance(host, dict) else None
        return f"The media is offline; it was {last}" if last else "The media is offline"
    return f"Its media is of a kind unknown here ({kind})"


def _own_rate(reference: dict[str, Any]) -> Rate | None:
    written = reference.get("rate")
    return rate_of(written) if isinstance(written, (int, float)) and written else None


def _whole_number(reference: dict[str, Any], key: str, default: int) -> int:
    value = reference.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value):
        raise BadValue(f"The sequence's {key} is {value!r}")
    return int(value)


def _pattern(reference: dict[str, Any], folder: str) -> str:
    """A sequence's path with # for each digit, or %04d where a # stands in the name already."""
    parts = [str(reference.get(key) or "") for key in ("name_prefix", "name_suffix")]
    base = str(reference.get("target_url_base") or "")
    digits = max(1, min(_whole_number(reference, "frame_zero_padding", 0), 20))
    number = f"%0{digits}d" if any("#" in part for part in parts) else "#" * digits
    if not parts[0] and not parts[1]:
        raise BadValue("The sequence has no name")
    if base and not base.endswith(("/", "\\")):
        base += "/"
    return os.path.join(local_path(base, folder) if base else folder, parts[0] + number + parts[1])


def local_path(url: str, folder: str) -> str:
    """The file a target_url means: file:// decoded, a plain path as it is, below `folder`.

    Any other address (http://, s3://) comes back as it is. A plain path may hold #, ? and %.
    """
    if url.lower().startswith("file:"):
        rest = url[5:]
        host, path = "", rest
        if rest.startswith("//"):
            host, slash, path = rest[2:].partition("/")
            path = slash + path
        path = unquote(path)
        if _FROM_DRIVE.match(path):
            return path.lstrip("/")
        if re.fullmatch(r"[A-Za-z]:", host):
            return host + path
        if host and host.lower() != "localhost":
            return f"//{unquote(host)}{path}"
        return path if path.startswith("/") else _joined(folder, path)
    if _SCHEME.match(url) or _FROM_DRIVE.match(url) or url.startswith(("/", "\\\\")):
        return url
    return _joined(folder, url)


def _joined(folder: str, path: str) -> str:
    """A relative path below a folder, without touching what symbolic links stand for."""
    return os.path.join(folder, path) if folder else path
