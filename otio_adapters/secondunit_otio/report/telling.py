"""The report as an editor reads it in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from secondunit_otio.findings import Finding, FindingKind
from secondunit_otio.report.clock import Clock
from secondunit_otio.report.wording import plain

_DEEPEST = 100
ORDER: dict[FindingKind, str] = {
    "missing": "Missing",
    "split": "Cut into parts",
    "trimmed": "Trimmed",
    "moved": "Moved",
    "switched": "Another take or media in use",
    "changed": "Changed",
    "lost": "Lost on the way",
    "new": "New",
}
"""What is told, the gravest first."""


@dataclass(frozen=True)
class Report:
    """What became of a cut on its way.

    `findings` in the order of the cut; `clips` how many went, `came` how many came back or are new,
    `counts` to how many clips each kind of thing happened ("kept": came back as they were).
    `rewritten` values that mean the same and are only written differently.
    """

    host: str
    clock: Clock
    clips: int
    came: int
    counts: dict[FindingKind, int]
    rewritten: int
    findings: tuple[Finding, ...]

    @property
    def unchanged(self) -> bool:
        """Whether all came back with every value as it was."""
        return all(finding.kind == "kept" for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """As JSON; times are exact seconds of the cut, written "numerator/denominator"."""
        start = self.clock.start
        return {
            **({"host": self.host} if self.host else {}),
            "rate": str(self.clock.rate),
            "start": f"{start.numerator}/{start.denominator}",
            "drop_frame": self.clock.drop,
            "clips": self.clips,
            "came": self.came,
            "counts": dict(self.counts),
            "rewritten": self.rewritten,
            "findings": [finding.to_json() for finding in self.findings],
        }

    def text(self, most: int = 20) -> str:
        """For a terminal: counts, then what happened, by kind, at most so many lines of each."""
        return text_of_report(self, most)


def text_of_report(report: Report, most: int) -> str:
    """Counts at the head, then what happened by kind, at most so many lines of each."""
    told = [_head(report), ""]
    told += [f"  {count:>6}  {name}" for name, count in _counts(report)]
    for kind, title in ORDER.items():
        findings = [each for each in report.findings if each.kind == kind]
        if findings:
            told += ["", title.upper(), *_group(report, findings, most)]
    return "\n".join(told) + "\n"


def _head(report: Report) -> str:
    where = f" from {plain(report.host)}" if report.host else ""
    clock = report.clock
    manner = " drop-frame" if clock.drop else " non-drop" if clock.rate.can_drop else ""
    rate = float(clock.rate.per_second)
    counted = f"{rate:.6g} frames a second{manner}, from {clock.timecode(Fraction(0))}"
    if report.unchanged:
        return f"Everything came back{where} as it was: {report.clips} clips ({counted})"
    return f"{report.clips} clips went, {report.came} came back{where} ({counted})"


def _counts(report: Report) -> Iterator[tuple[str, int]]:
    yield "as they were", report.counts.get("kept", 0)
    for kind, title in ORDER.items():
        if report.counts.get(kind):
            yield title.lower(), report.counts[kind]
    if report.rewritten:
        yield "values only written differently", report.rewritten


def _group(report: Report, findings: list[Finding], most: int) -> Iterator[str]:
    """The lines of one kind; what happened alike to many clips is one line."""
    alike: dict[str, list[Finding]] = {}
    for each in findings:
        alike.setdefault(each.what, []).append(each)
    told = 0
    for number, same in enumerate(alike.values()):
        if told >= most:
            rest = sum(len(each) for each in list(alike.values())[number:])
            yield f"  … and {rest} more"
            return
        if len(same) > 3:
            what = plain(same[0].what, 200)
            yield f"  {_place(report, same[0])}  and {len(same) - 1} more: {what}"
            told += 1
            continue
        for each in same:
            yield f"  {_place(report, each)}  {plain(each.what, 200)}"
            told += 1


def _place(report: Report, finding: Finding) -> str:
    time = "the cut" if finding.start is None else report.clock.timecode(finding.start)
    parts = [f"{time:<11}", f"{plain(finding.track, 18):<4}"]
    if finding.clip:
        parts.append(f'"{plain(finding.clip, 32)}"')
    if finding.id and f"su-{finding.id}" not in finding.clip.lower():
        parts.append(f"su-{finding.id}")
    return "  ".join(parts)


def safe(value: Any) -> Any:
    """A value that can be written as JSON: what is nested absurdly deep is only named."""
    depth = 0
    layer = [value]
    while layer:
        depth += 1
        if depth > _DEEPEST:
            return "nested too deep to be told"
        layer = [below for each in layer for below in _below(each)]
    return value


def _below(value: Any) -> list[Any]:
    held = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [each for each in held if isinstance(each, (dict, list))]
