"""Faults that can be planted: one row each in CATALOGUE, and how those of the wire strike.

Plant with `POST /control/fault` or `world.faults.plant`; `GET /control/faults` lists all.  There are two kinds.

- A fault with `strikes` happens on the wire: it gets the `Call` of the first request whose path fits, and returns the
  answer, or None to cut the connection.  `call.process()` lets the stand-in do its work first.
- A fault without `strikes` is asked for by name where it belongs: `if world.take_fault("bill_late"): ...`, or
  `plant = world.faults.take(...)` where it has arguments.

A new fault is a row in the list of its part; nothing else.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from tests.wechat_stand_in.world import World

ALWAYS = -1
OPEN = "/cgi-bin/* /wxa/* /sns/*"
WITH_TOKEN = "/cgi-bin/* /wxa/* !/cgi-bin/*token !/cgi-bin/clear_quota/v2"
TOKEN = "/cgi-bin/*token"
CUSTOM = "/cgi-bin/message/custom/send"


def fits(path: str, patterns: str) -> bool:
    """Whether a path is one of `patterns`: as in a shell, between spaces; `!` before one takes it out again."""
    words = patterns.split()
    inside = any(fnmatchcase(path, word) for word in words if word[0] != "!")
    return inside and not any(fnmatchcase(path, word[1:]) for word in words if word[0] == "!")


@dataclass
class Plant:
    """One planted fault: how often it still strikes (ALWAYS: until it is cleared), where, and with what."""

    name: str
    left: int
    path: str
    arguments: dict[str, Any]
    struck: int = 0
    gone: threading.Event = field(default_factory=threading.Event, repr=False)


def process(app: Any, environ: dict[str, Any]) -> Response:
    """What the stand-in answers when nothing goes wrong."""
    body, status, headers = run_wsgi_app(app, environ)
    return Response(b"".join(body), status, headers)


@dataclass(frozen=True)
class Call:
    """A request that a fault strikes."""

    world: World
    plant: Plant
    environ: dict[str, Any]
    app: Any

    def process(self) -> Response:
        """Let the stand-in do what was asked; its answer."""
        return process(self.app, self.environ)

    def wait(self) -> None:
        """Say nothing for as long as the fault says, or until it is cleared."""
        self.plant.gone.wait(float(self.argument("seconds")))

    def argument(self, name: str) -> Any:
        """One of the fault's arguments, as planted or by default."""
        return self.plant.arguments.get(name, CATALOGUE[self.plant.name].arguments.get(name))


@dataclass(frozen=True)
class Fault:
    """What can be planted."""

    name: str
    says: str
    path: str = "*"
    strikes: Callable[[Call], Response | None] | None = None
    arguments: dict[str, Any] = field(default_factory=dict)


class Faults:
    """What is planted now.  `faults[name] += 1` plants one more of a fault as it is by default."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._plants: list[Plant] = []

    def plant(self, name: str, count: int = 1, path: str | None = None, **arguments: Any) -> None:
        """Let a fault strike `count` times (or ALWAYS), on other paths than its own when `path` says so (`fits`)."""
        default = CATALOGUE[name].path if name in CATALOGUE else "*"
        with self._lock:
            self._plants.append(Plant(name, count, path or default, arguments))

    def take(self, name: str, path: str | None = None) -> Plant | None:
        """The planted fault of that name if it strikes now."""
        return self._take(lambda one: one.name == name and (path is None or fits(path, one.path)))

    def on_the_wire(self, path: str) -> Plant | None:
        """The fault that strikes a request to this path on the wire, the one planted first."""
        wired = {one.name for one in CATALOGUE.values() if one.strikes}
        return self._take(lambda one: one.name in wired and fits(path, one.path))

    def _take(self, strikes: Callable[[Plant], bool]) -> Plant | None:
        with self._lock:
            found = next((one for one in self._plants if one.left and strikes(one)), None)
            if found:
                found.left -= found.left > 0
                found.struck += 1
        return found

    def clear(self, name: str | None = None) -> None:
        """Heal one fault, or all; what hangs is let go."""
        with self._lock:
            for one in [one for one in self._plants if name in (None, one.name)]:
                one.gone.set()
                self._plants.remove(one)

    def __getitem__(self, name: str) -> int:
        return sum(one.left for one in self._plants if one.name == name)

    def __setitem__(self, name: str, count: int) -> None:
        self.clear(name)
        self.plant(name, count)

    def __iter__(self) -> Iterator[Plant]:
        return iter(list(self._plants))


class Cut(ConnectionResetError):
    """The connection ends without an answer; the server says nothing more."""


def refusal(errcode: int, errmsg: str) -> Callable[[Call], Response]:
    """The open platform's no, with status 200 as it says it; nothing is processed."""

    def strike(call: Call) -> Response:
        words = errmsg.format(**{**CATALOGUE[call.plant.name].arguments, **call.plant.arguments})
        said = {"errcode": errcode, "errmsg": f"{words} rid: 65f1a2b3-5c6d7e8f-1a2b3c4d"}
        return Response(json.dumps(said), 200, content_type="application/json")

    return strike


