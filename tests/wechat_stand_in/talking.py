"""The control API of conversations: what a person says and does, and what both sides said."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from tests.wechat_stand_in.conversation import Conversation
from tests.wechat_stand_in.world import World

STEPS = ("follow", "unfollow", "scan", "say", "be_at", "tap", "enter", "answer", "refuse_later", "sent", "revoke")


def blueprint(world: World, conversation: Conversation) -> Blueprint:
    """The endpoints on a world."""
    bp = Blueprint("talking", __name__, url_prefix="/control/talks")

    @bp.post("/address")
    def configure() -> tuple[dict[str, Any], int]:
        """`{app, url, form}`: set the message address as the console does; 409 when it does not echo."""
        said = request.get_json()
        taken = conversation.callbacks.configure(said["app"], said["url"], form=said.get("form", "xml"))
        return {"taken": taken}, 200 if taken else 409

    @bp.get("/<openid>")
    def talk(openid: str) -> dict[str, Any]:
        """What both sides said, whether the person follows, the menu, and what may still be sent."""
        app = request.args.get("app", "service")
        return {
            "talk": conversation.talk(openid, app),
            "follows": conversation.follows(openid),
            "menu": conversation.menu(),
            "windows": world.windows.get(f"{openid}:{app}", {}),
        }

    @bp.post("/<openid>/<step>")
    def step(openid: str, step: str) -> tuple[dict[str, Any], int]:
        """One step of `Conversation` by its name, with its arguments as JSON."""
        if step not in STEPS:
            return {"known": STEPS}, 404
        given = request.get_json(silent=True) or {}
        pushed = getattr(conversation, step)(openid, *given.pop("templates", ()), **given)
        return {"pushed": None if pushed is None else pushed["said"]}, 200

    return bp
