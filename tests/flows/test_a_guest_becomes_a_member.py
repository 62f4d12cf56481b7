from __future__ import annotations

from config import clock
from tests import factories as make


def test_a_guests_orders_follow_them_to_the_card_they_had_at_the_till(house, session):
    """Somebody orders in WeChat first and gives their phone later: orders, points and card are one."""
    known = make.a_member(session, phone="13800000003", points_of=200, now=clock.now())
    guest = house.customer(3, with_phone=False)
    status, said = house.order(guest, 990, milk=1)
    assert status == 201

    code = house.world.code("phone", "oTongdian0003")
    status, bound = guest.post("/api/mall/phone", code=code)

    assert (status, bound["me"]["points"]) == (200, 200)
    assert bound["me"]["no"].endswith(str(known))
    assert [order["no"] for order in guest.get("/api/mall/orders")["orders"]] == [said["order"]["no"]]
    house.pay(guest, said["order"]["id"])
    house.until(lambda: guest.get(f"/api/mall/orders/{said['order']['id']}")["order"]["state"] == "paid", "the payment")
    assert guest.get("/api/mall/points")["points"]["pending"] == 9
