"""The commands."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from secondunit.cli.clips import clip, named, value
from secondunit.cli.cutting import cutting
from secondunit.cli.fetching import fetching
from secondunit.cli.hosting import conformance, install, uninstall
from secondunit.cli.listing import say_adapters, say_bench, say_doctor, say_tasks
from secondunit.cli.panelling import panel
from secondunit.cli.serving import serve
from secondunit.cli.shooting import problems_told, shot, there
from secondunit.cli.showing import Telling, say, say_aside
from secondunit.cli.stopping import stopping
from secondunit.engine.local import Engine
from secondunit.engine.paths import back, job_there
from secondunit.ledger import sidecar
from secondunit.settings import Settings
from secondunit.timeline.render import Rendering
from secondunit_contract.job import Job, Take
from secondunit_contract.problem import BadValue, MediaMissing, MediaUnreadable
from secondunit_contract.wire import from_json

app = typer.Typer(
    help="Second Unit: inserts, extensions, clean plates and mattes from general video models.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.command()(serve)
app.command()(panel)
for _each in (install, uninstall, conformance):
    app.command()(_each)
app.add_typer(cutting, name="cut")
app.add_typer(fetching, name="models")

Json = Annotated[bool, typer.Option("--json", help="For programs: JSON instead of words")]
ModelOption = Annotated[str, typer.Option("--model", "-m", help="Name, folder or repository id")]
Output = Annotated[Path, typer.Option("--output", "-o", help="Where the result goes")]
OneTake = Annotated[int | None, typer.Option("--take", help="This take of the job alone")]
Paths = Annotated[
    str, typer.Option("--paths", help="/named=/here;…, or a farm's file of rules: where files lie")
]
Farm = Annotated[
    bool, typer.Option("--farm", help="Tell progress as farms read it; leave takes that stand")
]
Previews = Annotated[Path | None, typer.Option("--previews", help="Folder for pictures on the way")]


@app.command()
def shoot(
    task: Annotated[str, typer.Argument(help="A task's name, or a job.json")],
    media: Annotated[
        str, typer.Option("--in", "-i", help="The plate: a movie, a still, a sequence")
    ] = "",
    frames: Annotated[str, typer.Option("--range", "-r", help="1001-1010, or timecodes")] = "",
    settings: Annotated[list[str] | None, typer.Option("--set", "-s", help="key=value")] = None,
    clips: Annotated[
        list[str] | None, typer.Option("--with", "-w", help="name=path[@frames]")
    ] = None,
    output: Annotated[
        str, typer.Option("--output", "-o", help="Path of the take; {take} is its number")
    ] = "",
    model: ModelOption = "",
    seed: Annotated[int, typer.Option(help="Same seed, same bits")] = 0,
    takes: Annotated[int, typer.Option(min=1, max=1000)] = 1,
    steps: Annotated[int | None, typer.Option(min=1, max=1000)] = None,
    guidance: Annotated[float | None, typer.Option(min=0, max=100)] = None,
    rate: Annotated[str, typer.Option(help="Frames a second, where the media does not say")] = "",
    colour_space: Annotated[str, typer.Option(help="OCIO name, where the media does not say")] = "",
    codec: Annotated[str, typer.Option(help="ffv1, prores4444, h264, exr, dpx, tiff, png")] = "",
    adapters: Annotated[
        list[str] | None,
        typer.Option("--adapter", "-a", help="LoRA to wear: NAME:0.8, or its file"),
    ] = None,
    previews: Previews = None,
    take: OneTake = None,
    paths: Paths = "",
    farm: Farm = False,
    lines: Json = False,
) -> None:
    """Shoot one job: a task on a plate.

    Ends with 0 when all takes are there, 1 when a problem came before the first, 2 when misused,
    3 when some takes are there, 130 when it was stopped.
    """
    with problems_told(farm):
        if task.endswith(".json"):
            job = there(_job_file(Path(task)), paths)
        else:
            inputs = dict(named(each) for each in clips or [])
            if media:
                inputs["plate"] = clip(media, frames, rate, colour_space)
            values = dict(value(each) for each in settings or [])
            job = Job(
                task, _take_name(output), "", inputs, values, model, seed, takes,
                steps=steps, guidance=guidance, codec=codec, adapters=tuple(adapters or ()),
            )  # fmt: skip
        with Telling(lines) as telling, stopping() as cancel:
            engine = Engine(None, previews, learnt=Settings.found().data / "learnt")
            ending = shot(job, take, farm, engine, telling, cancel)
    if ending.takes and not lines:
        say(f"contact sheet: {escape(ending.takes[-1].sheet)}")
    raise typer.Exit(ending.code)


@app.command()
def rerun(
    take: Annotated[Path, typer.Argument(help="The side-car of a take: NAME.take.json")],
    output: Annotated[str, typer.Option("--output", "-o", help="Path of the new take")] = "",
    lines: Json = False,
) -> None:
    """Shoot a take again from its side-car: the same bits on the same machine."""
    story = sidecar.read(take)
    found = Settings.found()
    # A cluster's machine tells of paths by the names they have there.
    job = job_there(sidecar.job_of(story), back(found.path_map))
    path = Path(job.output)
    again = output or str(
        path.with_name(f"{path.name.partition('.')[0]}_again" + "".join(path.suffixes))
    )
    # As many threads as then: the last bits hang on it.
    settings = replace(found, threads=sidecar.threads_of(story))
    made = _run(Job(**{**vars(job), "output": again}), None, lines, settings)
    for each in made:
        now = sidecar.read(Path(each.sidecar))
        changed = sidecar.changed_inputs(story, now.get("inputs", {}))
        for name in changed + sidecar.changed_adapters(story, now):
            say_aside(f"The {name} is not the file it was: this take may differ")
    _finish(made)


@app.command()
def render(
    cut: Annotated[Path, typer.Argument(help="The .otio with requests in it")],
    output: Output,
    takes: Annotated[
        Path | None, typer.Option("--takes", help="Folder for the takes; OUT_takes")
    ] = None,
    model: ModelOption = "",
    steps: Annotated[int | None, typer.Option(min=1, max=1000)] = None,
    previews: Previews = None,
    lines: Json = False,
) -> None:
    """Shoot every request of a cut, and write the cut with the takes in it."""
    with Telling(lines) as telling, stopping() as cancel:
        rendering = Rendering(Engine(Settings.found(), previews), telling, cancel, model, steps)
        done = rendering.render(cut, output, takes or output.with_name(output.stem + "_takes"))
    if not lines:
        say(escape(done.report()))
    if done.failed or done.left:
        raise typer.Exit(3 if done.rendered or done.standing else 1)


@app.command()
def tasks(
    name: Annotated[str, typer.Argument(help="One task's values in full")] = "",
    as_json: Json = False,
) -> None:
    """What can be asked for, and each task's values."""
    say_tasks(name, as_json)


