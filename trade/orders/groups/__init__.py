"""拼团: members who pay for the same goods within a time all get their price, and else all get their money back.

An offer is a promotion of kind `group`: price by sku, `people`, `fill_minutes`, quotas, stores and window are its own,
and what is set aside for it is kept as a 秒杀's is.  A group is opened and joined by *paid* orders of one store; until
it is full they wait unjudged (`review/states.WAITS`), so no store works on them.

    what happens                            the group          its orders
    somebody pays, opening one              open               wait
    the next pay                            open               wait
    the last place is paid                  formed             all go to their review and their stores, at once
    somebody leaves before that             open, a place free refunded as any cancelled order
    somebody leaves after that              formed             the one is refunded, the others are as they were
    the time is over, or the offer ended    failed             all refused and refunded in full
    money for a place that is gone          as it was          ended unpaid; the money goes back (`late/rescue.py`)

Locks: the group, then its orders by number, then what an order holds.  Whoever ends a waiting order asks `seats.lock`
for the group first.
"""
