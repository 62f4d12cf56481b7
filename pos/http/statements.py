"""What stores owe each other for stored value, by month: for the store's manager and the head office."""

from __future__ import annotations

from pydantic import Field

from config.errors import Malformed
from config.http import Form, Reply, blueprint, permit, session
from pos.http import who
from trade.settlement import stored_value

bp = blueprint("statement", "/api/desk/statements", who.identify)


class MonthQuery(Form):
    """A month as `2026-11`; the head office names the store, 0 for itself."""

    month: str = Field(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")
    store_id: int | None = Field(None, ge=0)


@bp.get("/stored-value")
@permit("desk.statement")
@bp.input(MonthQuery, location="query")
def stored(query_data: MonthQuery) -> Reply:
    """One store's month.

    `{"statement": {store_id, month, net_fen, pays: [{store_id, fen}], lines: [{at, payer, payee, bucket, fen, order_no,
    document}]}}`: positive is paid, negative is got; store 0 is the head office; `order_no` opens the order.
    """
    store_id = who.me().store_id
    if store_id is None:
        if query_data.store_id is None:
            raise Malformed(fields={"store_id": "which store"})
        store_id = query_data.store_id
    year, month = (int(part) for part in query_data.month.split("-"))
    found = stored_value.statement(session(), store_id, year, month)
    return {"statement": found.as_json()}, 200
