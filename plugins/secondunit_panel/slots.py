"""Slots: the clips a task takes beside what is selected, each given by hand or marked in the host.

Which there are is the task's to say: every one of its inputs but the clips worked on. A guide, a
garbage matte and a reference are all the same here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_contract.job import Take
from secondunit_contract.problem import MediaMissing
from secondunit_contract.task import TaskCard
from secondunit_panel.host import Shot

WORKED_ON = ("plate", "before", "after")
"""The inputs that are what is selected, and not given beside it."""

_PICTURES = frozenset(
    {".exr", ".dpx", ".cin", ".tif", ".tiff", ".png", ".jpg", ".jpeg", ".tga", ".bmp", ".hdr"}
    | {".webp", ".jp2", ".jxl", ".sgi", ".rgb"}
)  # suffixes of one picture, as the engine reads them
_MOVIES = frozenset({".mov", ".mp4", ".mkv", ".m4v", ".avi", ".mxf", ".webm"})
_NUMBERED = re.compile(r"^(.*?)(\d+)(\.[^.\d][^.]*)$")
_FURTHER = re.compile(r"^(.*?)(\d*)$")


@dataclass(frozen=True)
class Given:
    """A clip given by hand. `picture` is one frame of it to show; `shot` is where it stands in the
    host's document, for one that comes from there: the host exports it where it must.
    """

    clip: Clip
    name: str
    picture: Clip | None = None
    shot: Shot | None = None


@dataclass(frozen=True)
class Slot:
    """A place for a clip: by which name the job has it, and what is in it.

    `given` is the artist's, which goes before `marked`, the host's. `more` says that there may be
    others of the same kind.
    """

    key: str
    role: str
    title: str
    needed: bool = False
    more: bool = False
    given: Given | None = None
    marked: Shot | None = None

    @property
    def name(self) -> str:
        """The clip in it; empty where there is none."""
        return self.given.name if self.given else self.marked.name if self.marked else ""

    @property
    def picture(self) -> Clip | None:
        """A frame of what is in it."""
        if self.given is not None:
            return self.given.picture
        return one_frame(self.marked.clip) if self.marked is not None else None

    @property
    def media(self) -> str:
        """The file or files of what is in it."""
        clip = self.given.clip if self.given else self.marked.clip if self.marked else None
        return clip.media if clip is not None else ""


def roles(card: TaskCard) -> list[str]:
    """The kinds of slot a task has, in its own order."""
    return [each for each in card.inputs if each not in WORKED_ON]


def slots(
    card: TaskCard, given: Mapping[str, Given], marked: Mapping[str, Shot] | None = None
) -> list[Slot]:
    """The slots of a task; of a kind of which there may be several, one more than are filled."""
    found = []
    for role in roles(card):
        title = role.replace("_", " ").capitalize()
        needed, more = card.inputs[role] == "needed", role in card.several
        filled = _of(role, given) if more else []
        host = (marked or {}).get(role)
        found.append(Slot(role, role, title, needed, more, given.get(role), host))
        count = max(1, len(filled)) + bool(found[-1].name) if more else 1
        for number in range(2, count + 1):
            key = f"{role}{number}"
            found.append(Slot(key, role, f"{title} {number}", False, more, given.get(key)))
    return found


def kept(card: TaskCard, given: Mapping[str, Given]) -> dict[str, Given]:
    """What of what was given a task takes."""
    known = roles(card)
    return {
        key: each
        for key, each in given.items()
        if key in known or (_role(key) in known and _role(key) in card.several)
    }


def put(
    card: TaskCard, given: Mapping[str, Given], key: str, clips: Sequence[Given]
) -> dict[str, Given]:
    """What is given, with clips in a slot: of several the first, the others in those behind it."""
    if not clips:
        return dict(given)
    role = key if key in card.inputs else _role(key)
    if role not in card.several:
        return {**given, key: clips[0]}
    listed = [given[each] for each in _of(role, given)]
    at = _of(role, given).index(key) if key in given else len(listed)
    listed[at : at + 1] = clips
    return _numbered(role, given, listed)


def without(card: TaskCard, given: Mapping[str, Given], key: str) -> dict[str, Given]:
    """What is given, with that slot empty; those behind it move up."""
    left = {each: clip for each, clip in given.items() if each != key}
    role = key if key in card.inputs else _role(key)
    return (
        _numbered(role, left, [left[e] for e in _of(role, left)]) if role in card.several else left
    )


def _numbered(role: str, given: Mapping[str, Given], clips: Iterable[Given]) -> dict[str, Given]:
    others = {key: each for key, each in given.items() if key not in _of(role, given)}
    names = (role if number == 1 else f"{role}{number}" for number in range(1, 10_000))
    return {**others, **dict(zip(names, clips))}  # noqa: B905 - Python 3.10 and a plain end


def _of(role: str, given: Collection[str]) -> list[str]:
    """The keys of a role, in their order: reference, reference2, reference3."""
    own = [each for each in given if each == role or _role(each) == role]
    return sorted(own, key=lambda key: int(_FURTHER.sub(r"\2", key.removeprefix(role)) or 1))


def _role(key: str) -> str:
    return _FURTHER.sub(r"\1", key)


# what can be given


def of_files(paths: Iterable[str], alone: bool = False) -> list[Given]:
    """Files that were picked or dropped. Looks at the disk. Raises MediaMissing.

    A picture with a number in its name is all of its sequence, unless `alone`; of one that was
    picked whole, frame by frame, there is one clip.
    """
    found: dict[str, Given] = {}
    for path in paths:
        each = _of_file(Path(path), alone)
        found.setdefault(each.clip.media, each)
    return list(found.values())


def _of_file(path: Path, alone: bool) -> Given:
    if not path.exists():
        raise MediaMissing(f"{path.name} is not there", str(path), "Pick another file")
    try:
        names = sorted(os.listdir(path)) if path.is_dir() else []
        numbers = {} if alone or path.suffix.lower() not in _PICTURES else _sequence(path)
    except OSError as error:
        raise MediaMissing(
            f"{path.name} cannot be read: {error.strerror}", str(path), "Pick another file"
        ) from error
    if path.is_dir():
        return _of_folder(path, [each for each in names if not each.startswith(".")])
    if len(numbers) < 2:
        clip = Clip(str(path))
        return Given(clip, path.name, replace(clip, range=FrameRange(0, 0)))
    return _of_sequence(path, numbers)


def _of_sequence(path: Path, numbers: Mapping[int, str]) -> Given:
    parts = _NUMBERED.match(path.name)
    assert parts is not None
    digits = min(map(len, numbers.values()))
    clip = Clip(str(path.with_name(f"{parts[1]}{'#' * digits}{parts[3]}")))
    first = min(numbers)
    return Given(clip, Path(clip.media).name, replace(clip, range=FrameRange(first, first)))


def _of_folder(folder: Path, names: Sequence[str]) -> Given:
    """A folder of pictures is one clip; one of movies is a bin."""
    pictures = [each for each in names if Path(each).suffix.lower() in _PICTURES]
    movies = [each for each in names if Path(each).suffix.lower() in _MOVIES]
    if not pictures and not movies:
        raise MediaMissing(
            f"There are no pictures and no movies in {folder.name}",
            str(folder),
            "Pick the folder they are in",
        )
    clip = Clip(str(folder))
    if movies:
        shown = Clip(str(folder / movies[0]), FrameRange(0, 0))
        count = f"{len(movies)} movie{'s' if len(movies) > 1 else ''}"
        return Given(clip, f"{folder.name} · {count}", shown)
    numbers = _numbers(pictures[0], names)
    first = min(numbers, default=0)
    return Given(clip, folder.name, replace(clip, range=FrameRange(first, first)))


def _sequence(path: Path) -> dict[int, str]:
    """The numbers of the pictures that are one sequence with this one, as they are written."""
    return _numbers(path.name, os.listdir(path.parent)) if _NUMBERED.match(path.name) else {}


def _numbers(like: str, names: Iterable[str]) -> dict[int, str]:
    parts = _NUMBERED.match(like)
    found: dict[int, str] = {}
    for name in names if parts is not None else ():
        other = _NUMBERED.match(name)
        if parts and other and (other[1], other[3]) == (parts[1], parts[3]):
            found[int(other[2])] = other[2]
    return found


def of_shot(shot: Shot) -> Given:
    """A clip of the host's document."""
    return Given(shot.clip, shot.name, one_frame(shot.clip), shot)


def of_take(take: Take, name: str) -> Given:
    """A take, by the numbers its plate has."""
    clip = Clip(take.media, take.range, take.rate, media_start=take.range.first)
    return Given(clip, name, one_frame(clip))


def of_clip(clip: Clip) -> Given:
    """A clip that a job had."""
    return Given(clip, Path(clip.media).name, one_frame(clip))


def one_frame(clip: Clip) -> Clip:
    """The first frame of a clip alone, as far as its numbers are known."""
    first = clip.range.first if clip.range else clip.media_start or 0
    return replace(clip, range=FrameRange(first, first))
