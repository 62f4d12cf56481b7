"""What WeChat Pay checks on us, on raw bytes; each violation is kept and fails the test that caused it."""

from __future__ import annotations

import base64
import re
from collections import deque
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from flask import Request

from tests.wechat_stand_in.world import World

_PART = re.compile(r'(\w+)="([^"]*)"')
_TRADE_NO = re.compile(r"^[0-9A-Za-z_\-*]{6,32}$")
MOST_REFUNDS, BETWEEN_REFUNDS_S = 50, 60
ORDER_FIELDS = {
    "appid": "", "mchid": "", "description": "", "out_trade_no": "", "time_expire": "", "attach": "", "notify_url": "",
    "goods_tag": "", "support_fapiao": "", "amount": "total currency", "payer": "openid",
    "detail": "cost_price invoice_id goods_detail", "scene_info": "payer_client_ip device_id store_info",
    "settle_info": "profit_sharing",
}  # fmt: skip
REFUND_FIELDS = {
    "transaction_id": "", "out_trade_no": "", "out_refund_no": "", "reason": "", "notify_url": "", "funds_account": "",
    "amount": "refund from total currency", "goods_detail": "",
}  # fmt: skip
LONGEST_DAYS = 30
"""A `time_expire` further away than this is a slip of ours; no page names a limit."""


def authorization(world: World, request: Request) -> str | None:
    """Why this request is not properly signed, or None."""
    kind, _, rest = request.headers.get("Authorization", "").partition(" ")
    said = dict(_PART.findall(rest))
    if kind != "WECHATPAY2-SHA256-RSA2048" or not said.keys() >= {"mchid", "nonce_str", "signature", "timestamp"}:
        return "SIGN_ERROR: no proper Authorization header"
    if abs(world.shown() - int(said["timestamp"])) > 300:
        return "SIGN_ERROR: the time is more than five minutes off"
    path = request.full_path.rstrip("?")
    text = f"{request.method}\n{path}\n{said['timestamp']}\n{said['nonce_str']}\n{request.get_data().decode()}\n"
    try:
        key = world.keys.merchant.public_key()
        key.verify(base64.b64decode(said["signature"]), text.encode(), PKCS1v15(), SHA256())
    except InvalidSignature:
        return "SIGN_ERROR: the signature does not fit the bytes"
    with world.lock:
        if said["nonce_str"] in world.nonces:
            return "SIGN_ERROR: the nonce was used before"
        world.nonces.add(said["nonce_str"])
    if said["serial_no"] != world.keys.given["serial"] or said["mchid"] != world.keys.given["mchid"]:
        return "SIGN_ERROR: another merchant"
    return None


LIMITS = {"/v3/refund/domestic/refunds": 150, "refund refused": 6}
"""At most so many in a second: refunds asked for, and refunds refused."""


def is_refund(request: Request) -> bool:
    """Whether this asks for a refund."""
    return request.method == "POST" and request.path == "/v3/refund/domestic/refunds"


def too_often(world: World, what: str) -> str | None:
    """Why this is one too many within a second of the stand-in's clock, or None."""
    if what not in LIMITS:
        return None
    with world.lock:
        recent = world.recent.setdefault(what, deque(maxlen=LIMITS[what]))
        full = len(recent) == recent.maxlen and world.now() - recent[0] < 1
        recent.append(world.now())
    return f"RATE_LIMIT: more than {LIMITS[what]} a second: {what}" if full else None


def order(world: World, said: dict[str, Any]) -> str | None:
    """Why a JSAPI order is not acceptable, or None."""
    given, money = world.keys.given, said.get("amount") or {}
    faults = (
        (said.get("appid") != given["appid"] or said.get("mchid") != given["mchid"], "appid or mchid"),
        (not _TRADE_NO.match(str(said.get("out_trade_no", ""))), "out_trade_no"),
        (not 0 < len(str(said.get("description", ""))) <= 127, "description"),
        (type(money.get("total")) is not int or money["total"] < 1, "amount.total must be an integer of fen"),
        ("?" in str(said.get("notify_url", "?")), "notify_url must have no query"),
        (not (said.get("payer") or {}).get("openid"), "payer.openid"),
        (not _expires_well(world, str(said.get("time_expire", ""))), "time_expire"),
        (bool(_unknown(said, ORDER_FIELDS)), f"no such field: {_unknown(said, ORDER_FIELDS)}"),
        (money.get("currency", "CNY") != "CNY", "amount.currency"),
        (len(str(said.get("attach", "")).encode()) > 128, "attach"),
        (not _reached(world, str(said.get("notify_url", ""))), "notify_url must be https and at most 255 long"),
    )
    return next((f"PARAM_ERROR: {what}" for bad, what in faults if bad), None)


