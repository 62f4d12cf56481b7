"""What the shop answers by itself to what people say to it in WeChat: texts of the head office, and built-in ones.

A built-in answer is a text made at the moment of asking.  It says nothing that a glance at somebody else's phone should
not give away: a pickup code is only ever a link to the page that shows it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from config.settings import settings
from config.texts import say
from config.wechat.ready import talks
from member import identity
from trade.orders import read
from trade.stores import shops

LANGUAGE = "zh-CN"
NEAR = 3
Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, in which app, which member that is, and where they are (degrees north, east) when they said so."""

    app: str
    openid: str
    member_id: int | None
    place: Place | None = None


def _safe(words: object) -> str:
    """Words of ours or of a store's inside a text in which `<` begins a link."""
    return str(words).replace("<", "＜").replace(">", "＞")


def link(words: str, page: str, **query: Any) -> str:
    """A link that opens a page of the mini-program, and the mall in a browser elsewhere."""
    mini = talks("mini")
    assert mini is not None
    path = f"pages/{page}/{page}" + (f"?{urlencode(query)}" if query else "")
    href = f"{settings().base_url}/mall/#/{path}"
    return f'<a data-miniprogram-appid="{mini.appid}" data-miniprogram-path="{path}" href="{href}">{_safe(words)}</a>'


def _words(key: str, **facts: Any) -> str:
    return say(f"talk.{key}", LANGUAGE, **facts)


def _points(session: Session, asker: Asker, now: datetime) -> str:
    del now
    if asker.member_id is None:
        return _stranger()
    card = identity.card(session, asker.member_id)
    said = _words(
        "points_pending" if card.pending_points else "points", points=card.points, pending=card.pending_points
    )
    return f"{said}\n{link(_words('see_points'), 'points')}"


def _order(session: Session, asker: Asker, now: datetime) -> str:
    del now
    if asker.member_id is None:
        return _stranger()
    found = read.of_member(session, asker.member_id, before=None, most=1)
    if not found:
        return f"{_words('no_order')}\n{link(_words('see_home'), 'home')}"
    last = found[0]
    goods = "、".join(_safe(line["name"]) for line in last["lines"][:2])
    said = _words(
        "order", no=last["no"], state=_words(f"state.{last['state']}"), goods=goods, count=len(last["lines"]),
        payable_fen=last["payable_fen"],
    )  # fmt: skip
    return f"{said}\n{link(_words('see_order'), 'order', id=last['id'])}"


def _pickup(session: Session, asker: Asker, now: datetime) -> str:
    del now
    if asker.member_id is None:
        return _stranger()
    ready = [one for one in read.of_member(session, asker.member_id, before=None) if one["state"] == "ready"]
    if not ready:
        return f"{_words('nothing_ready')}\n{link(_words('see_orders'), 'orders')}"
    links = [link(_words("see_pickup", no=one["no"]), "order", id=one["id"]) for one in ready[:NEAR]]
    return "\n".join([_words("ready", count=len(ready)), *links])


def _store(session: Session, asker: Asker, now: datetime) -> str:
    found = shops.listed(session, place=asker.place, now=now)[:NEAR]
    rows = []
    for one in found:
        far = _words("far", km=f"{one['distance_m'] / 1000:.1f}") if one["distance_m"] is not None else ""
        hours = _words("hours", opens=one["opens"], closes=one["closes"])
        lines = (f"{_safe(one['name'])}{far}", _safe(one["address"]), hours, _safe(one["phone"] or ""))
        rows.append("\n".join(filter(None, lines)))
    hint = [] if asker.place else [_words("send_place")]
    return "\n\n".join([*rows, *hint, link(_words("see_stores"), "stores")])


def _member(session: Session, asker: Asker, now: datetime) -> str:
    """Who we take the asker for; after a follower was bound it says so."""
    del now
    if asker.member_id is None:
        return _stranger()
    card = identity.card(session, asker.member_id)
    return f"{_words('bound', no=card.no)}\n{link(_words('see_card'), 'card')}"


def _stranger() -> str:
    return f"{_words('stranger')}\n{link(_words('sign_in'), 'me')}"


BUILT_IN: dict[str, Callable[[Session, Asker, datetime], str]] = {
    "order": _order,
    "points": _points,
    "pickup": _pickup,
    "store": _store,
    "member": _member,
}
"""Name of the built-in message -> its text."""


def bodies(session: Session, messages: list[dict[str, Any]], asker: Asker, *, now: datetime) -> list[dict[str, Any]]:
    """Messages of a rule (`TalkReply.messages`) as WeChat takes them."""
    return [_body(session, one, asker, now) for one in messages]


def _body(session: Session, message: dict[str, Any], asker: Asker, now: datetime) -> dict[str, Any]:
    if message["kind"] == "link":
        facts = {"title": message["title"], "description": message["text"], "url": message["url"]}
        if asker.app == "mini":
            return {"msgtype": "link", "link": {**facts, "thumb_url": message["picture"]}}
        return {"msgtype": "news", "news": {"articles": [{**facts, "picurl": message["picture"]}]}}
    words = BUILT_IN[message["name"]](session, asker, now) if message["kind"] == "built_in" else message["text"]
    return {"msgtype": "text", "text": {"content": words}}
