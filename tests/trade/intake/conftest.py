from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text

from config import clock
from config.db import transaction
from tests.trade.channels.conftest import open_channel, shops
from trade.orders.addresses import Address
from trade.orders.intake import receiving
from trade.orders.intake.documents import CancelForm, DocumentForm
from workers.jobs import take_orders

__all__ = ["shops"]


@pytest.fixture
def clocked(now, monkeypatch):
    """The clock stands at `now`; a test sets `at`."""

    class Standing:
        at = now

    standing = Standing()
    monkeypatch.setattr(clock, "now", lambda: standing.at)
    return standing


@pytest.fixture
def channel(session, shops, clocked, now):
    return open_channel(session, shops, now)


RECEIVER: dict[str, Any] = {
    "name": "李雷", "phone": "13800001111", "region": "330106", "region_name": "浙江省 杭州市 西湖区",
    "street": "文三路 5 号",
}  # fmt: skip


def home(receiver: dict[str, Any]) -> Address:
    """Where a document's order goes."""
    return Address(**receiver)


def document(external_no="T1", *, milk=2, bread=1, now: datetime | None = None, **changes) -> dict[str, Any]:
    """2 milk at 990 less 300 (platform) and 130 (ours), 1 bread at 650, freight 600."""
    lines = [
        {"sku": "M", "qty": milk, "unit_price_fen": 990, "list_fen": 990 * milk, "discounts": [
            {"name": "平台券", "fen": 300, "payer": "platform"}, {"name": "店铺券", "fen": 130, "payer": "merchant"}]},
        {"sku": "B", "qty": bread, "unit_price_fen": 650, "list_fen": 650 * bread, "tax_fen": 75},
    ]  # fmt: skip
    at = "2026-11-23T11:59:00+08:00"
    plain = {"external_no": external_no, "placed_at": at, "paid_at": at, "receiver": RECEIVER, "freight_fen": 600,
             "paid_fen": 990 * milk - 430 + 650 * bread + 600, "lines": lines}  # fmt: skip
    return {**plain, **changes}


def bring(session, channel_id, now, *documents, take=True):
    """The channel brings documents, and they are taken in; returns the answers."""
    with transaction(session):
        ours = [DocumentForm(**one).document() for one in documents]
        answers = receiving.receive(session, channel_id, ours, actor="channel:tmall-1", now=now)
    if take:
        take_orders.run()
    return answers


def call_off(session, channel_id, now, *numbers, take=True):
    """The channel cancels; returns the answers."""
    with transaction(session):
        forms = [CancelForm(external_no=one, reason="不想要了") for one in numbers]
        answers = receiving.cancel(session, channel_id, forms, actor="channel:tmall-1", now=now)
    if take:
        take_orders.run()
    return answers


def heads(session) -> dict[str, Any]:
    session.rollback()
    rows = session.execute(text("SELECT * FROM intake_order ORDER BY external_no")).all()
    return {row.external_no: row for row in rows}


def states(session) -> dict[str, str]:
    return {no: row.state for no, row in heads(session).items()}


def cases(session):
    session.rollback()
    found = session.execute(text("SELECT kind, cause, money_fen FROM exception_case WHERE resolved_at IS NULL"))
    return sorted(tuple(row) for row in found)


def free(session, shop, name) -> int:
    session.rollback()
    given = {"store": shop.store_id, "sku": shop.skus[name]}
    words = "SELECT free_online FROM stock_level WHERE store_id = :store AND sku_id = :sku"
    return session.execute(text(words), given).scalar_one()
