"""The customer: signing in by WeChat, phone, points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import g
from pydantic import Field
from sqlalchemy.orm import Session

from config.db import transaction
from config.errors import Refused, WeChatBusy
from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from config.wechat.given import WeChatFailed
from config.wechat.ready import open_platform
from config.wechat.risk import Scene
from mall import heard, trust
from mall.http import who
from member import activity, gifts, identity, points, referral, risk, secrets, sessions
from trade.orders import holder, points_story

T = TypeVar("T")

bp = blueprint("me", "/api/mall", who.identify)


class CodeForm(WriteForm):
    """A single-use code that WeChat gave the client, and the invite code of the friend they came by, if any."""

    code: str = Field(min_length=4, max_length=200)
    invite: str | None = Field(None, min_length=4, max_length=20)


class PhoneForm(CodeForm):
    """The same, with the number that this phone made for itself: a newcomer's gift comes once to it."""

    device: str | None = Field(None, min_length=16, max_length=64)


class PersonBlocked(Refused):
    """WeChat lets this account sign in nowhere for now, because it is of high risk (40226)."""

    code, status = "wechat_person_blocked", 403


class CodeRefused(Refused):
    """WeChat does not know this code any more (used, late, or another's): the client asks for a new one."""

    code, status = "wechat_code_refused", 422


def _asked(ask: Callable[[str], T], code: str) -> T:
    try:
        return ask(code)
    except WeChatFailed as failed:
        if failed.code == "40226":
            raise PersonBlocked() from failed
        if failed.code in ("40029", "40163"):
            raise CodeRefused(code=failed.code) from failed
        raise WeChatBusy(code=failed.code) from failed


def _me(member_id: int) -> dict[str, Any]:
    found = identity.card(session(), member_id)
    return {
        "member_id": found.id,
        "no": found.no,
        "name": found.masked_name,
        "phone": found.masked_phone,
        "tier": found.tier,
        "points": found.points,
        "pending_points": found.pending_points,
    }


@bp.post("/login")
@permit("public")
@bp.input(CodeForm)
def login(json_data: CodeForm) -> Reply:
    """Sign in with the code of `wx.login`; a person unknown to us becomes a guest member.

    `{token, me, invitation}`: the last is what came of `invite` (accepted, unknown, self, already_member,
    already_invited), or null.
    """
    person = _asked(open_platform().code_to_session, json_data.code)
    with transaction(session()) as opened:
        member_id = identity.by_openid(opened, person.openid, unionid=person.unionid, actor="wechat", now=g.now)
        heard.came_by(opened, member_id, now=g.now)
        invitation = _invited(opened, json_data, member_id, "wechat")
        token = sessions.sign_in(opened, member_id, secrets.seal(person.openid.encode()), now=g.now)
    return {"token": token, "me": _me(member_id), "invitation": invitation}, 200


def _invited(opened: Session, form: CodeForm, member_id: int, actor: str) -> str | None:
    return referral.accept(opened, form.invite, member_id, actor=actor, now=g.now) if form.invite else None


@bp.post("/logout")
@permit("signed_in")
@bp.input(WriteForm)
def logout(json_data: WriteForm) -> Reply:
    """Sign out on this device."""
    with transaction(session()) as opened:
        sessions.sign_out(opened, who.bearer())
    return {}, 200


@bp.post("/phone")
@permit("mall.order")
@bp.input(PhoneForm)
def phone(json_data: PhoneForm) -> Reply:
    """Bind the phone that the customer agreed to give; joins the till's member of that phone.

    `{me, invitation}`, the latter as at sign-in.  403 `risk_blocked`: the account stays without a phone.
    """
    shopper = who.me()
    number = _asked(lambda code: open_platform().phone_number(code, shopper.openid), json_data.code)
    asked = {"openid": shopper.openid, "phone": number, "client_ip": who.address()}
    rank = trust.rank(session(), Scene.REGISTER, **asked)
    by = {"actor": shopper.actor, "now": g.now}
    with transaction(session()) as opened:
        gift = risk.check_joining(opened, shopper.member_id, rank, **by)
        member_id = identity.bind_phone(
            opened, shopper.member_id, number, before_merge=holder.take_over, device=json_data.device, gift=gift, **by
        )
        invitation = _invited(opened, json_data, member_id, shopper.actor)
    return {"me": _me(member_id), "invitation": invitation}, 200


@bp.get("/me")
@permit("mall.order")
def me() -> Reply:
    """The member's card; asked when the mini-program opens, so it is a visit too."""
    shopper = who.me()
    with transaction(session()) as opened:
        sessions.slide(opened, who.bearer(), now=g.now)
        activity.visited(opened, shopper.member_id, "mall", actor=shopper.actor, now=g.now)
    return {"me": _me(who.me().member_id)}, 200


class PageQuery(Form):
    """Entries older than this id."""

    before: int | None = Field(None, ge=1)


@bp.get("/points")
@permit("mall.order")
@bp.input(PageQuery, location="query")
def my_points(query_data: PageQuery) -> Reply:
    """What is there, what is on its way and when it comes, what expires next, and every entry; `before` pages on.

    `{points: {available, pending, deficit, expiring, expiring_at}, pending: [{points, source, order_no, confirms_at,
    expected_at}], entries: [{id, at, event, points, state, source, expires_at, order_no, order_id, store_id,
    lines: [{line_no, name, spec, qty, points}]}], before}`; `before` is null on the last page.
    """
    member_id, page = who.me().member_id, 50
    held = points.balance(session(), member_id)
    entries = points_story.entries(session(), member_id, before=query_data.before, most=page)
    return {
        "points": {
            "available": held.available,
            "pending": held.pending,
            "deficit": held.deficit,
            "expiring": held.expiring,
            "expiring_at": held.expiring_at.isoformat() if held.expiring_at else None,
        },
        "pending": points_story.pending(session(), member_id, now=g.now),
        "entries": entries,
        "before": entries[-1]["id"] if len(entries) == page else None,
    }, 200


@bp.get("/sign-in")
@permit("mall.order")
def sign_ins() -> Reply:
    """`{sign_ins: {signed, streak, days: [{n, points, done, today}]}}`; null where the shop gives nothing for it."""
    return {"sign_ins": gifts.sign_ins(session(), who.me().member_id, now=g.now)}, 200


@bp.post("/sign-in")
@permit("mall.order")
@bp.input(WriteForm)
def sign_in(json_data: WriteForm) -> Reply:
    """The day's sign-in (签到): `{sign_in: {day, points, streak}}`; 409 `already_signed_in`."""
    me = who.me()

    def work(opened: Session) -> Reply:
        done = gifts.sign_in(opened, me.member_id, actor=me.actor, now=g.now)
        return {"sign_in": {"day": done.day.isoformat(), "points": done.points, "streak": done.streak}}, 200

    return once(json_data, work)
