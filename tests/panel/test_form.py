"""Forms: every task's schema can be drawn, values go in and come back, and marks have an undo."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, ValidationError, create_model

from secondunit import tasks
from secondunit_panel.form import KINDS, SIMPLE, form_of
from secondunit_panel.marks import History, Marks, Point, thinned

CARDS = {each.name: each for each in tasks.cards()}
VALUES = {name: tasks.named(name).Values for name in CARDS}
FORMS = {name: form_of(each.values_schema) for name, each in CARDS.items()}


# every task there is


@pytest.mark.parametrize("name", CARDS)
def test_every_task_s_own_defaults_are_what_its_form_says(name):
    form, own = FORMS[name], VALUES[name]
    assert [each.key for each in form.fields] == list(own.model_fields)
    for each in form.fields:
        field = own.model_fields[each.key]
        assert each.default == field.get_default(call_default_factory=True)
        assert each.label == field.title
        assert each.kind in KINDS
        assert not each.fault(each.default), each
    assert form.faults(form.defaults()) == []
    assert form.sent(form.defaults()) == {}


@pytest.mark.parametrize("name", CARDS)
def test_the_simple_view_has_six_controls_at_most(name):
    form = FORMS[name]
    simple, everything = form.shown({}, ("matte",)), form.shown({}, ("matte",), everything=True)
    takes = 1
    assert 2 <= len(simple) + bool(form.marks) + takes <= SIMPLE
    assert [each for each in everything if each in simple] == simple, "in the same order"
    assert form.more is (len(everything) > len(simple))


@pytest.mark.parametrize("name", CARDS)
def test_what_the_form_lets_pass_the_task_takes(name):
    """Both ends of every range, every choice, and words: the engine's own check agrees."""
    form = FORMS[name]
    for each in form.fields:
        for value in values_for(each):
            told = {each.key: value}
            alone = each.fault(value) == ""
            assert alone is (each.key not in refused(name, told)), (each.key, value)


def values_for(each):
    if each.kind in ("whole", "number"):
        ends = [each.least, each.most]
        inside = [end for end in ends if end is not None]
        outside = [each.least - 1] if each.least is not None else []
        outside += [each.most + 1] if each.most is not None else []
        return [*inside, *outside, "x", True, None]
    if each.kind == "choice":
        return [*(choice.value for choice in each.choices), "no such thing", 3]
    return {"text": ["", 3], "yes_no": [True, False, "perhaps"], "wholes": [[1], "x"]}.get(
        each.kind, []
    )


def refused(name, told):
    try:
        VALUES[name].model_validate(told, strict=True)
    except ValidationError as error:
        return {fault["loc"][0] for fault in error.errors() if fault["loc"]}
    return set()


# a new parameter


def test_a_parameter_that_is_added_to_a_task_appears(monkeypatch):
    """No code of the panel is touched: the field is there, checked, and what it says is sent."""
    own = tasks.named("restyle").Values
    more = create_model(
        "Values",
        __base__=own,
        halation=(float, Field(0, ge=0, le=2, title="Halation", description="Glow round lights",
                               json_schema_extra={"unit": "stops", "group": "Film"})),
        stock=(str, Field("none", title="Stock", json_schema_extra={"enum": ["none", "500T"]})),
    )  # fmt: skip
    monkeypatch.setattr(tasks.named("restyle"), "Values", more)
    [card] = [each for each in tasks.cards() if each.name == "restyle"]
    form = form_of(card.values_schema)
    field = form["halation"]
    assert field in form.shown({}, everything=True)
    assert (field.kind, field.label, field.unit, field.group) == (
        "number", "Halation", "stops", "Film",
    )  # fmt: skip
    assert (field.least, field.most, field.default) == (0, 2, 0)
    assert "Glow round lights" in field.hint
    assert "halation" in field.hint
    assert field.fault(3) == "Halation is 0 to 2 stops"
    assert [each.word for each in form["stock"].choices] == ["none", "500T"]
    values = {"halation": field.read("1,5"), "stock": "500T"}
    assert form.sent(values) == {"halation": 1.5, "stock": "500T"}
    assert tasks.checked(tasks.named("restyle"), "restyle", form.sent(values)).halation == 1.5


