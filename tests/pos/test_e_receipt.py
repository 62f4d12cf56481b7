"""The page behind the QR code on a receipt: what was sold, masked, for who holds the paper and nobody else."""

from __future__ import annotations

import json
import re

from sqlalchemy import text

from config import clock
from config.db import transaction
from config.settings import settings
from tests import factories as make
from tests.devices import Device
from tests.wechat_stand_in.pay import codepay
from trade.orders.receipts.book import token_of

MILK_2 = 1980


def _sell(till, shop, **more):
    body = {"lines": [{"sku_id": shop.skus["milk"], "qty": 2}], "expected_payable_fen": MILK_2,
            "tenders": [{"kind": "cash", "received_fen": 2000}]}  # fmt: skip
    return till.post("/api/pos/sales", body | more).json["receipt"]


def _page(app, url, language="zh-CN"):
    path = url.removeprefix(settings().base_url)
    return app.test_client().get(path, headers={"Accept-Language": language})


def test_it_shows_the_receipt_masked_and_is_kept_by_nobody(app, session, shop, client):
    member = make.a_member(session, now=clock.now())
    receipt = _sell(client(), shop, member_id=member)
    page = _page(app, receipt["url"])
    assert page.status_code == 200
    for words in ("通店S1", "商品milk", "19.80", receipt["no"], "138****2046", "已付款"):
        assert words in page.text, words
    assert "13812342046" not in page.text
    assert page.headers["Cache-Control"] == "no-store" and page.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in page.headers["X-Robots-Tag"] and "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert "Paid" in _page(app, receipt["url"], "en").text


def test_a_token_is_not_to_be_guessed_and_opens_nothing_in_another_store(app, session, shop, client):
    receipt = _sell(client(), shop)
    parts = re.fullmatch(r".*/r/(\d+)\.([\w-]{20})", receipt["url"])
    assert parts
    store, token = parts.groups()
    for address in (f"{int(store) + 1}.{token}", f"{store}.{token[:-1]}A", f"{store}.", receipt["no"], "1.' OR 1=1"):
        page = app.test_client().get(f"/r/{address}")
        assert page.status_code == 404 and "小票还没有到" in page.text, address
        assert "商品milk" not in page.text
    assert receipt["no"] not in token and str(receipt["order_id"]) != token


def test_names_are_text_and_never_markup(app, session, shop, client):
    receipt = _sell(client(), shop)
    with transaction(session):
        session.execute(text("UPDATE order_line SET name = '<script>alert(1)</script>'"))
    page = _page(app, receipt["url"]).text
    assert "<script>" not in page and "&lt;script&gt;" in page


def test_it_says_how_much_went_back_and_is_void_when_all_did(app, session, shop, client):
    till = client()
    receipt = _sell(till, shop)
    ask = {"order_no": receipt["no"], "lines": [{"line_no": 1, "qty": 1}], "expected_refund_fen": 990}
    till.post("/api/pos/returns", ask)
    page = _page(app, receipt["url"]).text
    assert "部分退款" in page and "已退 ¥9.90" in page and "作废" not in page
    till.post("/api/pos/returns", ask)
    page = _page(app, receipt["url"]).text
    assert "已全部退款" in page and "已退 ¥19.80" in page and "这张小票已作废" in page


def test_a_receipt_given_without_network_opens_when_the_till_has_delivered_it(app, session, shop, client):
    till, device = client(), Device(shop)
    body = device.sell(clock.now(), milk=1)
    document = json.loads(body)
    url = f"{settings().base_url}/r/{shop.store_id}.{token_of(document['uuid'])}"
    assert _page(app, url).status_code == 404
    till.post("/api/pos/sync", {"at_ms": 0, "documents": [{"uuid": document["uuid"], "body": body}]})
    page = _page(app, url)
    assert page.status_code == 200 and document["no"] in page.text


def test_a_sale_that_a_payment_code_has_not_paid_yet_says_so(app, session, shop, client, wechat):
    request_id, person = "0d5c1f0e-2f0e-4f43-9f3c-6a6f0c1d2e3f", "oTongdian0001"
    codepay.behave(wechat.world, person, asked=True, types_after_s=600)
    client().post("/api/pos/sales", {
        "request_id": request_id, "lines": [{"sku_id": shop.skus["milk"], "qty": 1}], "expected_payable_fen": 990,
        "tenders": [{"kind": "code", "auth_code": codepay.show(wechat.world, person)}],
    })  # fmt: skip
    page = _page(app, f"{settings().base_url}/r/{shop.store_id}.{token_of(request_id)}").text
    assert "待付款" in page and "已付款" not in page
