"""`secondunit cut …`: cuts into other applications and back, and what became of them on the way."""

from __future__ import annotations

import io
import json
from contextlib import suppress
from csv import DictReader
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from secondunit.callsheet import Size
from secondunit.cli.showing import Telling, say, say_aside, say_json, say_plain
from secondunit.cli.stopping import stopping
from secondunit.media.landing import Landing, discard, land
from secondunit.media.refusals import writing
from secondunit_contract.frames import Rate
from secondunit_contract.problem import BadValue, TakeThere
from secondunit_otio import Cut
from secondunit_otio.findings import Finding
from secondunit_otio.flavours import HOSTS, flavour, opened, returned

cutting = typer.Typer(
    help="Cuts into other applications and back, and what became of them on the way.",
    no_args_is_help=True,
)

Json = Annotated[bool, typer.Option("--json", help="For programs: JSON instead of words")]
Output = Annotated[Path, typer.Option("--output", "-o", help="Where the result goes; a new file")]
Master = Annotated[Path, typer.Argument(help="The .otio that everything is made from")]
Came = Annotated[Path, typer.Argument(help="What came back: .otio, .xml, .fcpxml, .edl, .aaf")]
From = Annotated[str, typer.Option("--from", help=f"Where it was: {', '.join(HOSTS)}")]
RateOption = Annotated[
    str, typer.Option("--rate", help="Frames a second, where the file does not say: edit lists")
]


@cutting.command()
def report(
    master: Master,
    came: Came,
    host: From = "",
    picture: Annotated[
        Path | None, typer.Option(help="A picture of the cut, too: .svg or .png")
    ] = None,
    rate: RateOption = "",
    as_json: Json = False,
) -> None:
    """What came back, what was lost and where, per clip."""
    from secondunit_otio.report import compared

    cut = opened(master)
    told = compared(cut, _came(came, rate, cut), host)
    if picture is not None:
        _put(picture, _picture(cut, told.findings, picture), master)
    if as_json:
        say_json(told.to_json())
    else:
        say_plain(told.text())


@cutting.command(name="flavour")
def make_flavour(
    cut: Master,
    host: Annotated[str, typer.Option("--for", help=f"One of {', '.join(HOSTS)}")],
    output: Output,
    slates: Annotated[
        Path | None, typer.Option(help="Folder for the slates of what is not shot; OUT_slates")
    ] = None,
    size: Annotated[str, typer.Option(help="Of the slates")] = "1920x1080",
    as_json: Json = False,
) -> None:
    """The cut as an application can open it, with real slates for what is not shot yet."""
    from secondunit.timeline.slates import make_slates

    _refuse_taken(output, cut)
    folder = (slates or output.with_name(output.stem + "_slates")).absolute()
    made = flavour(opened(cut), host, str(folder))
    if output.suffix.lower() != made.suffix:
        raise BadValue(
            f"{made.host} opens {made.suffix} files", str(output), f"Name it {made.suffix}"
        )
    with Telling() as telling, stopping() as cancel:
        shot = make_slates(made.slates, _size(size), telling, cancel)
    _put(output, made.data, cut)
    _tell(
        {"output": str(output), "host": made.host, "slates": [each.path for each in made.slates]},
        made.findings,
        [f"{len(shot)} of {len(made.slates)} slates made in {folder}"] if made.slates else [],
        as_json,
    )


@cutting.command(name="graft")
def put_back(
    master: Master,
    came: Came,
    host: Annotated[str, typer.Option("--from", help=f"Where it was: {', '.join(HOSTS)}")],
    output: Output,
    rate: RateOption = "",
    as_json: Json = False,
) -> None:
    """What an editor did to our clips in another application, put onto the master as a new file."""
    _refuse_taken(output, master, came)
    cut = opened(master)
    back = returned(cut, _came(came, rate, cut), host)
    _put(output, back.text.encode("utf-8", "surrogatepass"), master)
    _tell({"output": str(output)}, back.findings, [], as_json)


@cutting.command()
def diff(
    old: Annotated[Path, typer.Argument(help="The cut the takes were shot for")],
    new: Annotated[Path, typer.Argument(help="The cut as it is now")],
    shoot: Annotated[
        bool, typer.Option("--shoot", help="Shoot the frames that takes in use lack, no others")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The new cut with the takes that grew")
    ] = None,
    takes: Annotated[Path | None, typer.Option(help="Folder for the takes; OUT_takes")] = None,
    model: Annotated[str, typer.Option("--model", "-m")] = "",
    steps: Annotated[int | None, typer.Option(min=1, max=1000)] = None,
    rate: RateOption = "",
    as_json: Json = False,
) -> None:
    """Which takes still fit after a re-cut, which need more frames, which have lost their clip."""
    from secondunit_otio.report.conform import diff as conformed

    now = opened(new, rate=rate or None)
    told = conformed(opened(old, rate=rate or None), now)
    if not shoot:
        if as_json:
            say_json(told.to_json())
        else:
            say_plain(told.text())
        return
    if output is None:
        raise BadValue("No place for the cut was given", remedy="Add -o OUT.otio")
    _refuse_taken(output, old, new)
    _shoot(told, now, output, takes, model, steps, as_json)


