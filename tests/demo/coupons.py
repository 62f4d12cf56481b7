"""Coupons in the demo's past: what the chain offers, who claims, and who uses them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import transaction
from config.errors import Refused
from member.coupons import claim, moves, templates
from member.coupons.states import Kind, StackClass
from member.coupons.templates import Offer
from trade.orders.place import Basket
from trade.pricing.quoted import Quote

ACTOR = "system:demo"
CLAIMS, USES = 0.12, 0.6
_CATEGORY = text("SELECT id FROM category WHERE name = :name")
_MILK = text(
    "SELECT sku.id FROM sku JOIN product ON product.id = sku.product_id WHERE product.name = '纯牛奶'"
    " ORDER BY sku.id LIMIT 1"
)


def offer(session: Session, *, now: datetime) -> list[int]:
    """The chain's offers, one of each kind; returns those that may be claimed in the centre."""
    with transaction(session):
        fruit = session.execute(_CATEGORY, {"name": "新鲜水果"}).scalar_one()
        milk = session.execute(_MILK).scalar_one()
        offers = (
            Offer("WEEK50", "满50减6", Kind.THRESHOLD_OFF, threshold_fen=5_000, off_fen=600, valid_days=14,
                  claims_per_member=9, store_bp=5_000, hq_bp=5_000),
            Offer("FRUIT85", "水果85折", Kind.RATE, rate_bp=8_500, cap_fen=1_500, valid_days=30, claims_per_member=4,
                  scope={"include": {"categories": [fruit]}}),
            Offer("CASH3", "3元代金券", Kind.CASH, StackClass.PLATFORM, off_fen=300, valid_days=30,
                  claims_per_member=2, issue_limit=400),
            Offer("MILK1", "纯牛奶兑换券", Kind.GOODS, StackClass.GOODS, goods=[{"sku_id": milk, "qty": 1}],
                  valid_days=60, issue_limit=100),
            Offer("SHIP6", "6元运费券", Kind.FREIGHT, StackClass.FREIGHT, off_fen=600, valid_days=60,
                  channels=["mall"]),
            Offer("THANKS", "满60减10", Kind.THRESHOLD_OFF, threshold_fen=6_000, off_fen=1_000, valid_days=30,
                  claims_per_member=99, in_centre=False, given_from_fen=20_000),
        )  # fmt: skip
        ids = [templates.draft(session, one, actor=ACTOR, now=now) for one in offers]
        for template_id in ids:
            moves.move_template(session, template_id, "publish", actor=ACTOR, now=now)
    return ids[:-1]


class Wallets:
    """Who claims and who uses; `dice` makes it the same each time."""

    def __init__(self, session: Session, dice: random.Random, offers: Sequence[int]) -> None:
        self.session, self.dice, self.offers = session, dice, offers

    def perhaps_claim(self, member_id: int | None, at: datetime) -> None:
        """Now and then a member takes a coupon before they shop."""
        if member_id is not None and self.offers and self.dice.random() < CLAIMS:
            self.claim(self.dice.choice(self.offers), member_id, at)

    def claim(self, template_id: int, member_id: int, at: datetime) -> None:
        """One claim; nothing when it is used up."""
        with suppress(Refused), transaction(self.session):
            claim.claim(self.session, template_id, member_id, channel=None, actor=f"member:{member_id}", now=at)

    def uses(self, basket: Basket, quote: Quote) -> Basket:
        """The basket with its best coupons, most of the time that there are any."""
        best = quote.coupons.best_ids
        return replace(basket, coupon_ids=best) if best and self.dice.random() < USES else basket


def hand_out(session: Session, members: Sequence[int], offers: Sequence[int], *, now: datetime) -> None:
    """Everybody of the stand-in's phones finds coupons to use today."""
    book = Wallets(session, random.Random(0), offers)
    for member_id in members:
        for template_id in offers:
            book.claim(template_id, member_id, now)
