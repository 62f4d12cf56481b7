"""Where a document of goods may stand, and every step between: the table is the whole truth."""

from __future__ import annotations

from enum import StrEnum


class Transfer(StrEnum):
    """Goods from one of our stores to another."""

    REQUESTED = "requested"
    SHIPPED = "shipped"
    RECEIVED = "received"
    CANCELLED = "cancelled"


class Delivery(StrEnum):
    """Goods from a supplier or a distribution centre."""

    EXPECTED = "expected"
    RECEIVED = "received"
    CANCELLED = "cancelled"


class Count(StrEnum):
    """A count of some skus while the shop sells."""

    OPEN = "open"
    POSTED = "posted"
    ABANDONED = "abandoned"


T, D, C = Transfer, Delivery, Count

#   table              event      from            to           past tense, for the journal
MOVES: dict[str, dict[str, tuple[set[str], str, str]]] = {
    "stock_transfer": {
        "ship": ({T.REQUESTED}, T.SHIPPED, "transfer.shipped"),
        "receive": ({T.SHIPPED}, T.RECEIVED, "transfer.received"),
        "cancel": ({T.REQUESTED}, T.CANCELLED, "transfer.cancelled"),
    },
    "stock_delivery": {
        "receive": ({D.EXPECTED}, D.RECEIVED, "delivery.received"),
        "cancel": ({D.EXPECTED}, D.CANCELLED, "delivery.cancelled"),
    },
    "stock_count": {
        "post": ({C.OPEN}, C.POSTED, "count.posted"),
        "abandon": ({C.OPEN}, C.ABANDONED, "count.abandoned"),
    },
}
