"""What a person does with the service account and the mini-program's customer service: each step is pushed to us.

People are named by their openid in the mini-program (`PEOPLE`).  `world.talks[person:app]` keeps what both sides said,
oldest first: `{at, by: "person" | "shop", kind, ...}`; `world.windows` how many messages we may still send.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from tests.wechat_stand_in.callbacks import Callbacks
from tests.wechat_stand_in.open_platform import messages
from tests.wechat_stand_in.world import World, mini_openid, service_openid

DAY2, MINUTE = 48 * 3600, 60
WINDOWS = {
    ("service", "text"): (5, DAY2), ("service", "CLICK"): (3, MINUTE), ("service", "subscribe"): (3, MINUTE),
    ("service", "SCAN"): (3, MINUTE), ("mini", "text"): (5, DAY2), ("mini", "user_enter_tempsession"): (2, MINUTE),
}  # fmt: skip
"""How many messages each thing a person does allows, and for how many seconds; the same thing again begins anew."""


class Conversation:
    """Steps of one person at a time; each returns the push it made, or None when WeChat would show nothing."""

    def __init__(self, world: World, callbacks: Callbacks) -> None:
        self.world, self.callbacks = world, callbacks

    def talk(self, openid: str, app: str = "service") -> list[dict[str, Any]]:
        """What both sides said so far."""
        return self.world.talks.setdefault(f"{openid}:{app}", [])

    def _own(self, openid: str, app: str) -> str:
        return service_openid(openid) if app == "service" else openid

    def _push(self, openid: str, app: str, **said: Any) -> dict[str, Any]:
        if allowed := WINDOWS.get((app, said.get("Event", "text"))):
            self.allow(openid, app, said.get("Event", "text"), *allowed)
        return self.callbacks.push(app, self._own(openid, app), **said)

    def allow(self, openid: str, app: str, why: str, messages: int, lives_s: int) -> None:
        """Let the shop send so many messages for so long because of `why`."""
        with self.world.lock:
            windows = self.world.windows.setdefault(f"{openid}:{app}", {})
            windows[why] = {"left": messages, "until": self.world.now() + lives_s}

    def _after_payments(self, openid: str) -> None:
        """A payment of the last 48 hours lets the service account write, too."""
        for no, one in list(self.world.orders.items()):
            paid_at = one.get("success_time")
            until = datetime.fromisoformat(paid_at).timestamp() + DAY2 if paid_at else 0
            if one.get("openid") == openid and until > self.world.now():
                windows = self.world.windows.setdefault(f"{openid}:service", {})
                windows.setdefault(f"paid {no}", {"left": self.world.reading.service_after_payment, "until": until})

    def follows(self, openid: str) -> bool:
        """Whether the person follows the service account."""
        return service_openid(openid) in self.world.followers

    def follow(self, openid: str, scene: str = "") -> dict[str, Any] | None:
        """Follow the service account, by the QR code of a scene or without one."""
        if self.follows(openid):
            return None
        self.world.followers[service_openid(openid)] = {"since": int(self.world.now()), "scene": scene}
        self._say(openid, "service", "person", kind="event", text="关注了公众号")
        with_code = {"EventKey": f"qrscene_{scene}", "Ticket": secrets.token_hex(20)} if scene else {"EventKey": ""}
        return self._push(openid, "service", MsgType="event", Event="subscribe", **with_code)

    def unfollow(self, openid: str) -> dict[str, Any] | None:
        """Leave the service account: nothing can be sent any more."""
        if not self.follows(openid):
            return None
        del self.world.followers[service_openid(openid)]
        self.world.windows.pop(f"{openid}:service", None)
        self._say(openid, "service", "person", kind="event", text="取消了关注")
        return self._push(openid, "service", MsgType="event", Event="unsubscribe", EventKey="")

    def scan(self, openid: str, scene: str) -> dict[str, Any] | None:
        """Scan a QR code of the service account; whoever does not follow yet, follows by it."""
        if not self.follows(openid):
            return self.follow(openid, scene)
        said = {"EventKey": scene, "Ticket": secrets.token_hex(20)}
        return self._push(openid, "service", MsgType="event", Event="SCAN", **said)

    def say(self, openid: str, text: str, app: str = "service") -> dict[str, Any] | None:
        """Write to the shop."""
        if app == "service" and not self.follows(openid):
            return None
        self._say(openid, app, "person", kind="text", text=text)
        return self._push(openid, app, MsgType="text", Content=text, MsgId=secrets.randbits(62))

    def be_at(self, openid: str, lat: str, lng: str, label: str) -> dict[str, Any] | None:
        """Send the service account where one is: degrees as texts, and the place's name."""
        if not self.follows(openid):
            return None
        self._say(openid, "service", "person", kind="text", text=label)
        where = {"Location_X": lat, "Location_Y": lng, "Scale": "15", "Label": label}
        return self._push(openid, "service", MsgType="location", MsgId=secrets.randbits(62), **where)

    def menu(self) -> list[dict[str, Any]]:
        """The service account's menu as published: buttons with `name`, and `sub_button` or what they do."""
        return list(self.world.menus.get("service", {}).get("button", []))

    def tap(self, openid: str, name: str) -> dict[str, Any] | None:
        """Tap a button of the menu by its name: `click` and `view` are pushed, a mini-program just opens."""
        flat = [one for top in self.menu() for one in (top.get("sub_button") or [top])]
        button = next((one for one in flat if one["name"] == name), None)
        if button is None or not self.follows(openid) or button["type"] == "miniprogram":
            return None
        self._say(openid, "service", "person", kind="menu", text=name)
        event, key = ("CLICK", button["key"]) if button["type"] == "click" else ("VIEW", button["url"])
        return self._push(openid, "service", MsgType="event", Event=event, EventKey=key)

    def enter(self, openid: str) -> dict[str, Any]:
        """Open the mini-program's customer service."""
        return self._push(
            openid, "mini", MsgType="event", Event="user_enter_tempsession", SessionFrom="wxapp"
        )  # fmt: skip

    def answer(self, openid: str, answers: dict[str, bool]) -> dict[str, Any]:
        """Accept or refuse the mini-program's message templates in the dialog: `{template id: accepted}`."""
        messages.answer(self.world, openid, answers)
        return self._consents(openid, "subscribe_msg_popup_event", answers, PopupScene="0")

    def refuse_later(self, openid: str, *templates: str) -> dict[str, Any]:
        """Refuse templates in the settings; WeChat pushes only refusals from there."""
        for one in templates:
            messages.switch_off(self.world, openid, one)
        return self._consents(openid, "subscribe_msg_change_event", dict.fromkeys(templates, False))

    def sent(self, openid: str, template: str, msg_id: str, *, code: str = "0", status: str = "success") -> Any:
        """What became of a subscribe message that we sent."""
        row = {"TemplateId": template, "MsgID": msg_id, "ErrorCode": code, "ErrorStatus": status}
        return self._listed(openid, "subscribe_msg_sent_event", [row])

    def revoke(self, openid: str) -> dict[str, Any]:
        """Take back what the mini-program may know: `user_authorization_revoke`."""
        own = {"OpenID": openid, "AppID": self.world.credentials("mini")["appid"], "RevokeInfo": "301,302"}
        return self._push(openid, "mini", MsgType="event", Event="user_authorization_revoke", **own)

    def _consents(self, openid: str, event: str, answers: dict[str, bool], **more: str) -> dict[str, Any]:
        words = {True: "accept", False: "reject"}
        rows = [{"TemplateId": one, "SubscribeStatusString": words[yes], **more} for one, yes in answers.items()]
        return self._listed(openid, event, rows)

    def _listed(self, openid: str, event: str, rows: list[dict[str, str]]) -> dict[str, Any]:
        """XML wraps the list in an element named after the event; JSON does not, and unpacks a list of one."""
        if self.world.callbacks.get("mini", {}).get("form") == "json":
            return self._push(openid, "mini", MsgType="event", Event=event, List=rows if len(rows) > 1 else rows[0])
        wrapped = "".join(word.capitalize() for word in event.split("_"))
        return self._push(openid, "mini", MsgType="event", Event=event, **{wrapped: {"List": rows}})

    def _say(self, openid: str, app: str, by: str, **said: Any) -> None:
        with self.world.lock:
            self.talk(openid, app).append({"at": int(self.world.now()), "by": by, **said})
            self.world.keep()

    def send(self, app: str, touser: str, said: dict[str, Any]) -> int:
        """A customer-service message from the shop: 0, or WeChat's error code."""
        openid = mini_openid(touser)
        with self.world.lock:
            if app == "service" and self.follows(openid):
                self._after_payments(openid)
            windows = self.world.windows.get(f"{openid}:{app}", {})
            live = [one for one in windows.values() if one["until"] > self.world.now()]
            if not live:
                return 45015
            window = next((one for one in sorted(live, key=lambda one: one["until"]) if one["left"]), None)
            if window is None:
                return 45047
            window["left"] -= 1
            kind = said["msgtype"]
            own = said[kind]
            self._say(openid, app, "shop", kind=kind, text=own.get("content") or own.get("title") or "", body=own)
        return 0
