"""Sales found without their receipt, and returns where there is none."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from flask import g
from pydantic import AwareDatetime, Field
from sqlalchemy.orm import Session

from config.errors import Malformed, NotPermitted
from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from member import identity, masking, wallet
from pos.http import members, who
from pos.http.approving import Elevated, elevated
from trade.orders import finding
from trade.orders.blind import taking, terms
from trade.orders.blind.taking import Brought
from trade.orders.returns import ShiftNotOpen
from trade.orders.shifts import read as shifts
from trade.payments import top_ups
from trade.stores.approvals.states import Action

bp = blueprint("find_sale", "/api", who.identify)
_PAYMENT = re.compile(r"\d{24,32}|T[A-Z]\d{10,}A\d+", re.ASCII)
"""WeChat's number of a payment has 28 digits; ours says the order and the attempt."""
_DAYS, _FEN = Field(gt=0, le=3650), Field(ge=0, le=100_000_000)


class PersonQuery(Form):
    """A phone, its last four digits, a card, or a payment's number; or a member; `before` pages on."""

    q: str = Field("", max_length=64)
    member_id: int | None = None
    before: int | None = Field(None, ge=1)


class GoodsQuery(Form):
    """What was bought on which day, perhaps for which sum; `everywhere` looks in other stores, too."""

    sku_id: int
    day: date
    payable_fen: int | None = Field(None, ge=0)
    everywhere: bool = False
    before: int | None = Field(None, ge=1)


@bp.get("/pos/sales-found")
@permit("pos.return")
@bp.input(PersonQuery, location="query")
def by_person(query_data: PersonQuery) -> Reply:
    """Sales of a payment's number, or of a member, in every store, newest first, with `before` of the next page.

    Of a phone or card `members`, masked; where it is one only, their `sales` at once.  Four digits need `member.tail`.
    """
    asked, opened = query_data, session()
    if asked.member_id is not None:
        return finding.of_member(opened, asked.member_id, before=asked.before) | {"members": []}, 200
    words = asked.q.strip().upper()
    if _PAYMENT.fullmatch(words):
        return finding.of_payment(opened, words, before=asked.before) | {"members": []}, 200
    masking.check_search(words, who.me().permissions)
    found = identity.search(opened, words)
    sales: dict[str, Any] = {"sales": [], "before": None}
    if len(found) == 1:
        sales = finding.of_member(opened, found[0].id, before=asked.before)
    return {**sales, "members": [members.member_json(one) for one in found]}, 200


@bp.get("/pos/sales-found/goods")
@permit("pos.return")
@bp.input(GoodsQuery, location="query")
def by_goods(query_data: GoodsQuery) -> Reply:
    """Sales of a sku on a day: of this store, or `everywhere` for who may approve (403 for others)."""
    asked, here = query_data, who.till().store_id
    if asked.everywhere and "pos.approve" not in who.me().permissions:
        raise NotPermitted(permission="pos.approve")
    at = None if asked.everywhere else here
    more = {"payable_fen": asked.payable_fen, "before": asked.before}
    return finding.of_goods(session(), at, asked.sku_id, asked.day, **more) | {"members": []}, 200


class BlindLine(Form):
    """Units of a sku that come back without a sale, and how many of them are not for sale."""

    sku_id: int
    qty: int = Field(gt=0, le=100_000)
    aside: int = Field(0, ge=0)


class BlindLookForm(Form):
    """Who brings what; they must be a member, for it is given as stored value."""

    member_id: int
    lines: list[BlindLine] = Field(min_length=1, max_length=50)

    def goods(self) -> list[Brought]:
        """The lines as the domain has them."""
        if any(line.aside > line.qty for line in self.lines):
            raise Malformed(fields={"lines": "no more aside than comes back"})
        return [Brought(line.sku_id, line.qty, line.aside) for line in self.lines]


class BlindForm(WriteForm, BlindLookForm, Elevated):
    """The same with why there is no receipt, what was shown, and the manager's word."""

    reason: str = Field(min_length=2, max_length=200)
    expected_fen: int = Field(gt=0)


@bp.post("/pos/blind-returns/preview")
@permit("pos.return")
@bp.input(BlindLookForm)
def look(json_data: BlindLookForm) -> Reply:
    """What goods without a receipt are worth: the lowest price of the terms' `days`.  Changes nothing.

    `left_fen`: what may still be given to this `person`, and today in this `store`.
    """
    found = taking.worth(session(), who.till().store_id, json_data.member_id, json_data.goods(), now=g.now)
    return {"blind": found.as_json()}, 200


@bp.post("/pos/blind-returns")
@permit("pos.return")
@bp.input(BlindForm)
def take(json_data: BlindForm) -> Reply:
    """Take goods in without a receipt, for the bonus kind of stored value.  201 with the document and the wallet.

    Needs an approval `blind_return` of subject `member:<id>`: 409 `approval_missing`, `approval_over`.  409
    `blind_return_capped`, `blind_return_changed`, `shift_not_open`: nothing came back.
    """
    till, me, form = who.till(), who.me(), json_data

    def work(opened: Session) -> Reply:
        shift_id = shifts.held_open(opened, till)
        if shift_id is None:
            raise ShiftNotOpen()
        subject, done = f"member:{form.member_id}", {"amount_fen": form.expected_fen}
        given = elevated(opened, form, Action.BLIND_RETURN, subject=subject, **done)
        at = top_ups.Counter(till.store_id, till.id, shift_id, me.id)
        shown: dict[str, Any] = {"reason": form.reason, "expected_fen": form.expected_fen}
        by: dict[str, Any] = {"approver_id": given.approver_id, "actor": me.actor, "now": g.now}
        made = taking.take(opened, at, form.member_id, form.goods(), **shown, **by)
        stored = wallet.balance(opened, form.member_id).as_json()
        return {"blind_return": {"no": f"B{made}", "amount_fen": form.expected_fen, "wallet": stored}}, 201

    return once(form, work)


class ReturnTermsForm(WriteForm):
    """A version of what tills take back; see `trade/orders/blind/models.py`."""

    from_at: AwareDatetime
    window_days: int = _DAYS
    blind_days: int = _DAYS
    person_fen: int = _FEN
    person_days: int = _DAYS
    store_fen: int = _FEN


@bp.post("/desk/return-terms")
@permit("office.aftersales")
@bp.input(ReturnTermsForm)
def write_terms(json_data: ReturnTermsForm) -> Reply:
    """Write what tills take back from a moment on.  201 with the number of the version."""
    figures = json_data.model_dump(exclude={"request_id", "from_at"})
    by = {"from_at": json_data.from_at, "actor": who.me().actor, "now": g.now}
    return once(json_data, lambda opened: ({"version": terms.write(opened, figures, **by)}, 201))
