"""The daily three-way match: order, payment, bill (members-mall-orders.md 3.11, wechat.md 2.9).

Every row of yesterday's bill of trades is held against our attempts and refunds, ours of that day against the bill,
what we captured against what its order says, and the bill of trades against that of the account.

    kind            WeChat       we            means
    unknown         paid         nothing       money that fits no attempt of ours, nor a sale by the printed code
    unheard         paid         not captured  it was applied by the job, or could not be
    amount          a            b             both know it, and differ
    twice           two rows     one           one number was paid twice
    not_in_bill     nothing      captured      we believe in money that WeChat does not have
    refund_unknown  refund       nothing       somebody refunded beside us
    refund_amount   a            b
    refund_not_in_bill           taken         we believe a refund that WeChat does not have
    order           captured     its order     waits, or ended without giving it back
    fund            trade row    account row   the two bills differ

What differs is a case on the desk (`amount_mismatch`, `bill:<day>:...`) with its money, and closed by a later run that
no longer finds it.  A run changes nothing but these rows, so it may be repeated.  A payment of the last minutes of a
day by our clock may stand in the next bill: it is missed only once that one is here, too.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.clock import SHANGHAI
from config.db import fetch, first
from trade.exceptions import cases
from trade.payments.moves import Paid
from trade.settlement import static_qr

KIND = "amount_mismatch"
EDGE = timedelta(minutes=10)
"""So near midnight a payment may stand in the neighbour's bill."""
MOST = 1000

_UNDONE = """SELECT b.no FROM bill_line b JOIN tender t ON t.trade_no = b.no AND t.state = 'closed'
    WHERE b.source = 'trade' AND b.state = 'REVOKED'"""
"""Payments that were reversed, which the bill tells under their own number: they came and went, and nothing is owed."""
_TRADES = f"""
    undone AS ({_UNDONE}),
    bills AS (SELECT kind, no, min(transaction_id) AS transaction_id, sum(amount_fen)::bigint AS fen, count(*) AS n
        FROM bill_line WHERE day = :day AND source = 'trade' AND no NOT IN (SELECT no FROM undone) GROUP BY 1, 2),
    paid AS (SELECT b.*, t.store_id, t.order_id, t.id AS tender_id, t.amount_fen AS our_fen, t.state
        FROM bills b LEFT JOIN tender t ON t.trade_no = b.no WHERE b.kind = 'paid'),
    back AS (SELECT b.*, r.store_id, r.order_id, r.amount_fen AS our_fen, r.state
        FROM bills b LEFT JOIN refund r ON r.refund_no = b.no WHERE b.kind = 'refund')"""
