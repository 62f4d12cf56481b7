"""The payment that a shop asks for: its sheet, the password, and what came of it."""

from __future__ import annotations

from typing import Any

from flask import Response as Answer
from flask import request, url_for
from werkzeug.wrappers import Response

from tests.wechat_stand_in.pay import orders
from tests.wechat_stand_in.pay.answers import the_notifier, the_world
from tests.wechat_stand_in.phone.consent import back
from tests.wechat_stand_in.phone.shell import bp, done, owner, page, said, stay, whose


@bp.get("/pay")
def pay_page() -> str | Answer:
    """What is to be paid; another person's payment cannot be."""
    world = the_world()
    order = world.orders.get(world.number_of(request.args["package"]) or "")
    if order is None:
        return Answer(page("no_payment", redirect=request.args["redirect"]), 404)
    if whose() is None:
        stay(order["openid"])
    return page(
        "pay",
        order=order,
        stranger=(whose() or order)["openid"] != order["openid"],
        habits=world.habits_of(order["openid"]),
        over=not orders.payable(world, order),
        redirect=request.args["redirect"],
    )


@bp.post("/pay")
def answer_pay() -> Response | dict[str, Any]:
    """`answer` yes or no; `by` is `balance` or `card`.  `{pay, why}`: ok or cancel, and why not: `over`, `short`."""
    given = said()
    to = given.get("redirect", "")
    number = given.get("out_trade_no") or the_world().number_of(given.get("package", "")) or ""
    if given["answer"] != "yes":
        return done(back(to, pay="cancel"), pay="cancel", why="")
    why = _pay(number, given.get("by", "balance"))
    shown = url_for("phone.paid", no=number, why=why, redirect=to)
    return done(shown, pay="cancel" if why else "ok", why=why)


@bp.get("/paid")
def paid() -> str:
    """What came of it, and the way back to the shop."""
    why, to = request.args["why"], request.args["redirect"]
    order = the_world().orders.get(request.args["no"])
    return page("paid", order=order, why=why, redirect=to, to=back(to, pay="cancel" if why else "ok"))


def _pay(number: str, by: str) -> str:
    """Why it cannot be paid; empty when it is paid."""
    world = the_world()
    order = world.orders.get(number)
    if order is None:
        return "over"
    payer = said().get("openid", order["openid"]) if request.is_json else owner()["openid"]
    if payer != order["openid"]:
        return "stranger"
    habits = world.habits_of(payer)
    with world.lock:
        limited = by == "balance" and habits["balance_fen"] is not None
        if limited and habits["balance_fen"] < order["total"]:
            return "short"
        if not orders.settle(world, the_notifier(), number):
            return "over"
        if limited:
            habits["balance_fen"] -= order["total"]
    return ""
