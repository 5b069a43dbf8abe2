"""A clip whose structure is to be followed goes with the plate, or with the gap, under its name."""

from __future__ import annotations

from dataclasses import replace

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.job import Take
from secondunit_contract.queue import TakeEntry
from secondunit_contract.task import TaskCard
from secondunit_panel import orders, words
from secondunit_panel.drafts import Draft
from secondunit_panel.host import About, Place, Selection, Shot

FRAMES, FILM = FrameRange(1, 8), Rate.of(24)
PLACE = Place(FRAMES, FILM, "camera", "scene")
INSERT = TaskCard("insert", "Insert", "", {"before": "optional", "guide": "optional"})
RESTYLE = TaskCard("restyle", "Restyle", "", {"plate": "needed", "guide": "optional"})
EXTEND = TaskCard("extend", "Extend", "", {"plate": "needed"})
CARDS = [EXTEND, RESTYLE, INSERT]


def shot(name: str, media: str) -> Shot:
    return Shot(name, Clip(media, FRAMES, FILM), PLACE)


GUIDE, PLATE = shot("cam depth", "/a/depth.####.png"), shot("sc010", "/a/sc010.mov")


def test_with_a_plate_the_tasks_that_follow_it_come_first():
    chosen = Selection((PLATE,), guide=GUIDE)
    assert orders.roles(chosen) == {"plate": PLATE, "guide": GUIDE}
    assert [each.name for each in orders.fitting(CARDS, chosen)] == ["restyle", "extend"]
    assert words.selected(chosen, About("Blender")).endswith("follows cam depth")


def test_alone_it_stands_for_a_gap():
    chosen = Selection(gap=PLACE, guide=GUIDE)
    assert orders.roles(chosen) == {"guide": GUIDE}
    assert [each.name for each in orders.fitting(CARDS, chosen)] == ["insert"]
    assert words.selected(chosen, About("Blender")).startswith("Gap · 1")


def test_a_take_is_of_its_plates_kind_whatever_the_guide_is():
    order = orders.Order(RESTYLE, Draft(), {"plate": PLATE, "guide": GUIDE}, PLACE, "sc010")
    clips = {role: each.clip for role, each in order.shots.items()}
    assert orders.job_of(order, clips, {}, "/out/x", "h264").codec == "h264"
    clips["plate"] = Clip("/a/sc010.####.exr", FRAMES, FILM)
    assert orders.job_of(order, clips, {}, "/out/x", "h264").codec == ""
    assert orders.job_of(order, {"guide": GUIDE.clip}, {}, "/out/x", "h264").codec == "h264"


def test_light_is_of_its_own_kind_whatever_its_plate_and_host_are():
    """EXR, and linear: not in the colours of a plate from a camera."""
    card = TaskCard("highlights", "Highlights", "", {"plate": "needed"}, makes="light")
    clip = Clip("/a/sc010.mov", FRAMES, FILM, colour_space="S-Log3")
    order = orders.Order(card, Draft(), {"plate": PLATE}, PLACE, "sc010")
    job = orders.job_of(order, {"plate": clip}, {}, "/out/x", "prores4444")
    assert job.codec == ""
    take = Take(job.id, 1, 7, "/out/x.####.exr", FRAMES, FILM, 8, 8, "", "")
    assert orders.delivery(TakeEntry("t", take), job).colour_space == ""
    restyled = orders.job_of(replace(order, card=RESTYLE), {"plate": clip}, {}, "/out/x")
    assert orders.delivery(TakeEntry("t", take), restyled).colour_space == "S-Log3"
