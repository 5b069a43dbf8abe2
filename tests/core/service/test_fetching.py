"""Fetching by the service: by a person's word alone, one at a time, stopped and gone on with."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest

from secondunit.service import fetching
from secondunit.service.testing import served
from secondunit.weights.catalogue import wanted
from secondunit.weights.licence import AGREED
from secondunit.weights.sources import Hub as Source
from secondunit_contract.problem import DiskFull, LicenceRefused, ModelUnknown
from secondunit_panel.client import Client

sys.path.insert(0, str(Path(__file__).parents[1] / "weights"))

from fake_hub import REVISION, checkpoint_files, online

FREE, ASKS = "wan2.1-t2v-1.3b", "ltx-2"
WEIGHTS = "transformer/diffusion_pytorch_model.safetensors"


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A hub that has both models, and the only one a service reaches."""
    with online(monkeypatch, tmp_path) as hub:
        for name in (FREE, ASKS):
            entry = wanted(name)
            hub.holds(entry.repository, entry.revision or REVISION, checkpoint_files())
        monkeypatch.setattr(fetching, "Hub", lambda: Source(hub.url))
        yield hub


@pytest.fixture
def service(tmp_path):
    """A service of the test's own."""
    with served(tmp_path / "data") as service:
        yield service


class Slow:
    """A hub whose bytes come when they are let come, and then end."""

    def __init__(self, url: str) -> None:
        self.source, self.go, self.poured = Source(url), threading.Event(), threading.Event()

    def listing(self, *asked):
        return self.source.listing(*asked)

    def pour(self, repository, revision, ware, into, start):
        if ware.path == WEIGHTS:
            self.poured.set()
            self.go.wait(20)
        self.source.pour(repository, revision, ware, into, start)


@pytest.fixture
def slow(hub, monkeypatch):
    """The same hub, which waits before the weights."""
    slow = Slow(hub.url)
    monkeypatch.setattr(fetching, "Hub", lambda: slow)
    yield slow
    slow.go.set()


def told(ask, name: str) -> dict:
    [one] = [each for each in ask("GET", "/v1/models").json["models"] if each["name"] == name]
    return one


def until(ask, name: str, holds) -> dict:
    end = time.monotonic() + 20
    while not holds(one := told(ask, name)):
        assert time.monotonic() < end, one
        threading.Event().wait(0.05)  # the fake hub's tries do not sleep, nor does anybody else
    return one


def test_a_model_is_fetched_by_its_name_and_is_there(ask, hub):
    assert told(ask, FREE)["fetching"] is None
    begun = ask("POST", f"/v1/models/{FREE}/fetch")
    assert begun.status == 200
    assert begun.json["name"] == FREE
    assert begun.json["fetching"]["total"] > 800_000
    one = until(ask, FREE, lambda one: one["installed"])
    assert one["fault"] == ""
    until(ask, FREE, lambda one: one["fetching"] is None)


def test_a_licence_that_asks_is_shown_before_anything_is_asked_of_the_hub(ask, hub):
    refused = ask("POST", f"/v1/models/{ASKS}/fetch", {"agree": False})
    assert (refused.status, refused.code) == (422, "model.licence")
    assert "10 million" in refused.json["words"]
    assert refused.json["model"] == ASKS
    assert hub.asked == []
    data = ask.service.data
    assert not (data / AGREED).exists()
    assert ask("POST", f"/v1/models/{ASKS}/fetch", {"agree": True}).status == 200
    until(ask, ASKS, lambda one: one["standing"] == "agreed")
    until(ask, ASKS, lambda one: one["installed"])
    assert "10 million" in (data / AGREED).read_text()


def test_what_the_policy_forbids_no_yes_allows(ask, hub):
    (ask.service.data / "policy.toml").write_text('[forbid]\nmodels = ["ltx-2"]\n')
    refused = ask("POST", f"/v1/models/{ASKS}/fetch", {"agree": True})
    assert refused.code == "model.licence"
    assert "policy" in refused.json["what"]
    assert "words" not in refused.json
    assert hub.asked == []


@pytest.mark.parametrize("name", ["no-such", "someone%2Ftiny", "someone/tiny", "..", "%00"])
def test_only_what_the_catalogue_has_is_fetched(ask, hub, name):
    for method in ("POST", "DELETE"):
        refused = ask(method, f"/v1/models/{name}/fetch", {"agree": True})
        assert refused.code in ("model.unknown", "route.unknown")
    assert hub.asked == []


