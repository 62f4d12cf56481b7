"""Every documented format is known by its content, and everything else is refused with a sentence."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from recommend.evaluate.readers import Events, Sessions, Unreadable, read
from recommend.histories import Lines, baskets_of
from tests.recommend import behaving


def test_three_ways_of_writing_baskets_are_the_same_baskets(tmp_path):
    rows = behaving.baskets(members=12)
    ways = [
        behaving.write_tickets(tmp_path / "a", rows),
        behaving.write_invoices(tmp_path / "b", rows),
        behaving.write_lists(tmp_path / "c", rows),
    ]
    known = [read([way]) for way in ways]
    assert [isinstance(one, Lines) and one.dated for one in known] == [True, True, False]
    first, *others = [baskets_of(one)[0] for one in known if isinstance(one, Lines)]
    assert len(first.owner) == len(rows)
    for other in others:
        assert (first.lines != other.lines).nnz == 0
    assert np.nanmax(others[0].price) == 1.5


def test_a_log_in_two_files_is_one_log(tmp_path):
    rows = behaving.baskets(members=12)
    one = behaving.write_invoices(tmp_path / "a", rows[:20])
    two = behaving.write_invoices(tmp_path / "b", rows[20:], first_number=20)
    whole = behaving.write_invoices(tmp_path / "c", rows)
    joined, same = read([one, two]), read([whole])
    assert isinstance(joined, Lines)
    assert isinstance(same, Lines)
    assert (baskets_of(joined)[0].lines != baskets_of(same)[0].lines).nnz == 0


def test_sessions_and_events(tmp_path):
    visits = behaving.sessions(30)
    known = read([behaving.write_sessions(tmp_path / "a", visits[:20], visits[20:])])
    assert isinstance(known, Sessions)
    assert known.closed == visits[:20]
    wants = behaving.events(members=5)
    clock, days = (read([behaving.write_events(tmp_path / name, wants, name)]) for name in ("ts", "mmdd"))
    assert isinstance(clock, Events)
    assert isinstance(days, Events)
    assert clock.at[0] == pytest.approx((wants[0][3] + 8 * 3600) / 86400)
    assert days.at[0] == 243
    assert clock.kind.tolist() == days.kind.tolist()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"a,b,c\n1,2,3\n", "neither sessions, baskets nor events"),
        (b"user,item,event,ts\n", "no usable line"),
        (b"user,item,event,ts\n1,2,fav,1511539200\n1,2,seen,1511539200\n", "line 3: event 'seen'"),
        (b"user,item,event,ts\n1,2,fav,noon\n", "line 2: could not convert"),
        (b"user_id,basket_id,date,item_id\n1,2\n", "line 2"),
        (b'{"1": [[1, 2], [3', "no whole JSON object"),
        (b'{"1": 5}', "no list of baskets"),
        (b'{"split":"train","items":[1]}\n{"split":"test"}\n', "line 2: not a session"),
        (b'{"split":"train","items":[1]}\n{"split":"train","items":"12"}\n', "line 2: not a session .*no list"),
        (b"user,item,event,mmdd\n1,2,buy,1399\n", "line 2: Month out of range"),
        (b'{"split":"train","items":[1]}\n', "both splits"),
        (gzip.compress(b"user,item,event,ts\n" * 99, mtime=0)[:-9], "whole gzip file"),
        (b"\xff\xfe\x00\x01", "neither text"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path, content, sentence):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(Unreadable, match=sentence):
        read([tmp_path / "x"])


def test_files_that_are_no_parts_of_one_log(tmp_path):
    rows = behaving.baskets(members=3)
    events = behaving.write_events(tmp_path / "a", behaving.events(members=3))
    lists = behaving.write_lists(tmp_path / "b", rows)
    for paths in ([events, lists], [events, events], [lists, lists], [tmp_path / "none"]):
        with pytest.raises(Unreadable):
            read(paths)
