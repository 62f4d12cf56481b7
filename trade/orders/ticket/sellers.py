"""Who sold which line of a ticket: up to three colleagues of the store, in basis points."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from config.errors import Refused

MOST, ALL_BP = 3, 10_000


class SellersNotSound(Refused):
    """A line has more than three sellers, one twice, parts that do not sum to 100 %, or somebody not of this store."""

    code, status = "sellers_not_sound", 422


@dataclass(frozen=True, slots=True)
class Seller:
    """A colleague and their part of a line."""

    staff_id: int
    bp: int


ByLine = Mapping[int, Sequence[Seller]]

_KNOWN = text("SELECT id FROM staff WHERE store_id = :store AND active AND id = ANY(:ids)")
_DROP = text("DELETE FROM line_seller WHERE store_id = :store AND order_id = :order")
_WRITE = text("""
    INSERT INTO line_seller (store_id, order_id, line_no, seq, staff_id, bp)
    SELECT :store, :order, s.* FROM jsonb_to_recordset(CAST(:rows AS jsonb))
        AS s(line_no bigint, seq bigint, staff_id bigint, bp bigint)""")
_OF = text("""
    SELECT s.line_no, s.seq, s.staff_id, s.bp, staff.name FROM line_seller s JOIN staff ON staff.id = s.staff_id
    WHERE s.store_id = :store AND s.order_id = :order ORDER BY s.line_no, s.seq""")


def check(session: Session, store_id: int, by_line: ByLine) -> None:
    """:raises SellersNotSound: naming the first line that is not."""
    ids = {one.staff_id for sellers in by_line.values() for one in sellers}
    known = {row.id for row in fetch(session, _KNOWN, {"store": store_id, "ids": sorted(ids)})}
    for line_no, sellers in sorted(by_line.items()):
        people = {one.staff_id for one in sellers}
        if (
            not 1 <= len(sellers) <= MOST
            or len(people) < len(sellers)
            or sum(one.bp for one in sellers) != ALL_BP
            or min(one.bp for one in sellers) < 1
            or not people <= known
        ):
            raise SellersNotSound(line_no=line_no, staff_ids=sorted(people - known))


def write(session: Session, store_id: int, order_id: int, by_line: ByLine) -> None:
    """Write who sold each line, in the transaction of the sale; what stood there before is replaced.

    :raises SellersNotSound: nothing was written.
    """
    if not by_line:
        return
    check(session, store_id, by_line)
    replace(session, store_id, order_id, by_line)


def replace(session: Session, store_id: int, order_id: int, by_line: ByLine) -> None:
    """The same for what was checked."""
    key = {"store": store_id, "order": order_id}
    rows = [
        {"line_no": line_no, "seq": seq, "staff_id": one.staff_id, "bp": one.bp}
        for line_no, sellers in by_line.items()
        for seq, one in enumerate(sellers, start=1)
    ]
    fetch(session, _DROP, key)
    fetch(session, _WRITE, {**key, "rows": json.dumps(rows)})


def known_among(session: Session, store_id: int, by_line: ByLine) -> dict[int, list[Seller]]:
    """What of a fact can be kept: lines whose sellers are sound; a sale that happened is not refused for them."""
    kept: dict[int, list[Seller]] = {}
    for line_no, sellers in by_line.items():
        try:
            check(session, store_id, {line_no: sellers})
        except SellersNotSound:
            continue
        kept[line_no] = list(sellers)
    return kept


def of(session: Session, store_id: int, order_id: int) -> list[Any]:
    """The rows of an order's sellers: line_no, seq, staff_id, bp, name."""
    return fetch(session, _OF, {"store": store_id, "order": order_id})
