"""What a test or a visitor does to the stand-in beside what WeChat has: the clock, faults, payments, violations."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from tests.wechat_stand_in.notifier import Notifier
from tests.wechat_stand_in.pay import orders
from tests.wechat_stand_in.world import World


def blueprint(world: World, notifier: Notifier) -> Blueprint:
    """The control API on a world."""
    bp = Blueprint("control", __name__, url_prefix="/control")

    @bp.get("/violations")
    def violations() -> dict[str, Any]:
        return {"violations": world.violations, "calls": dict(world.calls), "deliveries": world.deliveries}

    @bp.post("/advance")
    def advance() -> dict[str, Any]:
        world.offset_s += int(request.get_json()["seconds"])
        return {"now": world.now()}

    @bp.post("/fault")
    def fault() -> dict[str, Any]:
        world.faults[request.get_json()["name"]] += 1
        return {}

    @bp.post("/pay")
    def pay() -> dict[str, Any]:
        said = request.get_json()
        number = said.get("out_trade_no") or world.number_of(said["package"])
        return {"paid": orders.settle(world, notifier, number or "")}

    return bp
