"""Slating: what each take's files are called."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from secondunit.ledger.sidecar import SUFFIX as SIDECAR
from secondunit.ledger.sidecar import plain_stem
from secondunit.media.format import Codec, Format, suffix_for
from secondunit.media.pattern import pattern_of
from secondunit_contract.job import Job
from secondunit_contract.problem import CodecUnfit

_CODECS: dict[str, Codec] = {
    ".mov": "ffv1", ".mkv": "ffv1", ".mp4": "h264", ".exr": "exr", ".dpx": "dpx", ".png": "png",
    ".tif": "tiff", ".tiff": "tiff",
}  # fmt: skip
_ALL: tuple[Codec, ...] = ("ffv1", "prores4444", "h264", "exr", "dpx", "tiff", "png")


def slated(job: Job, take: int, like: Format, frames: int) -> tuple[Path, Format]:
    """The path and format of a take.

    The job's codec, else the output's suffix decide the kind of file; without either it is the
    plate's own. "{take}" in the output becomes the number; several takes get one in any case, and
    several frames in picture files a place for theirs. Raises CodecUnfit for what we cannot write.
    """
    output = take_output(job, take)
    suffix = _suffix(output)
    wanted = replace(like, codec=_codec(job.codec, suffix, output, like.codec))
    if not suffix:
        suffix = suffix_for(wanted)
        output += suffix
    path = Path(output)
    if not wanted.movie and frames > 1 and pattern_of(path) is None:
        path = path.with_name(f"{path.name[: -len(suffix)]}.####{path.suffix}")
    return path, wanted


def template(job: Job) -> str:
    """A job's output with a place for the take's number, where it needs one."""
    if job.takes == 1 or "{take}" in job.output:
        return job.output
    stem, dot, rest = Path(job.output).name.partition(".")
    return str(Path(job.output).with_name(f"{stem}_t{{take}}{dot}{rest}"))


def take_output(job: Job, take: int) -> str:
    """Where one take of a job goes, with the suffix only where the job names one."""
    return template(job).replace("{take}", f"{take:03d}")


def story_path(job: Job, take: int) -> Path:
    """Where the side-car of a take lies, be it of whatever kind of file."""
    output = take_output(job, take)
    name = Path(output).name
    stem = name[: len(name) - len(_suffix(output))]
    return Path(output).with_name(plain_stem(stem) + SIDECAR)


def sheet_path(job: Job) -> Path:
    """Where a job's contact sheet lies: beside its takes."""
    plain = re.sub(r"(_t)?\{take\}", "", job.output)
    path, suffix = Path(plain), _suffix(plain)
    return path.with_name(plain_stem(path.name[: len(path.name) - len(suffix)]) + "_sheet.png")


def _suffix(output: str) -> str:
    """The suffix that says what kind of file is meant; "" where it is part of the name."""
    suffix = Path(output).suffix.lower()
    meant = re.fullmatch(r"\.[a-z0-9]{2,5}", suffix) and not re.fullmatch(r"\.v?\d+", suffix)
    return suffix if meant else ""


def _codec(asked: str, suffix: str, output: str, own: Codec) -> Codec:
    if asked:
        for codec in _ALL:
            if codec == asked:
                return codec
        raise CodecUnfit(f"We cannot write {asked}", output, f"Use one of {', '.join(_ALL)}")
    if not suffix:
        return own
    if suffix not in _CODECS:
        kinds = ", ".join(sorted(_CODECS))
        raise CodecUnfit(f"We cannot write {suffix} files", output, f"Use one of {kinds}")
    return _CODECS[suffix]
