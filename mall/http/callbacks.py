"""What WeChat calls: payment and refund notices, verified on raw bytes before anything is read."""

from __future__ import annotations

from flask import Response, g, request

from config.db import transaction
from config.http import blueprint, permit, session
from config.logs import log
from config.wechat import health
from config.wechat.ready import pay
from config.wechat.verdict import Genuine
from paying.told import ACTOR, apply
from trade.orders.pay import Outcome, first_time, receive, unmatched
from trade.payments.moves import Paid
from trade.payments.refunds import moves as refunds

bp = blueprint("wechat", "/api/mall/wechat", lambda: None)
ECHO = "SECURITY_ECHO.SUCCESS"
"""WeChat's own test, asked for by `flask wechat-check --notice`: nothing follows from it."""
MOST_BYTES = 64 * 1024
REFUND_EVENTS = {"REFUND.SUCCESS": "finish", "REFUND.ABNORMAL": "stick", "REFUND.CLOSED": "shut"}


class Unmatched(Exception):
    """A genuine notice that fits no attempt of ours: nothing of it is kept, so its repeat is looked at again."""


def _verified() -> Genuine | None:
    raw = request.get_data(cache=False)
    if len(raw) > MOST_BYTES:
        return None
    verdict = pay().verify_notification(dict(request.headers), raw)
    if isinstance(verdict, Genuine):
        return verdict
    log.warning("notice_refused", verdict=type(verdict).__name__)
    return None


def _no(status: int) -> Response:
    return Response('{"code":"FAIL","message":"refused"}', status, content_type="application/json")


@bp.post("/pay-notice")
@permit("public")
def pay_notice() -> Response:
    """A payment succeeded.  204 when its effect is done or was done before; else WeChat repeats it."""
    notice = _verified()
    if notice is None:
        return _no(401)
    said = notice.resource
    if notice.event_type == ECHO:
        health.echoed()
        return Response(status=204)
    if said.get("trade_state") != "SUCCESS" or said.get("mchid") != pay().mchid or said.get("appid") != pay().appid:
        return _no(400)
    fact = Paid(
        str(said["out_trade_no"]),
        str(said["transaction_id"]),
        int(said["amount"]["total"]),
        str(said.get("payer", {}).get("openid", "")),
    )
    try:
        with transaction(session()) as opened:
            if first_time(opened, notice.event_id, notice.event_type, now=g.now):
                outcome = receive(opened, fact, actor=ACTOR, now=g.now)
                if outcome in (Outcome.MISMATCH, Outcome.UNKNOWN_ORDER, Outcome.ASK_AGAIN):
                    raise Unmatched(outcome)
    except Unmatched as why:
        if str(why) == Outcome.ASK_AGAIN:
            return _no(503) if apply(session(), fact, now=g.now) is Outcome.ASK_AGAIN else Response(status=204)
        with transaction(session()) as opened:
            unmatched(opened, fact, Outcome(str(why)), actor=ACTOR, now=g.now)
        return _no(400)
    return Response(status=204)


@bp.post("/refund-notice")
@permit("public")
def refund_notice() -> Response:
    """A refund ended, or got stuck.  204 when it is noted."""
    notice = _verified()
    if notice is None:
        return _no(401)
    event = REFUND_EVENTS.get(notice.event_type)
    if event is None:
        return _no(400)
    with transaction(session()) as opened:
        if first_time(opened, notice.event_id, notice.event_type, now=g.now):
            refunds.move(opened, str(notice.resource["out_refund_no"]), event, actor=ACTOR, now=g.now)
    return Response(status=204)
