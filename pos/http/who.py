"""Who stands at the counter: the staff cookie and the till's token."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache

from cachetools import TTLCache
from flask import g, request
from werkzeug.http import parse_cookie

from config import clock
from config.errors import Malformed, NotPermitted, NotSignedIn, Refused
from config.http import session
from trade.stores import staff, tills
from trade.stores.staff import StaffCard
from trade.stores.tills import TillCard

COOKIE = "td_staff"
CACHED_S = 5
_staff: TTLCache[str, StaffCard] = TTLCache(4096, CACHED_S)
_tills: TTLCache[str, TillCard] = TTLCache(4096, CACHED_S)
"""Looking a token up costs a round trip a scan; a sign-out elsewhere therefore takes up to 5 s to count."""


class NoTill(Refused):
    """This device is not registered as a till; a manager registers it once."""

    code, status = "no_till", 401


class CsrfMissing(Refused):
    """A write came without the header that only our own pages send."""

    code, status = "csrf_missing", 403


@lru_cache(256)
def _token(cookies: str) -> str | None:
    """Our cookie's value; taking the header apart costs as much as all the rest of finding the caller."""
    return parse_cookie(cookies).get(COOKIE)


def identify() -> StaffCard | None:
    """The signed-in member of staff; a write must carry `X-Tongdian`, which no foreign page can send."""
    asked = request.environ
    token = _token(asked.get("HTTP_COOKIE", ""))
    if asked["REQUEST_METHOD"] != "GET" and "HTTP_X_TONGDIAN" not in asked:
        raise CsrfMissing()
    if not token:
        return None
    known = _staff.get(token)
    if known is None:
        known = staff.of_session(session(), token, now=clock.now())
        if known is not None:
            _staff[token] = known
    return known


def forget(token: str) -> None:
    """Forget a token at once in this worker (sign-out, PIN switch)."""
    _staff.pop(token, None)


def till() -> TillCard:
    """The till this device is registered as; raises NoTill."""
    token = request.environ.get("HTTP_X_TILL_TOKEN", "")
    known = _tills.get(token)
    if known is None:
        known = tills.of_token(session(), token) if token else None
        if known is None:
            raise NoTill()
        _tills[token] = known
    caller = g.caller
    if caller is not None and caller.store_id not in (None, known.store_id):
        raise NotPermitted(permission="other_store")
    return known


def store() -> int:
    """The store where one stands: this till's, or at a desk one's own."""
    try:
        return till().store_id
    except NoTill:
        return own_store()


def me() -> StaffCard:
    """The signed-in member of staff; raises NotSignedIn."""
    if g.caller is None:
        raise NotSignedIn()
    return g.caller  # type: ignore[no-any-return]


def own_store() -> int:
    """The store this person works in; the head office has none."""
    store_id = me().store_id
    if store_id is None:
        raise NotPermitted(permission="own_store")
    return store_id


def store_of(named: int | None) -> int:
    """The store that is asked about: one's own, or for the head office the one it names."""
    own = me().store_id
    if own is not None:
        return own
    if named is None:
        raise Malformed(fields={"store_id": "which store"})
    return named


SIGNED_IN_FOR: timedelta = staff.SESSION_FOR
