"""The sales channels for the head office: how each stands, what it lists, what it sent, and the ways to help it on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from flask import g
from pydantic import AwareDatetime, Field
from sqlalchemy.orm import Session

from config.errors import NotFound
from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from pos.http import who
from trade.orders.intake import again, receivable
from trade.orders.intake import read as intake
from trade.orders.intake.states import State
from trade.stock.channels import book, figures
from trade.stock.channels import read as channels_read
from trade.stock.channels.models import PLATFORMS

bp = blueprint("channels", "/api/desk/channels", who.identify)
Platform = Literal["tmall", "jd", "third_party", "call_centre"]
assert set(PLATFORMS) == {"tmall", "jd", "third_party", "call_centre"}


class ChannelTermsForm(WriteForm):
    """A channel's terms; `secret` signs both ways and is never shown again: leave it out to keep it."""

    name: str = Field(min_length=1, max_length=60)
    platform: Platform
    kind: Literal["webhook", "files"]
    endpoint: str = Field(min_length=1, max_length=300)
    default_store_id: int
    store_ids: list[int] = Field(min_length=1, max_length=2_000)
    per_minute: int = Field(60, ge=1, le=6_000)
    encoding: Literal["utf-8-sig", "gb18030"] = "utf-8-sig"
    secret: str | None = Field(None, min_length=32, max_length=128)

    def terms(self, code: str) -> book.Terms:
        """As the book writes them."""
        return book.Terms(code, **self.model_dump(exclude={"request_id", "code"}))


class ChannelForm(ChannelTermsForm):
    """A new channel; its code names it for ever."""

    code: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,39}$")


class ListingForm(Form):
    """A sku in the channel: its name there, and what part of our stock is told."""

    sku_id: int
    external_sku: str = Field(min_length=1, max_length=64)
    share_bp: int = Field(10_000, ge=0, le=10_000)
    safety_units: int = Field(0, ge=0, le=1_000_000)
    active: bool = True


class ListingsForm(WriteForm):
    """Listings to write, new and changed ones."""

    listings: list[ListingForm] = Field(min_length=1, max_length=1_000)


class PauseForm(WriteForm):
    """Whether the channel is told of stock."""

    paused: bool


class ReplayForm(WriteForm):
    """Tell again what changed after this version; 0 is everything."""

    after: int = Field(ge=0, le=1 << 62)


class RejectOrderForm(WriteForm):
    """Why."""

    reason: str = Field(min_length=1, max_length=100)


class SkuQuery(Form):
    """`troubled` leaves out what is in order; `after` is the last sku of the page before."""

    words: str | None = Field(None, max_length=60)
    troubled: bool = False
    after: int = Field(0, ge=0)
    most: int = Field(50, ge=1, le=200)


class OrderQuery(Form):
    """`words` is how the external number begins; `before` the `received_at` of the page's last."""

    state: State | None = None
    words: str | None = Field(None, max_length=64)
    before: AwareDatetime | None = None
    most: int = Field(50, ge=1, le=200)


class OwedQuery(Form):
    """Orders paid in `[since, until)`; at most 62 days."""

    since: AwareDatetime
    until: AwareDatetime


def _one(opened: Session, code: str) -> dict[str, Any]:
    found = channels_read.standing(opened, code, now=g.now)
    if not found:
        raise NotFound(channel=code)
    counted = intake.counts(opened, now=g.now)[found[0]["id"]]
    return {**found[0], "intake": counted}


@bp.get("")
@permit("office.read")
def listed() -> Reply:
    """Every channel: lag in seconds, backlog, drift, last error, and what of its orders waits."""
    counts = intake.counts(session(), now=g.now)
    found = channels_read.standing(session(), now=g.now)
    return {"channels": [{**one, "intake": counts[one["id"]]} for one in found]}, 200


@bp.get("/<code>")
@permit("office.read")
def one(code: str) -> Reply:
    """One channel as it stands."""
    return {"channel": _one(session(), code)}, 200


@bp.post("")
@permit("office.channels")
@bp.input(ChannelForm)
def create(json_data: ChannelForm) -> Reply:
    """A new channel: 201; 422 `channel_not_sound` with its faults by field, 409 `channel_known`."""

    def work(opened: Session) -> Reply:
        book.write(opened, json_data.terms(json_data.code), new=True, actor=who.me().actor, now=g.now)
        return {"channel": _one(opened, json_data.code)}, 201

    return once(json_data, work)


@bp.post("/<code>")
@permit("office.channels")
@bp.input(ChannelTermsForm)
def edit(code: str, json_data: ChannelTermsForm) -> Reply:
    """Other terms for a channel; its figures follow at once."""

    def work(opened: Session) -> Reply:
        book.write(opened, json_data.terms(code), new=False, actor=who.me().actor, now=g.now)
        return {"channel": _one(opened, code)}, 200

    return once(json_data, work)


