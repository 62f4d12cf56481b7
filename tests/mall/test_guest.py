"""Who has not signed in may look at everything that is not somebody's own, and is asked for nothing on the way."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import requests

from config import clock
from tests import factories as make
from tests.servers import running
from tests.test_house_rules import ROOT

OPEN = {
    "/api/mall/settings": "",
    "/api/mall/stores": "",
    "/api/mall/categories": "",
    "/api/mall/home": "?store_id=1",
    "/api/mall/filters": "?store_id=1&category_id=1",
    "/api/mall/products": "?store_id=1",
    "/api/mall/products/<int:product_id>": "?store_id=1",
    "/api/mall/rules": "?store_id=1",
    "/api/mall/search": "?store_id=1",
    "/api/mall/search/suggest": "?store_id=1&q=a",
    "/api/mall/search/instead": "?store_id=1&q=a",
    "/api/mall/skus/<int:sku_id>/alternatives": "?store_id=1",
    "/api/mall/ways": "?store_id=1",
    "/api/mall/regions": "",
    "/api/mall/events/consent": "",
    "/api/mall/slots": "?store_id=1",
    "/api/mall/rushes": "?store_id=1",
    "/api/mall/recommended": "?store_id=1&place=home",
    "/api/mall/groups": "?store_id=1",
    "/api/mall/groups/<int:group_id>": "",
    "/api/mall/photos/<token>": "",
    "/api/mall/coupons/centre": "",
    "/api/mall/scene/<code>": "",
    "/api/mall/orders/by-trade-no/<trade_no>": "",
}
"""Every read that needs no sign-in, with what it is asked for."""

WECHATS_OWN = "/api/mall/wechat/"

ASKING = re.compile(r"signIn\(|locate\(|whereAmI\(|askPhone\(|givePhone\(|uni\.(login|getLocation|chooseAddress)\b")
BY_ITSELF = re.compile(r"\b(onLaunch|onLoad|onShow|onMounted|onReady)\(")


def _reads(app):
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/mall/") and "GET" in rule.methods]
    return {rule.rule: rule for rule in rules if not rule.rule.startswith(WECHATS_OWN)}


@pytest.fixture(scope="module")
def server(app):
    with running(app) as url:
        yield url


def _path(rule):
    given = {
        "product_id": 1,
        "code": "x",
        "trade_no": "TD1",
        "order_id": 1,
        "top_up_id": 1,
        "parcel_id": 1,
        "case_id": 1,
    }
    return re.sub(r"<(?:int:)?(\w+)>", lambda found: str(given.get(found[1], 1)), rule)


def test_every_read_is_open_to_guests_or_is_somebodys_own(app, server, shop, session):
    """Over HTTP, without a token: a page of the shop answers, a person's own page says who is missing."""
    reads = _reads(app)
    assert OPEN.keys() <= reads.keys()
    for rule in reads:
        answer = requests.get(server + _path(rule) + OPEN.get(rule, ""), timeout=10)
        if rule in OPEN:
            assert answer.status_code == (404 if re.search("<(code|trade_no|token|int:group_id)>", rule) else 200), rule
        else:
            assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in"), rule


def test_a_guest_may_price_a_basket(server, shop):
    basket = {"store_id": shop.store_id, "lines": [{"sku_id": shop.skus["milk"], "qty": 2}]}
    priced = requests.post(f"{server}/api/mall/quote", json=basket, timeout=10)
    assert (priced.status_code, priced.json()["quote"]["payable_fen"]) == (200, 1980)


def test_wechats_order_centre_opens_an_order_for_anybody_and_tells_nothing_of_it(server, shop, session, signed_in):
    member = make.a_member(session, now=clock.now())
    order = make.order_online(session, shop, member, clock.now(), milk=2)
    trade_no = make.tender(session, shop, order, clock.now()).trade_no
    path = f"/api/mall/orders/by-trade-no/{trade_no}"
    seen = requests.get(server + path, timeout=10).json()["order"]
    assert seen == {
        "no": f"{shop.store_id:03d}{order:09d}", "state": "placed", "mode": "pickup", "store_name": seen["store_name"],
        "store_address": seen["store_address"], "kinds": 1, "order_id": None,
    }  # fmt: skip
    other = make.a_member(session, phone="13900000000", now=clock.now())
    assert signed_in(other, "oOther").get(path).json["order"]["order_id"] is None
    assert signed_in(member).get(path).json["order"]["order_id"] == order


@pytest.mark.parametrize("page", sorted((ROOT / "mall/miniapp/src").rglob("*.vue")), ids=lambda path: path.stem)
def test_no_page_asks_for_anything_by_itself(page: Path):
    """Sign-in, place and phone follow a tap: what runs when a page opens calls none of them."""
    said = page.read_text("utf-8").partition("<template>")[0]
    for found in BY_ITSELF.finditer(said):
        depth, end = 0, found.end() - 1
        for end in range(found.end() - 1, len(said)):
            depth += (said[end] == "(") - (said[end] == ")")
            if depth == 0:
                break
        body = said[found.end() : end]
        called = set(re.findall(r"\b([a-z]\w+)\(", body))
        for name in called:
            written = re.search(rf"function {name}\([^)]*\)[^{{]*{{(.*?)\n}}", said, re.DOTALL)
            body += written[1] if written else ""
        assert ASKING.search(body) is None, (page.name, found[0])
