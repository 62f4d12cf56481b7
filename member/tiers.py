"""Where each member stands, and the only writer of a tier (members-mall-orders.md 3.3).

A member's tier is the highest of three: what *confirmed* growth gave them, what was *granted* until a date, and,
where the rules say so, what growth on its way would give (*provisional*).

    what happens                                   confirmed     tier
    confirmed growth reaches an entry              up, at once   up
    growth on its way reaches it                   -             up, provisionally
    a refund takes growth on its way               -             down at once, when nothing else holds it
    a refund takes confirmed growth                -             stays until the evaluation
    evaluation: growth at least what keeps         stays         stays, next evaluation 12 months on
    evaluation: less                               -             grace days, one notice; then down by the policy
    a grant ends                                   -             down to what the rest gives
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.clock import months_later
from config.db import fetch, first
from config.errors import NotFound, Refused
from member import growth, tier_rules
from member.growth import Sums
from member.tier_rules import Rules

LONGEST_GRANT = timedelta(days=731)


class BadGrant(Refused):
    """A grant names a tier that exists and an end within two years; `until` is the latest."""

    code, status = "bad_tier_grant", 422


@dataclass(frozen=True, slots=True)
class Standing:
    """Why a member has their tier; `confirmed`, `floor` and `tier` are codes."""

    tier: str
    confirmed: str
    evaluate_at: datetime | None = None
    grace_until: datetime | None = None
    floor: str | None = None
    floor_until: datetime | None = None

    @property
    def due_at(self) -> datetime | None:
        """The next moment at which time alone may change something."""
        moments = [moment for moment in (self.grace_until or self.evaluate_at, self.floor_until) if moment]
        return min(moments, default=None)


def effective(rules: Rules, standing: Standing, sums: Sums, now: datetime) -> str:
    """The tier that a standing and what counts now make."""
    rank = rules.rank(standing.confirmed)
    if standing.floor_until and standing.floor_until > now:
        rank = max(rank, rules.rank(standing.floor))
    if rules.provisional:
        rank = max(rank, rules.reached(sums.total))
    return rules.levels[rank].code


def grown(rules: Rules, standing: Standing, sums: Sums, now: datetime) -> Standing:
    """The standing after growth changed: confirmed growth lifts at once, and nothing here lowers it."""
    reached = rules.reached(sums.ready)
    if reached > rules.rank(standing.confirmed):
        code = rules.levels[reached].code
        standing = replace(standing, confirmed=code, evaluate_at=months_later(now, 12), grace_until=None)
    return replace(standing, tier=effective(rules, standing, sums, now))


def evaluated(rules: Rules, standing: Standing, ready: int) -> Standing:
    """The standing after one evaluation, or after the grace that followed it; `ready` is what counted then.

    `evaluate_at` must be set.  A first failure gives grace where the rules have any; a second one lowers.
    """
    assert standing.evaluate_at is not None, standing
    rank = rules.rank(standing.confirmed)
    moment = standing.grace_until or standing.evaluate_at
    if rank == 0:
        return replace(standing, evaluate_at=None, grace_until=None)
    if ready >= rules.levels[rank].keep_growth:
        return replace(standing, evaluate_at=months_later(standing.evaluate_at, 12), grace_until=None)
    if rules.grace_days and standing.grace_until is None:
        return replace(standing, grace_until=standing.evaluate_at + timedelta(days=rules.grace_days))
    rank = rules.after_failing(rank, ready)
    next_at = months_later(moment, 12) if rank else None
    return replace(standing, confirmed=rules.levels[rank].code, evaluate_at=next_at, grace_until=None)


_LOCK = text("SELECT id FROM member WHERE id = ANY(:members) AND merged_into_id IS NULL ORDER BY id FOR NO KEY UPDATE")
_STAND = text("""
    SELECT m.id, m.tier, s.confirmed, s.evaluate_at, s.grace_until, s.floor, s.floor_until
    FROM member m LEFT JOIN tier_standing s ON s.member_id = m.id WHERE m.id = ANY(:members) ORDER BY m.id""")
_WRITE = text("""
    WITH moved AS (UPDATE member SET tier = :to WHERE id = :member AND tier = :from AND merged_into_id IS NULL
                   RETURNING id),
    stand AS (INSERT INTO tier_standing (member_id, confirmed, evaluate_at, grace_until, floor, floor_until, due_at)
        SELECT id, :confirmed, :evaluate_at, :grace_until, :floor, :floor_until, :due_at FROM moved
        ON CONFLICT (member_id) DO UPDATE SET confirmed = excluded.confirmed, evaluate_at = excluded.evaluate_at,
            grace_until = excluded.grace_until, floor = excluded.floor, floor_until = excluded.floor_until,
            due_at = excluded.due_at),
    change AS (INSERT INTO tier_change (member_id, at, from_tier, to_tier, cause, growth, actor)
        SELECT id, :now, :from, :to, :cause, :growth, :actor FROM moved WHERE :from <> :to),
    told AS (INSERT INTO journal (kind, subject, actor, at, data, tries)
        SELECT 'member.tier_changed', 'member:' || id, :actor, :now, jsonb_build_object('member_id', id,
            'from', CAST(:from AS text), 'to', CAST(:to AS text), 'cause', CAST(:cause AS text),
            'growth', CAST(:growth AS bigint)), 0 FROM moved WHERE :from <> :to)
    SELECT id FROM moved""")


def lock(session: Session, members: Iterable[int]) -> list[int]:
    """Those of the members who are not merged into others, locked in order; before any of their accounts is."""
    return [row.id for row in fetch(session, _LOCK, {"members": sorted(set(members))})]


def standings(session: Session, members: Collection[int]) -> dict[int, Standing]:
    """Where members stand; one who never moved stands on the tier they have."""
    return {
        row.id: Standing(
            row.tier, row.confirmed or row.tier, row.evaluate_at, row.grace_until, row.floor, row.floor_until
        )
        for row in fetch(session, _STAND, {"members": list(members)})
    }


def judge(session: Session, members: Collection[int], *, actor: str, now: datetime) -> int:
    """Give members whose growth changed the tier it makes; returns how many tiers changed.

    Call it with the members' rows locked (`lock`).  A repeat changes nothing.
    """
    if not members:
        return 0
    rules = tier_rules.at(session, now)
    counted = growth.sums(session, members, counted=rules.counted, at=now)
    changed = 0
    for member_id, before in standings(session, members).items():
        sums = counted.get(member_id, Sums())
        after = grown(rules, before, sums, now)
        if after.tier != before.tier and rules.rank(after.tier) < rules.rank(before.tier):
            cause = "refund"
        else:
            cause = "growth" if after.confirmed != before.confirmed else "provisional"
        changed += _write(session, member_id, before, after, cause, sums.total, actor, now)
    return changed


def _write(
    session: Session,
    member_id: int,
    before: Standing,
    after: Standing,
    cause: str,
    count: int,
    actor: str,
    now: datetime,
) -> bool:
    """Write a standing that differs, with its history and its fact; whether the tier changed."""
    if after == before:
        return False
    given: dict[str, Any] = {
        "member": member_id,
        "from": before.tier,
        "to": after.tier,
        "confirmed": after.confirmed,
        "evaluate_at": after.evaluate_at,
        "grace_until": after.grace_until,
        "floor": after.floor,
        "floor_until": after.floor_until,
        "due_at": after.due_at,
        "cause": cause,
        "growth": count,
        "actor": actor,
        "now": now,
    }
    return first(session, _WRITE, given) is not None and before.tier != after.tier


_DUE = text("SELECT member_id FROM tier_standing WHERE due_at <= :now ORDER BY due_at LIMIT :most")


def evaluate_due(session: Session, *, actor: str, now: datetime, most: int) -> int:
    """One step for at most `most` members whose evaluation, grace or grant is over; returns how many took one.

    A late run judges by the moment that was due and not by its own.  Safe in two workers at once: the second waits
    for the member's row and then finds nothing due.
    """
    rules = tier_rules.at(session, now)
    due = [row.member_id for row in fetch(session, _DUE, {"now": now, "most": most})]
    stepped = 0
    for member_id, standing in standings(session, lock(session, due)).items():
        if standing.due_at is not None and standing.due_at <= now:
            _evaluate(session, rules, member_id, standing, actor, now)
            stepped += 1
    return stepped


def _evaluate(session: Session, rules: Rules, member_id: int, before: Standing, actor: str, now: datetime) -> None:
    after, cause = before, "evaluation"
    if before.floor_until and before.floor_until <= now:
        after, cause = replace(after, floor=None, floor_until=None), "grant_ended"
    moment = before.grace_until or before.evaluate_at
    if before.evaluate_at and moment and moment <= now:
        then = growth.sums(session, [member_id], counted=rules.counted, at=before.evaluate_at, until=moment)
        ready = then.get(member_id, Sums()).ready
        after = evaluated(rules, after, ready)
        if after.grace_until and after.grace_until != before.grace_until:
            needs = rules.level(after.confirmed).keep_growth - ready
            _warn(session, member_id, after, needs, actor=actor, now=now)
    sums = growth.sums(session, [member_id], counted=rules.counted, at=now).get(member_id, Sums())
    after = replace(after, tier=effective(rules, after, sums, now))
    _write(session, member_id, before, after, cause, sums.total, actor, now)


def _warn(session: Session, member_id: int, standing: Standing, needs: int, *, actor: str, now: datetime) -> None:
    assert standing.grace_until is not None
    journal.record(
        session,
        "member.tier_at_risk",
        f"member:{member_id}",
        actor=actor,
        now=now,
        member_id=member_id,
        tier=standing.confirmed,
        needs=needs,
        until=standing.grace_until.isoformat(),
    )


def grant(
    session: Session, member_id: int, code: str, *, until: datetime, reason: str, actor: str, now: datetime
) -> str:
    """Give a member at least a tier until a date, never for ever; returns the tier they have now.

    A later grant replaces an earlier one.

    :raises BadGrant: no such tier, no reason, or an end in the past or more than two years away; nothing changes.
    :raises NotFound: there is no such member any more.
    """
    rules = tier_rules.at(session, now)
    if code not in rules.ranks or not reason.strip() or not now < until <= now + LONGEST_GRANT:
        raise BadGrant(tier=code, until=(now + LONGEST_GRANT).isoformat())
    if not lock(session, [member_id]):
        raise NotFound(member_id=member_id)
    before = standings(session, [member_id])[member_id]
    sums = growth.sums(session, [member_id], counted=rules.counted, at=now).get(member_id, Sums())
    after = replace(before, floor=code, floor_until=until)
    after = replace(after, tier=effective(rules, after, sums, now))
    _write(session, member_id, before, after, "granted", sums.total, actor, now)
    journal.record(
        session,
        "member.tier_granted",
        f"member:{member_id}",
        actor=actor,
        now=now,
        tier=code,
        until=until.isoformat(),
        reason=reason,
    )
    return after.tier


def inherit(session: Session, source_id: int, into_id: int, *, actor: str, now: datetime) -> None:
    """After a merge, give the member who stays the better standing of both; the merged one keeps theirs on paper.

    A confirmed tier that is higher comes with its evaluation, a grant that is higher with its end.
    """
    rules = tier_rules.at(session, now)
    found = standings(session, [source_id, into_id])
    source, before = found[source_id], found[into_id]
    after = before
    if rules.rank(source.confirmed) > rules.rank(after.confirmed):
        after = replace(
            after, confirmed=source.confirmed, evaluate_at=source.evaluate_at, grace_until=source.grace_until
        )
    if source.floor_until and source.floor_until > now and rules.rank(source.floor) > rules.rank(after.floor):
        after = replace(after, floor=source.floor, floor_until=source.floor_until)
    sums = growth.sums(session, [into_id], counted=rules.counted, at=now).get(into_id, Sums())
    after = replace(after, tier=effective(rules, after, sums, now))
    _write(session, into_id, before, after, "merged", sums.total, actor, now)
