"""What a refund of an order would give back and take, before anybody confirms it; from stored figures alone.

A refund is of units (`goods` over the counter, `unshipped` ones that were never handed over) or of plain `amount`s,
which consume no unit.  What a line gives back is in `line_refunds.py`.  Points earned E on basis B: once R of it is
back, floor(E x R / B) are taken back in all.  Worked table, a line of 3 units paid 1000 fen with 100 points spent on
it, order payable 1000, earned 10:

    return   refund_fen   points_back   R      clawed in all   points_clawed
    1 unit          333            33     333               3               3
    1 unit          333            33     666               6               3
    1 unit          334            34    1000              10               4

Of a line's refund, what stored value paid goes back there by the split that was stored (`member/wallet_terms.py`);
E was earned on what of each line earns (its net less bonus, nothing for goods that earn nothing), so B and R count
that.  What of the points was spent already is borne as `member/shortfall.py` says, and then what used coupons that
the order gave are worth is withheld as `coupons_due.py` says; both are shown before it is done.  Of cash that was
rounded `rounding_due.py` says what comes back.  Before all of that, what a promotion that is no longer met
asks back, and gifts that stay, are kept out of it as `reprice.py` says.  Freight is refunded once: by cause, or with
the last unit of an order of which nothing was ever handed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.errors import Malformed, NotFound, Refused, WrongState
from member import points
from member.shortfall import Borne, bear
from member.terms import terms_at
from member.wallet_terms import Policy, Split, come_back
from trade.orders import coupons_due, reprice, rounding_due
from trade.orders.line_refunds import TooMuchRefunded, share_back, units_fen
from trade.payments import moves as payments
from trade.payments.static_qr import back as static_qr


class TooMuchReturned(Refused):
    """More comes back than was bought and is still out; `left` says per line what may come back."""

    code = "too_much_returned"


class AftersaleOpen(Refused):
    """These units, or this money, are asked for by open cases (`case_ids`); `left` is what nobody asks for."""

    code = "aftersale_open"


class ExchangeWaiting(Refused):
    """An exchange of this order's goods waits for its payment code (order `exchange_order_id`); it is ended first."""

    code = "exchange_waiting"


class Kind(StrEnum):
    """What comes back: goods and their money, money for units never handed over, or money alone."""

    GOODS = "goods"
    UNSHIPPED = "unshipped"
    AMOUNT = "amount"


_EVENT = {Kind.GOODS: "return", Kind.UNSHIPPED: "give_up", Kind.AMOUNT: "refund"}


@dataclass(frozen=True, slots=True)
class Ask:
    """What is to be refunded: units by line number, or fen by line number, and freight of its own.

    At the merchant's `fault` every promotion is kept.  `case_id` is the after-sales case that asks it, `exchange_id`
    the new order of the exchange that does.
    """

    kind: Kind
    units: Mapping[int, int] = field(default_factory=dict)
    fens: Mapping[int, int] = field(default_factory=dict)
    freight_fen: int = 0
    fault: bool = False
    case_id: int = 0
    exchange_id: int = 0


@dataclass(frozen=True, slots=True)
class Preview:
    """What a refund would do, before anybody confirms it; by their lines the goods were worth `goods_fen`.

    `anew` is what is kept out of it for promotions and gifts; `wallet_back` is what stored value gets after that.
    """

    goods_fen: int
    refund_fen: int
    refunds: list[tuple[Any, int]]
    wallet_back: Split
    points_back: int
    borne: Borne
    lines: list[dict[str, int]]
    coupons: coupons_due.Outcome
    anew: reprice.Outcome
    rounding_fen: int = 0
    freight_fen: int = 0
    kind: Kind = Kind.GOODS

    @property
    def points_clawed(self) -> int:
        """Points taken back by an entry, those owed among them."""
        return self.borne.clawed

    @property
    def points_deficit(self) -> int:
        """Points that the member will owe."""
        return self.borne.owed

    def as_json(self) -> dict[str, Any]:
        """As the till shows it."""
        return {
            "kind": self.kind,
            "refund_fen": self.refund_fen,
            "goods_fen": self.goods_fen,
            "freight_fen": self.freight_fen,
            "deducted_fen": self.borne.deducted_fen,
            "coupons_withheld_fen": self.coupons.withheld_fen,
            "rounding_fen": self.rounding_fen,
            "points_paid": self.borne.paid,
            "points_written_off": self.borne.written_off,
            "shortfall": self.borne.policy,
            "needs_approval": self.borne.asks_manager,
            "principal_back_fen": self.wallet_back.principal_fen,
            "bonus_back_fen": self.wallet_back.bonus_fen,
            "points_back": self.points_back,
            "points_clawed": self.points_clawed,
            "points_deficit": self.points_deficit,
            **self.coupons.as_json(),
            **self.anew.as_json(),
            "refunds": [{"kind": tender.back_kind, "amount_fen": fen} for tender, fen in self.refunds],
            "lines": [{key: line[key] for key in _SHOWN} for line in self.lines],
        }


