"""Where an order goes: sealed, masked, and gone with its member."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import NotFound
from member import leaving as asked
from tests import factories as make
from trade.orders import addresses, leaving
from trade.orders.addresses import Address, AddressNotSound

HOME = Address(
    "王小明", "13812342046", "330106", "浙江省 杭州市 西湖区", "文三路 90 号 3 幢 402", 30_280_000, 120_130_000
)


@pytest.fixture
def order(session, shop, member, now):
    order_id = make.ring_up(session, shop, now, member_id=member, milk=1)
    with transaction(session):
        addresses.write(session, shop.store_id, order_id, HOME, now=now)
    return shop.store_id, order_id


def test_an_address_comes_back_whole_and_lies_sealed(session, order):
    assert addresses.read(session, *order) == HOME
    row = str(session.execute(text("SELECT t::text FROM order_address t")).scalar_one())
    assert not any(word in row for word in (HOME.name, HOME.phone, HOME.street))


def test_everybody_sees_the_region_and_stars(session, order):
    shown = addresses.masked(session, [order, (order[0], order[1] + 1)])
    assert shown == {
        order: addresses.Masked("王**", "138****2046", "330106", "浙江省 杭州市 西湖区", 30_280_000, 120_130_000)
    }


def test_an_address_is_replaced(session, order, now):
    moved = Address("李四", "0571-88880000-12", "330108", "浙江省 杭州市 滨江区", "江南大道 1 号")
    with transaction(session):
        addresses.write(session, order[0], order[1], moved, now=now)
    assert addresses.read(session, *order) == moved


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"phone": "call me"}, "phone"),
        ({"region": "33"}, "region"),
        ({"street": " "}, "street"),
        ({"name": "长" * 41}, "name"),
        ({"lat_e6": None}, "lat_e6"),
    ],
)
def test_what_nobody_can_deliver_to_is_refused(session, order, now, change, field):
    plain = {name: getattr(HOME, name) for name in HOME.__slots__}
    with pytest.raises(AddressNotSound) as refused, transaction(session):
        addresses.write(session, order[0], order[1], Address(**{**plain, **change}), now=now)
    assert field in refused.value.facts["fields"]
    assert addresses.read(session, *order) == HOME


def test_a_look_by_somebody_else_is_written_down(session, order, now):
    with transaction(session):
        addresses.reveal(session, *order, reason="投诉", actor="staff:4", now=now)
    seen = session.execute(text("SELECT actor, data FROM journal WHERE kind = 'address.revealed'")).one()
    assert seen.actor == "staff:4" and seen.data["reason"] == "投诉"


def test_the_address_goes_with_the_member(session, order, member, now):
    by: dict[str, Any] = {"actor": "t"}
    with transaction(session):
        leaving.ask(session, member, now=now, **by)
    assert leaving.prove_erased(session, member)["order_address"] == 1
    with transaction(session):
        assert leaving.leave(session, member, now=now + asked.COOLING, **by)
    assert "order_address" not in leaving.prove_erased(session, member)
    with pytest.raises(NotFound):
        addresses.read(session, *order)


def test_addresses_of_long_ended_orders_are_forgotten(session, order, now):
    with transaction(session):
        assert addresses.forget(session, before=now) == 0
        assert addresses.forget(session, before=now + timedelta(seconds=1)) == 1
