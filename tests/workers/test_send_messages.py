"""Messages over real HTTP to the stand-in: sent once, tried again, given up, or in doubt."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from config import clock
from config.db import open_session, transaction
from config.redis import connection
from member import identity
from member.reach import consents, moves
from tests.servers import whole_house
from tests.wechat_stand_in.faults import ALWAYS
from tests.wechat_stand_in.open_platform import messages
from workers.jobs import send_messages

WHO, KIND = "oTongdian0001", "points_expiring"
SEND = "/cgi-bin/message/subscribe/send"


@pytest.fixture
def world(session, tmp_path):
    with whole_house(tmp_path) as (_, _, found):
        yield found
        assert found.violations == []


@pytest.fixture
def member(session, world):
    with transaction(session):
        return identity.by_openid(session, WHO, actor="t", now=clock.now())


class Desk:
    """What the tests do and see."""

    def __init__(self, session, world, member):
        self.session, self.world, self.member = session, world, member
        self.template = next(
            number for number, one in world.templates.items() if (one["way"], one["kind"]) == ("subscribe", KIND)
        )

    def agree(self, times=1, *, here=True, there=True, language="zh-CN"):
        """The person says yes: we hear of it, and WeChat keeps it."""
        for number in range(times):
            at = clock.now() - timedelta(days=1, hours=number)
            with transaction(self.session):
                if here:
                    consents.granted(self.session, WHO, KIND, by_client=True, at=at, language=language)
            if there:
                messages.answer(self.world, WHO, {self.template: True})

    def ask(self, subject="member:1", *, days=7, **data):
        told = {"points": 50, "until": (clock.now() + timedelta(days=days)).isoformat(), "days": 7, **data}
        with transaction(self.session):
            return moves.ask(self.session, self.member, KIND, subject, data=told, actor="t", now=clock.now())

    def run(self, *, later=False):
        if later:
            with transaction(self.session):
                self.session.execute(text("UPDATE message SET next_at = asked_at"))
        return send_messages.run()

    def rows(self):
        self.session.rollback()
        found = self.session.execute(text("SELECT state, way, code, tries, unheard FROM message ORDER BY id"))
        return [tuple(row) for row in found]

    @property
    def free(self):
        return consents.free(self.session, self.member).get(KIND, 0)

    @property
    def arrived(self):
        return self.world.messages.get(WHO, [])


@pytest.fixture
def desk(session, world, member):
    return Desk(session, world, member)


def test_a_message_is_sent_once_and_costs_one_yes(desk):
    desk.agree(2, language="en")
    desk.ask()
    assert desk.ask() is None
    assert (desk.run(), desk.run()) == (1, 0)
    assert desk.rows() == [("sent", "subscribe", "", 1, False)]
    assert (desk.free, desk.world.consents[WHO][desk.template]) == (1, 1)
    (one,) = desk.arrived
    assert (one["title"], one["page"], one["lang"]) == ("积分到期提醒", "pages/points/points", "en_US")
    assert one["fields"][0] == ["到期积分", "50"]
    assert one["fields"][2] == ["温馨提示", "7 days left"]


def test_who_agreed_to_nothing_is_not_bothered(desk):
    desk.ask()
    assert (desk.run(), desk.rows()) == (0, [("not_authorised", "", "", 1, False)])
    assert desk.world.calls["send"] == 0


def test_a_yes_that_wechat_knows_nothing_of_is_void_for_ever(desk):
    desk.agree(3, there=False)
    desk.ask()
    assert (desk.run(), desk.rows()) == (0, [("not_authorised", "", "43101", 2, False)])
    assert (desk.free, desk.world.calls["send"]) == (0, 1)


def test_a_busy_platform_is_asked_again_and_no_yes_is_lost(desk):
    desk.agree()
    desk.ask()
    desk.world.faults.plant("busy", 4, SEND)
    assert (desk.run(), desk.run()) == (0, 0)
    assert desk.rows() == [("queued", "subscribe", "-1", 1, False)]
    assert (desk.free, desk.run(later=True)) == (0, 1)
    assert (desk.rows(), len(desk.arrived)) == ([("sent", "subscribe", "-1", 2, False)], 1)


@pytest.mark.parametrize(("fault", "code"), [("quota_minute", "45011"), ("quota_day", "45009")])
def test_while_a_quota_is_used_up_nobody_asks_and_nothing_is_lost(desk, fault, code):
    desk.agree(2)
    for number in range(2):
        desk.ask(f"member:{number}")
    desk.world.faults.plant(fault, path=SEND)
    assert (desk.run(), desk.run(later=True)) == (0, 0)
    assert [(row[0], row[2]) for row in desk.rows()] == [("queued", code), ("queued", "")]
    assert desk.world.calls["send"] == 1
    connection().delete(*connection().scan_iter("*wechat-stop*"))
    assert desk.run(later=True) == 2


def test_what_a_person_must_mend_at_wechat_holds_messages_up_and_loses_none(desk):
    """Our address is not on the list: the head office mends it, and then the messages go."""
    desk.agree()
    desk.ask()
    desk.world.tokens.clear()
    for name in connection().scan_iter("*wechat-token*"):
        connection().delete(name)
    desk.world.faults.plant("address_refused")
    assert (desk.run(), desk.rows()) == (0, [("queued", "subscribe", "40164", 1, False)])
    assert desk.session.scalar(text("SELECT count(*) FROM exception_case")) == 0
    assert (desk.run(later=True), len(desk.arrived)) == (1, 1)


@pytest.mark.parametrize(("fault", "code"), [("field_refused", "47003"), ("template_unknown", "40037")])
def test_what_wechat_refuses_for_our_mistake_is_on_the_desk_and_not_repeated(desk, fault, code):
    desk.agree(2)
    desk.world.faults.plant(fault, ALWAYS)
    for number in range(2):
        desk.ask(f"member:{number}")
    assert (desk.run(), desk.run(later=True)) == (0, 0)
    assert desk.rows() == [("failed", "subscribe", code, 1, False)] * 2
    assert (desk.free, desk.world.calls["send"]) == (2, 2)
    cases = desk.session.execute(text("SELECT kind, subject, facts ->> 'code', owner FROM exception_case")).all()
    assert [tuple(row) for row in cases] == [("message_refused", f"message:{KIND}:{code}", code, "head_office")]


def test_one_that_cannot_be_composed_stops_no_other(desk):
    desk.agree()
    desk.ask("member:1", until="soon")
    desk.ask("member:2")
    assert desk.run() == 1
    assert [row[:3] for row in desk.rows()] == [("failed", "", "NOT_COMPOSED"), ("sent", "subscribe", "")]
    assert desk.free == 0


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("answer_lost", "ConnectionError"),
        ("reset", "ConnectionError"),
        ("server_error", "HTTPError"),
        ("server_error_after", "HTTPError"),
        ("truncated", "NOT_JSON"),
    ],
)
def test_an_answer_nobody_heard_is_asked_for_again_and_one_message_arrives(desk, fault, code):
    """With one yes WeChat itself takes it once: it says 43101 to what it took before."""
    desk.agree()
    desk.ask()
    desk.world.faults.plant(fault, path=SEND)
    assert desk.run() == 0
    assert [(row[0], row[2], row[4]) for row in desk.rows()] == [("queued", code, True)]
    desk.run(later=True)
    assert [row[0] for row in desk.rows()] == ["sent"]
    assert (len(desk.arrived), desk.free) == (1, 0)


def test_with_another_yes_left_what_nobody_heard_is_not_asked_for_again(desk):
    desk.agree(2)
    desk.ask()
    desk.world.faults.plant("answer_lost", path=SEND)
    desk.run()
    assert desk.run(later=True) == 0
    assert desk.rows() == [("failed", "subscribe", "UNHEARD", 2, True)]
    assert (len(desk.arrived), desk.free) == (1, 1)
    with transaction(desk.session):  # WeChat's event tells that it arrived after all
        number = str(desk.arrived[0]["id"])
        assert moves.sent_result(desk.session, WHO, KIND, number, arrived=True, now=clock.now())
        assert not moves.sent_result(desk.session, WHO, KIND, number, arrived=True, now=clock.now())
    assert desk.rows()[0][0] == "sent"


def test_a_worker_that_dies_while_it_asks_leaves_a_doubt_and_no_second_message(desk):
    desk.agree()
    desk.ask()
    with transaction(desk.session):
        message = moves.claim(desk.session, now=clock.now())
        assert message
    with transaction(desk.session):
        assert consents.reserve(desk.session, message.id, desk.member, KIND)
        assert moves.calling(desk.session, message.id, "subscribe", now=clock.now())
    assert desk.run() == 0  # it is leased
    messages_before = desk.world.consents[WHO][desk.template]
    desk.world.consents[WHO][desk.template] = 0  # WeChat had taken it
    assert (messages_before, desk.run(later=True)) == (1, 0)
    assert (desk.rows(), desk.free) == ([("sent", "subscribe", "", 2, True)], 0)


def test_of_many_that_settle_one_message_one_counts(desk):
    desk.agree()
    number = desk.ask()
    with transaction(desk.session):
        assert consents.reserve(desk.session, number, desk.member, KIND)

    def settle(turn):
        with open_session() as own, transaction(own):
            return moves.move(own, number, ("send", "fail", "expire")[turn % 3], actor="t", now=clock.now())

    with ThreadPoolExecutor(9) as pool:
        assert sorted(pool.map(settle, range(9))) == [False] * 8 + [True]
    facts = desk.session.scalars(text("SELECT kind FROM journal WHERE kind LIKE 'message.%' ORDER BY id")).all()
    assert facts == ["message.asked", f"message.{desk.rows()[0][0]}"]
    assert desk.free == (0 if desk.rows()[0][0] == "sent" else 1)


def test_four_workers_send_each_message_once(desk):
    desk.agree(10)
    for number in range(12):
        desk.ask(f"member:{number}")
    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(lambda _: send_messages.run((), open_session), range(4)))
    assert sum(sent) == 10
    assert sorted(row[0] for row in desk.rows()) == ["not_authorised"] * 2 + ["sent"] * 10
    assert (len(desk.arrived), desk.world.calls["send"], desk.free) == (10, 10, 0)


def test_what_is_not_true_any_more_is_not_told_and_what_cannot_be_told_in_time_is_given_up(desk):
    desk.agree(2)
    desk.ask("member:1", days=-1)
    desk.ask("member:2")
    desk.world.faults.plant("busy", ALWAYS, SEND)
    desk.run()
    with transaction(desk.session):
        desk.session.execute(text("UPDATE message SET until_at = next_at WHERE state = 'queued'"))
    desk.run(later=True)
    assert [row[0] for row in desk.rows()] == ["expired", "given_up"]
    assert (desk.free, desk.arrived) == (2, [])


def test_what_wechat_took_and_did_not_deliver_is_shown_as_failed(desk):
    desk.agree()
    desk.ask()
    desk.run()
    number = str(desk.arrived[0]["id"])
    with transaction(desk.session):
        assert moves.sent_result(desk.session, WHO, KIND, number, arrived=False, code="reject", now=clock.now())
        assert not moves.sent_result(desk.session, WHO, KIND, "nowhere", arrived=False, now=clock.now())
    assert desk.rows() == [("failed", "subscribe", "reject", 1, False)]


def test_a_result_finds_its_message_where_wechat_gave_no_number(desk):
    desk.agree()
    desk.ask()
    desk.run()
    with transaction(desk.session):
        desk.session.execute(text("UPDATE message SET number = ''"))
    with transaction(desk.session):
        assert moves.sent_result(desk.session, WHO, KIND, "77", arrived=False, code="1", now=clock.now())
    assert desk.rows()[0][:3] == ("failed", "subscribe", "1")


def test_what_is_old_is_forgotten_with_the_yes_it_spent_and_what_waits_is_not(desk):
    desk.agree(2)
    desk.ask("member:1")
    desk.run()
    desk.ask("member:2")
    later = clock.now() + timedelta(days=1)
    with transaction(desk.session):
        assert (moves.forget(desk.session, before=later), moves.forget(desk.session, before=later)) == (1, 0)
    assert ([row[0] for row in desk.rows()], desk.free) == (["queued"], 1)


def test_whoever_was_merged_is_told_as_the_member_they_are_now(desk):
    desk.agree()
    with transaction(desk.session):
        into = identity.by_openid(desk.session, "oOther", actor="t", now=clock.now())
    desk.ask()
    with transaction(desk.session):
        identity.merge(desk.session, desk.member, into, actor="t", now=clock.now())
    assert (desk.run(), len(desk.arrived)) == (1, 1)
