"""A customer agrees to be told, and is: on the phone, over HTTP, from the payment to the refund."""

from __future__ import annotations

from tests.wechat_stand_in.open_platform import messages

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
