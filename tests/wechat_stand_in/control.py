"""What a test or a visitor does to the stand-in beside what WeChat has: the clock, faults, payments, violations."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask import Blueprint, request

from tests.wechat_stand_in.faults import CATALOGUE, fits
from tests.wechat_stand_in.notifier import Notifier
from tests.wechat_stand_in.open_platform import shipping
from tests.wechat_stand_in.pay import codepay, orders
from tests.wechat_stand_in.world import World

Answer = tuple[dict[str, Any], int]


def blueprint(world: World, notifier: Notifier) -> Blueprint:
    """The control API on a world."""
    bp = Blueprint("control", __name__, url_prefix="/control")
    _faults(bp, world)
    _looking(bp, world)

    @bp.post("/advance")
    def advance() -> dict[str, Any]:
        notifier.advance(int(request.get_json()["seconds"]))
        return {"now": world.now()}

    @bp.post("/code")
    def code() -> dict[str, Any]:
        """`{openid, habit?}`: the payment code that a person shows now, and how they pay (`codepay.behave`)."""
        said = request.get_json()
        if "habit" in said:
            codepay.behave(world, said["openid"], **said["habit"])
        return {"auth_code": codepay.show(world, said["openid"])}

    @bp.post("/risk")
    def risk() -> dict[str, Any]:
        """`{openid, rank}`: how risky WeChat holds a person for, 0 to 4."""
        said = request.get_json()
        world.ranks[said["openid"]] = int(said["rank"])
        return {"ranks": world.ranks}

    @bp.get("/funds")
    def funds() -> dict[str, Any]:
        """Where the merchant's money is."""
        return shipping.funds(world)

    @bp.post("/confirm")
    def confirm() -> dict[str, Any]:
        """The customer confirms that the goods arrived."""
        world.orders[request.get_json()["out_trade_no"]]["confirmed"] = True
        return shipping.funds(world)

    @bp.post("/pay")
    def pay() -> dict[str, Any]:
        said = request.get_json()
        number = said.get("out_trade_no") or world.number_of(said["package"])
        return {"paid": orders.settle(world, notifier, number or "")}

    return bp


def _faults(bp: Blueprint, world: World) -> None:
    @bp.get("/faults")
    def catalogue() -> dict[str, Any]:
        """Every fault that can be planted, and how often each planted one still strikes and has struck."""
        return {
            "faults": [
                {"name": one.name, "says": one.says, "path": one.path, "arguments": one.arguments}
                for one in CATALOGUE.values()
            ],
            "planted": [
                {"name": one.name, "left": one.left, "struck": one.struck, "path": one.path, "arguments": one.arguments}
                for one in world.faults
            ],
        }

    @bp.post("/fault")
    def plant() -> Answer:
        """`{name, count?, path?, arguments?}`; `count` -1 strikes until it is cleared."""
        said = request.get_json()
        if said["name"] not in CATALOGUE:
            return {"unknown": said["name"], "known": sorted(CATALOGUE)}, 400
        world.faults.plant(said["name"], said.get("count", 1), said.get("path"), **said.get("arguments", {}))
        return {}, 200

    @bp.delete("/faults")
    def heal() -> dict[str, Any]:
        """Clear all faults, or `?name=` alone."""
        world.faults.clear(request.args.get("name"))
        return {}


def _looking(bp: Blueprint, world: World) -> None:
    @bp.get("/violations")
    def violations() -> dict[str, Any]:
        return {"violations": world.violations, "calls": dict(world.calls), "deliveries": world.deliveries}

    @bp.get("/log")
    def log() -> dict[str, Any]:
        """The last requests, oldest first; `?path=` filters by a pattern."""
        return {"log": [one for one in list(world.log) if fits(one["path"], request.args.get("path", "*"))]}

    @bp.get("/counters")
    def counters() -> dict[str, Any]:
        """How often each endpoint was called, by the last part of its path; and how often each fault struck."""
        struck = Counter[str]()
        for one in world.faults:
            struck[one.name] += one.struck
        return {"calls": dict(world.calls), "faults": dict(struck), "violations": len(world.violations)}
