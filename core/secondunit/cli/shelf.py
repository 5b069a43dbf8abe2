"""The catalogue as a page shows it: what each model can do, needs and may be used for."""

from __future__ import annotations

from collections.abc import Iterable

from secondunit.models import driven
from secondunit.models.wording import KEY_PLACES
from secondunit.weights.catalogue import RUNGS, Entry, terms_of

_LATER = "**Cannot be shot with yet**"
_HEAD = (
    "model", "for", "does", "frames", "picture", "disk, GB", "GPU memory, GB", "licence",
    "unverified",
)  # fmt: skip


def as_markdown(entries: Iterable[Entry]) -> str:
    """Two tables: the models, and their licences. Those nothing here drives yet say so."""
    shown = list(entries)
    rows = [_row(entry) for entry in shown]
    licences = sorted({entry.licence for entry in shown})
    head = (
        "licence", "asks first", "grants nothing in", "revenue", "pictures", "use", "unverified",
    )  # fmt: skip
    return "\n\n".join([_table(_HEAD, rows), _table(head, [_licence(each) for each in licences])])


def _row(entry: Entry) -> tuple[str, ...]:
    rule = entry.frames
    counted = "1" if rule.longest == 1 else f"{rule.base} + {rule.step}·n, to {rule.longest}"
    narrow = "keys" in entry.honours and entry.key_places != "anywhere"
    places = f"; keys on {KEY_PLACES[entry.key_places]}" if narrow else ""
    rate = f" at {entry.native_rate} fps" if entry.native_rate else ""
    return (
        f"**{entry.title}**<br>`{entry.name}`",
        ". ".join(filter(None, (entry.use, entry.note, "" if driven(entry.pipeline) else _LATER))),
        ", ".join(sorted(entry.honours)) + places,
        counted + rate,
        f"{entry.area / 1e6:.2f} MP, ×{entry.multiple}",
        f"{entry.size_gb:.0f}",
        " / ".join(f"{entry.memory_gb(each):.0f}" for each in RUNGS),
        entry.licence,
        ", ".join(sorted(entry.unverified)) or "–",
    )


def _licence(name: str) -> tuple[str, ...]:
    terms = terms_of(name)
    return (
        terms.title,
        "yes" if terms.asks else "no",
        ", ".join(terms.excluded) or "–",
        terms.revenue or "–",
        terms.outputs or "not read by us",
        terms.use or "not read by us",
        ", ".join(sorted(terms.unverified)) or "–",
    )


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(each)} |" for each in lines)
