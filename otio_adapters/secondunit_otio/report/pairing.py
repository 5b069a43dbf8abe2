"""Which item of a cut is which item of the cut that came back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from secondunit_otio.document import Cut
from secondunit_otio.report.clock import Line, lines
from secondunit_otio.report.matching import matched, rising
from secondunit_otio.report.pieces import Piece, pieces
from secondunit_otio.scan import Item

_MOST_TRACKS = 1000  # times tracks of the other cut: beyond it tracks are matched by name alone
_MOST_PARTS = 50


@dataclass(eq=False)
class Pairing:
    """Two cuts, item by item.

    `of` gives for an item of the master what it became; `parts` the further parts of one that was
    razored; `lines` and `frames` pair tracks, and what is neither track nor on one.
    """

    ones: list[list[Piece]]
    others: list[list[Piece]]
    of: dict[Piece, Piece] = field(default_factory=dict)
    parts: dict[Piece, list[Piece]] = field(default_factory=dict)
    lines: list[tuple[Line | None, Line | None]] = field(default_factory=list)
    frames: list[tuple[Item | None, Item | None]] = field(default_factory=list)
    taken: set[Piece] = field(default_factory=set)

    def pair(self, one: Piece, other: Piece) -> None:
        """One item is the other."""
        self.of[one] = other
        self.taken.add(other)

    def missing(self) -> list[Piece]:
        """What did not come back."""
        return [piece for row in self.ones for piece in row if piece not in self.of]

    def new(self) -> list[Piece]:
        """What was not there before."""
        return [piece for row in self.others for piece in row if piece not in self.taken]


def paired(master: Cut, came: Cut) -> Pairing:
    """Match two cuts: by our ids, else by media, source time and name along each track."""
    made = Pairing(pieces(master), pieces(came))
    rows = _rows(master, came, made)
    for one, other in rows:
        _along(made, one, other, _SURE)
    _across(made, _SURE)
    for one, other in rows:
        _along(made, one, other, _LIKELY)
    _split(made)
    _across(made, (_same_source_file,), overlapping=True)
    made.frames = _frames(master, came)
    return made


def _by_id(piece: Piece) -> Hashable | None:
    return (piece.id, piece.line.mattes, piece.line.video) if piece.id else None


def _exactly(piece: Piece) -> Hashable | None:
    if not piece.is_clip or not (piece.media or piece.name) or piece.begin is None:
        return None
    return piece.media, piece.name, piece.shown


def _same_source_file(piece: Piece) -> Hashable | None:
    return (piece.media, piece.name) if piece.is_clip and piece.media else None


def _renamed(piece: Piece) -> Hashable | None:
    return (piece.media, piece.shown[:2]) if piece.is_clip and piece.media else None


def _relinked(piece: Piece) -> Hashable | None:
    return (piece.name, piece.shown[:2]) if piece.is_clip and piece.name else None


def _same_media(piece: Piece) -> Hashable | None:
    return piece.media if piece.is_clip and piece.media else None


def _same_name(piece: Piece) -> Hashable | None:
    return piece.name if piece.is_clip and piece.name else None


def _same_range(piece: Piece) -> Hashable | None:
    return piece.schema, piece.shown


def _same_kind_of_nothing(piece: Piece) -> Hashable | None:
    return None if piece.is_clip else piece.schema


def _sequence(piece: Piece) -> Hashable | None:
    return piece.schema if piece.is_clip and piece.schema != "Clip" else None


_Level = Callable[[Piece], Hashable | None]
_SURE: tuple[_Level, ...] = (_by_id, _exactly)
_LIKELY: tuple[_Level, ...] = (
    _same_source_file,
    _renamed,
    _relinked,
    _same_media,
    _same_name,
    _same_range,
    _same_kind_of_nothing,
    _sequence,
)


def _along(
    made: Pairing, ones: list[Piece], others: list[Piece], levels: tuple[_Level, ...]
) -> None:
    """Match two tracks in order, between what is matched already."""
    place = {piece: at for at, piece in enumerate(others)}
    known = [
        (at, place[made.of[piece]])
        for at, piece in enumerate(ones)
        if piece in made.of and made.of[piece] in place
    ]

    def free(level: _Level) -> _Level:
        def key(piece: Piece) -> Hashable | None:
            return None if piece in made.of or piece in made.taken else level(piece)

        return key

    for one, other in matched(ones, others, [free(level) for level in levels], rising(known)):
        here, there = ones[one], others[other]
        if here not in made.of and there not in made.taken and not _strangers(here, there):
            made.pair(here, there)


def _strangers(one: Piece, other: Piece) -> bool:
    """Whether two clips are of other media and of other names: one took the other's place."""
    media = one.media and other.media and one.media != other.media
    name = one.name and other.name and one.name != other.name
    same_id = one.id and one.id == other.id
    return bool(one.schema == other.schema == "Clip" and media and name and not same_id)


