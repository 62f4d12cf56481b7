"""The stand-in's own rules for messages: what a shop may send to whom, and how often."""

from __future__ import annotations

import pytest

from tests.wechat_stand_in.app import create_app
from tests.wechat_stand_in.open_platform import fields, messages

WHO = "oTongdian0001"


@pytest.fixture
def stand_in(tmp_path):
    app = create_app(tmp_path)
    yield app.extensions["world"], app.test_client()
    app.extensions["notifier"].stopping.set()


def ask(stand_in, path, **said):
    world, client = stand_in
    world.tokens["t"] = world.now() + 60
    return client.post(f"{path}?access_token=t", json=said).get_json()["errcode"]


def ready(world, way="subscribe"):
    one = next(id for id, it in world.templates.items() if (it["way"], it["kind"]) == (way, "points_expiring"))
    data = {"number1": "50", "date2": "2026年12月31日", "thing3": "尽快使用"}
    return one, {"template_id": one, "data": {key: {"value": value} for key, value in data.items()}}


@pytest.mark.violates("message: 4")
def test_one_yes_is_one_message_and_a_broken_one_costs_none(stand_in):
    world, _ = stand_in
    one, said = ready(world)
    send = "/cgi-bin/message/subscribe/send"
    whole = {"touser": WHO, "page": "pages/points/points", **said}
    assert ask(stand_in, send, **whole) == 43101
    messages.answer(world, WHO, {one: True})
    assert ask(stand_in, send, **whole | {"touser": "oNobody"}) == 40003
    assert ask(stand_in, send, **whole | {"template_id": "x"}) == 40037
    assert ask(stand_in, send, **whole | {"page": "pages/nowhere/nowhere"}) == 41030
    assert ask(stand_in, send, **whole | {"data": said["data"] | {"thing3": {"value": "长" * 21}}}) == 47003
    assert ask(stand_in, send, **whole | {"data": {"number1": {"value": "50"}}}) == 47003
    assert world.messages == {}
    assert ask(stand_in, send, **whole) == 0
    assert ask(stand_in, send, **whole) == 43101
    assert [one["fields"][0] for one in world.messages[WHO]] == [["到期积分", "50"]]
    assert len(world.violations) == 4


def test_a_template_message_goes_to_followers_and_once_for_each_number_of_ours(stand_in):
    world, _ = stand_in
    _, said = ready(world, "service")
    mini = {"appid": world.keys.given["appid"], "pagepath": "pages/points/points"}
    whole = {"touser": "s1", "client_msg_id": "m1", "miniprogram": mini, **said}
    assert ask(stand_in, "/cgi-bin/message/template/send", **whole) == 43004
    world.followers["s1"] = {"since": 0, "scene": ""}
    assert [ask(stand_in, "/cgi-bin/message/template/send", **whole) for _ in range(2)] == [0, 0]
    assert len(world.messages["s1"]) == 1


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("thing1", "字" * 20, "字" * 21),
        ("thing1", "a", "a\nb"),
        ("character_string1", "A-12 #" * 5, "取货码"),
        ("phrase1", "已发货", "ok"),
        ("name1", "字" * 10, "字" * 11),
        ("amount1", "¥83.20", "¥12345678901"),
        ("number1", "12.5", "1,200"),
        ("phone_number1", "+86-0571-88886666", "138 0000"),
        ("time1", "2026年11月30日 15:01", "11-30 15:01"),
        ("date1", "2026年11月30日", "明天"),
        ("letter1", "AB", "A1"),
    ],
)
def test_each_type_of_field_has_its_limits(key, good, bad):
    assert fields.fault(key, good) is None
    assert fields.fault(key, bad)
    assert fields.fault(key, " ")
