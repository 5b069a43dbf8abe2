"""A cut as text, and every item's place in it, so that a change touches nothing else."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from secondunit_contract.problem import (
    CutTooDeep,
    CutUnreadable,
    DiskFull,
    NotWritable,
    ProgramFault,
)
from secondunit_otio.scan import Item, Scan, check_versions, position, skip_space
from secondunit_otio.schemas import labels_in, may_hold_newer
from secondunit_otio.splice import Edit, Hand, apply, indent_at, spliced, spliced_members
from secondunit_otio.sweeping import unswept

_BOM = "\ufeff"
_ADVICE = "Export the cut again as OpenTimelineIO (.otio)"


@dataclass(frozen=True)
class Change:
    """An item gives way to one or more bodies; one body alone is spliced into the old text."""

    item: Item
    bodies: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Addition:
    """New children at the end of a composition."""

    composition: Item
    bodies: tuple[dict[str, Any], ...]


@dataclass(eq=False)
class Cut:
    """The text of a .otio file and what stands where in it.

    `folder` is where relative media paths start from. `shared` holds objects the file refers to by
    id; `worked_out` what has been asked of it before.
    """

    text: str
    name: str
    root: Item
    folder: str = ""
    shared: dict[str, Any] = field(default_factory=dict)
    worked_out: dict[Any, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Cut:
        """Read a .otio file. Raises CutUnreadable, CutTooNew, CutTooDeep."""
        place = Path(path)
        try:
            raw = place.read_bytes()
        except FileNotFoundError as error:
            raise CutUnreadable("There is no such cut", str(place), "Check the path") from error
        except OSError as error:
            raise CutUnreadable(
                f"The cut cannot be opened: {error.strerror}", str(place)
            ) from error
        return cls.parse(_decoded(raw, str(place)), str(place))

    @classmethod
    @unswept()
    def parse(cls, text: str, name: str = "the cut", folder: str = "") -> Cut:
        """Read a cut's text. Raises CutUnreadable, CutTooNew, CutTooDeep.

        `folder` is where relative media paths start from; empty means the folder of `name`, where
        that is a path.
        """
        begin = skip_space(text, len(_BOM) if text.startswith(_BOM) else 0)
        if text[begin : begin + 1] != "{":
            raise CutUnreadable(_not_a_cut(text), name, _ADVICE)
        scan = Scan(text, name)
        try:
            root = scan.item(begin)
        except json.JSONDecodeError as error:
            raise _broken(text, name, error) from error
        except RecursionError as error:
            raise CutTooDeep("The cut is nested deeper than can be read", name, _ADVICE) from error
        end = skip_space(text, root.stop)
        if end != len(text):
            raise CutUnreadable("There is more after the end of the cut", scan.where(end), _ADVICE)
        if may_hold_newer(text):
            check_versions(root.walk(), labels_in, name)
        cut = cls(text, name, root, folder or os.path.dirname(os.path.abspath(name)))
        if "SerializableObjectRef" in text:
            cut.shared = _shared(root)
            _join_references(root, name)
        return cut

    def items(self) -> Iterator[Item]:
        """Every item, in the file's order."""
        return self.root.walk()

    def meant(self, value: Any) -> Any:
        """An object, or the one it stands for where it only refers to one."""
        if isinstance(value, dict) and value.get("OTIO_SCHEMA") == "SerializableObjectRef.1":
            return self.shared.get(str(value.get("id")), value)
        return value

    def patched(self, changes: Iterable[Change | Addition]) -> str:
        """The cut's text with these changes. Every byte outside them stays as it was."""
        hand = Hand.of(self.text)
        edits: list[Edit] = []
        added: dict[Item, list[dict[str, Any]]] = {}
        try:
            for change in changes:
                if isinstance(change, Addition):
                    added.setdefault(change.composition, []).extend(change.bodies)
                elif len(change.bodies) == 1:
                    edits += self._rewritten(change.item, change.bodies[0], hand)
                else:
                    edits.append(self._replaced(change, hand))
            edits += [self._grown(item, bodies, hand) for item, bodies in added.items()]
        except RecursionError as error:
            raise CutTooDeep(
                "What is kept beside a clip is nested deeper than can be written",
                self.name,
                _ADVICE,
            ) from error
        return apply(self.text, edits)

    def _rewritten(self, item: Item, body: dict[str, Any], hand: Hand) -> list[Edit]:
        if item.members:
            return spliced_members(self.text, item.members, item.body, body, hand)
        return spliced(self.text, item.start, item.body, body, hand)

    def _replaced(self, change: Change, hand: Hand) -> Edit:
        if change.item.parent is None:
            raise ProgramFault("The whole cut cannot become several", self.name)
        indent = indent_at(self.text, change.item.start)
        words = hand.between(indent).join(hand.write(body, indent) for body in change.bodies)
        return Edit(change.item.start, change.item.stop, words)

    def _grown(self, item: Item, bodies: list[dict[str, Any]], hand: Hand) -> Edit:
        if item.children:
            last = item.children[-1]
            indent = indent_at(self.text, last.start)
            words = "".join(hand.between(indent) + hand.write(body, indent) for body in bodies)
            return Edit(last.stop, last.stop, words)
        place = [member for member in item.members if member.key == "children"]
        own = indent_at(self.text, item.members[0].at)
        if place:
            return Edit(place[-1].start, place[-1].stop, hand.write(bodies, own))
        end = item.members[-1].stop
        return Edit(end, end, f'{hand.between(own)}"children"{hand.colon}{hand.write(bodies, own)}')

    @staticmethod
    def write(path: str | os.PathLike[str], text: str) -> None:
        """Write a cut's text under a temporary name beside `path`, then rename it.

        Raises DiskFull, NotWritable.
        """
        place = Path(path)
        temporary = ""
        try:
            handle, temporary = tempfile.mkstemp(
                prefix=f".{place.name}.", suffix=".part", dir=place.parent
            )
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            _like_any_file(temporary, place)
            os.replace(temporary, place)
        except OSError as error:
            raise _unwritten(error, place) from error
        finally:
            if temporary:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(temporary)


