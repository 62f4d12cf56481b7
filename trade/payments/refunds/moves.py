"""The only writer of a refund's state once it is owed (rules: wechat.md 2.9).

requested -> accepted -> done       WeChat has taken it; the customer has it
     |  \\-> abnormal -> done        their account cannot take it: asked on, and a case on the desk
     \\-> closed                     WeChat gave it up: the same is owed anew under the next number, `R7`, `R7-2` ...

Everything of WeChat's but `done` has a moment when WeChat is asked next (`ask_at`), so that none is forgotten; what
does not go through is a case on the desk (`refund_failed`) until it does.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import first
from member.reach import moves as reach
from trade.exceptions import cases

KIND = "refund_failed"
ASK_S = (60, 60, 60, 60, 60, 300, 600, 1200, 1800)
TRIES = 3
"""After so many times without an answer, or at once when WeChat says that there is no money, the desk knows."""
SLOW = timedelta(days=5)

MOVES = {
    "accept": (["requested"], "accepted"),
    "finish": (["requested", "accepted", "abnormal"], "done"),
    "stick": (["requested", "accepted"], "abnormal"),
    "shut": (["requested", "accepted", "abnormal"], "closed"),
}
_MOVE = text("""
    UPDATE refund SET state = :target, done_at = CASE WHEN :target = 'done' THEN CAST(:now AS timestamptz) END,
        ask_at = CASE WHEN :target IN ('accepted', 'abnormal') THEN CAST(:later AS timestamptz) END
    WHERE refund_no = :number AND state = ANY(:sources)
    RETURNING store_id, id, order_id, top_up_id, refund_no, amount_fen""")
_WHOSE = text("""
    SELECT coalesce((SELECT member_id FROM sale_order WHERE store_id = :store AND id = :order),
        (SELECT member_id FROM top_up WHERE store_id = :store AND id = :top_up)) AS member_id""")
_ANEW = text("""
    INSERT INTO refund (store_id, tender_id, order_id, top_up_id, return_id, shift_id, kind, state, amount_fen,
        refund_no, reason, created_at, ask_at, asked)
    SELECT store_id, tender_id, order_id, top_up_id, return_id, shift_id, kind, 'requested', amount_fen, :next, reason,
        :now, :now, 0
    FROM refund WHERE refund_no = :number ON CONFLICT (refund_no) DO NOTHING
    RETURNING store_id, id, order_id, refund_no, amount_fen""")


def subject(refund: Any) -> str:
    """How the desk names it."""
    return f"refund:{refund.store_id}:{refund.id}"


def move(session: Session, number: str, event: str, *, actor: str, now: datetime) -> bool:
    """Fire one event of a refund; False when it is not where the table says it must be (a repeat)."""
    sources, target = MOVES[event]
    given = {"number": number, "target": target, "sources": sources, "now": now}
    later = now + timedelta(seconds=ASK_S[0])
    moved = first(session, _MOVE, given | {"later": later})
    if moved is None:
        return False
    _tell(session, f"refund.{target}", moved, actor=actor, now=now)
    if event == "stick":
        _open(session, moved, "abnormal", actor=actor, now=now, at=later)
    else:
        cases.clear(session, KIND, subject(moved), actor=actor, note=target, now=now)
    if event == "shut":
        _owe_anew(session, number, actor=actor, now=now)
    if event == "finish":
        _say(session, moved, actor=actor, now=now)
    return True


def _say(session: Session, refund: Any, *, actor: str, now: datetime) -> None:
    """The customer is told that the money is back."""
    key = {"store": refund.store_id, "order": refund.order_id, "top_up": refund.top_up_id}
    whose = first(session, _WHOSE, key)
    if whose is not None and whose.member_id is not None:
        where = f"order:{refund.order_id}" if refund.order_id else None
        of = {"store_id": refund.store_id, "about": where}
        reach.ask(session, whose.member_id, "refund", subject(refund), **of, actor=actor, now=now)


def _owe_anew(session: Session, number: str, *, actor: str, now: datetime) -> None:
    stem, _, before = number.partition("-")
    made = first(session, _ANEW, {"number": number, "next": f"{stem}-{int(before or 1) + 1}", "now": now})
    if made is not None:
        _tell(session, "refund.requested", made, actor=actor, now=now)
        _open(session, made, "closed", actor=actor, now=now, at=now)


_LATER = text("""
    UPDATE refund SET ask_at = :at, asked = asked + 1
    WHERE refund_no = :number AND state IN ('requested', 'accepted', 'abnormal')
    RETURNING store_id, id, order_id, refund_no, amount_fen, state, asked, created_at""")


def ask_later(session: Session, number: str, asked: int, *, actor: str, now: datetime, code: str = "") -> None:
    """Plan the next question: a minute five times, then 5, 10, 20, 30 minutes; tell the desk of what is stuck.

    :param code: what WeChat said when it did not take the refund; empty when it did answer.
    """
    at = now + timedelta(seconds=ASK_S[min(asked, len(ASK_S) - 1)])
    left = first(session, _LATER, {"number": number, "at": at})
    if left is None:
        return
    if left.state == "requested" and (code == "NOT_ENOUGH" or left.asked >= TRIES):
        _open(session, left, "not_taken", actor=actor, now=now, at=at, code=code)
    elif left.state == "accepted" and now - left.created_at > SLOW:
        _open(session, left, "slow", actor=actor, now=now, at=at)
    cases.plan_next_try(session, KIND, subject(left), at=at, now=now)


_NOW = text("""
    UPDATE refund SET ask_at = :now WHERE store_id = :store AND id = :id
    AND state IN ('requested', 'accepted', 'abnormal') RETURNING id""")


def ask_now(session: Session, store_id: int, refund_id: int, *, now: datetime) -> bool:
    """Somebody wants it tried at once; False when it has ended."""
    return first(session, _NOW, {"store": store_id, "id": refund_id, "now": now}) is not None


_PAY_OUT = text("""
    UPDATE refund SET state = 'done', done_at = :now, shift_id = :shift
    WHERE store_id = :store AND id = :id AND kind = 'cash' AND state = 'requested'
    RETURNING store_id, id, order_id, refund_no, amount_fen""")


def pay_out(session: Session, store_id: int, refund_id: int, shift_id: int, *, actor: str, now: datetime) -> int | None:
    """A till gives out cash that is owed; returns the fen, or None when it was given already, or is not owed here."""
    given = {"store": store_id, "id": refund_id, "shift": shift_id, "now": now}
    paid = first(session, _PAY_OUT, given)
    if paid is None:
        return None
    _tell(session, "refund.paid_out", paid, actor=actor, now=now)
    return int(paid.amount_fen)


def _open(
    session: Session, refund: Any, cause: str, *, actor: str, now: datetime, at: datetime | None = None, code: str = ""
) -> None:
    facts = {"refund_no": refund.refund_no, "amount_fen": refund.amount_fen, "code": code}
    key = {"store_id": refund.store_id, "order_id": refund.order_id}
    cases.open(
        session, KIND, subject(refund), money_fen=refund.amount_fen, facts=facts, **key, cause=cause, next_try_at=at,
        actor=actor, now=now,
    )  # fmt: skip


def _tell(session: Session, kind: str, refund: Any, *, actor: str, now: datetime) -> None:
    facts = {"store_id": refund.store_id, "order_id": refund.order_id, "refund_id": refund.id}
    journal.record(session, kind, f"refund:{refund.id}", actor=actor, now=now, **facts, number=refund.refund_no)
