"""A code that nobody sells is reported from the till, once a code and store, and settled by the head office."""

from __future__ import annotations

import pytest
from sqlalchemy import text

CODE = "6900000000001"


def _waiting(client):
    return [
        (one["code"], one["times"], one["note"])
        for one in client("head_office").get("/api/desk/unknown-codes").json["codes"]
    ]


def test_a_reported_code_waits_until_it_is_settled(session, shop, client):
    till = client("cashier")
    assert till.post("/api/pos/unknown-codes", {"code": CODE}).json == {"times": 1}
    again = {"code": CODE, "note": "新到的酸奶", "request_id": "b" * 32}
    assert [till.post("/api/pos/unknown-codes", again).json for _ in range(2)] == [{"times": 2}] * 2
    assert _waiting(client) == [(CODE, 2, "新到的酸奶")]
    office, done = client("head_office"), {"store_id": shop.store_id, "code": CODE, "note": "已建档"}
    assert office.post("/api/desk/unknown-codes/settle", done).json == {"codes": []}
    assert office.post("/api/desk/unknown-codes/settle", done).status_code == 404
    kinds = "SELECT kind FROM journal WHERE kind LIKE 'unknown_code.%' ORDER BY id"
    assert session.scalars(text(kinds)).all() == ["unknown_code.reported"] * 2 + ["unknown_code.settled"]
    assert till.post("/api/pos/unknown-codes", {"code": CODE}).json == {"times": 3}
    assert _waiting(client) == [(CODE, 3, "新到的酸奶")]


@pytest.mark.parametrize("code", ["134567890123456789", "2812345678901234567", "6212345678901234567"])
def test_a_payment_code_is_kept_nowhere(session, client, code):
    refused = client("cashier").post("/api/pos/unknown-codes", {"code": code})
    assert refused.status_code == 422
    assert session.scalar(text("SELECT count(*) FROM unknown_code")) == 0
    assert (
        session.scalar(text("SELECT count(*) FROM journal WHERE data::text LIKE '%' || :code || '%'"), {"code": code})
        == 0
    )


def test_only_the_head_office_settles(session, shop, client):
    client("cashier").post("/api/pos/unknown-codes", {"code": CODE})
    done = {"store_id": shop.store_id, "code": CODE, "note": "x"}
    assert client("store_manager").post("/api/desk/unknown-codes/settle", done).status_code == 403
    assert session.scalar(text("SELECT count(*) FROM unknown_code WHERE settled_at IS NULL")) == 1
