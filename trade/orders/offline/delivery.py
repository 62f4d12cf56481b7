"""A till delivers what it sold on its own: each document once, in its chain, and none is dropped.

what came                              what becomes of it       on the desk
the next link                          taken, or excepted       `document_excepted` with the reason
one that we have, the same bytes       as it stands             -
another under its id, place or number  not kept: `altered`      `document_altered`, and `settled` once that is closed
what nobody can read                   not kept: `unread`       the same
a link further on than the next        as the next              `document_gap` until the rest is here
one whose `prev` is not our last       as the next              `document_altered`
one whose online attempt reached us    known: that order        -
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from config import requests
from config.db import attempt
from config.errors import Refused
from member import identity
from trade.exceptions import cases
from trade.orders.numbers import number
from trade.orders.offline import in_shift, moves
from trade.orders.offline.document import Aside, Document, Head, Said
from trade.orders.offline.kinds import KINDS, Kind, read
from trade.orders.offline.sale_said import SaleSaid
from trade.orders.offline.taking import CannotTake, Taken
from trade.orders.receipts import book as receipts

ACTOR = "till"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one document; `state` is a document's, or `altered` or `unread`."""

    uuid: str
    state: str
    reason: str = ""
    order_id: int | None = None
    store_id: int = 0

    def as_json(self) -> dict[str, Any]:
        """As the till is told."""
        no = number(self.store_id, self.order_id) if self.order_id else None
        return {"uuid": self.uuid, "state": self.state, "reason": self.reason, "order_no": no}


def deliver(
    session: Session, store_id: int, till_id: int, text: str, skew_ms: int, *, aside: Aside | None = None, now: datetime
) -> Result:
    """Take one document, in a transaction of its own, so that one that is not sound holds up no other.

    Two deliveries of one device at once follow each other.

    :raises NotSound: nobody can read what it is; it stays with the till.
    """
    document = read(text)
    head = document.head
    chain = moves.device(session, store_id, till_id, head.device, skew_ms, now=now)
    kept = moves.one(session, store_id, head.uuid)
    if kept is not None and bytes(kept.hash) == document.hash:
        return Result(head.uuid, kept.state, kept.reason, kept.order_id, store_id)
    if kept is not None:
        return _altered(session, store_id, till_id, document, "other_bytes", now)
    if not moves.keep(session, store_id, till_id, document, now=now):
        return _altered(session, store_id, till_id, document, "place_taken", now)
    _link(session, store_id, till_id, document, chain, now)
    if aside is not None and document.said is not None:
        _bind(session, store_id, document.said, aside, now)
    return take(session, store_id, till_id, document, now=now)


def _bind(session: Session, store_id: int, said: Said, aside: Aside, now: datetime) -> None:
    """Who gave a phone without network is a member, or was one before; a phone that is none binds nobody."""
    if not (isinstance(said, SaleSaid) and said.join and aside.bears(said.join)):
        return
    with suppress(identity.BadPhone):
        actor = f"staff:{said.staff_id}"
        member = identity.join(session, phone=aside.phone, name=aside.name, store_id=store_id, actor=actor, now=now)
        moves.bind(session, store_id, said.uuid, member.id)


def _link(session: Session, store_id: int, till_id: int, document: Document, chain: Any, now: datetime) -> None:
    head = document.head
    follows = head.seq == chain.last_seq + 1
    if follows and bytes.fromhex(head.prev) != bytes(chain.last_hash):
        _altered(session, store_id, till_id, document, "chain_broken", now)
    moves.link(session, store_id, document)
    if follows and not cases.is_open(session, "document_gap", f"till_device:{head.device}"):
        return
    _gap(session, store_id, till_id, head.device, head.seq, document.sold_at(now), now)


def _gap(session: Session, store_id: int, till_id: int, device: str, seq: int, at: datetime, now: datetime) -> None:
    subject = f"till_device:{device}"
    missing = moves.missing(session, store_id, device, seq)
    if not missing:
        cases.clear(session, "document_gap", subject, now=now, note="all_here")
        return
    facts = {"till_id": till_id, "missing": missing[:50], "sold_at": at.isoformat()}
    cases.open(
        session, "document_gap", subject, money_fen=0, at_stake=len(missing), facts=facts, at_store_id=store_id,
        actor=ACTOR, now=now,
    )  # fmt: skip


