"""The only writer of what WeChat was told of goods that left (states and steps: `states.py`).

Every step is one guarded UPDATE, so of two at once one succeeds; a payment's one correction is part of the guard.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, Refused, WrongState
from trade.exceptions import cases
from trade.orders.shipping.states import MOVES

KIND = "shipping_info_failed"
"""The desk's word for what WeChat does not take."""
LEASE = timedelta(seconds=60)
AGAIN_S = (20, 60, 120, 600, 1800, 3600)
"""Seconds to the next try after each failure; the third opens a case, within the five minutes that are promised."""
TRIES = 3


class CorrectionUsed(Refused):
    """WeChat lets the shipping information of a payment be corrected once, and that was done (`at`)."""

    code = "shipping_corrected"


_OWE = text("""
    INSERT INTO ship_upload (store_id, tender_id, state, paid_at, due_at, try_at)
    SELECT store_id, id, CASE WHEN top_up_id IS NULL THEN 'waiting' ELSE 'due' END, :now,
        CASE WHEN top_up_id IS NOT NULL THEN CAST(:now AS timestamptz) END,
        CASE WHEN top_up_id IS NOT NULL THEN CAST(:now AS timestamptz) END
    FROM tender WHERE trade_no = :trade_no AND way = 'jsapi' AND state = 'paid'
    ON CONFLICT DO NOTHING RETURNING tender_id""")
_MOVE = text("""
    UPDATE ship_upload u SET state = :target, turn = turn + CASE WHEN :target = 'due' THEN 1 ELSE 0 END,
        try_at = CASE WHEN :target = 'due' THEN CAST(:now AS timestamptz) END,
        due_at = CASE WHEN :target <> 'due' OR u.state = 'due' THEN due_at ELSE CAST(:now AS timestamptz) END,
        tries = CASE WHEN :target = 'due' AND u.state = 'due' THEN tries ELSE 0 END,
        corrections = corrections + CASE WHEN :event = 'correct' THEN 1 ELSE 0 END,
        code = CASE WHEN :target = 'due' THEN code ELSE '' END,
        sent = CASE WHEN :event IN ('correct', 'miss') THEN NULL ELSE coalesce(CAST(:sent AS jsonb), sent) END,
        wanted = CASE WHEN :target = 'due' THEN CAST(:wanted AS jsonb) END,
        leased_until = CASE WHEN :target = 'due' THEN leased_until END,
        told_at = CASE WHEN CAST(:sent AS jsonb) IS NULL THEN told_at ELSE CAST(:now AS timestamptz) END
    FROM tender t
    WHERE u.store_id = :store AND u.tender_id = :tender AND u.state = ANY(:sources)
      AND (CAST(:turn AS bigint) IS NULL OR u.turn = :turn) AND (:event <> 'correct' OR u.corrections = 0)
      AND t.store_id = u.store_id AND t.id = u.tender_id
    RETURNING u.store_id, u.tender_id, t.order_id, t.top_up_id, t.trade_no""")
_KEPT = text("""
    UPDATE ship_upload SET sent = CAST(:sent AS jsonb), told_at = :now, tries = 0, try_at = :now, leased_until = NULL
    WHERE store_id = :store
      AND tender_id = :tender AND state = 'due' RETURNING tender_id""")
_CLAIM = text("""
    UPDATE ship_upload SET leased_until = :until, tries = tries + 1,
        asked_at = greatest(:now, asked_at + interval '1 millisecond')
    WHERE (store_id, tender_id) IN (
        SELECT store_id, tender_id FROM ship_upload
        WHERE state = 'due' AND try_at <= :now AND (leased_until IS NULL OR leased_until < :now)
        ORDER BY try_at LIMIT :most FOR NO KEY UPDATE SKIP LOCKED)
    RETURNING store_id, tender_id, turn, tries, corrections, asked_at""")
_AGAIN = text("""
    UPDATE ship_upload SET try_at = CASE WHEN turn = :turn THEN :at ELSE try_at END, code = :code, leased_until = NULL
    WHERE store_id = :store AND tender_id = :tender AND state = 'due' RETURNING turn""")
_NOW = text(
    "UPDATE ship_upload SET try_at = :now WHERE store_id = :store AND tender_id = :tender AND state = 'due'"
    " RETURNING tender_id"
)
_STANDS = text("SELECT state, corrections, told_at FROM ship_upload WHERE store_id = :store AND tender_id = :tender")
_REMINDED = text("""
    UPDATE ship_upload SET confirm_asked_at = :now WHERE store_id = :store AND tender_id = :tender
      AND state = 'told' AND confirm_asked_at IS NULL RETURNING tender_id""")


def _json(body: Mapping[str, Any] | None) -> str | None:
    return json.dumps(body, ensure_ascii=False) if body is not None else None


def subject(store_id: int, tender_id: int) -> str:
    """How the desk names one telling."""
    return f"shipping:{store_id}:{tender_id}"


