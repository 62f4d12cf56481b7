"""拼团 in the mall: what a store offers to groups, and one group as its link shows it."""

from __future__ import annotations

from flask import g

from config.http import Form, Reply, blueprint, permit, session
from mall.http import who
from trade.orders.groups import read
from trade.pricing import shelf

bp = blueprint("groups", "/api/mall", who.identify)


class OffersQuery(Form):
    """Which store the customer shops in."""

    store_id: int


@bp.get("/groups")
@permit("public")
@bp.input(OffersQuery, location="query")
def offers(query_data: OffersQuery) -> Reply:
    """Goods of a store with a group price now: cards of skus, each with its `group` as a product's page has it."""
    member_id = g.caller.member_id if g.caller else None
    store_id = query_data.store_id
    found = read.offers(session(), store_id, member_id, g.now)
    cards = shelf.skus(session(), store_id, list(found), now=g.now) if found else []
    read.mark(session(), store_id, cards, member_id, g.now)
    return {"offers": cards}, 200


@bp.get("/groups/<int:group_id>")
@permit("public")
def group(group_id: int) -> Reply:
    """One group for whoever has its link: state, clock, masked names; `order_id` is the caller's own order in it."""
    member_id = g.caller.member_id if g.caller else None
    return {"group": read.one(session(), group_id, member_id, g.now)}, 200
