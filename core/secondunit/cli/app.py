"""The commands."""

from __future__ import annotations

import json
import signal
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from secondunit.cli.clips import clip, named, value
from secondunit.cli.listing import say_bench, say_doctor, say_models, say_tasks
from secondunit.cli.showing import Telling, say, say_aside
from secondunit.engine.local import Engine
from secondunit.engine.watching import Cancel
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


Json = Annotated[bool, typer.Option("--json", help="For programs: JSON instead of words")]
ModelOption = Annotated[str, typer.Option("--model", "-m", help="Name, folder or repository id")]
Output = Annotated[Path, typer.Option("--output", "-o", help="Where the result goes")]
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
    previews: Previews = None,
    lines: Json = False,
) -> None:
    """Shoot one job: a task on a plate."""
    if task.endswith(".json"):
        job = _job_file(Path(task))
    else:
        inputs = dict(named(each) for each in clips or [])
        if media:
            inputs["plate"] = clip(media, frames, rate, colour_space)
        values = dict(value(each) for each in settings or [])
        if not output:
            raise BadValue("No place for the take was given", remedy="Add -o OUT")
        if Path(output).is_dir():
            raise BadValue("That is a folder", output, "Name the take in it, as in FOLDER/take")
        job = Job(
            task,
            output,
            inputs=inputs,
            values=values,
            model=model,
            seed=seed,
            takes=takes,
            steps=steps,
            guidance=guidance,
            codec=codec,
        )
    _finish(_run(job, previews, lines))


@app.command()
def rerun(
    take: Annotated[Path, typer.Argument(help="The side-car of a take: NAME.take.json")],
    output: Annotated[str, typer.Option("--output", "-o", help="Path of the new take")] = "",
    lines: Json = False,
) -> None:
    """Shoot a take again from its side-car: the same bits on the same machine."""
    story = sidecar.read(take)
    job = sidecar.job_of(story)
    path = Path(job.output)
    again = output or str(
        path.with_name(f"{path.name.partition('.')[0]}_again" + "".join(path.suffixes))
    )
    # As many threads as then: the last bits hang on it.
    settings = replace(Settings.found(), threads=sidecar.threads_of(story))
    made = _run(Job(**{**vars(job), "output": again}), None, lines, settings)
    for each in made:
        now = sidecar.read(Path(each.sidecar)).get("inputs", {})
        for name in sidecar.changed_inputs(story, now):
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
def models(as_json: Json = False) -> None:
    """The models here, what they can do, their licences; and broken ones with their reason."""
    say_models(Settings.found(), as_json)


@app.command()
def doctor(as_json: Json = False) -> None:
    """What is here, what is missing, and what to do about it."""
    if not say_doctor(Settings.found(), as_json):
        raise typer.Exit(1)


@app.command()
def bench(
    name: Annotated[str, typer.Argument(help="overhead, media, timeline, starter or matte")],
    footage: Annotated[
        Path | None, typer.Option("--footage", help="Folder of the sample footage, for matte")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure this machine: ratios, side by side in one run."""
    say_bench(name, as_json, footage)


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


class stopping:  # noqa: N801 - reads as a word of the with statement
    """Inside, Ctrl-C asks the model to stop; a second one stops the program."""

    def __enter__(self) -> Cancel:
        self._cancel = Cancel()
        self._before = signal.signal(signal.SIGINT, self._asked)
        return self._cancel

    def __exit__(self, *told: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _asked(self, number: int, frame: object) -> None:
        say_aside("Stopping; press again to stop at once")
        self._cancel.wish()
        signal.signal(signal.SIGINT, self._before)
