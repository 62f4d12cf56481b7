"""Codes that customers scan: which store, shelf, product, guide or friend they came by (wechat.md 2.4)."""
