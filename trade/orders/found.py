"""Temporary items come into the books as they are sold: nobody received them, yet they lie on the counter."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from trade.pricing import temporary
from trade.pricing.quoted import Quote
from trade.stock import moves as stock


def take_in(session: Session, store_id: int, priced: Quote, *, key: str, actor: str, now: datetime) -> None:
    """Take in what this store lacks of the temporary items of a sale, so that its stock is as before once they left.

    No statement where everything is there.  What is returned of them lies in the shop, and is sold first.
    """
    wants: dict[int, int] = {}
    for line in priced.lines:
        if line.at_store_id in (None, store_id):
            wants[line.item.sku_id] = wants.get(line.item.sku_id, -line.item.free) + line.qty
    short = {sku_id: qty for sku_id, qty in wants.items() if qty > 0}
    goods = {sku_id: short[sku_id] for sku_id in temporary.among(session, short)} if short else {}
    if goods:
        stock.take_in(session, store_id, goods, key=key, actor=actor, now=now)
