"""Real PostgreSQL and Redis for every test: given by URL, else embedded; a database a worker under xdist."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import psycopg
import pytest

_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
_VAR = Path(__file__).resolve().parent.parent / "var" / "test"


def _servers() -> tuple[str, str]:
    """The test servers' URLs; the embedded ones live in var/test, apart from the demonstration's."""
    from config.embedded import start_postgres, start_redis

    database = os.environ.get("DATABASE_URL", "")
    if not database:
        database = start_postgres(_VAR / "postgres")
        with psycopg.connect(database.replace("+psycopg", ""), autocommit=True) as admin:
            for asks in ("fsync", "synchronous_commit", "full_page_writes"):  # nothing here need survive a power cut
                admin.execute(f"ALTER SYSTEM SET {asks} = off")
            admin.execute("SELECT pg_reload_conf()")
    redis = os.environ.get("REDIS_URL", "") or start_redis(_VAR / "redis")
    return database.replace("postgresql+psycopg://", "postgresql://"), redis


def _own_database(server: str) -> str:
    """A fresh database of this worker; SQLAlchemy's URL for it."""
    name = f"tongdian_test_{_WORKER}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {name}")
    head, _, tail = server.partition("?")
    place = head.split("://", 1)[1]
    base = head.rsplit("/", 1)[0] if "/" in place else head
    return base.replace("postgresql://", "postgresql+psycopg://") + f"/{name}" + (f"?{tail}" if tail else "")


def pytest_configure(config: pytest.Config) -> None:
    """Settings come before the first import of ours that reads them."""
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", None):
        os.environ.update(
            {
                "ENVIRONMENT": "test",
                "SECRET_KEY": "x" * 40,
                "REDIS_PREFIX": f"test-{_WORKER}",
                "VAR_DIR": str(_VAR / _WORKER),
                "LOG_LEVEL": "ERROR",
                "DATABASE_POOL": "40",
            }
        )
        server, redis = _servers()
        os.environ["DATABASE_URL"] = _own_database(server)
        os.environ["REDIS_URL"] = redis
    else:
        _servers()  # started once, before the workers would race for it


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """One of the two workers has all stories in the browser, from the beginning; the other begins with the rest.

    By a scheduler of our own: with pytest 9.2 xdist 3.8 does not see its own groups.
    """
    from xdist.scheduler import LoadScopeScheduling

    made = LoadScopeScheduling(config, log)
    made._split_scope = lambda nodeid: "browser" if nodeid.startswith("tests/browser/") else nodeid
    return made


SPEAKS = {"wechat", "house", "street", "town", "book"}
"""A test with one of these fixtures speaks with the WeChat stand-in; it runs with both readings of WeChat's pages."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark `wechat` what speaks with the stand-in."""
    for item in items:
        if SPEAKS & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.wechat)


@pytest.fixture(autouse=True)
def nothing_was_done_to_wechat_that_it_forbids(request: pytest.FixtureRequest) -> Iterator[None]:
    """A request that breaks a rule of WeChat's fails the test that sent it, unless it says `violates(<words>)`."""
    from_here = sys.modules.get("tests.wechat_stand_in.world")
    if from_here is not None:
        from_here.World.made.clear()
    yield
    world = sys.modules.get("tests.wechat_stand_in.world")
    said = [words for one in world.World.made for words in one.violations] if world else []
    expected = request.node.get_closest_marker("violates")
    if expected is None:
        assert said == [], "the product did what WeChat forbids"
    else:
        assert said and all(expected.args[0] in words for words in said), f"not {expected.args[0]}: {said}"


@pytest.fixture(scope="session")
def migrated() -> None:
    """The worker's database in its newest shape."""
    from config.migrate import migrate

    migrate()


@pytest.fixture(scope="session")
def redis_url() -> str:
    """Where the test Redis answers."""
    return os.environ["REDIS_URL"]


@lru_cache(maxsize=1)
def _emptying() -> str:
    """One statement that empties every table and restarts every key; a tenth of the time of TRUNCATE."""
    from tests.all_models import METADATA

    tables = "; ".join(f'DELETE FROM "{table.name}"' for table in METADATA.sorted_tables)
    return f"""DO $$ BEGIN
        SET LOCAL session_replication_role = replica; {tables};
        PERFORM setval(format('%I.%I', schemaname, sequencename), 1, false) FROM pg_sequences
        WHERE schemaname = 'public' AND last_value IS NOT NULL;
    END $$"""


@pytest.fixture
def clean(migrated: None) -> None:
    """Empty tables and an empty Redis prefix."""
    from sqlalchemy import text

    from config.db import engine
    from config.redis import connection, key
    from member import terms
    from trade.catalogue import kits
    from trade.pricing.promotions import book

    terms.forget()
    book.forget()
    kits.forget()
    with engine().connect() as db:
        db.execute(text(_emptying()))
    for name in connection().scan_iter(f"*{key('*')}"):  # the queues too: rq:queue:<prefix>:...
        connection().delete(name)


@pytest.fixture
def open_session(clean: None) -> Callable[[], object]:
    """Makes sessions on the test database."""
    from config.db import open_session as make

    return make


@pytest.fixture
def session(open_session: Callable[[], object]) -> Iterator[object]:
    """One session on empty tables."""
    with open_session() as opened:  # type: ignore[attr-defined]
        yield opened


@pytest.fixture
def now() -> datetime:
    """Noon in Hangzhou on a Monday."""
    return datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
