"""Every book of the house and the proof that it agrees; the only list of them.

`make prove`, `flask prove`, the nightly job and the tests all read BOOKS, so a new kind of value is proved everywhere
by one line here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from member import proof as ledger
from trade.orders import coupon_proof as coupons
from trade.orders import promotion_proof as promotions
from trade.orders import proof as orders
from trade.orders import proof_goods, proof_growth, proof_refunds, proof_value
from trade.orders.aftersales import proof as aftersales
from trade.orders.blind import proof as blind
from trade.orders.exchange import proof as exchanges
from trade.orders.groups import proof as groups
from trade.orders.late import proof as late
from trade.orders.shifts import proof as shifts
from trade.payments import proof as top_ups
from trade.payments.static_qr import proof as static_qr
from trade.settlement.credits import proof as credits
from trade.stock import availability
from trade.stock import proof as stock

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Book:
    """One proof: what it compares, how many rows it looks at, and how a difference is told from another.

    `names` are the columns that name the thing that differs; with `fault` they make its key.
    `unit` is what `at_stake` counts.  A book that is `mended` at once opens no exception.
    """

    differences: Callable[[Session], Rows]
    size: TextClause
    unit: str
    names: tuple[str, ...]
    mended: bool = False

    def key(self, row: Mapping[str, Any]) -> str:
        """The same for the same difference in every run, for example `sums member_id=4 account=points`."""
        named = [f"{name}={row[name]}" for name in self.names if row.get(name) is not None]
        return " ".join([str(row.get("fault", "differs")), *named])


def _shown(session: Session) -> Rows:
    """What the mall shows; the only book that is mended, because it is no book but a projection of one."""
    rows = availability.compare(session, mend=True)
    return [row | {"at_stake": abs(row["table"] - row["projection"])} for row in rows]


_OF_ORDER = (
    "store_id",
    "order_id",
    "return_id",
    "line_no",
    "tender_id",
    "top_up_id",
    "sku_id",
    "account",
    "source",
    "lot_id",
)
_OF_CASE = ("store_id", "order_id", "case_id", "line_no", "sku_id")
_OF_LEDGER = ("member_id", "account", "source", "entry_id", "lot_id")
_OF_STOCK = ("store_id", "sku_id")
_OF_PROMOTION = ("promotion_id", "version", "scope", "key", "store_id", "order_id")


def _rows(table: str) -> TextClause:
    return text(f"SELECT count(*) FROM {table}")


#   book             proof                         rows of           unit      what names a difference
BOOKS: dict[str, Book] = {
    "ledger": Book(ledger.differences, _rows("lot_entry"), "value", _OF_LEDGER),
    "orders": Book(orders.differences, _rows("sale_order"), "fen", ("store_id", "id", "line_no")),
    "refunds": Book(proof_refunds.differences, _rows("refund"), "fen", _OF_ORDER),
    "blind_returns": Book(blind.differences, _rows("blind_return"), "value", _OF_ORDER),
    "exchanges": Book(exchanges.differences, exchanges.SIZE, "fen", _OF_ORDER),
    "late_payments": Book(late.differences, _rows("late_payment"), "fen", _OF_ORDER),
    "groups": Book(groups.differences, groups.SIZE, "fen", ("store_id", "group_id", "order_id")),
    "aftersales": Book(aftersales.differences, _rows("aftersale_case"), "value", _OF_CASE),
    "order_value": Book(proof_value.differences, _rows("sale_order"), "value", _OF_ORDER),
    "growth": Book(proof_growth.differences, _rows("lot WHERE account = 'growth'"), "growth", _OF_ORDER),
    "order_goods": Book(proof_goods.differences, _rows("order_line"), "units", _OF_ORDER),
    "credits": Book(credits.differences, _rows("credit_entry"), "fen", _OF_ORDER),
    "shifts": Book(shifts.differences, _rows("shift"), "fen", ("store_id", "shift_id", "z_no")),
    "top_ups": Book(top_ups.differences, _rows("top_up"), "fen", _OF_ORDER),
    "static_qr": Book(static_qr.differences, _rows("static_qr"), "fen", _OF_ORDER),
    "coupons": Book(coupons.differences, _rows("coupon"), "fen", ("template_id", "coupon_id", "order_id")),
    "promotions": Book(promotions.differences, promotions.SIZE, "fen", _OF_PROMOTION),
    "stock": Book(stock.differences, _rows("stock_movement"), "units", _OF_STOCK),
    "shown": Book(_shown, _rows("stock_level"), "units", _OF_STOCK, mended=True),
}


@dataclass(frozen=True, slots=True)
class Proved:
    """What the proof of one book came to."""

    book: str
    unit: str
    checked: int
    took_ms: int
    rows: Rows
    keys: Sequence[str]

    @property
    def at_stake(self) -> int:
        """All differences together, in the book's unit."""
        return sum(abs(row.get("at_stake", 0)) for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        """For `flask prove --json`."""
        found = [{"key": key, **row} for key, row in zip(self.keys, self.rows, strict=True)]
        return {
            "book": self.book,
            "unit": self.unit,
            "checked": self.checked,
            "took_ms": self.took_ms,
            "at_stake": self.at_stake,
            "differences": found,
        }


def prove(session: Session, only: Sequence[str] = ()) -> list[Proved]:
    """Prove every book, or those named; call it in a transaction.  Reads only, but for the Redis projection."""
    return [_prove(session, name, book) for name, book in BOOKS.items() if not only or name in only]


def _prove(session: Session, name: str, book: Book) -> Proved:
    began_ns = time.perf_counter_ns()
    rows = book.differences(session)
    checked = session.execute(book.size).scalar_one()
    took_ms = (time.perf_counter_ns() - began_ns) // 1_000_000
    return Proved(name, book.unit, checked, took_ms, rows, [book.key(row) for row in rows])
