"""Electronic invoices (电子发票) of orders: asked for by the customer, made by a service outside, taken back (红冲)."""
