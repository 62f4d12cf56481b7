"""Q1 to Q12: wechatpayv3, with nothing changed but its host, beside ours."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3 import core as library
from wechatpayv3.type import RequestType

from config.wechat import health
from config.wechat.pay import Pay
from config.wechat.verdict import Genuine
from tests.bench.wechat.row import Here, Row
from tests.bench.wechat.secrecy import NOWHERE, _Ear
from tests.wechat_stand_in.notices import draft
from tests.wechat_stand_in.pay import orders

RAW_FLOOD, OUR_FLOOD = 20, 200
THREADS, QUERIES = 8, 480
Sent = tuple[dict[str, str], bytes]


def _raw(here: Here, *, base: str = "", key: bool = True, **options: Any) -> WeChatPay:
    """As its documentation shows it: with the public key, or with certificates that it fetches when it is made."""

    class Hosted(library.Core):  # type: ignore[misc]
        _gate_way = property(lambda _: base or here.url, lambda _, __: None)

    given, before = here.given, library.Core
    library.Core = Hosted
    try:
        trust = {"public_key": given.platform_public_key, "public_key_id": given.platform_key_id} if key else {}
        return WeChatPay(
            WeChatPayType.JSAPI, given.mchid, given.private_key, given.serial, given.appid, given.apiv3_key,
            notify_url="https://a.cn/x", **trust, **options,
        )  # fmt: skip
    finally:
        library.Core = before


def _ours(here: Here, *, key: bool = True, **other: Any) -> Pay:
    vars(health)["connection"] = lambda: here.store
    less: dict[str, Any] = {} if key else {"platform_key_id": "", "platform_public_key": ""}
    return Pay(replace(here.given, **less, **other))


def _notice(here: Here, *, age_s: int = 0, **change: Any) -> Sent:
    body = {"id": "e1", "event_type": "TRANSACTION.SUCCESS", "resource_type": "encrypt-resource"}
    made = draft(here.world, body, {"out_trade_no": "TD000001", "payer": {"openid": "oSecret"}}, "t", age_s=age_s)
    for name, value in change.items():
        setattr(made, name, value)
    return made.signed(here.world)


def _unknown(here: Here, number: int) -> Sent:
    signer = here.world.trust.of_notice(here.world.now())
    return _notice(here, signer=replace(signer, serial=f"{number:040X}"))


def _with_certificates(here: Here) -> None:
    here.world.trust.use("certificate", now=here.world.now())


def _judge(pay: Pay, sent: Sent) -> str:
    return "accepted" if isinstance(pay.verify_notification(*sent), Genuine) else "refused"


def _raw_judge(pay: WeChatPay, sent: Sent) -> str:
    return "accepted" if pay.callback(*sent) else "refused"


def _works(act: Callable[[], Any]) -> str:
    try:
        act()
    except Exception as error:
        return type(error).__name__
    return "works"


def _flood(here: Here, judge: Callable[[Sent], Any], forged: int) -> str:
    before = here.calls("certificates")
    for number in range(forged):
        judge(_unknown(here, number))
    return f"{here.calls('certificates') - before} of {forged}"


def _raw_flood(here: Here) -> str:
    _with_certificates(here)
    pay = _raw(here, key=False)
    return _flood(here, lambda sent: pay.callback(*sent), RAW_FLOOD)


def _our_flood(here: Here) -> str:
    _with_certificates(here)
    pay = _ours(here, key=False)
    return _flood(here, lambda sent: pay.verify_notification(*sent), OUR_FLOOD)


def _raw_after_failure(here: Here) -> str:
    _with_certificates(here)
    pay = _raw(here, key=False)
    here.world.faults.plant("certificates_down", -1)
    pay.callback(*_unknown(here, 1))
    return _raw_judge(pay, _notice(here))


def _our_after_failure(here: Here) -> str:
    _with_certificates(here)
    pay = _ours(here, key=False)
    pay.verify_notification(*_notice(here))
    pay._core.trust._refreshed = -60.0  # the minute between two downloads is over
    here.world.faults.plant("certificates_down", -1)
    pay.verify_notification(*_unknown(here, 1))
    return _judge(pay, _notice(here))


def _odd(here: Here) -> list[Sent]:
    headers, body = _notice(here)
    serials = ("", "PUB_KEY_ID_0", "not hex")
    less = [{name: value for name, value in headers.items() if name != gone} for gone in headers]
    return [
        *((headers | {"Wechatpay-Serial": one}, body) for one in serials),
        *((one, body) for one in less),
        ({}, body),
    ]


def _raised(here: Here, judge: Callable[..., Any]) -> int:
    return sum(_works(lambda sent=sent: judge(*sent)) != "works" for sent in _odd(here))  # type: ignore[misc]


def _told_apart(here: Here, judge: Callable[..., Any]) -> int:
    """Different answers to a forged signature and to a wrong APIv3 key of our own."""
    forged = _notice(here, spoil=lambda signature: signature[::-1])
    return len({repr(judge(*sent)) for sent in (forged, _notice(here, apiv3_key="0" * 32))})


def _yesterday(here: Here) -> str:
    expires = datetime.now(UTC) + timedelta(days=1)
    _ours(here).prepay(trade_no="TD000001", description="a", amount_fen=990, openid="o1", expires_at=expires)
    orders.settle(here.world, here.notifier, "TD000001")
    at = datetime.fromisoformat(here.world.beijing()) - timedelta(days=1)
    here.world.orders["TD000001"]["success_time"] = at.isoformat(timespec="seconds")
    return f"{at:%Y-%m-%d}"


def _raw_bill(here: Here) -> str:
    day, pay = _yesterday(here), _raw(here)
    _, told = pay.trade_bill(bill_date=day)
    return _works(lambda: pay.download_bill(told.split('download_url": "')[1].split('"')[0]))


def _our_bill(here: Here) -> str:
    day = datetime.fromisoformat(_yesterday(here)).date()
    return _works(lambda: _ours(here).trade_bill(day))


def _empty(core: Any) -> int:
    return int(core.request("/v3/security/echo", method=RequestType.POST, data={})[0])


def _seconds(here: Here, ask: Callable[[], Any]) -> float:
    here.world.faults.plant("timeout_before", 1, "/v3/pay/*", seconds=4)
    began = time.monotonic()
    _works(ask)
    return round(time.monotonic() - began, 1)


def _our_seconds(here: Here) -> float:
    pay = _ours(here)
    pay._core._timeout = (1, 1)  # it is (3, 8); the raw library has none
    return _seconds(here, lambda: pay.query("TD000001"))


def _openids(here: Here, judge: Callable[[logging.Logger], Any]) -> int:
    ear, logger = _Ear(), logging.getLogger()
    before = logger.level, logger.handlers
    logger.handlers = [ear]
    logger.setLevel(logging.DEBUG)
    try:
        judge(logger)
    finally:
        logger.level, logger.handlers = before
    return sum("oSecret" in line for line in ear.heard)


def _warned(here: Here, make: Callable[[], Any]) -> int:
    _with_certificates(here)
    pay = make()
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        pay._core._last_certificate()
    return len(heard)


def _threads(ask: Callable[[], Any]) -> int:
    with ThreadPoolExecutor(THREADS) as pool:
        return sum(word != "works" for word in pool.map(lambda _: _works(ask), range(QUERIES)))


ROWS = (
    Row("Q1", "made while WeChat is away, with certificates", "outcome",
        lambda here: _works(lambda: _raw(here, base=NOWHERE, key=False, timeout=1)),
        lambda here: _works(lambda: _ours(here, key=False, pay_base=NOWHERE)),
        "works", lambda ours: ours == "works"),
    Row("Q2", "a notice signed a day ago", "verdict",
        lambda here: _raw_judge(_raw(here), _notice(here, age_s=86_400)),
        lambda here: _judge(_ours(here), _notice(here, age_s=86_400)),
        "refused", lambda ours: ours == "refused"),
    Row("Q3", "forged notices with unknown serials", "downloads", _raw_flood, _our_flood,
        "at most 1", lambda ours: ours.split()[0] in ("0", "1")),
    Row("Q4", "a genuine notice after a failed download", "verdict", _raw_after_failure, _our_after_failure,
        "accepted", lambda ours: ours == "accepted"),
    Row("Q5", "ten notices with odd headers", "that raise",
        lambda here: _raised(here, _raw(here).callback),
        lambda here: _raised(here, _ours(here).verify_notification), "0", lambda ours: ours == 0),
    Row("Q6", "a forgery, and a wrong APIv3 key", "different answers",
        lambda here: _told_apart(here, _raw(here).callback),
        lambda here: _told_apart(here, _ours(here).verify_notification), "2", lambda ours: ours == 2),
    Row("Q7", "a bill's address names the other host", "outcome", _raw_bill, _our_bill,
        "works", lambda ours: ours == "works"),
    Row("Q8", "an empty body: what is signed, what is sent", "status",
        lambda here: _empty(_raw(here)._core), lambda here: _empty(_ours(here)._core),
        "not 401", lambda ours: ours != 401),
    Row("Q9", "no answer for 4 s (ours set to 1 s)", "seconds",
        lambda here: _seconds(here, lambda: _raw(here).query(out_trade_no="TD000001")), _our_seconds,
        "below 2", lambda ours: ours < 2),
    Row("Q10", "openids in the log of a notice", "lines",
        lambda here: _openids(here, lambda log: _raw(here, logger=log).callback(*_notice(here))),
        lambda here: _openids(here, lambda _: _ours(here).verify_notification(*_notice(here))),
        "0", lambda ours: ours == 0),
    Row("Q11", "the newest certificate is looked for", "warnings",
        lambda here: _warned(here, lambda: _raw(here, key=False)),
        lambda here: _warned(here, lambda: _ours(here, key=False)), "0", lambda ours: ours == 0),
    Row("Q12", f"{QUERIES} signed queries on {THREADS} threads", "errors",
        lambda here: _threads(lambda: _raw(here).query(out_trade_no="TD000001")),
        lambda here: _threads(lambda: _ours(here).query("TD000001")), "0", lambda ours: ours == 0),
)  # fmt: skip
