"""One person, one member: found by phone or openid, joined, merged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import phonenumbers
from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import first
from config.errors import NotFound, Refused
from member import cards, gifts, masking, merging, risk
from member.merge_history import Order
from member.secrets import fingerprint, open_sealed, seal


class BadPhone(Refused):
    """Not a mainland mobile number of 11 digits."""

    code, status = "bad_phone", 422


class PhoneTaken(Refused):
    """The phone belongs to a member who signs in with another WeChat account."""

    code = "phone_taken"


@dataclass(frozen=True, slots=True)
class MemberCard:
    """A member as faces may show them: masked."""

    id: int
    no: str
    name: str
    masked_phone: str | None
    tier: str
    points: int
    pending_points: int

    @property
    def masked_name(self) -> str:
        """The family name and stars."""
        return masking.masked_name(self.name)


def normalise_phone(raw: str) -> str:
    """The 11 digits of a mainland mobile number; raises BadPhone."""
    try:
        number = phonenumbers.parse(raw, "CN")
    except phonenumbers.NumberParseException as error:
        raise BadPhone() from error
    digits = str(number.national_number)
    if number.country_code != 86 or len(digits) != 11 or digits[0] != "1" or digits[1] in "012":
        raise BadPhone()
    return digits


def card_no(member_id: int) -> str:
    """The printed card number."""
    return f"M{member_id:010d}"


_CARD = (
    "SELECT m.id, m.name, m.phone_masked, m.tier, a.balance, a.pending FROM member m"
    " JOIN lot_account a ON a.member_id = m.id AND a.account = 'points' WHERE m.merged_into_id IS NULL"
    " AND m.erased_at IS NULL AND "
)
_BY_ID = text(_CARD + "m.id = :id")
_BY_IDS = text(_CARD + "m.id = ANY(:ids) ORDER BY m.id")
_BY_TAIL = text(_CARD + "m.phone_tail = :tail ORDER BY m.id LIMIT 20")
_BY_VALUE = text("SELECT member_id FROM identity WHERE kind = :kind AND fingerprint = :print")
_NEW = text("""
    WITH made AS (INSERT INTO member (name, tier, home_store_id, created_at)
                  VALUES (:name, 'standard', :store, :now) RETURNING id),
    opened AS (INSERT INTO lot_account (member_id, account, balance, pending, held, deficit)
               SELECT id, 'points', 0, 0, 0, 0 FROM made)
    SELECT id FROM made""")
_KNOW = text(
    "INSERT INTO identity (member_id, kind, fingerprint, sealed, created_at)"
    " VALUES (:member, :kind, :print, :sealed, :now) ON CONFLICT (kind, fingerprint) DO NOTHING RETURNING id"
)
_DROP = text("WITH a AS (DELETE FROM lot_account WHERE member_id = :id) DELETE FROM member WHERE id = :id")
_PHONE = text("UPDATE member SET phone_masked = :masked, phone_tail = :tail WHERE id = :id")
_HAS = text("SELECT 1 FROM identity WHERE member_id = :id AND kind = :kind")


def _as_card(row: Any) -> MemberCard:
    return MemberCard(row.id, card_no(row.id), row.name, row.phone_masked, row.tier, row.balance, row.pending)


def card(session: Session, member_id: int) -> MemberCard:
    """A member's card; NotFound when there is no such member any more."""
    row = first(session, _BY_ID, {"id": member_id})
    if row is None:
        raise NotFound(member_id=member_id)
    return _as_card(row)


def _find(session: Session, kind: str, value: str) -> int | None:
    found = first(session, _BY_VALUE, {"kind": kind, "print": fingerprint(kind, value)})
    return found.member_id if found else None


def _make(
    session: Session, kind: str, value: str, *, name: str, store_id: int | None, actor: str, now: datetime
) -> int:
    """A new member known by one value; when two come at once, both get the one that was first."""
    member_id = int(session.execute(_NEW, {"name": name, "store": store_id, "now": now}).scalar_one())
    if _know(session, member_id, kind, value, now=now):
        journal.record(session, "member.joined", f"member:{member_id}", actor=actor, now=now, by=kind)
        return member_id
    session.execute(_DROP, {"id": member_id})
    found = _find(session, kind, value)
    assert found is not None
    return found


def _know(session: Session, member_id: int, kind: str, value: str, *, now: datetime) -> bool:
    made = session.execute(
        _KNOW,
        {
            "member": member_id,
            "kind": kind,
            "print": fingerprint(kind, value),
            "sealed": seal(value.encode()),
            "now": now,
        },
    ).first()
    if made and kind == "phone":
        session.execute(_PHONE, {"id": member_id, "masked": masking.masked_phone(value), "tail": value[-4:]})
    return made is not None


def join(session: Session, *, phone: str, name: str, store_id: int | None, actor: str, now: datetime) -> MemberCard:
    """The member of a phone, made (with the gift of joining) when there is none.  Safe when two tills do it at once."""
    digits = normalise_phone(phone)
    found = _find(session, "phone", digits)
    if found is None:
        found = _make(session, "phone", digits, name=name, store_id=store_id, actor=actor, now=now)
        _welcome(session, found, actor, now)
    return card(session, found)