def _like_any_file(temporary: str, place: Path) -> None:
    """Give the new file the rights of the one it replaces, or those of any new file."""
    try:
        rights = place.stat().st_mode & 0o777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        rights = 0o666 & ~mask
    os.chmod(temporary, rights)


def _unwritten(error: OSError, place: Path) -> DiskFull | NotWritable:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull("There is no room to write the cut", str(place), "Free some space")
    return NotWritable(
        f"The cut cannot be written: {error.strerror}", str(place), "Choose another folder"
    )


def _decoded(raw: bytes, name: str) -> str:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") or raw[:2] == b"{\0" or raw[:2] == b"\0{":
        raise CutUnreadable("The cut is written in UTF-16", name, "Save it as UTF-8")
    if raw[:2] == b"PK":
        raise CutUnreadable(
            "This is a bundle (.otioz), not a bare cut", name, "Unpack it and give content.otio"
        )
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        raise CutUnreadable(
            "The cut is not written in UTF-8", f"{name}, line {line}, column {column}", _ADVICE
        ) from error


def _not_a_cut(text: str) -> str:
    if not text.strip(_BOM + " \t\r\n\0"):
        return "The file is empty"
    return "This is no OpenTimelineIO cut"


def _broken(text: str, name: str, error: json.JSONDecodeError) -> CutUnreadable:
    at = min(error.pos, len(text))
    half = not text[at:].strip() or error.msg.startswith("Unterminated")
    what = "The cut ends half-way" if half else f"The cut is damaged: {error.msg}"
    return CutUnreadable(what, f"{name}, {position(text, at)}", _ADVICE)


def _shared(root: Item) -> dict[str, Any]:
    """Every object of the file that carries an id to be referred to."""
    found: dict[str, Any] = {}
    waiting: list[Any] = [item.body for item in root.walk()]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if "OTIO_REF_ID" in each:
                found[str(each["OTIO_REF_ID"])] = each
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
    return found


def _join_references(root: Item, name: str) -> None:
    """Give each item that only refers to another its target. Raises CutTooDeep for a circle."""
    named = {
        str(item.body["OTIO_REF_ID"]): item for item in root.walk() if "OTIO_REF_ID" in item.body
    }
    for item in root.walk():
        if item.schema == "SerializableObjectRef":
            item.target = named.get(str(item.body.get("id")))
    open_items: set[Item] = set()
    closed: set[Item] = set()
    waiting = [(root, False)]
    while waiting:
        item, leaving = waiting.pop()
        if leaving:
            open_items.discard(item)
            closed.add(item)
        elif item in open_items:
            raise CutTooDeep("The cut contains itself", f"{name}, {item.path}", _ADVICE)
        elif item not in closed:
            open_items.add(item)
            waiting.append((item, True))
            waiting.extend((below, False) for below in item.children)
            if item.target is not None:
                waiting.append((item.target, False))
