"""Customers who paid a printed code without network: nobody knows it here until WeChat's bill has the money.

    sale by the code          tender     static_qr    the customer      the desk
    is told of                paid       unproved     has the goods     -
    a bill has it             paid       proved       may return        cleared
    no bill has it            paid       missing      waits             `qr_unmatched` with the money
    somebody saw the money    paid       seen         may return        closed with their words

The code is the merchant's own and knows no order: a payment of a bill is a sale's by its amount, and by its moment
within WINDOW.  What comes back of such a sale is cash from a drawer, and not before its money was seen.
"""
