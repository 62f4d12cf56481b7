"""WeChat Pay v3 through wechatpayv3 on our core (protocol: API v3, JSAPI orders, refunds, notices, bills)."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import secrets
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.type import RequestType

from config.clock import SHANGHAI, now
from config.wechat import health
from config.wechat.core import SafeCore, fresh, stamp_of
from config.wechat.given import WeChatFailed, WeChatSettings
from config.wechat.verdict import Forged, Genuine, Stale, Verdict, WrongKey

AT_TILL_S = (3, 5)
"""As `TIMEOUT_S`, where a customer waits at the till."""


@dataclass(frozen=True, slots=True)
class Found:
    """What WeChat knows of one of our order numbers."""

    trade_no: str
    state: str
    transaction_id: str
    amount_fen: int
    payer: str

    @property
    def paid(self) -> bool:
        """The customer has paid (refunded later or not)."""
        return self.state in ("SUCCESS", "REFUND")

    @property
    def closed(self) -> bool:
        """Nobody can pay it any more."""
        return self.state == "CLOSED"

    @property
    def undone(self) -> bool:
        """A code payment that nobody can pay any more, whose money, if there was any, is back with the customer."""
        return self.state in ("REVOKED", "CLOSED", "REFUND")


def _found(trade_no: str, said: Mapping[str, Any]) -> Found:
    """An order as WeChat tells it; while the customer types the password it may tell nothing but that."""
    return Found(
        trade_no,
        str(said.get("trade_state", "")),
        str(said.get("transaction_id", "")),
        int(said.get("amount", {}).get("total", 0)),
        str(said.get("payer", {}).get("openid", "")),
    )


class Library(WeChatPay):  # type: ignore[misc]
    """wechatpayv3's calls on our core; its own constructor may ask for certificates, and fails while WeChat is away."""

    def __init__(self, given: WeChatSettings, core: SafeCore) -> None:
        self._type, self._mchid, self._appid = WeChatPayType.JSAPI, given.mchid, given.appid
        self._notify_url = f"{given.notify_base}/api/mall/wechat/pay-notice"
        self._core, self._partner_mode = core, False


