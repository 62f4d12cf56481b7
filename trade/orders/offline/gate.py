"""Whether the store let its till sell so without network: what nobody allowed is a difference, and a sale all the same.

what was sold                                              difference
by a manager's word, or where none is wanted               -
where one is wanted, and none was good                     `alone_without_word`
the printed code paid where the store has none             `qr_not_allowed`
the same without a manager's word                          `qr_without_word`
more than one sale may be                                  `qr_above_sale_cap`
more than all together may be since that word              `qr_above_outage_cap`
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from trade.orders.offline.sale_said import SaleSaid
from trade.payments.static_qr import moves as static_qr
from trade.stores import alone
from trade.stores.approvals import read as approvals
from trade.stores.approvals.states import Action


def differences(
    session: Session, store_id: int, till_id: int, said: SaleSaid, sold_at: datetime
) -> list[dict[str, Any]]:
    """What nobody had allowed at that moment, of a sale that was just taken."""
    rule, found = alone.of(session, store_id, at=sold_at), []
    if rule.by_manager and approvals.good_since(session, store_id, till_id, Action.OFFLINE_MODE, sold_at) is None:
        found.append({"code": "alone_without_word"})
    if said.tender == "static_qr":
        found += _of_code(session, store_id, till_id, rule, said.payable_fen, sold_at)
    return found


def _of_code(
    session: Session, store_id: int, till_id: int, rule: alone.Rule, fen: int, sold_at: datetime
) -> list[dict[str, Any]]:
    if not rule.qr:
        return [{"code": "qr_not_allowed", "fen": fen}]
    found: list[dict[str, Any]] = []
    if fen > rule.qr_sale_fen:
        found.append({"code": "qr_above_sale_cap", "fen": fen, "cap_fen": rule.qr_sale_fen})
    since = approvals.good_since(session, store_id, till_id, Action.TENDER_UNKNOWN, sold_at)
    if since is None:
        return [*found, {"code": "qr_without_word", "fen": fen}]
    total_fen = static_qr.so_far_fen(session, store_id, till_id, since, sold_at)
    if total_fen > rule.qr_outage_fen:
        found.append({"code": "qr_above_outage_cap", "fen": total_fen, "cap_fen": rule.qr_outage_fen})
    return found
