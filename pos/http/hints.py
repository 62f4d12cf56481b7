"""A word for the cashier: what this member buys about now, and what goes with what lies on the counter."""

from __future__ import annotations

from flask import g
from pydantic import Field

from config.http import Form, Reply, blueprint, permit, session
from pos.http import who
from recommend import serve

bp = blueprint("hints", "/api/pos", who.identify)


NAMED = ("sku_id", "barcode", "name", "reason")


class HintQuery(Form):
    """The member, if one is known, and the skus on the counter, parted by commas."""

    member_id: int | None = None
    skus: str = Field("", max_length=600, pattern=r"^(\d{1,15}(,\d{1,15})*)?$")


@bp.get("/hints")
@permit("pos.sell")
@bp.input(HintQuery, location="query")
def hints(query_data: HintQuery) -> Reply:
    """`{"hints": [{sku_id, barcode, name, reason}]}`, at most three that this store has."""
    skus = [int(one) for one in query_data.skus.split(",") if one]
    shelf = serve.hint(session(), who.till().store_id, query_data.member_id, skus, now=g.now)
    return {"hints": [{name: card[name] for name in NAMED} for card in shelf.cards]}, 200
