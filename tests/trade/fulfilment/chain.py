"""A small chain for the tests of assigning: stores in a row, each further from the customer, and one paid order."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import open_session, transaction
from tests import factories as make
from trade.fulfilment import parcels
from trade.orders import addresses, rerouting
from trade.orders.addresses import Address
from trade.stock.rejects import Reason
from workers.jobs import reroute_broken

SQUARE = "[[30000000, 120000000], [30000000, 121000000], [31000000, 121000000], [31000000, 120000000]]"
HOME = Address("王小明", "13812342046", "330106", "浙江省杭州市西湖区", "文三路 1 号", 30_280_000, 120_130_000)


def do(session: Session, sql: str, **given: Any) -> None:
    """One statement in a transaction of its own."""
    with transaction(session):
        session.execute(text(sql), given)


def open_chain(session: Session, stores: int, now: datetime, *, first: int = 1, **stock_of: int) -> list[make.Shop]:
    """So many stores, each a kilometre further north, all of which deliver to HOME; `first` where some are there."""
    codes = [f"S{number}" for number in range(first, stores + first)]
    shops = [make.open_shop(session, code=code, stock_of=stock_of, now=now) for code in codes]
    do(session, "UPDATE store SET area = CAST(:area AS jsonb), lat_e6 = 30280000 + 9000 * (id - 1)", area=SQUARE)
    return shops


def ordered(
    session: Session, shop: make.Shop, now: datetime, *, mode: str = "delivery", may_split: bool = False, **goods: int
) -> int:
    """A paid order of one store for HOME; returns its id."""
    member_id = make.a_member(session, phone=f"138{session.scalar(text('SELECT count(*) FROM member')):08d}", now=now)
    order_id = make.order_online(session, shop, member_id, now, **goods)
    do(session, "UPDATE sale_order SET mode = :mode, may_split = :split WHERE id = :id", mode=mode, split=may_split,
       id=order_id)  # fmt: skip
    with transaction(session):
        addresses.write(session, shop.store_id, order_id, HOME, now=now)
    make.pay_online(session, shop, order_id, now)
    return order_id


def of(session: Session, order_id: int) -> list[Any]:
    """The parcels of an order, the oldest first."""
    store_id = session.scalar(text("SELECT store_id FROM sale_order WHERE id = :id"), {"id": order_id})
    return parcels.of_order(session, store_id, order_id)


def refuse(session: Session, parcel: Any, now: datetime, *, reason: Reason | None = Reason.OVERLOAD) -> str:
    """Its store says no, or lets the clock run out (None)."""
    with transaction(session):
        if reason is None:
            return rerouting.time_out(session, parcel, actor="test", now=now)
        return rerouting.reject(session, parcel, reason, actor="test", now=now)


def held(session: Session, order_id: int) -> dict[int, dict[str, int]]:
    """What the order holds, by store: units of all skus by bucket."""
    found: dict[int, dict[str, int]] = {}
    rows = session.execute(
        text("SELECT store_id, bucket, sum(qty)::int AS qty FROM stock_hold WHERE order_id = :id GROUP BY 1, 2"),
        {"id": order_id},
    )
    for row in rows:
        found.setdefault(row.store_id, {})[row.bucket] = row.qty
    return found


def asked(session: Session, order_id: int) -> list[tuple[int, str | None]]:
    """Which stores were asked for the parcels of an order, and what each said."""
    statement = text("SELECT at_store_id, outcome FROM assignment WHERE order_id = :id ORDER BY id")
    return [(row.at_store_id, row.outcome) for row in session.execute(statement, {"id": order_id})]


def follow(now: datetime) -> int:
    """Do what the relay would offer the job of broken promises now."""
    with open_session() as opened:
        statement = text("SELECT id FROM journal WHERE kind = 'order.promise_broken' AND done_at IS NULL")
        ids = opened.scalars(statement).all()
    return reroute_broken.run(ids, now=now)
