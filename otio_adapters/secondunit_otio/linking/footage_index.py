"""What lies in the folders that are searched for media: looked through once, found by name."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from secondunit_contract.frames import Rate
from secondunit_otio.linking.footage_headers import Header, header_of, timecode_in_name

MOVIES = frozenset({".mov", ".mp4", ".m4v", ".mxf", ".mkv", ".avi", ".qt", ".mpg", ".webm", ".braw",
                    ".r3d", ".mts", ".wav", ".aif", ".aiff", ".mp3"})  # fmt: skip
PICTURES = frozenset({".exr", ".dpx", ".cin", ".tif", ".tiff", ".png", ".jpg", ".jpeg", ".tga"})

TAKE_NAME = re.compile(r"(?<![0-9a-z])su-([0-9a-z]{8})_t(\d{1,6})(?![0-9])", re.IGNORECASE)
"""An id of ours and the number of the take, as they stand in a file's name."""

_STILL_TAKE = re.compile(TAKE_NAME.pattern + r"\.\w+$", re.IGNORECASE)
_NUMBERED = re.compile(r"^(.*?)(\d+)(\.[^.\d][^.]*)$")
_PLACE = re.compile(r"#+|@+|%0?\d*d|\[\d+-\d+\]|\{\d+\.\.\d+\}")
_MOST = 500_000  # files; a whole studio's storage was named by mistake where there are more
_REEL_WORD = re.compile(r"[^0-9a-z]+")


@dataclass(frozen=True)
class Found:
    """A movie, a still or a sequence that lies there.

    `path` is the file, of a sequence its first; of a sequence `before` and `after` are the parts of
    the name around the number, `first` and `last` (inclusive) the numbers and `digits` their width.
    """

    path: str
    before: str = ""
    after: str = ""
    first: int = 0
    last: int = 0
    digits: int = 0

    @property
    def sequence(self) -> bool:
        """Whether it is several pictures."""
        return self.digits > 0

    @property
    def folder(self) -> str:
        """The folder it lies in."""
        return os.path.dirname(self.path)

    @property
    def frames(self) -> int:
        """How many pictures a sequence has, holes counted as if they were there; 0 for a file."""
        return self.last - self.first + 1 if self.sequence else 0

    @property
    def name(self) -> str:
        """The name to be found by: of a sequence without its number."""
        return f"{self.before}{self.after}" if self.sequence else os.path.basename(self.path)


@dataclass(frozen=True)
class Told:
    """What a file is known to hold: its header, helped by its name.

    `start` counts from timecode 00:00:00:00; `frames` None where nobody says.
    """

    start: int | None
    rate: Rate | None
    frames: int | None


@dataclass(eq=False)
class FootageIndex:
    """All media below some folders.

    Folders that cannot be read are left out, links that lead in a circle are followed once, hidden
    files are not seen. Headers are read when somebody first asks for a reel or an id of Avid's.
    """

    found: list[Found] = field(default_factory=list)

    @classmethod
    def of(cls, folders: Iterable[str]) -> FootageIndex:
        """Look through the folders and all below them. Raises nothing."""
        made, seen = cls(), set[tuple[int, int]]()
        budget = _MOST
        for folder in folders:
            for place, names in _walk(os.path.abspath(os.path.expanduser(folder)), seen):
                budget -= len(names)
                made.found += _media_in(place, names)
                if budget < 0:
                    return made
        return made

    @cached_property
    def takes(self) -> dict[str, dict[int, list[Found]]]:
        """Our takes by id and number, ids in small letters."""
        made: dict[str, dict[int, list[Found]]] = {}
        for each in self.found:
            token = TAKE_NAME.search(each.name) or TAKE_NAME.search(os.path.basename(each.folder))
            if token:
                numbered = made.setdefault(token[1].lower(), {})
                numbered.setdefault(int(token[2]), []).append(each)
        return made

    def named(self, path: str) -> list[Found]:
        """What is called like a path, those first that share most of its folders."""
        _, parts, name = _split(path)
        same = self._by_name.get(name, [])
        return sorted(same, key=lambda each: -_shared_tail(parts, each.folder))

    def surely_named(self, path: str) -> Found | None:
        """The one that is called like a path; None where several might be meant."""
        same = self.named(path)
        if len(same) < 2:
            return same[0] if same else None
        _, parts, _ = _split(path)
        best, next_best = (_shared_tail(parts, each.folder) for each in same[:2])
        return same[0] if best > next_best else None

    @property
    def has_mobs(self) -> bool:
        """Whether any file carries ids of Avid's."""
        return bool(self._by_mob)

    def by_mob(self, digits: str) -> Found | None:
        """The file that holds the material of this id of Avid's."""
        return self._by_mob.get(digits)

    def on_reel(self, reel: str) -> list[Found]:
        """Whatever may be of a reel: by its header, or by the first words of its name."""
        return self._by_reel.get(_reel_word(reel), [])

    def told(self, each: Found, rate: Rate) -> Told:
        """What is known of one; a name's timecode is read at `rate` where no header says one."""
        header = self._headers[each]
        start = header.start
        if start is None:
            start = timecode_in_name(each.name, header.rate or rate)
        if start is None and each.sequence and each.first > 0:
            start = each.first  # files are often numbered by their timecode
        return Told(start, header.rate, each.frames or header.frames)

    @cached_property
    def _by_name(self) -> dict[str, list[Found]]:
        made: dict[str, list[Found]] = defaultdict(list)
        for each in self.found:
            made[each.name.lower()].append(each)
        return dict(made)

    @cached_property
    def _headers(self) -> dict[Found, Header]:
        return {each: header_of(each.path) for each in self.found}

    @cached_property
    def _by_mob(self) -> dict[str, Found]:
        return {mob: each for each, header in self._headers.items() for mob in header.mobs}

    @cached_property
    def _by_reel(self) -> dict[str, list[Found]]:
        made: dict[str, list[Found]] = defaultdict(list)
        for each, header in self._headers.items():
            for word in _reels(each, header):
                made[word].append(each)
        return dict(made)


