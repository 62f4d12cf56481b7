"""What the demo chain runs today: one promotion of every kind, from this morning on for thirty days."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.clock import SHANGHAI
from config.db import transaction
from trade.orders import seckill
from trade.pricing.promotions import drafts, moves
from trade.stock.moves import OutOfStock

ACTOR = "system:demo"
_CATEGORIES = text("SELECT name, id FROM category")
_SKUS = text("""
    SELECT DISTINCT ON (product.name) product.name, sku.id, price.price_fen FROM product
    JOIN sku ON sku.product_id = product.id AND NOT sku.weighed JOIN price ON price.sku_id = sku.id
    WHERE product.name = ANY(:names) ORDER BY product.name, sku.id""")
NAMES = ("纯牛奶", "全麦吐司", "绿茶", "抽纸", "洗衣液", "每日坚果", "海苔脆", "五常稻香米", "氨基酸沐浴露", "虾条")
GROUPED, KEPT = "五常稻香米", 12
"""What is bought in groups, and how much of it each store keeps for them."""


class _Shelf:
    """Ids by name, as they stand in the database."""

    def __init__(self, session: Session) -> None:
        self.categories = {row.name: row.id for row in session.execute(_CATEGORIES)}
        rows = list(session.execute(_SKUS, {"names": list(NAMES)}))
        self.skus = {row.name: row.id for row in rows}
        self.fen = {row.name: row.price_fen for row in rows}
        session.rollback()

    def of(self, *names: str) -> dict[str, Any]:
        """A scope of categories."""
        return {"include": {"categories": [self.categories[name] for name in names]}}

    def at(self, rate_bp: int, *names: str) -> dict[int, int]:
        """Prices of skus, so much of what they cost, to the jiao."""
        return {self.skus[name]: self.fen[name] * rate_bp // 100_000 * 10 for name in names}


def _forms(shelf: _Shelf) -> list[dict[str, Any]]:
    drinks = {"prices": shelf.at(6_500, "绿茶", "每日坚果"), "hours": [[600, 720], [1020, 1200]]}
    rush = {"prices": shelf.at(2_500, "洗衣液"), "members_only": True, "hours": [[1200, 1260]]}
    milk, toast, crisps = (shelf.skus[name] for name in ("纯牛奶", "全麦吐司", "虾条"))
    return [
        {"name": "会员价 95 折", "kind": "member_price", "rate_bp": 9_500, "scope": shelf.of("粮油米面", "调味酱料")},
        {"name": "金卡护肤 9 折", "kind": "member_price", "rate_bp": 9_000, "tiers": ["gold", "black"],
         "scope": shelf.of("个护美妆")},
        {"name": "限时抢购", "kind": "flash", "quotas": {"day_units": 300}, **drinks},
        {"name": "整点秒杀 洗衣液", "kind": "seckill", "most_per_order": 1,
         "quotas": {"total_units": 60, "member_units": 1}, **rush},
        {"name": "两人拼团 稻香米", "kind": "group", "prices": shelf.at(7_000, GROUPED), "people": 2,
         "fill_minutes": 120, "quotas": {"member_units": 2}},
        {"name": "临期清仓 海苔", "kind": "clearance", "prices": shelf.at(5_000, "海苔脆")},
        {"name": "面包第二件半价", "kind": "nth_rate", "steps": [[2, 5_000]], "on": "nth",
         "scope": shelf.of("面包糕点")},
        {"name": "零食 3 件 8 折", "kind": "nth_rate", "steps": [[3, 8_000]], "across": True,
         "scope": shelf.of("休闲零食")},
        {"name": "乳品买 2 送 1", "kind": "buy_get", "buy": 2, "get": 1, "most_per_order": 2,
         "scope": shelf.of("乳品冷饮")},
        {"name": "早餐套餐", "kind": "bundle", "parts": [[milk, 1], [toast, 1]],
         "price_fen": (shelf.fen["纯牛奶"] + shelf.fen["全麦吐司"]) * 85 // 1000 * 10},
        {"name": "全场满减", "kind": "amount_off", "steps": [[9_900, 800], [20_000, 3_000], [30_000, 5_000]],
         "on_return": "re_evaluate", "quotas": {"budget_fen": 5_000_000},
         "funding": {"hq_bp": 6_000, "store_bp": 4_000}},
        {"name": "家居清洁满 60 享 9 折", "kind": "amount_rate", "steps": [[6_000, 9_000]], "cap_fen": 3_000,
         "group": "home", "scope": shelf.of("家居清洁")},
        {"name": "满 59 加 2 元换购虾条", "kind": "add_on", "steps": [[5_900, 0]], "prices": {crisps: 200},
         "most_per_order": 1},
        {"name": "满 129 赠抽纸", "kind": "gift", "steps": [[12_900, 0]], "gifts": [[shelf.skus["抽纸"], 1]],
         "quotas": {"total_units": 500}},
        {"name": "满 49 包邮", "kind": "free_shipping", "steps": [[4_900, 0]], "channels": ["mall"]},
    ]  # fmt: skip


def run(session: Session, *, now: datetime) -> list[int]:
    """Publish them all; returns their ids."""
    today = now.astimezone(SHANGHAI)
    window = {"starts": f"{today:%Y-%m-%d}T00:00", "ends": f"{today + timedelta(days=30):%Y-%m-%d}T23:59"}
    forms = _forms(_Shelf(session))
    with transaction(session):
        ids = [moves.draft(session, drafts.understood(window | form), actor=ACTOR, now=now) for form in forms]
        for promotion_id in ids:
            moves.publish(session, promotion_id, actor=ACTOR, now=now)
    group = next(one for one, form in zip(ids, forms, strict=True) if form["kind"] == "group")
    _keep(session, group, next(iter(forms[ids.index(group)]["prices"])), now)
    return ids


def _keep(session: Session, promotion_id: int, sku_id: int, now: datetime) -> None:
    """Each store that has enough of it keeps some for its groups."""
    for store_id in session.execute(text("SELECT id FROM store ORDER BY id")).scalars().all():
        with suppress(OutOfStock), transaction(session):
            seckill.supply(session, promotion_id, store_id, {sku_id: KEPT}, actor=ACTOR, now=now)
