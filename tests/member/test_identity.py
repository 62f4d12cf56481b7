from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import NotFound
from member import identity, ledger, points, secrets, sessions
from member.identity import BadPhone, PhoneTaken
from tests import factories as make

PHONE, OTHER = "13812342046", "13912342046"
BY: dict[str, Any] = {"actor": "t"}


@pytest.fixture
def guest(do, now):
    """A WeChat person without a phone, by openid."""

    def made(openid="oA"):
        return do(identity.by_openid, openid, now=now, **BY)

    return made


def _count(session, table):
    session.rollback()
    return session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


def _gift(do, member, amount, now, source="gift"):
    do(points.earn, member, amount, source=source, key=f"{source}:{member}", pending=False, now=now, **BY)


def test_one_phone_is_one_member(session, do, now):
    first = do(identity.join, phone=PHONE, name="王小明", store_id=None, now=now, **BY)
    again = do(identity.join, phone="+86 138-1234-2046", name="别人", store_id=None, now=now, **BY)
    assert (again.id, again.name) == (first.id, "王小明")
    assert [_count(session, table) for table in ("member", "identity", "lot_account")] == [1, 1, 1]


def test_one_openid_is_one_member(session, guest):
    assert guest("oA") == guest("oA") != guest("oB")
    assert _count(session, "member") == 2


@pytest.mark.parametrize("by", ["phone", "openid"])
def test_sixteen_at_once_get_one_member(open_session, session, now, by):
    def come(_):
        with open_session() as mine, transaction(mine):
            if by == "openid":
                return identity.by_openid(mine, "oA", now=now, **BY)
            return identity.join(mine, phone=PHONE, name="王", store_id=None, now=now, **BY).id

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(come, range(16)))) == 1
    assert [_count(session, table) for table in ("member", "identity", "lot_account")] == [1, 1, 1]
    assert session.execute(text("SELECT count(*) FROM journal WHERE kind = 'member.joined'")).scalar() == 1


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "王",
        "1381234204",
        "138123420467",
        "23812342046",
        "057188880000",
        "+1 202 555 0123",
        "10086123456",
        "12345678901",
    ],
)
def test_what_is_no_mobile_number_makes_no_member(do, everything, now, raw):
    before = everything()
    with pytest.raises(BadPhone):
        do(identity.join, phone=raw, name="王", store_id=None, now=now, **BY)
    assert everything() == before


def test_the_tables_hold_no_phone_and_no_openid(session, do, guest, now):
    member = guest("oTongdian0001")
    do(identity.bind_phone, member, PHONE, now=now, **BY)
    session.rollback()
    kept = str(session.execute(text("SELECT t::text FROM member t UNION ALL SELECT t::text FROM identity t")).all())
    assert (PHONE in kept, "oTongdian0001" in kept, "138****2046" in kept) == (False, False, True)
    sealed = session.execute(text("SELECT sealed FROM identity WHERE kind = 'phone'")).scalar_one()
    assert secrets.open_sealed(bytes(sealed)) == PHONE.encode()


@pytest.mark.parametrize(
    ("name", "masked"), [("王小明", "王**"), ("李慧", "李*"), ("", "微信用户"), ("欧阳娜娜", "欧***")]
)
def test_a_name_is_shown_as_its_first_sign(do, now, name, masked):
    card = do(identity.join, phone=PHONE, name=name, store_id=None, now=now, **BY)
    assert (card.masked_name, card.masked_phone, card.no) == (masked, "138****2046", f"M{card.id:010d}")


def test_a_member_is_found_by_phone_last_four_and_card_number(session, do, guest, now):
    first = make.a_member(session, phone=PHONE, now=now)
    second = make.a_member(session, phone=OTHER, now=now)
    guest()
    found = {words: [card.id for card in identity.search(session, words)] for words in (PHONE, " 2046 ", "9999")}
    assert found == {PHONE: [first], " 2046 ": [first, second], "9999": []}
    for words in (identity.card_no(second), identity.card_no(second).lower(), f"M{second}"):
        assert [card.id for card in identity.search(session, words)] == [second]
    assert [identity.search(session, words) for words in ("M999", "13700000000")] == [[], []]


@pytest.mark.parametrize("words", ["M99999999999999999999", "²²²²"])
def test_odd_digits_find_nobody(session, member, words):
    assert identity.search(session, words) == []


@pytest.mark.parametrize("words", ["", "王小明", "123", "M²", "M"])
def test_what_cannot_be_searched_is_said(session, member, words):
    with pytest.raises(BadPhone):
        identity.search(session, words)


def test_at_most_twenty_share_a_tail_on_the_screen(session, now):
    for number in range(21):
        make.a_member(session, phone=f"138{number:04d}2046", now=now)
    assert len(identity.search(session, "2046")) == 20


