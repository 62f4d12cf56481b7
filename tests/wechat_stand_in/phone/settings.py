"""How a person behaves when a shop asks something of them."""

from __future__ import annotations

from typing import Any

from flask import url_for
from werkzeug.wrappers import Response

from tests.wechat_stand_in.pay.answers import the_world
from tests.wechat_stand_in.phone.shell import actor, bp, done, owner, page, said

SLOW_S = (0, 5, 20, 60)
"""How long this person thinks before they type the password."""


@bp.get("/settings")
def settings() -> str:
    return page("settings", habits=the_world().habits_of(owner()["openid"]), slow=SLOW_S)


@bp.post("/settings")
def set_habits() -> Response | dict[str, Any]:
    """`slow_s`, `refuses_phone` (1 or nothing) and `balance_yuan` (nothing: as much as it takes); `{habits}`."""
    given, habits = said(), the_world().habits_of(actor()["openid"])
    yuan = str(given.get("balance_yuan", "")).strip()
    habits |= {
        "slow_s": max(0, int(given.get("slow_s") or 0)),
        "refuses_phone": bool(given.get("refuses_phone")),
        "balance_fen": int(yuan) * 100 if yuan.isdecimal() else None,
    }
    return done(url_for("phone.settings", saved=1), habits=habits)