def owe(session: Session, trade_no: str, *, now: datetime) -> bool:
    """WeChat keeps a payment's money from now on; False when that is known, or it is none of the mini-program's.

    A top-up is due at once: nothing of it will ever be handed over.
    """
    return first(session, _OWE, {"trade_no": trade_no, "now": now}) is not None


def move(
    session: Session,
    store_id: int,
    tender_id: int,
    event: str,
    *,
    actor: str,
    now: datetime,
    turn: int | None = None,
    sent: Mapping[str, Any] | None = None,
    wanted: Mapping[str, Any] | None = None,
) -> bool:
    """Take one step of `states.MOVES`; False when it stands elsewhere, or on another `turn`.

    :param sent: the body that WeChat took.  :param wanted: the one it is to take, where that is known already.
    """
    sources, target = MOVES[event]
    given = {"store": store_id, "tender": tender_id, "event": event, "target": target, "sources": sorted(sources)}
    bodies = {"sent": _json(sent), "wanted": _json(wanted)}
    moved = first(session, _MOVE, {**given, **bodies, "turn": turn, "now": now})
    if moved is None:
        return False
    if event in ("tell", "wait", "end"):
        cases.clear(session, KIND, subject(store_id, tender_id), actor=actor, note=event, now=now)
    if event != "wait" or sent is not None:
        about = f"order:{moved.order_id}" if moved.order_id else f"top_up:{store_id}:{moved.top_up_id}"
        told = {"store_id": store_id, "order_id": moved.order_id, "tender_id": tender_id, "trade_no": moved.trade_no}
        journal.record(session, f"shipping.{event}", about, actor=actor, now=now, **told)
    return True


def claim(session: Session, *, most: int, now: datetime) -> list[Any]:
    """Lease what is due to this worker: nobody else takes it before the lease ends; each gets a stamp of its own."""
    return fetch(session, _CLAIM, {"most": most, "now": now, "until": now + LEASE})


def taken(session: Session, claimed: Any, sent: Mapping[str, Any], *, whole: bool, actor: str, now: datetime) -> None:
    """WeChat took it.  What changed while it was on its way stays due."""
    key = (claimed.store_id, claimed.tender_id)
    event = "tell" if whole else "wait"
    if not move(session, *key, event, turn=claimed.turn, sent=sent, actor=actor, now=now):
        given = {"store": key[0], "tender": key[1], "sent": _json(sent), "now": now}
        first(session, _KEPT, given)


def failed(
    session: Session, claimed: Any, code: str, *, money_fen: int, order_id: int | None, actor: str, now: datetime
) -> None:
    """WeChat did not take it: again after a while, and from the third time on it is on the desk."""
    key = (claimed.store_id, claimed.tender_id)
    at = now + timedelta(seconds=AGAIN_S[min(claimed.tries, len(AGAIN_S)) - 1])
    given = {"store": key[0], "tender": key[1], "turn": claimed.turn, "at": at, "code": code}
    if first(session, _AGAIN, given) is not None and claimed.tries >= TRIES:
        on_desk(session, *key, code, money_fen=money_fen, order_id=order_id, next_try_at=at, actor=actor, now=now)


def on_desk(
    session: Session,
    store_id: int,
    tender_id: int,
    code: str,
    *,
    money_fen: int,
    order_id: int | None,
    next_try_at: datetime | None = None,
    actor: str,
    now: datetime,
) -> None:
    """Somebody must look: `code` is WeChat's, or ours where the parcels say too little or WeChat says otherwise."""
    causes = ("no_carrier", "no_tracking", "no_phone", "too_many_parcels", "differs")
    cases.open(
        session, KIND, subject(store_id, tender_id), money_fen=money_fen, facts={"tender_id": tender_id, "code": code},
        cause=code if code in causes else "refused", store_id=store_id, order_id=order_id, next_try_at=next_try_at,
        actor=actor, now=now,
    )  # fmt: skip


def ask_now(session: Session, store_id: int, tender_id: int, *, now: datetime) -> bool:
    """Try again at once; False when nothing is due."""
    return first(session, _NOW, {"store": store_id, "tender": tender_id, "now": now}) is not None


def correct(session: Session, store_id: int, tender_id: int, *, actor: str, now: datetime) -> None:
    """What WeChat took was wrong: tell it anew, which a payment allows once.

    :raises CorrectionUsed: it was done before; of two at once one succeeds.
    :raises WrongState: WeChat was told nothing yet, so there is nothing to correct.  :raises NotFound: no such payment.
    """
    if move(session, store_id, tender_id, "correct", actor=actor, now=now):
        return
    stands = first(session, _STANDS, {"store": store_id, "tender": tender_id})
    if stands is None:
        raise NotFound(tender_id=tender_id)
    if stands.corrections:
        raise CorrectionUsed(tender_id=tender_id, at=stands.told_at.isoformat() if stands.told_at else None)
    raise WrongState(tender_id=tender_id, state=stands.state, event="correct")


def reminded(session: Session, store_id: int, tender_id: int, *, now: datetime) -> bool:
    """The customer is about to be asked to confirm; False when they were: WeChat allows it once."""
    return first(session, _REMINDED, {"store": store_id, "tender": tender_id, "now": now}) is not None
