"""What an order does to what its member holds, at each step of its life: the one seam between orders and member.

Locks are taken in one order everywhere: stock first (by the caller), then what stands here, top to bottom.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from sqlalchemy.orm import Session

from member import points, wallet
from member.coupons import moves as coupons
from member.terms import terms_at
from member.wallet import Deed
from member.wallet_terms import Split
from trade.orders import moves


@dataclass(frozen=True, slots=True)
class Stake:
    """What one order takes from its member and brings them; `member_id` is None for a customer without a card.

    `coupon_ids` matter while coupons are locked or used; afterwards they are found by their order.
    """

    order_id: int
    member_id: int | None
    points_used: int
    earns_points: int
    store_id: int = 0
    wallet: Split = field(default_factory=Split)
    coupon_fen: int = 0
    coupon_ids: tuple[int, ...] = ()

    @classmethod
    def of(cls, order: Any) -> Self:
        """The stake of a stored order's row."""
        stored = Split(order.wallet_principal_fen, order.wallet_bonus_fen)
        return cls(
            order.id, order.member_id, order.points_used, order.earns_points, order.store_id, stored, order.coupon_fen
        )

    def deed(self, event: str, key: str, actor: str, now: datetime, *, document: str = "") -> Deed:
        """One step of its member's stored value."""
        assert self.member_id is not None, self
        return Deed(self.member_id, event, self.source, key, actor, now, self.store_id, document)

    @property
    def source(self) -> str:
        """How the ledgers name the order."""
        return f"order:{self.order_id}"

    @property
    def at(self) -> dict[str, int]:
        """How the coupons name the order."""
        return {"store_id": self.store_id, "order_id": self.order_id}


def sold(session: Session, stake: Stake, *, actor: str, now: datetime) -> None:
    """A till sale: what it uses is spent and what it brings is there at once, or after the days the terms say."""
    if stake.member_id and stake.coupon_fen:
        coupons.use(session, stake.member_id, stake.coupon_ids, **stake.at, actor=actor, now=now)
    if stake.wallet.total_fen:
        wallet.spend(session, stake.deed("spend", f"{stake.source}:spend", actor, now), stake.wallet)
    if stake.member_id and stake.points_used:
        points.spend(session, stake.member_id, stake.points_used, source=stake.source, actor=actor, now=now)
    if stake.member_id and stake.earns_points:
        _earn_at_till(session, stake.member_id, stake, actor=actor, now=now)


def held(session: Session, stake: Stake, *, actor: str, now: datetime) -> None:
    """A mall order is placed: what it uses is promised to it until it is paid or ends."""
    if stake.member_id and stake.coupon_fen:
        coupons.lock(session, stake.member_id, stake.coupon_ids, **stake.at, actor=actor, now=now)
    if stake.wallet.total_fen:
        wallet.hold(session, stake.deed("hold", f"{stake.source}:hold", actor, now), stake.wallet)
    if stake.member_id and stake.points_used:
        points.hold(session, stake.member_id, stake.points_used, source=stake.source, actor=actor, now=now)


def paid(session: Session, stake: Stake, *, actor: str, now: datetime, at_till: bool = False) -> None:
    """An order is paid: what was promised is spent, what it brings is on its way, or there at once (`at_till`)."""
    if stake.member_id and stake.coupon_fen:
        coupons.post(session, stake.member_id, **stake.at, actor=actor, now=now)
    if stake.wallet.total_fen:
        wallet.post(session, stake.deed("post", f"{stake.source}:settle", actor, now))
    if stake.member_id and stake.points_used:
        points.post(session, stake.member_id, source=stake.source, actor=actor, now=now)
    if stake.member_id and stake.earns_points and at_till:
        _earn_at_till(session, stake.member_id, stake, actor=actor, now=now)
    elif stake.member_id and stake.earns_points:
        _earn(session, stake.member_id, stake, pending=True, arrives_at=None, actor=actor, now=now)


def revived(session: Session, stake: Stake, *, actor: str, now: datetime) -> None:
    """An order that had ended unpaid is paid after all: what it had promised and got back is spent anew.

    :raises CouponTaken, CouponUseLimit, WalletShort, PointsShort: some of it is gone; nothing may stay.
    """
    if stake.member_id and stake.coupon_ids:
        coupons.use(session, stake.member_id, stake.coupon_ids, **stake.at, actor=actor, now=now)
    if stake.wallet.total_fen:
        wallet.spend(session, stake.deed("spend", f"{stake.source}:spend", actor, now), stake.wallet)
    if stake.member_id and stake.points_used:
        points.spend(session, stake.member_id, stake.points_used, source=stake.source, actor=actor, now=now)
    if stake.member_id and stake.earns_points:
        _earn(session, stake.member_id, stake, pending=True, arrives_at=None, actor=actor, now=now)


