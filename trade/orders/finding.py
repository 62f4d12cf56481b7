"""A sale whose receipt is lost is found by who bought it, by the number of its payment, or by what was bought when.

    by                     where                  what is shown of the customer
    member                 every store            masked, as on every receipt
    number of the payment  every store            masked
    sku and day (, sum)    one store; every       masked
                           store for a manager

A page has `PAGE` sales, newest first; `before` is the order where the last page ended.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.clock import SHANGHAI
from config.db import fetch
from trade.orders.numbers import number

PAGE = 20

_SHOWN = """
    SELECT o.store_id, o.id, o.channel, o.state, o.placed_at, o.payable_fen, store.name AS store_name,
           coalesce(m.phone_masked, nullif(left(m.name, 1), '') || '**', '') AS customer,
           (SELECT jsonb_agg(jsonb_build_object('sku_id', l.sku_id, 'name', l.name, 'spec', l.spec, 'qty', l.qty,
                'weighed', l.weighed, 'net_fen', l.net_fen, 'picture', product.picture) ORDER BY l.line_no)
            FROM order_line l JOIN sku ON sku.id = l.sku_id JOIN product ON product.id = sku.product_id
            WHERE l.store_id = o.store_id AND l.order_id = o.id) AS lines,
           coalesce((SELECT sum(r.refund_fen) FROM sale_return r
                     WHERE r.store_id = o.store_id AND r.order_id = o.id), 0)::bigint AS refunded_fen
    FROM sale_order o JOIN store ON store.id = o.store_id LEFT JOIN member m ON m.id = o.member_id
    WHERE o.paid_at IS NOT NULL AND o.state <> 'cancelled'
      AND (CAST(:before AS bigint) IS NULL OR o.id < :before) AND """
_END = f" ORDER BY o.id DESC LIMIT {PAGE + 1}"
_OF_MEMBER = text(_SHOWN + "o.member_id = :member" + _END)
_OF_PAYMENT = text(
    _SHOWN
    + """(o.store_id, o.id) IN (
        SELECT t.store_id, t.order_id FROM tender t WHERE t.transaction_id = :no AND t.order_id IS NOT NULL
        UNION SELECT t.store_id, t.order_id FROM tender t WHERE t.trade_no = :no AND t.order_id IS NOT NULL)"""
    + _END
)
_OF_GOODS = text(
    _SHOWN
    + """o.placed_at >= :since AND o.placed_at < :until
      AND (CAST(:store AS bigint) IS NULL OR o.store_id = :store)
      AND (CAST(:fen AS bigint) IS NULL OR o.payable_fen = :fen)
      AND EXISTS (SELECT FROM order_line l WHERE l.store_id = o.store_id AND l.order_id = o.id
                  AND coalesce(l.given_sku_id, l.sku_id) = :sku)"""
    + _END
)


def of_member(session: Session, member_id: int, *, before: int | None = None) -> dict[str, Any]:
    """What a member bought, in every store and in the mall."""
    return _page(fetch(session, _OF_MEMBER, {"member": member_id, "before": before}))


def of_payment(session: Session, no: str, *, before: int | None = None) -> dict[str, Any]:
    """The sale of a WeChat payment: by WeChat's number of it (交易单号), or ours on the customer's phone (商户单号)."""
    return _page(fetch(session, _OF_PAYMENT, {"no": no.strip(), "before": before}))


def of_goods(
    session: Session,
    store_id: int | None,
    sku_id: int,
    day: date,
    *,
    payable_fen: int | None = None,
    before: int | None = None,
) -> dict[str, Any]:
    """Sales of a sku on a day of the calendar, in one store or (None) in all, perhaps of exactly this sum."""
    since = datetime.combine(day, time(), SHANGHAI)
    given = {"store": store_id, "sku": sku_id, "since": since, "until": since + timedelta(days=1), "fen": payable_fen}
    return _page(fetch(session, _OF_GOODS, given | {"before": before}))


def _page(rows: list[Any]) -> dict[str, Any]:
    """`sales` and, where there are more, `before` for the next page."""
    shown = ["store_name", "channel", "state", "customer", "payable_fen", "refunded_fen"]
    sales = [
        {
            "no": number(row.store_id, row.id),
            "at": row.placed_at.isoformat(),
            **{name: getattr(row, name) for name in shown},
            "lines": row.lines or [],
        }
        for row in rows[:PAGE]
    ]
    return {"sales": sales, "before": rows[PAGE - 1].id if len(rows) > PAGE else None}
