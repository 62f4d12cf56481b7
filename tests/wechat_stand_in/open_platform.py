"""api.weixin.qq.com: tokens, log-in, phone numbers."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, request

from tests.wechat_stand_in.world import TOKEN_LIVES_S, World, person


def blueprint(world: World) -> Blueprint:
    """The open platform's endpoints on a world."""
    bp = Blueprint("open_platform", __name__)

    @bp.post("/cgi-bin/stable_token")
    def stable_token() -> dict[str, Any]:
        said = request.get_json()
        world.calls["stable_token"] += 1
        if (said.get("appid"), said.get("secret")) != (world.keys.given["appid"], world.keys.given["secret"]):
            return {"errcode": 40125, "errmsg": "invalid appsecret"}
        with world.lock:
            alive = [token for token, until in world.tokens.items() if until > world.now()]
            token = alive[0] if alive else secrets.token_hex(64)
            world.tokens.setdefault(token, world.now() + TOKEN_LIVES_S)
        return {"access_token": token, "expires_in": int(world.tokens[token] - world.now())}

    @bp.get("/sns/jscode2session")
    def jscode2session() -> dict[str, Any]:
        if request.args.get("secret") != world.keys.given["secret"]:
            return {"errcode": 40125, "errmsg": "invalid appsecret"}
        openid = world.redeem(request.args.get("js_code", ""), "login")
        if openid is None:
            return {"errcode": 40029, "errmsg": "invalid code"}
        unionid = openid.replace("oTongdian", "uTongdian")  # the app is bound to an open-platform account
        return {"openid": openid, "unionid": unionid, "session_key": secrets.token_hex(12)}

    @bp.post("/wxa/business/getuserphonenumber")
    def phone_number() -> dict[str, Any]:
        if world.tokens.get(request.args.get("access_token", ""), 0) <= world.now():
            return {"errcode": 40001, "errmsg": "invalid credential"}
        openid = world.redeem(request.get_json(force=True).get("code", ""), "phone")
        if openid is None:
            return {"errcode": 40029, "errmsg": "invalid code"}
        phone = person(openid)["phone"]
        return {
            "errcode": 0,
            "errmsg": "ok",
            "phone_info": {
                "phoneNumber": phone,
                "purePhoneNumber": phone,
                "countryCode": "86",
                "watermark": {"timestamp": int(world.now()), "appid": world.keys.given["appid"]},
            },
        }

    return bp
