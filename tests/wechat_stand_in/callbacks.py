"""Pushes to the message address of an app: really encrypted (AES mode), as XML or JSON, repeated until answered.

The address is set as in the console (`configure`), which asks it to echo a text first.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from typing import Any

import requests
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.wechat_stand_in.world import World

AGAIN_S, TIMES = 5, 4
"""The first delivery and three more, each five seconds after the last went without an answer."""
ACCOUNTS = {"service": "gh_7f083739789a", "mini": "gh_870882ca4b1"}


def signature(*parts: str) -> str:
    """SHA-1 over the parts, sorted."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def seal(text: bytes, aes_key: str, appid: str) -> str:
    """16 random bytes, the length, the text and the appid, padded to 32, AES-256-CBC with the key's first half."""
    key = base64.b64decode(aes_key + "=")
    plain = secrets.token_bytes(16) + len(text).to_bytes(4, "big") + text + appid.encode()
    fill = 32 - len(plain) % 32
    sealing = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(sealing.update(plain + bytes([fill]) * fill) + sealing.finalize()).decode()


def as_xml(said: dict[str, Any]) -> str:
    """A push as XML: numbers bare, texts in CDATA, lists as repeated elements."""

    def element(name: str, value: Any) -> str:
        if isinstance(value, list):
            return "".join(element(name, one) for one in value)
        if isinstance(value, dict):
            inner = "".join(element(key, one) for key, one in value.items())
        elif isinstance(value, int):
            inner = str(value)
        else:
            inner = "<![CDATA[" + str(value).replace("]]>", "]]]]><![CDATA[>") + "]]>"
        return f"<{name}>{inner}</{name}>"

    return element("xml", said)


class Callbacks:
    """Delivers pushes in a thread of its own, on the stand-in's clock."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.waiting: list[dict[str, Any]] = []
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="callbacks")

    def configure(self, app: str, url: str, *, form: str = "xml") -> bool:
        """Set an app's message address and form (`xml`, `json`); False when the address does not echo."""
        given, echo = self.world.credentials(app), secrets.token_hex(8)
        stamp, nonce = str(int(time.time())), secrets.token_hex(5)
        asked = {"signature": signature(given["push_token"], stamp, nonce), "timestamp": stamp, "nonce": nonce}
        try:
            answer = requests.get(url, params={**asked, "echostr": echo}, timeout=5)
        except requests.RequestException:
            return False
        if (answer.status_code, answer.text) != (200, echo):
            return False
        with self.world.lock:
            self.world.callbacks[app] = {"url": url, "form": form}
            if not self._thread.is_alive():
                self._thread.start()
        return True

    def push(self, app: str, openid: str, **said: Any) -> dict[str, Any]:
        """Queue a push from a person to an app; what is kept of it: `{app, said, tries, answers, done}`.

        A person does one thing a second: repeats are told by sender and second.
        """
        before = max((one["said"]["CreateTime"] for one in self.world.pushes if one["openid"] == openid), default=0)
        at = max(int(time.time()), before + 1)
        whole = {"ToUserName": ACCOUNTS[app], "FromUserName": openid, "CreateTime": at, **said}
        one = {
            "app": app,
            "openid": openid,
            "said": whole,
            "tries": 0,
            "answers": [],
            "at": self.world.now(),
            "done": False,
        }
        with self.world.lock:
            self.world.pushes.append(one)
            if app in self.world.callbacks:
                self.waiting.append(one)
        return one

    def _run(self) -> None:
        while not self.stopping.wait(0.05):
            with self.world.lock:
                due = [one for one in self.waiting if one["at"] <= self.world.now()]
            for one in due:
                self._deliver(one)

    def _deliver(self, one: dict[str, Any]) -> None:
        status, text = self.send(one["app"], one["said"])
        taken = status == 200 and text in ("success", "") and not self.world.take_fault("push_answer_lost")
        if status == 200 and text not in ("success", ""):
            self.world.violations.append(f"callback answered {text[:40]!r}, neither success nor nothing")
        with self.world.lock:
            one["tries"] += 1
            one["answers"].append(status)
            one["done"] = taken or one["tries"] >= TIMES
            if one["done"]:
                self.waiting.remove(one)
            else:
                one["at"] = self.world.now() + AGAIN_S

    def sealed(self, app: str, text: bytes, *, form: str, age_s: int = 0) -> tuple[dict[str, str], bytes]:
        """Query and body of one delivery; each is sealed and signed anew."""
        given = self.world.credentials(app)
        stamp, nonce = str(int(time.time()) - age_s), secrets.token_hex(5)
        hidden = seal(text, given["push_aes_key"], given["appid"])
        query = {
            "signature": signature(given["push_token"], stamp, nonce),
            "timestamp": stamp,
            "nonce": nonce,
            "encrypt_type": "aes",
            "msg_signature": signature(given["push_token"], stamp, nonce, hidden),
        }
        outer = {"ToUserName": ACCOUNTS[app], "Encrypt": hidden}
        return query, (json.dumps(outer) if form == "json" else as_xml(outer)).encode()

    def send(self, app: str, said: dict[str, Any]) -> tuple[int, str]:
        """One delivery now; status and body of the answer, 0 when there was none within five seconds."""
        where = self.world.callbacks[app]
        plain = json.dumps(said, ensure_ascii=False) if where["form"] == "json" else as_xml(said)
        query, body = self.sealed(app, plain.encode(), form=where["form"])
        kind = {"json": "application/json", "xml": "text/xml"}[where["form"]]
        asked = {**query, "openid": said["FromUserName"]}
        try:
            answer = requests.post(where["url"], params=asked, data=body, timeout=5, headers={"Content-Type": kind})
        except requests.RequestException:
            return 0, ""
        return answer.status_code, answer.text
