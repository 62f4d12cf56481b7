"""客服工单 from both sides: who may read and answer, the clocks, and what each step leaves behind."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

import wsgi
from config import clock
from config.db import transaction
from config.errors import WrongState
from member import secrets, sessions
from tests import factories as make
from trade.orders import leaving, telling
from trade.orders.service import moves, read
from trade.orders.service.states import DUE, MOVES, QUIET, Kind, State
from workers.jobs import keep_ticket_clocks

PATH = "/api/mall/tickets"


@pytest.fixture(scope="module")
def app():
    return wsgi.create_app()


@pytest.fixture
def member(session, shop):
    return make.a_member(session, now=clock.now())


@pytest.fixture
def order(session, shop, member):
    made = make.order_online(session, shop, member, clock.now(), milk=1)
    make.pay_online(session, shop, made, clock.now())
    return made


@pytest.fixture
def me(app, session, member):
    return _phone(app, session, member, "oTongdian0001")


def _phone(app, session, member, openid):
    with transaction(session):
        token = sessions.sign_in(session, member, secrets.seal(openid.encode()), now=clock.now())
    http, head = app.test_client(), {"Authorization": f"Bearer {token}"}

    def call(verb, path, **body):
        if verb == "get":
            return http.get(path, headers=head)
        return http.post(path, json={"request_id": str(uuid.uuid4()), **body}, headers=head)

    return call


def _ask(me, **more):
    made = me("post", PATH, **{"kind": "order", "words": "什么时候能取？"} | more)
    assert made.status_code == 201
    return made.json["ticket"]["id"]


def _late(session):
    session.rollback()
    found = session.execute(
        text("SELECT resolved_at IS NULL FROM exception_case WHERE kind = 'ticket_overdue' ORDER BY id")
    )
    return list(found.scalars())


def test_a_question_about_an_order_is_answered_by_its_store_and_told(session, me, order, client):
    ticket, keeper = _ask(me, order_id=order), client("store_staff")
    listed = keeper.get("/api/desk/service").json
    assert [(one["id"], one["late"], one["last_words"]) for one in listed["tickets"]] == [
        (ticket, False, "什么时候能取？")
    ]
    assert (listed["waiting"], listed["overdue"], listed["more"]) == (1, 0, False)
    done = keeper.post(f"/api/desk/service/{ticket}/answer", {"words": "今天下午三点后"})
    assert (done.status_code, done.json["ticket"]["state"]) == (200, "answered")
    seen = me("get", f"{PATH}/{ticket}").json["ticket"]
    assert [(one["ours"], one["words"], one["who"]) for one in seen["said"]] == [
        (False, "什么时候能取？", ""), (True, "今天下午三点后", ""),
    ]  # fmt: skip
    assert "member" not in seen and seen["order_no"]
    said = session.execute(text("SELECT *, member_id AS to_member FROM message WHERE kind = 'service'")).one()
    told = telling.COMPOSE["service"](session, said, "zh-CN", clock.now())
    assert told is not None and (told["about"], told["what"]) == ("订单咨询", "今天下午三点后")
    assert me("post", f"{PATH}/{ticket}/write", words="好的，谢谢").json["ticket"]["state"] == "waiting"
    assert telling.COMPOSE["service"](session, said, "zh-CN", clock.now()) is None, "something newer was said"
    assert me("post", f"{PATH}/{ticket}/close").json["ticket"]["closed_by"] == "member"
    after = me("post", f"{PATH}/{ticket}/write", words="还有")
    assert (after.status_code, after.json["code"]) == (409, "wrong_state")
    assert len(me("get", f"{PATH}/{ticket}").json["ticket"]["said"]) == 3


def test_what_is_about_no_order_is_the_head_offices(me, client):
    ticket, keeper, office = _ask(me, kind="other"), client("store_staff"), client("head_office")
    assert keeper.get("/api/desk/service").json["tickets"] == []
    assert keeper.get(f"/api/desk/service/{ticket}").status_code == 404
    assert keeper.post(f"/api/desk/service/{ticket}/answer", {"words": "x"}).status_code == 404
    assert office.get("/api/desk/service/waiting").json == {"waiting": 1, "overdue": 0}
    assert office.post(f"/api/desk/service/{ticket}/answer", {"words": "请看"}).status_code == 200


def test_a_store_hands_a_question_on(me, order, client):
    ticket, keeper, office = _ask(me, order_id=order, kind="complaint"), client("store_staff"), client("head_office")
    assert office.get("/api/desk/service/waiting").json["waiting"] == 0
    assert keeper.post(f"/api/desk/service/{ticket}/hand-on").json["ticket"]["office"] is True
    assert keeper.get("/api/desk/service/waiting").json["waiting"] == 0
    assert office.get("/api/desk/service/waiting").json["waiting"] == 1


def test_nobody_reads_the_tickets_of_another(app, session, me, member):
    ticket = _ask(me)
    other = _phone(app, session, make.a_member(session, phone="13900000000", now=clock.now()), "oOther")
    assert other("get", f"{PATH}/{ticket}").status_code == 404
    assert other("post", f"{PATH}/{ticket}/write", words="x").status_code == 404
    assert other("post", f"{PATH}/{ticket}/close").status_code == 404
    assert other("get", PATH).json["tickets"] == []


def test_a_late_one_is_an_exception_until_it_is_answered(session, monkeypatch, me, order, client):
    ticket, later = _ask(me, order_id=order), clock.now() + DUE[Kind.ORDER]
    assert keep_ticket_clocks.run() == 0
    monkeypatch.setattr(clock, "now", lambda: later)
    assert (keep_ticket_clocks.run(), keep_ticket_clocks.run(), _late(session)) == (1, 0, [True])
    with transaction(session):
        moves.answer(session, ticket, "久等了", staff_id=1, actor="t", now=later)
    assert _late(session) == [False]
    quiet = later + QUIET
    monkeypatch.setattr(clock, "now", lambda: quiet)
    assert keep_ticket_clocks.run() == 1
    assert read.one(session, ticket)["closed_by"] == "clock"
    session.rollback()


@pytest.mark.parametrize("event", MOVES)
@pytest.mark.parametrize("state", State)
def test_every_event_in_every_state(session, member, shop, state, event):
    now = clock.now()
    with transaction(session):
        ticket = moves.ask(session, member, Kind.OTHER, "问", actor="t", now=now)
        if state != State.WAITING:
            moves.answer(session, ticket, "答", staff_id=1, actor="t", now=now)
        if state == State.CLOSED:
            moves.close(session, ticket, "staff", actor="t", now=now)
    steps = {
        "answer": lambda: moves.answer(session, ticket, "又答", staff_id=1, actor="t", now=now),
        "write": lambda: moves.write(session, ticket, "又问", actor="t", now=now),
        "hand_on": lambda: moves.hand_on(session, ticket, actor="t", now=now),
        "close": lambda: moves.close(session, ticket, "member", actor="t", now=now),
    }
    before = read.one(session, ticket)
    session.rollback()
    if state in MOVES[event][0]:
        with transaction(session):
            steps[event]()
        assert read.one(session, ticket)["state"] == MOVES[event][1]
    else:
        with pytest.raises(WrongState), transaction(session):
            steps[event]()
        session.rollback()
        assert read.one(session, ticket) == before
    session.rollback()


def test_of_many_who_close_one_does(open_session, session, member):
    with transaction(session):
        ticket = moves.ask(session, member, Kind.OTHER, "问", actor="t", now=clock.now())

    def close(_: int) -> str:
        try:
            with open_session() as own, transaction(own):
                moves.close(own, ticket, "member", actor="t", now=clock.now())
        except WrongState:
            return "refused"
        return "closed"

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(close, range(8))) == ["closed"] + ["refused"] * 7


def test_ten_are_open_at_most(me, session):
    for _ in range(moves.MOST_OPEN):
        _ask(me, kind="other")
    more = me("post", PATH, kind="other", words="又")
    assert (more.status_code, more.json["code"]) == (409, "too_many_tickets")
    session.rollback()
    assert session.scalar(text("SELECT count(*) FROM service_ticket")) == moves.MOST_OPEN


def test_whoever_leaves_takes_their_words_along(session, me, member):
    _ask(me, kind="other")
    later = clock.now() + timedelta(days=8)
    with transaction(session):
        leaving.ask(session, member, actor="t", now=clock.now())
    with transaction(session):
        assert leaving.leave(session, member, actor="t", now=later)
    assert session.scalar(text("SELECT count(*) FROM ticket_message")) == 0
    assert leaving.prove_erased(session, member) == {}
    session.rollback()
