"""Listing: tasks, models, the machine's health and measurements, for a person or a program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Column, Table

from secondunit import models as all_models
from secondunit import tasks as all_tasks
from secondunit.bench import measured
from secondunit.callsheet import ModelCard
from secondunit.cli.health import checks
from secondunit.cli.showing import out, say, say_json
from secondunit.settings import Settings
from secondunit.weights import adapters
from secondunit.weights.catalogue import sources_of
from secondunit.weights.licence import Gate, Standing
from secondunit_contract.problem import TaskUnknown
from secondunit_contract.wire import to_json

READY: dict[Standing, str] = {
    "free": "ready",
    "agreed": "ready",
    "allowed": "ready",
    "asks": "licence not agreed to: `secondunit models allow`",
    "forbidden": "forbidden by the studio's policy",
}
"""How a model that is here stands, in words."""


def say_tasks(name: str, as_json: bool) -> None:
    """Every task, or one with all its values. Raises TaskUnknown."""
    cards = [card for card in all_tasks.cards() if name in ("", card.name)]
    if not cards:
        raise TaskUnknown(f"There is no task {name!r}", remedy="`secondunit tasks` lists them")
    if as_json:
        say_json([to_json(card) for card in cards])
    elif name:
        _say_values(cards[0].values_schema)
    else:
        table = Table("task", "makes", "what it does", "clips")
        for card in cards:
            clips = ", ".join(f"{clip} ({need})" for clip, need in card.inputs.items())
            table.add_row(card.name, card.makes, escape(card.fault or card.help), clips)
        out.print(table)


def _say_values(schema: dict[str, Any]) -> None:
    table = Table("value", "what", "unit", "default")
    for key, each in schema.get("properties", {}).items():
        words = " · ".join(filter(None, (each.get("title", ""), each.get("description", ""))))
        table.add_row(key, escape(words), each.get("unit", ""), escape(repr(each.get("default"))))
    out.print(table)


def _typed(name: str) -> Column:
    """A column of what people type again: whole, however narrow the window."""
    return Column(name, overflow="fold", min_width=20)


def say_models(settings: Settings, as_json: bool) -> None:
    """Every model here, and the public ones that could be."""
    here, gate = all_models.listing(settings.model_folders()), Gate.of(settings)
    if as_json:
        say_json([_model_told(each, gate) for each in here])
        return
    table = Table(_typed("model"), "state", "does", "licence")
    for each in here:
        if each.card is None:
            table.add_row(each.name, f"broken: {escape(each.fault)}", "", "")
        else:
            does = ", ".join(sorted(each.card.reach.honours))
            state = READY[gate.standing(each.name, each.card.licence)]
            state += f", at {each.card.elsewhere}" if each.card.elsewhere else ""
            table.add_row(each.name, state, does, each.card.licence)
    names = {each.name for each in here}
    for card in all_models.known():
        if card.name not in names:
            does = ", ".join(sorted(card.reach.honours))
            table.add_row(card.name, f"to be fetched, {_size(card)}", does, card.licence)
    out.print(table)


def _size(card: ModelCard) -> str:
    return f"about {card.size_mb / 1000:.0f} GB"


def say_adapters(settings: Settings, as_json: bool) -> None:
    """Every adapter of the folder, broken ones with their reason."""
    here = adapters.listing(settings.adapters)
    if as_json:
        say_json([_adapter_told(each) for each in here])
        return
    table = Table(_typed("adapter"), "state", "for", "words", "licence", "rights")
    for each in here:
        adapter = each.adapter
        if adapter is None:
            table.add_row(escape(each.name), f"broken: {escape(each.fault)}", "", "", "", "")
        else:
            words = (adapter.bases, adapter.triggers, (adapter.licence,), (adapter.rights,))
            told = (escape(", ".join(each)) for each in words)
            table.add_row(escape(each.name), "ready", *told)
    out.print(table)


def _adapter_told(found: adapters.Found) -> dict[str, Any]:
    told: dict[str, Any] = {"name": found.name, "fault": found.fault}
    if found.adapter is None:
        return told
    adapter = found.adapter
    return told | adapters.Worn(adapter, adapter.weight).told() | {"base": list(adapter.bases)}


def _model_told(listed: all_models.Listed, gate: Gate) -> dict[str, Any]:
    told: dict[str, Any] = {"name": listed.name, "fault": listed.fault}
    if listed.card is None:
        return told
    card, reach = listed.card, listed.card.reach
    told |= {"title": card.title, "licence": card.licence, "training_data": card.training_data}
    told |= {"licence_standing": gate.standing(card.name, card.licence)}
    told |= {"source": card.source, "revision": card.revision, "note": card.note}
    told |= {"size_mb": card.size_mb, "sha256": card.sha256}
    told |= {"steps": card.steps, "guidance": card.guidance, "sources": sources_of(card.name)}
    told["reach"] = {
        "honours": sorted(reach.honours),
        "multiple": reach.multiple,
        "frames": {"base": reach.frames.base, "step": reach.frames.step,
                   "longest": reach.frames.longest},
        "area": reach.area,
        "context": reach.context,
        "references": reach.references,
        "anchors": reach.anchors,
        "holes": reach.holes,
        "memory_gb": reach.memory_gb,
    }  # fmt: skip
    return told


def say_doctor(settings: Settings, as_json: bool) -> bool:
    """What is here and what is missing; whether all that is needed is here."""
    found = checks(settings)
    if as_json:
        say_json([vars(each) for each in found])
    else:
        table = Table("what", "state", "found", "remedy")
        for each in found:
            table.add_row(each.what, each.state, escape(each.found), escape(each.remedy))
        out.print(table)
    return all(each.state != "missing" for each in found)


def say_bench(
    name: str,
    as_json: bool,
    footage: Path | None = None,
    soak: bool = False,
    device: str = "",
) -> None:
    """Measurements of one kind. Raises BadValue for a kind there is not."""
    told = measured(name, footage, soak, device)
    if as_json:
        say_json(told)
        return
    for key, number in told["figures"].items():
        say(f"{key:20} {number:.3f}")
    for key, words in told["conditions"].items():
        say(f"[dim]{key:20} {escape(str(words))}[/]")
