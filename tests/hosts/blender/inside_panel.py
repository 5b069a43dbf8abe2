"""The panel in Blender: properties, operators and what is drawn, over a scripted engine."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import bpy
from shown import CARDS, VALUES, Drawn, Layout, enabled

from secondunit_blender import operators, props
from secondunit_blender.engine import INSTALL, Engine
from secondunit_contract.job import Event
from secondunit_contract.problem import Problem
from secondunit_contract.wire import to_json
from secondunit_panel.form import KINDS, form_of
from secondunit_panel.service import ProtocolOther


def check_every_kind_of_field_has_a_property(stage):
    assert set(props.TABLE) == set(KINDS)
    fields = form_of({"properties": VALUES}).fields
    said: dict[str, Any] = {each.key: each.default for each in fields}
    group = props.group("secondunit_test", fields, said.get, said.__setitem__)
    held = bpy.context.window_manager.secondunit_test
    try:
        shown = {key: getattr(held, name) for key, name in group.attributes.items()}
        assert shown["head"] == 0
        assert abs(shown["share"] - 0.3) < 1e-6
        assert (shown["way"], shown["steady"], shown["maybe"]) == ("paint", True, "")
        assert (shown["huge"], shown["odd"], shown["name"]) == (str(2**40), '{"a": [1]}', "x")
        kind = held.bl_rna.properties
        assert kind["v_head"].name == "Head (frames)"
        assert (kind["v_head"].hard_min, kind["v_head"].hard_max) == (0, 1000)
        assert kind["v_share"].subtype == "FACTOR"
        assert [each.name for each in kind["v_way"].enum_items] == ["Paint over", "tint"]
        held.v_share, held.v_way, held.v_head, held.v_steady = 0.7, "tint", 4, False
        assert (said["share"], said["way"], said["head"], said["steady"]) == (0.7, "tint", 4, False)
    finally:
        props.drop(group)
    assert not hasattr(bpy.types.WindowManager, "secondunit_test")


def check_numbers_are_as_short_as_they_were_said(stage):
    import random
    import struct

    def single(value):
        return struct.unpack("f", struct.pack("f", value))[0]

    chance = random.Random(7)
    for _ in range(2000):
        said = round(chance.uniform(-1000, 1000), chance.randrange(4))
        assert props.shortest(single(said)) == said
        full = single(chance.uniform(-1e6, 1e6))
        assert single(props.shortest(full)) == full


def check_what_cannot_be_read_is_shown_as_nothing_wild(stage):
    fields = form_of({"properties": VALUES}).fields
    wrong = {"head": "many", "share": None, "way": "gone", "steady": "x", "prompt": None}
    group = props.group("secondunit_test", fields, wrong.get, wrong.__setitem__)
    held = bpy.context.window_manager.secondunit_test
    assert (held.v_head, held.v_share, held.v_way) == (0, 0.0, "paint")
    assert (held.v_steady, held.v_prompt) == (False, "")
    props.drop(group)


def check_a_task_s_form_is_drawn_and_sent(stage):
    with enabled(stage) as it:
        assert "Looking" in it.draw().words
        it.ready()
        drawn = it.draw()
        assert "a | 1–10 · 10 f" in drawn.words
        assert [each.text for each in drawn.buttons("choose")] == ["Extend"]
        assert set(drawn.values) == {"v_prompt", "v_head", "v_takes"}
        it.act("everything")
        assert "v_way" in it.draw().values
        held = it.group()
        held.v_prompt, held.v_head, held.v_share, held.v_maybe = "a wall", 3, 0.7, "12"
        it.room.values(it.room.settings).v_seed = "77"
        it.room.values(it.room.settings).v_takes = 2
        job = it.shoot()
        assert job["values"] == {"prompt": "a wall", "head": 3, "share": 0.7, "maybe": 12}
        assert (job["seed"], job["takes"], job["task"]) == (77, 2, "extend")
        assert job["inputs"]["plate"]["range"] == "0-9"
        assert job["output"].endswith("media/Second Unit/a_extend_v001_t{take}")


def check_a_new_value_of_a_task_appears_without_code(stage):
    with enabled(stage) as it:
        it.ready()
        assert not hasattr(it.group(), "v_grain")
        more = {**VALUES, "grain": {"type": "number", "default": 1.0, "minimum": 0, "simple": True}}
        newer = {**CARDS[0], "values_schema": {"properties": more}}
        it.engine.answers["GET /v1/tasks"] = {"tasks": [newer]}
        it.engine.drop()
        it.until(lambda: hasattr(it.group(), "v_grain"))
        assert it.draw().values["v_grain"] == 1.0


def check_faults_are_said_and_nothing_is_sent(stage):
    with enabled(stage) as it:
        it.ready()
        it.act("everything")
        it.group().v_maybe = "many"
        drawn = it.draw()
        assert "Maybe is a number" in drawn.words
        it.act("shoot")
        assert it.jobs() == []
        [notice] = it.session.notices.shown
        assert notice.action.label == "Show it"
        it.act("remedy", "0")
        it.act("dismiss", "0")
        assert not it.session.notices.shown


def check_the_form_has_a_way_back(stage):
    with enabled(stage) as it:
        it.ready()
        it.group().v_prompt = "a wall"
        it.act("undo", how="undo")
        assert it.group().v_prompt == ""
        it.act("undo", how="redo")
        assert it.group().v_prompt == "a wall"


def check_the_selection_is_followed(stage):
    with enabled(stage) as it:
        it.ready()
        stage.movie("b", 31, 40)
        for each in stage.strips:
            each.select = False
        stage.scene.frame_current = 20
        it.draw()
        it.until(lambda: it.session.desk.selection.gap is not None)
        it.until(lambda: it.session.desk.task and it.session.desk.task.name == "insert")
        assert "Gap between a and b" in it.draw().words
        for _ in range(5):
            it.draw()
            it.pump(0.02)
        assert not it.session.looking, "what is drawn again reads nothing again"


def check_a_job_is_followed_to_a_strip_in_the_cut(stage):
    with enabled(stage) as it:
        it.ready()
        it.group().v_prompt = "a wall"
        job = it.shoot()
        assert "extend · Waiting" in it.draw().words
        it.engine.tell(Event("started", job["id"]))
        told = Event("progress", job["id"], "shooting", 3, 4, seconds_left=12.0)
        it.engine.tell(told, kept=False)
        it.until(lambda: "75%" in it.draw().words)
        assert [each.how for each in it.draw().buttons("act")] == ["pause", "cancel"]
        one, two = it.tell_take(job), it.tell_take(job, 2)
        it.engine.answers[f"PATCH /v1/takes/{one}"] = lambda told: {
            "id": one, **told, "take": to_json(it.session.dailies.takes[one].take)
        }  # fmt: skip
        assert len(it.draw().buttons("pick")) == 2
        it.act("pick", one, job["id"])
        it.act("rate", one, "circled")
        assert it.session.dailies.takes[one].rating == "circled"
        bpy.ops.ed.undo_push(message="before")
        it.act("place", one)
        it.until(lambda: one in it.session.placed)
        assert stage.names() == ["a", "a · extend"]
        assert [each.text for each in it.draw().buttons("take_out")] == ["Take out"]
        it.act("place", two)
        it.until(lambda: two in it.session.placed)
        assert stage.names() == ["a", "a · extend"], "it is flipped to"
        assert [each.select for each in stage.strips] == [True, False]
        stage.select("a · extend")
        it.draw()
        it.until(lambda: it.session.desk.shot and it.session.desk.shot.name == "a · extend")
        assert len(it.draw().buttons("pick")) == 2, "of a take in the cut, those of its slate"
        stage.select("a")
        it.draw()
        it.until(lambda: it.session.desk.shot.name == "a")
        bpy.ops.ed.undo()
        bpy.ops.ed.undo()
        assert stage.names() == ["a"], "each was one step, its marker in it"
        bpy.ops.ed.redo()
        it.act("show", one)
        it.until(lambda: stage.scene.frame_current == 1)
        it.act("take_out", one)
        it.until(lambda: one not in it.session.placed)
        assert stage.names() == ["a"]
        it.act("branch", one)
        assert it.session.desk.draft.seed == 41
        before = len(it.jobs())
        it.act("again", one)
        it.until(lambda: len(it.jobs()) > before)
        it.engine.answers[f"POST /v1/jobs/{job['id']}/cancel"] = {
            "id": job["id"], "state": "cancelled", "job": job,
        }  # fmt: skip
        it.act("act", job["id"], "cancel")


def check_a_strip_deleted_meanwhile_is_a_sentence_with_a_button(stage):
    with enabled(stage) as it:
        it.ready()
        job = it.shoot()
        id = it.tell_take(job)
        stage.strips.remove(stage.at("a"))
        it.act("place", id)
        it.until(lambda: it.session.notices.shown)
        [notice] = it.session.notices.shown
        assert notice.sentence == "The strip a is not there any more"
        assert [each.text for each in it.draw().buttons("remedy")] == ["Select again"]


def check_a_failed_job_and_a_full_disk_are_sentences_with_buttons(stage):
    with enabled(stage) as it:
        it.ready()
        job = it.shoot()
        full = {"code": "machine.disk_full", "what": "The disk is full", "where": "/takes",
                "remedy": "Make room, then try again"}  # fmt: skip
        it.engine.tell(Event("problem", job["id"], problem=full))
        it.until(lambda: it.session.notices.shown)
        drawn = it.draw()
        assert "The disk is full | Make room, then try again" in drawn.words
        [button] = drawn.buttons("remedy")
        assert button.text == "Try again"
        retried = []
        it.engine.answers[f"POST /v1/jobs/{job['id']}/retry"] = lambda told: retried.append(1) or {
            "id": job["id"], "state": "queued", "job": job,
        }  # fmt: skip
        it.act("remedy", "0")
        it.until(lambda: retried)
        refused = Problem("Nothing says what it is of", remedy="Click it")
        refused.code = "program.fault"
        it.engine.answers["POST /v1/jobs"] = refused
        it.act("shoot")
        it.until(lambda: it.session.notices.shown)
        it.act("remedy", "0")


def check_without_an_engine_there_is_the_one_command(stage):
    gone = {name: os.environ.pop(name, None) for name in ("SECONDUNIT_PYTHON",)}
    path, os.environ["PATH"] = os.environ["PATH"], ""
    os.environ["SECONDUNIT_DATA"] = str(stage.folder / "no data")
    engine = Engine()
    try:
        with enabled(stage, find=lambda waiting: engine.find(waiting)) as it:
            it.draw()
            it.until(lambda: it.session and it.session.link.problem)
            drawn = it.draw()
            assert INSTALL in drawn.words
            assert "The engine is not installed" in drawn.words
            [copy] = drawn.buttons("copy")
            assert copy.about == INSTALL
            assert drawn.buttons("engine")
            it.act("engine")
            it.act("copy", INSTALL)
            engine.may_start = False
    finally:
        os.environ["PATH"] = path
        os.environ |= {key: each for key, each in gone.items() if each}


def check_an_engine_that_may_not_start_waits_for_its_button(stage):
    engine = Engine()
    engine.settle("", str(stage.folder / "data"), False)
    with enabled(stage, find=lambda waiting: engine.find(waiting)) as it:
        it.draw()
        it.until(lambda: it.session and it.session.link.problem)
        drawn = it.draw()
        assert "Not running" in drawn.words
        assert [each.text for each in drawn.buttons("engine")] == ["Start the engine"]
        assert not (stage.folder / "data" / "service.log").exists()
    engine.settle("", "", True)


def check_an_engine_of_another_version_is_told(stage):
    def other(waiting):
        raise ProtocolOther("The engine 9 speaks protocol 2", remedy="Install the newer panel")

    with enabled(stage, find=other) as it:
        it.draw()
        it.until(lambda: it.session and it.session.link.problem)
        words = it.draw().words
        assert "The engine 9 speaks protocol 2" in words
        assert "Install the newer panel" in words


def check_what_is_shot_while_the_engine_is_away_is_shot_later(stage):
    with enabled(stage) as it:
        it.ready()
        it.session.link.state = "lost"
        it.act("shoot")
        it.until(lambda: it.session.drafts.waiting)
        assert "waiting for the engine" in it.draw().words
        it.session.link.state = "here"
        it.session.shooting.send_waiting()
        it.until(lambda: not it.session.drafts.waiting)
        assert len(it.jobs()) == 1


def check_another_file_is_another_document(stage):
    with enabled(stage) as it:
        it.ready()
        job = it.shoot()
        id = it.tell_take(job)
        before = it.session.desk.selection.document
        bpy.ops.wm.read_factory_settings(use_empty=True)
        stage.begin()
        stage.movie("a", 1, 10)
        stage.select("a")
        it.draw()
        it.until(lambda: it.session.desk.selection.document not in ("", before))
        assert it.session.takes() == []
        it.act("place", id)
        it.until(lambda: it.session.notices.shown)
        assert stage.names() == ["a"]


def check_saving_keeps_what_was_said_and_shot(stage):
    with enabled(stage) as it:
        it.ready()
        it.group().v_prompt = "a wall"
        id = it.tell_take(it.shoot())
        stage.save()
        it.until(lambda: it.session.desk.selection.folder)
        assert it.group().v_prompt == "a wall"
        assert [each.id for each in it.session.takes()] == [id]
        bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
        it.draw()
        it.pump(0.3)
        it.until(lambda: it.session.takes())
        assert it.group().v_prompt == "a wall"


def check_undo_keeps_what_was_said_and_shot(stage):
    with enabled(stage) as it:
        it.ready()
        it.group().v_prompt = "a wall"
        id = it.tell_take(it.shoot())
        document = it.session.desk.selection.document
        bpy.ops.ed.undo_push(message="before")
        it.act("place", id)
        it.until(lambda: id in it.session.placed)
        for act in (bpy.ops.ed.undo, bpy.ops.ed.redo, bpy.ops.ed.undo):
            act()
            it.draw()
            it.pump(0.1)
            it.until(lambda: not it.session.looking)
            assert it.session.desk.selection.document == document
            assert [each.id for each in it.session.takes()] == [id]
        bpy.ops.ed.redo()
        it.draw()
        it.pump(0.1)
        assert it.group().v_prompt == "a wall"


def check_preferences_are_drawn(stage):
    from secondunit_blender.preferences import SecondUnitPreferences

    with enabled(stage) as it:
        told = Drawn()
        its = SimpleNamespace(layout=Layout(told), python="", data="", start_by_itself=True)
        SecondUnitPreferences.draw(its, bpy.context)
        assert "open the panel" in told.words
        it.ready()
        told.clear()
        SecondUnitPreferences.draw(its, bpy.context)
        assert "The engine is ready" in told.words
        assert "Model M | Ready · 11 GB of memory" in told.words
        assert set(told.values) == {"python", "data", "start_by_itself"}


def check_what_preferences_say_is_where_the_engine_is(stage):
    names = ("SECONDUNIT_PYTHON", "SECONDUNIT_DATA")
    before = {name: os.environ.get(name) for name in names}
    engine = Engine()
    engine.settle("/an/engine/python", "/some/data", True)
    assert [os.environ.get(name) for name in names] == ["/an/engine/python", "/some/data"]
    engine.settle("", "", True)
    assert {name: os.environ.get(name) for name in names} == before


def check_enabled_and_disabled_twice_leaves_nothing(stage):
    for _ in range(2):
        with enabled(stage) as it:
            it.ready()
            assert hasattr(bpy.types, "SECONDUNIT_PT_sequence_editor")
            assert len(operators._kinds) == len(operators.ACTS)
            main, handlers = it.here.main, len(bpy.app.handlers.load_post)
        assert not hasattr(bpy.types, "SECONDUNIT_PT_sequence_editor")
        left = [name for name in dir(bpy.types.WindowManager) if name.startswith("secondunit")]
        assert left == []
        assert len(bpy.app.handlers.load_post) == handlers - 1
        assert not bpy.app.timers.is_registered(main.tick)


def check_disabled_in_the_middle_of_a_job_nothing_hangs(stage):
    with enabled(stage) as it:
        it.ready()
        it.shoot()
        stage.colour("slug", 20, 240, 1)
        stage.select("slug")
        it.draw()
        it.until(lambda: it.session.desk.shot and it.session.desk.shot.must_export)
        it.act("shoot")
        it.until(lambda: it.session.shooting.export)
        assert "Exporting the plate" in it.draw().words
