"""What a person paid, and what they got back."""

from __future__ import annotations

from typing import Any

from flask import abort, request, url_for
from werkzeug.wrappers import Response

from tests.wechat_stand_in.open_platform import shipping
from tests.wechat_stand_in.pay.answers import the_world
from tests.wechat_stand_in.phone.shell import actor, bp, done, moment, one_of, owner, page
from tests.wechat_stand_in.world import World


def entries(world: World, openid: str) -> list[dict[str, Any]]:
    """Payments and refunds of a person, newest first; refunds count backwards."""
    mine = {no: one for no, one in list(world.orders.items()) if one["openid"] == openid and one.get("success_time")}
    paid = [
        {"no": no, "at": one["success_time"], "fen": -one["total"], "what": one.get("description", ""), "refund": False,
         "back": sum(r["refund"] for r in list(world.refunds.values()) if r["out_trade_no"] == no)}
        for no, one in mine.items()
    ]  # fmt: skip
    back = [
        {"no": no, "at": one["at"], "fen": one["refund"], "what": mine[no].get("description", ""), "refund": True,
         "state": one["status"]}
        for one in list(world.refunds.values()) if (no := one["out_trade_no"]) in mine
    ]  # fmt: skip
    reversed_ = [
        {"no": no, "at": one["success_time"], "fen": one["reversed_fen"], "what": one["description"], "refund": True}
        for no, one in mine.items() if one.get("reversed_fen")
    ]  # fmt: skip
    return sorted(paid + back + reversed_, key=lambda one: moment(one["at"]), reverse=True)


def _months(of: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for one in of:
        found.setdefault(moment(one["at"]).strftime("%Y-%m"), []).append(one)
    return [
        {
            "month": month,
            "entries": of_month,
            "spent": -sum(one["fen"] for one in of_month if not one["refund"]),
            "back": sum(one["fen"] for one in of_month if one["refund"]),
        }
        for month, of_month in found.items()
    ]


@bp.get("/bill")
def bill() -> str:
    """By month."""
    return page("bill", months=_months(entries(the_world(), owner()["openid"])))


@bp.get("/bill/<no>")
def bill_entry(no: str) -> str:
    """One payment and what came back of it."""
    world = the_world()
    order = world.orders.get(no)
    if order is None or order["openid"] != owner()["openid"]:
        abort(404)
    of_the_mall = order.get("way") != "code" and world.trade_managed
    back = [one for one in list(world.refunds.values()) if one["out_trade_no"] == no]
    if order.get("reversed_fen"):
        back.append({"refund": order["reversed_fen"], "status": "SUCCESS", "at": order["success_time"]})
    return page(
        "bill_entry",
        order=order,
        refunds=back,
        back_fen=sum(one["refund"] for one in back),
        goods=shipping.state(world, order) if of_the_mall else 0,
        order_page=world.pages.get("orders", "").replace("${商品订单号}", no) if of_the_mall else "",
    )


@bp.post("/bill/<no>/confirm")
def confirm(no: str) -> Response | dict[str, Any]:
    """The goods are here: the merchant's money is released.  `{confirmed}`; only what was sent can be confirmed."""
    world, who = the_world(), actor()["openid"]
    with world.lock:
        order = world.orders.get(no)
        sent = order is not None and order["openid"] == who and shipping.state(world, order) == 2
        if order is not None and sent:
            order["confirmed"] = True
            world.keep()
    return done(url_for("phone.bill_entry", no=no), confirmed=sent)


@bp.get("/api/bill")
def bill_as_data() -> dict[str, Any]:
    """The same for tests: `?openid=`."""
    return {"entries": entries(the_world(), one_of(request.args["openid"])["openid"])}
