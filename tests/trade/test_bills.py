"""WeChat's bills, read to the fen and held against orders and payments (wechat.md 2.9)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from config import clock
from config.db import transaction
from config.wechat import ready
from config.wechat.given import WeChatFailed
from tests import factories as make
from tests.stories import Story
from tests.wechat_stand_in.pay import bills as theirs
from trade.orders import close
from trade.payments import bills
from trade.payments.bills import BillBroken, Source, parse_funds, parse_trades
from trade.payments.refunds import moves as refunds
from trade.settlement import matching
from workers.jobs import match_bills

DAY = date(2026, 11, 23)


class Book:
    """WeChat's own book of a day, and the bills it makes of it."""

    def __init__(self):
        self.orders, self.refunds, self.fails = {}, {}, []

    def paid(self, tender, fen=None, at="2026-11-23T12:00:00+08:00"):
        self.orders[tender.trade_no] = {
            "out_trade_no": tender.trade_no, "transaction_id": f"42000{tender.id}", "total": fen or tender.amount_fen,
            "openid": "o1", "success_time": at,
        }  # fmt: skip

    def refunded(self, tender, number, fen):
        self.refunds[number] = {
            "out_refund_no": number, "out_trade_no": tender.trade_no, "refund": fen, "status": "SUCCESS",
            "at": "2026-11-23T13:00:00+08:00",
        }  # fmt: skip

    def _bill(self, write, day):
        if self.fails:
            raise WeChatFailed(self.fails.pop())
        return write(self.orders, self.refunds, day.isoformat())

    def trade_bill(self, day):
        if not any(one["success_time"].startswith(day.isoformat()) for one in self.orders.values()):
            raise WeChatFailed("NO_STATEMENT_EXIST")
        return self._bill(theirs.trade_bill, day)

    def fund_flow_bill(self, day):
        if not any(one["success_time"].startswith(day.isoformat()) for one in self.orders.values()):
            raise WeChatFailed("NO_STATEMENT_EXIST")
        return self._bill(theirs.fund_bill, day)


@pytest.fixture
def story(session, now):
    return Story(session, now)


@pytest.fixture
def book(monkeypatch):
    found = Book()
    monkeypatch.setattr(ready, "_credentials", lambda: None)
    monkeypatch.setattr(ready, "Pay", lambda _: found)
    ready.pay.cache_clear()
    yield found
    ready.pay.cache_clear()


def _paid(story, book):
    order = story.order(milk=1)
    tender = story.intend(order)
    story.told(tender)
    book.paid(tender)
    return order, tender


def _refunded(story, book, order, tender):
    story.cancel(order)
    for event in ("accept", "finish"):
        story.do(refunds.move, f"C{tender.id}", event)
    book.refunded(tender, f"C{tender.id}", 990)


def _run(monkeypatch, at=datetime(2026, 11, 24, 2, 30, tzinfo=UTC)):
    monkeypatch.setattr(clock, "now", lambda: at)
    return match_bills.run()


def _rows(session, said):
    found = [tuple(row) for row in session.execute(text(said))]
    session.rollback()
    return found


FOUND = "SELECT kind, bill_fen, our_fen, gone_at IS NULL FROM match_difference ORDER BY kind"
CASES = "SELECT cause, money_fen, resolved_at IS NULL FROM exception_case WHERE kind = 'amount_mismatch' ORDER BY cause"
SUMS = "SELECT payments, paid_fen, refunds, refunded_fen, differences FROM match_day WHERE day = '2026-11-23'"


def test_a_bill_is_read_to_the_fen(story, book):
    order, tender = _paid(story, book)
    _refunded(story, book, order, tender)
    paid, back = parse_trades(theirs.trade_bill(book.orders, book.refunds, "2026-11-23"))
    assert (paid.kind, paid.no, paid.amount_fen, paid.fee_e5, paid.at) == (
        "paid", tender.trade_no, 990, 6_000, datetime(2026, 11, 23, 4, tzinfo=UTC),
    )  # fmt: skip
    assert (back.kind, back.no, back.amount_fen, back.state) == ("refund", f"C{tender.id}", 990, "SUCCESS")
    funds = parse_funds(theirs.fund_bill(book.orders, book.refunds, "2026-11-23"))
    assert [(line.kind, line.amount_fen) for line in funds] == [("paid", 990), ("fee", 1), ("refund", 990)]


