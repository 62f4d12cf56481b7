"""Who is credited for an order (业绩归属): rules as data, shares frozen at payment, entries that reverse exactly."""
