"""Problems that the engine answers in Python and in TypeScript, compared field by field.

`tests/trade/pricing/test_vectors.py` compares some hundreds in every test run, `make vectors` tens of thousands.
"""
