"""The database: declarative base, aware-UTC type, sessions, and transaction(): the only commit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import DateTime, MetaData, create_engine
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import BigInteger, TypeDecorator

from config.settings import settings

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware on the way in, aware UTC on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a moment without a zone: it would be read as another one elsewhere."""
        assert value is None or value.tzinfo is not None, f"a moment without a zone: {value}"
        return value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The moment in UTC."""
        return None if value is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """All tables share one naming convention, 64-bit integers and aware moments."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {int: BigInteger, datetime: UtcDateTime()}


def make_engine(url: str, *, pool: int | None = None) -> Engine:
    """An engine on psycopg 3 with prepared statements, which are worth 2.4 to 2.9 times on reads."""
    return create_engine(
        url,
        pool_size=pool or settings().database_pool,
        max_overflow=0,
        pool_timeout=10,
        connect_args={
            "prepare_threshold": 1,
            "options": "-c timezone=UTC -c lock_timeout=10000"
            " -c statement_timeout=30000 -c idle_in_transaction_session_timeout=60000"
            " -c jit=off -c plan_cache_mode=force_generic_plan",
        },
    )


@lru_cache(maxsize=1)
def engine() -> Engine:
    """The process's engine on the configured (or embedded) database."""
    from config.embedded import database_url

    return make_engine(database_url())


@lru_cache(maxsize=1)
def _sessions() -> sessionmaker[Session]:
    return sessionmaker(engine(), expire_on_commit=False, autoflush=False)


def open_session() -> Session:
    """A new session; use it as a context manager."""
    return _sessions()()


@contextmanager
def transaction(session: Session) -> Iterator[Session]:
    """The only commit: everything inside happens, or nothing does.  No network call belongs inside."""
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise


def rows(result: Any) -> list[dict[str, Any]]:
    """A Core result as plain dicts."""
    return [dict(row) for row in result.mappings()]
