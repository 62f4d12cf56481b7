"""Stored value at the counter: what a member has, top-ups for cash, and top-ups given back."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from pydantic import Field
from sqlalchemy.orm import Session

from config.http import Reply, WriteForm, blueprint, once, permit, session
from member import identity, top_up_rules, wallet, wallet_limits
from member.possession import PossessionNeeded
from pos.http import who
from pos.http.members import authorised
from pos.http.receipts import PaperQuery
from pos.printing import papers
from pos.printing.escpos import as_escpos
from pos.printing.page import as_html
from pos.printing.slip import Slip
from trade.orders.receipts import book as receipts
from trade.orders.receipts import printings
from trade.orders.returns import ShiftNotOpen
from trade.orders.shifts import read as shifts
from trade.payments import moves, top_up_refunds, top_ups
from trade.stores import shops

bp = blueprint("top-up", "/api/pos", who.identify)


class TopUpForm(WriteForm):
    """A member, what goes into the wallet, and the cash handed over, in fen."""

    member_id: int
    amount_fen: int = Field(gt=0, le=100_000_000)
    received_fen: int = Field(ge=0, le=100_000_000)


class TopUpRefundForm(WriteForm):
    """The refund the customer was shown, whether they agreed to the deduction, and a bank reference if need be.

    `authorisation` shows that the member is here, as for a sale: what goes back to WeChat needs none.
    """

    expected_refund_fen: int = Field(gt=0)
    authorisation: str | None = Field(None, max_length=40)
    consent: bool = False
    bank_ref: str | None = Field(None, min_length=4, max_length=60)


@bp.get("/members/<int:member_id>/wallet")
@permit("pos.sell")
def member_wallet(member_id: int) -> Reply:
    """A member's stored value and this store's offers.

    `{"wallet": {principal_fen, bonus_fen, total_fen, held_fen, free_today_fen}, "offers": [{title, amount_fen |
    from_fen, bonus_fen | bonus_bp, ...}]}`; `free_today_fen` may still be spent today without the member's code.
    """
    card = identity.card(session(), member_id)
    found = wallet.balance(session(), card.id).as_json()
    found["free_today_fen"] = wallet_limits.left_today(session(), card.id, now=g.now)
    offers = top_up_rules.offers(session(), who.till().store_id, now=g.now)
    return {"wallet": found, "offers": [offer.as_json() for offer in offers]}, 200


def receipt_of(opened: Session, store_id: int, top_up_id: int) -> dict[str, Any]:
    """What its paper and its page say of a top-up."""
    top_up = top_ups.one(opened, store_id, top_up_id)
    card, tender = identity.card(opened, top_up.member_id), moves.top_up_tender(opened, store_id, top_up_id)
    return {
        **top_ups.as_json(top_up),
        "store_name": shops.name(opened, store_id),
        "url": receipts.top_up_url(top_ups.number(store_id, top_up_id)),
        "member": {"id": card.id, "no": card.no, "name": card.masked_name, "phone": card.masked_phone},
        "wallet": wallet.balance(opened, card.id).as_json(),
        "tender": {
            "kind": tender.kind,
            "amount_fen": tender.amount_fen,
            "received_fen": tender.received_fen,
            "change_fen": tender.change_fen,
        },
    }


@bp.post("/top-ups")
@permit("pos.sell")
@bp.input(TopUpForm)
def top_up(json_data: TopUpForm) -> Reply:
    """Take cash into a wallet.  201 with `{"top_up": {no, principal_fen, bonus_fen, member, wallet, tender, ...}}`.

    It counts in the drawer of the open shift, is no sale and earns no points.
    """
    till, me = who.till(), who.me()

    def work(opened: Session) -> Reply:
        shift_id = shifts.sells_in(opened, till, now=g.now)
        if shift_id is None:
            raise ShiftNotOpen()
        card = identity.card(opened, json_data.member_id)
        top_up_id = top_ups.at_till(
            opened,
            top_ups.Counter(till.store_id, till.id, shift_id, me.id),
            card.id,
            json_data.amount_fen,
            received_fen=json_data.received_fen,
            actor=me.actor,
            now=g.now,
        )
        return {"top_up": receipt_of(opened, till.store_id, top_up_id)}, 201

    return once(json_data, work)


@bp.get("/top-ups/<no>")
@permit("pos.read")
def receipt(no: str) -> Reply:
    """A paid top-up by its printed number (`U` and 12 digits), as `POST /top-ups` answered."""
    return {"top_up": receipt_of(session(), *top_ups.parse(no))}, 200


@bp.post("/top-ups/<no>/print")
@permit("pos.read")
@bp.input(WriteForm)
def count_paper(no: str, json_data: WriteForm) -> Reply:
    """Count one more printing of a top-up's receipt: `copy` is how often it was printed before, for its address."""
    key, me = top_ups.parse(no), who.me()

    def work(opened: Session) -> Reply:
        subject = f"top_up:{receipt_of(opened, *key)['no']}"
        return {"copy": printings.count(opened, subject, actor=me.actor, now=g.now)}, 200

    return once(json_data, work)


