"""What points cost an order: at most two more statements to earn and two more to spend."""

from __future__ import annotations

import psycopg
import pytest

from member import lots, points
from tests import factories as make


@pytest.fixture
def statements(monkeypatch):
    """Every statement that reaches PostgreSQL."""
    sent: list[str] = []
    real = psycopg.Connection.execute
    real_cursor = psycopg.Cursor.execute

    def execute(self, query, *args, **more):
        sent.append(str(query))
        return real(self, query, *args, **more)

    def on_cursor(self, query, *args, **more):
        sent.append(str(query))
        return real_cursor(self, query, *args, **more)

    monkeypatch.setattr(psycopg.Connection, "execute", execute)
    monkeypatch.setattr(psycopg.Cursor, "execute", on_cursor)
    return sent


def test_earning_and_spending_in_a_till_sale_cost_at_most_two_statements_each(session, now, statements, monkeypatch):
    shop = make.open_shop(session, now=now)
    member = make.a_member(session, points_of=1000, now=now)

    def cost(**sale):
        del statements[:]
        make.ring_up(session, shop, now, milk=2, **sale)
        return len(set_of(statements))

    make.ring_up(session, shop, now, milk=1)  # the terms are known from here on
    with monkeypatch.context() as quiet:
        quiet.setattr(points, "earn", lambda *_, **__: True)
        quiet.setattr(points, "spend", lambda *_, **__: True)
        neither = cost(member_id=member, points_used=100)
        quiet.undo()
    with monkeypatch.context() as quiet:
        quiet.setattr(points, "earn", lambda *_, **__: True)
        spending = cost(member_id=member, points_used=100)
        quiet.undo()
    both = cost(member_id=member, points_used=100)
    assert 1 <= spending - neither <= 2
    assert 1 <= both - spending <= 2
    assert lots.replay(session, member, "points") == lots.stored(session, member, "points")


def set_of(sent):
    """Statements as sent; psycopg's connection hands each to a cursor of its own."""
    return [query for index, query in enumerate(sent) if index == 0 or sent[index - 1] != query]
