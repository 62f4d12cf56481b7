"""Complaint 4.3: labels of scales and GS1 codes give exact goods, grams and fen, here and in the till alike.

`tests/vectors/labels.json` was written without the code under test; `config/web/labels/labels.test.ts` runs the same.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path

import pytest

from config.errors import Refused
from config.money import line_fen
from trade.catalogue import labels
from trade.pricing import labelled

WRITTEN = json.loads((Path(__file__).parents[2] / "vectors/labels.json").read_text())
CASES = WRITTEN["cases"]
TODAY = date.fromisoformat(WRITTEN["today"])


def test_there_are_enough_of_them():
    of_scales = {one["code"] for one in CASES if one["code"][0] == "2" and len(one["code"]) in (13, 18)}
    assert len(of_scales) >= 40


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_a_label_says_exactly(case):
    if "wrong" in case:
        with pytest.raises(Refused) as refused:
            labels.read(case["code"], case["layouts"], today=TODAY)
        assert refused.value.code == case["wrong"]
        return
    said = labels.read(case["code"], case["layouts"], today=TODAY)
    shown = asdict(said) | {"expires_on": said.expires_on.isoformat() if said.expires_on else None}
    assert shown == case["read"]
    if sold := case.get("sold"):
        at = {"weighed": sold["weighed"], "unit_price_fen": sold["unit_price_fen"]}
        units = labelled.units(said, **at)
        by_weight = line_fen(sold["unit_price_fen"], units, weighed=sold["weighed"])
        assert (units, said.fen or by_weight) == (sold["units"], sold["line_fen"])


@pytest.mark.parametrize(("layouts", "faults"), WRITTEN["layouts"])
def test_layouts_that_cannot_be_told_apart_are_refused(layouts, faults):
    assert list(labels.faults(layouts).values()) == faults


@pytest.mark.parametrize("unit_price_fen", [1, 7, 100, 599, 1000, 1001, 2980, 5980, 99_990])
def test_the_grams_of_a_price_are_the_fewest_that_cost_as_much(unit_price_fen):
    for fen in (*range(1, 300), 1234, 99_999):
        grams = labels.grams_for(fen, unit_price_fen)
        over_fen = line_fen(unit_price_fen, grams, weighed=True) - fen
        assert 0 <= over_fen <= unit_price_fen // 1000
        assert line_fen(unit_price_fen, grams - 1, weighed=True) < fen
