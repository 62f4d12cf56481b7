"""Offers: drafted, published, and from then on fixed; a change is a new version."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import first
from config.errors import NotFound, Refused
from member.coupons.states import GivenRule, Kind, ReturnRule, StackClass


class OfferNotSound(Refused):
    """The offer contradicts itself; `fields` names what is wrong.  Nothing was written."""

    code, status = "coupon_offer_not_sound", 422


@dataclass(frozen=True, slots=True)
class Offer:
    """What is offered; the columns of `coupon_template` but for its state and counts."""

    code: str
    name: str
    kind: Kind
    stack_class: StackClass = StackClass.STORE
    threshold_fen: int = 0
    off_fen: int = 0
    rate_bp: int = 10_000
    cap_fen: int = 0
    goods: Sequence[Mapping[str, int]] = ()
    scope: Mapping[str, Any] = field(default_factory=dict)
    store_ids: Sequence[int] = ()
    channels: Sequence[str] = ()
    zone: str = "Asia/Shanghai"
    valid_from_at: datetime | None = None
    valid_until_at: datetime | None = None
    valid_days: int | None = None
    claim_from_at: datetime | None = None
    claim_until_at: datetime | None = None
    in_centre: bool = True
    issue_limit: int | None = None
    claims_per_member: int = 1
    claims_per_device: int | None = None
    uses_per_member: int | None = None
    uses_per_day: int | None = None
    uses_per_store: int | None = None
    given_from_fen: int | None = None
    given_rule: GivenRule = GivenRule.WITHHOLD
    hq_bp: int = 10_000
    store_bp: int = 0
    supplier_bp: int = 0
    return_rule: ReturnRule = ReturnRule.OLD_EXPIRY
    grace_days: int = 0

    def faults(self) -> dict[str, str]:
        """What is wrong with it, by field; the table's CHECKs stand behind this."""
        shares = (self.hq_bp, self.store_bp, self.supplier_bp)
        wrong = {
            "hq_bp": min(shares) < 0 or sum(shares) != 10_000,
            "valid_days": (self.valid_days is None) == (self.valid_until_at is None),
            "off_fen": self.kind in (Kind.THRESHOLD_OFF, Kind.CASH, Kind.FREIGHT) and self.off_fen <= 0,
            "threshold_fen": (self.kind is Kind.THRESHOLD_OFF and self.threshold_fen < self.off_fen)
            or (self.kind is Kind.CASH and self.threshold_fen != 0),
            "rate_bp": self.kind is Kind.RATE and not 0 < self.rate_bp < 10_000,
            "goods": self.kind in (Kind.GOODS, Kind.GIFT) and not self.goods,
            "claims_per_member": self.claims_per_member < 1,
            "claims_per_device": self.claims_per_device is not None and self.claims_per_device < 1,
        }
        return {name: "does not fit" for name, is_wrong in wrong.items() if is_wrong}


_COLUMNS = tuple(name for name in Offer.__dataclass_fields__)
_JSON = ("goods", "scope", "store_ids", "channels")
_NEW = text(
    f"INSERT INTO coupon_template ({', '.join(_COLUMNS)}, version, state, remaining, made_at) SELECT "
    + ", ".join(f"CAST(:{name} AS jsonb)" if name in _JSON else f":{name}" for name in _COLUMNS)
    + ", coalesce((SELECT max(version) FROM coupon_template WHERE code = :code), 0) + 1, 'draft', :issue_limit, :now"
    " RETURNING id"
)
_ONE = text(f"SELECT {', '.join(_COLUMNS)} FROM coupon_template WHERE id = :id")


def draft(session: Session, offer: Offer, *, actor: str, now: datetime) -> int:
    """Write an offer nobody can claim yet; returns its id.  `moves.move_template` publishes it.

    A second draft of one code is its next version; coupons of the old one keep what was promised.

    :raises OfferNotSound: with the fields that contradict each other.
    """
    faults = offer.faults()
    if faults:
        raise OfferNotSound(fields=faults)
    plain = asdict(offer)
    given = {name: json.dumps(plain[name], ensure_ascii=False) if name in _JSON else plain[name] for name in _COLUMNS}
    words = {name: str(plain[name]) for name in ("kind", "stack_class", "given_rule", "return_rule")}
    row = first(session, _NEW, {**given, **words, "now": now})
    assert row is not None
    journal.record(session, "coupon_template.drafted", f"coupon_template:{row.id}", actor=actor, now=now)
    return int(row.id)


def revise(session: Session, template_id: int, *, actor: str, now: datetime, **changes: Any) -> int:
    """Draft the next version of an offer with `changes`; returns the new id.  The old one is ended when it is due."""
    row = first(session, _ONE, {"id": template_id})
    if row is None:
        raise NotFound(template_id=template_id)
    known = row._asdict()
    enums = {
        "kind": Kind(row.kind),
        "stack_class": StackClass(row.stack_class),
        "given_rule": GivenRule(row.given_rule),
        "return_rule": ReturnRule(row.return_rule),
    }
    return draft(session, replace(Offer(**known | enums), **changes), actor=actor, now=now)
