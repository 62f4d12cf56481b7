"""api.mch.weixin.qq.com: JSAPI orders, query, close, refunds; every answer signed."""

from __future__ import annotations

import json
import secrets
import time
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, current_app, request

from tests.wechat_stand_in import checks
from tests.wechat_stand_in.notifier import Notifier
from tests.wechat_stand_in.world import World


def answer(world: World, status: int, body: dict[str, Any] | None = None) -> Response:
    """An answer as WeChat Pay signs it."""
    text = "" if body is None else json.dumps(body, ensure_ascii=False)
    stamp, nonce = str(int(time.time())), secrets.token_hex(16)
    return Response(
        text,
        status,
        content_type="application/json",
        headers={
            "Wechatpay-Serial": world.keys.given["platform_key_id"],
            "Wechatpay-Timestamp": stamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": world.keys.sign(f"{stamp}\n{nonce}\n{text}\n"),
            "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        },
    )


def refuse(world: World, fault: str, status: int = 400) -> Response:
    """A refusal with WeChat's code; what breaks a rule is kept as a violation."""
    code, _, words = fault.partition(": ")
    if code in ("SIGN_ERROR", "PARAM_ERROR"):
        world.violations.append(f"{request.method} {request.path}: {fault}")
    return answer(world, 401 if code == "SIGN_ERROR" else status, {"code": code, "message": words})


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


def settle(world: World, notifier: Notifier, trade_no: str) -> bool:
    """The customer pays; False when the order cannot be paid any more."""
    with world.lock:
        one = world.orders.get(trade_no)
        if one is None or one["state"] not in ("NOTPAY",) or one["expires"] <= world.now():
            return False
        one |= {
            "state": "SUCCESS",
            "transaction_id": f"42000{secrets.randbelow(10**20):020d}",
            "success_time": world.beijing(),
        }
        world.keep()
    notifier.tell(one["notify_url"], "TRANSACTION.SUCCESS", "transaction", as_order(world, one))
    return True


bp = Blueprint("pay", __name__)


def the_world() -> World:
    """The world of the running stand-in."""
    world: World = current_app.extensions["world"]
    return world


def the_notifier() -> Notifier:
    """Its notifier."""
    notifier: Notifier = current_app.extensions["notifier"]
    return notifier


@bp.before_request
def check_signature() -> Response | None:
    world = the_world()
    world.calls[request.path.rsplit("/", 1)[-1]] += 1
    if world.take_fault("pay_unavailable"):
        return answer(world, 500, {"code": "SYSTEM_ERROR", "message": "try again"})
    fault = checks.authorization(world, request)
    return refuse(world, fault) if fault else None


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
        if one is None:
            expires = datetime.fromisoformat(said["time_expire"]).timestamp()
            one = world.orders[said["out_trade_no"]] = {
                "out_trade_no": said["out_trade_no"],
                "prepay_id": "wx" + secrets.token_hex(17),
                "state": "NOTPAY",
                "total": said["amount"]["total"],
                "openid": said["payer"]["openid"],
                "description": said["description"],
                "notify_url": said["notify_url"],
                "expires": expires,
            }
            world.keep()
    if world.take_fault("prepay_answer_lost"):
        return answer(world, 500, {"code": "SYSTEM_ERROR", "message": "try again"})
    return answer(world, 200, {"prepay_id": one["prepay_id"]})


@bp.get("/v3/pay/transactions/out-trade-no/<no>")
def query(no: str) -> Response:
    world = the_world()
    one = world.orders.get(no)
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
        if not world.take_fault("close_still_payable"):
            one["state"] = "CLOSED"
            world.keep()
    return answer(world, 204)


@bp.post("/v3/refund/domestic/refunds")
def refund() -> Response:
    world = the_world()
    said = request.get_json()
    number = said.get("out_refund_no", "")
    with world.lock:
        known = world.refunds.get(number)
        if known is None:
            paid = world.orders.get(said.get("out_trade_no", ""))
            before = sum(
                one["refund"] for one in world.refunds.values() if one["out_trade_no"] == said.get("out_trade_no")
            )
            fault = checks.refund(said, paid, before)
            if fault:
                return refuse(world, fault, 404 if fault.startswith("RESOURCE") else 400)
            known = world.refunds[number] = {
                "out_refund_no": number,
                "out_trade_no": said["out_trade_no"],
                "refund": said["amount"]["refund"],
                "status": "PROCESSING",
                "at": world.beijing(),
            }
            assert paid is not None
            paid["state"] = "REFUND"
            world.keep()
            _finish_refund(world, the_notifier(), known, said.get("notify_url", ""))
    return answer(world, 200, {**known, "status": "PROCESSING", "refund_id": "50" + number})


@bp.get("/v3/refund/domestic/refunds/<number>")
def query_refund(number: str) -> Response:
    world = the_world()
    one = world.refunds.get(number)
    return answer(world, 200, one) if one else refuse(world, "RESOURCE_NOT_EXISTS: unknown", 404)


def _finish_refund(world: World, notifier: Notifier, one: dict[str, Any], url: str) -> None:
    one["status"] = "SUCCESS"
    world.keep()
    notifier.tell(
        url,
        "REFUND.SUCCESS",
        "refund",
        {
            "mchid": world.keys.given["mchid"],
            "out_trade_no": one["out_trade_no"],
            "out_refund_no": one["out_refund_no"],
            "refund_status": "SUCCESS",
            "amount": {"refund": one["refund"], "payer_refund": one["refund"]},
        },
    )
