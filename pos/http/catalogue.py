"""The goods of a till's store, for selling without network."""

from __future__ import annotations

import gzip

from flask import Response, request
from pydantic import Field

from config.http import Form, blueprint, permit, session
from pos.http import who
from trade.pricing import till_feed

bp = blueprint("catalogue", "/api/pos/catalogue", who.identify)


class SinceQuery(Form):
    """The version a till has; 0 is none."""

    since: int = Field(0, ge=0)


@bp.get("")
@permit("pos.read")
@bp.input(SinceQuery, location="query")
def chunks(query_data: SinceQuery) -> Response:
    """What changed since a version: `{version, chunks: [{no, rows}], more, labels}`, as `till_feed` writes it.

    A chunk replaces the one of its number.  Ask again at once while there is `more`, else every minute or so.
    """
    plain = till_feed.since(session(), who.till().store_id, query_data.since).encode()
    if "gzip" not in request.headers.get("Accept-Encoding", ""):
        return Response(plain, mimetype="application/json")
    packed = Response(gzip.compress(plain, 3, mtime=0), mimetype="application/json")
    packed.headers["Content-Encoding"] = "gzip"
    return packed
