"""An exchange (换货): goods of one order come back, others are bought, and one net amount is paid or given back.

It is one row, `exchange`, that joins a document of return and an order, written in one transaction under one
`request_id`; each side stays what it is everywhere else.  The old lines give back what `refund_plan.py` says, the new
ones cost what `price.py` says today.  Between them money changes its purpose and not its place: the return refunds it
on the old tender with kind `exchange`, and the order has a tender `exchange` of the same amount that remembers its
`root`, the tender whose money it really is.  So every sum of an order and of a return stays as it is, the drawer and
WeChat see only the net, and a later return of the new goods goes back to where the money once came from.

What is due for the new goods is taken from the end of the refund waterfall (cash, then WeChat), and what is left of
the waterfall goes back; stored value goes back wholly and is spent anew, up to what came back without the member's
code.  With `money` what the return gives back beside stored value, `cash` its part in cash, `stored` what of it is
stored value, and `payable` what the new goods cost:

    respent  = min(stored, max(payable - money, 0))
    brought  = min(money, payable - stored value that pays)       the tenders `exchange`
    collect  = payable - stored value that pays - brought         cash, or a payment code
    back     = money - brought                                    by the waterfall

    old goods paid with       new goods   brought                  stored value     collect   back
    cash 19.80                   24.50    cash 19.80               -                   4.70   -
    cash 19.80                    9.90    cash  9.90               -                   -      cash 9.90
    cash 19.80                   19.80    cash 19.80               -                   -      - (the drawer stays shut)
    WeChat 40.00, cash 30.00     50.00    cash 30.00, WeChat 20.00 -                   -      WeChat 20.00
    stored 60.00, WeChat 40.00   50.00    WeChat 40.00             back 60, spent 10   -      stored value 50.00
    stored 60.00                 75.00    -                        back 60, spent 60  15.00   -

Only the net is rounded, when it is cash, symmetrically: 1.57 to collect is 1.50 with 抹分 (`rounding_fen` of the order
-0.07), and 1.57 to give back is 1.50 too (+0.07, which the return's money pays).

Paid with a payment code the order is only placed until WeChat has the money, and the goods that were brought lie on
the counter: the row has no `return_id` yet, and no other return of the old order is possible (`ExchangeWaiting`).
When the code is paid both sides become effective together; a reversal cancels the order, and nothing else ever moved.
The state of an exchange is its order's: placed waits, done is done, cancelled is as if it had never been.
"""
