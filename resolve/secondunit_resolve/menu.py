"""The entry "Second Unit" in Resolve's Workspace > Scripts menu, copied there under that name.

It stands alone: standard library, whatever Python Resolve brings. It opens the panel in a process
of its own, as resolve.json in the data folder says ({"command": [...], "env": {...}}, written when
Second Unit is installed), and until that ends it is the panel's way into Resolve: a bridge on
127.0.0.1 that does the operations named below, for who has the token of bridge.json alone.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, cast

LONGEST = 1 << 20  # bytes of a question
# Resolve's own Python, libraries and Qt must not be taken for the panel's.
_OF_RESOLVE = ("PYTHON", "LD_", "DYLD_", "QT_PLUGIN_PATH", "QT_QPA_PLATFORM_PLUGIN_PATH")
PATIENCE = 5.0  # seconds for whoever asks to say what

_MARKS = " AddMarker GetMarkers DeleteMarkerByCustomData UpdateMarkerCustomData"
# What may be done with what, and after > what comes of it; without, plain values.
_NAMED = {
    "Resolve": "GetProjectManager>Manager GetProductName GetVersionString GetCurrentPage OpenPage",
    "Manager": "GetCurrentProject>Project GetCurrentDatabase",
    "Project": "GetName GetCurrentTimeline>Timeline SetCurrentTimeline GetTimelineCount"
    " GetTimelineByIndex>Timeline GetMediaPool>Pool GetRenderPresetList LoadRenderPreset"
    " GetRenderFormats GetRenderCodecs GetCurrentRenderFormatAndCodec GetCurrentRenderMode"
    " SetCurrentRenderFormatAndCodec SetCurrentRenderMode SetRenderSettings AddRenderJob"
    " DeleteRenderJob StartRendering StopRendering IsRenderingInProgress GetRenderJobStatus",
    "Pool": "GetRootFolder>Folder GetCurrentFolder>Folder SetCurrentFolder AddSubFolder>Folder"
    " ImportMedia>Media AppendToTimeline>Item SetSelectedClip",
    "Folder": "GetName GetSubFolderList>Folder GetClipList>Media",
    "Media": "GetUniqueId GetClipProperty",
    "Timeline": "GetName GetUniqueId GetSetting GetStartFrame GetStartTimecode GetCurrentTimecode"
    " SetCurrentTimecode GetMarkInOut SetMarkInOut ClearMarkInOut GetTrackCount GetTrackName"
    " SetTrackName AddTrack DeleteTrack GetIsTrackLocked GetIsTrackEnabled SetTrackEnable"
    " GetItemListInTrack>Item GetSelectedClips>Item GetCurrentVideoItem>Item DeleteClips" + _MARKS,
    "Item": "GetName GetUniqueId GetStart GetDuration GetLeftOffset GetRightOffset GetSpeed"
    " GetSourceStartFrame GetSourceEndFrame GetTrackTypeAndIndex GetMediaPoolItem>Media"
    " SetClipEnabled GetClipEnabled AddTake GetTakesCount GetTakeByIndex>Media"
    " GetSelectedTakeIndex SelectTakeByIndex DeleteTakeByIndex FinalizeTake" + _MARKS,
}
OPERATIONS = {
    kind: dict([*each.split(">"), ""][:2] for each in text.split()) for kind, text in _NAMED.items()
}


def data_folder() -> Path:
    """Where Second Unit keeps what it knows of this user."""
    if os.environ.get("SECONDUNIT_DATA"):
        return Path(os.environ["SECONDUNIT_DATA"])
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local") / "secondunit"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "secondunit"
    named = os.environ.get("XDG_DATA_HOME", "").strip()
    return (Path(named) if named else Path.home() / ".local" / "share") / "secondunit"


def packed(value: Any, keep: Callable[[Any], Any]) -> Any:
    """A value for the wire: dicts as pairs, for their keys may be numbers; `keep` what is none."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return [packed(each, keep) for each in value]
    if isinstance(value, dict):
        return {"pairs": [[key, packed(each, keep)] for key, each in value.items()]}
    return {"id": keep(value)}


def unpacked(value: Any, held: Callable[[Any], Any]) -> Any:
    """A value from the wire; `held` gives what an id stands for."""
    if isinstance(value, list):
        return [unpacked(each, held) for each in value]
    if isinstance(value, dict) and "pairs" in value:
        return {key: unpacked(each, held) for key, each in value["pairs"]}
    return held(value["id"]) if isinstance(value, dict) else value


