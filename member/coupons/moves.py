"""The only writer of a coupon's state, and of its offer's.  Every step is a guarded UPDATE with its history row.

Locks are taken in one order: offers (only where a limit of uses must be counted), then coupons, by id.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, Refused, WrongState
from member.coupons.states import MOVES, TEMPLATE_MOVES

FAULT_GRACE_DAYS = 3


class CouponTaken(Refused):
    """A coupon chosen here is used, locked by another order, or over; `coupons` say which and why."""

    code = "coupon_taken"


class CouponUseLimit(Refused):
    """The offer has been used as often as it may be: by this member, in this store, or today (`limit`)."""

    code = "coupon_use_limit"


_HOLD = text("""
    WITH mine AS (SELECT id FROM coupon WHERE member_id = :member AND id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE),
    moved AS (UPDATE coupon SET state = :target, store_id = :store, order_id = :order, held_at = :now FROM mine
        WHERE coupon.member_id = :member AND coupon.id = mine.id AND coupon.state = 'issued'
          AND coupon.valid_from_at <= :now AND coupon.valid_until_at > :now
        RETURNING coupon.id),
    noted AS (INSERT INTO coupon_event (member_id, coupon_id, event, key, store_id, order_id, actor, at)
        SELECT :member, id, :event, :key, :store, :order, :actor, :now FROM moved)
    SELECT id FROM moved""")
_LOOK = text("""
    SELECT c.id, c.state, c.valid_until_at,
           EXISTS (SELECT FROM coupon_event e WHERE e.coupon_id = c.id AND e.key = :key) AS repeated
    FROM coupon c WHERE c.member_id = :member AND c.id = ANY(:ids) ORDER BY c.id""")
_QUEUE = text("""
    SELECT t.id, t.name, t.zone, t.uses_per_member, t.uses_per_day, t.uses_per_store FROM coupon_template t
    WHERE t.id IN (SELECT template_id FROM coupon WHERE member_id = :member AND id = ANY(:ids))
      AND coalesce(t.uses_per_member, t.uses_per_day, t.uses_per_store) IS NOT NULL
    ORDER BY t.id FOR NO KEY UPDATE""")
_USES = text("""
    SELECT t.id, t.name, count(*) FILTER (WHERE c.member_id = :member) > t.uses_per_member AS member,
           count(*) FILTER (WHERE c.held_at >= date_trunc('day', CAST(:now AS timestamptz) AT TIME ZONE t.zone)
               AT TIME ZONE t.zone) > t.uses_per_day AS day,
           count(*) FILTER (WHERE c.store_id = :store) > t.uses_per_store AS store
    FROM coupon_template t JOIN coupon c ON c.template_id = t.id AND c.state IN ('locked', 'used')
    WHERE t.id = ANY(:templates) GROUP BY t.id ORDER BY t.id""")


def lock(
    session: Session, member_id: int, ids: Sequence[int], *, store_id: int, order_id: int, actor: str, now: datetime
) -> bool:
    """Promise coupons to an order, all or none; False on a repeat.

    :raises CouponTaken, CouponUseLimit: nothing may stay of the transaction.
    """
    return _hold(session, "lock", member_id, ids, store_id, order_id, actor, now)


def use(
    session: Session, member_id: int, ids: Sequence[int], *, store_id: int, order_id: int, actor: str, now: datetime
) -> bool:
    """Use coupons at once (a till sale), all or none; False on a repeat.  Refuses as `lock`."""
    return _hold(session, "use", member_id, ids, store_id, order_id, actor, now)


def _hold(
    session: Session,
    event: str,
    member_id: int,
    ids: Sequence[int],
    store_id: int,
    order_id: int,
    actor: str,
    now: datetime,
) -> bool:
    wanted = sorted(set(ids))
    assert wanted, ids
    given: dict[str, Any] = {"member": member_id, "ids": wanted, "store": store_id, "order": order_id, "now": now}
    limited = fetch(session, _QUEUE, given)
    step = {"event": event, "target": MOVES[event][1].value, "key": f"order:{order_id}:{event}", "actor": actor}
    moved = {row.id for row in fetch(session, _HOLD, {**given, **step})}
    if len(moved) < len(wanted):
        found = {row.id: row for row in fetch(session, _LOOK, {**given, **step})}
        if not moved and found.keys() == set(wanted) and all(row.repeated for row in found.values()):
            return False
        left = [one for one in wanted if one not in moved]
        raise CouponTaken(coupons=[_state_of(one, found.get(one), now) for one in left])
    if limited:
        _count_uses(session, [row.id for row in limited], given)
    return True


def _state_of(coupon_id: int, row: Any | None, now: datetime) -> dict[str, Any]:
    if row is None:
        return {"coupon_id": coupon_id, "state": "unknown"}
    over = row.state == "issued" and row.valid_until_at <= now
    return {"coupon_id": coupon_id, "state": "expired" if over else row.state}


def _count_uses(session: Session, template_ids: list[int], given: dict[str, Any]) -> None:
    """Count locked and used ones after the move; the offers' rows are locked, so no other tab counts beside us."""
    for row in fetch(session, _USES, {**given, "templates": template_ids}):
        for limit in ("member", "store", "day"):
            if getattr(row, limit):
                raise CouponUseLimit(limit=limit, name=row.name)


