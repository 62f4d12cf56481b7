from __future__ import annotations

import pytest

from config.db import transaction
from tests import factories as make
from tests.partner import SECRET
from trade.stock.channels import book
from trade.stock.channels.book import Listing, Terms


@pytest.fixture
def shops(session, now):
    """Two shops: milk 7 and 5, bread 100 and none."""
    first = make.open_shop(session, code="S1", stock_of={"milk": 7, "bread": 100}, now=now)
    return first, make.open_shop(session, code="S2", stock_of={"milk": 5, "bread": 0}, now=now)


def terms(shops, **changes) -> Terms:
    plain = {
        "code": "tmall-1", "name": "天猫旗舰店", "platform": "tmall", "kind": "files", "endpoint": "tmall-1",
        "default_store_id": shops[0].store_id, "store_ids": [shop.store_id for shop in shops], "secret": SECRET,
    }  # fmt: skip
    return Terms(**{**plain, **changes})


def open_channel(session, shops, now, **changes) -> int:
    """A channel that sells milk (80 %, 2 kept back) as M and bread (all) as B; returns its id."""
    with transaction(session):
        wanted = terms(shops, **changes)
        channel_id = book.write(session, wanted, new=True, actor="t", now=now)
        skus = shops[0].skus
        listings = [Listing(skus["milk"], "M", share_bp=8000, safety_units=2), Listing(skus["bread"], "B")]
        book.list_skus(session, wanted.code, listings, actor="t", now=now)
    return channel_id
