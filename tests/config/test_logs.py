from __future__ import annotations

import pytest

from config.logs import mask, mask_event


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("call 13812342046 now", "call 138****2046 now"),
        ("paid by 130123456789012345", "paid by [code]"),
        ("order 003000000017", "order 003000000017"),
    ],
)
def test_phones_and_payment_codes_are_masked(said, kept):
    assert mask(said) == kept


def test_a_field_named_like_a_secret_is_masked_whole():
    event = mask_event(None, "info", {"event": "x", "token": "abc", "code": "out_of_stock", "n": 3})
    assert event == {"event": "x", "token": "[masked]", "code": "out_of_stock", "n": 3}
