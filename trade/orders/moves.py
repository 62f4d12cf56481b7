"""The only writer of an order's state."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, WrongState
from config.money import split
from trade.orders.states import MOVES, State, birth

_OPEN = text("""
    WITH born AS (INSERT INTO sale_order (
            store_id, channel, mode, state, member_id, staff_id, till_id, shift_id, list_fen, promotion_fen, coupon_fen,
            discount_fen, freight_fen, rounding_fen, rules_version, points_used, points_fen, payable_fen,
            wallet_principal_fen, wallet_bonus_fen, earns_points, placed_at, pay_by, paid_at, closed_at, promise_at,
            remark, tier, earn_multiplier_bp, earn_basis_fen, terms_version, may_split, may_substitute,
            sales_channel_id, external_no)
        VALUES (:store_id, :channel, :mode, :state, :member_id, :staff_id, :till_id, :shift_id, :list_fen,
            :promotion_fen, :coupon_fen, :discount_fen, :freight_fen, :rounding_fen, :rules_version,
            :points_used, :points_fen, :payable_fen, :wallet_principal_fen, :wallet_bonus_fen, :earns_points,
            :placed_at, :pay_by, :paid_at, :closed_at, :promise_at, :remark, :tier, :earn_multiplier_bp,
            :earn_basis_fen, :terms_version, :may_split, :may_substitute, :sales_channel_id, :external_no)
        RETURNING id),
    lines AS (INSERT INTO order_line (store_id, order_id, line_no, sku_id, name, spec, unit, weighed, qty,
            unit_price_fen, list_fen, net_fen, earns_points, earn_basis_fen, gift, gift_value_fen, at_store_id)
        SELECT :store_id, born.id, line_no, sku_id, name, spec, unit, weighed, qty, unit_price_fen, list_fen, net_fen,
            earns_points, earn_basis_fen, coalesce(gift, false), coalesce(gift_value_fen, 0), at_store_id
        FROM born, jsonb_to_recordset(CAST(:lines AS jsonb)) AS line(
            line_no bigint, sku_id bigint, name text, spec text, unit text, weighed boolean, qty bigint,
            unit_price_fen bigint, list_fen bigint, net_fen bigint, earns_points bigint, earn_basis_fen bigint,
            gift boolean, gift_value_fen bigint, at_store_id bigint)),
    shares AS (INSERT INTO allocation (store_id, order_id, line_no, source, source_id, amount_fen, points, version)
        SELECT :store_id, born.id, line_no, source, source_id, amount_fen, points, coalesce(version, 0)
        FROM born, jsonb_to_recordset(CAST(:shares AS jsonb)) AS share(
            line_no bigint, source text, source_id bigint, amount_fen bigint, points bigint, version bigint)),
    traced AS (INSERT INTO order_trace (store_id, order_id, trace, why_not)
        SELECT :store_id, born.id, CAST(:trace AS jsonb), CAST(:why_not AS jsonb) FROM born
        WHERE CAST(:trace AS jsonb) IS NOT NULL),
    stored AS (INSERT INTO wallet_share (store_id, order_id, line_no, principal_fen, bonus_fen, policy)
        SELECT :store_id, born.id, part.*, :policy FROM born, jsonb_to_recordset(CAST(:lines AS jsonb)) AS part(
            line_no bigint, principal_fen bigint, bonus_fen bigint) WHERE part.principal_fen + part.bonus_fen > 0),
    told AS (INSERT INTO journal (kind, subject, actor, at, data, tries)
        SELECT :fact, 'order:' || born.id, :actor, :placed_at, jsonb_build_object('store_id',
            CAST(:store_id AS bigint), 'order_id', born.id, 'sku_ids', CAST(:sku_ids AS jsonb)), 0 FROM born)
    SELECT id FROM born""")

_UNLESS_SAID = {
    "mode": "counter",
    "may_split": False,
    "may_substitute": False,
    "promotion_fen": 0,
    "freight_fen": 0,
    "rounding_fen": 0,
    "rules_version": 0,
    "sales_channel_id": None,
    "external_no": None,
}


def open_order(
    session: Session,
    head: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
    shares: Sequence[Mapping[str, Any]],
    *,
    trace: Sequence[Mapping[str, Any]] | None = None,
    why_not: Sequence[Mapping[str, Any]] = (),
    actor: str,
) -> int:
    """Write an order with its lines, allocations, stored value and journal row in one statement; returns its id.

    `head` are the columns of `sale_order` but for `state`, which `states.birth` gives to the channel, and the
    `policy` that split the stored value; what promotions, freight and rounding are is 0 where it is left out.  A share
    of a promotion names its `version`, a line that is a `gift` its `gift_value_fen`.

    :param trace: how it was priced, and `why_not` what did nothing, as JSON rows; None keeps neither.
    """
    state, fact = birth(head["channel"], paid=head["paid_at"] is not None)
    return int(
        fetch(
            session,
            _OPEN,
            {
                **_UNLESS_SAID,
                **head,
                "state": state,
                "fact": fact,
                "actor": actor,
                "sku_ids": json.dumps(sorted({line["sku_id"] for line in lines})),
                "lines": json.dumps(lines, ensure_ascii=False),
                "shares": json.dumps(shares),
                "trace": None if trace is None else json.dumps(trace, ensure_ascii=False),
                "why_not": json.dumps(why_not, ensure_ascii=False),
            },
        )[0].id
    )


_MOVE = text("""
    WITH moved AS (UPDATE sale_order SET state = :target,
            paid_at = CASE WHEN :target = 'paid' OR (state = 'placed' AND :target = 'done') THEN :now ELSE paid_at END,
            revived_at = CASE WHEN state = 'cancelled' THEN :now ELSE revived_at END,
            closed_at = CASE WHEN :target IN ('done', 'cancelled') THEN CAST(:now AS timestamptz) END
        WHERE store_id = :store AND id = :order AND state = ANY(:sources) RETURNING id),
    told AS (INSERT INTO journal (kind, subject, actor, at, data, tries)
        SELECT :fact, 'order:' || id, :actor, :now, CAST(:data AS jsonb) || jsonb_build_object(
            'store_id', CAST(:store AS bigint), 'order_id', id, 'sku_ids', (SELECT jsonb_agg(DISTINCT sku_id)
                FROM order_line WHERE order_line.store_id = :store AND order_line.order_id = :order)), 0
        FROM moved)
    SELECT id FROM moved""")

_STATE = text("SELECT state FROM sale_order WHERE store_id = :store AND id = :order")


def move(
    session: Session, store_id: int, order_id: int, event: str, *, actor: str, now: datetime, **data: Any
) -> State:
    """Fire one event; returns the new state.

    The guard is in the UPDATE, so of two people firing at once exactly one succeeds.

    :raises WrongState: the order is not where MOVES says it must be; facts name its state.
    :raises NotFound: there is no such order in this store.
    """
    sources, target, fact = MOVES[event]
    key = {"store": store_id, "order": order_id}
    moved = first(
        session,
        _MOVE,
        {
            **key,
            "target": target,
            "sources": sorted(sources),
            "fact": fact,
            "actor": actor,
            "now": now,
            "data": json.dumps(data),
        },
    )
    if moved is None:
        found = first(session, _STATE, key)
        if found is None:
            raise NotFound(order_id=order_id)
        raise WrongState(order_id=order_id, state=found.state, event=event)
    return target


def note(session: Session, order_id: int, kind: str, *, actor: str, now: datetime, **data: Any) -> None:
    """Record a fact of an order that does not change its state (a picked line, a returned unit)."""
    journal.record(session, kind, f"order:{order_id}", actor=actor, now=now, order_id=order_id, **data)


_EARNING = text(
    "SELECT line_no, earns_points FROM order_line WHERE store_id = :store AND order_id = :order ORDER BY line_no"
)
_EARN_LESS = text("""
    WITH lines AS (UPDATE order_line l SET earns_points = part.points
        FROM unnest(CAST(:lines AS bigint[]), CAST(:parts AS bigint[])) AS part(line_no, points)
        WHERE l.store_id = :store AND l.order_id = :order AND l.line_no = part.line_no)
    UPDATE sale_order SET earns_points = :points WHERE store_id = :store AND id = :order""")


def earn_less(session: Session, store_id: int, order_id: int, points: int, *, actor: str, now: datetime) -> None:
    """An order brings fewer points than it was placed with, because a limit was used up meanwhile; noted as a fact.

    Its lines share them as they shared what was promised.  Call it before anything of the order is credited.
    """
    key = {"store": store_id, "order": order_id}
    lines = fetch(session, _EARNING, key)
    promised = [line.earns_points for line in lines]
    parts = split(points, promised)
    fetch(session, _EARN_LESS, {**key, "points": points, "lines": [line.line_no for line in lines], "parts": parts})
    note(session, order_id, "order.earned_less", actor=actor, now=now, points=points, over=sum(promised) - points)
