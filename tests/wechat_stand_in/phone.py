"""The phone: where a person signs in, gives a number, pays or refuses."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as Redirect

from tests.wechat_stand_in.notifier import Notifier
from tests.wechat_stand_in.pay import orders
from tests.wechat_stand_in.world import PEOPLE, World

COOKIE = "phone_person"


def back(**said: str) -> Redirect:
    """To the page that sent the customer here, with the outcome in its query."""
    parts = urlsplit(request.values["redirect"])
    query = urlencode([*parse_qsl(parts.query), *said.items()])
    return redirect(urlunsplit(parts._replace(query=query)))


def blueprint(world: World, notifier: Notifier) -> Blueprint:
    """The phone's pages on a world."""
    bp = Blueprint("phone", __name__, template_folder="templates")

    @bp.get("/phone/login")
    def login() -> str:
        return render_template("login.html", people=PEOPLE, redirect=request.args["redirect"])

    @bp.post("/phone/login")
    def log_in() -> Redirect:
        openid = request.form["openid"]
        answer = back(wx_code=world.code("login", openid))
        answer.set_cookie(COOKIE, openid, samesite="Lax")
        return answer

    @bp.get("/phone/number")
    def number() -> str:
        who = next((one for one in PEOPLE if one["openid"] == request.cookies.get(COOKIE)), PEOPLE[0])
        return render_template("number.html", person=who, redirect=request.args["redirect"])

    @bp.post("/phone/number")
    def give_number() -> Redirect:
        if request.form["answer"] != "yes":
            return back(phone_refused="1")
        return back(phone_code=world.code("phone", request.form["openid"]))

    @bp.get("/phone/pay")
    def pay_page() -> str | Response:
        one = world.orders.get(world.number_of(request.args["package"]) or "")
        if one is None:
            return Response("没有这笔支付", 404)
        return render_template(
            "pay.html",
            order=one,
            yuan=f"{one['total'] // 100}.{one['total'] % 100:02d}",
            redirect=request.args["redirect"],
        )

    @bp.post("/phone/pay")
    def answer_pay() -> Redirect:
        if request.form["answer"] != "yes":
            return back(pay="cancel")
        return back(pay="ok" if orders.settle(world, notifier, request.form["out_trade_no"]) else "cancel")

    return bp
