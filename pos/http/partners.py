"""What other channels' systems call: orders and cancels in, stock and order states out.  docs/channels.md is theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import g, request
from pydantic import Field, ValidationError
from sqlalchemy.orm import Session

from config import clock
from config.db import transaction
from config.errors import NotFound
from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from trade.orders.intake import feed, receiving
from trade.orders.intake.documents import CancelForm, Document, DocumentForm
from trade.stock.channels import book, figures, sending, signing

EXCHANGE = frozenset({"channel.exchange"})


@dataclass(frozen=True, slots=True)
class ChannelCaller:
    """A channel whose signature was right."""

    id: int
    code: str

    @property
    def actor(self) -> str:
        """How the journal names it."""
        return f"channel:{self.code}"

    @property
    def permissions(self) -> frozenset[str]:
        """What a channel may do: with its own things alone."""
        return EXCHANGE


def identify() -> ChannelCaller:
    """The channel that signed this request; raises BadSignature, for an unknown channel, too."""
    head = request.headers
    try:
        row = book.by_code(session(), head.get("X-Tongdian-Channel", ""))
    except NotFound:
        raise signing.BadSignature() from None
    query = request.query_string.decode("latin-1")
    asked = (request.method, f"{request.path}?{query}" if query else request.path, request.get_data(cache=True))
    signature, nonce = head.get("X-Tongdian-Signature", ""), head.get("X-Tongdian-Nonce", "")
    secret = sending.of(row).secret
    signing.check(secret, signature, head.get("X-Tongdian-Timestamp", ""), nonce, asked, clock.now())
    if row.code != (request.view_args or {}).get("code"):
        raise signing.BadSignature()
    with transaction(session()) as opened:
        signing.use_nonce(opened, row.id, nonce, now=clock.now())
    return ChannelCaller(row.id, row.code)


bp = blueprint("channel exchange", "/api/channels", identify)


class OrdersForm(WriteForm):
    """Orders as the channel took them, each looked at alone: one that is malformed stops none of the others."""

    documents: list[dict[str, Any]] = Field(min_length=1, max_length=100)


class CancelsForm(WriteForm):
    """Orders that buyers do not want any more."""

    cancels: list[CancelForm] = Field(min_length=1, max_length=100)


class FeedQuery(Form):
    """`after` is the place in the feed of the last one read; 0 reads it all again."""

    after: int = Field(0, ge=0, le=1 << 62)
    most: int = Field(200, ge=1, le=500)


def _read(given: dict[str, Any]) -> Document | dict[str, Any]:
    try:
        return DocumentForm.model_validate(given).document()
    except ValidationError as error:
        faults = {".".join(str(part) for part in fault["loc"]): fault["msg"] for fault in error.errors()[:20]}
        number = given.get("external_no")
        return {"external_no": number if isinstance(number, str) else None, "outcome": "malformed", "fields": faults}


@bp.post("/<code>/orders")
@permit("channel.exchange")
@bp.input(OrdersForm)
def orders(code: str, json_data: OrdersForm) -> Reply:
    """Bring orders: one answer each, in their order.

    `outcome` is new, known (the first result again), stale, conflict or malformed; `state` is where the order stands.
    They become orders of ours within seconds; what becomes of each is in the feed.
    """
    read = [_read(one) for one in json_data.documents]

    def work(opened: Session) -> Reply:
        sound = [one for one in read if isinstance(one, Document)]
        told = receiving.receive(opened, g.caller.id, sound, actor=g.caller.actor, now=g.now) if sound else []
        answers = iter(told)
        return {"orders": [next(answers) if isinstance(one, Document) else one for one in read]}, 200

    return once(json_data, work)


@bp.post("/<code>/cancels")
@permit("channel.exchange")
@bp.input(CancelsForm)
def cancels(code: str, json_data: CancelsForm) -> Reply:
    """Cancel orders, before or after they come: one answer each.

    `outcome` is tombstone (never placed), cancelled, asked (the feed says what comes of it), too_late or known.
    """

    def work(opened: Session) -> Reply:
        told = receiving.cancel(opened, g.caller.id, json_data.cancels, actor=g.caller.actor, now=g.now)
        return {"cancels": told}, 200

    return once(json_data, work)


@bp.get("/<code>/orders")
@permit("channel.exchange")
@bp.input(FeedQuery, location="query")
def order_feed(code: str, query_data: FeedQuery) -> Reply:
    """Orders that changed after a place in the feed, as they stand; `after` in the answer is what to ask on with."""
    with transaction(session()) as opened:
        feed.place_changes(opened, g.caller.id)
    rows, after = feed.read(session(), g.caller.id, after=query_data.after, most=query_data.most)
    return {"orders": rows, "after": after}, 200


@bp.get("/<code>/stock")
@permit("channel.exchange")
@bp.input(FeedQuery, location="query")
def stock_feed(code: str, query_data: FeedQuery) -> Reply:
    """Absolute stock figures that changed after a place; for a system that fetches, or fetches again."""
    found = figures.feed(session(), g.caller.id, after=query_data.after, most=query_data.most)
    return {"figures": figures.as_json(found), "after": found[-1].version if found else query_data.after}, 200
