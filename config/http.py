"""What the faces share of HTTP: the app, who is calling, request ids, errors, metrics, health."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from functools import cache, wraps
from typing import Any, ParamSpec, Protocol, TypeVar

from apiflask import APIBlueprint, APIFlask
from apiflask.exceptions import HTTPError
from flask import Request, Response, g, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, Histogram, generate_latest
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import text
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from config import clock, requests
from config.answers import ALWAYS, Answer, App
from config.db import open_session
from config.errors import NotPermitted, NotSignedIn, Refused
from config.logs import log
from config.settings import settings
from config.texts import language_of, say

P = ParamSpec("P")
R = TypeVar("R")
Reply = tuple[dict[str, Any], int]

SECONDS = Histogram(
    "tongdian_http_seconds",
    "Time to answer, in seconds",
    ["route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)


class Form(BaseModel):
    """The body of a request: unknown fields are refused, so that a typing error is seen."""

    model_config = ConfigDict(extra="forbid", strict=False)


class WriteForm(Form):
    """The body of a writing request.  The client makes `request_id` and repeats it on a retry."""

    request_id: str = Field(pattern=r"^[0-9a-fA-F-]{32,36}$", examples=["0d5c1f0e-2f0e-4f43-9f3c-6a6f0c1d2e3f"])


class Caller(Protocol):
    """Who is calling: the journal's name for them and what they may do."""

    @property
    def actor(self) -> str:
        """How the journal names the caller."""

    @property
    def permissions(self) -> frozenset[str]:
        """What the caller may do."""


def blueprint(name: str, prefix: str, identify: Callable[[], Caller | None]) -> APIBlueprint:
    """A face's group of endpoints.  `identify` finds the caller of the current request, or None."""
    group = APIBlueprint(name, name, url_prefix=prefix, tag=name)

    @group.before_request
    def find_caller() -> None:
        g.caller = identify()

    return group


