"""What lies ready in a store for customers, for a till that may lose its network (till-and-store-desk.md 3.9, 3.18).

A till knows no code, only a slow hash of each, under a salt of its store: PBKDF2 over the eight digits.  One look takes
the till a twentieth of a second.  To try all of them takes its own processor weeks, and who has graphics cards an hour:
it holds off a colleague, not a burglar, who would take the bags.  The QR of the mini-program is signed and cannot be
checked alone: the customer reads out the digits below it.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from member.secrets import signing_key
from trade.fulfilment import pickup
from trade.orders.numbers import number

ROUNDS = 100_000
MOST = 500
"""Parcels that a till is told of, those that were laid ready last first."""
AT_ONCE = 25
"""Hashes that one request makes anew, about a second's work; the others come with the next."""

_known: dict[bytes, str] = {}
_MOST_KNOWN = 20_000

_READY = text("""
    SELECT p.store_id, p.id, p.order_id, p.pickup_hash, p.pickup_sealed, p.shelf,
           coalesce(m.phone_masked, nullif(left(m.name, 1), '') || '**', '') AS customer,
           (SELECT jsonb_agg(jsonb_build_object('name', CASE WHEN line.given_sku_id IS NULL THEN line.name
                        ELSE product.name END, 'spec', CASE WHEN line.given_sku_id IS NULL THEN line.spec ELSE sku.spec
                        END, 'unit', sku.unit, 'weighed', sku.weighed, 'qty', part.picked_qty - part.handed_qty)
                    ORDER BY part.line_no)
            FROM parcel_line part
            JOIN order_line line ON line.store_id = part.store_id AND line.order_id = part.order_id
                AND line.line_no = part.line_no
            JOIN sku ON sku.id = part.sku_id JOIN product ON product.id = sku.product_id
            WHERE part.store_id = p.store_id AND part.parcel_id = p.id AND part.picked_qty > part.handed_qty) AS lines
    FROM parcel p JOIN sale_order o ON o.store_id = p.store_id AND o.id = p.order_id
    LEFT JOIN member m ON m.id = o.member_id
    WHERE p.at_store_id = :at AND p.state = 'ready' AND p.mode = 'pickup' AND p.pickup_sealed IS NOT NULL
    ORDER BY p.ready_at DESC, p.id DESC LIMIT :most""")


def salt(store_id: int) -> str:
    """The salt of a store, always the same."""
    return hmac.new(signing_key("pickup-alone"), str(store_id).encode(), hashlib.sha256).hexdigest()[:32]


def proof(store_id: int, code: str) -> str:
    """The slow hash of a code, as a till makes it of what the customer says."""
    return hashlib.pbkdf2_hmac("sha256", code.encode(), salt(store_id).encode(), ROUNDS, 16).hex()


def of_parcel(parcel: Any, at_store_id: int) -> str:
    """The proof of the code that a parcel has now; made once in a process."""
    mine = bytes(parcel.pickup_hash)
    if mine not in _known:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[mine] = proof(at_store_id, pickup.open_code(bytes(parcel.pickup_sealed)))
    return _known[mine]


def listed(session: Session, at_store_id: int) -> dict[str, Any]:
    """What lies ready in a store: `{salt, rounds, parcels: [{proof, store_id, id, no, customer, place, lines}]}`."""
    found, made = [], 0
    for row in fetch(session, _READY, {"at": at_store_id, "most": MOST}):
        made += bytes(row.pickup_hash) not in _known
        if made > AT_ONCE:
            break
        found.append({
            "proof": of_parcel(row, at_store_id), "store_id": row.store_id, "id": row.id,
            "no": number(row.store_id, row.order_id), "customer": row.customer, "place": row.shelf,
            "lines": row.lines or [],
        })  # fmt: skip
    return {"salt": salt(at_store_id), "rounds": ROUNDS, "parcels": found}
