"""The platform's certificates, each sealed under the merchant's APIv3 key."""

from __future__ import annotations

from flask import Response

from tests.wechat_stand_in.pay.answers import answer, blueprint, refuse, the_world
from tests.wechat_stand_in.trust import Certificate
from tests.wechat_stand_in.world import BEIJING, World

bp = blueprint("certificates")


@bp.get("/v3/certificates")
def certificates() -> Response:
    world = the_world()
    if world.take_fault("certificates_down"):
        return answer(world, 500, {"code": "SYSTEM_ERROR", "message": "try again"})
    listed = world.trust.listed(world.now())
    if not listed:
        return refuse(world, "RESOURCE_NOT_EXISTS: this merchant has no platform certificate", 404)
    return answer(world, 200, {"data": [_told(world, one) for one in listed]})


def _told(world: World, one: Certificate) -> dict[str, object]:
    return {
        "serial_no": one.serial,
        "effective_time": one.begins_at.astimezone(BEIJING).isoformat(timespec="seconds"),
        "expire_time": one.ends_at.astimezone(BEIJING).isoformat(timespec="seconds"),
        "encrypt_certificate": world.keys.seal(one.pem, "certificate"),
    }
