"""Random pay, close, notify, expire, cancel and refund schedules (wechat.md 2.6): no double credit, no kept money, and
nothing released that is paid.  TONGDIAN_SCHEDULES=40000 runs so many, and shows that every rule is needed."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import WeChatBusy
from config.wechat.given import WeChatFailed
from config.wechat.ready import pay as wechat
from paying import online
from tests.trade import schedules
from tests.wechat_stand_in.reading import of_the_run
from trade.orders import close, value
from trade.orders.late import rescue
from trade.orders.late.states import Cause
from trade.payments import moves as payments
from trade.payments.refunds import moves as refunds
from workers.jobs import ask_refunds, expire_unpaid, settle_payments

pytestmark = pytest.mark.wechat
SCHEDULES = int(os.environ.get("TONGDIAN_SCHEDULES", "40"))
CHUNK = 500


@pytest.mark.parametrize("first", range(0, SCHEDULES, CHUNK))
def test_any_schedule_of_a_payment_ends_well(session, monkeypatch, first):
    schedules.run(session, monkeypatch, range(first, min(first + CHUNK, SCHEDULES)))


def _nothing(*_given: Any, **_named: Any) -> int:
    return 0


def _close_unasked(session: Any, tender: Any, now: Any) -> bool:
    if tender is None:
        return True
    with transaction(session):
        payments.closing(session, tender.store_id, tender.id, now=now)
        return payments.closed(session, tender.store_id, tender.id)


def _close_deaf(session: Any, tender: Any, now: Any) -> bool:
    try:
        if tender is not None and wechat().query(tender.trade_no) is not None:
            wechat().close(tender.trade_no)
    except WeChatFailed as error:
        raise WeChatBusy(code=error.code) from error
    return _close_unasked(session, tender, now)


def _another_attempt(patch: pytest.MonkeyPatch) -> None:
    """Each opening of the sheet is a new attempt; the one before is left at WeChat as it is."""
    real, leave = (
        payments.intend,
        text("UPDATE tender SET state = 'closed' WHERE order_id = :order AND state = 'prepaid'"),
    )

    def intend(session: Any, store_id: int, order_id: int, amount_fen: int, **named: Any) -> Any:
        session.execute(leave, {"order": order_id})
        return real(session, store_id, order_id, amount_fen, **named)

    patch.setattr(payments, "intend", intend)


def _unguarded(statement: Any, guard: str) -> Any:
    assert guard in str(statement), statement
    return text(str(statement).replace(guard, ""))


#   rule left out                     how
WITHOUT = {
    "an attempt is paid once": lambda p: p.setattr(
        payments, "_PAID", _unguarded(payments._PAID, "AND state IN ('created', 'prepaid', 'closing')")
    ),
    "an attempt is late once": lambda p: p.setattr(payments, "_LATE", _unguarded(payments._LATE, "AND state = :after")),
    "late money is settled": lambda p: p.setattr(rescue, "settle", _nothing),
    "a revived order takes its stock again": lambda p: p.setattr(
        rescue, "stock", SimpleNamespace(hold=_nothing, commit=_nothing)
    ),
    "a revived order takes its value again": lambda p: p.setattr(value, "revived", _nothing),
    "only what ended unpaid is revived": lambda p: p.setattr(rescue, "_cause", lambda *_: Cause.ENDED_UNPAID),
    "WeChat is asked before an order ends": lambda p: p.setattr(online, "_close", _close_unasked),
    "paid before the close is paid": lambda p: p.setattr(online, "_close", _close_deaf),
    "what was not closed to the end is closed": lambda p: p.setattr(settle_payments, "run", _nothing),
    "what is over expires": lambda p: p.setattr(expire_unpaid, "run", _nothing),
    "refunds are asked about": lambda p: p.setattr(ask_refunds, "run", _nothing),
    "a refund given up is owed anew": lambda p: p.setattr(refunds, "_owe_anew", _nothing),
    "a paid order that is cancelled is refunded": lambda p: p.setattr(close, "_undo_payment", _nothing),
    "while an attempt is open it is used again": _another_attempt,
    "the bill is read": lambda p: p.setattr(schedules.Schedule, "_bill", _nothing),
}


SOON, MOST = 60, 600
RARE = {"a revived order takes its value again", "only what ended unpaid is revived"}
"""What breaks only in hundreds of schedules (the first by the proof of the books at their end)."""
QUICK = SCHEDULES < 1_000
"""Seeds at which each other rule was missed on 2026-11-30, in the order above: 5, 5, 2, 2, 16, 3, 9, 2, 3, 4, 3, 1, 32;
the rare ones: at the end, 125."""


@pytest.mark.skipif(not of_the_run().close_early, reason="the seeds were found with the first reading")
@pytest.mark.parametrize("rule", [rule for rule in WITHOUT if not (QUICK and rule in RARE)])
def test_without_any_one_rule_some_schedule_ends_badly(session, monkeypatch, rule):
    """Fifteen rules taken away one at a time; the seven of wechat.md 2.6, and what goes with them."""
    WITHOUT[rule](monkeypatch)
    with pytest.raises(AssertionError) as broken:
        schedules.run(session, monkeypatch, range(SOON if QUICK else MOST))
    print(f"without <{rule}>: {str(broken.value).splitlines()[0][:140]}")
