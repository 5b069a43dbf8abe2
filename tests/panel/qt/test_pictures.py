"""Pictures are fetched beside the main thread, the last wanted first, kept while there is room."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

pytest.importorskip("qtpy.QtWidgets", reason="Qt is not installed", exc_type=ImportError)

from qtpy.QtCore import QBuffer, QIODevice
from qtpy.QtGui import QColor, QImage

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_contract.problem import FrameMissing, MediaMissing
from secondunit_panel.qt import darkroom
from secondunit_panel.qt import pictures as module
from secondunit_panel.qt.pictures import AHEAD, Pictures, key_of

PLATE = Clip("/shots/plate.mov", FrameRange(0, 999))
PICTURE = 64 * 36 * 4  # bytes of one, decoded


def jpeg(level: int, kind: str = "JPG") -> bytes:
    image = QImage(64, 36, QImage.Format.Format_RGB32)
    image.fill(QColor(level, level, level))
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    assert image.save(buffer, kind, 95)
    return bytes(buffer.data().data())


class Projector:
    """A service that shows frames, when it is let: `asked` for which, `shown` which it gave."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, FrameRange, int, str]] = []
        self.shown: list[int] = []
        self.threads: set[int] = set()
        self.let = threading.Semaphore(0)
        self.free = True
        self.missing: set[int] = set()
        self.gone = False
        self.ended = 0
        self.pictures = [jpeg(level) for level in range(256)]  # PySide2 bears it here alone

    def __call__(self, clip, frames, side, layer):
        self.asked.append((clip.media, frames, side, layer))
        self.threads.add(threading.get_ident())
        try:
            for frame in frames:
                if not self.free:
                    assert self.let.acquire(timeout=10)
                if self.gone:
                    raise MediaMissing("The plate is gone", clip.media)
                if frame in self.missing:
                    raise FrameMissing(f"Frame {frame} is missing", clip.media)
                self.shown.append(frame)
                yield self.pictures[frame % 256]
        finally:
            self.ended += 1

    def firsts(self) -> list[int]:
        return [frames.first for _, frames, _, _ in self.asked]


@pytest.fixture
def projector() -> Projector:
    return Projector()


@pytest.fixture
def make(application, projector):
    """Makes Pictures, and closes them."""
    made = []

    def new(**options) -> Pictures:
        pictures = Pictures(projector, **options)
        pictures.came = []
        pictures.problems = []
        pictures.where = set()
        pictures.arrived.connect(lambda key, frame: pictures.came.append(frame))
        pictures.arrived.connect(lambda *_: pictures.where.add(threading.get_ident()))
        pictures.failed.connect(pictures.problems.append)
        made.append(pictures)
        return pictures

    yield new
    projector.free = True
    projector.let.release(1000)
    for each in made:
        each.close()


def test_a_picture_is_not_waited_for_and_told_on_the_main_thread(make, projector, until):
    pictures = make()
    projector.free = False
    assert pictures.image(PLATE, 7, 64) is None
    projector.let.release(100)
    until(lambda: 7 in pictures.came)
    found = pictures.image(PLATE, 7, 64)
    assert (found.width(), found.height()) == (64, 36)
    assert abs(found.pixelColor(10, 10).red() - 7) <= 2
    assert pictures.where == {threading.get_ident()}
    assert threading.get_ident() not in projector.threads


def test_what_comes_next_is_there_before_it_is_asked_for(make, projector, until):
    pictures = make()
    pictures.image(PLATE, 100, 64)
    until(lambda: len(pictures.came) == AHEAD)
    assert projector.asked == [(PLATE.media, FrameRange(100, 100 + AHEAD - 1), 64, "colour")]
    assert pictures.kept(PLATE, 100 + AHEAD - 1, 64) is not None
    assert pictures.kept(PLATE, 100 + AHEAD, 64) is None


def test_nothing_is_asked_for_that_the_clip_has_not(make, projector, until):
    pictures = make()
    clip = Clip("/shots/short.mov", FrameRange(10, 12))
    pictures.image(clip, 11, 64)
    until(lambda: len(pictures.came) == 2)
    assert pictures.image(clip, 13, 64) is None
    assert [frames for _, frames, _, _ in projector.asked] == [FrameRange(11, 12)]


def test_backwards_the_wanted_one_comes_first_and_then_those_before_it(make, projector, until):
    pictures = make()
    pictures.image(PLATE, 500, 64)
    until(lambda: len(pictures.came) == AHEAD)
    pictures.image(PLATE, 499, 64)
    until(lambda: len(pictures.came) == 2 * AHEAD)
    assert [frames for _, frames, _, _ in projector.asked[1:3]] == [
        FrameRange(499, 499), FrameRange(499 - AHEAD + 1, 498),
    ]  # fmt: skip


