"""What reached a person: notices of the mini-program and the service account, and the talks."""

from __future__ import annotations

from typing import Any

from flask import render_template, request

from tests.wechat_stand_in.pay.answers import the_world
from tests.wechat_stand_in.phone.shell import bp, moment, one_of, owner, page
from tests.wechat_stand_in.phone.talk import APPS, talk_of
from tests.wechat_stand_in.world import World, service_openid


def notices(world: World, openid: str) -> list[dict[str, Any]]:
    """Subscribe and template messages, newest first."""
    got = [*world.messages.get(openid, []), *world.messages.get(service_openid(openid), [])]
    return sorted(got, key=lambda one: (moment(one["at"]), one["id"]), reverse=True)


def unread(world: World, openid: str) -> int:
    """Notices that came since the person last looked."""
    return len(notices(world, openid)) - int(world.habits_of(openid)["read"])


def _rows(world: World, openid: str) -> list[dict[str, Any]]:
    got = notices(world, openid)
    found = (
        [{"name": "notices", "last": got[0]["title"], "at": got[0]["at"], "unread": unread(world, openid)}]
        if got
        else []
    )
    for app in APPS:
        if talk := talk_of(openid, app):
            last = talk[-1]["text"] or talk[-1].get("body", {}).get("title", "")
            found.append({"name": app, "last": last, "at": talk[-1]["at"], "unread": 0})
    return found


@bp.get("/messages")
def messages() -> str:
    return page("messages", rows=_rows(the_world(), owner()["openid"]))


@bp.get("/messages/list")
def messages_list() -> str:
    """The list anew."""
    return render_template("phone/messages_list.html", rows=_rows(the_world(), owner()["openid"]))


@bp.get("/notices")
def read_notices() -> str:
    """All notices; from now on they are read."""
    return page("notices", notices=_read())


@bp.get("/notices/list")
def notices_list() -> str:
    """The notices anew."""
    return render_template("phone/notices_list.html", notices=_read())


def _read() -> list[dict[str, Any]]:
    world, who = the_world(), owner()["openid"]
    got = notices(world, who)
    world.habits_of(who)["read"] = len(got)
    return got


@bp.get("/api/notices")
def notices_as_data() -> dict[str, Any]:
    """The same for tests: `?openid=`."""
    return {"notices": notices(the_world(), one_of(request.args["openid"])["openid"])}
