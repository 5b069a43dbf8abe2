"""The command line: every task, cut and take without a panel."""

from __future__ import annotations

import sys

from secondunit.cli.app import app
from secondunit.cli.showing import say_problem
from secondunit_contract.problem import Problem


def main() -> None:
    """Run the command a person typed. Exit codes: docs/farms.md."""
    try:
        app()
    except Problem as problem:
        say_problem(problem)
        sys.exit(1)
