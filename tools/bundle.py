"""A folder for each host, and a zip of it: `python -m tools.bundle OUT [nuke] [resolve] [blender]`.

For studios that put things where they belong by themselves: the folder for Nuke goes on NUKE_PATH,
what is in the one for Resolve into the Scripts menu's folder Utility; the one for Blender is a
repository of extensions, to be put on any server or drive and named in Blender's preferences.
`secondunit install` does all that for one user. What is in a zip has one date, so that the same
sources give the same bytes.
"""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from secondunit.hosts import blender, bundle, nuke, resolve

HOSTS: dict[str, Callable[[Path], object]] = {
    "nuke": nuke.put,
    "resolve": resolve.put,
    "blender": blender.repository,
}
_DATE = (1980, 1, 1, 0, 0, 0)


def bundled(host: str, out: Path) -> tuple[Path, Path]:
    """The folder for a host and its zip. Raises KeyError for a host that is not known."""
    folder = out / f"secondunit-{host}-{bundle.version()}"
    HOSTS[host](folder)
    return folder, zipped(folder)


def zipped(folder: Path) -> Path:
    """A zip of a folder beside it."""
    target = folder.with_name(folder.name + ".zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in sorted(folder.rglob("*")):
            if each.is_file():
                name = each.relative_to(folder.parent).as_posix()
                archive.writestr(zipfile.ZipInfo(name, _DATE), each.read_bytes(), 8)
    return target


def main(arguments: list[str]) -> int:
    """Make those asked for, or all."""
    if not arguments or set(arguments[1:]) - set(HOSTS):
        print(__doc__, file=sys.stderr)
        return 2
    for host in arguments[1:] or HOSTS:
        for each in bundled(host, Path(arguments[0])):
            print(each)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
