"""Yesterday's bills are fetched after ten o'clock and held against orders and payments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from config import clock
from config.clock import SHANGHAI
from config.db import let_go, open_session, transaction
from config.logs import log
from config.wechat.given import WeChatFailed
from config.wechat.ready import pay
from paying import told
from trade.exceptions import cases
from trade.payments import bills
from trade.payments.bills import BillBroken, Source
from trade.settlement import matching, static_qr

ACTOR = "job:match_bills"
NOT_BEFORE_H = 10
LOOKS_BACK_DAYS = 7
MISSED_AFTER_H = 14


def run(new_session: Callable[[], Session] = open_session) -> int:
    """Fetch, apply and match each of the last days that was not matched yet; returns how many were; every 10 minutes.

    The day before the newest is matched again with it, because a payment of its last minutes may stand in the newer
    bill.  A bill that is not there by two o'clock is a case on the desk.  Safe to run twice.
    """
    now = clock.now().astimezone(SHANGHAI)
    if now.hour < NOT_BEFORE_H:
        return 0
    matched = 0
    with new_session() as session:
        for back in range(LOOKS_BACK_DAYS, 0, -1):
            day = now.date() - timedelta(days=back)
            if matching.is_matched(session, day):
                continue
            let_go(session)
            if not _fetched(session, day, now):
                continue
            _match(session, day)
            if matching.is_matched(session, day - timedelta(days=1)):
                _match(session, day - timedelta(days=1))
            matched += 1
        _prove_late(session)
    return matched


def _prove_late(session: Session) -> None:
    """What a till told of after its day was matched: the days it explains are matched again."""
    with transaction(session):
        days = static_qr.prove(session, actor=ACTOR, now=clock.now())
    for day in sorted(days):
        if matching.is_matched(session, day):
            _match(session, day)


def _fetched(session: Session, day: date, now: datetime) -> bool:
    """Fetch both bills of a day; False when one is not to be had yet."""
    subject, have = f"bill-missing:{day.isoformat()}", bills.have(session, day)
    let_go(session)
    try:
        for source, ask in ((Source.TRADE, pay().trade_bill), (Source.FUND, pay().fund_flow_bill)):
            if source not in have:
                _fetch(session, day, source, ask)
    except (WeChatFailed, BillBroken) as error:
        code = error.code if isinstance(error, WeChatFailed) else "BROKEN"
        log.warning("bill_not_there", day=day.isoformat(), code=code)
        if now - timedelta(days=1) >= datetime(day.year, day.month, day.day, MISSED_AFTER_H, tzinfo=SHANGHAI):
            with transaction(session):
                facts = {"day": day.isoformat(), "code": code}
                cases.open(
                    session, matching.KIND, subject, money_fen=0, facts=facts, cause="bill_missing", actor=ACTOR,
                    now=clock.now(),
                )  # fmt: skip
        return False
    with transaction(session):
        cases.clear(session, matching.KIND, subject, actor=ACTOR, now=clock.now())
    return True


def _fetch(session: Session, day: date, source: Source, ask: Callable[[date], str]) -> None:
    try:
        body = ask(day)
    except WeChatFailed as error:
        if error.code != "NO_STATEMENT_EXIST":
            raise
        with transaction(session):
            bills.keep_empty(session, day, source, now=clock.now())
        return
    with transaction(session):
        bills.keep(session, day, source, body, now=clock.now())


def _match(session: Session, day: date) -> None:
    unheard = matching.unheard(session, day)
    let_go(session)
    for fact in unheard:
        told.apply(session, fact, now=clock.now())
    with transaction(session):
        found = matching.match(session, day, actor=ACTOR, now=clock.now())
    if found.differences:
        log.error("bill_differs", day=day.isoformat(), count=len(found.differences))
