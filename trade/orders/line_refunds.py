"""What one order line gives back, when units and plain amounts come back in any order.  Pure; and the same in SQL.

A line of `qty` units was paid `net_fen`.  Where it stands is two figures: `back` units came back, and `refunded_fen`
went back in all.  floor(net x back / qty) of that is the price of those units; what is above it was refunded on the
units that stay (of what they cost, `rest`), and is taken off evenly when they come back:

    paid   = floor(net x (back + more) / qty) - floor(net x back / qty)      what the next units cost
    above  = refunded - floor(net x back / qty)          rest = net - floor(net x back / qty)
    refund = paid - floor(above x paid / rest)

So 0 <= above <= rest at every step, the last unit takes all of it, and any sequence ends at exactly `net_fen`.  An
amount of a line is at most net - refunded.  Without amounts it is the plain formula of cumulative floors.

Whatever else belongs to the line (points spent on it, the basis that points were earned on) comes back as far as

    share back = floor(share x back / qty) + floor((share - floor(share x back / qty)) x above / rest)

which never falls, is the plain formula without amounts, and is all of it once the units or all the money are back.
Worked table, 3 units paid 1000, 100 points spent on them, earned 10 on a basis of 1000:

    step          refund_fen   refunded   above / rest   points back   basis back   clawed in all
    amount 100           100        100    100 / 1000             10          100               1
    1 unit               300        400     67 /  667        33+6=39          400               4
    amount 50             50        450    117 /  667       33+11=44          450               4
    2 units              550       1000      0 /    0            100         1000              10
"""

from __future__ import annotations

from config.errors import Refused


class TooMuchRefunded(Refused):
    """More money than is left of a line, of the order, or of its freight; `left` says per line what may be refunded."""

    code = "too_much_refunded"


def units_fen(net_fen: int, qty: int, back: int, refunded_fen: int, more: int) -> int:
    """What the next `more` units give back of a line where `back` units and `refunded_fen` are back already."""
    assert back >= 0 and more > 0 and back + more <= qty, (qty, back, more)
    before_fen = net_fen * back // qty
    paid_fen = net_fen * (back + more) // qty - before_fen
    above_fen, rest_fen = refunded_fen - before_fen, net_fen - before_fen
    assert 0 <= above_fen <= rest_fen, (net_fen, qty, back, refunded_fen)
    return paid_fen - (above_fen * paid_fen // rest_fen if rest_fen else 0)


def share_back(share: int, net_fen: int, qty: int, back: int, refunded_fen: int) -> int:
    """How much of a line's `share` is back in all; fen or points."""
    by_units, before_fen = share * back // qty, net_fen * back // qty
    above_fen, rest_fen = refunded_fen - before_fen, net_fen - before_fen
    return by_units + ((share - by_units) * above_fen // rest_fen if rest_fen else 0)


def share_back_sql(share: str, net: str, qty: str, back: str, refunded: str) -> str:
    """The same as an expression over whole numbers (bigint), none of which is null."""
    by_units, before = f"({share} * {back} / {qty})", f"({net} * {back} / {qty})"
    above, rest = f"({refunded} - {before})", f"({net} - {before})"
    return f"({by_units} + coalesce(({share} - {by_units}) * {above} / nullif({rest}, 0), 0))"


BACK = """LATERAL (SELECT coalesce(sum(r.qty), 0)::bigint AS qty, coalesce(sum(r.refund_fen), 0)::bigint AS fen
    FROM return_line r WHERE r.store_id = line.store_id AND r.order_id = line.order_id
      AND r.line_no = line.line_no) back"""
"""What of an order line `line` is back: units and fen; to be joined."""

GIVEN_UP = """(SELECT coalesce(sum(r.qty), 0)::bigint FROM return_line r
    JOIN sale_return d ON d.store_id = r.store_id AND d.id = r.return_id AND d.kind = 'unshipped'
    WHERE r.store_id = line.store_id AND r.order_id = line.order_id AND r.line_no = line.line_no)"""
"""How many units of an order line `line` were refunded without ever having been handed over."""
