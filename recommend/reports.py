"""What the counts say, for the head office: paths, pages, places, keywords, sources and the funnel."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch

MOST = 200

_SOURCES = """SELECT source, scene, campaign, staff_id, sum(visits)::bigint AS visits, sum(pages)::bigint AS pages,
    sum(active_ms)::bigint AS active_ms, sum(viewed)::bigint AS viewed, sum(carted)::bigint AS carted,
    sum(checked_out)::bigint AS checked_out, sum(ordered)::bigint AS ordered, sum(converted)::bigint AS converted,
    sum(in_store)::bigint AS in_store FROM behaviour_source WHERE {where} GROUP BY 1, 2, 3, 4
    ORDER BY visits DESC, 1, 2, 3, 4 LIMIT :most"""

_SQL = {
    "pages": """SELECT page, sum(views)::bigint AS views, sum(leaves)::bigint AS leaves,
        sum(active_ms)::bigint AS active_ms FROM behaviour_page WHERE {where}
        GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT :most""",
    "paths": """SELECT from_page, page, sum(steps)::bigint AS steps FROM behaviour_path WHERE {where} GROUP BY 1, 2
        ORDER BY 3 DESC, 1, 2 LIMIT :most""",
    "spots": """SELECT s.slot, s.position, s.product_id, p.name, s.model, s.shown, s.opened, s.carted FROM (
            SELECT slot, position, product_id, model, sum(shown)::bigint AS shown, sum(opened)::bigint AS opened,
                   sum(carted)::bigint AS carted
            FROM behaviour_spot WHERE {where} GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 1, 2, 3, 4 LIMIT :most) s
        LEFT JOIN product p ON p.id = s.product_id ORDER BY s.shown DESC, s.slot, s.position, s.product_id, s.model""",
    "keywords": """SELECT keyword, sum(searches)::bigint AS searches, sum(empty)::bigint AS empty,
        sum(clicks)::bigint AS clicks, sum(rank_sum)::bigint AS rank_sum, sum(succeeded)::bigint AS succeeded
        FROM behaviour_keyword WHERE {where} GROUP BY 1 HAVING sum(searches) + sum(clicks) > 0
        ORDER BY 2 DESC, 1 LIMIT :most""",
    "sources": _SOURCES,
    "funnel": """SELECT coalesce(sum(visits), 0)::bigint AS visits, coalesce(sum(viewed), 0)::bigint AS viewed,
        coalesce(sum(carted), 0)::bigint AS carted, coalesce(sum(checked_out), 0)::bigint AS checked_out,
        coalesce(sum(ordered), 0)::bigint AS ordered, coalesce(sum(converted), 0)::bigint AS converted,
        coalesce(sum(in_store), 0)::bigint AS in_store FROM behaviour_source WHERE {where}""",
}
_ANY, _ONE = "day BETWEEN :first AND :last", "day BETWEEN :first AND :last AND store_id = :store"
_REPORTS = {
    (name, of_store): text(sql.format(where=_ONE if of_store else _ANY))
    for name, sql in _SQL.items()
    for of_store in (False, True)
}
NAMES = tuple(_SQL)


def report(
    session: Session, name: str, first: date, last: date, *, store_id: int | None = None, most: int = MOST
) -> list[dict[str, Any]]:
    """One of NAMES over these business days, of all stores or one, the biggest rows first.

    `pages`: how often seen, how often left, foreground ms.  `paths`: steps from a page ("" where a visit began) to the
    next.  `spots`: a product at a place (slot, position) shown, opened, put into the cart.  `keywords`: searches, those
    that found nothing, taps with the sum of their ranks, and those that led to a product.  `sources` and `funnel`:
    visits and how far they came; what the figures mean is in `definitions.py`.
    """
    given = {"first": first, "last": last, "most": most} | ({"store": store_id} if store_id is not None else {})
    return [row._asdict() for row in fetch(session, _REPORTS[name, store_id is not None], given)]
