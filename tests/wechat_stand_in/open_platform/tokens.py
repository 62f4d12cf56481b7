"""Tokens: who may ask anything at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, request

from tests.wechat_stand_in.open_platform import limits
from tests.wechat_stand_in.world import World

APPS = ("mini", "service")
OVERLAP_S = 300
"""So long before its end a stable token is renewed, and so long the old one is good beside the new one."""
FORCED_A_DAY, FORCED_APART_S = 20, 30


def asking(world: World) -> str:
    """The app whose token this request carries."""
    return world.app_of(request.args.get("access_token", ""))


def refused(world: World) -> dict[str, Any] | None:
    """Why this request's token is not taken, or its endpoint not any more; None when both are good."""
    until = world.tokens.get(request.args.get("access_token", ""))
    if until is None:
        return {"errcode": 40001, "errmsg": "invalid credential, access_token is invalid or not latest"}
    if until <= world.now():
        return {"errcode": 42001, "errmsg": "access_token expired"}
    return limits.used_up(world, asking(world), request.path)


def _app(world: World, said: Mapping[str, Any], secret: str = "secret") -> str | dict[str, Any]:
    """The app that proves itself by its secret, or why not."""
    for name, errcode in (("appid", 41002), (secret, 41004)):
        if not said.get(name):
            return {"errcode": errcode, "errmsg": f"{name} missing"}
    app = next((one for one in APPS if world.credentials(one)["appid"] == said["appid"]), None)
    if app is None:
        return {"errcode": 40013, "errmsg": "invalid appid"}
    if world.credentials(app)["secret"] != said[secret]:
        return {"errcode": 40125, "errmsg": "invalid appsecret"}
    return app


def _of_grant(world: World, said: Mapping[str, Any]) -> str | dict[str, Any]:
    if said.get("grant_type") != "client_credential":
        return {"errcode": 40002, "errmsg": "invalid grant_type"}
    app = _app(world, said)
    return app if isinstance(app, dict) else limits.used_up(world, app, request.path) or app


def _stable(world: World, app: str, *, force: bool) -> str:
    """The token of this moment; forced, a new one, which ends the former at once."""
    held = world.stable.get(app, "")
    left_s = world.tokens.get(held, 0) - world.now()
    if force and world.now() - world.forced.get(app, 0) >= FORCED_APART_S:
        world.forced[app] = world.now()
        world.tokens.pop(held, None)
    elif left_s > OVERLAP_S:
        return held
    world.stable[app] = world.new_token(app)
    return world.stable[app]


def blueprint(world: World) -> Blueprint:
    """The token endpoints on a world."""
    bp = Blueprint("tokens", __name__)

    @bp.post("/cgi-bin/stable_token")
    def stable_token() -> dict[str, Any]:
        said = request.get_json()
        if isinstance(app := _of_grant(world, said), dict):
            return app
        force = bool(said.get("force_refresh"))
        if force and limits.counted(world, f"{app} forced", world.beijing()[:10]) > FORCED_A_DAY:
            return {"errcode": 45009, "errmsg": "reach max api daily quota limit"}
        with world.lock:
            token = _stable(world, app, force=force)
            return {"access_token": token, "expires_in": round(world.tokens[token] - world.now())}

    @bp.get("/cgi-bin/token")
    def plain_token() -> dict[str, Any]:
        """Apart from stable tokens; each call makes a new one and ends the former."""
        if isinstance(app := _of_grant(world, request.args), dict):
            return app
        with world.lock:
            world.tokens.pop(world.plain.get(app, ""), None)
            token = world.plain[app] = world.new_token(app)
            return {"access_token": token, "expires_in": round(world.tokens[token] - world.now())}

    @bp.post("/cgi-bin/clear_quota")
    def clear_quota() -> dict[str, Any]:
        if fault := refused(world):
            return fault
        app = asking(world)
        if request.get_json(force=True).get("appid") != world.credentials(app)["appid"]:
            return {"errcode": 40013, "errmsg": "invalid appid"}
        return limits.reset(world, app)

    @bp.post("/cgi-bin/clear_quota/v2")
    def clear_quota_by_secret() -> dict[str, Any]:
        """By the secret, for who has no call left to fetch a token with; in the query or the body, as pages differ."""
        said = request.args or request.get_json(force=True)
        app = _app(world, said, "appsecret")
        return app if isinstance(app, dict) else limits.reset(world, app)

    return bp
