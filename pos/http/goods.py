"""Goods in a request or on a page: what the endpoints of stock, transfers, deliveries and counts share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import Field

from config.errors import Malformed
from config.http import Form, session
from pos.http import who
from trade.stock.arrivals import Arrived

PAGE = 50


class StoreQuery(Form):
    """The head office names the store; anybody else is asked about their own."""

    store_id: int | None = None


class PapersQuery(StoreQuery):
    """A state or all (empty), and `before`, the last id of the page before; the head office may leave the store out."""

    state: str = Field("", max_length=20)
    before: int | None = None
    most: int = Field(PAGE, ge=1, le=200)


class GoodsLine(Form):
    """Units (pieces or grams) of one sku; a kit stands for its components."""

    sku_id: int
    qty: int = Field(gt=0, le=100_000_000)


class ArrivedLine(Form):
    """What was counted of one sku at the door, 0 for nothing; `damaged` of it are not for sale."""

    sku_id: int
    qty: int = Field(ge=0, le=100_000_000)
    damaged: int = Field(0, ge=0, le=100_000_000)


def wanted(lines: Sequence[GoodsLine]) -> dict[int, int]:
    """Units by sku; a sku named twice is a mistake."""
    _once(lines)
    return {line.sku_id: line.qty for line in lines}


def arrived(lines: Sequence[ArrivedLine]) -> dict[int, Arrived]:
    """What was counted, by sku; a sku named twice is a mistake."""
    _once(lines)
    return {line.sku_id: Arrived(line.qty, line.damaged) for line in lines}


def _once(lines: Sequence[Any]) -> None:
    if len({line.sku_id for line in lines}) < len(lines):
        raise Malformed(fields={"lines": "each sku at most once"})


def papers(name: str, listed: Callable[..., list[dict[str, Any]]], query: PapersQuery) -> dict[str, Any]:
    """A page of papers of one's own store; the head office sees every store's, or those of the one it names."""
    of: dict[str, Any] = {"state": query.state, "before": query.before, "most": query.most}
    return page(name, listed(session(), who.me().store_id or query.store_id or 0, **of), query.most)


def page(name: str, found: Sequence[dict[str, Any]], most: int, *, by: str = "id") -> dict[str, Any]:
    """A page of rows, with what to ask on with (`next`), null at the end."""
    return {name: found, "next": found[-1][by] if len(found) == most else None}


def differences(units: dict[int, int]) -> list[dict[str, int]]:
    """Signed differences as JSON."""
    return [{"sku_id": sku_id, "qty": qty} for sku_id, qty in sorted(units.items())]
