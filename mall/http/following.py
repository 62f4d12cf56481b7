"""The service account for a customer of the mall: do they follow it, the code that binds them, the page's signature."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import g
from pydantic import Field

from config.errors import Malformed, NotFound, WeChatBusy
from config.http import Form, Reply, WriteForm, blueprint, permit, session
from config.settings import settings
from config.wechat.accounts import Service
from config.wechat.given import WeChatFailed
from config.wechat.ready import service
from mall.http import who
from member import followers

bp = blueprint("following", "/api/mall/wechat", who.identify)


class PageQuery(Form):
    """The address of a page as the address bar has it."""

    url: str = Field(min_length=8, max_length=1000)


def _account() -> Service:
    account = service()
    if account is None:
        raise NotFound(account="service")
    return account


@bp.get("/following")
@permit("mall.order")
def following() -> Reply:
    """`{follows}`: whether this customer gets the service account's messages; 404 where there is no such account."""
    _account()
    return {"follows": followers.template_openid(session(), who.me().member_id) is not None}, 200


@bp.post("/follow-code")
@permit("mall.order")
@bp.input(WriteForm)
def follow_code(json_data: WriteForm) -> Reply:
    """A QR code that binds whoever scans it in WeChat to this member: `{url, ticket, lives_s}`, good for ten minutes.

    `url` is what the QR code holds.  Whoever is known by a unionid needs none.  A retry makes a new one.
    """
    scene = followers.bind_code(who.me().member_id, now=g.now)
    try:
        made = _account().qr_code(scene, lives_s=int(followers.BIND_FOR.total_seconds()))
    except WeChatFailed as failed:
        raise WeChatBusy(code=failed.code) from failed
    return {"url": made.url, "ticket": made.ticket, "lives_s": made.lives_s}, 200


@bp.get("/page-signature")
@permit("public")
@bp.input(PageQuery, location="query")
def page_signature(query_data: PageQuery) -> Reply:
    """What `wx.config` of the JS-SDK wants: `{appId, timestamp, nonceStr, signature}`; only for pages of our own."""
    ours, asked = urlsplit(settings().base_url), urlsplit(query_data.url)
    if (asked.scheme, asked.netloc) != (ours.scheme, ours.netloc):
        raise Malformed(fields={"url": "a page of this shop"})
    try:
        return _account().page_signature(query_data.url), 200
    except WeChatFailed as failed:
        raise WeChatBusy(code=failed.code) from failed