_OF_ORDER = """SELECT id FROM coupon WHERE member_id = :member AND store_id = :store AND order_id = :order
    AND state = :source ORDER BY id FOR NO KEY UPDATE"""
_NOTED = """noted AS (INSERT INTO coupon_event (member_id, coupon_id, event, key, store_id, order_id, actor, at)
        SELECT :member, id, :event, :key, :store, :order, :actor, :now FROM moved)"""
_POST = text(f"""
    WITH mine AS ({_OF_ORDER}),
    moved AS (UPDATE coupon SET state = :target FROM mine WHERE coupon.member_id = :member AND coupon.id = mine.id
        AND coupon.state = :source RETURNING coupon.id), {_NOTED}
    SELECT id FROM moved""")
_RELEASE = text(f"""
    WITH mine AS ({_OF_ORDER}),
    moved AS (UPDATE coupon SET state = :target, store_id = NULL, order_id = NULL, held_at = NULL FROM mine
        WHERE coupon.member_id = :member AND coupon.id = mine.id AND coupon.state = :source RETURNING coupon.id),
    {_NOTED}
    SELECT id FROM moved""")


def post(session: Session, member_id: int, *, store_id: int, order_id: int, actor: str, now: datetime) -> int:
    """What an order locked is used: it is paid.  Returns how many; 0 on a repeat."""
    return len(fetch(session, _POST, _of_order("post", "locked", member_id, store_id, order_id, actor, now)))


def release(session: Session, member_id: int, *, store_id: int, order_id: int, actor: str, now: datetime) -> int:
    """What an order locked is free again, with the expiry it had: the order ended unpaid.  0 on a repeat."""
    return len(fetch(session, _RELEASE, _of_order("release", "locked", member_id, store_id, order_id, actor, now)))


def _of_order(
    event: str, source: str, member_id: int, store_id: int, order_id: int, actor: str, now: datetime
) -> dict[str, Any]:
    return {
        "event": event,
        "source": source,
        "target": MOVES[event][1].value,
        "key": f"order:{order_id}:{event}",
        "member": member_id,
        "store": store_id,
        "order": order_id,
        "actor": actor,
        "now": now,
    }


_AGAIN = """
    counted AS (INSERT INTO coupon_claim AS own (template_id, member_id, claimed, last_seq)
        SELECT template_id, :holder, 0, count(*) FROM moved GROUP BY template_id ORDER BY template_id
        ON CONFLICT (template_id, member_id) DO UPDATE SET last_seq = own.last_seq + excluded.last_seq
        RETURNING template_id, last_seq),
    made AS (INSERT INTO coupon (member_id, template_id, seq, state, valid_from_at, valid_until_at, reissue_of_id,
            given_by_store_id, given_by_order_id, origin_member_id, claimed_at)
        SELECT :holder, moved.template_id,
            counted.last_seq + 1 - row_number() OVER (PARTITION BY moved.template_id ORDER BY moved.id DESC),
            'issued', moved.valid_from_at, {until}, moved.id, moved.given_by_store_id, moved.given_by_order_id,
            {origin}, :now
        FROM moved JOIN counted ON counted.template_id = moved.template_id
            JOIN coupon_template t ON t.id = moved.template_id
        RETURNING id, reissue_of_id, valid_until_at),
    born AS (INSERT INTO coupon_event (member_id, coupon_id, event, key, store_id, order_id, actor, at)
        SELECT :holder, id, 'reissue', 'reissue', :store, :order, :actor, :now FROM made)
    SELECT id, reissue_of_id, valid_until_at FROM made ORDER BY id"""
_UNTIL_RETURNED = """CASE WHEN t.return_rule = 'grace' OR :fault THEN greatest(moved.valid_until_at,
    (date_trunc('day', CAST(:now AS timestamptz) AT TIME ZONE t.zone)
     + (1 + CASE WHEN :fault THEN greatest(t.grace_days, :least) ELSE t.grace_days END) * interval '1 day')
    AT TIME ZONE t.zone) ELSE moved.valid_until_at END"""
_BACK = text(f"""
    WITH mine AS (SELECT c.id FROM coupon c WHERE c.member_id = :member AND c.store_id = :store AND c.order_id = :order
        AND c.state = 'used' AND (CAST(:ids AS bigint[]) IS NULL OR c.id = ANY(CAST(:ids AS bigint[])))
        AND (:fault OR (SELECT return_rule FROM coupon_template t WHERE t.id = c.template_id) <> 'never')
        ORDER BY c.id FOR NO KEY UPDATE),
    moved AS (UPDATE coupon SET state = 'returned' FROM mine WHERE coupon.member_id = :member AND coupon.id = mine.id
        AND coupon.state = 'used' RETURNING coupon.*), {_NOTED},
    {_AGAIN.format(until=_UNTIL_RETURNED, origin="moved.origin_member_id")}""")


