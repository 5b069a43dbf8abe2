"""A model that is not here: offered by the refusal, its licence read first, then followed."""

from __future__ import annotations

import pytest

from secondunit_contract.job import Event
from secondunit_contract.problem import LicenceRefused, ModelUnfit, NetworkLost
from secondunit_contract.queue import Entry
from secondunit_contract.wire import to_json
from secondunit_panel import fetching

ROUTE = "/v1/models/big/fetch"
POST, DELETE = f"POST {ROUTE}", f"DELETE {ROUTE}"


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(fetching, "_EVERY", 0.02)


def unfit() -> ModelUnfit:
    problem = ModelUnfit("No model here can do all of this: words", "", "These would do it: Big")
    problem.extra = {"fetch": {"name": "big", "title": "Big", "mb": 9400.0}}
    return problem


def refused() -> LicenceRefused:
    problem = LicenceRefused("Nobody here has agreed to the licence of Big yet", "Ours", "Read it")
    problem.extra = {"model": "big", "title": "Big", "words": "Our Licence\nrevenue: 10 million"}
    return problem


def stand(engine, done: int = 0, installed: bool = False, problem=None, gone: bool = False) -> dict:
    """What the service says of the model from now on."""
    told = {"done": done, "total": 9_400_000_000, "problem": problem and problem.to_json()}
    over = installed or gone
    model = {"name": "big", "title": "Big", "installed": installed,
             "fetching": None if over else told}  # fmt: skip
    engine.answers["GET /v1/models"] = {"models": [model]}
    return {"name": "big", "fetching": told}


def offered(panel, host, engine, **settings):
    """A session with a job that was refused, the job, and the notice that offers the model."""
    session = panel()
    job = panel.shot(session, **settings)
    engine.tell(Event("problem", job.id, problem=unfit().to_json(), extra={"state": "failed"}))
    host.pump_until(lambda: session.notices.shown)
    [notice] = session.notices.shown
    return session, job, notice


def sentence(session) -> str:
    return session.notices.shown[-1].sentence if session.notices.shown else ""


def asked(engine, key: str) -> list:
    return [body for method, path, body in engine.asked if f"{method} {path}" == key]


def test_a_job_no_model_can_do_offers_one_and_is_shot_again_when_it_is_here(panel, host, engine):
    session, job, notice = offered(panel, host, engine)
    assert notice.action.label == "Fetch Big (9.4 GB)"
    assert asked(engine, POST) == [], "nothing is fetched unasked"
    engine.answers[POST] = stand(engine)
    assert session.remedy(notice)
    host.pump_until(lambda: sentence(session) == "Fetching big · 0% of 9.4 GB")
    assert asked(engine, POST) == [{"agree": False}]
    stand(engine, 4_700_000_000)
    host.pump_until(lambda: sentence(session) == "Fetching big · 50% of 9.4 GB")
    assert len(session.notices.shown) == 1
    stand(engine, installed=True)
    host.pump_until(lambda: sentence(session) == "Big is here")
    host.pump_until(lambda: session.models and session.models[0].get("installed"))
    [notice] = session.notices.shown
    engine.answers[f"POST /v1/jobs/{job.id}/retry"] = to_json(Entry(job.id, "queued", job))
    assert notice.action.label == "Shoot it again"
    assert session.remedy(notice)
    host.pump_until(lambda: asked(engine, f"POST /v1/jobs/{job.id}/retry"))
    assert session.notices.shown == []


def test_a_job_that_names_another_model_is_not_shot_again_with_it(panel, host, engine):
    session, _, notice = offered(panel, host, engine, model="m")
    engine.answers[POST] = stand(engine, installed=True)
    session.remedy(notice)
    host.pump_until(lambda: sentence(session) == "Big is here")
    assert session.notices.shown[0].action is None


def test_the_licence_is_read_and_agreed_to_first(panel, host, engine):
    session, _, notice = offered(panel, host, engine)
    engine.answers[POST] = lambda body: stand(engine) if body["agree"] else refused()
    engine.statuses[POST] = 422
    session.remedy(notice)
    host.pump_until(lambda: session.notices.shown)
    [licence] = session.notices.shown
    assert licence.remedy == "Our Licence · revenue: 10 million"
    assert (licence.action.label, licence.action.act) == ("Agree and fetch", "agree")
    assert asked(engine, POST) == [{"agree": False}]
    engine.statuses[POST] = 200
    session.remedy(licence)
    host.pump_until(lambda: sentence(session).startswith("Fetching big"))
    assert asked(engine, POST)[-1] == {"agree": True}
    stand(engine, installed=True)
    host.pump_until(lambda: sentence(session) == "Big is here")
    assert session.notices.shown[0].action.act == "retry", "the job is remembered"


