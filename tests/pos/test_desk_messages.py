"""Who was not told, and why: a store sees its own, the head office the chain, and the order's history says it too."""

from __future__ import annotations

from sqlalchemy import text

from config import clock
from config.db import transaction
from member.reach import read
from tests import factories as make
from tests.trade.fulfilment import chain
from workers.jobs import send_messages

PATH = "/api/desk/messages"


def test_a_store_and_the_head_office_see_who_was_not_told(session, shop, client):
    order = chain.ordered(session, shop, clock.now(), mode="pickup", milk=2)
    make.make_ready(session, shop, order, clock.now())
    due = {name: value for name, _, value in read._read(session)}
    assert due["tongdian_messages_due"] == 2
    assert send_messages.run() == 0
    for role in ("store_manager", "head_office"):
        seen = client(role).get(PATH).json
        assert {(one["event"], one["state"]) for one in seen["untold"]} == {
            ("paid", "not_authorised"), ("ready", "not_authorised"),
        }  # fmt: skip
        assert {(one["kind"], one["state"], one["messages"]) for one in seen["figures"]} == {
            ("paid", "not_authorised", 1), ("ready", "not_authorised", 1),
        }  # fmt: skip
    assert client("cashier").get(PATH).status_code == 403
    with transaction(session):
        session.execute(text("UPDATE message SET store_id = store_id + 1"))
    assert client("store_manager").get(PATH).json["untold"] == []
    facts = session.execute(
        text("SELECT kind, data ->> 'event' FROM journal WHERE subject = :order AND kind LIKE 'message.%' ORDER BY id"),
        {"order": f"order:{order}"},
    )
    assert [tuple(row) for row in facts] == [
        ("message.asked", "paid"), ("message.asked", "ready"),
        ("message.not_authorised", "paid"), ("message.not_authorised", "ready"),
    ]  # fmt: skip