@app.command()
def adapters(as_json: Json = False) -> None:
    """The adapters (LoRAs) here, for which models, with which rights; and broken ones."""
    say_adapters(Settings.found(), as_json)


@app.command()
def doctor(as_json: Json = False) -> None:
    """What is here, what is missing, and what to do about it."""
    if not say_doctor(Settings.found(), as_json):
        raise typer.Exit(1)


@app.command()
def bench(
    name: Annotated[
        str,
        typer.Argument(
            help="engine, exchange, matte, media, overhead, panel, shoot, standins, starter, "
            "timeline"
        ),
    ],
    footage: Annotated[
        Path | None, typer.Option("--footage", help="Folder of the samples, for matte")
    ] = None,
    soak: Annotated[
        bool, typer.Option("--soak", help="For engine: 1,000 jobs and 50 kills; half an hour")
    ] = False,
    device: Annotated[str, typer.Option("--device", help="For shoot: cpu or cuda")] = "",
    as_json: Json = False,
) -> None:
    """Measure this machine: ratios, side by side in one run."""
    say_bench(name, as_json, footage, soak, device)


@app.command()
def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for all of it")] = Path(
        "demo-out"
    ),
) -> None:
    """Shoot a small cut with a request of each kind, with the model that comes along."""
    from secondunit.demo import shown

    with Telling() as telling, stopping() as cancel:
        done = shown(output, telling, cancel)
    say(escape(done.text))
    if done.failed:
        raise typer.Exit(1)


def _run(
    job: Job, previews: Path | None, lines: bool, settings: Settings | None = None
) -> list[Take]:
    with Telling(lines) as telling, stopping() as cancel:
        made = Engine(settings, previews).run(job, telling, cancel)
    if made and not lines:
        say(f"contact sheet: {escape(made[-1].sheet)}")
    return made


def _take_name(output: str) -> str:
    """A take's path as a person gave it."""
    if not output:
        raise BadValue("No place for the take was given", remedy="Add -o OUT")
    if Path(output).is_dir():
        raise BadValue("That is a folder", output, "Name the take in it, as in FOLDER/take")
    return output


def _finish(made: list[Take]) -> None:
    if not made:
        raise typer.Exit(1)


def _job_file(path: Path) -> Job:
    try:
        return from_json(Job, json.loads(path.read_text("utf-8")))
    except FileNotFoundError as error:
        raise MediaMissing("There is no such job", str(path), "Check the path") from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise MediaUnreadable(
            "This is no job",
            f"{path}: {error}",
            "Give a job as a panel writes it, or a task's name",
        ) from error
