"""The nights' runs for whoever watches over them: what is served, how it was judged, what it is worth."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch
from config.errors import Refused
from recommend import lists
from trade.stores.staff import StaffCard

KEPT = 400


class NoVersionBefore(Refused):
    """There are no lists of an earlier run any more; the next run makes new ones."""

    code, status = "no_version_before", 409


_PUT = text("""
    INSERT INTO recommend_run
        (version, at, took_ms, lines, members, products, stores, asked, ndcg, counting, low, shown)
    VALUES (:version, :now, :took_ms, :lines, :members, :products, :stores, :asked, :ndcg, :counting, :low, :shown)
    ON CONFLICT (version) DO NOTHING""")
_FORGET = text("DELETE FROM recommend_run WHERE id <= (SELECT max(id) FROM recommend_run) - :kept")
_LISTED = text("""
    SELECT version, at, took_ms, lines, members, products, stores, asked, ndcg, counting, low, shown
    FROM recommend_run ORDER BY id DESC LIMIT :most""")


def note(session: Session, run: dict[str, Any], *, now: datetime) -> None:
    """Keep what a run made, and of the last KEPT.  In a transaction."""
    fetch(session, _PUT, {**run, "now": now})
    fetch(session, _FORGET, {"kept": KEPT})


def listed(session: Session, *, most: int = 30) -> dict[str, Any]:
    """`live`, the version that is served ("" for none), and the newest `runs` with their figures."""
    rows = fetch(session, _LISTED, {"most": most})
    return {"live": lists.find(store_id=0).version, "runs": [row._asdict() for row in rows]}


def go_back(session: Session, by: StaffCard, *, now: datetime) -> str:
    """Serve the lists of the run before; which version that is.  Once more serves the newer ones again.

    In a transaction, which keeps who did it.  :raises NoVersionBefore:
    """
    version = lists.go_back()
    if version is None:
        raise NoVersionBefore()
    journal.record(session, "recommend.went_back", f"recommend:{version}", actor=by.actor, now=now, version=version)
    return version


_LIFT = text("""
    WITH seen AS (
        SELECT member_id, CASE WHEN model = 'held out' THEN 'held_out' ELSE 'shown' END AS side, product_id,
               min(at) AS at, count(*) AS times
        FROM behaviour_event
        WHERE day BETWEEN :first AND :last AND kind = 'product_impression' AND slot LIKE 'recommend.%'
          AND member_id IS NOT NULL AND model <> 'popular'
        GROUP BY 1, 2, 3),
    bought AS (
        SELECT e.member_id, (line->>0)::bigint AS product_id, e.at
        FROM behaviour_event e CROSS JOIN LATERAL jsonb_array_elements(e.data->'lines') line
        WHERE e.day BETWEEN :first AND :until AND e.kind IN ('order_paid', 'till_sale') AND e.member_id IS NOT NULL)
    SELECT seen.side, count(DISTINCT seen.member_id) AS members, sum(seen.times)::bigint AS shown,
           count(DISTINCT (seen.member_id, seen.product_id)) FILTER (WHERE hit.at IS NOT NULL) AS bought,
           count(DISTINCT seen.member_id) FILTER (WHERE hit.at IS NOT NULL) AS buyers
    FROM seen LEFT JOIN LATERAL (
        SELECT min(b.at) AS at FROM bought b WHERE b.member_id = seen.member_id AND b.product_id = seen.product_id
            AND b.at >= seen.at AND b.at < seen.at + interval '7 days') hit ON true
    GROUP BY 1 ORDER BY 1""")


def lift(session: Session, first: date, last: date) -> list[dict[str, Any]]:
    """What recommending is worth: per side (`held_out`, `shown`) members, impressions, products bought within 7 days
    of being shown, in the mall or at a till, and their buyers.  Business days; members only."""
    given = {"first": first, "last": last, "until": last + timedelta(days=8)}
    return [row._asdict() for row in fetch(session, _LIFT, given)]