def _expires_well(world: World, moment: str) -> bool:
    """RFC 3339 with its zone, ahead of now, and not absurdly far."""
    if not re.match(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$", moment):
        return False
    ahead_s = datetime.fromisoformat(moment).timestamp() - world.now()
    return ahead_s < LONGEST_DAYS * 86_400


def _reached(world: World, url: str) -> bool:
    """WeChat calls https only; `plain_http` lets the loopback of tests and demonstrations be."""
    loopback = re.match(r"^http://(127\.0\.0\.1|localhost)[:/]", url)
    return len(url) <= 255 and (url.startswith("https://") or bool(loopback and world.plain_http))


def code_order(world: World, said: dict[str, Any]) -> str | None:
    """Why the charge of a payment code is not acceptable, or None."""
    given, money = world.keys.given, said.get("amount") or {}
    store = (said.get("scene_info") or {}).get("store_info") or {}
    faults = (
        (said.get("appid") != given["appid"] or said.get("mchid") != given["mchid"], "appid or mchid"),
        (not _TRADE_NO.match(str(said.get("out_trade_no", ""))), "out_trade_no"),
        (not 0 < len(str(said.get("description", ""))) <= 127, "description"),
        (type(money.get("total")) is not int or money["total"] < 1, "amount.total must be an integer of fen"),
        (not re.match(r"^1[0-5]\d{16}$", str((said.get("payer") or {}).get("auth_code", ""))), "payer.auth_code"),
        (not (store.get("id") or store.get("out_id")), "scene_info.store_info"),
        ("notify_url" in said, "notify_url: there is no notice of it"),
    )
    return next((f"PARAM_ERROR: {what}" for bad, what in faults if bad), None)


def refund(said: dict[str, Any], paid: dict[str, Any] | None, others: list[dict[str, Any]], now: float) -> str | None:
    """Why a refund is not acceptable beside the others of its order, or None."""
    money = said.get("amount") or {}
    if unknown := _unknown(said, REFUND_FIELDS):
        return f"PARAM_ERROR: no such field: {unknown}"
    if paid is None or paid["state"] not in ("SUCCESS", "REFUND"):
        return "RESOURCE_NOT_EXISTS: no such payment"
    if type(money.get("refund")) is not int or money.get("total") != paid["total"]:
        return "PARAM_ERROR: amount"
    refunded_fen = sum(one["refund"] for one in others if one["status"] != "CLOSED")
    if money["refund"] < 1 or money["refund"] + refunded_fen > paid["total"]:
        return "INVALID_REQUEST: more than was paid"
    if len(str(said.get("reason", ""))) > 80 or not 0 < len(str(said.get("out_refund_no", ""))) <= 64:
        return "PARAM_ERROR: reason or out_refund_no"
    if len(others) >= MOST_REFUNDS:
        return "INVALID_REQUEST: at most 50 refunds of one order"
    if any(now - one["asked_at"] < BETWEEN_REFUNDS_S for one in others):
        return "RATE_LIMIT: less than a minute between two refunds of one order"
    return None


def _unknown(said: dict[str, Any], known: dict[str, str]) -> str:
    """The first field that the page does not know: a misspelt one would be ignored by WeChat, and missed by nobody."""
    for name, value in said.items():
        if name not in known:
            return name
        inner = set(known[name].split()) if known[name] else None
        if inner is not None and isinstance(value, dict) and (more := set(value) - inner):
            return f"{name}.{min(more)}"
    return ""
