"""The counts as SQL: which events or visits make which row, written once and used for counting and recounting alike.

Every `select` reads events as `e` or visits as `moved` (with a `sign`) and yields its keys and figures.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import TextClause, text

from recommend.definitions import ACTIONS, SUCCEEDS_WITHIN

_ACTIONS = ", ".join(f"'{kind}'" for kind in ACTIONS)
_STORE = "coalesce(store_id, 0) AS store_id"


@dataclass(frozen=True, slots=True)
class Shape:
    """One table of counts: what tells its rows apart, what it counts, and from what."""

    table: str
    keys: tuple[str, ...]
    figures: tuple[str, ...]
    select: str


PAGE = Shape(
    "behaviour_page",
    ("day", "store_id", "page"),
    ("views", "leaves", "active_ms"),
    f"""SELECT day, {_STORE}, page, count(*) FILTER (WHERE kind = 'page_view') AS views,
               count(*) FILTER (WHERE kind = 'page_leave') AS leaves,
               coalesce(sum(active_ms) FILTER (WHERE kind = 'page_leave'), 0)::bigint AS active_ms
        FROM e WHERE page IS NOT NULL AND kind IN ('page_view', 'page_leave') GROUP BY 1, 2, 3""",
)
PATH = Shape(
    "behaviour_path",
    ("day", "store_id", "from_page", "page"),
    ("steps",),
    f"""SELECT day, {_STORE}, coalesce(from_page, '') AS from_page, page, count(*) AS steps
        FROM e WHERE page IS NOT NULL AND kind = 'page_view' GROUP BY 1, 2, 3, 4""",
)
SPOT = Shape(
    "behaviour_spot",
    ("day", "store_id", "slot", "position", "product_id", "model"),
    ("shown", "opened", "carted"),
    f"""SELECT day, {_STORE}, slot, coalesce(position, 0) AS position, product_id, coalesce(model, '') AS model,
               count(*) FILTER (WHERE kind = 'product_impression') AS shown,
               count(*) FILTER (WHERE kind = 'product_view') AS opened,
               count(*) FILTER (WHERE kind = 'cart_change' AND qty > 0) AS carted
        FROM e WHERE slot IS NOT NULL AND product_id IS NOT NULL
             AND kind IN ('product_impression', 'product_view', 'cart_change') GROUP BY 1, 2, 3, 4, 5, 6""",
)
KEYWORD = Shape(
    "behaviour_keyword",
    ("day", "store_id", "keyword"),
    ("searches", "empty", "clicks", "rank_sum", "succeeded"),
    f"""SELECT day, {_STORE}, keyword, count(*) FILTER (WHERE rank IS NULL) AS searches,
               count(*) FILTER (WHERE rank IS NULL AND results = 0) AS empty,
               count(*) FILTER (WHERE rank IS NOT NULL) AS clicks, coalesce(sum(rank), 0)::bigint AS rank_sum,
               0::bigint AS succeeded
        FROM e WHERE kind = 'search' AND keyword IS NOT NULL GROUP BY 1, 2, 3""",
)
"""A search with a `rank` is a tap on that result; one without is the search itself."""

BY_EVENT = {"page": PAGE, "path": PATH, "spot": SPOT, "keyword": KEYWORD}

VISIT = (
    "day", "id", "member_id", "began_at", "ended_at", "store_id", "source", "scene", "campaign", "staff_id", "pages",
    "active_ms", "viewed", "carted", "checked_out", "ordered", "converted", "in_store", "found",
)  # fmt: skip
"""The columns of `behaviour_visit`, in their order."""

_BOUGHT = """(SELECT count(*) > 0 FROM behaviour_event o WHERE o.member_id = made.member_id AND o.kind = '{kind}'
    AND o.day BETWEEN made.day AND made.day + 2
    AND o.at BETWEEN made.began_at AND made.ended_at + interval '24 hours')::int::bigint AS {name}"""

VISITS = f"""
    SELECT made.day, made.id, made.member_id, made.began_at, made.ended_at, made.store_id,
           CASE code.kind WHEN 'S' THEN 'store_code' WHEN 'T' THEN 'shelf_code' WHEN 'G' THEN 'guide'
               WHEN 'P' THEN 'product_code' WHEN 'M' THEN 'friend'
               ELSE CASE WHEN made.campaign <> '' THEN 'campaign' WHEN made.scene <> '' THEN 'wechat'
                    ELSE 'direct' END END AS source,
           CASE code.kind WHEN 'M' THEN '' ELSE made.scene END AS scene, made.campaign,
           coalesce(code.staff_id, 0) AS staff_id, made.pages, made.active_ms, made.viewed,
           made.carted, made.checked_out,
           (SELECT count(*) > 0 FROM behaviour_event o WHERE o.member_id = made.member_id AND o.kind = 'order_placed'
            AND o.day BETWEEN made.day AND made.day + 1
            AND o.at BETWEEN made.began_at AND made.ended_at + interval '30 minutes')::int::bigint AS ordered,
           {_BOUGHT.format(kind="order_paid", name="converted")}, {_BOUGHT.format(kind="till_sale", name="in_store")},
           made.found
    FROM (
        SELECT s.day, s.visit_id AS id, max(s.member_id) AS member_id, min(s.at) AS began_at, max(s.at) AS ended_at,
               coalesce((array_agg(s.store_id ORDER BY s.at, s.id) FILTER (WHERE s.store_id IS NOT NULL))[1], 0)
                   AS store_id,
               coalesce((array_agg(s.scene ORDER BY s.at, s.id) FILTER (WHERE s.scene IS NOT NULL))[1], '') AS scene,
               coalesce((array_agg(s.campaign ORDER BY s.at, s.id) FILTER (WHERE s.campaign IS NOT NULL))[1], '')
                   AS campaign,
               count(*) FILTER (WHERE s.kind = 'page_view') AS pages,
               coalesce(sum(s.active_ms) FILTER (WHERE s.kind = 'page_leave'), 0)::bigint AS active_ms,
               bool_or(s.kind = 'product_view')::int::bigint AS viewed,
               coalesce(bool_or(s.kind = 'cart_change' AND s.qty > 0), false)::int::bigint AS carted,
               bool_or(s.kind = 'checkout_step')::int::bigint AS checked_out,
               coalesce(array_agg(coalesce(s.store_id, 0) || ' ' || s.keyword ORDER BY s.at, s.id) FILTER (
                   WHERE s.kind = 'search' AND s.rank IS NULL AND s.keyword IS NOT NULL AND s.soon), '{{}}') AS found
        FROM (SELECT e.*, coalesce(bool_or(e.kind = 'product_view') OVER (
                  PARTITION BY e.day, e.visit_id, (e.kind IN ({_ACTIONS}) AND e.rank IS NULL) ORDER BY e.at, e.id
                  ROWS BETWEEN 1 FOLLOWING AND {SUCCEEDS_WITHIN} FOLLOWING), false) AS soon
              FROM e WHERE e.visit_id IS NOT NULL) AS s
        GROUP BY s.day, s.visit_id) AS made
    LEFT JOIN behaviour_scene code ON code.code = made.scene"""

SOURCE = Shape(
    "behaviour_source",
    ("day", "store_id", "source", "scene", "campaign", "staff_id"),
    ("visits", "pages", "active_ms", "viewed", "carted", "checked_out", "ordered", "converted", "in_store"),
    """SELECT day, store_id, source, scene, campaign, staff_id, sum(sign)::bigint AS visits,
              sum(sign * pages)::bigint AS pages, sum(sign * active_ms)::bigint AS active_ms,
              sum(sign * viewed)::bigint AS viewed, sum(sign * carted)::bigint AS carted,
              sum(sign * checked_out)::bigint AS checked_out, sum(sign * ordered)::bigint AS ordered,
              sum(sign * converted)::bigint AS converted, sum(sign * in_store)::bigint AS in_store
       FROM moved GROUP BY 1, 2, 3, 4, 5, 6""",
)
FOUND = """SELECT day, split_part(word, ' ', 1)::bigint AS store_id, substr(word, strpos(word, ' ') + 1) AS keyword,
                  0::bigint AS searches, 0::bigint AS empty, 0::bigint AS clicks, 0::bigint AS rank_sum,
                  sum(sign)::bigint AS succeeded
           FROM moved CROSS JOIN unnest(found) AS word GROUP BY 1, 2, 3"""
"""Which searches succeeded, as rows of KEYWORD."""


def add(shape: Shape, rows: str) -> str:
    """Move a table's counts by these rows; rows are written in key order, so that two writers cannot deadlock."""
    some = " OR ".join(f"{figure} <> 0" for figure in shape.figures)
    columns = ", ".join((*shape.keys, *shape.figures))
    sums = ", ".join(f"{figure} = {shape.table}.{figure} + excluded.{figure}" for figure in shape.figures)
    return (
        f"INSERT INTO {shape.table} ({columns}) SELECT {columns} FROM ({rows}) AS adding WHERE {some}"
        f" ORDER BY {', '.join(shape.keys)} ON CONFLICT ({', '.join(shape.keys)}) DO UPDATE SET {sums}"
    )


def differ(shape: Shape, rows: str, events: str) -> TextClause:
    """How many keys of the days asked for count otherwise than these rows; a row of zeros is as good as none."""
    keys = ", ".join(shape.keys)
    sums = ", ".join(f"sum({figure})::bigint AS {figure}" for figure in shape.figures)
    less = ", ".join(f"-{figure}" for figure in shape.figures)
    columns = ", ".join((*shape.keys, *shape.figures))
    some = " OR ".join(f"{figure} <> 0" for figure in shape.figures)
    return text(f"""
        WITH {events}, both_ways AS (
            SELECT {columns} FROM ({rows}) AS again
            UNION ALL SELECT {keys}, {less} FROM {shape.table} WHERE day BETWEEN :first AND :last),
        left_over AS (SELECT {keys}, {sums} FROM both_ways GROUP BY {keys})
        SELECT count(*) AS differ FROM left_over WHERE {some}""")
