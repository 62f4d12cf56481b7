from __future__ import annotations

import uuid
from typing import Any

import pytest

import wsgi
from config import clock
from config.db import transaction
from member import secrets, sessions
from tests import factories as make


class Shopper:
    """A customer's mini-program: a bearer token, or none for a guest."""

    def __init__(self, app: Any, token: str = "") -> None:
        self.http, self.headers = app.test_client(), {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str) -> Any:
        return self.http.get(path, headers=self.headers)

    def post(self, path: str, **body: Any) -> Any:
        return self.http.post(path, json={"request_id": str(uuid.uuid4()), **body}, headers=self.headers)

    def ask(self, path: str, **body: Any) -> Any:
        return self.http.post(path, json=body, headers=self.headers)


@pytest.fixture(scope="session")
def app():
    return wsgi.create_app()


@pytest.fixture
def shop(session):
    return make.open_shop(session, stock_of={"milk": 5}, now=clock.now())


@pytest.fixture
def guest(app, shop):
    return Shopper(app)


@pytest.fixture
def signed_in(app, session):
    """Sign a member in without the trip to WeChat."""

    def made(member_id: int, openid: str = "oTongdian0001") -> Shopper:
        with transaction(session):
            token = sessions.sign_in(session, member_id, secrets.seal(openid.encode()), now=clock.now())
        return Shopper(app, token)

    return made
