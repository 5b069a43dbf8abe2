"""Every task: what a panel may know of it, and how it lays out what it delivers."""

import json
from pathlib import Path

import pytest

from secondunit import tasks
from secondunit.callsheet import Size
from secondunit.models import cards as model_cards
from secondunit.models import known as known_models
from secondunit.stage.layout import Turnover
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.problem import BadValue, MarkMissing, TaskUnknown
from secondunit_contract.task import TaskCard
from secondunit_contract.wire import from_json, to_json

NAMES = ["cleanup", "extend", "highlights", "insert", "key", "matte", "restyle", "train"]
FILM, SIZE = Rate.of(24), Size(96, 64)


def clip(first: int, last: int, size: Size = SIZE, rate: Rate = FILM) -> Turnover:
    return Turnover(size, rate, FrameRange(first, last))


def laid_out(name, values, context=4, **clips):
    task = tasks.named(name)
    return task.lay_out(tasks.checked(task, name, values), clips, context)


def origins(layout):
    """Where each delivered frame comes from, as "plate 1001"; "" for one to invent."""
    found = [layout.origin(index) for index in layout.deliver]
    return [f"{each.source} {each.frame}" if each else "" for each in found]


def properties(schema):
    """Every field of a schema and of what it refers to, by name."""
    yield from schema.get("properties", {}).items()
    for other in schema.get("$defs", {}).values():
        yield from other.get("properties", {}).items()


def test_all_are_there_and_none_is_broken():
    assert [(card.name, card.fault) for card in tasks.cards()] == [(name, "") for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_a_card_says_all_a_panel_draws(name):
    card = next(card for card in tasks.cards() if card.name == name)
    assert card.title
    assert card.help.endswith(".")
    assert set(card.inputs.values()) <= {"needed", "optional"}
    assert card.makes in ("picture", "matte", "light", "adapter")
    fields = dict(properties(card.values_schema))
    assert fields
    for field, told in fields.items():
        assert told.get("title"), f"{field} has no title"
        assert told["title"][0].isupper()
    # A unit where a number is one.
    for field in ("head", "tail", "frames", "grow", "feather", "edge", "left", "width"):
        if field in card.values_schema["properties"]:
            assert card.values_schema["properties"][field]["unit"] in ("frames", "pixels")
    assert from_json(TaskCard, json.loads(json.dumps(to_json(card)))) == card


@pytest.mark.parametrize("name", NAMES)
def test_no_task_names_a_model(name):
    text = Path(tasks.named(name).__file__).read_text("utf-8").lower()
    named = {word for card in (*known_models(), *model_cards()) for word in (card.name, card.title)}
    named |= {"wan", "vace", "starter"}
    import re

    assert [word for word in named if re.search(rf"\b{re.escape(word.lower())}\b", text)] == []


@pytest.mark.parametrize("name", NAMES)
def test_unknown_values_are_kept(name):
    task = tasks.named(name)
    rights = {"owner": "Us", "consent": "nobody is seen", "licence": "CC0-1.0"}
    needed = {"extend": {"tail": 1}, "train": rights}.get(name, {})
    values = tasks.checked(task, name, {**needed, "from_tomorrow": [1, 2]})
    assert values.model_dump()["from_tomorrow"] == [1, 2]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("cleanup", {}),
        ("extend", {"tail": 2}),
        ("insert", {}),
        ("key", {}),
        ("matte", {}),
        ("restyle", {}),
    ],
)
def test_every_task_runs_without_words(name, values):
    clips = {"before": clip(0, 8)} if name == "insert" else {"plate": clip(0, 8)}
    clips |= {"matte": clip(0, 0)} if name in ("cleanup", "matte") else {}
    assert len(laid_out(name, values, **clips).deliver) > 0


def test_only_an_insert_with_nothing_beside_it_needs_words():
    with pytest.raises(MarkMissing, match="no words") as told:
        laid_out("insert", {"frames": 4})
    assert told.value.remedy
    assert len(laid_out("insert", {"frames": 4, "prompt": "rain on a window"})) == 4
    with pytest.raises(MarkMissing):
        laid_out("insert", {"frames": 4, "prompt": "  "})


def test_an_unknown_task_is_told_what_there_is():
    with pytest.raises(TaskUnknown) as told:
        tasks.named("extent")
    assert all(name in told.value.remedy for name in NAMES)


