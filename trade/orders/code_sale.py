"""A till sale that a payment code pays: placed with everything promised, sold when WeChat has the money, or let go."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from config.errors import Refused, WrongState
from trade.catalogue import kits
from trade.orders import close, moves, value
from trade.orders.exchange import completing
from trade.orders.receipts import book as receipts
from trade.payments import cash
from trade.payments import wallet as wallet_tender
from trade.stock import facts
from trade.stock import moves as stock


class NothingForCode(Refused):
    """Cash and stored value pay all of it: there is nothing left to charge a payment code with."""

    code = "nothing_for_code"


_ORDER = text("""
    SELECT o.*, (SELECT sum(t.amount_fen) FROM tender t WHERE t.store_id = o.store_id AND t.order_id = o.id
                 AND (t.way = 'code' OR t.kind = 'exchange') AND t.state = 'paid')::bigint AS paid_fen
    FROM sale_order o WHERE o.store_id = :store AND o.id = :order""")
_UNITS = text("""
    SELECT sku_id, sum(qty)::bigint AS qty FROM order_line WHERE store_id = :store AND order_id = :order
    GROUP BY 1 ORDER BY 1""")


def complete(session: Session, store_id: int, order_id: int, *, actor: str, now: datetime, **data: Any) -> None:
    """WeChat has the money: what was promised leaves, as `place.at_till` has it leave at once.

    Cash is what nothing else pays: it lies in the drawer since the sale was rung up.  Goods that are exchanged for it
    come back now (`exchange/`).

    :raises WrongState: the order waits for no money, and nothing was written; or the goods to be exchanged do not give
        back what was shown any more, and it is cancelled: the money goes back.
    """
    key = {"store": store_id, "order": order_id}
    exchange = completing.waiting(session, store_id, order_id)
    done = completing.still_so(session, exchange, now=now) if exchange else None
    if exchange and done is None:
        close.expire(session, store_id, order_id, actor=actor, now=now)
        raise WrongState(order_id=order_id, state="cancelled", event="sell")
    moves.move(session, store_id, order_id, "sell", actor=actor, now=now, **data)
    units = {row.sku_id: row.qty for row in fetch(session, _UNITS, key)}
    if done:
        stock.lock(session, store_id, Counter(units) + Counter(completing.goods(done)))
    _leave(session, store_id, order_id, units, actor=actor, now=now)
    if done:
        completing.carry_out(session, exchange, done, actor=actor, now=now)
    order = fetch(session, _ORDER, key)[0]
    stake = value.Stake.of(order)
    if cash_fen := order.payable_fen - stake.wallet.total_fen - order.paid_fen:
        cash.take(session, store_id, order_id, cash_fen, cash_fen, 0, now=now)
    if stake.wallet.total_fen:
        wallet_tender.take(session, store_id, order_id, stake.wallet.total_fen, now=now)
    value.paid(session, stake, actor=actor, now=now, at_till=True)
    receipts.paid(session, store_id, order_id)


def _leave(session: Session, store_id: int, order_id: int, units: dict[int, int], *, actor: str, now: datetime) -> None:
    """The goods are handed over.  Those that a fact took from the order meanwhile lie on the counter all the same."""
    lacking = Counter(kits.expand(session, units))
    lacking.subtract(stock.commit(session, store_id, order_id=order_id))
    stock.consume(session, store_id, None, order_id=order_id, key=f"order:{order_id}:sell", actor=actor, now=now)
    if unheld := {sku_id: qty for sku_id, qty in sorted(lacking.items()) if qty > 0}:
        facts.take_as_fact(session, store_id, unheld, key=f"order:{order_id}:sell-unheld", actor=actor, now=now)
