"""How WeChat Pay answers, and what it checks before anything else."""

from __future__ import annotations

import json
import secrets
from email.utils import formatdate
from typing import Any

from flask import Blueprint, Response, current_app, request

from tests.wechat_stand_in.notifier import Notifier
from tests.wechat_stand_in.pay import checks
from tests.wechat_stand_in.world import World


def blueprint(name: str) -> Blueprint:
    """A part of WeChat Pay, every request to which must be signed."""
    bp = Blueprint(name, __name__)
    bp.before_request(_check)
    return bp


def the_world() -> World:
    """The world of the running stand-in."""
    world: World = current_app.extensions["world"]
    return world


def the_notifier() -> Notifier:
    """Its notifier."""
    notifier: Notifier = current_app.extensions["notifier"]
    return notifier


def _check() -> Response | None:
    world = the_world()
    if world.take_fault("pay_unavailable"):
        return answer(world, 500, {"code": "SYSTEM_ERROR", "message": "try again"})
    if fault := checks.authorization(world, request) or checks.too_often(world, request.path):
        return refuse(world, fault, 429 if fault.startswith("RATE_LIMIT") else 400)
    return None


def answer(world: World, status: int, body: dict[str, Any] | None = None) -> Response:
    """An answer as WeChat Pay signs it."""
    text = "" if body is None else json.dumps(body, ensure_ascii=False)
    stamp, nonce = str(world.shown()), secrets.token_hex(16)
    signer = world.trust.of_answer(request.headers.get("Wechatpay-Serial", ""), world.now())
    return Response(
        text,
        status,
        content_type="application/json",
        headers={
            "Date": formatdate(world.shown(), usegmt=True),
            "Wechatpay-Serial": signer.serial,
            "Wechatpay-Timestamp": stamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": signer.sign(f"{stamp}\n{nonce}\n{text}\n"),
            "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        },
    )


def refuse(world: World, fault: str, status: int = 400) -> Response:
    """A refusal with WeChat's code; what breaks a rule is kept as a violation."""
    code, _, words = fault.partition(": ")
    if checks.is_refund(request) and (more := checks.too_often(world, "refund refused")):
        world.violations.append(f"{request.method} {request.path}: {more}")
    if code in ("SIGN_ERROR", "PARAM_ERROR", "RATE_LIMIT"):
        world.violations.append(f"{request.method} {request.path}: {fault}")
    return answer(world, 401 if code == "SIGN_ERROR" else status, {"code": code, "message": words})
