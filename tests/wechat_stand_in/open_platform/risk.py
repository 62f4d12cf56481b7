"""How risky a person is: 0, unless the world's `ranks` say otherwise."""

from __future__ import annotations

import ipaddress
from typing import Any

from flask import Blueprint, request

from tests.wechat_stand_in.open_platform.tokens import refused
from tests.wechat_stand_in.world import PEOPLE, World


def _address(said: Any) -> bool:
    try:
        return bool(ipaddress.ip_address(said))
    except ValueError:
        return False


def blueprint(world: World) -> Blueprint:
    """`getuserriskrank` on a world."""
    bp = Blueprint("risk", __name__)

    @bp.post("/wxa/getuserriskrank")
    def rank() -> dict[str, Any]:
        if fault := refused(world):
            return fault
        said = request.get_json(force=True)
        if said.get("appid") != world.keys.given["appid"] or said.get("scene") not in (0, 1):
            world.violations.append("getuserriskrank: appid or scene")
            return {"errcode": 40097, "errmsg": "invalid args"}
        if not _address(said.get("client_ip")):
            world.violations.append("getuserriskrank: client_ip")
            return {"errcode": 40097, "errmsg": "invalid args"}
        if said.get("openid") not in {one["openid"] for one in PEOPLE}:
            return {"errcode": 40003, "errmsg": "invalid openid"}
        world.risk_asked.append({"scene": said["scene"], "mobile_no": said.get("mobile_no")})
        return {"errcode": 0, "errmsg": "ok", "risk_rank": world.ranks.get(said["openid"], 0), "unoin_id": 1}

    return bp
