"""The service account: its menu, customer-service messages, who a follower is, QR codes and the page ticket."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, request

from tests.wechat_stand_in.conversation import Conversation
from tests.wechat_stand_in.open_platform.tokens import asking, refused
from tests.wechat_stand_in.world import PEOPLE, World, mini_openid, unionid

OK = {"errcode": 0, "errmsg": "ok"}
KEYS = {"click": "key", "view": "url", "miniprogram": "pagepath"}


def fault(code: int, words: str) -> dict[str, Any]:
    """A refusal as the platform words it."""
    return {"errcode": code, "errmsg": words}


def _button_fault(button: dict[str, Any], most_bytes: int) -> dict[str, Any] | None:
    if not 0 < len(str(button.get("name", "")).encode()) <= most_bytes:
        return fault(40018, "invalid button name size")
    if below := button.get("sub_button"):
        if most_bytes == 60 or len(below) > 5:
            return fault(40023, "invalid sub button size")
        return next((found for one in below if (found := _button_fault(one, 60))), None)
    if button.get("type") not in KEYS:
        return fault(40017, "invalid button type")
    if not 0 < len(str(button.get("key", "k")).encode()) <= 128 or (button["type"] == "click" and "key" not in button):
        return fault(40019, "invalid button key size")
    if button["type"] != "click" and not 0 < len(str(button.get("url", "")).encode()) <= 1024:
        return fault(40020, "invalid button url size")
    if button["type"] == "miniprogram" and not (button.get("appid") and button.get("pagepath")):
        return fault(40166, "invalid weapp appid or pagepath")
    return None


def menu_fault(menu: dict[str, Any]) -> dict[str, Any] | None:
    """Why a menu is not taken: at most 3 buttons of 16 bytes, 5 of 60 below each."""
    buttons = menu.get("button")
    if not isinstance(buttons, list) or not 0 < len(buttons) <= 3:
        return fault(40016, "invalid button size")
    return next((found for one in buttons if (found := _button_fault(one, 16))), None)


def _message_fault(world: World, said: dict[str, Any], app: str) -> dict[str, Any] | None:
    kind = said.get("msgtype")
    if kind not in ("text", "link", "miniprogrampage", "image", "news", "msgmenu"):
        return fault(40008, "invalid message type")
    own = said.get(kind, {})
    if kind == "text" and not 0 < len(str(own.get("content", "")).encode()) <= 2048:
        return fault(45002 if own.get("content") else 44004, "content size out of limit")
    people = {one["openid"] for one in PEOPLE}
    if (mini_openid(said.get("touser", "")) not in people) or (app == "mini") != (said["touser"] in people):
        return fault(40003, "invalid openid")
    return None


def blueprint(world: World, conversation: Conversation) -> Blueprint:
    """The endpoints on a world."""
    bp = Blueprint("accounts", __name__)
    bp.before_request(lambda: refused(world))

    @bp.post("/cgi-bin/menu/create")
    def create_menu() -> dict[str, Any]:
        if asking(world) != "service":
            return fault(48001, "api unauthorized")
        if found := menu_fault(request.get_json(force=True)):
            return found
        world.menus["service"] = request.get_json(force=True)
        return OK

    @bp.get("/cgi-bin/menu/get")
    def get_menu() -> dict[str, Any]:
        if "service" not in world.menus:
            return fault(46003, "menu no exist")
        return {"menu": world.menus["service"]}

    @bp.get("/cgi-bin/menu/delete")
    def delete_menu() -> dict[str, Any]:
        world.menus.pop("service", None)
        return OK

    @bp.post("/cgi-bin/message/custom/send")
    def send() -> dict[str, Any]:
        app, said = asking(world), request.get_json(force=True)
        if found := _message_fault(world, said, app):
            return found
        words = {45015: "response out of time limit or subscription is canceled", 45047: "out of response count limit"}
        code = conversation.send(app, said["touser"], said)
        return fault(code, words[code]) if code else OK

    _people(bp, world)
    return bp


def _people(bp: Blueprint, world: World) -> None:
    @bp.get("/cgi-bin/user/info")
    def user_info() -> dict[str, Any]:
        openid = request.args.get("openid", "")
        one = world.followers.get(openid)
        if asking(world) != "service" or mini_openid(openid) not in {found["openid"] for found in PEOPLE}:
            return fault(40003, "invalid openid")
        if one is None:
            return {"subscribe": 0, "openid": openid}
        return {
            "subscribe": 1,
            "openid": openid,
            "unionid": unionid(openid),
            "subscribe_time": one["since"],
            "subscribe_scene": "ADD_SCENE_QR_CODE" if one["scene"] else "ADD_SCENE_SEARCH",
            "qr_scene_str": one["scene"],
        }

    @bp.post("/cgi-bin/qrcode/create")
    def create_code() -> dict[str, Any]:
        said = request.get_json(force=True)
        scene = str(said.get("action_info", {}).get("scene", {}).get("scene_str", ""))
        lives_s = int(said.get("expire_seconds", 60))
        wrong = said.get("action_name") not in ("QR_STR_SCENE", "QR_LIMIT_STR_SCENE") or not 0 < lives_s <= 2_592_000
        if wrong or not 0 < len(scene) <= 64:
            return fault(40053, "invalid action info")
        ticket = secrets.token_urlsafe(48)
        world.qr_codes[ticket] = {"scene": scene, "until": world.now() + lives_s}
        return {"ticket": ticket, "expire_seconds": lives_s, "url": f"http://weixin.qq.com/q/{ticket[:24]}"}

    @bp.get("/cgi-bin/ticket/getticket")
    def page_ticket() -> dict[str, Any]:
        if request.args.get("type") != "jsapi":
            return fault(40097, "invalid args")
        return {**OK, "ticket": f"kgt8{secrets.token_hex(40)}", "expires_in": 7200}
