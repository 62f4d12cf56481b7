"""The message addresses of our apps: what WeChat pushes is verified, kept once and answered at once (wechat.md 2.3)."""

from __future__ import annotations

from flask import Response, g, request

from config.db import transaction
from config.errors import NotFound
from config.http import blueprint, permit, session
from config.logs import log
from config.wechat.callback import MOST_BYTES, Callback, PushRefused
from config.wechat.ready import APPS, callback
from member.talks import inbox

bp = blueprint("push", "/api/mall/wechat/callback", lambda: None)


def _address(app: str) -> Callback:
    found = callback(app) if app in APPS else None
    if found is None:
        raise NotFound(app=app[:20])
    return found


def _plain(words: str, status: int = 200) -> Response:
    return Response(words, status, content_type="text/plain; charset=utf-8")


def _refused(app: str, error: PushRefused) -> Response:
    log.warning("push_refused", app=app, why=error.why)
    return _plain("refused", 401)


@bp.get("/<app>")
@permit("public")
def echo(app: str) -> Response:
    """The console's question when the address of `mini` or `service` is set: its `echostr`; 401 if it is not WeChat."""
    try:
        return _plain(_address(app).echo(request.args))
    except PushRefused as error:
        return _refused(app, error)


@bp.post("/<app>")
@permit("public")
def push(app: str) -> Response:
    """A message or event, AES mode, XML or JSON.  `success` once it is kept; 401 when it is not WeChat's.

    A repeat is `success` too and changes nothing.  The work is a job's: WeChat waits five seconds at most.
    """
    address = _address(app)
    if (request.content_length or 0) > MOST_BYTES:
        return _refused(app, PushRefused("too_large"))
    try:
        said = address.read(request.args, request.get_data(cache=False))
    except PushRefused as error:
        return _refused(app, error)
    with transaction(session()) as opened:
        inbox.take_in(opened, said, now=g.now)
    return _plain("success")
