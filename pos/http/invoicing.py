"""What the service that makes electronic invoices tells us: issued, refused, taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flask import g, request
from pydantic import Field
from sqlalchemy.orm import Session

from config import clock
from config.http import Reply, WriteForm, blueprint, once, permit
from config.settings import settings
from trade.orders.invoices import moves
from trade.stock.channels import signing


@dataclass(frozen=True, slots=True)
class InvoiceCaller:
    """The service, whose signature was right."""

    actor: str = moves.ACTOR
    permissions: frozenset[str] = frozenset({"invoice.answer"})


def identify() -> InvoiceCaller:
    """Who signed with INVOICE_SECRET; raises BadSignature.  A repeat within its time gets the first answer."""
    head, secret = request.headers, settings().invoice_secret
    if not secret:
        raise signing.BadSignature()
    asked = (request.method, request.path, request.get_data(cache=True))
    signature, nonce = head.get("X-Tongdian-Signature", ""), head.get("X-Tongdian-Nonce", "")
    signing.check(secret, signature, head.get("X-Tongdian-Timestamp", ""), nonce, asked, clock.now())
    return InvoiceCaller()


bp = blueprint("invoice exchange", "/api/invoices", identify)


class InvoiceAnswerForm(WriteForm):
    """What became of it; `number` and `url` of the invoice when it was issued, `reason` when it was not."""

    event: Literal["issue", "refuse", "reverse", "keep"]
    number: str | None = Field(None, max_length=40)
    url: str | None = Field(None, max_length=500, pattern=r"^https://")
    reason: str = Field("", max_length=200)


@bp.post("/<int:store_id>/<int:invoice_id>")
@permit("invoice.answer")
@bp.input(InvoiceAnswerForm)
def answer(store_id: int, invoice_id: int, json_data: InvoiceAnswerForm) -> Reply:
    """Note what became of an invoice: 200 with its `state`; 404, 409 `wrong_state`.

    One issued for money that went back meanwhile is asked back at once: its state is then `reversing`.
    """

    def work(opened: Session) -> Reply:
        said = json_data.model_dump(include={"number", "url", "reason"})
        row = moves.move(opened, store_id, invoice_id, json_data.event, **said, now=g.now)
        return {"state": row.state}, 200

    return once(json_data, work)
