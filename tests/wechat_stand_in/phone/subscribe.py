"""The phone's question about messages, as `wx.requestSubscribeMessage` shows it."""

from __future__ import annotations

from typing import Any

from flask import Response as Answer
from flask import request
from werkzeug.wrappers import Response

from tests.wechat_stand_in.open_platform.messages import AT_ONCE
from tests.wechat_stand_in.pay.answers import the_world
from tests.wechat_stand_in.phone.consent import back
from tests.wechat_stand_in.phone.shell import actor, bp, done, owner, page, said, say
from tests.wechat_stand_in.phone.talk import the_conversation


@bp.get("/subscribe")
def ask() -> str | Answer:
    """`?templates=<id>,<id>&redirect=<address>`, as the person of this phone."""
    owner()
    known = the_world().templates
    asked = {one: known[one] for one in request.args["templates"].split(",") if one in known}
    if not 0 < len(asked) <= AT_ONCE:
        return Answer(say("subscribe.how_many"), 400)
    return page("subscribe", templates=asked, redirect=request.args["redirect"])


@bp.post("/subscribe")
def answered() -> Response | dict[str, Any]:
    """`templates` (ids, by commas), `yes` (those agreed to) and `answer`; `subscribed=<id>:accept,<id>:reject`."""
    given = said()
    agreed = given.get("yes", []) if request.is_json else request.form.getlist("yes")
    yes = set(agreed) if given["answer"] == "yes" else set()
    answers = {one: one in yes for one in given["templates"].split(",")}
    the_conversation().answer(actor()["openid"], answers)
    told = ",".join(f"{one}:{'accept' if yes else 'reject'}" for one, yes in answers.items())
    return done(back(given.get("redirect", ""), subscribed=told), subscribed=told)
