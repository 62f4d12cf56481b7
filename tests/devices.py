"""A till's browser without network: documents in a chain, written as `pos/web/till/offline` writes them."""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from typing import Any

from config.clock import epoch_ms
from tests import factories as make
from trade.orders.offline.document import NOTHING, digest


class Device:
    """One browser at a shop's till; `written` are the texts of its documents in their order."""

    def __init__(self, shop: make.Shop, *, staff_id: int | None = None) -> None:
        self.shop, self.staff_id = shop, staff_id or min(shop.people.values())
        self.id = str(uuid.uuid4())
        self.seq, self.prev = 0, NOTHING
        self.written: list[str] = []

    def sell(self, at: datetime, *, price_fen: int | None = None, off: Any = None, **more: Any) -> str:
        """Sell goods by name for the exact cash; returns the document's text.

        :param off: (promotion, version, fen) off the first line; `more` are goods by name, or fields of the document.
        """
        goods = {name: more.pop(name) for name in list(more) if name in make.GOODS}
        lines = [self._line(name, qty, price_fen) for name, qty in (goods or {"milk": 1}).items()]
        uses = []
        if off:
            promotion, version, fen = off
            lines[0]["shares"] = [
                {"source": "promotion", "source_id": promotion, "version": version, "amount_fen": fen}
            ]
            lines[0]["net_fen"] -= fen
            uses = [{"promotion_id": promotion, "version": version, "units": 1, "off_fen": fen}]
        payable = sum(line["net_fen"] for line in lines)
        if more.get("tender") == "static_qr":
            more = {"received_fen": 0} | more
        said = {
            "v": 1, "kind": "sale", "uuid": str(uuid.uuid4()), "no": f"X{self.id[:4].upper()}{self.seq + 1:06d}",
            "device": self.id, "seq": self.seq + 1, "prev": self.prev, "shift_id": self.shop.shift_id,
            "staff_id": self.staff_id, "at_ms": epoch_ms(at), "offset_ms": 0, "catalogue": 1, "rules": 0,
            "member_id": None, "tier": None, "approved_by": None, "lines": lines, "uses": uses,
            "payable_fen": payable, "rounding_fen": 0, "received_fen": payable, "change_fen": 0,
        } | more  # fmt: skip
        return self.write(said)

    def open(self, at: datetime, fen: int, **more: Any) -> str:
        """Open a shift with that float; its name is `shift_uuid`, and sales that name it are of it."""
        name = str(uuid.uuid4())
        return self.write(self._of_shift("open", at, shift_id=0, shift_uuid=name, pieces=make.pieces(fen), **more))

    def seal(self, at: datetime, fen: int, **more: Any) -> str:
        """Count the shift."""
        return self.write(self._of_shift("seal", at, pieces=make.pieces(fen), **more))

    def word(self, at: datetime, action: str, approver_id: int, *, minutes: int = 60, **more: Any) -> str:
        """A manager allows something by PIN, for so many minutes."""
        until_ms = epoch_ms(at) + minutes * 60_000
        given = {"action": action, "approver_id": approver_id, "reason": "断网", "until_ms": until_ms}
        return self.write(self._of_shift("word", at, **(given | more)))

    def void(self, at: datetime, **more: Any) -> str:
        """Throw a basket of two milk away after the subtotal; `more` is by whose word, or other fields."""
        lines = [{"name": "milk", "qty": 2, "list_fen": 1_980}]
        said = {"id": str(uuid.uuid4()), "reason": "left", "lines": lines, "told_fen": 1_980}
        return self.write(self._of_shift("void", at, **(said | {"after_subtotal": True} | more)))

    def hand_over(self, at: datetime, parcel: Any, proof: str, units: int, **more: Any) -> str:
        """Hand a parcel over by the proof of its code."""
        said = {"parcel_store_id": parcel.store_id, "parcel_id": parcel.id, "proof": proof, "units": units}
        return self.write(self._of_shift("hand_over", at, **(said | more)))

    def _of_shift(self, kind: str, at: datetime, **more: Any) -> dict[str, Any]:
        return {
            "v": 1, "kind": kind, "uuid": str(uuid.uuid4()), "no": f"X{self.id[:4].upper()}{self.seq + 1:06d}",
            "device": self.id, "seq": self.seq + 1, "prev": self.prev, "shift_id": self.shop.shift_id,
            "staff_id": self.staff_id, "at_ms": epoch_ms(at), "offset_ms": 0,
        } | more  # fmt: skip

    def write(self, said: dict[str, Any]) -> str:
        """Put a document at the end of the chain."""
        body = json.dumps(said, ensure_ascii=False)
        self.seq, self.prev = said["seq"], digest(body).hex()
        self.written.append(body)
        return body

    def _line(self, name: str, qty: int, price_fen: int | None) -> dict[str, Any]:
        unit_fen, weighed = make.GOODS[name]
        unit_fen = price_fen or unit_fen
        fen = (unit_fen * qty + 500) // 1000 if weighed else unit_fen * qty
        return {
            "sku_id": self.shop.skus[name], "name": name, "spec": "", "unit": "盒", "weighed": weighed, "qty": qty,
            "unit_price_fen": unit_fen, "list_fen": fen, "net_fen": fen, "gift": False, "shares": [],
        }  # fmt: skip
