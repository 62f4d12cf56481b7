"""Replies and the menu as the head office writes them."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from member.talks import replies

PATH = "/api/desk/talks"
TEXT = {"kind": "text", "text": "您好"}


@pytest.fixture
def office(client):
    return client("head_office")


def _rule(**more):
    return {"name": "r", "occasion": "text_exact", "words": ["积分"], "messages": [TEXT], **more}


def _answer(session, said):
    found = [one.get("text") for one in replies.to_text(session, "service", said)]
    session.rollback()
    return found


def test_an_exact_rule_goes_before_a_contained_one_and_priority_before_age(session, shop, office):
    def write(**more):
        answer = office.post(f"{PATH}/replies", _rule(**more))
        assert answer.status_code == 201, answer.json
        return answer.json["reply_id"]

    write(occasion="default", words=[], messages=[{"kind": "text", "text": "else"}])
    write(occasion="text_contains", words=["积分", "POINTS"], messages=[{"kind": "text", "text": "contains"}])
    first = write(messages=[{"kind": "text", "text": "older"}])
    second = write(messages=[{"kind": "text", "text": "newer"}])
    assert _answer(session, " 积 分") == ["older"]
    assert _answer(session, "我的ｐｏｉｎｔｓ？") == ["contains"]
    assert _answer(session, "hello") == ["else"]
    assert _answer(session, "") == ["else"]
    changed = _rule(priority=5, messages=[{"kind": "text", "text": "newer"}])
    assert office.post(f"{PATH}/replies/{second}", changed).status_code == 200
    assert _answer(session, "积分") == ["newer"]
    assert office.post(f"{PATH}/replies/{second}", {**changed, "active": False}).status_code == 200
    assert _answer(session, "积分") == ["older"]
    shown = office.get(f"{PATH}/replies").json["replies"]
    assert [one["id"] for one in shown if one["occasion"] == "text_exact"] == [second, first]
    assert office.post(f"{PATH}/replies/999", changed).json["code"] == "not_found"


@pytest.mark.parametrize(
    "wrong",
    [
        {"words": []}, {"words": [" "]}, {"occasion": "follow"}, {"occasion": "other"}, {"messages": []},
        {"messages": [TEXT] * 4}, {"messages": [{"kind": "built_in", "name": "pickup_code"}]},
        {"messages": [{"kind": "text", "text": " "}]}, {"messages": [{"kind": "text", "text": "长" * 601}]},
        {"messages": [{"kind": "link", "title": "t", "url": "javascript:x", "picture": "https://a/b.png"}]},
    ],
)  # fmt: skip
def test_a_rule_that_wechat_could_not_send_is_not_written(session, shop, office, wrong):
    assert office.post(f"{PATH}/replies", _rule(**wrong)).status_code == 422
    assert session.execute(text("SELECT count(*) FROM talk_reply")).scalar() == 0


def test_replies_and_menus_are_the_head_offices(session, shop, client):
    manager = client("store_manager")
    assert manager.get(f"{PATH}/replies").json["code"] == "not_permitted"
    assert manager.post(f"{PATH}/replies", _rule()).json["code"] == "not_permitted"
    assert manager.post(f"{PATH}/menu", {"buttons": [_click("a")]}).json["code"] == "not_permitted"
    assert session.execute(text("SELECT count(*) FROM talk_reply")).scalar() == 0


def _click(name, key="K"):
    return {"name": name, "type": "click", "key": key}


def test_only_the_newest_draft_is_approved_and_its_difference_is_seen_before(session, shop, office):
    older = office.post(f"{PATH}/menu", {"buttons": [_click("积分")]}).json["menu_id"]
    tops = [{"name": "会员", "sub_button": [_click("我的积分"), {"name": "商城", "type": "miniprogram",
            "url": "https://shop.example.com", "pagepath": "pages/home/home"}]}]  # fmt: skip
    newer = office.post(f"{PATH}/menu", {"buttons": tops}).json["menu_id"]
    assert office.post(f"{PATH}/menu/{older}/approve").json["code"] == "wrong_state"
    shown = office.get(f"{PATH}/menu").json["menus"][0]
    assert (shown["id"], shown["state"], shown["buttons"]) == (newer, "draft", tops)
    assert shown["difference"]["added"] == ["会员 / 我的积分", "会员 / 商城"]
    approved = office.post(f"{PATH}/menu/{newer}/approve")
    assert approved.json["menus"][0]["state"] == "approved"
    assert office.post(f"{PATH}/menu/{newer}/approve").json["code"] == "wrong_state"
    facts = session.execute(text("SELECT kind FROM journal WHERE kind LIKE 'talk.menu%' ORDER BY id")).scalars().all()
    assert facts == ["talk.menu_drafted", "talk.menu_drafted", "talk.menu_approved"]


@pytest.mark.parametrize(
    ("buttons", "fault"),
    [
        ([{"name": "五个汉字啊", "type": "click", "key": "K"}], None),
        ([_click("member")] * 4, "malformed"),
        ([{"name": "a", "sub_button": [_click("b")] * 6}], "malformed"),
        ([{"name": "六个汉字的名", "type": "click", "key": "K"}], "malformed"),
        ([{"name": "😀😀😀😀😀", "type": "click", "key": "K"}], "menu_not_sound"),
        ([{"name": "a", "type": "click"}], "menu_not_sound"),
        ([{"name": "a", "type": "view", "key": "K"}], "menu_not_sound"),
        ([{"name": "a", "type": "miniprogram", "url": "https://a"}], "menu_not_sound"),
        ([{"name": "a"}], "malformed"),
    ],
)
def test_a_menu_that_wechat_would_not_take_is_refused_with_its_place(session, shop, office, buttons, fault):
    answer = office.post(f"{PATH}/menu", {"buttons": buttons})
    assert answer.json.get("code") == fault
    assert session.execute(text("SELECT count(*) FROM talk_menu")).scalar() == (fault is None)
    if fault == "menu_not_sound":
        assert all(place.startswith("1.") for place in answer.json["facts"]["fields"])


def test_how_talking_goes_is_counted(shop, office):
    said = office.get(PATH).json
    assert (said["followers"], said["pushes_waiting"], said["answers"]["sent"], said["last_failures"]) == (0, 0, 0, [])
