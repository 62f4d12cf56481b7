"""What the mall recommends, at its places: `recommend/serve.py` says by what rules."""

from __future__ import annotations

from typing import Literal

from flask import g
from pydantic import Field

from config.http import Form, Reply, blueprint, permit, session
from mall.http import who
from mall.http.browse import mark
from recommend import serve

bp = blueprint("recommended", "/api/mall", who.identify)
MOST_PRODUCTS = 50


class PlaceQuery(Form):
    """Where it is shown, and the products that it goes with, parted by commas: the page's, or those of the cart."""

    store_id: int
    place: Literal["home", "product", "cart"]
    products: str = Field("", max_length=600, pattern=r"^(\d{1,15}(,\d{1,15})*)?$")


@bp.get("/recommended")
@permit("public")
@bp.input(PlaceQuery, location="query")
def recommended(query_data: PlaceQuery) -> Reply:
    """`{"model", "products"}`: cards of what this store has now, each with its `reason` {kind, name, days}.

    `kind`: pending (in the cart for `days` days), usual (bought about every `days` days, 0: once), with (bought with
    `name`), popular.  `model` belongs into the events of what is shown.  Without consent it is the same for everybody.
    """
    asked = query_data
    products = [int(one) for one in asked.products.split(",") if one][:MOST_PRODUCTS]
    member_id = g.caller.member_id if g.caller else None
    if asked.place == "home":
        shelf = serve.feed(session(), asked.store_id, member_id, now=g.now)
    else:
        shelf = serve.beside(session(), asked.store_id, products, now=g.now)
    return {"model": shelf.model, "products": mark(asked.store_id, shelf.cards)}, 200
