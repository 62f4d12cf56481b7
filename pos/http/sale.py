"""Selling at the counter: scan, member, quote, sale."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from flask import g
from pydantic import Field
from sqlalchemy.orm import Session

from config.errors import Malformed, NotFound
from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from member import wallet_limits
from pos.http import members, who
from pos.scan import read_code
from trade.orders import place, read, shown
from trade.orders.numbers import parse
from trade.orders.returns import ShiftNotOpen
from trade.pricing import prices
from trade.pricing.quote import DiscountTooLarge
from trade.pricing.quoted import Want
from trade.stores import tills
from trade.stores.roles import DISCOUNT_LIMIT_BP

bp = blueprint("sale", "/api/pos", who.identify)


class UnknownCode(NotFound):
    """Nothing in this store is sold under the scanned code."""

    code = "unknown_code"


class LineForm(Form):
    """A sku and how much of it: pieces, or grams of weighed goods."""

    sku_id: int
    qty: int = Field(gt=0, le=1_000_000)


class BasketForm(Form):
    """What lies on the counter; `barred` are promotions not wanted.

    `authorisation` is the token of a shown member code or a manager's approval.
    """

    lines: list[LineForm] = Field(min_length=1, max_length=200)
    member_id: int | None = None
    points: int = Field(0, ge=0, le=100_000_000)
    discount_fen: int = Field(0, ge=0, le=100_000_000)
    authorisation: str | None = Field(None, max_length=40)
    wallet_fen: int = Field(0, ge=0, le=100_000_000)
    coupon_ids: list[int] = Field(default_factory=list, max_length=10)
    barred: list[int] = Field(default_factory=list, max_length=50)


class CashForm(Form):
    """Cash handed over, in fen."""

    kind: Literal["cash"]
    received_fen: int = Field(ge=0, le=100_000_000)


class WalletForm(Form):
    """Stored value of the basket's member, in fen."""

    kind: Literal["wallet"]
    amount_fen: int = Field(gt=0, le=100_000_000)


Tender = Annotated[CashForm | WalletForm, Field(discriminator="kind")]


class SaleForm(WriteForm, BasketForm):
    """A basket, what the customer was shown, and what they pay with: cash, stored value, or one of each.

    Cash pays what stored value does not, and only cash gives change.  `token` is the quote's.
    """

    expected_payable_fen: int = Field(ge=0)
    token: str | None = Field(None, max_length=shown.MOST)
    tenders: list[Tender] = Field(min_length=1, max_length=2)

    def paid_with(self) -> tuple[int, int]:
        """Stored value and cash handed over, in fen.  Each kind comes once."""
        if len({tender.kind for tender in self.tenders}) < len(self.tenders):
            raise Malformed(fields={"tenders": "each kind once"})
        wallet_fen = sum(tender.amount_fen for tender in self.tenders if isinstance(tender, WalletForm))
        if self.wallet_fen not in (0, wallet_fen):
            raise Malformed(fields={"wallet_fen": "as in the tenders"})
        return wallet_fen, sum(tender.received_fen for tender in self.tenders if isinstance(tender, CashForm))


def basket(form: BasketForm, store_id: int) -> place.Basket:
    """The form as the domain's basket."""
    wants = [Want(line.sku_id, line.qty) for line in form.lines]
    more: dict[str, Any] = {"wallet_fen": form.wallet_fen, "coupon_ids": form.coupon_ids, "barred": form.barred}
    return place.Basket(store_id, wants, form.member_id, form.points, form.discount_fen, **more)


def check_discount(form: BasketForm, list_fen: int) -> None:
    """A manual discount stays within the role's limit, or a manager signs in."""
    limit_fen = list_fen * DISCOUNT_LIMIT_BP.get(who.me().role, 0) // 10_000
    if form.discount_fen > limit_fen:
        raise DiscountTooLarge(max_fen=limit_fen)


