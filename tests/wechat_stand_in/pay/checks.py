"""What WeChat Pay checks on us, on raw bytes; each violation is kept and fails the test that caused it."""

from __future__ import annotations

import base64
import re
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from flask import Request

from tests.wechat_stand_in.world import World

_PART = re.compile(r'(\w+)="([^"]*)"')
_TRADE_NO = re.compile(r"^[0-9A-Za-z_\-*]{6,32}$")


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
        (not re.match(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$", said.get("time_expire", "")), "time_expire"),
    )
    return next((f"PARAM_ERROR: {what}" for bad, what in faults if bad), None)


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


def refund(said: dict[str, Any], paid: dict[str, Any] | None, refunded_fen: int) -> str | None:
    """Why a refund is not acceptable, or None."""
    money = said.get("amount") or {}
    if paid is None or paid["state"] not in ("SUCCESS", "REFUND"):
        return "RESOURCE_NOT_EXISTS: no such payment"
    if type(money.get("refund")) is not int or money.get("total") != paid["total"]:
        return "PARAM_ERROR: amount"
    if money["refund"] < 1 or money["refund"] + refunded_fen > paid["total"]:
        return "INVALID_REQUEST: more than was paid"
    if len(str(said.get("reason", ""))) > 80 or not 0 < len(str(said.get("out_refund_no", ""))) <= 64:
        return "PARAM_ERROR: reason or out_refund_no"
    return None
