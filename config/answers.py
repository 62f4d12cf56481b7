"""JSON answers, and the Flask that gives them without asking at every request for what no face of ours has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import orjson
from apiflask import APIFlask
from flask import Response
from flask.json.provider import JSONProvider
from flask.sessions import NullSession, SessionInterface
from werkzeug.datastructures import Headers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ALWAYS = (("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "same-origin"))
_JSON = [("Content-Type", "application/json"), *ALWAYS, ("Cache-Control", "no-store")]


class Answer(Response):
    """A JSON body with all its headers from the start, sent as it is.

    Nothing depends on the request but the body, which HEAD does not get; Werkzeug copies the headers and wraps the body
    for cases that a JSON answer cannot be, at 10 us a time.
    """

    def __init__(self, body: bytes) -> None:
        super().__init__(body, headers=Headers(_JSON))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Start the answer and give its body."""
        start_response(self.status, self.headers.to_wsgi_list())
        return () if environ["REQUEST_METHOD"] == "HEAD" else self.response  # type: ignore[return-value]


class OrjsonProvider(JSONProvider):
    """JSON by orjson: UTF-8 as it is, keys in their order."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """As text."""
        return orjson.dumps(obj, **kwargs).decode()

    def loads(self, s: str | bytes, **_kwargs: Any) -> Any:
        """From text."""
        return orjson.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """A JSON answer without the detour by way of text."""
        return Answer(orjson.dumps(self._prepare_response_obj(args, kwargs)))


class _NoCookie(SessionInterface):
    """Flask's own session is not used: staff have a cookie of ours, customers a token."""

    def open_session(self, *_: Any) -> NullSession:
        """Nothing to read."""
        return _NOBODY

    def is_null_session(self, _: object) -> bool:
        """Never anything to save."""
        return True


_NOBODY = NullSession()


class App(APIFlask):
    """APIFlask for plain functions."""

    json_provider_class = OrjsonProvider
    session_interface = _NoCookie()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself: no view or hook of ours is a coroutine, and looking costs 1 us each of five times."""
        return func
