"""WeChat Pay without HTTP: the same rules over the same world, for runs of many thousand schedules.

It answers what `config.wechat.pay.Pay` answers.  Every call may fail as a fault says: before it had its effect
(`lost`), or after it (`unheard`).  Notices wait in `notices` until the test delivers them, in any order, any often.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

from config.wechat.given import WeChatFailed
from config.wechat.pay import Found
from tests.wechat_stand_in.pay.orders import EARLY_S
from tests.wechat_stand_in.reading import of_the_run
from trade.payments.moves import Paid


class InProcess:
    """One merchant's payments at WeChat; `now` is its clock, `strikes(fault)` whether a fault strikes this call, and
    `meanwhile` is what others do before and after the call has its effect.

    Faults: `lost`, `unheard`, `close_still_payable`, `not_enough`, `refund_stays`, `refund_abnormal`, `refund_closed`.
    """

    appid, mchid = "wx", "1"

    def __init__(
        self, now: Callable[[], datetime], strikes: Callable[[str], bool], meanwhile: Callable[[], None] = lambda: None
    ) -> None:
        self.now, self.strikes, self.meanwhile, self.reading = now, strikes, meanwhile, of_the_run()
        self.orders: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        self.notices: list[Paid] = []

    def _call(self) -> None:
        self.meanwhile()
        if self.strikes("lost"):
            raise WeChatFailed("ConnectTimeout", retryable=True)

    def _answer(self) -> None:
        self.meanwhile()
        if self.strikes("unheard"):
            raise WeChatFailed("ReadTimeout", retryable=True)

    def prepay(self, *, trade_no: str, description: str, amount_fen: int, openid: str, expires_at: datetime) -> str:
        """As `Pay.prepay`."""
        assert 0 < len(description) <= 127
        self._call()
        one = self.orders.setdefault(
            trade_no,
            {"state": "NOTPAY", "total": amount_fen, "openid": openid, "expires": expires_at, "tx": "",
             "made": self.now()},
        )  # fmt: skip
        assert (one["total"], one["openid"]) == (amount_fen, openid), trade_no
        if expires_at != one["expires"] and not self.reading.expiry_moves:
            raise WeChatFailed("INVALID_REQUEST")
        if one["state"] != "NOTPAY":
            raise WeChatFailed("ORDER_CLOSED" if one["state"] == "CLOSED" else "ORDERPAID")
        self._answer()
        return f"wx{trade_no}"

    def customer_pays(self, trade_no: str) -> bool:
        """The customer types the password; False when WeChat does not let them pay any more."""
        one = self.orders.get(trade_no)
        if one is None or one["state"] != "NOTPAY" or one["expires"] <= self.now():
            return False
        return self._success(trade_no)

    def _success(self, trade_no: str) -> bool:
        one = self.orders[trade_no]
        one |= {"state": "SUCCESS", "tx": f"42{trade_no}"}
        self.notices.append(Paid(trade_no, one["tx"], one["total"], one["openid"]))
        return True

    def query(self, trade_no: str) -> Found | None:
        """As `Pay.query`."""
        self._call()
        one = self.orders.get(trade_no)
        self._answer()
        return Found(trade_no, one["state"], one["tx"], one["total"], one["openid"]) if one else None

    def close(self, trade_no: str) -> None:
        """As `Pay.close`; ORDERPAID is no failure."""
        self._call()
        one = self.orders.get(trade_no)
        if one is None:
            raise WeChatFailed("ORDER_NOT_EXIST")
        if one["state"] == "NOTPAY":
            if not self.reading.close_early and self.now() < one["made"] + timedelta(seconds=EARLY_S):
                raise WeChatFailed("INVALID_REQUEST")
            if self.strikes("close_still_payable"):  # says closed, to the next query too, and is not
                one["state"], one["ghost"] = "CLOSED", True
            else:
                one["state"] = "CLOSED"
        self._answer()

    def ghost_pays(self, trade_no: str) -> bool:
        """The customer pays what WeChat said it had closed, however late; False when it had."""
        one = self.orders.get(trade_no)
        return one is not None and bool(one.pop("ghost", False)) and self._success(trade_no)

    def refund(self, *, trade_no: str, refund_no: str, refund_fen: int, total_fen: int, reason: str) -> str:
        """As `Pay.refund`: PROCESSING, and SUCCESS to the next question unless a fault says otherwise."""
        assert reason
        self._call()
        closed = self.refunds.get(refund_no, {}).get("state") == "CLOSED"
        if closed and not self.reading.closed_refund_keeps_no:
            raise WeChatFailed("INVALID_REQUEST")
        if closed or refund_no not in self.refunds:
            one = self.orders.get(trade_no)
            if one is None or one["state"] not in ("SUCCESS", "REFUND"):
                raise WeChatFailed("RESOURCE_NOT_EXISTS")
            if self.strikes("not_enough"):
                raise WeChatFailed("NOT_ENOUGH")
            before = sum(r["fen"] for r in self.refunds.values() if r["of"] == trade_no and r["state"] != "CLOSED")
            assert total_fen == one["total"] and before + refund_fen <= total_fen, f"{refund_no}: more than was paid"
            one["state"] = "REFUND"
            self.refunds[refund_no] = {"of": trade_no, "fen": refund_fen, "state": "PROCESSING"}
        self._answer()
        return str(self.refunds[refund_no]["state"])

    def query_refund(self, refund_no: str) -> str:
        """As `Pay.query_refund`; the refund goes on by itself."""
        self._call()
        if refund_no not in self.refunds:
            raise WeChatFailed("RESOURCE_NOT_EXISTS")
        one = self.refunds[refund_no]
        if one["state"] in ("PROCESSING", "ABNORMAL") and not self.strikes("refund_stays"):
            fault = next((f for f in ("refund_abnormal", "refund_closed") if self.strikes(f)), "refund_success")
            one["state"] = fault.removeprefix("refund_").upper()
        self._answer()
        return str(one["state"])

    def kept_fen(self, trade_nos: Collection[str] | None = None) -> int:
        """What customers paid and did not get back, in all or by some numbers."""
        mine = self.orders.keys() if trade_nos is None else set(trade_nos)
        paid = sum(self.orders[no]["total"] for no in mine if self.orders[no]["state"] in ("SUCCESS", "REFUND"))
        return paid - sum(r["fen"] for r in self.refunds.values() if r["of"] in mine and r["state"] == "SUCCESS")
