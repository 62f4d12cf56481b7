"""What a customer is owed because the same goods cost less today (members-mall-orders.md 3.10: the difference only).

Compared are the units that are still with the customer, bought together, in the same store and channel, by the same
member: what they cost then after promotions (list less the stored shares of promotions), with what the same basket
costs after promotions today, by today's prices, promotions and tier.  Coupons, points, freight and hand discounts
stand on neither side: what they took off stays taken off.

    difference = then - today, of the whole basket, at least 0; shared over the lines that became cheaper
    owed       = difference - what price protection of this order gave or is asked for already

so a price that moves between two promotions of one basket gives nothing, and a second fall gives only what it adds.
Goods that are not sold there any more have no price of today and are left out on both sides; gifts cost nothing.  No
line gets more than is left of what was paid for it.  Worked table, 2 milk bought at 9.90 and 1 bread at 6.50:

    today           then    today   difference   given before   owed
    milk 8.90      26.30    24.30         2.00           0.00   2.00
    milk 8.50      26.30    23.50         2.80           2.00   0.80
    milk 12.00     26.30    30.50         0.00           2.80   0.00
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from config.errors import Refused
from config.money import split
from trade.orders import place
from trade.pricing import prices
from trade.pricing.quoted import Want


class NoPriceDrop(Refused):
    """The same goods do not cost less today, or the difference was given already."""

    code = "no_price_drop"


_LINES = text("""
    SELECT line.line_no, line.sku_id, line.qty - back.qty AS kept, line.net_fen - back.fen AS left_fen,
           line.list_fen - took.fen - (line.list_fen - took.fen) * back.qty / line.qty AS then_fen,
           given.fen AS given_fen
    FROM order_line line
    CROSS JOIN LATERAL (SELECT coalesce(sum(r.qty), 0)::bigint AS qty, coalesce(sum(r.refund_fen), 0)::bigint AS fen
        FROM return_line r WHERE r.store_id = line.store_id AND r.order_id = line.order_id
          AND r.line_no = line.line_no) back
    CROSS JOIN LATERAL (SELECT coalesce(sum(a.amount_fen), 0)::bigint AS fen FROM allocation a
        WHERE a.store_id = line.store_id AND a.order_id = line.order_id AND a.line_no = line.line_no
          AND a.source = 'promotion') took
    CROSS JOIN LATERAL (SELECT coalesce(sum(l.amount_fen), 0)::bigint AS fen FROM aftersale_line l
        JOIN aftersale_case c ON c.store_id = l.store_id AND c.id = l.case_id
        WHERE l.store_id = line.store_id AND l.order_id = line.order_id AND l.line_no = line.line_no
          AND c.kind = 'price_protection' AND c.state NOT IN ('rejected', 'cancelled', 'closed_timeout')) given
    WHERE line.store_id = :store AND line.order_id = :order AND NOT line.gift ORDER BY line.line_no""")


def owed(session: Session, order: Any, *, now: datetime) -> dict[int, int]:
    """What is owed by line number, in fen; the order is locked by the caller.

    :raises NoPriceDrop: nothing is.
    """
    rows = [row for row in fetch(session, _LINES, {"store": order.store_id, "order": order.id}) if row.kept]
    sold = prices.items(session, order.store_id, {row.sku_id for row in rows}, channel=order.channel, now=now)
    rows = [row for row in rows if row.sku_id in sold]
    if not rows:
        raise NoPriceDrop()
    wants = [Want(row.sku_id, row.kept) for row in rows]
    basket = place.Basket(order.store_id, wants, order.member_id, channel=order.channel)
    today = [line.net_fen for line in place.price(session, basket, now=now).lines if not line.gift]
    fens = shared(rows, today)
    if not fens:
        raise NoPriceDrop()
    return fens


def shared(rows: Sequence[Any], today: Sequence[int]) -> dict[int, int]:
    """Share the difference over the lines that became cheaper.  Pure.

    :param rows: with `line_no`, `then_fen`, `given_fen` before, and `left_fen` of what was paid.
    :param today: what each costs today, in fen.
    """
    cheaper = [max(row.then_fen - fen, 0) for row, fen in zip(rows, today, strict=True)]
    whole_fen = sum(row.then_fen for row in rows) - sum(today) - sum(row.given_fen for row in rows)
    if whole_fen <= 0 or not any(cheaper):
        return {}
    parts = split(whole_fen, cheaper)
    owed_fen = {row.line_no: min(part, row.left_fen) for row, part in zip(rows, parts, strict=True)}
    return {line_no: fen for line_no, fen in owed_fen.items() if fen}
