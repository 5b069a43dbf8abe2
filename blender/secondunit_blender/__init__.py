"""Second Unit inside Blender: an extension.

running    the panels that are open, each with its host and its session
host       what all editors' hosts share; sequencer is the Sequencer's, and stands on scenes,
           strips, neighbours, exporting and placing
pump       carries what threads want of Blender over to its main thread
props      values as Blender's own properties; panel and operators draw them and act

What is ours comes as a wheel of the extension; in a checkout it stands two folders further up.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path

OURS = {"secondunit_contract": "core", "secondunit_panel": "plugins"}


def find_ours() -> None:
    """Make the contract and the panel importable: Blender's own way is wheels, a checkout has none.

    A wheel that Blender has not unpacked yet is as good: it is plain Python.
    """
    here = Path(__file__).resolve().parent
    for name, folder in OURS.items():
        if importlib.util.find_spec(name) is None:
            places = [here.parents[1] / folder, *sorted((here / "wheels").glob("*.whl"))]
            sys.path.extend(str(each) for each in places if each.exists())


def register() -> None:
    """Blender enables us."""
    find_ours()
    importlib.import_module(".running", __package__).register()


def unregister() -> None:
    """Blender disables us, or ends."""
    importlib.import_module(".running", __package__).unregister()