# what a schema may say


def one(schema, **more):
    return form_of({"properties": {"it": schema}, **more})["it"]


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "string"}, "text"),
        ({"type": "integer"}, "whole"),
        ({"type": "number"}, "number"),
        ({"type": "boolean"}, "yes_no"),
        ({"enum": ["a", 1, None]}, "choice"),
        ({"type": ["integer", "null"]}, "whole"),
        ({"anyOf": [{"type": "number"}, {"type": "null"}]}, "number"),
        ({"oneOf": [{"type": "null"}, {"$ref": "#/$defs/B"}]}, "box"),
        ({"type": "array", "items": {"type": "integer"}}, "wholes"),
        ({"type": "array", "items": {"$ref": "#/$defs/P"}}, "points"),
        ({"type": "array", "items": {"properties": {"points": {}}}}, "strokes"),
        ({"type": "array", "items": {"properties": {"keys": {}}}}, "paths"),
        ({"type": "object", "mark": "paths"}, "paths"),
        # what is not understood is text
        ({}, "written"),
        (True, "written"),
        (None, "written"),
        ({"type": "colour"}, "written"),
        ({"type": ["string", "integer"]}, "written"),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, "written"),
        ({"anyOf": []}, "written"),
        ({"$ref": "#/$defs/Nowhere"}, "written"),
        ({"$ref": "https://example.org/x"}, "written"),
        ({"$ref": "#/$defs/Round"}, "written"),
        ({"type": "object", "properties": {"a": {}}}, "written"),
        ({"type": "array", "prefixItems": [{"type": "number"}]}, "written"),
        ({"enum": []}, "written"),
        ({"enum": "x", "type": {}}, "written"),
    ],
)
def test_a_field_s_kind(schema, kind):
    defs = {
        "B": {"type": "object", "properties": dict.fromkeys(("left", "top", "right", "bottom"))},
        "P": {"type": "object", "properties": {"x": {}, "y": {}}},
        "Round": {"$ref": "#/$defs/Round"},
    }
    assert one(schema, **{"$defs": defs}).kind == kind


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["type", "anyOf", "enum", "items", "$ref", "default", "minimum", "maximum", "when",
             "properties", "title", "unit", "simple", "exclusiveMinimum", "multipleOf", "words"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(JSON, JSON)
def test_no_schema_and_no_value_breaks_a_form(schema, value):
    form = form_of({"properties": {"it": schema}, "required": ["it"]})
    [field] = form.fields
    assert field.kind in KINDS
    form.defaults()
    form.shown({"it": value}, (), everything=True)
    assert isinstance(field.fault(value), str)
    assert isinstance(field.written(value), str)
    assert isinstance(field.hint, str)
    field.read(value)
    form.sent({"it": value})
    form.faults({"it": value})


@pytest.mark.parametrize("schema", [{}, {"properties": None}, {"properties": {}, "required": 3}])
def test_a_task_without_values_has_an_empty_form(schema):
    form = form_of(schema)
    assert (form.fields, form.shown({}), form.sent({"x": 1})) == ((), [], {"x": 1})


@pytest.mark.parametrize(
    ("schema", "raw", "value"),
    [
        ({"type": "integer"}, "12", 12), ({"type": "integer"}, 12.0, 12),
        ({"type": "integer"}, "12.5", 12.5), ({"type": "integer"}, "twelve", "twelve"),
        ({"type": "number"}, "0,5", 0.5), ({"type": "number"}, " 2 ", 2),
        ({"type": ["number", "null"]}, "", None), ({"type": "string"}, "  a ", "  a "),
        ({"type": ["string", "null"]}, "", None), ({"type": "string"}, "", ""),
        ({"type": "boolean"}, "true", True), ({"enum": ["a", 5]}, "5", 5),
        ({"type": "array", "items": {"type": "integer"}}, "1001, 1024 1030", [1001, 1024, 1030]),
        ({"type": "array", "items": {"type": "integer"}}, "", []),
        ({}, '{"a": [1]}', {"a": [1]}), ({}, "plain words", "plain words"), ({}, "", None),
    ],
)  # fmt: skip
def test_what_a_control_holds_becomes_a_value_and_comes_back(schema, raw, value):
    field = one(schema)
    read = field.read(raw)
    assert (read, type(read)) == (value, type(value))
    assert field.read(field.written(read)) == read


@pytest.mark.parametrize(
    ("schema", "value", "sentence"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 16}, 17, "It is 1 to 16"),
        ({"type": "integer", "minimum": 0, "unit": "pixels"}, -1, "It is 0 pixels or more"),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 1}, 0, "It is above 0 to 1"),
        ({"type": "number", "exclusiveMaximum": 1}, 1, "It is below 1"),
        ({"type": "number"}, math.inf, "It is a number"),
        ({"type": "integer"}, 1.5, "It is a whole number"),
        ({"type": "integer"}, None, "It is empty"),
        ({"type": "string", "maxLength": 2}, "abc", "It is longer than 2 characters"),
        ({"enum": ["auto", "look", "carry"]}, "x", "It is one of auto, look or carry"),
        ({"type": "boolean"}, 1, "It is yes or no"),
        ({"enum": [1, True]}, "1", "It is one of 1 or True"),
        ({}, "{broken", "It is not written as it should be"),
    ],
)
def test_a_wrong_value_is_told_in_a_sentence(schema, value, sentence):
    assert one(schema).fault(value) == sentence


