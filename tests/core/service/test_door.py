"""Nobody comes in who is not this user's own program; and nothing too large does."""

from __future__ import annotations

import http.client
import socket

import pytest

from secondunit.service.auth import BODY, Keys

ROUTES = ["/v1/system", "/v1/jobs", "/v1/takes", "/v1/events", "/v1/openapi.json", "/v1/nowhere"]


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("token", [None, "", "wrong", "token-of-a-tes", "ä"])
def test_without_its_token_nothing_is_told(ask, path, token):
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    told = ask("GET", path, token=None, **headers)
    assert told.status == 401
    assert told.code == "auth.token"
    assert told.headers["www-authenticate"] == "Bearer"


def test_the_token_in_the_address_is_no_token(ask):
    assert ask("GET", f"/v1/jobs?token={ask.service.keys.token}", token=None).status == 401


def test_another_kind_of_authorization_is_none(ask):
    basic = f"Basic {ask.service.keys.token}"
    assert ask("GET", "/v1/jobs", token=None, Authorization=basic).status == 401


def test_everybody_may_ask_whether_we_are_here_and_hears_no_more(ask):
    told = ask("GET", "/v1/health", token=None)
    assert told.status == 200
    assert told.json == {"service": "secondunit", "protocol": 1}


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost.evil:{port}",
     "127.0.0.1:{port}@evil", "", "0.0.0.0:{port}", "[::]:{port}"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/", "/v1/health", "/v1/jobs"])
def test_a_name_that_is_not_ours_is_refused(ask, host, path):
    told = ask("GET", path, Host=host.format(port=ask.service.port))
    assert told.status == 403
    assert told.code == "auth.stranger"


def test_a_request_without_a_name_is_refused(ask):
    with socket.create_connection(("127.0.0.1", ask.service.port), 10) as raw:
        raw.sendall(b"GET /v1/health HTTP/1.0\r\n\r\n")
        assert b" 403 " in raw.recv(4096)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_our_own_names_are_ours(ask, name):
    assert ask("GET", "/v1/jobs", Host=f"{name}:{ask.service.port}").status == 200


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "https://127.0.0.1:{port}", "http://127.0.0.1:1",
     "http://localhost:{port}", "http://127.0.0.1:{port}.evil.example", "file://"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_another_page_may_not_ask(ask, origin, method):
    told = ask(method, "/v1/jobs", Origin=origin.format(port=ask.service.port))
    assert told.status == 403
    assert told.code == "auth.stranger"
    assert "access-control-allow-origin" not in told.headers


def test_our_own_page_may_ask(ask):
    told = ask("GET", "/v1/jobs", Origin=f"http://127.0.0.1:{ask.service.port}")
    assert told.status == 200


def test_a_browser_that_says_the_page_is_another_is_believed(ask):
    assert ask("GET", "/v1/jobs", Sec_Fetch_Site="cross-site").status == 403
    assert ask("GET", "/v1/jobs", Sec_Fetch_Site="same-origin").status == 200
    framed = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"}
    assert ask("GET", "/", token=None, **framed).status == 403
    walked = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
    assert ask("GET", "/", token=None, **walked).status == 200


def test_two_names_or_two_tokens_are_none(ask):
    connection = http.client.HTTPConnection("127.0.0.1", ask.service.port, timeout=10)
    connection.putrequest("GET", "/v1/jobs", skip_host=True)
    connection.putheader("Host", f"127.0.0.1:{ask.service.port}")
    connection.putheader("Host", "evil.example")
    connection.endheaders()
    assert connection.getresponse().status in (400, 403)
    connection.close()


def test_the_page_may_load_nothing_from_elsewhere_nor_be_framed(ask):
    told = ask("GET", "/", token=None)
    policy = told.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy
    assert b"http" not in told.body.replace(b'http-equiv="', b"")
    assert told.headers["x-content-type-options"] == "nosniff"


def test_a_body_too_large_is_refused_before_it_comes(ask):
    connection = http.client.HTTPConnection("127.0.0.1", ask.service.port, timeout=10)
    connection.putrequest("POST", "/v1/jobs")
    connection.putheader("Authorization", f"Bearer {ask.service.keys.token}")
    connection.putheader("Content-Length", str(BODY + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_a_body_that_grows_too_large_is_refused(ask):
    connection = http.client.HTTPConnection("127.0.0.1", ask.service.port, timeout=30)
    headers = {"Authorization": f"Bearer {ask.service.keys.token}"}
    blocks = (b"[" * 2**16 for _ in range(BODY // 2**16 + 8))
    try:
        connection.request("POST", "/v1/jobs", blocks, headers, encode_chunked=True)
    except (BrokenPipeError, ConnectionResetError):
        return  # refused while it was being sent
    assert connection.getresponse().status == 413
    connection.close()


def test_a_link_opens_its_own_door_only_and_only_for_a_while():
    now = 1_800_000_000.0
    keys = Keys("a", calendar=lambda: now)
    link = keys.link("/v1/takes/j-1/media")
    path, _, key = link.partition("?key=")
    assert keys.open(path, key)
    assert not keys.open("/v1/takes/j-2/media", key)
    assert not Keys("b").open(path, key)
    until, _, signed = key.partition(".")
    assert not keys.open(path, f"{int(until) + 3600}.{signed}")
    for broken in ("", ".", until, f"{until}.", f".{signed}", f"-{key}", "٣.x", key.upper() + "x"):
        assert not keys.open(path, broken)
    now = int(until) - 1
    assert keys.open(path, key)
    now = int(until) + 1
    assert not keys.open(path, key)


def test_a_ticket_buys_the_token_once(ask):
    url = ask("POST", "/v1/tickets").json["url"]
    assert url.startswith(f"http://127.0.0.1:{ask.service.port}/#ticket=")
    ticket = {"ticket": url.partition("=")[2]}
    bought = ask("POST", "/v1/tickets/redeem", ticket, token=None)
    assert bought.json == {"token": ask.service.keys.token}
    again = ask("POST", "/v1/tickets/redeem", ticket, token=None)
    assert (again.status, again.code) == (401, "auth.token")
    assert ask("POST", "/v1/tickets/redeem", {"ticket": "x"}, token=None).status == 401
    assert ask("POST", "/v1/tickets", token=None).status == 401


def test_a_ticket_is_soon_too_old():
    now = 1000.0
    keys = Keys("a", stopwatch=lambda: now)
    tickets = [keys.ticket(), keys.ticket()]
    now += 59
    assert keys.redeem(tickets[0]) == "a"
    now += 2
    with pytest.raises(Exception, match="too old"):
        keys.redeem(tickets[1])
