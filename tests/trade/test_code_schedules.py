"""Random schedules of payment codes (wechat.md 2.8): nobody is charged without a sale, nothing leaves without money.

TONGDIAN_CODE_SCHEDULES=10000 runs so many, and shows that every rule is needed."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from config import clock
from config.db import transaction
from config.wechat.given import WeChatFailed
from config.wechat.pay import Found
from config.wechat.ready import pay as wechat
from paying import code, told
from tests.trade import code_schedules
from tests.trade.code_schedules import Schedule
from trade.orders import close, code_sale, pay, value
from trade.orders.late import rescue
from trade.payments import cash
from trade.payments import moves as payments
from trade.payments.codes import moves as codes
from trade.payments.codes import plan, read
from workers.jobs import ask_refunds, watch_codes

SCHEDULES = int(os.environ.get("TONGDIAN_CODE_SCHEDULES", "30"))
CHUNK = 500


@pytest.mark.parametrize("first", range(0, SCHEDULES, CHUNK))
def test_any_schedule_of_a_payment_code_ends_well(session, monkeypatch, first):
    code_schedules.run(session, monkeypatch, range(first, min(first + CHUNK, SCHEDULES)))


def _nothing(*_given: Any, **_named: Any) -> int:
    return 0


def _unguarded(statement: Any, guard: str, instead: str = "") -> Any:
    assert guard in str(statement), statement
    return text(str(statement).replace(guard, instead))


def _begun(tender: Any) -> Found:
    return Found(tender.trade_no, plan.PAYING, "", 0, "")


def _reverse_unasked(session: Any, tender: Any, _found: Any, undo: Any = code._undo) -> None:
    undo(session, tender, _begun(tender))


_ASKED = code._asked


def _asked_unless_reversing(tender: Any) -> Any:
    return _begun(tender) if tender.state == "closing" else _ASKED(tender)


def _silence_is_no(tender: Any) -> Any:
    found = _ASKED(tender)
    return None if isinstance(found, WeChatFailed) else found


def _believe_the_reversal(session: Any, tender: Any, _found: Any) -> None:
    with suppress(WeChatFailed):
        wechat().reverse(tender.trade_no)
    code._end(session, tender)


def _give_up(session: Any, tender: Any, _found: Any, now: Any) -> bool:
    """Thirty seconds, then the sale is off: nobody tells WeChat."""
    if now < (tender.sent_at or tender.created_at) + timedelta(seconds=30):
        return False
    with transaction(session):
        if codes.reverse(session, tender, claimed=True, actor="t", now=now):
            codes.reversed_(session, tender, actor="t", now=now)
            close.expire(session, tender.store_id, tender.order_id, actor="t", now=now)
    return False


def _unsent_is_over(patch: Any) -> None:
    """The call first, and only then a note of it: what dies in between is not known here."""

    def start(session: Any, store_id: int, tender_id: int, auth_code: str) -> None:
        tender = read.one(session, store_id, tender_id)
        if tender.state == "created":
            with suppress(WeChatFailed):
                wechat().charge_code(
                    trade_no=tender.trade_no, description="x", amount_fen=tender.amount_fen, auth_code=auth_code,
                    store_no="1", device="1",
                )  # fmt: skip
            with transaction(session):
                codes.send(session, store_id, tender_id, now=clock.now())

    patch.setattr(code, "start", start)
    patch.setattr(code, "_asked", lambda tender: None if tender.state == "created" else _ASKED(tender))


#   rule left out                     how
WITHOUT = {
    "an attempt is paid once": lambda p: p.setattr(
        payments, "_PAID", _unguarded(payments._PAID, "AND state IN ('created', 'prepaid', 'closing')")
    ),
    "the intent is marked as sent before the call": _unsent_is_over,
    "an attempt is sent once, by whoever marks it": lambda p: p.setattr(
        codes, "_SEND", _unguarded(codes._SEND, "AND state = 'created'")
    ),
    "a second charge waits for the end of the first": lambda p: (
        p.setattr(codes, "refuse_open", _nothing),
        p.setattr(codes, "_INTEND", _unguarded(codes._INTEND, ":till, :shift", ":till + next.id, :shift")),
    ),
    "no reversal before 15 s": lambda p: p.setattr(plan, "MAY_REVERSE", timedelta(0)),
    "nobody is given up without telling WeChat": lambda p: p.setattr(code, "_is_over", _give_up),
    "WeChat is asked before it reverses": lambda p: (
        p.setattr(code, "_asked", _asked_unless_reversing),
        p.setattr(code, "_undo", _reverse_unasked),
    ),
    "it is reversed until WeChat says so": lambda p: p.setattr(code, "_undo", _believe_the_reversal),
    "an unanswered question ends nothing": lambda p: p.setattr(code, "_asked", _silence_is_no),
    "only the holder of the claim reverses": lambda p: p.setattr(codes, "is_mine", lambda *_: True),
    "while it is reversed only the holder's success counts": lambda p: p.setattr(
        payments, "_PAID", _unguarded(payments._PAID, "OR asked =", "OR asked > 0 OR asked =")
    ),
    "an old word of what was reversed proves nothing": lambda p: p.setattr(
        told, "receive", lambda *given, receive=pay.receive, **named: receive(*given, **(named | {"sure": True}))
    ),
    "late money is settled": lambda p: p.setattr(rescue, "settle", _nothing),
    "late money of a till is refunded, not sold again": lambda p: p.setattr(rescue, "_why_not", lambda *_: ""),
    "the worker follows": lambda p: p.setattr(watch_codes, "run", _nothing),
    "what it held is let go": lambda p: p.setattr(close, "_free", _nothing),
    "what it held is spent": lambda p: p.setattr(value, "paid", _nothing),
    "the goods leave": lambda p: p.setattr(code_sale, "_leave", _nothing),
    "cash beside the code is noted": lambda p: p.setattr(cash, "take", _nothing),
    "refunds are asked about": lambda p: p.setattr(ask_refunds, "run", _nothing),
    "the bill is read": lambda p: p.setattr(Schedule, "_bill", _nothing),
}  # fmt: skip


RACES = {
    "only the holder of the claim reverses",
    "while it is reversed only the holder's success counts",
    "an old word of what was reversed proves nothing",
}
"""Rules that matter only while many look at once."""


@pytest.mark.skipif(SCHEDULES < 1_000, reason="a long run: TONGDIAN_CODE_SCHEDULES=10000")
@pytest.mark.parametrize("rule", WITHOUT)
def test_without_any_one_rule_some_schedule_ends_badly(session, monkeypatch, rule):
    WITHOUT[rule](monkeypatch)
    with pytest.raises(Exception) as broken:  # noqa: PT011  # a wrong book, or a constraint that held it up
        code_schedules.run(session, monkeypatch, range(1_000), race=rule in RACES)
    print(rule, "->", str(broken.value).splitlines()[0][:160])