_SHOWN = ("line_no", "qty", "refund_fen", "principal_back_fen", "bonus_back_fen", "points_back")
LOCK = text("SELECT * FROM sale_order WHERE store_id = :store AND id = :order FOR NO KEY UPDATE")
_LINES = text("""
    SELECT line.line_no, coalesce(line.given_sku_id, line.sku_id) AS sku_id, line.qty, line.net_fen,
           line.earn_basis_fen,
           coalesce(stored.principal_fen, 0) AS principal_fen,
           coalesce(stored.bonus_fen, 0) AS bonus_fen, coalesce(stored.policy, 'proportional') AS policy,
           coalesce((SELECT sum(points) FROM allocation a WHERE a.store_id = :store AND a.order_id = :order
                     AND a.line_no = line.line_no), 0)::bigint AS points,
           back.returned, back.refunded_fen, back.given_up,
           coalesce((SELECT sum(p.handed_qty) FROM parcel_line p JOIN parcel ON parcel.store_id = p.store_id
                         AND parcel.id = p.parcel_id AND parcel.case_id IS NULL
                     WHERE p.store_id = :store AND p.order_id = :order AND p.line_no = line.line_no), 0)::bigint
               AS handed,
           open.locked_qty, open.locked_fen, open.case_ids
    FROM order_line line LEFT JOIN wallet_share stored USING (store_id, order_id, line_no)
    CROSS JOIN LATERAL (SELECT coalesce(sum(r.qty), 0)::bigint AS returned,
            coalesce(sum(r.refund_fen), 0)::bigint AS refunded_fen,
            coalesce(sum(r.qty) FILTER (WHERE d.kind = 'unshipped'), 0)::bigint AS given_up
        FROM return_line r JOIN sale_return d ON d.store_id = r.store_id AND d.id = r.return_id
        WHERE r.store_id = :store AND r.order_id = :order AND r.line_no = line.line_no) back
    CROSS JOIN LATERAL (SELECT coalesce(sum(a.qty), 0)::bigint AS locked_qty,
            coalesce(sum(a.amount_fen), 0)::bigint AS locked_fen, array_agg(c.id ORDER BY c.id) AS case_ids
        FROM aftersale_line a JOIN aftersale_case c ON c.store_id = a.store_id AND c.id = a.case_id
        WHERE a.store_id = :store AND a.order_id = :order AND a.line_no = line.line_no AND c.locks
          AND c.id <> :case) open
    WHERE line.store_id = :store AND line.order_id = :order""")
_SO_FAR = text("""
    SELECT coalesce(sum(points_clawed + points_paid + points_written_off), 0)::bigint AS taken,
           coalesce(sum(freight_fen), 0)::bigint AS freight_fen,
           (SELECT e.order_id FROM exchange e JOIN sale_order o ON o.store_id = e.store_id AND o.id = e.order_id
            WHERE e.back_store_id = :store AND e.back_order_id = :order AND o.state = 'placed'
              AND e.order_id <> :exchange LIMIT 1) AS waits_for
    FROM sale_return WHERE store_id = :store AND order_id = :order""")


