"""No code of the engine lacks a sentence on the screens (`config/web/pricing-words.ts`), in either language."""

from __future__ import annotations

import json
import re

import pytest

from config.settings import ROOT
from trade.pricing.promotions import counts
from trade.pricing.rules import Kind

SOURCES = ("allowed", "case", "quote", "why_not")
OF_COUPONS = {"nothing_to_use_it_on"}
"""Told by the faces, with the other words of coupons."""
CODES = {
    code
    for name in SOURCES
    for code in re.findall(r'"code": "(\w+)"', (ROOT / f"trade/pricing/{name}.py").read_text("utf-8"))
} | set(counts._WHY.values())
CODES -= OF_COUPONS


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_every_code_and_every_kind_has_its_words(locale):
    words = json.loads((ROOT / f"config/web/locale/pricing-{locale}.json").read_text("utf-8"))
    assert {"short", "barred", "gift_out_of_stock", "quota_used", "starts"} < CODES
    assert {f"why.{code}" for code in CODES} - words.keys() == set()
    assert {f"kind.{kind}" for kind in Kind} - words.keys() == set()
