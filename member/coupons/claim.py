"""A coupon comes into a member's hands: claimed in the centre, by a code on paper, or brought by an order."""

from __future__ import annotations

import secrets as random
from datetime import datetime, timedelta
from typing import Any, NoReturn

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, Refused, TooManyTries
from member.secrets import fingerprint

CODE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 16
"""Sixteen letters of 32 are 80 random bits; I, L, O and U are left out so that nobody misreads one."""
TRIES, WINDOW = 5, timedelta(minutes=5)


class CouponNotOnOffer(Refused):
    """The offer has not begun, is paused or is over; nothing was claimed."""

    code = "coupon_not_on_offer"


class CouponsGone(Refused):
    """The last one went to somebody else; nothing was claimed."""

    code = "coupons_gone"


class CouponLimit(Refused):
    """This member has as many of the offer as one may have (`most`); nothing was claimed."""

    code = "coupon_limit"


class CouponDeviceLimit(Refused):
    """As many of the offer were claimed on this phone as one may (`most`), by whomever; nothing was claimed."""

    code = "coupon_device_limit"


class CouponCodeUnknown(Refused):
    """No such code, or somebody used it first; which of the two is not said.  The face notes the try."""

    code, status = "coupon_code_unknown", 422


class CouponCodeLocked(TooManyTries):
    """Five wrong codes: no further one is looked at until `retry_at`."""

    code = "coupon_code_locked"


# The template's row is the queue: whoever decrements it first is first.  Then the member's own count, whose guard
# sees what another tab has just committed, the phone's count in the same way where the mall asks for it, and only then
# the coupon.  A refusal rolls all of it back.
UNTIL = """coalesce(t.valid_until_at, (date_trunc('day', CAST(:now AS timestamptz) AT TIME ZONE t.zone)
    + (t.valid_days + 1) * interval '1 day') AT TIME ZONE t.zone)"""
_ISSUE = f"""
    phone AS (INSERT INTO coupon_device AS own (template_id, device_hash, claimed)
        SELECT t.id, CAST(:device AS bytea), 1 FROM taken t WHERE CAST(:device AS bytea) IS NOT NULL
          AND t.claims_per_device IS NOT NULL
        ON CONFLICT (template_id, device_hash) DO UPDATE SET claimed = own.claimed + 1
        WHERE own.claimed < (SELECT claims_per_device FROM taken)
        RETURNING claimed),
    mine AS (INSERT INTO coupon_claim AS own (template_id, member_id, claimed, last_seq)
        SELECT t.id, :member, 1, 1 FROM taken t ON CONFLICT (template_id, member_id)
        DO UPDATE SET claimed = own.claimed + 1, last_seq = own.last_seq + 1
        WHERE own.claimed < (SELECT claims_per_member FROM taken)
        RETURNING last_seq),
    made AS (INSERT INTO coupon (member_id, template_id, seq, state, valid_from_at, valid_until_at, code_hash,
            given_by_store_id, given_by_order_id, origin_member_id, claimed_at)
        SELECT :member, t.id, mine.last_seq, 'issued', coalesce(t.valid_from_at, :now), {UNTIL}, :code_hash,
            :given_store, :given_order, :member, :now FROM taken t, mine
        WHERE t.claims_per_device IS NULL OR NOT :by_phone OR EXISTS (SELECT FROM phone)
        RETURNING id, valid_until_at),
    noted AS (INSERT INTO coupon_event (member_id, coupon_id, event, key, store_id, order_id, actor, at)
        SELECT :member, id, :event, :event, :given_store, :given_order, :actor, :now FROM made),
    told AS (INSERT INTO journal (kind, subject, actor, at, data, tries, done_at)
        SELECT 'coupon.claimed', 'member:' || CAST(:member AS text), :actor, :now,
            jsonb_build_object('coupon_id', id, 'template_id', CAST(:template AS bigint)), 0, :now FROM made)
    SELECT taken.claims_per_member, taken.claims_per_device, (SELECT last_seq FROM mine) AS seq,
        (SELECT id FROM made) AS id FROM taken"""
