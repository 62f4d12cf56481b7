"""The only writer of a promotion's state, of its versions and of the book's version.

Every step is guarded in its UPDATE and has its journal row.  Locks: the promotion, then the book (row 0).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, Refused, WrongState
from trade.pricing.promotions import book
from trade.pricing.promotions.drafts import Draft, PromotionNotSound, understood
from trade.pricing.promotions.states import MOVES, Scope
from trade.pricing.rules import rule_as_json


class NothingToPublish(Refused):
    """There is no draft that differs from what is published."""

    code = "nothing_to_publish"


_MAKE = text("""
    INSERT INTO promotion (name, kind, state, draft, created_by, created_at, changed_at)
    VALUES (:name, :kind, 'draft', CAST(:draft AS jsonb), :actor, :now, :now) RETURNING id""")
_EDIT = text("""
    UPDATE promotion SET draft = CAST(:draft AS jsonb), changed_at = :now,
        name = CASE WHEN version = 0 THEN :name ELSE name END, kind = CASE WHEN version = 0 THEN :kind ELSE kind END
    WHERE id = :id AND state <> 'ended' AND (version = 0 OR kind = :kind) RETURNING id""")
_UNKNOWN = text("""
    SELECT EXISTS (SELECT FROM unnest(CAST(:skus AS bigint[])) AS a(id) WHERE NOT EXISTS
               (SELECT FROM sku WHERE sku.id = a.id)) AS sku,
           EXISTS (SELECT FROM unnest(CAST(:categories AS bigint[])) AS a(id) WHERE NOT EXISTS
               (SELECT FROM category WHERE category.id = a.id)) AS category,
           EXISTS (SELECT FROM unnest(CAST(:stores AS bigint[])) AS a(id) WHERE NOT EXISTS
               (SELECT FROM store WHERE store.id = a.id)) AS store,
           EXISTS (SELECT FROM unnest(CAST(:segments AS bigint[])) AS a(id) WHERE NOT EXISTS
               (SELECT FROM segment WHERE segment.id = a.id AND segment.kept)) AS segment""")


def draft(session: Session, form: Draft, *, actor: str, now: datetime) -> int:
    """Write a promotion that nobody gets yet; returns its id.

    :raises PromotionNotSound: it names a sku, category, store or segment that is none.
    """
    _check_names(session, form)
    promotion_id = int(fetch(session, _MAKE, _written(form) | {"actor": actor, "now": now})[0].id)
    _tell(session, promotion_id, "drafted", actor, now)
    return promotion_id


def edit(session: Session, promotion_id: int, form: Draft, *, actor: str, now: datetime) -> None:
    """Write what the next version will be; what is published stays as it is.  A published one keeps its kind.

    :raises PromotionNotSound: as `draft`.
    :raises WrongState, NotFound: it is over, or there is none.
    """
    _check_names(session, form)
    if first(session, _EDIT, _written(form) | {"id": promotion_id, "now": now}) is None:
        _refuse(session, promotion_id, "edit", form)
    _tell(session, promotion_id, "edited", actor, now)


def _written(form: Draft) -> dict[str, Any]:
    return {"draft": form.model_dump_json(), "name": form.name, "kind": str(form.kind)}


def _check_names(session: Session, form: Draft) -> None:
    include, exclude = form.scope.include, form.scope.exclude
    skus = {*form.prices, *(sku for sku, _ in (*form.parts, *form.gifts)), *include.skus, *exclude.skus}
    given = {
        "skus": sorted(skus),
        "categories": [*include.categories, *exclude.categories],
        "stores": form.store_ids,
        "segments": form.segment_ids,
    }
    unknown = first(session, _UNKNOWN, given)
    fields = {kind: f"unknown_{kind}" for kind in ("sku", "category", "store", "segment") if getattr(unknown, kind)}
    if fields:
        raise PromotionNotSound(fields=fields)


_STANDS = text("SELECT state, version, kind FROM promotion WHERE id = :id")


def _refuse(session: Session, promotion_id: int, event: str, form: Draft | None = None) -> None:
    found = first(session, _STANDS, {"id": promotion_id})
    if found is None:
        raise NotFound(promotion_id=promotion_id)
    if form is not None and found.version and found.kind != form.kind:
        raise PromotionNotSound(fields={"kind": "not_of_this_kind"})
    raise WrongState(promotion_id=promotion_id, state=found.state, event=event)


_MOVE = text(
    "UPDATE promotion SET state = :target, changed_at = :now WHERE id = :id AND state = ANY(:from) RETURNING id"
)
_BUMP = text("""
    INSERT INTO promotion_book AS b (store_id, version) VALUES (0, 1)
    ON CONFLICT (store_id) DO UPDATE SET version = b.version + 1 RETURNING version""")


def move(session: Session, promotion_id: int, event: str, *, actor: str, now: datetime) -> int:
    """`pause`, `resume` or `end` a promotion; returns the book's new version.  Raises WrongState or NotFound.

    In force in this process at once, in others within `book.FRESH_S` seconds.
    """
    assert event != "publish", event
    sources, target = MOVES[event]
    if first(session, _MOVE, {"id": promotion_id, "target": target, "from": sorted(sources), "now": now}) is None:
        _refuse(session, promotion_id, event)
    return _bump(session, promotion_id, event, actor, now)


def _bump(session: Session, promotion_id: int, event: str, actor: str, now: datetime, **data: Any) -> int:
    version = int(fetch(session, _BUMP, {})[0].version)
    _tell(session, promotion_id, event, actor, now, book_version=version, **data)
    book.forget()
    return version


def _tell(session: Session, promotion_id: int, what: str, actor: str, now: datetime, **data: Any) -> None:
    journal.record(session, f"promotion.{what}", f"promotion:{promotion_id}", actor=actor, now=now, **data)


_PUBLISH = text("""
    WITH was AS (SELECT id, draft FROM promotion WHERE id = :id FOR NO KEY UPDATE)
    UPDATE promotion p SET state = :target, version = p.version + 1, draft = NULL, name = was.draft ->> 'name',
        changed_at = :now
    FROM was WHERE p.id = was.id AND p.state = ANY(:from) AND was.draft IS NOT NULL
    RETURNING p.version, was.draft""")
_VERSION = text("""
    INSERT INTO promotion_version (promotion_id, version, body, zone, from_at, until_at, total_units, member_units,
        day_units, store_units, budget_fen, hq_bp, store_bp, supplier_bp, book_version, published_by, published_at)
    VALUES (:id, :version, CAST(:body AS jsonb), :zone, :from_at, :until_at, :total_units, :member_units, :day_units,
        :store_units, :budget_fen, :hq_bp, :store_bp, :supplier_bp, :book_version, :actor, :now)""")


def publish(session: Session, promotion_id: int, *, actor: str, now: datetime) -> int:
    """Make the draft the promotion's next version, never to be changed; returns its number.

    It is in force from the moment it says; until then the version before it is.  What older versions sold counts for
    quotas that are new in it.

    :raises NothingToPublish, WrongState, NotFound: nothing was published.
    :raises PromotionNotSound: the draft names something that is gone by now, or is over already.
    """
    sources, target = MOVES["publish"]
    row = first(session, _PUBLISH, {"id": promotion_id, "target": target, "from": sorted(sources), "now": now})
    if row is None:
        found = first(session, _STANDS, {"id": promotion_id})
        if found is not None and found.state in sources:
            raise NothingToPublish(promotion_id=promotion_id)
        _refuse(session, promotion_id, "publish")
    assert row is not None
    form = understood(row.draft)
    _check_names(session, form)
    if form.until_at <= now:
        raise PromotionNotSound(fields={"ends": "ends_before_it_starts"})
    book_version = _bump(session, promotion_id, "published", actor, now, version=row.version)
    body = json.dumps(rule_as_json(form.as_rule(promotion_id, row.version)), ensure_ascii=False)
    window = {"from_at": form.from_at, "until_at": form.until_at, "zone": form.zone, "body": body}
    given = {"id": promotion_id, "version": row.version, "book_version": book_version, "actor": actor, "now": now}
    fetch(session, _VERSION, given | window | form.quotas.model_dump() | form.funding.model_dump())
    limited = {scope for scope in Scope if getattr(form.quotas, f"{scope}_units") is not None}
    if form.quotas.budget_fen is not None:
        limited.add(Scope.TOTAL)
    if limited:
        fetch(session, _CATCH_UP, {"id": promotion_id, "scopes": sorted(limited)})
    return int(row.version)


_CATCH_UP = text("""
    WITH missed AS (SELECT store_id, order_id, array(SELECT s FROM unnest(CAST(:scopes AS text[])) s
            WHERE NOT s = ANY(scopes) AND (s <> 'member' OR member_id IS NOT NULL)) AS more
        FROM promotion_use WHERE promotion_id = :id),
    told AS (UPDATE promotion_use u SET scopes = u.scopes || missed.more FROM missed
        WHERE u.store_id = missed.store_id AND u.order_id = missed.order_id AND u.promotion_id = :id
          AND cardinality(missed.more) > 0
        RETURNING u.*, missed.more)
    INSERT INTO promotion_count AS c (promotion_id, scope, key, units, fen)
    SELECT :id, s.scope, CASE s.scope WHEN 'member' THEN member_id WHEN 'day' THEN day WHEN 'store' THEN store_id ELSE 0
               END AS key, sum(units - back_units)::bigint, sum(off_fen - back_fen)::bigint
    FROM told CROSS JOIN LATERAL unnest(told.more) AS s(scope) GROUP BY 2, 3 ORDER BY 2, 3
    ON CONFLICT (promotion_id, scope, key) DO UPDATE SET units = c.units + excluded.units,
        fen = c.fen + excluded.fen, most_units = NULL, most_fen = NULL""")
"""All quotas in one statement, uses before counts: that is the order in which an order gives back."""

_SETTLE = text("""
    UPDATE promotion_book SET mode = :mode, member_and_flash = :member_and_flash, stacking = CAST(:stacking AS jsonb)
    WHERE store_id = 0""")
_STORE_MODE = text("""
    INSERT INTO promotion_book (store_id, mode) SELECT id, :mode FROM store WHERE id = :store
    ON CONFLICT (store_id) DO UPDATE SET mode = excluded.mode RETURNING store_id""")
_NO_STORE_MODE = text("DELETE FROM promotion_book WHERE store_id = :store AND store_id <> 0")


def settle(
    session: Session,
    *,
    mode: str,
    member_and_flash: str,
    stacking: Sequence[tuple[str, str]] | None,
    actor: str,
    now: datetime,
) -> int:
    """How promotions go together in the whole chain: returns the book's new version.

    :param mode: `best` searches the lowest price, `fixed` keeps the order of phases and priorities.
    :param stacking: excluded pairs (class of the goods, later deduction); None is the default table.
    """
    version = int(fetch(session, _BUMP, {})[0].version)
    pairs = None if stacking is None else json.dumps(sorted(set(stacking)))
    fetch(session, _SETTLE, {"mode": mode, "member_and_flash": member_and_flash, "stacking": pairs})
    data = {"mode": mode, "member_and_flash": member_and_flash, "stacking": pairs, "book_version": version}
    journal.record(session, "promotion.settled", "promotion_book:0", actor=actor, now=now, **data)
    book.forget()
    return version


_CASH_ROUNDING = text("UPDATE store SET cash_rounding = :mode WHERE id = :store RETURNING id")


def settle_cash_rounding(session: Session, store_id: int, mode: str, *, actor: str, now: datetime) -> int:
    """How a store rounds cash; returns the book's new version, with which every till learns it.  Raises NotFound."""
    if first(session, _CASH_ROUNDING, {"store": store_id, "mode": mode}) is None:
        raise NotFound(store_id=store_id)
    version = int(fetch(session, _BUMP, {})[0].version)
    data = {"mode": mode, "book_version": version}
    journal.record(session, "store.cash_rounding_settled", f"store:{store_id}", actor=actor, now=now, **data)
    book.forget()
    return version


def settle_store(session: Session, store_id: int, mode: str | None, *, actor: str, now: datetime) -> int:
    """One store's own mode, or None to follow the chain; returns the book's new version.  Raises NotFound."""
    version = int(fetch(session, _BUMP, {})[0].version)
    if mode is None:
        fetch(session, _NO_STORE_MODE, {"store": store_id})
    elif first(session, _STORE_MODE, {"store": store_id, "mode": mode}) is None:
        raise NotFound(store_id=store_id)
    subject = f"promotion_book:{store_id}"
    journal.record(session, "promotion.settled", subject, actor=actor, now=now, mode=mode, book_version=version)
    book.forget()
    return version
