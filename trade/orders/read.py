"""Orders as the faces show them: the receipt and the customer's page.  One statement a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import NotFound
from member.identity import MemberCard, card_no
from trade.fulfilment import pickup
from trade.orders.aisle import reading
from trade.orders.groups import read as groups
from trade.orders.headline import headline, may_ask, may_cancel
from trade.orders.numbers import number
from trade.orders.receipts.book import url

_HEAD = """
    SELECT o.*, store.name AS store_name, store.address AS store_address, till.name AS till_name,
           staff.name AS cashier, coalesce(m.phone_masked, nullif(left(m.name, 1), '') || '**', '') AS customer
    FROM sale_order o JOIN store ON store.id = o.store_id LEFT JOIN member m ON m.id = o.member_id
    LEFT JOIN till ON till.store_id = o.store_id AND till.id = o.till_id LEFT JOIN staff ON staff.id = o.staff_id """
_OF_MEMBER = text(
    _HEAD + "WHERE o.member_id = :member AND (CAST(:before AS bigint) IS NULL OR o.id < :before)"
    " ORDER BY o.id DESC LIMIT :most"
)
_ONE_OF_MEMBER = text(_HEAD + "WHERE o.member_id = :member AND o.id = :order")
_LINES = text("""
    SELECT line.*, product.id AS product_id, product.picture,
           coalesce((SELECT sum(r.qty) FROM return_line r WHERE r.store_id = line.store_id
                     AND r.order_id = line.order_id AND r.line_no = line.line_no), 0)::bigint AS returned_qty
    FROM order_line line JOIN sku ON sku.id = line.sku_id JOIN product ON product.id = sku.product_id
    WHERE (line.store_id, line.order_id) IN (SELECT * FROM unnest(CAST(:stores AS bigint[]), CAST(:orders AS bigint[])))
    ORDER BY line.order_id, line.line_no""")
_REFUNDED = text("""
    SELECT o.id AS order_id,
           (SELECT coalesce(sum(refund.amount_fen), 0)::bigint FROM tender
            JOIN refund ON refund.store_id = tender.store_id AND refund.tender_id = tender.id
            WHERE tender.store_id = o.store_id AND tender.order_id = o.id AND refund.state <> 'closed') AS refunded_fen,
           (SELECT coalesce(sum(r.promotions_withheld_fen + r.gifts_withheld_fen), 0)::bigint FROM sale_return r
            WHERE r.store_id = o.store_id AND r.order_id = o.id) AS withheld_fen
    FROM unnest(CAST(:stores AS bigint[]), CAST(:orders AS bigint[])) AS o(store_id, id)""")


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _keys(orders: Sequence[Any]) -> dict[str, list[int]]:
    return {"stores": [order.store_id for order in orders], "orders": [order.id for order in orders]}


def _lines_of(session: Session, orders: Sequence[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in fetch(session, _LINES, _keys(orders)) if orders else ():
        found[row.order_id].append(row)
    return found


def _pick(row: Any, names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names.split()}


_GOODS = "line_no name spec unit weighed qty"
_PAPER = (
    "channel state store_name till_name cashier list_fen promotion_fen coupon_fen discount_fen points_used points_fen"
    " freight_fen rounding_fen payable_fen wallet_principal_fen wallet_bonus_fen alone points_after"
)
_COUPON = """SELECT a.store_id, a.order_id, a.source_id AS id, t.name, sum(a.amount_fen)::bigint AS off_fen
    FROM allocation a
    JOIN sale_order o ON o.store_id = a.store_id AND o.id = a.order_id
    JOIN coupon c ON c.member_id = o.member_id AND c.id = a.source_id JOIN coupon_template t ON t.id = c.template_id
    WHERE a.source = 'coupon' AND"""
_COUPONS_OF = text(
    _COUPON
    + " (a.store_id, a.order_id) IN (SELECT * FROM unnest(CAST(:stores AS bigint[]), CAST(:orders AS bigint[])))"
    " GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3"
)
EXCHANGED = """(SELECT json_build_object('return_no', 'R' || e.return_id, 'back_store_id', e.back_store_id,
        'back_order_id', e.back_order_id, 'refund_fen', e.refund_fen, 'brought_fen', e.brought_fen,
        'respent_fen', e.respent_fen, 'lines', (SELECT json_agg(json_build_object('name', l.name, 'spec', l.spec,
            'unit', l.unit, 'weighed', l.weighed, 'qty', b.qty, 'refund_fen', b.refund_fen) ORDER BY l.line_no)
            FROM return_line b JOIN order_line l USING (store_id, order_id, line_no)
            WHERE b.store_id = e.back_store_id AND b.return_id = e.return_id),
        'back', (SELECT json_agg(json_build_object('kind', f.kind, 'amount_fen', f.amount_fen) ORDER BY f.id)
            FROM refund f WHERE f.store_id = e.back_store_id AND f.return_id = e.return_id AND f.kind <> 'exchange'))
    FROM exchange e WHERE e.store_id = :store AND e.order_id = :order AND e.return_id IS NOT NULL) AS exchange"""
_RECEIPT = text(
    """
    SELECT o.*, store.name AS store_name, till.name AS till_name, staff.name AS cashier,
        given.no, given.token, coalesce(given.alone, false) AS alone, given.points_after,
        m.name AS member_name, m.phone_masked, m.tier, a.balance, a.pending,
        (SELECT json_agg(json_build_object('line_no', line.line_no, 'name', line.name, 'spec', line.spec,
             'unit', line.unit, 'weighed', line.weighed, 'qty', line.qty, 'sku_id', line.sku_id,
             'returned_qty', coalesce((SELECT sum(r.qty) FROM return_line r WHERE r.store_id = line.store_id
                 AND r.order_id = line.order_id AND r.line_no = line.line_no), 0),
             'unit_price_fen', line.unit_price_fen, 'list_fen', line.list_fen, 'net_fen', line.net_fen,
             'gift', line.gift,
             'picture', product.picture) ORDER BY line.line_no)
         FROM order_line line JOIN sku ON sku.id = line.sku_id JOIN product ON product.id = sku.product_id
         WHERE line.store_id = :store AND line.order_id = :order) AS lines,
        (SELECT json_agg(json_build_object('kind', t.kind, 'amount_fen', t.amount_fen, 'received_fen', t.received_fen,
             'change_fen', t.change_fen, 'state', t.state) ORDER BY t.id)
         FROM tender t WHERE t.store_id = :store AND t.order_id = :order
             AND t.state NOT IN ('closed', 'late')) AS tenders,
        (SELECT json_agg(json_build_object('id', used.id, 'name', used.name, 'off_fen', used.off_fen) ORDER BY used.id)
         FROM ("""
    + _COUPON
    + """ a.store_id = :store AND a.order_id = :order GROUP BY 1, 2, 3, 4) used) AS coupons,
        CASE WHEN o.promotion_fen > 0 THEN
            (SELECT json_agg(json_build_object('id', used.id, 'name', used.name, 'off_fen', used.off_fen)
                 ORDER BY used.id)
             FROM (SELECT a.source_id AS id, v.body ->> 'name' AS name, sum(a.amount_fen)::bigint AS off_fen
                   FROM allocation a
                   JOIN promotion_version v ON v.promotion_id = a.source_id AND v.version = a.version
                   WHERE a.store_id = :store AND a.order_id = :order AND a.source = 'promotion' GROUP BY 1, 2) used)
        END AS promotions,
        (SELECT json_agg(json_build_object('line_no', n.line_no, 'note', n.note, 'printed', n.printed)
             ORDER BY n.line_no)
         FROM order_note n WHERE n.store_id = :store AND n.order_id = :order) AS notes,
        (SELECT json_agg(json_build_object('no', 'R' || r.id, 'at', r.at, 'refund_fen', r.refund_fen) ORDER BY r.id)
         FROM sale_return r WHERE r.store_id = :store AND r.order_id = :order) AS returns,
        """
    + EXCHANGED
    + """
    FROM sale_order o JOIN store ON store.id = o.store_id
    LEFT JOIN till ON till.store_id = o.store_id AND till.id = o.till_id LEFT JOIN staff ON staff.id = o.staff_id
    LEFT JOIN member m ON m.id = o.member_id
    LEFT JOIN lot_account a ON a.member_id = m.id AND a.account = 'points'
    LEFT JOIN receipt given ON given.store_id = o.store_id AND given.order_id = o.id
    WHERE o.store_id = :store AND o.id = :order"""
)


def _away(order: Any) -> bool:
    """A till sale of which other stores hand something over."""
    return bool(order.channel == "till" and order.mode != "counter")


def receipt(session: Session, store_id: int, order_id: int, *, codes: bool = True) -> dict[str, Any]:
    """The stored sale as its receipt shows it, so that a reprint equals the original; one statement.

    `printed_no` is the number on the paper, a device's own for a sale without network; `points_after` the member's
    points as printed, `url` where its QR code leads, both null where the paper has none.  One more where another store
    hands something over: `elsewhere` then says where and when, and with `codes` how.
    """
    order = first(session, _RECEIPT, {"store": store_id, "order": order_id})
    if order is None:
        raise NotFound(order_id=order_id)
    return {
        "no": number(store_id, order_id),
        "printed_no": order.no or number(store_id, order_id),
        "order_id": order_id,
        **_pick(order, _PAPER),
        "url": url(store_id, order.token) if order.token else None,
        "at": _iso(order.placed_at),
        "lines": order.lines,
        "notes": order.notes or [],
        "member": _holder(order),
        "tenders": order.tenders or [],
        "coupons": order.coupons or [],
        "promotions": order.promotions or [],
        "returns": order.returns or [],
        "elsewhere": reading.elsewhere(session, store_id, order_id, codes=codes) if _away(order) else [],
        "exchange": _exchanged(order.exchange),
    }


def _exchanged(exchange: dict[str, Any] | None) -> dict[str, Any] | None:
    """What was brought back for these goods, if they were exchanged for some; its order by its printed number."""
    if exchange is None:
        return None
    back = {"no": number(exchange.pop("back_store_id"), exchange.pop("back_order_id"))}
    return exchange | back | {"lines": exchange["lines"] or [], "back": exchange["back"] or []}


def _holder(order: Any) -> dict[str, Any] | None:
    """The member of an order with what it earned and what they have now."""
    if not order.member_id:
        return None
    who = MemberCard(
        order.member_id,
        card_no(order.member_id),
        order.member_name,
        order.phone_masked,
        order.tier,
        order.balance,
        order.pending,
    )
    return {
        "no": who.no,
        "name": who.masked_name,
        "phone": who.masked_phone,
        "points_earned": order.earns_points,
        "points_used": order.points_used,
        "points": who.points,
        "pending_points": who.pending_points,
    }


_PAGE = (
    "id channel mode store_id store_name store_address list_fen promotion_fen coupon_fen discount_fen"
    " points_used points_fen freight_fen rounding_fen payable_fen wallet_principal_fen wallet_bonus_fen"
    " earns_points remark may_substitute"
)
_MOMENTS = ("placed_at", "pay_by", "paid_at", "promise_at", "closed_at")


def _coupons_of(session: Session, orders: Sequence[Any]) -> dict[int, list[dict[str, Any]]]:
    """What coupons took off these orders, by order."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in fetch(session, _COUPONS_OF, _keys(orders)) if orders else ():
        found[row.order_id].append(_pick(row, "id name off_fen"))
    return found


