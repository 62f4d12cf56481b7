"""What WeChat refuses us for is on the desk until it is mended, and the log-in goes on meanwhile (W04, W05)."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from config.wechat import ready
from config.wechat.commands import reset_wechat_quota
from config.wechat.given import WeChatFailed
from tests.servers import whole_house
from tests.wechat_stand_in.faults import ALWAYS
from workers.jobs import watch_refusals

SEND = "/cgi-bin/message/subscribe/send"
_OPEN = text(
    "SELECT cause, facts->>'address' FROM exception_case WHERE resolved_at IS NULL AND kind = 'wechat_refuses'"
)


@pytest.fixture
def world(session, tmp_path):
    with whole_house(tmp_path) as (_, _, found):
        yield found


@pytest.fixture
def desk(session):
    def looked():
        watch_refusals.run()
        with session.begin():
            return [tuple(row) for row in session.execute(_OPEN)]

    return looked


def _send():
    with pytest.raises(WeChatFailed) as failed:
        ready.mini_client().call("POST", SEND, json={})
    return failed.value.code


def test_a_refused_address_is_on_the_desk_until_the_list_has_it_and_log_in_works_meanwhile(world, desk):
    assert desk() == []
    world.faults.plant("address_refused", ALWAYS, ip="203.0.113.80")
    assert _send() == "40164"
    assert desk() == desk() == [("40164", "203.0.113.80")]
    person = ready.open_platform().code_to_session(world.code("login", "oTongdian0001"))
    assert person.openid == "oTongdian0001"
    world.faults.clear()
    assert desk() == []


def test_a_used_up_day_is_on_the_desk_until_the_operator_resets_it(world, desk):
    world.faults.plant("quota_day", ALWAYS, SEND)
    assert [_send(), _send()] == ["45009", "45009"]
    assert desk() == [("45009", "")]
    assert world.calls["send"] == 1
    reset_wechat_quota.main([], standalone_mode=False)
    assert (desk(), _send()) == ([], "40003")
    for _ in range(9):
        reset_wechat_quota.main([], standalone_mode=False)
    with pytest.raises(SystemExit, match="48006"):
        reset_wechat_quota.main([], standalone_mode=False)
