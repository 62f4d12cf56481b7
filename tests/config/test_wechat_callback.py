"""What WeChat pushes, judged on raw bytes (wechat.md 1.1 P7-P10, 2.3)."""

from __future__ import annotations

import base64
import json
import secrets
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.wechat import events
from config.wechat.callback import Callback, PushRefused
from tests.wechat_stand_in.callbacks import Callbacks, as_xml, seal, signature

SAID = {
    "ToUserName": "gh_7f083739789a",
    "FromUserName": "oService0001",
    "CreateTime": 1_796_000_000,
    "MsgType": "text",
    "Content": "积分 ]]> \u2028 <b>&amp; 😀",
    "MsgId": 24_500_000_000_001,
}


@pytest.fixture
def pushing(wechat):
    return Callbacks(wechat.world)


@pytest.fixture
def callback(wechat):
    own = wechat.world.keys.service
    return Callback("service", own["appid"], own["push_token"], own["push_aes_key"])


def _plain(said, form):
    return (json.dumps(said) if form == "json" else as_xml(said)).encode()


@pytest.mark.parametrize("form", ["xml", "json"])
def test_a_genuine_push_is_read_alike_in_both_forms(pushing, callback, form):
    query, body = pushing.sealed("service", _plain(SAID, form), form=form)
    push = callback.read(query, body)
    assert (push.openid, push.kind, push.event, push.created) == ("oService0001", "text", "", 1_796_000_000)
    assert push.text("Content") == SAID["Content"]
    again, other = pushing.sealed("service", _plain(SAID | {"MsgId": 2}, form), form=form)
    assert callback.read(*pushing.sealed("service", _plain(SAID, form), form=form)).key == push.key
    assert callback.read(again, other).key != push.key


def test_events_of_one_second_are_told_apart_and_repeats_are_not(pushing, callback):
    event = {**SAID, "MsgType": "event", "Event": "SCAN", "EventKey": "1-2-AAAAAAAA"}
    del event["MsgId"], event["Content"]

    def key(**more):
        return callback.read(*pushing.sealed("service", _plain({**event, **more}, "xml"), form="xml")).key

    assert key() == key()
    assert len({key(), key(EventKey="1-3-AAAAAAAA"), key(CreateTime=1), key(FromUserName="x"), key(Event="VIEW")}) == 5


@pytest.mark.parametrize("age_s", [301, -301, 86_400])
def test_a_push_of_another_time_is_stale_however_well_it_is_signed(pushing, callback, age_s):
    with pytest.raises(PushRefused, match="stale"):
        callback.read(*pushing.sealed("service", _plain(SAID, "xml"), form="xml", age_s=age_s))
    assert callback.read(*pushing.sealed("service", _plain(SAID, "xml"), form="xml", age_s=295))


def test_the_push_of_another_app_is_refused_even_with_our_keys(wechat, pushing):
    own = wechat.world.keys.service
    other = Callback("service", "wx0000000000000000", own["push_token"], own["push_aes_key"])
    with pytest.raises(PushRefused, match="appid"):
        other.read(*pushing.sealed("service", _plain(SAID, "xml"), form="xml"))


def _signed(own, hidden, form="json"):
    """A query and body that WeChat's token signs, whatever `hidden` is."""
    stamp, nonce = str(int(time.time())), secrets.token_hex(5)
    signed = signature(own["push_token"], stamp, nonce, str(hidden))
    query = {"timestamp": stamp, "nonce": nonce, "encrypt_type": "aes", "msg_signature": signed}
    return query, (json.dumps({"Encrypt": hidden}) if form == "json" else as_xml({"Encrypt": hidden})).encode()


def _raw(own, plain):
    """Any bytes under the key, without padding of ours."""
    key = base64.b64decode(own["push_aes_key"] + "=")
    sealing = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(sealing.update(plain) + sealing.finalize()).decode()


NOTHING: list[Any] = ["", None, [], {}, "x" * 200, -1, "<script>"]


