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
from member.secrets import fingerprint
from paying import code
from pos.http import discounts, members, payments, tickets, who
from pos.http.baskets import HELD_ID, CounterForm, Noted, basket
from pos.http.discounts import CounterSale
from pos.scan import read_code
from trade.orders import place, read, shown
from trade.orders.addresses import Address
from trade.orders.aisle import selling
from trade.orders.aisle.reading import with_codes
from trade.orders.held import moves as held
from trade.orders.receipts import book as receipts
from trade.orders.returns import ShiftNotOpen
from trade.orders.shifts import read as shifts
from trade.payments.codes import moves as codes
from trade.pricing import labelled, prices

bp = blueprint("sale", "/api/pos", who.identify)


class UnknownCode(NotFound):
    """Nothing in this store is sold under the scanned code."""

    code = "unknown_code"


class CashForm(Form):
    """Cash handed over, in fen."""

    kind: Literal["cash"]
    received_fen: int = Field(ge=0, le=100_000_000)


class WalletForm(Form):
    """Stored value of the basket's member, in fen."""

    kind: Literal["wallet"]
    amount_fen: int = Field(gt=0, le=100_000_000)


class CodeForm(Form):
    """The customer's payment code as it was scanned: it pays the rest.  It is kept nowhere."""

    kind: Literal["code"]
    auth_code: str = Field(pattern=r"^1[0-5]\d{16}$", repr=False)


Tender = Annotated[CashForm | WalletForm | CodeForm, Field(discriminator="kind")]


class AddressForm(Form):
    """Who gets what another store brings or sends, and where; `region` is the district's six digits."""

    name: str = Field(min_length=1, max_length=40)
    phone: str = Field(min_length=7, max_length=24)
    region: str = Field(pattern=r"^[1-9]\d{5}$")
    region_name: str = Field(min_length=1, max_length=60)
    street: str = Field(min_length=1, max_length=200)


class ElsewhereForm(Form):
    """How the customer gets what other stores hand over."""

    mode: Literal["pickup", "delivery", "ship"] = "pickup"
    address: AddressForm | None = None

    def how(self) -> selling.Elsewhere:
        """As the domain has it."""
        return selling.Elsewhere(self.mode, Address(**self.address.model_dump()) if self.address else None)


class HeldForm(Form):
    """A basket that was put aside, and the version this till was given; 0 when it was never shared."""

    id: str = HELD_ID
    version: int = Field(ge=0)


class SaleForm(WriteForm, CounterSale, Noted):
    """A basket, what the customer was shown, and what they pay with: cash, stored value, a payment code; each once.

    A payment code pays what the others do not; without one cash does, and only then gives change.  `token` is the
    quote's.  `elsewhere` is for lines with an `at_store_id`; left out they are fetched there.
    """

    expected_payable_fen: int = Field(ge=0)
    token: str | None = Field(None, max_length=shown.MOST)
    tenders: list[Tender] = Field(min_length=1, max_length=3)
    held: HeldForm | None = None
    elsewhere: ElsewhereForm = Field(default_factory=ElsewhereForm)

    def paid_with(self) -> tuple[int, int]:
        """Stored value and cash handed over, in fen.  Each kind comes once."""
        if len({tender.kind for tender in self.tenders}) < len(self.tenders):
            raise Malformed(fields={"tenders": "each kind once"})
        wallet_fen = sum(tender.amount_fen for tender in self.tenders if isinstance(tender, WalletForm))
        if self.wallet_fen not in (0, wallet_fen):
            raise Malformed(fields={"wallet_fen": "as in the tenders"})
        return wallet_fen, sum(tender.received_fen for tender in self.tenders if isinstance(tender, CashForm))

    def auth_code(self) -> str | None:
        """The payment code, if one pays."""
        return next((tender.auth_code for tender in self.tenders if isinstance(tender, CodeForm)), None)

    def to_remember(self) -> SaleForm:
        """What `once` compares a retry with: the payment code by its keyed hash."""
        tenders = [
            tender.model_copy(update={"auth_code": code_hash(tender.auth_code).hex()})
            if isinstance(tender, CodeForm)
            else tender
            for tender in self.tenders
        ]
        return self.model_copy(update={"tenders": tenders})


def code_hash(auth_code: str) -> bytes:
    """What is kept of a payment code."""
    return fingerprint("payment_code", auth_code)


def _item(row: Any, qty: int) -> dict[str, Any]:
    return {
        "sku_id": row.id,
        "barcode": row.code,
        "name": row.name,
        "spec": row.spec,
        "unit": row.unit,
        "weighed": row.weighed,
        "price_fen": row.price_fen,
        "steps": row.steps or [],
        "category_id": row.category_id,
        "free": row.free,
        "qty": qty,
        "picture": row.picture,
    }


