"""Nuke scripts from the clips of a cut, and back."""

from secondunit_otio.nuke_script.back import Brought, brought, timeline
from secondunit_otio.nuke_script.reading import Script, ScriptRead, ScriptShot
from secondunit_otio.nuke_script.script import as_cut, read, write, write_each, written
from secondunit_otio.nuke_script.writing import Plan, Written

__all__ = [
    "Brought",
    "Plan",
    "Script",
    "ScriptRead",
    "ScriptShot",
    "Written",
    "as_cut",
    "brought",
    "read",
    "timeline",
    "write",
    "write_each",
    "written",
]