def _refused(call: Call) -> Response:
    return refusal(int(call.argument("errcode")), str(call.argument("errmsg")))(call)


def _timeout_before(call: Call) -> None:
    call.wait()


def _timeout_after(call: Call) -> None:
    call.process()
    call.wait()


def _answer_lost(call: Call) -> None:
    call.process()


def _reset(_: Call) -> None:
    return None


def _server_error(call: Call) -> Response:
    return Response("<html>bad gateway</html>", int(call.argument("status")), content_type="text/html")


def _server_error_after(call: Call) -> Response:
    call.process()
    return _server_error(call)


def _trickle(call: Call) -> Response:
    answer = call.process()
    body, pause_s = answer.get_data(), float(call.argument("seconds"))

    def drops() -> Iterator[bytes]:
        for at in range(len(body)):
            call.plant.gone.wait(pause_s)
            yield body[at : at + 1]

    return Response(drops(), answer.status, answer.headers)


def _token_dies(call: Call) -> Response:
    call.world.tokens.clear()
    return call.process()


def _token_taken(call: Call) -> Response:
    world = call.world
    app = world.app_of(Request(call.environ).args.get("access_token", ""))
    for held in (world.stable, world.plain):
        if app in held:
            world.tokens.pop(held[app], None)
            held[app] = world.new_token(app)
    return call.process()


def _slow(call: Call) -> Response:
    answer = call.process()
    call.wait()
    return answer


