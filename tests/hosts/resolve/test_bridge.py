"""The menu script: what it opens, and what its bridge does for whom."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from secondunit_contract.problem import ProgramFault
from secondunit_panel.host import HostGone
from secondunit_resolve import link, menu
from secondunit_resolve.host import ResolveHost, host_here, reached


@pytest.fixture
def place(world, scripts):
    """Where the bridge of a fake Resolve is."""
    return scripts.open(world("21.0.4", studio=False))


def answered(place, body=b"{}", method="POST", **heads):
    line = http.client.HTTPConnection("127.0.0.1", place["port"], timeout=5)
    given = {"Authorization": f"Bearer {place['token']}", **heads}
    line.request(method, "/", body, {k.replace("_", "-"): v for k, v in given.items() if v})
    answer = line.getresponse()
    told = answer.status, answer.read()
    line.close()
    return told


QUESTION = json.dumps({"on": 0, "do": "GetProductName"}).encode()


def test_who_has_the_token_is_answered(place):
    status, told = answered(place, QUESTION)
    assert (status, json.loads(told)) == (200, {"told": "DaVinci Resolve"})


@pytest.mark.parametrize(
    ("heads", "status"),
    [
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Bearer ä"}, 401),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Host": "localhost.evil.example:80"}, 403),
        ({"Content_Length": str(menu.LONGEST + 1)}, 413),
        ({"Content_Length": "-1"}, 413),
        ({"Content_Length": "many"}, 413),
    ],
    ids=str,
)
def test_others_are_refused(place, heads, status):
    assert answered(place, QUESTION, **heads)[0] == status


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS"])
def test_pages_get_nothing(place, method):
    assert answered(place, None, method)[0] == 501


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"on": 0, "do": "Quit"}, 404),
        ({"on": 0, "do": "__class__"}, 404),
        ({"on": 0, "do": "GetClipProperty"}, 404),
        ({"on": 0, "do": ["GetProductName"]}, 404),
        ({"on": 0}, 404),
        ({"do": "GetProductName"}, 404),
        ([], 400),
        ("GetProductName", 400),
        ({"on": 0, "do": "OpenPage", "with": 5}, 400),
        ({"on": 0, "do": "OpenPage", "with": ["a", "b", "c"]}, 400),
        ({"on": [], "do": "OpenPage"}, 400),
    ],
    ids=str,
)
def test_only_what_is_named_is_done(place, asked, status):
    assert answered(place, json.dumps(asked).encode())[0] == status
    assert answered(place, QUESTION)[0] == 200, "and it goes on"


def test_no_json_is_refused(place):
    assert answered(place, b"\xff{")[0] == 400


def test_somebody_who_says_nothing_does_not_hold_it_up_for_ever(place, monkeypatch):
    monkeypatch.setattr(menu._Questions, "timeout", 0.2)
    import socket

    with socket.create_connection(("127.0.0.1", place["port"])):
        assert answered(place, QUESTION)[0] == 200


def test_what_was_told_before_is_gone_after_a_new_beginning(place):
    app = link.Bridged().app()
    project = link.ask(link.ask(app, "GetProjectManager"), "GetCurrentProject")
    assert link.ask(project, "GetName") == "Film"
    link.Bridged().app()
    assert link.ask(project, "GetName") is None


def test_every_operation_is_one_that_resolve_has(fakes, world):
    """What the adapter may ask is in the fake, which knows what Resolve has."""
    import resolve_project
    import resolve_things

    kinds = {"Resolve": fakes.App, "Manager": fakes.Manager, "Project": resolve_project.Project,
             "Pool": resolve_project.Pool, "Folder": resolve_things.Folder,
             "Media": resolve_things.Media, "Timeline": resolve_things.Timeline,
             "Item": resolve_things.Item}  # fmt: skip
    lacking = {
        (kind, name)
        for kind, named in menu.OPERATIONS.items()
        for name in named
        if not callable(getattr(kinds[kind], name, None))
    }
    assert lacking <= {("Timeline", "ClearMarkInOut")}
    assert set(kinds) == set(menu.OPERATIONS)


def test_what_it_does_not_name_is_a_fault_of_ours(place):
    with pytest.raises(ProgramFault, match="GetNothing"):
        link.ask(link.Bridged().app(), "GetNothing")


def test_its_file_is_for_this_user_alone(place, scripts):
    file = scripts.folder / "bridge.json"
    assert file.stat().st_mode & 0o777 == 0o600 or sys.platform == "win32"
    assert scripts.close() == ""
    assert not file.exists()


def test_it_listens_on_this_machine_alone(world):
    bridge = menu.Bridge(world().in_app())
    assert bridge.server_address[0] == "127.0.0.1"
    bridge.server_close()


# the script


def test_a_second_click_says_that_it_is_open(world, scripts):
    resolve = world("21.0.4", studio=False)
    before = scripts.open(resolve)
    assert "open already" in menu.run(resolve.in_app())
    assert menu.read(scripts.folder / "bridge.json") == before


def test_the_file_of_one_that_died_is_no_hindrance(world, scripts):
    stale = {"port": 9, "token": "old"}
    (scripts.folder / "bridge.json").write_text(json.dumps(stale))
    worker = threading.Thread(target=lambda: scripts.open(world("21.0.4")))
    worker.start()
    worker.join(10)
    end = time.monotonic() + 5
    while menu.read(scripts.folder / "bridge.json") in ({}, stale):
        assert time.monotonic() < end
    assert link.Bridged().app() is not None


@pytest.mark.parametrize("told", [None, "{", "[]", '{"command": []}'])
def test_without_an_installation_it_says_what_to_do(world, scripts, told):
    (scripts.folder / "resolve.json").unlink()
    if told is not None:
        (scripts.folder / "resolve.json").write_text(told)
    assert "secondunit install resolve" in menu.run(world().in_app())


def test_outside_resolve_it_says_so(scripts):
    assert "Workspace > Scripts" in menu.run(None)


@pytest.mark.parametrize(
    "command", [["no such program"], [sys.executable, "-c", "raise SystemExit(3)"]]
)
def test_a_panel_that_does_not_come_is_told(world, scripts, command):
    (scripts.folder / "resolve.json").write_text(json.dumps({"command": command}))
    assert "secondunit doctor" in menu.run(world().in_app())
    assert not (scripts.folder / "bridge.json").exists()


def test_its_panel_gets_no_python_of_resolve_s(world, scripts, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    monkeypatch.setenv("QT_PLUGIN_PATH", "/nowhere")
    seen = tmp_path / "seen"
    show = "import os, sys, json; json.dump(dict(os.environ), open(sys.argv[1], 'w'))"
    told = {"command": [sys.executable, "-c", show, str(seen)], "env": {"PYTHONPATH": "x ä"}}
    (scripts.folder / "resolve.json").write_text(json.dumps(told))
    assert menu.run(world().in_app()) == ""
    env = json.loads(seen.read_text())
    assert not {"PYTHONHOME", "QT_PLUGIN_PATH"} & env.keys()
    assert env["PYTHONPATH"] == "x ä"


@pytest.mark.parametrize("given", ["'resolve': resolve", "'bmd': world"])
def test_the_file_alone_is_the_script_in_a_process_of_its_own(media, scripts, tmp_path, given):
    """Copied under its name, run as Resolve runs it, with nothing of ours to import."""
    script = tmp_path / "Second Unit.py"
    script.write_bytes(Path(menu.__file__).read_bytes())
    run = (
        "import sys; sys.path.append(sys.argv[1]); import fake_resolve, pathlib\n"
        "world = fake_resolve.World(pathlib.Path(sys.argv[3]), '21.0.4', True)\n"
        "resolve = world.in_app()\n"
        f"given = {{{given}, 'fusion': None, '__name__': '__main__'}}\n"
        "exec(compile(open(sys.argv[2], 'rb').read(), 'script', 'exec'), given)\n"
        "assert not {'secondunit_resolve', 'requests'} & set(sys.modules)"
    )
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", run, str(Path(__file__).parent), str(script), str(media)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    end = time.monotonic() + 20
    while link.Bridged().app() is None:
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)
    [shot] = ResolveHost(link.Bridged(), lambda call: None).selection().clips
    assert shot.clip.media == str(media)
    scripts.flag.unlink()
    out, _ = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, "")


# finding a way


def test_what_is_said_where_there_is_no_screen(capsys, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    menu.say("It is open already.")
    assert "It is open already." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("version", "studio", "outside", "way"),
    [("20.3.2", True, True, "Studio"), ("21.1.0", True, True, "Studio"),
     ("20.3.2", True, False, "Bridged"), ("21.0.4", False, True, "Bridged"),
     ("21.1.0", False, True, None)],
)  # fmt: skip
def test_the_way_is_found(world, scripts, monkeypatch, tmp_path, version, studio, outside, way):
    resolve = world(version, studio=studio, outside=outside)
    monkeypatch.setattr(link, "_imported", lambda: resolve)
    scripts.open(resolve)
    found = reached()
    assert (type(found).__name__ if found else None) == way
    host = host_here(lambda call: None, folder=tmp_path / "by hand")
    about = host.about()
    assert bool(about.notice) == (way is None)
    assert ("mark" in about.can) == (way is not None)


def test_a_bridge_that_went_is_told_and_found_again(world, scripts, loop):
    resolve = world("21.0.4", studio=False)
    scripts.open(resolve)
    host = ResolveHost(link.Bridged(), loop.main)
    assert host.selection().clips
    scripts.close()
    with pytest.raises(HostGone, match="does not answer") as refused:
        host.selection()
    assert "Workspace > Scripts" in refused.value.remedy
    scripts.flag.touch()
    scripts.open(resolve)
    assert host.selection().clips


def test_without_resolve_s_module_there_is_no_api(monkeypatch):
    monkeypatch.setenv("RESOLVE_SCRIPT_API", "/no such folder")
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert link.Studio().app() is None


def test_resolve_s_module_is_found_where_it_lies(monkeypatch, tmp_path):
    folder = tmp_path / "Developer ä" / "Modules"
    folder.mkdir(parents=True)
    text = "class A:\n    def GetProductName(self): return 'X'\ndef scriptapp(name): return A()\n"
    (folder / "DaVinciResolveScript.py").write_text(text)
    monkeypatch.setenv("RESOLVE_SCRIPT_API", str(folder.parent))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "DaVinciResolveScript", raising=False)
    assert link.ask(link.Studio().app(), "GetProductName") == "X"
    monkeypatch.delitem(sys.modules, "DaVinciResolveScript", raising=False)