def collected(session: Session, stake: Stake, *, actor: str, now: datetime) -> None:
    """The goods are handed over: what was on its way arrives, or after the days the terms say."""
    if stake.member_id and stake.earns_points:
        arrives_at = terms_at(now, session).arrives("mall", now)
        if arrives_at is None:
            points.confirm(session, stake.member_id, source=stake.source, actor=actor, now=now)
        else:
            points.arrive_at(session, stake.member_id, arrives_at, source=stake.source, actor=actor, now=now)


def released(session: Session, stake: Stake, *, actor: str, now: datetime) -> None:
    """An unpaid order ends: what was promised goes back where it lay."""
    if stake.member_id and stake.coupon_fen:
        coupons.release(session, stake.member_id, **stake.at, actor=actor, now=now)
    if stake.wallet.total_fen:
        wallet.release(session, stake.deed("release", f"{stake.source}:settle", actor, now))
    if stake.member_id and stake.points_used:
        points.release(session, stake.member_id, source=stake.source, actor=actor, now=now)


def undone(session: Session, stake: Stake, *, fault: bool = False, actor: str, now: datetime) -> None:
    """A paid order is cancelled, or refused by the store (`fault`): as if it had never been.

    `stake` is what its returns have not given back or taken back already.
    """
    if stake.member_id and stake.coupon_fen:
        key = f"{stake.source}:undo"
        coupons.give_back(session, stake.member_id, None, **stake.at, key=key, fault=fault, actor=actor, now=now)
    if stake.wallet.total_fen:
        deed = stake.deed("reinstate", f"{stake.source}:undo", actor, now)
        wallet.restore(session, deed, stake.wallet, of=stake.source)
    if stake.member_id and stake.points_used:
        key = f"{stake.source}:undo"
        points.reinstate(
            session, stake.member_id, stake.points_used, source=stake.source, key=key, actor=actor, now=now
        )
    if stake.member_id and stake.earns_points:
        key = f"{stake.source}:undo-earn"
        points.claw(session, stake.member_id, stake.earns_points, source=stake.source, key=key, actor=actor, now=now)


def returned(
    session: Session,
    stake: Stake,
    return_id: int,
    *,
    wallet_back: Split,
    points_back: int,
    points_clawed: int,
    coupons_back: Sequence[int] = (),
    coupons_void: Sequence[int] = (),
    fault: bool = False,
    actor: str,
    now: datetime,
) -> tuple[int, int]:
    """Units came back: their share of what was spent goes back, of what was earned is taken back.

    `coupons_back` are those all of whose goods came back, `coupons_void` those the order no longer brings; at the
    merchant's `fault` the former get at least their days of grace.
    Returns how many points became a debt by it, and how many coupons became void.
    """
    key = f"return:{return_id}"
    owed = voided = 0
    if stake.member_id and coupons_back:
        coupons.give_back(
            session, stake.member_id, coupons_back, **stake.at, key=key, fault=fault, actor=actor, now=now
        )
    if stake.member_id and coupons_void:
        voided = coupons.step(session, "void", stake.member_id, coupons_void, key=key, actor=actor, now=now)
    if wallet_back.total_fen:
        deed = stake.deed("reinstate", f"{key}:back", actor, now, document=key)
        wallet.restore(session, deed, wallet_back, of=stake.source)
    if stake.member_id and points_back:
        points.reinstate(
            session, stake.member_id, points_back, source=stake.source, key=f"{key}:back", actor=actor, now=now
        )
    if stake.member_id and points_clawed:
        owed = points.claw(
            session, stake.member_id, points_clawed, source=stake.source, key=f"{key}:claw", actor=actor, now=now
        )
    return owed, voided


def _earn_at_till(session: Session, member_id: int, stake: Stake, *, actor: str, now: datetime) -> None:
    arrives_at = terms_at(now, session).arrives("till", now)
    pending = arrives_at is not None
    _earn(session, member_id, stake, pending=pending, arrives_at=arrives_at, actor=actor, now=now)


def _earn(
    session: Session,
    member_id: int,
    stake: Stake,
    *,
    pending: bool,
    arrives_at: datetime | None,
    actor: str,
    now: datetime,
) -> None:
    """Credit what the limits of day and month leave; an order that brings less than it was to says so itself."""
    brings = points.room(session, member_id, stake.earns_points, now=now)
    if brings < stake.earns_points:
        moves.earn_less(session, stake.store_id, stake.order_id, brings, actor=actor, now=now)
    if brings:
        points.earn(
            session,
            member_id,
            brings,
            source=stake.source,
            key=f"{stake.source}:earn",
            pending=pending,
            available_at=arrives_at,
            actor=actor,
            now=now,
        )