def plan(session: Session, store_id: int, order_id: int, ask: Ask, *, now: datetime | None = None) -> Preview:
    """What refunding `ask` would give back and take; changes nothing, and locks the order's row.

    Without `now` the terms are those of the sale, and nothing is written off.

    :raises TooMuchReturned, TooMuchRefunded, AftersaleOpen, ExchangeWaiting, WrongState, NotFound: it cannot be so.
    :raises StaticQrUnproved: its money was not seen yet.
    """
    key = {"store": store_id, "order": order_id}
    order = session.execute(LOCK, key).first()
    if order is None:
        raise NotFound(order_id=order_id)
    so_far = session.execute(_SO_FAR, key | {"exchange": ask.exchange_id}).one()
    if so_far.waits_for:
        raise ExchangeWaiting(exchange_order_id=so_far.waits_for)
    bought = {row.line_no: row for row in session.execute(_LINES, key | {"case": ask.case_id})}
    if not _may(order, ask.kind, bought.values()):
        raise WrongState(order_id=order_id, state=order.state, event=_EVENT[ask.kind])
    lines = _amounts(bought, ask.fens) if ask.kind is Kind.AMOUNT else _units(order, bought, ask)
    freight_fen = _freight_fen(order, bought.values(), ask, so_far.freight_fen)
    goods_fen = sum(line["refund_fen"] for line in lines)
    paid = Split(sum(line["principal_back_fen"] for line in lines), sum(line["bonus_back_fen"] for line in lines))
    anew = _anew(session, order, ask, lines, paid)
    back = Split(paid.principal_fen - anew.wallet.principal_fen, paid.bonus_fen - anew.wallet.bonus_fen)
    due_fen = goods_fen - anew.withheld_fen
    points_back = sum(line["points_back"] for line in lines)
    taken = {line["line_no"]: (line["qty"], line["refund_fen"]) for line in lines}
    due = max(claw_target(order.earns_points, bought.values(), taken) - int(so_far.taken), 0)
    rounding_fen = rounding_due.after_return(session, order, due_fen - back.total_fen)
    money_fen = due_fen - back.total_fen + rounding_fen
    borne = _borne(session, order, due, points_back, money_fen, now)
    money_fen -= borne.deducted_fen
    vouchers = coupons_due.after_return(session, order, taken, goods_fen - paid.bonus_fen, money_fen)
    refund_fen = due_fen + rounding_fen - borne.deducted_fen - vouchers.withheld_fen + freight_fen
    refundable = static_qr.in_cash(session, payments.refundable(session, store_id, order_id))
    tenders = payments.plan_refund(refundable, refund_fen, back.total_fen)
    return Preview(
        goods_fen,
        refund_fen,
        tenders,
        back,
        points_back,
        borne,
        lines,
        vouchers,
        anew,
        rounding_fen,
        freight_fen,
        ask.kind,
    )


def _may(order: Any, kind: Kind, bought: Iterable[Any]) -> bool:
    """Goods come back after they were handed over, units are given up before; money may go back once it came."""
    if kind is Kind.GOODS:
        return order.state == "done" or (order.state == "confirmed" and any(row.handed for row in bought))
    ended = ("cancelled",) if kind is Kind.AMOUNT else ("cancelled", "done")
    return order.paid_at is not None and order.state not in ended


def _anew(session: Session, order: Any, ask: Ask, lines: list[dict[str, int]], paid: Split) -> reprice.Outcome:
    fens = {line["line_no"]: line["refund_fen"] for line in lines}
    if ask.kind is Kind.AMOUNT:
        return reprice.after_amount(session, order, fens, paid, fault=ask.fault)
    return reprice.after_return(session, order, ask.units, fens, paid, fault=ask.fault)


def _freight_fen(order: Any, bought: Iterable[Any], ask: Ask, before_fen: int) -> int:
    """What of the freight goes back: what is asked, or all that is left with the last unit ever given up."""
    left_fen = int(order.freight_fen - before_fen)
    if ask.freight_fen > left_fen:
        raise TooMuchRefunded(freight_left_fen=left_fen, left=[])
    if ask.kind is Kind.UNSHIPPED and all(row.given_up + ask.units.get(row.line_no, 0) == row.qty for row in bought):
        return left_fen
    return ask.freight_fen


