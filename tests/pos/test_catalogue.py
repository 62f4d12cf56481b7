"""A till fetches its goods, packed, and asks for what is newer."""

from __future__ import annotations

from config.db import transaction
from trade.pricing import till_feed

PATH = "/api/pos/catalogue"


def test_a_till_fetches_the_goods_of_its_own_store(session, shop, client, now):
    with transaction(session):
        till_feed.project(session, shop.store_id, now=now)
    till = client()
    plain, packed = till.get(PATH), till.get(PATH, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip" and len(packed.data) < len(plain.data)
    assert {row[0] for row in plain.json["chunks"][0]["rows"]} >= set(shop.skus.values())
    nothing = till.get(f"{PATH}?since={plain.json['version']}").json
    assert nothing == {"version": plain.json["version"], "chunks": [], "more": False, "labels": ["2XPPPPPWWWWWC"]}
    assert till.get(f"{PATH}?since=-1").status_code == 422


def test_goods_are_for_those_who_are_signed_in(app, shop):
    from tests.pos.conftest import Client

    assert Client(app, shop.till_token).get(PATH).status_code == 401
