"""Nuke scripts are read as Tcl reads them; what we quote means itself, and nothing runs."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secondunit_contract.problem import CutProblem, CutTooDeep, CutUnreadable
from secondunit_otio import Cut, nuke_script
from secondunit_otio.nuke_script import testing as nuke_testing
from secondunit_otio.nuke_script.nodes import keys_in, nodes_in
from secondunit_otio.nuke_script.syntax import commands, evaluated, quoted, unevaluated, words_in

tkinter = pytest.importorskip("tkinter")

TCL = nuke_testing.Tcl()
MADE = nuke_script.write(nuke_testing.cut_with_takes())
ANY = st.text(max_size=60)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(text=st.one_of(ANY, st.text(st.sampled_from('\\"[]{}$; \n\t#aé'), max_size=20)))
def test_tcl_reads_back_what_we_quote_and_runs_nothing(text):
    kept = "".join(mark if mark >= " " or mark in "\n\t" else " " for mark in text)
    ((kind, body),) = TCL.commands(f"Node {{\n knob {quoted(text)}\n}}")
    assert kind == "Node"
    ((knob, value),) = TCL.commands(body)
    assert knob == "knob"
    assert value == kept
    (node,) = nodes_in(f"Node {{\n knob {quoted(text)}\n}}").nodes
    assert node.text("knob") == kept


@settings(max_examples=200, deadline=None, derandomize=True)
@given(text=st.one_of(ANY, st.text(st.sampled_from("\\[]$a "), max_size=20)))
def test_a_knob_nuke_evaluates_means_the_text_and_runs_nothing(text):
    told = unevaluated(text)
    assert evaluated(told) == text
    assert not re.search(r"(?<!\\)(?:\\\\)*[\[$]", told)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    text=st.lists(
        st.sampled_from(
            [
                *("Read {", "}", "file a.exr", '"', "\\", "\n", " ", "{", "[stack 0]", "set N ["),
                *("#! /usr/bin/Nuke -nx", "push $N", "push 0", "; ", "]", "\\\n", "a\\{b", "é"),
                *(
                    "addUserKnob {20 User}",
                    "inputs 2+1",
                    "end_group",
                    "Group {",
                    "{{curve x1 2 3}}",
                ),
            ]
        ),
        max_size=25,
    ).map("".join)
)
def test_we_read_what_tcl_reads_and_refuse_what_it_refuses(text):
    try:
        ours = [[word.text for word in command] for command in commands(text)]
    except CutUnreadable:
        ours = None
    plain = text.replace("[", "(").replace("]", ")").replace("$", "S")
    if plain != text:
        return
    try:
        theirs = TCL.commands(text)
    except tkinter.TclError:
        theirs = None
    assert ours == theirs


FOREIGN = r"""#! /usr/local/Nuke15.1v3/Nuke15.1 -nx
#write_info Write1 file:"/out/x.exr"
version 15.1 v3
define_window_layout_xml {<?xml version="1.0" encoding="UTF-8"?>
<layout version="1.0"><window x="0"/></layout>
}
Root {
 inputs 0
 name /jobs/show/sh010_comp_v012.nk
 frame 1011
 first_frame 1001
 last_frame 1100
 lock_range true
 format "2048 858 0 0 2048 858 1 A1"
 addUserKnob {20 User}
 addUserKnob {1 show l "the \"show\""}
 show bigcat
}
BackdropNode {
 inputs 0
 name BackdropNode1
 label "Green\nScreen \[value name]"
 xpos -5
 bdwidth 1208
}
Read {
 inputs 0
 file_type exr
 file "/jobs/show/my plates/sh010.####.exr"
 format "2048 858 0 0 2048 858 1 A1"
 first 1001
 last 1100
 origfirst 1001
 origlast 1100
 origset true
 colorspace linear
 name Read1
}
set N560a0600 [stack 0]
Grade {
 white {1.2 1.1 1 1}
 gamma {{curve x1001 1 x1050 1.2 s0.1} {curve L x1 2 3 4 x9 5}}
 name Grade1
}
push $N560a0600
push 0
Merge2 {
 inputs 2+1
 operation divide
 name Merge1
}
Group {
 name Group1
 knobChanged "n = nuke.thisNode()\nif n\['a'].value(): \{\n  pass"
}
 Input {
  inputs 0
  name Input1
 }
 Read {
  inputs 0
  file "\[file dirname \[value root.name]]/su-k3v9x0aa_t002.mov"
  last 48
  name Read7
 }
 Output {
  name Output1
 }
