"""People talk with the shop's service account: every push and every answer over real HTTP (wechat.md 2.3)."""

from __future__ import annotations

import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from sqlalchemy import text

from config import clock, redis
from config.db import transaction
from config.settings import settings
from config.wechat import ready
from config.wechat.callback import Push
from member import consent, followers, identity
from member.reach import consents
from member.talks import inbox, menu, moves, replies
from tests import factories as make
from tests.flows.talker import OFFICE, RULES, Talker
from tests.wechat_stand_in.callbacks import Callbacks, as_xml
from trade.stores.models import Role
from trade.stores.scenes import moves as scenes


@pytest.fixture
def phone(house, session):
    with transaction(session):
        for rule in RULES:
            for app in ("service", "mini"):
                whole = {"app": app, "priority": 0, "active": True, **rule}
                replies.write(session, whole, reply_id=None, now=clock.now(), **OFFICE)
    made = Talker(house)
    assert (made.address("service", "xml"), made.address("mini", "json")) == (200, 200)
    return made


def _count(session, table):
    found = session.execute(text(f"SELECT count(*) FROM {table}")).scalar()
    session.rollback()
    return found


def _member(session, number):
    with transaction(session):
        return identity.by_openid(
            session, f"oTongdian{number:04d}", unionid=f"uTongdian{number:04d}", actor="t", now=clock.now()
        )


def test_a_customer_follows_asks_for_points_and_leaves(house, session, phone):
    phone.does(1, "follow")
    assert phone.heard(1) == ["欢迎 ]]> 😀"]
    phone.does(1, "say", text="积分")
    assert "请先在小程序登录" in phone.heard(1)[-1]
    house.customer(1)
    member_id = _member(session, 1)
    assert followers.template_openid(session, member_id) == "oService0001"
    phone.does(1, "say", text=" 积 分 ")
    assert phone.heard(1)[-1].startswith("您现有 0 积分。")
    assert 'data-miniprogram-path="pages/points/points"' in phone.heard(1)[-1]
    phone.does(1, "say", text="我的订单呢")
    assert phone.heard(1)[-1].startswith("您还没有订单。")
    phone.does(1, "unfollow")
    assert followers.template_openid(session, member_id) is None
    assert _count(session, "talk_window") == 0
    assert len(phone.heard(1)) == 4
    phone.does(1, "follow")
    assert followers.template_openid(session, member_id) == "oService0001"


def test_an_order_is_told_and_its_pickup_code_is_only_a_link(house, session, phone):
    customer = house.customer(2)
    order = house.order(customer, 990, milk=1)[1]["order"]
    house.pay(customer, order["id"])
    house.until(lambda: customer.get(f"/api/mall/orders/{order['id']}")["order"]["state"] == "paid", "it is paid")
    phone.does(2, "follow")
    phone.does(2, "say", text="订单")
    assert order["no"] in phone.heard(2)[-1] and "已付款，等待门店接单" in phone.heard(2)[-1]
    phone.does(2, "say", text="取货码")
    assert "目前没有待取货的订单" in phone.heard(2)[-1]
    make.make_ready(session, house.shop, order["id"], clock.now())
    phone.does(2, "say", text="取货码")
    code = customer.get(f"/api/mall/orders/{order['id']}")["order"]["pickup_code"]
    assert f"pages/order/order?id={order['id']}" in phone.heard(2)[-1]
    assert len(code) >= 4 and code not in "".join(phone.heard(2))


def test_whoever_sends_their_place_hears_of_the_nearest_store(house, session, phone):
    phone.does(2, "follow")
    phone.does(2, "be_at", lat="30.2741", lng="120.1551", label="文三路")
    assert "公里" in phone.heard(2)[-1] and "pages/stores/stores" in phone.heard(2)[-1]
    phone.does(2, "be_at", lat="NaN", lng="1e999", label="")
    assert "公里" not in phone.heard(2)[-1] and "发送您的位置" in phone.heard(2)[-1]


def test_a_push_that_comes_again_has_one_effect_and_the_answer_does_not_wait_for_wechat(house, session, phone):
    phone.world.faults.plant("push_answer_lost", 3)
    phone.world.faults.plant("timeout_before", 1, "/cgi-bin/*")
    requests.post(f"{house.phone_url}/control/talks/oTongdian0003/follow", json={}, timeout=10)
    for _ in range(3):
        tries = phone.world.pushes[0]["tries"]
        house.until(lambda seen=tries: phone.world.pushes[0]["tries"] > seen, "it is delivered")
        phone.world.offset_s += 5
    house.until(lambda: phone.world.pushes[0]["done"], "the fourth is taken")
    assert phone.world.pushes[0]["answers"] == [200] * 4
    phone.world.faults.clear("timeout_before")
    house.let_jobs_run()
    assert (_count(session, "wechat_push"), _count(session, "talk_message"), len(phone.heard(3))) == (1, 1, 1)


