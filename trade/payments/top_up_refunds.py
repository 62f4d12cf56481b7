"""What is left of a top-up goes back: unspent principal only, and its bonus is withdrawn (members-mall-orders.md 3.5).

Bonus of it that was spent already is deducted when the customer agrees (`deduct`), given away (`waive`), or forbids
the refund (`refuse`), by the terms.  Worked table, topped up 100.00 with 20.00 bonus, 60.00 spent in proportion
(50.00 + 10.00), policy `deduct`:

    principal left   bonus withdrawn   bonus spent, deducted   refund
    50.00            10.00             10.00                   40.00

Money goes back the way it came; more cash than the terms allow goes to a bank account of the same name, whose
reference is noted (till-and-store-desk.md 3.6, RG1).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import Refused, WrongState
from member import wallet
from member.wallet import BONUS, PRINCIPAL, Deed
from member.wallet_terms import Split, terms_at
from trade.payments import moves, top_ups


class NothingToRefund(Refused):
    """Nothing of the top-up's principal is left once spent bonus is deducted."""

    code = "nothing_to_refund"


class WalletHeld(Refused):
    """An unpaid order holds stored value of the member: it is paid or cancelled first."""

    code = "wallet_held"


class BonusSpent(Refused):
    """Bonus of this top-up was spent: the customer must agree to its deduction, or the terms forbid the refund."""

    code = "bonus_spent"


class CashOutTooLarge(Refused):
    """More than may leave a drawer: it goes to the customer's bank account."""

    code = "cash_out_too_large"


class RefundDiffers(Refused):
    """What would go back is no longer what was shown; look at the new preview."""

    code = "top_up_refund_changed"


class DrawerNeeded(Refused):
    """Cash back needs an open shift."""

    code = "drawer_needed"


@dataclass(frozen=True, slots=True)
class Preview:
    """What giving a top-up back would do, in fen."""

    principal_fen: int
    bonus_fen: int
    deducted_fen: int
    kind: str
    cash_out_max_fen: int

    @property
    def refund_fen(self) -> int:
        """What the customer gets."""
        return self.principal_fen - self.deducted_fen

    def as_json(self) -> dict[str, Any]:
        """As the till shows it; `bank` says that it must go to a bank account."""
        return {
            "principal_fen": self.principal_fen,
            "bonus_fen": self.bonus_fen,
            "deducted_fen": self.deducted_fen,
            "refund_fen": self.refund_fen,
            "kind": self.kind,
            "bank": self.kind == "cash" and self.refund_fen > self.cash_out_max_fen,
        }


_LEFT = text("""
    SELECT coalesce((SELECT sum(remaining) FROM lot WHERE member_id = :member AND source = :source
                     AND account = :principal), 0)::bigint AS principal_fen,
           coalesce((SELECT sum(remaining) FROM lot WHERE member_id = :member AND source = :source
                     AND account = :bonus), 0)::bigint AS bonus_fen,
           coalesce(sum(bonus_fen + deducted_fen), 0)::bigint AS settled_fen, count(*) AS times
    FROM top_up_refund WHERE store_id = :store AND top_up_id = :id""")
_REFUNDED = text("""
    SELECT coalesce(sum(refund_fen), 0)::bigint AS fen FROM top_up_refund
    WHERE store_id = :store AND top_up_id = :id""")
_WRITE = text("""
    INSERT INTO top_up_refund (store_id, top_up_id, at_store_id, shift_id, staff_id, principal_fen, bonus_fen,
                               deducted_fen, refund_fen, consent, bank_ref, at)
    VALUES (:store, :id, :at_store, CAST(:shift AS bigint), :staff, :principal, :bonus, :deducted, :refund, :consent,
            CAST(:bank_ref AS text), :now)
    RETURNING id""")


def refunded_fen(session: Session, store_id: int, top_up_id: int) -> int:
    """What went back of a top-up by now, in fen."""
    row = first(session, _REFUNDED, {"store": store_id, "id": top_up_id})
    return int(row.fen) if row else 0


