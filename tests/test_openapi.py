from __future__ import annotations

import re

import pytest
from openapi_spec_validator import validate

import wsgi

WRITING = {"POST", "PUT", "PATCH", "DELETE"}


@pytest.fixture(scope="module")
def app():
    return wsgi.create_app()


@pytest.fixture(scope="module")
def document(app):
    answer = app.test_client().get("/openapi.json")
    assert answer.status_code == 200
    return answer.json


def _endpoints(app):
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/"):
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            yield from ((path, method) for method in sorted(rule.methods - {"HEAD", "OPTIONS"}))


def test_the_document_is_valid(document):
    validate(document)
    assert document["info"] == {"title": "Tongdian", "version": wsgi.VERSION}


def test_every_path_of_till_desk_and_mall_is_in_it(app, document):
    known = {(path, method.upper()) for path, item in document["paths"].items() for method in item}
    asked = set(_endpoints(app))
    assert {path.split("/")[2] for path, _ in asked} >= {"pos", "desk", "staff", "mall"}
    assert asked - known == set()


def test_every_writing_endpoint_documents_its_request_id(app, document):
    silent = []
    for path, method in _endpoints(app):
        if method in WRITING:
            body = document["paths"][path][method.lower()].get("requestBody")
            shape = str(body and body["content"]["application/json"]["schema"].get("$ref", "")).rsplit("/", 1)[-1]
            fields = document["components"]["schemas"].get(shape, {}).get("properties", {})
            if "request_id" not in fields:
                silent.append(path)
    without = {
        "/api/mall/wechat/pay-notice",
        "/api/mall/wechat/refund-notice",
        "/api/mall/wechat/callback/{app}",
    }  # WeChat calls these, not our pages
    reading = {"/api/mall/quote", "/api/pos/quote", "/api/pos/returns/preview", "/api/desk/pickup/check",
                   "/api/pos/exchanges/preview", "/api/pos/blind-returns/preview",
               "/api/desk/promotions/simulate"}  # fmt: skip
    reading |= {"/api/desk/segments/preview", "/api/mall/aftersales/preview", "/api/desk/aftersales/in-store/preview",
                "/api/desk/aftersales/{case_id}/preview", "/api/desk/parcels/{parcel_id}/short/preview",
                "/api/desk/aftersales/arbitration/{case_id}/preview", "/api/desk/routing/simulate"}  # fmt: skip
    assert set(silent) - without - reading == set()


def test_every_operation_is_named_once_and_says_what_it_does(document):
    operations = [op for item in document["paths"].values() for op in item.values()]
    names = [op["operationId"] for op in operations]
    assert len(names) == len(set(names))
    assert [op["operationId"] for op in operations if not op.get("summary") and not op.get("description")] == []
