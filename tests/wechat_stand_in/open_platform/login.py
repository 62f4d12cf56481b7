"""Log-in and phone numbers: single-use codes of five minutes."""

from __future__ import annotations

import base64
import secrets
from typing import Any

from flask import Blueprint, request

from tests.wechat_stand_in.open_platform.limits import too_often
from tests.wechat_stand_in.open_platform.tokens import refused
from tests.wechat_stand_in.world import World, person, unionid

LOGINS_A_MINUTE = 100
"""Of one person."""


def blueprint(world: World) -> Blueprint:
    """The log-in endpoints on a world."""
    bp = Blueprint("login", __name__)

    @bp.get("/sns/jscode2session")
    def jscode2session() -> dict[str, Any]:
        asked, given = request.args, world.credentials("mini")
        for name, errcode in (("appid", 41002), ("secret", 41004), ("js_code", 41008)):
            if not asked.get(name):
                return {"errcode": errcode, "errmsg": f"{name} missing"}
        if asked["appid"] != given["appid"]:
            return {"errcode": 40013, "errmsg": "invalid appid"}
        if asked["secret"] != given["secret"]:
            return {"errcode": 40125, "errmsg": "invalid appsecret"}
        if (openid := world.redeem(asked["js_code"], "login")) is None:
            return {"errcode": 40029, "errmsg": "invalid code"}
        if openid in world.blocked:
            return {"errcode": 40226, "errmsg": "code blocked"}
        if too_often(world, f"jscode2session {openid}", LOGINS_A_MINUTE):
            return {"errcode": 45011, "errmsg": "api minute-quota reach limit  mustslower  retry next minute"}
        world.session_keys[openid] = base64.b64encode(secrets.token_bytes(16)).decode()
        return {"openid": openid, "unionid": unionid(openid), "session_key": world.session_keys[openid]}

    @bp.post("/wxa/business/getuserphonenumber")
    def phone_number() -> dict[str, Any]:
        if fault := refused(world):
            return fault
        said = request.get_json(force=True)
        openid = world.redeem(said.get("code", ""), "phone")
        if openid is None or said.get("openid", openid) != openid:
            return {"errcode": 40029, "errmsg": "invalid code"}
        plant = world.faults.take("phone_abroad")
        country, phone = ("852", "91234567") if plant else ("86", world.phones.get(openid) or person(openid)["phone"])
        return {
            "errcode": 0,
            "errmsg": "ok",
            "phone_info": {
                "phoneNumber": phone if country == "86" else f"+{country}{phone}",
                "purePhoneNumber": phone,
                "countryCode": int(country) if world.reading.country_is_number else country,
                "watermark": {"timestamp": int(world.now()), "appid": world.keys.given["appid"]},
            },
        }

    return bp