@pytest.mark.parametrize(
    ("head", "tail", "first", "last"), [(3, 0, 998, 1005), (0, 2, 1001, 1007), (4, 2, 997, 1007)]
)
def test_extend_in_time(head, tail, first, last):
    layout = laid_out("extend", {"head": head, "tail": tail}, plate=clip(1001, 1005))
    assert layout.range == FrameRange(first, last)
    assert origins(layout) == [""] * head + [f"plate {n}" for n in range(1001, 1006)] + [""] * tail
    assert layout.size == SIZE


def test_a_head_may_begin_before_frame_zero():
    layout = laid_out("extend", {"head": 3}, plate=clip(0, 4))
    assert layout.range == FrameRange(-3, 4)
    assert origins(layout)[:4] == ["", "", "", "plate 0"]


@pytest.mark.parametrize(
    ("values", "size", "box"),
    [
        ({"left": 10, "top": 5}, (106, 69), (10, 5, 96, 64)),
        ({"right": 10, "bottom": 5}, (106, 69), (0, 0, 96, 64)),
        ({"left": 1, "right": 2, "top": 3, "bottom": 4}, (99, 71), (1, 3, 96, 64)),
        ({"width": 128, "height": 64}, (128, 64), (16, 0, 96, 64)),
        ({"height": 71}, (96, 71), (0, 3, 96, 64)),
    ],
)
def test_extend_in_frame(values, size, box):
    layout = laid_out("extend", values, plate=clip(0, 4))
    assert layout.size == size
    assert layout.plate_box() == box
    assert layout.range == FrameRange(0, 4)
    beyond = layout.beyond_plate()
    assert beyond.shape == size[::-1]
    assert beyond.sum() == size[0] * size[1] - 96 * 64


def test_a_new_size_never_crops():
    with pytest.raises(BadValue, match="96x64"):
        laid_out("extend", {"width": 95, "height": 100}, plate=clip(0, 4))


def test_handles_of_an_insert_are_the_clips_as_far_as_they_reach():
    before, after = clip(100, 109), clip(300, 309)
    values = {"frames": 3, "head": 2, "tail": 3}
    layout = laid_out("insert", values, before=before, after=after)
    assert origins(layout) == [
        *("before 108", "before 109", "", "", "", "after 300", "after 301", "after 302"),
    ]
    # The model is shown more of them than is delivered.
    assert len(layout) == 4 + 3 + 4


def test_handles_longer_than_the_clips_are_invented_outwards():
    before, after = clip(100, 101), clip(300, 300)
    values = {"frames": 2, "head": 5, "tail": 4}
    layout = laid_out("insert", values, before=before, after=after)
    assert origins(layout) == [
        *("", "", "", "before 100", "before 101", "", "", "after 300", "", "", ""),
    ]


def test_handles_without_clips_are_invented():
    layout = laid_out("insert", {"frames": 2, "head": 1, "tail": 2, "prompt": "fog"})
    assert origins(layout) == [""] * 5
    assert (layout.size, layout.rate) == ((1280, 720), FILM)


@pytest.mark.parametrize("side", ["before", "after"])
def test_an_insert_with_one_clip_beside_it_takes_its_size_and_rate(side):
    beside = clip(10, 20, Size(40, 30), Rate.of("29.97"))
    layout = laid_out("insert", {"frames": 6}, **{side: beside})
    assert (layout.size, layout.rate) == ((40, 30), Rate.of("29.97"))
    assert origins(layout) == [""] * 6
    shown = [layout.origin(index) for index in range(len(layout))]
    ends = (shown[3], None) if side == "before" else (None, shown[6])
    assert (ends[0] or ends[1]).frame == (20 if side == "before" else 10)


@pytest.mark.parametrize("name", ["cleanup", "highlights", "key", "matte", "restyle"])
def test_the_others_deliver_the_plate_frame_for_frame(name):
    clips = {"plate": clip(1001, 1004), "matte": clip(0, 0)}
    layout = laid_out(name, {}, **clips)
    assert origins(layout) == [f"plate {n}" for n in range(1001, 1005)]
    assert layout.range == FrameRange(1001, 1004)


@pytest.mark.parametrize("name", ["cleanup", "matte"])
@pytest.mark.parametrize(
    "values",
    [
        {"subject": "the crane"},
        {"points": [{"x": 0.5, "y": 0.5}]},
        {"box": {"left": 0.1, "top": 0.1, "right": 0.4, "bottom": 0.5}},
    ],
)
def test_words_clicks_or_a_box_mark_something(name, values):
    assert len(laid_out(name, values, plate=clip(0, 3)).deliver) == 4
    with pytest.raises(MarkMissing):
        laid_out(name, {}, plate=clip(0, 3))
