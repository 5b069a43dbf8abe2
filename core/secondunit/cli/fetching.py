"""`secondunit models …`: which models are here, and how to get one, allow it and take it away."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from secondunit import models as all_models
from secondunit.cli.listing import say_models
from secondunit.cli.shelf import as_markdown
from secondunit.cli.showing import err, say, say_aside, say_json, say_plain
from secondunit.settings import Settings
from secondunit.weights import bring, fetch
from secondunit.weights.catalogue import Entry, entries, entry_for, terms_of, wanted
from secondunit.weights.licence import Gate, words
from secondunit.weights.pins import Pins
from secondunit.weights.sources import Hub, Shelf, Source
from secondunit_contract.problem import BadValue, ModelUnknown

fetching = typer.Typer(help="The models here, and how to get one, allow it and take it away.")

Json = Annotated[bool, typer.Option("--json", help="For programs: JSON instead of words")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Yes to all that is asked, licences too")]
Name = Annotated[str, typer.Argument(metavar="MODEL", help="Its name in `secondunit models`")]


@fetching.callback(invoke_without_command=True)
def listed(
    context: typer.Context,
    as_json: Json = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="The catalogue as the table of docs/models.md")
    ] = False,
) -> None:
    """The models here, what they can do, their licences; and broken ones with their reason."""
    if context.invoked_subcommand is not None:
        return
    if markdown:
        say_plain(as_markdown(entries()))
    else:
        say_models(Settings.found(), as_json)


@fetching.command(name="pull")
def pulled(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A name of the catalogue, or OWNER/REPOSITORY")
    ],
    yes: Yes = False,
    revision: Annotated[str, typer.Option(help="Another revision than the newest; once")] = "",
    mirror: Annotated[
        str, typer.Option(help="Address of a mirror that speaks as the hub does; else HF_ENDPOINT")
    ] = "",
    folder: Annotated[
        Path | None, typer.Option("--from", help="A folder carried here instead of the network")
    ] = None,
    as_json: Json = False,
) -> None:
    """Fetch a model: shows size and licence and asks first; goes on where it was broken off."""
    settings = Settings.found()
    entry = _entry(model)
    source: Source = Shelf(folder) if folder else Hub(mirror)
    offer = fetch.offered(entry.name if entry else model, entry, source, settings, revision)
    name, plan = offer.name, offer.plan
    _tell(offer)
    plan.refuse_without_room()
    if plan.missing or offer.asks:
        agreeing = f" and agree to the licence of {name} for this studio" if offer.asks else ""
        _confirmed(f"Fetch {plan.missing / 1e9:.1f} GB{agreeing}?", yes)
    place = _taken(offer, source, settings, as_json)
    fetch.agree(offer, settings)
    if as_json:
        say_json({"name": name, "folder": str(place), "revision": plan.revision})
    else:
        say(escape(f"{name} is ready: secondunit shoot TASK -m {name}"))


@fetching.command(name="import")
def imported(
    folder: Annotated[Path, typer.Argument(help="A checkpoint, or a share with several in it")],
    name: Annotated[str, typer.Option(help="Its name here, where there is but one")] = "",
    copy: Annotated[
        bool, typer.Option("--copy", help="Copy the files here instead of linking to them")
    ] = False,
    as_json: Json = False,
) -> None:
    """Models that lie in a folder or on a share, looked through and listed from now on."""
    settings = Settings.found()
    found = bring.found_in(folder, copy)
    whole = [each for each in found if not each.fault]
    if name and len(whole) > 1:
        raise BadValue(
            f"There are {len(whole)} models in that folder, and one name for them",
            str(folder),
            "Leave the name out, or give the folder of one",
        )
    told = []
    for each in found:
        if each.fault:
            told.append({"name": each.name, "folder": str(each.folder), "fault": each.fault})
            continue
        put = bring.copied if copy else bring.linked
        place = put(each.folder, settings.models, name or each.name)
        told.append({"name": place.name, "folder": str(each.folder), "fault": ""})
    if as_json:
        say_json(told)
    for row in () if as_json else told:
        line = f"{row['name']}: {row['fault'] or 'is listed now, from ' + row['folder']}"
        say_aside(line) if row["fault"] else say(escape(line))
    if not whole:
        raise typer.Exit(1)


@fetching.command()
def remove(model: Name, yes: Yes = False) -> None:
    """Take a model away. Files of somebody's share stay; fetched and copied ones are deleted."""
    settings = Settings.found()
    _confirmed(f"Take {model} away?", yes)
    pin = Pins(settings.models).of(model) if "/" in model else None
    freed, gone = bring.removed(settings.models, pin.name if pin else model)
    what = f"{freed / 1e9:.1f} GB are free again" if gone else "its files stay where they are"
    say(escape(f"{model} is no longer listed; {what}"))


