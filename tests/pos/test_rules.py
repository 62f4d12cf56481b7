"""A till keeps the rules it prices by without a network, and asks cheaply whether they changed."""

from __future__ import annotations

from config import clock
from tests import factories as make
from trade.pricing.promotions import book

PATH = "/api/pos/rules"


def test_the_rules_are_sent_when_they_changed(session, shop, client):
    till = client()
    make.a_promotion(session, clock.now())
    book.forget()
    first = till.get(PATH)
    assert (first.status_code, first.json["version"], first.json["member"]) == (200, 1, None)
    assert [rule["name"] for rule in first.json["books"][0]["book"]["rules"]] == ["满200减30"]
    again = till.get(PATH, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    make.a_promotion(session, clock.now(), kind="member_price", rate_bp=9_500)
    book.forget()
    changed = till.get(PATH, headers={"If-None-Match": first.headers["ETag"]})
    assert (changed.status_code, changed.json["version"], len(changed.json["books"][0]["book"]["rules"])) == (200, 2, 2)


def test_rules_are_for_those_who_are_signed_in(app, shop):
    from tests.pos.conftest import Client

    assert Client(app, shop.till_token).get(PATH).status_code == 401
