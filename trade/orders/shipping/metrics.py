"""What `/metrics` says of money that WeChat keeps (冻结资金)."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.orm import Session

from config import clock
from config.figures import Figures, Sample
from trade.orders.shipping import read

_FAMILIES = {
    "money_fen": ("tongdian_frozen_fen", "Money WeChat keeps until it is told of the goods, in fen"),
    "old_money_fen": ("tongdian_frozen_over_24h_fen", "The part of it that was paid more than 24 hours ago, in fen"),
    "old_payments": ("tongdian_frozen_over_24h", "Payments of that part"),
    "late": ("tongdian_shipping_late", "Payments whose goods left 5 minutes ago and WeChat does not know"),
}


def _read(session: Session) -> Iterator[Sample]:
    found = read.frozen(session, store_id=None, now=clock.now())
    for name, (family, _) in _FAMILIES.items():
        yield family, [], found[name]


FIGURES = Figures([(family, words, []) for family, words in _FAMILIES.values()], _read)
