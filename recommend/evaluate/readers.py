"""Reads files of behaviour; which of the documented formats a file has is seen from its content.

Sessions: a JSON object a line, `split` "train" with `items`, or "test" with `items` and `next`, oldest first.
Baskets: one JSON object, member to a list of baskets; or CSV with `user_id,basket_id,date,item_id`; or CSV of
invoice lines with `InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID`.
Events: CSV with `user,item,event` and `ts` (Unix seconds) or `mmdd` (a day of the year); events fav, cart, buy.
Each may be packed by gzip.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from recommend.histories import Floats, Ints, Lines, Texts

NOT_GOODS = {"POST", "D", "M", "m", "DOT", "CRUK", "C2", "S", "B", "PADS", "AMAZONFEE", "BANK CHARGES"}
"""Codes of invoice lines that are charges and not goods."""
KINDS = {"fav": 0, "cart": 1, "buy": 2}
INVOICE = {"InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "CustomerID"}
TICKET = {"user_id", "basket_id", "date", "item_id"}
EVENT = {"user", "item", "event"}
CHINA_S = 8 * 3600
Row = dict[str, str]
Parsed = TypeVar("Parsed")


class Unreadable(Exception):
    """A file that is none of the documented formats, or breaks off from its own; says which and where."""


@dataclass(frozen=True)
class Sessions:
    """Sessions for learning, oldest first, and questions: the items seen so far, and the next one."""

    closed: list[list[str]]
    asked: list[list[str]]
    answers: list[str]


@dataclass(frozen=True)
class Events:
    """Favourites, carts and purchases; `at` in days of China's clock, or the day of the year."""

    member: Texts
    item: Texts
    kind: Ints
    at: Floats
    clock: bool


Read = Lines | Sessions | Events


def read(paths: list[Path]) -> Read:
    """What the files hold; several are parts of one log.  Raises Unreadable with a sentence for people."""
    parts = [read_one(path) for path in paths]
    first = parts[0]
    if any(type(part) is not type(first) for part in parts):
        raise Unreadable(f"{paths[0]} and the other files are of different kinds; give parts of one log")
    if len(parts) == 1:
        return first
    if isinstance(first, Lines):
        return _joined(paths, [part for part in parts if isinstance(part, Lines)])
    raise Unreadable("only baskets can be given in several files")


def read_one(path: Path) -> Read:
    """One file."""
    text = _text(path)
    start = text[:1_000_000].lstrip("\ufeff \r\n\t")
    if not start:
        raise Unreadable(f"{path} is empty")
    if start[0] == "{":
        first = start.split("\n", 1)[0]
        return _sessions(path, text) if '"split"' in first else _basket_lists(path, text)
    header = {name.strip() for name in start.split("\n", 1)[0].split(",")}
    readers: list[tuple[set[str], Callable[[Path, str], Read]]]
    readers = [(INVOICE, _invoices), (TICKET, _tickets), (EVENT, _events)]
    for needed, reader in readers:
        if needed <= header:
            return reader(path, text)
    raise Unreadable(
        f"{path}: neither sessions, baskets nor events. The first line is {start[:80].splitlines()[0]!r}; "
        "known are JSON lines with split and items, a JSON object of baskets, and CSV with the columns "
        + " or ".join(",".join(sorted(needed)) for needed, _ in readers)
    )


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8-sig")
    except FileNotFoundError:
        raise Unreadable(f"{path} does not exist") from None
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error}") from None
    except (EOFError, zlib.error, UnicodeDecodeError) as error:
        raise Unreadable(f"{path} is neither text nor a whole gzip file: {error}") from None


def _rows(path: Path, text: str, parse: Callable[[Row], Parsed | None]) -> Iterator[Parsed]:
    """Each line of a CSV file through `parse`; None leaves a line out."""
    for number, row in enumerate(csv.DictReader(io.StringIO(text)), 2):
        try:
            parsed = parse(row)
        except (ValueError, KeyError, TypeError) as error:
            raise Unreadable(f"{path}, line {number}: {error}") from None
        if parsed is not None:
            yield parsed


