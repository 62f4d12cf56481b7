"""A promotion is checked whole before it is kept, and its dates never move by being saved again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from config.db import transaction
from config.texts import LANGUAGES, say, texts
from tests import factories as make
from trade.pricing.promotions import drafts, moves
from trade.pricing.promotions.drafts import FAULTS, FIELDS, PromotionNotSound, as_written, understood
from trade.pricing.rules import Kind, rule_as_json, rule_from_json

SOUND: dict[str, dict[str, Any]] = {
    "member_price": {"prices": {"7": 900}},
    "flash": {"off_fen": 100, "hours": [[480, 600], [1320, 1440]], "weekdays": [6, 7]},
    "clearance": {"rate_bp": 5_000},
    "seckill": {"prices": {"7": 1}, "members_only": True, "quotas": {"total_units": 10, "member_units": 1}},
    "group": {"prices": {"7": 1}, "members_only": True, "people": 3, "fill_minutes": 60},
    "nth_rate": {"steps": [[2, 5_000]], "on": "nth", "across": True},
    "buy_get": {"buy": 2, "get": 1},
    "bundle": {"parts": [[7, 1], [8, 1]], "price_fen": 1_500},
    "amount_off": {"steps": [[20_000, 3_000], [30_000, 5_000]], "cap_fen": 9_000, "measured": "after"},
    "amount_rate": {"steps": [[10_000, 9_000], [20_000, 8_000]]},
    "add_on": {"steps": [[5_000, 0]], "prices": {"7": 100}, "most_per_order": 1},
    "gift": {"steps": [[5_000, 0]], "gifts": [[7, 1]]},
    "free_shipping": {"steps": [[9_900, 0]]},
}


def _form(kind: str, **more):
    return {"name": "活动", "kind": kind, "starts": "2026-11-01T00:00", "ends": "2026-11-30T23:59"} | SOUND[kind] | more


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_a_form_and_becomes_a_rule(kind):
    rule = understood(_form(kind)).as_rule(3, 2)
    assert (rule.id, rule.version, rule.kind) == (3, 2, kind)
    assert rule_from_json(rule_as_json(rule)) == rule
    assert set(FIELDS) == set(Kind)


@pytest.mark.parametrize(
    ("kind", "more", "where", "code"),
    [
        ("amount_off", {"steps": []}, "promotion", "steps_ascend"),
        ("amount_off", {"steps": [[300, 10], [200, 20]]}, "promotion", "steps_ascend"),
        ("amount_off", {"steps": [[300, 301]]}, "promotion", "steps_worth"),
        ("amount_off", {"steps": [[300, 20], [400, 20]]}, "promotion", "steps_worth"),
        ("amount_off", {"steps": [[300, 20], [400, 30]], "every": True}, "promotion", "every_has_one_step"),
        ("amount_rate", {"steps": [[300, 10_001]]}, "promotion", "steps_worth"),
        ("amount_rate", {"steps": [[300, 8_000], [400, 9_000]]}, "promotion", "steps_worth"),
        ("nth_rate", {"steps": [[2, 0]]}, "promotion", "steps_worth"),
        ("flash", {"off_fen": 0}, "promotion", "one_price"),
        ("flash", {"rate_bp": 9_000}, "promotion", "one_price"),
        ("clearance", {"rate_bp": 10_001}, "rate_bp.constrained-int", "value"),
        ("buy_get", {"get": 0}, "promotion", "buy_and_get"),
        ("bundle", {"parts": [[7, 1]]}, "promotion", "parts"),
        ("bundle", {"parts": [[7, 1], [7, 2]]}, "promotion", "named_twice"),
        ("add_on", {"most_per_order": 0}, "promotion", "add_on_prices"),
        ("gift", {"gifts": []}, "promotion", "gifts"),
        ("gift", {"steps": [[5_000, 1]]}, "promotion", "steps_worth"),
        ("free_shipping", {"buy": 2}, "promotion", "not_of_this_kind"),
        ("free_shipping", {"ends": "2026-10-31T23:59"}, "promotion", "ends_before_it_starts"),
        ("free_shipping", {"starts": "2026-11-01T00:00:30"}, "starts", "whole_minutes"),
        ("free_shipping", {"starts": "2026-11-01T00:00+08:00"}, "starts", "value"),
        ("free_shipping", {"hours": [[1320, 60]]}, "promotion", "hours_backwards"),
        ("free_shipping", {"zone": "Asia/Nowhere"}, "zone", "unknown_zone"),
        ("free_shipping", {"quotas": {"member_units": 1}}, "promotion", "member_limit_for_all"),
        ("free_shipping", {"funding": {"hq_bp": 9_999}}, "funding", "funding_not_whole"),
        ("free_shipping", {"weekdays": [1, 1]}, "weekdays", "named_twice"),
        ("free_shipping", {"name": ""}, "name", "value"),
        ("free_shipping", {"colour": "red"}, "colour", "value"),
    ],
)
def test_what_contradicts_itself_is_named(kind, more, where, code):
    with pytest.raises(PromotionNotSound) as refused:
        understood(_form(kind, **more))
    assert refused.value.facts["fields"].get(where, refused.value.facts) == code
    assert texts("en")[f"fault.{code}"] in say("refused.promotion_not_sound", "en", **refused.value.facts)


def test_every_fault_has_its_sentence():
    for language in LANGUAGES:
        assert {code for code in FAULTS if f"fault.{code}" not in texts(language)} == set()


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Asia/Urumqi", "America/New_York"])
def test_saving_ten_times_never_moves_a_date(session, now, zone):
    form = understood(
        _form("amount_off", zone=zone, quotas={"total_units": 5}, funding={"hq_bp": 0, "store_bp": 10_000})
    )
    with transaction(session):
        one = moves.draft(session, form, actor="t", now=now)
        moves.publish(session, one, actor="t", now=now)
        for _ in range(10):
            row = session.execute(text("SELECT * FROM promotion_version ORDER BY version DESC LIMIT 1")).one()
            shown = as_written(row)
            assert shown.ends == datetime(2026, 11, 30, 23, 59)  # noqa: DTZ001  the wall clock, as it is shown
            moves.edit(session, one, understood(shown.model_dump(mode="json")), actor="t", now=now)
            moves.publish(session, one, actor="t", now=now)
    rows = session.execute(
        text("SELECT from_at, until_at, body - 'version' AS body, total_units FROM promotion_version")
    )
    assert len({str(tuple(row)) for row in rows}) == 1
    assert as_written(row) == form
    if zone == "Asia/Shanghai":
        assert (form.from_at, form.until_at) == tuple(
            datetime(2026, *d, 16, 0, tzinfo=UTC) for d in ((10, 31), (11, 30))
        )


def test_a_promotion_names_only_what_there_is(session, now):
    shop = make.open_shop(session, now=now)
    milk = shop.skus["milk"]
    form = {
        "kind": "flash", "prices": {milk: 900, 999: 1}, "store_ids": [shop.store_id, 99], "segment_ids": [5],
        "scope": {"exclude": {"categories": [77]}},
    }  # fmt: skip
    with pytest.raises(PromotionNotSound) as refused:
        make.a_promotion(session, now, **form)
    kinds = ("sku", "category", "store", "segment")
    assert refused.value.facts["fields"] == {kind: f"unknown_{kind}" for kind in kinds}
    assert session.execute(text("SELECT count(*) FROM promotion")).scalar() == 0


def test_a_draft_that_is_over_is_not_published(session, now):
    with pytest.raises(PromotionNotSound):
        make.a_promotion(session, now, starts="2026-11-01T00:00", ends="2026-11-23T11:59")
    assert session.execute(text("SELECT count(*) FROM promotion_version")).scalar() == 0
    assert make.a_promotion(session, now, starts="2026-11-01T00:00", ends="2026-11-23T12:00")
    assert drafts.MINUTE.seconds == 60
