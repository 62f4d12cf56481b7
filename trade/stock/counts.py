"""Counting while the shop sells (till-and-store-desk.md 3.12).

Of each sku what was on hand is noted when the count is opened, and every scan has a moment.  When the count is posted,
as one document:

    expected(scan) = on hand now - what moved after the scan
    variance       = counted + what was apart at the scan (totes, quarantine) - expected(scan)

which is the snapshot, plus or minus the movements up to the scan, also those that became known later with an earlier
moment (a sale that a till made on its own).  Worked table, 10 on hand at the opening, 2 of them in a tote:

    09:00 opened, snapshot 10      09:05 a sale of 1        09:10 scanned: 6 on the shelf, 2 apart
    09:20 a sale of 1              09:30 told late: a sale of 1 at 09:02                  on hand now 7
    09:40 posted: expected 7 + 1 = 8, counted 6 + 2 = 8, variance 0

Several scans of one sku add up.  It is counted again (`turn` 2, which replaces the first) when the variance is above
the count's limit, or when something moved or was picked between its first and last scan: nobody knows on which side of
the shelf.  Whoever counts is not told what is expected.  What another count has counted later is left alone
(`superseded`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, Refused, WrongState
from trade.stock import arrivals, count_due, facts, told
from trade.stock.facts import Broken
from trade.stock.papers import moves

TABLE = "stock_count"


class NotInCount(Refused):
    """Some of these skus are not part of the count; `sku_ids` are those.  Nothing was noted."""

    code = "not_in_count"


class RecountNeeded(Refused):
    """These skus (`sku_ids`) differ by more than the limit, or moved while they were counted: count them again."""

    code = "recount_needed"


class NotAllCounted(Refused):
    """Nobody counted these skus (`sku_ids`) yet; leave them out, or count them, 0 if there is nothing."""

    code = "not_all_counted"


@dataclass(frozen=True, slots=True)
class Variance:
    """What a count found of one sku.  `again` says that it should be counted once more before it is believed."""

    sku_id: int
    turn: int
    counted: int | None
    expected: int | None
    apart: int
    superseded: bool = False
    again: bool = False

    @property
    def variance(self) -> int:
        """Units found above (below, negative) what was expected; 0 when nobody counted."""
        return 0 if self.counted is None or self.expected is None else self.counted - self.expected


_OPEN = text("""
    INSERT INTO stock_count (store_id, name, state, recount_above, actor, at)
    SELECT :store, :name, 'open', :above, :actor, :now WHERE EXISTS (SELECT FROM store WHERE id = :store)
    RETURNING id""")
_LINES = text("""
    INSERT INTO stock_count_line (store_id, count_id, sku_id, snapshot)
    SELECT :store, :id, sku.id, coalesce(level.on_hand, 0) FROM sku
    LEFT JOIN stock_level level ON level.store_id = :store AND level.sku_id = sku.id
    WHERE sku.id = ANY(CAST(:skus AS bigint[])) AND NOT EXISTS (SELECT FROM kit WHERE kit.sku_id = sku.id)
    RETURNING sku_id""")
_PICK = text("""
    SELECT s.sku_id FROM store_sku s LEFT JOIN stock_level level USING (store_id, sku_id)
    WHERE s.store_id = :store AND (:shelf = '' OR starts_with(s.shelf, :shelf))
      AND (NOT :due OR level.count_due) AND NOT EXISTS (SELECT FROM kit WHERE kit.sku_id = s.sku_id)
    ORDER BY s.shelf, s.sku_id LIMIT :most""")
_SCAN = text("""
    WITH open AS (SELECT id FROM stock_count WHERE store_id = :store AND id = :id AND state = 'open' FOR SHARE),
    said AS (SELECT * FROM unnest(CAST(:skus AS bigint[]), CAST(:qtys AS bigint[]), CAST(:ats AS timestamptz[]))
             AS a(sku_id, qty, at))
    INSERT INTO stock_count_scan (store_id, count_id, sku_id, turn, qty, apart, actor, at)
    SELECT :store, open.id, line.sku_id, line.turn, said.qty, coalesce(level.picked + level.quarantine, 0), :actor,
           said.at
    FROM open CROSS JOIN said
    JOIN stock_count_line line ON line.store_id = :store AND line.count_id = open.id AND line.sku_id = said.sku_id
    LEFT JOIN stock_level level ON level.store_id = :store AND level.sku_id = line.sku_id
    RETURNING sku_id""")
_STATE = text("SELECT state FROM stock_count WHERE store_id = :store AND id = :id")
_VARIANCES = text("""
    SELECT line.sku_id, line.turn, s.counted, coalesce(s.apart, 0) AS apart, s.last_at,
           coalesce(level.on_hand, 0) - coalesce(later.qty, 0) AS expected,
           coalesce(level.counted_at >= s.last_at, false) AS superseded,
           coalesce(between_.moves, 0) > 0 OR coalesce(s.restless, false) AS moved
    FROM stock_count_line line
    LEFT JOIN stock_level level ON level.store_id = line.store_id AND level.sku_id = line.sku_id
    LEFT JOIN LATERAL (
        SELECT sum(qty)::bigint AS counted, min(at) AS first_at, max(at) AS last_at,
               (array_agg(apart ORDER BY at DESC, id DESC))[1] AS apart, min(apart) <> max(apart) AS restless
        FROM stock_count_scan s WHERE s.store_id = line.store_id AND s.count_id = line.count_id
          AND s.sku_id = line.sku_id AND s.turn = line.turn) s ON true
    LEFT JOIN LATERAL (
        SELECT sum(qty)::bigint AS qty FROM stock_movement m WHERE m.store_id = line.store_id
          AND m.sku_id = line.sku_id AND m.at > s.last_at AND m.key NOT LIKE 'count:%') later ON true
    LEFT JOIN LATERAL (
        SELECT count(*) AS moves FROM stock_movement m WHERE m.store_id = line.store_id AND m.sku_id = line.sku_id
          AND m.at > s.first_at AND m.at <= s.last_at AND m.key NOT LIKE 'count:%') between_ ON true
    WHERE line.store_id = :store AND line.count_id = :id ORDER BY line.sku_id""")
_AGAIN = text("""
    UPDATE stock_count_line SET turn = 2 WHERE store_id = :store AND count_id = :id AND turn = 1
      AND sku_id = ANY(CAST(:skus AS bigint[])) RETURNING sku_id""")
_RESULT = text("""
    WITH found AS (SELECT * FROM unnest(CAST(:skus AS bigint[]), CAST(:expected AS bigint[]),
                       CAST(:counted AS bigint[]), CAST(:superseded AS boolean[]))
                   AS f(sku_id, expected, counted, superseded))
    UPDATE stock_count_line line SET expected = found.expected, counted = found.counted,
        variance = found.counted - found.expected, superseded = found.superseded
    FROM found WHERE line.store_id = :store AND line.count_id = :id AND line.sku_id = found.sku_id""")
_MORE = text("""
    WITH found AS (SELECT * FROM unnest(CAST(:skus AS bigint[]), CAST(:qtys AS bigint[])) AS f(sku_id, qty)),
    noted AS (INSERT INTO stock_movement (store_id, sku_id, qty, key, actor, at)
              SELECT :store, sku_id, qty, :key, :actor, :now FROM found)
    UPDATE stock_level level SET on_hand = level.on_hand + found.qty FROM found
    WHERE level.store_id = :store AND level.sku_id = found.sku_id""")
_COUNTED = text("""
    UPDATE stock_level level SET counted_at = greatest(level.counted_at, last.at)
    FROM (SELECT s.sku_id, max(s.at) AS at FROM stock_count_scan s WHERE s.store_id = :store AND s.count_id = :id
          GROUP BY 1) last
    WHERE level.store_id = :store AND level.sku_id = last.sku_id AND last.sku_id = ANY(CAST(:skus AS bigint[]))""")


def choose(session: Session, store_id: int, *, shelf: str = "", due: bool = False, most: int = 2_000) -> list[int]:
    """The skus of a store whose shelf begins so, or whose count is due, by shelf; never kits."""
    given = {"store": store_id, "shelf": shelf, "due": due, "most": most}
    return [row.sku_id for row in fetch(session, _PICK, given)]


def open_count(
    session: Session,
    store_id: int,
    sku_ids: Sequence[int],
    *,
    name: str = "",
    recount_above: int = 3,
    actor: str,
    now: datetime,
) -> int:
    """Begin to count some skus, noting what is on hand now; returns the count.  The shop goes on selling.

    :param recount_above: a variance of more units than this is counted twice before it is believed.
    :raises NotFound: there is no such store, or no such skus to count (kits have no stock).
    """
    assert sku_ids, "a count counts something"
    made = first(session, _OPEN, {"store": store_id, "name": name, "above": recount_above, "actor": actor, "now": now})
    if made is None:
        raise NotFound(store_id=store_id)
    wanted = sorted(set(sku_ids))
    there = {row.sku_id for row in fetch(session, _LINES, {"store": store_id, "id": made.id, "skus": wanted})}
    if missing := sorted(set(wanted) - there):
        raise NotFound(sku_ids=missing)
    told_of = {"store_id": store_id, "paper_id": made.id, "skus": len(wanted)}
    journal.record(session, "count.opened", f"count:{store_id}:{made.id}", actor=actor, now=now, **told_of)
    return int(made.id)


def scan(
    session: Session, store_id: int, count_id: int, said: Sequence[tuple[int, int, datetime]], *, actor: str
) -> None:
    """Note what was counted: (sku, units on the shelf, when) each; several of one sku add up.

    :raises NotInCount, WrongState, NotFound: nothing was noted.
    """
    skus = [sku for sku, _, _ in said]
    given = {"store": store_id, "id": count_id, "skus": skus, "qtys": [qty for _, qty, _ in said], "actor": actor}
    noted = {row.sku_id for row in fetch(session, _SCAN, {**given, "ats": [at for _, _, at in said]})}
    if unknown := sorted(set(skus) - noted):
        state = first(session, _STATE, given)
        if state is None:
            raise NotFound(id=count_id)
        if state.state != "open":
            raise WrongState(id=count_id, state=state.state, event="scan")
        raise NotInCount(sku_ids=unknown)


def variances(session: Session, store_id: int, count_id: int, *, recount_above: int) -> list[Variance]:
    """What an open count has found so far, by sku; for whoever may see what is expected."""
    found = []
    for row in fetch(session, _VARIANCES, {"store": store_id, "id": count_id}):
        if row.counted is None:
            found.append(Variance(row.sku_id, row.turn, None, None, 0))
            continue
        one = Variance(row.sku_id, row.turn, row.counted + row.apart, row.expected, row.apart, row.superseded)
        doubtful = row.turn == 1 and not row.superseded and (abs(one.variance) > recount_above or row.moved)
        found.append(replace(one, again=doubtful))
    return found


def count_again(session: Session, store_id: int, count_id: int, sku_ids: Sequence[int]) -> list[int]:
    """Ask for a second turn of these skus; what was scanned of them counts no more.  Returns those that change."""
    given = {"store": store_id, "id": count_id, "skus": sorted(set(sku_ids))}
    state = first(session, _STATE, given)
    if state is None:
        raise NotFound(id=count_id)
    if state.state != "open":
        raise WrongState(id=count_id, state=state.state, event="count_again")
    return sorted(row.sku_id for row in fetch(session, _AGAIN, given))


def post(
    session: Session, store_id: int, count_id: int, *, leave_uncounted: bool = False, actor: str, now: datetime
) -> list[Broken]:
    """Put the figures right by what was counted, once, as one document; returns what of orders broke by it.

    Every count that was due of these skus is done.  Levels are locked before anything is compared.

    :param leave_uncounted: skus that nobody scanned stay as they are, instead of refusing.
    :raises RecountNeeded: ask for it with `count_again`.
    :raises NotAllCounted, WrongState, NotFound: nothing moved.
    """
    paper = moves.move(session, TABLE, store_id, count_id, "post", actor=actor, now=now)
    skus = [one.sku_id for one in variances(session, store_id, count_id, recount_above=0)]
    arrivals.lock(session, store_id, skus)
    found = variances(session, store_id, count_id, recount_above=paper.recount_above)
    if (left := [one.sku_id for one in found if one.counted is None]) and not leave_uncounted:
        raise NotAllCounted(sku_ids=left)
    if again := [one.sku_id for one in found if one.again]:
        raise RecountNeeded(sku_ids=again)
    counted = [one for one in found if one.counted is not None]
    _write_result(session, store_id, count_id, counted)
    return _put_right(session, store_id, count_id, [one for one in counted if not one.superseded], actor, now)


def abandon(session: Session, store_id: int, count_id: int, *, actor: str, now: datetime) -> None:
    """Give a count up; no figure changes.  :raises WrongState, NotFound: it is over, or there is none."""
    moves.move(session, TABLE, store_id, count_id, "abandon", actor=actor, now=now)


def _write_result(session: Session, store_id: int, count_id: int, counted: Sequence[Variance]) -> None:
    given: dict[str, Any] = {"store": store_id, "id": count_id, "skus": [one.sku_id for one in counted]}
    given |= {"expected": [one.expected for one in counted], "counted": [one.counted for one in counted]}
    fetch(session, _RESULT, {**given, "superseded": [one.superseded for one in counted]})


def _put_right(
    session: Session, store_id: int, count_id: int, counted: Sequence[Variance], actor: str, now: datetime
) -> list[Broken]:
    more = {one.sku_id: one.variance for one in counted if one.variance > 0}
    less = {one.sku_id: -one.variance for one in counted if one.variance < 0}
    by: dict[str, Any] = {"key": f"count:{count_id}", "actor": actor, "now": now}
    if more:
        given = {"store": store_id, "skus": sorted(more), "qtys": [more[sku] for sku in sorted(more)]}
        fetch(session, _MORE, {**given, **by})
    broken = facts.lost(session, store_id, less, **by) if less else []
    skus = [one.sku_id for one in counted]
    count_due.clear(session, store_id, skus)
    fetch(session, _COUNTED, {"store": store_id, "id": count_id, "skus": skus})
    told.changed(session, store_id, skus, cause="counted", actor=actor, now=now, key=by["key"])
    return broken


def reveal(found: Sequence[Variance]) -> list[Mapping[str, Any]]:
    """Variances as JSON, for whoever may see them."""
    return [
        {
            "sku_id": one.sku_id,
            "turn": one.turn,
            "counted": one.counted,
            "expected": one.expected,
            "apart": one.apart,
            "variance": one.variance if one.counted is not None else None,
            "superseded": one.superseded,
            "again": one.again,
        }
        for one in found
    ]
