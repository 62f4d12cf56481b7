"""What the demo chain promises its members: coupons of every kind a screen must show."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.db import transaction
from member.coupons import claim, moves, templates
from member.coupons.states import Kind, StackClass
from member.coupons.templates import Offer
from tests.demo.chain import Chain
from trade.catalogue.models import Category

ACTOR = "demo"
FRUIT = "新鲜水果"


def _coupons(fruit: int, store_id: int) -> list[dict[str, Any]]:
    return [
        {"code": "new", "name": "新人满减券", "kind": Kind.THRESHOLD_OFF, "stack_class": StackClass.PLATFORM,
         "threshold_fen": 5_000, "off_fen": 800},
        {"code": "week", "name": "周末满减券", "kind": Kind.THRESHOLD_OFF, "threshold_fen": 10_000, "off_fen": 2_000},
        {"code": "fruit", "name": "水果八五折", "kind": Kind.RATE, "stack_class": StackClass.GOODS, "rate_bp": 8_500,
         "cap_fen": 2_000, "scope": {"include": {"categories": [fruit]}}},
        {"code": "cash", "name": "老客代金券", "kind": Kind.CASH, "off_fen": 300, "issue_limit": 50},
        {"code": "till", "name": "门店专享券", "kind": Kind.THRESHOLD_OFF, "threshold_fen": 3_000, "off_fen": 500,
         "channels": ["till"], "store_ids": [store_id]},
    ]  # fmt: skip


def promise(session: Session, known: Chain, *, now: datetime) -> None:
    """Publish the offers, and give the first members one coupon of each that a mall shows."""
    with transaction(session):
        fruit = session.scalars(select(Category.id).where(Category.name == FRUIT)).one()
        for one in _coupons(fruit, known.shops[0].id):
            offer = Offer(**one, valid_days=30, claims_per_member=2)
            template_id = templates.draft(session, offer, actor=ACTOR, now=now)
            moves.move_template(session, template_id, "publish", actor=ACTOR, now=now)
            for member_id, _ in known.shoppers[:8]:
                claim.claim(session, template_id, member_id, channel=None, actor=ACTOR, now=now)
