"""What the store, the head office and the customer say to a case after it was asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from config.errors import Refused
from member import photos as pictures
from trade.orders import refund_plan
from trade.orders.aftersales import apply, moves, refunding
from trade.orders.aftersales.states import GOODS, MONEY, Cause, Kind
from trade.orders.aftersales.terms import terms_at


class AppealedAlready(Refused):
    """The head office has decided about this case once; its word is the last."""

    code = "appealed_already"


def ask(
    session: Session,
    store_id: int,
    order_id: int,
    wish: apply.Wish,
    *,
    member_id: int,
    photos: Sequence[str] = (),
    actor: str,
    now: datetime,
) -> Any:
    """A member asks (`apply.ask`); what no store has begun to pick is given back at once.  Returns the case's row.

    :param photos: those that the member sent before, by their tokens; PhotosGone when one is not theirs to send.
    """
    case_id = apply.ask(session, store_id, order_id, wish, member_id=member_id, actor=actor, now=now)
    pictures.attach(session, member_id, photos, f"aftersale:{case_id}")
    if wish.kind is Kind.UNSHIPPED_REFUND and apply.untouched(session, store_id, order_id):
        return approve(session, store_id, case_id, staff_id=None, actor=actor, now=now)
    return refunding.locked(session, store_id, case_id)


def approve(
    session: Session,
    store_id: int,
    case_id: int,
    *,
    staff_id: int | None,
    approver_id: int | None = None,
    shift_id: int | None = None,
    fault: bool | None = None,
    freight_fen: int | None = None,
    expected_refund_fen: int | None = None,
    actor: str,
    now: datetime,
) -> Any:
    """Grant a case; returns its row.  Money goes back at once, goods are waited for, what is sent again is to be sent.

    :param fault: whether it is the merchant's; as asked when left out.
    :param freight_fen: of the freight, what goes back too.
    :raises WrongState: it was answered meanwhile; the facts name its state.
    :raises RefundChanged, ApprovalNeeded, ShiftNotOpen, TooMuchRefunded: it stays unanswered.
    """
    refunding.locked(session, store_id, case_id)
    said = {"fault": fault, "freight_fen": freight_fen, "decided_by": staff_id}
    case = moves.move(session, store_id, case_id, "approve", actor=actor, now=now, **said)
    if case.kind in MONEY:
        return refunding.pay_back(
            session,
            case,
            staff_id=staff_id,
            approver_id=approver_id,
            shift_id=shift_id,
            expected_refund_fen=expected_refund_fen,
            actor=actor,
            now=now,
        )
    if case.kind in GOODS:
        send_by = now + timedelta(days=terms_at(session, now).send_days)
        return moves.move(session, store_id, case_id, "await", actor=actor, now=now, send_by=send_by)
    return case


def reject(
    session: Session, store_id: int, case_id: int, reason: str, *, staff_id: int | None, actor: str, now: datetime
) -> Any:
    """Say no, with the reason that the customer is told."""
    said = {"reason": reason, "decided_by": staff_id}
    return moves.move(session, store_id, case_id, "reject", actor=actor, now=now, **said)


def appeal(session: Session, store_id: int, case_id: int, *, actor: str, now: datetime) -> Any:
    """The customer does not agree: the head office decides.  Its units are locked again, if they are still there.

    :raises AppealedAlready: once is all.
    :raises TooMuchReturned, TooMuchRefunded, AftersaleOpen: they are not there any more.
    """
    case = refunding.locked(session, store_id, case_id)
    if case.appealed_at is not None:
        raise AppealedAlready(case_id=case_id)
    moved = moves.move(session, store_id, case_id, "appeal", actor=actor, now=now)
    lines = refunding.lines_of(session, case)
    units = {line.line_no: line.qty for line in lines if line.qty}
    fens = {line.line_no: line.amount_fen for line in lines if line.amount_fen}
    wish = apply.Wish(Kind(case.kind), Cause(case.cause), units, fens)
    refund_plan.plan(session, store_id, case.order_id, apply.as_ask(wish, case_id=case_id), now=now)
    return moved


def dismiss(
    session: Session, store_id: int, case_id: int, reason: str, *, staff_id: int | None, actor: str, now: datetime
) -> Any:
    """The head office agrees with the store."""
    said = {"reason": reason, "decided_by": staff_id}
    return moves.move(session, store_id, case_id, "dismiss", actor=actor, now=now, **said)


def cancel(session: Session, store_id: int, case_id: int, *, actor: str, now: datetime) -> Any:
    """The customer thinks better of it, while nothing is on its way."""
    return moves.move(session, store_id, case_id, "cancel", actor=actor, now=now)


def ship(
    session: Session, store_id: int, case_id: int, carrier: str, tracking_no: str, *, actor: str, now: datetime
) -> Any:
    """The customer has sent the goods."""
    said = {"carrier": carrier, "tracking_no": tracking_no}
    return moves.move(session, store_id, case_id, "ship", actor=actor, now=now, **said)