def test_json_pushes_of_the_mini_program_are_answered_there(house, session, phone):
    _member(session, 4)
    phone.does(4, "enter")
    assert phone.heard(4, "mini") == ["欢迎 ]]> 😀"]
    phone.does(4, "say", text="积分", app="mini")
    assert phone.heard(4, "mini")[-1].startswith("您现有 0 积分。")
    assert phone.heard(4) == []
    told = {"Event": "trade_manage_remind_shipping", "transaction_id": "42", "merchant_trade_no": "TD1", "msg": "m"}
    whole = {"ToUserName": "gh", "FromUserName": "oTongdian0004", "CreateTime": 1_796_000_000, "MsgType": "event"}
    assert Callbacks(phone.world).send("mini", {**whole, **told}) == (200, "success")
    phone.arrives()
    kept = session.execute(text("SELECT data FROM journal WHERE kind LIKE 'wechat.trade%'")).scalars().one()
    assert kept["body"]["transaction_id"] == "42" and "oTongdian0004" not in str(kept)
    member_id = _member(session, 4)
    with transaction(session):
        version = consent.PURPOSES["personalisation"].version
        given: dict[str, Any] = {"given": True, "version": version, "channel": "mall"}
        consent.answer(session, member_id, "personalisation", **given, actor="t", now=clock.now())
    phone.does(4, "revoke")
    assert consent.allows(session, member_id, "personalisation") is False
    said = session.execute(text("SELECT data FROM journal WHERE kind = 'member.authorisation_revoked'")).scalars().all()
    assert said == [{"what": ["301", "302"]}]


@pytest.mark.parametrize("form", ["xml", "json"])
def test_answers_about_messages_reach_the_ledger_of_consents(house, session, phone, form):
    phone.address("mini", form)
    member_id = _member(session, 4)
    kinds = sorted(ready.templates()["subscribe"])[:2]
    one, other = (ready.templates()["subscribe"][kind].id for kind in kinds)
    phone.does(4, "answer", answers={one: True, other: False})
    assert consents.free(session, member_id) == {kinds[0]: 1}
    phone.does(4, "answer", answers={one: True})
    assert consents.free(session, member_id) == {kinds[0]: 2}
    phone.does(4, "refuse_later", templates=[one, "unknown"])
    assert consents.free(session, member_id) == {}


@pytest.mark.parametrize("form", ["xml", "json"])
def test_what_is_not_wechats_is_one_refusal_and_changes_nothing(house, session, phone, form):
    said = {
        "ToUserName": "gh", "FromUserName": "oService0001", "CreateTime": int(time.time()), "MsgType": "event",
        "Event": "subscribe", "EventKey": "",
    }  # fmt: skip
    own, app = phone.world.keys.service, phone.world
    sealer = Callbacks(app)
    plain = as_xml(said).encode()
    query, body = sealer.sealed("service", plain, form=form)
    stale = sealer.sealed("service", plain, form=form, age_s=301)
    of_mini = sealer.sealed("mini", plain, form=form)
    path = f"{house.url}/api/mall/wechat/callback/service"

    def post(asked, sent, where=path):
        return requests.post(where, params=asked, data=sent, timeout=10).status_code

    assert {post(*stale), post(*of_mini), post({}, body), post(query, b""), post(query, b"x" * 70_000)} == {401}
    assert post(query, plain) == 401, "plain mode is not taken"
    assert post({**query, "encrypt_type": "raw"}, body) == 401
    signed = body.index(b"Encrypt")  # what stands before it is not signed
    tried = range(signed, len(body) - 20, 2)
    for place in tried:
        assert post(query, body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]) == 401, place
    for place, mark in enumerate(query["msg_signature"]):
        other = (
            query["msg_signature"][:place] + "0123456789abcdef"[int(mark, 16) ^ 1] + query["msg_signature"][place + 1 :]
        )
        assert post({**query, "msg_signature": other}, body) == 401, place
    assert len(tried) + 40 > 200
    assert post(query, body, f"{house.url}/api/mall/wechat/callback/other") == 404
    assert requests.get(path, params={**query, "echostr": "1"}, timeout=10).text == "1"
    assert requests.get(path, params={"echostr": "1"}, timeout=10).status_code == 401
    assert own["push_token"] not in requests.get(path, timeout=10).text
    assert (_count(session, "wechat_push"), _count(session, "follower")) == (0, 0)
    assert (post(query, body), post(query, body)) == (200, 200)
    assert _count(session, "wechat_push") == 1


