"""A file exchange with an ERP or WMS (NC, U8 and their like): CSV in folders (docs/channels.md is the partner's page).

    <exchange>/out/      ours: stock-000000012.csv, then stock-000000012.ctl
    <exchange>/in/       theirs: ack-..., orders-..., cancels-..., each .csv before its .ctl
    <exchange>/archive/  what was taken in
    <exchange>/error/    what was not, each with a .why beside it

A file appears whole: it is written beside its place, flushed, and renamed.  Its control file, which follows it, has
name, number, rows and SHA-256.  Our numbers have no gap: number and content are kept in the database with what they
tell and only then written, so that a killed writer writes the same file again.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import clock
from config.db import fetch, transaction
from config.settings import settings
from trade.stock.channels.figures import Figure
from trade.stock.channels.sending import Answer, Channel
from workers.adapters.shape import PartnerAway

FOLDERS = ("out", "in", "archive", "error")
MOST_BYTES = 64 << 20


class FileNotSound(Exception):
    """A file of the partner that cannot be taken in; the sentence says why."""


def folder(channel: Channel, name: str) -> Path:
    """One of FOLDERS of a channel's exchange, made when it is missing."""
    assert name in FOLDERS, name
    path = settings().exchange_dir / channel.endpoint / name
    path.mkdir(parents=True, exist_ok=True)
    return path


_NEXT = text("UPDATE sales_channel SET file_seq = file_seq + 1 WHERE id = :channel RETURNING file_seq")
_KEEP = text("""
    INSERT INTO channel_file (channel_id, direction, name, seq, rows, sha256, body, at)
    VALUES (:channel, 'out', :name, :seq, :rows, :sha256, :body, :now)""")
_UNWRITTEN = text(
    "SELECT name, seq, rows, sha256, body FROM channel_file WHERE channel_id = :channel AND body IS NOT NULL"
    " ORDER BY seq LIMIT 20"
)
_WRITTEN = text(
    "UPDATE channel_file SET body = NULL, written_at = :now WHERE channel_id = :channel AND direction = 'out'"
    " AND name = :name"
)


def keep(
    session: Session, channel: Channel, kind: str, columns: Sequence[str], rows: Sequence[Sequence[object]],
    now: datetime,
) -> int:  # fmt: skip
    """Give a file the channel's next number and keep its content until it is written; returns the number."""
    seq = int(fetch(session, _NEXT, {"channel": channel.id})[0].file_seq)
    lines = io.StringIO(newline="")
    writer = csv.writer(lines, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(rows)
    body = lines.getvalue().encode(channel.encoding)
    of = {"channel": channel.id, "name": f"{kind}-{seq:09d}", "seq": seq, "rows": len(rows), "now": now}
    fetch(session, _KEEP, of | {"sha256": hashlib.sha256(body).hexdigest(), "body": body})
    return seq


def flush(session: Session, channel: Channel) -> int:
    """Write every kept file that is not written, in the order of their numbers; returns how many.

    :raises PartnerAway: the folder cannot be written to; nothing is lost.
    """
    written = 0
    while rows := fetch(session, _UNWRITTEN, {"channel": channel.id}):
        for row in rows:
            control = f"file={row.name}.csv\r\nseq={row.seq}\r\nrows={row.rows}\r\nsha256={row.sha256}\r\n"
            try:
                out = folder(channel, "out")
                _put(out / f"{row.name}.csv", bytes(row.body))
                _put(out / f"{row.name}.ctl", control.encode())
            except OSError as error:
                raise PartnerAway(type(error).__name__) from None
            with transaction(session):
                fetch(session, _WRITTEN, {"channel": channel.id, "name": row.name, "now": clock.now()})
            written += 1
    return written


def _put(path: Path, body: bytes) -> None:
    """Write a file so that it appears whole or not at all, and is there after a power cut."""
    draft = path.with_name(f".{path.name}.tmp")
    with draft.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    place = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)


class Files:
    """The adapter of kind `files`; its answers come as files (`inbox.py`)."""

    def note(self, session: Session, channel: Channel, figures: Sequence[Figure], now: datetime) -> None:
        """Keep the batch as the next stock file."""
        rows = [(one.external_sku, one.qty, one.version) for one in figures]
        keep(session, channel, "stock", ("sku", "qty", "version"), rows, now)

    def send(self, session: Session, channel: Channel, figures: Sequence[Figure], now: datetime) -> list[Answer]:
        """Write what is kept; the acknowledgement is a file of theirs."""
        flush(session, channel)
        return []

    def theirs(self, channel: Channel, skus: Collection[str], now: datetime) -> None:
        """Nobody to ask: the last acknowledgements said it."""


@dataclass(frozen=True, slots=True)
class Received:
    """A whole file of the partner: `kind` is ack, orders or cancels."""

    name: str
    kind: str
    sha256: str
    rows: Sequence[Mapping[str, str]]


def read(channel: Channel, control: Path, columns: Mapping[str, Collection[str]]) -> Received:
    """A file that its control file describes; `columns` are those that each kind must have.

    :raises FileNotSound: hash, count, encoding or columns are not as they should be.
    """
    told = dict(line.split("=", 1) for line in control.read_text("utf-8-sig").splitlines() if "=" in line)
    path = control.with_suffix(".csv")
    if told.get("file") != path.name:
        raise FileNotSound(f"the control file names {told.get('file')!r}")
    if not path.is_file() or path.stat().st_size > MOST_BYTES:
        raise FileNotSound("the file is missing or too long")
    body = path.read_bytes()
    sha256 = hashlib.sha256(body).hexdigest()
    if told.get("sha256", "").lower() != sha256:
        raise FileNotSound("the SHA-256 differs")
    kind = control.name.partition("-")[0]
    try:
        rows = list(csv.DictReader(io.StringIO(body.decode(channel.encoding), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileNotSound(f"not readable as {channel.encoding}: {type(error).__name__}") from None
    if str(len(rows)) != told.get("rows"):
        raise FileNotSound(f"{len(rows)} rows, the control file says {told.get('rows')!r}")
    lacks = set(columns[kind]) - set(rows[0] if rows else columns[kind])
    if lacks or any(None in row or None in row.values() for row in rows):
        raise FileNotSound(f"columns are missing: {sorted(lacks)}" if lacks else "a row has too many or too few fields")
    return Received(control.stem, kind, sha256, rows)
