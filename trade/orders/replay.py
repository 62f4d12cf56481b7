"""The orders of the last days priced again, with a promotion before it is published; nothing of them is written.

Every order that was paid and not cancelled is priced twice, at its own moment, list prices, tier and coupons: by what
is published today, and by that with the promotion tried in it.  Quotas count from the beginning of the replay.
Segments are today's.  The replay goes on in batches, so that it may be watched, cancelled, and taken up by any worker.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, WrongState
from member.coupons import read as coupons
from member.coupons.worth import At
from member.terms import Terms
from trade.orders.numbers import number
from trade.pricing import prices, simulation
from trade.pricing.promotions import book
from trade.pricing.promotions.drafts import Draft, Funding, understood
from trade.pricing.quote import Promoted, quote
from trade.pricing.quoted import Item, Quote, Want
from trade.pricing.replayed import Charged, Tally
from trade.pricing.rules import Kind, Left

PLENTY = 10**12

_OF = "o.placed_at >= :from_at AND o.placed_at < :until_at AND o.paid_at IS NOT NULL AND o.state <> 'cancelled'"
_ASK = text(f"""
    INSERT INTO promotion_replay (promotion_id, form, any_date, from_at, until_at, orders, asked_by, asked_at)
    SELECT CAST(:promotion AS bigint), CAST(:form AS jsonb), :any_date, :from_at, :until_at, count(*), :actor, :now
    FROM sale_order o WHERE {_OF} RETURNING id""")
_RUNNING = text("SELECT id FROM promotion_replay WHERE ended_at IS NULL ORDER BY id LIMIT :most")
_TAKE = text("SELECT * FROM promotion_replay WHERE id = :id AND ended_at IS NULL FOR UPDATE SKIP LOCKED")
_GO_ON = text("""
    UPDATE promotion_replay SET seen = seen + :seen, after_id = :after, tally = CAST(:tally AS jsonb)
    WHERE id = :id AND ended_at IS NULL""")
_END = text("""
    UPDATE promotion_replay SET outcome = :outcome, ended_at = :now WHERE id = :id AND ended_at IS NULL RETURNING id""")
_READ = text("""
    SELECT * FROM promotion_replay WHERE CAST(:id AS bigint) IS NULL OR id = :id ORDER BY id DESC LIMIT :most""")
_ORDERS = text(f"""
    SELECT o.store_id, o.id, o.channel, o.member_id, o.tier, o.placed_at, o.points_fen + o.discount_fen AS further_fen,
           o.payable_fen - o.rounding_fen - o.freight_fen + o.points_fen + o.discount_fen AS charged_fen,
           (SELECT json_agg(json_build_object('sku_id', l.sku_id, 'qty', l.qty, 'name', l.name, 'spec', l.spec,
                'unit', l.unit, 'weighed', l.weighed, 'unit_price_fen', l.unit_price_fen,
                'category_id', product.category_id) ORDER BY l.line_no)
            FROM order_line l JOIN sku ON sku.id = l.sku_id JOIN product ON product.id = sku.product_id
            WHERE l.store_id = o.store_id AND l.order_id = o.id AND NOT l.gift) AS lines,
           (SELECT json_agg({coupons.AS_HELD} ORDER BY c.id)
            FROM coupon c JOIN coupon_template t ON t.id = c.template_id
            WHERE c.member_id = o.member_id AND c.id IN (SELECT a.source_id FROM allocation a
                WHERE a.store_id = o.store_id AND a.order_id = o.id AND a.source = 'coupon')) AS coupons,
           ARRAY(SELECT segment_id FROM segment_member s WHERE s.member_id = o.member_id AND NOT s.held_out) AS segments
    FROM sale_order o WHERE o.id > :after AND {_OF} ORDER BY o.id LIMIT :most""")
_FUNDING = text(
    "SELECT promotion_id, version, hq_bp, store_bp, supplier_bp FROM promotion_version"
    " WHERE promotion_id = ANY(CAST(:ids AS bigint[]))"
)


def ask(
    session: Session, form: Draft, promotion_id: int | None, *, days: int, any_date: bool, actor: str, now: datetime
) -> int:
    """Ask for a replay of the last `days` days; returns its id.  A worker takes it up within seconds.

    :param any_date: leave the dates of the promotion out, so that one which begins tomorrow is tried on last week.
    """
    window = {"from_at": now - timedelta(days=days), "until_at": now}
    given = {"promotion": promotion_id, "form": form.model_dump_json(), "any_date": any_date, "actor": actor}
    replay_id = int(fetch(session, _ASK, given | window | {"now": now})[0].id)
    subject = f"promotion_replay:{replay_id}"
    journal.record(session, "promotion.replay_asked", subject, actor=actor, now=now, promotion_id=promotion_id)
    return replay_id


def cancel(session: Session, replay_id: int, *, actor: str, now: datetime) -> None:
    """Stop a replay; what it found so far stays.  Raises WrongState when it is over already, NotFound."""
    if not end(session, replay_id, "cancelled", now=now):
        told = one(session, replay_id)
        raise WrongState(replay_id=replay_id, state=told["stands"], event="cancel")
    journal.record(session, "promotion.replay_cancelled", f"promotion_replay:{replay_id}", actor=actor, now=now)


def end(session: Session, replay_id: int, outcome: str, *, now: datetime) -> bool:
    """`done`, `cancelled` or `failed`; False when it is over already."""
    return first(session, _END, {"id": replay_id, "outcome": outcome, "now": now}) is not None


def one(session: Session, replay_id: int) -> dict[str, Any]:
    """A replay with what it found so far.  Raises NotFound."""
    row = first(session, _READ, {"id": replay_id, "most": 1})
    if row is None:
        raise NotFound(replay_id=replay_id)
    return {**_head(row), "promotion": row.form, "found": Tally.of(row.tally).told()}


def listed(session: Session, *, most: int = 50) -> list[dict[str, Any]]:
    """The last replays, newest first: who asked, for which days, and how far each is."""
    return [_head(row) for row in fetch(session, _READ, {"id": None, "most": most})]


def _head(row: Any) -> dict[str, Any]:
    plain = {name: getattr(row, name) for name in ("id", "promotion_id", "any_date", "orders", "seen", "asked_by")}
    times = {name: at.isoformat() if (at := getattr(row, name)) else None
             for name in ("from_at", "until_at", "asked_at", "ended_at")}  # fmt: skip
    return {**plain, **times, "name": row.form["name"], "stands": row.outcome or "running"}


def under_way(session: Session, *, most: int) -> list[int]:
    """Replays that are not over, the oldest first."""
    return [row.id for row in fetch(session, _RUNNING, {"most": most})]


def step(session: Session, replay_id: int, *, most: int, now: datetime) -> int:
    """Price the next `most` orders of a replay; returns how many, 0 when it is over or another worker has it.

    The replay's row is locked, so that of two workers one goes on and the other passes it by.
    """
    row = first(session, _TAKE, {"id": replay_id})
    if row is None:
        return 0
    given = {"from_at": row.from_at, "until_at": row.until_at, "after": row.after_id, "most": most}
    orders = fetch(session, _ORDERS, given)
    if not orders:
        end(session, replay_id, "done", now=now)
        return 0
    tally, books = Tally.of(row.tally), Books(session, row)
    for order in orders:
        books.price(order, tally)
    kept = json.dumps(tally.as_json(), ensure_ascii=False)
    fetch(session, _GO_ON, {"id": replay_id, "seen": len(orders), "after": orders[-1].id, "tally": kept})
    return len(orders)


@dataclass
class Books:
    """What is published by store and time, and the same with the promotion tried; read once a batch."""

    session: Session
    asked: Any
    known: dict[int, list[tuple[datetime, datetime, book.InForce, book.InForce]]] = field(default_factory=dict)
    gifts: dict[tuple[int, str], dict[int, Item]] = field(default_factory=dict)
    funding: dict[tuple[int, int], Funding] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tried = simulation.trial(understood(self.asked.form), self.asked.promotion_id)

    def at(self, store_id: int, moment: datetime) -> tuple[book.InForce, book.InForce]:
        """Both books of a store at a moment."""
        spans = self.known.setdefault(store_id, [])
        for from_at, until_at, old, new in spans:
            if from_at <= moment < until_at:
                return old, new
        from_at, until_at, old = book.read(self.session, store_id, moment)
        new = simulation.with_rule(old, self.tried)
        if self.asked.any_date:
            old, new = (simulation.at_any_date(one, self.tried.rule.id) for one in (old, new))
        self._read_funding(old)
        spans.append((from_at, until_at, old, new))
        return old, new

    def _read_funding(self, known: book.InForce) -> None:
        self.funding[self.tried.rule.id, 0] = self.tried.funding
        for row in fetch(self.session, _FUNDING, {"ids": [rule.id for rule in known.rules.rules]}):
            borne = Funding(hq_bp=row.hq_bp, store_bp=row.store_bp, supplier_bp=row.supplier_bp)
            self.funding[row.promotion_id, row.version] = borne

    def gift_items(self, order: Any, known: Sequence[book.InForce]) -> dict[int, Item]:
        """The goods that some 满赠 of either book gives, as if there were enough of them."""
        key = order.store_id, order.channel
        skus = {sku for one in known for rule in one.rules.rules if rule.kind is Kind.GIFT for sku, _ in rule.gifts}
        if skus - self.gifts.setdefault(key, {}).keys():
            found = prices.items(self.session, order.store_id, skus, channel=order.channel, now=self.asked.until_at)
            self.gifts[key] = {sku: replace(item, free=PLENTY) for sku, item in found.items()}
        return self.gifts[key]

    def price(self, order: Any, tally: Tally) -> None:
        """Price one order by both books and count what changed."""
        old, new = self.at(order.store_id, order.placed_at)
        items = {**self.gift_items(order, (old, new)), **_items(order.lines)}
        who = order.member_id, order.placed_at
        before = _quote(order, items, old, tally.left("old", old, *who))
        after = _quote(order, items, new, tally.left("new", new, *who))
        tally.use("old", old, before, *who)
        tally.use("new", new, after, *who)
        was = Charged(number(order.store_id, order.id), order.charged_fen, order.further_fen)
        tally.add(was, before, after, self.funding, self.tried.rule.id)


def _items(lines: Sequence[dict[str, Any]]) -> dict[int, Item]:
    """The goods at the list prices they were sold by."""
    return {
        line["sku_id"]: Item(
            line["sku_id"],
            line["name"],
            line["spec"],
            line["unit"],
            line["weighed"],
            "",
            line["unit_price_fen"],
            PLENTY,
            line["category_id"],
        )
        for line in lines
    }


def _quote(order: Any, items: Mapping[int, Item], known: book.InForce, left: Mapping[int, Left]) -> Quote:
    held = coupons.held(order.coupons)
    here = known.here(order.channel, order.placed_at, tier=order.tier, segment_ids=order.segments)
    return quote(
        items,
        [Want(line["sku_id"], line["qty"]) for line in order.lines],
        terms=Terms(),
        tier=order.tier,
        coupons=held,
        coupon_ids=tuple(one.id for one in held),
        at=At(order.store_id, order.channel, order.placed_at),
        promoted=Promoted(known.rules, here, left),
    )
