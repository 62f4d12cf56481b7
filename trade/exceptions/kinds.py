"""Which exceptions there are, who answers for each, how soon, and what may be done: the table is the whole truth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

STORE, OFFICE, FINANCE = "store_manager", "head_office", "finance"
"""Who answers for a case until a person takes it."""

INTAKE = ("take_in_again", "reject_intake")
"""What helps an order of another channel that is not ours yet."""

ROUTE = ("route_again", "choose_store", "withdraw", "refund_parcel", "refund_order")
"""What helps a parcel, or an order, that no store does."""

TELL = ("send_again", "correct_shipping", "told_otherwise")
"""What helps when WeChat does not take what it must be told of goods that left."""

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Kind:
    """`unit` is what is at stake, `due` how soon somebody should have dealt with it.

    `again` is after how long the machine tries by itself once more; None when only a person goes on.  `remedies` are
    the names of what a person may do at one click, the first the usual one (`trade/orders/remedies.py`).
    """

    unit: str
    due: timedelta
    owner: str
    again: timedelta | None
    remedies: tuple[str, ...]


#   kind                        unit      due          owner    next try      remedies
KINDS: dict[str, Kind] = {
    "unroutable": Kind("fen", 30 * MINUTE, OFFICE, None, ROUTE),
    "short_pick": Kind("fen", 30 * MINUTE, STORE, None, ROUTE),
    "paid_late": Kind("fen", 10 * MINUTE, OFFICE, MINUTE, ("send_again",)),
    "amount_mismatch": Kind("fen", 4 * HOUR, FINANCE, None, INTAKE),
    "address_undeliverable": Kind("fen", 4 * HOUR, STORE, None, (*INTAKE, *ROUTE)),
    "duplicate": Kind("fen", 2 * HOUR, OFFICE, None, ("refund_order",)),
    "store_time_out": Kind("fen", 15 * MINUTE, STORE, None, ROUTE),
    "refund_failed": Kind("fen", 4 * HOUR, FINANCE, 10 * MINUTE, ("send_again", "paid_otherwise")),
    "shipping_info_failed": Kind("fen", 24 * HOUR, OFFICE, 10 * MINUTE, TELL),
    "adapter_rejected": Kind("fen", 4 * HOUR, OFFICE, None, ("send_again", *INTAKE)),
    "invoice_failed": Kind("fen", 24 * HOUR, FINANCE, HOUR, ("send_again",)),
    "points_deficit": Kind("points", 24 * HOUR, OFFICE, None, ("forgive_points",)),
    "stock_broken": Kind("units", 2 * HOUR, STORE, None, ROUTE),
    "job_failed": Kind("rows", HOUR, OFFICE, timedelta(seconds=12), ("run_again",)),
    "book_differs": Kind("value", 24 * HOUR, FINANCE, None, ("prove_again",)),
    "stock_differs": Kind("units", 24 * HOUR, STORE, None, ()),
    "message_refused": Kind("rows", 4 * HOUR, OFFICE, None, ()),
    "document_excepted": Kind("fen", 4 * HOUR, STORE, None, ("take_document", "settle_document")),
    "document_altered": Kind("fen", 4 * HOUR, OFFICE, None, ()),
    "document_gap": Kind("rows", HOUR, STORE, None, ()),
    "qr_unmatched": Kind("fen", 24 * HOUR, FINANCE, None, ("money_seen",)),
    "hand_over_disputed": Kind("fen", HOUR, STORE, None, ()),
    "ticket_overdue": Kind("rows", HOUR, OFFICE, None, ()),
    "wechat_refuses": Kind("rows", 30 * MINUTE, OFFICE, None, ()),
    "channel_drift": Kind("units", 24 * HOUR, OFFICE, None, ("send_again",)),
}

ENDED_WITH_ORDER = (
    "unroutable", "short_pick", "address_undeliverable", "duplicate", "store_time_out", "stock_broken",
)  # fmt: skip
"""What nobody need see to any more once its order has ended."""
