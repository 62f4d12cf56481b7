"""Money that WeChat keeps, and what an order's page says of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first

LONG = timedelta(hours=24)
SOON = timedelta(minutes=5)
"""How soon WeChat is to be told after goods left."""

_MANAGED = text("SELECT managed, asked_at FROM ship_duty WHERE id = 1")
_SAID = text("""
    INSERT INTO ship_duty (id, managed, asked_at) VALUES (1, :managed, :now)
    ON CONFLICT (id) DO UPDATE SET managed = excluded.managed, asked_at = excluded.asked_at""")
_FROZEN = text("""
    SELECT u.state, count(*) AS payments, coalesce(sum(t.amount_fen), 0)::bigint AS money_fen,
        min(u.paid_at) AS oldest_at, count(*) FILTER (WHERE u.paid_at < :long) AS old_payments,
        coalesce(sum(t.amount_fen) FILTER (WHERE u.paid_at < :long), 0)::bigint AS old_money_fen,
        count(*) FILTER (WHERE u.state = 'due' AND u.due_at < :soon) AS late
    FROM ship_upload u JOIN tender t ON t.store_id = u.store_id AND t.id = u.tender_id
    WHERE u.state IN ('waiting', 'due') AND (CAST(:store AS bigint) IS NULL OR u.store_id = :store) GROUP BY 1""")
_OF_ORDER = text("""
    SELECT u.*, t.trade_no, t.amount_fen FROM ship_upload u
    JOIN tender t ON t.store_id = u.store_id AND t.id = u.tender_id
    WHERE t.store_id = :store AND t.order_id = :order ORDER BY u.tender_id""")


def managed(session: Session) -> bool | None:
    """Whether WeChat holds us to the duty; None before it was ever asked."""
    found = first(session, _MANAGED, {})
    return bool(found.managed) if found else None


def asked_at(session: Session) -> datetime | None:
    """When WeChat was asked that last."""
    found = first(session, _MANAGED, {})
    return found.asked_at if found else None


def remember(session: Session, managed: bool, *, now: datetime) -> None:  # noqa: FBT001
    """Note what WeChat said."""
    fetch(session, _SAID, {"managed": managed, "now": now})


def frozen(session: Session, *, store_id: int | None, now: datetime) -> dict[str, Any]:
    """What WeChat keeps: `{payments, money_fen, oldest_at, old_payments, old_money_fen, late, managed}`.

    `old_*` was paid more than 24 hours ago; `late` left the shop more than five minutes ago and WeChat does not know.
    All is 0 where WeChat does not hold us to the duty.

    :param store_id: whose orders; None is the whole chain.
    """
    known = managed(session)
    asked = {"store": store_id, "long": now - LONG, "soon": now - SOON}
    found = fetch(session, _FROZEN, asked) if known is not False else []
    sums = ("payments", "money_fen", "old_payments", "old_money_fen", "late")
    oldest = min((row.oldest_at for row in found), default=None)
    return {
        **{name: sum(getattr(row, name) for row in found) for name in sums},
        "oldest_at": oldest.isoformat() if oldest else None,
        "managed": known is not False,
    }


def of_order(session: Session, store_id: int, order_id: int) -> list[dict[str, Any]]:
    """Each payment of an order: `{tender_id, trade_no, amount_fen, state, told_at, due_at, next_try_at, tries, code,
    corrections, parcels}`; the last is how many parcels WeChat was told of."""
    return [
        {
            **{name: getattr(row, name) for name in ("tender_id", "trade_no", "amount_fen", "state")},
            **{name: getattr(row, name) for name in ("tries", "code", "corrections")},
            "told_at": row.told_at.isoformat() if row.told_at else None,
            "due_at": row.due_at.isoformat() if row.due_at else None,
            "next_try_at": row.try_at.isoformat() if row.try_at else None,
            "parcels": len((row.sent or {}).get("shipping_list", ())),
        }
        for row in fetch(session, _OF_ORDER, {"store": store_id, "order": order_id})
    ]
