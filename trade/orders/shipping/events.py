"""What WeChat says by itself about the duty: kept as it came, and nothing is derived from it.

In `trade_manage_order_settlement` the `confirm_receive_method` arrives the wrong way round, compared with the page
(three reports, wechat.md 2.10); when money is released is shown by `get_order`, never computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from config import journal

KINDS = ("trade_manage_remind_shipping", "trade_manage_remind_access_api", "trade_manage_order_settlement")


def keep(session: Session, event: str, body: Mapping[str, Any], *, now: datetime) -> None:
    """Write one event into the journal, in the caller's transaction; repeats are the callback's to tell apart.

    :param event: one of KINDS.  :param body: the whole push, decrypted, as WeChat sent it.
    """
    assert event in KINDS, event
    about = str(body.get("merchant_trade_no") or body.get("transaction_id") or "")
    journal.record(session, f"wechat.{event}", f"payment:{about}", actor="wechat", now=now, body=dict(body))
