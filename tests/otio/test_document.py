"""A cut is read from its text, and a change touches nothing but what it changes."""

from __future__ import annotations

import json
import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondunit_contract.problem import DiskFull, NotWritable
from secondunit_otio import Addition, Change, Cut, changed_paths
from secondunit_otio.testing import clip, gap, movie, span, stack, text_of, timeline, track


def items(cut: Cut, schema: str) -> list:
    return [item for item in cut.items() if item.schema == schema]


def test_every_item_stands_where_the_cut_says(foreign):
    cut = Cut.read(foreign)
    assert cut.text.encode() == foreign.read_bytes()
    for item in cut.items():
        told = json.loads(cut.text[item.start : item.stop])
        below = told.pop("tracks" if item.schema == "Timeline" else "children", None)
        assert told == item.body
        assert len(item.children) == (1 if isinstance(below, dict) else len(below or ()))


def test_the_items_are_those_of_the_file(foreign):
    def kinds(value):
        found = [value["OTIO_SCHEMA"].split(".")[0]]
        below = (
            value.get("children") or [value["tracks"]]
            if "tracks" in value
            else value.get("children")
        )
        return found + [kind for each in below or () for kind in kinds(each)]

    assert [item.schema for item in Cut.read(foreign).items()] == kinds(
        json.loads(foreign.read_text())
    )


def test_one_clip_changed_leaves_every_other_byte(foreign):
    cut = Cut.read(foreign)
    target = items(cut, "Clip")[-1]
    body = {**target.body, "name": "new", "metadata": {"secondunit": {"id": "abcdefgh", "n": [1]}}}
    after = cut.patched([Change(target, (body,))])
    assert after.startswith(cut.text[: target.start])
    assert after.endswith(cut.text[target.stop :])
    again = Cut.parse(after)
    assert items(again, "Clip")[-1].body == body
    assert {
        path.rsplit(".", 1)[0].split(".metadata")[0] for path in changed_paths(cut.text, after)
    } == {target.path}


def test_a_key_changed_leaves_the_rest_of_its_clip():
    text = (
        '{"OTIO_SCHEMA": "Clip.2", "odd": 1.1899998188018799e0, "name" :\t"a" , "z": [1e400, -0.0]}'
    )
    cut = Cut.parse(text)
    after = cut.patched([Change(cut.root, ({**cut.root.body, "name": "b"},))])
    assert after == text.replace('"a"', '"b"')


def test_keys_go_and_come_with_their_commas():
    text = text_of(clip("a", span(0, 9), None))
    cut = Cut.parse(text)
    body = dict(cut.root.body)
    for key in ("OTIO_SCHEMA", "effects", "markers", "active_media_reference_key"):
        del body[key]
    body["first"], body["last"] = {"x": 1}, []
    assert json.loads(cut.patched([Change(cut.root, (body,))])) == body


def test_a_gap_gives_way_to_several():
    cut = Cut.parse(text_of(timeline(track(gap(9), gap(5)), track())))
    first, second = items(cut, "Gap")
    after = json.loads(cut.patched([Change(first, (gap(2), gap(7))), Change(second, (gap(5),))]))
    assert after["tracks"]["children"][0]["children"] == [gap(2), gap(7), gap(5)]


@pytest.mark.parametrize("indent", [None, 2, 4, "\t"])
def test_a_new_track_is_written_in_the_hand_of_the_file(indent):
    made = timeline(track(gap(9)), track())
    cut = Cut.parse(text_of(made, indent))
    top, empty = items(cut, "Stack")[0], items(cut, "Track")[1]
    after = cut.patched([Addition(top, (track(name="new"),)), Addition(empty, (gap(3), gap(4)))])
    made["tracks"]["children"][1]["children"] = [gap(3), gap(4)]
    made["tracks"]["children"].append(track(name="new"))
    assert after == text_of(made, indent)


def test_a_composition_without_children_gets_some():
    cut = Cut.parse('{"OTIO_SCHEMA":"Stack.1","name":"a"}')
    after = cut.patched([Addition(cut.root, ({"OTIO_SCHEMA": "Track.1"},))])
    assert after == '{"OTIO_SCHEMA":"Stack.1","name":"a","children":[{"OTIO_SCHEMA":"Track.1"}]}'


