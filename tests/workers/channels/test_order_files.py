"""Orders, cancels and states over a real directory: each file once, each order by itself, an answer to each."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from config.db import transaction
from tests.trade.intake.conftest import RECEIVER, cases, free, states
from tests.workers.channels.test_exchange_files import channel, exchange, names, put
from trade.orders.intake import receiving
from workers.adapters.order_files import CANCEL_COLUMNS, ORDER_COLUMNS
from workers.jobs import exchange_files, take_orders

__all__ = ["channel", "exchange"]


def line(number="E1", sku="M", **changes):
    """A row of an order of one milk less 90, freight 600."""
    plain = {
        "external_no": number, "placed_at": "2026-11-23T11:59:00+08:00", "paid_at": "2026-11-23T11:59:00+08:00",
        "freight_fen": 600, "paid_fen": 1500, "sku": sku, "qty": 1, "unit_price_fen": 990, "list_fen": 990,
        "platform_off_fen": 90, "remark": "请放门口，谢谢",
    }  # fmt: skip
    whole = {**dict.fromkeys(ORDER_COLUMNS, ""), **RECEIVER, **plain, **changes}
    return [whole[name] for name in ORDER_COLUMNS]


def read(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))


@pytest.fixture
def brought(open_session, channel, exchange):
    """One good order of two lines, one malformed, one whose rows differ."""
    two = {"paid_fen": 2150}
    rows = [
        line(**two), line(sku="B", unit_price_fen=650, list_fen=650, platform_off_fen="", **two),
        line("E2", qty="many"), line("E3"), line("E3", remark="另一个"),
    ]  # fmt: skip
    put(exchange, "orders-0001", [ORDER_COLUMNS, *rows])
    exchange_files.run(open_session)
    take_orders.run((), open_session)


def test_an_order_file_is_taken_in_and_answered(session, shops, channel, exchange, brought, now):
    assert states(session) == {"E1": "ordered"} and free(session, shops[0], "milk") == 6
    order = session.execute(text("SELECT payable_fen, remark, promise_at FROM sale_order")).one()
    assert order == (2150, "请放门口，谢谢", now + timedelta(hours=24))
    answer = read(exchange / "out/answer-orders-0001-000000001.csv")
    assert [(row["external_no"], row["outcome"], row["reason"]) for row in answer] == [
        ("E1", "new", ""), ("E2", "malformed", "lines.0.qty"),
        ("E3", "malformed", "its rows differ in what is the order's own"),
    ]  # fmt: skip
    assert cases(session) == [("adapter_rejected", "file_not_sound", 0)]
    assert names(exchange, "archive") == ["orders-0001.csv", "orders-0001.ctl"]


def test_what_becomes_of_an_order_goes_out_in_files(session, open_session, channel, exchange, brought):
    exchange_files.run(open_session)
    told = [one for path in sorted((exchange / "out").glob("states-*.csv")) for one in read(path)]
    assert [(one["external_no"], one["state"]) for one in told][-1] == ("E1", "ordered")
    count = len(names(exchange, "out"))
    exchange_files.run(open_session)
    assert len(names(exchange, "out")) == count  # nothing new, no file


def test_cancels_come_in_files_too(session, open_session, shops, channel, exchange, brought):
    put(exchange, "cancels-7", [CANCEL_COLUMNS, ("E1", "不要了"), ("E9", "")])
    exchange_files.run(open_session)
    take_orders.run((), open_session)
    assert states(session) == {"E1": "cancelled", "E9": "tombstone"} and free(session, shops[0], "milk") == 7
    answer = read(next((exchange / "out").glob("answer-cancels-7-*.csv")))
    assert [(row["external_no"], row["outcome"]) for row in answer] == [("E1", "asked"), ("E9", "tombstone")]


def test_a_cancel_of_no_number_puts_the_file_aside_whole(session, open_session, channel, exchange, brought):
    put(exchange, "cancels-8", [CANCEL_COLUMNS, ("E1", ""), ("", "")])
    exchange_files.run(open_session)
    assert "cancels-8.why" in names(exchange, "error") and states(session) == {"E1": "ordered"}


def test_receivers_are_forgotten_when_the_order_has_long_ended(session, channel, brought, now):
    with transaction(session):
        assert receiving.forget(session, before=now + timedelta(days=1)) == 0  # it is under way
    session.execute(text("UPDATE sale_order SET state = 'done', closed_at = :now"), {"now": now})
    session.commit()
    with transaction(session):
        assert receiving.forget(session, before=now) == 0
        assert receiving.forget(session, before=now + timedelta(days=1)) == 1
    assert session.execute(text("SELECT count(receiver_sealed) FROM intake_document")).scalar_one() == 0
