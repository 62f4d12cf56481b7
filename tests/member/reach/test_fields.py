"""Whatever a customer, a store or a courier is called, a field of ours always suits its type at WeChat (W22)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from config.texts import LANGUAGES, texts
from member.reach import fields
from tests.wechat_stand_in.open_platform.fields import fault

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
FLAG, THUMB, ACCENT = "\U0001f1e8\U0001f1f3", "\U0001f44d\U0001f3fd", "e\u0301"
ODD = st.sampled_from(
    ["\n", "\x00", "\u2028", "\u202e", "\ud800", "]]>", "  ", "…", "０", "㐂", FAMILY, FLAG, THUMB, ACCENT]
)
TEXT = st.lists(st.one_of(st.text(st.characters(), max_size=8), ODD, st.just("通店文三路")), max_size=12).map("".join)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
FACTS = {
    **{kind: st.one_of(TEXT, st.integers(-(10**40), 10**40)) for kind in fields.TEXTS},
    "amount": st.integers(0, fields.MOST_FEN - 1),
    "number": st.integers(0, 10**32 - 1),
    "time": MOMENTS,
    "date": MOMENTS,
}


@pytest.mark.parametrize("kind", fields.KINDS)
@UNHURRIED
@given(data=st.data())
def test_every_type_holds_whatever_it_is_given(kind, data):
    key = f"{kind}{data.draw(st.integers(1, 99))}"
    said = fields.value(key, data.draw(FACTS[kind]))
    assert fault(key, said) is None, said


@UNHURRIED
@given(TEXT, st.integers(1, 40))
@example("王" * 9 + FAMILY + "家", 14)
@example("送给" + FLAG * 3, 6)
def test_nothing_that_is_seen_as_one_is_cut_in_two(text, most):
    plain = fields.clean(text)
    short = fields.cut(plain, most)
    assert fields.units(short) <= most
    if short != plain:
        pieces = fields.seen(plain)
        starts = {"".join(pieces[:n]).rstrip() for n in range(len(pieces) + 1)}
        assert short.endswith("…") and short[:-1] in starts


def test_a_text_that_fits_is_left_alone_and_a_longer_one_ends_in_an_ellipsis():
    assert fields.value("thing1", "通店文三路店") == "通店文三路店"
    assert fields.value("thing1", "字" * 20) == "字" * 20
    assert fields.value("thing1", "字" * 21) == "字" * 19 + "…"
    assert fields.value("thing1", f"{'字' * 18}{FAMILY}") == "字" * 18 + "…"
    assert fields.value("thing1", " \n\x00 ") == "-"
    assert fields.value("character_string1", "SF取1234-5678") == "SF1234-5678"
    assert (fields.value("amount1", 8320), fields.value("amount1", 10**10)) == ("¥83.20", "¥100000000")
    at = datetime(2026, 11, 30, 16, 5, tzinfo=UTC)
    assert (fields.value("time1", at), fields.value("date1", at)) == ("2026年12月01日 00:05", "2026年12月01日")


def test_a_fact_of_the_wrong_sort_is_our_own_mistake():
    for key, fact in (
        ("amount1", "83.20"),
        ("amount1", -1),
        ("time1", "soon"),
        ("thing1", datetime.now(UTC)),
        ("what1", "x"),
    ):
        with pytest.raises(AssertionError):
            fields.value(key, fact)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_of_ours_is_cut(language):
    ours = {key: words for key, words in texts(language).items() if key.startswith("message.")}
    assert ours
    assert {
        key
        for key, words in ours.items()
        if fields.value("thing1", words.format(days=30, n=100)) != words.format(days=30, n=100)
    } == set()
