"""A channel's order that is ours already changes: another address or remark, or the buyer does not want it any more."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import WrongState
from trade.exceptions import cases
from trade.fulfilment import parcels
from trade.fulfilment.states import WAITING
from trade.orders import addresses, close
from trade.orders import moves as orders
from trade.orders.intake import moves
from trade.orders.intake.documents import Document

_APPLIED = text("""
    SELECT d.* FROM intake_document d
    WHERE d.channel_id = :channel AND d.external_no = :no AND d.revision = :revision""")
_REMARK = text("""
    UPDATE sale_order SET remark = :remark WHERE store_id = :store AND id = :order
      AND state NOT IN ('done', 'cancelled') RETURNING id""")
_LOCK = text("SELECT state FROM sale_order WHERE store_id = :store AND id = :order FOR NO KEY UPDATE")


def follow(session: Session, head: Any, *, actor: str, now: datetime) -> str:
    """Apply the newest revision to an order: address and remark, until it is packed (members-mall-orders.md 3.7).

    Other content, or one that comes too late, is an exception: a person speaks with the channel.
    Returns `changed`, `unchanged` or `late`.
    """
    key = {"channel": head.channel_id, "no": head.external_no, "revision": head.applied_revision}
    before, after = first(session, _APPLIED, key), Document.kept(head)
    assert before is not None, key
    if Document(head.external_no, 0, before.raw, {}).goods() != after.goods():
        return _too_late(session, head, "changed_after_order", actor, now)
    state = fetch(session, _LOCK, {"store": head.store_id, "order": head.order_id})[0].state
    was = addresses.read(session, head.store_id, head.order_id)
    if was == after.address() and before.raw["remark"] == after.raw["remark"]:
        moves.note(session, head.channel_id, head.external_no, revision=head.revision)
        return "unchanged"
    if after.address().faults() or not _may_change(session, head, state):
        return _too_late(session, head, "edited_too_late", actor, now)
    addresses.write(session, head.store_id, head.order_id, after.address(), now=now)
    given = {"store": head.store_id, "order": head.order_id, "remark": after.raw["remark"]}
    fetch(session, _REMARK, given)
    told = {"store_id": head.store_id, "revision": head.revision}
    orders.note(session, head.order_id, "order.edited", actor=actor, now=now, **told)
    moves.note(session, head.channel_id, head.external_no, revision=head.revision)
    return "changed"


def _may_change(session: Session, head: Any, state: str) -> bool:
    """Where it goes may change until it is packed (members-mall-orders.md 3.7)."""
    stand = {parcel.state for parcel in parcels.of_order(session, head.store_id, head.order_id)}
    return state in ("placed", "paid") or (
        state == "confirmed" and stand <= WAITING | {"picking", "picked", "cancelled"}
    )


def _too_late(session: Session, head: Any, cause: str, actor: str, now: datetime) -> str:
    facts = {"channel": head.code, "external_no": head.external_no, "revision": head.revision}
    cases.open(
        session, "duplicate", f"intake:{head.channel_id}:{head.external_no}", money_fen=head.money_fen, facts=facts,
        cause=cause, store_id=head.store_id, order_id=head.order_id, actor=actor, now=now,
    )  # fmt: skip
    moves.note(session, head.channel_id, head.external_no, revision=head.revision, reason=cause)
    return "late"


def cancel(session: Session, head: Any, *, actor: str, now: datetime) -> str:
    """Cancel an order that its channel cancelled: goods go free, the channel gives the buyer's money back.

    Returns `cancelled`, or `cancel_refused` when a store has begun to pick: the channel reads so in its feed, and a
    person settles it.
    """
    try:
        close.cancel(session, head.store_id, head.order_id, actor=actor, now=now)
    except WrongState as refused:
        return _refused(session, head, str(refused.facts["state"]), actor, now)
    moves.move(session, head.channel_id, head.external_no, "cancel", reason=head.cancel_reason, actor=actor, now=now)
    return "cancelled"


def _refused(session: Session, head: Any, state: str, actor: str, now: datetime) -> str:
    if state == "cancelled":  # by us, before: nothing is left to do
        moves.move(session, head.channel_id, head.external_no, "cancel", reason="cancelled_here", actor=actor, now=now)
        return "cancelled"
    facts = {"channel": head.code, "external_no": head.external_no, "state": state, "reason": head.cancel_reason}
    cases.open(
        session, "adapter_rejected", f"intake:{head.channel_id}:{head.external_no}", money_fen=head.money_fen,
        facts=facts, cause="cancel_too_late", store_id=head.store_id, order_id=head.order_id, actor=actor, now=now,
    )  # fmt: skip
    moves.note(session, head.channel_id, head.external_no, refused_at=now, reason="cancel_too_late")
    return "cancel_refused"
