from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import NotFound
from config.gs1 import check_digit
from member import cards, identity, secrets
from member.cards import BadCardNumber, CardLost, CardTaken
from tests import factories as make

BY = {"actor": "t"}


def number(printed: int) -> str:
    plain = f"96{printed:013d}"
    return plain + check_digit(plain)


ONE, TWO = number(1), number(2)


@pytest.fixture
def other(session, now):
    return make.a_member(session, phone="13912345678", now=now)


def test_a_card_names_its_member_and_is_kept_sealed(session, do, member, now):
    do(cards.bind, member, f"{ONE[:8]} {ONE[8:]}", now=now, **BY)
    assert [found.id for found in identity.search(session, ONE)] == [member]
    assert identity.search(session, TWO) == []
    kept = session.execute(text("SELECT t::text AS row, sealed FROM identity t WHERE kind = 'card'")).one()
    assert (ONE in kept.row, secrets.open_sealed(bytes(kept.sealed))) == (False, ONE.encode())


def test_binding_again_changes_nothing_and_anothers_card_is_refused(do, member, other, everything, now):
    do(cards.bind, member, ONE, now=now, **BY)
    before = everything()
    do(cards.bind, member, ONE, now=now, **BY)
    with pytest.raises(CardTaken):
        do(cards.bind, other, ONE, now=now, **BY)
    assert everything() == before


def test_a_lost_card_is_void_for_ever(session, do, member, other, everything, now):
    do(cards.bind, member, ONE, now=now, **BY)
    do(cards.lose, member, ONE, now=now, **BY)
    before = everything()
    do(cards.lose, member, ONE, now=now, **BY)
    for whose in (member, other):
        with pytest.raises(CardLost):
            do(cards.bind, whose, ONE, now=now, **BY)
    with pytest.raises(CardLost):
        identity.search(session, ONE)
    assert everything() == before


def test_a_new_card_takes_the_place_of_a_lost_one_or_nothing_happens(session, do, member, other, everything, now):
    do(cards.bind, member, ONE, now=now, **BY)
    do(cards.bind, other, number(3), now=now, **BY)
    before = everything()
    with pytest.raises(CardTaken):
        do(cards.replace, member, ONE, number(3), now=now, **BY)
    assert everything() == before
    do(cards.replace, member, ONE, TWO, now=now, **BY)
    assert [found.id for found in identity.search(session, TWO)] == [member]


def test_only_the_holder_loses_a_card(do, member, other, everything, now):
    do(cards.bind, member, ONE, now=now, **BY)
    before = everything()
    for whose, no in ((other, ONE), (member, TWO)):
        with pytest.raises(NotFound):
            do(cards.lose, whose, no, now=now, **BY)
    assert everything() == before


@pytest.mark.parametrize("no", ["", ONE[:-1], ONE[:-1] + str((int(ONE[-1]) + 1) % 10), "6" + ONE[1:], "²" + ONE[1:]])
def test_a_misread_card_is_said(do, member, everything, now, no):
    before = everything()
    with pytest.raises(BadCardNumber):
        do(cards.bind, member, no, now=now, **BY)
    assert everything() == before


def test_two_members_at_once_and_one_gets_the_card(open_session, member, other, now):
    def bind(whose):
        try:
            with open_session() as mine, transaction(mine):
                cards.bind(mine, whose, ONE, now=now, **BY)
            return "bound"
        except CardTaken as refused:
            return refused.code

    with ThreadPoolExecutor(8) as pool:
        outcomes = set(pool.map(bind, [member, other] * 4))
    assert outcomes == {"bound", "card_taken"}


def test_a_person_known_in_another_app_is_the_same_member(session, do, now):
    first = do(identity.by_openid, "oA", unionid="uA", now=now, **BY)
    assert do(identity.by_openid, "oB", unionid="uA", now=now, **BY) == first
    assert do(identity.by_openid, "oB", now=now, **BY) == first
    session.rollback()
    kinds = session.execute(text("SELECT kind FROM identity ORDER BY id")).scalars().all()
    assert kinds == ["openid", "unionid", "openid"]


def test_a_unionid_of_somebody_else_joins_nobody_in_silence(session, do, now):
    first = do(identity.by_openid, "oA", now=now, **BY)
    second = do(identity.by_openid, "oB", unionid="uB", now=now, **BY)
    assert do(identity.by_openid, "oA", unionid="uB", now=now, **BY) == first
    session.rollback()
    told = session.execute(text("SELECT subject, data FROM journal WHERE kind = 'member.unionid_elsewhere'")).one()
    assert (told.subject, told.data) == (f"member:{first}", {"member_id": second})
    assert session.execute(text("SELECT count(*) FROM identity")).scalar() == 3
