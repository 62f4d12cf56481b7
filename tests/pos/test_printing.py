"""Paper to the byte: golden files for 58 and 80 mm, which the till's own renderer is held to as well.

`TONGDIAN_GOLDEN=1` writes the files anew: look at what changed before it is committed.
"""

from __future__ import annotations

import json
import os
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from config import clock
from pos.printing import papers
from pos.printing.escpos import as_escpos, kick
from pos.printing.page import as_html
from pos.printing.slip import COLUMNS, columns
from tests import factories as make
from tests.devices import Device
from trade.fulfilment import pickup

GOLDEN = Path(__file__).parents[1] / "vectors/paper"
CASES = json.loads((GOLDEN / "cases.json").read_text("utf-8"))


@pytest.mark.parametrize("width_mm", [58, 80])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_every_paper_is_golden_to_the_byte(case, width_mm):
    slip = getattr(papers, case["kind"])(case["paper"], width_mm)
    data = as_escpos(slip)
    kept = GOLDEN / f"{case['name']}-{width_mm}.bin"
    if os.environ.get("TONGDIAN_GOLDEN"):
        kept.write_bytes(data)
    assert data == kept.read_bytes()
    wide = {"text": 1, "centre": 1, "title": 2}
    lines = [piece for piece in slip.pieces if piece.kind in wide]
    assert max(columns(line.words) * wide[line.kind] for line in lines) <= COLUMNS[width_mm]


def test_a_slip_starts_clean_reads_chinese_and_ends_with_a_cut():
    data = as_escpos(papers.sale(CASES[0]["paper"], 80))
    assert data.startswith(b"\x1b@\x1c&") and data.endswith(b"\x1bd\x06\x1dV\x01")
    assert "通店文三路店".encode("gb18030") in data and "￥19.80".encode("gb18030") in data
    assert b"\x1dkI\x0e{B001000000012" in data, "the number as Code 128"
    assert b"1P0https://shop.example.com/r/1.AbCdEfGhIjKlMnOpQrSt" in data, "the address as a QR code"
    assert b"\x1bp" not in data and kick() == b"\x1bp\x0022", "the drawer is never opened by a receipt"


def test_the_page_for_a_browser_says_the_same():
    case = next(case for case in CASES if case["name"] == "sale-everything")
    slip = papers.sale(case["paper"], 58)
    page = as_html(slip, "a<b")
    assert "size: 58mm auto" in page and "<title>a&lt;b</title>" in page and page.count("<svg") == 2
    for piece in slip.pieces:
        if piece.kind == "text":
            assert f"<pre>{piece.words}</pre>" in page


def _sell(till, shop, **more):
    body = {"lines": [{"sku_id": shop.skus["milk"], "qty": 2}], "expected_payable_fen": 1980,
            "tenders": [{"kind": "cash", "received_fen": 2000}]}  # fmt: skip
    return till.post("/api/pos/sales", body | more)


def _without_copy(receipt):
    return {name: receipt[name] for name in receipt if name not in ("copy", "returns")}


def test_a_reprint_is_the_original_with_a_mark_though_much_happened_since(session, shop, client):
    """The member earned and lost points, goods came back: the paper of then is what is printed again."""
    till, member = client(), make.a_member(session, points_of=300, now=clock.now())
    sold = _sell(till, shop, member_id=member).json["receipt"]
    kept = till.get(f"/api/pos/receipts/{sold['no']}").json["receipt"]
    first = as_escpos(papers.sale(kept, 80))
    assert f" {sold['points_after']}\n".encode() in first and sold["points_after"] > 300
    make.ring_up(session, shop, clock.now(), member_id=member, bread=1)
    make.give_back(session, shop, sold["order_id"], {1: 1}, clock.now())
    again = till.post(f"/api/pos/receipts/{sold['no']}/copies").json["receipt"]
    assert again["copy"]["n"] == 1 and again["copy"]["by"] == "员工S1"
    assert again["member"]["points"] != sold["member"]["points"], "what the member has now has moved"
    assert as_escpos(papers.sale(_without_copy(again) | {"returns": []}, 80)) == first
    assert till.get(f"/api/pos/receipts/{sold['no']}/2/escpos").status_code == 404, "nobody counted it"
    assert till.get(f"/api/pos/receipts/{sold['no']}/0/escpos").status_code == 404, "the original is the till's own"
    marked = till.get(f"/api/pos/receipts/{sold['no']}/1/escpos").data
    assert marked.count("补打 1".encode("gb18030")) == 2 and "退货".encode("gb18030") in marked


