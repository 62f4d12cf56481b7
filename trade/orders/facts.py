"""What orders mean for their members, read after the answer: for growth, activity and segments."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.orders.line_refunds import BACK, share_back_sql

BASIS_BACK = share_back_sql("line.earn_basis_fen", "line.net_fen", "line.qty", "back.qty", "back.fen")
"""What of the points basis of an order line `line` is back, with `BACK` joined."""

_PAID = text(f"""
    SELECT o.store_id, o.id, o.member_id, o.channel, o.state, o.paid_at, o.closed_at, o.earn_basis_fen AS basis_fen,
           o.payable_fen - o.wallet_bonus_fen AS paid_fen,
           coalesce((SELECT sum(r.refund_fen - r.bonus_back_fen) FROM sale_return r
                     WHERE r.store_id = o.store_id AND r.order_id = o.id),
                    0)::bigint AS refunded_fen,
           (SELECT coalesce(sum({BASIS_BACK}), 0)::bigint FROM order_line line CROSS JOIN {BACK}
            WHERE line.store_id = o.store_id AND line.order_id = o.id) AS basis_back_fen,
           kept.sku_ids, kept.category_ids
    FROM unnest(CAST(:stores AS bigint[]), CAST(:orders AS bigint[])) AS asked(store_id, id)
    JOIN sale_order o ON o.store_id = asked.store_id AND o.id = asked.id
    LEFT JOIN LATERAL (
        SELECT array_agg(DISTINCT line.sku_id ORDER BY line.sku_id) AS sku_ids,
               array_agg(DISTINCT product.category_id ORDER BY product.category_id) AS category_ids
        FROM order_line line JOIN sku ON sku.id = line.sku_id JOIN product ON product.id = sku.product_id
        WHERE line.store_id = o.store_id AND line.order_id = o.id AND o.state <> 'cancelled'
          AND line.qty > coalesce((SELECT sum(r.qty) FROM return_line r WHERE r.store_id = line.store_id
                                   AND r.order_id = line.order_id AND r.line_no = line.line_no), 0)) kept ON true
    WHERE o.member_id IS NOT NULL AND o.paid_at IS NOT NULL
    ORDER BY o.member_id, o.id""")


def paid(session: Session, keys: Collection[tuple[int, int]]) -> list[Any]:
    """Where orders of members that were ever paid stand now, by (store, id); one statement.

    `basis_fen` is the points basis and `basis_back_fen` what of it came back, line by line as for points; `paid_fen`
    and `refunded_fen` are without the bonus of stored value; `sku_ids` and `category_ids` are the goods of which
    something was kept.  An order cancelled after payment counts as wholly refunded.
    """
    found = sorted(set(keys))
    return fetch(session, _PAID, {"stores": [store for store, _ in found], "orders": [order for _, order in found]})


_KEYS = text("SELECT store_id, id FROM sale_order WHERE member_id = ANY(:members) AND paid_at IS NOT NULL")


def keys_of(session: Session, members: Collection[int]) -> list[tuple[int, int]]:
    """Every paid order of these members, as (store, id)."""
    return [(row.store_id, row.id) for row in fetch(session, _KEYS, {"members": list(members)})]


_AFTER = share_back_sql(
    "line.earn_basis_fen",
    "line.net_fen",
    "line.qty",
    "(back.qty + coalesce(want.qty, 0))",
    "(back.fen + coalesce(want.fen, 0))",
)
_WITH = text(f"""
    SELECT coalesce(sum({_AFTER}), 0)::bigint AS fen
    FROM order_line line CROSS JOIN {BACK}
    LEFT JOIN unnest(CAST(:lines AS bigint[]), CAST(:units AS bigint[]), CAST(:fens AS bigint[]))
        AS want(line_no, qty, fen) ON want.line_no = line.line_no
    WHERE line.store_id = :store AND line.order_id = :order""")


def basis_back_with(session: Session, store_id: int, order_id: int, wants: Mapping[int, tuple[int, int]]) -> int:
    """How much of an order's points basis would be back in all once `wants` (line number -> units, fen) came back."""
    units, fens = [qty for qty, _ in wants.values()], [fen for _, fen in wants.values()]
    given = {"store": store_id, "order": order_id, "lines": list(wants), "units": units, "fens": fens}
    return int(fetch(session, _WITH, given)[0].fen)


_GOODS = text("""
    SELECT o.store_id, o.id, o.member_id, o.channel,
           (SELECT coalesce(jsonb_agg(jsonb_build_array(sku.product_id, line.sku_id, line.qty) ORDER BY line.line_no),
                            '[]')
            FROM order_line line JOIN sku ON sku.id = line.sku_id
            WHERE line.store_id = o.store_id AND line.order_id = o.id) AS goods
    FROM unnest(CAST(:stores AS bigint[]), CAST(:orders AS bigint[])) AS asked(store_id, id)
    JOIN sale_order o ON o.store_id = asked.store_id AND o.id = asked.id
    WHERE o.member_id IS NOT NULL""")


def goods(session: Session, keys: Collection[tuple[int, int]]) -> list[Any]:
    """Members' orders by (store, id), paid or not: `member_id`, `channel`, `goods` [[product id, sku id, qty], ...]."""
    found = sorted(set(keys))
    return fetch(session, _GOODS, {"stores": [store for store, _ in found], "orders": [order for _, order in found]})


_BOUGHT = text("""
    SELECT o.store_id, o.id, o.member_id, o.paid_at, sku.product_id
    FROM sale_order o JOIN order_line line ON line.store_id = o.store_id AND line.order_id = o.id
    JOIN sku ON sku.id = line.sku_id
    WHERE o.paid_at >= :since AND o.paid_at < :until AND o.state <> 'cancelled'
      AND line.qty > coalesce((SELECT sum(r.qty) FROM return_line r WHERE r.store_id = line.store_id
                               AND r.order_id = line.order_id AND r.line_no = line.line_no), 0)
    ORDER BY o.paid_at, o.store_id, o.id, line.line_no""")


def bought(session: Session, since: datetime, until: datetime) -> list[Any]:
    """What was paid for and not given back whole, oldest first: store_id, id, member_id (null: nobody known),
    paid_at, product_id; a row a line."""
    return fetch(session, _BOUGHT, {"since": since, "until": until})


_SINCE = text("""
    SELECT DISTINCT ON (sku.product_id) sku.product_id, o.paid_at
    FROM sale_order o JOIN order_line line ON line.store_id = o.store_id AND line.order_id = o.id
    JOIN sku ON sku.id = line.sku_id
    WHERE o.member_id = :member AND o.paid_at >= :since ORDER BY sku.product_id, o.paid_at DESC""")


def bought_since(session: Session, member_id: int, since: datetime) -> dict[int, datetime]:
    """When a member bought each product last, by product id, of those bought since then."""
    return {row.product_id: row.paid_at for row in fetch(session, _SINCE, {"member": member_id, "since": since})}
