"""Orders, cancels and order states of a file exchange, as rows of CSV (docs/channels.md is the partner's page).

An order file has a row a line; what is the order's own is the same on each of its rows.  Orders of a file that are not
sound stop none of the others: the answer file says of each what came of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.orm import Session

from config import clock
from config.db import fetch
from trade.exceptions import cases
from trade.orders.intake import feed, receiving
from trade.orders.intake.documents import CancelForm, Document, DocumentForm
from trade.stock.channels.sending import Channel
from workers.adapters import files
from workers.adapters.files import FileNotSound, Received

_HEAD = (
    "external_no", "revision", "placed_at", "paid_at", "promise_at", "mode", "remark", "freight_fen", "paid_fen",
)  # fmt: skip
_RECEIVER = ("name", "phone", "region", "region_name", "street")
_LINE = ("sku", "title", "qty", "unit_price_fen", "list_fen", "tax_fen")
ORDER_COLUMNS = (*_HEAD, *_RECEIVER, *_LINE, "platform_off_fen", "merchant_off_fen")
CANCEL_COLUMNS = ("external_no", "reason")
ANSWER_COLUMNS = ("external_no", "revision", "outcome", "state", "order_no", "reason")
STATE_COLUMNS = ("external_no", "state", "order_no", "order_state", "cancel", "refunded_fen", "parcels", "reason")
_OF_PARCEL = ("no", "state", "carrier", "tracking_no")
AT_ONCE = 100


def _plain(row: Mapping[str, str], names: Sequence[str]) -> dict[str, Any]:
    """The fields that are there; figures stay words, which the form reads or refuses."""
    return {name: row[name] for name in names if row.get(name, "") != ""}


def _line(row: Mapping[str, str]) -> dict[str, Any]:
    off = [
        {"fen": row[f"{payer}_off_fen"], "payer": payer}
        for payer in ("platform", "merchant")
        if row[f"{payer}_off_fen"] not in ("", "0")
    ]
    return _plain(row, _LINE) | {"discounts": off}


def documents(rows: Sequence[Mapping[str, str]]) -> dict[str, Document | str]:
    """The orders of a file by external number: each a document, or why it is none."""
    grouped: dict[str, list[Mapping[str, str]]] = {}
    for row in rows:
        grouped.setdefault(row["external_no"], []).append(row)
    found: dict[str, Document | str] = {}
    for number, part in grouped.items():
        head = [_plain(row, (*_HEAD, *_RECEIVER)) for row in part]
        if any(one != head[0] for one in head):
            found[number] = "its rows differ in what is the order's own"
            continue
        whole = _plain(part[0], _HEAD) | {"receiver": _plain(part[0], _RECEIVER), "lines": [_line(row) for row in part]}
        try:
            found[number] = DocumentForm.model_validate(whole).document()
        except ValidationError as error:
            found[number] = "; ".join(".".join(map(str, fault["loc"])) for fault in error.errors()[:5])
    return found


def orders(session: Session, channel: Channel, file: Received) -> None:
    """Take an order file in, and keep the file that answers it."""
    actor, now = f"channel:{channel.code}", clock.now()
    found = documents(file.rows)
    sound = [one for one in found.values() if isinstance(one, Document)]
    told: dict[str, dict[str, Any]] = {}
    for at in range(0, len(sound), AT_ONCE):
        for answer in receiving.receive(session, channel.id, sound[at : at + AT_ONCE], actor=actor, now=now):
            told[answer["external_no"]] = answer
    wrong = {number: why for number, why in found.items() if isinstance(why, str)}
    for number in wrong:
        told[number] = {"external_no": number[:64], "outcome": "malformed", "reason": wrong[number]}
    if wrong:
        facts = {"channel": channel.code, "file": file.name, "reason": f"{len(wrong)} orders", "orders": [*wrong][:20]}
        subject = f"channel_file:{channel.id}:{file.name}"
        cases.open(
            session, "adapter_rejected", subject, money_fen=0, facts=facts, cause="file_not_sound", actor=actor, now=now
        )
    _answer(session, channel, file, [told[number] for number in found], now)


def cancels(session: Session, channel: Channel, file: Received) -> None:
    """Take a file of cancels in, and keep the file that answers it."""
    try:
        asked = [CancelForm(external_no=row["external_no"], reason=row["reason"][:100]) for row in file.rows]
    except ValidationError as error:
        raise FileNotSound(f"row {error.errors()[0]['loc']}: {error.errors()[0]['msg']}") from None
    now = clock.now()
    told = receiving.cancel(session, channel.id, asked, actor=f"channel:{channel.code}", now=now) if asked else []
    _answer(session, channel, file, told, now)


def _answer(
    session: Session, channel: Channel, file: Received, told: Sequence[Mapping[str, Any]], now: datetime
) -> None:
    rows = [[one.get(name) or "" for name in ANSWER_COLUMNS] for one in told]
    files.keep(session, channel, f"answer-{file.name}", ANSWER_COLUMNS, rows, now)


_TOLD = text("SELECT told_version FROM sales_channel WHERE id = :channel FOR NO KEY UPDATE")
_TELL = text("UPDATE sales_channel SET told_version = :version WHERE id = :channel")


def tell(session: Session, channel: Channel) -> int:
    """Keep a file of the orders whose states changed since the last one, in one transaction; returns how many."""
    feed.place_changes(session, channel.id)
    after = fetch(session, _TOLD, {"channel": channel.id})[0].told_version
    changed, version = feed.read(session, channel.id, after=after)
    if not changed:
        return 0
    rows = [[_words(one, name) for name in STATE_COLUMNS] for one in changed]
    files.keep(session, channel, "states", STATE_COLUMNS, rows, clock.now())
    fetch(session, _TELL, {"channel": channel.id, "version": version})
    return len(changed)


def _words(one: Mapping[str, Any], name: str) -> object:
    if name == "parcels":
        return " ".join(":".join(str(parcel[word]) for word in _OF_PARCEL) for parcel in one[name])
    value = one[name]
    return "" if value is None else value
