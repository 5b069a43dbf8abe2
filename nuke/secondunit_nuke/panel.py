"""The panel inside Nuke: a tab that docks, however often it is closed and opened again."""

from __future__ import annotations

import importlib
from typing import Any

from secondunit_nuke.host import NukeHost
from secondunit_panel.session import Session

ID = "org.secondunit.panel"
NAME = "Second Unit"
# Nuke evaluates this text, each time the tab is opened, where nothing of ours is imported.
WIDGET = "__import__('secondunit_nuke.panel', fromlist=['widget']).widget"

_opened: list[Session] = []


def register() -> None:
    """Put the panel into Nuke's menus; from menu.py, which only a Nuke with windows runs."""
    nuke, panels = (importlib.import_module(name) for name in ("nuke", "nukescripts.panels"))
    panels.registerWidgetAsPanel(WIDGET, NAME, ID)
    nuke.menu("Nuke").addMenu(NAME).addCommand("Panel", show)
    nuke.addOnScriptLoad(look_again)


def show() -> None:
    """Open the tab beside the properties."""
    nuke, panels = (importlib.import_module(name) for name in ("nuke", "nukescripts.panels"))
    pane = nuke.getPaneFor("Properties.1")
    panels.registerWidgetAsPanel(WIDGET, NAME, ID, create=True).addToPane(pane)


def widget() -> Any:
    """A new tab's contents. Nuke destroys them with the tab: what the panel knows is kept here."""
    return importlib.import_module("secondunit_panel.qt.panel").Panel(session())


def session() -> Session:
    """The one session of this Nuke; begun on its main thread, with the first tab."""
    if not _opened:
        _opened.append(Session(NukeHost()))
        _opened[0].start()
    return _opened[0]


def look_again() -> None:
    """Another script has been opened."""
    for each in _opened:
        each.look()
