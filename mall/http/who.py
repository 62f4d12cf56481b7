"""Who is shopping: a guest, or the member behind a bearer token."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g, request

from config import clock
from config.errors import NotSignedIn
from config.http import session
from member import secrets, sessions


@dataclass(frozen=True, slots=True)
class Shopper:
    """A signed-in customer of the mini-program."""

    member_id: int
    openid_sealed: bytes
    permissions: frozenset[str] = frozenset({"mall.order"})

    @property
    def actor(self) -> str:
        """How the journal names this person."""
        return f"member:{self.member_id}"

    @property
    def openid(self) -> str:
        """The openid that WeChat Pay asks for."""
        return secrets.open_sealed(self.openid_sealed).decode()


def bearer() -> str:
    """The token of this request, or an empty text."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme == "Bearer" else ""


def identify() -> Shopper | None:
    """The signed-in customer, or None for a guest; a guest may browse."""
    token = bearer()
    if not token:
        return None
    found = sessions.who(session(), token, now=clock.now())
    return Shopper(*found) if found else None


def me() -> Shopper:
    """The signed-in customer; raises NotSignedIn."""
    if g.caller is None:
        raise NotSignedIn()
    return g.caller  # type: ignore[no-any-return]


def address() -> str:
    """Where the request came from: what our own proxy wrote last, or the peer where there is none."""
    return request.access_route[-1] if request.access_route else request.remote_addr or "127.0.0.1"
