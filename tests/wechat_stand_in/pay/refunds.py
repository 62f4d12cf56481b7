"""Refunds: accepted at once, ended later by notice or query (wechat.md 2.9).

PROCESSING -> SUCCESS | ABNORMAL -> SUCCESS | CLOSED.  `refund_stays` holds one up: after seven days it is CLOSED.
"""

from __future__ import annotations

from typing import Any

from flask import Response, request

from tests.wechat_stand_in.notifier import Notifier
from tests.wechat_stand_in.pay import checks
from tests.wechat_stand_in.pay.answers import answer, blueprint, refuse, the_notifier, the_world
from tests.wechat_stand_in.world import World

bp = blueprint("refunds")
GIVEN_UP_S = 7 * 86_400
ENDS = {"refund_abnormal": "ABNORMAL", "refund_closed": "CLOSED"}


@bp.post("/v3/refund/domestic/refunds")
def refund() -> Response:
    world = the_world()
    said = request.get_json()
    if world.take_fault("refund_busy"):
        return answer(world, 429, {"code": "FREQUENCY_LIMITED", "message": "too often"})
    with world.lock:
        known = world.refunds.get(said.get("out_refund_no", ""))
        again = known is not None and known["status"] == "CLOSED" and world.reading.closed_refund_keeps_no
        if known is None or again:
            fault = _fault(world, said, again=known)
            if fault:
                return refuse(world, fault, 404 if fault.startswith("RESOURCE") else 400)
            known = _accept(world, said)
        elif (known["out_trade_no"], known["refund"]) != (said.get("out_trade_no"), said["amount"]["refund"]):
            return refuse(world, "PARAM_ERROR: this refund number is another refund's")
        elif known["status"] == "CLOSED":
            return refuse(world, "INVALID_REQUEST: this refund was closed, ask for a new one")
    return answer(world, 200, known)


def _fault(world: World, said: dict[str, Any], *, again: dict[str, Any] | None) -> str | None:
    mine = [one for one in world.refunds.values() if one["out_trade_no"] == said.get("out_trade_no")]
    others = [one for one in mine if one is not again]
    fault = checks.refund(said, world.orders.get(said.get("out_trade_no", "")), others, world.now())
    if fault is None and world.take_fault("not_enough"):
        return "NOT_ENOUGH: the merchant's account has too little"
    return fault


def _accept(world: World, said: dict[str, Any]) -> dict[str, Any]:
    number = said["out_refund_no"]
    one: dict[str, Any] = {
        "out_refund_no": number,
        "refund_id": "50" + number,
        "out_trade_no": said["out_trade_no"],
        "refund": said["amount"]["refund"],
        "status": "PROCESSING",
        "at": world.beijing(),
        "asked_at": world.now(),
        "notify_url": said.get("notify_url", ""),
        "stays": world.take_fault("refund_stays"),
    }
    world.refunds[number] = one
    world.orders[said["out_trade_no"]]["state"] = "REFUND"
    accepted = dict(one)
    if not one["stays"]:
        _end(world, the_notifier(), one, next((ends for f, ends in ENDS.items() if world.take_fault(f)), "SUCCESS"))
    world.keep()
    return accepted


@bp.get("/v3/refund/domestic/refunds/<number>")
def query_refund(number: str) -> Response:
    world = the_world()
    with world.lock:
        one = world.refunds.get(number)
        if one and one["status"] == "PROCESSING" and world.now() >= one["asked_at"] + GIVEN_UP_S:
            _end(world, the_notifier(), one, "CLOSED")
    return answer(world, 200, one) if one else refuse(world, "RESOURCE_NOT_EXISTS: unknown", 404)


@bp.post("/v3/refund/domestic/refunds/<refund_id>/apply-abnormal-refund")
def apply_abnormal(refund_id: str) -> Response:
    """What the customer's account does not take goes to a card, or to the merchant's own account."""
    world, said = the_world(), request.get_json()
    with world.lock:
        one = world.refunds.get(said.get("out_refund_no", ""))
        if one is None or one["refund_id"] != refund_id:
            return refuse(world, "RESOURCE_NOT_EXISTS: unknown", 404)
        if said.get("type") not in ("USER_BANK_CARD", "MERCHANT_BANK_CARD"):
            return refuse(world, "PARAM_ERROR: type")
        if one["status"] != "ABNORMAL":
            return refuse(world, "INVALID_REQUEST: this refund is not abnormal")
        one["status"] = "PROCESSING"
        accepted = dict(one)
        _end(world, the_notifier(), one, "SUCCESS")
    return answer(world, 200, accepted)


def _end(world: World, notifier: Notifier, one: dict[str, Any], status: str) -> None:
    one["status"] = status
    world.keep()
    told = {
        "mchid": world.keys.given["mchid"],
        "out_trade_no": one["out_trade_no"],
        "out_refund_no": one["out_refund_no"],
        "refund_status": status,
        "amount": {"refund": one["refund"], "payer_refund": one["refund"]},
    }
    notifier.tell(one["notify_url"], f"REFUND.{status}", "refund", told)
