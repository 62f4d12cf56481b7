"""Receipts that were given out: their numbers, the tokens in their QR codes, how often they were printed again."""
