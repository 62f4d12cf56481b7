"""One delivery of a notice: sealed, signed, and spoilt as a planted fault says."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.wechat_stand_in.trust import LISTED_BEFORE_S, Signer
from tests.wechat_stand_in.world import World


@dataclass
class Draft:
    """What is about to be signed and sent; a fault changes it."""

    body: dict[str, Any]
    plain: dict[str, Any]
    label: str
    signer: Signer
    stamp: int
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))
    apiv3_key: str | None = None
    content_type: str = "application/json"
    lower_case: bool = False
    spoil: Callable[[str], str] = str
    cut: int = 0

    def signed(self, world: World) -> tuple[dict[str, str], bytes]:
        """Headers and raw body."""
        sealed = world.keys.seal(json.dumps(self.plain), self.label, key=self.apiv3_key)
        text = json.dumps(self.body | {"resource": sealed}, ensure_ascii=False)
        headers = {
            "Content-Type": self.content_type,
            "Wechatpay-Serial": self.signer.serial,
            "Wechatpay-Signature": self.spoil(self.signer.sign(f"{self.stamp}\n{self.nonce}\n{text}\n")),
            "Wechatpay-Timestamp": str(self.stamp),
            "Wechatpay-Nonce": self.nonce,
            "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        }
        if self.lower_case:
            headers = {name.lower(): value for name, value in headers.items()}
        raw = text.encode()
        return headers, raw[: len(raw) - self.cut]


def draft(world: World, body: dict[str, Any], plain: dict[str, Any], label: str, *, age_s: float = 0) -> Draft:
    """A delivery as it should be, as old as is said."""
    return Draft(body, dict(plain), label, world.trust.of_notice(world.now()), int(time.time() - age_s))


def _wrong(path: tuple[str, ...], change: Callable[[Any], Any]) -> Callable[[World, Draft], None]:
    def strike(_world: World, one: Draft) -> None:
        one.plain = json.loads(json.dumps(one.plain))
        inner = one.plain
        for name in path[:-1]:
            inner = inner[name]
        inner[path[-1]] = change(inner.get(path[-1]))

    return strike


def _set(**given: Any) -> Callable[[World, Draft], None]:
    def strike(_world: World, one: Draft) -> None:
        for name, value in given.items():
            setattr(one, name, value)

    return strike


def _unknown_serial(_world: World, one: Draft) -> None:
    one.signer = Signer(secrets.token_hex(20).upper(), one.signer.key)


def _rotated(world: World, one: Draft) -> None:
    """Signed with a certificate that is listed, and that the shop has not fetched yet."""
    world.trust.use("certificate" if world.trust.mode == "certificate" else "both", now=world.now() - LISTED_BEFORE_S)
    one.signer = world.trust.rotate(world.now() - LISTED_BEFORE_S)


STRIKES: dict[str, Callable[[World, Draft], None]] = {
    "notice_forged": _set(spoil=lambda signature: signature[::-1]),
    "notice_signtest": _set(spoil=lambda signature: "WECHATPAY/SIGNTEST/" + signature[19:]),
    "notice_wrong_amount": _wrong(("amount", "total"), lambda fen: fen + 1),
    "notice_wrong_mchid": _wrong(("mchid",), lambda _: "1900000999"),
    "notice_wrong_appid": _wrong(("appid",), lambda _: "wxanother"),
    "notice_unknown_serial": _unknown_serial,
    "notice_rotated": _rotated,
    "notice_wrong_key": _set(apiv3_key="0" * 32),
    "notice_truncated": _set(cut=7),
    "notice_wrong_type": _set(content_type="text/plain"),
    "notice_lower_case": _set(lower_case=True),
}
"""Faults of one delivery; the next repeat is as it should be."""
