"""A customer agrees to be told, and is: on the phone, over HTTP, from the payment to the refund."""

from __future__ import annotations

import pytest
import requests
from sqlalchemy import text

from config.db import open_session, transaction
from tests.wechat_stand_in.open_platform import messages
from workers.jobs import send_messages

WHO = "oTongdian0001"


def _agree(house, customer, *kinds):
    asked = customer.get("/api/mall/consents/messages")
    answers = {asked["templates"][kind]: True for kind in kinds}
    messages.answer(house.world, WHO, answers)
    said = [{"template_id": one, "accepted": True} for one in answers]
    status, now = customer.post("/api/mall/consents/messages", answers=said)
    assert (status, now["free"]) == (200, dict.fromkeys(kinds, 1))


def _arrived(house, kind):
    return [dict(one["fields"]) for one in house.world.messages.get(WHO, []) if one["kind"] == kind]


def _step(clerk, parcel, step, **more):
    status, said = clerk.post(f"/api/desk/parcels/{parcel['id']}/{step}", **more)
    assert status == 200, said
    return said["parcel"]


def test_paid_ready_with_its_code_and_the_refund(house):
    customer, clerk = house.customer(1), house.staff("store_manager")
    _agree(house, customer, "paid", "ready", "refund")
    order = house.order(customer, 1980, milk=2)[1]["order"]
    house.pay(customer, order["id"])
    house.until(lambda: customer.get(f"/api/mall/orders/{order['id']}")["order"]["paid_at"], "paid")
    house.let_jobs_run()
    (paid,) = _arrived(house, "paid")
    assert (paid["订单编号"], paid["支付金额"]) == (order["no"], "¥19.80")

    (parcel,) = clerk.get("/api/desk/parcels")["parcels"]
    _step(clerk, parcel, "accept")
    _step(clerk, parcel, "pick", line_no=1, picked_qty=2)
    assert _step(clerk, parcel, "ready")["notice"]["state"] == "queued"
    house.let_jobs_run()
    (ready,) = _arrived(house, "ready")
    code = customer.get(f"/api/mall/orders/{order['id']}")["order"]["pickup_code"]
    assert (ready["取货码"], ready["取货门店"]) == (code, "通店S1")
    (parcel,) = clerk.get("/api/desk/parcels")["parcels"]
    assert (parcel["notice"]["state"], parcel["notice"]["way"], parcel["notice"]["resends_left"]) == (
        "sent", "subscribe", 3,
    )  # fmt: skip

    assert _step(clerk, parcel, "notify", event="ready")["notice"]["resends_left"] == 2
    house.let_jobs_run()
    (parcel,) = clerk.get("/api/desk/parcels")["parcels"]
    assert (parcel["notice"]["state"], len(_arrived(house, "ready"))) == ("not_authorised", 1)

    other = house.order(customer, 990, milk=1)[1]["order"]
    house.pay(customer, other["id"])
    house.until(lambda: customer.get(f"/api/mall/orders/{other['id']}")["order"]["paid_at"], "paid")
    assert customer.post(f"/api/mall/orders/{other['id']}/cancel")[0] == 200
    house.let_jobs_run()
    house.until(lambda: [one for one in house.world.deliveries if one["event"] == "REFUND.SUCCESS"], "the refund")
    house.let_jobs_run()
    (refund,) = _arrived(house, "refund")
    assert (refund["退款金额"], refund["退款说明"]) == ("¥9.90", "已原路退回付款账户")
    assert len(_arrived(house, "paid")) == 1


def _does(house, step, **more):
    """One step of the person at their phone; it has arrived at the shop, and jobs ran."""
    house.world.offset_s += 2  # WeChat tells two events of one person apart by their second
    answer = requests.post(f"{house.phone_url}/control/talks/{WHO}/{step}", json=more, timeout=10)
    assert answer.json()["pushed"], step
    house.until(lambda: all(one["done"] for one in house.world.pushes), "pushes are taken")
    house.let_jobs_run()


