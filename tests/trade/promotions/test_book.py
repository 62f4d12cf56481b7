"""Which rules are in force where and when, to the millisecond, and from memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from config.clock import epoch_ms
from config.db import transaction
from config.errors import NotFound, WrongState
from tests import factories as make
from trade.pricing.promotions import book, drafts, moves
from trade.pricing.promotions.moves import NothingToPublish

MS = timedelta(milliseconds=1)


@pytest.fixture
def shop(session, now):
    return make.open_shop(session, now=now)


def _rules(session, shop, now):
    return [(rule.id, rule.version, rule.name) for rule in book.at(session, shop.store_id, now).rules.rules]


def _next(session, one, now, **form):
    with transaction(session):
        written = drafts.understood(make.FOREVER | make.OFF_30 | form)
        moves.edit(session, one, written, actor="test", now=now)
        return moves.publish(session, one, actor="test", now=now)


def _step(session, one, event, now):
    with transaction(session):
        return moves.move(session, one, event, actor="test", now=now)


def test_a_version_announced_ahead_is_in_force_at_its_minute(session, shop, now):
    one = make.a_promotion(session, now, name="旧")
    assert _next(session, one, now, name="新", starts="2026-11-24T00:00") == 2
    turn = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
    assert _rules(session, shop, now) == [(one, 1, "旧")]
    assert _rules(session, shop, turn - MS) == [(one, 1, "旧")]
    assert _rules(session, shop, turn) == [(one, 2, "新")]
    assert _rules(session, shop, turn - MS) == [(one, 1, "旧")]


def test_what_has_not_begun_is_there_and_what_is_over_stays_a_day(session, shop, now):
    one = make.a_promotion(session, now, starts="2026-12-01T00:00", ends="2026-12-01T23:59")
    assert [rule.id for rule in book.at(session, shop.store_id, now).rules.rules] == [one]
    over = datetime(2026, 12, 1, 16, 0, tzinfo=UTC)
    rule = book.at(session, shop.store_id, over).rules.rules[0]
    assert rule.until_ms == epoch_ms(over)
    assert _rules(session, shop, over + timedelta(days=1) - MS) != []
    assert _rules(session, shop, over + timedelta(days=1)) == []


def test_paused_and_ended_are_in_no_book_and_each_step_is_a_version(session, shop, now):
    one = make.a_promotion(session, now)
    assert book.at(session, shop.store_id, now).rules.version == 1
    for version, (event, there) in enumerate((("pause", 0), ("resume", 1), ("end", 0)), start=2):
        assert _step(session, one, event, now) == version
        known = book.at(session, shop.store_id, now).rules
        assert (known.version, len(known.rules)) == (version, there)
    for event in ("pause", "resume", "end"):
        with pytest.raises(WrongState):
            _step(session, one, event, now)
    with pytest.raises(WrongState):
        _next(session, one, now)
    with pytest.raises(NotFound):
        _step(session, one + 1, "end", now)
    kinds = session.execute(text("SELECT kind FROM journal WHERE subject = :s ORDER BY id"), {"s": f"promotion:{one}"})
    assert list(kinds.scalars()) == [f"promotion.{what}" for what in ("drafted", "published", "pause", "resume", "end")]


def test_a_published_version_never_changes(session, shop, now):
    one = make.a_promotion(session, now)
    with pytest.raises(NothingToPublish), transaction(session):
        moves.publish(session, one, actor="test", now=now)
    with pytest.raises(Exception, match="never changed"), transaction(session):
        session.execute(text("UPDATE promotion_version SET body = '{}'"))
    with pytest.raises(drafts.PromotionNotSound):
        _next(session, one, now, kind="free_shipping", steps=[[9900, 0]])
    assert _rules(session, shop, now) == [(one, 1, "满200减30")]


def test_a_store_has_its_own_rules_and_mode(session, shop, now):
    other = make.open_shop(session, code="S2", now=now)
    here = make.a_promotion(session, now, store_ids=[shop.store_id])
    assert (len(_rules(session, shop, now)), len(_rules(session, other, now))) == (1, 0)
    with transaction(session):
        pairs = [("member", "activity")]
        moves.settle(session, mode="fixed", member_and_flash="first", stacking=pairs, actor="t", now=now)
        moves.settle_store(session, shop.store_id, "best", actor="t", now=now)
    mine, theirs = (book.at(session, one.store_id, now).rules for one in (shop, other))
    assert (mine.mode, theirs.mode, theirs.member_and_flash, theirs.stacking) == (
        "best",
        "fixed",
        "first",
        tuple(pairs),
    )
    with transaction(session):
        moves.settle_store(session, shop.store_id, None, actor="t", now=now)
    assert book.at(session, shop.store_id, now).rules.mode == "fixed"
    with pytest.raises(NotFound), transaction(session):
        moves.settle_store(session, 99, "best", actor="t", now=now)
    assert here


def test_the_book_is_read_once(session, shop, now):
    make.a_promotion(session, now)
    known = book.at(session, shop.store_id, now)
    with transaction(session):
        session.execute(text("UPDATE promotion SET name = 'x', state = 'paused'"))
    assert book.at(session, shop.store_id, now + timedelta(hours=1)) is known
    with pytest.raises(NotFound):
        book.at(session, 999, now)


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Asia/Urumqi", "America/New_York"])
def test_midnight_is_the_stores_own(session, shop, now, zone):
    with transaction(session):
        session.execute(text("UPDATE store SET zone = :zone"), {"zone": zone})
    known = book.at(session, shop.store_id, now)
    midnight = datetime(2026, 11, 30, 0, 0, tzinfo=known.zone).astimezone(UTC)  # a Monday
    before, after = known.here("till", midnight - MS), known.here("till", midnight, tier="gold", segment_ids=[4])
    assert (before.weekday, before.month_day, before.minute) == (7, 29, 1439)
    assert (after.weekday, after.month_day, after.minute) == (1, 30, 0)
    assert (after.now_ms - before.now_ms, after.tier, after.segment_ids) == (1, "gold", (4,))
    assert (known.day(midnight - MS), known.day(midnight)) == (20261129, 20261130)
    make.a_promotion(session, now, zone=zone, starts="2026-11-29T00:00", ends="2026-11-29T23:59")
    rule = book.at(session, shop.store_id, now).rules.rules[0]
    assert (rule.until_ms, rule.until_ms - rule.from_ms) == (after.now_ms, 24 * 3_600_000)


def test_segments_are_asked_for_by_name_only(session, shop, now):
    from member import segments

    member = make.a_member(session, now=now)
    with transaction(session):
        found = [
            segments.make(session, name, {"all": [{"kind": "tier", "codes": ["standard"]}]}, actor="t", now=now)
            for name in ("a", "b")
        ]
        for one in found:
            segments.refresh(session, one, now=now)
        session.execute(text("UPDATE segment_member SET held_out = (segment_id = :one)"), {"one": found[0]})
    make.a_promotion(session, now, segment_ids=found)
    known = book.at(session, shop.store_id, now)
    assert known.segment_ids == tuple(found)
    assert segments.treated_among(session, member, known.segment_ids) == found[1:]
