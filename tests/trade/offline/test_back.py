"""Goods that came back without network: only of this till's own sales, for what was paid, and never too much."""

from __future__ import annotations

import json
import uuid

import pytest

from config.db import transaction
from tests.devices import Device
from tests.stories import Story
from trade.orders.offline import delivery


@pytest.fixture
def story(session, now):
    return Story(session, now)


@pytest.fixture
def device(story):
    return Device(story.shop)


def _deliver(story, body):
    with transaction(story.session) as opened:
        return delivery.deliver(opened, story.shop.store_id, story.shop.till_id, body, 0, now=story.now)


def _back(device, of, now, *, fen, **more):
    said = json.loads(of)
    head = {name: said[name] for name in ("v", "device", "shift_id", "staff_id", "at_ms", "offset_ms")}
    return device.write(
        head | {
            "kind": "back", "uuid": str(uuid.uuid4()), "no": f"X{device.id[:4].upper()}{device.seq + 1:06d}",
            "seq": device.seq + 1, "prev": device.prev, "sale": said["uuid"], "lines": [{"line_no": 1, "qty": 1}],
            "payable_fen": fen, "reason": "",
        } | more
    )  # fmt: skip


def _money(story):
    returned = story.count("SELECT coalesce(sum(refund_fen), 0) FROM sale_return")
    on_hand = story.count("SELECT on_hand FROM stock_level WHERE sku_id = :id", id=story.shop.skus["milk"])
    return returned, on_hand


def test_a_return_is_booked_once_with_points_taken_back(story, device, now):
    sale = device.sell(now, milk=2, member_id=story.member, tier="standard")
    back = _back(device, sale, now, fen=990)
    _deliver(story, sale)
    before = story.points.available + story.points.pending
    assert {_deliver(story, back).state for _ in range(3)} == {"taken"}
    assert _money(story) == (990, 99)
    assert story.points.available + story.points.pending < before
    story.agree()


def test_it_waits_for_its_sale_and_is_taken_after_it(story, device, now):
    sale = device.sell(now, milk=2)
    back = _back(device, sale, now, fen=990)
    assert (_deliver(story, back).reason, _money(story)) == ("unknown_sale", (0, 100))


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"lines": [{"line_no": 1, "qty": 3}], "payable_fen": 2970}, "too_much_returned"),
        ({"lines": [{"line_no": 1, "qty": 1}, {"line_no": 1, "qty": 1}]}, "line"),
        ({"payable_fen": 1980}, "refund_changed"), ({"shift_id": 99}, "unknown_shift"),
        ({"staff_id": 99}, "unknown_staff"), ({"sale": str(uuid.uuid4())}, "unknown_sale"),
    ],
)  # fmt: skip
def test_too_much_or_of_what_we_do_not_know_moves_nothing_and_waits_on_the_desk(story, device, now, wrong, reason):
    sale = device.sell(now, milk=2)
    back = _back(device, sale, now, fen=990, **wrong)
    _deliver(story, sale)
    assert (_deliver(story, back).reason, _money(story)) == (reason, (0, 98))
    assert story.count("SELECT cause FROM exception_case WHERE kind = 'document_excepted'") == reason
    story.agree()


def test_two_returns_of_the_same_unit_are_one_and_the_other_waits(story, device, now):
    """One over the counter with network, one without: never silent, and never both."""
    sale = device.sell(now, milk=1)
    back = _back(device, sale, now, fen=990)
    story.give_back(_deliver(story, sale).order_id, lines={1: 1})
    assert (_deliver(story, back).state, _money(story)) == ("excepted", (990, 100))
    story.agree()
