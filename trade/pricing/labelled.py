"""What goods cost that bear a label with a price: the label's fen, read again here from what the till scanned.

The till sends the label itself and never its price, so nobody can sell for a price that no label says; the label must
be of those goods, and of that weight.  It is a discount by hand of the reason `label`: a promotion may make the line
cheaper than the label, and a label that is cheaper than the goods by more than the price of a gram counts against the
cashier's limit, because anybody can print one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.clock import business_day
from config.db import fetch
from config.errors import Refused
from trade.catalogue import labels, layouts
from trade.pricing import prices
from trade.pricing.by_hand import LABEL
from trade.pricing.quoted import ByHand, Item


class LabelMismatch(Refused):
    """A label is not of these goods, or not of so much (`sku_id`, `label`): take the line off and scan it again."""

    code = "label_mismatch"


_SKUS = text("SELECT code, sku_id FROM barcode WHERE code = ANY(:codes)")


def by_label(
    session: Session, store_id: int, lines: Sequence[tuple[int, int, str]], *, now: datetime
) -> dict[str, ByHand | None]:
    """The price by hand of each label, None where it says only a weight; `lines` are sku, units and label.

    :raises LabelMismatch, BadCheckDigit, LabelEmpty, BadGS1: nothing is priced by it.
    """
    known, today = layouts.of_store(session, store_id), business_day(now, cutover_h=0)
    found = {label: labels.read(label, known, today=today) for _, _, label in lines}
    rows = fetch(session, _SKUS, {"codes": [one.key for one in found.values()]})
    sku_of = {row.code: row.sku_id for row in rows}
    items = prices.items(session, store_id, {sku_id for sku_id, _, _ in lines}, channel="till", now=now)
    for sku_id, qty, label in lines:
        if sku_of.get(found[label].key) != sku_id or not _is_of(found[label], qty, items, sku_id):
            raise LabelMismatch(sku_id=sku_id, label=label)
    return {label: ByHand(LABEL, line_fen=said.fen) if said.fen else None for label, said in found.items()}


def _is_of(said: labels.Read, qty: int, items: Mapping[int, Item], sku_id: int) -> bool:
    item = items.get(sku_id)
    if item is None or not said.label:
        return False
    return qty == units(said, weighed=item.weighed, unit_price_fen=item.unit_price_fen)


def units(said: labels.Read, *, weighed: bool, unit_price_fen: int) -> int:
    """How much is in what bears the label: pieces, or its grams, or the grams that its price stands for."""
    if not weighed:
        return said.pieces or 1
    return said.grams or (labels.grams_for(said.fen, unit_price_fen) if said.fen else 1000)
