"""What happens later: which fact of the journal leads to which job, on which queue."""

from __future__ import annotations

#           fact                 (queue, job)
ROUTES = {
    "order.sold": ("effects", "project_availability"),
    "order.placed": ("effects", "project_availability"),
    "order.expired": ("effects", "project_availability"),
    "order.cancelled": ("effects", "project_availability"),
    "order.refused": ("effects", "project_availability"),
    "order.collected": ("effects", "project_availability"),
    "stock.taken_in": ("effects", "project_availability"),
    "refund.requested": ("wechat", "send_refunds"),
}
