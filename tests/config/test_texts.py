from __future__ import annotations

import importlib
import pkgutil

import config
import mall
import member
import pos
import recommend
import trade
from config.errors import Refused
from config.texts import LANGUAGES, language_of, say, texts


def _refusals() -> list[type[Refused]]:
    for room in (config, member, trade, recommend, pos, mall):
        for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            if ".migrations" not in module.name:
                importlib.import_module(module.name)
    found, open_ = [], [Refused]
    while open_:
        kind = open_.pop()
        open_ += kind.__subclasses__()
        found.append(kind)
    return found


def test_every_refusal_has_its_sentence_in_both_languages():
    codes = {kind.code for kind in _refusals()}
    for language in LANGUAGES:
        assert {code for code in codes if f"refused.{code}" not in texts(language)} == set()


def test_both_languages_have_the_same_texts():
    assert texts("zh-CN").keys() == texts("en").keys()


def test_a_refusal_without_a_fact_still_speaks():
    assert "{max_fen}" in say("refused.discount_too_large", "en")
    assert say("refused.nothing_known", "zh-CN") == texts("zh-CN")["refused.refused"]


def test_chinese_comes_first():
    assert [language_of(a) for a in (None, "zh-CN,en", "en-GB", "fr")] == ["zh-CN", "zh-CN", "en", "zh-CN"]


def test_amounts_are_said_in_yuan():
    assert "¥3.55" in say("refused.discount_too_large", "en", max_fen=355)
    assert "12.00 元" in say("refused.tender_short", "zh-CN", missing_fen=1200)