def test_what_is_needed_must_be_said():
    form = form_of({"properties": {"it": {"type": "string"}}, "required": ["it"]})
    assert [each.sentence for each in form.faults({})] == ["It is empty"]
    assert [each.sentence for each in form.faults({"it": "  "})] == ["It is empty"]
    assert form.sent({"it": "a"}) == {"it": "a"}


def test_a_field_is_shown_where_its_rule_holds_and_only_then_sent():
    class Values(BaseModel):
        picture: str = Field("plate", json_schema_extra={"enum": ["plate", "cutout"]})
        straight: bool = Field(False, json_schema_extra={"when": {"picture": "cutout"}})
        either: int = Field(0, json_schema_extra={"when": {"picture": ["cutout", "plate"]}})
        frame: int = Field(3, json_schema_extra={"when": {"inputs.matte": True}})
        odd: int = Field(1, json_schema_extra={"when": {"of another time": 1}})

    form = form_of(Values.model_json_schema())

    def keys(values, inputs=()):
        return [each.key for each in form.shown(values, inputs)]

    assert keys({}) == ["picture", "either", "odd"]
    assert keys({"picture": "cutout"}) == ["picture", "straight", "either", "odd"]
    assert keys({}, ("matte",)) == ["picture", "either", "frame", "odd"]
    values = {"straight": True, "frame": "wrong"}
    assert form.sent(values) == {}
    assert form.faults(values) == []
    assert form.sent(values | {"picture": "cutout"}) == {"picture": "cutout", "straight": True}
    assert [each.key for each in form.faults(values, ("matte",))] == ["frame"]


def test_the_schema_says_what_is_simple():
    properties = {f"n{i}": {"type": "integer", "simple": i % 2 == 1} for i in range(20)}
    form = form_of({"properties": properties})
    assert [each.key for each in form.shown({})] == ["n1", "n3", "n5", "n7", "n9"]


def test_what_the_form_does_not_know_is_kept_and_nothing_is_shared():
    form = FORMS["matte"]
    values = form.defaults() | {"newer": {"a": [1]}}
    sent = form.sent(values)
    assert sent == {"newer": {"a": [1]}}
    form.defaults()["points"].append("mine")
    assert form.defaults()["points"] == []


# marks


def drawn():
    marks = Marks().with_point(4, 0.5, 0.25).with_point(4, 0.1, 0.9, add=False)
    marks = marks.with_stroke(6, [(0.0, 0.0), (0.1, 0.0000001), (0.2, 0.0), (0.2, 0.4)])
    marks = marks.with_box(5, 0.8, 0.7, 0.2, 0.3)
    return marks.with_path_key(None, 4, 0.1, 0.1).with_path_key(0, 8, 0.5, 0.3)