def _across(made: Pairing, levels: tuple[_Level, ...], overlapping: bool = False) -> None:
    """Match what is left over anywhere in the cut, each with the next of its kind.

    `overlapping`: only with one that shows some of the same source.
    """
    for level in levels:
        free: dict[Hashable, list[Piece]] = defaultdict(list)
        for piece in reversed(made.new()):
            name = level(piece)
            if name is not None:
                free[name].append(piece)
        for piece in made.missing() if free else ():
            there = free.get(level(piece), [])
            fitting = (each for each in there[-_MOST_PARTS:] if _overlap(piece, each))
            found = next(fitting, None) if overlapping else there[-1] if there else None
            if found is not None:
                there.remove(found)
                made.pair(piece, found)


def _split(made: Pairing) -> None:
    """Find the further parts of what was razored: within the old clip, beside what came of it."""
    by_id: dict[Hashable, list[Piece]] = defaultdict(list)
    by_media: dict[Hashable, list[Piece]] = defaultdict(list)
    for one, other in made.of.items():
        if one.is_clip and one.shown != other.shown:
            if one.id:
                by_id[_by_id(one)].append(one)
            by_media[_same_source_file(one) or ("", one.name)].append(one)
    if not by_media:
        return
    for piece in made.new():
        if not piece.is_clip:
            continue
        mine = by_id.get(_by_id(piece), []) if piece.id else []
        mine = mine or by_media.get(_same_source_file(piece) or ("", piece.name), [])
        whole = next((one for one in mine[:_MOST_PARTS] if _is_part(made, one, piece)), None)
        if whole is not None:
            made.parts.setdefault(whole, []).append(piece)
            made.taken.add(piece)


def _is_part(made: Pairing, whole: Piece, piece: Piece) -> bool:
    """Whether a clip shows a stretch of an old one, and none that another part shows already."""
    if not _within(whole, piece):
        return False
    shown = [made.of[whole], *made.parts.get(whole, [])]
    return all(_within(whole, each) and not _overlap(each, piece) for each in shown)


def _within(whole: Piece, piece: Piece) -> bool:
    if whole.begin is None or whole.end is None or piece.begin is None or piece.end is None:
        return False
    return whole.begin <= piece.begin and piece.end <= whole.end


def _overlap(one: Piece, other: Piece) -> bool:
    if one.begin is None or one.end is None or other.begin is None or other.end is None:
        return False
    return one.begin < other.end and other.begin < one.end


def _rows(master: Cut, came: Cut, made: Pairing) -> list[tuple[list[Piece], list[Piece]]]:
    """Tracks that are the same track: those that share most, then by name, then in order."""
    ones, others = lines(master), lines(came)
    pairs = _by_content(made) if len(ones) * len(others) <= _MOST_TRACKS**2 else {}
    taken = set(pairs.values())
    left = [at for at in range(len(ones)) if at not in pairs]
    free = [at for at in range(len(others)) if at not in taken]
    levels = [
        lambda line: (line.video, line.label, line.depth),
        lambda line: (line.video, line.depth) if not line.mattes else None,
    ]
    for one, other in matched([ones[at] for at in left], [others[at] for at in free], levels):
        pairs[left[one]] = free[other]
    taken = set(pairs.values())
    made.lines = [
        (line, others[pairs[at]] if at in pairs else None) for at, line in enumerate(ones)
    ]
    made.lines += [(None, line) for at, line in enumerate(others) if at not in taken]
    return [(made.ones[one], made.others[other]) for one, other in sorted(pairs.items())]


def _by_content(made: Pairing) -> dict[int, int]:
    """Tracks by how many clips they share, the fullest first."""
    where: dict[Hashable, set[int]] = defaultdict(set)
    for number, row in enumerate(made.others):
        for name in _names(row):
            where[name].add(number)
    scores: dict[tuple[int, int], int] = defaultdict(int)
    for number, row in enumerate(made.ones):
        for name in _names(row):
            for other in where.get(name, ()):
                scores[number, other] += 1
    found: dict[int, int] = {}
    taken: set[int] = set()
    order = sorted(scores, key=lambda pair: (-scores[pair], abs(pair[0] - pair[1]), pair))
    for one, other in order:
        if one not in found and other not in taken:
            found[one] = other
            taken.add(other)
    return found


def _names(row: list[Piece]) -> set[Hashable]:
    """What the clips of a track are known by."""
    names = {_by_id(piece) or _exactly(piece) for piece in row}
    return names - {None}


def _frames(master: Cut, came: Cut) -> list[tuple[Item | None, Item | None]]:
    """The sequences themselves: what is neither a track nor on one."""
    ones, others = _loose(master), _loose(came)
    levels = (lambda item: (item.schema, item.name), lambda item: item.schema, lambda item: True)
    pairs = dict(matched(ones, others, levels))
    taken = set(pairs.values())
    found: list[tuple[Item | None, Item | None]] = [
        (item, others[pairs[at]] if at in pairs else None) for at, item in enumerate(ones)
    ]
    return found + [(None, item) for at, item in enumerate(others) if at not in taken]


def _loose(cut: Cut) -> list[Item]:
    held: set[Item] = set()
    for line in lines(cut):
        held |= {line.track, line.track.real}
        held |= {each for child in line.track.real.children for each in (child, child.real)}
    return [item for item in cut.items() if item not in held]
