"""客服工单: what a customer writes to us about an order or anything else, and what the store or head office answers.

    what happens                                  the ticket      its clock
    the customer asks                             waiting         answered by `due_at`, by its kind
    staff answer                                  answered        closes by itself `QUIET` later
    the customer writes again                     waiting         due anew
    a store hands it on                           waiting, office due as it was
    the customer, or staff, says that it is done  closed

One about an order goes to its store, any other to the head office.  Not answered in time it is an exception
(`ticket_overdue`) until somebody answers.  A closed one stays closed: the customer opens another.
"""