def test_a_frame_that_nobody_waits_for_any_more_is_not_fetched(make, projector, until):
    pictures = make()
    projector.free = False
    pictures.image(PLATE, 0, 64)
    until(lambda: projector.asked)
    for frame in (200, 400, 600, 800):  # scrubbed over while the first is still under way
        pictures.image(PLATE, frame, 64)
    projector.let.release(2)
    until(lambda: 800 in pictures.came)
    assert projector.firsts() == [0, 800]
    assert projector.shown == [0, 800]
    assert projector.ended == 1  # the first stream was let go after its first frame


def test_the_newest_wish_goes_first(make, projector, until):
    pictures = make()
    projector.free = False
    for name in ("one", "two"):  # both threads have something to do
        pictures.image(Clip(f"/{name}", FrameRange(0, 0)), 0, 64)
    until(lambda: len(projector.asked) == 2)
    for name in ("old", "newer", "newest"):
        pictures.image(Clip(f"/{name}", FrameRange(0, 0)), 0, 64)
    projector.let.release(1)
    until(lambda: len(projector.asked) == 3)
    assert projector.asked[2][0] == "/newest"


def test_who_waits_is_served_before_a_stream_that_only_might_be_wanted(make, projector, until):
    pictures = make()
    projector.free = False
    others = [Clip(f"/{name}", FrameRange(0, 99)) for name in ("one", "two")]
    for clip in others:
        pictures.image(clip, 0, 64)
    until(lambda: len(projector.asked) == 2)
    pictures.image(PLATE, 50, 64)
    projector.let.release(2 * module._PATIENCE)
    until(lambda: len(projector.asked) == 3)
    assert projector.asked[2][:2] == (PLATE.media, FrameRange(50, 50 + AHEAD - 1))
    assert len(projector.shown) <= 2 * module._PATIENCE


def test_what_is_kept_is_bounded_and_the_last_used_stays(make, projector, until):
    budget = 40 * PICTURE
    pictures = make(budget=budget)
    for frame in range(0, 120, AHEAD):
        pictures.image(PLATE, frame, 64)
        until(lambda last=frame + AHEAD - 1: last in pictures.came)
        assert pictures.weight <= budget
    assert pictures.kept(PLATE, 119, 64) is not None
    assert pictures.kept(PLATE, 0, 64) is None


def test_what_is_too_much_decoded_is_decoded_again_and_not_fetched_again(make, projector, until):
    pictures = make(budget=40 * PICTURE)
    for frame in range(0, 120, AHEAD):
        pictures.image(PLATE, frame, 64)
        until(lambda last=frame + AHEAD - 1: last in pictures.came)
    asked, before = len(projector.asked), len(pictures.came)
    assert pictures.image(PLATE, 12, 64) is None
    until(lambda: 12 in pictures.came[before:])
    assert pictures.image(PLATE, 12, 64) is not None
    assert len(projector.asked) == asked


def test_a_clip_that_cannot_be_shown_is_said_once_and_tried_again_later(
    make, projector, until, monkeypatch
):
    monkeypatch.setattr(module, "_REST", 0.05)
    pictures = make()
    projector.gone = True
    pictures.image(PLATE, 3, 64)
    until(lambda: pictures.problems)
    pictures.image(PLATE, 4, 64)
    assert [each.what for each in pictures.problems] == ["The plate is gone"]
    projector.gone = False
    until(lambda: pictures.image(PLATE, 3, 64))
    projector.gone = True
    pictures.image(PLATE, 700, 64)
    until(lambda: len(pictures.problems) == 2)


def test_a_frame_that_is_missing_keeps_no_other_away(make, projector, until):
    pictures = make()
    projector.missing = {12}
    pictures.image(PLATE, 10, 64)
    until(lambda: 10 + AHEAD - 1 in pictures.came)
    assert 12 not in pictures.came
    assert len(pictures.problems) == 1
    assert pictures.image(PLATE, 12, 64) is None


def test_what_is_no_picture_is_a_problem(application, until):
    problems = []
    pictures = Pictures(lambda clip, frames, side, layer: iter([b"not a picture"]))
    pictures.failed.connect(problems.append)
    pictures.image(PLATE, 0, 64)
    until(lambda: problems)
    assert problems[0].code == "media.unreadable"
    pictures.close()


def test_a_mistake_of_ours_is_told_too(application, until):
    def broken(clip, frames, side, layer):
        raise KeyError("side")

    problems = []
    pictures = Pictures(broken)
    pictures.failed.connect(problems.append)
    pictures.image(PLATE, 0, 64)
    until(lambda: problems)
    assert problems[0].code == "program.fault"
    pictures.close()


