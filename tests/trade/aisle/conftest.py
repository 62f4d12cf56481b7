from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from config.db import transaction
from tests import factories as make
from tests.stories import Story
from tests.trade.fulfilment import chain
from trade.orders import place
from trade.orders.aisle import selling
from trade.pricing.quoted import Want

FETCHED = selling.Elsewhere("pickup")


class Aisle(Story):
    """A shop with everything but bread, and another with five of each, eight kilometres away."""

    def __init__(self, session: Any, now: Any) -> None:
        super().__init__(session, now, points_of=1_000, milk=5, bread=0)
        (self.other,) = chain.open_chain(session, 1, now, first=2, milk=5, bread=5)
        chain.do(session, "UPDATE store SET opens_minute = 0, closes_minute = 1440")

    def basket(self, *, here: dict[str, int], there: dict[str, int], **more: Any) -> place.Basket:
        """What is carried out, and what the other shop hands over."""
        skus = self.shop.skus
        wants = [Want(skus[name], qty) for name, qty in here.items()]
        wants += [Want(skus[name], qty, None, self.other.store_id) for name, qty in there.items()]
        return place.Basket(self.shop.store_id, wants, **more)

    def ring_up(self, basket: place.Basket, how: selling.Elsewhere = FETCHED) -> int:
        """Sell it for stored value and the exact cash; returns the order."""
        with transaction(self.session):
            due = place.price(self.session, basket, now=self.now)
        given = {"received_fen": due.due_fen, "expected_payable_fen": due.payable_fen}
        return int(self.do(selling.at_till, basket, self.shop.sale(), how, **given))

    def level(self, shop: make.Shop, name: str) -> tuple[int, int, int]:
        """What a shop has of something: on hand, held, paid for."""
        said = "SELECT on_hand, held, committed FROM stock_level WHERE store_id = :store AND sku_id = :sku"
        found = self.session.execute(text(said), {"store": shop.store_id, "sku": shop.skus[name]}).one()
        self.session.rollback()
        return tuple(found)

    def parcels(self, order: int) -> list[tuple[int, str, str]]:
        """Where each parcel of an order stands: store, mode, state."""
        return [(one.at_store_id, one.mode, one.state) for one in chain.of(self.session, order)]


@pytest.fixture
def aisle(session, now):
    return Aisle(session, now)
