"""What a partner of a file exchange has put down for us, taken in once each and put away."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session

from config import clock
from config.db import first, let_go, transaction
from config.logs import log
from trade.exceptions import cases
from trade.stock.channels import figures, sending
from trade.stock.channels.sending import Answer, Channel
from workers.adapters import files, order_files
from workers.adapters.files import FileNotSound, Received

_NAME = re.compile(r"(ack|orders|cancels)-[0-9A-Za-z_-]{1,60}\.ctl")
COLUMNS: dict[str, tuple[str, ...]] = {
    "ack": ("sku", "version", "accepted", "reason"),
    "orders": order_files.ORDER_COLUMNS,
    "cancels": order_files.CANCEL_COLUMNS,
}
"""By kind, the columns a file must have."""

Handler = Callable[[Session, Channel, Received], None]

_TAKEN = text("""
    INSERT INTO channel_file (channel_id, direction, name, rows, sha256, at, written_at)
    VALUES (:channel, 'in', :name, :rows, :sha256, :now, :now) ON CONFLICT DO NOTHING RETURNING name""")
_KNOWN = text("SELECT sha256 FROM channel_file WHERE channel_id = :channel AND direction = 'in' AND name = :name")


def acknowledged(session: Session, channel: Channel, file: Received) -> None:
    """An acknowledgement: `accepted` is 1 or 0, `qty` (where there is one) what they show now."""
    skus = figures.skus_of(session, channel.id)
    answers = []
    for row in file.rows:
        sku_id = skus.get(row["sku"])
        if sku_id is None:
            raise FileNotSound(f"unknown sku {row['sku'][:64]!r}")
        theirs = _int(row["qty"]) if row.get("qty") else None
        if row["accepted"] not in ("0", "1"):
            raise FileNotSound(f"accepted is {row['accepted'][:10]!r}")
        answers.append(Answer(sku_id, _int(row["version"]), row["accepted"] == "1", row["reason"][:200], theirs))
    sending.acknowledge(session, channel.id, answers, now=clock.now())


def _int(plain: str) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", plain):
        raise FileNotSound(f"{plain[:20]!r} is no whole number")
    return int(plain)


HANDLERS: dict[str, Handler] = {"ack": acknowledged, "orders": order_files.orders, "cancels": order_files.cancels}


def collect(session: Session, channel: Channel, handlers: Mapping[str, Handler] = HANDLERS) -> int:
    """Take in every file whose control file is there, by name; returns how many.

    A file's effect and the note that it was taken are one transaction, then it is put away: a kill in between leaves a
    file that is known and only put away.  One that is not sound goes to error/ and is an exception.
    """
    taken = 0
    for control in sorted(files.folder(channel, "in").glob("*.ctl")):
        if not _NAME.fullmatch(control.name):
            _put_away(channel, control, "error", "the name is not one of ours")
            continue
        try:
            file = files.read(channel, control, COLUMNS)
            taken += _take(session, channel, file, handlers)
            _put_away(channel, control, "archive")
        except (FileNotSound, DataError, UnicodeDecodeError) as error:
            _not_sound(session, channel, control, str(error) if isinstance(error, FileNotSound) else "not readable")
        let_go(session)
    return taken


def _take(session: Session, channel: Channel, file: Received, handlers: Mapping[str, Handler]) -> bool:
    given = {"channel": channel.id, "name": file.name, "rows": len(file.rows), "sha256": file.sha256}
    with transaction(session):
        if first(session, _TAKEN, given | {"now": clock.now()}):
            handlers[file.kind](session, channel, file)
            return True
        known = first(session, _KNOWN, given)
        if known is not None and known.sha256 != file.sha256:
            raise FileNotSound("the name was used for another content")
        return False


def _not_sound(session: Session, channel: Channel, control: Path, why: str) -> None:
    log.warning("file_not_sound", channel=channel.code, file=control.name, why=why)
    facts = {"channel": channel.code, "file": control.name, "reason": why[:200]}
    subject = f"channel_file:{channel.id}:{control.stem}"
    with transaction(session):
        cases.open(
            session, "adapter_rejected", subject, money_fen=0, facts=facts, cause="file_not_sound", now=clock.now()
        )
    _put_away(channel, control, "error", why)


def _put_away(channel: Channel, control: Path, where: str, why: str = "") -> None:
    """Move a file and its control file; one of the same name there is replaced."""
    place = files.folder(channel, where)
    if why:
        (place / f"{control.stem}.why").write_text(f"{why}\n", "utf-8")
    for path in (control.with_suffix(".csv"), control):
        if path.is_file():
            path.replace(place / path.name)
