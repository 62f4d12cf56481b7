"""What a store prints: `papers.py` says what stands on it, `escpos.py` and `page.py` bring it to a printer."""