@pytest.mark.parametrize("body", [{"agree": 1}, {"agree": "yes"}, [], 3])
def test_a_yes_is_true_and_nothing_else(ask, hub, body):
    assert ask("POST", f"/v1/models/{ASKS}/fetch", body).code == "value.wrong"
    assert hub.asked == []


def test_without_the_token_nothing_is_fetched(ask, hub):
    for method in ("POST", "DELETE"):
        assert ask(method, f"/v1/models/{FREE}/fetch", token=None).status == 401
    assert hub.asked == []


def test_one_at_a_time_and_the_same_is_told_how_far_it_is(ask, slow):
    assert ask("POST", f"/v1/models/{FREE}/fetch").status == 200
    assert slow.poured.wait(10)
    again = ask("POST", f"/v1/models/{FREE}/fetch")
    assert (again.status, again.json["name"]) == (200, FREE)
    busy = ask("POST", f"/v1/models/{ASKS}/fetch", {"agree": True})
    assert (busy.status, busy.code) == (409, "model.busy")
    assert FREE in busy.json["what"]
    under_way = told(ask, FREE)["fetching"]
    assert 0 < under_way["done"] < under_way["total"]
    slow.go.set()
    until(ask, FREE, lambda one: one["installed"])


def test_stopped_it_stays_where_it_is_and_goes_on_from_there(ask, hub, slow):
    ask("POST", f"/v1/models/{FREE}/fetch")
    assert slow.poured.wait(10)
    threading.Timer(0.2, slow.go.set).start()
    stopped = ask("DELETE", f"/v1/models/{FREE}/fetch")
    assert (stopped.status, stopped.json) == (200, {"name": FREE, "fetching": None})
    assert told(ask, FREE)["installed"] is False
    before = len(hub.got("vae/config.json"))
    assert before == 1
    ask("POST", f"/v1/models/{FREE}/fetch")
    until(ask, FREE, lambda one: one["installed"])
    assert len(hub.got("vae/config.json")) == before
    assert any(span not in ("", "bytes=0-") for span in hub.got(WEIGHTS)), "the rest alone"


def test_what_breaks_off_says_why_until_it_is_begun_again(ask, hub):
    hub.cut[WEIGHTS] = 5000
    hub.dead.add(WEIGHTS)
    ask("POST", f"/v1/models/{FREE}/fetch")
    one = until(ask, FREE, lambda one: (one["fetching"] or {}).get("problem"))
    assert one["fetching"]["problem"]["code"] == "machine.network"
    assert one["installed"] is False
    hub.cut.clear()
    ask("POST", f"/v1/models/{FREE}/fetch")
    until(ask, FREE, lambda one: one["installed"] and one["fetching"] is None)


def test_no_room_and_no_network_are_told_at_once(ask, hub, monkeypatch):
    def full(plan):
        raise DiskFull("9.4 GB are still to be fetched, and 1.0 GB are free")

    with monkeypatch.context() as patched:
        patched.setattr("secondunit.weights.pull.Plan.refuse_without_room", full)
        refused = ask("POST", f"/v1/models/{ASKS}/fetch", {"agree": True})
    assert (refused.status, refused.code) == (507, "machine.disk_full")
    assert not (ask.service.data / AGREED).exists()
    monkeypatch.setattr(fetching, "Hub", lambda: Source("http://127.0.0.1:9"))
    refused = ask("POST", f"/v1/models/{FREE}/fetch")
    assert (refused.status, refused.code) == (503, "machine.network")
    assert told(ask, FREE)["fetching"] is None, "nothing holds the next one up"


def test_a_service_that_ends_stops_what_it_fetches(tmp_path, slow):
    with served(tmp_path / "data") as service:
        client = Client(service.base, service.keys.token)
        client.fetch_model(FREE)
        assert slow.poured.wait(10)
        slow.go.set()
    end = time.monotonic() + 10
    while any(each.name == "secondunit-fetch" for each in threading.enumerate()):
        assert time.monotonic() < end
        threading.Event().wait(0.02)


def test_the_panel_s_client_fetches_and_stops(service, hub, slow):
    client = Client(service.base, service.keys.token)
    with pytest.raises(LicenceRefused) as refused:
        client.fetch_model(ASKS)
    assert "10 million" in refused.value.extra["words"]
    with pytest.raises(ModelUnknown):
        client.fetch_model("no-such")
    begun = client.fetch_model(ASKS, agree=True)
    assert begun["fetching"]["problem"] is None
    assert slow.poured.wait(10)
    slow.go.set()
    client.stop_fetching(ASKS)
    [one] = [each for each in client.models() if each["name"] == ASKS]
    assert one["fetching"] is None