def test_marks_are_what_the_tasks_take():
    keys = FORMS["matte"].marks
    assert keys == {"points": "points", "strokes": "strokes", "box": "box"}
    values = drawn().values(keys)
    checked = tasks.checked(tasks.named("matte"), "matte", values)
    assert checked.frames_marked(4) == [4, 5, 6]
    assert checked.hint(4).points == ((0.5, 0.25, True), (0.1, 0.9, False))
    assert checked.hint(5).box == (0.2, 0.3, 0.8, 0.7)
    assert checked.strokes[0].points == [(0.0, 0.0), (0.2, 0.0), (0.2, 0.4)], "its trembling is out"
    assert json.loads(json.dumps(values)) == values
    everything = keys | {"paths": "paths"}
    assert Marks.read(drawn().values(everything), everything, 4) == drawn()


@given(JSON)
def test_marks_of_another_time_are_left_out(value):
    keys = {each: each for each in ("points", "strokes", "box", "paths")}
    assert isinstance(Marks.read(dict.fromkeys(keys, value), keys, 0), Marks)


def test_marks_without_a_frame_are_on_the_first():
    values = {"points": [{"x": 0.5, "y": 0.5}, {"x": 2, "y": 0}], "box": {"left": 1}}
    marks = Marks.read(values, {"points": "points", "box": "box"}, 1001)
    assert marks == Marks(points=(Point(0.5, 0.5, 1001),))


def test_a_pen_that_leaves_the_picture_marks_its_edge():
    assert Marks().with_point(1, -3, 1.5).points == (Point(0.0, 1.0, 1),)
    assert not Marks().with_box(1, 0.5, 0.5, 0.5, 0.9)
    assert not Marks().with_stroke(1, [])


def test_the_mark_under_the_pen_is_found_and_rubbed_out():
    marks = drawn()
    click = marks.nearest(4, 0.505, 0.25, aspect=16 / 9)
    assert click == marks.points[0]
    assert marks.without(click).points == marks.points[1:]
    assert marks.nearest(4, 0.53, 0.25, aspect=16 / 9) is None
    assert marks.nearest(5, 0.5, 0.3) == marks.box, "its edge"
    assert marks.nearest(5, 0.5, 0.5) is None, "not its middle"
    assert marks.nearest(6, 0.15, 0.01) == marks.strokes[0]
    assert marks.moved(0, 0.6, 0.6).points[0] == Point(0.6, 0.6, 4)
    assert marks.without_frame(4).frames() == [4, 5, 6, 8], "a path's keys stay"
    assert marks.without_frame(5).box is None


def test_a_path_goes_straight_between_its_keys():
    [path] = drawn().paths
    assert path.at(6) == pytest.approx((0.3, 0.2))
    assert path.at(0) == (0.1, 0.1)
    assert path.at(99) == (0.5, 0.3)
    assert drawn().with_path_key(0, 8, 0.9, 0.9).paths[0].at(8) == (0.9, 0.9)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=40))
def test_a_thinned_line_stays_where_it_was_drawn(line):
    from secondunit_panel.marks import _to_line

    kept = thinned(line, 0.01)
    assert (kept[0], kept[-1]) == (line[0], line[-1])
    assert all(_to_line(tuple(kept), *each) <= 0.01 + 1e-9 for each in line)


def test_history_goes_back_and_forth():
    history = History(Marks())
    first = history.now.with_point(1, 0.1, 0.1)
    assert history.put(first)
    assert not history.put(first), "nothing changed"
    second = first.with_point(1, 0.2, 0.2)
    history.put(second)
    assert history.undo() == first
    assert history.redo() == second
    assert history.undo() == first
    assert history.undo() == Marks()
    assert (history.undo(), history.can_undo) == (Marks(), False)
    history.put(second)
    assert not history.can_redo, "another way was taken"


def test_one_hand_s_many_changes_are_one_step():
    history = History(0)
    for value in range(1, 6):
        history.put(value, "slider")
    history.put(9, "another")
    assert history.undo() == 5
    assert history.undo() == 0