def claw_target(earned: int, bought: Iterable[Any], wants: Mapping[int, tuple[int, int]]) -> int:
    """floor(E x R / B): the points to be taken back in all, once `wants` came back too.  Pure.

    :param wants: by line number, units and fen.
    """
    rows = list(bought)
    basis_fen = sum(row.earn_basis_fen for row in rows)
    back_fen = 0
    for row in rows:
        units, fen = wants.get(row.line_no, (0, 0))
        stands = (row.qty, row.returned + units, row.refunded_fen + fen)
        back_fen += share_back(row.earn_basis_fen, row.net_fen, *stands)
    return int(earned * back_fen // basis_fen) if basis_fen else 0


def _borne(session: Session, order: Any, due: int, back: int, money_fen: int, now: datetime | None) -> Borne:
    """How `due` points are taken back, after `back` points came back to the member by the same return."""
    at = now or order.placed_at
    terms = terms_at(at, session)
    policy = terms.shortfall_of(order.channel)
    if not due or not order.member_id:
        return Borne(policy, due)
    there = points.within_reach(session, order.member_id, f"order:{order.id}", coming=back)
    budget = 0
    if policy == "write_off" and now is not None:
        budget = points.left_to_write_off(session, terms, now)
    return bear(due, there, policy, fen_per_point=terms.redeem_fen_per_point, money_fen=money_fen, budget=budget)


def _known(bought: Mapping[int, Any], wants: Mapping[int, int], what: str) -> None:
    if not wants or min(wants.values()) <= 0:
        raise Malformed(fields={"lines": f"at least one line with {what} above 0"})
    if not wants.keys() <= bought.keys():
        raise NotFound(line_nos=sorted(wants.keys() - bought.keys()))


def _left(order: Any, row: Any, kind: Kind) -> int:
    """Units of a line that may come back, or be given up: those that were handed over, or those that were not."""
    handed = row.qty - row.given_up if order.state == "done" else row.handed
    if kind is Kind.GOODS:
        return int(handed - (row.returned - row.given_up))
    return int(row.qty - row.given_up - handed)


def _units(order: Any, bought: Mapping[int, Any], ask: Ask) -> list[dict[str, int]]:
    wants = ask.units
    _known(bought, wants, "a quantity")
    left = {number: _left(order, bought[number], ask.kind) for number in wants}
    if any(wants[number] > left[number] for number in wants):
        raise TooMuchReturned(left=[{"line_no": number, "qty": qty} for number, qty in sorted(left.items())])
    for number, units in wants.items():
        _check_free(bought[number], units, 0)
    return [
        _line(row, qty, units_fen(row.net_fen, row.qty, row.returned, row.refunded_fen, qty))
        for row, qty in ((bought[number], qty) for number, qty in sorted(wants.items()))
    ]


def _amounts(bought: Mapping[int, Any], fens: Mapping[int, int]) -> list[dict[str, int]]:
    _known(bought, fens, "an amount")
    left = {number: bought[number].net_fen - bought[number].refunded_fen for number in fens}
    if any(fens[number] > left[number] for number in fens):
        raise TooMuchRefunded(left=[{"line_no": number, "fen": fen} for number, fen in sorted(left.items())])
    for number, fen in fens.items():
        _check_free(bought[number], 0, fen)
    return [_line(bought[number], 0, fen) for number, fen in sorted(fens.items())]


def _check_free(row: Any, units: int, fen: int) -> None:
    """What open cases ask for stays theirs, and is still there whichever of all is done first."""
    if row.case_ids is None:
        return
    free_qty, together = row.qty - row.returned - row.locked_qty, units + row.locked_qty
    free_fen = row.net_fen - row.refunded_fen - row.locked_fen
    if units <= free_qty and together:
        free_fen -= units_fen(row.net_fen, row.qty, row.returned, row.refunded_fen, together)
    if units > free_qty or fen > free_fen:
        left = [{"line_no": row.line_no, "qty": free_qty, "fen": max(free_fen, 0)}]
        raise AftersaleOpen(case_ids=list(row.case_ids), left=left)


def _line(row: Any, qty: int, refund_fen: int) -> dict[str, int]:
    """A row of the document: `qty` units, or none, and `refund_fen` of a line come back."""
    split = Split(row.principal_fen, row.bonus_fen)
    stored = come_back(split, row.net_fen, row.refunded_fen, refund_fen, Policy(row.policy))
    before = share_back(row.points, row.net_fen, row.qty, row.returned, row.refunded_fen)
    after = share_back(row.points, row.net_fen, row.qty, row.returned + qty, row.refunded_fen + refund_fen)
    return {
        "line_no": row.line_no,
        "sku_id": row.sku_id,
        "qty": qty,
        "refund_fen": refund_fen,
        "principal_back_fen": stored.principal_fen,
        "bonus_back_fen": stored.bonus_fen,
        "points_back": after - before,
    }
