"""What comes late, was opened without network, was forgotten, or is shared: each in its own shift."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import WrongState
from tests import factories as make
from tests.trade.shifts import words as w
from trade.orders.offline import again, delivery, kinds
from trade.orders.shifts import drawers, figures, moves, read, settle
from trade.stores import tills
from trade.stores.models import Role, Till

HOUR = timedelta(hours=1)


def test_the_z_waits_for_every_document_before_the_seal(story, device):
    first, second = device.sell(story.now), device.sell(story.now)
    seal = device.seal(story.now, 21_980, unsent=[{"no": "X1", "fen": 990}])
    after = device.seal(story.now, 1)  # of the next shift: not waited for
    assert w.deliver(story, first, seal) == ["taken", "taken"]
    w.keep(story)
    before = w.everything(story)
    with pytest.raises(settle.ShiftGap) as refused:
        w.do(story, settle.settle, story.shop.shift_id)
    assert refused.value.facts == {"missing": 1}
    assert w.everything(story) == before and after
    w.deliver(story, second)
    w.do(story, settle.settle, story.shop.shift_id)
    assert (w.zs(story)[0]["sales"], w.zs(story)[0]["missing"], w.zs(story)[0]["difference_fen"]) == (2, 0, 0)
    story.agree()


def test_a_sale_that_comes_after_a_forced_settlement_amends_the_z_of_its_own_shift(story, device):
    """Complaint 4.2: it never goes into the shift that is open by then."""
    late = [device.sell(story.now), device.sell(story.now)]
    w.deliver(story, device.seal(story.now, 21_980))
    w.keep(story)
    before, word = w.everything(story), settle.Word(3, "不肯等")
    with pytest.raises(settle.ShiftGap):
        w.do(story, settle.settle, story.shop.shift_id, variance=word)
    assert w.everything(story) == before
    w.do(story, settle.settle, story.shop.shift_id, gap=word)
    with transaction(story.session) as opened:
        after = make.open_shift(opened, w.till(story), 1, 20_000, story.now)
    for body in late:
        w.deliver(story, body)
    written = w.zs(story)
    assert [(one["z_no"], one["amended"], one["sales"], one["difference_fen"]) for one in written] == [
        (1, 0, 0, 1_980), (1, 1, 1, 990), (1, 2, 2, 0),
    ]  # fmt: skip
    assert [one["prev"] for one in written[1:]] == [one["hash"] for one in written[:-1]]
    assert written[0]["missing"] == 2 and [one["for"] for one in written[1:]] == [json.loads(b)["no"] for b in late]
    with transaction(story.session) as opened:
        assert figures.of(opened, story.shop.store_id, after)["sales"] == 0
    story.agree()


def test_who_does_not_wait_has_not_answered_for_the_difference(story, device):
    """Two powers: one word each, and the Z has both reasons."""
    device.sell(story.now)
    w.deliver(story, device.seal(story.now, 10_000))
    w.keep(story)
    before, gap, off = w.everything(story), settle.Word(3, "机器坏了"), settle.Word(2, "找错零钱")
    with pytest.raises(settle.VarianceNeedsApproval):
        w.do(story, settle.settle, story.shop.shift_id, gap=gap)
    with pytest.raises(settle.ShiftGap):
        w.do(story, settle.settle, story.shop.shift_id, variance=off)
    assert w.everything(story) == before
    w.do(story, settle.settle, story.shop.shift_id, variance=off, gap=gap)
    said = "SELECT data->>'approved_by' || ':' || (data->>'gap_approved_by') FROM journal WHERE kind = :kind"
    assert story.count(said, kind="shift.settled_with_gap") == "2:3"
    assert w.zs(story)[0]["reason"] == "找错零钱；机器坏了"


def test_voided_tickets_are_in_the_z_by_who_voided_them_and_a_late_one_amends_it(story, device):
    people = story.shop.people
    cashier, manager = people[Role.CASHIER], people[Role.STORE_MANAGER]
    device.staff_id = cashier
    w.deliver(story, device.void(story.now, after_subtotal=False), device.void(story.now, approver_id=manager))
    late = device.void(story.now, approver_id=manager)
    w.count(story, 20_000)
    w.keep(story)
    w.do(story, settle.settle, story.shop.shift_id)
    w.deliver(story, late)
    written = w.zs(story)
    assert [one["voided"] for one in written] == [
        [{"staff_id": cashier, "n": 2, "fen": 3_960, "approved": 1}],
        [{"staff_id": cashier, "n": 3, "fen": 5_940, "approved": 2}],
    ]  # fmt: skip
    assert written[0]["voiders"] == {str(cashier): "员工S1"}
    assert {one["expected_fen"] for one in written} == {20_000}
    story.agree()


def test_however_long_the_chain_only_its_end_is_looked_through(story, device):
    """In any order of arrival `missing` is what a count of every number says, and the whole part grows to its end."""
    bodies = [device.sell(story.now) for _ in range(24)]
    w.deliver(story, device.seal(story.now, 20_000))
    kept = {25}
    for number in Random(7).sample(range(1, 25), 24):
        w.deliver(story, bodies[number - 1])
        kept.add(number)
        with transaction(story.session) as opened:
            row = settle.lock(opened, story.shop.store_id, story.shop.shift_id)
            assert settle.stand(opened, row).missing == 25 - len(kept)
        whole = next(n for n in range(1, 27) if n not in kept) - 1
        assert story.count("SELECT whole_seq FROM till_device") == whole
    assert story.count("SELECT count(*) FROM exception_case WHERE kind = 'document_gap' AND resolved_at IS NULL") == 0


def test_money_of_a_document_that_is_no_sale_yet_is_in_the_drawer_and_not_expected(story, device):
    stuck = device.sell(story.now, staff_id=999)
    assert w.deliver(story, stuck) == ["excepted"]
    w.count(story, 20_990)
    w.keep(story)
    w.do(story, settle.settle, story.shop.shift_id)
    [written] = w.zs(story)
    assert (written["expected_fen"], written["unbooked_fen"], written["difference_fen"]) == (20_000, 990, 0)
    story.agree()
    with transaction(story.session) as opened:
        opened.execute(
            text(
                "INSERT INTO staff (id, login, name, role, store_id, password_hash, active)"
                " VALUES (999, 'x', '小王', 'cashier', :store, '', true)"
            ),
            {"store": story.shop.store_id},
        )
    with transaction(story.session) as opened:
        again.take(opened, story.shop.store_id, json.loads(stuck)["uuid"], now=story.now)
    [_, amended] = w.zs(story)
    assert (amended["expected_fen"], amended["unbooked_fen"], amended["difference_fen"]) == (20_990, 0, 0)
    story.agree()


def test_a_document_that_could_not_be_booked_after_the_z_amends_it_too(story, device):
    w.count(story, 20_000)
    w.keep(story)
    w.do(story, settle.settle, story.shop.shift_id)
    assert w.deliver(story, device.sell(story.now, staff_id=999)) == ["excepted"]
    assert [(one["amended"], one["unbooked_fen"]) for one in w.zs(story)] == [(0, 0), (1, 990)]
    story.agree()


def test_a_shift_opened_without_network_is_booked_by_the_name_its_till_gave_it(story, device):
    w.deliver(story, device.seal(story.now, 20_000))
    opening = device.open(story.now, 15_000)
    name = json.loads(opening)["shift_uuid"]
    sale = device.sell(story.now, shift_id=0, shift_uuid=name)
    assert w.deliver(story, opening, opening, sale) == ["taken"] * 3
    with transaction(story.session) as opened:
        found = read.current(opened, w.till(story))
        assert found is not None
        assert (found["uuid"], found["sales"], found["float_fen"]) == (name, 1, 15_000)
        assert found["proposed_fen"] == 20_000
        again_id = moves.open_(opened, w.till(story), name, 1, {100: 1}, actor="t", now=story.now)
        assert again_id == found["id"]
    story.agree()


def test_an_opening_while_another_shift_is_open_waits_on_the_desk_with_its_sales(story, device):
    opening = device.open(story.now, 15_000)
    sale = device.sell(story.now, shift_id=0, shift_uuid=json.loads(opening)["shift_uuid"])
    assert w.deliver(story, opening, sale) == ["excepted", "excepted"]
    w.count(story, 20_000)
    with transaction(story.session) as opened:
        for body in (opening, sale):
            row = kinds.read(body)
            delivery.take(opened, story.shop.store_id, story.shop.till_id, row, now=story.now)
        assert (read.current(opened, w.till(story)) or {})["sales"] == 1
    story.agree()


def test_a_forgotten_shift_sells_no_more_until_it_is_counted_or_prolonged_once(story):
    cut_over = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
    with transaction(story.session) as opened:
        opened.execute(text("UPDATE shift SET sells_until = :at"), {"at": cut_over})
        assert read.sells_in(opened, w.till(story), now=cut_over - timedelta(seconds=1)) == story.shop.shift_id
        with pytest.raises(read.ShiftForgotten):
            read.sells_in(opened, w.till(story), now=cut_over)
    story.now = cut_over + HOUR
    w.do(story, moves.prolong, story.shop.shift_id, 3, "夜班")
    with transaction(story.session) as opened:
        assert read.sells_in(opened, w.till(story), now=cut_over + 23 * HOUR) == story.shop.shift_id
        with pytest.raises(read.ShiftForgotten):
            read.sells_in(opened, w.till(story), now=cut_over + 24 * HOUR)
    w.do(story, moves.prolong, story.shop.shift_id, 3, "夜班")  # while it sells there is nothing to prolong
    story.now = cut_over + 25 * HOUR
    before = w.everything(story)
    with pytest.raises(moves.ProlongedBefore):
        w.do(story, moves.prolong, story.shop.shift_id, 3, "夜班")
    assert w.everything(story) == before
    w.count(story, 20_000)
    with pytest.raises(WrongState) as refused:
        w.do(story, moves.prolong, story.shop.shift_id, 3, "夜班")
    assert refused.value.facts["state"] == "counted"


@pytest.mark.parametrize(
    ("opened_at", "until"),
    [  # Shanghai: 03:59 is still the day before; the day turns at 04:00
        (datetime(2026, 11, 30, 19, 59, tzinfo=UTC), datetime(2026, 11, 30, 20, 0, tzinfo=UTC)),
        (datetime(2026, 11, 30, 20, 0, tzinfo=UTC), datetime(2026, 12, 1, 20, 0, tzinfo=UTC)),
        (datetime(2026, 11, 30, 15, 59, tzinfo=UTC), datetime(2026, 11, 30, 20, 0, tzinfo=UTC)),
        (datetime(2026, 11, 30, 16, 1, tzinfo=UTC), datetime(2026, 11, 30, 20, 0, tzinfo=UTC)),
        (datetime(2026, 12, 1, 0, 0, tzinfo=UTC), datetime(2026, 12, 1, 20, 0, tzinfo=UTC)),
    ],
)
def test_a_shift_sells_until_the_cut_over_of_its_business_day(opened_at, until):
    assert moves.sells_until(opened_at) == until


def test_two_tills_share_a_drawer_and_its_one_shift(story, open_session):
    with transaction(story.session) as opened:
        second = Till(store_id=story.shop.store_id, name="2号机")
        opened.add(second)
        opened.flush()
        other = tills.TillCard(second.id, "2号机", story.shop.store_id, "通店")
        mine = drawers.of(opened, w.till(story))
        drawers.share(opened, other, mine, actor="t", now=story.now)
        assert read.open_id(opened, other) == story.shop.shift_id
        with pytest.raises(moves.ShiftOpen):
            make.open_shift(opened, other, 1, 0, story.now)
        moves.hand_over(opened, other, 3, actor="staff:3", now=story.now)
        assert next(row["tills"] for row in drawers.listed(opened, other)) == ["1号机", "2号机"]
        own = opened.execute(text("SELECT max(id) FROM drawer")).scalar_one()
        with pytest.raises(drawers.DrawerInUse):
            drawers.share(opened, other, own, actor="t", now=story.now)
    with transaction(story.session) as opened:
        said = "SELECT data->>'staff_id' FROM journal WHERE kind = 'shift.handed_over'"
        assert opened.execute(text(said)).scalars().all() == ["3"]


def test_money_that_a_till_gave_back_alone_and_we_cannot_book_is_out_of_the_drawer(story, device):
    """It is no return of ours yet, and the drawer is short of it all the same."""
    sale = device.sell(story.now, milk=2)
    too_much = {"lines": [{"line_no": 1, "qty": 3}], "sale": json.loads(sale)["uuid"], "reason": ""}
    head = {"v": 1, "kind": "back", "uuid": str(uuid.uuid4()), "no": "XB000001", "payable_fen": 2_970}
    place = {"device": device.id, "seq": device.seq + 1, "prev": device.prev, "at_ms": 0, "offset_ms": 0}
    where = {"shift_id": story.shop.shift_id, "staff_id": 1}
    back = device.write(head | place | where | too_much)
    assert w.deliver(story, sale, back) == ["taken", "excepted"]
    w.count(story, 20_000 + 1_980 - 2_970)
    w.keep(story)
    w.do(story, settle.settle, story.shop.shift_id)
    [written] = w.zs(story)
    assert (written["expected_fen"], written["unbooked_fen"], written["difference_fen"]) == (21_980, -2_970, 0)
    story.agree()
