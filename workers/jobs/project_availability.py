"""Stock moved: the figures of the mall and of the sales channels follow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from config import clock, journal
from config.db import open_session, transaction
from trade.stock import availability
from trade.stock.channels import figures


def run(ids: Sequence[int], new_session: Callable[[], Session] = open_session) -> int:
    """Recompute what the given journal rows touched and mark them done; returns how many skus.

    On queue `effects`, about 100 rows a job.  Safe to run twice and in two workers at once: the figures come
    from the table.  The projection is written before the commit, so a crash repeats it.
    """
    with new_session() as session, transaction(session):
        rows = journal.take(session, ids)
        touched: dict[int, set[int]] = defaultdict(set)
        for row in rows:
            touched[row.data["store_id"]].update(row.data["sku_ids"] or ())
        done = sum(availability.project(session, store_id, skus) for store_id, skus in sorted(touched.items()))
        if rows:
            figures.follow(session, touched, since=min(row.at for row in rows), now=clock.now())
        journal.finish(session, [row.id for row in rows], now=clock.now())
    return done