def _shoot(
    told: Any, now: Cut, output: Path, takes: Path | None, model: str, steps: int | None,
    lines: bool,
) -> None:  # fmt: skip
    from secondunit.engine.local import Engine
    from secondunit.settings import Settings
    from secondunit.timeline.reshoot import Reshooting

    folder = takes or output.with_name(output.stem + "_takes")
    with Telling(lines) as telling, stopping() as cancel:
        reshooting = Reshooting(Engine(Settings.found()), telling, cancel, model, steps)
        done = reshooting.shoot(told, now, output, folder)
    if not lines:
        say(escape(done.report()))
    if done.failed:
        raise typer.Exit(3 if done.grown else 1)


@cutting.command()
def preview(
    cut: Annotated[Path, typer.Argument(help="Any cut that can be read")],
    output: Output,
    size: Annotated[str, typer.Option(help="As 1280x720; the cut's own, up to 1920x1080")] = "",
    rate: RateOption = "",
    burn_in: Annotated[
        bool, typer.Option("--burn-in", help="Timecode and clip names in the picture")
    ] = False,
    as_json: Json = False,
) -> None:
    """The cut as a movie to look at: retimes, dissolves, slates; what is offline is said."""
    from secondunit.timeline.preview import preview as previewed

    _refuse_taken(output, cut)
    there = opened(cut, rate=rate or None)
    own_rate = Rate.of(rate) if rate else None
    with Telling() as telling, stopping() as cancel:
        done = previewed(
            there, output, _size(size) if size else None, own_rate, burn_in, telling, cancel
        )
    if as_json:
        say_json(done.to_json())
        return
    say(f"{done.frames} frames at {done.rate}, {done.size.width}x{done.size.height}: "
        f"{escape(str(output))}")  # fmt: skip
    for each in done.unseen:
        say(escape(f"not seen: {each}"))


@cutting.command()
def pull(
    cut: Annotated[Path, typer.Argument(help="Any cut that can be read")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A new .csv or .ale; without, shown")
    ] = None,
    handles: Annotated[int, typer.Option(min=0, max=10_000, help="Frames more at both ends")] = 0,
    merged: Annotated[
        bool, typer.Option("--merged", help="Pulls of one source that touch become one")
    ] = False,
    ale_rate: Annotated[
        str, typer.Option(help="Of an .ale, which holds sources of one rate alone")
    ] = "",
    rate: RateOption = "",
    as_json: Json = False,
) -> None:
    """What has to be pulled from the camera's material: a list of clips with reel and timecode."""
    from secondunit_otio.report import pull as pulling

    if output is not None:
        _refuse_taken(output, cut)
    kind = output.suffix.lower() if output else ".csv"
    if kind not in (".csv", ".ale"):
        raise BadValue("A pull list is a .csv or an .ale", str(output), "Name it so")
    there = opened(cut, rate=rate or None)
    if kind == ".ale":
        text = pulling.ale(there, Rate.of(ale_rate) if ale_rate else None, handles, merged)
    else:
        text = pulling.csv(there, handles, merged)
    if output is not None:
        _put(output, text.encode(), cut)
        say(escape(f"pull list: {output}"))
    elif as_json:
        say_json(list(DictReader(io.StringIO(text))))
    else:
        say_plain(text)


def _came(path: Path, rate: str, master: Cut) -> Cut:
    """What came back; an edit list, which says no rate, at the master's."""
    if not rate:
        from secondunit.timeline.preview import rate_of_cut
        from secondunit_contract.problem import CutProblem

        with suppress(CutProblem):
            return opened(path, rate=rate_of_cut(master))
    return opened(path, rate=rate or None)


def _picture(cut: Cut, findings: tuple[Finding, ...], path: Path) -> bytes:
    from secondunit_otio.report import picture

    if path.suffix.lower() == ".png":
        return bytes(picture.png(cut, findings))
    if path.suffix.lower() == ".svg":
        return str(picture.svg(cut, findings)).encode()
    raise BadValue("A picture is an .svg or a .png", str(path), "Name it so")


def _tell(
    head: dict[str, Any], findings: tuple[Finding, ...], words: list[str], as_json: bool
) -> None:
    if as_json:
        say_plain(json.dumps(head | {"findings": [each.to_json() for each in findings]}, indent=2))
        return
    for each in findings:
        if each.kind != "kept":
            place = " · ".join(filter(None, (each.track, each.clip)))
            say_plain(f"{each.kind:9} {place}: {each.what}" if place else each.what)
    for line in words:
        say_aside(line)
    say(escape(f"cut: {head['output']}"))


def _size(told: str) -> Size:
    wide, cross, tall = told.lower().partition("x")
    if not (cross and wide.isdecimal() and tall.isdecimal()):
        raise BadValue(f"{told!r} is no size", remedy="Write it as 1280x720")
    size = Size(int(wide), int(tall))
    if not (min(size) >= 16 and max(size) <= 8192):
        raise BadValue(f"A picture of {told}", remedy="Give sides from 16 to 8192 pixels")
    return size


def _refuse_taken(output: Path, *sources: Path) -> None:
    """Raise BadValue for a source, TakeThere for any file that is there."""
    for source in sources:
        with suppress(OSError):
            if output.exists() and output.samefile(source):
                raise BadValue(
                    "The master is never written over", str(output), "Give a new name with -o"
                )
    if output.exists():
        raise TakeThere("There is such a file already", str(output), "Give a new name")


def _put(path: Path, data: bytes, *sources: Path) -> None:
    """A new file, whole or not at all. Raises DiskFull, NotWritable, TakeThere."""
    _refuse_taken(path, *sources)
    landing = Landing.at(path)
    try:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            landing.under_way.write_bytes(data)
            land([landing])
    except BaseException:
        discard([landing])
        raise