def permit(permission: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Name the permission an endpoint needs; `public` asks for nobody, `signed_in` for anybody."""

    def wrap(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if permission != "public":
                caller = g.caller
                if caller is None:
                    raise NotSignedIn()
                if permission != "signed_in" and permission not in caller.permissions:
                    raise NotPermitted(permission=permission)
            return view(*args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded

    return wrap


def session() -> Session:
    """This request's database session, opened at first use."""
    opened: Session | None = g.get("session")
    if opened is None:
        opened = g.session = open_session()
    return opened


def once(form: WriteForm, work: Callable[[Session], Reply]) -> Reply:
    """Do a write once for its request id (see `config/requests.py`)."""
    who = g.caller.actor if g.caller is not None else f"anyone:{request.path}"
    return requests.once(
        session(),
        work,
        who=who,
        request_id=form.request_id.lower(),
        route=f"{request.method} {request.path}",
        body=form.model_dump(mode="json"),
        now=g.now,
    )


def unless_known(body: dict[str, Any]) -> Response:
    """An answer that the caller may have already: 304 without a body when its `If-None-Match` names this one.

    A plain response: an `Answer` gives its body whatever the status.
    """
    data = jsonify(body).get_data()
    response = Response(data, mimetype="application/json")
    response.set_etag(hashlib.sha1(data, usedforsecurity=False).hexdigest())
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response


def _begin() -> None:
    g.now = clock.now()
    g.started = time.perf_counter()


@cache
def _seconds(route: str, status: int) -> Histogram:
    return SECONDS.labels(route, status)


def _finish(response: Response) -> Response:
    asked: Request = request._get_current_object()  # type: ignore[attr-defined]  # every `request.` looks it up anew
    rule, headers = asked.url_rule, response.headers
    _seconds(rule.rule if rule else "none", response.status_code).observe(time.perf_counter() - g.started)
    if isinstance(response, Answer):  # has them from the start
        return response
    headers.extend(ALWAYS)
    if (response.content_type or "").startswith("text/html"):  # `mimetype` would parse the header anew
        headers["Content-Security-Policy"] = (
            "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'self'"
        )
        if phone := settings().wechat_phone_base:  # a demonstration: the stand-in's phone shows the mall in its frame
            headers["Content-Security-Policy"] += f" {phone}"
        else:
            headers["X-Frame-Options"] = "SAMEORIGIN"
    if asked.path.startswith("/api/") and "Cache-Control" not in headers:
        headers.add("Cache-Control", "no-store")
    return response


def _close(_error: BaseException | None) -> None:
    opened = g.pop("session", None)
    if opened is not None and opened.in_transaction():
        opened.close()


def refusal(error: Refused) -> tuple[Response, int]:
    """The only place where a refusal becomes HTTP."""
    words = say(f"refused.{error.code}", language_of(request.headers.get("Accept-Language")), **error.facts)
    return jsonify(code=error.code, message=words, facts=error.facts), error.status


def _plain(code: str, status: int, **facts: Any) -> tuple[Response, int]:
    words = say(f"refused.{code}", language_of(request.headers.get("Accept-Language")), **facts)
    return jsonify(code=code, message=words, facts=facts), status


def _malformed(error: ValidationError) -> tuple[Response, int]:
    fields = {".".join(str(part) for part in fault["loc"]): fault["msg"] for fault in error.errors()}
    return _plain("malformed", 422, fields=fields)


def _out_of_range(_error: Exception) -> tuple[Response, int]:
    """A figure or a sign that no column of ours can hold."""
    return _plain("malformed", 422, fields={})


def _http_error(error: HTTPError) -> tuple[Response, int]:
    codes = {
        400: "malformed",
        404: "not_found",
        405: "wrong_method",
        413: "too_large",
        415: "malformed",
        422: "malformed",
    }
    facts = {"fields": error.detail} if error.detail else {}
    return _plain(codes.get(error.status_code, "refused"), error.status_code, **facts)


def _busy(error: Exception) -> tuple[Response, int]:
    log.warning("database_busy", error=type(error).__name__)
    return _plain("busy", 503)


def _fault(error: Exception) -> tuple[Response, int]:
    log.error("fault", exc_info=error, route=str(request.url_rule))
    return _plain("fault", 500)


def make_app(title: str, version: str) -> App:
    """An app with everything but the faces, which `wsgi.py` registers."""
    options: dict[str, Any] = {"docs_path": None, "static_folder": None}
    app = App("tongdian", title=title, version=version, spec_path="/openapi.json", **options)
    app.config.update(
        MAX_CONTENT_LENGTH=256 * 1024,
        SYNC_LOCAL_SPEC=False,
        AUTO_OPERATION_ID=True,
        VALIDATION_ERROR_DESCRIPTION="Malformed input",
    )
    app.before_request(_begin)
    app.after_request(_finish)
    app.teardown_request(_close)
    app.register_error_handler(Refused, refusal)
    app.register_error_handler(ValidationError, _malformed)
    app.register_error_handler(DataError, _out_of_range)
    app.register_error_handler(OperationalError, _busy)
    app.register_error_handler(PoolTimeout, _busy)
    app.register_error_handler(Exception, _fault)
    app.error_processor(_http_error)
    _add_health(app)
    return app


def _add_health(app: APIFlask) -> None:
    @app.get("/healthz")
    @app.doc(hide=True)
    @permit("public")
    def healthz() -> Reply:
        """The process lives."""
        return {"status": "ok"}, 200

    @app.get("/readyz")
    @app.doc(hide=True)
    @permit("public")
    def readyz() -> Reply:
        """The database answers; Redis only wakes workers, so its loss does not stop a sale."""
        session().execute(text("SELECT 1"))
        return {"status": "ready"}, 200

    @app.get("/metrics")
    @app.doc(hide=True)
    @permit("public")
    def metrics() -> Response:
        """Prometheus figures of this worker."""
        return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)