class Bridge(HTTPServer):
    """Answers one question after the other, on the thread that lets it: Resolve wants one."""

    allow_reuse_address = False
    timeout = 0.2

    def __init__(self, resolve: Any) -> None:
        super().__init__(("127.0.0.1", 0), _Questions)
        self.token = secrets.token_urlsafe(32)
        self.known: dict[int, tuple[str, Any]] = {0: ("Resolve", resolve)}
        self._root, self._next = resolve, 1

    def done(self, asked: dict[str, Any]) -> Any:
        """What comes of an operation. Raises KeyError for one that is not named above."""
        if asked["do"] == "begin":  # what was told before is forgotten; its ids never come again
            self.known = {0: ("Resolve", self._root)}
            return None
        kind, target = self.known.get(asked["on"], ("", None))
        if not kind:
            return None  # as Resolve answers for what is gone
        allowed = OPERATIONS[kind]
        name = next((each for each in allowed if each == asked["do"]), "")
        makes = allowed[name]
        method = getattr(target, name, None)
        if not callable(method):
            return None  # this version of Resolve cannot
        given = unpacked(asked.get("with", []), lambda id: self.known.get(id, ("", None))[1])
        return packed(method(*given), lambda each: self._kept(makes, each))

    def _kept(self, kind: str, thing: Any) -> int:
        self.known[self._next] = (kind, thing)
        self._next += 1
        return self._next - 1


class _Questions(BaseHTTPRequestHandler):
    timeout = PATIENCE
    wbufsize = -1  # one packet an answer: two wait for each other

    def do_POST(self) -> None:
        bridge = cast(Bridge, self.server)
        length = self.headers.get("Content-Length", "")
        bearer = f"Bearer {bridge.token}".encode()
        if (
            self.headers.get("Host") != f"127.0.0.1:{bridge.server_port}"
            or "Origin" in self.headers
        ):
            self._tell(403, "pages are not served")
        elif not hmac.compare_digest(self.headers.get("Authorization", "").encode(), bearer):
            self._tell(401, "the token is another")
        elif not length.isdigit() or int(length) > LONGEST:
            self._tell(413, "that is too long")
        else:
            self._do(bridge, self.rfile.read(int(length)))

    def _do(self, bridge: Bridge, body: bytes) -> None:
        try:
            self._tell(200, bridge.done(json.loads(body)))
        except KeyError as error:
            self._tell(404, f"there is no operation {error}")
        except (ValueError, TypeError, AttributeError, LookupError, RuntimeError) as error:
            self._tell(400, f"{type(error).__name__}: {error}")

    def _tell(self, status: int, told: Any) -> None:
        text = json.dumps({"told": told} if status == 200 else {"refused": told}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is said aside."""


def asked(place: dict[str, Any], question: dict[str, Any], patience: float = 60.0) -> Any:
    """What the bridge at a place ({"port", "token"}) answers. Raises OSError where none is there,
    ValueError for what it refuses.
    """
    line = HTTPConnection("127.0.0.1", int(place.get("port") or 0), timeout=patience)
    try:
        head = {"Authorization": f"Bearer {place.get('token')}"}
        line.request("POST", "/", json.dumps(question).encode(), head)
        told = json.loads(line.getresponse().read())
    except HTTPException as error:
        raise OSError(f"no bridge: {error}") from error
    finally:
        line.close()
    if "refused" in told:
        raise ValueError(str(told["refused"]))
    return told["told"]


def read(path: Path) -> dict[str, Any]:
    """A small JSON file; nothing where it is not there or no such thing."""
    try:
        told = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def say(sentence: str) -> None:
    """Tell the user, in Resolve's console and in a box where this Python can draw one."""
    sys.stdout.write(f"Second Unit: {sentence}\n")
    try:
        from tkinter import TclError, Tk, messagebox
    except ImportError:
        return
    with suppress(TclError):  # no screen
        Tk().withdraw()
        messagebox.showinfo("Second Unit", sentence)


def run(resolve: Any) -> str:
    """Open the panel, and bridge until it ends; what is wrong, as a sentence."""
    folder = data_folder()
    told = read(folder / "resolve.json")
    if resolve is None:
        return "Start it in DaVinci Resolve: Workspace > Scripts."
    if not told.get("command"):
        return f"It is not installed for this user ({folder}): run `secondunit install resolve`."
    place = folder / "bridge.json"
    try:
        asked(read(place), {"on": 0, "do": "GetProductName"}, 2.0)
    except (OSError, ValueError):
        place.unlink(missing_ok=True)
    else:
        return "It is open already: look for its window."
    bridge = Bridge(resolve)
    here = {"port": bridge.server_port, "token": bridge.token, "pid": os.getpid()}
    try:
        with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(here, file)
        env = {key: each for key, each in os.environ.items() if not key.startswith(_OF_RESOLVE)}
        panel = subprocess.Popen(told["command"], env={**env, **told.get("env", {})})
        while panel.poll() is None:
            bridge.handle_request()
    except OSError as error:
        return f"The panel cannot be started ({error}): run `secondunit doctor`."
    finally:
        bridge.server_close()
        if read(place) == here:
            place.unlink(missing_ok=True)
    return "The panel has failed: run `secondunit doctor`." if panel.returncode else ""


if __name__ == "__main__":
    bmd = globals().get("bmd")
    wrong = run(globals().get("resolve") or (bmd and bmd.scriptapp("Resolve")))
    if wrong:
        say(wrong)
