"""Where a person lets the shop know who they are, and their phone number."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from tests.wechat_stand_in.pay.answers import the_world
from tests.wechat_stand_in.phone.shell import actor, bp, done, owner, page, said, stay


def back(address: str, **told: str) -> str:
    """The page that sent the customer here, with the outcome in its query."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(query=urlencode([*parse_qsl(parts.query), *told.items()])))


@bp.get("/choose")
def choose() -> str:
    """Who holds this phone."""
    return page("choose", to=request.args.get("next", ""))


@bp.post("/choose")
def chosen() -> Response | dict[str, Any]:
    stay(said()["openid"])
    to = said().get("next") or url_for("phone.home")
    return done(to if to.startswith("/phone/") else url_for("phone.home"), openid=said()["openid"])


@bp.get("/login")
def login() -> str | Response:
    """The shop asks who is there.  Without an address to go back to, it is only the choice of a person."""
    if "redirect" not in request.args:
        return redirect(url_for("phone.choose"))
    return page("login", redirect=request.args["redirect"])


@bp.post("/login")
def log_in() -> Response | dict[str, Any]:
    """Yes: a single-use code for the shop; `{wx_code}`."""
    openid = actor()["openid"]
    code = the_world().code("login", openid)
    the_world().habits_of(openid)["known"] = True
    stay(openid)
    return done(back(said().get("redirect", ""), wx_code=code), wx_code=code)


@bp.get("/number")
def number() -> str:
    """The shop asks for the phone number."""
    return page(
        "number", person=owner(), habits=the_world().habits_of(owner()["openid"]), redirect=request.args["redirect"]
    )


@bp.post("/number")
def give_number() -> Response | dict[str, Any]:
    """`answer` yes or no, else as this person does: `{phone_code}` or `{phone_refused}`."""
    who, given = actor(), said()
    usual = "no" if the_world().habits_of(who["openid"])["refuses_phone"] else "yes"
    told = (
        {"phone_code": the_world().code("phone", who["openid"])}
        if given.get("answer", usual) == "yes"
        else {"phone_refused": "1"}
    )
    return done(back(given.get("redirect", ""), **told), **told)
