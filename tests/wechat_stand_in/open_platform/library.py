"""The message templates a chain has picked in WeChat's console: what each is called and which fields it shows.

`ours` are our names of the fields: they go into `templates.json` beside the credentials, as an operator would write
them there.
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

#   kind                title             field -> (ours, label)
LIBRARY: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "paid": ("订单支付成功通知", {
        "character_string1": ("order_no", "订单编号"), "amount2": ("amount", "支付金额"),
        "thing3": ("store", "门店名称"), "time4": ("at", "支付时间"), "thing5": ("hint", "温馨提示")}),
    "ready": ("取货提醒", {
        "character_string1": ("code", "取货码"), "thing2": ("store", "取货门店"), "thing3": ("place", "门店地址"),
        "time4": ("until", "截止时间"), "thing5": ("hint", "温馨提示")}),
    "shipped": ("订单发货通知", {
        "character_string1": ("order_no", "订单编号"), "thing2": ("courier", "快递公司"),
        "character_string3": ("tracking_no", "快递单号"), "time4": ("at", "发货时间"), "thing5": ("hint", "温馨提示")}),
    "refund": ("退款结果通知", {
        "character_string1": ("order_no", "订单编号"), "amount2": ("amount", "退款金额"),
        "time3": ("at", "退款时间"), "thing4": ("hint", "退款说明")}),
    "changed": ("订单变更提醒", {
        "character_string1": ("order_no", "订单编号"), "thing2": ("what", "变更内容"),
        "time3": ("at", "时间"), "thing4": ("hint", "温馨提示")}),
    "points": ("积分变动通知", {
        "thing1": ("change", "变动积分"), "number2": ("balance", "积分余额"), "time3": ("at", "变动时间"),
        "thing4": ("hint", "温馨提示")}),
    "points_expiring": ("积分到期提醒", {
        "number1": ("points", "到期积分"), "date2": ("until", "到期时间"), "thing3": ("hint", "温馨提示")}),
    "coupon_expiring": ("优惠券到期提醒", {
        "thing1": ("coupon", "优惠券"), "number2": ("count", "张数"), "time3": ("until", "到期时间"),
        "thing4": ("hint", "温馨提示")}),
    "group": ("拼团结果通知", {
        "thing1": ("goods", "商品名称"), "thing2": ("what", "拼团结果"), "time3": ("at", "时间"),
        "thing4": ("hint", "温馨提示")}),
    "service": ("客服回复通知", {
        "thing1": ("about", "咨询类型"), "thing2": ("what", "回复内容"), "time3": ("at", "回复时间"),
        "thing4": ("hint", "温馨提示")}),
    "arrival": ("到货提醒", {
        "thing1": ("goods", "商品名称"), "thing2": ("store", "门店"), "time3": ("at", "到货时间"),
        "thing4": ("hint", "温馨提示")}),
    "pickup_proof": ("取货验证码", {
        "character_string1": ("code", "验证码"), "time2": ("until", "有效期至"), "thing3": ("hint", "温馨提示")}),
}  # fmt: skip


def load(folder: Path) -> dict[str, dict[str, Any]]:
    """Every template by its id: way (`subscribe` of the mini-program, `service` of the service account), kind, title,
    labels of its fields; made, with `templates.json`, when there are none or some are missing."""
    path = folder / "templates.json"
    given: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    made = {
        way: {
            kind: given.get(way, {}).get(kind)
            or {"id": secrets.token_urlsafe(32), "fields": {ours: key for key, (ours, _) in fields.items()}}
            for kind, (_, fields) in LIBRARY.items()
        }
        for way in ("subscribe", "service")
    }
    if made != given:
        path.write_text(json.dumps(made, indent=1, ensure_ascii=False))
    return {
        one["id"]: {"way": way, "kind": kind, "title": LIBRARY[kind][0],
                    "labels": {key: label for key, (_, label) in LIBRARY[kind][1].items()}}
        for way, kinds in made.items() for kind, one in kinds.items()
    }  # fmt: skip
