"""What every figure of behaviour means, in one place (members-mall-orders.md 3.13)."""

from __future__ import annotations

from datetime import timedelta

CLIENT = (
    "app_show", "page_view", "page_leave", "product_impression", "product_view", "search", "cart_change",
    "checkout_step", "coupon_event", "share",
)  # fmt: skip
"""What a client may tell."""

SERVER = ("order_placed", "order_paid", "till_sale", "order_returned")
"""What only our own journal tells: no client is believed about money."""

ACTIONS = ("page_view", "product_view", "search", "cart_change", "checkout_step", "coupon_event", "share")
"""What a person does, as against what they are shown."""

VISIT_GAP = timedelta(minutes=30)
"""A visit ends when nothing was done for so long; the client then makes a new visit id.  It ends with the business day
as well, so that all of a visit lies in one day."""

CONVERTS_WITHIN = timedelta(hours=24)
"""A visit is converted when its member paid an order in the mall, and `in_store` when they bought at a till, between
its begin and so long after its end.  One order may convert two visits; no figure adds up its money."""

SUCCEEDS_WITHIN = 3
"""A keyword succeeded when one of the next so many actions of the visit is a product view."""

LATE = timedelta(hours=72)
"""Older events are not taken."""

CLOCK_OFF = timedelta(minutes=5)
"""A client's clock may differ by so much from ours; else it corrects itself before it is believed."""

LONGEST_LOOK = timedelta(minutes=30)
"""The foreground time of one page view counts up to here: a phone that lies on a table looks at nothing."""

BATCH = 50
"""Events in one request."""

RAW_KEPT = timedelta(days=180)
"""How long single events are kept; the counts stay."""

AHEAD = timedelta(days=7)
"""For so many days to come there is a partition already."""

PURPOSE = "personalisation"
"""The consent without which nothing is recorded."""