@pytest.mark.parametrize("form", ["xml", "json"])
def test_what_a_person_says_to_wechat_counts_once_and_may_be_taken_back(house, session, form):
    for app in ("mini", "service"):
        url = f"{house.url}/api/mall/wechat/callback/{app}"
        requests.post(
            f"{house.phone_url}/control/talks/address", json={"app": app, "url": url, "form": form}, timeout=10
        )
    customer = house.customer(1)
    asked = customer.get("/api/mall/consents/messages")["templates"]
    _does(house, "answer", answers={asked["paid"]: True, asked["ready"]: True, asked["refund"]: False})
    said = [{"template_id": asked["paid"], "accepted": True}]
    assert customer.post("/api/mall/consents/messages", answers=said)[1]["free"] == {"paid": 1, "ready": 1}
    _does(house, "refuse_later", templates=[asked["ready"]])
    assert customer.get("/api/mall/consents/messages")["free"] == {"paid": 1}

    order = house.order(customer, 990, milk=1)[1]["order"]
    house.pay(customer, order["id"])
    house.until(lambda: customer.get(f"/api/mall/orders/{order['id']}")["order"]["paid_at"], "paid")
    house.let_jobs_run()
    (paid,) = house.world.messages[WHO]
    house.until(lambda: all(one["done"] for one in house.world.pushes), "WeChat says that it arrived")
    house.let_jobs_run()
    _does(house, "sent", template=asked["paid"], msg_id=str(paid["id"]), code="1", status="failed")
    state = session.execute(text("SELECT state, code FROM message WHERE event = 'paid'")).one()
    assert tuple(state) == ("failed", "1")


def test_a_follower_who_agreed_to_nothing_hears_from_the_service_account(house):
    customer, clerk = house.customer(1), house.staff("store_manager")
    url = f"{house.url}/api/mall/wechat/callback/service"
    requests.post(f"{house.phone_url}/control/talks/address", json={"app": "service", "url": url}, timeout=10)
    _does(house, "follow")
    order = house.order(customer, 990, milk=1)[1]["order"]
    house.pay(customer, order["id"])
    house.until(lambda: customer.get(f"/api/mall/orders/{order['id']}")["order"]["paid_at"], "paid")
    (parcel,) = clerk.get("/api/desk/parcels")["parcels"]
    _step(clerk, parcel, "accept")
    _step(clerk, parcel, "pick", line_no=1, picked_qty=1)
    _step(clerk, parcel, "ready")
    house.world.faults.plant("answer_lost", path="/cgi-bin/message/template/send", count=2)
    house.let_jobs_run()
    assert clerk.get("/api/desk/parcels")["parcels"][0]["notice"]["state"] == "queued"
    with transaction(open_session()) as opened:
        opened.execute(text("UPDATE message SET next_at = asked_at"))
    send_messages.run()
    notice = clerk.get("/api/desk/parcels")["parcels"][0]["notice"]
    assert (notice["state"], notice["way"]) == ("sent", "service")
    told = [one["kind"] for one in house.world.messages["oService0001"]]
    assert sorted(told) == ["paid", "ready"]


def test_an_answer_nobody_heard_is_settled_by_what_wechat_tells(house, session):
    """Two yeses: a second call could be a second message, so nobody calls; WeChat's event says that it arrived."""
    url = f"{house.url}/api/mall/wechat/callback/mini"
    requests.post(f"{house.phone_url}/control/talks/address", json={"app": "mini", "url": url}, timeout=10)
    customer = house.customer(1)
    asked = customer.get("/api/mall/consents/messages")["templates"]
    for _ in range(2):
        _does(house, "answer", answers={asked["paid"]: True})
    assert customer.get("/api/mall/consents/messages")["free"] == {"paid": 2}
    order = house.order(customer, 990, milk=1)[1]["order"]
    house.pay(customer, order["id"])
    house.until(lambda: customer.get(f"/api/mall/orders/{order['id']}")["order"]["paid_at"], "paid")
    house.world.faults.plant("answer_lost", path="/cgi-bin/message/subscribe/send")
    house.let_jobs_run()
    house.until(lambda: all(one["done"] for one in house.world.pushes), "WeChat says that it arrived")
    house.let_jobs_run()
    state = session.execute(text("SELECT state, unheard FROM message WHERE event = 'paid'")).one()
    assert (tuple(state), len(house.world.messages[WHO])) == (("sent", True), 1)
    assert customer.get("/api/mall/consents/messages")["free"] == {"paid": 1}
