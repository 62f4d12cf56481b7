"""WeChat's open platform through our subclass of the wechatpy client.

It repairs what the library gets wrong for a shop: the token race between workers, endless refreshing, log-in that
hangs on the token, calls without a time-out, secrets in exception texts, asking on when a quota is used up.
"""

from __future__ import annotations

import json
import random
import secrets
import time
from typing import Any

import requests
from redis import Redis
from redis.exceptions import RedisError
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException

from config.wechat.given import TIMEOUT_S, WeChatFailed, WeChatSettings
from config.wechat.origin import API, Origin
from config.wechat.refusals import BUSY, Refusals

TOKEN_FAULTS = ("40001", "40014", "42001")
STABLE_TOKEN = "/cgi-bin/stable_token"  # noqa: S105
JSON = {"Content-Type": "application/json"}
LOCK_S, WAIT_S = 10, 0.05
BUSY_PAUSES_S = (0.1, 0.3, 0.9)
"""How long, on average, to wait before each further try when WeChat says that it is busy."""

_UNLOCK = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


class Client(WeChatClient):  # type: ignore[misc]
    """wechatpy's client with one token for all processes and bounded tries.  Every failure is WeChatFailed."""

    def __init__(self, settings: WeChatSettings, redis: Redis) -> None:
        self._redis = redis
        self._name = f"{settings.redis_prefix}:wechat-token:{settings.appid}"
        self._refusals = Refusals(redis, settings.redis_prefix, settings.appid)
        super().__init__(settings.appid, settings.secret, timeout=TIMEOUT_S, auto_retry=False)
        adapter = Origin(settings.api_base)
        self._http.mount("https://", adapter)
        self._http.mount("http://", adapter)

    @property
    def access_token(self) -> str:
        """The shared token; fetched by one process while the others wait."""
        if "_redis" not in vars(self):  # wechatpy looks at every attribute before __init__ ran
            raise AttributeError("access_token")
        return self.refresh(None)

    def refresh(self, bad: str | None) -> str:
        """Replace the token `bad`; a token that is newer than `bad` is kept.  One fetch at a time."""
        try:
            return self._refresh(bad)
        except RedisError:
            away = WeChatFailed("TOKEN_STORE", retryable=True)
        raise away

    def _refresh(self, bad: str | None) -> str:
        mine, until = secrets.token_hex(8), time.monotonic() + LOCK_S
        while time.monotonic() < until:
            if (kept := self._kept()) and kept != bad:
                return kept
            if self._redis.set(f"{self._name}:lock", mine, nx=True, ex=LOCK_S):
                try:
                    return self._fetch(bad)
                finally:
                    self._redis.eval(_UNLOCK, 1, f"{self._name}:lock", mine)
            time.sleep(WAIT_S)
        raise WeChatFailed("TOKEN_WAIT", retryable=True)

    def _kept(self) -> str | None:
        kept = self._redis.get(self._name)
        return kept.decode() if isinstance(kept, bytes) else None

    def _fetch(self, bad: str | None) -> str:
        if (kept := self._kept()) and kept != bad:
            return kept
        said = self.ask_for_token()
        token = str(said["access_token"])
        if token == bad:
            self._refusals.alarm(STABLE_TOKEN, "TOKEN_REFUSED")
            raise WeChatFailed("TOKEN_REFUSED")
        self._redis.set(self._name, token, ex=max(int(said["expires_in"]) - 300, 30))
        return token

    def ask_for_token(self) -> dict[str, Any]:
        """What WeChat says to one question for the token; a good answer ends the alarms about us.

        Normal mode gives the same token during its life, so asking changes nothing (10,000 a minute).
        """
        asked = {"grant_type": "client_credential", "appid": self.appid, "secret": self.secret, "force_refresh": False}
        said = self.ask("POST", STABLE_TOKEN, json=asked)
        if not said.get("access_token"):
            raise WeChatFailed("NO_TOKEN")
        self._refusals.mended()
        return said

    def reset_quota(self) -> None:
        """Begin this app's counts of calls anew: ten times a month, by the secret, for no call may be left.

        Not part of any flow: an operator decides it (`commands.py`).
        """
        self.ask("POST", "/cgi-bin/clear_quota/v2", stops=False, json={"appid": self.appid, "appsecret": self.secret})
        self._refusals.lift()

    def call(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        """One call with the token; `sent` are `params` and `data` or `json`.  Safe in many processes at once.

        A refused token is replaced and the call repeated once; "busy" is repeated three times.

        :raises WeChatFailed: `until` is set while a quota is used up, and then nothing was sent.
        """
        return dict(self._with_token(method, path, sent))

    def picture(self, method: str, path: str, **sent: Any) -> bytes:
        """As `call`, for what answers with a picture.  An answer in JSON is a failure, whatever its status."""
        made = self._with_token(method, path, sent, picture=True)
        if not isinstance(made, bytes):
            raise WeChatFailed("NO_PICTURE")
        return made

    def ask(self, method: str, path: str, *, stops: bool = True, **sent: Any) -> dict[str, Any]:
        """As `call`, for what our secret proves and no token: so a fault of the token stops none of it.

        :param stops: False where one person's haste must not stop everybody.
        """
        if stops:
            self._refusals.check(path)
        return dict(self._patiently(method, path, None, sent, stops=stops))

    def _with_token(self, method: str, path: str, sent: dict[str, Any], *, picture: bool = False) -> Any:
        self._refusals.check(path)
        token = self.access_token
        try:
            return self._patiently(method, path, token, sent, picture=picture)
        except WeChatFailed as failed:
            if failed.code not in TOKEN_FAULTS:
                raise
        return self._patiently(method, path, self.refresh(token), sent, picture=picture)

    def _patiently(self, method: str, path: str, token: str | None, sent: dict[str, Any], **how: bool) -> Any:
        for pause_s in BUSY_PAUSES_S:
            try:
                return self._once(method, path, token, sent, **how)
            except WeChatFailed as failed:
                if failed.code != BUSY:
                    raise
            time.sleep(pause_s * random.uniform(0.5, 1.5))  # noqa: S311
        return self._once(method, path, token, sent, **how)

    def _once(
        self,
        method: str,
        path: str,
        token: str | None,
        sent: dict[str, Any],
        *,
        picture: bool = False,
        stops: bool = True,
    ) -> Any:
        """One request.  What fails is raised outside `except`, so that no request, whose address has secrets, hangs on
        the failure.
        """
        params = {**sent.get("params", {}), **({"access_token": token} if token else {})}
        data = sent.get("data")
        if "json" in sent:  # WeChat shows what is escaped as it stands, so nothing is
            data = json.dumps(sent["json"], ensure_ascii=False).encode()
        said: Any = None
        failed = WeChatFailed("NOT_JSON")
        try:
            answer = self._http.request(method, API + path, params=params, data=data, headers=JSON)
            answer.raise_for_status()
            if picture and answer.headers.get("Content-Type", "").startswith("image/"):
                return answer.content
            said = self._handle_result(answer, method, path)
        except WeChatClientException as error:
            failed = self._refusals.judge(path, str(error.errcode), str(error.errmsg), stops=stops)
        except requests.HTTPError as error:
            failed = WeChatFailed("HTTPError", retryable=error.response.status_code >= 500)
        except requests.RequestException as error:
            failed = WeChatFailed(type(error).__name__, retryable=True)
        except (ValueError, TypeError):  # an errcode that is no number
            said = None
        if not isinstance(said, dict):
            raise failed
        return said
