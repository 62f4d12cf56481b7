"""Mini-program codes: a real QR code to the shop's page with its scene; a refusal is JSON with status 200."""

from __future__ import annotations

import io
import re
from typing import Any

import qrcode
from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as Redirect

from tests.wechat_stand_in.open_platform.messages import pages
from tests.wechat_stand_in.open_platform.tokens import refused
from tests.wechat_stand_in.world import World

_SCENE = re.compile(r"^[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}$")


def blueprint(world: World) -> Blueprint:
    """`getwxacodeunlimit` on a world, and what a scan of its codes opens."""
    bp = Blueprint("codes", __name__)

    @bp.post("/wxa/getwxacodeunlimit")
    def draw() -> dict[str, Any] | Response:
        if fault := refused(world):
            return fault
        said = request.get_json(force=True)
        scene, page = str(said.get("scene", "")), str(said.get("page", ""))
        if not _SCENE.match(scene) or not 280 <= int(said.get("width", 430)) <= 1280:
            world.violations.append(f"getwxacodeunlimit: scene {scene!r}")
            return {"errcode": 40129, "errmsg": "invalid scene"}
        if page.startswith("/") or "?" in page or (said.get("check_path", True) and page not in pages()):
            world.violations.append(f"getwxacodeunlimit: page {page!r}")
            return {"errcode": 41030, "errmsg": "invalid page"}
        world.codes_drawn[scene] = {"page": page, "env": said.get("env_version", "release")}
        target = f"{request.host_url}phone/scan/{scene}?page={page}"
        image = qrcode.make(target, border=2, box_size=10)
        out = io.BytesIO()
        image.save(out, "PNG")
        return Response(out.getvalue(), content_type="image/png")

    @bp.get("/phone/scan/<scene>")
    def scan(scene: str) -> Redirect:
        """What WeChat does when a person scans the code: it opens the mini-program's page with the scene."""
        return redirect(f"{world.shop_url}/mall/?scene={scene}#/{request.args['page']}?scene={scene}")

    return bp
