"""The phone's first page, and the frame in which the mini-program runs."""

from __future__ import annotations

from flask import request

from tests.wechat_stand_in.pay.answers import the_world
from tests.wechat_stand_in.phone.bill import entries
from tests.wechat_stand_in.phone.consent import back
from tests.wechat_stand_in.phone.messages import unread
from tests.wechat_stand_in.phone.shell import bp, owner, page

TILES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("app", "phone.app", {}),
    ("code", "phone.code", {}),
    ("messages", "phone.messages", {}),
    ("account", "phone.talk", {"app": "service"}),
    ("bill", "phone.bill", {}),
    ("settings", "phone.settings", {}),
)
"""The services: icon and words, and the page."""


@bp.get("/")
def home() -> str:
    """What this person may do with their phone."""
    world, who = the_world(), owner()
    counts = {"messages": unread(world, who["openid"])}
    return page("home", person=who, tiles=TILES, counts=counts, latest=entries(world, who["openid"])[:3])


@bp.get("/app")
def app() -> str:
    """The mini-program, as this person: whoever signed in there before comes back signed in, others as guests."""
    world, who = the_world(), owner()
    known = world.habits_of(who["openid"])["known"]
    told = {"wx_code": world.code("login", who["openid"])} if known else {"wx_guest": "1"}
    start = back(f"{world.shop_url}/mall/", **told)
    where = request.args.get("page", "").lstrip("/")
    return page("app", address=f"{start}#/{where}" if where else start)
