"""The rules that a till prices by while it has no network."""

from __future__ import annotations

from dataclasses import asdict

from flask import Response, g
from pydantic import Field, model_validator
from sqlalchemy.orm import Session

from config.http import Reply, WriteForm, blueprint, once, permit, session, unless_known
from pos.http import who
from trade.pricing import limits
from trade.pricing.promotions import delivered
from trade.stores import alone

bp = blueprint("rules", "/api/pos/rules", who.identify)


@bp.get("")
@permit("pos.read")
def rules() -> Response:
    """The rule books of one's own store, what is in force first; 304 while nothing changed.

    `{store_id, version, offsets: [[from_ms, minutes ahead of UTC]], books: [{until_ms, book}], member: null}` with
    `book` as `config/web/pricing` reads it.  Ask again every minute or so, and by `until_ms` of the last.
    """
    return unless_known(delivered.to_till(session(), who.till().store_id, g.now))


@bp.get("/limits")
@permit("pos.read")
def hand_limits() -> Response:
    """What each role may take off by hand, for a till without network; 304 while nothing changed.

    `{limits: [{role, category_id, limit_bp}], floors: [{sku_id, floor_fen}], otherwise: [{role, limit_bp}]}`: basis
    points of the list price, category 0 for all others; floors in fen a piece or kg.  `alone` is the store's rule for
    selling without network: `{by_manager, minutes, qr, qr_sale_fen, qr_outage_fen}`.
    """
    rule = alone.of(session(), who.till().store_id)
    return unless_known(dict(limits.listed(session())) | {"alone": asdict(rule)})


class AloneForm(WriteForm):
    """Selling without network: freely, or `by_manager` by a PIN that is good for so many `minutes`.

    `qr`: by a PIN customers may pay the printed code, up to so much a sale and in all from that PIN on.
    """

    by_manager: bool
    minutes: int = Field(ge=15, le=1440)
    qr: bool = False
    qr_sale_fen: int = Field(20_000, gt=0, le=10_000_000)
    qr_outage_fen: int = Field(200_000, gt=0, le=100_000_000)

    @model_validator(mode="after")
    def _one_fits_into_all(self) -> AloneForm:
        if self.qr_sale_fen > self.qr_outage_fen:
            raise ValueError("a sale may not be more than all of them")
        return self


@bp.post("/alone")
@permit("pos.register")
@bp.input(AloneForm)
def set_alone(json_data: AloneForm) -> Reply:
    """What tills of this store may do without network from now on: `{alone}`; each hears of it within a minute."""
    till, me = who.till(), who.me()

    def work(opened: Session) -> Reply:
        rule = alone.Rule(**json_data.model_dump(exclude={"request_id"}))
        alone.set_(opened, till.store_id, rule, actor=me.actor, now=g.now)
        return {"alone": asdict(rule)}, 200

    return once(json_data, work)
