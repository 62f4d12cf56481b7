"""What becomes of a push of WeChat's, in the transaction of its end: who follows, scanned what, and what we answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from config import journal
from config.db import attempt
from config.errors import NotFound
from config.wechat import events
from config.wechat.callback import Push
from config.wechat.ready import subscribe_kinds
from mall import answering
from mall.answering import Asker
from member import consent, followers
from member.reach import consents
from member.reach.moves import sent_result
from member.talks import moves, replies, windows
from member.talks.inbox import ACTOR
from trade.orders.shipping import events as shipping
from trade.settlement.credits import owners
from trade.stores.scenes import moves as scenes

_DEGREES = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,12})?")
Heard = Callable[[Session, Push, int, datetime], None]


def take(session: Session, push: Push, push_id: int, *, unionid: str | None, now: datetime) -> None:
    """Apply one push.  What we have no use for changes nothing: WeChat pushes more kinds every year.

    :param unionid: what WeChat says of a follower, empty when it knows none; None when it was not asked.
    """
    at = datetime.fromtimestamp(push.created, UTC)
    person = followers.person_of(push.app, push.openid)
    if push.app == "service" and push.event != "unsubscribe":
        followers.followed(session, push.openid, at=at, again=push.event == "subscribe")
        if unionid is not None:
            followers.asked(session, push.openid, unionid or None, now=now)
    what = push.event if push.kind == "event" else "message"
    windows.allow(session, push.app, person, what, at=min(at, now))
    if (heard := HEARD.get((push.app, what))) is not None:
        heard(session, push, push_id, now)


def _answer(
    session: Session, push: Push, push_id: int, messages: list[dict[str, object]], now: datetime
) -> None:  # fmt: skip
    degrees = push.text("Location_X"), push.text("Location_Y")
    place = degrees if all(map(_DEGREES.fullmatch, degrees)) else None
    asker = Asker(push.app, push.openid, followers.member_of(session, push.app, push.openid), place)
    person = followers.person_of(push.app, push.openid)
    said = answering.bodies(session, messages, asker, now=now)
    moves.intend(session, push_id, push.app, person, push.openid, said, now=now)


def _message(session: Session, push: Push, push_id: int, now: datetime) -> None:
    if push.kind == "location":
        messages = replies.to_occasion(session, push.app, "location")
    else:  # a picture or a voice is answered by the default
        messages = replies.to_text(session, push.app, push.text("Content"))
    _answer(session, push, push_id, messages, now)


def _follow(session: Session, push: Push, push_id: int, now: datetime) -> None:
    if not _scanned(session, push, push_id, now):
        _answer(session, push, push_id, replies.to_occasion(session, push.app, "follow"), now)


def _leave(session: Session, push: Push, push_id: int, now: datetime) -> None:
    del push_id, now
    if followers.left(session, push.openid, at=datetime.fromtimestamp(push.created, UTC)):
        windows.close(session, push.app, followers.person_of(push.app, push.openid))


def _scan(session: Session, push: Push, push_id: int, now: datetime) -> None:
    _scanned(session, push, push_id, now)


def _scanned(session: Session, push: Push, push_id: int, now: datetime) -> bool:
    """The code behind a follow or scan: a member's own binds, a store's or guide's is credited; True when answered."""
    if followers.is_bind_code(push.scene):
        if followers.bind(session, push.openid, push.scene, actor=ACTOR, now=now) is None:
            return False
        _answer(session, push, push_id, [{"kind": "built_in", "name": "member"}], now)
        return True
    member_id = followers.member_of(session, push.app, push.openid)
    if not (push.scene.isascii() and push.scene.isprintable() and 0 < len(push.scene) <= 64):
        return False  # none of ours
    if member_id is None:
        followers.keep_scene(session, push.openid, push.scene, now=now)
    else:
        credit(session, member_id, push.scene, now=now)
    return False


def credit(session: Session, member_id: int, scene: str, *, now: datetime) -> None:
    """A member came by the code of a store or guide; a code that is none of ours, or not any more, is let be."""
    with suppress(NotFound), attempt(session):
        behind = scenes.resolve(session, scene)
        if behind.store_id is not None:
            owners.scanned(session, member_id, behind.store_id, staff_id=behind.staff_id, now=now)


def came_by(session: Session, member_id: int, *, now: datetime) -> None:
    """Credit the code by which a member followed the service account before we knew who they are."""
    if scene := followers.take_scene(session, member_id, now=now):
        credit(session, member_id, scene, now=now)


def _tap(session: Session, push: Push, push_id: int, now: datetime) -> None:
    messages = replies.to_occasion(session, push.app, "click", push.text("EventKey"))
    _answer(session, push, push_id, messages, now)


def _enter(session: Session, push: Push, push_id: int, now: datetime) -> None:
    _answer(session, push, push_id, replies.to_occasion(session, push.app, "follow"), now)


def _revoked(session: Session, push: Push, push_id: int, now: datetime) -> None:
    """Somebody took back in WeChat what the mini-program may know: whatever they may refuse here they have refused.

    WeChat's numbers of what it was stand in the journal, for the privacy officer.
    """
    del push_id
    said = events.revoked(push)
    member_id = followers.member_of(session, push.app, said.openid)
    if member_id is None:
        return
    what = {"what": list(said.what)}
    journal.record(session, "member.authorisation_revoked", f"member:{member_id}", actor=ACTOR, now=now, **what)
    consent.withdraw_optional(session, member_id, channel="mall", actor=ACTOR, now=now)


def _consents(session: Session, push: Push, push_id: int, now: datetime) -> None:
    """A yes in the dialog is one message more; a no there is no yes, and one in the settings takes back every yes."""
    del push_id, now
    at, kinds = datetime.fromtimestamp(push.created, UTC), subscribe_kinds()
    for one in sorted(events.consents(push), key=lambda one: one.template_id):
        if (kind := kinds.get(one.template_id)) is None:
            continue
        if one.given:
            consents.granted(session, push.openid, kind, by_client=False, at=at)
        elif push.event == events.SWITCHED:
            consents.switched_off(session, push.openid, kind, at=at)


def _sent(session: Session, push: Push, push_id: int, now: datetime) -> None:
    del push_id
    for one in events.sent(push):
        if (kind := subscribe_kinds().get(one.template_id)) is not None:
            arrived = one.code == "0"
            sent_result(session, push.openid, kind, one.msg_id, arrived=arrived, code=one.code, now=now)


def _trade(session: Session, push: Push, push_id: int, now: datetime) -> None:
    """What WeChat says of a payment's goods and money; whose openid it came under is not kept."""
    del push_id
    said = {name: value for name, value in push.said.items() if name not in ("FromUserName", "ToUserName", "openid")}
    shipping.keep(session, push.event, said, now=now)


HEARD: dict[tuple[str, str], Heard] = {
    ("service", "message"): _message,
    ("mini", "message"): _message,
    ("service", "subscribe"): _follow,
    ("service", "unsubscribe"): _leave,
    ("service", "scan"): _scan,
    ("service", "click"): _tap,
    ("mini", "user_enter_tempsession"): _enter,
    ("mini", events.REVOKED): _revoked,
    ("mini", events.SENT): _sent,
    **{("mini", one): _consents for one in (events.ASKED, events.SWITCHED)},
    **{("mini", one): _trade for one in events.TRADE},
}
"""App and event (`message`: somebody wrote) -> what it does."""
