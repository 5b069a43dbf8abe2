"""What a panel knows of paths: kept whole, how far they lead, and when they are none."""

from __future__ import annotations

import pytest

from secondunit import tasks
from secondunit_panel.form import form_of
from secondunit_panel.marks import RADIUS, Marks, Path

FORMS = {each.name: form_of(each.values_schema) for each in tasks.cards()}
KEYS = {"paths": "paths"}
DRAWN = Marks(
    paths=(Path(((1001, 0.1, 0.2), (1009, 0.4, 0.2)), 0.25), Path(((3, 0, 0), (4, 1, 1))))
)


@pytest.mark.parametrize("name", ["extend", "insert", "restyle"])
def test_the_pen_for_paths_appears_by_the_schema_and_what_it_draws_is_understood(name):
    assert FORMS[name].marks == KEYS
    values = {"tail": 8} if name == "extend" else {}
    checked = tasks.checked(tasks.named(name), name, {**values, **DRAWN.values(KEYS)})
    assert [each.keys for each in checked.paths] == [list(each.keys) for each in DRAWN.paths]
    assert [each.radius for each in checked.paths] == [0.25, RADIUS]
    assert Marks.read(DRAWN.values(KEYS), KEYS, 0) == DRAWN


def test_what_leads_beyond_the_plate_is_not_lost():
    told = {"paths": [{"keys": [[1, 0.5, 0.5], [2, 1.5, -0.2]]}]}
    assert Marks.read(told, KEYS, 0).values(KEYS) == told


@pytest.mark.parametrize(
    ("name", "values", "frames"),
    [
        ("extend", {"tail": 12, "head": 3}, (0, 12)),
        ("extend", {}, (0, 0)),
        ("insert", {"frames": 24}, (0, 24)),
        ("restyle", {"tail": 5}, (0, 0)),
        ("extend", {"tail": "many"}, (0, 0)),
        ("matte", {"tail": 5}, (0, 0)),
    ],
)
def test_how_far_behind_the_clip_paths_lead_is_what_is_shot_there(name, values, frames):
    assert FORMS[name].beyond(values) == frames


def test_a_path_on_one_frame_is_told_before_it_is_sent():
    one = Marks().with_path_key(None, 1001, 0.2, 0.2)
    [fault] = FORMS["restyle"].faults(one.values(KEYS))
    assert (fault.key, "another frame" in fault.sentence) == ("paths", True)
    both = one.with_path_key(0, 1005, 0.2, 0.2)
    assert FORMS["restyle"].faults(both.values(KEYS)) == []


def test_a_path_keeps_its_radius_when_it_is_led_on():
    led = DRAWN.with_path_key(0, 1012, 0.9, 0.9)
    assert led.paths[0].radius == 0.25
