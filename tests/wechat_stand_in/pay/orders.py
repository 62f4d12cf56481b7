"""JSAPI orders: prepay, query, close, and the customer's payment."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from flask import Response, request

from tests.wechat_stand_in.notifier import Notifier
from tests.wechat_stand_in.pay import checks, codepay
from tests.wechat_stand_in.pay.answers import answer, blueprint, refuse, the_world
from tests.wechat_stand_in.world import World

bp = blueprint("orders")
EARLY_S = 300
"""How young an order is that some pages forbid to close (`Reading.close_early`)."""


def as_order(world: World, one: dict[str, Any]) -> dict[str, Any]:
    """An order as query and notice tell it."""
    said = {
        "appid": world.keys.given["appid"],
        "mchid": world.keys.given["mchid"],
        "out_trade_no": one["out_trade_no"],
        "trade_state": one["state"],
        "trade_type": "JSAPI",
        "amount": {"total": one["total"], "payer_total": one["total"], "currency": "CNY"},
        "payer": {"openid": one["openid"]},
    }
    if one["state"] in ("SUCCESS", "REFUND"):
        said |= {"transaction_id": one["transaction_id"], "success_time": one["success_time"]}
    return said


def payable(world: World, one: dict[str, Any]) -> bool:
    """Whether the customer's sheet can still be paid, whatever a query says."""
    return (one["state"] == "NOTPAY" or one.get("ghost", False)) and bool(one["expires"] > world.now())


def settle(world: World, notifier: Notifier, trade_no: str) -> bool:
    """The customer pays; False when the order cannot be paid any more."""
    with world.lock:
        one = world.orders.get(trade_no)
        if one is None or not payable(world, one):
            return False
        one |= {
            "state": "SUCCESS",
            "ghost": False,
            "transaction_id": f"42000{secrets.randbelow(10**20):020d}",
            "success_time": world.beijing(),
        }
        world.keep()
    notifier.tell(one["notify_url"], "TRANSACTION.SUCCESS", "transaction", as_order(world, one))
    return True


@bp.post("/v3/pay/transactions/jsapi")
def jsapi() -> Response:
    world = the_world()
    said = request.get_json()
    fault = checks.order(world, said)
    if fault:
        return refuse(world, fault)
    with world.lock:
        one = world.orders.get(said["out_trade_no"])
        if one and (one["total"], one["openid"]) != (said["amount"]["total"], said["payer"]["openid"]):
            return refuse(world, "OUT_TRADE_NO_USED: another order has this number")
        if one and one["state"] != "NOTPAY":
            return refuse(
                world,
                "ORDERPAID: this order is paid" if one["state"] == "SUCCESS" else "ORDER_CLOSED: this order is closed",
            )
        expires = datetime.fromisoformat(said["time_expire"]).timestamp()
        if one and expires != one["expires"]:
            if not world.reading.expiry_moves:
                return refuse(world, "INVALID_REQUEST: time_expire cannot be changed")
            one["expires"] = expires
        if one is None:
            one = world.orders[said["out_trade_no"]] = {
                "out_trade_no": said["out_trade_no"],
                "prepay_id": "wx" + secrets.token_hex(17),
                "state": "NOTPAY",
                "total": said["amount"]["total"],
                "openid": said["payer"]["openid"],
                "description": said["description"],
                "notify_url": said["notify_url"],
                "expires": expires,
                "made": world.now(),
            }
            world.keep()
    if world.take_fault("prepay_answer_lost"):
        return answer(world, 500, {"code": "SYSTEM_ERROR", "message": "try again"})
    return answer(world, 200, {"prepay_id": one["prepay_id"]})


@bp.get("/v3/pay/transactions/out-trade-no/<no>")
def query(no: str) -> Response:
    world = the_world()
    one = world.orders.get(no)
    if one and one.get("way") == "code":
        with world.lock:
            codepay.look(world, one)
        return answer(world, 200, codepay.as_order(world, one))
    return answer(world, 200, as_order(world, one)) if one else refuse(world, "ORDER_NOT_EXIST: unknown", 404)


@bp.post("/v3/pay/transactions/out-trade-no/<no>/close")
def close(no: str) -> Response:
    world = the_world()
    with world.lock:
        one = world.orders.get(no)
        if one is None:
            return refuse(world, "ORDER_NOT_EXIST: unknown", 404)
        if one["state"] == "SUCCESS":
            return refuse(world, "ORDERPAID: this order is paid")
        if not world.reading.close_early and one["state"] == "NOTPAY" and world.now() < one["made"] + EARLY_S:
            return refuse(world, "INVALID_REQUEST: not within five minutes")
        one |= {"state": "CLOSED", "ghost": world.take_fault("close_still_payable")}
        world.keep()
    return answer(world, 204)
