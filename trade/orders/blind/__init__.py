"""Returns without a receipt (till-and-store-desk.md 3.6), and what the head office lets tills take back at all.

What comes back without a sale is worth the least that its sku cost in the chain within the days of the terms: of every
price in force then, quantity steps among them, and of what its newest sales were paid a unit.  It is given as the bonus
kind of stored value, which is no cash and earns no points when it is spent: as principal, buying, returning blind and
buying again would earn points each time.  The store that took the goods in bears it.

    three bottles, list 9.90, 8.90 until last month, one sold for 6.93 with a promotion    3 x 6.93 = 20.79 bonus

What one person and one store may be given so is capped, and each needs a manager's word of its own.
"""
