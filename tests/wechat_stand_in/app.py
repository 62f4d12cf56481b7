"""The stand-in as one application, with its control API for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask, request

from tests.wechat_stand_in import bills, open_platform, pay, phone
from tests.wechat_stand_in.notifier import Notifier
from tests.wechat_stand_in.world import World


def create_app(folder: Path) -> Flask:
    """The stand-in whose keys and state lie in `folder`."""
    world = World(folder)
    notifier = Notifier(world)
    app = Flask(__name__)
    app.register_blueprint(open_platform.blueprint(world))
    app.register_blueprint(pay.bp)
    app.register_blueprint(bills.bp)
    app.register_blueprint(phone.blueprint(world, notifier))
    app.extensions["world"], app.extensions["notifier"] = world, notifier

    @app.get("/control/violations")
    def violations() -> dict[str, Any]:
        return {"violations": world.violations, "calls": dict(world.calls), "deliveries": world.deliveries}

    @app.post("/control/advance")
    def advance() -> dict[str, Any]:
        world.offset_s += int(request.get_json()["seconds"])
        return {"now": world.now()}

    @app.post("/control/fault")
    def fault() -> dict[str, Any]:
        world.faults[request.get_json()["name"]] += 1
        return {}

    @app.post("/control/pay")
    def control_pay() -> dict[str, Any]:
        said = request.get_json()
        number = said.get("out_trade_no") or world.number_of(said["package"])
        return {"paid": pay.settle(world, notifier, number or "")}

    return app
