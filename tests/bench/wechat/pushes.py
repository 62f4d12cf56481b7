"""P7 to P10: what WeChat pushes to us, and what we say back."""

from __future__ import annotations

import base64
import json
import secrets
import time
import xml.parsers.expat
from typing import Any

import xmltodict
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidAppIdException, InvalidSignatureException
from wechatpy.messages import UnknownMessage
from wechatpy.replies import TextReply

from config.wechat.accounts import Talks
from config.wechat.callback import Callback, PushRefused
from config.wechat.events import consents, revoked
from tests.bench.wechat.row import Here, Row
from tests.wechat_stand_in.callbacks import as_xml, seal, signature

PERSON = "oTongdian0001"
SPOKEN = "a]]><b>&amp; 😀"
EVENT = {"ToUserName": "gh_1", "FromUserName": "o1", "CreateTime": 1_796_000_000, "MsgType": "event"}
NEW = (
    EVENT | {"Event": "subscribe_msg_popup_event", "SubscribeMsgPopupEvent": {"List": [
        {"TemplateId": "t1", "SubscribeStatusString": "accept", "PopupScene": "1"}]}},
    EVENT | {"Event": "user_authorization_revoke", "OpenID": "o1", "RevokeInfo": "1,301"},
    EVENT | {"Event": "trade_manage_order_settlement", "transaction_id": "42"},
)  # fmt: skip


def _raw_sealed(own: dict[str, str], plain: bytes) -> str:
    """Any bytes under the key, with no padding but theirs."""
    key = base64.b64decode(own["push_aes_key"] + "=")
    sealing = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(sealing.update(plain) + sealing.finalize()).decode()


def _malformed(own: dict[str, str]) -> list[str]:
    """What is signed as it should be and is no push inside."""
    texts = (b"", b"<xml>", b"[]", b"{}", b"\xff\xfe", b"<xml><MsgType>text</MsgType></xml>")
    sealed = [seal(text, own["push_aes_key"], own["appid"]) for text in texts]
    return [*sealed, "AAAA", "no base64!", *(_raw_sealed(own, bytes([fill]) * 32) for fill in (0, 3, 32, 255))]


def _pushed(own: dict[str, str], hidden: str) -> tuple[dict[str, str], bytes]:
    stamp, nonce = str(int(time.time())), secrets.token_hex(5)
    signed = signature(own["push_token"], stamp, nonce, hidden)
    query = {"timestamp": stamp, "nonce": nonce, "encrypt_type": "aes", "msg_signature": signed}
    return query, as_xml({"Encrypt": hidden}).encode()


def _raw_read(own: dict[str, str], hidden: str) -> Any:
    query, body = _pushed(own, hidden)
    crypto = WeChatCrypto(own["push_token"], own["push_aes_key"], own["appid"])
    return parse_message(crypto.decrypt_message(body, query["msg_signature"], query["timestamp"], query["nonce"]))


def _our_read(own: dict[str, str], hidden: str) -> Any:
    callback = Callback("service", own["appid"], own["push_token"], own["push_aes_key"])
    return callback.read(*_pushed(own, hidden))


def _kinds(here: Here, read: Any, expected: tuple[type[Exception], ...]) -> int:
    own, kinds = here.world.keys.service, set()
    for hidden in _malformed(own):
        try:
            read(own, hidden)
        except expected:
            pass
        except Exception as error:
            kinds.add(type(error).__name__)
    return len(kinds)


def _raw_reply(_here: Here) -> str:
    try:
        said = xmltodict.parse(TextReply(content=SPOKEN, source="a", target="b").render())["xml"]["Content"]
    except xml.parsers.expat.ExpatError:
        return "broken XML"
    return "whole" if said == SPOKEN else "changed"


def _our_reply(here: Here) -> str:
    """We answer by a customer-service message: the text reaches the person as it was."""
    here.world.windows[f"{PERSON}:mini"] = {"text": {"left": 1, "until": here.world.now() + 60}}
    Talks(here.ours()).send(PERSON, {"msgtype": "text", "text": {"content": SPOKEN}})
    return "whole" if SPOKEN in json.dumps(here.world.talks, ensure_ascii=False) else "changed"


def _empty_padding(here: Here, read: Any) -> str:
    """A body whose last byte says that nothing is padding."""
    own = here.world.keys.service
    try:
        read(own, _raw_sealed(own, b"\0" * 64))
    except (PushRefused, InvalidSignatureException, InvalidAppIdException) as error:
        return f"refused: {getattr(error, 'why', type(error).__name__)}"
    except Exception as error:
        return f"taken on trust ({type(error).__name__})"
    return "read"


def _raw_events(_here: Here) -> str:
    known = [not isinstance(parse_message(as_xml(one)), UnknownMessage) for one in NEW]
    return f"{sum(known)} of {len(NEW)}"


def _our_events(here: Here) -> str:
    own = here.world.keys.service
    read = [_our_read(own, seal(as_xml(one).encode(), own["push_aes_key"], own["appid"])) for one in NEW]
    known = (consents(read[0])[0].given, revoked(read[1]).what == ("1", "301"), read[2].text("transaction_id") == "42")
    return f"{sum(known)} of {len(NEW)}"


ROWS = (
    Row(
        "P7", "malformed pushes, rightly signed", "kinds of exceptions that nobody announced",
        lambda here: _kinds(here, _raw_read, (InvalidSignatureException, InvalidAppIdException)),
        lambda here: _kinds(here, _our_read, (PushRefused,)),
        "0", lambda ours: ours == 0,
    ),
    Row("P8", "`]]>` in what is said back", "the text", _raw_reply, _our_reply, "whole", lambda ours: ours == "whole"),
    Row(
        "P9", "a padding of nothing", "outcome",
        lambda here: _empty_padding(here, _raw_read), lambda here: _empty_padding(here, _our_read),
        "refused: padding", lambda ours: ours == "refused: padding",
    ),
    Row("P10", "newer events", "read", _raw_events, _our_events, "3 of 3", lambda ours: ours == "3 of 3"),
)  # fmt: skip
