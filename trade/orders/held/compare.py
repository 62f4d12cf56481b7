"""What a held basket costs now, and line by line what changed since it was held.  Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from config.errors import Refused
from trade.orders.held.moves import Aside
from trade.orders.place import Basket
from trade.orders.price import price
from trade.pricing.by_hand import DiscountTooLarge
from trade.pricing.quote import NotForSale
from trade.pricing.quoted import Quote


@dataclass(slots=True)
class Compared:
    """The price of now (None when nothing can be sold any more), and the lines that differ from when it was held.

    `gone` are the places in the basket, from 0, whose sku is not sold here any more.
    """

    priced: Quote | None
    changes: list[dict[str, Any]] = field(default_factory=list)
    gone: frozenset[int] = frozenset()


def plain(basket: Basket) -> Basket:
    """Without what needs the member's code: that is decided anew when they stand at the till again."""
    return replace(basket, points=0, wallet_fen=0, coupon_ids=())


def aside(session: Session, basket: Basket, as_json: dict[str, Any], *, note: str, now: datetime) -> Aside:
    """A basket as it is put aside, with what each line costs just now; what cannot be priced is held all the same."""
    bare = Aside(as_json, member_id=basket.member_id, note=note)
    try:
        priced = price(session, plain(basket), now=now)
    except Refused:
        return bare
    lines = [
        {"sku_id": line.item.sku_id, "name": line.item.name, "qty": line.qty, "net_fen": line.net_fen}
        for line in priced.lines[: len(basket.wants)]
    ]
    return replace(bare, lines=lines, payable_fen=priced.payable_fen, rules_version=priced.rules_version)


def shown(aside: Aside, lines: Sequence[Mapping[str, Any]], payable_fen: int) -> Aside:
    """With what the customer was shown when it was put aside, line by line and in all."""
    return replace(aside, lines=lines, payable_fen=payable_fen)


def now_and_then(session: Session, basket: Basket, held: Sequence[dict[str, Any]], *, now: datetime) -> Compared:
    """Price a held basket anew; `held` is what its lines cost then.

    A change has `line` (its place in the new price, from 0), `name`, `before_fen` and `after_fen`; None, both, when it
    is not sold any more.
    """
    basket = plain(basket)
    try:
        priced, gone = _sellable(session, basket, now)
    except DiscountTooLarge:
        priced, gone = _sellable(session, replace(basket, discount_fen=0), now)
    left = [at for at in range(len(basket.wants)) if at not in gone]
    nets = dict(zip(left, (line.net_fen for line in priced.lines), strict=False)) if priced else {}
    places = {at: place for place, at in enumerate(left)}
    changes = [
        {"line": places.get(at), "name": then["name"], "before_fen": then["net_fen"], "after_fen": nets.get(at)}
        for at, then in enumerate(held)
        if nets.get(at) != then["net_fen"]
    ]
    return Compared(priced, changes, gone)


def _sellable(session: Session, basket: Basket, now: datetime) -> tuple[Quote | None, frozenset[int]]:
    try:
        return price(session, basket, now=now), frozenset()
    except NotForSale as refused:
        lost = set(refused.facts["sku_ids"])
    gone = frozenset(at for at, want in enumerate(basket.wants) if want.sku_id in lost)
    wants = [want for at, want in enumerate(basket.wants) if at not in gone]
    return (price(session, replace(basket, wants=wants), now=now) if wants else None), gone


def at_least(then: Mapping[str, Any], qty: int) -> int:
    """The least that so many units of a held line may cost by the prices of then."""
    return int(then["net_fen"] * qty // then["qty"])
