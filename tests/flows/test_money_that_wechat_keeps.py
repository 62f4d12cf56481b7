"""WeChat keeps a mini-program payment's money until it is told of the goods (wechat.md 2.10)."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests
from click.testing import CliRunner
from sqlalchemy import text

from config import clock
from config.db import transaction
from mall.commands import order_pages
from tests.wechat_stand_in.faults import ALWAYS
from trade.orders.shipping import moves, read
from trade.orders.shipping.moves import CorrectionUsed
from workers.jobs import compare_shipping, upload_shipping

UPLOAD = "/wxa/sec/order/upload_shipping_info"


def _collected(house) -> tuple[int, str]:
    """Bought in the mall for 9.90, paid, and fetched by its code; no job has run since."""
    buyer, desk = house.customer(1), house.staff("store_staff")
    order_id = house.order(buyer, 990, milk=1)[1]["order"]["id"]
    trade_no = house.pay(buyer, order_id)
    house.until(lambda: buyer.get(f"/api/mall/orders/{order_id}")["order"]["state"] == "paid", "the payment")
    card = desk.get("/api/desk/parcels")["parcels"][0]
    path = f"/api/desk/parcels/{card['id']}"
    for step in ({"": "accept"}, {"line_no": 1, "picked_qty": 1, "": "pick"}, {"": "ready"}):
        assert desk.post(f"{path}/{step.pop('')}", **step)[0] == 200
    code = buyer.get(f"/api/mall/orders/{order_id}")["order"]["pickup_code"]
    assert desk.post("/api/desk/pickup/hand-over", code=code)[0] == 200
    return order_id, trade_no


def _funds(house) -> dict[str, int]:
    found: dict[str, int] = requests.get(f"{house.phone_url}/control/funds", timeout=10).json()
    return found


def _row(session):
    found = session.execute(text("SELECT * FROM ship_upload")).one()
    session.rollback()
    return found


def test_what_was_fetched_is_told_within_five_minutes_and_its_money_comes(house, session):
    _, trade_no = _collected(house)
    assert _funds(house) == {"frozen_fen": 990, "on_the_way_fen": 0, "released_fen": 0}
    house.let_jobs_run()
    row = _row(session)
    assert (row.state, row.told_at - row.due_at < timedelta(minutes=5)) == ("told", True)
    told = house.world.orders[trade_no]["shipping"]
    assert (told["logistics_type"], told["delivery_mode"], told["finish_shipping_count"]) == (4, 1, 1)
    assert [sorted(one) for one in told["shipping_list"]] == [["item_desc"]]
    assert _funds(house) == {"frozen_fen": 0, "on_the_way_fen": 990, "released_fen": 0}
    requests.post(f"{house.phone_url}/control/confirm", json={"out_trade_no": trade_no}, timeout=10)
    assert _funds(house)["released_fen"] == 990


def test_without_a_worker_it_stays_frozen_and_the_desk_and_the_figures_say_so(house, session):
    _collected(house)
    with transaction(session):
        session.execute(text("UPDATE ship_upload SET paid_at = paid_at - interval '25 hours'"))
    assert _funds(house)["frozen_fen"] == 990
    frozen = house.staff("store_manager").get("/api/desk/centre")["frozen"]
    assert (frozen["old_money_fen"], frozen["old_payments"], frozen["money_fen"]) == (990, 1, 990)
    figures = requests.get(f"{house.url}/metrics", timeout=10).text
    assert "tongdian_frozen_over_24h_fen 990.0" in figures
    house.let_jobs_run()
    assert house.staff("store_manager").get("/api/desk/centre")["frozen"]["money_fen"] == 0


def test_an_answer_that_was_lost_does_not_use_up_the_correction(house, session):
    _, trade_no = _collected(house)
    house.world.faults.plant("server_error_after", path=UPLOAD)
    house.let_jobs_run()
    row = _row(session)
    assert (row.state, row.tries, row.code) == ("due", 1, "HTTPError")
    with transaction(session):
        session.execute(text("UPDATE ship_upload SET try_at = now()"))
    upload_shipping.run()
    assert _row(session).state == "told"
    assert house.world.orders[trade_no]["shipping"]["finish_shipping_count"] == 1


def test_a_payment_is_corrected_once_and_the_stamp_is_later(house, session):
    _, trade_no = _collected(house)
    house.let_jobs_run()
    first = house.world.orders[trade_no]["shipping"]["upload_time"]
    key = (house.shop.store_id, _row(session).tender_id)
    with transaction(session):
        moves.correct(session, *key, actor="t", now=clock.now())
    assert upload_shipping.run() == 1
    told = house.world.orders[trade_no]["shipping"]
    assert (told["finish_shipping_count"], told["upload_time"] > first) == (2, True)
    with pytest.raises(CorrectionUsed), transaction(session):
        moves.correct(session, *key, actor="t", now=clock.now())
    assert (_row(session).state, upload_shipping.run()) == ("told", 0)
    assert house.world.orders[trade_no]["shipping"]["finish_shipping_count"] == 2


def test_the_third_refusal_is_on_the_desk_and_closes_itself_when_wechat_takes_it(house, session):
    _collected(house)
    house.world.faults.plant("busy", ALWAYS, "/wxa/sec/*")
    for _ in range(3):
        with transaction(session):
            session.execute(text("UPDATE ship_upload SET try_at = now() WHERE state = 'due'"))
        house.let_jobs_run()
        upload_shipping.run()
    case = session.execute(text("SELECT kind, money_fen, cause, resolved_at FROM exception_case")).one()
    assert tuple(case) == ("shipping_info_failed", 990, "refused", None)
    house.world.faults.clear("busy")
    manager = house.staff("store_manager")
    listed = manager.get("/api/desk/centre/items?queue=frozen")["items"]
    path = f"/api/desk/centre/items/{listed[0]['ref']}"
    assert [one["name"] for one in manager.get(path)["item"]["remedies"]] == ["send_again", "told_otherwise"]
    assert manager.post(f"{path}/remedy", remedy="send_again")[0] == 200
    assert upload_shipping.run() == 1
    assert manager.get("/api/desk/centre/items?queue=frozen")["items"] == []


def test_what_wechat_lost_is_told_again_by_night_and_what_differs_is_on_the_desk(house, session, monkeypatch):
    _, trade_no = _collected(house)
    house.let_jobs_run()
    later = clock.now() + timedelta(hours=3)
    monkeypatch.setattr(clock, "now", lambda: later)
    lost = house.world.orders[trade_no].pop("shipping")
    assert compare_shipping.run() == 1
    assert read.managed(session) is True
    assert (_row(session).state, _row(session).corrections) == ("due", 0)
    upload_shipping.run()
    assert (_row(session).state, _funds(house)["frozen_fen"]) == ("told", 0)
    house.world.orders[trade_no]["shipping"] = lost | {"logistics_type": 2}
    assert compare_shipping.run() == 0  # once a day
    with transaction(session):
        session.execute(text("DELETE FROM ship_duty"))
    assert compare_shipping.run() == 1
    case = session.execute(text("SELECT kind, cause FROM exception_case WHERE resolved_at IS NULL")).one()
    assert tuple(case) == ("shipping_info_failed", "differs")


def test_a_mini_program_that_is_not_held_to_the_duty_tells_nothing(house, session):
    house.world.trade_managed = False
    compare_shipping.run()
    _, trade_no = _collected(house)
    house.let_jobs_run()
    assert "shipping" not in house.world.orders[trade_no]
    assert read.frozen(session, store_id=None, now=clock.now())["money_fen"] == 0


def test_where_wechats_order_centre_leads(house):
    assert CliRunner().invoke(order_pages).exit_code == 0
    order = "pages/order/order?out_trade_no=${商品订单号}"
    assert house.world.pages == {"orders": order, "messages": "pages/orders/orders"}


def test_an_express_is_told_with_its_number_and_a_wrong_number_is_corrected_once(house, session):
    """Packed, handed to the courier, told; its typing error is put right once, and reminds nobody before it arrives."""
    buyer, desk = house.customer(1), house.staff("store_staff")
    order_id = house.order(buyer, 990, milk=1)[1]["order"]["id"]
    trade_no = house.pay(buyer, order_id)
    house.until(lambda: buyer.get(f"/api/mall/orders/{order_id}")["order"]["state"] == "paid", "the payment")
    with transaction(session):
        for table in ("sale_order", "parcel"):
            session.execute(text(f"UPDATE {table} SET mode = 'ship'"))
    path = f"/api/desk/parcels/{desk.get('/api/desk/parcels')['parcels'][0]['id']}"
    number = {"carrier": "中通快递", "tracking_no": "ZT0001"}
    assert desk.post(f"{path}/tracking", **number)[1]["code"] == "wrong_state"
    for verb, given in (("accept", {}), ("pick", {"line_no": 1, "picked_qty": 1}), ("pack", {"bags": 1})):
        assert desk.post(f"{path}/{verb}", **given)[0] == 200
    assert desk.post(f"{path}/hand", bags=1, **number)[0] == 200
    house.let_jobs_run()
    told = house.world.orders[trade_no]["shipping"]
    assert (told["logistics_type"], told["shipping_list"][0]["tracking_no"]) == (1, "ZT0001")
    assert desk.post(f"{path}/tracking", carrier="ZTO", tracking_no="ZT0002")[0] == 200
    upload_shipping.run()
    told = house.world.orders[trade_no]["shipping"]
    assert (told["finish_shipping_count"], told["shipping_list"][0]["tracking_no"]) == (2, "ZT0002")
    refused = desk.post(f"{path}/tracking", carrier="ZTO", tracking_no="ZT0003")
    assert (refused[0], refused[1]["code"]) == (409, "shipping_corrected")
    assert session.execute(text("SELECT tracking_no FROM parcel")).scalar() == "ZT0002"
    assert "reminded" not in house.world.orders[trade_no]
    assert desk.post(f"{path}/delivered")[0] == 200
    house.let_jobs_run()
    assert house.world.orders[trade_no]["reminded"] is True
