"""Shipping information and the order centre: a payment's money stays frozen until its goods are told of."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, request

from tests.wechat_stand_in.open_platform.tokens import refused
from tests.wechat_stand_in.world import World

DAY_S = 86400
EXPRESS_SETTLES_DAYS = 10
MOST_PARCELS, MOST_WORDS = 15, 120
_STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d$")
_MASKED = re.compile(r"^(\d{3})?\*{4}\d{4}$|^\d{3,4}-\*{4}\d{4}$")
WORDS = {
    47001: "data format error",
    10060001: "支付单不存在",
    10060002: "支付单已完成发货，无法继续发货",
    10060003: "支付单已使用重新发货机会",
    10060004: "支付单处于不可发货的状态",
    10060005: "物流类型有误",
    10060006: "非快递发货时不允许分拆发货",
    10060007: "分拆发货模式下必须填写 is_all_delivered 字段",
    10060008: "商品描述 item_desc 字段不能为空",
    10060009: "商品描述 item_desc 字段太长",
    10060014: "参数错误",
    10060023: "发货信息未更新",
    10060024: "物流信息列表太长",
    10060031: "该笔支付单不属于 openid 所指定的用户",
    268485216: "上传时间非法，请按照 RFC 3339 格式填写",
    268485224: "发货模式非法",
    268485226: "物流单号不能为空",
    268485227: "物流公司编码不能为空",
    268485228: "统一发货模式下，物流信息列表长度必须为 1",
}


def said(code: int, **more: Any) -> dict[str, Any]:
    """An answer in the platform's form."""
    return {"errcode": code, "errmsg": WORDS.get(code, "ok"), **more}


def payments(world: World) -> list[dict[str, Any]]:
    """What was paid in the mini-program."""
    paid = ("SUCCESS", "REFUND")
    return [one for one in world.orders.values() if one["state"] in paid and one.get("way") != "code"]


def state(world: World, one: dict[str, Any]) -> int:
    """1 waits to be told, 2 told, 3 confirmed by the customer, 4 the money is released, 5 refunded."""
    back = sum(r["refund"] for r in world.refunds.values() if r["out_trade_no"] == one["out_trade_no"])
    if back >= one["total"]:
        return 5
    told = one.get("shipping")
    if told is None or not told["finish_shipping"]:
        return 1
    days = EXPRESS_SETTLES_DAYS if told["logistics_type"] == 1 else world.reading.pickup_settles_days
    if one.get("confirmed") or told["told_at"] + days * DAY_S <= world.now():
        return 4
    return 2


def funds(world: World) -> dict[str, int]:
    """Where the merchant's money is: frozen until told, on its way, or released; in fen."""
    sums = {"frozen_fen": 0, "on_the_way_fen": 0, "released_fen": 0}
    names = {1: "frozen_fen", 2: "on_the_way_fen", 3: "on_the_way_fen", 4: "released_fen"}
    for one in payments(world):
        if name := names.get(state(world, one)):
            sums[name] += one["total"]
    return sums


def fault(world: World, one: dict[str, Any] | None, sent: dict[str, Any]) -> int:
    """Why a telling is not taken; 0 when it is."""
    parcels = sent.get("shipping_list")
    if not isinstance(parcels, list) or not all(isinstance(parcel, dict) for parcel in parcels):
        return 47001
    if one is None:
        return 10060001
    mode, way = sent.get("delivery_mode"), sent.get("logistics_type")
    told = one.get("shipping") or {}
    checks = (
        ((sent.get("payer") or {}).get("openid") != one["openid"], 10060031),
        (state(world, one) == 5, 10060004),
        (way not in (1, 2, 3, 4), 10060005),
        (mode not in (1, 2), 268485224),
        (not _STAMP.match(str(sent.get("upload_time"))), 268485216),
        (mode == 1 and len(parcels) != 1, 268485228),
        (mode == 2 and way != 1, 10060006),
        (mode == 2 and type(sent.get("is_all_delivered")) is not bool, 10060007),
        (not 1 <= len(parcels) <= MOST_PARCELS, 10060024),
        (any(not parcel.get("item_desc") for parcel in parcels), 10060008),
        (any(len(parcel.get("item_desc", "")) > MOST_WORDS for parcel in parcels), 10060009),
        (way == 1 and any(not parcel.get("tracking_no") for parcel in parcels), 268485226),
        (way == 1 and any(not parcel.get("express_company") for parcel in parcels), 268485227),
        (any(parcel.get("express_company") == "SF" and not _phone(parcel) for parcel in parcels), 10060014),
        (way == 4 and any(set(parcel) != {"item_desc"} for parcel in parcels), 10060014),
        (bool(told) and _moment(sent) <= told.get("upload_time", 0), 10060023),
        (bool(told.get("finish_shipping")) and told["finish_shipping_count"] >= 2, 10060003),
    )
    return next((code for bad, code in checks if bad), 0)


def _phone(parcel: dict[str, Any]) -> bool:
    given = parcel.get("contact") or {}
    return any(_MASKED.match(str(given.get(name, ""))) for name in ("receiver_contact", "consignor_contact"))