def test_more_than_wechat_allows_is_not_sent_and_wechats_own_count_is_believed(house, session, phone):
    phone.does(5, "follow")
    with transaction(session):
        many = {"kind": "text", "text": "一"}
        whole = {
            "app": "service", "name": "many", "occasion": "text_exact", "words": ["三"], "priority": 9,
            "messages": [many] * 3, "active": True,
        }  # fmt: skip
        replies.write(session, whole, reply_id=None, now=clock.now(), **OFFICE)
    phone.world.windows["oTongdian0005:service"]["subscribe"]["left"] = 0
    openid = followers.person_of("service", "oService0005")
    phone.does(5, "say", text="三")
    assert phone.heard(5)[1:] == ["一"] * 3
    phone.world.windows["oTongdian0005:service"] = {}
    phone.world.callbacks["service"]["url"] = ""
    with transaction(session):
        body = [{"msgtype": "text", "text": {"content": "late"}}]
        moves.intend(session, 999, "service", openid, "oService0005", body, now=clock.now())
    house.let_jobs_run()
    said = session.execute(text("SELECT state, code, sealed FROM talk_message ORDER BY id DESC LIMIT 1")).one()
    assert tuple(said) == ("dropped", "45015", None)
    session.rollback()
    assert _count(session, "talk_window") == 0
    with transaction(session):
        moves.intend(session, 1000, "service", openid, "oService0005", body, now=clock.now())
    house.let_jobs_run()
    code = session.execute(text("SELECT code FROM talk_message ORDER BY id DESC LIMIT 1")).scalar()
    assert code == "no_window"


@pytest.mark.parametrize(
    ("fault", "state", "heard", "windows"),
    [
        ("talk_closed", "dropped:45015", 0, 0),
        ("talk_too_many", "dropped:45047", 0, 0),
        ("talk_no_right", "dropped:48001", 0, 1),
        ("answer_lost", "unknown:ConnectionError", 1, 1),
        ("busy", "sent:", 1, 1),
    ],
)
def test_an_answer_that_fails_is_dropped_kept_or_left_unknown_and_never_sent_twice(
    house, session, phone, fault, state, heard, windows
):
    phone.world.faults.plant(fault, 1, "/cgi-bin/message/custom/send")
    phone.does(5, "follow")
    with transaction(session):
        session.execute(text("UPDATE journal SET leased_until = NULL WHERE done_at IS NULL"))
    house.let_jobs_run()
    found = session.execute(text("SELECT state || ':' || code FROM talk_message")).scalars().all()
    session.rollback()
    assert (found, len(phone.heard(5)), _count(session, "talk_window")) == ([state], heard, windows)
    assert _count(session, "journal WHERE done_at IS NULL AND kind = 'talk.owed'") == 0


def test_a_code_of_a_guide_is_credited_even_to_whom_we_know_only_later(house, session, phone):
    guide = house.shop.people[Role.STORE_STAFF]
    with transaction(session):
        code = scenes.make(session, "G", store_id=house.shop.store_id, staff_id=guide, actor="t", now=clock.now())
    known = _member(session, 6)
    phone.does(6, "follow", scene=code)
    visits = text("SELECT member_id, store_id, staff_id FROM scene_visit ORDER BY at")
    assert [tuple(row) for row in session.execute(visits)] == [(known, house.shop.store_id, guide)]
    session.rollback()
    phone.does(7, "follow")
    phone.does(7, "scan", scene=code)
    assert _count(session, "scene_visit") == 1
    house.customer(7)
    later = [tuple(row) for row in session.execute(visits)]
    session.rollback()
    assert later[1:] == [(_member(session, 7), house.shop.store_id, guide)]
    phone.does(6, "scan", scene="9-9-FORGED00")
    assert _count(session, "scene_visit") == 2


def test_a_tap_on_the_menu_is_answered_once_the_menu_was_approved(house, session, phone):
    buttons = [{"name": "会员", "sub_button": [{"type": "click", "name": "我的积分", "key": "POINTS"}]}]
    with transaction(session):
        menu_id = menu.draft(session, buttons, now=clock.now(), **OFFICE)
    house.let_jobs_run()
    assert phone.world.menus == {}, "never at start, never as a draft"
    with transaction(session):
        moves.approve_menu(session, menu_id, now=clock.now(), **OFFICE)
    house.let_jobs_run()
    assert phone.world.menus["service"]["button"] == buttons
    assert menu.versions(session)[0]["state"] == "published"
    phone.does(8, "follow")
    phone.does(8, "tap", name="我的积分")
    assert "请先在小程序登录" in phone.heard(8)[-1]


def test_an_unfollow_that_comes_late_does_not_undo_the_newer_follow(session, now):
    with transaction(session):
        assert followers.followed(session, "oA", at=now, again=True)
        assert not followers.left(session, "oA", at=datetime(2026, 11, 1, tzinfo=UTC))
        assert followers.left(session, "oA", at=now)
        assert not followers.followed(session, "oA", at=now, again=False), "writing is no following"
    assert session.execute(text("SELECT follows FROM follower")).scalars().all() == [False]


