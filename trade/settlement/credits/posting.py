"""Orders, returns and cancellations become credit: each document once, whatever the order they are heard of in.

What a party stands at follows from which documents an order has; an entry is the difference to what was posted, under
the next document that is not posted yet.  So jobs may run late, twice and at once.

Shares are frozen with the first posting, by what was true when the order was paid; the fulfilling store is then the
order's own.  When a finished order's goods were handed over by others the next generation of shares begins: its
document takes back from the old parties and credits the new, and whatever returns later goes by it.  So does a change
of who sold a line.

Sellers of a line take the owner's part of it.  Worked table, one owner (the cashier), 19.80 of milk sold by A (60) and
B (40), 6.50 of bread by nobody, 0.03 dropped at the cash, the milk then returned one by one:

    document    kept    milk    A (60)   B (40)   the cashier
    payment     26.27   19.80    11.88     7.92          6.47
    return     -9.90    -9.90    -5.94    -3.96          0.00
    return     -9.90    -9.90    -5.94    -3.96          0.00
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.orders.ticket import sellers
from trade.settlement.credits import closing, owners, rules
from trade.settlement.credits.rules import ALL_BP, Rule
from trade.settlement.credits.shares import Kept, amounts, fees, shares_of

Key = tuple[int, int]

_ORDERS = text("""
    SELECT o.* FROM unnest(CAST(:stores AS bigint[]), CAST(:orders AS bigint[])) AS asked(store_id, id)
    JOIN sale_order o ON o.store_id = asked.store_id AND o.id = asked.id
    WHERE o.paid_at IS NOT NULL ORDER BY o.store_id, o.id FOR NO KEY UPDATE OF o""")
_ITEMS = text("""
    SELECT l.line_no, CASE WHEN weighed THEN 1 ELSE qty END AS items, qty, weighed,
           net_fen - coalesce(w.bonus_fen, 0) AS base_fen
    FROM order_line l LEFT JOIN wallet_share w ON w.store_id = l.store_id AND w.order_id = l.order_id
        AND w.line_no = l.line_no
    WHERE l.store_id = :store AND l.order_id = :order""")
_RETURNS = text("""
    SELECT r.id, r.at, r.refund_fen - r.bonus_back_fen - r.freight_fen AS back_fen,
           coalesce((SELECT jsonb_object_agg(l.line_no, l.qty) FROM return_line l
                     WHERE l.store_id = r.store_id AND l.return_id = r.id), '{}') AS units
    FROM sale_return r WHERE r.store_id = :store AND r.order_id = :order ORDER BY r.at, r.id""")
_SHARES = text("SELECT * FROM credit_share WHERE store_id = :store AND order_id = :order ORDER BY generation, seq")
_POSTED = text("""
    SELECT document, kind, generation, seq, party_store_id, party_staff_id, sum(amount_fen)::bigint AS fen
    FROM credit_entry WHERE store_id = :store AND order_id = :order GROUP BY 1, 2, 3, 4, 5, 6""")
_FREEZE = text("""
    INSERT INTO credit_share (store_id, order_id, generation, seq, line_no, role, party_store_id, party_staff_id, bp,
        why, rule_version, from_at)
    SELECT :store, :order, :generation, s.*, :version, :at FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS s(
        seq bigint, line_no bigint, role text, party_store_id bigint, party_staff_id bigint, bp bigint, why text)""")
_ENTER = text("""
    INSERT INTO credit_entry (store_id, order_id, document, kind, generation, seq, party_store_id, party_staff_id,
        base_fen, amount_fen, at, period, adjusts)
    SELECT :store, :order, e.* FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS e(document text, kind text,
        generation bigint, seq bigint, party_store_id bigint, party_staff_id bigint, base_fen bigint,
        amount_fen bigint, at timestamptz, period date, adjusts date)""")


@dataclass(frozen=True, slots=True)
class Document:
    """Something that changes what is kept of an order."""

    name: str
    at: datetime
    back_fen: int = 0
    units: Mapping[str, int] = field(default_factory=dict)
    ends: bool = False


def post(session: Session, keys: Collection[Key], *, now: datetime) -> int:
    """Credit what these orders (store, id) have not been credited for yet; returns how many entries.

    The orders' rows are locked in their order, so two workers follow each other; months cannot close meanwhile.
    """
    found = sorted(set(keys))
    closed = closing.hold_open(session)
    given = {"stores": [store for store, _ in found], "orders": [order for _, order in found]}
    return sum(_post(session, order, closed, now) for order in fetch(session, _ORDERS, given))


def _post(session: Session, order: Any, closed: Collection[date], now: datetime) -> int:
    key = {"store": order.store_id, "order": order.id}
    shares = fetch(session, _SHARES, key)
    if not shares:
        freeze(session, order)
        shares = fetch(session, _SHARES, key)
    if order.state == "done" and _fulfilled_elsewhere(session, order, shares):
        shares = fetch(session, _SHARES, key)
    book = _Book(order, shares, fetch(session, _ITEMS, key), fetch(session, _POSTED, key))
    rule = rules.at(session, order.paid_at)
    rows: list[dict[str, Any]] = []
    for document in _documents(order, shares, fetch(session, _RETURNS, key)):
        rows += book.enter(document, rule, closed, now)
    if rows:
        fetch(session, _ENTER, {**key, "rows": json.dumps(rows, default=str)})
    return len(rows)


_HANDED = text("""
    SELECT p.at_store_id, sum(l.net_fen * pl.handed_qty / l.qty)::bigint AS fen FROM parcel p
    JOIN parcel_line pl ON pl.store_id = p.store_id AND pl.parcel_id = p.id AND pl.handed_qty > 0
    JOIN order_line l ON l.store_id = p.store_id AND l.order_id = p.order_id AND l.line_no = pl.line_no
    WHERE p.store_id = :store AND p.order_id = :order AND p.at_store_id IS NOT NULL GROUP BY 1 ORDER BY 1""")


def _fulfilled_elsewhere(session: Session, order: Any, shares: Iterable[Any]) -> bool:
    """Begin the next generation when the fulfilling part belongs to others than was thought; once."""
    newest = max(row.generation for row in shares)
    thought = {row.party_store_id for row in shares if row.generation == newest and row.role == "fulfilling"}
    if not thought:
        return False
    found = fetch(session, _HANDED, {"store": order.store_id, "order": order.id})
    handed = {row.at_store_id: row.fen for row in found}
    if not handed or handed.keys() == thought:
        return False
    freeze(session, order, generation=newest + 1, fulfilling=handed, at=order.closed_at)
    return True


def freeze(
    session: Session, order: Any, *, generation: int = 1, fulfilling: Mapping[int, int] | None = None,
    at: datetime | None = None,
) -> None:  # fmt: skip
    """Write down whose an order is: the first generation at its payment, a later one with who really fulfilled.

    The sellers of its lines are those who stand there now.
    """
    rule = rules.at(session, order.paid_at)
    owner = owners.of_order(session, order.store_id, order.id, rule, paid_at=order.paid_at)
    parts = shares_of(rule, owner, fulfilling or {order.store_id: 1})
    rows = [
        {"role": one.role, "party_store_id": one.store_id, "party_staff_id": one.staff_id, "bp": one.bp, "why": one.why}
        for one in parts
    ]
    _begin(session, order, generation, rows, version=rule.version, at=at or order.paid_at)


def change_sellers(session: Session, order: Any, *, now: datetime) -> None:
    """Other sellers stand at an order's lines: what was credited goes back, and the new are credited from now on.

    The order's row is locked.  Whose it is beside them stays as it was frozen; what is not credited yet will be.
    """
    shares = fetch(session, _SHARES, {"store": order.store_id, "order": order.id})
    if not shares:
        return
    newest = max(row.generation for row in shares)
    names = ("role", "party_store_id", "party_staff_id", "bp", "why")
    whole = [row for row in shares if row.generation == newest and row.line_no == 0]
    rows = [{name: getattr(row, name) for name in names} for row in whole]
    _begin(session, order, newest + 1, rows, version=whole[0].rule_version, at=now)


def _begin(
    session: Session, order: Any, generation: int, whole: list[dict[str, Any]], *, version: int, at: datetime
) -> None:
    sold = [
        {"line_no": row.line_no, "role": "seller", "party_store_id": order.store_id, "party_staff_id": row.staff_id}
        | {"bp": row.bp, "why": "chosen"}
        for row in sellers.of(session, order.store_id, order.id)
    ]
    rows = [{"seq": seq, "line_no": 0} | row for seq, row in enumerate([*whole, *sold], start=1)]
    given = {"store": order.store_id, "order": order.id, "generation": generation, "version": version}
    fetch(session, _FREEZE, {**given, "at": at, "rows": json.dumps(rows)})


def _documents(order: Any, shares: Iterable[Any], returned: Iterable[Any]) -> list[Document]:
    """Every document of an order, in the order of their moments; its payment is the first, its end the last."""
    found = [Document(f"return:{row.id}", row.at, row.back_fen, row.units) for row in returned]
    later = {row.generation: row.from_at for row in shares if row.generation > 1}
    found += [Document(f"shares:{generation}", at) for generation, at in later.items()]
    found.sort(key=lambda one: one.at)
    first = Document(f"order:{order.id}", order.paid_at)
    last = [Document(f"cancel:{order.id}", order.closed_at, ends=True)] if order.state == "cancelled" else []
    return [first, *found, *last]


class _Book:
    """What one order's parties stand at, while its documents are entered."""

    def __init__(self, order: Any, shares: Sequence[Any], items: Sequence[Any], posted: Sequence[Any]) -> None:
        self.order = order
        self.generations: dict[int, list[Any]] = defaultdict(list)
        for row in shares:
            self.generations[row.generation].append(row)
        self.lines = {str(row.line_no): row for row in items}
        self.known = {row.document for row in posted}
        self.stands: dict[tuple[str, int, int], int] = defaultdict(int)
        for row in posted:
            self.stands[row.kind, row.generation, row.seq] += row.fen
        self.generation, self.ended, self.back_fen = 1, False, 0
        self.back: dict[str, int] = defaultdict(int)

    def _kept(self) -> Kept:
        if self.ended:
            return Kept(0, 0)
        order = self.order
        base_fen = order.payable_fen - order.freight_fen - order.wallet_bonus_fen - self.back_fen
        items = sum(
            (0 if self.back[no] >= row.qty else 1) if row.weighed else row.qty - self.back[no]
            for no, row in self.lines.items()
        )
        return Kept(max(base_fen, 0), items)

    def enter(self, document: Document, rule: Rule, closed: Collection[date], now: datetime) -> list[dict[str, Any]]:
        """The entries of one document; none when it was entered before."""
        before = self._kept() if not document.name.startswith("order:") else Kept(0, 0)
        self.back_fen += document.back_fen
        for line_no, qty in document.units.items():
            self.back[line_no] += qty
        self.ended = self.ended or document.ends
        if document.name.startswith("shares:"):
            self.generation = int(document.name.removeprefix("shares:"))
        if document.name in self.known:
            return []
        after = self._kept()
        period, adjusts = closing.period_of(document.at, closed, now)
        rows = []
        for (kind, generation, seq), (row, target_fen) in self._targets(after, rule).items():
            delta_fen = target_fen - self.stands[kind, generation, seq]
            self.stands[kind, generation, seq] = target_fen
            if delta_fen:
                rows.append(
                    {"document": document.name, "kind": kind, "generation": generation, "seq": seq}
                    | {"party_store_id": row[0], "party_staff_id": row[1], "amount_fen": delta_fen}
                    | {"base_fen": after.base_fen - before.base_fen, "at": document.at.isoformat()}
                    | {"period": period, "adjusts": adjusts}
                )
        return rows

    def _targets(self, kept: Kept, rule: Rule) -> dict[tuple[str, int, int], tuple[tuple[int, int | None], int]]:
        """What every share and fee of every generation must stand at."""
        found: dict[tuple[str, int, int], tuple[tuple[int, int | None], int]] = {}
        for generation, rows in self.generations.items():
            now = kept if generation == self.generation else Kept(0, 0)
            shares = [row for row in rows if row.line_no == 0]
            fens = amounts(now.base_fen, [one.bp for one in shares])
            sold = [row for row in rows if row.line_no > 0]
            at = _owner(shares, self.order.store_id) if sold else None
            if at is not None:
                for row, fen in self._sold(sold, shares[at].bp if now is kept else 0):
                    found["share", generation, row.seq] = ((row.party_store_id, row.party_staff_id), fen)
                    fens[at] -= fen
            for row, fen in zip(shares, fens, strict=True):
                found["share", generation, row.seq] = ((row.party_store_id, row.party_staff_id), fen)
            if rule.fee_kind != "none":
                stores = {row.party_store_id: row.bp for row in shares if row.role == "fulfilling"}
                for store, fen in fees(rule, now, stores or {self.order.store_id: 1}).items():
                    found["fee", generation, store] = ((store, None), fen)
        return found

    def _sold(self, sold: Sequence[Any], owner_bp: int) -> list[tuple[Any, int]]:
        """What each seller of a line stands at: their part of the owner's part of what is kept of the line.

        What came back of a line is taken from its own sellers, by the figures of `config/money.refund_share`.
        """
        found: list[tuple[Any, int]] = []
        for line_no, rows in groupby(sold, key=lambda row: row.line_no):
            line, parts = self.lines[str(line_no)], list(rows)
            back_fen = line.base_fen * self.back[str(line_no)] // line.qty
            kept_fen = 0 if self.ended else line.base_fen - back_fen
            found += zip(parts, amounts(kept_fen * owner_bp // ALL_BP, [row.bp for row in parts]), strict=True)
        return found


def _owner(shares: Sequence[Any], store_id: int) -> int | None:
    """Whose part the sellers of a line take: the owner's, else what the store itself has; None where it has none."""
    for at, row in enumerate(shares):
        if row.role in ("scene", "guide", "home"):
            return at
    return next((at for at, row in enumerate(shares) if row.party_store_id == store_id), None)
