"""A ComfyUI workflow in its API form: nodes by their numbers, each with a class and its inputs.

An input is a value, or a link [node, output] to another node.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable
from typing import Any

from secondunit_contract.problem import BadValue

Graph = dict[str, dict[str, Any]]

_FOR_THE_EDITOR = frozenset({"nodes", "links"})


def read(text: str, where: str) -> Graph:
    """The workflow in a file. Raises BadValue, also for one saved for ComfyUI's own editor."""
    try:
        told = json.loads(text)
    except ValueError as error:
        raise BadValue(f"The workflow is not JSON: {error}", where, _EXPORT) from error
    if isinstance(told, dict) and set(told) >= _FOR_THE_EDITOR:
        raise BadValue("This workflow was saved for ComfyUI's own editor", where, _EXPORT)
    whole = isinstance(told, dict) and all(
        isinstance(node, dict)
        and isinstance(node.get("class_type"), str)
        and isinstance(node.get("inputs"), dict)
        for node in told.values()
    )
    if not whole or not told:
        raise BadValue("This is no workflow in ComfyUI's API form", where, _EXPORT)
    return dict(told)


_EXPORT = "In ComfyUI choose Workflow, then Export (API), and put that file here"


def node_of(graph: Graph, told: str, where: str) -> str:
    """The number of the node meant by its number, or by a title that only one has. Raises
    BadValue.
    """
    if told in graph:
        return told
    named = [key for key, node in graph.items() if _title(node) == told]
    if len(named) != 1:
        raise BadValue(
            f"{len(named) or 'No'} nodes of the workflow are called {told!r}"
            if named
            else f"The workflow has no node {told!r}",
            where,
            f"Its nodes are {', '.join(f'{key} ({_title(graph[key])})' for key in graph)}",
        )
    return named[0]


def place_of(graph: Graph, told: str, where: str) -> tuple[str, str]:
    """(node, input) of a place written as in 6.text or Prompt.text. Raises BadValue."""
    name, _, entry = told.rpartition(".")
    node = node_of(graph, name, where)
    if entry not in graph[node]["inputs"]:
        raise BadValue(
            f"Node {name} of the workflow has no input {entry!r}",
            where,
            f"Its inputs are {', '.join(graph[node]['inputs']) or 'none'}",
        )
    return node, entry


def filled(graph: Graph, values: dict[tuple[str, str], Any]) -> Graph:
    """The workflow with these inputs set."""
    whole = copy.deepcopy(graph)
    for (node, entry), value in values.items():
        whole[node]["inputs"][entry] = value
    return whole


def without(graph: Graph, gone: Iterable[str], needed: Callable[[str], frozenset[str]]) -> Graph:
    """The workflow without these nodes, and without every node that cannot do without them.

    `needed` tells which inputs a class of nodes needs; where one that is linked may be left out,
    the link goes and the node stays.
    """
    left = copy.deepcopy(graph)
    going = [node for node in gone if node in left]
    while going:
        taken = going.pop()
        if left.pop(taken, None) is None:
            continue
        for key, node in left.items():
            cut = [name for name, value in node["inputs"].items() if _link(value) == taken]
            if needed(node["class_type"]) & set(cut):
                going.append(key)
            for name in cut:
                del node["inputs"][name]
    return left


def behind(graph: Graph, output: str) -> frozenset[str]:
    """The nodes that an output comes from, itself among them."""
    found: set[str] = set()
    going = [output]
    while going:
        key = going.pop()
        if key in found or key not in graph:
            continue
        found.add(key)
        going += [link for value in graph[key]["inputs"].values() if (link := _link(value))]
    return frozenset(found)


def _link(value: object) -> str:
    """The node an input is linked to; "" for a value."""
    if isinstance(value, list) and len(value) == 2 and isinstance(value[1], int):
        return str(value[0])
    return ""


def _title(node: dict[str, Any]) -> str:
    meta = node.get("_meta")
    title = meta.get("title") if isinstance(meta, dict) else None
    return str(title or node["class_type"])
