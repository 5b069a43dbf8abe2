"""A process that owns a second unit, to be killed: jobs come in on stdin, their ids go out.

`python -m secondunit.bench.engine.owner --brought module:function` in the environment's data
folder; each line of stdin is a job, each line of stdout the id of one that was taken on.
"""

from __future__ import annotations

import argparse
import json
import sys

from secondunit.engine.unit import Unit
from secondunit.settings import Settings
from secondunit_contract.job import Job
from secondunit_contract.wire import from_json

_ATTEMPTS = 1_000_000  # killed from outside, no job is to blame


def main() -> int:
    """Own a unit until stdin ends."""
    told = argparse.ArgumentParser("secondunit.bench.engine.owner", description=__doc__)
    told.add_argument("--brought", default="")
    brought: str = told.parse_args().brought
    with Unit.opened(Settings.found(), brought, _ATTEMPTS) as unit:
        sys.stdout.write("open\n")
        sys.stdout.flush()
        for line in sys.stdin:
            sys.stdout.write(unit.submit(from_json(Job, json.loads(line))).id + "\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