def test_alpha_is_greys_and_kept_beside_the_colour(make, projector, until):
    pictures = make()
    pictures.image(PLATE, 90, 64, "alpha")
    until(lambda: 90 in pictures.came)
    found = pictures.image(PLATE, 90, 64, "alpha")
    assert found.format() == QImage.Format.Format_Grayscale8
    assert pictures.kept(PLATE, 90, 64) is None
    assert projector.asked[0][3] == "alpha"


def test_a_preview_is_not_waited_for_and_told_on_the_main_thread(make, until):
    pictures, told = make(), []
    pictures.develop(jpeg(80), lambda image: told.append((image, threading.get_ident())))
    assert not told
    until(lambda: told)
    assert told[0][0].width() == 64
    assert told[0][1] == threading.get_ident()


def test_qt_decodes_on_other_threads_only_where_its_binding_bears_that(
    make, projector, until, monkeypatch
):
    threads, decoded = set(), darkroom.decoded

    def noted(picture, greys=False):
        threads.add(threading.get_ident())
        return decoded(picture, greys)

    monkeypatch.setattr(darkroom, "decoded", noted)
    for beside in {darkroom.BESIDE, False}:
        monkeypatch.setattr(darkroom, "BESIDE", beside)
        threads.clear()
        pictures, told = make(), []
        pictures.image(PLATE, 40, 64)
        pictures.develop(jpeg(80), told.append)
        until(lambda: told and len(pictures.came) == AHEAD)  # noqa: B023 - within this turn
        assert pictures.kept(PLATE, 41, 64).width() == told[0].width() == 64
        assert (threads == {threading.get_ident()}) is not beside
        assert (threading.get_ident() in threads) is not beside


def wait_for_all(pictures):
    """Until all that were asked for have come, and none is shown yet: Qt has no turn meanwhile."""
    end = time.monotonic() + 10
    while len(pictures._told) < AHEAD:
        assert time.monotonic() < end, "they do not come"
        time.sleep(0.002)


def test_pictures_that_come_together_leave_the_main_thread_to_others_between(
    make, projector, until, application, monkeypatch
):
    monkeypatch.setattr(module, "_AT_ONCE", 0.0)
    pictures = make()
    pictures.image(PLATE, 40, 64)
    wait_for_all(pictures)
    application.processEvents()
    assert 1 <= len(pictures.came) < AHEAD
    until(lambda: len(pictures.came) == AHEAD)
    assert pictures.came == list(range(40, 40 + AHEAD))


def test_decoding_does_not_lock_up_with_a_host_that_decodes_on_its_main_thread():
    """By a process of its own, which is what ends where both wait for each other for ever."""
    script = """
import threading
from qtpy.QtGui import QImage
from secondunit_panel.qt.darkroom import begun, finished
from test_pictures import jpeg

picture, done = jpeg(90), threading.Event()

def beside() -> None:
    for _ in range(2000):
        begun(picture)
    done.set()

for _ in range(2):
    threading.Thread(target=beside, daemon=True).start()
while not done.is_set():
    assert QImage.fromData(picture).width() == finished(begun(picture)).width() == 64
print("both decoded")
"""
    command = [sys.executable, "-c", script]
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    env = {**os.environ, "PYTHONPATH": path}
    ran = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert ran.stdout.strip() == "both decoded", ran.stderr


def test_after_closing_nothing_is_fetched_and_nothing_told(make, projector, until, application):
    pictures = make()
    projector.free = False
    pictures.image(PLATE, 0, 64)
    until(lambda: projector.asked)
    pictures.close()
    projector.let.release(100)
    until(lambda: projector.ended)
    application.processEvents()
    assert pictures.image(PLATE, 500, 64) is None
    assert pictures.came == []
    assert len(projector.asked) == 1


def test_media_that_has_changed_is_fetched_anew(make, projector, until):
    pictures = make()
    pictures.image(PLATE, 0, 64)
    until(lambda: len(pictures.came) == AHEAD)
    pictures.forget(PLATE)
    assert pictures.weight == 0
    assert pictures.image(PLATE, 0, 64) is None
    until(lambda: len(pictures.came) == 2 * AHEAD)


def test_clips_of_other_frames_share_their_pictures_and_others_do_not():
    assert key_of(PLATE) == key_of(Clip(PLATE.media, FrameRange(3, 4)))
    assert key_of(PLATE) != key_of(Clip(PLATE.media, colour_space="ACEScg"))
    assert key_of(PLATE) != key_of(Clip(PLATE.media, media_start=1001))


def test_what_was_on_its_way_is_not_kept_of_media_that_has_changed(make, projector, until):
    pictures = make()
    pictures.image(PLATE, 40, 64)
    wait_for_all(pictures)
    pictures.forget(PLATE)
    projector.pictures = [jpeg(200)] * 256
    assert pictures.image(PLATE, 40, 64) is None
    until(lambda: len(pictures.came) == AHEAD)
    assert abs(pictures.kept(PLATE, 40, 64).pixelColor(10, 10).red() - 200) <= 2
