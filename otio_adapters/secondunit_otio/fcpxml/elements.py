"""Reading XML that nobody vouches for: no entities, no outside files, no bottomless nesting."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NoReturn
from xml.parsers import expat

from secondunit_contract.problem import CutTooDeep, CutUnreadable
from secondunit_otio.scan import DEEPEST

_ADVICE = "Export the project from Final Cut Pro again (File > Export XML)"
_DEEPEST = 2 * DEEPEST  # a connected clip takes two elements: itself and its storyline


@dataclass(eq=False)
class Element:
    """An element, its attributes and what it holds, with the line it stands on."""

    tag: str
    attributes: dict[str, str]
    line: int
    children: list[Element] = field(default_factory=list)
    text: str = ""

    def get(self, key: str, default: str = "") -> str:
        """An attribute."""
        return self.attributes.get(key, default)

    def child(self, tag: str) -> Element | None:
        """The first child of a kind."""
        return next((each for each in self.children if each.tag == tag), None)

    def each(self, *tags: str) -> list[Element]:
        """All children of some kinds."""
        return [each for each in self.children if each.tag in tags]


def parse(text: str | bytes, name: str) -> Element:
    """The document's root element. Raises CutUnreadable, CutTooDeep.

    Declared entities and external ones are refused, whatever they hold.
    """
    raw = text.encode("utf-8", "replace") if isinstance(text, str) else text
    builder = _Builder(name)
    parser = expat.ParserCreate("utf-8" if isinstance(text, str) else None)
    parser.buffer_text = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartElementHandler = lambda tag, found: builder.open(
        tag, found, parser.CurrentLineNumber
    )
    parser.EndElementHandler = builder.close
    parser.CharacterDataHandler = builder.words
    parser.EntityDeclHandler = builder.entity
    parser.ExternalEntityRefHandler = builder.entity
    parser.SkippedEntityHandler = builder.entity
    try:
        parser.Parse(raw, True)
    except expat.ExpatError as error:
        where = f"{name}, line {error.lineno}, column {error.offset + 1}"
        what = expat.ErrorString(error.code)
        raise CutUnreadable(f"The XML is damaged: {what}", where, _ADVICE) from error
    except (ValueError, LookupError) as error:  # an encoding nobody knows
        raise CutUnreadable(f"The XML cannot be read: {error}", name, _ADVICE) from error
    if builder.root is None:
        raise CutUnreadable("The file is empty", name, _ADVICE)
    return builder.root


class _Builder:
    """Puts elements together as the parser comes across them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.root: Element | None = None
        self.standing: list[Element] = []

    def open(self, tag: str, attributes: dict[str, str], line: int) -> None:
        made = Element(tag, attributes, line)
        if len(self.standing) >= _DEEPEST:
            raise CutTooDeep(
                f"The XML is nested more than {_DEEPEST} deep", f"{self.name}, line {line}", _ADVICE
            )
        if self.standing:
            self.standing[-1].children.append(made)
        else:
            self.root = made
        self.standing.append(made)

    def close(self, _: str) -> None:
        self.standing.pop()

    def words(self, text: str) -> None:
        if self.standing:
            self.standing[-1].text += text

    def entity(self, *_: Any) -> NoReturn:
        raise CutUnreadable(
            "The XML declares entities of its own, which no export of a cut does",
            self.name,
            _ADVICE,
        )
