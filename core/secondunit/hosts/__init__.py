"""Putting Second Unit into the applications of this machine, and taking it out again."""

from __future__ import annotations

from secondunit.hosts import blender, nuke, resolve
from secondunit.hosts.place import Computer, Found, Standing
from secondunit.hosts.way import Way
from secondunit_contract.problem import BadValue

WAYS: dict[str, Way] = {
    each.name: each for each in (nuke.Nuke(), resolve.Resolve(), blender.Blender())
}
"""The hosts, by the names `secondunit install` knows them by."""


def way_into(name: str) -> Way:
    """The way into a host. Raises BadValue for one that is not known."""
    try:
        return WAYS[name]
    except KeyError:
        raise BadValue(
            f"There is no host {name!r}", remedy=f"The hosts are {', '.join(WAYS)}"
        ) from None


__all__ = ["WAYS", "Computer", "Found", "Standing", "Way", "way_into"]