@bp.post("/<code>/pause")
@permit("office.channels")
@bp.input(PauseForm)
def pause(code: str, json_data: PauseForm) -> Reply:
    """Stop telling a channel of stock, or go on; its orders are taken in all the same."""

    def work(opened: Session) -> Reply:
        book.pause(opened, code, paused=json_data.paused, actor=who.me().actor, now=g.now)
        return {"channel": _one(opened, code)}, 200

    return once(json_data, work)


@bp.post("/<code>/listings")
@permit("office.channels")
@bp.input(ListingsForm)
def write_listings(code: str, json_data: ListingsForm) -> Reply:
    """Write listings: `changed` figures follow; orders that lacked one of these skus are taken in `again`."""
    listings = [book.Listing(**one.model_dump()) for one in json_data.listings]

    def work(opened: Session) -> Reply:
        by: dict[str, Any] = {"actor": who.me().actor, "now": g.now}
        changed = book.list_skus(opened, code, listings, **by)
        names = [one.external_sku for one in listings]
        helped = again.listed(opened, book.by_code(opened, code).id, names, **by)
        return {"changed": changed, "again": helped}, 200

    return once(json_data, work)


@bp.get("/<code>/skus")
@permit("office.read")
@bp.input(SkuQuery, location="query")
def skus(code: str, query_data: SkuQuery) -> Reply:
    """What a channel lists and how far each sku has followed: wanted, sent, acknowledged, theirs, last error."""
    found = channels_read.skus(session(), book.by_code(session(), code).id, **query_data.model_dump())
    return {"skus": found, "after": found[-1]["sku_id"] if len(found) == query_data.most else None}, 200


@bp.post("/<code>/skus/<int:sku_id>/resend")
@permit("office.channels")
@bp.input(WriteForm)
def resend(code: str, sku_id: int, json_data: WriteForm) -> Reply:
    """Tell a channel one figure again: `told` is 1, or 0 when it does not list the sku."""

    def work(opened: Session) -> Reply:
        channel_id = book.by_code(opened, code).id
        by: dict[str, Any] = {"actor": who.me().actor, "now": g.now}
        return {"told": figures.recompute(opened, channel_id, skus=[sku_id], again=True, **by)}, 200

    return once(json_data, work)


@bp.post("/<code>/replay")
@permit("office.channels")
@bp.input(ReplayForm)
def replay(code: str, json_data: ReplayForm) -> Reply:
    """Tell a channel everything again that changed after a version: `told` is how many figures."""

    def work(opened: Session) -> Reply:
        channel_id = book.by_code(opened, code).id
        missed = figures.feed(opened, channel_id, after=json_data.after, most=100_000)
        skus = [one.sku_id for one in missed]
        by: dict[str, Any] = {"actor": who.me().actor, "now": g.now}
        return {"told": figures.recompute(opened, channel_id, skus=skus, again=True, **by) if skus else 0}, 200

    return once(json_data, work)


@bp.get("/<code>/orders")
@permit("office.read")
@bp.input(OrderQuery, location="query")
def orders(code: str, query_data: OrderQuery) -> Reply:
    """What a channel sent, newest first, with the state of each; receivers are not shown."""
    found = intake.listed(session(), book.by_code(session(), code).id, **query_data.model_dump())
    return {"orders": found, "before": found[-1]["received_at"] if len(found) == query_data.most else None}, 200


@bp.get("/<code>/orders/<external_no>")
@permit("office.read")
def order(code: str, external_no: str) -> Reply:
    """One order: every revision as it came, and what happened to it."""
    return {"order": intake.one(session(), book.by_code(session(), code).id, external_no)}, 200


@bp.post("/<code>/orders/<external_no>/again")
@permit("office.channels")
@bp.input(WriteForm)
def take_again(code: str, external_no: str, json_data: WriteForm) -> Reply:
    """Take an order in once more, now that something was mended; 409 `wrong_state` when it is ours or cancelled."""

    def work(opened: Session) -> Reply:
        channel_id = book.by_code(opened, code).id
        again.again(opened, channel_id, external_no, actor=who.me().actor, now=g.now)
        return {"order": intake.one(opened, channel_id, external_no)}, 200

    return once(json_data, work)


@bp.post("/<code>/orders/<external_no>/reject")
@permit("office.channels")
@bp.input(RejectOrderForm)
def reject(code: str, external_no: str, json_data: RejectOrderForm) -> Reply:
    """Refuse an order that is not ours yet; the channel reads it and gives the money back."""

    def work(opened: Session) -> Reply:
        channel_id = book.by_code(opened, code).id
        again.reject(opened, channel_id, external_no, json_data.reason, actor=who.me().actor, now=g.now)
        return {"order": intake.one(opened, channel_id, external_no)}, 200

    return once(json_data, work)


@bp.get("/<code>/owed")
@permit("office.read")
@bp.input(OwedQuery, location="query")
def owed(code: str, query_data: OwedQuery) -> Reply:
    """What the platform owes for orders of a time: its buyers' money and its funded shares, less what went back."""
    until = min(query_data.until, query_data.since + timedelta(days=62))
    channel_id = book.by_code(session(), code).id
    return {"owed": receivable.owed(session(), channel_id, since=query_data.since, until=until)}, 200
