"""What a top-up brings beside its principal: rules by version, and the best one for an amount (rules 3.5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch
from config.errors import Refused


class TopUpTooLarge(Refused):
    """A named card holds at most `max_fen` (RG1); `room_fen` says how much more may go in."""

    code = "top_up_too_large"


@dataclass(frozen=True, slots=True)
class Offer:
    """One rule as it stands at a moment, in fen; `bearer` pays for the bonus once it is spent."""

    rule_id: int
    code: str
    version: int
    title: str
    amount_fen: int | None
    from_fen: int | None
    bonus_fen: int | None
    bonus_bp: int | None
    bearer: str

    def brings(self, amount_fen: int) -> int:
        """The bonus for an amount, floored; 0 when the rule does not fit it."""
        fits = amount_fen == self.amount_fen if self.from_fen is None else amount_fen >= self.from_fen
        if not fits:
            return 0
        return amount_fen * self.bonus_bp // 10_000 if self.bonus_bp is not None else int(self.bonus_fen or 0)

    def as_json(self) -> dict[str, Any]:
        """As both faces show it."""
        names = ("rule_id", "code", "version", "title", "amount_fen", "from_fen", "bonus_fen", "bonus_bp")
        return {name: getattr(self, name) for name in names}


_OFFERS = text("""
    SELECT DISTINCT ON (code) id, code, version, title, amount_fen, from_fen, bonus_fen, bonus_bp, bearer,
        starts_at <= :now AND (ends_at IS NULL OR ends_at > :now)
        AND (store_ids IS NULL OR store_ids @> to_jsonb(CAST(:store AS bigint))) AS open
    FROM top_up_rule WHERE starts_at <= :now ORDER BY code, version DESC""")
_WRITE = text("""
    INSERT INTO top_up_rule (code, version, title, amount_fen, from_fen, bonus_fen, bonus_bp, store_ids, bearer,
                             starts_at, ends_at)
    SELECT :code, coalesce(max(version), 0) + 1, :title, :amount_fen, :from_fen, :bonus_fen, :bonus_bp,
        to_jsonb(CAST(:store_ids AS bigint[])), :bearer, :starts_at, :ends_at FROM top_up_rule WHERE code = :code
    RETURNING id, version""")


def offers(session: Session, store_id: int, *, now: datetime) -> list[Offer]:
    """What a store offers now, the smallest amount first; of each code the newest version that has begun."""
    found = fetch(session, _OFFERS, {"store": store_id, "now": now})
    open_ = [Offer(*row[:9]) for row in found if row.open]
    return sorted(open_, key=lambda offer: (offer.amount_fen or offer.from_fen or 0, offer.code))


def best(session: Session, store_id: int, amount_fen: int, *, now: datetime) -> Offer | None:
    """The rule that brings the most for an amount; None when none brings anything."""
    fitting = [offer for offer in offers(session, store_id, now=now) if offer.brings(amount_fen)]
    return max(fitting, key=lambda offer: (offer.brings(amount_fen), -offer.rule_id), default=None)


def write(
    session: Session,
    code: str,
    title: str,
    *,
    bearer: str,
    starts_at: datetime,
    amount_fen: int | None = None,
    from_fen: int | None = None,
    bonus_fen: int | None = None,
    bonus_bp: int | None = None,
    store_ids: list[int] | None = None,
    ends_at: datetime | None = None,
    actor: str,
    now: datetime,
) -> int:
    """A new version of a rule; versions never change, and what was topped up keeps the version it had."""
    given = {
        "code": code, "title": title, "amount_fen": amount_fen, "from_fen": from_fen, "bonus_fen": bonus_fen,
        "bonus_bp": bonus_bp, "store_ids": store_ids, "bearer": bearer, "starts_at": starts_at, "ends_at": ends_at,
    }  # fmt: skip
    made = session.execute(_WRITE, given).one()
    journal.record(session, "top_up_rule.written", f"top_up_rule:{made.id}", actor=actor, now=now, version=made.version)
    return int(made.id)