ON_OFFER = """t.id = :template AND t.state = 'live' AND (t.claim_from_at IS NULL OR t.claim_from_at <= :now)
    AND (t.claim_until_at IS NULL OR t.claim_until_at > :now)
    AND (t.valid_until_at IS NULL OR t.valid_until_at > :now)"""
_CLAIM = text(f"""
    WITH taken AS (UPDATE coupon_template t SET remaining = remaining - 1
        WHERE {ON_OFFER} AND (t.in_centre OR :event = 'give') AND (t.remaining IS NULL OR t.remaining > 0)
          AND (CAST(:channel AS text) IS NULL OR jsonb_array_length(t.channels) = 0
               OR t.channels ? CAST(:channel AS text))
        RETURNING t.*), {_ISSUE}""")
_BY_CODE = text(f"""
    WITH code AS (UPDATE coupon_code SET claimed_by_member_id = :member, claimed_at = :now
        WHERE code_hash = :code_hash AND claimed_at IS NULL RETURNING template_id),
    taken AS (SELECT t.* FROM coupon_template t JOIN code ON code.template_id = t.id
        WHERE t.state = 'live' AND (t.valid_until_at IS NULL OR t.valid_until_at > :now)), {_ISSUE}""")
_TEMPLATE = text("SELECT state, remaining, in_centre FROM coupon_template WHERE id = :template")
_CODE = text("SELECT template_id FROM coupon_code WHERE code_hash = :code_hash AND claimed_at IS NULL")
_TRIES = text("SELECT count(*), min(at) FROM coupon_attempt WHERE member_id = :member AND at > :since")
_WRONG = text("INSERT INTO coupon_attempt (member_id, at) VALUES (:member, :now)")


def _given(member_id: int, template_id: int, event: str, actor: str, now: datetime) -> dict[str, Any]:
    return {
        "member": member_id,
        "template": template_id,
        "event": event,
        "actor": actor,
        "now": now,
        "channel": None,
        "code_hash": None,
        "given_store": None,
        "given_order": None,
        "by_phone": False,
        "device": None,
    }


def claim(
    session: Session,
    template_id: int,
    member_id: int,
    *,
    channel: str | None,
    device: str | None = None,
    actor: str,
    now: datetime,
) -> int:
    """Claim one coupon of an offer; returns its id.  One statement counts down, counts the member's and inserts.

    Of many who want the last one exactly one gets it; two tabs of one member cannot pass the member's limit, nor two
    members that of a phone.  `device` is the phone's own number: in the mall an offer with such a limit needs it.

    :raises CouponsGone, CouponLimit, CouponDeviceLimit, CouponNotOnOffer, NotFound: nothing was claimed; the
        transaction must end.
    """
    given = _given(member_id, template_id, "claim", actor, now) | {"channel": channel, "by_phone": channel == "mall"}
    if device is not None:
        given["device"] = fingerprint("device", device)
    row = first(session, _CLAIM, given)
    if row is None:
        _say_why_not(session, template_id)
    return _made(row)


def _made(row: Any) -> int:
    assert row is not None
    if row.id is None and row.seq is not None:
        raise CouponDeviceLimit(most=row.claims_per_device)
    if row.id is None:
        raise CouponLimit(most=row.claims_per_member)
    return int(row.id)


def _say_why_not(session: Session, template_id: int) -> NoReturn:
    found = first(session, _TEMPLATE, {"template": template_id})
    if found is None:
        raise NotFound(template_id=template_id)
    if found.state == "live" and found.remaining == 0:
        raise CouponsGone(template_id=template_id)
    raise CouponNotOnOffer(template_id=template_id)