@fetching.command()
def allow(model: Name, yes: Yes = False) -> None:
    """Read a model's licence and agree to it, once for everybody who uses this data folder."""
    settings = Settings.found()
    gate = Gate.of(settings)
    name, title, licence, holder = _to_allow(model, settings)
    if gate.standing(name, licence) == "forbidden":
        gate.refuse(name, title, licence)
    if gate.standing(name, licence) != "asks":
        say(escape(f"{name} may be used already: {licence}"))
        return
    text = words(terms_of(licence), holder)
    say(escape(text))
    _confirmed(f"Agree to it for {name}?", yes)
    gate.agree(name, licence, text)
    say(escape(f"Written down. {name} may be used now."))


def _entry(model: str) -> Entry | None:
    """The catalogue's entry; None for a repository it does not have. Raises ModelUnknown."""
    if "/" not in model:
        return wanted(model)
    return entry_for(model)


def _to_allow(model: str, settings: Settings) -> tuple[str, str, str, str]:
    """(name, title, licence, where the licence lies) of a model that is here or in the catalogue.

    Raises ModelUnknown.
    """
    for card in all_models.cards(settings.model_folders()):
        if model in (card.name, card.source):
            return card.name, card.title, card.licence, card.source
    entry = _entry(model)
    if entry is None:
        raise ModelUnknown(
            f"There is no model called {model}", remedy="`secondunit models` lists them"
        )
    return entry.name, entry.title, entry.licence, entry.repository


def _tell(offer: fetch.Offer) -> None:
    """What would be fetched, and what it may be used for."""
    plan, entry, licence = offer.plan, offer.entry, offer.licence
    here = f", {plan.here / 1e9:.1f} GB of it here already" if plan.here else ""
    lines = [
        f"{entry.title if entry else plan.repository} · {plan.repository} at {plan.revision:.12}",
        f"{plan.size / 1e9:.1f} GB in {len(plan.wares)} files{here}, into {plan.cache}",
        f"{len(plan.left)} files are left there: only safetensors and text are fetched",
        *offer.words.splitlines(),
    ]
    if plan.licence and plan.licence.casefold() != licence.casefold():
        lines.append(f"its source calls the licence {plan.licence}")
    if entry:
        lines.append(f"trained on: {entry.training_data}")
        lines += [entry.note] if entry.note else []
    if not all_models.driven(plan.pipeline):
        lines.append(f"Nothing here shoots with {plan.pipeline} yet: it would only lie here")
    for line in lines:
        say_aside(line)


def _confirmed(question: str, yes: bool) -> None:
    """Ask, unless it is answered. Raises typer.Abort for a no, BadValue where nobody can answer."""
    if yes:
        return
    if not _someone_here():
        raise BadValue(f"{question} Nobody is here to answer", remedy="Add --yes")
    typer.confirm(question, abort=True, err=True)


def _someone_here() -> bool:
    return sys.stdin.isatty()


def _taken(offer: fetch.Offer, source: Source, settings: Settings, silent: bool) -> Path:
    """Fetch with a bar. Ctrl-C leaves what is there, and the next time goes on from it."""
    columns = (
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
        TimeRemainingColumn(),
    )  # fmt: skip
    hidden = silent or not err.is_terminal
    try:
        with Progress(*columns, console=err, disable=hidden, transient=True) as progress:
            bar = progress.add_task("", total=offer.plan.size, completed=offer.plan.here)

            def heard(done: int, total: int, path: str) -> None:
                progress.update(bar, completed=done, total=total, description=escape(path[-40:]))

            return fetch.take(offer, source, settings, heard)
    except KeyboardInterrupt:
        say_aside("Stopped. What was fetched is kept: the same command goes on from there.")
        raise typer.Exit(130) from None