def preview(session: Session, store_id: int, top_up_id: int, *, now: datetime) -> Preview:
    """What would go back now; in the transaction of a refund the wallet is locked by it.

    :raises WrongState, WalletHeld, BonusSpent, NothingToRefund: it cannot go back; nothing moved.
    """
    return _plan(session, top_ups.one(session, store_id, top_up_id), now)[0]


def _plan(session: Session, top_up: Any, now: datetime) -> tuple[Preview, int]:
    if top_up.state != "paid":
        raise WrongState(top_up_id=top_up.id, state=top_up.state, event="refund")
    held = wallet.lock(session, top_up.member_id).held
    if held.total_fen:
        raise WalletHeld(held_fen=held.total_fen)
    given = {
        "member": top_up.member_id, "source": top_ups.source(top_up.store_id, top_up.id), "principal": PRINCIPAL,
        "bonus": BONUS, "store": top_up.store_id, "id": top_up.id,
    }  # fmt: skip
    left = fetch(session, _LEFT, given)[0]
    terms = terms_at(session, now)
    open_fen = top_up.bonus_fen - left.settled_fen  # bonus neither withdrawn nor paid for so far
    withdrawn_fen = min(left.bonus_fen, open_fen)
    spent_fen = open_fen - withdrawn_fen
    if spent_fen and terms.bonus_spent == "refuse":
        raise BonusSpent(deducted_fen=spent_fen)
    deducted_fen = spent_fen if terms.bonus_spent == "deduct" else 0
    if left.principal_fen <= deducted_fen:
        raise NothingToRefund(principal_fen=left.principal_fen, deducted_fen=deducted_fen)
    tender = moves.top_up_tender(session, top_up.store_id, top_up.id)
    done = Preview(left.principal_fen, withdrawn_fen, deducted_fen, tender.kind, terms.cash_out_max_fen)
    return done, int(left.times)


def take_back(
    session: Session,
    store_id: int,
    top_up_id: int,
    *,
    expected_refund_fen: int,
    consent: bool,
    bank_ref: str | None,
    at_store_id: int,
    shift_id: int | None,
    staff_id: int,
    actor: str,
    now: datetime,
) -> tuple[int, Preview]:
    """Give back what is left of a top-up; returns the document's id and what it did.

    The wallet is locked first, so that two refunds, or a refund and a payment, never take the same fen.

    :raises RefundDiffers, BonusSpent, CashOutTooLarge, DrawerNeeded: nothing moved, see `preview` for the others.
    """
    top_up = top_ups.one(session, store_id, top_up_id)
    plan, times = _plan(session, top_up, now)
    if plan.refund_fen != expected_refund_fen:
        raise RefundDiffers(refund_fen=plan.refund_fen, expected_fen=expected_refund_fen)
    if plan.deducted_fen and not consent:
        raise BonusSpent(deducted_fen=plan.deducted_fen)
    kind = "bank" if bank_ref and plan.kind == "cash" else plan.kind
    if kind == "cash" and plan.refund_fen > plan.cash_out_max_fen:
        raise CashOutTooLarge(max_fen=plan.cash_out_max_fen)
    if kind == "cash" and shift_id is None:
        raise DrawerNeeded()
    given = {
        "store": store_id, "id": top_up_id, "at_store": at_store_id, "shift": shift_id, "staff": staff_id,
        "principal": plan.principal_fen, "bonus": plan.bonus_fen, "deducted": plan.deducted_fen,
        "refund": plan.refund_fen, "consent": consent, "bank_ref": bank_ref, "now": now,
    }  # fmt: skip
    document_id = int(fetch(session, _WRITE, given)[0].id)
    source = top_ups.source(store_id, top_up_id)
    deed = Deed(top_up.member_id, "claw", source, f"{source}:refund:{times + 1}", actor, now, at_store_id)
    wallet.withdraw(session, deed, Split(plan.principal_fen, plan.bonus_fen))
    tender = moves.top_up_tender(session, store_id, top_up_id)
    drawer = shift_id if kind == "cash" else None
    reason = "top_up_returned"
    moves.refund(session, tender, plan.refund_fen, reason=reason, actor=actor, now=now, shift_id=drawer, kind=kind)
    moves.tell_top_up(session, "top_up.refunded", top_up, actor=actor, now=now, refund_fen=plan.refund_fen)
    return document_id, plan
