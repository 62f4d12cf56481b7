"""The documents of goods that move without an order: transfers, deliveries, counts."""
