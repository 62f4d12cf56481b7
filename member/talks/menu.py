"""The service account's menu: versions, what is wrong with one, and how two differ (wechat.md 2.3)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, Refused

TOPS, BELOW, TOP_BYTES, BELOW_BYTES = 3, 5, 16, 60
Button = dict[str, Any]


class MenuNotSound(Refused):
    """WeChat would not take this menu; `fields` names each fault by its place (`2.1.name`)."""

    code, status = "menu_not_sound", 422


_DRAFT = text(
    "INSERT INTO talk_menu (buttons, state, author, code, tries, drafted_at)"
    " VALUES (CAST(:buttons AS jsonb), 'draft', :actor, '', 0, :now) RETURNING id"
)
_ONE = text("SELECT id, buttons, state, code, tries FROM talk_menu WHERE id = :id")
_VERSIONS = text(
    "SELECT id, buttons, state, author, approver, code, drafted_at, published_at FROM talk_menu"
    " ORDER BY id DESC LIMIT 20"
)
_PUBLISHED = text(
    "SELECT id, buttons FROM talk_menu WHERE state = 'published' ORDER BY published_at DESC, id DESC LIMIT 1"
)


def _fault_of(button: Button, most_bytes: int) -> Iterator[tuple[str, str]]:
    if not 0 < len(button["name"].encode()) <= most_bytes:
        yield "name", "menu_name_length"
    if button.get("sub_button"):
        return
    kind = button.get("type")
    if kind == "click" and not 0 < len(button.get("key", "").encode()) <= 128:
        yield "key", "menu_needs_key"
    if kind in ("view", "miniprogram") and not button.get("url", "").startswith(("https://", "http://")):
        yield "url", "menu_needs_url"
    if kind == "miniprogram" and not button.get("pagepath"):
        yield "pagepath", "menu_needs_page"


def faults(buttons: list[Button]) -> dict[str, str]:
    """What WeChat would not take, by place; empty when it is sound."""
    found: dict[str, str] = {}
    if not 0 < len(buttons) <= TOPS:
        found["buttons"] = "menu_too_many"
    for top, button in enumerate(buttons, start=1):
        found |= {f"{top}.{name}": why for name, why in _fault_of(button, TOP_BYTES)}
        below = button.get("sub_button") or []
        if len(below) > BELOW:
            found[f"{top}"] = "menu_too_many"
        for place, one in enumerate(below, start=1):
            found |= {f"{top}.{place}.{name}": why for name, why in _fault_of(one, BELOW_BYTES)}
    return found


def draft(session: Session, buttons: list[Button], *, actor: str, now: datetime) -> int:
    """Write the next version; its id.

    :raises MenuNotSound: WeChat would not take it.
    """
    if wrong := faults(buttons):
        raise MenuNotSound(fields=wrong)
    row = fetch(session, _DRAFT, {"buttons": json.dumps(buttons, ensure_ascii=False), "actor": actor, "now": now})[0]
    journal.record(session, "talk.menu_drafted", f"talk_menu:{row.id}", actor=actor, now=now)
    return int(row.id)


def one(session: Session, menu_id: int) -> Any:
    """A version: id, buttons, state, code, tries; raises NotFound."""
    row = first(session, _ONE, {"id": menu_id})
    if row is None:
        raise NotFound(menu_id=menu_id)
    return row


def published(session: Session) -> list[Button]:
    """The buttons that we published last; empty before the first time."""
    row = first(session, _PUBLISHED, {})
    return list(row.buttons) if row else []


def versions(session: Session) -> list[dict[str, Any]]:
    """The last twenty versions, newest first, each with its difference to what is published."""
    now = published(session)
    return [
        {
            **row._asdict(),
            "drafted_at": row.drafted_at.isoformat(),
            "published_at": row.published_at.isoformat() if row.published_at else None,
            "difference": difference(now, list(row.buttons)),
        }
        for row in fetch(session, _VERSIONS, {})
    ]


def as_drafted(buttons: list[Button]) -> list[Button]:
    """WeChat's own menu in the words of a draft: it adds an empty list below every button, we our appid."""
    found = []
    for one in buttons:
        plain = {name: value for name, value in one.items() if name not in ("sub_button", "appid")}
        below = as_drafted(one.get("sub_button") or [])
        found.append({**plain, "sub_button": below} if below else plain)
    return found


def for_wechat(buttons: list[Button], appid: str) -> list[Button]:
    """A draft as WeChat takes it: a button that opens the mini-program names it."""
    found = []
    for one in buttons:
        plain = {**one, "appid": appid} if one.get("type") == "miniprogram" else dict(one)
        below = for_wechat(one.get("sub_button") or [], appid)
        found.append({**plain, "sub_button": below} if below else plain)
    return found


def _flat(buttons: list[Button]) -> dict[str, Button]:
    """Every button that does something, by the names on the way to it."""
    found: dict[str, Button] = {}
    for top in buttons:
        below = top.get("sub_button") or []
        named = {f"{top['name']} / {one['name']}": one for one in below} if below else {top["name"]: top}
        found |= {
            name: {key: value for key, value in one.items() if key != "sub_button"} for name, one in named.items()
        }
    return found


def difference(before: list[Button], after: list[Button]) -> dict[str, Any]:
    """What a menu would change: names `added`, `removed` and `changed`, and whether only the order is `moved`."""
    old, new = _flat(before), _flat(after)
    both = [name for name in new if name in old]
    return {
        "added": [name for name in new if name not in old],
        "removed": [name for name in old if name not in new],
        "changed": [name for name in both if old[name] != new[name]],
        "moved": [name for name in old if name in new] != both,
    }
