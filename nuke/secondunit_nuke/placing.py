"""A take comes into the script: a Read beside its source, and a switch between all of its slate.

Everything of one take is one step to undo. What does not come to stand as it should is taken back.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from secondunit_contract.frames import FrameRange
from secondunit_nuke.knobs import PARTS, group_of, imprint, inside, name_of, node_at, ours, says
from secondunit_nuke.plates import OCIO_NAMES, file_of, managed, numbers, place_of, working_space
from secondunit_panel.host import Delivery, NotPlaced, Placed

_BESIDE = 110  # from node to node, in units of the node graph
_EVALUATED = re.compile(r'[\[\]$"\\]')


class Placing:
    """One take on its way into the script. Raises PlaceGone where its plate has gone."""

    def __init__(self, nuke: Any, delivery: Delivery) -> None:
        self.nuke, self.delivery = nuke, delivery
        self.source = node_at(nuke, delivery.at)
        self.group = group_of(nuke, self.source)
        self._made: list[Any] = []

    @contextmanager
    def one_step(self) -> Iterator[None]:
        """All that is done in it is one step to undo, or never was: where Nuke does not put back
        what there was, what was made is deleted. The script's own range, which Nuke may take from
        a Read, stays.
        """
        root, undo = self.nuke.root(), self.nuke.Undo
        before = {key: root[key].value() for key in ("first_frame", "last_frame")}
        undo.begin()
        undo.name(f"Second Unit: take {self.delivery.take.number}")
        try:
            yield
            for key, value in before.items():
                if root[key].value() != value:
                    root[key].setValue(value)
        except BaseException:
            undo.cancel()
            for each in self._made:
                with suppress(ValueError):  # which Nuke raises for one that is gone
                    self.nuke.delete(each)
            raise
        undo.end()

    def standing(self, part: str) -> Any | None:
        """The node of this take that stands already."""
        take = {"su_job": self.delivery.job.id, "su_number": str(self.delivery.take.number)}
        return next(iter(ours(self.nuke, self.group, su_part=part, **take)), None)

    def node(self, kind: str, part: str, label: str, at: tuple[int, int]) -> Any:
        """A new node so many steps beside and below the source."""
        with inside(self.group):
            node = getattr(self.nuke.nodes, kind)()
            self._made.append(node)
        node.setName(name_of(self.delivery.job.id, self.delivery.take.number, part))
        x, y = int(self.source.xpos()), int(self.source.ypos())
        node.setXYpos(x + at[0] * _BESIDE, y + at[1] * _BESIDE)
        node["label"].setValue(label)
        imprint(self.nuke, node, part, self.delivery)
        return node

    def read(self, part: str) -> Any:
        """A new Read of the take. Raises NotPlaced."""
        path, take = _path(self.delivery), self.delivery.take
        others = ours(self.nuke, self.group, su_slate=self.delivery.slate)
        across = 1 + sum(says(each, "su_part") in PARTS[:2] for each in others)
        read = self.node("Read", part, f"take {take.number} · seed {take.seed}", (across, 0))
        numbered, span = "#" in path, take.range
        read["file"].fromUserText(f"{path} {span}" if numbered else path)
        have = span if numbered else _of_movie(read, span)
        used = have if len(have) == len(span) else span
        for name, frames in (("orig", have), ("", used)):
            read[f"{name}first"].setValue(frames.first)
            read[f"{name}last"].setValue(frames.last)
        self._stand(read, used.first)
        self._colour(read)
        return read

    def into_switch(self, read: Any) -> None:
        """Put a take beside the others of its slate, and show it if it is the chosen one."""
        slate = {"su_slate": self.delivery.slate}
        switch = next(iter(ours(self.nuke, self.group, su_part="takes", **slate)), None)
        if switch is None:
            switch = self.node("Switch", "takes", "plate and takes", (0, 1))
            switch.setInput(0, self.source)
        plugged = [switch.input(index) for index in range(1, switch.inputs())]
        names = ["" if each is None else str(each.fullName()) for each in plugged]
        mine = str(read.fullName())
        at = 1 + [*names, mine].index(mine if mine in names or "" not in names else "")
        switch.setInput(at, read)
        if self.delivery.chosen:
            switch["which"].setValue(at)

    def told(self, read: Any, how: str) -> Placed:
        """What stands, read back. Raises NotPlaced where it is not what was to be placed."""
        delivery, own = self.delivery, self.delivery.take.range
        file = file_of(self.nuke, read, delivery.lies.first)
        place = place_of(self.nuke, read, FrameRange(read.firstFrame(), read.lastFrame()))
        lying, first = numbers(read, place.range), int(read["first"].value())
        shown = FrameRange.starting(first, len(own))
        wrong = {
            f"plays {file}": os.path.normpath(file) != os.path.normpath(_path(delivery)),
            f"stands on {place.range}, not on {delivery.lies}": place.range != delivery.lies,
            f"plays other frames, {lying}": lying not in (None, shown),
            "cannot be read by this Nuke": read.hasError(),
        }
        for what, holds in wrong.items():
            if holds:
                raise NotPlaced(f"The take {what}", place.id, "Take it out, then place it again")
        number = int(says(read, "su_number"))
        return Placed(place, delivery.take.media, own, how, says(read, "su_job"), number)

    def _stand(self, read: Any, first: int) -> None:
        """Have a Read's first frame stand where it should, in whichever way this Nuke counts."""
        lies = self.delivery.lies
        shift, begin = first - lies.first, lies.first - first + int(read["origfirst"].value())
        ways = ("start at", lies.first), ("offset", shift), ("offset", -shift), ("start at", begin)
        for mode, value in ways if shift else ():
            read["frame_mode"].setValue(mode)
            read["frame"].setValue(str(value))
            seen = numbers(read, lies)
            stands = FrameRange(read.firstFrame(), read.lastFrame()) == lies
            if stands and (seen is None or seen.first == first):
                return

    def _colour(self, read: Any) -> None:
        """Numbers stay numbers; colours are those of the plate. Raises NotPlaced."""
        name, own = self.delivery.colour_space, {ocio: name for name, ocio in OCIO_NAMES.items()}
        if not managed(self.nuke):
            name = own.get(name, name)
        if name and not self.delivery.raw:
            with suppress(RuntimeError, ValueError, TypeError):  # or ignored: it is read back
                read["colorspace"].setValue(name)
            value = str(read["colorspace"].value())
            if value == name or f"({name})" in value:
                return
            if self.delivery.colour_space != working_space(self.nuke):
                what = f"This Nuke knows no colour space {name}"
                raise NotPlaced(what, remedy="Choose the colour config of the plate")
        read["raw"].setValue(bool(name or self.delivery.raw))


