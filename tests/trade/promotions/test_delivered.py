"""What a till has when its network goes: the books in force now and soon, and nobody's quotas."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from config.clock import epoch_ms
from config.db import transaction
from config.errors import NotFound
from tests import factories as make
from trade.pricing.promotions import book, delivered, drafts, moves
from trade.pricing.rules import book_from_json


@pytest.fixture
def shop(session, now):
    return make.open_shop(session, now=now)


def _announce(session, promotion_id, now, starts):
    with transaction(session):
        form = make.FOREVER | make.OFF_30 | {"name": starts, "starts": starts}
        moves.edit(session, promotion_id, drafts.understood(form), actor="test", now=now)
        moves.publish(session, promotion_id, actor="test", now=now)


def test_versions_that_begin_within_two_days_are_sent_with_their_minute(session, shop, now):
    one = make.a_promotion(session, now, quotas={"total_units": 5, "budget_fen": 1_000})
    for starts in ("2026-11-24T00:00", "2026-11-25T00:00", "2026-12-24T00:00"):
        _announce(session, one, now, starts)
    found = delivered.to_till(session, shop.store_id, now)
    turns = [datetime(2026, month, day, 16, tzinfo=UTC) for month, day in ((11, 23), (11, 24), (12, 23))]
    assert [sent["until_ms"] for sent in found["books"]] == [epoch_ms(turn) for turn in turns]
    assert [[rule["version"] for rule in sent["book"]["rules"]] for sent in found["books"]] == [[1], [2], [3]]
    begun = (now, *turns[:2])
    for sent, at in zip(found["books"], begun, strict=True):
        assert book_from_json(sent["book"]) == book.at(session, shop.store_id, at).rules
    assert not {"total_units", "quotas", "budget_fen", "funding"} & found["books"][0]["book"]["rules"][0].keys()
    with pytest.raises(NotFound):
        delivered.to_till(session, 999, now)


def test_the_clock_of_a_store_may_be_put_back_meanwhile():
    summer_ends = datetime(2026, 11, 1, 6, tzinfo=UTC)
    zone = ZoneInfo("America/New_York")
    found = delivered.offsets(zone, summer_ends - timedelta(hours=1))
    assert found[1:] == [(epoch_ms(summer_ends), -300)]
    assert found[0][1] == -240
    assert [minutes for _, minutes in delivered.offsets(ZoneInfo("Asia/Shanghai"), summer_ends)] == [480]
