"""Shipping information (发货信息管理) and the order centre: without it WeChat keeps a mini-program payment's money.

Source: wechat.md 2.10.  `shipping_list` is always an array, however short: 47001 otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.clock import SHANGHAI
from config.wechat.client import Client
from config.wechat.given import WeChatFailed

PATH = "/wxa/sec/order"
PAGE = 100
NUMBER = "${商品订单号}"
"""What WeChat puts the merchant's order number in for; a path without it is refused."""

COMPLETE, CORRECTED, UNCHANGED, UNKNOWN = "10060002", "10060003", "10060023", "10060001"
"""It was told in full; the one correction is used; nothing in it is new; no such payment."""


@dataclass(frozen=True, slots=True)
class Known:
    """What WeChat knows of one payment: `state` 1 waits for the information, 5 was refunded, the rest has it."""

    transaction_id: str
    trade_no: str
    state: int
    shipping: dict[str, Any]

    @property
    def frozen(self) -> bool:
        """Its money is kept until WeChat is told."""
        return self.state == 1


class Shipping:
    """What the shop tells WeChat about goods that left.  Every failure is WeChatFailed."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def _ask(self, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._client.call("POST", f"{PATH}/{name}", data=json.dumps(body, ensure_ascii=False).encode())

    def upload(self, transaction_id: str, shipment: Mapping[str, Any], *, payer: str, at: datetime) -> None:
        """Tell WeChat how one payment's goods went; `at` must be later than at any telling before.

        :param shipment: `logistics_type`, `delivery_mode`, `shipping_list` and, of split parcels, `is_all_delivered`.
        :raises WeChatFailed: COMPLETE, CORRECTED and UNCHANGED may mean that an answer was lost: ask `known`.
        """
        key = {"order_number_type": 2, "transaction_id": transaction_id}
        stamp = at.astimezone(SHANGHAI).isoformat(timespec="milliseconds")
        self._ask(
            "upload_shipping_info", {"order_key": key, **shipment, "upload_time": stamp, "payer": {"openid": payer}}
        )

    def known(self, transaction_id: str) -> Known | None:
        """What WeChat knows of one payment; None when it is none of the mini-program's."""
        try:
            said = self._ask("get_order", {"transaction_id": transaction_id})
        except WeChatFailed as failed:
            if failed.code == UNKNOWN:
                return None
            raise
        return _known(said["order"])

    def listed(self, since: datetime, until: datetime) -> Iterator[Known]:
        """Every payment of a span, page by page."""
        span = {"begin_time": int(since.timestamp()), "end_time": int(until.timestamp())}
        asked: dict[str, Any] = {"pay_time_range": span, "page_size": PAGE}
        while True:
            said = self._ask("get_order_list", asked)
            yield from map(_known, said.get("order_list") or [])
            if not said.get("has_more") or not said.get("last_index"):
                return
            asked["last_index"] = said["last_index"]

    def managed(self) -> bool:
        """Whether this mini-program is under the duty at all."""
        return bool(self._ask("is_trade_managed", {"appid": self._client.appid}).get("is_trade_managed"))

    def remind_to_confirm(self, transaction_id: str, *, received_at: datetime) -> None:
        """Ask the customer to confirm what arrived by express, which frees the money sooner; once a payment."""
        said = {"transaction_id": transaction_id, "received_time": int(received_at.timestamp())}
        self._ask("notify_confirm_receive", said)

    def set_message_page(self, path: str) -> None:
        """Where WeChat's own shipping messages lead."""
        self._ask("set_msg_jump_path", {"path": path})

    def set_order_page(self, path: str) -> None:
        """Where an order in WeChat's order centre leads; `path` has NUMBER where our number goes."""
        assert NUMBER in path, path
        self._ask("update_order_detail_path", {"path": path})


def _known(said: Mapping[str, Any]) -> Known:
    return Known(
        str(said["transaction_id"]),
        str(said.get("merchant_trade_no", "")),
        int(said["order_state"]),
        dict(said.get("shipping") or {}),
    )
