from __future__ import annotations

from sqlalchemy import text

from config import clock
from member import points
from tests import factories as make
from trade.orders import proof
from trade.stock import proof as stock_proof
from workers.jobs import expire_unpaid


def _free(person, house):
    cards = person.get(f"/api/mall/products?store_id={house.shop.store_id}")["products"]
    return next(card["free"] for card in cards if card["sku_id"] == house.shop.skus["milk"])


def _hand_over(desk, buyer, no, order_id):
    card = desk.get("/api/desk/parcels")["parcels"][0]
    path = f"/api/desk/parcels/{card['id']}"
    assert desk.post(f"{path}/accept")[0] == 200
    assert desk.post(f"{path}/ready")[1]["code"] == "not_all_picked"
    assert desk.post(f"{path}/pick", line_no=1, picked_qty=card["lines"][0]["qty"])[0] == 200
    assert desk.post(f"{path}/ready")[0] == 200
    code = buyer.get(f"/api/mall/orders/{order_id}")["order"]["pickup_code"]
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    assert desk.post("/api/desk/pickup/check", code=wrong)[1]["facts"] == {"tries_left": 4}
    assert desk.post("/api/desk/pickup/hand-over", code=wrong)[1]["facts"] == {"tries_left": 3}
    assert desk.post("/api/desk/pickup/check", code=code)[1]["parcel"]["no"] == no
    assert desk.post("/api/desk/pickup/hand-over", code=code)[0] == 200
    assert desk.post("/api/desk/pickup/hand-over", code=code)[1]["code"] == "already_collected"
    assert desk.get("/api/desk/done")["parcels"][0]["no"] == no


def _bring_one_back(house, cashier, buyer, no, order_id):
    back = {"order_no": no, "lines": [{"line_no": 1, "qty": 1}]}
    status, done = cashier.post("/api/pos/returns", **back, expected_refund_fen=890)
    assert (status, done["return"]["refunds"]) == (201, [{"kind": "wechat", "amount_fen": 890}])
    house.let_jobs_run()
    house.until(
        lambda: any(one["event"] == "REFUND.SUCCESS" and one["status"] == 204 for one in house.world.deliveries),
        "the refund notice",
    )
    assert buyer.get(f"/api/mall/orders/{order_id}")["order"]["refunded_fen"] == 890


def test_till_and_mall_and_desk_tell_one_story(house, session):
    """A member buys at the till with points, orders the last two online, fetches them, brings one back."""
    member_id = make.a_member(session, phone="13800000001", points_of=500, now=clock.now())
    cashier, desk = house.staff("cashier"), house.staff("store_staff")
    buyer, rival = house.customer(1), house.customer(2)
    house.let_jobs_run()
    assert _free(buyer, house) == 3

    status, shown = cashier.post("/api/pos/members/code", code=make.member_code(session, member_id, now=clock.now()))
    assert (status, shown["member"]["id"]) == (200, member_id)
    status, sold = cashier.post(
        "/api/pos/sales",
        lines=[{"sku_id": house.shop.skus["milk"], "qty": 1}],
        member_id=member_id,
        authorisation=shown["authorisation"],
        points=300,
        expected_payable_fen=690,
        tenders=[{"kind": "cash", "received_fen": 1000}],
    )
    assert (status, sold["receipt"]["member"]["points"]) == (201, 206)
    house.let_jobs_run()
    assert _free(buyer, house) == 2
    assert buyer.get("/api/mall/me")["me"]["points"] == 206

    status, placed = house.order(buyer, 1780, points=200, milk=2)
    assert status == 201, placed
    status, refused = house.order(rival, 990, milk=1)
    assert (status, refused["code"], refused["facts"]["short"][0]["free"]) == (409, "out_of_stock", 0)

    order_id = placed["order"]["id"]
    house.world.faults["notice_twice"] += 1
    house.pay(buyer, order_id)
    house.until(lambda: len(house.world.deliveries) == 2, "both notices")
    assert [one["status"] for one in house.world.deliveries] == [204, 204]
    mine = buyer.get(f"/api/mall/orders/{order_id}")["order"]
    assert (mine["state"], mine["earns_points"]) == ("paid", 17)

    _hand_over(desk, buyer, mine["no"], order_id)
    held = buyer.get("/api/mall/points")["points"]
    assert (held["available"], held["pending"]) == (23, 0)

    _bring_one_back(house, cashier, buyer, mine["no"], order_id)
    session.rollback()
    assert session.execute(text("SELECT state FROM refund")).scalar() == "done"
    assert [proof.differences(session), stock_proof.differences(session), points.check(session)] == [[], [], []]


def test_a_lost_notice_repairs_itself_when_the_customer_looks(house, session):
    buyer = house.customer(3)
    order_id = house.order(buyer, 990, milk=1)[1]["order"]["id"]
    house.world.faults["notice_lost"] += 1
    house.pay(buyer, order_id)
    assert buyer.get(f"/api/mall/orders/{order_id}")["order"]["state"] == "placed"
    session.execute(text("UPDATE tender SET ask_at = now() - interval '1 second'"))
    session.commit()
    assert house.ask_payments() == 1
    assert buyer.get(f"/api/mall/orders/{order_id}")["order"]["state"] == "paid"


def test_an_order_whose_time_is_over_is_asked_about_at_wechat_before_it_is_cancelled(house, session):
    """yudao's time-out looks into its own table only, and cancels what was paid a moment ago (3.A)."""
    buyer = house.customer(6)
    paid, unpaid = (house.order(buyer, 990, milk=1)[1]["order"]["id"] for _ in range(2))
    house.world.faults["notice_lost"] += 1
    house.pay(buyer, paid)
    session.execute(text("UPDATE sale_order SET pay_by = now() - interval '2 minutes'"))
    session.commit()
    assert expire_unpaid.run() == 1
    stands = [buyer.get(f"/api/mall/orders/{order}")["order"]["state"] for order in (paid, unpaid)]
    assert stands == ["paid", "cancelled"]


def test_a_forged_notice_changes_nothing_and_the_genuine_repeat_counts(house, session):
    buyer = house.customer(4)
    order_id = house.order(buyer, 990, milk=1)[1]["order"]["id"]
    house.world.faults["notice_forged"] += 1
    house.pay(buyer, order_id)
    house.until(lambda: house.world.deliveries != [], "the forged notice")
    assert house.world.deliveries[0]["status"] == 401
    assert buyer.get(f"/api/mall/orders/{order_id}")["order"]["state"] == "placed"
    house.world.offset_s += 16
    house.until(lambda: len(house.world.deliveries) == 2, "the repeat")
    assert buyer.get(f"/api/mall/orders/{order_id}")["order"]["state"] == "paid"


def test_cancelling_closes_the_payment_at_wechat_first(house, session):
    buyer = house.customer(5)
    order_id = house.order(buyer, 990, milk=1)[1]["order"]["id"]
    assert buyer.post(f"/api/mall/orders/{order_id}/pay")[0] == 200
    if not house.world.reading.close_early:
        assert buyer.post(f"/api/mall/orders/{order_id}/cancel")[1]["code"] == "wechat_busy"
        assert house.order(buyer, 2970, milk=3)[1]["code"] == "out_of_stock"
        next(iter(house.world.orders.values()))["made"] -= 300
    status, said = buyer.post(f"/api/mall/orders/{order_id}/cancel")
    assert (status, said["order"]["state"]) == (200, "cancelled")
    assert [one["state"] for one in house.world.orders.values()] == ["CLOSED"]
    assert house.order(buyer, 2970, milk=3)[0] == 201