BROKEN = {
    "a fen more than the summary": ("`0.60%,`9.90", "`0.60%,`9.91"),
    "no number": ("`0.60%,`9.90", "`0.60%,`9.9x"),
    "a half fen": ("`0.60%,`9.90", "`0.60%,`9.905"),
    "another state": ("`SUCCESS", "`PERHAPS"),
    "another moment": ("`2026-11-23 12", "`23.11.2026 12"),
    "a column gone": (",订单金额,申请", ",金额,申请"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_what_does_not_add_up_is_not_kept(story, book, how):
    _paid(story, book)
    body = theirs.trade_bill(book.orders, book.refunds, "2026-11-23")
    broken = body.replace(*BROKEN[how], 1)
    assert broken != body
    with pytest.raises(BillBroken), transaction(story.session):
        bills.keep(story.session, DAY, Source.TRADE, broken, now=story.now)
    assert _rows(story.session, "SELECT count(*) FROM bill UNION ALL SELECT count(*) FROM bill_line") == [(0,), (0,)]


def test_the_same_file_is_kept_once_and_another_replaces_it(story, book):
    _paid(story, book)
    body = theirs.trade_bill(book.orders, book.refunds, "2026-11-23")
    assert [story.do(_keep, body) for _ in range(2)] == [1, 0]
    _paid(story, book)
    assert story.do(_keep, theirs.trade_bill(book.orders, book.refunds, "2026-11-23")) == 2
    assert _rows(story.session, "SELECT count(*) FROM bill_line") == [(2,)]


def _keep(session, body, *, actor, now):
    return bills.keep(session, DAY, Source.TRADE, body, now=now)


def test_a_day_that_agrees_has_nothing_to_say(story, book, monkeypatch):
    _paid(story, book)
    _refunded(story, book, *_paid(story, book))
    assert _run(monkeypatch) == match_bills.LOOKS_BACK_DAYS
    assert _rows(story.session, SUMS) == [(2, 1_980, 1, 990, 0)]
    assert _rows(story.session, CASES) == []
    assert _run(monkeypatch) == 0


def test_nothing_is_fetched_before_ten(story, book, monkeypatch):
    _paid(story, book)
    assert _run(monkeypatch, datetime(2026, 11, 24, 1, 59, tzinfo=UTC)) == 0
    assert _rows(story.session, "SELECT count(*) FROM bill") == [(0,)]


def test_a_bill_that_is_late_is_asked_for_again_and_missed_in_the_end(story, book, monkeypatch):
    _paid(story, book)
    book.fails = ["STATEMENT_CREATING"]
    _run(monkeypatch)
    assert _rows(story.session, SUMS) == []
    assert _rows(story.session, CASES) == []
    book.fails = ["BILL_HASH"]
    _run(monkeypatch, datetime(2026, 11, 24, 6, 1, tzinfo=UTC))
    assert _rows(story.session, CASES) == [("bill_missing", 0, True)]
    _run(monkeypatch, datetime(2026, 11, 24, 6, 11, tzinfo=UTC))
    assert _rows(story.session, SUMS) == [(1, 990, 0, 0, 0)]
    assert _rows(story.session, CASES) == [("bill_missing", 0, False)]


def test_a_payment_nobody_told_us_of_is_applied(story, book, monkeypatch):
    order = story.order(milk=1)
    book.paid(story.intend(order))
    _run(monkeypatch)
    assert (story.head(order).state, _rows(story.session, SUMS)) == ("confirmed", [(1, 990, 0, 0, 0)])
    story.follow()
    story.agree()


def test_a_payment_of_an_order_that_ended_is_late_money(story, book, monkeypatch):
    order = story.order(milk=1)
    book.paid(story.intend(order))
    story.do(close.expire, story.shop.store_id, order)
    _run(monkeypatch)  # the day after: nobody waits at the counter any more
    assert story.head(order).state == "cancelled"
    assert _rows(story.session, "SELECT why, state FROM late_payment") == [("promise_past", "open")]
    assert _rows(story.session, FOUND) == []
    story.agree()


def _extra(story, book):
    _, tender = _paid(story, book)
    book.orders["TD9"] = book.orders[tender.trade_no] | {"out_trade_no": "TD9", "total": 500}


def _cent(story, book):
    book.paid(_paid(story, book)[1], fen=991)


def _missing(story, book):
    _paid(story, book)
    del book.orders[_paid(story, book)[1].trade_no]


def _refund_beside_us(story, book):
    book.refunded(_paid(story, book)[1], "M1", 300)


def _refund_missing(story, book):
    order, tender = _paid(story, book)
    _refunded(story, book, order, tender)
    book.refunds.clear()


def _refund_cent(story, book):
    order, tender = _paid(story, book)
    _refunded(story, book, order, tender)
    book.refunds[f"C{tender.id}"]["refund"] = 989


def _order_ended_with_the_money(story, book):
    _paid(story, book)
    with transaction(story.session):
        story.session.execute(text("UPDATE sale_order SET state = 'cancelled'"))


def _twice(story, book):
    number = _paid(story, book)[1].trade_no
    book.orders["again"] = book.orders[number] | {"transaction_id": "42000999"}


def _reversed_beside_us(story, book):
    book.orders[_paid(story, book)[1].trade_no]["reversed_fen"] = 990


DIFFERENCES = {
    "twice": (_twice, 1_980, 990),
    "refund_unknown_of_a_payment_that_was_reversed": (_reversed_beside_us, 990, 0),
    "unknown": (_extra, 500, 0),
    "amount": (_cent, 991, 990),
    "not_in_bill": (_missing, 0, 990),
    "refund_unknown": (_refund_beside_us, 300, 0),
    "refund_not_in_bill": (_refund_missing, 0, 990),
    "refund_amount": (_refund_cent, 989, 990),
    "order": (_order_ended_with_the_money, 990, 0),
}


@pytest.mark.parametrize("kind", DIFFERENCES)
def test_every_difference_is_found_once_with_its_money(story, book, monkeypatch, kind):
    what, bill_fen, our_fen = DIFFERENCES[kind]
    what(story, book)
    _run(monkeypatch)
    _run(
        monkeypatch, datetime(2026, 11, 25, 2, 30, tzinfo=UTC)
    )  # the next day's is empty, and the day is matched again
    kind = kind.partition("_of_")[0]
    assert _rows(story.session, FOUND) == [(kind, bill_fen, our_fen, True)]
    assert _rows(story.session, CASES) == [(f"bill_{kind}", abs(bill_fen - our_fen), True)]


def test_a_payment_that_came_and_was_reversed_differs_in_nothing(story, book, monkeypatch):
    """A payment code: WeChat tells it twice under its own number, and we had given it up."""
    _paid(story, book)
    order = story.order(milk=1)
    tender = story.intend(order)
    book.paid(tender)
    book.orders[tender.trade_no]["reversed_fen"] = 990
    story.session.execute(text("UPDATE tender SET state = 'closed', ask_at = NULL WHERE id = :id"), {"id": tender.id})
    story.session.commit()
    _run(monkeypatch)
    assert _rows(story.session, FOUND) == []
    assert (story.head(order).state, _rows(story.session, "SELECT count(*) FROM late_payment")) == ("placed", [(0,)])


def test_what_was_mended_is_closed_by_the_next_run(story, book, monkeypatch):
    _paid(story, book)
    story.session.execute(text("UPDATE tender SET amount_fen = 991"))
    story.session.commit()
    _run(monkeypatch)
    assert _rows(story.session, CASES) == [("bill_amount", 1, True)]
    story.session.execute(text("UPDATE tender SET amount_fen = 990"))
    story.session.commit()
    for _ in range(2):
        with transaction(story.session):
            matching.match(story.session, DAY, actor="t", now=clock.now())
    assert _rows(story.session, FOUND) == [("amount", 990, 991, False)]
    assert _rows(story.session, CASES) == [("bill_amount", 1, False)]


def test_a_payment_at_midnight_may_stand_in_the_next_bill(session, book, monkeypatch):
    story = Story(session, datetime(2026, 11, 23, 15, 55, tzinfo=UTC))
    order = make.order_online(session, story.shop, story.member, story.now, milk=1)
    tender = story.intend(order)
    story.told(tender)
    book.paid(tender, at="2026-11-24T00:00:01+08:00")
    _run(monkeypatch)
    assert _rows(session, CASES) == []
    _run(monkeypatch, datetime(2026, 11, 25, 2, 30, tzinfo=UTC))
    assert _rows(session, CASES) == []
    assert _rows(session, "SELECT day, payments FROM match_day WHERE payments > 0") == [(DAY + timedelta(days=1), 1)]


def test_the_two_bills_must_agree_with_each_other(story, book, monkeypatch):
    _paid(story, book)
    real = book.fund_flow_bill
    monkeypatch.setattr(
        book, "fund_flow_bill", lambda day: real(day).replace("`9.90", "`9.80").replace("`收入", "`收入")
    )
    _run(monkeypatch)
    assert _rows(story.session, FOUND) == [("fund", 980, 990, True)]


def test_the_head_office_sees_the_days_and_what_differed(story, book, monkeypatch):
    _extra(story, book)
    _run(monkeypatch)
    newest = matching.days(story.session)[0]
    assert (newest["day"], newest["payments"], newest["differences"], newest["difference_fen"]) == (
        "2026-11-23", 1, 1, 500,
    )  # fmt: skip
    assert [one["no"] for one in matching.differences(story.session, DAY)] == ["TD9"]
