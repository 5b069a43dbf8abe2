"""The viewer: plate and take, scrubbed, compared and drawn on; the same in every host."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

from qtpy.QtCore import QEvent, QTimer, Signal
from qtpy.QtGui import QImage
from qtpy.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_contract.problem import Problem
from secondunit_contract.queue import TakeEntry
from secondunit_panel.host import Shot
from secondunit_panel.marks import MARKS, Marks
from secondunit_panel.qt.canvas import Canvas
from secondunit_panel.qt.clock import Clock
from secondunit_panel.qt.compare import Compare, Side, cell
from secondunit_panel.qt.keys import deed_of
from secondunit_panel.qt.look import INSIDE, OURS, SMALL, Look, type_of
from secondunit_panel.qt.pictures import Layer, Pictures, key_of
from secondunit_panel.qt.reel import Reel
from secondunit_panel.qt.scrub import Scrub
from secondunit_panel.qt.tools import Tools, Transport, Word, sheet

SIDES = (480, 960, 1920)
"""Pixels of the pictures that are asked for: the smallest that does not look soft."""

_SOFT = 0.75  # of the pixels on the screen are still enough
_LATE = 8  # frames that a picture may be late and is still shown while it plays
_STRIP = (100, 56)  # points of the picture while the viewer is folded
_CLOSER = 1.5


class Viewer(QWidget):
    """Shows a plate and a take of it, with what is drawn on the plate.

    `drawn` tells new marks, `moved` the frame the play head is on, `undo_wanted` and `redo_wanted`
    that a change is to be taken back or made again. Frames count as the plate's media does.
    """

    drawn = Signal(object)
    moved = Signal(int)
    undo_wanted = Signal()
    redo_wanted = Signal()

    def __init__(
        self,
        pictures: Pictures,
        clock: Clock,
        look: Look = OURS,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.pictures, self.clock, self.look = pictures, clock, look
        self.compare = Compare()
        self._given = Reel()
        self._takes: dict[str, TakeEntry] = {}
        self._premultiplied: frozenset[str] = frozenset()
        self._take: TakeEntry | None = None
        self._marks, self._kinds = Marks(), frozenset[str]()
        self._strip: QImage | None = None
        self._previews = 0
        self._last: dict[tuple[Side, Layer], tuple[str, QImage]] = {}
        self._word = ""
        self._folded = self._opened = False
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self.refresh)
        self._build()
        self._deeds = self._all_deeds()
        self._wire()
        self._reset()

    def _build(self) -> None:
        self.setObjectName("viewer")
        self.setStyleSheet(sheet(self.look))
        self.canvas = Canvas(self.look)
        self.scrub = Scrub(self.look)
        self.tools = Tools()
        self.play = Transport("play", "Play", "Play or stop · space", self.look)
        self._back = Transport("back", "One frame back", "One frame back · ←, ten with shift",
                               self.look)  # fmt: skip
        self._on = Transport("on", "One frame on", "One frame on · →, ten with shift", self.look)
        self._count = QLabel()
        self._count.setFont(type_of(self.look, SMALL))
        self._count.setAccessibleName("Frame")
        self._open = Word("open", "Picture", "Show the picture large, or fold it")
        self._open.setCheckable(True)
        self._bar = QHBoxLayout()
        self._bar.setSpacing(INSIDE)
        for each in (self._back, self.play, self._on):
            self._bar.addWidget(each)
        self._bar.addWidget(self.scrub, 1)
        self._bar.addWidget(self._count)
        self._bar.addWidget(self._open)
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(INSIDE)
        self._rows.addWidget(self.canvas, 1)
        self._rows.addLayout(self._bar)
        self._rows.addWidget(self.tools)
        self._open.hide()
        self.setFocusProxy(self.canvas)

    def _wire(self) -> None:
        self.pictures.arrived.connect(self._arrived)
        self.pictures.failed.connect(self._failed)
        self.clock.ticked.connect(self._ticked)
        self.clock.played.connect(self._played)
        self.clock.spanned.connect(self._spanned)
        self.canvas.drawn.connect(self._drew)
        self.canvas.sized.connect(self.look_soon)
        self.canvas.picked.connect(self._picked)
        self.scrub.went.connect(self.go_to)
        self.tools.asked.connect(self.act)
        for button, deed in ((self._back, "back"), (self._on, "on"), (self.play, "play")):
            button.clicked.connect(lambda _=False, deed=deed: self.act(deed))
        self._open.clicked.connect(lambda: self._unfold(not self._opened))

    # what it shows

    def show_plate(self, shot: Shot | None, apart: bool = False) -> None:
        """The clip worked on, or none. The one before a gap is seen `apart`, while no take is."""
        known = self._given.shot.clip if self._given.shot else None
        self._given = Reel(shot, self._given.beyond, apart)
        if shot is None or known is None or key_of(shot.clip) != key_of(known):
            self._last.clear()
            self.canvas.fit()
            self._word = ""
        self._reset()

    def show_takes(self, entries: Sequence[TakeEntry], premultiplied: Collection[str] = ()) -> None:
        """The takes there are; of those named the colours are multiplied with their alpha."""
        self._takes = {each.id: each for each in entries}
        self._premultiplied = frozenset(premultiplied)
        self._take = self._takes.get(self._take.id) if self._take else None
        self._reset()

    def choose(self, take: str | None) -> None:
        """Look at a take beside the plate; None: at the plate alone."""
        self._take = self._takes.get(take or "")
        self._last.pop(("take", "colour"), None)
        self._last.pop(("take", "alpha"), None)
        self._reset()

    @property
    def chosen(self) -> str | None:
        """The take that is looked at."""
        return self._take.id if self._take else None

    def set_marks(
        self, marks: Marks, kinds: Collection[str] = MARKS, beyond: tuple[int, int] = (0, 0)
    ) -> None:
        """What is drawn on the plate, and the kinds of mark that can be: paths on so many frames
        `beyond` it too, over its picture held there.
        """
        self._marks, kinds = marks, frozenset(kinds)
        reel = replace(self._given, beyond=beyond if "paths" in kinds else (0, 0))
        if reel != self._given:
            self._given = reel
            self._reset()
        if kinds != self._kinds:
            self._kinds = kinds
            self.tools.set_kinds(kinds)
            if self.canvas.tool not in kinds:
                self.use("points" if "points" in kinds else "")
        self._show_marks()

    def use(self, kind: str) -> None:
        """Let the pen draw a kind of mark; nothing where empty."""
        self.canvas.use(kind if kind in self._kinds else "")
        self._show_marks()

    def show_preview(self, jpeg: bytes | None) -> None:
        """What is being shot, in the place of the take: pictures beside each other in a JPEG."""
        self._previews += 1
        now = self._previews
        if jpeg is None:
            self._strip = None
            self._reset()
            return

        def developed(image: QImage) -> None:
            if now == self._previews and not image.isNull():
                fresh = self._strip is None
                self._strip = image
                if fresh:
                    self._reset()
                self.look_soon()

        self.pictures.develop(jpeg, developed)

    def set_unsure(self, unsure: Sequence[tuple[int, int]] | Mapping[int, float]) -> None:
        """Frames that are uncertain: from first to last, or how sure each is, 0 to 1."""
        if isinstance(unsure, Mapping):
            self.scrub.set_sureness(unsure)
        else:
            self.scrub.set_unsure(unsure)

    def set_region(self, region: FrameRange | None) -> None:
        """The frames that are worked on."""
        self.scrub.set_region(region)

    def set_count(self, count: Callable[[int], str]) -> None:
        """How a frame is told: as a number, or as the host's timecode."""
        self.scrub.count = self.canvas.count = count
        self._reset()

    def go_to(self, frame: int) -> None:
        """Stand on a frame."""
        self.clock.pause()
        self.clock.go_to(frame)

    def fold(self, folded: bool) -> None:
        """Be a strip, for a narrow panel; a button opens it again."""
        if folded != self._folded:
            self._folded, self._opened = folded, False
            self._open.setVisible(folded)
            self._lay_out()

    def _unfold(self, opened: bool) -> None:
        self._opened = opened
        self._lay_out()

    def _lay_out(self) -> None:
        strip = self._folded and not self._opened
        self._open.setChecked(self._opened)
        self.tools.setVisible(not strip)
        self._count.setVisible(not self._folded)
        for each in (self._back, self._on):
            each.setVisible(not strip)
        self._rows.removeWidget(self.canvas)
        self._bar.removeWidget(self.canvas)
        if strip:
            self.use("")
            self.canvas.setFixedSize(*_STRIP)
            self._bar.insertWidget(0, self.canvas)
        else:
            self.canvas.setMinimumSize(80, 45)
            self.canvas.setMaximumSize(16777215, 16777215)
            self._rows.insertWidget(0, self.canvas, 1)
        self.canvas.show()
        self._rows.activate()
        self.updateGeometry()

    # the frames

    @property
    def _reel(self) -> Reel:
        """The plate as it is seen now: not beside takes of the gap behind it."""
        return Reel() if self._given.apart and (self._take or self._strip) else self._given

    @property
    def _shot(self) -> Shot | None:
        return self._reel.shot

    @property
    def _stood(self) -> int:
        """The frame whose picture is seen."""
        return self._reel.stands(self.clock.frame) if self._holds else self.clock.frame

    @property
    def _holds(self) -> bool:
        """Whether the plate's picture stands where it has no frame, for paths."""
        return not (self._take or self._strip) and self._reel.led_to(self.clock.frame)

    def _reset(self) -> None:
        """Look at what there is anew: its frames, its shape, and what can be compared."""
        shot, take = self._shot, self._take
        ranges = [each for each in (self._reel.plate, self._reel.paths) if each]
        if not (shot and self._given.apart):
            ranges += [each.take.range for each in self._takes.values()]
        if ranges:
            first, last = min(each.first for each in ranges), max(each.last for each in ranges)
            self.clock.span(FrameRange(first, last), self._rate())
        else:
            self.clock.pause()
            self.clock.span(FrameRange(0, 0))
        if shot and shot.width and shot.height:
            self.canvas.set_aspect(shot.width / shot.height)
        elif take and take.take.height:
            self.canvas.set_aspect(take.take.width / take.take.height)
        for each in (self.play, self._back, self._on):
            each.setEnabled(self.clock.length > 1)
        made = take or self._strip
        self.tools.set_looking(self.compare.held, bool(shot or made), bool(shot and made))
        self._spanned()
        self._show_marks()

    def _rate(self) -> Fraction | None:
        rates = [self._shot.clip.rate or self._shot.place.rate] if self._shot else []
        rates += [each.take.rate for each in self._takes.values()]
        return rates[0].per_second if rates else None

    def _spanned(self) -> None:
        self.scrub.span(self.clock.range, self._reel.plate)
        widest = max((self.scrub.count(f) for f in (self.clock.range.first, self.clock.range.last)),
                     key=len)  # fmt: skip
        self._count.setMinimumWidth(self._count.fontMetrics().boundingRect(widest + "0").width())
        self._stand()

    def _ticked(self, index: int) -> None:
        self._stand()
        self.moved.emit(self.clock.frame)

    def _stand(self) -> None:
        frame = self.clock.frame
        self.scrub.stand(frame)
        self._count.setText(self.scrub.count(frame) if self._shot or self._takes else "")
        self._show_marks()
        self.look_soon()

    def _played(self, playing: bool) -> None:
        self.play.show_sign("pause" if playing else "play", "Stop" if playing else "Play")
        self.look_soon()

    # the pictures

    def look_soon(self) -> None:
        """Look again when all that is waiting has been heard."""
        if not self._soon.isActive():
            self._soon.start(0)

    def refresh(self) -> None:
        """Show the pictures of the frame the play head is on."""
        takes = self._take is not None or self._strip is not None
        premultiplied = self._take is not None and self._take.id in self._premultiplied
        left, right = self.compare.seen(self._picture, takes, premultiplied)
        self._shape(left)
        if self.clock.playing:
            self.canvas.hurry()
        self.canvas.say(self._sentence())
        self.canvas.show_pictures(left, right, self._names(takes, right is not None))

    def _picture(self, side: Side, layer: Layer) -> QImage | None:
        """The picture of a side, or one that will do until it is there."""
        if side == "take" and self._strip is not None:
            share = (self.clock.index + 0.5) / self.clock.length
            return cell(self._strip, self.canvas.sight.aspect, share)
        clip = self._clip(side)
        frame = self._stood
        if clip is None or (clip.range is not None and frame not in clip.range):
            return None
        size = self._size()
        found = self.pictures.image(clip, frame, size, layer)
        if found is None:
            others = [(frame, each) for each in reversed(SIDES) if each != size]
            if self.clock.playing:
                others += [(frame - late, size) for late in range(1, _LATE + 1)]
            kept = (self.pictures.kept(clip, f, each, layer) for f, each in others)
            found = next((each for each in kept if each is not None), None)
        key, last = self._last.get((side, layer), ("", None))
        if found is None:
            return last if key == key_of(clip) else None
        self._last[(side, layer)] = (key_of(clip), found)
        return found

    def _clip(self, side: Side) -> Clip | None:
        if side == "plate":
            return self._shot.clip if self._shot else None
        if self._take is None:
            return None
        take = self._take.take
        return Clip(take.media, take.range, take.rate, media_start=take.range.first)

    def _size(self) -> int:
        """How large pictures have to be: no larger than the plate, and not huge while it plays."""
        sizes = [each for each in SIDES if each < 1000 or not self.clock.playing]
        own = max(self._shot.width, self._shot.height) if self._shot else 0
        needed = self.canvas.seen * _SOFT
        needed = min(needed, own) if own else needed
        return next((each for each in sizes if each >= needed), sizes[-1])

    def _shape(self, image: QImage | None) -> None:
        """Where nobody told the picture's shape, it is as it comes."""
        told = self._shot.width and self._shot.height if self._shot else self._take
        if image is not None and not image.isNull() and not told:
            self.canvas.set_aspect(image.width() / image.height())

    def _names(self, takes: bool, wiped: bool) -> tuple[str, str]:
        number = self._take.take.number if self._take else 0
        take = "Being shot" if self._strip is not None else f"Take {number}"
        name = "The plate, held" if self._holds else self.compare.name(take if takes else "")
        return ("Plate", name) if wiped else (name, "")

    def _sentence(self) -> str:
        if self._word:
            return self._word
        plate, frame = self._reel.plate, self.clock.frame
        if self._shot is None and not self._takes:
            return "Select a clip, or a gap to fill"
        if self._shot is None and self._take is None and self._strip is None:
            return "Choose a take to see it"
        if plate is not None and frame not in plate and not (self._take or self._strip):
            return "The plate has no such frame"
        return "Fetching the picture"

    def _arrived(self, key: str, frame: int) -> None:
        clips = self._clip("plate"), self._clip("take")
        if any(clip is not None and key == key_of(clip) for clip in clips):
            self._word = ""
            late = self._stood - frame
            if late == 0 or (self.clock.playing and 0 < late <= _LATE):
                self.look_soon()

    def _failed(self, problem: Problem) -> None:
        self._word = " ".join(filter(None, (f"{problem.what}.", problem.remedy)))
        self.look_soon()

    # the marks

    def _show_marks(self) -> None:
        frame = self.clock.frame
        there = self._reel.paths if self.canvas.tool == "paths" else self._reel.plate
        self.canvas.drawable = there is not None and frame in there
        self.canvas.set_marks(self._marks, frame)
        self.scrub.set_marked(self._marks.frames())
        self._show_tool()

    def _show_tool(self) -> None:
        self.tools.set_tool(self.canvas.tool, self.canvas.add)
        self.tools["delete"].setEnabled(self.canvas.chosen is not None)

    def _drew(self, marks: Marks) -> None:
        self._marks = marks
        self.scrub.set_marked(marks.frames())
        self.drawn.emit(marks)

    def _picked(self, mark: object) -> None:
        self.tools["delete"].setEnabled(mark is not None)

    # what is pressed

    def act(self, name: str) -> None:
        """What a button or a key does, by its name; what cannot be done now is not."""
        if name in MARKS:
            self.use("" if self.canvas.tool == name else name)
        else:
            self._deeds[name]()

    def _all_deeds(self) -> dict[str, Callable[[], object]]:
        canvas, clock = self.canvas, self.clock
        deeds: dict[str, Callable[[], object]] = {
            "closer": lambda: canvas.zoom(_CLOSER),
            "farther": lambda: canvas.zoom(1 / _CLOSER),
            "fit": canvas.fit,
            "sign": self._turn_sign,
            "undo": self.undo_wanted.emit,
            "redo": self.redo_wanted.emit,
            "delete": canvas.delete,
            "let go": canvas.drop,
            "press": canvas.press,
            "play": clock.toggle,
            "back": lambda: clock.step(-1),
            "back ten": lambda: clock.step(-10),
            "on": lambda: clock.step(1),
            "on ten": lambda: clock.step(10),
            "first": lambda: self.go_to(clock.range.first),
            "last": lambda: self.go_to(clock.range.last),
        }
        for way, dx, dy in (("left", -1, 0), ("right", 1, 0), ("up", 0, -1), ("down", 0, 1)):
            deeds[f"pen {way}"] = partial(canvas.nudge, dx, dy)
            deeds[f"pen {way} a bit"] = partial(canvas.nudge, dx, dy, True)
        for way in ("plate", "wipe", "difference", "alpha"):
            deeds[way] = partial(self._look, way)
        return deeds

    def _look(self, way: str) -> None:
        if self.tools[way].isEnabled():
            self.compare.turn(way)
            self._reset()

    def _turn_sign(self) -> None:
        if not self.canvas.turn():
            self.canvas.add = not self.canvas.add
        self._show_tool()

    def _deed(self, event: Any) -> str:
        deed = deed_of(event)
        return "" if deed == "press" and not self.canvas.tool else deed  # Return places takes, then

    def event(self, event: QEvent) -> bool:
        """The application around the panel may not take the viewer's keys for its own."""
        if event.type() == QEvent.Type.ShortcutOverride and self._deed(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: Any) -> None:
        """Those that are the viewer's; the others are the panel's."""
        deed = self._deed(event)
        if deed:
            self.act(deed)
        event.setAccepted(bool(deed))