def _item(row: Any, qty: int) -> dict[str, Any]:
    return {
        "sku_id": row.id,
        "barcode": row.code,
        "name": row.name,
        "spec": row.spec,
        "unit": row.unit,
        "weighed": row.weighed,
        "price_fen": row.price_fen,
        "free": row.free,
        "qty": qty,
        "picture": row.picture,
    }


@bp.get("/scan/<code>")
@permit("pos.read")
def scan(code: str) -> Reply:
    """One scanned code to sku, price and stock; a scale label gives its grams."""
    key, grams = read_code(code)
    row = prices.by_barcode(None, who.till().store_id, key, now=g.now)
    if row is None:
        raise UnknownCode(code=code[:20])
    return {"item": _item(row, grams or (1000 if row.weighed else 1))}, 200


class SearchQuery(Form):
    """Words of a name, pinyin initials, or the beginning of a barcode."""

    q: str = Field(min_length=1, max_length=40)


@bp.get("/search")
@permit("pos.read")
@bp.input(SearchQuery, location="query")
def search(query_data: SearchQuery) -> Reply:
    """At most 20 skus of this store that match."""
    found = prices.search(session(), who.till().store_id, query_data.q, now=g.now)
    return {"items": [_item(row, 1000 if row.weighed else 1) for row in found]}, 200


@bp.post("/quote")
@permit("pos.sell")
@bp.input(BasketForm)
def quote(json_data: BasketForm) -> Reply:
    """Price a basket; changes nothing.  Its `token` is good for ten minutes (`until_at`).

    409 `possession_needed` (points) or `wallet_code_needed` (stored value) as the sale would say it, before money is
    taken.
    """
    wanted = basket(json_data, who.till().store_id)
    if place.spends(wanted) or wanted.wallet_fen:
        proved = members.authorised(session(), json_data.member_id, json_data.authorisation)
        place.check_possession(wanted, authorised=proved)
        if wanted.member_id and wanted.wallet_fen and not proved:
            wallet_limits.check(session(), wanted.member_id, wanted.wallet_fen, now=g.now)
    priced = place.price(session(), wanted, now=g.now, explain=True)
    check_discount(json_data, priced.list_fen)
    return {"quote": shown.as_json(wanted, priced, now=g.now)}, 200


@bp.post("/sales")
@permit("pos.sell")
@bp.input(SaleForm)
def sell(json_data: SaleForm) -> Reply:
    """Ring up one basket.  201 with the receipt; 409 with `code` when refused.

    The till makes `request_id` and repeats it on a retry: the second answer is the first receipt.  What the member
    holds is spent only with an `authorisation` of this till, which the sale uses up; else 409 `possession_needed`, or
    `wallet_code_needed` for stored value above what may be spent in a day without the code.  Dearer than shown is 409
    `price_changed` with the `differences` by line; `quote_expired` and `quote_of_another_basket` hold the new quote.
    """
    till, me = who.till(), who.me()
    wallet_fen, received_fen = json_data.paid_with()

    def work(opened: Session) -> Reply:
        shift_id = tills.current_shift_id(opened, till)
        if shift_id is None:
            raise ShiftNotOpen()
        wanted = replace(basket(json_data, till.store_id), wallet_fen=wallet_fen)
        proved = members.authorised(opened, json_data.member_id, json_data.authorisation, use=True)
        if json_data.discount_fen:
            check_discount(json_data, place.price(opened, wanted, now=g.now).list_fen)
        order_id = place.at_till(
            opened,
            wanted,
            place.TillSale(till.id, shift_id, me.id, authorised=proved),
            received_fen=received_fen,
            expected_payable_fen=json_data.expected_payable_fen,
            token=json_data.token,
            actor=me.actor,
            now=g.now,
        )
        return {"receipt": read.receipt(opened, till.store_id, order_id)}, 201

    return once(json_data, work)


@bp.get("/receipts/<no>")
@permit("pos.read")
def receipt(no: str) -> Reply:
    """A stored sale by its printed number, of this store or an order of another to be returned here."""
    return {"receipt": read.receipt(session(), *parse(no))}, 200