class Pay:
    """What the shop asks of WeChat Pay.  Amounts in fen; every failure is WeChatFailed."""

    def __init__(self, settings: WeChatSettings) -> None:
        self.appid, self.mchid = settings.appid, settings.mchid
        self._settings = settings
        self._core = SafeCore(settings)
        self._api = Library(settings, self._core)
        self._at_till = copy(self._api)  # somebody stands there: the same, with less patience
        self._at_till._core = copy(self._core)
        self._at_till._core._timeout = AT_TILL_S

    def prepay(self, *, trade_no: str, description: str, amount_fen: int, openid: str, expires_at: datetime) -> str:
        """Tell WeChat of an order; its prepay id.  The same number with the same facts may be sent again."""
        said = self._said(
            lambda: self._api.pay(
                description=description,
                out_trade_no=trade_no,
                amount={"total": amount_fen, "currency": "CNY"},
                payer={"openid": openid},
                time_expire=expires_at.astimezone(SHANGHAI).isoformat(timespec="seconds"),
            )
        )
        return str(said["prepay_id"])

    def query(self, trade_no: str) -> Found | None:
        """What WeChat knows of an order number; None when it knows nothing."""
        try:
            said = self._said(lambda: self._api.query(out_trade_no=trade_no))
        except WeChatFailed as failed:
            if failed.code == "ORDER_NOT_EXIST":
                return None
            raise
        return _found(trade_no, said)

    def charge_code(
        self, *, trade_no: str, description: str, amount_fen: int, auth_code: str, store_no: str, device: str
    ) -> Found:
        """Charge a payment code that the customer shows; what WeChat makes of it, `USERPAYING` in either of its shapes.

        :raises WeChatFailed: `retryable`, or not signed: nobody knows what became of it.  Else it is refused.
        """
        scene = {"device_id": device, "store_info": {"out_id": store_no}}
        try:
            said = self._said(
                lambda: self._at_till.pay(
                    description=description,
                    out_trade_no=trade_no,
                    amount={"total": amount_fen, "currency": "CNY"},
                    payer={"auth_code": auth_code},
                    scene_info=scene,
                    pay_type=WeChatPayType.CODEPAY,
                )
            )
        except WeChatFailed as failed:
            if failed.code != "USERPAYING":
                raise
            said = {"trade_state": "USERPAYING"}
        return _found(trade_no, said)

    def reverse(self, trade_no: str) -> None:
        """Have a code payment undone: nobody can pay it any more, what was paid goes back.  The next query tells."""
        self._said(lambda: self._api.codepay_reverse(out_trade_no=trade_no))

    def close(self, trade_no: str) -> None:
        """Ask that nobody can pay an order any more.  ORDERPAID is no failure: the next query tells."""
        try:
            self._said(lambda: self._api.close(out_trade_no=trade_no))
        except WeChatFailed as failed:
            if failed.code not in ("ORDERPAID", "ORDER_PAID"):
                raise

    def refund(self, *, trade_no: str, refund_no: str, refund_fen: int, total_fen: int, reason: str) -> str:
        """Ask for money back; the state WeChat answers (PROCESSING, SUCCESS ...).  Safe to repeat."""
        said = self._said(
            lambda: self._api.refund(
                out_trade_no=trade_no,
                out_refund_no=refund_no,
                reason=reason,
                amount={"refund": refund_fen, "total": total_fen, "currency": "CNY"},
                notify_url=f"{self._settings.notify_base}/api/mall/wechat/refund-notice",
            )
        )
        return str(said["status"])

    def query_refund(self, refund_no: str) -> str:
        """The state of a refund."""
        return str(self._said(lambda: self._api.query_refund(out_refund_no=refund_no))["status"])

    def take_abnormal_back(self, *, refund_no: str) -> str:
        """Have a refund that the customer's account does not take paid to our own account; its state.

        The customer is paid back by other means.  WeChat's own number of the refund is asked for first.
        """
        refund_id = str(self._said(lambda: self._api.query_refund(out_refund_no=refund_no))["refund_id"])
        said = self._said(
            lambda: self._api.abnormal_refund(refund_id=refund_id, out_refund_no=refund_no, type="MERCHANT_BANK_CARD")
        )
        return str(said["status"])

    def echo(self, words: str, *, notify: bool = False) -> str:
        """WeChat's own test of signatures and encryption, both ways; what it heard.  `notify`: by a notice, too."""
        asked = {"echo_message": words, "encrypted_echo_message": self._core.encrypt(words)}
        if notify:
            asked["notify_url"] = self._api._notify_url
        said = self._said(
            lambda: self._core.request("/v3/security/echo", method=RequestType.POST, data=asked, cipher_data=True)
        )
        return str(said["echo_message"])

    def trade_bill(self, day: date) -> str:
        """All payments and refunds of one day (Beijing time) as WeChat writes them, from 10:00 of the next.

        :raises WeChatFailed: `NO_STATEMENT_EXIST`, `STATEMENT_CREATING`: not yet; `BILL_HASH`: not what WeChat meant.
        """
        return self._bill(lambda: self._api.trade_bill(bill_date=day.isoformat()))

    def fund_flow_bill(self, day: date) -> str:
        """All movements of the merchant's account of one day; fails as `trade_bill`."""
        return self._bill(lambda: self._api.fundflow_bill(bill_date=day.isoformat()))

    def _bill(self, call: Any) -> str:
        """The download carries no signature: the hash of the unpacked file, which is signed, is its only proof."""
        said = self._said(call)
        where = urlsplit(str(said["download_url"]))
        try:
            status, packed = self._core.request(f"{where.path}?{where.query}", skip_verify=True)
            packed = packed.encode() if isinstance(packed, str) else packed
            raw = gzip.decompress(packed) if packed[:2] == b"\x1f\x8b" else packed
        except (requests.RequestException, OSError, EOFError, TypeError) as error:
            raise WeChatFailed(type(error).__name__, retryable=True) from None
        if (
            status != 200
            or said.get("hash_type") != "SHA1"
            or hashlib.sha1(raw, usedforsecurity=False).hexdigest() != said["hash_value"]
        ):
            raise WeChatFailed("BILL_HASH", retryable=True)
        return raw.decode("utf-8-sig")

    def sign_for_client(self, prepay_id: str) -> dict[str, str]:
        """What `wx.requestPayment` wants, signed."""
        stamp, nonce = str(int(now().timestamp())), secrets.token_hex(16)
        package = f"prepay_id={prepay_id}"
        signature = self._core.sign([self.appid, stamp, nonce, package])
        return {
            "appId": self.appid,
            "timeStamp": stamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": signature,
        }

    def verify_notification(self, headers: Mapping[str, str], raw: bytes) -> Verdict:
        """Judge a notice on its raw bytes.  Never raises."""
        verdict = self._judge(headers, raw)
        health.judged(type(verdict).__name__)
        return verdict

    def _judge(self, headers: Mapping[str, str], raw: bytes) -> Verdict:
        try:
            body = raw.decode("utf-8")
            if not self._core.signed(headers, body):
                return Forged()
            if not fresh(stamp_of(headers), self._settings.notice_age_s):
                return Stale()
            said = json.loads(body)
            sealed = said["resource"]
            if sealed["algorithm"] != "AEAD_AES_256_GCM":
                return Forged()
            plain = AESGCM(self._settings.apiv3_key.encode()).decrypt(
                sealed["nonce"].encode(),
                base64.b64decode(sealed["ciphertext"]),
                (sealed.get("associated_data") or "").encode(),
            )
            return Genuine(str(said["id"]), str(said["event_type"]), json.loads(plain))
        except InvalidTag:
            return WrongKey()
        except (ValueError, KeyError, TypeError, AttributeError):
            return Forged()

    def _said(self, call: Any) -> dict[str, Any]:
        try:
            status, text = call()
        except requests.RequestException as error:
            raise WeChatFailed(type(error).__name__, retryable=True) from None
        except Exception:
            raise WeChatFailed("ANSWER_NOT_SIGNED") from None
        try:
            said = json.loads(text) if text else {}
        except ValueError:  # a gateway's own page
            said = None
        if not 200 <= status < 300:
            code = str(said.get("code", status)) if isinstance(said, dict) else str(status)
            raise WeChatFailed(code, retryable=status >= 500 or status == 429)
        return said if isinstance(said, dict) else {}
