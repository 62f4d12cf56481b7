"""What a customer wants to be told: WeChat asks them, template by template, and we keep what they said."""

from __future__ import annotations

from flask import g, request
from pydantic import Field
from sqlalchemy.orm import Session

from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from config.settings import settings
from config.texts import language_of
from config.wechat import ready
from mall.http import who
from member.reach import consents

bp = blueprint("messages", "/api/mall/consents", who.identify)


class AnswerForm(Form):
    """What was said to one template: WeChat's id of it."""

    template_id: str = Field(min_length=1, max_length=100)
    accepted: bool


class AnswersForm(WriteForm):
    """What `wx.requestSubscribeMessage` answered; a template that it does not know is left out."""

    answers: list[AnswerForm] = Field(min_length=1, max_length=5)


def _state(member_id: int, opened: Session) -> dict[str, object]:
    base = settings().wechat_phone_base
    return {
        "templates": {kind: one.id for kind, one in ready.templates()["subscribe"].items()},
        "free": consents.free(opened, member_id),
        "page": f"{base}/phone/subscribe?" if base else None,
    }


@bp.get("/messages")
@permit("mall.order")
def messages() -> Reply:
    """Which templates may be asked about, and how many messages of each the customer agreed to and did not get yet.

    `{templates: {kind: id}, free: {kind: n}, page}`; `page` is where a browser outside WeChat asks: the stand-in's.
    """
    return _state(who.me().member_id, session()), 200


@bp.post("/messages")
@permit("mall.order")
@bp.input(AnswersForm)
def answered(json_data: AnswersForm) -> Reply:
    """Keep what the customer said: each yes is worth one message; a no takes nothing back.  Answers as GET.

    Send it once for each time that WeChat asked; what WeChat's own event says of the same is not counted twice.
    """
    shopper, language = who.me(), language_of(request.headers.get("Accept-Language"))
    kinds = ready.subscribe_kinds()

    def work(opened: Session) -> Reply:
        for said in sorted(json_data.answers, key=lambda one: one.template_id):
            if said.accepted and (kind := kinds.get(said.template_id)):
                consents.granted(opened, shopper.openid, kind, by_client=True, at=g.now, language=language)
        return _state(shopper.member_id, opened), 200

    return once(json_data, work)