_PARCELS_OF = text("""
    SELECT parcel.*, store.name AS store_name, store.address AS store_address,
           (SELECT jsonb_agg(jsonb_build_object('line_no', line_no, 'qty', qty, 'short_qty', short_qty,
                'picked_qty', picked_qty, 'handed_qty', handed_qty) ORDER BY line_no) FROM parcel_line l
            WHERE l.store_id = parcel.store_id AND l.parcel_id = parcel.id) AS lines,
           (SELECT jsonb_agg(jsonb_build_object('id', s.id, 'line_no', s.line_no, 'by_sku_id', s.by_sku_id,
                'name', product.name, 'spec', sku.spec, 'picture', product.picture, 'qty', s.qty,
                'paid_fen', s.paid_fen, 'worth_fen', s.worth_fen, 'refund_fen', s.refund_fen, 'outcome', s.outcome,
                'answer_by', s.answer_by) ORDER BY s.id)
            FROM substitution s JOIN sku ON sku.id = s.by_sku_id JOIN product ON product.id = sku.product_id
            WHERE s.store_id = parcel.store_id AND s.parcel_id = parcel.id) AS substitutes
    FROM parcel LEFT JOIN store ON store.id = parcel.at_store_id
    WHERE (parcel.store_id, parcel.order_id)
        IN (SELECT * FROM unnest(CAST(:stores AS bigint[]), CAST(:orders AS bigint[])))
    ORDER BY parcel.id""")
