"""`secondunit install|uninstall|conformance`: Second Unit in the applications of this machine."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from secondunit.cli.showing import say, say_aside
from secondunit.hosts import Computer, way_into
from secondunit.settings import Settings

Name = Annotated[str, typer.Argument(metavar="HOST", help="nuke, resolve or blender")]


def install(host: Name) -> None:
    """Put Second Unit into an application, for you alone; tells what it changed."""
    way, computer = way_into(host), _computer()
    for line in way.install(computer):
        say(escape(line))
    found = way.found(computer)
    for each in found:
        say_aside(f"{each.name} {each.version} at {each.path} {each.remark}".strip())
    if not found:
        say_aside(f"{way.title} was not found in its usual places; it may stand elsewhere")
    say(f"Start {way.title} anew.")


def uninstall(host: Name) -> None:
    """Take Second Unit out of an application; takes and settings stay."""
    way = way_into(host)
    told = way.uninstall(_computer())
    for each in told or [f"Second Unit is not in {way.title}"]:
        say(escape(each))


def conformance(
    host: Name,
    output: Annotated[Path, typer.Option("--output", "-o", help="The answers, as JSON")] = Path(
        "conformance.json"
    ),
    show: Annotated[bool, typer.Option("--show", help="Only tell the command")] = False,
) -> None:
    """Ask the real application what only it can answer; writes and removes things of its own."""
    command, before = way_into(host).conformance(_computer(), output.absolute())
    if before:
        say_aside(before)
    if show:
        say(escape(subprocess.list2cmdline(command)))
        return
    try:
        done = subprocess.run(command, check=False)
    except OSError as error:
        say_aside(f"{command[0]} cannot be started: {error.strerror}")
        raise typer.Exit(1) from error
    if done.returncode == 0:
        say(escape(f"{output}"))
    raise typer.Exit(done.returncode)


def _computer() -> Computer:
    return Computer(Settings.found().data)
