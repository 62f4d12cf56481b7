"""The daily match of orders, payments and WeChat's bills, for the head office."""

from __future__ import annotations

from datetime import date

from config.http import Form, Reply, blueprint, permit, session
from pos.http import who
from trade.settlement import matching

bp = blueprint("matching", "/api/desk/bills", who.identify)


class DayQuery(Form):
    """A day of Beijing's, as `2026-11-23`."""

    day: date


@bp.get("")
@permit("office.settlement")
def days() -> Reply:
    """The days that were matched, the newest first.

    `{"days": [{day, payments, paid_fen, refunds, refunded_fen, fee_e5, differences, difference_fen, settled,
    fetched_at, matched_at}]}`: `fee_e5` is WeChat's commission in 1/100,000 yuan,
    `settled` what differed once and no longer does.
    """
    return {"days": matching.days(session())}, 200


@bp.get("/differences")
@permit("office.settlement")
@bp.input(DayQuery, location="query")
def differences(query_data: DayQuery) -> Reply:
    """What differed on a day.

    `{"differences": [{day, kind, no, store_id, order_id, bill_fen, our_fen, found_at, gone_at}]}`: `kind` as in
    `trade/settlement/matching.py`; `gone_at` is empty while it differs.
    """
    return {"differences": matching.differences(session(), query_data.day)}, 200
