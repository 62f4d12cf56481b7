"""The events that wechatpy does not know, read from XML and JSON alike (wechat.md 1.1, P10).

XML wraps a list in an element named after the event, JSON does not, and both unpack a list of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from config.wechat.callback import Push

ASKED, SWITCHED = "subscribe_msg_popup_event", "subscribe_msg_change_event"
"""Answers in the dialog, and in WeChat's settings, from where only refusals are pushed."""
SENT = "subscribe_msg_sent_event"
TRADE = ("trade_manage_remind_access_api", "trade_manage_remind_shipping", "trade_manage_order_settlement")
"""Kept as they came: in the last of them `confirm_receive_method` is reported to arrive the wrong way round."""
REVOKED = "user_authorization_revoke"


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person answered to one message template."""

    template_id: str
    given: bool


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one subscribe message; `code` is `0` when it arrived."""

    template_id: str
    msg_id: str
    code: str
    status: str


@dataclass(frozen=True, slots=True)
class Revoked:
    """A person took back what the mini-program may know of them; `what` are WeChat's numbers of it."""

    openid: str
    what: tuple[str, ...]


def _rows(push: Push) -> list[dict[str, Any]]:
    wrapper = "".join(word.capitalize() for word in push.event.split("_"))
    inside = push.said.get(wrapper)
    found = (inside if isinstance(inside, dict) else push.said).get("List") or []
    return [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, dict)]


def consents(push: Push) -> list[Consent]:
    """The answers of ASKED or SWITCHED; what is neither yes nor no is left out."""
    given = {"accept": True, "reject": False}
    rows = ((str(one.get("TemplateId") or ""), one.get("SubscribeStatusString")) for one in _rows(push))
    return [Consent(template, given[word]) for template, word in rows if template and word in given]


def sent(push: Push) -> list[Sent]:
    """The results of SENT."""
    names = ("TemplateId", "MsgID", "ErrorCode", "ErrorStatus")
    return [Sent(*(str(one.get(name) or "") for name in names)) for one in _rows(push)]


def revoked(push: Push) -> Revoked:
    """What REVOKED takes back."""
    return Revoked(push.text("OpenID"), tuple(one for one in push.text("RevokeInfo").split(",") if one))
