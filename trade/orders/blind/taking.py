"""Goods come back without a sale: what they are worth at least, and taking them in (worked example in the package)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.clock import day_began
from config.db import fetch, first
from config.errors import Malformed, NotFound, Refused
from member import wallet
from member.wallet import Deed
from member.wallet_terms import Split
from trade.orders.blind import terms
from trade.payments import top_ups
from trade.stock import moves as stock
from trade.stock import quarantine

NEWEST = 2_000
"""So many of a sku's newest sales are looked at for what it was paid."""


class BlindReturnCapped(Refused):
    """More than may be given without a receipt: `left_fen` of the `person`, the `store`, or in the `wallet`."""

    code = "blind_return_capped"


class BlindReturnChanged(Refused):
    """The goods are not worth what was shown any more (`amount_fen`)."""

    code = "blind_return_changed"


@dataclass(frozen=True, slots=True)
class Brought:
    """Units of one sku that come back, `aside` of them not for sale."""

    sku_id: int
    qty: int
    aside: int = 0


@dataclass(frozen=True, slots=True)
class Worth:
    """What goods are worth: `rows` by sku with name, unit price and amount; what may still be given, by scope."""

    terms: terms.Terms
    rows: list[Any]
    left_fen: Mapping[str, int]

    @property
    def amount_fen(self) -> int:
        """What the member gets."""
        return sum(row.amount_fen for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        """As the till shows it."""
        shown = ["sku_id", "name", "spec", "unit", "weighed", "picture", "qty", "unit_fen", "amount_fen"]
        return {
            "lines": [{name: getattr(row, name) for name in shown} for row in self.rows],
            "amount_fen": self.amount_fen,
            "left_fen": dict(self.left_fen),
            "days": self.terms.blind_days,
        }


_LOWEST = text("""
    WITH asked AS (SELECT * FROM unnest(CAST(:skus AS bigint[]), CAST(:qtys AS bigint[])) AS a(sku_id, qty)),
    book AS (SELECT p.sku_id, min(least(p.price_fen, (SELECT min((step ->> 1)::bigint)
                 FROM jsonb_array_elements(p.steps) step))) AS fen
             FROM price p JOIN asked USING (sku_id)
             WHERE p.from_at <= :now AND coalesce(p.to_at, :now) >= :since
               AND (p.from_at >= :since OR p.id = (SELECT before.id FROM price before
                    WHERE before.sku_id = p.sku_id AND before.store_id = p.store_id AND before.channel = p.channel
                      AND before.customer_group = p.customer_group AND before.from_at < :since
                    ORDER BY before.from_at DESC, before.id DESC LIMIT 1))
             GROUP BY 1)
    SELECT asked.sku_id, asked.qty, product.name, sku.spec, sku.unit, sku.weighed, product.picture, low.unit_fen,
           low.unit_fen * asked.qty / CASE WHEN sku.weighed THEN 1000 ELSE 1 END AS amount_fen
    FROM asked JOIN sku ON sku.id = asked.sku_id JOIN product ON product.id = sku.product_id
    JOIN store_sku ON store_sku.store_id = :store AND store_sku.sku_id = sku.id
    JOIN book ON book.sku_id = asked.sku_id
    CROSS JOIN LATERAL (SELECT least(book.fen, (SELECT min(sold.fen) FROM (
            SELECT l.net_fen * CASE WHEN l.weighed THEN 1000 ELSE 1 END / l.qty AS fen FROM order_line l
            JOIN sale_order o ON o.store_id = l.store_id AND o.id = l.order_id
            WHERE l.sku_id = asked.sku_id AND NOT l.gift AND o.paid_at >= :since
            ORDER BY l.order_id DESC LIMIT :newest) sold WHERE sold.fen > 0))::bigint AS unit_fen) low
    ORDER BY asked.sku_id""")
_GIVEN = text("""
    SELECT coalesce(sum(amount_fen) FILTER (WHERE member_id = :member AND at > :person_since), 0)::bigint AS person_fen,
           coalesce(sum(amount_fen) FILTER (WHERE store_id = :store AND at >= :today), 0)::bigint AS store_fen
    FROM blind_return WHERE (member_id = :member AND at > :person_since) OR (store_id = :store AND at >= :today)""")


def worth(session: Session, store_id: int, member_id: int, goods: Sequence[Brought], *, now: datetime) -> Worth:
    """What goods without a receipt are worth, and what may still be given for such; changes nothing.

    :raises NotFound: this store does not sell one of them, or it had no price.
    """
    in_force = terms.at(session, now)
    asked = {one.sku_id: one.qty for one in goods}
    if len(asked) < len(goods):
        raise Malformed(fields={"lines": "each sku once"})
    since = now - timedelta(days=in_force.blind_days)
    given = {"store": store_id, "skus": list(asked), "qtys": list(asked.values()), "now": now, "since": since}
    rows = fetch(session, _LOWEST, given | {"newest": NEWEST})
    if missing := asked.keys() - {row.sku_id for row in rows}:
        raise NotFound(sku_ids=sorted(missing))
    who = {"member": member_id, "person_since": now - timedelta(days=in_force.person_days)}
    so_far = fetch(session, _GIVEN, who | {"store": store_id, "today": day_began(now)})[0]
    left = {
        "person": max(in_force.person_fen - so_far.person_fen, 0),
        "store": max(in_force.store_fen - so_far.store_fen, 0),
    }
    return Worth(in_force, rows, left)


_LOCK_STORE = text("SELECT id FROM store WHERE id = :store FOR NO KEY UPDATE")
_LOCK_MEMBER = text("SELECT id FROM member WHERE id = :member FOR NO KEY UPDATE")
_WRITE = text("""
    WITH made AS (INSERT INTO blind_return (store_id, member_id, till_id, shift_id, staff_id, approver_id, reason,
            amount_fen, terms_version, at)
        VALUES (:store, :member, :till, :shift, :staff, :approver, :reason, :amount, :version, :now) RETURNING id),
    lines AS (INSERT INTO blind_line (store_id, blind_id, sku_id, qty, aside, unit_fen, amount_fen)
        SELECT :store, made.id, l.* FROM made, jsonb_to_recordset(CAST(:lines AS jsonb)) AS l(
            sku_id bigint, qty bigint, aside bigint, unit_fen bigint, amount_fen bigint))
    SELECT id FROM made""")


def take(
    session: Session,
    at: top_ups.Counter,
    member_id: int,
    goods: Sequence[Brought],
    *,
    reason: str,
    expected_fen: int,
    approver_id: int,
    actor: str,
    now: datetime,
) -> int:
    """Take goods in and put what they are worth into the member's wallet; returns the document's id.

    Of one store, and of one person, they follow each other: both rows are locked, so no cap is passed by two at once.

    :raises BlindReturnCapped, BlindReturnChanged, NotFound: nothing came back, nothing was given.
    """
    fetch(session, _LOCK_STORE, {"store": at.store_id})
    if first(session, _LOCK_MEMBER, {"member": member_id}) is None:
        raise NotFound(member_id=member_id)
    found = worth(session, at.store_id, member_id, goods, now=now)
    if found.amount_fen != expected_fen or not found.amount_fen:
        raise BlindReturnChanged(amount_fen=found.amount_fen)
    _check_caps(session, member_id, found, now)
    by: dict[str, Any] = {"actor": actor, "now": now}
    aside = {one.sku_id: one.aside for one in goods}
    made, lines = _write(session, at, member_id, found, aside, reason, approver_id, now)
    name = f"blind:{at.store_id}:{made}"
    stock.take_in(session, at.store_id, {one.sku_id: one.qty for one in goods}, key=name, **by)
    if apart := {sku_id: qty for sku_id, qty in aside.items() if qty}:
        quarantine.quarantine(session, at.store_id, apart, key=name, reason="returned", **by)
    deed = Deed(member_id, "earn", name, f"{name}:earn", actor, now, at.store_id)
    wallet.top_up(session, deed, Split(0, found.amount_fen))
    told: dict[str, Any] = {
        "store_id": at.store_id,
        "blind_id": made,
        "member_id": member_id,
        "amount_fen": found.amount_fen,
    }
    told |= {"reason": reason, "approved_by": f"staff:{approver_id}", "lines": lines}
    journal.record(session, "return.blind", name, **by, **told)
    return made


def _write(
    session: Session,
    at: top_ups.Counter,
    member_id: int,
    found: Worth,
    aside: Mapping[int, int],
    reason: str,
    approver_id: int,
    now: datetime,
) -> tuple[int, list[dict[str, int]]]:
    """The document's id and its lines."""
    lines = [
        {name: getattr(row, name) for name in ("sku_id", "qty", "unit_fen", "amount_fen")}
        | {"aside": aside[row.sku_id]}
        for row in found.rows
    ]
    where = {"store": at.store_id, "till": at.till_id, "shift": at.shift_id, "staff": at.staff_id}
    row = {"member": member_id, "approver": approver_id, "reason": reason, "amount": found.amount_fen, "now": now}
    more = {"version": found.terms.version, "lines": json.dumps(lines)}
    return int(fetch(session, _WRITE, where | row | more)[0].id), lines


def _check_caps(session: Session, member_id: int, found: Worth, now: datetime) -> None:
    _, room_fen = top_ups.room(session, member_id, now)
    for scope, left_fen in (*found.left_fen.items(), ("wallet", room_fen)):
        if found.amount_fen > left_fen:
            raise BlindReturnCapped(scope=scope, left_fen=left_fen)
