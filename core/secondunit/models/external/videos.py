"""An OpenAI-style video server: POST /v1/videos, ask how far it is, fetch its content, delete it.

As SGLang-Diffusion and vLLM-Omni speak it.
"""

from __future__ import annotations

import json
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from secondunit.callsheet import Watch
from secondunit.models.external.described import Role
from secondunit.models.external.handing import Handed
from secondunit.models.external.model import PERCENT, External, Patience
from secondunit.models.external.wire import plain
from secondunit_contract.problem import EngineAway, EngineRefused, Problem

_PATH = "/v1/videos"
_DONE = frozenset({"completed", "succeeded"})
_FAILED = frozenset({"failed", "error", "cancelled", "canceled", "expired", "deleted"})
_UNKNOWN = 404
_QUICKLY = 5.0  # seconds that a farewell may take
_KINDS = {".png": "image/png", ".mov": "video/quicktime"}


class Videos(External):
    """Files go with the request, so that nothing is taken over before."""

    def take_over(self, files: list[Handed], watch: Watch) -> list[Handed]:
        """They stay here until a take is asked for."""
        return files

    def make(
        self, there: list[Handed], words: dict[Role, Any], take: int, folder: Path, watch: Watch
    ) -> list[Path]:
        """Have one clip made there. Raises EngineAway, EngineRefused."""
        begun = self._begun(there, self._fields(words))
        name = begun.get("id")
        if not isinstance(name, str) or not name:
            raise self.wire.nonsense(json.dumps(begun))
        path = f"{self._root}/{name}"
        try:
            self._wait(begun, path, take, watch)
            return [self.wire.fetch(f"{path}/content", folder / "content.mp4", watch)]
        finally:  # whether it was fetched, broke or is not wanted any more: nothing stays there
            with suppress(EngineAway, EngineRefused):
                self.wire.call("DELETE", path, _QUICKLY)

    @property
    def _root(self) -> str:
        """Where videos are: an address may name the API's root already."""
        return _PATH.removeprefix("/v1") if self.wire.url.endswith("/v1") else _PATH

    def _fields(self, words: dict[Role, Any]) -> dict[str, Any]:
        told = self.engine.told
        fields: dict[str, Any] = dict(told.extra)
        if told.model:
            fields["model"] = told.model
        for role, value in words.items():
            fields |= dict.fromkeys(told.inputs.get(role, ()), value)
        if "rate" in words:  # whole frames a second are all these servers know
            fields |= dict.fromkeys(told.inputs.get("rate", ()), max(1, round(words["rate"])))
        return fields

    def _begun(self, files: list[Handed], fields: dict[str, Any]) -> dict[str, Any]:
        if self.engine.told.form == "json" and not files:
            return self.wire.told("POST", self._root, json=fields)
        with ExitStack() as opened:
            parts = [(name, (None, _as_text(value))) for name, value in fields.items()]
            pictures = [
                (each.place, (each.path.name, opened.enter_context(each.path.open("rb")),
                              _KINDS[each.path.suffix]))
                for each in files
            ]  # fmt: skip
            return self.wire.told("POST", self._root, files=[*parts, *pictures])

    def _wait(self, told: dict[str, Any], path: str, take: int, watch: Watch) -> None:
        patience = Patience(self)
        reached = -1
        while told.get("status") not in _DONE:
            if told.get("status") in _FAILED:
                raise EngineRefused(
                    f"{self.wire.title} could not make it: {plain(told.get('error') or told)}",
                    self.wire.url,
                    "What it says tells what is wrong; its own log tells more",
                )
            reached = _tell(told, reached, take, watch)
            watch.check()
            time.sleep(patience.longer())
            watch.check()
            try:
                told = self.wire.told("GET", path)
                patience.heard()
            except EngineAway as away:
                patience.unheard(away)
            except EngineRefused as refused:
                raise self._forgotten(refused) from refused
        watch.step(take, PERCENT, PERCENT, None)

    def _forgotten(self, refused: EngineRefused) -> Problem:
        """A job that is not there any more is no refusal."""
        if refused.extra.get("status") != _UNKNOWN:
            return refused
        return EngineAway(
            f"{self.wire.title} knows nothing of the take any more",
            self.wire.url,
            "It may have been restarted: shoot again",
        )


def _tell(told: dict[str, Any], reached: int, take: int, watch: Watch) -> int:
    """Tell how far it is, where it says so and is further than before."""
    progress = told.get("progress")
    if isinstance(progress, (int, float)) and not isinstance(progress, bool):
        now = min(max(int(progress), 0), PERCENT - 1)
        if now > reached:
            watch.step(take, now, PERCENT, None)
            return now
    return reached


def _as_text(value: object) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)