def end(session: Session, store_id: int, till_id: int, device: str, seq: int, skew_ms: int, *, now: datetime) -> int:
    """A device says that it delivered all up to `seq`: what we do not have of that is a gap; returns our last.

    So that a document which was printed and then lost is known of when there is a network again, not at the next sale.
    """
    chain = moves.device(session, store_id, till_id, device, skew_ms, now=now)
    if chain.last_seq < seq:
        _gap(session, store_id, till_id, device, seq, now, now)
    return int(chain.last_seq)


def unread(session: Session, store_id: int, till_id: int, uuid: str, text: str, *, now: datetime) -> Result:
    """Nobody can read what came under an id: it stays with the till, and the desk sees it until it is closed there."""
    facts = {"till_id": till_id, "no": uuid, "body": text[:20_000]}
    return _not_kept(session, store_id, uuid, "unread", "unread", facts, 0, now)


def _altered(session: Session, store_id: int, till_id: int, document: Document, why: str, now: datetime) -> Result:
    head = document.head
    facts = {"till_id": till_id, "no": head.no, "seq": head.seq, "body": document.text[:20_000]}
    return _not_kept(session, store_id, head.uuid, "altered", why, facts, head.payable_fen + head.rounding_fen, now)


def _not_kept(
    session: Session, store_id: int, uuid: str, state: str, why: str, facts: dict[str, Any], fen: int, now: datetime
) -> Result:
    subject = f"till_document:{uuid}"
    if cases.was_seen_to(session, "document_altered", subject, {"body": facts["body"]}):
        return Result(uuid, "settled", why)
    cases.open(
        session, "document_altered", subject, money_fen=fen, facts=facts, cause=why, at_store_id=store_id, actor=ACTOR,
        now=now,
    )  # fmt: skip
    return Result(uuid, state, why)


def take(session: Session, store_id: int, till_id: int, document: Document, *, now: datetime) -> Result:
    """Book a kept document, or put it on the desk; the same for the till and for who tries it again."""
    said, kind = document.said, KINDS.get(document.head.kind)
    if said is None or kind is None:
        return _excepted(session, store_id, till_id, document, document.fault, now)
    result = _take(session, store_id, till_id, document, said, kind, now)
    in_shift.follow(session, store_id, till_id, said, actor=ACTOR, now=now)
    return result


def _take(
    session: Session, store_id: int, till_id: int, document: Document, said: Said, kind: Kind, now: datetime
) -> Result:
    known = requests.claimed(session, f"staff:{said.staff_id}", said.uuid, document.hash, now=now)
    if known and (order_id := kind.known(known)):
        return _booked(session, store_id, document.head, "know", Taken(order_id), now)
    try:
        with attempt(session):
            taken = kind.take(session, store_id, till_id, said, sold_at=document.sold_at(now), now=now)
    except CannotTake as why:
        return _excepted(session, store_id, till_id, document, str(why), now)
    except Refused as refused:
        return _excepted(session, store_id, till_id, document, refused.code, now)
    return _booked(session, store_id, document.head, "take", taken, now)


def _booked(session: Session, store_id: int, head: Head, event: str, taken: Taken, now: datetime) -> Result:
    uuid = head.uuid
    row = moves.move(
        session, store_id, uuid, event, order_id=taken.order_id, differences=taken.differences, actor=ACTOR, now=now
    )
    if head.kind == "sale" and taken.order_id is not None:
        receipts.given_alone(session, store_id, taken.order_id, uuid, no=head.no, now=now)
    cases.clear(session, "document_excepted", f"till_document:{uuid}", now=now)
    return Result(uuid, row.state, order_id=taken.order_id, store_id=store_id)


def _excepted(session: Session, store_id: int, till_id: int, document: Document, why: str, now: datetime) -> Result:
    head = document.head
    kept = moves.one(session, store_id, head.uuid)
    if kept is not None and kept.state == "received":
        moves.move(session, store_id, head.uuid, "except", reason=why, actor=ACTOR, now=now)
    facts = {"till_id": till_id, "no": head.no, "sold_at": document.sold_at(now).isoformat()}
    stake_fen = (document.said or head).stake_fen
    cases.open(
        session, "document_excepted", f"till_document:{head.uuid}", money_fen=stake_fen, facts=facts, cause=why,
        at_store_id=store_id, actor=ACTOR, now=now,
    )  # fmt: skip
    return Result(head.uuid, "excepted", why)