def test_windows_line_endings_stay():
    text = text_of(timeline(track(gap(9)))).replace("\n", "\r\n") + "\r\n"
    cut = Cut.parse(text)
    after = cut.patched([Addition(items(cut, "Track")[0], (gap(3),))])
    assert after.replace("\r\n", "").count("\n") == 0
    assert after.endswith("}\r\n")


def test_a_byte_order_mark_is_read_and_kept(tmp_path):
    place = tmp_path / "bom.otio"
    place.write_bytes(b"\xef\xbb\xbf" + text_of(timeline(track(gap(9)))).encode())
    cut = Cut.read(place)
    Cut.write(place, cut.patched([Addition(items(cut, "Track")[0], (gap(3),))]))
    assert place.read_bytes().startswith(b"\xef\xbb\xbf{")
    assert len(items(Cut.read(place), "Gap")) == 2


def test_schemas_behind_other_keys_are_found():
    text = '{"children": [{"name": "c", "OTIO_SCHEMA": "Filler.1"}], "OTIO_SCHEMA": "Sequence.1"}'
    cut = Cut.parse(text)
    assert [item.schema for item in cut.items()] == ["Track", "Gap"]


def test_a_clip_with_children_of_its_own_is_still_a_clip():
    text = '{"children": [{"x": 1}], "OTIO_SCHEMA": "Mine.7"}'
    with pytest.raises(Exception, match="no schema"):
        Cut.parse(text)
    cut = Cut.parse(text.replace('{"x": 1}', '{"OTIO_SCHEMA": "Gap.1"}'))
    assert cut.root.body["children"] == [{"OTIO_SCHEMA": "Gap.1"}]
    assert not cut.root.children


def test_half_a_surrogate_pair_survives():
    cut = Cut.parse('{"OTIO_SCHEMA": "Clip.2", "name": "\\ud83d é"}')
    after = cut.patched([Change(cut.root, ({**cut.root.body, "other": "\ud83d é"},))])
    assert json.loads(after.encode().decode())["other"] == "\ud83d é"


def test_a_shared_child_is_looked_up():
    shared = {**gap(9), "OTIO_REF_ID": "Gap-1"}
    cut = Cut.parse(
        text_of(track(shared, {"OTIO_SCHEMA": "SerializableObjectRef.1", "id": "Gap-1"}))
    )
    assert cut.root.children[1].real is cut.root.children[0]


