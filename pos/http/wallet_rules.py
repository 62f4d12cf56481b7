"""What the head office decides about stored value: offers for topping up, and the terms."""

from __future__ import annotations

from typing import Literal

from flask import g
from pydantic import AwareDatetime, Field, model_validator
from sqlalchemy.orm import Session

from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from member import top_up_rules, wallet_terms
from pos.http import who

bp = blueprint("stored-value", "/api/desk/stored-value", who.identify)
Fen = Field(None, gt=0, le=100_000_000)


class OfferForm(WriteForm):
    """A new version of an offer: for exactly `amount_fen` or from `from_fen`, a bonus in fen or in basis points.

    `bearer` pays for the bonus once it is spent; no `store_ids` means every store.
    """

    code: str = Field(pattern=r"^[A-Za-z0-9_-]{1,20}$")
    title: str = Field(min_length=1, max_length=40)
    amount_fen: int | None = Fen
    from_fen: int | None = Fen
    bonus_fen: int | None = Field(None, ge=0, le=100_000_000)
    bonus_bp: int | None = Field(None, ge=0, le=10_000)
    store_ids: list[int] | None = Field(None, min_length=1, max_length=10_000)
    bearer: Literal["hq", "topping", "spending"]
    starts_at: AwareDatetime
    ends_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def one_of_each(self) -> OfferForm:
        """One amount, one bonus, and an end after the beginning."""
        if (self.amount_fen is None) == (self.from_fen is None) or (self.bonus_fen is None) == (self.bonus_bp is None):
            raise ValueError("one of amount_fen and from_fen, and one of bonus_fen and bonus_bp")
        if self.ends_at is not None and self.ends_at <= self.starts_at:
            raise ValueError("ends_at lies after starts_at")
        return self


class TermsForm(WriteForm):
    """A version of the terms, in force from a moment on; see `member/models/wallet.py`."""

    from_at: AwareDatetime
    policy: wallet_terms.Policy = wallet_terms.Policy.PROPORTIONAL
    free_day_fen: int = Field(ge=0, le=100_000_000)
    max_balance_fen: int = Field(500_000, gt=0, le=100_000_000)
    cash_out_max_fen: int = Field(10_000, ge=0, le=100_000_000)
    bonus_spent: Literal["deduct", "waive", "refuse"] = "deduct"


class StoreQuery(Form):
    """Whose offers."""

    store_id: int


@bp.get("/offers")
@permit("office.read")
@bp.input(StoreQuery, location="query")
def offers(query_data: StoreQuery) -> Reply:
    """What a store offers now: `{"offers": [{rule_id, code, version, title, amount_fen, from_fen, ...}]}`."""
    found = top_up_rules.offers(session(), query_data.store_id, now=g.now)
    return {"offers": [offer.as_json() for offer in found]}, 200


@bp.post("/offers")
@permit("office.wallet")
@bp.input(OfferForm)
def write_offer(json_data: OfferForm) -> Reply:
    """Write an offer's next version: 201 with `{"rule_id": 7}`.  What was topped up keeps the version it had."""

    def work(opened: Session) -> Reply:
        given = json_data.model_dump(exclude={"request_id"})
        return {"rule_id": top_up_rules.write(opened, **given, actor=who.me().actor, now=g.now)}, 201

    return once(json_data, work)


@bp.post("/terms")
@permit("office.wallet")
@bp.input(TermsForm)
def write_terms(json_data: TermsForm) -> Reply:
    """Write the terms' next version: 201 with `{"terms_id": 3}`."""

    def work(opened: Session) -> Reply:
        given = json_data.model_dump(exclude={"request_id", "from_at"})
        terms = wallet_terms.Terms(**given)
        return {"terms_id": wallet_terms.write(opened, terms, json_data.from_at, actor=who.me().actor, now=g.now)}, 201

    return once(json_data, work)
