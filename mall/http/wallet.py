"""Stored value in the mall: what I have, what happened, and topping up by WeChat."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote as url_quote

from flask import g
from pydantic import Field
from sqlalchemy.orm import Session

from config.db import let_go
from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from config.settings import settings
from config.wechat.ready import pay as wechat_pay
from mall.http import who
from member import top_up_rules, wallet, wallet_limits
from paying import online
from trade.payments import top_ups
from trade.stores import shops

bp = blueprint("wallet", "/api/mall", who.identify)
PAGE = 20


class WalletQuery(Form):
    """Whose store's offers, and where the last page of entries ended."""

    store_id: int | None = None
    before: int | None = None


class TopUpForm(WriteForm):
    """The store that takes the money, and what goes into the wallet, in fen."""

    store_id: int
    amount_fen: int = Field(gt=0, le=100_000_000)


def _slip(source: str) -> str | None:
    kind, _, place = source.partition(":")
    return top_ups.number(*map(int, place.split(":"))) if kind == "top_up" else None


@bp.get("/wallet")
@permit("mall.order")
@bp.input(WalletQuery, location="query")
def my_wallet(query_data: WalletQuery) -> Reply:
    """My stored value, the store's offers, and my entries, 20 a page.

    `{"wallet": {principal_fen, bonus_fen, total_fen, held_fen}, "offers": [...], "entries": [{id, at, event, source,
    principal_fen, bonus_fen, no}], "next": id | null}`; `next` is the `before` of the next page, `no` of a top-up what
    a till asks for to give it back.
    """
    member_id = who.me().member_id
    store_id = query_data.store_id
    offers = top_up_rules.offers(session(), store_id, now=g.now) if store_id else []
    entries = wallet.history(session(), member_id, before=query_data.before, most=PAGE)
    return {
        "wallet": wallet.balance(session(), member_id).as_json(),
        "offers": [offer.as_json() for offer in offers],
        "entries": [one | {"no": _slip(one["source"])} for one in entries],
        "next": entries[-1]["id"] if len(entries) == PAGE else None,
    }, 200


class LimitForm(WriteForm):
    """What may be spent in a day at the tills without my code, in fen."""

    free_day_fen: int = Field(ge=0, le=100_000_000)


@bp.post("/wallet/limit")
@permit("mall.order")
@bp.input(LimitForm)
def limit(json_data: LimitForm) -> Reply:
    """Set my own limit: `{"free_day_fen": ...}` is what holds now, never above the chain's."""
    shopper = who.me()

    def work(opened: Session) -> Reply:
        wallet_limits.set_limit(opened, shopper.member_id, json_data.free_day_fen, actor=shopper.actor, now=g.now)
        return {"free_day_fen": wallet_limits.free_day_fen(opened, shopper.member_id, now=g.now)}, 200

    return once(json_data, work)


@bp.post("/top-ups")
@permit("mall.order")
@bp.input(TopUpForm)
def top_up(json_data: TopUpForm) -> Reply:
    """Open a top-up that WeChat shall pay.

    201 with `{"top_up": {id, no, store_id, state, principal_fen, bonus_fen, pay_by, paid_at}}`.
    """
    shopper = who.me()

    def work(opened: Session) -> Reply:
        shops.name(opened, json_data.store_id)
        top_up_id = top_ups.in_mall(
            opened,
            json_data.store_id,
            shopper.member_id,
            json_data.amount_fen,
            pay_for=timedelta(minutes=settings().unpaid_minutes),
            actor=shopper.actor,
            now=g.now,
        )
        return {"top_up": top_ups.as_json(top_ups.one(opened, json_data.store_id, top_up_id))}, 201

    return once(json_data, work)


@bp.post("/top-ups/<int:top_up_id>/pay")
@permit("mall.order")
@bp.input(WriteForm)
def pay(top_up_id: int, json_data: WriteForm) -> Reply:
    """Open a payment at WeChat, or give the open one again: `{"payment": {...}, "pay_page": url | null}`."""
    shopper = who.me()
    prepay_id = online.open_top_up(session(), shopper.member_id, top_up_id, openid=shopper.openid, now=g.now)
    base = settings().wechat_phone_base
    page = f"{base}/phone/pay?package={url_quote(f'prepay_id={prepay_id}', safe='')}" if base else None
    return {"payment": wechat_pay().sign_for_client(prepay_id), "pay_page": page}, 200


@bp.get("/top-ups/<int:top_up_id>")
@permit("mall.order")
def one(top_up_id: int) -> Reply:
    """One of my top-ups, `{"top_up": {...}}`; while it is unpaid WeChat is asked."""
    member_id = who.me().member_id
    mine = top_ups.of_member(session(), member_id, top_up_id)
    let_go(session())
    if mine.state == "placed" and online.ask_top_up_if_due(session(), mine.store_id, top_up_id, now=g.now):
        mine = top_ups.of_member(session(), member_id, top_up_id)
    return {"top_up": top_ups.as_json(mine)}, 200
