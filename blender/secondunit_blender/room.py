"""A panel in one kind of editor: its host, its session, and its properties.

Nothing is begun before the panel is drawn for the first time. All on the main thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy

from secondunit_contract.queue import TakeEntry
from secondunit_panel.form import Choice, Field
from secondunit_panel.session import Session

from . import props
from .engine import Engine
from .host import BlenderHost, redraw
from .stills import Stills

_TAKES = Field("takes", "whole", "Takes", "How many different answers", "", 4, 1, 100, step=1)
_MORE = (
    Field("seed", "whole", "Seed", "The same seed, the same take; empty: another each time",
          maybe=True, least=0),
    Field("steps", "whole", "Steps", "As the model's maker advises, unless said",
          maybe=True, least=1, most=1000),
    Field("guidance", "number", "Guidance", "How closely it keeps to the words",
          maybe=True, least=0, most=100),
)  # fmt: skip


class Room:
    """The panel of an editor. `key` is a name for its properties and classes."""

    def __init__(self, editor: str, host: BlenderHost, engine: Engine) -> None:
        self.editor, self.host, self._engine = editor, host, engine
        self.key = editor.lower()
        self.session: Session | None = None
        self.form: props.Group | None = None
        self.settings: props.Group | None = None
        self.chosen: dict[str, str] = {}
        self.stills = Stills(host.call_on_main, lambda: redraw((editor,)))
        self._drawn = self._stale = False
        self._standing: object = None
        self._looked: object = None

    # what the panel calls

    def draws(self, context: Any) -> Session | None:
        """The panel is drawn: the session to draw, None while it is only about to be begun."""
        playing = context.screen is not None and context.screen.is_animation_playing
        if not playing:  # what plays is not selected anew with each frame
            self._standing = self.host.signature(context)
        self._drawn = True
        return self.session

    def values(self, known: props.Group | None) -> Any:
        """The properties of a group; None where there is none."""
        return getattr(bpy.context.window_manager, known.name, None) if known else None

    def take(self, slate: str, takes: list[TakeEntry]) -> TakeEntry | None:
        """The take of a slate that is worked on: the chosen one, else a circled, else the last."""
        chosen = [each for each in takes if each.id == self.chosen.get(slate)]
        circled = [each for each in takes if each.rating == "circled"]
        return next(iter(chosen or circled or takes[-1:]), None)

    # its life

    def watch(self) -> None:
        """On each tick: begin what has to be, read the selection where it has changed."""
        if not self._drawn:
            return
        if self.session is None:
            self.open()
        session = self.session
        if self._stale:
            self._stale = False
            self._fit()
        if session is not None and self._standing != self._looked and not session.looking:
            self._looked = self._standing
            session.look()

    def open(self) -> Session:
        """Begin: look for the engine, and read the selection."""
        session = self.session = Session(self.host, self._engine.find)
        session.observe(lambda what, about: self._changed(what))
        self._looked = self._standing
        session.start()
        return session

    def start_engine(self) -> None:
        """Look for the engine now, and start it where it is not: the artist has asked for it."""
        self._engine.asked()
        session = self.session or self.open()
        session.link.again()

    def forget(self) -> None:
        """Another file is open, or this one was saved: what is selected is read again."""
        self._looked = None
        if self.session is not None:
            self.session.look()

    def close(self) -> None:
        """Be done. Jobs go on."""
        if self.session is not None:
            self.session.close()
        self.session = None
        for each in (self.form, self.settings):
            props.drop(each)
        self.form = self.settings = None
        self.stills.close()
        self._drawn = False

    def fields(self) -> list[Field]:
        """The settings beside the form: how many takes, and, where all is shown, with what."""
        session = self.session
        if session is None:
            return []
        models = [each for each in session.models if each.get("installed")]
        choices = [Choice("", "The best that fits")]
        choices += [Choice(m["name"], str(m.get("title") or m["name"])) for m in models]
        named = session.desk.draft.model
        if all(each.value != named for each in choices):
            choices.append(Choice(named, named))
        model = Field("model", "choice", "Model", "What shoots it", "", "", choices=tuple(choices))
        return [_TAKES, _MORE[0], model, *_MORE[1:]]

    # how

    def _changed(self, what: str) -> None:
        if what in ("tasks", "form", "selection", "jobs"):
            self._stale = True
        redraw((self.editor,))

    def _fit(self) -> None:
        """Have properties for the fields there are now."""
        session = self.session
        if session is None:
            return
        self.form = _fitted(
            self.form, f"secondunit_{self.key}_form", session.desk.form.fields,
            lambda key: session.desk.values.get(key), session.set,
        )  # fmt: skip
        self.settings = _fitted(
            self.settings, f"secondunit_{self.key}_settings", tuple(self.fields()),
            lambda key: getattr(session.desk.draft, key), self._settle,
        )  # fmt: skip
        redraw((self.editor,))

    def _settle(self, key: str, raw: Any) -> None:
        field = next(each for each in self.fields() if each.key == key)
        value = field.read(raw)
        if self.session is not None and not field.fault(value):
            self.session.settle(**{key: value})


def _fitted(
    known: props.Group | None,
    name: str,
    fields: tuple[Field, ...],
    get: Callable[[str], Any],
    put: Callable[[str, Any], None],
) -> props.Group | None:
    if known is not None and known.fields == fields:
        return known
    props.drop(known)
    return props.group(name, fields, get, put) if fields else None
