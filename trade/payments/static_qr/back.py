"""What comes back of a sale that was paid by the printed code: cash, once its money was seen."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import first
from config.errors import Refused


class StaticQrUnproved(Refused):
    """Nobody has seen the money of this sale on a bill yet: what comes back of it waits until then."""

    code = "static_qr_unproved"


_OPEN = text("""
    SELECT s.tender_id FROM static_qr s WHERE s.state IN ('unproved', 'missing')
      AND (s.store_id, s.tender_id) IN (SELECT * FROM unnest(CAST(:stores AS bigint[]), CAST(:tenders AS bigint[])))
    LIMIT 1""")


def in_cash(session: Session, tenders: Sequence[Any]) -> list[Any]:
    """Refundable tenders as they are, but those of the printed code go back as cash.

    :raises StaticQrUnproved: money of one of those was not seen yet.
    """
    mine = [one for one in tenders if one.back_kind == "static_qr"]
    if not mine:
        return list(tenders)
    keys = {
        "stores": [one.root_store_id or one.store_id for one in mine],
        "tenders": [one.root_id or one.id for one in mine],
    }
    if first(session, _OPEN, keys) is not None:
        raise StaticQrUnproved()
    return [
        SimpleNamespace(**one._asdict() | {"back_kind": "cash"}) if one.back_kind == "static_qr" else one
        for one in tenders
    ]