end_group
clone $N560a0600 {
 xpos 4
}
Write {
 file "[python {nuke.script_directory()}]/out.%04d.exr"
 name Write1
}
TimeWarp { lookup {{curve x1001 5 x1003 9}} filter none name Warp1 }
"""


def test_a_script_of_anybodys_is_read():
    script = nuke_script.read(FOREIGN)
    assert (script.name, script.first, script.last) == ("/jobs/show/sh010_comp_v012.nk", 1001, 1100)
    assert script.version == "15.1 v3"
    plate, take = script.shots
    read = plate.reads[0]
    assert read.path == "/jobs/show/my plates/sh010.####.exr"
    assert (plate.name, plate.first, plate.last) == ("sh010.####.exr", 1001, 1100)
    assert (read.colorspace, read.sequence) == ("linear", True)
    assert (take.id, take.reads[0].take, take.first, take.last) == ("k3v9x0aa", 2, 1, 48)
    found = nodes_in(FOREIGN)
    by_name = {node.name: node for node in found.nodes}
    assert by_name["Merge1"].inputs == (None, by_name["Read1"], by_name["Grade1"])
    assert by_name["Read7"].group == ("Group1",)
    assert by_name["Output1"].inputs == (by_name["Read7"],)
    assert by_name["Write1"].inputs[0].kind == "Clone"
    assert found.root.made == {"User": 20, "show": 1}
    assert found.root.text("show") == "bigcat"
    assert keys_in(by_name["Warp1"].knobs["lookup"]) == [(1001, 5), (1003, 9)]
    assert "\n" in by_name["BackdropNode1"].text("label")


def test_keys_without_a_frame_come_one_after_another():
    (node,) = nodes_in("A {\n k {{curve L x1 2 3 4 x9 5 s1 6}}\n}").nodes
    assert keys_in(node.knobs["k"]) == [(1, 2), (2, 3), (3, 4), (9, 5), (10, 6)]
    assert words_in("a {b c} d")[1].text == "b c"


@pytest.mark.parametrize("text", ["", "hello", "Read {", 'Read {\n file "a\n}', "set N [stack 0"])
def test_what_is_no_script_is_told_so(text):
    with pytest.raises(CutUnreadable) as caught:
        nuke_script.read(text, "bad.nk")
    assert "bad.nk" in caught.value.where
    assert caught.value.remedy


def test_bottomless_groups_are_refused():
    with pytest.raises(CutTooDeep):
        nuke_script.read("Group {\n name a\n}\n" * 5000)
    deep = "{" * 50_000 + "}" * 50_000
    assert nuke_script.read(f"Read {{\n file {deep}\n}}").shots


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    ours=st.booleans(),
    edits=st.lists(
        st.tuples(st.integers(0, 10**6), st.integers(0, 25), st.text(max_size=4)), max_size=4
    ),
)
def test_a_mutated_script_gives_a_problem_or_shots(ours, edits):
    text = MADE if ours else FOREIGN
    for at, gone, piece in edits:
        at %= len(text)
        text = text[:at] + piece + text[at + gone :]
    try:
        script = nuke_script.read(text)
        cut = Cut.parse(json.dumps(nuke_script.timeline(script)))
        nuke_script.brought(nuke_testing.cut_with_requests(), script)
    except CutProblem:
        return
    assert len([item for item in cut.items() if item.schema == "Clip"]) == len(script.shots)
