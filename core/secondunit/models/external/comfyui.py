"""ComfyUI: the artist's own workflow, filled in and queued over there.

Files go to /upload/image, the graph to /prompt; /ws tells how far it is, /history when it is done,
/view gives what it made. What is not wanted any more is taken out of /queue, or sent /interrupt.
"""

from __future__ import annotations

import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

from secondunit.callsheet import Watch
from secondunit.models.external import graph
from secondunit.models.external.described import LAID_IN, Engine, Role
from secondunit.models.external.graph import Graph
from secondunit.models.external.handing import Handed
from secondunit.models.external.model import External, Patience
from secondunit.models.external.progress import Progress
from secondunit.models.external.wire import plain
from secondunit_contract.problem import EngineAway, EngineRefused, ModelUnfit

_PICTURED: frozenset[Role] = frozenset({"plate", "mask", "guide", "first", "last", "references"})
_MADE = ("images", "gifs", "videos", "video")
"""What nodes call the files they made; "gifs" are movies too."""

_QUICKLY = 5.0  # seconds that a farewell may take
_LOOKS_BEFORE_LOST = 3  # at a job that is neither waiting, nor at work, nor done


class ComfyUI(External):
    """One workflow of a ComfyUI."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._client = uuid.uuid4().hex
        self._needed: dict[str, frozenset[str]] = {}

    def versions(self) -> dict[str, str]:
        """ComfyUI's own."""
        try:
            system = self.wire.told("GET", "/system_stats").get("system")
        except (EngineAway, EngineRefused):  # a side-car goes without
            return {}
        told = system.get("comfyui_version") if isinstance(system, dict) else None
        return {"comfyui": str(told)} if told else {}

    def take_over(self, files: list[Handed], watch: Watch) -> Graph:
        """The workflow with the files in it, and without the nodes whose files are not given."""
        values: dict[tuple[str, str], Any] = {}
        for each in files:
            watch.check()
            values[self._place(each.place)] = self._uploaded(each)
        own = self.engine.told.inputs
        places = {self._place(p) for role in _PICTURED for p in own.get(role, ()) if p != LAID_IN}
        gone = {node for node, _ in places - set(values)}
        whole = graph.filled(self.engine.workflow, values)
        left = graph.without(whole, sorted(gone), self._needs) if gone else whole
        self._refuse_unheard(left, {node for node, _ in values})
        return left

    def make(
        self, there: Graph, words: dict[Role, Any], take: int, folder: Path, watch: Watch
    ) -> list[Path]:
        """Queue one take, wait for it and fetch it. Raises EngineAway, EngineRefused."""
        progress = Progress.of(self.wire, self.engine, self._client, self._samplers(there))
        try:
            name = self._queued(graph.filled(there, self._told(there, words)))
            try:
                made = self._wait(name, progress, take, watch)
                files = [self._fetched(each, at, folder, watch) for at, each in enumerate(made)]
            except BaseException:
                self._stop(name)
                raise
            with suppress(EngineAway, EngineRefused):
                self.wire.call("POST", "/history", _QUICKLY, json={"delete": [name]})
            return files
        finally:
            progress.close()

    def _place(self, told: str) -> tuple[str, str]:
        return graph.place_of(self.engine.workflow, told, str(self.engine.path))

    @property
    def _output(self) -> str:
        told = self.engine.told.output
        return graph.node_of(self.engine.workflow, told, str(self.engine.path))

    def _uploaded(self, each: Handed) -> str:
        """The file's name over there, as nodes that load one want it."""
        kept = self.engine.told.uploads
        with each.path.open("rb") as file:
            told = self.wire.told(
                "POST",
                "/upload/image",
                files={"image": (each.path.name, file)},
                data={"type": kept, "overwrite": "true"},
            )
        name, folder = told.get("name"), told.get("subfolder")
        if not isinstance(name, str):
            raise self.wire.nonsense(str(told))
        whole = f"{folder}/{name}" if folder else name
        return f"{whole} [temp]" if kept == "temp" else whole

    def _needs(self, kind: str) -> frozenset[str]:
        """The inputs that a class of nodes cannot do without."""
        if kind not in self._needed:
            told = self.wire.told("GET", f"/object_info/{kind}").get(kind)
            entries = told.get("input") if isinstance(told, dict) else None
            needed = entries.get("required") if isinstance(entries, dict) else None
            self._needed[kind] = frozenset(needed if isinstance(needed, dict) else ())
        return self._needed[kind]

    def _refuse_unheard(self, left: Graph, given: set[str]) -> None:
        """What is given must be heard: its nodes are still there, and lead to the output."""
        heard = graph.behind(left, self._output)
        if self._output in left and given <= heard:
            return
        raise ModelUnfit(
            f"The workflow of {self.engine.title} cannot do without a picture it is not given here",
            str(self.engine.path),
            "Give what it loads, or use a workflow whose nodes can do without",
        )

    def _told(self, there: Graph, words: dict[Role, Any]) -> dict[tuple[str, str], Any]:
        places = {
            self._place(place): value
            for role, value in words.items()
            for place in self.engine.told.inputs.get(role, ())
        }
        return {place: value for place, value in places.items() if place[0] in there}

    def _samplers(self, there: Graph) -> frozenset[str]:
        """The nodes whose steps are the work: those that are told a seed or steps."""
        inputs = self.engine.told.inputs
        places = (*inputs.get("steps", ()), *inputs.get("seed", ()))
        return frozenset(self._place(each)[0] for each in places) & set(there)

    def _queued(self, whole: Graph) -> str:
        """The job's name over there. Raises EngineRefused where the graph is not accepted."""
        told = self.wire.told("POST", "/prompt", json={"prompt": whole, "client_id": self._client})
        name, faults = told.get("prompt_id"), told.get("node_errors")
        if not isinstance(name, str):
            raise self.wire.nonsense(str(told))
        if isinstance(faults, dict) and any(self._ours(each) for each in faults.values()):
            self._stop(name)
            raise EngineRefused(
                f"{self.wire.title} refused: {plain(told)}",
                self.wire.url,
                "Correct these nodes of the workflow, and export it again",
            )
        return name

    def _ours(self, fault: Any) -> bool:
        return not isinstance(fault, dict) or self._output in fault.get("dependent_outputs", ())

    def _wait(self, name: str, progress: Progress, take: int, watch: Watch) -> list[dict[str, Any]]:
        """The files that the output node made."""
        patience, nowhere = Patience(self), 0
        while True:
            try:
                done = self._history(name)
                patience.heard()
                if done is not None:
                    progress.finish(name, take, watch)
                    return self._made(done)
                nowhere = 0 if self._under_way(name) else nowhere + 1
            except EngineAway as away:
                patience.unheard(away)
            if nowhere >= _LOOKS_BEFORE_LOST:
                raise EngineAway(
                    f"{self.wire.title} knows nothing of the take any more",
                    self.wire.url,
                    "It may have been restarted, or its queue cleared: shoot again",
                )
            until = time.monotonic() + patience.longer()
            while (left := until - time.monotonic()) > 0:
                watch.check()
                if progress.listen(min(left, 0.2), name, take, watch):
                    break

    def _history(self, name: str) -> dict[str, Any] | None:
        """What came of it, once it is over. Raises EngineRefused where it failed there."""
        told = self.wire.told("GET", f"/history/{name}").get(name)
        if not isinstance(told, dict):
            return None
        status = told.get("status")
        if isinstance(status, dict) and status.get("status_str") == "error":
            raise EngineRefused(
                f"{self.wire.title} could not make it: {_why(status)}",
                self.wire.url,
                "What it says tells what is wrong; its own window tells more",
            )
        return told

    def _under_way(self, name: str) -> bool:
        told = self.wire.told("GET", "/queue")
        return _in(told.get("queue_running"), name) or _in(told.get("queue_pending"), name)

    def _made(self, done: dict[str, Any]) -> list[dict[str, Any]]:
        outputs = done.get("outputs")
        told = outputs.get(self._output) if isinstance(outputs, dict) else None
        for kind in _MADE:
            files = told.get(kind) if isinstance(told, dict) else None
            if isinstance(files, list) and files and all(isinstance(each, dict) for each in files):
                return files
        raise EngineRefused(
            f"Node {self.engine.told.output} of the workflow gave no pictures",
            str(self.engine.path),
            "Say in output which node saves or previews what was made",
        )

    def _fetched(self, told: dict[str, Any], at: int, folder: Path, watch: Watch) -> Path:
        name = str(told.get("filename", ""))
        into = folder / f"made_{at:05}{Path(name).suffix}"
        asked = {"filename": name, "subfolder": str(told.get("subfolder", ""))}
        asked["type"] = str(told.get("type", "output"))
        return self.wire.fetch("/view", into, watch, params=asked)

    def _stop(self, name: str) -> None:
        """Take it out of the queue; where it is at work already, interrupt it and nobody else."""
        with suppress(EngineAway, EngineRefused):
            self.wire.call("POST", "/queue", _QUICKLY, json={"delete": [name]})
            told = self.wire.told("GET", "/queue", answer=_QUICKLY)
            if _in(told.get("queue_running"), name):
                self.wire.call("POST", "/interrupt", _QUICKLY, json={"prompt_id": name})


def _in(queue: Any, name: str) -> bool:
    entries = queue if isinstance(queue, list) else []
    return any(isinstance(each, list) and name in each[1:2] for each in entries)


def _why(status: dict[str, Any]) -> str:
    for message in status.get("messages", ()):
        if not isinstance(message, list) or len(message) != 2 or not isinstance(message[1], dict):
            continue
        kind, told = message
        if kind == "execution_error":
            node = f"node {told.get('node_id')} ({told.get('node_type')})"
            return f"{node}: {str(told.get('exception_message', '')).strip()[:300]}"
        if kind == "execution_interrupted":
            return "it was interrupted over there"
    return "it does not say why"