def test_nobody_has_no_card(session, clean):
    with pytest.raises(NotFound):
        identity.card(session, 1)


def test_a_phone_of_nobody_is_attached_and_a_repeat_changes_nothing(session, do, guest, everything, now):
    member = guest()
    assert do(identity.bind_phone, member, PHONE, now=now, **BY) == member
    assert identity.card(session, member).masked_phone == "138****2046"
    before = everything()
    assert do(identity.bind_phone, member, PHONE, now=now, **BY) == member
    assert everything() == before


def test_a_phone_of_another_wechat_account_is_not_taken_over(do, guest, everything, now):
    do(identity.bind_phone, guest("oA"), PHONE, now=now, **BY)
    rival = guest("oB")
    before = everything()
    with pytest.raises(PhoneTaken):
        do(identity.bind_phone, rival, PHONE, now=now, **BY)
    assert everything() == before


def test_a_phone_that_is_none_is_not_bound(do, guest, everything, now):
    member = guest()
    before = everything()
    with pytest.raises(BadPhone):
        do(identity.bind_phone, member, "123", now=now, **BY)
    assert everything() == before


def test_two_accounts_that_give_one_phone_at_once_and_one_gets_it(open_session, session, guest, now):
    rivals = [guest(f"o{number}") for number in range(8)]

    def bind(member):
        try:
            with open_session() as mine, transaction(mine):
                return identity.bind_phone(mine, member, PHONE, now=now, **BY)
        except PhoneTaken:
            return None

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(bind, rivals))
    winner = next(one for one in outcomes if one)
    assert [one for one in outcomes if one] == [winner]
    assert [card.id for card in identity.search(session, PHONE)] == [winner]


def test_a_phone_known_at_the_till_joins_both_with_all_they_have(session, do, guest, now):
    till = make.a_member(session, phone=PHONE, points_of=100, now=now)
    online = guest("oA")
    _gift(do, online, 50, now)
    do(points.hold, online, 20, source="order:1", now=now, **BY)
    token = do(sessions.sign_in, online, b"sealed", now=now)
    assert do(identity.bind_phone, online, PHONE, now=now, **BY) == till
    told = points.balance(session, till)
    assert (told.available, told.held) == (130, 20)
    assert (guest("oA"), sessions.who(session, token, now=now)) == (till, (till, b"sealed"))
    assert do(points.release, till, source="order:1", now=now, **BY)
    assert points.balance(session, till).available == 150
    assert ledger.differences(session) == []
    with pytest.raises(NotFound):
        identity.card(session, online)
    assert identity.search(session, identity.card_no(online)) == []


def test_a_lot_that_moved_remembers_where_it_came_from(session, do, guest, now):
    till, online = make.a_member(session, phone=PHONE, points_of=100, now=now), guest()
    _gift(do, online, 50, now)
    do(identity.merge, online, till, now=now, **BY)
    session.rollback()
    lots = session.execute(text("SELECT member_id, origin_member_id, remaining FROM lot ORDER BY id")).all()
    assert [tuple(lot) for lot in lots] == [(till, till, 100), (till, online, 50)]


def test_merging_again_changes_nothing(session, do, guest, everything, now):
    till, online = make.a_member(session, phone=PHONE, points_of=100, now=now), guest()
    _gift(do, online, 50, now)
    do(identity.merge, online, till, now=now, **BY)
    before = everything()
    do(identity.merge, online, till, now=now, **BY)
    do(identity.bind_phone, till, PHONE, now=now, **BY)
    assert everything() == before


def test_two_phones_joining_at_once_merge_once(open_session, session, do, guest, now):
    till, online = make.a_member(session, phone=PHONE, points_of=100, now=now), guest()
    _gift(do, online, 50, now)

    def bind(_):
        with open_session() as mine, transaction(mine):
            return identity.bind_phone(mine, online, PHONE, now=now, **BY)

    with ThreadPoolExecutor(8) as pool:
        outcomes = set(pool.map(lambda n: _or_taken(bind, n), range(8)))
    assert outcomes <= {till, "phone_taken"}
    assert till in outcomes
    assert (points.balance(session, till).available, ledger.differences(session)) == (150, [])
    assert session.execute(text("SELECT count(*) FROM journal WHERE kind = 'member.merged'")).scalar() == 1


def _or_taken(work, argument):
    try:
        return work(argument)
    except PhoneTaken as refused:
        return refused.code


def test_a_debt_of_one_is_made_good_by_the_points_of_the_other(session, do, guest, now):
    till, online = make.a_member(session, phone=PHONE, points_of=100, now=now), guest()
    do(points.claw, online, 30, source="order:1", key="return:1", now=now, **BY)
    do(identity.merge, online, till, now=now, **BY)
    told = points.balance(session, till)
    assert (told.available, told.deficit) == (70, 0)
    assert ledger.differences(session) == []
