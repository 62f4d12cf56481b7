"""Baskets put aside at a till (挂单), shared by the store's tills, with a lease for who edits one."""
