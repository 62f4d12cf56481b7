"""Log-in and phone numbers: single-use codes of five minutes."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, request

from tests.wechat_stand_in.open_platform.tokens import refused
from tests.wechat_stand_in.world import World, person, unionid


def blueprint(world: World) -> Blueprint:
    """The log-in endpoints on a world."""
    bp = Blueprint("login", __name__)

    @bp.get("/sns/jscode2session")
    def jscode2session() -> dict[str, Any]:
        if request.args.get("secret") != world.keys.given["secret"]:
            return {"errcode": 40125, "errmsg": "invalid appsecret"}
        openid = world.redeem(request.args.get("js_code", ""), "login")
        if openid is None:
            return {"errcode": 40029, "errmsg": "invalid code"}
        return {"openid": openid, "unionid": unionid(openid), "session_key": secrets.token_hex(12)}

    @bp.post("/wxa/business/getuserphonenumber")
    def phone_number() -> dict[str, Any]:
        if fault := refused(world):
            return fault
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
