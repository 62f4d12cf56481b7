"""The rules that a till prices by while it has no network."""

from __future__ import annotations

from flask import Response, g

from config.http import Reply, blueprint, permit, session, unless_known
from pos.http import who
from trade.pricing import limits
from trade.pricing.promotions import delivered

bp = blueprint("rules", "/api/pos/rules", who.identify)


@bp.get("")
@permit("pos.read")
def rules() -> Response:
    """The rule books of one's own store, what is in force first; 304 while nothing changed.

    `{store_id, version, offsets: [[from_ms, minutes ahead of UTC]], books: [{until_ms, book}], member: null}` with
    `book` as `config/web/pricing` reads it.  Ask again every minute or so, and by `until_ms` of the last.
    """
    return unless_known(delivered.to_till(session(), who.till().store_id, g.now))


@bp.get("/limits")
@permit("pos.read")
def hand_limits() -> Reply:
    """What each role may take off by hand, for a till without network.

    `{limits: [{role, category_id, limit_bp}], floors: [{sku_id, floor_fen}], otherwise: [{role, limit_bp}]}`: basis
    points of the list price, category 0 for all others; floors in fen a piece or kg.
    """
    return dict(limits.listed(session())), 200
