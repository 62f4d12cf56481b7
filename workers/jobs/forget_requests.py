"""What nobody needs any more is forgotten: stored answers, used codes, ended sessions, addresses, untaken copies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from config import clock, requests
from config.db import open_session, transaction
from member import codes, export, possession, risk, sessions
from member.reach import moves as messages
from member.talks import inbox, windows
from member.talks import moves as talks
from trade.fulfilment import replayed
from trade.orders import addresses
from trade.orders.intake import receiving
from trade.stock.channels import signing

KEPT = timedelta(days=30)
"""The longest offline time of a till."""
ADDRESSES_KEPT = timedelta(days=180)
"""How long after an order's end its address may still be needed: complaints, returns by post."""

DECISIONS_KEPT = timedelta(days=180)
"""How long anybody asks why a store got a parcel."""

MESSAGES_KEPT = timedelta(days=400)
"""How long anybody asks whether a member was told; a reminder of a year ago must not come again."""


def _batch(session: Session, now: datetime) -> int:
    gone = requests.forget(session, before=now - KEPT)
    gone += codes.forget(session, now=now) + possession.forget(session, now=now)
    gone += risk.forget(session, now=now) + sessions.forget(session, now=now)
    gone += addresses.forget(session, before=now - ADDRESSES_KEPT)
    gone += receiving.forget(session, before=now - ADDRESSES_KEPT) + signing.forget(session, now=now)
    gone += messages.forget(session, before=now - MESSAGES_KEPT)
    gone += replayed.forget(session, before=now - DECISIONS_KEPT)
    gone += inbox.forget(session, now=now) + windows.forget(session, now=now) + talks.forget(session, now=now)
    return gone + export.forget(session, now=now)


def run(new_session: Callable[[], Session] = open_session) -> int:
    """Delete them; daily, in batches; returns how many."""
    gone = 0
    with new_session() as session:
        while True:
            with transaction(session):
                batch = _batch(session, clock.now())
            gone += batch
            if not batch:
                return gone