def test_copies_are_counted_once_a_request_and_the_journal_says_who(session, shop, client):
    till = client()
    no = _sell(till, shop).json["receipt"]["no"]
    path, body = f"/api/pos/receipts/{no}/copies", {"request_id": "0d5c1f0e-2f0e-4f43-9f3c-6a6f0c1d2e3f"}
    assert [till.post(path, body).json["receipt"]["copy"]["n"] for _ in range(2)] == [1, 1]
    assert till.post(path).json["receipt"]["copy"]["n"] == 2
    told = session.execute(text("SELECT actor, data FROM journal WHERE kind = 'receipt.copied' ORDER BY id")).all()
    assert [row.data["copy"] for row in told] == [1, 2] and {row.actor[:6] for row in told} == {"staff:"}
    assert till.post("/api/pos/receipts/001999999999/copies").status_code == 404


def test_what_a_till_printed_alone_is_what_is_printed_again(session, shop, client):
    till, device = client(), Device(shop)
    body = device.sell(clock.now() - timedelta(minutes=3), milk=1)
    document = json.loads(body)
    sent = {"at_ms": 0, "documents": [{"uuid": document["uuid"], "body": body}]}
    assert till.post("/api/pos/sync", sent).json["results"][0]["state"] == "taken"
    found = till.get(f"/api/pos/receipts/{document['no']}").json["receipt"]
    assert (found["printed_no"], found["alone"], found["points_after"]) == (document["no"], True, None)
    assert found["url"].endswith(f"/r/{shop.store_id}.{found['url'].rsplit('.', 1)[1]}")


def test_an_answer_that_was_lost_and_printed_alone_counts_as_it_was_printed(session, shop, client):
    till = client()
    me = till.get("/api/staff/me").json["staff"]["id"]
    device = Device(shop, staff_id=me)
    body = device.sell(clock.now(), milk=2)
    document = json.loads(body)
    online = _sell(till, shop, request_id=document["uuid"]).json["receipt"]
    assert online["alone"] is False
    till.post("/api/pos/sync", {"at_ms": 0, "documents": [{"uuid": document["uuid"], "body": body}]})
    after = till.get(f"/api/pos/receipts/{online['no']}").json["receipt"]
    assert (after["printed_no"], after["alone"]) == (document["no"], True)
    assert after["url"] == online["url"], "both papers lead to the same page"


def test_the_paper_of_a_return(session, shop, client):
    till = client()
    sold = _sell(till, shop).json["receipt"]
    ask = {"order_no": sold["no"], "lines": [{"line_no": 1, "qty": 1}]}
    done = till.post("/api/pos/returns", ask | {"expected_refund_fen": 990}).json["return"]
    path = f"/api/pos/returns/{done['no']}"
    assert till.get(f"{path}/0/escpos").status_code == 404
    request_id = {"request_id": str(uuid.uuid4())}
    assert [till.post(f"{path}/print", request_id).json["copy"] for _ in range(2)] == [0, 0]
    frame = client()
    del frame.headers["X-Till-Token"]  # a frame that prints sends none
    assert "补打" not in frame.get(f"{path}/0/print").text
    assert till.post(f"{path}/print").json["copy"] == 1 and "补打 1" in frame.get(f"{path}/1/print").text
    paper = till.get(f"{path}/0/escpos?width=58").data.decode("gb18030", "replace")
    assert "退货单" in paper and f"原单 {sold['no']}" in paper and "￥9.90" in paper and "1号机" in paper
    assert "退货单" in till.get(f"{path}/0/print").text
    for no in ("R999999", "Rx", "R" + "9" * 30):
        assert till.post(f"/api/pos/returns/{no}/print").status_code == 404


def test_the_slip_of_a_parcel_bears_no_pickup_code(session, shop, client):
    member = make.a_member(session, now=clock.now())
    order_id = make.order_online(session, shop, member, clock.now(), milk=1)
    make.pay_online(session, shop, order_id, clock.now())
    make.make_ready(session, shop, order_id, clock.now())
    parcel = make.parcel(session, order_id)
    code = pickup.open_code(bytes(parcel.pickup_sealed))
    session.rollback()
    answer = client("store_staff").get(f"/api/desk/parcels/{parcel.id}/escpos?width=58")
    words = answer.data.decode("gb18030", "replace")
    assert answer.status_code == 200 and "待取包裹" in words and "商品milk" in words and "13812342046" not in words
    assert code not in words and code[:4] + " " + code[4:] not in words
    assert client("store_staff").get("/api/desk/parcels/999999/escpos").status_code == 404
