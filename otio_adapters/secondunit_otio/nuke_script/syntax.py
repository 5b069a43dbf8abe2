"""The language Nuke scripts are written in: Tcl words, taken as text and never run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from secondunit_contract.problem import CutUnreadable

_ADVICE = "Save the script from Nuke again"
_BLANK = " \t\r"
_END = "\n;"
_ESCAPES = {
    **{"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"},
    "\n": " ",
}
_UNICODE = re.compile(r"x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|([0-7]{1,3})", re.ASCII)
_MARKED = re.compile(r'[\\"\[\]${}]')
_PLAIN = re.compile(r"[A-Za-z0-9_.,:/%+@=~^&*?|<>-]+", re.ASCII)
_EVALUATED = re.compile(r"\\([\\\[\]$])")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a command: its text, whether it stood in braces, and its line.

    What stands in square brackets is not run; it stays in the text, brackets and all.
    """

    text: str
    braced: bool = False
    line: int = 0


Command = list[Word]


def commands(text: str, name: str = "the script", line: int = 1) -> Iterator[Command]:
    """The commands of a script, each as its words, the first its name.

    Commands end at the end of their line or at a semicolon; comments are passed over. Raises
    CutUnreadable for braces, quotes or brackets that do not close.
    """
    reader = _Reader(text, name, line)
    while reader.at < len(text):
        command = reader.command()
        if command:
            yield command


class _Reader:
    """A place in a script, moving on."""

    def __init__(self, text: str, name: str, line: int) -> None:
        self.text, self.name, self.at, self.line = text, name, 0, line
        self.counted = 0

    def command(self) -> Command:
        """The next command; empty for a blank line or a comment."""
        words: Command = []
        while True:
            self._space()
            mark = self.text[self.at : self.at + 1]
            if not mark or mark in _END:
                self.at += 1
                return words
            if mark == "#" and not words:
                self._comment()
                return words
            words.append(self._word())

    def _line(self, at: int) -> int:
        """The line an offset lies on; asked in order, so that none is counted twice."""
        self.line += self.text.count("\n", self.counted, at)
        self.counted = max(at, self.counted)
        return self.line

    def _space(self) -> None:
        while self.at < len(self.text):
            if self.text[self.at] in _BLANK:
                self.at += 1
            elif self.text.startswith("\\\n", self.at):
                self.at += 2
            else:
                return

    def _comment(self) -> None:
        end = self.text.find("\n", self.at)
        while end > 0 and self.text[end - 1] == "\\":
            end = self.text.find("\n", end + 1)
        self.at = len(self.text) if end < 0 else end + 1

    def _word(self) -> Word:
        line, mark = self._line(self.at), self.text[self.at]
        if mark == "{":
            return Word(self._braced(line), True, line)
        if mark == '"':
            return Word(self._quoted(line), False, line)
        return Word(self._bare(line), False, line)

    def _braced(self, line: int) -> str:
        depth, at, text = 0, self.at, self.text
        for found in _BRACES.finditer(text, at):
            mark = found[0]
            depth += {"{": 1, "}": -1}.get(mark, 0)
            if not depth:
                self.at = found.end()
                self._after(line, "}")
                return _CONTINUED.sub(" ", text[at + 1 : found.start()])
        raise self._open(line, "brace {")

    def _quoted(self, line: int) -> str:
        self.at += 1
        parts: list[str] = []
        while self.at < len(self.text):
            mark = self.text[self.at]
            if mark == '"':
                self.at += 1
                self._after(line, '"')
                return "".join(parts)
            parts.append(self._piece(_IN_QUOTES, line))
        raise self._open(line, 'quote "')

    def _bare(self, line: int) -> str:
        parts: list[str] = []
        while self.at < len(self.text) and self.text[self.at] not in _BLANK + _END:
            parts.append(self._piece(_IN_WORD, line))
        return "".join(parts)

    def _piece(self, plain: re.Pattern[str], line: int) -> str:
        """The next bit of a word: an escape made out, a bracket whole, or a plain stretch."""
        mark = self.text[self.at]
        if mark == "\\":
            return self._escape()
        if mark == "[":
            return self._bracketed(line)
        found = plain.match(self.text, self.at)
        self.at = found.end() if found else self.at + 1
        return found[0] if found else mark

    def _escape(self) -> str:
        rest = self.text[self.at + 1 : self.at + 2]
        number = _UNICODE.match(self.text, self.at + 1)
        if number:
            self.at = number.end()
            code = int(number[1] or number[2] or number[3], 8 if number[3] else 16)
            return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)
        self.at += 2
        if rest == "\n":
            while self.text[self.at : self.at + 1] in (" ", "\t"):
                self.at += 1
        return _ESCAPES.get(rest, rest) if rest else "\\"

    def _bracketed(self, line: int) -> str:
        depth, at = 0, self.at
        for found in _BRACKETS.finditer(self.text, at):
            depth += {"[": 1, "]": -1}.get(found[0], 0)
            if not depth:
                self.at = found.end()
                return self.text[at : self.at]
        raise self._open(line, "bracket [")

    def _after(self, line: int, mark: str) -> None:
        following = self.text[self.at : self.at + 1]
        if following and following not in _BLANK + _END and following != "\\":
            raise CutUnreadable(
                f"There is something right behind a closing {mark}",
                f"{self.name}, line {line}",
                _ADVICE,
            )

    def _open(self, line: int, what: str) -> CutUnreadable:
        return CutUnreadable(f"A {what} is never closed", f"{self.name}, line {line}", _ADVICE)


_IN_QUOTES = re.compile(r'[^\\\["]+')
_IN_WORD = re.compile(r"[^\\\[ \t\r\n;]+")
_BRACES = re.compile(r"\\.|[{}]", re.DOTALL)
_CONTINUED = re.compile(r"\\\n[ \t]*")
_BRACKETS = re.compile(r"\\.|[\[\]]", re.DOTALL)


def words_in(text: str, name: str = "the script", line: int = 1) -> Command:
    """All words of a text, line ends counting as blanks: a list, or what a node holds."""
    return [word for command in commands(text, name, line) for word in command]


def quoted(text: str) -> str:
    """A text as a word of a script: bare where it may be, else in quotes with all marks escaped.

    Braces are escaped too, so that the node around it may stand in braces. What Nuke cannot keep
    (control characters but tabs and line ends) becomes a blank.
    """
    if _PLAIN.fullmatch(text):
        return text
    text = "".join(mark if mark >= " " or mark in "\n\t" else " " for mark in text)
    escaped = _MARKED.sub(lambda found: "\\" + found[0], text)
    return '"' + escaped.replace("\n", "\\n").replace("\t", "\\t") + '"'


def unevaluated(text: str) -> str:
    """A text for a knob that Nuke evaluates (file, label, message), so that it means itself.

    Nuke runs what stands in brackets in such a knob; a prompt must never be run.
    """
    return re.sub(r"[\\\[\]$]", lambda found: "\\" + found[0], text)


def evaluated(text: str) -> str:
    """The text such a knob means; what stands in bare brackets stays as it is."""
    return _EVALUATED.sub(lambda found: found[1], text)
