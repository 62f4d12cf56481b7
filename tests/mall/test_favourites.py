"""What a customer keeps for later: once, with this store's price and stock, gone with them."""

from __future__ import annotations

from sqlalchemy import text

from config import clock
from config.db import transaction
from member import export, favourites
from tests import factories as make

PATH = "/api/mall/favourites"


def _shopper(session, signed_in):
    member = make.a_member(session, now=clock.now())
    return member, signed_in(member)


def test_kept_once_newest_first_with_what_this_store_has(session, shop, signed_in):
    member, shopper = _shopper(session, signed_in)
    for product in (1, 2, 2):
        assert shopper.post(PATH, product_id=product, kept=True).json == {"kept": True}
    said = shopper.get(f"{PATH}?store_id={shop.store_id}").json
    assert [(card["product_id"], card["free"], card["price_fen"]) for card in said["products"]] == [
        (2, 100, 650), (1, 5, 990),
    ]  # fmt: skip
    assert said["elsewhere"] == 0
    make.ring_up(session, shop, clock.now(), milk=5)
    with transaction(session):
        session.execute(text("UPDATE store_sku SET sellable = false WHERE sku_id = :sku"), {"sku": shop.skus["bread"]})
    said = shopper.get(f"{PATH}?store_id={shop.store_id}").json
    assert ([(card["product_id"], card["free"]) for card in said["products"]], said["elsewhere"]) == ([(1, 0)], 1)
    assert shopper.get(f"{PATH}/1").json == {"kept": True}
    for _ in range(2):
        assert shopper.post(PATH, product_id=1, kept=False).json == {"kept": False}
    assert shopper.get(f"{PATH}/1").json == {"kept": False}
    assert export.gather(session, member)["member_favourite"][0]["product_id"] == 2


def test_what_is_no_product_guests_and_too_many_are_refused(session, shop, signed_in, guest, monkeypatch):
    _, shopper = _shopper(session, signed_in)
    assert shopper.post(PATH, product_id=999, kept=True).status_code == 404
    assert guest.post(PATH, product_id=1, kept=True).status_code == 401
    monkeypatch.setattr(favourites, "MOST", 1)
    assert shopper.post(PATH, product_id=1, kept=True).status_code == 200
    refused = shopper.post(PATH, product_id=2, kept=True)
    assert (refused.status_code, refused.json["code"], refused.json["facts"]) == (409, "favourites_full", {"most": 1})
    assert "1 件" in refused.json["message"]
    assert shopper.post(PATH, product_id=1, kept=True).status_code == 200
