from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from prometheus_client import generate_latest
from sqlalchemy import text

from config.db import open_session, transaction
from tests import factories as make
from trade.books import nightly
from trade.books.registry import BOOKS
from trade.exceptions import cases, read
from wsgi import create_app


@pytest.fixture
def traded(session, now):
    """A shop that sold to a member for points and cash."""
    shop = make.open_shop(session, now=now)
    member = make.a_member(session, points_of=500, now=now)
    make.ring_up(session, shop, now, member_id=member, points_used=200, milk=2, bread=1)
    return shop, member


def prove(now):
    return {one.book: one for one in nightly.run(open_session, actor="t", now=now)}


def lie(session, sql):
    with transaction(session):
        session.execute(text(sql))


def rows_of(session):
    session.rollback()
    return session.execute(text("SELECT * FROM exception_case ORDER BY id")).all()


def test_a_day_of_trade_proves_clean_in_every_book(session, traded, now):
    proved = prove(now)
    assert {book: one.rows for book, one in proved.items()} == {book: [] for book in BOOKS}
    assert [proved["ledger"].checked, proved["orders"].checked, proved["stock"].checked] == [3, 1, 5]
    assert rows_of(session) == []


def test_a_difference_is_one_exception_with_the_amount_until_it_is_gone(session, traded, now):
    lie(session, "UPDATE lot SET remaining = remaining - 7 WHERE source = 'gift:1'")
    for hours in (0, 1):
        assert len(prove(now + timedelta(hours=hours))["ledger"].rows) == 3
    found = rows_of(session)
    assert [(row.kind, row.cause, row.money_fen, row.at_stake, row.unit) for row in found] == [
        ("book_differs", "ledger", 0, 7, "value")
    ] * 3
    assert {(row.opened_at, row.seen_at, row.taken_at) for row in found} == {(now, now + timedelta(hours=1), None)}
    assert {row.subject.split()[1] for row in found} == {"lots", "sums", "debts"}
    lie(session, "UPDATE lot SET remaining = remaining + 7 WHERE source = 'gift:1'")
    assert prove(now + timedelta(hours=2))["ledger"].rows == []
    assert [(row.resolved_at, row.resolver, row.note) for row in rows_of(session)] == [
        (now + timedelta(hours=2), "proof", cases.VANISHED)
    ] * 3


def test_a_difference_that_comes_back_is_another_exception(session, traded, now):
    for step in (1, -1, 1):
        lie(session, f"UPDATE stock_level SET on_hand = on_hand + {step} WHERE sku_id = 1")
        prove(now)
    assert [row.resolver for row in rows_of(session)] == ["proof", None]


def test_eight_proofs_at_once_open_one_exception(session, traded, now):
    lie(session, "UPDATE stock_level SET on_hand = on_hand + 1 WHERE sku_id = 1")
    with ThreadPoolExecutor(8) as pool:
        assert {len(one["stock"].rows) for one in pool.map(lambda _: prove(now), range(8))} == {1}
    assert [row.subject for row in rows_of(session)] == ["stock differs store_id=1 sku_id=1"]


def test_the_command_prints_every_book_and_fails_on_a_difference(session, traded, now):
    run = create_app().test_cli_runner()
    clean = run.invoke(args=["prove", "--json"])
    told = json.loads(clean.output)
    assert (clean.exit_code, told["agree"], [one["book"] for one in told["books"]]) == (0, True, list(BOOKS))
    lie(session, "UPDATE tender SET amount_fen = amount_fen - 1")
    table = run.invoke(args=["prove", "--book", "orders"])
    assert table.exit_code == 1
    assert "orders: " in table.output
    assert json.loads(run.invoke(args=["prove", "--json"]).output)["agree"] is False
    (row,) = read.still_open(session)
    session.rollback()
    assert json.loads(run.invoke(args=["exceptions"]).output)["subject"] == row["subject"]
    assert run.invoke(args=["exceptions", "--resolve", str(row["id"])]).exit_code == 2
    done = run.invoke(args=["exceptions", "--resolve", str(row["id"]), "--who", "Li", "--note", "a test"])
    assert (done.exit_code, done.output) == (0, "")


def test_the_figures_are_read_from_the_table_by_any_process(session, traded, now):
    create_app()
    lie(session, "UPDATE stock_level SET on_hand = on_hand + 3 WHERE sku_id = 1")
    prove(now)
    page = generate_latest().decode()
    assert 'tongdian_book_differences{book="stock"} 1.0' in page
    assert 'tongdian_book_at_stake{book="stock",unit="units"} 3.0' in page
    assert 'tongdian_book_differences{book="ledger"} 0.0' in page
