"""Top-ups: money into a wallet, at the till for cash or in the mall by WeChat (members-mall-orders.md 3.5).

A top-up is a liability and no sale: it earns no points and is no revenue.  It is a document of its own with tenders
of its own, so cash counts in the drawer, and a WeChat notice, question or late payment goes the way of an order's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import NotFound
from member import top_up_rules, wallet
from member.top_up_rules import TopUpTooLarge
from member.wallet import Deed
from member.wallet_terms import Split, terms_at
from trade.payments import cash, moves


@dataclass(frozen=True, slots=True)
class Counter:
    """Where a top-up is taken: ids of the store, its till, the till's open shift and the cashier."""

    store_id: int
    till_id: int
    shift_id: int
    staff_id: int


_NEW = text("""
    INSERT INTO top_up (store_id, member_id, channel, state, principal_fen, bonus_fen, rule_id, bearer, staff_id,
                        till_id, shift_id, placed_at, pay_by, paid_at)
    VALUES (:store, :member, :channel, :state, :principal, :bonus, CAST(:rule AS bigint), :bearer,
            CAST(:staff AS bigint), CAST(:till AS bigint), CAST(:shift AS bigint), :now,
            CAST(:pay_by AS timestamptz), CAST(:paid_at AS timestamptz))
    RETURNING *""")
_ONE = text("SELECT * FROM top_up WHERE store_id = :store AND id = :id")
_WAITING = text("SELECT * FROM top_up WHERE store_id = :store AND id = :id AND state = 'placed' FOR NO KEY UPDATE")


def source(store_id: int, top_up_id: int) -> str:
    """How the ledger names a top-up: its lots carry the store that took the money."""
    return f"top_up:{store_id}:{top_up_id}"


def one(session: Session, store_id: int, top_up_id: int) -> Any:
    """A top-up's own row; NotFound when this store has none of that id."""
    found = first(session, _ONE, {"store": store_id, "id": top_up_id})
    if found is None:
        raise NotFound(top_up_id=top_up_id)
    return found


def _open(session: Session, store_id: int, member_id: int, amount_fen: int, now: datetime, **more: Any) -> Any:
    """Write the document with the best rule of the store; raises TopUpTooLarge."""
    offer = top_up_rules.best(session, store_id, amount_fen, now=now)
    bonus_fen = offer.brings(amount_fen) if offer else 0
    most_fen, room_fen = room(session, member_id, now)
    if amount_fen + bonus_fen > room_fen:
        raise TopUpTooLarge(max_fen=most_fen, room_fen=room_fen)
    given = {
        "store": store_id, "member": member_id, "principal": amount_fen, "bonus": bonus_fen,
        "rule": offer.rule_id if offer else None, "bearer": offer.bearer if offer else "hq", "staff": None,
        "till": None, "shift": None, "pay_by": None, "paid_at": None, "now": now, **more,
    }  # fmt: skip
    return fetch(session, _NEW, given)[0]


def room(session: Session, member_id: int, now: datetime) -> tuple[int, int]:
    """What a named card may hold, and how much more may go in, with the wallet locked until the transaction ends."""
    most_fen = terms_at(session, now).max_balance_fen
    wallet.open_accounts(session, member_id)  # so that two first top-ups wait for each other here
    have = wallet.lock(session, member_id)
    return most_fen, max(most_fen - have.have.total_fen - have.held.total_fen, 0)


def credit(session: Session, top_up: Any, *, actor: str, now: datetime) -> None:
    """Put a paid top-up into its wallet; a repeat changes nothing."""
    name = source(top_up.store_id, top_up.id)
    deed = Deed(top_up.member_id, "earn", name, f"{name}:earn", actor, now, top_up.store_id)
    wallet.top_up(session, deed, Split(top_up.principal_fen, top_up.bonus_fen))


