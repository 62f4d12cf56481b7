"""Refused: what the business may say no with."""

from __future__ import annotations

from typing import Any, ClassVar


class Refused(Exception):
    """The business says no.  `code` is stable and public; `facts` let the face say what to do next.

    Every code has its sentence in `config/locale/*.json` under `refused.<code>`; a test holds this.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409

    def __init__(self, **facts: Any) -> None:
        super().__init__(self.code, facts)
        self.facts = facts


class Malformed(Refused):
    """The input is not of the form the endpoint documents; `fields` names each fault."""

    code, status = "malformed", 422


class NotFound(Refused):
    """There is no such thing, or not for this person."""

    code, status = "not_found", 404


class NotSignedIn(Refused):
    """The caller must sign in first."""

    code, status = "not_signed_in", 401


class NotPermitted(Refused):
    """The caller's role does not hold the permission named in the facts."""

    code, status = "not_permitted", 403


class RequestIdReused(Refused):
    """The same `request_id` came with another body: the client made a mistake, nothing was done."""

    code, status = "request_id_reused", 422


class WrongState(Refused):
    """The order (or shift, or payment) is not where this step may start from."""

    code = "wrong_state"


class TooManyTries(Refused):
    """Too many failed attempts at a secret; `retry_at` says when the next is taken."""

    code, status = "too_many_tries", 429


class WeChatBusy(Refused):
    """WeChat did not answer in time; nothing is lost and the same request may be repeated."""

    code, status = "wechat_busy", 503
