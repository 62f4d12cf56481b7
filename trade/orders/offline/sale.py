"""A sale that a till wrote down becomes an order: it happened, so nothing of it is refused (till-and-store-desk 3.9).

The customer paid what the receipt says, whatever our prices would have said; what they would is noted as differences.
Points are counted here, once.  What cannot become an order as it is waits on the desk with its reason; its money is in
the drawer all the same.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import attempt, fetch
from config.errors import Refused
from member import points
from member.earning import Occasion
from member.terms import terms_at
from trade.fulfilment import lost
from trade.orders import as_rows, moves, place, value
from trade.orders.offline import gate, hand, in_shift, ticket
from trade.orders.offline.sale_said import SaleSaid
from trade.orders.offline.taking import CannotTake, Taken
from trade.payments import cash
from trade.payments.static_qr import moves as static_qr
from trade.pricing import multi
from trade.pricing.offers import Offers
from trade.pricing.promotions import book, counts
from trade.pricing.quote import earn
from trade.pricing.quoted import Item, Line, Quote, Redeemable, Share, Want
from trade.pricing.rules import Rule
from trade.stock import facts

_AT = text("""
    SELECT EXISTS (SELECT FROM staff WHERE id = :staff) AS staff, m.id AS member_id, m.tier
    FROM (SELECT coalesce(CAST(:member AS bigint), (SELECT member_id FROM till_document
                 WHERE store_id = :store AND uuid = :uuid)) AS id) AS named
    LEFT JOIN member was ON was.id = named.id
    LEFT JOIN member m ON m.id = coalesce(was.merged_into_id, was.id)""")
_SKUS = text("""
    SELECT sku.id, product.category_id, product.picture FROM sku JOIN product ON product.id = sku.product_id
    WHERE sku.id = ANY(:skus)""")


def take(session: Session, store_id: int, till_id: int, said: SaleSaid, *, sold_at: datetime, now: datetime) -> Taken:
    """Write the order of a document, in the caller's transaction.

    :raises CannotTake: `unknown_shift`, `unknown_staff` or `unknown_sku`; nothing may stay of the transaction.
    """
    shift = in_shift.of(session, store_id, till_id, said)
    given = {"store": store_id, "staff": said.staff_id, "member": said.member_id, "uuid": said.uuid}
    known = fetch(session, _AT, given)[0]
    if not known.staff:
        raise CannotTake("unknown_staff")
    member_id = known.member_id
    priced = _as_sold(session, said)
    _earns(session, priced, store_id, member_id, known.tier, sold_at)
    actor = f"staff:{said.staff_id}"
    where = {"staff_id": said.staff_id, "till_id": till_id, "shift_id": shift.id}
    head = as_rows.head(
        priced, store_id, member_id, sold_at, channel="till", **where, paid_at=sold_at, closed_at=sold_at
    )
    lines, shares = as_rows.lines(priced)
    order_id = moves.open_order(session, head, lines, shares, actor=actor)
    _goods(session, store_id, priced, order_id, actor=actor, sold_at=sold_at, now=now)
    _count(session, store_id, said, member_id, order_id, now)
    if said.tender == "static_qr":
        static_qr.take(session, store_id, order_id, priced.due_fen, till_id=till_id, at=sold_at)
    else:
        cash.take(session, store_id, order_id, priced.due_fen, said.received_fen, said.change_fen, now=sold_at)
    stake = value.Stake(order_id, member_id, 0, priced.earns_points, store_id)
    value.sold(session, stake, actor=actor, now=now)
    if said.ticket:
        here: dict[str, Any] = {"lines": len(said.lines), "till_id": till_id, "staff_id": said.staff_id, "now": now}
        ticket.keep(session, store_id, order_id, said.ticket, payable_fen=said.payable_fen, **here)
    more = {"till_id": till_id, "shift_id": shift.id, "late": shift.state != "open"}
    moves.note(session, order_id, "order.sold_alone", actor=actor, now=now, approved_by=said.approved_by, **more)
    hand.note(session, order_id, store_id, till_id, said, priced, now=now)
    differences = _of_member(said, known) + hand.differences(session, store_id, said, priced)
    differences += gate.differences(session, store_id, till_id, said, sold_at)
    return Taken(order_id, differences + _differences(session, store_id, said, member_id, sold_at))


def _of_member(said: SaleSaid, known: Any) -> list[dict[str, Any]]:
    """The price was that of a tier of before, or the phone that was given is nobody's."""
    if said.join is not None and known.member_id is None:
        return [{"code": "not_bound"}]
    if said.tier is not None and known.tier != said.tier:
        return [{"code": "tier_changed", "sold_tier": said.tier, "our_tier": known.tier}]
    return []


def known(answer: dict[str, Any]) -> int | None:
    """The order that its online attempt was answered with."""
    order_id: int | None = answer.get("receipt", {}).get("order_id")
    return order_id


