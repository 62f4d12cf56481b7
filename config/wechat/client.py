"""WeChat's open platform through our subclass of the wechatpy client.

It repairs what the library gets wrong for a shop: the token race between workers, endless
refreshing, log-in that hangs on the token, calls without a time-out, secrets in exception texts.
"""

from __future__ import annotations

import secrets
import time
from typing import Any

import requests
from redis import Redis
from requests.adapters import HTTPAdapter
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException

from config.wechat.given import TIMEOUT_S, WeChatFailed, WeChatSettings

API = "https://api.weixin.qq.com"
TOKEN_FAULTS = {40001, 40014, 42001}
LOCK_S, WAIT_S = 10, 0.05

_UNLOCK = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


class Origin(HTTPAdapter):
    """Sends what is addressed to WeChat to a configured origin, with a time-out on every call."""

    def __init__(self, base: str) -> None:
        self.base = base.rstrip("/")
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Rewrite the origin and give the call a time-out where it has none."""
        assert request.url is not None
        if request.url.startswith(API):
            request.url = self.base + request.url[len(API) :]
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = TIMEOUT_S
        return super().send(request, *args, **kwargs)


class Client(WeChatClient):  # type: ignore[misc]
    """wechatpy's client with one token for all processes and at most one retry."""

    def __init__(self, settings: WeChatSettings, redis: Redis) -> None:
        self._redis = redis
        self._name = f"{settings.redis_prefix}:wechat-token:{settings.appid}"
        super().__init__(settings.appid, settings.secret, timeout=TIMEOUT_S, auto_retry=False)
        adapter = Origin(settings.api_base)
        self._http.mount("https://", adapter)
        self._http.mount("http://", adapter)

    @property
    def access_token(self) -> str:
        """The shared token; fetched by one process while the others wait."""
        if "_redis" not in vars(self):  # wechatpy looks at every attribute before __init__ ran
            raise AttributeError("access_token")
        kept = self._redis.get(self._name)
        return kept.decode() if isinstance(kept, bytes) else self.refresh(None)

    def refresh(self, bad: str | None) -> str:
        """Replace the token `bad`; a token that is newer than `bad` is kept.  One fetch at a time."""
        mine, until = secrets.token_hex(8), time.monotonic() + LOCK_S
        while time.monotonic() < until:
            kept = self._redis.get(self._name)
            if isinstance(kept, bytes) and kept.decode() != bad:
                return kept.decode()
            if self._redis.set(f"{self._name}:lock", mine, nx=True, ex=LOCK_S):
                try:
                    return self._fetch(bad)
                finally:
                    self._redis.eval(_UNLOCK, 1, f"{self._name}:lock", mine)
            time.sleep(WAIT_S)
        raise WeChatFailed("TOKEN_WAIT", retryable=True)

    def _fetch(self, bad: str | None) -> str:
        kept = self._redis.get(self._name)
        if isinstance(kept, bytes) and kept.decode() != bad:
            return kept.decode()
        asked = {"grant_type": "client_credential", "appid": self.appid, "secret": self.secret, "force_refresh": False}
        try:
            answer = self._http.post(f"{API}/cgi-bin/stable_token", json=asked)
            answer.raise_for_status()
            said = answer.json()
        except requests.RequestException as error:
            raise WeChatFailed(type(error).__name__, retryable=True) from None
        if not isinstance(said, dict) or not (said.get("errcode") or said.get("access_token")):
            raise WeChatFailed("NO_TOKEN")
        if said.get("errcode"):
            raise WeChatFailed(str(said["errcode"]), retryable=said["errcode"] in (-1, 45011))
        token = str(said["access_token"])
        if token == bad:
            raise WeChatFailed("TOKEN_REFUSED")
        self._redis.set(self._name, token, ex=max(int(said["expires_in"]) - 300, 30))
        return token

    def call(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        """One call with the token; a refused token is replaced and the call repeated once."""
        token = self.access_token
        try:
            return self._once(method, path, token, sent)
        except WeChatFailed as failed:
            if failed.code not in {str(code) for code in TOKEN_FAULTS}:
                raise
        return self._once(method, path, self.refresh(token), sent)

    def _once(self, method: str, path: str, token: str | None, sent: dict[str, Any]) -> dict[str, Any]:
        params = {**sent.get("params", {}), **({"access_token": token} if token else {})}
        try:
            answer = self._http.request(method, API + path, params=params, data=sent.get("data"))
            answer.raise_for_status()
            said = self._handle_result(answer, method, path)
        except WeChatClientException as error:
            raise WeChatFailed(str(error.errcode), retryable=error.errcode in (-1, 45011)) from None
        except requests.RequestException as error:
            raise WeChatFailed(type(error).__name__, retryable=True) from None
        if not isinstance(said, dict):
            raise WeChatFailed("NOT_JSON")
        return said
