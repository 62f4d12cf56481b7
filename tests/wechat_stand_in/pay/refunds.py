"""Refunds: accepted at once, ended later by notice or query."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from tests.wechat_stand_in.notifier import Notifier
from tests.wechat_stand_in.pay import checks
from tests.wechat_stand_in.pay.answers import answer, blueprint, refuse, the_notifier, the_world
from tests.wechat_stand_in.world import World

bp = blueprint("refunds")


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
