"""What a store lets its tills do without network (till-and-store-desk.md 3.7, 3.9), kept on each device beforehand.

A sale happened, whatever the rule says: it is never refused for it, and what nobody allowed is a difference.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first


@dataclass(frozen=True, slots=True)
class Rule:
    """Selling without network: freely, or `by_manager` after a PIN that is good for `minutes`.

    `qr`: a manager's PIN lets customers pay the printed code for as long, up to `qr_sale_fen` a sale and
    `qr_outage_fen` in all from that PIN on.
    """

    by_manager: bool = False
    minutes: int = 240
    qr: bool = False
    qr_sale_fen: int = 20_000
    qr_outage_fen: int = 200_000


_OF = text("SELECT * FROM alone_rule WHERE store_id = :store")
_SET = text("""
    INSERT INTO alone_rule (store_id, by_manager, minutes, qr, qr_sale_fen, qr_outage_fen, changed_at)
    VALUES (:store, :by_manager, :minutes, :qr, :qr_sale_fen, :qr_outage_fen, :now)
    ON CONFLICT (store_id) DO UPDATE SET by_manager = excluded.by_manager, minutes = excluded.minutes,
        qr = excluded.qr, qr_sale_fen = excluded.qr_sale_fen, qr_outage_fen = excluded.qr_outage_fen,
        changed_at = excluded.changed_at""")


def of(session: Session, store_id: int, *, at: datetime | None = None) -> Rule:
    """The rule of a store; of a moment before it was changed last, the one that asks for nothing."""
    row = first(session, _OF, {"store": store_id})
    if row is None or (at is not None and at < row.changed_at):
        return Rule()
    return Rule(row.by_manager, row.minutes, row.qr, row.qr_sale_fen, row.qr_outage_fen)


def set_(session: Session, store_id: int, rule: Rule, *, actor: str, now: datetime) -> None:
    """From now on the tills of this store go by that."""
    said = asdict(rule)
    fetch(session, _SET, {"store": store_id, "now": now, **said})
    journal.record(session, "store.alone_changed", f"store:{store_id}", actor=actor, now=now, store_id=store_id, **said)