def _sessions(path: Path, text: str) -> Sessions:
    found = Sessions([], [], [])
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            if not isinstance(row["items"], list):
                raise TypeError("items is no list")
            items = [str(item) for item in row["items"]]
            if row["split"] == "train":
                found.closed.append(items)
            else:
                found.asked.append(items)
                found.answers.append(str(row["next"]))
        except (ValueError, KeyError, TypeError) as error:
            raise Unreadable(f"{path}, line {number}: not a session ({error!r})") from None
    if not found.closed or not found.asked:
        raise Unreadable(f"{path} needs sessions of both splits, train and test")
    return found


def _basket_lists(path: Path, text: str) -> Lines:
    try:
        known: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise Unreadable(f"{path} is no whole JSON object: {error}") from None
    owner, basket, item = [], [], []
    for member, baskets in known.items():
        if not isinstance(baskets, list) or not all(isinstance(one, list) for one in baskets):
            raise Unreadable(f"{path}: member {member!r} has no list of baskets")
        for number, items in enumerate(baskets):
            owner += [member] * len(items)
            basket += [number] * len(items)
            item += [str(one) for one in items]
    if not owner:
        raise Unreadable(f"{path} holds no basket")
    numbers = np.array(basket)
    return Lines(np.array(owner), numbers.astype(str), numbers.astype(float), np.array(item), None, dated=False)


def _invoices(path: Path, text: str) -> Lines:
    def parse(row: Row) -> tuple[str, str, str, str, float] | None:
        if not row["CustomerID"] or row["InvoiceNo"].startswith("C") or row["StockCode"] in NOT_GOODS:
            return None
        if float(row["Quantity"]) <= 0:
            return None
        price = float(row.get("UnitPrice") or "nan")
        return row["CustomerID"], row["InvoiceNo"], row["InvoiceDate"][:19], row["StockCode"], price

    owner, basket, at, item, price = _columns(path, _rows(path, text, parse))
    try:
        moments = np.array(at, "datetime64[s]").astype(np.int64) / 86400
    except ValueError as error:
        raise Unreadable(f"{path}: a date is not written as 2011-07-10T08:26:00 ({error})") from None
    # An invoice is one basket at the moment of its first line.
    return Lines(np.array(owner), np.array(basket), moments, np.array(item), np.array(price, float), dated=True)


def _tickets(path: Path, text: str) -> Lines:
    def parse(row: Row) -> tuple[str, str, float, str]:
        return row["user_id"], row["basket_id"], float(row["date"]), row["item_id"]

    owner, basket, at, item = _columns(path, _rows(path, text, parse))
    return Lines(np.array(owner), np.array(basket), np.array(at), np.array(item), None, dated=True)


def _events(path: Path, text: str) -> Events:
    clock = "ts" in text[:1000].splitlines()[0].split(",")

    def parse(row: Row) -> tuple[str, str, int, float]:
        if row["event"] not in KINDS:
            raise ValueError(f"event {row['event']!r} is none of fav, cart and buy")
        at = (float(row["ts"]) + CHINA_S) / 86400 if clock else day_of_year(row["mmdd"])
        return row["user"], row["item"], KINDS[row["event"]], at

    member, item, kind, at = _columns(path, _rows(path, text, parse))
    return Events(np.array(member), np.array(item), np.array(kind), np.array(at, float), clock)


def day_of_year(mmdd: str) -> float:
    """The day of a common year, 1 January being 0: "1015" is 287."""
    return float(
        (np.datetime64(f"2015-{int(mmdd) // 100:02}-{int(mmdd) % 100:02}") - np.datetime64("2015-01-01")).astype(int)
    )


def _columns(path: Path, rows: Iterator[tuple[Any, ...]]) -> list[list[Any]]:
    columns = [list(column) for column in zip(*rows, strict=True)]
    if not columns:
        raise Unreadable(f"{path} has its header and no usable line")
    return columns


def _joined(paths: list[Path], parts: list[Lines]) -> Lines:
    if not all(part.dated for part in parts):
        raise Unreadable(f"{paths[0]}: baskets without dates cannot be joined with another file")
    prices = [part.price for part in parts]
    price = None if any(one is None for one in prices) else np.concatenate([one for one in prices if one is not None])
    owner, basket, at, item = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("owner", "basket", "at", "item")
    )
    return Lines(owner, basket, at, item, price, dated=True)
