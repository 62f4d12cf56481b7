"""What the head office lets WeChat's accounts say: replies, the menu with its versions, and how talking goes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from flask import g
from pydantic import Field, model_validator
from sqlalchemy.orm import Session

from config.errors import Refused, WeChatBusy
from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from config.wechat.given import WeChatFailed
from config.wechat.ready import service
from member.talks import menu, moves, read, replies
from pos.http import who

bp = blueprint("talks", "/api/desk/talks", who.identify)
Words = Annotated[str, Field(min_length=1, max_length=60, pattern=r"\S")]
Address = Annotated[str, Field(max_length=1024, pattern=r"^https?://")]
BUILT_IN = Literal["order", "points", "pickup", "store", "member"]


class NoServiceAccount(Refused):
    """The chain has no service account (服务号) beside its mini-program."""

    code, status = "no_service_account", 404


class TextMessage(Form):
    """A text; links to pages of the mini-program as WeChat writes them."""

    kind: Literal["text"]
    text: str = Field(min_length=1, max_length=600, pattern=r"\S")


class LinkMessage(Form):
    """A picture with a title that opens a page."""

    kind: Literal["link"]
    title: str = Field(min_length=1, max_length=64)
    text: str = Field("", max_length=120)
    url: Address
    picture: Address


class BuiltInMessage(Form):
    """A text made at the moment of asking (`mall/answering.py`)."""

    kind: Literal["built_in"]
    name: BUILT_IN


Message = Annotated[TextMessage | LinkMessage | BuiltInMessage, Field(discriminator="kind")]


class ReplyForm(WriteForm):
    """A rule: what is answered on which occasion; `words` are texts, or keys of the menu."""

    app: Literal["service", "mini"] = "service"
    name: str = Field(min_length=1, max_length=40)
    occasion: Literal["text_exact", "text_contains", "default", "follow", "click", "location"]
    words: list[Words] = Field(default_factory=list, max_length=30)
    priority: int = Field(0, ge=0, le=1_000)
    messages: list[Message] = Field(min_length=1, max_length=replies.MOST_MESSAGES)
    active: bool = True

    @model_validator(mode="after")
    def words_where_they_count(self) -> ReplyForm:
        """Words for texts and taps, none for the rest."""
        if bool(self.words) != (self.occasion in ("text_exact", "text_contains", "click")):
            raise ValueError("words belong to text_exact, text_contains and click, and only there")
        return self


class ButtonForm(Form):
    """A button that does something; `pagepath` opens the mini-program, and `url` is for phones that cannot."""

    name: str = Field(min_length=1, max_length=20)
    type: Literal["click", "view", "miniprogram"]
    key: str | None = Field(None, min_length=1, max_length=128)
    url: Address | None = None
    pagepath: str | None = Field(None, min_length=1, max_length=200)


class TopForm(Form):
    """A button of the first level: it does something itself, or opens what is below."""

    name: str = Field(min_length=1, max_length=5)
    type: Literal["click", "view", "miniprogram"] | None = None
    key: str | None = Field(None, min_length=1, max_length=128)
    url: Address | None = None
    pagepath: str | None = Field(None, min_length=1, max_length=200)
    sub_button: list[ButtonForm] = Field(default_factory=list, max_length=menu.BELOW)

    @model_validator(mode="after")
    def one_of_both(self) -> TopForm:
        """Something below, or something to do."""
        if bool(self.sub_button) == bool(self.type):
            raise ValueError("a button has a type, or buttons below")
        return self


class MenuForm(WriteForm):
    """The next version of the menu."""

    buttons: list[TopForm] = Field(min_length=1, max_length=menu.TOPS)


@bp.get("")
@permit("office.read")
def standing() -> Reply:
    """How talking goes: `{followers, members, pushes_waiting, windows_open, answers: {sent, ...}, last_failures}`."""
    return read.standing(session(), now=g.now), 200


@bp.get("/replies")
@permit("office.read")
def listed() -> Reply:
    """Every rule in the order in which they are tried, by app and occasion."""
    return {"replies": replies.listed(session())}, 200


def _write(form: ReplyForm, reply_id: int | None, status: int) -> Reply:
    def work(opened: Session) -> Reply:
        rule = form.model_dump(exclude={"request_id"})
        written = replies.write(opened, rule, reply_id=reply_id, actor=who.me().actor, now=g.now)
        return {"reply_id": written}, status

    return once(form, work)


@bp.post("/replies")
@permit("office.talks")
@bp.input(ReplyForm)
def add(json_data: ReplyForm) -> Reply:
    """A new rule: 201 with `{"reply_id": 4}`; it counts from the next push on."""
    return _write(json_data, None, 201)


@bp.post("/replies/<int:reply_id>")
@permit("office.talks")
@bp.input(ReplyForm)
def change(reply_id: int, json_data: ReplyForm) -> Reply:
    """Another content for a rule, or `active: false` to let it rest."""
    return _write(json_data, reply_id, 200)


@bp.get("/menu")
@permit("office.read")
def menus() -> Reply:
    """The last versions, newest first: `{"menus": [{id, buttons, state, author, approver, code, difference, ...}]}`.

    `difference` is what publishing that version would change of what we published last.
    """
    return {"menus": menu.versions(session())}, 200


@bp.get("/menu/live")
@permit("office.read")
def live() -> Reply:
    """WeChat's own menu now, and how it differs from what we published last: somebody may have changed it there."""
    ours = menu.published(session())
    account = service()
    if account is None:
        raise NoServiceAccount()
    try:
        theirs = account.menu()
    except WeChatFailed as failed:
        raise WeChatBusy(code=failed.code) from failed
    return {"buttons": theirs, "difference": menu.difference(ours, menu.as_drafted(theirs))}, 200


@bp.post("/menu")
@permit("office.talks")
@bp.input(MenuForm)
def draft(json_data: MenuForm) -> Reply:
    """A new draft: 201 with `{"menu_id": 7}`; 422 `menu_not_sound` with its faults by place."""

    def work(opened: Session) -> Reply:
        buttons: list[dict[str, Any]] = json_data.model_dump(exclude_defaults=True)["buttons"]
        return {"menu_id": menu.draft(opened, buttons, actor=who.me().actor, now=g.now)}, 201

    return once(json_data, work)


@bp.post("/menu/<int:menu_id>/approve")
@permit("office.talks")
@bp.input(WriteForm)
def approve(menu_id: int, json_data: WriteForm) -> Reply:
    """Publish the newest draft, whose difference was looked at; a job takes it to WeChat.  409 for an older one."""

    def work(opened: Session) -> Reply:
        moves.approve_menu(opened, menu_id, actor=who.me().actor, now=g.now)
        return {"menus": menu.versions(opened)}, 200

    return once(json_data, work)
