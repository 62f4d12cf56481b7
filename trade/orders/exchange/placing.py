"""An exchange at a till: what it comes to, and doing it (worked table in the package)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import Refused
from member import wallet
from trade.orders import moves, place, returns
from trade.orders.exchange import completing
from trade.orders.refund_plan import Preview
from trade.payments import cash
from trade.pricing.promotions import book
from trade.pricing.quoted import Quote
from trade.stock import moves as stock


class ExchangeChanged(Refused):
    """The net is no longer what was shown (`net_fen`); look at it again."""

    code = "exchange_changed"


class StoredValueComesLater(Refused):
    """The stored value that pays comes back only when the code is paid (`stored_fen`): let cash pay the difference."""

    code = "stored_value_comes_later"


@dataclass(frozen=True, slots=True)
class Back:
    """What comes back: units by line number of an order, those `aside` that are not for sale, whose fault it is."""

    store_id: int
    order_id: int
    wants: Mapping[int, int]
    aside: Mapping[int, int] = field(default_factory=dict)
    fault: bool = False
    reason: str = ""

    @property
    def key(self) -> tuple[int, int]:
        """The order it is of."""
        return self.store_id, self.order_id


@dataclass(frozen=True, slots=True)
class Net:
    """What an exchange comes to: both sides, and the one amount between them, in fen.

    `wallet_fen` of stored value pays, `brought` says of what, and `net_fen` is collected, or given back where negative.
    """

    back: Preview
    priced: Quote
    wallet_fen: int
    brought: place.Brought
    net_fen: int

    def as_json(self) -> dict[str, Any]:
        """As the till shows it; `back` is what is given back by which kind of tender, stored value net of what pays."""
        given: Counter[str] = Counter()
        for tender, fen, _ in returns.split_brought(self.back.refunds, self.priced.brought_fen):
            given[tender.back_kind] += fen
        given["wallet"] -= self.brought.stored_fen
        return {
            "net_fen": self.net_fen,
            "collect_fen": max(self.net_fen, 0),
            "brought_fen": self.priced.brought_fen,
            "respent_fen": self.brought.stored_fen,
            "wallet_fen": self.wallet_fen,
            "rounding_fen": self.priced.rounding_fen,
            "back": [{"kind": kind, "amount_fen": fen} for kind, fen in given.items() if fen > 0],
        }


@dataclass(frozen=True, slots=True)
class Shown:
    """What the customer was shown and agreed to, and who approved it."""

    refund_fen: int
    net_fen: int
    points_deficit: int | None = None
    approver_id: int | None = None
    token: str | None = None


def look(
    session: Session, back: Back, basket: place.Basket, *, by_code: bool = False, explain: bool = False, now: datetime
) -> Net:
    """What exchanging comes to; changes nothing, and locks the old order.

    `basket.wallet_fen` is stored value that pays beside what comes back of it.
    """
    done = returns.preview(session, *back.key, back.wants, fault=back.fault, now=now)
    basket = replace(basket, channel="till")
    extra_fen, stored_fen = basket.wallet_fen, done.wallet_back.total_fen
    plain = replace(basket, wallet_fen=0, by_code=True)
    priced = place.price(session, plain, now=now, explain=explain)
    money = [(tender.back_kind, fen) for tender, fen in done.refunds if tender.kind != "wallet"]
    money_fen = sum(fen for _, fen in money)
    mine = basket.member_id is not None and basket.member_id == _member(session, back)
    respent_fen = min(stored_fen, max(priced.payable_fen - money_fen, 0)) if mine else 0
    cash_fen = sum(fen for kind, fen in money if kind == "cash")
    mode = "none" if by_code else book.at(session, basket.store_id, now).cash_rounding
    due_fen = max(priced.payable_fen - respent_fen - extra_fen, 0)
    priced.brought_fen, priced.rounding_fen = cash.net(due_fen, money_fen, cash_fen, mode)
    priced.cash_rounding = mode
    collect_fen = due_fen + priced.rounding_fen - priced.brought_fen
    back_fen = money_fen - priced.brought_fen + stored_fen - respent_fen
    brought = place.Brought(money_fen, cash_fen, respent_fen)
    return Net(done, priced, respent_fen + extra_fen, brought, collect_fen or -back_fen)


_OF = text("SELECT member_id FROM sale_order WHERE store_id = :store AND id = :order")


def _member(session: Session, back: Back) -> int | None:
    found = first(session, _OF, {"store": back.store_id, "order": back.order_id})
    return found.member_id if found else None


def at_till(
    session: Session,
    back: Back,
    basket: place.Basket,
    at: place.TillSale,
    shown: Shown,
    *,
    received_fen: int,
    actor: str,
    now: datetime,
) -> int:
    """Take goods back and ring up others for one net amount, in one transaction; returns the new order's id.

    Money, stock, points and coupons of both sides move as they do alone; the drawer sees only the net.

    :raises RefundChanged, ExchangeChanged, TenderShort: nothing moved.
    :raises ApprovalNeeded, TooMuchReturned, ExchangeWaiting: nothing came back, and nothing was sold.
    """
    net = _as_shown(session, back, basket, shown, now=now)
    _lock_goods(session, basket.store_id, net)
    by: dict[str, Any] = {"actor": actor, "now": now}
    return_id = _take_back(session, back, basket.store_id, at, shown, net.priced.brought_fen, **by)
    paid = replace(basket, wallet_fen=net.wallet_fen, brought=net.brought)
    cost: dict[str, Any] = {"expected_payable_fen": net.priced.payable_fen, "token": shown.token}
    order_id = place.at_till(session, paid, at, received_fen=received_fen, **cost, **by)
    _join(session, back, basket.store_id, order_id, at, shown, net, return_id, now)
    parts = returns.split_brought(net.back.refunds, net.priced.brought_fen)
    completing.pay_with(session, basket.store_id, order_id, parts, now=now)
    facts: dict[str, Any] = {"return_id": return_id, "back_store_id": back.store_id, "back_order_id": back.order_id}
    moves.note(session, order_id, "order.exchanged", **by, **facts | {"net_fen": net.net_fen})
    return order_id


def _take_back(
    session: Session,
    back: Back,
    at_store_id: int,
    at: place.TillSale,
    shown: Shown,
    brought_fen: int,
    *,
    actor: str,
    now: datetime,
) -> int:
    return_id, _ = returns.take_back(
        session,
        *back.key,
        dict(back.wants),
        aside=back.aside,
        expected_refund_fen=shown.refund_fen,
        expected_points_deficit=shown.points_deficit,
        brought_fen=brought_fen,
        at_store_id=at_store_id,
        shift_id=at.shift_id,
        staff_id=at.staff_id,
        approver_id=shown.approver_id,
        fault=back.fault,
        reason=back.reason,
        actor=actor,
        now=now,
    )
    return return_id


def by_code(
    session: Session,
    back: Back,
    basket: place.Basket,
    at: place.TillSale,
    shown: Shown,
    *,
    cash_fen: int,
    code_hash: bytes,
    actor: str,
    now: datetime,
) -> tuple[int, int]:
    """The same, where a payment code pays the net less `cash_fen`: both sides wait for it; order and attempt.

    Refuses as `at_till` does, and as `place.by_code`.

    :raises StoredValueComesLater: nothing was promised.
    """
    net = _as_shown(session, back, basket, shown, by_code=True, now=now)
    if net.back.borne.asks_manager and shown.approver_id is None:
        raise returns.ApprovalNeeded(points_deficit=net.back.points_deficit)
    stored_fen = net.brought.stored_fen
    if stored_fen and wallet.balance(session, basket.member_id or 0).have.total_fen < net.wallet_fen:
        raise StoredValueComesLater(stored_fen=stored_fen)
    paid = replace(basket, wallet_fen=net.wallet_fen, brought=net.brought)
    order_id, tender_id = place.by_code(
        session,
        paid,
        at,
        cash_fen=cash_fen,
        code_hash=code_hash,
        expected_payable_fen=net.priced.payable_fen,
        token=shown.token,
        actor=actor,
        now=now,
    )
    _join(session, back, basket.store_id, order_id, at, shown, net, None, now)
    return order_id, tender_id


def _as_shown(
    session: Session, back: Back, basket: place.Basket, shown: Shown, *, by_code: bool = False, now: datetime
) -> Net:
    """What it comes to now, which must be what was shown."""
    net = look(session, back, basket, by_code=by_code, now=now)
    done = net.back
    if done.refund_fen != shown.refund_fen or shown.points_deficit not in (None, done.points_deficit):
        raise returns.RefundChanged(refund_fen=done.refund_fen, expected_fen=shown.refund_fen)
    if net.net_fen != shown.net_fen:
        raise ExchangeChanged(net_fen=net.net_fen, expected_fen=shown.net_fen)
    return net


def _lock_goods(session: Session, store_id: int, net: Net) -> None:
    """The levels of both sides in one order, so that two exchanges the other way round cannot deadlock."""
    units = Counter(completing.goods(net.back))
    for line in net.priced.lines:
        units[line.item.sku_id] += line.qty
    stock.lock(session, store_id, units)


_JOIN = text("""
    INSERT INTO exchange (store_id, order_id, back_store_id, back_order_id, return_id, wants, aside, fault, reason,
        refund_fen, brought_fen, respent_fen, shift_id, staff_id, approver_id, at)
    VALUES (:store, :order, :back_store, :back_order, CAST(:return_id AS bigint), CAST(:wants AS jsonb),
        CAST(:aside AS jsonb), :fault, :reason, :refund, :brought, :respent, :shift, :staff,
        CAST(:approver AS bigint), :now)""")


def _join(
    session: Session,
    back: Back,
    store_id: int,
    order_id: int,
    at: place.TillSale,
    shown: Shown,
    net: Net,
    return_id: int | None,
    now: datetime,
) -> None:
    row = {
        "store": store_id,
        "order": order_id,
        "back_store": back.store_id,
        "back_order": back.order_id,
        "return_id": return_id,
        "wants": json.dumps(dict(back.wants)),
        "aside": json.dumps(dict(back.aside)),
        "fault": back.fault,
        "reason": back.reason,
        "refund": net.back.refund_fen,
        "brought": net.priced.brought_fen,
        "respent": net.brought.stored_fen,
        "shift": at.shift_id,
        "staff": at.staff_id,
        "approver": shown.approver_id,
        "now": now,
    }
    fetch(session, _JOIN, row)