_STEPS = (
    "promise_at",
    "ask_by",
    "cancel_by",
    "assigned_at",
    "accepted_at",
    "picked_at",
    "ready_at",
    "handed_at",
    "closed_at",
)


def _parcels_of(session: Session, orders: Sequence[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    online = [order for order in orders if order.channel != "till" or _away(order)]
    for row in fetch(session, _PARCELS_OF, _keys(online)) if online else ():
        found[row.order_id].append(row)
    return found


def _parcel(row: Any) -> dict[str, Any]:
    """One parcel as its customer sees it; the pickup code only while it lies ready."""
    shown = _pick(row, "id mode state store_name store_address carrier tracking_no lines delegated")
    shown["substitutes"] = row.substitutes or []
    sealed = row.pickup_sealed if row.state == "ready" else None
    code = pickup.open_code(bytes(sealed)) if sealed else None
    return shown | {name: _iso(getattr(row, name)) for name in _STEPS} | {"pickup_code": code}


def _next(order: Any, parcels: Sequence[str]) -> list[str]:
    """What the customer may do now."""
    if order.state in ("done", "cancelled") or order.channel == "till":
        return []
    steps = ["pay"] if order.state == "placed" else []
    if may_cancel(order.state, parcels):
        return [*steps, "cancel"]
    return [*steps, "ask_to_cancel"] if may_ask(order.state, parcels) else steps


def _mall(session: Session, orders: Sequence[Any]) -> list[dict[str, Any]]:
    lines = _lines_of(session, orders)
    refunded = {row.order_id: row for row in fetch(session, _REFUNDED, _keys(orders))} if orders else {}
    coupons = _coupons_of(session, [order for order in orders if order.coupon_fen])
    sent = _parcels_of(session, orders)
    in_groups = groups.of_orders(session, orders)
    pages = []
    for order in orders:
        page = _pick(order, _PAGE) | {name: _iso(getattr(order, name)) for name in _MOMENTS}
        page["no"] = number(order.store_id, order.id)
        page |= _pick(refunded[order.id], "refunded_fen withheld_fen")
        stand = [parcel.state for parcel in sent[order.id]]
        page["state"], page["next"] = headline(order.state, stand), _next(order, stand)
        page["parcels"] = [_parcel(parcel) for parcel in sent[order.id]]
        codes = [parcel["pickup_code"] for parcel in page["parcels"]]
        page["pickup_code"] = next(filter(None, codes), None)
        page["coupons"], page["group"] = coupons[order.id], in_groups.get(order.id)
        page["lines"] = [
            _pick(row, f"{_GOODS} sku_id product_id returned_qty unit_price_fen list_fen net_fen gift picture")
            for row in lines[order.id]
        ]
        pages.append(page)
    return pages


def of_member(session: Session, member_id: int, *, before: int | None, most: int = 20) -> list[dict[str, Any]]:
    """A member's orders, newest first, at the till and in the mall alike; `before` pages on."""
    return _mall(session, fetch(session, _OF_MEMBER, {"member": member_id, "before": before, "most": most}))


_PRICED = text("""
    SELECT (SELECT to_jsonb(t) FROM order_trace t WHERE t.store_id = :store AND t.order_id = :order) AS kept,
        (SELECT jsonb_agg(to_jsonb(a) - '{store_id,order_id}'::text[] ORDER BY a.line_no, a.source, a.source_id)
         FROM allocation a WHERE a.store_id = :store AND a.order_id = :order) AS shares""")


def one_of_member(session: Session, member_id: int, order_id: int) -> dict[str, Any]:
    """One order of this member with why it cost what it cost, as it was priced; somebody else's is NotFound."""
    found = _mall(session, fetch(session, _ONE_OF_MEMBER, {"member": member_id, "order": order_id}))
    if not found:
        raise NotFound(order_id=order_id)
    page = found[0]
    priced = fetch(session, _PRICED, {"store": page["store_id"], "order": order_id})[0]
    kept = priced.kept or {"trace": [], "why_not": []}
    page["trace"], page["why_not"] = kept["trace"], kept["why_not"]
    for line in page["lines"]:
        line["allocations"] = [share for share in priced.shares or () if share["line_no"] == line["line_no"]]
    return page


_GLANCE = text("""
    SELECT o.store_id, o.id, o.state, o.mode, o.member_id, s.name AS store_name, s.address AS store_address,
        (SELECT count(*) FROM order_line l WHERE l.store_id = o.store_id AND l.order_id = o.id) AS kinds,
        (SELECT coalesce(array_agg(p.state), '{}') FROM parcel p WHERE p.store_id = o.store_id AND p.order_id = o.id)
            AS parcels
    FROM tender t JOIN sale_order o ON o.store_id = t.store_id AND o.id = t.order_id JOIN store s ON s.id = o.store_id
    WHERE t.trade_no = :trade_no""")


def glance(session: Session, trade_no: str, member_id: int | None) -> dict[str, Any]:
    """What anybody may see of an order by its payment's number; NotFound when there is none."""
    order = first(session, _GLANCE, {"trade_no": trade_no})
    if order is None:
        raise NotFound(trade_no=trade_no[:40])
    return {
        "no": number(order.store_id, order.id),
        "state": headline(order.state, order.parcels),
        **_pick(order, "mode store_name store_address kinds"),
        "order_id": order.id if member_id is not None and order.member_id == member_id else None,
    }
