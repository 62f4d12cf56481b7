"""Try a promotion before it is published: on one basket, or on the orders of the last days."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from flask import g
from pydantic import AwareDatetime, Field
from sqlalchemy.orm import Session

from config.errors import Malformed
from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from pos.http import who
from pos.http.baskets import LineForm
from trade.orders import place, replay
from trade.pricing import simulation
from trade.pricing.promotions import book, drafts, read
from trade.pricing.quoted import Want

bp = blueprint("simulations", "/api/desk/promotions", who.identify)


class TriedForm(Form):
    """A promotion as it is written, in the place of a published one (`promotion_id`), or that one's saved draft."""

    promotion: dict[str, Any] | None = None
    promotion_id: int | None = None


class SimulateForm(TriedForm):
    """A basket in a store and channel, for a member or for anybody of a tier and segments, at a moment or now.

    With `any_date` the dates of the promotion that is tried do not count.
    """

    lines: list[LineForm] = Field(min_length=1, max_length=200)
    store_id: int
    channel: Literal["till", "mall"] = "till"
    at: AwareDatetime | None = None
    member_id: int | None = None
    tier: str | None = Field(None, max_length=20)
    segment_ids: list[int] = Field(default_factory=list, max_length=100)
    coupon_ids: list[int] | None = Field(None, max_length=10)
    any_date: bool = False

    def basket(self) -> place.Basket:
        """The basket; coupons None is the best of the member's."""
        wants = [Want(line.sku_id, line.qty) for line in self.lines]
        more: dict[str, Any] = {"coupon_ids": self.coupon_ids, "channel": self.channel}
        return place.Basket(self.store_id, wants, self.member_id, **more)


def tried(form: TriedForm) -> drafts.Draft:
    """The promotion to be tried: as it was sent, or the saved draft, or the last version of one that has none."""
    if form.promotion is not None:
        return drafts.understood(form.promotion)
    if form.promotion_id is None:
        raise Malformed(fields={"promotion": "a promotion, or the id of one"})
    found = read.one(session(), form.promotion_id, now=g.now)
    return drafts.understood(found["draft"] or found["versions"][0]["promotion"])


@bp.post("/simulate")
@permit("office.promotions")
@bp.input(SimulateForm)
def simulate(json_data: SimulateForm) -> Reply:
    """One basket by the book in force and with the promotion in it: `old` and `new` quotes with trace and why-not.

    `difference` is new less old in fen: in total, by line, and by promotion or coupon.  Changes nothing.
    """
    asked, at = json_data, json_data.at or g.now
    assert isinstance(at, datetime)
    one = simulation.trial(tried(asked), asked.promotion_id)
    old = book.read(session(), asked.store_id, at)[2]
    new = simulation.with_rule(old, one)
    if asked.any_date:
        old, new = (simulation.at_any_date(known, one.rule.id) for known in (old, new))
    quotes = [
        place.price(
            session(),
            asked.basket(),
            now=at,
            explain=True,
            supposed=place.Supposed(known, asked.tier, asked.segment_ids),
        )
        for known in (old, new)
    ]
    told = {"old": quotes[0].as_json(), "new": quotes[1].as_json()}
    return {"simulation": told | {"difference": simulation.compare(*quotes)}}, 200


class ReplayForm(WriteForm, TriedForm):
    """The last days' orders with a promotion in the book; its dates do not count unless `any_date` is false."""

    days: int = Field(7, ge=1, le=31)
    any_date: bool = True


@bp.post("/replays")
@permit("office.promotions")
@bp.input(ReplayForm)
def ask(json_data: ReplayForm) -> Reply:
    """Ask for a replay: 201; it runs in the background and is read by its id."""

    def work(opened: Session) -> Reply:
        more: dict[str, Any] = {"days": json_data.days, "any_date": json_data.any_date}
        form = tried(json_data)
        replay_id = replay.ask(opened, form, json_data.promotion_id, **more, actor=who.me().actor, now=g.now)
        return {"replay": replay.one(opened, replay_id)}, 201

    return once(json_data, work)


@bp.get("/replays")
@permit("office.read")
def replays() -> Reply:
    """The last replays, newest first: who asked, how far each is, and how it stands."""
    return {"replays": replay.listed(session())}, 200


@bp.get("/replays/<int:replay_id>")
@permit("office.read")
def one(replay_id: int) -> Reply:
    """One replay: `seen` of `orders`, and what it `found` so far.

    `old` and `new`: promotion_fen, coupon_fen, payable_fen and who bears the promotions; `rules` the same by rule;
    `conflicts` which rule gave way to which; `top` the orders that change most; `margin_unknown` says why there is
    no margin.
    """
    return {"replay": replay.one(session(), replay_id)}, 200


@bp.post("/replays/<int:replay_id>/cancel")
@permit("office.promotions")
@bp.input(WriteForm)
def cancel(replay_id: int, json_data: WriteForm) -> Reply:
    """Stop a replay; what it found so far stays.  409 `wrong_state` when it is over already."""

    def work(opened: Session) -> Reply:
        replay.cancel(opened, replay_id, actor=who.me().actor, now=g.now)
        return {"replay": replay.one(opened, replay_id)}, 200

    return once(json_data, work)