def _malformed(own):
    appid = own["appid"].encode()
    head = b"r" * 16
    yield from (seal(text, own["push_aes_key"], own["appid"]) for text in (
        b"", b"<xml>", b"<xml/>", b"[]", b"{}", b"\xff\xfe", b"{" * 20_000, b'{"a":' * 9_000, b"<a>" * 9_000, b"nil",
        b'<!DOCTYPE x [<!ENTITY a "b">]><xml><MsgType>&a;</MsgType></xml>',
        *(_plain({**SAID, name: value}, "json") for name in ("FromUserName", "MsgType", "CreateTime")
          for value in NOTHING),
    ))  # fmt: skip
    yield from (_raw(own, plain) for plain in (
        head + b"\0" * 16, head + b"\xff" * 16, head + (9).to_bytes(4, "big") + b"12" + appid + b"\x01",
        (head + (1 << 31).to_bytes(4, "big") + appid).ljust(64, b"\x20"), b"\x20" * 32, b"\x21" * 64,
    ) if len(plain) % 16 == 0)  # fmt: skip
    yield from ("", "!", "AAAA", "=", "é", 5, None, [], {}, "A" * 60_000)


def test_whatever_is_malformed_but_signed_is_one_refusal(wechat, callback):
    own, tried = wechat.world.keys.service, 0
    for hidden in _malformed(own):
        with pytest.raises(PushRefused):
            callback.read(*_signed(own, hidden))
        tried += 1
    assert tried > 40


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), form=st.sampled_from(["xml", "json"]))
def test_a_changed_push_is_one_refusal(pushing, callback, data, form):
    query, body = pushing.sealed("service", _plain(SAID, form), form=form)
    part = data.draw(st.sampled_from(["byte", "cut", "query", "drop", "junk"]))
    hidden = (body.index(b"Encrypt") + 12, len(body) - 30)  # outside of it nothing is signed
    if part == "byte":
        place = data.draw(st.integers(*hidden))
        body = body[:place] + bytes([body[place] ^ data.draw(st.integers(1, 255))]) + body[place + 1 :]
    elif part == "cut":
        body = body[: data.draw(st.integers(0, hidden[1]))]
    elif part == "junk":
        body = data.draw(st.binary(max_size=200))
    else:
        name = data.draw(st.sampled_from(["timestamp", "nonce", "encrypt_type", "msg_signature"]))
        query = {key: value for key, value in query.items() if key != name}
        if part == "query":
            query[name] = data.draw(st.text(max_size=40))
    with pytest.raises(PushRefused):
        callback.read(query, body)


def test_an_address_is_echoed_only_to_whoever_has_the_token(wechat, callback):
    stamp, nonce = str(int(time.time())), "n1"
    query = {"timestamp": stamp, "nonce": nonce, "echostr": "58412"}
    good = signature(wechat.world.keys.service["push_token"], stamp, nonce)
    assert callback.echo({**query, "signature": good}) == "58412"
    for wrong in (
        {"signature": good[::-1]}, {"signature": good, "echostr": "<script>"}, {},
        {"signature": good, "nonce": "n2"}, {"signature": good, "timestamp": "1"},
    ):  # fmt: skip
        with pytest.raises(PushRefused):
            callback.echo({**query, **wrong})


@pytest.mark.parametrize("form", ["xml", "json"])
@pytest.mark.parametrize("many", [1, 2])
def test_events_that_the_library_does_not_know_are_read_in_both_forms(wechat, pushing, form, many):
    from tests.wechat_stand_in.conversation import Conversation

    wechat.world.callbacks["mini"] = {"form": form}
    person, app = Conversation(wechat.world, pushing), wechat.world.keys.given
    callback = Callback("mini", app["appid"], app["push_token"], app["push_aes_key"])
    pushing.waiting.clear()

    def read(made):
        return callback.read(*pushing.sealed("mini", _plain(made["said"], form), form=form))

    answers = {f"T{number}": number == 0 for number in range(many)}
    asked = read(person.answer("oTongdian0001", answers))
    assert {one.template_id: one.given for one in events.consents(asked)} == answers
    later = read(person.refuse_later("oTongdian0001", *answers))
    assert [one.given for one in events.consents(later)] == [False] * many
    sent = read(person.sent("oTongdian0001", "T0", "77", code="43101", status="reject"))
    assert events.sent(sent) == [events.Sent("T0", "77", "43101", "reject")]
    assert events.revoked(read(person.revoke("oTongdian0001"))).what == ("301", "302")
