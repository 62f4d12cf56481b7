"""64 threads at one account: one entry a key, no point spent twice (complaints 4.1 and 4.5)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from config.db import transaction
from member import ledger, lots, points
from member.points import PointsShort

BY = {"actor": "t"}


def at_once(open_session, work, times=64):
    def one(number):
        with open_session() as session:
            try:
                with transaction(session):
                    return work(session, number)
            except PointsShort:
                return "short"

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def test_64_threads_with_one_source_key_make_one_entry(session, open_session, member, now):
    given = {"source": "order:1", "key": "order:1:earn", "pending": False, "now": now, **BY}
    done = at_once(open_session, lambda s, _: points.earn(s, member, 70, **given))
    assert sorted(done) == [False] * 63 + [True]
    assert points.balance(session, member).available == 70
    assert ledger.differences(session) == []


def test_64_threads_that_spend_one_balance_spend_it_once(session, do, open_session, member, now):
    for number in range(4):
        source = f"gift:{number}"
        do(points.earn, member, 25, source=source, key=source, pending=False, now=now, **BY)

    def spend(s, number):
        work = points.hold if number % 2 else points.spend
        return work(s, member, 30, source=f"order:{number}", now=now, **BY)

    done = at_once(open_session, spend)
    assert (done.count(True), done.count("short")) == (3, 61)
    assert points.balance(session, member).available == 10
    assert lots.replay(session, member, "points") == lots.stored(session, member, "points")
    assert ledger.differences(session) == []