def give(
    session: Session, template_id: int, member_id: int, *, store_id: int, order_id: int, actor: str, now: datetime
) -> int:
    """A coupon that an order brings its member; returns its id.  An order brings one of an offer, once.

    Call it in a transaction of its own: it counts down an offer that many orders wait for.

    :raises CouponsGone, CouponLimit, CouponNotOnOffer: none was given; the transaction must end.
    """
    given = _given(member_id, template_id, "give", actor, now) | {"given_store": store_id, "given_order": order_id}
    row = first(session, _CLAIM, given)
    if row is None:
        _say_why_not(session, template_id)
    return _made(row)


def normalised(code: str) -> str:
    """A code as it was made: capitals, no dashes or blanks, look-alikes read as what is meant."""
    plain = code.upper().replace("-", "").replace(" ", "")
    return plain.replace("O", "0").replace("I", "1").replace("L", "1")


def claim_by_code(session: Session, code: str, member_id: int, *, actor: str, now: datetime) -> int:
    """Claim the coupon of a bearer code; returns its id.  Of many who type it one gets it.

    :raises CouponCodeUnknown: call `note_wrong_code` in a transaction of its own.
    :raises CouponCodeLocked: too many wrong ones; this one was not looked at.
    :raises CouponLimit, CouponNotOnOffer: the code stays good.
    """
    used, since = fetch(session, _TRIES, {"member": member_id, "since": now - WINDOW})[0]
    if used >= TRIES:
        raise CouponCodeLocked(retry_at=(since + WINDOW).isoformat())
    code_hash = fingerprint("coupon", normalised(code))
    found = first(session, _CODE, {"code_hash": code_hash})
    if found is None:
        raise CouponCodeUnknown()
    given = _given(member_id, found.template_id, "claim", actor, now) | {"code_hash": code_hash}
    row = first(session, _BY_CODE, given)
    if row is None:
        if first(session, _CODE, {"code_hash": code_hash}) is None:
            _not_ours_or_not_on_offer(session, code_hash, member_id, now)
        raise CouponCodeUnknown()
    return _made(row)


_TAKEN_BY = text(
    "SELECT claimed_by_member_id = :member AND claimed_at = :now AS ours FROM coupon_code WHERE code_hash = :code_hash"
)


def _not_ours_or_not_on_offer(session: Session, code_hash: bytes, member_id: int, now: datetime) -> None:
    """The code was just taken by this very statement although its offer is not live: the transaction rolls it back."""
    row = first(session, _TAKEN_BY, {"code_hash": code_hash, "member": member_id, "now": now})
    if row is not None and row.ours:
        raise CouponNotOnOffer()


def note_wrong_code(session: Session, member_id: int, *, now: datetime) -> None:
    """Count one wrong code of a member."""
    fetch(session, _WRONG, {"member": member_id, "now": now})


_RESERVE = text(
    "UPDATE coupon_template SET remaining = remaining - :many WHERE id = :template AND state IN ('draft', 'live')"
    " AND (remaining IS NULL OR remaining >= :many) RETURNING id"
)
_KEEP = text(
    "INSERT INTO coupon_code (code_hash, template_id, made_at)"
    " SELECT code_hash, :template, :now FROM unnest(CAST(:hashes AS bytea[])) AS code_hash"
)


def make_codes(session: Session, template_id: int, many: int, *, actor: str, now: datetime) -> list[str]:
    """Draw bearer codes and take them from the offer; returned once, in groups of four, and never stored.

    :raises CouponsGone: the offer has not so many left; none was made.
    """
    assert 0 < many <= 10_000, many
    if first(session, _RESERVE, {"template": template_id, "many": many}) is None:
        raise CouponsGone(template_id=template_id)
    codes = ["".join(random.choice(CODE_LETTERS) for _ in range(CODE_LENGTH)) for _ in range(many)]
    hashes = [fingerprint("coupon", code) for code in codes]
    fetch(session, _KEEP, {"template": template_id, "hashes": hashes, "now": now})
    journal.record(session, "coupon.codes_made", f"coupon_template:{template_id}", actor=actor, now=now, many=many)
    return ["-".join(code[at : at + 4] for at in range(0, CODE_LENGTH, 4)) for code in codes]
