"""A runner: a process that carries words between the office and a worker on a Ray cluster.

It speaks as engine.worker does, on stdin and stdout. It is a process of its own since Ray ends the
process it lives in when it has lost its cluster for a minute, and that must not be the service. It
takes the worker with it: Ray ends the actors of whoever has gone.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from types import ModuleType
from typing import IO, Any

from secondunit.engine.location import Brief, OnLocation
from secondunit.engine.voice import LEFT_ALONE, REFUSED, Voice, own_stdout
from secondunit_contract.problem import BadValue, MachineProblem, PartMissing, Problem

_KNOCK = 10.0  # seconds the cluster's head may take to answer at all
_GRACE = 4.0  # seconds from the last order until we go, whether the worker has ended or not


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry words until the worker has ended."""
    told = _arguments().parse_args(arguments)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who owns us decides when we stop
    out = own_stdout()
    try:
        ray = joined(told.address)
    except Problem as problem:
        Voice(out).say({"refused": problem.to_json()})
        return REFUSED
    if told.count:
        Voice(out).say({"ready": {"gpus": int(ray.cluster_resources().get("GPU", 0))}})
        return 0
    return _carried(ray, told.gpus, json.loads(told.brief), out)


def joined(address: str) -> ModuleType:
    """Ray, once it knows the cluster. Raises PartMissing, BadValue, MachineProblem."""
    try:
        import ray
    except ImportError as error:
        raise PartMissing(
            f"A cluster needs a part that is not here: {error.name}",
            remedy="Install secondunit[ray]",
        ) from error
    head = None if address == "auto" else _head(address)
    try:
        if head:  # Ray itself would wait for minutes
            socket.create_connection(head, _KNOCK).close()
        ray.init(address=address, log_to_driver=True, namespace="secondunit")
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise MachineProblem(
            f"The cluster cannot be reached ({_first_line(error)})",
            address,
            "Check the address, that Ray runs on this machine as part of the cluster, and that "
            "its version and token are the cluster's",
        ) from error
    return ray


def _head(address: str) -> tuple[str, int]:
    """The host and port of a cluster's head. Raises BadValue.

    ray://HEAD:10001 is another thing: nothing is told there as it happens.
    """
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdigit():
        raise BadValue(
            "This is not the address of a cluster's head",
            address,
            "Make this machine one of the cluster (ray start --address HEAD:6379 --num-gpus 0), "
            "then give HEAD:6379 or auto",
        )
    return host.strip("[]"), int(port)


def _carried(ray: Any, gpus: int, brief: dict[str, Any], out: IO[bytes]) -> int:
    """Call a worker and carry what it tells, until it has ended."""
    seat = {"num_gpus": gpus} if gpus else {"num_cpus": 1}
    worker = ray.remote(OnLocation).options(max_concurrency=2, max_restarts=0, **seat).remote()
    lines = worker.work.options(num_returns="streaming").remote(brief)
    threading.Thread(target=_orders, args=(worker,), daemon=True).start()
    try:
        for line in lines:
            out.write(ray.get(line))
            out.flush()
    except ray.exceptions.RayError as error:
        sys.stderr.write(f"{error}\nThe worker on the cluster has gone: {type(error).__name__}\n")
        return LEFT_ALONE
    except OSError:  # nobody hears us any more
        return LEFT_ALONE
    return 0


def _orders(worker: Any) -> None:
    """Carry orders, one behind the other; with the last one our time begins to end."""
    arrived = None
    for line in sys.stdin.buffer:
        arrived = worker.order.remote(line, arrived)
    worker.order.remote(None, arrived)
    ending = threading.Timer(_GRACE, os._exit, (LEFT_ALONE,))
    ending.daemon = True
    ending.start()


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _arguments() -> argparse.ArgumentParser:
    told = argparse.ArgumentParser("secondunit.engine.runner", description=__doc__)
    told.add_argument("--address", required=True, help="of the cluster: HEAD:6379, or auto")
    told.add_argument("--count", action="store_true", help="only say how many GPUs it has")
    told.add_argument("--gpus", type=int, default=0, help="that the worker needs")
    told.add_argument("--brief", default="{}", help=f"for the worker: {Brief.__doc__}")
    return told


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # what the libraries would tidy up goes with the process
