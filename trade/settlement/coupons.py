"""Who bears what coupons took off: by store and month (members-mall-orders.md 3.4 and 3.11).

The store gave its goods for less; by the funding of the offer the head office and a supplier owe it their parts, and
its own part it bears.  What came back with goods is taken back in the month of the return, and what a return withheld
for a coupon (`orders/coupons_due.py`) is owed to those who bore it; the store's part stays where it was withheld.
Worked table, 5.00 off two units, funded 50 % head office, 30 % store, 20 % supplier, returned one by one:

    fact      took off   still off   head office   store   supplier
    sale          5.00        5.00          2.50    1.50       1.00
    return       -2.50        2.50         -1.25   -0.75      -0.50
    return       -2.50        0.00         -1.25   -0.75      -0.50

A part is what its bearer bears of all that is still off, less what it bore before: so the parts of a fact sum to the
fact, those of an order to what is left, and of an order that came back wholly nothing is left with anybody.  Facts are
read from documents that never change (paid, returned, cancelled), so a month that is over stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from config.money import split
from trade.orders.numbers import number
from trade.settlement.months import month_of


@dataclass(frozen=True, slots=True)
class Line:
    """One fact: a coupon took `off_fen` off an order of a store (negative: it came back), and who bears how much."""

    at: datetime
    store_id: int
    order_no: str
    coupon: str
    off_fen: int
    hq_fen: int
    store_fen: int
    supplier_fen: int
    document: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One store's month (0: all stores', as the head office sees it), and the facts behind it."""

    store_id: int
    year: int
    month: int
    lines: list[Line]

    def total(self, name: str) -> int:
        """The sum of `off_fen`, `hq_fen`, `store_fen` or `supplier_fen`; the store is owed the second and the last."""
        return sum(getattr(line, name) for line in self.lines)

    def as_json(self) -> dict[str, Any]:
        """As the desk shows it."""
        return {
            "store_id": self.store_id,
            "month": f"{self.year:04d}-{self.month:02d}",
            **{name: self.total(name) for name in ("off_fen", "hq_fen", "store_fen", "supplier_fen")},
            "lines": [{**asdict(line), "at": line.at.isoformat()} for line in self.lines],
        }


_HERE = "(CAST(:store AS bigint) = 0 OR {0}.store_id = :store)"
_OFF = text(f"""
    WITH touched AS (
        SELECT o.store_id, o.id FROM sale_order o WHERE {_HERE.format("o")} AND o.coupon_fen > 0
          AND (o.paid_at >= :since AND o.paid_at < :until
               OR (o.state = 'cancelled' AND o.closed_at >= :since AND o.closed_at < :until))
        UNION SELECT r.store_id, r.order_id FROM sale_return r WHERE {_HERE.format("r")} AND r.at >= :since
          AND r.at < :until),
    took AS (SELECT a.*, o.state, o.paid_at, o.closed_at FROM touched
        JOIN sale_order o ON o.store_id = touched.store_id AND o.id = touched.id AND o.paid_at IS NOT NULL
        JOIN allocation a ON a.store_id = o.store_id AND a.order_id = o.id AND a.source = 'coupon'),
    back AS (SELECT r.*, sum(r.qty) OVER (PARTITION BY r.store_id, r.order_id, r.line_no ORDER BY r.return_id)::bigint
            AS out FROM return_line r JOIN touched ON touched.store_id = r.store_id AND touched.id = r.order_id),
    fact AS (
        SELECT store_id, order_id, source_id, paid_at AS at, 0 AS step, 'order:' || order_id AS document,
               sum(amount_fen)::bigint AS fen FROM took GROUP BY 1, 2, 3, 4
        UNION ALL
        SELECT store_id, order_id, source_id, closed_at, 1, 'cancel:' || order_id,
               -sum(amount_fen - amount_fen * coalesce(gone.qty, 0) / line.qty)::bigint
        FROM took JOIN order_line line USING (store_id, order_id, line_no)
        LEFT JOIN (SELECT store_id, order_id, line_no, sum(qty)::bigint AS qty FROM back GROUP BY 1, 2, 3) gone
            USING (store_id, order_id, line_no)
        WHERE state = 'cancelled' GROUP BY 1, 2, 3, 4
        UNION ALL
        SELECT took.store_id, took.order_id, took.source_id, r.at, r.id, 'return:' || r.id,
               sum(took.amount_fen * (back.out - back.qty) / line.qty - took.amount_fen * back.out / line.qty)::bigint
        FROM took JOIN back USING (store_id, order_id, line_no) JOIN order_line line USING (store_id, order_id, line_no)
        JOIN sale_return r ON r.store_id = back.store_id AND r.id = back.return_id GROUP BY 1, 2, 3, 4, 5),
    running AS (SELECT *, sum(fen) OVER (PARTITION BY store_id, order_id, source_id ORDER BY at, step)::bigint
            AS left_fen FROM fact)
    SELECT f.store_id, f.order_id, f.at, f.fen, f.left_fen, f.document, t.name, t.hq_bp, t.store_bp, t.supplier_bp
    FROM running f JOIN coupon c ON c.store_id = f.store_id AND c.order_id = f.order_id AND c.id = f.source_id
    JOIN coupon_template t ON t.id = c.template_id
    WHERE f.at >= :since AND f.at < :until AND f.fen <> 0
    ORDER BY f.at, f.order_id, f.step, f.source_id""")
_WITHHELD = text(f"""
    SELECT w.store_id, w.order_id, r.at, -w.withheld_fen AS fen, 0 AS left_fen, 'withheld:' || r.id AS document, t.name,
           t.hq_bp, t.store_bp, t.supplier_bp
    FROM return_coupon w JOIN sale_return r ON r.store_id = w.store_id AND r.id = w.return_id
    JOIN coupon c ON c.id = w.coupon_id JOIN coupon_template t ON t.id = c.template_id
    WHERE {_HERE.format("w")} AND r.at >= :since AND r.at < :until ORDER BY r.at, w.coupon_id""")


def _lines(rows: Iterable[Any]) -> list[Line]:
    lines = []
    for row in rows:
        bp = [row.hq_bp, row.store_bp, row.supplier_bp]
        after, before = split(row.left_fen, bp), split(row.left_fen - row.fen, bp)
        hq, store, supplier = (one - other for one, other in zip(after, before, strict=True))
        order_no = number(row.store_id, row.order_id)
        lines.append(Line(row.at, row.store_id, order_no, row.name, row.fen, hq, store, supplier, row.document))
    return lines


def statement(session: Session, store_id: int, year: int, month: int) -> Statement:
    """What coupons took off in a store (0: everywhere) in one month, and who bears it; two statements."""
    given = {"store": store_id, **month_of(year, month)}
    lines = _lines(fetch(session, _OFF, given)) + _lines(fetch(session, _WITHHELD, given))
    return Statement(store_id, year, month, sorted(lines, key=lambda line: line.at))