def test_writing_renames_a_finished_file(tmp_path):
    place = tmp_path / "cut.otio"
    place.write_text("old")
    place.chmod(0o640)
    Cut.write(place, "neu é")
    assert place.read_text(encoding="utf-8") == "neu é"
    assert stat.S_IMODE(place.stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["cut.otio"]


def test_nothing_half_written_stays_when_the_disk_is_full(tmp_path, monkeypatch):
    place = tmp_path / "cut.otio"
    place.write_text("old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull) as caught:
        Cut.write(place, "new")
    assert caught.value.where == str(place)
    assert caught.value.remedy
    assert place.read_text() == "old"
    assert os.listdir(tmp_path) == ["cut.otio"]


def test_a_folder_that_is_none_is_not_writable(tmp_path):
    with pytest.raises(NotWritable) as caught:
        Cut.write(tmp_path / "missing" / "cut.otio", "new")
    assert caught.value.code == "machine.not_writable"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
bodies = st.builds(
    lambda name, more: {"OTIO_SCHEMA": "Clip.2", "name": name, "metadata": more},
    st.text(max_size=6),
    st.dictionaries(st.text(max_size=4), values, max_size=4),
)
compositions = st.recursive(
    bodies,
    lambda inner: st.builds(
        lambda label, below, more: {
            "OTIO_SCHEMA": label,
            "metadata": more,
            "children": below,
            "after": None,
        },
        st.sampled_from(["Track.1", "Stack.1"]),
        st.lists(inner, max_size=4),
        st.dictionaries(st.text(max_size=4), values, max_size=2),
    ),
    max_leaves=12,
)


@given(
    made=compositions,
    new=bodies,
    extra=bodies,
    indent=st.sampled_from([None, 2, 4, "\t"]),
    plain=st.booleans(),
    pick=st.integers(0, 50),
)
def test_whatever_the_cut_only_the_change_is_changed(made, new, extra, indent, plain, pick):
    text = json.dumps(made, indent=indent, ensure_ascii=plain)
    text = text if plain else text.encode("utf-8", "replace").decode()
    cut = Cut.parse(text)
    assert cut.patched([]) == text
    leaves = items(cut, "Clip")
    compounds = [item for item in cut.items() if item.schema != "Clip"]
    changes: list = []
    if leaves:
        target = leaves[pick % len(leaves)]
        changes.append(Change(target, (new,)))
        _within(cut, target)
    if compounds:
        grown = compounds[pick % len(compounds)]
        changes.append(Addition(grown, (extra,)))
    expected = json.loads(text)
    if leaves:
        expected = _put(expected, target.path, new)
    if compounds:
        at = _at(expected, grown.path)
        at["children"] = [*at["children"], extra]
    assert repr(json.loads(cut.patched(changes))) == repr(_ordered(expected, cut, changes, text))


def _within(cut: Cut, item) -> None:
    assert json.loads(cut.text[item.start : item.stop])["name"] == item.name


def _at(value, path):
    for step in path.replace("]", "").replace("[", ".").split(".") if path else ():
        value = value[int(step)] if step.isdecimal() else value[step]
    return value


def _put(value, path, new):
    if not path:
        return new
    head, _, last = path.rpartition("[")
    _at(value, head)[int(last[:-1])] = new
    return value


def _ordered(expected, cut, changes, text):
    """The expected value with its keys in the order of the patched text: order is no value."""
    patched = json.loads(cut.patched(changes))

    def like(model, value):
        if isinstance(model, dict) and isinstance(value, dict) and model.keys() == value.keys():
            return {key: like(model[key], value[key]) for key in model}
        if isinstance(model, list) and isinstance(value, list) and len(model) == len(value):
            return [like(one, other) for one, other in zip(model, value, strict=True)]
        return value

    return like(patched, expected)


def test_the_paths_of_a_change_are_told():
    before = timeline(
        track(gap(9), clip("a", span(0, 5), movie("a.mov")), gap(9), clip("b", None, None))
    )
    after = json.loads(text_of(before))
    children = after["tracks"]["children"][0]["children"]
    children[0:1] = [gap(2), clip("x", None, None), gap(6)]
    children[5]["name"] = "c"
    after["tracks"]["children"].append(track())
    after["more"] = 1
    assert changed_paths(text_of(before), text_of(after, None)) == [
        "tracks.children[0].children[0].source_range.duration.value",
        "tracks.children[0].children[1]",
        "tracks.children[0].children[2]",
        "tracks.children[0].children[5].name",
        "tracks.children[1]",
        "more",
    ]


def test_nested_stacks_are_items_too():
    cut = Cut.parse(text_of(timeline(track(stack(track(gap(3)))))))
    assert [item.path for item in items(cut, "Gap")] == [
        "tracks.children[0].children[0].children[0].children[0]"
    ]


def test_a_number_that_is_none_is_no_change():
    assert changed_paths('{"a": NaN, "b": 1}', '{"a": NaN, "b": 1.0}') == ["b"]


ODD = ["18446744073709551616", "-9223372036854775809", "[123456789012345678901]", "1e999", "NaN",
       "-Infinity", '"\\ud83d"', "0.0033333333333333335", '"00000000000000000000000000000000"',
       '{"a": 1, "a": 2}', "-0", "[\n{\n}\n]", "{\n}", '"}"', "[]"]  # fmt: skip


@pytest.mark.parametrize("indent", [None, 0, 4, "\t"])
@pytest.mark.parametrize("odd", ODD)
def test_a_clip_is_read_as_python_reads_it_however_it_is_written(odd, indent):
    """Tidy clips are read by a quicker reader: no number may be rounded, no brace taken for its."""
    clips = [
        clip("a", None, None, metadata={"odd": "HERE"}),
        clip("b", None, None, metadata={"deep": [{"odd": "HERE"}]}),
    ]
    text = json.dumps(json.loads(text_of(timeline(track(*clips)))), indent=indent)
    text = text.replace('"HERE"', odd)
    for each in (text, text.replace("\n", "\r\n"), text.replace("\n  ", "\n ", 7)):
        cut = Cut.parse(each)
        found = items(cut, "Clip")
        assert [item.name for item in found] == ["a", "b"]
        for item in found:
            assert repr(item.body) == repr(json.loads(cut.text[item.start : item.stop]))
