"""Review: which paid orders a person looks at before the stores work on them, and what that person decides.

`judge` is called where an order is confirmed; people decide in `deciding.py`.
"""

from trade.orders.review.judging import Verdict, flag, judge

__all__ = ["Verdict", "flag", "judge"]
