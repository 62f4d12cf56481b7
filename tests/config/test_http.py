from __future__ import annotations

import json
import uuid

import psycopg
import pytest
import requests
from sqlalchemy import text

import wsgi
from config.answers import Answer
from config.db import engine
from tests.servers import running


@pytest.fixture(scope="module")
def url():
    with running(wsgi.create_app()) as address:
        yield address


@pytest.fixture
def ask(clean, url):
    def made(method, path, **more):
        return requests.request(method, url + path, timeout=20, **more)

    return made


@pytest.fixture
def database_away(clean):
    """The server refuses our database, as in a fail-over: open connections are cut and no new one is let in."""
    name, server = engine().url.database, engine().url.set(database="postgres", drivername="postgresql")

    def run(words):
        with psycopg.connect(server.render_as_string(hide_password=False), autocommit=True) as admin:
            admin.execute(words)

    run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    try:
        yield
    finally:
        run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        engine().dispose()


def _login(**more):
    return {"request_id": str(uuid.uuid4()), "login": "x", "password": "y" * 8, **more}


OURS = {"X-Tongdian": "1"}


def test_a_process_that_lives_says_so_and_one_that_is_ready_asked_its_database(ask):
    assert ask("GET", "/healthz").json() == {"status": "ok"}
    assert ask("GET", "/readyz").json() == {"status": "ready"}


def test_an_answer_has_its_headers_from_the_start(ask):
    told = ask("GET", "/api/mall/stores")
    assert (told.headers["Content-Type"], told.headers["Content-Length"]) == ("application/json", "13")
    assert (told.headers["Cache-Control"], told.headers["Referrer-Policy"]) == ("no-store", "same-origin")
    assert told.json() == {"stores": []}


@pytest.mark.parametrize(("method", "body"), [("GET", [b"{}"]), ("HEAD", [])])
def test_head_gets_the_length_and_no_body(method, body):
    told = []

    def start(_status, headers, _exc=None):
        told.extend(headers)
        return told.append

    assert list(Answer(b"{}")({"REQUEST_METHOD": method}, start)) == body
    assert ("Content-Length", "2") in told


def test_the_figures_count_answers_by_route_and_not_by_path(ask):
    ask("GET", "/api/mall/products/17?store_id=1")
    told = ask("GET", "/metrics")
    assert told.headers["Content-Type"].startswith("text/plain")
    assert 'route="/api/mall/products/<int:product_id>",status="404"' in told.text
    assert "products/17" not in told.text


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/nowhere", 404, "not_found"),
        ("GET", "/api/mall/login", 405, "wrong_method"),
        ("DELETE", "/api/mall/stores", 405, "wrong_method"),
        ("GET", "/api/mall/me", 401, "not_signed_in"),
        ("GET", "/api/mall/products", 422, "malformed"),
        ("GET", "/api/mall/products?store_id=x", 422, "malformed"),
        ("GET", "/api/mall/products?store_id=1&unknown=1", 422, "malformed"),
        ("GET", "/api/mall/slots?store_id=99", 404, "not_found"),
    ],
)
def test_every_refusal_has_one_form(ask, method, path, status, code):
    answer = ask(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json().keys() == {"code", "message", "facts"}
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        f"/api/mall/products?store_id={10**30}",
        f"/api/mall/slots?store_id={10**30}",
        f"/api/mall/products/{10**30}?store_id=1",
        "/api/mall/products?store_id=1&q=%00",
        "/api/mall/stores?lat=99&lng=999",
    ],
)
def test_odd_figures_and_signs_are_refused_or_empty_and_no_fault(ask, path):
    assert ask("GET", path).status_code in (200, 404, 422)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("{", "application/json", 400),
        ("", "application/json", 400),
        ("a=1", "application/x-www-form-urlencoded", 400),
        ("[]", "application/json", 422),
        ("null", "application/json", 422),
        ('"words"', "application/json", 422),
        ("\xff", "application/json", 400),
    ],
)
def test_a_body_that_is_none_is_malformed(ask, body, kind, status):
    sent = {**OURS, "Content-Type": kind}
    answer = ask("POST", "/api/staff/login", data=body.encode("latin-1"), headers=sent)
    assert answer.json()["code"] == "malformed"
    assert answer.status_code == status


@pytest.mark.parametrize("field", ["request_id", "login"])
def test_a_missing_field_is_named(ask, session, field):
    body = _login()
    del body[field]
    answer = ask("POST", "/api/staff/login", json=body, headers=OURS)
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
    assert field in json.dumps(answer.json()["facts"])
    assert session.execute(text("SELECT count(*) FROM attempt")).scalar() == 0


@pytest.mark.parametrize("wrong", ["", "1", "x" * 36, "a" * 37, "a b" * 12])
def test_a_request_id_has_one_shape(ask, wrong):
    answer = ask("POST", "/api/staff/login", json=_login(request_id=wrong), headers=OURS)
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")


def test_a_field_nobody_knows_is_refused_so_that_a_typing_error_is_seen(ask):
    answer = ask("POST", "/api/staff/login", json=_login(pasword="x"), headers=OURS)
    assert (answer.status_code, "pasword" in answer.text) == (422, True)


def test_a_body_of_a_megabyte_is_not_read(ask):
    answer = ask("POST", "/api/staff/login", data=b" " * 2**20, headers={**OURS, "Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_write_of_a_foreign_page_is_refused(ask):
    answer = ask("POST", "/api/staff/login", json=_login())
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_missing")


@pytest.mark.parametrize("accept", ["en-GB", None])
def test_a_refusal_speaks_the_callers_language(ask, accept):
    said = ask("GET", "/api/nowhere", headers={"Accept-Language": accept} if accept else {}).json()["message"]
    assert said.isascii() == (accept is not None)
    assert said


@pytest.mark.parametrize("path", ["/readyz", "/api/mall/stores", "/api/mall/products?store_id=1"])
def test_a_database_that_is_away_is_said_as_busy_and_comes_back(ask, database_away, path):
    for _ in range(3):
        answer = ask("GET", path)
        assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert ask("GET", "/healthz").status_code == 200


@pytest.mark.parametrize("path", ["/readyz", "/api/mall/stores", "/api/mall/products?store_id=1"])
def test_connections_that_were_cut_are_replaced(ask, session, path):
    assert ask("GET", path).status_code == 200
    server = engine().url.set(database="postgres", drivername="postgresql")
    with psycopg.connect(server.render_as_string(hide_password=False), autocommit=True) as admin:
        admin.execute(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{engine().url.database}'"
        )
    answers = [ask("GET", path).status_code for _ in range(10)]
    assert set(answers) <= {200, 503}
    assert answers[-1] == 200
    engine().dispose()
