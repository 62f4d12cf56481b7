"""Payment codes without HTTP, beside `in_process.py`: the rules of `pay/codepay.py` for many thousand schedules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from config.wechat.given import WeChatFailed
from config.wechat.pay import Found
from tests.wechat_stand_in.in_process import InProcess

MAY_REVERSE = timedelta(seconds=15)


class CodesInProcess(InProcess):
    """One merchant's payments, at tills too.

    Faults besides: `revokes` (WeChat itself, at its time), `reverse_refused`, `stalls` (the charge arrives much later).
    `told(what, number)` hears of every charge, success, question and reversal in the moment that it happens.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        strikes: Callable[[str], bool],
        meanwhile: Callable[[], None],
        *,
        lives_s: int,
        told: Callable[[str, str], None],
        stall: Callable[[], None],
    ) -> None:
        super().__init__(now, strikes, meanwhile)
        self.lives, self.told, self.stall = timedelta(seconds=lives_s), told, stall
        self.shown: dict[str, str] = {}
        self.violations: list[str] = []
        self.reversing = 0

    def show(self, auth_code: str, habit: str) -> None:
        """Somebody shows a code and pays so: `free`, `asked` for the password, or `refused` by WeChat."""
        self.shown[auth_code] = habit

    def charge_code(
        self, *, trade_no: str, description: str, amount_fen: int, auth_code: str, store_no: str, device: str
    ) -> Found:
        """As `Pay.charge_code`."""
        assert description and store_no and device
        sent = self.now()
        if self.strikes("stalls"):
            self.stall()
        self._call()
        habit = self.shown.pop(auth_code, "refused")
        if trade_no in self.orders:
            raise WeChatFailed("OUT_TRADE_NO_USED")
        if habit == "refused":
            raise WeChatFailed("AUTH_CODE_INVALID")
        one = self.orders[trade_no] = {
            "way": "code", "state": "USERPAYING", "total": amount_fen, "openid": "o1", "tx": "", "made": self.now(),
            "sent": sent, "until": self.now() + self.lives, "expires": self.now(),
        }  # fmt: skip
        self.told("charged", trade_no)
        if habit == "free":
            self._typed(trade_no)
        self._answer()
        return self._found(trade_no, one)

    def _typed(self, trade_no: str) -> bool:
        one = self.orders[trade_no]
        one |= {"state": "SUCCESS", "tx": f"42{trade_no}"}
        self.told("success", trade_no)
        return True

    def types(self, trade_no: str, *, cancels: bool = False) -> bool:
        """The customer answers the password box; False when there is none."""
        one = self.orders.get(trade_no)
        if one is None or one["state"] != "USERPAYING" or self._over(one):
            return False
        if cancels:
            one["state"] = "PAYERROR"
            return True
        return self._typed(trade_no)

    def _over(self, one: dict[str, Any]) -> bool:
        if one["state"] == "USERPAYING" and self.now() >= one["until"]:
            if self.strikes("revokes"):
                one["state"] = "REVOKED"
            one["until"] = self.now() + timedelta(seconds=30)
        return bool(one["state"] == "REVOKED")

    def _found(self, trade_no: str, one: dict[str, Any]) -> Found:
        if one["state"] == "USERPAYING":
            return Found(trade_no, "USERPAYING", "", 0, "")
        return Found(trade_no, one["state"], one["tx"], one["total"], one["openid"])

    def query(self, trade_no: str) -> Found | None:
        """As `Pay.query`."""
        self._call()
        one = self.orders.get(trade_no)
        if one is not None:
            self._over(one)
        found = self._found(trade_no, one) if one else None
        self.told("asked", trade_no)
        self._answer()
        return found

    def reverse(self, trade_no: str) -> None:
        """As `Pay.reverse`; what was paid goes back.  While it is on its way it counts in `reversing`."""
        self.reversing += 1
        try:
            self._call()
        finally:
            self.reversing -= 1
        one = self.orders.get(trade_no)
        if one is None:
            raise WeChatFailed("ORDER_NOT_EXIST")
        self._over(one)
        if self.strikes("reverse_refused"):
            raise WeChatFailed("USERPAYING")
        if self.now() < one["made"] + MAY_REVERSE and one["state"] != "REVOKED":
            if self.now() < one["sent"] + MAY_REVERSE:
                self.violations.append(f"{trade_no}: reversed before 15 s")
            raise WeChatFailed("INVALID_REQUEST")
        self.told("reversed", trade_no)
        one["state"] = "REVOKED"
        self._answer()
