"""The phone's question about messages, as `wx.requestSubscribeMessage` shows it."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from tests.wechat_stand_in.open_platform.messages import AT_ONCE, answer
from tests.wechat_stand_in.world import PEOPLE, World

COOKIE = "phone_person"


def blueprint(world: World) -> Blueprint:
    """The page on a world: `/phone/subscribe?templates=<id>,<id>&redirect=<address>`.

    Answers by `subscribed=<id>:accept,<id>:reject` in the query of `redirect`.
    """
    bp = Blueprint("subscribing", __name__, template_folder="templates")

    @bp.get("/phone/subscribe")
    def ask() -> str | Response:
        asked = [one for one in request.args["templates"].split(",") if one in world.templates]
        if not 0 < len(asked) <= AT_ONCE:
            return Response("一次询问一至三个消息模板", 400)
        shown = {one: world.templates[one] for one in asked}
        return render_template("subscribe.html", templates=shown, redirect=request.args["redirect"])

    @bp.post("/phone/subscribe")
    def answered() -> Response:
        who = request.cookies.get(COOKIE) or PEOPLE[0]["openid"]
        given = request.form
        yes = set(given.getlist("yes")) if given["answer"] == "yes" else set()
        asked = {one: one in yes for one in given["templates"].split(",")}
        answer(world, who, asked)
        words = ",".join(f"{one}:{'accept' if said else 'reject'}" for one, said in asked.items())
        parts = urlsplit(given["redirect"])
        query = urlencode([*parse_qsl(parts.query), ("subscribed", words)])
        return redirect(urlunsplit(parts._replace(query=query)))

    return bp
