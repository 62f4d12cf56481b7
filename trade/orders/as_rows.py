"""A quote as the rows of the order it becomes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from trade.pricing.quoted import Quote


def head(priced: Quote, store_id: int, member_id: int | None, now: datetime, **more: Any) -> dict[str, Any]:
    """The columns of `sale_order` for `moves.open_order`; `more` are those that the price does not know."""
    blank = dict.fromkeys(("staff_id", "till_id", "shift_id", "pay_by", "paid_at", "closed_at", "promise_at"))
    return {
        **blank,
        "store_id": store_id,
        "member_id": member_id,
        "list_fen": priced.list_fen,
        "promotion_fen": priced.promotion_fen,
        "coupon_fen": priced.coupon_fen,
        "freight_fen": priced.freight_fen,
        "rules_version": priced.rules_version,
        "discount_fen": priced.discount_fen,
        "points_used": priced.points_used,
        "points_fen": priced.points_fen,
        "payable_fen": priced.payable_fen + priced.rounding_fen,
        "rounding_fen": priced.rounding_fen,
        "wallet_principal_fen": priced.wallet.principal_fen,
        "wallet_bonus_fen": priced.wallet.bonus_fen,
        "policy": priced.policy,
        "earns_points": priced.earns_points,
        "tier": priced.tier,
        "earn_multiplier_bp": priced.earned.multiplier_bp if priced.tier else None,
        "earn_basis_fen": priced.earned.basis_fen,
        "terms_version": priced.terms_version,
        "placed_at": now,
        "remark": "",
        **more,
    }


def lines(priced: Quote) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows of its lines and of their allocations."""
    rows = [
        {
            "line_no": line.line_no,
            "sku_id": line.item.sku_id,
            "name": line.item.name,
            "spec": line.item.spec,
            "unit": line.item.unit,
            "weighed": line.item.weighed,
            "qty": line.qty,
            "unit_price_fen": line.unit_price_fen,
            "list_fen": line.list_fen,
            "net_fen": line.net_fen,
            "principal_fen": line.wallet.principal_fen,
            "bonus_fen": line.wallet.bonus_fen,
            "earns_points": line.earns_points,
            "earn_basis_fen": line.earn_basis_fen,
            "gift": line.gift,
            "at_store_id": line.at_store_id,
            "gift_value_fen": line.unit_price_fen if line.gift else 0,
        }
        for line in priced.lines
    ]
    shares = [{"line_no": line.line_no, **share.as_json()} for line in priced.lines for share in line.shares]
    return rows, shares
