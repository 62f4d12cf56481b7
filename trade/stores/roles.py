"""What each role may do.  Every endpoint names its permission; this table is the whole truth."""

from __future__ import annotations

from trade.stores.models import Role

_CASHIER = {"pos.sell", "pos.return", "pos.shift", "pos.read", "desk.aftersales"}
_STORE = {"desk.read", "desk.fulfil", "pos.read", "pos.label", "centre.read", "desk.aftersales", "desk.service"}
_GOODS = {"stock.read", "stock.move", "stock.count"}

PERMISSIONS: dict[Role, frozenset[str]] = {
    Role.CASHIER: frozenset(_CASHIER),
    Role.STORE_STAFF: frozenset(_STORE | _GOODS),
    Role.STORE_MANAGER: frozenset(
        _CASHIER
        | _STORE
        | {
            "pos.register",
            "pos.discount",
            "pos.approve",
            "pos.temporary",
            "member.tail",
            "desk.statement",
            "centre.decide",
        }
        | {"desk.answer", "desk.intake", "stock.post"}
        | _GOODS
    ),
    Role.HEAD_OFFICE: frozenset(
        {"pos.register", "pos.read", "office.read", "desk.statement", "member.tail", "member.reveal", "member.merge"}
        | {"office.segments", "office.tiers", "office.wallet", "office.promotions", "office.prices", "office.channels"}
        | {"desk.service", "office.talks", "office.labels", "office.behaviour"}
        | {"centre.read", "centre.decide", "centre.chain", "office.aftersales", "office.settlement"}
        | {"stock.read", "stock.move", "stock.post", "office.routing"}
    ),
}

DISCOUNT_LIMIT_BP = {Role.CASHIER: 500, Role.STORE_MANAGER: 3000}
"""How much of a basket a role may take off by hand, in basis points of the list price."""
