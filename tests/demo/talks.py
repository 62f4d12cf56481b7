"""What the demo chain's service account says, and its menu, which the workers publish when they first run."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from config.db import transaction
from config.settings import settings
from member.talks import menu, moves, replies

ACTOR = "system:demo"
ASK = "回复“积分”“订单”“取货码”“门店”，或者发送您的位置，我们告诉您最近的门店。"


def _text(words: str) -> dict[str, Any]:
    return {"kind": "text", "text": words}


def _built_in(name: str) -> dict[str, Any]:
    return {"kind": "built_in", "name": name}


#   name            occasion         words                              answers
RULES: tuple[tuple[str, str, list[str], list[dict[str, Any]]], ...] = (
    ("关注欢迎语", "follow", [], [_text(f"欢迎关注通店！{ASK}"), _built_in("member")]),
    ("查积分", "text_contains", ["积分"], [_built_in("points")]),
    ("查订单", "text_contains", ["订单", "到哪了", "物流"], [_built_in("order")]),
    ("取货", "text_contains", ["取货", "提货"], [_built_in("pickup")]),
    ("找门店", "text_contains", ["门店", "地址", "营业", "几点"], [_built_in("store")]),
    ("绑定会员", "text_contains", ["绑定", "会员"], [_built_in("member")]),
    ("会员日", "text_exact", ["会员日"], [_text("每周三会员日，生鲜满 59 元减 10 元，门店和小程序同享。")]),
    ("最近的门店", "location", [], [_built_in("store")]),
    ("菜单：我的积分", "click", ["POINTS"], [_built_in("points")]),
    ("菜单：最近订单", "click", ["ORDER"], [_built_in("order")]),
    ("菜单：取货码", "click", ["PICKUP"], [_built_in("pickup")]),
    ("菜单：附近门店", "click", ["STORE"], [_built_in("store")]),
    ("没听懂", "default", [], [_text(f"没听明白您的意思。{ASK}")]),
)


def _tap(name: str, key: str) -> dict[str, Any]:
    return {"type": "click", "name": name, "key": key}


def _page(name: str, page: str) -> dict[str, Any]:
    path = f"pages/{page}/{page}"
    return {"type": "miniprogram", "name": name, "url": f"{settings().base_url}/mall/#/{path}", "pagepath": path}


def buttons() -> list[dict[str, Any]]:
    """The menu."""
    return [
        _page("商城", "home"),
        {
            "name": "订单",
            "sub_button": [_tap("最近订单", "ORDER"), _tap("取货码", "PICKUP"), _page("全部订单", "orders")],
        },
        {
            "name": "会员",
            "sub_button": [_page("会员码", "card"), _tap("我的积分", "POINTS"), _page("优惠券", "coupons"),
                           _tap("附近门店", "STORE")],
        },
    ]  # fmt: skip


def write(session: Session, *, now: datetime) -> None:
    """Rules for both apps, and a menu that somebody approved."""
    with transaction(session):
        for app in ("service", "mini"):
            for name, occasion, words, messages in RULES:
                if app == "service" or occasion != "click":
                    rule = {"app": app, "name": name, "occasion": occasion, "words": words, "messages": messages}
                    whole = {**rule, "priority": 0, "active": True}
                    replies.write(session, whole, reply_id=None, actor=ACTOR, now=now)
        menu_id = menu.draft(session, buttons(), actor=ACTOR, now=now)
        moves.approve_menu(session, menu_id, actor=ACTOR, now=now)
