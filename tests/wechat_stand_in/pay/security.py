"""WeChat's own test of a merchant's signing and encryption (`/v3/security/echo`)."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.hashes import SHA1
from flask import Response, request

from tests.wechat_stand_in.pay.answers import answer, blueprint, refuse, the_notifier, the_world

bp = blueprint("security")


@bp.post("/v3/security/echo")
def echo() -> Response:
    world, said = the_world(), request.get_json()
    signer = world.trust.of_answer(request.headers.get("Wechatpay-Serial", ""), world.now())
    if not said.get("echo_message"):
        return refuse(world, "PARAM_ERROR: echo_message")
    told = {"echo_message": said["echo_message"]}
    if sealed := said.get("encrypted_echo_message"):
        try:
            plain = signer.key.decrypt(base64.b64decode(sealed), OAEP(MGF1(SHA1()), SHA1(), None)).decode()
        except ValueError:
            return refuse(world, "PARAM_ERROR: encrypted_echo_message is sealed for another key")
        if plain != said["echo_message"]:
            return refuse(world, "PARAM_ERROR: encrypted_echo_message says something else")
        public = world.keys.merchant.public_key()
        told["encrypted_echo_message"] = base64.b64encode(
            public.encrypt(plain.encode(), OAEP(MGF1(SHA1()), SHA1(), None))
        ).decode()
    if said.get("notify_url"):
        the_notifier().tell(
            said["notify_url"], "SECURITY_ECHO.SUCCESS", "security-echo", {"echo_message": told["echo_message"]}
        )
    return answer(world, 200, told)
