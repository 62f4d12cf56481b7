"""The service that makes electronic invoices: signed JSON, as to a sales channel (docs/channels.md has the signature).

`POST {INVOICE_URL}/invoices` with an Idempotency-Key: {no, kind: blue | red, order_no, amount_fen, title, tax_no,
email, number, lines: [{name, spec, qty, weighed, net_fen}], callback}.  It answers {"accepted": true}, or false with a
`reason`; what became of it it tells later, signed with the same secret: `POST {callback}` {request_id, event: issue |
refuse | reverse | keep, number, url, reason}.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from config.settings import settings
from workers.adapters.shape import PartnerAway
from workers.adapters.webhook import call

CODE = "invoices"


def tell(document: dict[str, Any], now: datetime) -> str | None:
    """Hand one document over: None when it was taken, else why the service refuses it.

    :raises PartnerAway: no answer, or none that says either.
    """
    known = settings()
    url, key = f"{known.invoice_url.rstrip('/')}/invoices", f"{document['no']}-{document['kind']}"
    answer = call(CODE, known.invoice_secret, "POST", url, now, body=document, key=key)
    accepted = answer.get("accepted") if isinstance(answer, dict) else None
    if not isinstance(accepted, bool):
        raise PartnerAway("answer without accepted")
    return None if accepted else str(answer.get("reason", ""))[:200] or "refused"
