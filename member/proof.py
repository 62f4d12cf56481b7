"""The proof of the lot ledger, for every account at once (members-mall-orders.md 3.2, invariants).

    sums      balance - deficit = sum of entries, balance = what available lots have left, pending = what waiting
              lots have left, held = what was promised and neither spent nor given back
    sources   nobody is taken back more than they earned, nor given back more than they spent
    parts     what an entry took is the sum of what it took of each lot
    lots      replayed from its entries a lot has what it says; none is below 0 or above its start
    times     at no moment had more been taken of a lot than was in it, and none was used before it came

An entry says which lots it changed and which debt its new lot made good, so `lots` is exact to the lot; a lot that no
entry claims (stored value) has what its takings leave of it.  `debts` holds the same by account: all its lots together
lack exactly what its debts absorbed.

All of it is one statement over whole tables, which reads each table once: 1,000,000 entries take a few seconds
(`make prove-million`).  A lot of which less was ever taken than it had at its start needs no look at `times`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

ROOM = text("SELECT set_config('work_mem', '256MB', true), set_config('statement_timeout', '300000', true)")
"""For the length of the transaction: whole tables are hashed and sorted, and that may take longer than a sale."""

SIZE = text("SELECT count(*) FROM lot_entry")

_FACTS = """
    WITH by_source AS MATERIALIZED (
        SELECT member_id, account, source, sum(quantity)::bigint AS quantity, sum(pending)::bigint AS pending,
               coalesce(-sum(quantity) FILTER (WHERE event = 'hold'), 0)::bigint AS held,
               bool_or(event IN ('post', 'release')) AS settled,
               coalesce(sum(quantity + pending) FILTER (WHERE event = 'earn'), 0)::bigint AS earned,
               coalesce(-sum(quantity + pending) FILTER (WHERE event = 'claw'), 0)::bigint AS clawed,
               coalesce(-sum(quantity) FILTER (WHERE event IN ('hold', 'spend')), 0)::bigint AS taken,
               coalesce(sum(quantity) FILTER (WHERE event IN ('release', 'reinstate')), 0)::bigint AS given_back,
               coalesce(-sum(quantity) FILTER (WHERE event = 'expire'), 0)::bigint AS expired,
               min(id) FILTER (WHERE event = 'earn') AS born_id,
               min(id) FILTER (WHERE event IN ('release', 'reinstate')) AS back_id
        FROM lot_entry GROUP BY member_id, account, source),
    facts AS (
        SELECT member_id, account, sum(quantity)::bigint AS quantity, sum(pending)::bigint AS pending,
               sum(CASE WHEN settled THEN 0 ELSE held END)::bigint AS held, sum(clawed)::bigint AS clawed,
               sum(taken)::bigint AS taken
        FROM by_source GROUP BY 1, 2),
    part AS MATERIALIZED (
        SELECT c.member_id, c.entry_id, c.lot_id, c.quantity, c.restored, e.account, e.source, e.event,
               e.quantity AS entry_quantity
        FROM lot_consumption c LEFT JOIN lot_entry e ON e.member_id = c.member_id AND e.id = c.entry_id),
    by_entry AS (
        SELECT member_id, entry_id, entry_quantity, sum(quantity)::bigint AS quantity
        FROM part WHERE event IN ('hold', 'spend') OR event IS NULL GROUP BY 1, 2, 3),
    gave AS (
        SELECT member_id, account, coalesce(sum(quantity) FILTER (WHERE event = 'claw'), 0)::bigint AS clawed,
               coalesce(sum(quantity) FILTER (WHERE event IN ('hold', 'spend')), 0)::bigint AS taken
        FROM part GROUP BY 1, 2),
    used AS MATERIALIZED (
        SELECT member_id, lot_id, sum(quantity)::bigint AS gross, sum(quantity - restored)::bigint AS net,
               min(entry_id) AS first_id
        FROM part GROUP BY 1, 2),
    moved AS (
        SELECT e.member_id, d.lot_id, sum(d.delta)::bigint AS delta
        FROM lot_entry e CROSS JOIN LATERAL unnest(e.lots, e.deltas) AS d(lot_id, delta)
        WHERE cardinality(e.lots) > 0 GROUP BY 1, 2),
    replayed AS MATERIALIZED (
        SELECT lot.member_id, lot.account, lot.source, lot.id AS lot_id, lot.initial, lot.remaining, lot.state,
               coalesce(used.gross, 0) AS gross, used.first_id,
               lot.initial - coalesce(used.net, 0) - coalesce(gone.expired, 0) AS at_most,
               CASE WHEN lot.entry_id IS NOT NULL THEN lot.initial - coalesce(made.settled, 0)
                   - coalesce(used.gross, 0) + coalesce(moved.delta, 0) END AS replay
        FROM lot LEFT JOIN used ON used.member_id = lot.member_id AND used.lot_id = lot.id
        LEFT JOIN moved ON moved.member_id = lot.member_id AND moved.lot_id = lot.id
        LEFT JOIN lot_entry made ON made.member_id = lot.member_id AND made.id = lot.entry_id AND made.settled > 0
        LEFT JOIN (SELECT member_id, account, substr(source, 5)::bigint AS lot_id, expired FROM by_source
                   WHERE expired <> 0) gone
            ON gone.member_id = lot.member_id AND gone.account = lot.account AND gone.lot_id = lot.id),
    lots AS (
        SELECT member_id, account, coalesce(sum(remaining) FILTER (WHERE state = 'available'), 0)::bigint AS ready,
               coalesce(sum(remaining) FILTER (WHERE state = 'pending'), 0)::bigint AS waiting,
               sum(at_most - remaining)::bigint AS lacks
        FROM replayed GROUP BY 1, 2),"""

_SUMS = """
    SELECT 'sums' AS fault, member_id, account, NULL AS source, NULL::bigint AS entry_id, NULL::bigint AS lot_id,
           greatest(abs(balance - ready), abs(balance - deficit - quantity), abs(pending - waiting),
                    abs(pending - facts_pending), abs(held - facts_held)) AS at_stake,
           jsonb_build_object('balance', balance, 'deficit', deficit, 'pending', pending, 'held', held, 'lots', ready,
               'lots_pending', waiting, 'entries', quantity, 'entries_pending', facts_pending,
               'entries_held', facts_held) AS figures
    FROM compared WHERE balance <> ready OR balance - deficit <> quantity OR pending <> waiting
        OR pending <> facts_pending OR held <> facts_held"""

_DEBTS = """
    SELECT 'debts', member_id, account, NULL, NULL::bigint, NULL::bigint, abs(lacks - debt + deficit),
           jsonb_build_object('lots_lack', lacks, 'debts_raised', debt, 'deficit', deficit)
    FROM compared WHERE lacks <> debt - deficit"""

_SOURCES = """
    SELECT 'sources', member_id, account, source, NULL::bigint, NULL::bigint,
           greatest(clawed - earned, given_back - taken),
           jsonb_build_object('earned', earned, 'clawed', clawed, 'taken', taken, 'given_back', given_back)
    FROM by_source WHERE clawed > earned OR given_back > taken"""

_PARTS = """
    SELECT 'parts', p.member_id, e.account, e.source, p.entry_id, NULL::bigint,
           abs(coalesce(p.entry_quantity, 0) + p.quantity),
           jsonb_build_object('entry', -p.entry_quantity, 'lots_gave', p.quantity)
    FROM by_entry p LEFT JOIN lot_entry e ON e.member_id = p.member_id AND e.id = p.entry_id
    WHERE p.entry_quantity IS NULL OR p.quantity <> -p.entry_quantity
    UNION ALL
    SELECT 'parts', member_id, account, NULL, NULL::bigint, NULL::bigint, abs(taken - lots_gave),
           jsonb_build_object('entries', taken, 'lots_gave', lots_gave)
    FROM compared WHERE taken <> lots_gave"""

_LOTS = """
    SELECT 'lots', member_id, account, source, NULL::bigint, lot_id,
           greatest(remaining - at_most, abs(remaining - replay), -remaining, remaining - initial),
           jsonb_build_object('initial', initial, 'remaining', remaining, 'at_most', at_most, 'replay', replay)
    FROM replayed WHERE remaining > at_most OR remaining <> replay OR remaining < 0 OR remaining > initial"""

_TIMES = """
    SELECT 'times', lot.member_id, lot.account, lot.source, NULL::bigint, lot.lot_id,
           greatest(most.taken - lot.initial, 0),
           jsonb_build_object('initial', lot.initial, 'taken', most.taken, 'first_used', lot.first_id,
               'born', born.born_id)
    FROM replayed lot
    LEFT JOIN by_source born
        ON born.member_id = lot.member_id AND born.account = lot.account AND born.source = lot.source
    LEFT JOIN most ON most.member_id = lot.member_id AND most.lot_id = lot.lot_id
    WHERE most.taken > lot.initial OR lot.first_id < born.born_id"""

_COMPARED = """
    compared AS (
        SELECT member_id, account, coalesce(a.balance, 0) AS balance, coalesce(a.deficit, 0) AS deficit,
               coalesce(a.pending, 0) AS pending, coalesce(a.held, 0) AS held, coalesce(lots.ready, 0) AS ready,
               coalesce(lots.waiting, 0) AS waiting, coalesce(lots.lacks, 0) AS lacks,
               coalesce(facts.quantity, 0) AS quantity, coalesce(facts.pending, 0) AS facts_pending,
               coalesce(facts.held, 0) AS facts_held, coalesce(facts.clawed, 0) - coalesce(gave.clawed, 0) AS debt,
               coalesce(facts.taken, 0) AS taken, coalesce(gave.taken, 0) AS lots_gave
        FROM lot_account a FULL JOIN facts USING (member_id, account) FULL JOIN lots USING (member_id, account)
        LEFT JOIN gave USING (member_id, account)),
    steps AS (
        SELECT p.member_id, p.lot_id, step.at_id, step.quantity
        FROM replayed lot JOIN part p ON p.member_id = lot.member_id AND p.lot_id = lot.lot_id
        LEFT JOIN by_source s ON s.member_id = p.member_id AND s.account = p.account AND s.source = p.source
        CROSS JOIN LATERAL (VALUES (p.entry_id, p.quantity), (s.back_id, -p.restored)) step(at_id, quantity)
        WHERE lot.gross > lot.initial AND step.at_id IS NOT NULL),
    most AS (
        SELECT member_id, lot_id, max(taken)::bigint AS taken
        FROM (SELECT member_id, lot_id, sum(quantity) OVER (PARTITION BY member_id, lot_id
                  ORDER BY at_id, quantity) AS taken FROM steps) running GROUP BY 1, 2)"""

_PROOF = text(
    _FACTS
    + _COMPARED
    + " UNION ALL ".join(f"({part} LIMIT 1000)" for part in (_SUMS, _DEBTS, _SOURCES, _PARTS, _LOTS, _TIMES))
    + " ORDER BY member_id, account, lot_id, entry_id, source"
)


def differences(session: Session) -> list[dict[str, Any]]:
    """Every fault of the ledger with `at_stake`, in the account's own unit; empty is the proof.

    At most 1,000 of each kind.  One statement, hence one moment: it may run while the shop trades.
    Call it in a transaction, which is how long its memory is granted.
    """
    session.execute(ROOM)
    return [row | row.pop("figures") for row in map(dict, session.execute(_PROOF).mappings())]
