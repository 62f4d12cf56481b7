"""Tokens: who may ask anything at all."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from tests.wechat_stand_in.world import World

APPS = ("mini", "service")


def asking(world: World) -> str:
    """The app whose token this request carries."""
    return world.app_of(request.args.get("access_token", ""))


def refused(world: World) -> dict[str, Any] | None:
    """Why this request's token is not taken, as the platform words it; None when it is good."""
    if world.tokens.get(request.args.get("access_token", ""), 0) <= world.now():
        return {"errcode": 40001, "errmsg": "invalid credential"}
    return None


def blueprint(world: World) -> Blueprint:
    """The token endpoint on a world."""
    bp = Blueprint("tokens", __name__)

    @bp.post("/cgi-bin/stable_token")
    def stable_token() -> dict[str, Any]:
        said = request.get_json()
        app = next((one for one in APPS if world.credentials(one)["appid"] == said.get("appid")), None)
        if app is None or world.credentials(app)["secret"] != said.get("secret"):
            return {"errcode": 40125, "errmsg": "invalid appsecret"}
        with world.lock:
            alive = [one for one, until in world.tokens.items() if until > world.now() and world.app_of(one) == app]
            token = alive[0] if alive else world.new_token(app)
        return {"access_token": token, "expires_in": int(world.tokens[token] - world.now())}

    return bp
