"""Runs the checks of a script inside Blender, each in a new file, and writes how each went.

    python in_blender.py SCRIPT FOLDER PLATE OUT

It ends the process by itself: Blender's own end is none of ours to wait for.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import time
import traceback
from pathlib import Path

import bpy

HERE = Path(__file__).resolve().parent


def main(script: str, folder: str, plate: str, out: str) -> None:
    """Run them."""
    sys.path[:0] = [str(HERE), str(HERE.parents[2] / "blender")]
    import secondunit_blender

    secondunit_blender.find_ours()
    from stage import Stage

    spec = importlib.util.spec_from_file_location(Path(script).stem, HERE / script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    told = {}
    for name, check in vars(module).copy().items():
        if name.startswith("check_"):
            own = Path(folder) / name
            own.mkdir()
            begun = time.monotonic()
            try:
                with Stage(own, Path(plate)) as stage:
                    check(stage)
                told[name] = ""
            except BaseException:  # noqa: BLE001 - it is told where the tests are
                told[name] = traceback.format_exc()
            sys.stderr.write(f"{time.monotonic() - begun:.2f} s {name}\n")
            Path(out).write_text(json.dumps(told), "utf-8")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:5])
    except BaseException:  # noqa: BLE001 - told, then ended
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    bpy.app.handlers.load_post.clear()
    os._exit(0)