def _reels(each: Found, header: Header) -> frozenset[str]:
    """What reel a file may be of: what its header says, or the first words of its name."""
    parts = re.findall(r"[0-9A-Za-z]+", os.path.splitext(each.name)[0])
    words = {_reel_word("".join(parts[:count])) for count in range(1, len(parts) + 1)}
    return frozenset(words | {_reel_word(header.reel)}) - {""}


def _reel_word(reel: str) -> str:
    return _REEL_WORD.sub("", reel.lower())


def _walk(folder: str, seen: set[tuple[int, int]]) -> Iterator[tuple[str, list[str]]]:
    """Every folder from one on, and the names of the files in it."""
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        try:
            own = os.stat(place)
            if (own.st_dev, own.st_ino) in seen and own.st_ino:
                continue
            seen.add((own.st_dev, own.st_ino))
            with os.scandir(place) as listed:
                entries = [each for each in listed if not each.name.startswith(".")]
        except (OSError, ValueError):
            continue  # a folder that cannot be read holds nothing for us
        waiting += sorted((each.path for each in entries if _is_folder(each)), reverse=True)
        yield place, [each.name for each in entries if not _is_folder(each)]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _media_in(folder: str, names: list[str]) -> Iterator[Found]:
    """The movies, and the pictures gathered into sequences."""
    rows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name in sorted(names):
        suffix = os.path.splitext(name)[1].lower()
        if suffix in MOVIES:
            yield Found(os.path.join(folder, name))
        elif suffix in PICTURES:
            parts = None if _STILL_TAKE.search(name) else _NUMBERED.match(name)
            if parts:
                rows[parts[1], parts[3]].append(parts[2])
            else:
                yield Found(os.path.join(folder, name))
    for (before, after), digits in rows.items():
        numbers = sorted(digits, key=lambda each: (int(each), each))
        path = os.path.join(folder, before + numbers[0] + after)
        first, last = int(numbers[0]), int(numbers[-1])
        yield Found(path, before, after, first, last, min(map(len, numbers)))


def _split(path: str) -> tuple[str, list[str], str]:
    """The folder of a path, its parts, and the name to look for, of a sequence without a number."""
    folder, _, name = path.replace("\\", "/").rpartition("/")
    if os.path.splitext(name)[1].lower() in PICTURES:
        places = list(_PLACE.finditer(name))
        if places:
            name = name[: places[-1].start()] + name[places[-1].end() :]
        elif parts := _NUMBERED.match(name):
            name = parts[1] + parts[3]
    return folder, [part.lower() for part in folder.split("/") if part], name.lower()


def _shared_tail(parts: list[str], folder: str) -> int:
    """How many folders, counted from the file upwards, are called the same."""
    own = [part for part in folder.replace("\\", "/").lower().split("/") if part]
    count = 0
    for one, other in zip(reversed(parts), reversed(own), strict=False):
        if one != other:
            break
        count += 1
    return count