def test_it_is_stopped_by_its_button(panel, host, engine):
    session, _, notice = offered(panel, host, engine)
    engine.answers |= {POST: stand(engine), DELETE: {"name": "big", "fetching": None}}
    session.remedy(notice)
    host.pump_until(lambda: sentence(session).startswith("Fetching big"))
    session.remedy(session.notices.shown[0])
    host.pump_until(lambda: asked(engine, DELETE) and not session.notices.shown)
    host.pump(0.2)
    assert session.notices.shown == [], "what was asked before says nothing any more"


def test_what_breaks_off_says_why_and_goes_on_by_its_button(panel, host, engine):
    session, _, notice = offered(panel, host, engine)
    engine.answers[POST] = stand(engine)
    session.remedy(notice)
    stand(engine, problem=NetworkLost("It broke off: no answer", "the hub", "Fetch again"))
    host.pump_until(lambda: sentence(session) == "It broke off: no answer")
    [broken] = session.notices.shown
    assert broken.action.label == "Try again"
    stand(engine, 9)
    session.remedy(broken)
    host.pump_until(lambda: len(asked(engine, POST)) == 2)
    host.pump_until(lambda: sentence(session).startswith("Fetching big"))


def test_one_that_somebody_else_stops_is_shown_no_more(panel, host, engine):
    session, _, notice = offered(panel, host, engine)
    engine.answers[POST] = stand(engine)
    session.remedy(notice)
    host.pump_until(lambda: sentence(session).startswith("Fetching big"))
    stand(engine, gone=True)
    host.pump_until(lambda: not session.notices.shown)


def test_a_panel_that_is_opened_meanwhile_shows_how_far_it_is(panel, host, engine):
    stand(engine, 940_000_000)
    session = panel()
    host.pump_until(lambda: sentence(session) == "Fetching big · 10% of 9.4 GB")
    stand(engine, installed=True)
    host.pump_until(lambda: sentence(session) == "Big is here")
    assert session.notices.shown[0].action is None


# what is known of a fetch, for a page of models


def known(session) -> fetching.Fetch | None:
    return session.fetching.known.get("big")


def test_a_fetch_is_known_by_its_model_from_the_first_word_to_the_last(panel, host, engine):
    stand(engine, gone=True)
    session = panel()
    host.pump_until(lambda: session.models)
    engine.answers[POST] = stand(engine, 940_000_000)
    session.fetching.begin("big")
    assert (known(session), session.fetching.under_way) == (fetching.Fetch(), "big")
    host.pump_until(lambda: known(session).share == pytest.approx(0.1))
    assert ("models", "") in session.seen
    stand(engine, installed=True)
    host.pump_until(lambda: known(session) is None)
    assert session.fetching.under_way == ""


def test_a_licence_waits_until_it_is_agreed_to_or_put_off(panel, host, engine):
    stand(engine, gone=True)
    session = panel()
    engine.answers[POST] = lambda body: stand(engine, 9) if body["agree"] else refused()
    engine.statuses[POST] = 422
    session.fetching.begin("big")
    host.pump_until(lambda: known(session).words)
    assert known(session).words == "Our Licence\nrevenue: 10 million"
    assert not known(session).under_way
    session.fetching.put_off("big")
    assert (known(session), session.notices.shown) == (None, [])
    engine.statuses[POST] = 200
    session.fetching.begin("big", agree=True)
    host.pump_until(lambda: known(session).done == 9)
    assert [body["agree"] for body in asked(engine, POST)] == [False, True]


def test_what_broke_off_before_the_panel_was_opened_is_known_and_can_be_put_off(
    panel, host, engine
):
    stand(engine, problem=NetworkLost("It broke off", "the hub", "Fetch again"))
    session = panel()
    host.pump_until(lambda: known(session))
    assert known(session).problem.remedy == "Fetch again"
    engine.answers[DELETE] = {"name": "big", "fetching": None}
    stand(engine, gone=True)
    session.fetching.put_off("big")
    host.pump_until(lambda: known(session) is None)
    assert len(asked(engine, DELETE)) == 1, "so that the next panel does not tell of it again"
