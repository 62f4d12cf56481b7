"""Messages that are due go to WeChat: by the mini-program where the member agreed, else by the service account."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from config import clock, journal
from config.db import let_go, open_session, transaction
from config.logs import log
from config.wechat import ready
from config.wechat.given import WeChatFailed
from config.wechat.messages import Template
from config.wechat.refusals import MENDED_BY_A_PERSON
from member import followers
from member.reach import consents, facts, moves, ways
from member.secrets import open_sealed
from trade.exceptions import cases
from trade.orders import telling

BATCH = 200
RUN_FOR = timedelta(seconds=60)
"""Well below the time that a job may take: whoever is stopped while it calls leaves a doubt."""
ACTOR = "wechat"
COMPOSE = facts.COMPOSE | telling.COMPOSE
NO_LEAVE = ("43101", "43004")
"""WeChat knows of no consent, or of no follower: another way, or none."""
GONE = ("40003",)
"""The person is none of ours any more, by nobody's fault."""
NOT_SENT = ("ConnectTimeout", "SSLError", "NO_TOKEN", "TOKEN_WAIT", "TOKEN_STORE", "TOKEN_REFUSED")
"""Of these, as of WeChat's own codes, one knows that the message was not taken; a gateway's page says nothing."""
NO_WORD = "NOT_JSON"


class Away(Exception):
    """WeChat does not answer, or takes nothing now: the other messages need not try."""


@dataclass(frozen=True, slots=True)
class Way:
    """How one message goes: to whom, by which template, in which language, for which consent (if it needs one)."""

    name: str
    to: str
    template: Template
    language: str
    consent: Any = None


def run(ids: Sequence[int] = (), new_session: Callable[[], Session] = open_session) -> int:
    """Send due messages, at most BATCH, for RUN_FOR and until WeChat is away, and mark the facts `message.asked` done.

    Returns how many WeChat took.  By fact, and every 20 s for those that are tried again.  Safe to run twice or in two
    workers at once: a message is claimed by one, and called for once, unless nobody heard the answer:

    - a subscribe message has no number of ours, so it is called for again only while the member has no other consent of
      its kind: then WeChat takes it once, and says 43101 when it had taken it before;
    - else it fails as `UNHEARD`, and the desk may send it again;
    - a template message carries our number, so it may be called for as often as one likes.
    """
    sent, until = 0, clock.now() + RUN_FOR
    with new_session() as session:
        with suppress(Away):
            for _ in range(BATCH):
                with transaction(session):
                    message = moves.claim(session, now=clock.now())
                if message is None or clock.now() > until:
                    break
                sent += _tell(session, message)
        if ids:
            with transaction(session):
                journal.finish(session, [row.id for row in journal.take(session, ids)], now=clock.now())
    return sent


def _tell(session: Session, message: Any) -> bool:
    """One message by the best way there is; whether WeChat took it."""
    try:
        with transaction(session):
            made = _made(session, message)
    except (AssertionError, LookupError, TypeError, ValueError) as broken:
        log.error("message_broken", kind=message.kind, error=type(broken).__name__)
        _give_up(session, message, "NOT_COMPOSED")
        return False
    if made is None:
        return False
    let_go(session)
    way, data, page = made
    try:
        number = _call(message, way, data, page)
    except WeChatFailed as failed:
        _failed(session, message, way, failed)
        return False
    with transaction(session):
        return moves.move(session, message.id, "send", number=number, actor=ACTOR, now=clock.now())


def _made(session: Session, message: Any) -> tuple[Way, dict[str, str], str] | None:
    """The way, the fields and the page; None when the message was settled instead."""
    now, way = clock.now(), _way(session, message)
    said = COMPOSE[message.kind](session, message, way.language if way else "zh-CN", now)
    doubted = message.unheard and message.way == "subscribe"
    if said is None or message.until_at <= now:
        moves.move(session, message.id, "expire", actor=ACTOR, now=now)
    elif doubted and not (way and way.consent and way.consent.others == 0):
        moves.move(session, message.id, "fail", code="UNHEARD", actor=ACTOR, now=now)
    elif way is None:
        moves.move(session, message.id, "no_leave", actor=ACTOR, now=now)
    elif moves.calling(session, message.id, way.name, now=now):
        return way, ways.filled(way.template, said), ways.page(message.kind, said)
    return None


def _way(session: Session, message: Any) -> Way | None:
    of_mall, of_service = (ready.templates()[name].get(message.kind) for name in ("subscribe", "service"))
    if of_mall and (consent := consents.reserve(session, message.id, message.to_member, message.kind)):
        openid = open_sealed(bytes(consent.sealed)).decode()
        return Way("subscribe", openid, of_mall, consent.language, consent)
    if of_service and (follower := followers.template_openid(session, message.to_member)):
        return Way("service", follower, of_service, "zh-CN")
    return None


def _call(message: Any, way: Way, data: dict[str, str], page: str) -> str:
    if way.consent:
        return ready.messages().subscribe(way.to, way.template.id, data, page=page, language=way.language)
    return ready.messages().template(way.to, way.template.id, data, page=page, number=f"m{message.id}")


def _failed(session: Session, message: Any, way: Way, failed: WeChatFailed) -> None:
    """WeChat did not take it, or nobody knows.  Raises Away when nothing else of ours would be taken either."""
    now, code = clock.now(), failed.code
    if code in NO_LEAVE:
        _no_leave(session, message, way, code)
    elif code in GONE:
        with transaction(session):
            moves.move(session, message.id, "fail", code=code, actor=ACTOR, now=now)
    elif failed.retryable or failed.until or code == NO_WORD or code in MENDED_BY_A_PERSON:
        heard = code.lstrip("-").isdigit() or code in NOT_SENT
        doubt = way.consent is not None and not heard
        with transaction(session):
            moves.again(session, message, code, unheard=doubt, at=failed.until, now=now)
        raise Away from failed
    else:
        _give_up(session, message, code)


def _no_leave(session: Session, message: Any, way: Way, code: str) -> None:
    """No consent at WeChat, whatever our ledger said, or no follower: the next way, if there is one."""
    now = clock.now()
    with transaction(session):
        if way.consent is None:
            moves.move(session, message.id, "no_leave", code=code, actor=ACTOR, now=now)
        elif message.unheard:  # it has no other consent, so the first call spent this one
            moves.move(session, message.id, "send", actor=ACTOR, now=now)
        else:
            consents.end_all(session, way.consent.person, message.kind, "refused", until=now, now=now)
            moves.again(session, message, code, at=now, now=now)


def _give_up(session: Session, message: Any, code: str) -> None:
    """Our own mistake, or a template that is gone: never tried again, and on the desk of the head office."""
    log.error("message_refused", kind=message.kind, code=code)
    with transaction(session):
        now = clock.now()
        moves.move(session, message.id, "fail", code=code, actor=ACTOR, now=now)
        said = {"message_kind": message.kind, "event": message.event, "code": code}
        about = f"message:{message.kind}:{code}"
        cases.open(
            session, "message_refused", about, money_fen=0, at_stake=1, facts=said, cause=code, actor=ACTOR, now=now
        )
