"""What WeChat says of a person's risk, before anything is given: asked outside any transaction, and nobody waits on it.

It fails open: whoever cannot be asked about counts as safe, because a fault of WeChat's must not stop a shop's guests.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from config.db import let_go
from config.logs import log
from config.settings import settings
from config.wechat.given import WeChatFailed
from config.wechat.ready import risk
from config.wechat.risk import Scene


def rank(session: Session, scene: Scene, *, openid: str, phone: str | None, client_ip: str) -> int:
    """0 to 4; 0 too where the chain does not ask (`WECHAT_RISK`) and where WeChat does not answer."""
    if not settings().wechat_risk:
        return 0
    let_go(session)
    try:
        return risk().rank(openid, scene, phone=phone, client_ip=client_ip)
    except WeChatFailed as failed:
        log.warning("risk_not_known", code=failed.code)
        return 0
