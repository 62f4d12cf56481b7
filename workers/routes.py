"""What happens later: which fact of the journal leads to which job, on which queue.

A fact's own row is closed by the one job of `ROUTES`.  A fact with more effects than one names the others in
`FURTHER`: its first lease writes one more row for each, so that every effect is offered, repeated and closed on its
own and a slow one holds up nobody.
"""

from __future__ import annotations

#           fact                 (queue, job)
ROUTES = {
    "order.sold": ("effects", "project_availability"),
    "order.placed": ("effects", "project_availability"),
    "order.paid": ("effects", "count_growth"),
    "order.revived": ("effects", "project_availability"),
    "order.expired": ("effects", "project_availability"),
    "order.cancelled": ("effects", "project_availability"),
    "order.refused": ("effects", "project_availability"),
    "order.completed": ("effects", "project_availability"),
    "order.returned": ("effects", "count_growth"),
    "order.promise_broken": ("effects", "reroute_broken"),
    "stock.taken_in": ("effects", "project_availability"),
    "stock.changed": ("effects", "project_availability"),
    "stock.set_aside": ("effects", "project_availability"),
    "stock.set_aside_freed": ("effects", "project_availability"),
    "price_change.published": ("clock", "project_till_feed"),
    "price_change.withdrawn": ("clock", "project_till_feed"),
    "member.visited": ("effects", "count_growth"),
    "member.tier_changed": ("effects", "follow_tier"),
    "member.merged": ("effects", "follow_merge"),
    "member.unmerged": ("effects", "follow_merge"),
    "member.export_asked": ("effects", "make_exports"),
    "member.consent_withdrawn": ("clock", "forget_behaviour"),
    "refund.requested": ("wechat", "send_refunds"),
    "message.asked": ("wechat", "send_messages"),
    "job.asked_again": ("clock", "run_again"),
    "channel.stock_changed": ("channels", "sync_channels"),
    "invoice.requested": ("channels", "send_invoices"),
    "invoice.asked_back": ("channels", "send_invoices"),
    "intake.brought": ("intake", "take_orders"),
    "intake.received": ("intake", "take_orders"),
    "wechat.pushed": ("talks", "take_pushes"),
    "talk.owed": ("talks", "send_talks"),
    "talk.menu_approved": ("talks", "publish_menus"),
}

#           fact                 (queue, job), ...
FURTHER: dict[str, tuple[tuple[str, str], ...]] = {
    "order.sold": (("effects", "count_growth"), ("effects", "give_coupons"), ("clock", "post_credits")),
    "order.paid": (("clock", "post_credits"),),
    "order.returned": (("clock", "post_credits"),),
    "order.completed": (("effects", "count_growth"), ("effects", "give_coupons"), ("clock", "post_credits")),
    "order.revived": (("effects", "count_growth"), ("clock", "post_credits")),
    "order.cancelled": (("effects", "count_growth"), ("clock", "post_credits")),
    "order.refused": (("effects", "count_growth"), ("clock", "post_credits")),
}

CHANNELS_READ = ("order.cancelled", "order.refused", "order.returned", "order.completed")
OF_PARCELS = ("courier_called", "handed", "delivered", "failed", "came_back")
"""What a channel wants to know of its orders."""

ROUTES |= {f"parcel.{fact}": ("effects", "tell_channels") for fact in OF_PARCELS}

FURTHER |= {fact: (*FURTHER.get(fact, ()), ("effects", "tell_channels")) for fact in CHANNELS_READ}

ROUTES |= {"parcel.collected": ("wechat", "upload_shipping")}
OF_GOODS = ("parcel.handed", "parcel.came_back", "order.completed", "order.cancelled", "order.refused")
"""What may change what WeChat is to be told of a payment's goods."""

FURTHER |= {fact: (*FURTHER.get(fact, ()), ("wechat", "upload_shipping")) for fact in OF_GOODS}
FURTHER |= {"parcel.delivered": (("wechat", "ask_to_confirm"),)}

BEHAVIOUR = ("order.placed", "order.paid", "order.revived", "order.sold", "order.returned")
"""What the reports on behaviour know of orders: no client is believed about them."""

FURTHER |= {fact: (*FURTHER.get(fact, ()), ("clock", "note_behaviour")) for fact in BEHAVIOUR}

ALSO = {fact: [f"effect.{job}" for _, job in more] for fact, more in FURTHER.items()}
"""Fact -> kinds of the rows that its first lease writes."""

OFFERED = ROUTES | {f"effect.{job}": (where, job) for more in FURTHER.values() for where, job in more}
"""Every kind of row that the relay offers, with its queue and job."""