def at_till(
    session: Session, at: Counter, member_id: int, amount_fen: int, *, received_fen: int, actor: str, now: datetime
) -> int:
    """Take cash for a top-up: it is in the wallet and in the drawer at once; returns its id.

    :raises TenderShort, TopUpTooLarge: nothing was taken.
    """
    change_fen = cash.change(amount_fen, received_fen)
    more = {"channel": "till", "state": "paid", "staff": at.staff_id, "till": at.till_id, "shift": at.shift_id}
    top_up = _open(session, at.store_id, member_id, amount_fen, now, paid_at=now, **more)
    cash.take_top_up(session, at.store_id, top_up.id, amount_fen, received_fen, change_fen, now=now)
    credit(session, top_up, actor=actor, now=now)
    moves.tell_top_up(session, "top_up.paid", top_up, actor=actor, now=now)
    return int(top_up.id)


def in_mall(
    session: Session, store_id: int, member_id: int, amount_fen: int, *, pay_for: timedelta, actor: str, now: datetime
) -> int:
    """Open a top-up that WeChat shall pay within `pay_for`; nothing is credited before; returns its id.

    :raises TopUpTooLarge: nothing was opened.
    """
    top_up = _open(session, store_id, member_id, amount_fen, now, channel="mall", state="placed", pay_by=now + pay_for)
    moves.tell_top_up(session, "top_up.placed", top_up, actor=actor, now=now)
    return int(top_up.id)


def paid(session: Session, store_id: int, top_up_id: int, *, actor: str, now: datetime) -> bool:
    """Its money is there: the wallet has it, once; False when the money goes back.

    It goes back when the top-up does not wait any more, and when the card has become too full since it was opened
    (another top-up was paid first): it is cancelled then, for a named card never holds more than it may (RG1).
    """
    waiting = first(session, _WAITING, {"store": store_id, "id": top_up_id})
    if waiting is None:
        return False
    _, room_fen = room(session, waiting.member_id, now)
    if waiting.principal_fen + waiting.bonus_fen > room_fen:
        moves.move_top_up(session, store_id, top_up_id, "cancelled", actor=actor, now=now)
        return False
    top_up = moves.move_top_up(session, store_id, top_up_id, "paid", actor=actor, now=now)
    credit(session, top_up, actor=actor, now=now)
    return True


def expire(session: Session, store_id: int, top_up_id: int, *, actor: str, now: datetime) -> bool:
    """Its time is over and WeChat agreed that nobody can pay it any more; False when it waits no more."""
    return moves.move_top_up(session, store_id, top_up_id, "cancelled", actor=actor, now=now) is not None


_OF_MEMBER = text("SELECT store_id FROM top_up WHERE member_id = :member AND id = :id")


def of_member(session: Session, member_id: int, top_up_id: int) -> Any:
    """A top-up of this member; somebody else's is NotFound."""
    found = first(session, _OF_MEMBER, {"member": member_id, "id": top_up_id})
    if found is None:
        raise NotFound(top_up_id=top_up_id)
    return one(session, found.store_id, top_up_id)


def as_json(top_up: Any) -> dict[str, Any]:
    """A top-up as both faces show it."""
    return {
        "id": top_up.id,
        "no": number(top_up.store_id, top_up.id),
        "store_id": top_up.store_id,
        "channel": top_up.channel,
        "state": top_up.state,
        "principal_fen": top_up.principal_fen,
        "bonus_fen": top_up.bonus_fen,
        "placed_at": top_up.placed_at.isoformat(),
        "pay_by": top_up.pay_by.isoformat() if top_up.pay_by else None,
        "paid_at": top_up.paid_at.isoformat() if top_up.paid_at else None,
    }


def number(store_id: int, top_up_id: int) -> str:
    """The printed number of a top-up: U, the store (3 digits) and the id (9 digits)."""
    return f"U{store_id:03d}{top_up_id:09d}"


def parse(no: str) -> tuple[int, int]:
    """Store and id of a printed number; NotFound when it cannot be one."""
    plain = no.strip().upper()
    if len(plain) != 13 or plain[0] != "U" or not plain[1:].isascii() or not plain[1:].isdigit():
        raise NotFound(no=plain[:20])
    return int(plain[1:4]), int(plain[4:])
