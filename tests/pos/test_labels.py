"""Labels of scales at the till: what the head office sets is how they read, and their fen are what the line costs."""

from __future__ import annotations

from sqlalchemy import text

from config.gs1 import check_digit
from tests import factories as make
from tests.pos.test_by_hand import _word
from trade.orders import proof

PLU = make.BARCODES["apple"]


def _label(body: str) -> str:
    return body + check_digit(body)


PRICED = _label(f"21{PLU}00678")
BOTH = _label(f"22{PLU}0053000678")
CHEAP = _label(f"22{PLU}0053000500")
LAYOUTS = ["20PPPPPWWWWWC", "21PPPPPFFFFFC", "22PPPPPWWWWWFFFFFC"]


def _set(client, layouts, store_id=0):
    return client("head_office").post("/api/desk/label-layouts", {"layouts": layouts, "store_id": store_id})


def _basket(shop, *labels):
    """Each label with the grams it says, by the till."""
    lines = [{"sku_id": shop.skus["apple"], "qty": qty, "label": label} for label, qty in labels]
    return {"lines": lines}


def _sale(basket, payable_fen, **more):
    tenders = [{"kind": "cash", "received_fen": payable_fen}]
    return basket | {"expected_payable_fen": payable_fen, "tenders": tenders} | more


def _written(session):
    told = "journal WHERE kind LIKE 'order.%' OR kind LIKE 'label_layout.%'"
    tables = ("sale_order", told, "stock_movement", "tender", "allocation")
    return [session.scalar(text(f"SELECT count(*) FROM {table}")) for table in tables]


def test_head_office_sets_the_layouts_and_tills_are_told(client, shop):
    assert client("head_office").get("/api/desk/label-layouts").json == {"layouts": [], "default": ["2XPPPPPWWWWWC"]}
    assert _set(client, LAYOUTS).status_code == 200
    assert client("cashier").get("/api/pos/catalogue?since=0").json["labels"] == LAYOUTS
    own = ["29PPPPPFFFFFC"]
    assert _set(client, own, shop.store_id).json["layouts"][-1] == {"store_id": shop.store_id, "layouts": own}
    assert client("cashier").get("/api/pos/catalogue?since=0").json["labels"] == own
    _set(client, [], shop.store_id)
    assert client("cashier").get("/api/pos/catalogue?since=0").json["labels"] == LAYOUTS


def test_layouts_that_are_payment_codes_are_refused(session, client, shop):
    """18 digits that begin with 25 to 29 pay with Alipay."""
    before = _written(session)
    refused = _set(client, ["25PPPPPWWWWWFFFFFC"])
    assert (refused.status_code, refused.json["code"]) == (422, "layout_not_sound")
    assert refused.json["facts"]["fields"] == {"25PPPPPWWWWWFFFFFC": "label_alipay"}
    assert "支付宝" in refused.json["message"]
    assert _set(client, LAYOUTS, 999).status_code == 404
    assert client("store_manager").post("/api/desk/label-layouts", {"layouts": LAYOUTS}).status_code == 403
    assert _written(session) == before
    assert client("head_office").get("/api/desk/label-layouts").json["layouts"] == []


def test_a_price_label_costs_its_fen_to_the_fen(session, client, shop):
    """11.98 a kg: 6.78 is 566 g; two labels are two lines of one sku."""
    _set(client, LAYOUTS)
    till = client("cashier")
    read = till.get(f"/api/pos/scan/{PRICED}").json["item"]
    assert (read["sku_id"], read["label_fen"], read["qty"]) == (shop.skus["apple"], 678, 566)
    other = _label(f"21{PLU}00500")
    qty = till.get(f"/api/pos/scan/{other}").json["item"]["qty"]
    basket = _basket(shop, (PRICED, read["qty"]), (other, qty))
    quote = till.ask("/api/pos/quote", basket).json["quote"]
    assert [line["net_fen"] for line in quote["lines"]] == [678, 500]
    assert quote["needs_approval"] is None
    sold = till.post("/api/pos/sales", _sale(basket, 1178))
    assert sold.status_code == 201, sold.json
    moved = session.scalar(
        text("SELECT sum(qty) FROM stock_movement WHERE sku_id = :sku AND qty < 0"), {"sku": shop.skus["apple"]}
    )
    assert moved == -(read["qty"] + qty)
    assert proof.differences(session) == []


def test_a_label_that_is_not_of_the_line_sells_nothing(session, client, shop):
    """A till cannot send a price without its label, nor a label of other goods or another weight."""
    _set(client, LAYOUTS)
    till, before = client("cashier"), _written(session)
    grams = till.get(f"/api/pos/scan/{PRICED}").json["item"]["qty"]
    for line, code in (
        ({"sku_id": shop.skus["milk"], "qty": 1, "label": PRICED}, "label_mismatch"),
        ({"sku_id": shop.skus["apple"], "qty": grams + 1, "label": PRICED}, "label_mismatch"),
        ({"sku_id": shop.skus["apple"], "qty": 100, "label": BOTH}, "label_mismatch"),
        (
            {"sku_id": shop.skus["apple"], "qty": grams, "label": PRICED[:-1] + str(9 - int(PRICED[-1]))},
            "bad_check_digit",
        ),
        ({"sku_id": shop.skus["apple"], "qty": 1000, "label": make.BARCODES["milk"]}, "label_mismatch"),
    ):
        asked = till.ask("/api/pos/quote", {"lines": [line]})
        assert asked.json["code"] == code
        assert till.post("/api/pos/sales", _sale({"lines": [line]}, 678)).json["code"] == code
    assert _written(session) == before


def test_a_label_cheaper_than_its_weight_counts_against_the_limit(session, client, shop):
    """530 g for 5.00 instead of 6.35 is 21 %: above the cashier's 5 %, within the manager's 30 %."""
    _set(client, LAYOUTS)
    till, basket = client("cashier"), _basket(shop, (CHEAP, 530))
    quote = till.ask("/api/pos/quote", basket).json["quote"]
    assert (quote["payable_fen"], quote["needs_approval"]["line_no"]) == (500, 1)
    before = _written(session)
    assert till.post("/api/pos/sales", _sale(basket, 500)).json["code"] == "discount_needs_approval"
    assert _written(session) == before
    word = _word(till, shop, {"before_fen": 635, "after_fen": 500})
    assert till.post("/api/pos/sales", _sale(basket, 500, approval_ids=[word])).status_code == 201
    data = session.scalar(text("SELECT data FROM journal WHERE kind = 'order.discounted_by_hand'"))
    assert [(one["reason"], one["off_fen"]) for one in data["discounts"]] == [("label", 135)]
    assert proof.differences(session) == []