def _truncated(call: Call) -> Response:
    answer = call.process()
    return Response(answer.get_data()[: len(answer.get_data()) // 2], answer.status, answer.headers)


_WIRE = (
    Fault("timeout_before", "no answer for `seconds`, and nothing was done", "*", _timeout_before, {"seconds": 60}),
    Fault("timeout_after", "it was done, and no answer for `seconds`", "*", _timeout_after, {"seconds": 60}),
    Fault("answer_lost", "it was done, and the connection ends without an answer", "*", _answer_lost),
    Fault("reset", "the connection is reset, nothing was done", "*", _reset),
    Fault("server_error", "a gateway's page with `status`, nothing was done", "*", _server_error, {"status": 502}),
    Fault("server_error_after", "a gateway's page, but it was done", "*", _server_error_after, {"status": 502}),
    Fault("trickle", "the answer comes one byte in `seconds`", "*", _trickle, {"seconds": 1}),
    Fault("slow", "the answer takes `seconds` longer", "*", _slow, {"seconds": 1}),
    Fault("truncated", "half of the answer", "*", _truncated),
)
_TOKENS = (
    Fault("token_refused", "40001: the token is not taken", WITH_TOKEN, refusal(40001, "invalid credential")),
    Fault("token_expired", "42001: the token has expired", WITH_TOKEN, refusal(42001, "access_token expired")),
    Fault("token_dies", "every token ends just before this request is looked at", WITH_TOKEN, _token_dies),
    Fault(
        "token_taken",
        "another party fetches a token, which kills ours, just before this request",
        WITH_TOKEN,
        _token_taken,
    ),
    Fault(
        "address_refused",
        "40164: the address we call from is not on the list",
        TOKEN,
        refusal(40164, "invalid ip {ip} ipv6 ::ffff:{ip}, not in whitelist"),
        {"ip": "203.0.113.9"},
    ),
    Fault("secret_refused", "40125: the app secret is wrong", TOKEN, refusal(40125, "invalid appsecret")),
    Fault("quota_day", "45009: the day's quota is used up", OPEN, refusal(45009, "reach max api daily quota limit")),
    Fault("quota_minute", "45011: too often in this minute", OPEN, refusal(45011, "api minute-quota reach limit")),
    Fault("busy", "-1: the platform is busy", OPEN, refusal(-1, "system error")),
)
_PLATFORM = (
    Fault("refused", "`errcode` with `errmsg`", OPEN, _refused, {"errcode": 48001, "errmsg": "api unauthorized"}),
)
_LOGIN = (
    Fault(
        "code_refused",
        "40029: the code is not taken",
        "/sns/jscode2session /wxa/business/getuserphonenumber",
        refusal(40029, "invalid code"),
    ),
    Fault("person_blocked", "40226: a person of high risk", "/sns/jscode2session", refusal(40226, "code blocked")),
    Fault("phone_abroad", "the next phone number is one of Hong Kong"),
)
MESSAGES = "/cgi-bin/message/*"
_MESSAGES = (
    Fault("message_unwanted", "43101: the person agreed to no message", MESSAGES, refusal(43101, "user refuse")),
    Fault("field_refused", "47003: a field does not suit the template", MESSAGES, refusal(47003, "argument invalid")),
    Fault("template_unknown", "40037: there is no such template", MESSAGES, refusal(40037, "invalid template_id")),
)
_NOTICES = (
    Fault("notice_lost", "the next notice is never sent"),
    Fault("notice_twice", "the next notice is sent twice"),
    Fault("notice_delayed", "the next notice comes an hour late"),
    Fault("notice_replayed", "the next notice that is taken comes again ten minutes later, byte for byte"),
    Fault("notice_reordered", "the next notice waits until another one was sent"),
    Fault("notice_forged", "the next delivery has a signature that is none"),
    Fault("notice_signtest", "the next delivery is WeChat's own probe: wrongly signed, WECHATPAY/SIGNTEST/"),
    Fault("notice_unknown_serial", "the next delivery names a serial that nobody knows"),
    Fault("notice_rotated", "the next delivery is signed with a new certificate"),
    Fault("notice_wrong_key", "the next delivery is sealed under another APIv3 key"),
    Fault("notice_wrong_amount", "the next delivery says a fen more"),
    Fault("notice_wrong_mchid", "the next delivery is of another merchant"),
    Fault("notice_wrong_appid", "the next delivery is of another app"),
    Fault("notice_truncated", "the end of the next delivery is missing"),
    Fault("notice_wrong_type", "the next delivery says that it is text/plain"),
    Fault("notice_lower_case", "the next delivery writes its headers small"),
)
_TALKS = (
    Fault("talk_closed", "45015: the person did not turn to us in time", CUSTOM, refusal(45015, "out of time limit")),
    Fault("talk_too_many", "45047: too many answers", CUSTOM, refusal(45047, "out of response count limit")),
    Fault("talk_no_right", "48001: the account has no such right", CUSTOM, refusal(48001, "api unauthorized")),
)
_PUSHES = (Fault("push_answer_lost", "our answer to the next push gets lost, so it is repeated"),)
_PAY = (
    Fault("pay_unavailable", "500 SYSTEM_ERROR, nothing was done"),
    Fault("refund_stays", "the next refund stays PROCESSING; after seven days WeChat gives it up: CLOSED"),
    Fault("refund_abnormal", "the next refund is ABNORMAL: the customer's account does not take it"),
    Fault("refund_closed", "the next refund is CLOSED at once"),
    Fault("refund_busy", "429 to the next refund, nothing was done"),
    Fault("not_enough", "the merchant's account has too little for the next refund"),
    Fault("certificates_down", "the platform's certificates are not to be had"),
    Fault("prepay_answer_lost", "the order was made, but 500 SYSTEM_ERROR is answered"),
    Fault("close_still_payable", "closing answers 204 and queries say CLOSED, and the open sheet can still be paid"),
    Fault("reverse_refused", "reversing a code payment answers USERPAYING, nothing was done"),
    Fault("pays_before_reverse", "the password is typed just before the reversal of a code payment"),
)
_BILLS = (
    Fault("bill_late", "the bill is not made yet"),
    Fault("bill_wrong_hash", "the bill's hash is not that of its file"),
    Fault("bill_missing_row", "the bill lacks a payment and its refunds"),
)

_PARTS = (_WIRE, _TOKENS, _PLATFORM, _LOGIN, _MESSAGES, _NOTICES, _TALKS, _PUSHES, _PAY, _BILLS)
CATALOGUE = {one.name: one for part in _PARTS for one in part}