def _paper(no: str, copy: int, query: PaperQuery) -> Slip:
    paper = receipt_of(session(), *top_ups.parse(no))
    printings.check(session(), f"top_up:{paper['no']}", copy)
    return papers.top_up(paper | {"copy": copy}, int(query.width))


@bp.get("/top-ups/<no>/<int:copy>/print")
@permit("pos.read")
@bp.input(PaperQuery, location="query")
def print_page(no: str, copy: int, query_data: PaperQuery) -> Response:
    """The top-up's receipt as a page that prints itself; a `copy` above 0 bears its mark."""
    return Response(as_html(_paper(no, copy, query_data), no), content_type="text/html; charset=utf-8")


@bp.get("/top-ups/<no>/<int:copy>/escpos")
@permit("pos.read")
@bp.input(PaperQuery, location="query")
def escpos(no: str, copy: int, query_data: PaperQuery) -> Response:
    """The same as bytes for a thermal printer (ESC/POS, GB18030)."""
    return Response(as_escpos(_paper(no, copy, query_data)), content_type="application/octet-stream")


@bp.get("/top-ups/<no>/refund")
@permit("pos.return")
def preview(no: str) -> Reply:
    """What giving a top-up back would do; changes nothing.

    `{"preview": {principal_fen, bonus_fen, deducted_fen, refund_fen, kind, bank}}`: `deducted_fen` is spent bonus that
    the customer must agree to; `bank` says that a bank reference is needed.
    """
    return {"preview": top_up_refunds.preview(session(), *top_ups.parse(no), now=g.now).as_json()}, 200


@bp.post("/top-ups/<no>/refund")
@permit("pos.return")
@bp.input(TopUpRefundForm)
def take_back(no: str, json_data: TopUpRefundForm) -> Reply:
    """Give back what is left of a top-up.  201 with `{"refund": {no, at, ...as the preview}}`.

    Cash and a bank transfer go to whoever stands here, so they need the member's code or a manager's word: else 409
    `possession_needed`.  Numbers on slips follow each other, and a phone number only says who somebody is.
    """
    till, me = who.till(), who.me()

    def work(opened: Session) -> Reply:
        given = top_ups.one(opened, *top_ups.parse(no))
        back_to_payer = moves.top_up_tender(opened, given.store_id, given.id).kind == "wechat"
        if not back_to_payer and not authorised(opened, given.member_id, json_data.authorisation, use=True):
            raise PossessionNeeded()
        refund_id, done = top_up_refunds.take_back(
            opened,
            *top_ups.parse(no),
            expected_refund_fen=json_data.expected_refund_fen,
            consent=json_data.consent,
            bank_ref=json_data.bank_ref,
            at_store_id=till.store_id,
            shift_id=shifts.held_open(opened, till),
            staff_id=me.id,
            actor=me.actor,
            now=g.now,
        )
        return {"refund": {"no": f"UR{refund_id}", "at": g.now.isoformat(), **done.as_json()}}, 201

    return once(json_data, work)
