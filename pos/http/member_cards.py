"""The members whom a till knows by phone or card while it has no network."""

from __future__ import annotations

from flask import Response, g
from pydantic import Field

from config.http import Form, blueprint, permit, session, unless_known
from pos.http import who
from trade.orders.offline import cards

bp = blueprint("member_cards", "/api/pos/member-cards", who.identify)


class PartQuery(Form):
    """Which part: from 0, below `parts` of any answer."""

    part: int = Field(0, ge=0, lt=cards.PARTS)


@bp.get("")
@permit("pos.sell")
@bp.input(PartQuery, location="query")
def part(query_data: PartQuery) -> Response:
    """Members who bought here within a year: `{key, parts, rows: [[id, masked name, tier, print, ...]]}`; 304 while
    nothing in the part changed.  A print is the first 7 hex digits of HMAC-SHA256 of a phone or a card under `key`.
    """
    return unless_known(cards.part(session(), who.till().store_id, query_data.part, now=g.now))
