"""What a scanned code stands for in a store (till-and-store-desk.md 3.2, the part for goods)."""

from __future__ import annotations

from datetime import datetime

from config.clock import business_day
from trade.catalogue import labels, layouts


def read_code(code: str, store_id: int, *, now: datetime) -> labels.Read:
    """The barcode to look for, and what else stands on the label.

    :raises BadCheckDigit, LabelEmpty, BadGS1: it was misread, and would sell the wrong weight.
    """
    known = layouts.of_store(None, store_id) if labels.may_be_label(code) else labels.DEFAULT
    return labels.read(code, known, today=business_day(now, cutover_h=0))