_COMPARE = text(f"""
    WITH {_TRADES},
    missed AS (
        SELECT 'not_in_bill' AS kind, t.trade_no AS no, t.store_id, t.order_id, t.amount_fen AS our_fen FROM tender t
        WHERE t.kind = 'wechat' AND t.state IN ('paid', 'late') AND t.paid_at >= :since AND t.paid_at < :until
          AND (t.paid_at < :edge OR EXISTS (SELECT FROM bill n WHERE n.day = :next AND n.source = 'trade'))
          AND NOT EXISTS (SELECT FROM bill_line b WHERE b.source = 'trade' AND b.kind = 'paid' AND b.no = t.trade_no)
        UNION ALL
        SELECT 'refund_not_in_bill', r.refund_no, r.store_id, r.order_id, r.amount_fen FROM refund r
        WHERE r.kind = 'wechat' AND r.state IN ('accepted', 'done') AND r.created_at >= :since AND r.created_at < :edge
          AND EXISTS (SELECT FROM bill n WHERE n.day = :next AND n.source = 'trade')
          AND NOT EXISTS (SELECT FROM bill_line b
                          WHERE b.source = 'trade' AND b.kind = 'refund' AND b.no = r.refund_no)),
    funds AS (
        SELECT coalesce(f.no, b.no) AS no, coalesce(f.fen, 0) AS fund_fen, coalesce(b.fen, 0) AS trade_fen
        FROM (SELECT kind, no, sum(amount_fen)::bigint AS fen FROM bill_line
              WHERE day = :day AND source = 'fund' AND kind <> 'fee' GROUP BY 1, 2) f
        FULL JOIN (SELECT kind, no, sum(amount_fen)::bigint AS fen FROM bill_line
              WHERE day = :day AND source = 'trade' AND (kind = 'paid' OR state IN ('SUCCESS', 'REVOKED'))
              GROUP BY 1, 2) b
            ON b.kind = f.kind AND b.no = f.no
        WHERE EXISTS (SELECT FROM bill WHERE day = :day AND source = 'fund')),
    held AS (
        SELECT paid.*, o.state AS order_state, coalesce(u.state, o.state) AS what_state,
               coalesce((SELECT sum(r.amount_fen) FROM refund r WHERE r.store_id = paid.store_id
                   AND r.tender_id = paid.tender_id AND r.state <> 'closed'), 0)::bigint AS back_fen
        FROM paid JOIN tender t ON t.store_id = paid.store_id AND t.id = paid.tender_id
        LEFT JOIN sale_order o ON o.store_id = t.store_id AND o.id = t.order_id
        LEFT JOIN top_up u ON u.store_id = t.store_id AND u.id = t.top_up_id
        WHERE paid.state IN ('paid', 'late'))
    SELECT 'unknown' AS kind, no, store_id, order_id, fen AS bill_fen, 0 AS our_fen FROM paid WHERE state IS NULL
        AND NOT EXISTS (SELECT FROM static_qr s WHERE s.bill_no = paid.no)
    UNION ALL SELECT 'unheard', no, store_id, order_id, fen, 0 FROM paid WHERE state NOT IN ('paid', 'late')
    UNION ALL SELECT CASE WHEN n > 1 THEN 'twice' ELSE 'amount' END, no, store_id, order_id, fen, our_fen FROM paid
        WHERE state IN ('paid', 'late') AND fen <> our_fen
    UNION ALL SELECT kind, no, store_id, order_id, 0, our_fen FROM missed
    UNION ALL SELECT 'refund_unknown', no, store_id, order_id, fen, 0 FROM back WHERE state IS NULL
    UNION ALL SELECT 'refund_amount', no, store_id, order_id, fen, our_fen FROM back WHERE fen <> our_fen
    UNION ALL SELECT 'order', no, store_id, order_id, fen, back_fen FROM held
        WHERE back_fen < our_fen AND (what_state IN ('placed', 'cancelled') OR state = 'late')
    UNION ALL SELECT 'fund', no, NULL, NULL, fund_fen, trade_fen FROM funds WHERE fund_fen <> trade_fen
    ORDER BY 1, 2 LIMIT :most""")
_SUMS = text(f"""
    WITH {_TRADES}
    SELECT (SELECT count(*) FROM paid WHERE fen = our_fen AND state IN ('paid', 'late')) AS payments,
           (SELECT coalesce(sum(fen), 0) FROM paid WHERE fen = our_fen AND state IN ('paid', 'late'))::bigint
               AS paid_fen,
           (SELECT count(*) FROM back WHERE fen = our_fen) AS refunds,
           (SELECT coalesce(sum(fen), 0) FROM back WHERE fen = our_fen)::bigint AS refunded_fen,
           (SELECT coalesce(sum(fee_e5), 0) FROM bill_line WHERE day = :day AND source = 'trade')::bigint AS fee_e5""")
_KEEP = text("""
    WITH found AS (SELECT * FROM jsonb_to_recordset(CAST(:found AS jsonb)) AS f(kind text, no text, store_id bigint,
            order_id bigint, bill_fen bigint, our_fen bigint)),
    gone AS (UPDATE match_difference d SET gone_at = :now WHERE day = :day AND gone_at IS NULL
        AND NOT EXISTS (SELECT FROM found WHERE found.kind = d.kind AND found.no = d.no)),
    there AS (INSERT INTO match_difference (day, kind, no, store_id, order_id, bill_fen, our_fen, found_at)
        SELECT :day, kind, no, store_id, order_id, bill_fen, our_fen, :now FROM found
        ON CONFLICT (day, kind, no) DO UPDATE SET bill_fen = excluded.bill_fen, our_fen = excluded.our_fen,
            store_id = excluded.store_id, order_id = excluded.order_id, gone_at = NULL)
    INSERT INTO match_day (day, payments, paid_fen, refunds, refunded_fen, fee_e5, differences, difference_fen,
        matched_at)
    VALUES (:day, :payments, :paid_fen, :refunds, :refunded_fen, :fee_e5, :differences, :difference_fen, :now)
    ON CONFLICT (day) DO UPDATE SET payments = excluded.payments, paid_fen = excluded.paid_fen,
        refunds = excluded.refunds, refunded_fen = excluded.refunded_fen, fee_e5 = excluded.fee_e5,
        differences = excluded.differences, difference_fen = excluded.difference_fen,
        matched_at = excluded.matched_at""")


