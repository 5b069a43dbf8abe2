"""The description of the routes is whole, and what it says is what happens."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.specs.openapi import checks

from secondunit.service.app import build
from secondunit.service.auth import Keys
from secondunit.service.schemas import components
from secondunit.settings import Settings
from secondunit_contract.job import Event, Job
from secondunit_contract.queue import Entry, TakeEntry, Told
from secondunit_contract.wire import from_json

EXAMPLES = 8


@pytest.fixture(scope="module")
def described(service):
    return service.app.openapi()


def operations(described):
    return [
        (path, method, told)
        for path, methods in described["paths"].items()
        for method, told in methods.items()
    ]


def test_every_answer_has_a_schema_and_every_json_one_an_example(described):
    assert len(operations(described)) >= 24
    for path, method, told in operations(described):
        assert told["summary"], path
        for status, answer in told["responses"].items():
            [(kind, content)] = answer["content"].items()
            assert "schema" in content, (path, method, status)
            if kind == "application/json":
                assert content.get("example") or content.get("examples"), (path, method, status)


def test_every_route_tells_the_problems_everybody_may_get(described):
    for path, method, told in operations(described):
        assert {"401", "403", "422", "500", "503"} <= set(told["responses"]), (path, method)
        for status in set(told["responses"]) - {"200", "201"}:
            examples = told["responses"][status]["content"]["application/json"]["examples"]
            for code, example in examples.items():
                assert example["value"]["code"] == code
                assert example["value"]["what"]


def test_what_takes_a_body_says_which_with_an_example(described):
    taking = {
        (method, path) for path, method, told in operations(described) if told.get("requestBody")
    }
    assert taking == {
        ("post", "/v1/jobs"),
        ("post", "/v1/jobs/{id}/move"),
        ("post", "/v1/models/{name}/fetch"),
        ("patch", "/v1/takes/{id}"),
        ("post", "/v1/pictures"),
        ("post", "/v1/timelines"),
        ("post", "/v1/tickets/redeem"),
    }
    for path, _, told in operations(described):
        if "requestBody" in told:
            assert told["requestBody"]["content"]["application/json"]["example"], path
            assert {"408", "413"} <= set(told["responses"])


def test_the_examples_are_of_the_contract(described):
    post = described["paths"]["/v1/jobs"]["post"]
    assert from_json(Job, post["requestBody"]["content"]["application/json"]["example"]).takes == 4
    entry = post["responses"]["201"]["content"]["application/json"]["example"]
    assert from_json(Entry, entry).state == "running"
    take = described["paths"]["/v1/takes/{id}"]["get"]["responses"]["200"]
    example = take["content"]["application/json"]["example"]
    assert from_json(TakeEntry, example).take.seed == 41


def test_the_contract_s_words_are_there_with_all_their_fields(described):
    schemas = described["components"]["schemas"]
    for kind in (Job, Event, Entry, TakeEntry, Told):
        named = set(kind.__dataclass_fields__) - {"extra"}
        assert set(schemas[kind.__name__]["properties"]) == named
    assert schemas == components()


def test_only_health_and_tickets_need_no_token(described):
    free = {path for path, _, told in operations(described) if not told["security"]}
    assert free == {"/v1/health", "/v1/tickets/redeem"}


def test_it_can_be_fetched(ask, described):
    assert ask("GET", "/v1/openapi.json").json == json.loads(json.dumps(described))


def chosen_checks():
    return [
        schemathesis.checks.not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
    ]


def schema_of(service):
    app = build(service.unit, service_settings(service), Keys("x"))
    told = app.openapi()
    told["paths"] = {
        path: methods for path, methods in told["paths"].items() if path != "/v1/events"
    }
    return schemathesis.openapi.from_dict(told)


def service_settings(service):
    return Settings(models=service.data / "models", data=service.data)


def test_what_the_description_allows_and_what_it_does_not_is_answered_as_it_says(service):
    schema = schema_of(service)
    tried = 0
    for each in schema.get_all_operations():
        operation = each.ok()

        def try_it(case):
            nonlocal tried
            tried += 1
            case.headers["Authorization"] = f"Bearer {service.keys.token}"
            answer = case.call(base_url=service.base)
            case.validate_response(answer, checks=chosen_checks())

        for mode in (
            schemathesis.GenerationMode.POSITIVE,
            schemathesis.GenerationMode.NEGATIVE,
        ):
            with suppress(Unsatisfiable):  # what takes nothing cannot be given anything wrong
                given_case(operation.as_strategy(generation_mode=mode))(try_it)()
    assert tried > 100


def given_case(strategy):
    def decorate(function):
        return settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )(given(strategy)(function))

    return decorate
