"""Whose customer a member is: guides they are bound to, and codes they scanned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, Refused
from trade.settlement.credits.rules import Rule, Source

HEAD_OFFICE = 0


class OwnGuide(Refused):
    """Nobody is their own guide: the member is this colleague."""

    code = "own_guide"


_GUIDE = text("SELECT id, store_id FROM staff WHERE id = :staff AND active AND store_id IS NOT NULL")
_SELF = text("""
    SELECT 1 AS yes FROM staff s JOIN identity i ON i.kind = 'phone' AND i.fingerprint = s.phone_print
    WHERE s.id = :staff AND i.member_id = :member""")
_BIND = text("""
    WITH before AS (UPDATE guide_binding SET ended_at = :now WHERE member_id = :member AND ended_at IS NULL
        AND staff_id <> :staff RETURNING member_id)
    INSERT INTO guide_binding (member_id, bound_at, staff_id, actor)
    SELECT :member, :now, :staff, :actor FROM (SELECT count(*) FROM before) AS ended
    WHERE NOT EXISTS (SELECT FROM guide_binding WHERE member_id = :member AND ended_at IS NULL AND staff_id = :staff)
    RETURNING staff_id""")
_ONE = text("SELECT id FROM member WHERE id = :member FOR NO KEY UPDATE")
_VISIT = text("""
    INSERT INTO scene_visit (member_id, at, store_id, staff_id) SELECT :member, :now, id, :staff FROM store
    WHERE id = :store ON CONFLICT (member_id, at) DO NOTHING RETURNING store_id""")


def bind(
    session: Session, member_id: int, staff_id: int, *, of_store: int | None = None, actor: str, now: datetime
) -> bool:
    """A member is this guide's customer from now on; False when they are already.

    The member's row is locked, so of two at once one follows the other.

    :param of_store: the guide must be of this store; None is any.
    :raises NotFound: there is no such member, or no such guide.  :raises OwnGuide: they are one person.
    """
    key = {"member": member_id, "staff": staff_id, "actor": actor, "now": now}
    member, guide = first(session, _ONE, key), first(session, _GUIDE, key)
    if member is None or guide is None or of_store not in (None, guide.store_id):
        raise NotFound(member_id=member_id, staff_id=staff_id)
    if first(session, _SELF, key) is not None:
        raise OwnGuide(member_id=member_id, staff_id=staff_id)
    if first(session, _BIND, key) is None:
        return False
    facts = {"member_id": member_id, "staff_id": staff_id}
    journal.record(session, "member.guide_bound", f"member:{member_id}", actor=actor, now=now, **facts)
    return True


def scanned(session: Session, member_id: int, store_id: int, *, staff_id: int | None, now: datetime) -> bool:
    """A member scanned the code of a store, or of a guide of it; False when they are that guide: then it counts not.

    :raises NotFound: there is no such store, or the guide is not of it.
    """
    if staff_id is not None:
        guide = first(session, _GUIDE, {"staff": staff_id})
        if guide is None or guide.store_id != store_id:
            raise NotFound(staff_id=staff_id)
        if first(session, _SELF, {"staff": staff_id, "member": member_id}) is not None:
            return False
    given = {"member": member_id, "store": store_id, "staff": staff_id, "now": now}
    if first(session, _VISIT, given) is None:
        raise NotFound(store_id=store_id)
    return True


_FOLLOW = (
    text("""UPDATE guide_binding b SET ended_at = :now WHERE member_id = :source AND ended_at IS NULL AND EXISTS (
        SELECT FROM guide_binding i WHERE i.member_id = :into AND i.ended_at IS NULL)"""),
    text("""UPDATE guide_binding b SET member_id = :into WHERE member_id = :source AND NOT EXISTS (
        SELECT FROM guide_binding i WHERE i.member_id = :into AND i.bound_at = b.bound_at)"""),
    text("""UPDATE scene_visit v SET member_id = :into WHERE member_id = :source AND NOT EXISTS (
        SELECT FROM scene_visit i WHERE i.member_id = :into AND i.at = v.at)"""),
)


def follow_merge(session: Session, source_id: int, into_id: int, *, now: datetime) -> None:
    """Two members became one: codes and guides are of the one who stays, whose own guide goes before the other's.

    What was paid before keeps the shares it has; an undone merge leaves them with the one who stayed.
    """
    for statement in _FOLLOW:
        fetch(session, statement, {"source": source_id, "into": into_id, "now": now})


@dataclass(frozen=True, slots=True)
class Owner:
    """Who the customer of an order belongs to, and why: `role` is the source that found it."""

    role: str
    store_id: int
    staff_id: int | None
    why: str


_FACTS = text("""
    SELECT o.store_id, o.id AS order_id, o.channel, o.staff_id, m.home_store_id, scene.store_id AS scene_store_id,
           scene.staff_id AS scene_staff_id, scene.at AS scene_at, guide.staff_id AS guide_id,
           guide.store_id AS guide_store_id, guide.bound_at
    FROM sale_order o LEFT JOIN member m ON m.id = o.member_id
    LEFT JOIN LATERAL (SELECT * FROM scene_visit v WHERE v.member_id = o.member_id AND v.at <= o.paid_at
        AND v.at > CAST(:since AS timestamptz) ORDER BY v.at DESC LIMIT 1) scene ON true
    LEFT JOIN LATERAL (SELECT b.staff_id, b.bound_at, s.store_id FROM guide_binding b JOIN staff s ON s.id = b.staff_id
        WHERE b.member_id = o.member_id AND b.bound_at <= o.paid_at AND (b.ended_at IS NULL OR b.ended_at > o.paid_at)
        ORDER BY b.bound_at DESC LIMIT 1) guide ON true
    WHERE o.store_id = :store AND o.id = :order""")


def of_order(session: Session, store_id: int, order_id: int, rule: Rule, *, paid_at: datetime) -> Owner:
    """The owner of an order's customer as things stood when it was paid; one statement."""
    since = paid_at - timedelta(days=rule.scene_days)
    row = fetch(session, _FACTS, {"store": store_id, "order": order_id, "since": since})[0]
    return find(row, rule)


def find(row: Any, rule: Rule) -> Owner:
    """The first source of the rule that knows somebody.  Pure.

    At the counter the customer stands before a cashier: the bound guide is asked first, then it is the cashier's.
    """
    guide = Owner("guide", row.guide_store_id, row.guide_id, "bound") if row.guide_id else None
    if row.channel == "till":
        return guide or Owner("scene", row.store_id, row.staff_id, "cashier")
    known: dict[str, Owner | None] = {
        Source.SCENE: Owner("scene", row.scene_store_id, row.scene_staff_id, "scanned") if row.scene_store_id else None,
        Source.GUIDE: guide,
        Source.HOME: Owner("home", row.home_store_id, None, "home") if row.home_store_id else None,
        Source.FULFILLING: Owner("fulfilling", row.store_id, None, "nobody_before"),
        Source.HQ: Owner("hq", HEAD_OFFICE, None, "nobody_before"),
    }
    found = (known[source] for source in rule.sources)
    return next((one for one in found if one is not None), Owner("hq", HEAD_OFFICE, None, "nobody_before"))