@dataclass(frozen=True, slots=True)
class Matched:
    """What one run came to."""

    payments: int
    refunds: int
    differences: Sequence[Any]


def bounds(day: date) -> dict[str, Any]:
    """A day of WeChat's: Beijing's calendar day, from midnight to midnight."""
    since = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
    until = since + timedelta(days=1)
    return {"day": day, "since": since, "until": until, "edge": until - EDGE, "next": day + timedelta(days=1)}


def match(session: Session, day: date, *, actor: str, now: datetime) -> Matched:
    """Compare one day whose bill of trades is here, write down what differs, and make the desk agree.

    Five statements; any number of runs of a day end in the same rows, two at once wait for each other.
    """
    given = bounds(day)
    static_qr.prove(session, actor=actor, now=now)
    fetch(session, _ALONE, {"key": day.toordinal()})
    sums = fetch(session, _SUMS, given)[0]._asdict()
    found = [row._asdict() for row in fetch(session, _COMPARE, {**given, "most": MOST})]
    for row in found:
        row["money_fen"] = abs(row["bill_fen"] - row["our_fen"])
    at_stake_fen = sum(row["money_fen"] for row in found)
    kept = {"found": json.dumps(found), "differences": len(found), "difference_fen": at_stake_fen, "now": now}
    fetch(session, _KEEP, {"day": day, **sums, **kept})
    scope = f"bill:{day.isoformat()}:"
    whole = len(found) < MOST
    cases.settle(session, KIND, scope, [_case(scope, row) for row in found], whole=whole, actor=actor, now=now)
    return Matched(sums["payments"], sums["refunds"], found)


_ALONE = text("SELECT pg_advisory_xact_lock(74261, CAST(:key AS int))")


def _case(scope: str, row: dict[str, Any]) -> dict[str, Any]:
    facts = {name: row[name] for name in ("no", "bill_fen", "our_fen")}
    key = {"store_id": row["store_id"], "order_id": row["order_id"], "money_fen": row["money_fen"]}
    return {"subject": f"{scope}{row['kind']}:{row['no']}", "facts": facts, "cause": f"bill_{row['kind']}", **key}


_UNHEARD = text(f"""
    SELECT DISTINCT b.no, b.transaction_id, b.amount_fen, coalesce(t.payer, '') AS payer FROM bill_line b
    JOIN tender t ON t.trade_no = b.no AND t.state NOT IN ('paid', 'late') AND t.amount_fen = b.amount_fen
    WHERE b.day = :day AND b.source = 'trade' AND b.kind = 'paid' AND b.no NOT IN ({_UNDONE}) ORDER BY 1""")


def unheard(session: Session, day: date) -> list[Paid]:
    """Payments of a bill that we have not heard of: each is applied as if WeChat had just told us."""
    found = fetch(session, _UNHEARD, {"day": day})
    return [Paid(row.no, row.transaction_id, row.amount_fen, row.payer) for row in found]


_DAYS = text("""
    SELECT m.*, (SELECT count(*) FROM match_difference d WHERE d.day = m.day AND d.gone_at IS NOT NULL) AS settled,
           (SELECT fetched_at FROM bill b WHERE b.day = m.day AND b.source = 'trade') AS fetched_at
    FROM match_day m ORDER BY m.day DESC LIMIT :most""")
_OF_DAY = text("SELECT * FROM match_difference WHERE day = :day ORDER BY gone_at NULLS FIRST, kind, no LIMIT :most")


def days(session: Session, *, most: int = 62) -> list[dict[str, Any]]:
    """The matched days, the newest first."""
    return [_shown(row) for row in fetch(session, _DAYS, {"most": most})]


def differences(session: Session, day: date) -> list[dict[str, Any]]:
    """What differed on a day, what is gone again last."""
    return [_shown(row) for row in fetch(session, _OF_DAY, {"day": day, "most": MOST})]


def _shown(row: Any) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row._asdict().items()}


def is_matched(session: Session, day: date) -> bool:
    """Whether a day was matched before."""
    return first(session, _WAS, {"day": day}) is not None


_WAS = text("SELECT day FROM match_day WHERE day = :day")