def _as_sold(session: Session, said: SaleSaid) -> Quote:
    known = {row.id: row for row in fetch(session, _SKUS, {"skus": sorted({line.sku_id for line in said.lines})})}
    if len(known) < len({line.sku_id for line in said.lines}):
        raise CannotTake("unknown_sku")
    lines = []
    for line_no, line in enumerate(said.lines, start=1):
        sku = known[line.sku_id]
        item = Item(
            line.sku_id, line.name, line.spec, line.unit, line.weighed, sku.picture, line.unit_price_fen, 0,
            sku.category_id,
        )  # fmt: skip
        shares = [Share(one.source, one.amount_fen, 0, one.source_id, one.version) for one in line.shares]
        lines.append(Line(line_no, item, line.qty, line.unit_price_fen, line.list_fen, line.net_fen, line.gift, shares))
    off = {
        source: sum(share.amount_fen for line in lines for share in line.shares if share.source == source)
        for source in ("promotion", "manual")
    }
    return Quote(
        lines, sum(line.list_fen for line in lines), 0, off["manual"], 0, 0, said.payable_fen, 0,
        Redeemable(0, 0, 1, "", 0), hand.trace(said), Offers(), [], promotion_fen=off["promotion"],
        rules_version=said.rules, rounding_fen=said.rounding_fen,
    )  # fmt: skip


def _earns(
    session: Session, priced: Quote, store_id: int, member_id: int | None, tier: str | None, sold_at: datetime
) -> None:
    if member_id is None or tier is None:
        return
    terms = terms_at(sold_at, session)
    today, this_month, _ = points.so_far(session, member_id, terms, sold_at)
    earn(priced, terms, Occasion(tier, "till", store_id, sold_at, today, this_month))
    priced.tier, priced.terms_version = tier, terms.version


_ACCEPTED = text("""
    SELECT DISTINCT parcel.order_id FROM parcel JOIN stock_hold h ON h.order_id = parcel.order_id
    WHERE h.store_id = :store AND h.sku_id = ANY(:skus) AND parcel.at_store_id = :store
      AND parcel.state IN ('accepted', 'picking', 'picked', 'ready', 'packed')""")


def _goods(
    session: Session, store_id: int, priced: Quote, order_id: int, *, actor: str, sold_at: datetime, now: datetime
) -> None:
    """The goods are gone: promises that they break find another store, the newest unaccepted first."""
    units: dict[int, int] = {}
    for line in priced.lines:
        units[line.item.sku_id] = units.get(line.item.sku_id, 0) + line.qty
    accepted = [row.order_id for row in fetch(session, _ACCEPTED, {"store": store_id, "skus": sorted(units)})]
    key = f"order:{order_id}:sell"
    broken = facts.take_as_fact(session, store_id, units, key=key, actor=actor, now=now, accepted=accepted, at=sold_at)
    lost.tell(session, store_id, broken, actor=actor, now=now)


def _count(
    session: Session, store_id: int, said: SaleSaid, member_id: int | None, order_id: int, now: datetime
) -> None:
    """Promotions count what was used; what is above a quota is noted and not counted."""
    known = book.at(session, store_id, now)
    at: dict[str, Any] = {"store_id": store_id, "order_id": order_id, "member_id": member_id}
    rules = {rule.id: rule for rule in known.rules.rules}
    uses = [
        counts.Use(one.promotion_id, one.version, _counted(rules.get(one.promotion_id), one.units), one.off_fen)
        for one in said.uses
    ]
    try:
        with attempt(session):
            counts.claim(session, known, uses, **at, now=now)
    except counts.QuotaUsed:
        counts.claim(session, known, uses, **at, now=now, counted=False)


def _counted(rule: Rule | None, units: int) -> int:
    """How a quota counts so many units that a rule was worth something on; 1 of a rule that is over."""
    if rule is None or rule.phase > 2:
        return 1
    return units if rule.phase == 1 else max(multi.sets(rule, units), 1)


def _differences(
    session: Session, store_id: int, said: SaleSaid, member_id: int | None, sold_at: datetime
) -> list[dict[str, Any]]:
    """Where our prices say otherwise of the same basket at the same moment, before anything by hand."""
    wants = [Want(line.sku_id, line.qty) for line in said.lines if not line.gift]
    try:
        ours = place.price(session, place.Basket(store_id, wants, member_id), now=sold_at)
    except Refused as refused:
        return [{"code": refused.code}]
    found = []
    for line, our in zip([line for line in said.lines if not line.gift], ours.lines, strict=False):
        by_hand = sum(share.amount_fen for share in line.shares if share.source == "manual")
        if our.net_fen != line.net_fen + by_hand:
            found.append({"sku_id": line.sku_id, "sold_fen": line.net_fen + by_hand, "ours_fen": our.net_fen})
    return found
