"""Orders in every state prove clean, and every lie about one of them is found in its own book."""

from __future__ import annotations

import pytest

from config.db import transaction
from tests.stories import Story, books
from trade.orders import close, returns
from trade.stock import moves as stock


@pytest.fixture
def story(session, now):
    """Till and mall orders in every state, with points, returns and a late payment; ids by name."""
    told = Story(session, now, points_of=3000)
    told.ids = {"top_up": told.top_up(20_000, bonus_fen=4_000)}
    told.ids |= {
        "sold": told.sell(points_used=300, wallet_fen=1_000, milk=3, bread=1),
        "placed": told.order(points_used=200, wallet_fen=600, milk=2),
        "unpaid": told.order(points_used=100, wallet_fen=600, milk=1, bread=1),
        "paid": told.paid(points_used=200, milk=2),
        "cancelled": told.paid(points_used=200, wallet_fen=600, milk=2),
        "refused": told.paid(points_used=100, bread=2),
        "ready": told.paid(points_used=100, bread=1, milk=1),
        "done": told.paid(points_used=300, wallet_fen=1_500, milk=3, apple=530),
    }
    told.cancel(told.ids["unpaid"])
    told.cancel(told.ids["cancelled"])
    told.prepare(told.ids["refused"])
    told.do(close.refuse, told.shop.store_id, told.ids["refused"], "damaged")
    told.prepare(told.ids["ready"])
    told.collect(told.ids["done"])
    for units in ({1: 1}, {1: 1, 2: 200}):
        told.give_back(told.ids["done"], lines=units)
    told.give_back(told.ids["sold"], lines={1: 2})
    for order, more in (("sold", {"shift_id": told.shop.shift_id}), ("ready", {})):
        told.do(returns.refund_amount, told.shop.store_id, told.ids[order], {1: 123}, reason="late", **more)
    told.ids["given_up"] = told.paid(points_used=200, milk=2)
    with transaction(session):
        stock.release(session, told.shop.store_id, order_id=told.ids["given_up"])
    told.do(returns.give_up, told.shop.store_id, told.ids["given_up"], {1: 2}, reason="short_pick", fault=True)
    told.agree()
    return told


LIES = {
    "a refund document of a fen more": (
        "UPDATE sale_return SET refund_fen = refund_fen + 1 WHERE order_id = {done}", {"refunds"}),
    "a fen kept back for a coupon that the document does not know": (
        "INSERT INTO return_coupon (store_id, return_id, coupon_id, order_id, withheld_fen)"
        " SELECT store_id, id, 1, order_id, 1 FROM sale_return WHERE order_id = {done}", {"refunds"}),
    "a line that came back for a fen less": (
        "UPDATE return_line SET refund_fen = refund_fen - 1 WHERE order_id = {done} AND line_no = 2", {"refunds"}),
    "an amount of more than the line": (
        "UPDATE order_line SET net_fen = 122, list_fen = 122 WHERE order_id = {ready} AND line_no = 1",
        {"refunds", "orders"}),
    "an amount that weighs on units that are back": (
        "UPDATE return_line SET qty = 2 WHERE order_id = {ready}", {"refunds"}),
    "freight that nobody paid": (
        "UPDATE sale_return SET freight_fen = 1 WHERE order_id = {ready}", {"refunds"}),
    "units given up that are still held": (
        "UPDATE sale_return SET kind = 'goods' WHERE order_id = {given_up}", {"order_goods"}),
    "money that left the tender twice": (
        "INSERT INTO refund (store_id, tender_id, order_id, kind, state, amount_fen, reason, created_at, asked)"
        " SELECT store_id, tender_id, order_id, kind, state, amount_fen, reason, created_at, 0 FROM refund"
        " WHERE order_id = {cancelled}", {"refunds", "exchanges"}),
    "a cancelled order that kept the money": ("DELETE FROM refund WHERE order_id = {refused}", {"refunds"}),
    "an order paid that still waits": ("UPDATE sale_order SET state = 'placed', paid_at = NULL WHERE id = {paid}",
        {"refunds", "order_value"}),
    "points used that nobody took": ("UPDATE sale_order SET points_used = points_used + 1 WHERE id = {placed}",
        {"order_value"}),
    "points that a cancelled order kept": (
        "UPDATE lot_entry SET quantity = quantity - 1 WHERE source = 'order:{cancelled}' AND event = 'reinstate'",
        {"order_value", "ledger"}),
    "points earned twice": (
        "INSERT INTO lot_entry (member_id, account, event, quantity, pending, source, key, actor, at)"
        " SELECT member_id, account, event, quantity, pending, source, key || ':again', actor, at FROM lot_entry"
        " WHERE source = 'order:{sold}' AND event = 'earn'", {"order_value", "ledger"}),
    "a return that clawed less than it says": (
        "UPDATE sale_return SET points_clawed = points_clawed + 1 WHERE order_id = {sold}", {"order_value"}),
    "entries of an order of somebody else": ("UPDATE sale_order SET member_id = 9 WHERE id = {sold}",
        {"order_value"}),
    "entries of no order": ("UPDATE lot_entry SET source = 'order:999' WHERE source = 'order:{sold}'"
        " AND event = 'earn'", {"order_value", "ledger"}),
    "a unit too few that left": ("UPDATE stock_movement SET qty = qty + 1 WHERE key = 'order:{sold}:sell'"
        " AND sku_id = 1", {"order_goods", "stock"}),
    "a promise without an order": ("UPDATE stock_hold SET order_id = {cancelled} WHERE order_id = {placed}",
        {"order_goods"}),
    "goods of a return that never came": ("DELETE FROM stock_movement WHERE key LIKE 'return:%%' AND sku_id = 3",
        {"order_goods", "stock"}),
    "stored value that a cancelled order kept": (
        "UPDATE lot_entry SET quantity = quantity - 1 WHERE source = 'order:{cancelled}' AND event = 'reinstate'"
        " AND account = 'stored_principal'", {"order_value", "ledger"}),
    "a wallet that paid a fen more than its tender": (
        "UPDATE tender SET amount_fen = amount_fen + CASE kind WHEN 'wallet' THEN 1 ELSE -1 END"
        " WHERE order_id = {sold}", {"order_value"}),
    "a line that forgot what stored value paid of it": (
        "UPDATE wallet_share SET bonus_fen = bonus_fen - 1 WHERE order_id = {done} AND line_no = 1", {"order_value"}),
    "a store that is owed for what came back": (
        "DELETE FROM wallet_due WHERE source = 'order:{done}' AND used_fen < 0", {"order_value"}),
    "a top-up whose money is not in the drawer": (
        "UPDATE tender SET amount_fen = amount_fen - 1 WHERE top_up_id = {top_up}", {"top_ups"}),
    "stored value from nowhere": (
        "INSERT INTO lot (member_id, account, source, initial, remaining, state, origin_member_id)"
        " SELECT member_id, account, 'top_up:9:9', 1, 0, 'available', member_id FROM lot"
        " WHERE account = 'stored_bonus'", {"top_ups", "ledger"}),
}  # fmt: skip


def test_every_lie_about_an_order_is_found_in_its_own_book(session, story):
    for lie, (said, found_in) in LIES.items():
        found = books(session, said.format(**story.ids))
        assert found.keys() == found_in, (lie, found)
        assert all(row["at_stake"] >= 0 for book in found_in - {"orders"} for row in found[book]), (lie, found)
    story.agree()
