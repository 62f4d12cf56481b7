from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import Refused
from config.gs1 import check_digit
from member import codes, identity, possession
from member.codes import At, MemberCodeMisread, MemberCodeUsed, MemberCodeWrong

HERE, THERE = At(1, 1, "文三路 1号机"), At(1, 2, "文三路 2号机")
STEP = timedelta(seconds=codes.STEP_S)


@pytest.fixture
def phone(do, member, now):
    """What the member's phone keeps: it makes the code of any moment by itself."""
    ref, secret = do(codes.issue, member, actor="t", now=now)
    key = base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
    return lambda at: codes.write(ref, key, codes.step_of(at))


def _uses(session):
    session.rollback()
    return session.execute(text("SELECT member_id, step, place FROM member_code_use ORDER BY 1, 2")).all()


def test_the_published_algorithm_has_known_answers():
    """Vectors for the mini-program: secret of bytes 0..31, reference 123456789."""
    assert [codes.proof(bytes(range(32)), step) for step in (0, 1, 58_000_000)] == ["94464393", "04309558", "42388547"]
    code = codes.write("123456789", bytes(range(32)), 58_000_000)
    assert (len(code), code[:11], code[-1]) == (20, "98123456789", check_digit(code[:-1]))


def test_a_code_of_now_names_its_member_once(session, do, member, phone, now):
    assert do(codes.accept, phone(now), HERE, now=now) == member
    before = _uses(session)
    with pytest.raises(MemberCodeUsed) as refused:
        do(codes.accept, phone(now), THERE, now=now + timedelta(seconds=5))
    assert refused.value.facts == {"at": now.isoformat(), "place": HERE.place}
    assert _uses(session) == before
    assert do(codes.accept, phone(now + STEP), THERE, now=now + STEP) == member


def test_a_picture_of_an_older_code_is_worth_nothing_after_a_newer_one(session, do, member, phone, now):
    do(codes.accept, phone(now), HERE, now=now)
    before = _uses(session)
    with pytest.raises(MemberCodeUsed):
        do(codes.accept, phone(now - STEP), THERE, now=now)
    assert _uses(session) == before


@pytest.mark.parametrize(("steps", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_phone_may_be_one_step_off(session, do, member, phone, now, steps, taken):
    shown = phone(now + steps * STEP)
    if taken:
        assert do(codes.accept, shown, HERE, now=now) == member
    else:
        with pytest.raises(MemberCodeWrong):
            do(codes.accept, shown, HERE, now=now)
    assert len(_uses(session)) == taken


@pytest.mark.parametrize(
    "spoil",
    [
        lambda code: code[:-1] + str((int(code[-1]) + 1) % 10),
        lambda code: code[:5] + str((int(code[5]) + 1) % 10) + code[6:],
        lambda code: code[:-1],
        lambda _: "6901234567892",
        lambda _: "",
        lambda code: "²" + code[1:],
    ],
)
def test_a_misread_code_is_no_guess(session, do, phone, now, spoil):
    with pytest.raises(MemberCodeMisread):
        do(codes.accept, spoil(phone(now)), HERE, now=now)
    assert _uses(session) == []


def test_an_invented_code_and_an_unknown_reference_are_wrong(session, do, phone, now):
    right = phone(now)
    for plain in (right[:11] + f"{(int(right[11:19]) + 1) % 10**8:08d}", f"98{'0' * 9}{right[11:19]}"):
        with pytest.raises(MemberCodeWrong):
            do(codes.accept, plain + check_digit(plain), HERE, now=now)
    assert _uses(session) == []


def test_two_tills_at_once_and_one_wins(open_session, session, phone, now):
    shown = phone(now)

    def scan(number):
        try:
            with open_session() as mine, transaction(mine):
                codes.accept(mine, shown, At(1, number, f"{number}号机"), now=now)
            return "accepted"
        except Refused as refused:
            return refused.code

    with ThreadPoolExecutor(16) as pool:
        outcomes = sorted(pool.map(scan, range(16)))
    assert outcomes == ["accepted"] + ["member_code_used"] * 15
    assert len(_uses(session)) == 1


def test_a_new_phone_ends_the_codes_of_the_old_one(do, member, phone, now):
    do(codes.issue, member, actor="t", now=now)
    with pytest.raises(MemberCodeWrong):
        do(codes.accept, phone(now), HERE, now=now)


def test_the_table_holds_no_secret_and_the_server_can_say_the_next_codes(session, do, member, now):
    assert codes.upcoming(session, member, steps=3, now=now) == []
    ref, secret = do(codes.issue, member, actor="t", now=now)
    kept = str(session.execute(text("SELECT t::text FROM member_code t")).all())
    key = base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
    assert (secret in kept, key.hex() in kept, ref in kept) == (False, False, True)
    this = codes.step_of(now)
    assert codes.upcoming(session, member, steps=3, now=now) == [
        (step, codes.write(ref, key, step)) for step in range(this, this + 3)
    ]


def test_a_merged_member_has_no_code(do, member, phone, now):
    other = do(identity.by_openid, "oB", actor="t", now=now)
    do(identity.merge, member, other, actor="t", now=now)
    with pytest.raises(MemberCodeWrong):
        do(codes.accept, phone(now), HERE, now=now)


def test_a_member_code_is_no_barcode_and_no_payment_code(phone, now):
    code = phone(now)
    assert len(code) not in (8, 12, 13, 14, 16, 18, 19)
    assert not code.startswith(("2", "1", "62", "00"))


def test_leave_to_spend_is_for_one_member_one_till_one_sale_and_some_minutes(do, now):
    token = do(possession.by_code, 7, 3, actor="t", now=now)
    for member_id, till_id, at in ((8, 3, now), (7, 4, now), (7, 3, now + possession.LIVES)):
        assert not do(possession.holds, token, member_id, till_id, now=at)
        assert not do(possession.use, token, member_id, till_id, now=at)
    assert do(possession.holds, token, 7, 3, now=now)
    assert [do(possession.use, token, 7, 3, now=now) for _ in range(2)] == [True, False]
    assert not do(possession.holds, token, 7, 3, now=now)


def test_two_sales_that_bring_one_leave_and_one_spends(open_session, do, now):
    token = do(possession.by_code, 7, 3, actor="t", now=now)

    def use(_):
        with open_session() as mine, transaction(mine):
            return possession.use(mine, token, 7, 3, now=now)

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(use, range(8))) == [False] * 7 + [True]


def test_what_nobody_can_use_any_more_is_forgotten(session, do, phone, now):
    do(codes.accept, phone(now), HERE, now=now)
    do(possession.by_code, 7, 3, actor="t", now=now)
    later = now + timedelta(days=31)
    assert [do(codes.forget, now=now), do(possession.forget, now=now)] == [0, 0]
    assert [do(codes.forget, now=later), do(possession.forget, now=later)] == [1, 1]