def _moment(sent: dict[str, Any]) -> float:
    return datetime.fromisoformat(sent["upload_time"]).timestamp()


def take(world: World, one: dict[str, Any], sent: dict[str, Any]) -> None:
    """Keep a telling; once complete, another one is the one correction."""
    before = one.get("shipping") or {}
    parcels = {parcel.get("tracking_no", ""): parcel for parcel in sent["shipping_list"]}
    if sent["delivery_mode"] == 2 and world.reading.split_adds and not before.get("finish_shipping"):
        parcels = {parcel.get("tracking_no", ""): parcel for parcel in before.get("shipping_list", ())} | parcels
    whole = sent["delivery_mode"] == 1 or bool(sent["is_all_delivered"])
    one["shipping"] = {
        "logistics_type": sent["logistics_type"],
        "delivery_mode": sent["delivery_mode"],
        "shipping_list": list(parcels.values()),
        "finish_shipping": whole or bool(before.get("finish_shipping")),
        "finish_shipping_count": before.get("finish_shipping_count", 0) + (1 if whole else 0),
        "upload_time": _moment(sent),
        "told_at": before.get("told_at") or world.now(),
    }
    world.keep()


def as_order(world: World, one: dict[str, Any]) -> dict[str, Any]:
    """A payment as `get_order` tells it."""
    told = one.get("shipping")
    shown = {"transaction_id": one["transaction_id"], "merchant_id": world.keys.given["mchid"]}
    shown |= {"merchant_trade_no": one["out_trade_no"], "description": one["description"], "openid": one["openid"]}
    shown |= {"paid_amount": one["total"], "order_state": state(world, one), "in_complaint": False}
    shown |= {"pay_time": int(datetime.fromisoformat(one["success_time"]).timestamp())}
    return shown | ({"shipping": {k: v for k, v in told.items() if k != "told_at"}} if told else {})


def blueprint(world: World) -> Blueprint:
    """The endpoints of `/wxa/sec/order` on a world."""
    bp = Blueprint("shipping", __name__, url_prefix="/wxa/sec/order")

    @bp.before_request
    def check() -> dict[str, Any] | None:
        return refused(world)

    for name, work in (
        ("upload_shipping_info", _upload), ("get_order", _one), ("get_order_list", _listed),
        ("notify_confirm_receive", _remind), ("set_msg_jump_path", _message_page),
        ("update_order_detail_path", _order_page), ("is_trade_managed", _managed),
    ):  # fmt: skip
        bp.add_url_rule(f"/{name}", name, _with(world, work), methods=["POST"])
    return bp


Work = Callable[[World, dict[str, Any]], dict[str, Any]]


def _with(world: World, work: Work) -> Callable[[], dict[str, Any]]:
    def call() -> dict[str, Any]:
        with world.lock:
            return work(world, request.get_json(force=True))

    return call


def _of(world: World, transaction_id: Any) -> dict[str, Any] | None:
    return next((one for one in payments(world) if one["transaction_id"] == transaction_id), None)


def _upload(world: World, sent: dict[str, Any]) -> dict[str, Any]:
    key = sent.get("order_key") or {}
    one = _of(world, key.get("transaction_id")) if key.get("order_number_type") == 2 else None
    code = fault(world, one, sent)
    if code not in (0, 10060001, 10060003, 10060004, 10060023):
        world.violations.append(f"upload_shipping_info: {code} {WORDS[code]}")
    if code or one is None:
        return said(code)
    take(world, one, sent)
    return said(0)


def _one(world: World, sent: dict[str, Any]) -> dict[str, Any]:
    one = _of(world, sent.get("transaction_id"))
    return said(0, order=as_order(world, one)) if one else said(10060001)


def _listed(world: World, sent: dict[str, Any]) -> dict[str, Any]:
    span, most = sent.get("pay_time_range") or {}, min(int(sent.get("page_size", 20)), 100)
    shown = [as_order(world, one) for one in payments(world)]
    shown = [one for one in shown if span.get("begin_time", 0) <= one["pay_time"] <= span.get("end_time", 2**40)]
    at = int(sent.get("last_index") or 0)
    return said(0, order_list=shown[at : at + most], last_index=str(at + most), has_more=at + most < len(shown))


def _remind(world: World, sent: dict[str, Any]) -> dict[str, Any]:
    one = _of(world, sent.get("transaction_id"))
    if one is None:
        return said(10060001)
    if one.get("reminded") or state(world, one) != 2 or one["shipping"]["logistics_type"] != 1:
        return said(10060004)
    one["reminded"] = True
    world.keep()
    return said(0)


def _message_page(world: World, sent: dict[str, Any]) -> dict[str, Any]:
    world.pages["messages"] = sent["path"]
    return said(0)


def _order_page(world: World, sent: dict[str, Any]) -> dict[str, Any]:
    if "${商品订单号}" not in sent.get("path", ""):
        return said(10060014)
    world.pages["orders"] = sent["path"]
    return said(0)


def _managed(world: World, _sent: dict[str, Any]) -> dict[str, Any]:
    return said(0, is_trade_managed=world.trade_managed)
