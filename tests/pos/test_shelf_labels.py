"""Shelf labels: what changed since the last print, what will change, and shelf prices that were honoured (3.24)."""

from __future__ import annotations

from datetime import timedelta

from config import clock
from tests import factories as make
from tests.pos.test_by_hand import _word

MINUTE = timedelta(minutes=1)


def _change(client, shop, price_fen, from_at):
    office = client("head_office")
    line = {"sku_id": shop.skus["milk"], "price_fen": price_fen}
    made = office.post("/api/desk/prices/changes", {"name": "调价", "from_at": from_at.isoformat(), "lines": [line]})
    assert made.status_code == 201, made.json


def test_a_coming_price_is_printed_ahead_and_is_to_be_relabelled_from_its_minute_on(client, shop, monkeypatch):
    began = clock.now().replace(second=0, microsecond=0)
    _change(client, shop, 1090, began + 5 * MINUTE)
    keeper = client("store_staff")
    (turn,) = keeper.get("/api/desk/prices/coming?hours=168").json["coming"]
    assert (turn["old_fen"], turn["new_fen"], turn["barcode"]) == (990, 1090, make.BARCODES["milk"])
    assert keeper.get("/api/desk/prices/unlabelled").json == {"unlabelled": []}
    monkeypatch.setattr(clock, "now", lambda: began + 6 * MINUTE)
    (todo,) = keeper.get("/api/desk/prices/unlabelled").json["unlabelled"]
    assert (todo["price_fen"], todo["label_fen"], todo["weighed"]) == (1090, None, False)
    assert todo["since"] == (began + 5 * MINUTE).isoformat()
    cashier = client().post("/api/desk/prices/labels", {"sku_ids": [todo["sku_id"]]})
    assert (cashier.status_code, cashier.json["code"]) == (403, "not_permitted")
    assert keeper.get("/api/desk/prices/unlabelled").json["unlabelled"] == [todo]
    assert keeper.post("/api/desk/prices/labels", {"sku_ids": [todo["sku_id"]]}).json == {"unlabelled": []}


def test_a_shelf_price_below_the_tills_is_honoured_with_its_reason_and_reported(client, session, shop):
    till = client()
    hand = {"reason": "shelf_price", "unit_price_fen": 890}
    lines = [{"sku_id": shop.skus["milk"], "qty": 2, "hand": hand}, {"sku_id": shop.skus["bread"], "qty": 1}]
    body = {"lines": lines, "expected_payable_fen": 2430, "tenders": [{"kind": "cash", "received_fen": 2430}]}
    word = _word(till, shop, {"before_fen": 2630, "after_fen": 2430})
    sold = till.post("/api/pos/sales", body | {"approval_ids": [word]})
    assert sold.status_code == 201, sold.json
    (one,) = till.get("/api/desk/prices/honoured").json["honoured"]
    assert (one["name"], one["before_fen"], one["after_fen"], one["off_fen"]) == ("商品milk", 1980, 1780, 200)
    make.open_shop(session, code="S2", now=clock.now())
    other = client("store_staff")
    assert other.sign_in("store_staff-S2").status_code == 200
    other.headers.pop("X-Till-Token", None)
    assert other.get("/api/desk/prices/honoured").json == {"honoured": []}
    assert client("head_office").get("/api/desk/prices/honoured").json["honoured"] == [one]


def test_a_basket_that_lies_while_its_price_turns(client, shop, monkeypatch):
    """3.24: cheaper counts at once.  Dearer is refused with what it was and is, and nothing is sold: the mall's rule of
    shown prices (3.6.5) stands above keeping the price of the scan.
    """
    began, till = clock.now().replace(second=0, microsecond=0), client()
    _change(client, shop, 1090, began + 5 * MINUTE)
    _change(client, shop, 890, began + 15 * MINUTE)
    asked = {"lines": [{"sku_id": shop.skus["milk"], "qty": 1}]}
    before = till.ask("/api/pos/quote", asked).json["quote"]
    monkeypatch.setattr(clock, "now", lambda: began + 6 * MINUTE)
    sale = {
        **asked,
        "expected_payable_fen": 990,
        "token": before["token"],
        "tenders": [{"kind": "cash", "received_fen": 1090}],
    }
    dearer = till.post("/api/pos/sales", sale)
    assert (dearer.status_code, dearer.json["code"]) == (409, "price_changed")
    (line,) = dearer.json["facts"]["differences"]
    assert (line["was_unit_price_fen"], line["unit_price_fen"]) == (990, 1090)
    monkeypatch.setattr(clock, "now", lambda: began + 8 * MINUTE)
    shown = till.ask("/api/pos/quote", asked).json["quote"]
    monkeypatch.setattr(clock, "now", lambda: began + 16 * MINUTE)
    cheaper = till.post("/api/pos/sales", sale | {"expected_payable_fen": 1090, "token": shown["token"]})
    assert (cheaper.status_code, cheaper.json["receipt"]["payable_fen"]) == (201, 890)
