"""Promotions on the server: drafted, published, kept as a book of rules, counted against their quotas.

What an order needs, in its transaction, is three verbs:

    known = book.at(session, store_id, now)                 the rules in force here, from memory (`InForce`)
    counts.left(session, known, member_id, now)             what quotas and budgets still hold, by rule id
    counts.claim(session, known, uses, store_id=, order_id=, member_id=, now=)
                                                            after stock is locked and before coupons, value and points
    counts.give_back(session, store_id, order_id)           when the order ends unpaid, is cancelled or refused
"""
