"""Talking with the shop: its service account (公众号) with follow and menu, and the mini-program's customer service."""

from __future__ import annotations

import re
from typing import Any

from flask import abort, current_app, redirect, render_template, url_for
from markupsafe import Markup, escape
from werkzeug.wrappers import Response

from tests.wechat_stand_in.conversation import Conversation
from tests.wechat_stand_in.phone.shell import actor, bp, done, owner, page, said

APPS = ("service", "mini")
LINK, ATTRIBUTE = re.compile(r"<a\s([^>]*)>(.*?)</a>", re.DOTALL), re.compile(r'([\w-]+)="([^"]*)"')
SAFE = re.compile(r"https?://|/phone/")
STEPS = {
    "follow": (),
    "unfollow": (),
    "say": ("text",),
    "tap": ("name",),
    "enter": (),
    "scan": ("scene",),
    "be_at": ("lat", "lng", "label"),
}
"""What a person can do, and what it takes."""


def the_conversation() -> Conversation:
    """What people do with the service account and the mini-program."""
    found: Conversation = current_app.extensions["conversation"]
    return found


def talk_of(openid: str, app: str) -> list[dict[str, Any]]:
    """What both sides said, oldest first."""
    return list(the_conversation().talk(openid, app))


@bp.app_template_filter("linked")
def linked(text: str) -> Markup:
    """A text whose `<a>` are links as WeChat makes them, to a page of the mini-program before any other; the rest is
    text."""
    shown, at = Markup(), 0
    for found in LINK.finditer(text):
        named = dict(ATTRIBUTE.findall(found[1]))
        inside = named.get("data-miniprogram-path")
        target = url_for("phone.app", page=inside) if inside else named.get("href", "")
        shown += escape(text[at : found.start()])
        shown += Markup('<a class="link" href="{}">{}</a>').format(target, found[2]) if SAFE.match(target) else found[2]
        at = found.end()
    return shown + escape(text[at:])


@bp.get("/talk/<app>")
def talk(app: str) -> str | Response:
    """The chat; whoever does not follow the service account yet sees its card instead."""
    if app not in APPS:
        abort(404)
    who, doing = owner()["openid"], the_conversation()
    follows = app == "mini" or doing.follows(who)
    return page("talk", app=app, follows=follows, menu=doing.menu() if app == "service" else [], talk=talk_of(who, app))


@bp.get("/talk/<app>/list")
def talk_list(app: str) -> str:
    """What was said, anew."""
    return render_template("phone/talk_list.html", app=app, talk=talk_of(owner()["openid"], app))


@bp.post("/talk/<app>/<step>")
def talk_step(app: str, step: str) -> Response | dict[str, Any]:
    """One step with what it takes; `{pushed}`: whether the shop is told.  A menu's page or mini-program opens."""
    if app not in APPS or step not in STEPS:
        abort(404)
    who, given, doing = actor()["openid"], said(), the_conversation()
    takes = {name: given[name].strip() for name in STEPS[step]}
    if "" in takes.values():
        return done(url_for("phone.talk", app=app), pushed=False)
    if step == "say":
        takes["app"] = app
    pushed = getattr(doing, step)(who, **takes)
    return done(_opened(takes["name"]) if step == "tap" else url_for("phone.talk", app=app), pushed=pushed is not None)


def _opened(name: str) -> str | Response:
    flat = [one for top in the_conversation().menu() for one in (top.get("sub_button") or [top])]
    button = next((one for one in flat if one["name"] == name), {"type": "click"})
    if button["type"] == "miniprogram":
        return url_for("phone.app", page=button["pagepath"])
    return redirect(button["url"]) if button["type"] == "view" else url_for("phone.talk", app="service")
