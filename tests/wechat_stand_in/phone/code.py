"""The payment code (付款码): shown to a cashier, renewed every minute; the password if it is asked, and the outcome."""

from __future__ import annotations

from typing import Any

from flask import render_template, url_for
from werkzeug.wrappers import Response

from tests.wechat_stand_in.pay import codepay
from tests.wechat_stand_in.pay.answers import the_world
from tests.wechat_stand_in.phone.drawing import bar_code, qr_code
from tests.wechat_stand_in.phone.shell import actor, bp, done, owner, page, said
from tests.wechat_stand_in.world import World

TOLD_S = 120
"""How long the outcome of a payment stays on the screen unless it is put away."""


def shown(world: World, openid: str) -> str:
    """The code on the screen: the one that still lives, else a new one.  Whoever shows it types the password alone."""
    with world.lock:
        world.habits_of(openid).setdefault("code", {"types_after_s": None})
        for digits, one in reversed(world.auth_codes.items()):
            if one["openid"] == openid and not one["used"] and one["until"] > world.now() + 1:
                return digits
        return codepay.show(world, openid)


def latest(world: World, openid: str) -> dict[str, Any] | None:
    """The payment by code that this person has to do with now: asked for, or just ended and not put away."""
    with world.lock:
        mine = [one for one in world.orders.values() if one.get("way") == "code" and one["openid"] == openid]
        for one in mine:
            codepay.look(world, one)
    last = max(mine, key=lambda one: one["made"], default=None)
    if last is None or (last["state"] != "USERPAYING" and (last.get("seen") or last["made"] < world.now() - TOLD_S)):
        return None
    return last


def _facts() -> dict[str, Any]:
    world, who = the_world(), owner()
    order = latest(world, who["openid"])
    if order is not None:
        return {"order": order, "habits": world.habits_of(who["openid"])}
    digits = shown(world, who["openid"])
    return {"order": None, "digits": digits, "bars": bar_code(digits), "qr": qr_code(digits)}


@bp.get("/code")
def code() -> str:
    return page("code", **_facts())


@bp.get("/code/now")
def code_now() -> str:
    """What the screen shows now."""
    return render_template("phone/code_now.html", **_facts())


@bp.post("/code")
def show_code() -> Response | dict[str, Any]:
    """`{auth_code}`: what a cashier would scan."""
    return done(url_for("phone.code"), auth_code=shown(the_world(), actor()["openid"]))


@bp.post("/code/answer")
def answer_code() -> Response | dict[str, Any]:
    """The password box: `answer` yes or no, `wait_s` before it counts.  `{state}` of the payment, empty when there is
    none."""
    world, given, who = the_world(), said(), actor()["openid"]
    order = latest(world, who)
    if order is None:
        return done(url_for("phone.code"), state="")
    with world.lock:
        if order["state"] == "USERPAYING":
            order |= {"types_at": world.now() + int(given.get("wait_s") or 0), "cancels": given.get("answer") == "no"}
            codepay.look(world, order)
    return done(url_for("phone.code"), state=order["state"])


@bp.post("/code/seen")
def put_away() -> Response | dict[str, Any]:
    """Put the outcome away: the next code is shown."""
    if order := latest(the_world(), actor()["openid"]):
        order["seen"] = order["state"] != "USERPAYING"
    return done(url_for("phone.code"))