def _welcome(
    session: Session, member_id: int, actor: str, now: datetime, *, device: str | None = None, gift: bool = True
) -> None:
    """What the terms give for joining, once: a WeChat guest has joined when their phone is known.

    Once for each phone, WeChat account and device, whoever brings it, and not for whom WeChat warns of.
    """
    if not (risk.first_time(session, member_id, "register", device=device, now=now) and gift):
        journal.record(session, "member.gift_withheld", f"member:{member_id}", actor=actor, now=now, gift="register")
        return
    gifts.give(session, member_id, "register", str(member_id), actor=actor, now=now)


def by_openid(session: Session, openid: str, *, unionid: str | None = None, actor: str, now: datetime) -> int:
    """The member of a WeChat person; one unknown becomes a member without a phone.

    The unionid is the same in every app of the chain, so a person known by it in another app is the same member, and
    it is kept wherever WeChat gives it.  A unionid that already names somebody else is left where it is and told in
    the journal: two members are joined by their phone, never in silence.
    """
    found = _find(session, "openid", openid)
    if found is None and unionid:
        found = _find(session, "unionid", unionid)
        if found is not None and not _know(session, found, "openid", openid, now=now):
            found = _find(session, "openid", openid)
    if found is None:
        found = _make(session, "openid", openid, name="", store_id=None, actor=actor, now=now)
    if unionid and not _know(session, found, "unionid", unionid, now=now):
        other = _find(session, "unionid", unionid)
        if other != found:
            journal.record(
                session, "member.unionid_elsewhere", f"member:{found}", actor=actor, now=now, member_id=other
            )
    return found


def cards_of(session: Session, member_ids: Sequence[int]) -> list[MemberCard]:
    """The cards of these members, by id; who was merged or erased is left out."""
    return [_as_card(row) for row in session.execute(_BY_IDS, {"ids": list(member_ids)})]


def search(session: Session, words: str) -> list[MemberCard]:
    """At most 20 members by 11-digit phone, last four digits, member number, or printed card.

    :raises cards.CardLost, cards.BadCardNumber, BadPhone: the words name nobody, and why.
    """
    plain = words.strip()
    if cards.looks_like(plain):
        owner = cards.holder(session, plain)
        return [card(session, owner)] if owner is not None else []
    if plain[:1] in ("M", "m") and plain[1:].isdecimal():
        row = first(session, _BY_ID, {"id": int(plain[1:])}) if len(plain) <= 19 else None
        return [_as_card(row)] if row else []
    if len(plain) == 4 and plain.isdigit():
        return [_as_card(row) for row in session.execute(_BY_TAIL, {"tail": plain})]
    found = _find(session, "phone", normalise_phone(plain))
    return [card(session, found)] if found is not None else []


def bind_phone(
    session: Session,
    member_id: int,
    phone: str,
    *,
    actor: str,
    now: datetime,
    before_merge: Callable[[Session, int, int], Sequence[Order]] = lambda *_: (),
    device: str | None = None,
    gift: bool = True,
) -> int:
    """Give a WeChat member their phone; returns the member who stays.

    A phone of nobody is attached; a phone known at the till joins both into that member.  `before_merge` gives
    what lies in other rooms (orders) to the member who stays; it comes before the ledger, because a payment
    locks its order first and points second.

    :param device: the number that the phone made for itself.  :param gift: False when joining brings nothing.
    :raises PhoneTaken: it belongs to a member with another WeChat account; nothing changes.
    """
    digits = normalise_phone(phone)
    owner = _find(session, "phone", digits)
    if owner is None:
        if _know(session, member_id, "phone", digits, now=now):
            journal.record(session, "member.phone_bound", f"member:{member_id}", actor=actor, now=now)
            _welcome(session, member_id, actor, now, device=device, gift=gift)
            return member_id
        owner = _find(session, "phone", digits)
    if owner == member_id:
        return member_id
    assert owner is not None
    if first(session, _HAS, {"id": owner, "kind": "openid"}):
        raise PhoneTaken()
    orders = before_merge(session, member_id, owner)
    merge(session, member_id, owner, orders=orders, actor=actor, now=now)
    return owner


_SEALED = text("SELECT sealed FROM identity WHERE member_id = :member AND kind = 'phone'")


def phone_of(session: Session, member_id: int) -> str | None:
    """The member's phone in clear, for WeChat alone, who gave it to us; what people see is masked or told."""
    found = first(session, _SEALED, {"member": member_id})
    return open_sealed(bytes(found.sealed)).decode() if found else None


def merge(
    session: Session, source_id: int, into_id: int, *, orders: Sequence[Order] = (), actor: str, now: datetime
) -> None:
    """Make one member of two (`member/merging.py`); a repeat changes nothing.

    Orders are not known here: `bind_phone` is given `trade.orders.holder.take_over`, which moves them and says which.
    """
    merging.merge(session, source_id, into_id, orders=orders, actor=actor, now=now)
