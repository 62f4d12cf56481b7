"""WeChat's daily bills, read to the fen: what happened by its own book (rules: wechat.md 2.9).

Cells stand behind a back-tick, amounts are yuan with decimals, moments are Beijing's without a zone, and the last two
lines are a summary, which must agree with the rows.  In the bill of trades a refund is a row of its own beside its
payment, under the day it was asked for, and a reversed payment a second row of its own number; in the bill of the
account every commission is one, too.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.clock import SHANGHAI
from config.db import fetch, first

_PAID, _REFUND, _REVOKED = "SUCCESS", "REFUND", "REVOKED"


class Source(StrEnum):
    """The bill of trades, or that of the account."""

    TRADE = "trade"
    FUND = "fund"


class BillBroken(Exception):
    """The file is not what WeChat documents, or its rows do not add up to its summary."""


@dataclass(frozen=True, slots=True)
class BillLine:
    """One row: money in (`paid`) or out (`refund`), or what WeChat kept for itself (`fee`).

    `no` is our number: of the attempt, or of the refund.  `fee_e5` is the commission in 1/100,000 yuan.
    """

    kind: str
    at: datetime
    transaction_id: str
    no: str
    amount_fen: int
    fee_e5: int
    state: str


def _scaled(yuan: str, digits: int) -> int:
    """A decimal number of yuan as a whole number of 10^-digits yuan; exact, or BillBroken."""
    sign = -1 if yuan.startswith("-") else 1
    whole, _, rest = yuan.lstrip("-").partition(".")
    kept, lost = rest[:digits].ljust(digits, "0"), rest[digits:]
    if not (whole + kept + lost).isdigit() or lost.strip("0"):
        raise BillBroken(f"not an amount: {yuan}")
    return sign * int(whole + kept)


def _fen(yuan: str) -> int:
    return _scaled(yuan, 2)


def _at(moment: str) -> datetime:
    try:
        return datetime.strptime(moment, "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI)
    except ValueError as error:
        raise BillBroken(f"not a moment: {moment}") from error


def _rows(body: str) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Rows and summary by their column's name."""
    lines = [line for line in csv.reader(io.StringIO(body.removeprefix("\ufeff"))) if line]
    if len(lines) < 3:
        raise BillBroken("no rows")
    *rows, sums_head, sums = [[cell.strip().lstrip("`") for cell in line] for line in lines]
    head = rows.pop(0)
    if any(len(row) < len(head) for row in rows) or len(sums) < len(sums_head):
        raise BillBroken("a row is cut off")
    return [dict(zip(head, row, strict=False)) for row in rows], dict(zip(sums_head, sums, strict=False))


def parse_trades(body: str) -> list[BillLine]:
    """The bill of trades (ALL).

    :raises BillBroken: it is not one, or does not add up.
    """
    rows, sums = _rows(body)
    try:
        lines = [_trade(row) for row in rows]
        told = (int(sums["总交易单数"]), _fen(sums["订单总金额"]), _fen(sums["申请退款总金额"]))
    except KeyError as error:
        raise BillBroken(f"no column {error}") from error
    found = (len(lines), *(sum(line.amount_fen for line in lines if line.kind == kind) for kind in ("paid", "refund")))
    if found != told:
        raise BillBroken(f"rows come to {found}, the summary says {told}")
    return lines


def _trade(row: dict[str, str]) -> BillLine:
    at, transaction_id, fee_e5 = _at(row["交易时间"]), row["微信订单号"], _scaled(row["手续费"], 5)
    if row["交易状态"] == _PAID:
        return BillLine("paid", at, transaction_id, row["商户订单号"], _fen(row["订单金额"]), fee_e5, _PAID)
    amount_fen = _fen(row["申请退款金额"])
    if row["交易状态"] == _REVOKED:
        return BillLine("refund", at, transaction_id, row["商户订单号"], amount_fen, fee_e5, _REVOKED)
    if row["交易状态"] == _REFUND:
        return BillLine("refund", at, transaction_id, row["商户退款单号"], amount_fen, fee_e5, row["退款状态"])
    raise BillBroken(f"not a state: {row['交易状态']}")


def parse_funds(body: str) -> list[BillLine]:
    """The bill of the account (BASIC).

    :raises BillBroken: it is not one, or does not add up.
    """
    rows, sums = _rows(body)
    try:
        lines = [_fund(row) for row in rows]
        told = (int(sums["资金流水总笔数"]), _fen(sums["收入金额"]) - _fen(sums["支出金额"]))
    except KeyError as error:
        raise BillBroken(f"no column {error}") from error
    found = len(lines), sum(line.amount_fen if line.kind == "paid" else -line.amount_fen for line in lines)
    if found != told:
        raise BillBroken(f"rows come to {found}, the summary says {told}")
    return lines


def _fund(row: dict[str, str]) -> BillLine:
    fen, comes_in, what = _fen(row["收支金额（元）"]), row["收支类型"] == "收入", row["业务类型"]
    kind = "paid" if comes_in else "refund" if what == "退款" else "fee"
    number, voucher = row["微信支付业务单号"], row["业务凭证号"]
    return BillLine(kind, _at(row["记账时间"]), number, voucher, fen, 0, what)


_KEPT = text("SELECT digest FROM bill WHERE day = :day AND source = :source")
_KEEP = text("""
    WITH told AS (INSERT INTO bill (day, source, digest, lines, fetched_at)
        VALUES (:day, :source, :digest, :lines, :now)
        ON CONFLICT (day, source) DO UPDATE SET digest = excluded.digest, lines = excluded.lines,
            fetched_at = excluded.fetched_at)
    DELETE FROM bill_line WHERE day = :day AND source = :source""")
_LINES = text("""
    INSERT INTO bill_line (day, source, line_no, kind, at, transaction_id, no, amount_fen, fee_e5, state)
    SELECT :day, :source, row_number() OVER (), l.* FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS l(kind text,
        at timestamptz, transaction_id text, no text, amount_fen bigint, fee_e5 bigint, state text)""")


def keep(session: Session, day: date, source: Source, body: str, *, now: datetime) -> int:
    """Write a bill down; returns how many lines, 0 when the same file is there.  Another file of the day replaces it.

    :raises BillBroken: nothing was written.
    """
    lines: Sequence[BillLine] = (parse_trades if source is Source.TRADE else parse_funds)(body)
    digest = hashlib.sha256(body.encode()).hexdigest()
    key = {"day": day, "source": str(source)}
    known = first(session, _KEPT, key)
    if known is not None and known.digest == digest:
        return 0
    fetch(session, _KEEP, {**key, "digest": digest, "lines": len(lines), "now": now})
    fetch(session, _LINES, {**key, "rows": json.dumps(list(_as_rows(lines)), ensure_ascii=False)})
    return len(lines)


def keep_empty(session: Session, day: date, source: Source, *, now: datetime) -> None:
    """WeChat says that nothing happened on the day."""
    fetch(session, _KEEP, {"day": day, "source": str(source), "digest": "", "lines": 0, "now": now})


def _as_rows(lines: Sequence[BillLine]) -> Iterator[dict[str, Any]]:
    for line in lines:
        yield asdict(line) | {"at": line.at.isoformat()}


_HAVE = text("SELECT source FROM bill WHERE day = :day")


def have(session: Session, day: date) -> set[str]:
    """Which bills of a day are here."""
    return {row.source for row in fetch(session, _HAVE, {"day": day})}