def give_back(
    session: Session,
    member_id: int,
    ids: Sequence[int] | None,
    *,
    store_id: int,
    order_id: int,
    key: str,
    fault: bool,
    actor: str,
    now: datetime,
) -> list[int]:
    """Used coupons of an order (all, or those of `ids`) come back; returns the ids of the new ones.

    The old row stays as RETURNED with its order; a new one that names it is issued, with the old expiry.  Where the
    offer says so it gets its grace days; when the merchant is at `fault`, at least FAULT_GRACE_DAYS, and an offer
    that never gives back gives back too.  A repeat gives none.
    """
    given = _of_order("return", "used", member_id, store_id, order_id, actor, now)
    more = {"key": key, "ids": sorted(ids) if ids is not None else None, "fault": fault, "least": FAULT_GRACE_DAYS}
    return [row.id for row in fetch(session, _BACK, given | more | {"holder": member_id})]


_TRANSFER = text(f"""
    WITH mine AS (SELECT id FROM coupon WHERE member_id = :member AND id = :coupon FOR NO KEY UPDATE),
    moved AS (UPDATE coupon SET state = 'transferred' FROM mine WHERE coupon.member_id = :member
        AND coupon.id = mine.id AND coupon.state = 'issued' AND coupon.valid_until_at > :now RETURNING coupon.*),
    {_NOTED},
    {_AGAIN.format(until="moved.valid_until_at", origin=":holder")}""")


def transfer(session: Session, member_id: int, coupon_id: int, to_member_id: int, *, actor: str, now: datetime) -> int:
    """A member gives a coupon to another; returns the new one's id.  Raises WrongState when it cannot be given."""
    assert member_id != to_member_id, member_id
    given = {
        "member": member_id,
        "coupon": coupon_id,
        "holder": to_member_id,
        "event": "transfer",
        "key": "transfer",
        "store": None,
        "order": None,
        "actor": actor,
        "now": now,
    }
    made = fetch(session, _TRANSFER, given)
    if not made:
        raise WrongState(coupon_id=coupon_id, event="transfer")
    return int(made[0].id)


_STEP = text(f"""
    WITH mine AS (SELECT id FROM coupon WHERE member_id = :member AND id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE),
    moved AS (UPDATE coupon SET state = :target FROM mine WHERE coupon.member_id = :member AND coupon.id = mine.id
        AND coupon.state = ANY(:sources)
        AND NOT EXISTS (SELECT FROM coupon_event e WHERE e.coupon_id = coupon.id AND e.key = :key)
        RETURNING coupon.id), {_NOTED}
    SELECT id FROM moved""")


def step(
    session: Session, event: str, member_id: int, ids: Sequence[int], *, key: str, actor: str, now: datetime
) -> int:
    """`void`, `freeze` or `thaw` coupons of a member; returns how many moved.  One that stands elsewhere stays."""
    assert event in ("void", "freeze", "thaw"), event
    sources, target = MOVES[event]
    given = {
        "member": member_id,
        "ids": sorted(ids),
        "sources": sorted(sources),
        "target": target.value,
        "event": event,
        "key": key,
        "store": None,
        "order": None,
        "actor": actor,
        "now": now,
    }
    return len(fetch(session, _STEP, given))


_EXPIRE = text("""
    WITH due AS (SELECT member_id, id FROM coupon WHERE state = 'issued' AND valid_until_at <= :now
        ORDER BY member_id, id LIMIT :most FOR NO KEY UPDATE SKIP LOCKED),
    moved AS (UPDATE coupon SET state = 'expired' FROM due WHERE coupon.member_id = due.member_id
        AND coupon.id = due.id AND coupon.state = 'issued' RETURNING coupon.member_id, coupon.id),
    noted AS (INSERT INTO coupon_event (member_id, coupon_id, event, key, actor, at)
        SELECT member_id, id, 'expire', 'expire', 'clock', :now FROM moved)
    SELECT id FROM moved""")


def expire_due(session: Session, *, now: datetime, most: int) -> int:
    """Coupons whose time is over, at most `most`; returns how many.  Safe in two workers at once."""
    return len(fetch(session, _EXPIRE, {"now": now, "most": most}))


_TEMPLATE = text("UPDATE coupon_template SET state = :target WHERE id = :id AND state = ANY(:sources) RETURNING id")
_STANDS = text("SELECT state FROM coupon_template WHERE id = :id")


def move_template(session: Session, template_id: int, event: str, *, actor: str, now: datetime) -> None:
    """`publish`, `pause`, `resume` or `end` an offer; raises WrongState or NotFound."""
    sources, target = TEMPLATE_MOVES[event]
    given = {"id": template_id, "target": target.value, "sources": sorted(sources)}
    if first(session, _TEMPLATE, given) is None:
        found = first(session, _STANDS, given)
        if found is None:
            raise NotFound(template_id=template_id)
        raise WrongState(template_id=template_id, state=found.state, event=event)
    journal.record(session, f"coupon_template.{event}", f"coupon_template:{template_id}", actor=actor, now=now)


__all__ = [
    "CouponTaken", "CouponUseLimit", "expire_due", "give_back", "lock", "move_template", "post",
    "release", "step", "transfer", "use",
]  # fmt: skip
