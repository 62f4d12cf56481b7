"""The proof of the lot ledger, for every account at once (members-mall-orders.md 3.2, invariants).

    sums      balance - deficit = sum of entries, balance = what available lots have left, pending = what waiting
              lots have left, held = what was promised and neither spent nor given back
    sources   nobody is taken back more than they earned, nor given back more than they spent
    parts     what an entry took is the sum of what it took of each lot
    lots      replayed from its entries a lot has what it says; none is below 0 or above its start
    times     at no moment had more been taken of a lot than was in it, and none was used before it came

What a lot lost to a debt is recorded on the account and not on the lot, so `lots` allows a lot less than its entries
leave it, and asks that all an account's lots together lack exactly what its debts absorbed.

Each is one statement over whole tables: 1,000,000 entries take a few seconds (`make prove-million`).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

ROOM = text("SELECT set_config('work_mem', '256MB', true)")
"""For the length of the transaction: whole tables are hashed and sorted."""

SIZE = text("SELECT count(*) FROM lot_entry")

_SUMS = text("""
    WITH by_source AS (
        SELECT member_id, account, sum(quantity)::bigint AS quantity, sum(pending)::bigint AS pending,
               CASE WHEN bool_or(event IN ('post', 'release')) THEN 0
                    ELSE coalesce(-sum(quantity) FILTER (WHERE event = 'hold'), 0) END::bigint AS held
        FROM lot_entry GROUP BY member_id, account, source),
    facts AS (SELECT member_id, account, sum(quantity)::bigint AS quantity, sum(pending)::bigint AS pending,
                     sum(held)::bigint AS held FROM by_source GROUP BY 1, 2),
    lots AS (SELECT member_id, account, coalesce(sum(remaining) FILTER (WHERE state = 'available'), 0)::bigint AS ready,
                    coalesce(sum(remaining) FILTER (WHERE state = 'pending'), 0)::bigint AS waiting
             FROM lot GROUP BY 1, 2),
    compared AS (
        SELECT member_id, account, coalesce(a.balance, 0) AS balance, coalesce(a.deficit, 0) AS deficit,
               coalesce(a.pending, 0) AS pending, coalesce(a.held, 0) AS held,
               coalesce(lots.ready, 0) AS lots_ready, coalesce(lots.waiting, 0) AS lots_waiting,
               coalesce(facts.quantity, 0) AS entries, coalesce(facts.pending, 0) AS entries_pending,
               coalesce(facts.held, 0) AS entries_held
        FROM lot_account a FULL JOIN facts USING (member_id, account) FULL JOIN lots USING (member_id, account))
    SELECT 'sums' AS fault, compared.*, greatest(abs(balance - lots_ready), abs(balance - deficit - entries),
           abs(pending - lots_waiting), abs(pending - entries_pending), abs(held - entries_held)) AS at_stake
    FROM compared
    WHERE balance <> lots_ready OR balance - deficit <> entries OR pending <> lots_waiting
       OR pending <> entries_pending OR held <> entries_held
    ORDER BY member_id, account LIMIT 1000""")

_SOURCES = text("""
    SELECT 'sources' AS fault, member_id, account, source, earned, clawed, taken, given_back,
           greatest(clawed - earned, given_back - taken) AS at_stake
    FROM (SELECT member_id, account, source,
                 coalesce(sum(quantity + pending) FILTER (WHERE event = 'earn'), 0)::bigint AS earned,
                 coalesce(-sum(quantity + pending) FILTER (WHERE event = 'claw'), 0)::bigint AS clawed,
                 coalesce(-sum(quantity) FILTER (WHERE event IN ('hold', 'spend')), 0)::bigint AS taken,
                 coalesce(sum(quantity) FILTER (WHERE event IN ('release', 'reinstate')), 0)::bigint AS given_back
          FROM lot_entry WHERE event IN ('earn', 'claw', 'hold', 'spend', 'release', 'reinstate')
          GROUP BY 1, 2, 3) s
    WHERE clawed > earned OR given_back > taken
    ORDER BY member_id, account, source LIMIT 1000""")

_PARTS = text("""
    SELECT 'parts' AS fault, member_id, entry.account, entry_id, coalesce(-entry.quantity, 0) AS entry_took,
           coalesce(parts.quantity, 0) AS lots_gave,
           abs(coalesce(-entry.quantity, 0) - coalesce(parts.quantity, 0)) AS at_stake
    FROM (SELECT member_id, entry_id, sum(quantity)::bigint AS quantity FROM lot_consumption GROUP BY 1, 2) parts
    FULL JOIN (SELECT member_id, id AS entry_id, account, event, quantity FROM lot_entry
               WHERE event IN ('hold', 'spend', 'claw', 'expire')) entry USING (member_id, entry_id)
    WHERE entry.event IS NULL
       OR (entry.event IN ('hold', 'spend') AND coalesce(parts.quantity, 0) <> -entry.quantity)
    ORDER BY 2, 4 LIMIT 1000""")

_LOTS = text("""
    WITH used AS (SELECT member_id, lot_id, sum(quantity - restored)::bigint AS quantity
                  FROM lot_consumption GROUP BY 1, 2),
    expired AS (SELECT member_id, substr(source, 5)::bigint AS lot_id, -sum(quantity)::bigint AS quantity
                FROM lot_entry WHERE event = 'expire' GROUP BY 1, 2),
    replayed AS (
        SELECT lot.member_id, lot.account, lot.id AS lot_id, lot.initial, lot.remaining,
               lot.initial - coalesce(used.quantity, 0) - coalesce(expired.quantity, 0) AS replay
        FROM lot LEFT JOIN used ON used.member_id = lot.member_id AND used.lot_id = lot.id
        LEFT JOIN expired ON expired.member_id = lot.member_id AND expired.lot_id = lot.id),
    raised AS (
        SELECT member_id, account, -sum(quantity + pending) - sum(took)::bigint AS debt
        FROM (SELECT member_id, account, quantity, pending, coalesce((SELECT sum(c.quantity) FROM lot_consumption c
                     WHERE c.member_id = e.member_id AND c.entry_id = e.id), 0) AS took
              FROM lot_entry e WHERE event = 'claw') claws GROUP BY 1, 2),
    lacking AS (SELECT member_id, account, sum(replay - remaining)::bigint AS lacks FROM replayed GROUP BY 1, 2)
    SELECT 'lots' AS fault, member_id, account, lot_id, remaining, replay,
           greatest(remaining - replay, -remaining, remaining - initial) AS at_stake
    FROM replayed WHERE remaining > replay OR remaining < 0 OR remaining > initial
    UNION ALL
    SELECT 'debts', member_id, account, NULL, lacks, coalesce(debt, 0)::bigint - deficit,
           abs(lacks - coalesce(debt, 0)::bigint + deficit)
    FROM lacking JOIN lot_account USING (member_id, account) LEFT JOIN raised USING (member_id, account)
    WHERE lacks <> coalesce(debt, 0) - deficit
    ORDER BY 2, 3, 4 LIMIT 1000""")

_TIMES = text("""
    WITH by_source AS (
        SELECT member_id, account, source, min(id) FILTER (WHERE event IN ('release', 'reinstate')) AS back_id
        FROM lot_entry WHERE event IN ('release', 'reinstate') GROUP BY 1, 2, 3),
    born AS (SELECT member_id, account, source, min(id) AS entry_id FROM lot_entry
             WHERE event = 'earn' GROUP BY 1, 2, 3),
    steps AS (
        SELECT member_id, lot_id, entry_id, quantity FROM lot_consumption
        UNION ALL
        SELECT c.member_id, c.lot_id, by_source.back_id, -c.restored
        FROM lot_consumption c JOIN lot_entry e ON e.member_id = c.member_id AND e.id = c.entry_id
        JOIN by_source ON by_source.member_id = e.member_id AND by_source.account = e.account
            AND by_source.source = e.source
        WHERE c.restored > 0),
    running AS (SELECT member_id, lot_id, entry_id, quantity, sum(quantity) OVER (PARTITION BY member_id, lot_id
                    ORDER BY entry_id, quantity) AS taken FROM steps),
    most AS (SELECT member_id, lot_id, max(taken)::bigint AS taken, min(entry_id) AS first_id
             FROM running GROUP BY 1, 2)
    SELECT 'times' AS fault, lot.member_id, lot.account, lot.id AS lot_id, lot.initial, most.taken,
           born.entry_id AS born_id, most.first_id, greatest(most.taken - lot.initial, 0) AS at_stake
    FROM most JOIN lot ON lot.member_id = most.member_id AND lot.id = most.lot_id
    LEFT JOIN born ON born.member_id = lot.member_id AND born.account = lot.account AND born.source = lot.source
    WHERE most.taken > lot.initial OR most.first_id < born.entry_id
    ORDER BY 2, 4 LIMIT 1000""")

_PROOFS = (_SUMS, _SOURCES, _PARTS, _LOTS, _TIMES)


def differences(session: Session) -> list[dict[str, Any]]:
    """Every fault of the ledger with `at_stake`, in the account's own unit; empty is the proof.

    At most 1,000 of each kind.  Each proof is one statement, hence one moment: it may run while the shop trades.
    Call it in a transaction, which is how long its memory is granted.
    """
    session.execute(ROOM)
    found: list[dict[str, Any]] = []
    for proof in _PROOFS:
        found += [dict(row) for row in session.execute(proof).mappings()]
    return found