@bp.get("/scan/<code>")
@permit("pos.read")
def scan(code: str) -> Reply:
    """One scanned code to sku, price and stock; a scale label gives its grams, and `label_fen` where it has a price."""
    store_id = who.till().store_id
    read = read_code(code, store_id, now=g.now)
    row = prices.by_barcode(None, store_id, read.key, now=g.now)
    if row is None:
        raise UnknownCode(code=code[:20])
    qty = labelled.units(read, weighed=row.weighed, unit_price_fen=row.price_fen)
    if not row.weighed and not read.pieces:
        qty *= row.units
    return {"item": _item(row, qty) | ({"label_fen": read.fen} if read.fen else {})}, 200


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
@bp.input(CounterForm)
def quote(json_data: CounterForm) -> Reply:
    """Price a basket; changes nothing.  Its `token` is good for ten minutes (`until_at`).

    `needs_approval`: null, or the limit that a discount by hand is above (`action`, `max_fen`, `line_no`): the sale
    then brings the approval of that action.

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
    asks = {"needs_approval": discounts.over(session(), json_data, priced)}
    return {"quote": shown.as_json(wanted, priced, now=g.now) | asks}, 200


@bp.post("/sales")
@permit("pos.sell")
@bp.input(SaleForm)
def sell(json_data: SaleForm) -> Reply:
    """Ring up one basket.  201 with the receipt; 409 with `code` when refused.

    The till makes `request_id` and repeats it on a retry: the second answer is the first receipt.  What the member
    holds is spent only with an `authorisation` of this till, which the sale uses up; else 409 `possession_needed`, or
    `wallet_code_needed` for stored value above what may be spent in a day without the code.  Dearer than shown is 409
    `price_changed` with the `differences` by line; `quote_expired` and `quote_of_another_basket` hold the new quote.
    A discount by hand above the cashier's limits is 409 `discount_needs_approval`: a manager's word among
    `approval_ids` lets it pass up to their own.  A basket put aside that another till took over meanwhile is 409
    `held_moved_on`: nothing was sold.

    Lines with an `at_store_id` are handed over by that store: 409 `out_of_stock` when it has less free, `not_elsewhere`
    when it cannot; what this till keeps there (`/reservations`) is taken over.

    With a payment code 201 with the receipt when it is paid at once, else 202 with the `payment` to follow under
    `/payments/<tender_id>`.  While one of this till is open nothing else is sold on it: 409 `code_payment_open`.
    """
    till, me = who.till(), who.me()
    wallet_fen, received_fen = json_data.paid_with()
    auth_code = json_data.auth_code()

    def work(opened: Session) -> Reply:
        shift_id = shifts.sells_in(opened, till, now=g.now)
        if shift_id is None:
            raise ShiftNotOpen()
        codes.refuse_open(opened, till.store_id, till.id)
        wanted = replace(basket(json_data, till.store_id), wallet_fen=wallet_fen)
        proved = members.authorised(opened, json_data.member_id, json_data.authorisation, use=True)
        hand = discounts.approve(opened, json_data, wanted, json_data.held.id if json_data.held else None)
        at = place.TillSale(till.id, shift_id, me.id, authorised=proved)
        order_id, tender_id = _ring_up(opened, json_data, wanted, at, received_fen, auth_code)
        discounts.note(opened, order_id, hand)
        tickets.keep(opened, json_data, json_data, order_id)
        if json_data.held:
            mine = held.Hand(json_data.held.id, json_data.held.version)
            held.sell(opened, till.store_id, mine, order_id, till_id=till.id, staff_id=me.id, now=g.now)
        receipts.give(opened, till.store_id, order_id, json_data.request_id, now=g.now)
        if tender_id is not None:
            return {"tender_id": tender_id}, 202
        return {"receipt": read.receipt(opened, till.store_id, order_id, codes=False)}, 201

    answer, status = once(json_data.to_remember(), work)
    if not auth_code:
        return {"receipt": with_codes(session(), till.store_id, answer["receipt"])}, status
    code.start(session(), till.store_id, answer["tender_id"], auth_code)
    return payments.stands(till.store_id, answer["tender_id"])


def _ring_up(
    opened: Session, form: SaleForm, wanted: place.Basket, at: place.TillSale, received_fen: int, auth_code: str | None
) -> tuple[int, int | None]:
    """The order, and the attempt of a payment code if one pays; lines of other stores go by `aisle/selling.py`."""
    shown_fen: dict[str, Any] = {"expected_payable_fen": form.expected_payable_fen, "token": form.token}
    by: dict[str, Any] = {"actor": who.me().actor, "now": g.now}
    how = (form.elsewhere.how(),) if any(want.at_store_id for want in wanted.wants) else ()
    if auth_code:
        cash: dict[str, Any] = {"cash_fen": received_fen, "code_hash": code_hash(auth_code)}
        charge: Any = selling.by_code if how else place.by_code
        order_id, tender_id = charge(opened, wanted, at, *how, **cash, **shown_fen, **by)
        return order_id, tender_id
    ring_up: Any = selling.at_till if how else place.at_till
    return ring_up(opened, wanted, at, *how, received_fen=received_fen, **shown_fen, **by), None
