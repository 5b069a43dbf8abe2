"""What a node says of itself: prompt, seed and job in knobs of its own, kept with the script.

They are plain knobs, with no Python in them. Texts stand in knobs that take them as they are: one
that evaluates would run what stands between brackets in a prompt.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from secondunit_contract.wire import to_json
from secondunit_panel.host import Delivery, Place, PlaceGone

PARTS = ("take", "matte", "cut", "shapes", "takes")
"""What our nodes are: the Read of a take, that of a matte, what cuts the plate by it, its shapes,
and the switch between the takes of a slate."""


def imprint(nuke: Any, node: Any, part: str, delivery: Delivery) -> None:
    """Write into a node's knobs whose it is; into a switch, which is of many takes, its slate."""
    take, job = delivery.take, delivery.job
    node.addKnob(nuke.Tab_Knob("secondunit", "Second Unit"))
    words = {"su_part": part, "su_slate": delivery.slate}
    if part != "takes":
        words |= {
            "su_task": job.task,
            "su_prompt": str(job.values.get("prompt") or job.values.get("subject") or ""),
            "su_seed": str(take.seed),
            "su_model": job.model,
            "su_job": job.id,
            "su_number": str(take.number),
            # a text that began with a brace could be taken for an expression
            "su_story": "json " + json.dumps({"job": to_json(job), "take": to_json(take)}),
        }
    for name, text in words.items():
        knob = nuke.String_Knob(name, name[3:])
        if name == "su_story":
            knob.setFlag(nuke.INVISIBLE)
        node.addKnob(knob)
        node[name].setValue(text)


def says(node: Any, name: str) -> str:
    """What a node says in one of our knobs; "" where it has none."""
    knob = node.knob(name)
    return str(knob.value()) if knob is not None else ""


def ours(nuke: Any, group: Any, **wanted: str) -> list[Any]:
    """Our nodes in a group that say what is wanted, whatever their user has called them:
    ours(nuke, group, su_part="take"). Those of a take are looked for by name too, as a
    Non-commercial Nuke does not tell of all nodes.
    """
    nodes = list(nuke.allNodes(group=group))
    if "su_number" in wanted:
        front = "" if group.Class() == "Root" else f"{group.fullName()}."
        names = [name_of(wanted["su_job"], wanted["su_number"], part) for part in PARTS]
        nodes += filter(None, (nuke.toNode(front + name) for name in names))
    return list({
        str(node.fullName()): node for node in nodes
        if says(node, "su_part") and all(says(node, key) == text for key, text in wanted.items())
    }.values())  # fmt: skip


def name_of(job: str, number: int | str, part: str) -> str:
    """What a node of a take is called at first."""
    plain = "".join(each if each.isascii() and each.isalnum() else "_" for each in job)
    return f"SU_{plain}_t{int(number):03d}" + ("" if part == "take" else f"_{part}")


def node_at(nuke: Any, at: Place) -> Any:
    """The node at a place. Raises PlaceGone."""
    node = nuke.toNode(at.id) if at.id else None
    if node is None:
        what = f"{at.id or 'What was selected'} is not in the script any more"
        raise PlaceGone(what, at.document, "Select another, then try again")
    return node


def group_of(nuke: Any, node: Any) -> Any:
    """The group a node stands in; the root where it stands in none."""
    outer = str(node.fullName()).rpartition(".")[0]
    return nuke.toNode(outer) if outer else nuke.root()


@contextmanager
def inside(group: Any) -> Iterator[None]:
    """New nodes come to stand in a group, wherever Nuke is at the moment."""
    group.begin()
    try:
        yield
    finally:
        group.end()