def take_out(nuke: Any, placed: Placed) -> None:
    """Delete what was placed of a take, and its switch where nobody has plugged into it."""
    outer = placed.place.id.rpartition(".")[0]
    group = nuke.toNode(outer) if outer else nuke.root()
    take = {"su_job": placed.job, "su_number": str(placed.number)}
    parts = {"Read": PARTS[:1], "Read and group": PARTS[1:4]}.get(placed.how, PARTS[:4])
    nodes = ours(nuke, group, **take) if group is not None and placed.job else []
    nodes = [each for each in nodes if says(each, "su_part") in parts]
    if not nodes:
        return
    nuke.Undo.begin()
    nuke.Undo.name(f"Second Unit: take {placed.number} out")
    slate = says(nodes[0], "su_slate")
    for each in nodes:
        nuke.delete(each)
    for switch in ours(nuke, group, su_part="takes", su_slate=slate):
        left = [switch.input(index) for index in range(1, switch.inputs())]
        if switch.input(int(switch["which"].value())) is None:
            switch["which"].setValue(0)
        if all(each is None for each in left) and not switch.dependent():
            nuke.delete(switch)
    nuke.Undo.end()


def _path(delivery: Delivery) -> str:
    """The take's path as Nuke takes it, #### for the frame. Raises NotPlaced."""
    path, number = delivery.take.media, delivery.take.range.first
    path = path.replace("\\", "/") if os.sep == "\\" else path
    hashes = re.sub(r"%0?(\d*)d", lambda found: "#" * int(found[1] or 1), path)
    first = re.sub(r"#+", lambda found: f"{number:0{len(found[0])}d}", hashes)
    if _EVALUATED.search(path):
        raise NotPlaced('Nuke runs [ ] $ " and \\ in a path', path, "Shoot to another folder")
    if not os.path.isfile(path) and not os.path.isfile(first):
        raise NotPlaced("The take is not on the disk any more", first, "Shoot it again")
    return path if os.path.isfile(path) else hashes


def _of_movie(read: Any, span: FrameRange) -> FrameRange:
    """The frames Nuke has found in a movie. Raises NotPlaced where the take's are not among them.

    Nuke counts a movie's from 1; a take's are called as the plate's.
    """
    have = FrameRange(int(read["origfirst"].value()), int(read["origlast"].value()))
    if len(have) != len(span) and not have.covers(span):
        what = f"The take has {len(have)} frames, not {len(span)}"
        raise NotPlaced(what, str(read["file"].value()), "Shoot it again")
    return have