def test_of_one_push_taken_in_eight_times_at_once_one_is_kept(session, open_session):
    push = Push("service", "oA", "text", "", 1_796_000_000, b"k", {"Content": "x"})

    def put(_: int) -> bool:
        with open_session() as opened, transaction(opened):
            return inbox.take_in(opened, push, now=clock.now())

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(put, range(8))) == [False] * 7 + [True]
    assert _count(session, "journal") == 1


def test_a_follower_without_a_unionid_is_bound_by_the_code_that_the_member_shows(house, session, phone):
    mine = house.customer(3, with_phone=False)
    member_id = mine.get("/api/mall/me")["me"]["member_id"]
    with transaction(session):
        session.execute(text("DELETE FROM identity WHERE kind = 'unionid'"))
    assert mine.get("/api/mall/wechat/following") == {"follows": False}
    status, code = mine.post("/api/mall/wechat/follow-code")
    scene = phone.world.qr_codes[code["ticket"]]["scene"]
    assert (status, code["lives_s"], len(scene) <= 64) == (200, 600, True)
    phone.does(3, "follow")
    phone.does(3, "scan", scene=scene[:-1] + "0" * (scene[-1] != "0") + "1" * (scene[-1] == "0"))
    late = followers.bind_code(member_id, now=clock.now() - timedelta(minutes=11))
    phone.does(3, "scan", scene=late)
    assert mine.get("/api/mall/wechat/following") == {"follows": False}
    phone.does(3, "scan", scene=scene)
    assert mine.get("/api/mall/wechat/following") == {"follows": True}
    assert "已与会员" in phone.heard(3)[-1]
    other = _member(session, 4)
    with transaction(session):
        assert followers.bind(session, "oService0003", followers.bind_code(other, now=clock.now()), actor="t",
                              now=clock.now()) == other  # fmt: skip
    assert followers.template_openid(session, member_id) is None, "a follower is one member's"
    phone.does(4, "follow")
    with transaction(session):
        stolen = followers.bind(
            session, "oService0004", followers.bind_code(member_id, now=clock.now()), actor="t", now=clock.now()
        )
    assert stolen is None, "the unionid says whose it is"


def test_a_page_of_the_mall_is_signed_and_no_other(house, phone):
    page = f"{house.url}/mall/?a=1#/pages/home/home"
    asked = [requests.get(f"{house.url}/api/mall/wechat/page-signature", params={"url": page}, timeout=10).json()
             for _ in range(2)]  # fmt: skip
    assert phone.world.calls["getticket"] == 1
    for one in asked:
        kept: Any = redis.connection().get(f"{settings().redis_prefix}:wechat-page-ticket:{one['appId']}")
        ticket = kept.decode()
        words = (
            f"jsapi_ticket={ticket}&noncestr={one['nonceStr']}&timestamp={one['timestamp']}&url={house.url}/mall/?a=1"
        )
        assert one["signature"] == hashlib.sha1(words.encode()).hexdigest()
    foreign = requests.get(
        f"{house.url}/api/mall/wechat/page-signature", params={"url": f"{house.url}.evil.example/"}, timeout=10
    )
    assert foreign.status_code == 422


def test_a_menu_that_wechat_refuses_fails_and_what_somebody_changed_there_is_seen(house, session, phone):
    office = house.staff("head_office")
    button = {"name": "积分", "type": "click", "key": "POINTS"}
    first_ = office.post("/api/desk/talks/menu", buttons=[button])[1]["menu_id"]
    phone.world.faults.plant("refused", 1, "/cgi-bin/menu/*", errcode=40018, errmsg="invalid button name size")
    office.post(f"/api/desk/talks/menu/{first_}/approve")
    house.let_jobs_run()
    failed = office.get("/api/desk/talks/menu")["menus"][0]
    assert (failed["state"], failed["code"], phone.world.menus) == ("failed", "40018", {})
    page = {"name": "商城", "type": "miniprogram", "url": "https://shop.example.com", "pagepath": "pages/home/home"}
    again = office.post("/api/desk/talks/menu", buttons=[button, page])[1]["menu_id"]
    office.post(f"/api/desk/talks/menu/{again}/approve")
    house.let_jobs_run()
    assert phone.world.menus["service"]["button"][1]["appid"] == phone.world.keys.given["appid"]
    same = {"added": [], "removed": [], "changed": [], "moved": False}
    assert office.get("/api/desk/talks/menu/live")["difference"] == same
    phone.world.menus["service"]["button"][0]["key"] = "OTHER"
    assert office.get("/api/desk/talks/menu/live")["difference"] == {**same, "changed": ["积分"]}
