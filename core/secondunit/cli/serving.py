"""`secondunit serve`: the service, started by a person or by a panel."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from secondunit.cli.showing import say_aside
from secondunit.settings import Settings
from secondunit_contract.problem import PartMissing


def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one")] = 0,
    show: Annotated[bool, typer.Option("--open", help="Show the dailies in the browser")] = False,
    idle: Annotated[
        float | None,
        typer.Option(min=0, help="Seconds without work after which memory is given back"),
    ] = None,
    root: Annotated[
        list[Path] | None,
        typer.Option(
            "--root",
            envvar="SECONDUNIT_ROOTS",
            help="A folder jobs may use; all but the system's without",
        ),
    ] = None,
    cluster: Annotated[
        str,
        typer.Option(
            "--ray",
            metavar="ADDRESS",
            envvar="SECONDUNIT_RAY",
            help="Shoot on a Ray cluster, HEAD:6379 or auto, instead of on this machine",
        ),
    ] = "",
) -> None:
    """Serve panels, scripts and the dailies page, on this machine alone, until Ctrl-C."""
    try:
        from secondunit.service.serving import serve as serving
    except ImportError as error:
        raise PartMissing(
            f"The service needs a part that is not here: {error.name}",
            remedy="Install secondunit[service]",
        ) from error
    settings = Settings.found()
    if idle is not None:
        settings = replace(settings, idle_seconds=idle)
    serving(settings, say_aside, port, show, root or (), cluster)
